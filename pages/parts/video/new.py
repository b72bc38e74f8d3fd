"""The ways in: a video or photos dropped, a path on this computer, a drawn sample; what it will take; the start."""

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from pages.parts.common import compat, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.rights import own_path
from pages.parts.video import analyses as video_analyses
from pages.parts.video import importing as video_importing

from ferdash.errors import FerdashError, VideoError
from ferdash.leftovers import temporary
from ferdash.paths import checkpoints_root
from ferdash.pictures import by_number
from ferdash.wording import counted, duration

if TYPE_CHECKING:
    from ferdash.analyses.execution import VideoEstimate
    from ferdash.video.analysis import AnalysisSettings

PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
DETECTORS = {"centerface": "CenterFace", "yunet": "YuNet", "haar": "Haar cascade"}
NAMED = 12
"""Photos of a sequence that are listed by name; of more, the last one after these."""
keyed = keys_of("video")
FIELD = keyed("path")


@dataclass(frozen=True)
class Waiting:
    """A video that is there to be analysed. copied: it was dropped, so the analysis keeps it."""

    path: Path
    name: str
    copied: bool


def draw() -> None:
    """Everything until the start of an analysis."""
    reference = shared.model_reference()
    if reference is None:
        st.info("Choose a model in the sidebar first.", icon=":material/neurology:")
        video_importing.draw()
        return
    if not shared.model_is_here(reference):
        st.info(
            f"{plain(shared.model_title(reference))} is not on this computer yet. The Predict page can download it; or "
            "choose another model.",
            icon=":material/download:",
        )
        video_importing.draw()
        return
    _draw_ways_in()
    waiting, photos = _waiting(), _photos()
    if not waiting and not photos:
        return
    with st.container(border=True):
        listed = st.container()
        settings, detector = _draw_settings()
    with listed:
        together, readable = st.container(), []
        for place, video in enumerate(waiting):
            with shared.calm_errors():
                if _draw_video(video, place, settings, detector, reference):
                    readable.append(video)
        if len(readable) > 1:
            with together:
                _draw_all(readable, len(waiting) - len(readable), settings, detector, reference)
        if photos:
            with shared.calm_errors():
                _draw_photos(photos, settings, detector, reference)


def _draw_ways_in() -> None:
    turn = st.session_state.setdefault(keyed("turn"), 0)
    files = st.file_uploader(
        "Drop a video here, or the pictures of an image sequence",
        accept_multiple_files=True,
        key=keyed(f"drop-{turn}"),
        help="Photos are compared one after another, in the order of their names.",
    )
    if files:
        for file in files:
            _take(file.name, compat.contents_of(file))
        st.session_state[keyed("turn")] += 1  # an uploader holds on to its files for as long as its key stays the same
        st.rerun()
    # In one line, and on a phone in two: what one button or menu holds first, the field in a line of its own.
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.button("Try a drawn sample", icon=":material/draw:"):
            _take_sample()
            st.rerun()
        video_importing.draw()
        with (
            st.form(keyed("path-form"), border=False, clear_on_submit=False, width=460),
            st.container(horizontal=True, gap="small"),
        ):
            path = st.text_input(
                "Or a video on this computer",
                placeholder="path of a video on this computer",
                key=FIELD,
                label_visibility="collapsed",
            )
            if st.form_submit_button("Use it") and path.strip():
                with shared.calm_errors():
                    _add(Waiting(own_path(path), Path(path.strip()).name, copied=False))


def _take(name: str, content: bytes) -> None:
    """Keep a dropped file until it is analysed or the tab is closed."""
    name = Path(name).name
    if Path(name).suffix.lower() in PHOTOS and not _moves(content):
        st.session_state[keyed("photos")] = with_photo(_photos(), name, content)
        return
    if any(one.copied and one.name == name and one.path.read_bytes() == content for one in _waiting()):
        return  # the very same file once more
    place = Path(tempfile.mkdtemp(dir=_folder()))  # of its own, as another video may have this name
    (place / name).write_bytes(content)
    _add(Waiting(place / name, name, copied=True))


