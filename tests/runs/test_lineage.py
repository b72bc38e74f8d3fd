import json
from pathlib import Path

import pytest

from ferdash.runs import meta
from ferdash.runs.lineage import Edge, Lineage, Node, lineage, trace

DATASET = "dataset:faces:9079d33afbb7c79f"


def edges_of(graph: Lineage) -> set[tuple[str, str, str, str]]:
    return {(edge.source, edge.kind, edge.checkpoint, edge.target) for edge in graph.edges}


def make_model(checkpoints: Path, name: str, record: object) -> None:
    folder = checkpoints / "models" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    if record is not None:
        (folder / "evaluation.json").write_text(json.dumps(record))


@pytest.fixture
def family(make_run, root: Path) -> Path:
    """a, continued by b, from which the model `mine` was made; c starts from it, distilled from it and from a."""
    make_run("a", name="First")
    make_run("b", parent={"run": "a", "checkpoint": "epoch-003", "changes": {"epochs": [3, 5], "start_from": ["", 1]}})
    make_model(root.parent, "mine", {"format": 1, "run": "b", "evaluations": []})
    make_run("c", config={"start_from": "mine", "loss": {"teachers": "mine, run:a@last"}})
    return root.parent


def test_the_graph_goes_from_the_dataset_to_the_model_and_on(family: Path) -> None:
    graph = lineage(family)
    assert {node.key: (node.kind, node.title) for node in graph.nodes} == {
        DATASET: ("dataset", "faces (9079d33a)"),
        "run:a": ("run", "First"),
        "run:b": ("run", "b"),
        "run:c": ("run", "c"),
        "model:mine": ("model", "mine"),
    }
    assert edges_of(graph) == {
        (DATASET, "trained on", "", "run:a"),
        (DATASET, "trained on", "", "run:b"),
        (DATASET, "trained on", "", "run:c"),
        ("run:a", "continues", "epoch-003", "run:b"),
        ("run:b", "made from", "best", "model:mine"),
        ("model:mine", "starts from", "", "run:c"),
        ("model:mine", "distilled from", "", "run:c"),
        ("run:a", "distilled from", "last", "run:c"),
    }


def test_an_edge_says_what_changed(family: Path) -> None:
    edge = next(edge for edge in lineage(family).edges if edge.kind == "continues")
    assert edge.changes == {"epochs": (3, 5), "start_from": ("", 1)}
    assert edge.words == "continues epoch-003: epochs 3 to 5, start_from none to 1"
    assert Edge("a", "b", "trained on", "", {}).words == "trained on"


def test_a_run_that_starts_from_another_is_not_its_continuation(make_run, root: Path) -> None:
    make_run("a")
    lineage_of_b = {"run": "a", "checkpoint": "best", "changes": {}}
    make_run("b", config={"start_from": "run:a"}, parent=lineage_of_b)
    assert ("run:a", "starts from", "best", "run:b") in edges_of(lineage(root.parent))
    assert "continues" not in {edge.kind for edge in lineage(root.parent).edges}


def test_what_is_named_but_gone_is_shown_as_missing(family: Path) -> None:
    meta.delete(family / "runs", "a")
    nodes = {node.key: node for node in lineage(family).nodes}
    assert nodes["run:a"] == Node("run:a", "missing", "a")
    assert ("run:a", "continues", "epoch-003", "run:b") in edges_of(lineage(family))


def test_no_arrow_ends_in_nothing(family: Path, make_run) -> None:
    make_run("d", config={"start_from": "owner/name"})
    (family / "runs" / "torn").mkdir()
    (family / "runs" / "torn" / "config.json").write_text('{"config": {}, "dataset": 5}')
    make_model(family, "elsewhere", None)
    make_model(family, "strange", ["no record of ours"])
    graph = lineage(family)
    keys = [node.key for node in graph.nodes]
    assert len(keys) == len(set(keys))
    assert {key for edge in graph.edges for key in (edge.source, edge.target)} <= set(keys)
    assert {"model:owner/name", "model:elsewhere", "model:strange"} <= set(keys)
    assert "run:torn" not in keys


def test_only_relatives_are_around_a_node(family: Path, make_run) -> None:
    make_run("unrelated", dataset={"name": "other", "hash": "1"})
    around = lineage(family).around("model:mine")
    assert {node.key for node in around.nodes} == {DATASET, "run:a", "run:b", "run:c", "model:mine"}
    assert {node.key for node in lineage(family).around("run:unrelated").nodes} == {"run:unrelated", "dataset:other:1"}
    assert lineage(family).around("run:never").nodes == ()


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert lineage(tmp_path) == Lineage((), ())


def test_a_score_can_be_traced_to_what_repeats_it(family: Path, make_run) -> None:
    run = make_run("e", config={"seed": 7}, parent={"run": "b", "checkpoint": "last", "changes": {}})
    found = trace(run)
    assert (found.run, found.dataset, found.dataset_hash, found.seed) == ("e", "faces", "9079d33afbb7c79f", 7)
    assert (found.code, found.versions["torch"]) == ("0f709548b669", "2.13.0")
    assert found.commands == tuple(f"ferdash train --recipe fernet --name {name}" for name in "abe")
    assert found.missing == ()
    meta.delete(family / "runs", "a")
    assert trace(run).missing == ("a",)
    assert len(trace(run).commands) == 2


def test_runs_that_claim_to_continue_each_other_are_traced_once(make_run) -> None:
    make_run("a", parent={"run": "b", "checkpoint": "last", "changes": {}})
    run = make_run("b", parent={"run": "a", "checkpoint": "last", "changes": {}})
    assert len(trace(run).commands) == 2
