"""What the files of an analysis may hold, see `ferdash.shapes`."""

from typing import Any

from ferdash import former_names
from ferdash.records import STATUS, STATUS_SHAPE
from ferdash.shapes import Needed

BASELINE_FILE = "baseline.json"

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
}

SHAPES: dict[str, Any] = {
    **dict.fromkeys(("analysis.json", former_names.ANALYSIS), _RECORD_SHAPE),
    **{name: {"tracks": Needed({str: [int]})} for name in (BASELINE_FILE, former_names.BASELINE)},
    "marks.json": {"marks": Needed([{name: Needed(kind) for name, kind in _MARK.items()}])},
    STATUS: STATUS_SHAPE,
}
