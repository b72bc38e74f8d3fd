"""The camera in real Chromium, fed from a file: one face, then two, then one again."""

import re
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from skimage.data import astronaut

from ferdash.drawing import rgb
from ferdash.emotions import COLOURS

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
ALLOWED = "--use-fake-ui-for-media-stream"
REFUSED = "--deny-permission-prompts"
STREAM = 'iframe[title="streamlit_webrtc.component.webrtc_streamer"]'
WIDTH, HEIGHT, FPS, PHASE_S = 640, 480, 30, 5
PRESSES = 5
BOX_PIXELS = 300
"""A box around one face has more of its colour, the clip itself fewer."""

WATCH_THE_CAMERA = """
const devices = navigator.mediaDevices, ask = devices?.getUserMedia.bind(devices);
window.top.cameraTracks ??= [];
if (ask) devices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.top.cameraTracks.push(...stream.getTracks());
  return stream;
};
"""
NO_WAY_THROUGH = """
const Peer = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(settings) { super({ ...settings, iceTransportPolicy: "relay" }); }
};
"""


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PHASE_S seconds of one slowly moving face, then as many of two; Chromium plays it again and again."""
    head = cv2.resize(astronaut()[0:230, 110:340], (300, 300))
    path = tmp_path_factory.mktemp("camera") / "clip.mjpeg"
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for number in range(2 * PHASE_S * FPS):
            picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            top = round(90 + 40 * np.sin(2 * np.pi * number / (PHASE_S * FPS)))
            for left in (10, 330) if number >= PHASE_S * FPS else (10,):
                picture[top : top + 300, left : left + 300] = head
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def visit(browser: Browser, app) -> Iterator[Callable[..., Page]]:
    """Open the Live page in a Chromium with the given flags and a script for every frame of it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    opened, problems = [], []

    def visit(*flags: str, script: str = "") -> Page:
        chromium = browser.browser_type.launch(executable_path=found, args=[*FLAGS, *flags])
        opened.append(chromium)
        context = chromium.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(60_000)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(app.url)
        page.get_by_role("link", name="Live", exact=True).click()
        return page

    yield visit
    for chromium in opened:
        chromium.close()
    assert problems == []


def stream(page: Page) -> FrameLocator:
    return page.frame_locator(STREAM)


def start(page: Page) -> None:
    stream(page).get_by_role("button", name="START").click()


def metric(page: Page, label: str):
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


PIXELS_LIKE = """(video, [red, green, blue]) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    found += Math.hypot(data[at] - red, data[at + 1] - green, data[at + 2] - blue) < 40;
  return found;
}"""


def pixels_like(page: Page, emotion: str) -> int:
    """How many pixels of the picture that is shown now have the emotion's colour, in which its boxes are drawn."""
    return stream(page).locator("video").evaluate(PIXELS_LIKE, list(rgb(COLOURS[emotion])))


def take_photo(page: Page) -> None:
    """Press, and again until a face is read: in the first second Streamlit's camera still changes its size, and a press
    takes nothing then, or a picture in which nothing can be seen."""
    for _ in range(PRESSES):
        try:
            with page.expect_request(re.compile("upload_file"), timeout=3_000):
                page.get_by_role("button", name="Take Photo").click()
            page.get_by_role("article").first.wait_for(timeout=15_000)
        except PlaywrightTimeout:
            continue
        return
    pytest.fail(f"{PRESSES} presses of “Take Photo” took no face.")


def test_a_camera_is_watched_recorded_and_set_free(visit, clip: Path, app) -> None:
    page = visit(ALLOWED, f"--use-file-for-fake-video-capture={clip}", script=WATCH_THE_CAMERA)
    start(page)
    # What is shown follows what is in front of the camera.
    expect(metric(page, "Faces")).to_have_text("1")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(metric(page, "Faces")).to_have_text("2")
    expect(page.get_by_role("article")).to_have_count(2)
    expect(metric(page, "Faces")).to_have_text("1")
    expect(metric(page, "Analysed")).to_have_text(re.compile(r"^[1-9][\d.]* frames/s$"))
    expect(metric(page, "Latency")).to_have_text(re.compile(r"^[\d,]+ ms$"))
    if app.shipped:  # she smiles
        expect(page.get_by_role("article").first).to_contain_text("happy")
        assert pixels_like(page, "happy") > BOX_PIXELS > pixels_like(page, "surprise")  # box and card agree

    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text(re.compile(r"● Recording \d+ s"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"Recorded so far: [2-9] s"))).to_be_visible()
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("The recording is kept as an analysis.")).to_be_visible()
    expect(page.get_by_text("● Recording")).to_have_count(0)

    # Going elsewhere ends it, in the browser and in the app; here to the recording itself.
    page.get_by_role("link", name="Open in Video").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Live, \d+ \w+ \d{4}"))).to_be_visible()
    expect(page.get_by_text("recording of the camera")).to_be_visible()
    page.wait_for_function("cameraTracks.length && cameraTracks.every((track) => track.readyState === 'ended')")
    page.get_by_role("link", name="Live", exact=True).click()
    expect(stream(page).get_by_role("button", name="START")).to_be_visible()
    expect(page.get_by_text("Each face in front of the camera will appear here")).to_be_visible()
    assert "Traceback" not in page.content()


def test_a_refused_camera_is_said_plainly(visit) -> None:
    page = visit(REFUSED)
    start(page)
    expect(page.get_by_role("alert").filter(has_text="The browser refuses the camera to this page")).to_be_visible()
    expect(page.get_by_text("Turn the camera on for a snapshot")).to_be_visible()


def test_a_network_that_lets_nothing_through_is_said_plainly(visit, clip: Path) -> None:
    page = visit(ALLOWED, f"--use-file-for-fake-video-capture={clip}", script=NO_WAY_THROUGH)
    start(page)
    expect(page.get_by_role("alert").filter(has_text="its picture does not reach this app")).to_be_visible()


def test_a_snapshot_is_read_like_a_photo(visit, clip: Path, app) -> None:
    page = visit(ALLOWED, f"--use-file-for-fake-video-capture={clip}")
    page.get_by_text("No stream? Take a single picture instead").click()
    page.get_by_text("Turn the camera on for a snapshot").click()
    take_photo(page)
    expect(page.get_by_role("article").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"snapshot-\d+\.jpg")).first).to_be_visible()
