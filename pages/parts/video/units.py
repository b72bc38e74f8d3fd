"""Action units of an imported analysis: chosen ones of a person as lines."""

import streamlit as st

from pages.parts.common import charts
from pages.parts.common.keys import keys_of

from ferdash.analyses.store import Analysis

keyed = keys_of("video")
SHOWN = 3


def draw(analysis: Analysis, person: int) -> None:
    """The chart, where the imported file has action units; nothing otherwise."""
    if "origin" not in analysis.record:
        return
    from ferdash.analyses.importing import action_units
    from ferdash.plots.action_units import unit_lines

    table = action_units(analysis)
    if table is None:
        return
    mine = table[(table["track"] == person).fillna(False)]
    names = [name for name in table if name not in ("frame", "timestamp_s", "track")]
    # Those that move most say most; presence, 0 or 1, comes after intensity.
    moving = sorted(names, key=lambda name: -float(mine[name].std() or 0))
    chosen = st.multiselect("Action units", names, default=moving[:SHOWN], key=keyed("units"))
    if chosen:
        charts.draw(unit_lines(mine, chosen), key=keyed("unit-lines"))
    st.caption(
        "Action units name movements of the face (Ekman and Friesen 1978), not emotions. They are as the file "
        "that was imported has them; ferdash measures none."
    )
