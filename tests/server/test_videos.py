"""Videos as jobs: queued, followed, read, deleted."""

import csv
import io
import time

import pytest


def wait(client, analysis_id):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        document = client.get(f"/v1/analyses/{analysis_id}").json()
        if document["state"] not in ("queued", "running"):
            return document
        time.sleep(0.05)
    return pytest.fail("the analysis does not end")


def test_a_video_from_upload_to_tables_to_nothing(client, clip, settings):
    video = clip(30).read_bytes()
    answer = client.post("/v1/videos", files={"video": ("clip.mp4", video)}, data={"stride": "2"})
    assert answer.status_code == 202
    queued = answer.json()
    assert answer.headers["location"] == f"/v1/analyses/{queued['id']}"
    done = wait(client, queued["id"])
    assert (done["state"], done["error"], done["name"]) == ("done", None, "clip")
    assert done["progress"]["frames"] == 15
    assert done["summary"]["analysis"]["id"] == queued["id"]
    assert [one["id"] for one in client.get("/v1/analyses").json()] == [queued["id"]]

    table = client.get(f"/v1/analyses/{queued['id']}/tables/frames.csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == 15
    assert {row["track"] for row in rows} == {"1"}
    for name in done["tables"]:
        assert client.get(f"/v1/analyses/{queued['id']}/tables/{name}").status_code == 200
    report = client.get(f"/v1/analyses/{queued['id']}/tables/report.html")
    assert report.text.startswith("<!")

    assert client.post(f"/v1/analyses/{queued['id']}/cancel").status_code == 409
    assert client.delete(f"/v1/analyses/{queued['id']}").status_code == 204
    assert client.get(f"/v1/analyses/{queued['id']}").status_code == 404
    assert list(settings.analyses.glob("*/source*")) == []


def test_what_is_no_video_is_a_problem(client, settings):
    answer = client.post("/v1/videos", files={"video": ("words.mp4", b"no video")})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "words.mp4" in answer.json()["detail"]
    assert client.get("/v1/analyses").json() == []


@pytest.mark.parametrize("name", ["../../evil.mp4", "/etc/evil.mp4", "..", ""])
def test_names_lead_nowhere(client, clip, settings, name):
    answer = client.post("/v1/videos", files={"video": (name or "x", clip(4).read_bytes())})
    assert answer.status_code == 202
    wait(client, answer.json()["id"])
    assert not [path for path in settings.analyses.parent.rglob("evil*") if path.parent.parent != settings.analyses]


def test_impossible_parts_and_unknown_ids(client, clip):
    video = {"video": ("clip.mp4", clip(4).read_bytes())}
    assert client.post("/v1/videos", files=video, data={"start_s": "3", "end_s": "1"}).status_code == 422
    assert client.post("/v1/videos", files=video, data={"model": "nobody"}).status_code == 404
    for path in ("/v1/analyses/nothing", "/v1/analyses/..%2F..", "/v1/analyses/nothing/tables/frames.csv"):
        assert client.get(path).status_code == 404
    assert client.get("/v1/analyses/nothing/tables/passwords.txt").status_code == 422


def test_a_video_that_is_too_large(start, clip):
    client = start(video_mb=1)
    answer = client.post("/v1/videos", files={"video": ("clip.mp4", clip(4).read_bytes() + bytes(1_000_000))})
    assert (answer.status_code, answer.json()["detail"]) == (413, "clip.mp4 is larger than 1 MB; send a shorter part.")


def test_a_queued_one_can_be_cancelled(client, clip):
    first = client.post("/v1/videos", files={"video": ("a.mp4", clip(200).read_bytes())}).json()
    second = client.post("/v1/videos", files={"video": ("b.mp4", clip(4, "b.mp4").read_bytes())}).json()
    answer = client.post(f"/v1/analyses/{second['id']}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "stopped")
    client.post(f"/v1/analyses/{first['id']}/cancel")
    assert wait(client, first["id"])["state"] in ("stopped", "done")
