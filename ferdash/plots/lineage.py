"""The graph of what was made from what, as text in Graphviz's DOT language, which the page draws by itself."""

import json
from collections.abc import Collection

from ferdash.runs.lineage import Lineage, Node

SHAPES = {"dataset": "cylinder", "run": "box", "model": "box3d", "missing": "box"}
CHANGES_SHOWN = 4


def lineage_dot(graph: Lineage, *, marked: Collection[str] = (), foreground: str = "#8A8F98") -> str:
    """The graph from left to right: datasets, runs, models. marked: keys of nodes to emphasise. foreground: colour of
    lines and text, one that can be read on a light and on a dark page."""
    style = f'color="{foreground}", fontcolor="{foreground}", fontname="sans-serif", fontsize=11'
    lines = [
        "digraph {",
        'rankdir=LR; bgcolor="transparent"; nodesep=0.3; ranksep=0.9;',
        f'node [{style}, style="rounded", margin="0.14,0.07"];',
        f"edge [{style}, fontsize=9, arrowsize=0.7];",
    ]
    lines += [_node(node, node.key in marked) for node in graph.nodes]
    for edge in graph.edges:
        label = edge.kind + (f" {edge.checkpoint}" if edge.checkpoint else "")
        changes = [f"{path}: {_short(old)} to {_short(new)}" for path, (old, new) in edge.changes.items()]
        more = [f"and {len(changes) - CHANGES_SHOWN} more"] if len(changes) > CHANGES_SHOWN else []
        text = _quoted("\n".join([label, *changes[:CHANGES_SHOWN], *more]))
        lines.append(f"{_quoted(edge.source)} -> {_quoted(edge.target)} [label={text}, tooltip={_quoted(edge.words)}];")
    return "\n".join([*lines, "}"])


def _node(node: Node, marked: bool) -> str:
    title = node.title + ("\n(deleted)" if node.kind == "missing" else "")
    style = {"shape": SHAPES[node.kind], "label": title, "tooltip": node.key}
    if node.kind == "missing":
        style["style"] = "dashed"
    if marked:
        style |= {"penwidth": "3", "color": "#C2853A"}
    return f"{_quoted(node.key)} [{', '.join(f'{name}={_quoted(value)}' for name, value in style.items())}];"


def _short(value: object) -> str:
    text = "none" if value in (None, "") else str(value)
    return text if len(text) <= 24 else text[:23] + "…"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
