"""Who may ask, from where, how often and how much."""

import asyncio

import pytest

from ferdash.errors import ConfigError
from ferdash.server.gate import ADDRESSES, Gate, Rate
from ferdash.server.settings import ServeSettings, is_local, token_for

TOKEN = "a-token-of-the-lab-that-is-long"


def test_other_addresses_need_a_token(settings, tmp_path):
    folders = {"data": tmp_path, "analyses": tmp_path, "checkpoints": tmp_path}
    with pytest.raises(ConfigError, match=r"On 0\.0\.0\.0 others can reach ferdash; a token is needed there"):
        ServeSettings(**folders, host="0.0.0.0")
    with pytest.raises(ConfigError, match="The token has 5 characters; take 16 or more"):
        ServeSettings(**folders, token="short")
    with pytest.raises(ConfigError, match="The limit pictures is 0; choose 1 or more"):
        ServeSettings(**folders, pictures=0)
    assert ServeSettings(**folders, host="0.0.0.0", token=TOKEN).token == TOKEN


def test_a_token_is_made_where_others_can_call():
    assert token_for("127.0.0.1", None) is None
    assert token_for("0.0.0.0", TOKEN) == TOKEN
    made = {token_for("lab.example.org", None) for _ in range(3)}
    assert len(made) == 3
    assert min(map(len, made)) >= 32
    assert [is_local(host) for host in ("::1", "::", "192.168.1.2")] == [True, False, False]


def test_without_the_token_nothing_but_health_answers(start, face):
    client = start(host="0.0.0.0", token=TOKEN)
    assert client.get("/v1/health").status_code == 200
    for path in ("/v1/models", "/docs", "/openapi.json", "/v1/analyses"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
    assert client.get("/v1/models", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    refused = client.post("/v1/predict", files={"pictures": ("a.png", face)})
    assert refused.status_code == 401


def test_a_camera_without_the_token_is_closed(start):
    from starlette.websockets import WebSocketDisconnect

    client = start(token=TOKEN)
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("ws://localhost/v1/live"):
        pass
    assert closed.value.code == 1008
    with client.websocket_connect("ws://localhost/v1/live", headers={"authorization": f"Bearer {TOKEN}"}) as socket:
        socket.send_bytes(b"no picture")
        assert "is not a picture" in socket.receive_json()["problem"]


def test_names_that_lead_here_and_pages_of_others_are_refused(start):
    client = start(allowed_hosts=("lab.example.org",))
    evil = client.get("/v1/health", headers={"host": "evil.example:8600"})
    assert (evil.status_code, evil.headers["content-type"]) == (403, "application/problem+json")
    assert evil.json()["detail"].endswith("ferdash serve --allowed-host evil.example")
    assert client.get("/v1/health", headers={"host": "lab.example.org"}).status_code == 200
    foreign = client.post("/v1/predict", headers={"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["detail"]) == (403, "ferdash is only spoken to by its own pages.")


def test_too_many_requests(start):
    client = start(requests_per_minute=20)
    answers = [client.get("/v1/health") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "More than 20 requests a minute" in answers[-1].json()["detail"]


def test_the_rate_refills_and_forgets():
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert [rate.take("a") for _ in range(6)] == [0] * 6
    assert rate.take("a") == pytest.approx(1.0)
    assert rate.take("b") == 0
    now[0] = 2.0
    assert [rate.take("a") > 0 for _ in range(3)] == [False, False, True]
    for number in range(ADDRESSES + 5):
        rate.take(str(number))
    assert len(rate._left) == ADDRESSES


def test_a_body_that_says_it_is_too_large_is_not_read(start):
    client = start(video_mb=1, picture_mb=1, pictures=1)
    answer = client.post("/v1/predict", content=bytes(1_000_001), headers={"content-type": "multipart/form-data"})
    assert (answer.status_code, answer.json()["detail"]) == (413, "The request is larger than 1 MB; send less at once.")


def test_a_body_that_says_nothing_of_its_size_is_cut(start):
    client = start(video_mb=1, picture_mb=1, pictures=1)

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="a"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/predict", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (413, "The request is larger than 1 MB; send less at once.")


def test_a_body_that_does_not_arrive(settings):
    """Told to the gate itself, with an application that reads."""
    sent = []

    async def reads(scope, receive, send):
        while (await receive()).get("more_body"):
            pass

    async def catching(scope, receive, send):
        try:
            await reads(scope, receive, send)
        except TimeoutError:
            await send({"type": "http.response.start", "status": 400, "headers": []})

    async def slowly():
        await asyncio.sleep(30)

    async def keep(message):
        sent.append(message)

    from dataclasses import replace

    gate = Gate(catching, replace(settings, upload_s=0.05))
    scope = {"type": "http", "path": "/v1/predict", "headers": [], "client": ("127.0.0.1", 1)}
    asyncio.run(gate(scope, slowly, keep))
    assert sent[0]["status"] == 408
    assert b"took longer than 0.05 s to arrive" in sent[1]["body"]
