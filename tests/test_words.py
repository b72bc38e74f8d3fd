"""One vocabulary: words that were replaced stay away, but for their aliases in `former_names` and its test."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

OLD = {
    "distilled, teacher probabilities": r"\btaught\b|fernet_taught|\blessons\b",
    "test-time augmentation, --tta": r"--views|ViewsOption|check_views|\bviews=|ten_crop_views|\{views\}",
    "image sequence": r"\b[Pp]hotos in order\b|(analyse|create|submit)_stills|[\"']stills[\"']",
    "noise; autocorrelation": r"\b[Jj]itter\b|measure_jitter|MOST_MEMORY",
    "dominant emotion, switches": r"\bleads? (for|when|all the time|longest)\b|[Cc]hanges of lead|leads_per_minute",
    "Transitions": r"[Ww]hat follows what",
    "Entropy": r"[Mm]ixedness",
    "neutral baseline, Set baseline": r"face at rest|[Nn]eutral here\b|Look neutral for",
    "segment, gap": r"\bstretches\b|(for|each|one|of a|every) stretch\b|across (a|the) break|is a break\b",
    "crop_box": r"\bframe_of\b|\bframe_xyxy\b",
    "baseline.json; temperature.json": r"calibration\.json",
    "runtime; analysis; browser session": r"\b[Ss]ession(s|Error|Writer|Record)\b|(open|create|list|find)_session\b"
    r"|video_sessions|sessions_root|session_(id|of)\b|session\.json|\b(a|the|this|of|each|one) session\b",
    "statistically significant; seed variance": r"beyond chance|\bby luck\b|\bis luck\b|\blucky\b",
    "likely label errors; most confident errors": r"[Dd]oubtful|Labels to look at|\bsurest\b",
    "classified; minimum face size": r"[Jj]udged (a face|for|in)\b|Judge no face|(is|was|be|are) judged\b",
    "broadcast, synchronise, shard, SINGLE_PROCESS": r"processes\.(tell|follow|share)\(|\bALONE = Processes",
    "detect, activate, mark_lost, overlapping": r"\b_look\(|\b_welcome\b|\b_rest\(|\bcrowded\b|\bSURE\b|\bALIKE\b",
    "baseline score, resume, resumed": r"evaluation\.before|before\.json|(read|write)_before|BeforeAfter|\bGo on\b"
    r"|[Gg]oing on from|\btaken up\b|broken off",
    "Number of seeds; Sampler": r"so many seeds|[Ww]ho draws",
    "71.3%, 95% CI": r"\d %(?! ?[\d(a-z_]+ ?[)%:}])|\} %[\"' .,;)]|95% interval",
    "names that differ": r"\bpredictor\b|FacePrediction|predict_photos|predict_image|\bPredictions\(|class Predictions",
}
"""What to write -> a pattern of what is not written any more."""

ALLOWED = {
    "ferdash/former_names.py": "the aliases",
    "tests/test_former_names.py": "their test",
    "tests/test_words.py": "the patterns themselves",
    "docs/remake.md": "it names runs as their folders are called",
    "docs/training-log.md": "a diary: it tells what was called what when it was written",
}

LINES = {
    r"session_state|scope=\"session\"|persist_state=\"session\"": "Streamlit's and pytest's own names",
    r"InferenceSession|SessionOptions|session_config|get_session_options": "ONNX Runtime's own names",
    r"SessionStartInfo|session_start_info|SESSION_START": "TensorBoard's own names",
    r"remove_session|session_id_or_throw|get_this_session_info|Session\(": "SQLAlchemy's and Streamlit's own names",
    r"ctx\.session_id|session_id=\"visit\"": "Streamlit's own names",
    r"[Bb]rowser session": "what the table says",
    r"// 60 % 60|% 7\b|frames % |np\.arange|F1 %\{": "arithmetic, and Plotly's templates",
}


@cache
def written() -> list[tuple[str, str]]:
    """Where and what: each line of code and prose that people write, without those of LINES."""
    patterns = ["*.py", "*.md", "*.toml", "*.ipynb", "Makefile"]
    command = ["git", "-C", str(PROJECT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    kept = [name for name in listed if name not in ALLOWED and not name.startswith("checkpoints/")]
    fine = re.compile("|".join(LINES))
    return [
        (f"{name}:{number}", line.strip())
        for name in kept
        if (PROJECT / name).is_file()
        for number, line in enumerate((PROJECT / name).read_text(encoding="utf-8").splitlines(), start=1)
        if not fine.search(line)
    ]


@pytest.mark.parametrize("new", OLD)
def test_a_replaced_word_is_not_written(new: str) -> None:
    old = re.compile(OLD[new])
    found = [f"{where}: {line}" for where, line in written() if old.search(line)]
    assert not found, f"write {new} in\n" + "\n".join(found)
