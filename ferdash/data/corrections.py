"""Corrections: faces whose emotion a person set right, kept until a model is trained with them.

They live in the folder `corrections` of the data root: `journal.jsonl`, to which lines are only ever added, and
`faces/<content hash>.png`, each face without loss as the model saw it. Taking a correction back adds a line too, so it
can be undone; only `erase_removed` takes anything from the disk. For training they become an ordinary dataset, whose
name says what is in it: the same corrections give the same dataset, and a run can be resumed on exactly its images.
"""

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferdash.data.dataset import IMAGE_SIZE, FaceDataset, content_hashes, list_datasets, open_dataset, save_dataset
from ferdash.data.near_duplicates import near_duplicate_pairs
from ferdash.emotions import EMOTIONS, canonical_emotion
from ferdash.errors import DatasetError
from ferdash.files import append_line, write_atomic
from ferdash.shapes import Needed, Row, read_journal
from ferdash.wording import counted

CORRECTIONS = "corrections"
"""Name of the folder, and what `sampling.extra` calls the corrections as they are when a run is made."""

VALIDATION_SHARE = 0.1

_LINE: dict[str, Any] = {
    "correction": {
        **dict.fromkeys(("id", "made_at", "face", "source", "model", "old_label", "new_label"), Needed(str)),
        "timestamp_s": Needed((float, None)),
        "track": Needed((int, None)),
        "probabilities": Needed(Row(float, len(EMOTIONS))),
        "consent": str,
    },
    "replaces": [str],
    "removed": str,
    "restored": str,
}
"""Shape of a line of the journal."""


@dataclass(frozen=True)
class Correction:
    """One face and what a person says it shows.

    face: content hash of the crop. source: name of the photo or video. timestamp_s: seconds into the video, None for a
    photo. track: number of the person in the video, None where nobody was followed. model: reference of the model that
    was wrong; probabilities: its seven, in the order of EMOTIONS, and old_label: what was shown for them. consent: what
    the person notes on why the face may be used. made_at: ISO time in UTC.
    """

    id: str
    made_at: str
    face: str
    source: str
    timestamp_s: float | None
    track: int | None
    model: str
    old_label: str
    new_label: str
    probabilities: tuple[float, ...]
    consent: str = ""

    @property
    def where(self) -> str:
        """The place in words, such as `walk.mp4, 12.40 s, person 2`."""
        parts = [self.source]
        parts += [] if self.timestamp_s is None else [f"{self.timestamp_s:.2f} s"]
        parts += [] if self.track is None else [f"person {self.track}"]
        return ", ".join(parts)

    @property
    def place(self) -> tuple[Any, ...]:
        """Equal for corrections of the same face in the same place."""
        return self.face, self.source, self.timestamp_s, self.track


@dataclass(frozen=True)
class Statistics:
    """faces: corrections that stand. sources: photos and videos they are from. removed: taken back but still on disk.
    without_consent: corrections without a note. changes: (old label, new label) -> how many, most frequent first."""

    faces: int
    sources: int
    removed: int
    without_consent: int
    changes: dict[tuple[str, str], int]


def correct(
    root: Path,
    crop: np.ndarray,
    *,
    source: str,
    new_label: str,
    probabilities: Sequence[float] | np.ndarray,
    model: str,
    old_label: str = "",
    timestamp_s: float | None = None,
    track: int | None = None,
    consent: str = "",
) -> Correction:
    """Keep a correction under the data root and return it; it takes the place of an earlier one of the same face.

    crop: uint8 grey (48, 48). old_label: the most probable emotion where left out.

    Raises DatasetError for another kind of crop or other than seven probabilities, LabelError for an emotion that is
    none.
    """
    if crop.shape != (IMAGE_SIZE, IMAGE_SIZE) or crop.dtype != np.uint8:
        raise DatasetError(
            f"The face to correct is {crop.dtype} of shape {crop.shape}, but it must be grey, 48 x 48, uint8."
        )
    shares = np.asarray(probabilities, dtype=np.float64)
    if shares.shape != (len(EMOTIONS),) or not np.isfinite(shares).all():
        raise DatasetError("A correction needs the model's seven probabilities, one for each emotion.")
    correction = Correction(
        id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        face=content_hashes(crop[None])[0],
        source=source,
        timestamp_s=None if timestamp_s is None else float(timestamp_s),
        track=None if track is None else int(track),
        model=model,
        old_label=canonical_emotion(old_label or EMOTIONS[int(shares.argmax())]),
        new_label=canonical_emotion(new_label),
        probabilities=tuple(round(float(share), 6) for share in shares),
        consent=consent.strip(),
    )
    file = _face_file(root, correction.face)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file():
        write_atomic(file, lambda out: out.write(cv2.imencode(".png", crop)[1].tobytes()))
    _write(root, {"correction": asdict(correction), "replaces": _ids_at(root, correction.place)})
    return correction


