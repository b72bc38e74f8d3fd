from pathlib import Path

from ferdash.models.catalogue import list_models
from ferdash.models.hub import REPORT_MODEL


def test_an_empty_place_offers_the_reports_model(tmp_path: Path) -> None:
    (entry,) = list_models(tmp_path / "nowhere")
    assert (entry.reference, entry.kind) == (REPORT_MODEL, "hub")
    assert ("download" in entry.description) is True


def test_shipped_models_then_runs_newest_first(tmp_path: Path) -> None:
    for name in ("apex", "fernet", "fernet-plus", "torn"):
        (tmp_path / "models" / name).mkdir(parents=True)
        if name != "torn":
            (tmp_path / "models" / name / "config.json").write_text("{}")
    for run_id, best in (("20250101-a", True), ("20250301-b", True), ("20250401-c", False)):
        folder = tmp_path / "runs" / run_id / "checkpoints"
        folder.mkdir(parents=True)
        (folder / ("best.pt" if best else "epoch-001.pt")).touch()
    entries = list_models(tmp_path)
    assert [entry.reference for entry in entries] == [
        "fernet-plus",
        "fernet",
        "apex",
        "run:20250301-b",
        "run:20250101-a",
        REPORT_MODEL,
    ]
    assert [entry.kind for entry in entries] == ["shipped", "shipped", "shipped", "run", "run", "hub"]
    assert all(entry.available for entry in entries[:5])
    assert [entry.title for entry in entries[:3]] == ["FerNet+", "FerNet", "apex"]