def with_photo(photos: dict[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    """The photos and one more; another one of its name stays, and the new one is counted and follows it."""
    path, number, free = Path(name), 2, name
    while photos.get(free, content) != content:
        free, number = f"{path.stem}_{number}{path.suffix}", number + 1
    return {**photos, free: content}


def _moves(content: bytes) -> bool:
    """Whether a picture file is an animation; only a GIF can be read as a video."""
    if content[:4] != b"GIF8":
        return False
    try:
        with Image.open(BytesIO(content), formats=["GIF"]) as image:
            return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError, SyntaxError):
        return False  # damaged: said where photos are read


def _take_sample() -> None:
    from ferdash.video.sample import write_sample

    with st.spinner("Drawing …"):
        path = write_sample(_folder() / "drawn sample.mp4")
    _add(Waiting(path, path.name, copied=True))


def _folder() -> Path:
    """A folder of this tab alone, which goes when the tab does."""
    if keyed("folder") not in st.session_state:
        st.session_state[keyed("folder")] = tempfile.TemporaryDirectory(prefix=temporary())
    return Path(st.session_state[keyed("folder")].name)


def _waiting() -> list[Waiting]:
    found: list[Waiting] = st.session_state.setdefault(keyed("waiting"), [])
    return found


def _photos() -> dict[str, bytes]:
    photos = st.session_state.get(keyed("photos"), {})
    return {name: photos[name] for name in sorted(photos, key=by_number)}


def _add(video: Waiting) -> None:
    st.session_state[keyed("waiting")] = [*(one for one in _waiting() if one.path != video.path), video]


def _remove(video: Waiting) -> None:
    st.session_state[keyed("waiting")] = [one for one in _waiting() if one != video]
    if video.copied:
        video.path.unlink(missing_ok=True)


def _draw_settings() -> "tuple[AnalysisSettings, str]":
    from ferdash.video.analysis import AnalysisSettings

    with st.expander("Settings", icon=":material/tune:"):
        one, two, three = st.columns(3, gap="large")
        stride = one.number_input(
            "Analyse every n-th frame", 1, 300, 1, key=keyed("stride"), help="1 is every frame; 3 is a third of them."
        )
        every = one.number_input(
            "Look for faces in every n-th of these",
            1,
            30,
            AnalysisSettings().detect_every,
            key=keyed("every"),
            help="In between, faces are followed, which is much quicker.",
        )
        start = two.number_input("From second", 0.0, None, 0.0, step=1.0, key=keyed("start"))
        end = two.number_input("To second", 0.0, None, None, step=1.0, key=keyed("end"), placeholder="the end")
        detector = three.segmented_control(
            "Find faces with",
            list(DETECTORS),
            default="centerface",
            required=True,
            format_func=DETECTORS.__getitem__,
            key=keyed("detector"),
            help="CenterFace comes with ferdash and finds tilted, dim and half-covered faces too. YuNet's file "
            "(230 kB) is downloaded on first use. The Haar cascade of 2001 sees upright faces only.",
        )
        smallest = three.number_input(
            "Minimum face size (pixels)", 8, 400, 24, key=keyed("smallest"), help="Their frames say why."
        )
        fps = one.number_input(
            "Frames per second of a raw stream",
            0.1,
            1000.0,
            None,
            key=keyed("fps"),
            placeholder="as it seems",
            help="A stream such as .h264 holds no times, so its rate is a guess. Other videos keep their own times.",
        )
    settings = AnalysisSettings(
        stride=int(stride), detect_every=int(every), start_s=start, end_s=end, min_face_px=int(smallest), fps=fps
    )
    return settings, detector or "centerface"


def _draw_video(video: Waiting, place: int, settings: "AnalysisSettings", detector: str, reference: str) -> bool:
    """A video with what is known of it and its button, or why it cannot be analysed; whether it can."""
    from ferdash.video.decoding import probe

    words, start, remove = st.columns([5, 1.2, 0.5], vertical_alignment="center")
    if remove.button("", icon=":material/close:", key=keyed(f"remove-{place}"), help="Leave it out", type="tertiary"):
        _remove(video)
        st.rerun()
    try:
        info = probe(video.path, fps=settings.fps)
        took = _estimate(video.path, video.path.stat().st_mtime_ns, settings, detector, reference)
    except VideoError as error:
        words.error(plain(error), icon=":material/error:")
        return False
    about = "in about a second" if took.seconds < 1.5 else f"in about {duration(took.seconds)}"
    facts = f"{_length(info.duration_s)}, {info.width} x {info.height} pixels, {info.fps:.2f} frames/s"
    words.markdown(
        f"**{plain(video.name)}** · {facts}  \n"
        f"{counted(took.frames, 'frame')} to analyse, {about} ({took.speed:.1f} x real time here)"
    )
    for note in info.notes:
        words.caption(plain(note))
    if start.button("Analyse", type="primary", icon=":material/play_arrow:", key=keyed(f"go-{place}"), width="stretch"):
        _start(video, settings, detector, reference)
        st.rerun()
    return True


def _start(video: Waiting, settings: "AnalysisSettings", detector: str, reference: str) -> None:
    """Put a video into the queue. Raises VideoError when it cannot be read."""
    video_analyses.jobs().submit(
        video.path,
        settings,
        model=reference,
        model_title=shared.model_title(reference),
        detector=detector,
        name=Path(video.name).stem,
        keep_copy=video.copied,
    )
    _remove(video)


def _draw_all(
    readable: list[Waiting], others: int, settings: "AnalysisSettings", detector: str, reference: str
) -> None:
    """One button for all videos. others: how many cannot be analysed; they stay, with the reason beside them."""
    words, start = st.columns([5.5, 1.2], vertical_alignment="center")
    left = f" {others:,} cannot be: see below." if others else ""
    words.markdown(f"**{counted(len(readable), 'video')}** wait to be analysed, one after another, as set below.{left}")
    label = f"Analyse all {len(readable)}"
    if start.button(label, type="primary", icon=":material/playlist_play:", key=keyed("go-all"), width="stretch"):
        for video in readable:
            with suppress(VideoError):  # its own line says why
                _start(video, settings, detector, reference)
        st.rerun()


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


@st.cache_data(max_entries=32, show_spinner="Trying the first frames, to tell how long it will take …")
def _estimate(
    path: Path, changed_ns: int, settings: "AnalysisSettings", detector: str, reference: str
) -> "VideoEstimate":
    from ferdash.analyses.execution import estimate
    from ferdash.inference.detector import load_detector

    del changed_ns
    return estimate(path, settings, shared.model(reference), load_detector(detector, checkpoints_root()))


def _draw_photos(photos: dict[str, bytes], settings: "AnalysisSettings", detector: str, reference: str) -> None:
    words, interval_column, start, remove = st.columns([3.6, 1.4, 1.2, 0.5], vertical_alignment="center")
    if remove.button("", icon=":material/close:", key=keyed("remove-photos"), help="Leave them out", type="tertiary"):
        st.session_state[keyed("photos")] = {}
        st.rerun()
    listed = list(photos)
    names = ", ".join(listed if len(listed) <= NAMED else [*listed[: NAMED - 1], "…", listed[-1]])
    words.markdown(f"**{counted(len(photos), 'photo')}** in this order: {plain(names)}")
    if len(photos) < 2:
        words.caption("A sequence needs two photos or more; drop another one. For one, use the Predict page.")
        return
    interval = interval_column.number_input("Seconds between them", 0.01, None, 1.0, key=keyed("interval"))
    if start.button("Analyse", type="primary", icon=":material/play_arrow:", key=keyed("go-photos"), width="stretch"):
        _start_photos(photos, settings, detector, reference, interval)


def _start_photos(
    photos: dict[str, bytes], settings: "AnalysisSettings", detector: str, reference: str, interval_s: float
) -> None:
    try:
        video_analyses.jobs().submit_sequence(
            list(photos.items()),
            settings,
            model=reference,
            model_title=shared.model_title(reference),
            detector=detector,
            interval_s=interval_s,
        )
    except FerdashError as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.session_state[keyed("photos")] = {}
    st.rerun()