def list_corrections(root: Path) -> list[Correction]:
    """The corrections that stand, oldest first; empty when there are none."""
    made, gone = _read(root)
    return [correction for correction in made if correction.id not in gone]


def find_correction(
    root: Path, face: np.ndarray, *, source: str, timestamp_s: float | None = None, track: int | None = None
) -> Correction | None:
    """The correction of a face, uint8 (48, 48), in that place; None when it has none."""
    place = content_hashes(face[None])[0], source, timestamp_s, track
    return next((correction for correction in list_corrections(root) if correction.place == place), None)


def labels_in_photos(root: Path) -> dict[tuple[str, str], str]:
    """What people said of faces in photos: (content hash of the face, name of the photo) -> emotion."""
    return {(one.face, one.source): one.new_label for one in list_corrections(root) if one.timestamp_s is None}


def remove_correction(root: Path, correction_id: str) -> Correction:
    """Take a correction back. Raises DatasetError when there is none of that id."""
    for correction in list_corrections(root):
        if correction.id == correction_id:
            _write(root, {"removed": correction_id})
            return correction
    raise DatasetError(f"There is no correction {correction_id}; `ferdash corrections list` shows those there are.")


def restore_correction(root: Path, correction_id: str) -> Correction:
    """Undo `remove_correction`; it takes the place of one made since. Raises DatasetError when nothing of that id was
    removed, or its face was erased."""
    made, gone = _read(root)
    for correction in made:
        if correction.id == correction_id and correction.id in gone:
            if not _face_file(root, correction.face).is_file():
                raise DatasetError(f"The face of correction {correction_id} was erased; correct it again.")
            _write(root, {"restored": correction_id, "replaces": _ids_at(root, correction.place)})
            return correction
    raise DatasetError(f"There is no removed correction {correction_id} to restore.")


def erase_removed(root: Path) -> int:
    """Delete from the disk the faces that no standing correction needs; returns how many. The journal keeps what was
    corrected, without the picture. Datasets made from them before are deleted like any other dataset."""
    needed = {correction.face for correction in list_corrections(root)}
    files = [file for file in _faces(root) if file.stem not in needed]
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def face_of(root: Path, correction: Correction) -> np.ndarray:
    """The corrected face, uint8 (48, 48). Raises DatasetError when its file is gone or is another picture."""
    file = _face_file(root, correction.face)
    content = np.frombuffer(file.read_bytes(), np.uint8) if file.is_file() else np.empty(0, np.uint8)
    face = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if len(content) else None
    if face is None or content_hashes(face[None])[0] != correction.face:
        raise DatasetError(
            f"The face of correction {correction.id} ({correction.where}) is missing or damaged: {file.name} in the "
            f"folder {CORRECTIONS}. Put the file back, or remove the correction."
        )
    return face


def statistics(root: Path) -> Statistics:
    """What has been corrected so far."""
    standing = list_corrections(root)
    changes = Counter((correction.old_label, correction.new_label) for correction in standing)
    needed = {correction.face for correction in standing}
    return Statistics(
        faces=len(standing),
        sources=len({correction.source for correction in standing}),
        removed=sum(file.stem not in needed for file in _faces(root)),
        without_consent=sum(not correction.consent for correction in standing),
        changes=dict(changes.most_common()),
    )


