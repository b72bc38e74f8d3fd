"""What all pages share, and every quirk of Streamlit they need: caches, the choices in the sidebar, calm errors.

The chosen dataset and model are one choice for all pages. They live in the sidebar's two pickers, which keep them in
the URL; a page asks here and never reads session state itself.
"""

import gc
import importlib
import logging
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import streamlit as st

from pages.parts.common import model_picker
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.data import statistics
from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import FaceDataset, list_datasets, open_dataset
from ferdash.errors import FerdashError, ModelError
from ferdash.files import trouble_of
from ferdash.leftovers import sweep_all
from ferdash.models.hub import to_download
from ferdash.paths import checkpoints_root, data_root
from ferdash.runs.compare import Answers

if TYPE_CHECKING:
    from ferdash.models.emotion_model import EmotionModel

keyed = keys_of("app")

T = TypeVar("T")
logger = logging.getLogger("ferdash.app")

PLOT = {"displayModeBar": False}
"""Plotly's own buttons would only repeat what a page offers."""


def page_path(name: str) -> str:
    """What st.switch_page and st.page_link take for a page of PAGES."""
    return f"pages/{name}.py"


@contextmanager
def calm_errors() -> Iterator[None]:
    """Show a FerdashError as its sentence, and log anything else whole while the page says one calm line."""
    try:
        yield
    except FerdashError as error:
        st.error(plain(error), icon=":material/error:")
    except Exception as error:
        logger.exception("a page failed")
        own = (
            "Something in ferdash itself went wrong here. Your files are untouched; the details are in the terminal "
            "in which the app was started."
        )
        sentence = trouble_of(error) if isinstance(error, OSError) else None
        st.error(plain(sentence or own), icon=":material/error:")


def announce(message: str) -> None:
    """Show a sentence at the top of the next run, once."""
    st.session_state[keyed("announcement")] = message


def draw_announcement() -> None:
    """Draw what `announce` left, if anything."""
    if message := st.session_state.pop(keyed("announcement"), None):
        st.success(plain(message), icon=":material/check_circle:")


# --- the chosen dataset ---------------------------------------------------------------------------------------------


def choose_dataset(name: str | None) -> None:
    """Make `name` the chosen dataset (None: the first there is) and run the page again."""
    st.session_state[keyed("choose_dataset")] = name
    st.rerun()


def pick_dataset() -> None:
    """Draw the picker; call once a run, before any page asks for the dataset."""
    names = list_datasets(data_root())
    if keyed("choose_dataset") in st.session_state:
        wanted = st.session_state.pop(keyed("choose_dataset"))
        st.session_state["dataset"] = wanted if wanted in names else next(iter(names), None)
    if names:
        st.selectbox("Dataset", names, key="dataset", bind="query-params")
    else:
        st.session_state.pop("dataset", None)
        st.caption("Dataset: none imported yet")


def dataset_name() -> str | None:
    """The chosen dataset's name; None when there is none."""
    return st.session_state.get("dataset")


def dataset() -> FaceDataset | None:
    """The chosen dataset, opened; None when there is none. Raises DatasetError when it is damaged."""
    name = dataset_name()
    if name is None:
        return None
    meta = data_root() / name / "meta.json"
    return _open_dataset(data_root(), name, meta.stat().st_mtime_ns if meta.is_file() else 0)


@st.cache_resource(max_entries=8, show_spinner=False)
def _open_dataset(root: Path, name: str, stamp: int) -> FaceDataset:
    del stamp  # part of the key: a dataset deleted and imported again under its name is opened anew
    return open_dataset(root, name)


def _content(dataset: FaceDataset) -> tuple[str, int | None]:
    """Of two imports of the same images, one may have votes."""
    return dataset.hash, None if dataset.votes is None else zlib.crc32(dataset.votes.tobytes())


BY_CONTENT: dict[str | type[Any], Callable[[Any], Any]] = {FaceDataset: _content}
BY_ANSWERS: dict[str | type[Any], Callable[[Any], Any]] = {
    Answers: lambda each: (each.run, each.probabilities.tobytes())
}
"""How a cache tells one dataset from another, and one run's answers from another's."""


def _once_per_dataset(function: Callable[[FaceDataset], T], message: str) -> Callable[[FaceDataset], T]:
    """`function` computed once for each dataset content, with `message` on the page while it works. The result is
    shared, not copied: whoever gets it only reads."""
    cached = st.cache_resource(max_entries=8, show_spinner=message, hash_funcs=BY_CONTENT)
    found: Callable[[FaceDataset], T] = cached(function)
    return found


def _quality(dataset: FaceDataset) -> pd.DataFrame:
    table = statistics.image_quality(dataset.images)
    return table.assign(split=dataset.table["split"].astype(str))


