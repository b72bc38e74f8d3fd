import json

from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.published.check import check


def test_results_and_findings_are_listed() -> None:
    result = CliRunner().invoke(app, ["published"], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    assert "Published, not run here" in result.stdout
    line = next(line for line in result.stdout.splitlines() if "5.3.3" in line and "│" in line)
    assert "2025-11-14" in line
    assert "7,178" in line
    assert "80.05%" in line
    assert "its column gives 88.14%" in " ".join(result.stdout.split())


def test_json_is_one_document() -> None:
    result = CliRunner().invoke(app, ["published", "--json"])
    document = json.loads(result.stdout)
    assert len(document["experiments"]) == 8
    assert document["experiments"][0]["table"]["support"] == [958, 111, 1024, 1774, 1233, 1247, 831]
    assert [one["sentence"] for one in document["findings"]] == [one.sentence for one in check()]
