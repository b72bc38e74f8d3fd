"""What the files of an analysis may hold, see `ferdash.shapes`."""

from typing import Any

from ferdash import former_names
from ferdash.records import STATUS, STATUS_SHAPE
from ferdash.shapes import Needed, Row

BASELINE_FILE = "baseline.json"

_TRACK = {
    **{name: Needed(kind) for name, kind in (("id", int), ("confidence", float), ("detector", str), ("seen_s", float))},
    **{name: Needed(Row(float, length)) for name, length in (("box", 4), ("velocity", 2))},
    "appearance": Needed([float]),
    "points": Needed((Row(Row(float, 2), 5), None)),
    "detections": int,
    "missed": int,
    "detected": bool,
}
TRACKER_SHAPE: dict[str, Any] = {
    "next_id": Needed(int),
    "tracks": Needed([_TRACK]),
    "lost": [_TRACK],
    "count": int,
    **dict.fromkeys(("last_s", "full_s"), (float, None)),
    "frame": int,
}

_MARK = {"frame": int, "timestamp_s": float, "name": str}
_RECORD_SHAPE: dict[str, Any] = {
    **dict.fromkeys(("created_at", "kind", "model", "model_title", "detector"), str),
    "name": (str, None),
    "source": ({"path": (str, None), "name": str, "bytes": int, "sha256": str, "photos": [str]}, None),
    "video": (
        {
            **dict.fromkeys(("width", "height", "frames"), int),
            **dict.fromkeys(("fps", "duration_s", "start_s"), (float, None)),
        },
        None,
    ),
    "settings": {
        "stride": int,
        **dict.fromkeys(("start_s", "end_s", "interval_s"), (float, None)),
    },
    "versions": {str: str},
    "origin": (
        {**dict.fromkeys(("tool", "name", "sha256", "values"), Needed(str)), "bytes": int, "notes": [str]},
        None,
    ),
}

SHAPES: dict[str, Any] = {
    **dict.fromkeys(("analysis.json", former_names.ANALYSIS), _RECORD_SHAPE),
    **{name: {"tracks": Needed({str: [int]})} for name in (BASELINE_FILE, former_names.BASELINE)},
    "marks.json": {"marks": Needed([{name: Needed(kind) for name, kind in _MARK.items()}])},
    former_names.TRACKER: TRACKER_SHAPE,
    STATUS: STATUS_SHAPE,
}
