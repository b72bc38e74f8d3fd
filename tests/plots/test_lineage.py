from ferdash.plots.lineage import lineage_dot
from ferdash.runs.lineage import Edge, Lineage, Node


def test_every_node_and_arrow_is_in_the_text_with_what_changed() -> None:
    changes = {f"setting.{n}": (n, n + 1) for n in range(5)} | {"start_from": ("", 'a "quoted" name')}
    graph = Lineage(
        (Node("run:a", "run", "first"), Node("run:b", "missing", "b")),
        (Edge("run:a", "run:b", "continues", "epoch-003", changes),),
    )
    text = lineage_dot(graph, marked=["run:a"])
    assert '"run:a" [shape="box", label="first"' in text
    assert "penwidth" in next(line for line in text.splitlines() if line.startswith('"run:a" ['))
    assert "(deleted)" in text
    assert "continues epoch-003\\nsetting.0: 0 to 1\\n" in text
    assert "and 2 more" in text
    assert 'none to a \\"quoted\\" name' in text


def test_nothing_is_an_empty_graph() -> None:
    assert lineage_dot(Lineage((), ())).startswith("digraph {")
