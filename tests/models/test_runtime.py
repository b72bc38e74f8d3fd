import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ferdash.errors import ModelError
from ferdash.models.runtime import SHARE, GraphRuntime, onnxruntime, open_graph

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    """A graph that adds its input to itself."""
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubling", [shape], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "doubling.onnx")
    return tmp_path / "doubling.onnx"


def test_the_telemetry_is_off_before_the_import() -> None:
    """The variable that its maker names has to be there when the package is first looked into."""
    program = (
        "import builtins, os\n"
        "real = builtins.__import__\n"
        "def watch(name, *rest, **more):\n"
        "    if name == 'onnxruntime':\n"
        "        print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = watch\n"
        "from ferdash.models.runtime import onnxruntime\n"
        "onnxruntime()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {"1"}


def test_nobody_else_imports_it() -> None:
    """But for its tools to quantise, in a function that has asked for it here before."""
    found = []
    for path in [*PROJECT.glob("ferdash/**/*.py"), *PROJECT.glob("pages/**/*.py"), *PROJECT.glob("benchmarks/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [path.name for name in names if name.split(".")[0] == "onnxruntime"]
    assert set(found) == {"runtime.py", "onnx_export.py"}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_graph_runs(doubling: Path, threads: int) -> None:
    runtime = open_graph(doubling, threads=threads)
    (answer,) = runtime.run(None, {"x": np.float32([1, 2.5])})
    assert answer.tolist() == [2, 5]
    assert runtime.get_session_options().intra_op_num_threads == threads


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(
        ModelError, match=r"bad\.onnx in .* cannot be opened by ONNX Runtime \(.*\); export or fetch it anew"
    ):
        open_graph(tmp_path / "bad.onnx")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"ONNX Runtime cannot be imported .* or use the engine torch"):
        onnxruntime()


def test_a_batch_is_shared_out_and_comes_back_in_order() -> None:
    calls: list[tuple[int, str]] = []

    class Runtime:
        def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
            calls.append((len(given["pixel_values"]), threading.current_thread().name))
            return [given["pixel_values"] * 2]

    runtime = GraphRuntime("onnx", Runtime())  # type: ignore[arg-type]
    batch = np.arange(10, dtype=np.float32).reshape(10, 1)
    np.testing.assert_array_equal(runtime(batch), batch * 2)
    assert sorted(size for size, _ in calls) == [2, 4, 4]
    assert all(name.startswith("ferdash-graph") for _, name in calls)
    calls.clear()
    runtime(batch[:SHARE])
    assert calls == [(SHARE, threading.current_thread().name)], "a face or a few wait for no other thread"
    assert runtime(batch[:0]).shape == (0, 1)


def test_an_error_in_a_share_reaches_the_caller() -> None:
    class Runtime:
        def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        GraphRuntime("onnx", Runtime())(np.zeros((9, 1), np.float32))  # type: ignore[arg-type]