summary = _once_per_dataset(statistics.summarise, "Counting …")
mean_faces = _once_per_dataset(statistics.mean_faces, "Averaging the faces …")
quality = _once_per_dataset(_quality, "Measuring light, contrast and sharpness …")
audit = _once_per_dataset(audit_dataset, "Comparing all faces with each other; this happens once for each dataset …")


# --- the chosen model -----------------------------------------------------------------------------------------------


WANTED_MODEL, CHOSEN_MODEL = keyed("wanted-model"), keyed("chosen-model")

models = model_picker.models


def model_title(reference: str) -> str:
    """How a model is called on the pages; a reference that is typed in is its own title."""
    return next((entry.title for entry in models() if entry.reference == reference), reference)


def pick_model() -> None:
    """Draw the picker; call once a run, before any page asks for the model."""
    if wanted := st.session_state.pop(WANTED_MODEL, None):
        st.session_state["model"] = wanted
    entries = models()
    st.session_state[CHOSEN_MODEL] = model_picker.pick(
        "Model",
        entries,
        "model",
        default=entries[0].reference,
        accept_new_options=True,
        help="Choose one, or type the path of a model folder or a Hugging Face id (owner/name).",
    )


def use_model(reference: str) -> None:
    """Choose a model for every page, and draw this one anew. The picker is drawn already, and takes a value only before
    that: so it is kept until then."""
    st.session_state[WANTED_MODEL] = reference
    st.rerun()


def model_reference() -> str | None:
    """The chosen model's reference."""
    return st.session_state.get(CHOSEN_MODEL)


def model_is_here(reference: str) -> bool:
    """Whether a model can be loaded without a download."""
    return not to_download(reference)


def model(reference: str) -> "EmotionModel":
    """A model, loaded once for all visitors. Raises ModelError when it cannot be.

    Nothing is downloaded: a link can name any model, and whoever follows it has not asked for that. `download_model`
    does, behind a button.
    """
    if missing := to_download(reference):
        raise ModelError(f"{missing[0]} is not on this computer yet. The Predict page can download it.")
    return _load_model(reference, checkpoints_root(), model_stamp(reference))


def model_in_torch(reference: str) -> "EmotionModel":
    """The same in PyTorch, for what looks into its layers. Raises ModelError as `model` does."""
    if model(reference).engine == "torch":
        return model(reference)
    await_torch()
    return _load_in_torch(reference, checkpoints_root(), model_stamp(reference))


def download_model(reference: str) -> None:
    """Bring a model of the Hub to this computer; call only when a person has asked for it. Raises ModelError."""
    from ferdash.models.hub import hub_folder

    with st.spinner(f"Downloading {plain(model_title(reference))} …"):
        for model_id in to_download(reference):
            hub_folder(model_id)


def model_stamp(reference: str) -> int:
    """Changes when the model behind a reference does (a run finds a better epoch); part of every cache key."""
    from ferdash.models.reference import files_behind

    return sum(path.stat().st_mtime_ns for path in files_behind(reference, checkpoints_root()))


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def _load_model(reference: str, checkpoints: Path, stamp: int) -> "EmotionModel":
    from ferdash.models.loading import load_model

    del stamp
    return load_model(reference, checkpoints, engine="auto")


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def _load_in_torch(reference: str, checkpoints: Path, stamp: int) -> "EmotionModel":
    from ferdash.models.loading import load_model

    del stamp
    return load_model(reference, checkpoints, device="cpu")


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Import what finds and classifies faces in the background, so that the first photo does not wait for it. PyTorch
    is not part of that."""
    thread = threading.Thread(target=_import_what_predicts, name="ferdash-warm-up", daemon=True)
    thread.start()
    return thread


def _import_what_predicts() -> None:
    for path in sweep_all(data_root(), checkpoints_root()):
        logger.info("removed %s, which a kill had left behind", path)
    for module in ("ferdash.inference.photos", "ferdash.inference.images", "ferdash.models.loading"):
        importlib.import_module(module)
    from ferdash.models.runtime import onnxruntime

    try:
        onnxruntime()
    except ModelError as error:
        logger.warning("%s", error)
    _leave_modules_to_themselves()


def _leave_modules_to_themselves() -> None:
    """Have the garbage collector pass over what stands now, which is modules: they stay as long as the server does, and
    looking through those of torch and transformers takes longer than drawing a page."""
    gc.collect()
    gc.freeze()


def await_torch() -> None:
    """Call before importing anything that brings PyTorch or transformers; see `ferdash.models.loading.import_torch`."""
    from ferdash.models.loading import import_torch

    if "ferdash.models.torch_loading" in sys.modules:
        import_torch()
        return
    with st.spinner("Getting PyTorch ready …"):
        import_torch()
    _leave_modules_to_themselves()
