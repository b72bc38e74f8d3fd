"""Where a run or a model comes from: from the dataset over the runs before it to the model that was made of it.

Everything here is read from the records of runs and models; what they name and is no longer there (a deleted run, a
model from the Hub) is a node all the same, so that no arrow ends in nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ferdash.errors import FerdashError
from ferdash.references import DEFAULT_CHECKPOINT, Reference, parse, run_reference
from ferdash.runs.store import Run, list_run_ids, open_run, read_meta

NodeKind = Literal["dataset", "run", "model", "missing"]
EdgeKind = Literal["trained on", "continues", "starts from", "distilled from", "made from"]


@dataclass(frozen=True)
class Node:
    """key: unique among all nodes, `run:<run id>`, `model:<name>` or `dataset:<name>:<hash>`. title: for a person."""

    key: str
    kind: NodeKind
    title: str


@dataclass(frozen=True)
class Edge:
    """source came first, target was made with it. checkpoint: of the source run, empty where that says nothing.
    changes: dotted path of a setting -> (value before, value after), what a run changed in the one it continues."""

    source: str
    target: str
    kind: EdgeKind
    checkpoint: str
    changes: dict[str, tuple[Any, Any]]

    @property
    def words(self) -> str:
        """What happened, for a label: `continues from epoch-003: epochs 3 to 5`."""
        text = self.kind + (f" {self.checkpoint}" if self.checkpoint else "")
        changes = ", ".join(f"{path} {_text(old)} to {_text(new)}" for path, (old, new) in self.changes.items())
        return f"{text}: {changes}" if changes else text


@dataclass(frozen=True)
class Lineage:
    """nodes: parents before their children as far as ids tell. edges: among these nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def around(self, key: str) -> "Lineage":
        """Everything that the node came from, and everything that came from it. Empty for a key that is not here."""
        kept = _reach(key, self.edges, backwards=True) | _reach(key, self.edges, backwards=False)
        return Lineage(
            tuple(node for node in self.nodes if node.key in kept),
            tuple(edge for edge in self.edges if edge.source in kept and edge.target in kept),
        )


@dataclass(frozen=True)
class Trace:
    """What a score rests on. commands: what to type to make the run again, oldest first where it continues others; a
    run that is continued before its end is stopped there. missing: ids of runs it continues that were deleted."""

    run: str
    dataset: str
    dataset_hash: str
    seed: int | None
    code: str
    versions: dict[str, str]
    commands: tuple[str, ...]
    missing: tuple[str, ...]


def lineage(checkpoints: Path) -> Lineage:
    """The graph of all runs and models in the checkpoints folder; damaged runs are left out."""
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    for run_id in reversed(list_run_ids(checkpoints / "runs")):
        try:
            run = open_run(checkpoints / "runs", run_id)
            title = str(read_meta(run.folder)["name"]) or run_id
            found = _edges_to(run)
        except (FerdashError, AttributeError, KeyError, TypeError):
            continue  # the list of runs says what is wrong with it
        edges += found
        nodes[run_reference(run_id)] = Node(run_reference(run_id), "run", title)
    for name, run_id in _models(checkpoints / "models").items():
        nodes[f"model:{name}"] = Node(f"model:{name}", "model", name)
        if run_id:
            edges.append(Edge(run_reference(run_id), f"model:{name}", "made from", "best", {}))
    named = dict.fromkeys(key for edge in edges for key in (edge.source, edge.target))
    first = {key: _node_of(key) for key in named if key not in nodes}
    return Lineage((*first.values(), *nodes.values()), tuple(edges))


def trace(run: Run) -> Trace:
    """What the run's scores rest on. Raises RunError when a record cannot be read."""
    record, commands, missing = run.record, [str(run.record["command"])], []
    seen, before = {run.id}, record.get("parent")
    while before and before["run"] not in seen:
        seen.add(before["run"])
        if not (run.folder.parent / before["run"]).is_dir():
            missing.append(before["run"])
            break
        ancestor = open_run(run.folder.parent, before["run"]).record
        commands.insert(0, str(ancestor["command"]))
        before = ancestor.get("parent")
    return Trace(
        run=run.id,
        dataset=str(record["dataset"]["name"]),
        dataset_hash=str(record["dataset"]["hash"]),
        seed=record["config"].get("seed"),
        code=record["code"],
        versions=record["versions"],
        commands=tuple(commands),
        missing=tuple(missing),
    )


def _edges_to(run: Run) -> list[Edge]:
    config, dataset, parent = run.record["config"], run.record["dataset"], run.record.get("parent")
    key = run_reference(run.id)
    edges = [Edge(f"dataset:{dataset['name']}:{dataset['hash']}", key, "trained on", "", {})]
    start = parse(str(config.get("start_from") or ""))
    if parent and parent["run"] != start.run:
        changes = {path: (old, new) for path, (old, new) in parent["changes"].items()}
        edges.append(Edge(run_reference(parent["run"]), key, "continues", str(parent["checkpoint"]), changes))
    elif start.bare:
        edges.append(Edge(_model_key(start), key, "starts from", _checkpoint(start), {}))
    for teacher in str(config.get("loss", {}).get("teachers") or "").split(","):
        known = parse(teacher.strip().removeprefix("votes:"))
        if known.bare not in ("", "votes"):
            edges.append(Edge(_model_key(known), key, "distilled from", _checkpoint(known), {}))
    return edges


def _model_key(reference: Reference) -> str:
    return run_reference(reference.run) if reference.of_run else f"model:{reference.bare}"


def _checkpoint(reference: Reference) -> str:
    return (reference.checkpoint or DEFAULT_CHECKPOINT) if reference.of_run else ""


def _models(folder: Path) -> dict[str, str]:
    """Name of each model in the folder -> id of the run it was made from, empty where its record does not say."""
    names = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return {name: _run_of(folder / name / "evaluation.json") for name in names}


def _run_of(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes()).get("run") or "")
    except (OSError, ValueError, AttributeError):
        return ""  # a model from elsewhere has no such file, or another one of that name


def _node_of(key: str) -> Node:
    """The node of something that is named and not in the folder."""
    kind, _, rest = key.partition(":")
    if kind == "dataset":
        name, _, content = rest.rpartition(":")
        return Node(key, "dataset", f"{name} ({content[:8]})")
    return Node(key, "missing" if kind == "run" else "model", rest)


def _reach(key: str, edges: tuple[Edge, ...], *, backwards: bool) -> set[str]:
    reached, waiting = {key}, [key]
    while waiting:
        at = waiting.pop()
        ends = ((edge.target, edge.source) if backwards else (edge.source, edge.target) for edge in edges)
        following = {end for start, end in ends if start == at} - reached
        reached |= following
        waiting += following
    return reached


def _text(value: Any) -> str:
    return "none" if value in (None, "") else str(value)
