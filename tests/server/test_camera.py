"""A camera over the WebSocket: one answer a frame, the same person by the same id, times as they were told."""

import io

import numpy as np
import pytest
from PIL import Image
from starlette.websockets import WebSocketDisconnect


def jpeg(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def test_two_people_keep_their_ids(client, film):
    she, other = film.head("she"), film.head("other")
    with client.websocket_connect("ws://localhost/v1/live?model=fernet") as socket:
        seen = []
        for step in range(6):
            frame = film.canvas((she, 80 + 4 * step, 120, 110), (other, 240 - 4 * step, 120, 110))
            socket.send_json({"timestamp_s": step / 15})
            socket.send_bytes(jpeg(frame))
            answer = socket.receive_json()
            assert answer["problem"] is None
            assert answer["timestamp_s"] == pytest.approx(step / 15, abs=1e-6)
            seen.append({face["track"]: face["box_xyxy"][0] for face in answer["faces"]})
    assert all(len(faces) == 2 and faces.keys() == seen[0].keys() for faces in seen)
    first, second = sorted(seen[0], key=seen[0].get)
    assert seen[-1][first] > seen[0][first]
    assert seen[-1][second] < seen[0][second]


def test_probabilities_are_those_of_the_model(client, face):
    with client.websocket_connect("ws://localhost/v1/live") as socket:
        socket.send_bytes(face)
        (found,) = socket.receive_json()["faces"]
    assert (found["track"], found["emotion"], found["uncertain"]) == (1, "happy", False)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert found["probability"] == max(found["probabilities"].values())


def test_bad_frames_and_times_that_run_backwards_are_answered(client, face):
    with client.websocket_connect("ws://localhost/v1/live") as socket:
        socket.send_bytes(b"no picture")
        assert "is not a picture" in socket.receive_json()["problem"]
        socket.send_json({"timestamp_s": 5})
        socket.send_bytes(face)
        assert socket.receive_json()["problem"] is None
        socket.send_json({"timestamp_s": 4})
        socket.send_bytes(face)
        assert socket.receive_json()["problem"] == "timestamp_s is 4 after 5; time has to go forward."


@pytest.mark.parametrize(
    "text", ["hello", "[]", '{"timestamp_s": "now"}', '{"timestamp_s": true}', '{"timestamp_s": NaN}']
)
def test_texts_that_are_no_times_end_it(client, text):
    with client.websocket_connect("ws://localhost/v1/live") as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert (closed.value.code, "timestamp_s" in closed.value.reason) == (1008, True)


def test_an_unknown_model_and_one_camera_too_many(start, face):
    client = start(cameras=1)
    with (
        client.websocket_connect("ws://localhost/v1/live?model=nobody") as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_json()
    assert closed.value.reason.startswith("There is no model “nobody” here")
    with client.websocket_connect("ws://localhost/v1/live") as first:
        first.send_bytes(face)
        first.receive_json()
        with client.websocket_connect("ws://localhost/v1/live") as second, pytest.raises(WebSocketDisconnect) as busy:
            second.receive_json()
    assert busy.value.code == 1013


def test_silence_ends_it(start):
    client = start(idle_s=0.1)
    with client.websocket_connect("ws://localhost/v1/live") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    assert (closed.value.code, closed.value.reason) == (1000, "Nothing came for 0.1 s.")
