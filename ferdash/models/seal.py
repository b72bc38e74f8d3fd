"""A hash of a checkpoint inside its own file, so that one flipped bit anywhere in it is noticed.

PyTorch's files are zips, and a zip ends with a comment: there the hash of all that stands before it has its place. File
and hash are written and replaced in one step, which two files side by side could not be.
"""

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

_MARK = b"ferdash sha256 "
_COMMENT = len(_MARK) + 64


def seal(file: BinaryIO) -> None:
    """Put the hash of a zip without a comment, open for reading and writing, at its end."""
    file.flush()
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    # Its last two bytes say how long the comment is.
    file.seek(-2, os.SEEK_END)
    file.write(struct.pack("<H", _COMMENT) + _MARK + digest.hexdigest().encode())


def is_broken(path: Path) -> bool:
    """Whether a sealed file is not as it was written; False for one that was never sealed."""
    left = path.stat().st_size - _COMMENT - 2
    if left < 0:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(left)
        length, comment = file.read(2), file.read()
        if not comment.startswith(_MARK):
            return False
        file.seek(0)
        while left and (part := file.read(min(left, 1 << 20))):
            digest.update(part)
            left -= len(part)
    digest.update(b"\x00\x00")  # the length of the comment that was not there yet
    return length != struct.pack("<H", _COMMENT) or digest.hexdigest().encode() != comment[len(_MARK) :]
