"""Pictures over HTTP get what the command line prints."""

import io
import json
import zipfile

from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.server import workshop


def test_the_same_document_as_the_command(client, face, tmp_path, monkeypatch, settings):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(settings.checkpoints))
    (tmp_path / "she.png").write_bytes(face)
    command = ["predict", str(tmp_path / "she.png"), "--json", "--tta", "flip", "--threshold", "0.5"]
    printed = json.loads(CliRunner().invoke(app, command).stdout)
    answer = client.post("/v1/predict", params={"tta": "flip", "threshold": 0.5}, files={"pictures": ("she.png", face)})
    assert answer.status_code == 200
    assert answer.json() == printed
    assert answer.json()["photos"][0]["faces"][0]["emotion"] == "happy"


def test_one_bad_picture_does_not_stop_the_others(client, face):
    files = [("pictures", ("she.png", face)), ("pictures", ("words.jpg", b"no picture")), ("pictures", ("e.png", b""))]
    she, words, empty = client.post("/v1/predict", files=files).json()["photos"]
    assert [one["emotion"] for one in she["faces"]] == ["happy"]
    assert (words["faces"], words["problem"]) == ([], "words.jpg is not a picture that can be read.")
    assert "e.png is empty" in empty["problem"]


def test_archives_are_not_opened(client, face):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("she.png", face)
    (photo,) = client.post("/v1/predict", files={"pictures": ("a.zip", buffer.getvalue())}).json()["photos"]
    assert "is not a picture" in photo["problem"]


def test_a_whole_picture_as_a_face_and_an_engine(client, face):
    params = {"whole": True, "engine": "int8", "model": "fernet"}
    document = client.post("/v1/predict", params=params, files={"pictures": ("she.png", face)}).json()
    assert (document["engine"], document["whole"], document["model"]) == ("int8", True, "fernet")
    assert document["photos"][0]["faces"][0]["detector"] == "whole"


def test_limits_are_said(start, face):
    client = start(pictures=1, picture_mb=1)
    two = client.post("/v1/predict", files=[("pictures", ("a.png", face)), ("pictures", ("b.png", face))])
    assert (two.status_code, two.json()["detail"]) == (413, "2 pictures came in one request; send at most 1.")
    big = client.post("/v1/predict", files={"pictures": ("a.png", face + bytes(1_000_000))})
    assert (big.status_code, big.json()["detail"]) == (413, "a.png is larger than 1 MB; make it smaller first.")


def test_models_by_path_or_from_elsewhere_are_refused(client, face, settings):
    for model in (str(settings.checkpoints / "models" / "fernet"), "dima806/facial_emotions_image_detection", "nobody"):
        answer = client.post("/v1/predict", params={"model": model}, files={"pictures": ("a.png", face)})
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"There is no model “{model}” here; there are fernet-plus, fernet."


def test_when_others_compute_too_long(start, face):
    client = start(at_once=1, waiting_s=0.05)
    with client.app.state.workshop.turn():
        answer = client.post("/v1/predict", files={"pictures": ("a.png", face)})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/v1/predict", files={"pictures": ("a.png", face)}).status_code == 200


def test_now_and_then_memory_is_given_back(client, face, monkeypatch):
    given = []
    monkeypatch.setattr(workshop, "MANY_TURNS", 2)
    monkeypatch.setattr(workshop, "give_back", lambda: given.append(True))
    for _ in range(4):
        assert client.post("/v1/predict", files={"pictures": ("a.png", face)}).status_code == 200
    assert len(given) == 2
