"""FER2013 from the internet: Kaggle's files through kagglehub, else their mirror on the Hugging Face Hub.

Both are fetched only when a person asks for it. Kaggle's come first because their names tell the two official test
halves apart; the mirror has lost the names, so validation is drawn from train there.
"""

import io
import tarfile
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path, PurePosixPath

from ferdash.data.dataset import FaceDataset, require_free_name
from ferdash.data.sources import read_faces, save_faces
from ferdash.data.sources.archive import Member, open_members
from ferdash.emotions import canonical_emotion
from ferdash.errors import DatasetError

KAGGLE_DATASET = "msambare/fer2013"
KAGGLE_PAGE = f"https://www.kaggle.com/datasets/{KAGGLE_DATASET}"
HUB_DATASET = "clip-benchmark/wds_fer2013"

Progress = Callable[[int, int], None]


def download_fer2013(root: Path, name: str = "fer2013", progress: Progress | None = None) -> FaceDataset:
    """Download FER2013 (about 60 MB from Kaggle, 200 MB from the Hub), import it under `root` and open it.

    `progress` is called with images read and images to read, once the download is complete. Raises DatasetError for a
    taken name, and when neither place can be reached, saying how to get the file by hand.
    """
    require_free_name(root, name)
    report = progress or (lambda done, total: None)
    reasons = []
    try:
        with open_members(_kaggle_folder()) as members:
            faces = read_faces(members, Path(KAGGLE_DATASET), report)
        return save_faces(faces, root, name, origin=f"{KAGGLE_DATASET} on Kaggle")
    except _UnreachableError as error:
        reasons.append(f"from Kaggle: {error}")
    try:
        faces = read_faces(list(shard_members(_hub_folder())), Path(HUB_DATASET), report)
    except _UnreachableError as error:
        reasons.append(f"from the Hugging Face Hub: {error}")
        raise DatasetError(
            f"FER2013 could not be downloaded ({'; '.join(reasons)}). Check the network and try again, or get the zip "
            f"by hand from {KAGGLE_PAGE} and import it by its path."
        ) from error
    return save_faces(faces, root, name, origin=f"{HUB_DATASET} on the Hugging Face Hub")


class _UnreachableError(Exception):
    """One of the two places does not give its files; the text says why, in a few words."""


def _kaggle_folder() -> Path:
    try:
        import kagglehub
    except ImportError as error:
        raise _UnreachableError("the package kagglehub is not installed (pip install kagglehub)") from error
    try:
        return Path(kagglehub.dataset_download(KAGGLE_DATASET))
    except Exception as error:  # kagglehub lets through whatever its HTTP client raises
        raise _UnreachableError(_in_few_words(error)) from error


def _hub_folder() -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    wanted = ["classnames.txt", "train/*.tar", "test/*.tar"]
    try:
        return Path(snapshot_download(HUB_DATASET, repo_type="dataset", allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise _UnreachableError(_in_few_words(error)) from error


def _in_few_words(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"it answered {status}" if status else "no connection"


def shard_members(folder: Path) -> Iterable[Member]:
    """The pictures in the tar shards of a WebDataset folder, as members `<split>/<emotion>/<key>.jpg`.

    The folder has classnames.txt (one name a line, in the order of the class numbers) and train/ and test/ with tars of
    `<key>.jpg` and `<key>.cls`. Raises DatasetError when a shard is damaged, LabelError for an unknown class name.
    """
    names = (folder / "classnames.txt").read_text(encoding="utf-8").split()
    emotions = [canonical_emotion(name) for name in names]
    for shard in sorted(folder.glob("*/*.tar")):
        try:
            with closing(tarfile.open(shard)) as archive:
                content = {entry.name: _content(archive, entry) for entry in archive if entry.isfile()}
            for entry_name in (entry_name for entry_name in content if entry_name.endswith(".jpg")):
                key = PurePosixPath(entry_name).stem
                emotion = emotions[int(content[f"{PurePosixPath(entry_name).with_suffix('.cls')}"])]
                data = content[entry_name]
                yield Member(f"{shard.parent.name}/{emotion}/{key}.jpg", len(data), partial(io.BytesIO, data))
        except (tarfile.TarError, EOFError, KeyError, IndexError, ValueError) as error:
            raise DatasetError(
                f"“{shard.parent.name}/{shard.name}” of the download is damaged ({error}). Download it again."
            ) from error


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(entry)
    return stream.read() if stream else b""
