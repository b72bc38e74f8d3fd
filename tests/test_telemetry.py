"""ONNX Runtime, imported after ferdash, keeps no id of this computer.

It keeps one, in the home folder, from the first import that may report; the same switch ends its looking up of a host.
"""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]

WORK = """
import time
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "graph", [value("x")], [value("y")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
analysis = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
analysis.run(None, {"x": np.zeros(1, np.float32)})
"""
"""What ferdash does with ONNX Runtime: import, open, run."""


def run(program: str, home: Path) -> None:
    """Run a program in a process of its own, as somebody whose home folder is empty and who has set nothing."""
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    environment = kept | {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def kept(home: Path) -> list[str]:
    return [path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()]


def test_onnx_runtime_keeps_no_id_of_this_computer(tmp_path):
    run("import ferdash\n" + WORK, tmp_path / "with")
    assert not kept(tmp_path / "with")


def test_the_choice_is_left_to_whoever_has_made_it():
    program = "import os, ferdash; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, cwd=PROJECT, env=environment, text=True).strip() == "0"