def export_corrections(root: Path, name: str = "") -> FaceDataset:
    """The corrections that stand as a dataset under `root`, split into train and validation.

    Without a name it is called after its content (`corrections-3fa9b2c1`), and one that is there already is opened.
    A face is on the side that its own hash draws, so it never changes sides as others are added; see `draw_sides`.

    Raises DatasetError when there is no correction yet, a face is missing, or the name is taken or impossible.
    """
    standing = sorted(list_corrections(root), key=lambda correction: (correction.face, correction.new_label))
    if not standing:
        raise DatasetError("Nothing has been corrected yet. Open a photo on the Predict page and press “Wrong?” first.")
    faces = np.stack([face_of(root, correction) for correction in standing])
    sides = draw_sides(standing, faces)
    of_content = f"{CORRECTIONS}-{_content(standing, sides)}"
    if not name and of_content in list_datasets(root):
        return open_dataset(root, of_content)
    held_out = sides.count("validation")
    return save_dataset(
        root,
        name or of_content,
        images=faces,
        labels=np.array([EMOTIONS.index(correction.new_label) for correction in standing]),
        splits=sides,
        sources=[f"{correction.where} ({correction.face[:8]})" for correction in standing],
        origin=f"{counted(len(standing), 'correction')} made in ferdash",
        notes=[f"{counted(held_out, 'face')} of {len(standing):,} held out, to see whether the others are learned."],
    )


def draw_sides(corrections: Sequence[Correction], faces: np.ndarray) -> list[str]:
    """`train` or `validation` for each correction, about VALIDATION_SHARE of them the latter.

    faces: uint8 (N, 48, 48). On one side together are all frames of a person in a video, identical faces, and faces
    that are versions of one picture (`near_duplicate_pairs`).
    """
    group = {place: place for place in range(len(corrections))}

    def first_of(place: int) -> int:
        while group[place] != place:
            place = group[place]
        return place

    keys = [_key(correction) for correction in corrections]
    first: dict[str, int] = {}
    alike = [(first.setdefault(key, place), place) for place, key in enumerate(keys)]
    alike += [(first.setdefault(one.face, place), place) for place, one in enumerate(corrections)]
    for one, other in [*alike, *near_duplicate_pairs(faces).tolist()]:
        # The smallest key stands for its group: it does not depend on the order in which faces were corrected.
        low, high = sorted((first_of(one), first_of(other)), key=lambda place: keys[place])
        group[high] = low
    lots = [int(keys[first_of(place)][:8], 16) / 16**8 for place in range(len(corrections))]
    return ["validation" if lot < VALIDATION_SHARE else "train" for lot in lots]


def _key(correction: Correction) -> str:
    """A hash, equal for faces that must share a side: of the person in a video, or of the face in a photo."""
    if correction.timestamp_s is None:
        return correction.face
    return blake2b(f"{correction.source}\n{correction.track}".encode(), digest_size=12).hexdigest()


def _content(corrections: Sequence[Correction], sides: Sequence[str]) -> str:
    rows = (f"{one.face} {one.new_label} {side}\n" for one, side in zip(corrections, sides, strict=True))
    return blake2b("".join(rows).encode(), digest_size=4).hexdigest()


def _ids_at(root: Path, place: tuple[Any, ...]) -> list[str]:
    return [correction.id for correction in list_corrections(root) if correction.place == place]


def _face_file(root: Path, face: str) -> Path:
    return root / CORRECTIONS / "faces" / f"{face}.png"


def _faces(root: Path) -> list[Path]:
    return sorted((root / CORRECTIONS / "faces").glob("*.png"))


def _write(root: Path, line: dict[str, Any]) -> None:
    append_line(root / CORRECTIONS / "journal.jsonl", json.dumps(line, allow_nan=False))


def _read(root: Path) -> tuple[list[Correction], set[str]]:
    """All corrections ever made, oldest first, and the ids of those that no longer stand. Lines torn by a kill are
    skipped: what they say was never promised."""
    made: list[Correction] = []
    gone: set[str] = set()
    names = {field.name for field in fields(Correction)}
    for line in read_journal(root / CORRECTIONS / "journal.jsonl", _LINE):
        if values := line.get("correction"):
            values = {name: value for name, value in values.items() if name in names}
            made.append(Correction(**values | {"probabilities": tuple(values["probabilities"])}))
        gone.discard(line.get("restored", ""))
        gone.update([*line.get("replaces", []), *([line["removed"]] if "removed" in line else [])])
    return made, gone
