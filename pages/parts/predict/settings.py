"""What can be set on Predict. A setting that cannot be had says so beside its control, and the answers stay."""

import streamlit as st

from pages.parts.common import answers, model_picker, shared
from pages.parts.common.answers import Settings
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.errors import ModelError
from ferdash.paths import checkpoints_root

keyed = keys_of("predict")

MODES = {"centerface": "CenterFace", "yunet": "YuNet", "haar": "Haar cascade", "whole": "The picture is a face"}
INSTEAD = "centerface"
UNCERTAIN_BELOW_PERCENT = 40
OPEN, WANTS_OPEN = keyed("settings"), keyed("settings-wanted")


def draw(reference: str) -> Settings:
    """The settings, all of which stand in the address, and the sentence of each that cannot be had."""
    if st.session_state.pop(WANTS_OPEN, False):
        st.session_state[OPEN] = True
    with st.expander("Settings", icon=":material/tune:", key=OPEN, on_change="rerun"):
        threshold_column, mode_column, compare_column = st.columns(3, gap="large")
        with threshold_column:
            threshold = st.slider(
                "Call a face uncertain below",
                0,
                100,
                UNCERTAIN_BELOW_PERCENT,
                format="%d %%",
                key=keyed("threshold"),
                bind="query-params",
                help="Where the highest of the seven probabilities is lower, no emotion is named.",
            )
        with mode_column:
            mode = _mode()
        with compare_column:
            second = _second(reference)
    return Settings((reference, second) if second else (reference,), mode, threshold / 100)


def _mode() -> str:
    """How faces are found; CenterFace where the detector that is asked for cannot be had."""
    # Streamlit writes and reads the label in the address; the command line's name is what people write into a link.
    named = st.query_params.get(keyed("faces"))
    first = st.session_state.setdefault(keyed("faces-named"), named if named in MODES else INSTEAD)
    mode: str = st.segmented_control(
        "Find faces with",
        list(MODES),
        default=first,
        required=True,
        format_func=MODES.__getitem__,
        wrap=True,
        key=keyed("faces"),
        bind="query-params",
        help="CenterFace comes with ferdash and finds tilted, dim and half-covered faces too. YuNet's file "
        "(230 kB) has to be downloaded once. The Haar cascade of 2001 sees upright faces only. "
        "Pictures up to 64 pixels are always taken for one face.",
    )
    if mode in (INSTEAD, "whole"):
        return mode
    from ferdash.inference.yunet import find_yunet

    instead = f"{MODES[INSTEAD]} finds the faces meanwhile."
    said = st.container()
    try:
        if mode != "yunet" or find_yunet(checkpoints_root()) or _asked("Download it (230 kB)", "download-yunet"):
            answers.detector(mode)
            return mode
        with said:
            _say(f"YuNet's file is not on this computer. {instead}", about="yunet")
    except ModelError as error:
        with said:
            _say(f"{error} {instead}", about=f"{mode}: {error}")
    return INSTEAD


def _second(reference: str) -> str | None:
    """The model to compare with; None where there is none, or it cannot be had."""
    others = [entry for entry in shared.models() if entry.reference != reference]
    second = model_picker.pick("Compare with", others, keyed("compare"), placeholder="no other model")
    if not second or second == reference:
        return None
    said = st.container()
    try:
        if not shared.model_is_here(second):
            if not _asked("Download it", "download-second"):
                with said:
                    _say(f"{shared.model_title(second)} is not on this computer yet.", about=second)
                return None
            shared.download_model(second)
        shared.model(second)
    except ModelError as error:
        with said:
            _say(str(error), about=f"{second}: {error}")
        return None
    return second


def _asked(label: str, key: str) -> bool:
    return st.button(label, icon=":material/download:", key=keyed(key))


def _say(sentence: str, *, about: str) -> None:
    """Say it under the control, and open the settings once, so that it is seen."""
    st.warning(plain(sentence), icon=":material/info:")
    if st.session_state.get(keyed("settings-said")) != about:
        st.session_state[keyed("settings-said")] = about
        if not st.session_state.get(OPEN):
            st.session_state[WANTS_OPEN] = True
            st.rerun()


def reference_in_use(reference: str) -> str | None:
    """The chosen model, where it can be asked; else say why not, and which one is asked instead, None for none."""
    try:
        if shared.model_is_here(reference):
            shared.model(reference)
            return reference
        _offer_download(reference)
    except ModelError as error:
        st.error(plain(error), icon=":material/error:")
    for entry in shared.models():
        if entry.available and entry.kind == "shipped" and entry.reference != reference:
            st.caption(f"Until then, what follows is what {plain(entry.title)} says.")
            return entry.reference
    return None


def _offer_download(reference: str) -> None:
    st.info(
        f"{plain(shared.model_title(reference))} is not on this computer yet. It can be downloaded from the Hugging "
        "Face Hub; or choose another model.",
        icon=":material/download:",
    )
    if st.button("Download and use it", type="primary"):
        with shared.calm_errors():
            shared.download_model(reference)
            st.rerun()
