import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS
from ferdash.runs import export, store
from ferdash.runs.figure_names import our_names
from ferdash.runs.importing import nest
from ferdash.runs.index import list_runs, sound


def test_every_number_of_a_row_has_one_name() -> None:
    row = {
        "epoch": 3,
        "step": 40,
        "lr": 0.1,
        "weights": None,
        "focus": ["fear"],
        "drawn": [1, 2, 3, 4, 5, 6, 7],
        "validation": {"accuracy": 0.5, "f1": [None, *[0.25] * 6], "confusion": [[*range(7)] for _ in range(7)]},
    }
    values = export.metric_values(row)
    assert (values["step"], values["lr"], values["validation/accuracy"]) == (40, 0.1, 0.5)
    assert (values["drawn/disgust"], values["validation/f1/fear"]) == (2, 0.25)
    assert values["validation/confusion/sad/neutral"] == 4
    assert "validation/f1/angry" not in values
    assert len(values) == 3 + 7 + 6 + 49


scores = st.floats(0, 1)
sevens = st.lists(st.none() | scores, min_size=7, max_size=7).filter(lambda values: any(v is not None for v in values))
whole = st.lists(st.integers(0, 9000), min_size=7, max_size=7)


@given(
    st.fixed_dictionaries(
        {
            "step": st.integers(0, 10_000),
            "train_loss": scores,
            "lr": scores,
            "drawn": whole,
            "validation": st.fixed_dictionaries(
                {
                    "images": st.integers(0, 9000),
                    "accuracy": scores,
                    "f1": sevens,
                    "support": whole,
                    "confusion": st.lists(whole, min_size=7, max_size=7),
                }
            ),
        }
    )
)
def test_what_is_exported_is_imported_to_the_last_digit(row: dict) -> None:
    values = {name: float(value) for name, value in export.metric_values(row).items()}
    assert nest(values, our_names(values, "")) == row


def test_csv_has_a_line_for_each_epoch_of_each_run(make_run) -> None:
    one, two = make_run("a", (0.3, 0.5), name="First"), make_run("b", (1 / 3,))
    lines = list(csv.DictReader(io.StringIO(export.to_csv([one, two]))))
    assert [(line["run"], line["epoch"]) for line in lines] == [("a", "1"), ("a", "2"), ("b", "1")]
    assert [line["name"] for line in lines] == ["First", "First", ""]
    assert float(lines[2]["validation/accuracy"]) == 1 / 3
    assert lines[0]["focus"] == "fear disgust"
    assert {f"validation/f1/{name}" for name in EMOTIONS} <= set(lines[0])
    assert export.to_csv([make_run("empty", ())]) == "run,name,epoch\n"


def test_json_is_everything_that_is_kept(make_run) -> None:
    run = make_run("a", (0.3, 0.5), name="First")
    (document,) = json.loads(export.to_json([run]))["runs"]
    assert document["record"] == run.record
    assert document["meta"]["name"] == "First"
    assert document["metrics"] == store.read_metrics(run.folder)
    assert document["status"]["state"] == "finished"


@pytest.fixture
def summaries(make_run, root):
    make_run("a", name="50% of fear_focus & more | odd\\")
    make_run("b", config={"sampling": {"mode": "adaptive", "focus": {"measured_on": "test"}}})
    make_run("c", (), state="queued")
    return sound(list_runs(root))


def test_markdown_has_a_row_for_each_run(summaries) -> None:
    lines = export.to_markdown(summaries).splitlines()
    assert lines[0] == "| " + " | ".join(export.HEADS) + " |"
    assert len(lines) == 2 + 3
    assert lines[2].startswith("| c | fernet | faces | - | - | - | - | - | 0 s |")
    assert (
        "| 70 images of faces | 50.0% | 0.400 | 0.100 (angry) | 2 | 40.0% in epoch 3 | 8 s | tuned on test |"
        in (lines[3])
    )
    assert r"50% of fear_focus & more \| odd" in lines[4]


def test_latex_escapes_what_latex_would_read(summaries) -> None:
    text = export.to_latex(summaries)
    assert r"50\% of fear\_focus \& more | odd\textbackslash{} & fernet" in text
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert [row.replace(r"\&", "").count("&") for row in rows] == [len(export.HEADS) - 1] * 4
    assert text.startswith(r"\begin{tabular}{llllllllll}")
