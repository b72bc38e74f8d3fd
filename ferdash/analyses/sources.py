"""What an analysis was made of, and whether a file still is that."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from ferdash.errors import AnalysisError


def describe(source: Path | None, photos: list[tuple[str, bytes]] | None) -> dict[str, Any] | None:
    """`source` of an analysis's record: path, name, size, hash, and the names of photos; None for neither."""
    if photos:
        digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for _, content in photos)).hexdigest()
        names = [Path(name).name for name, _ in photos]
        size = sum(len(content) for _, content in photos)
        return {"path": None, "name": names[0], "bytes": size, "sha256": digest, "photos": names}
    if source is None:
        return None
    size = source.stat().st_size
    return {"path": str(source.absolute()), "name": source.name, "bytes": size, "sha256": _hash_of(source)}


def require_same(path: Path, described: dict[str, Any], *, thorough: bool) -> None:
    """Raise AnalysisError where a file is not the one that was described: by its size, thorough also by its content."""
    same = described.get("bytes") in (None, path.stat().st_size)
    if same and thorough and described.get("sha256"):
        same = _hash_of(path) == described["sha256"]
    if not same:
        raise AnalysisError(
            f"{path} is another video than the one that was analysed. Put that one back there, or analyse this one "
            "anew."
        )


def _hash_of(path: Path) -> str:
    stat = path.stat()
    return _read_hash(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_hash(path: Path, size: int, changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
