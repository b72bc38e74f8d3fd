"""ELAN (Wittenburg et al. 2006): the tiers of an .eaf as codings, read by pympi (Lubbers and Torreira 2013).

A tier says whose annotations it holds (ANNOTATOR) and whom they are about (PARTICIPANT). Where it does not, the file's
name stands for the annotator, and the tier's for the person.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from ferdash.analyses.foreign.coded import ForeignCoding, Gathering
from ferdash.errors import AnalysisError

TOOL = "ELAN"


def read(path: Path, *, coder: str = "") -> ForeignCoding:
    """The emotions of all tiers. coder: whose they are where tiers do not say. Raises AnalysisError when the file is no
    .eaf, or names no emotion."""
    try:
        from pympi.Elan import Eaf
    except ImportError as error:
        raise AnalysisError(f"ELAN's files need pympi ({error}): pip install 'ferdash[lab]'.") from error
    if b"<!DOCTYPE" in path.read_bytes()[:4096] or b"<!ENTITY" in path.read_bytes():
        raise AnalysisError(f"{path.name} defines entities of its own, which no ELAN writes; it is not read.")
    try:
        # pympi raises what cannot be told from a mistake of ours where this fails.
        if ElementTree.parse(path).getroot().tag != "ANNOTATION_DOCUMENT":
            raise ValueError("it is XML of something else")
        eaf = Eaf(str(path))
        found = Gathering(TOOL, path.name)
        origin_s = _origin_s(eaf)
        for tier, (_, _, facts, _) in eaf.tiers.items():
            annotator = str(facts.get("ANNOTATOR") or "").strip() or coder or path.stem
            person = str(facts.get("PARTICIPANT") or "").strip() or tier
            for start_ms, end_ms, value, *_ in eaf.get_annotation_data_for_tier(tier):
                found.add(annotator, person, start_ms / 1000 + origin_s, end_ms / 1000 + origin_s, value)
    except (ElementTree.ParseError, LookupError, ValueError, TypeError, AttributeError, OSError) as error:
        raise AnalysisError(f"{path.name} is no .eaf that can be read ({str(error)[:160]}).") from error
    if origin_s:
        found.notes.append(f"ELAN's zero is {origin_s:g} s into the video; times are the video's here.")
    return found.coding()


def _origin_s(eaf: Any) -> float:
    """Where in the first linked video ELAN's time begins."""
    for media in eaf.media_descriptors:
        if str(media.get("MIME_TYPE") or "").startswith("video"):
            return int(media.get("TIME_ORIGIN") or 0) / 1000
    return 0.0
