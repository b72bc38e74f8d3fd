"""All faces in one table, and both downloads."""

import json

import streamlit as st

from pages.parts.common import answers, shared
from pages.parts.common.answers import Row, Settings
from pages.parts.common.keys import keys_of

from ferdash.data.corrections import list_corrections
from ferdash.emotions import EMOTIONS
from ferdash.paths import data_root
from ferdash.wording import cells, counted


def draw(rows: list[Row], settings: Settings) -> None:
    """The table, whatever the filter, with what was corrected; the same as files."""
    table = answers.table(rows, settings)
    st.header("All faces")
    shares = ["probability", *EMOTIONS]
    columns = {name: st.column_config.NumberColumn(format="%.1f%%") for name in shares}
    model = ["model"] if len(settings.models) > 1 else []
    corrected = ["corrected"] if table["corrected"].astype(bool).any() else []
    st.dataframe(
        table.assign(**{name: 100 * table[name] for name in shares}),
        hide_index=True,
        column_order=["file", "face", *model, "emotion", *corrected, "note", *shares],
        column_config=columns | {"note": st.column_config.TextColumn(width="medium")},
        placeholder="",
    )
    with st.container(horizontal=True):
        for label, name, mime, content in (
            ("Download CSV", "faces.csv", "text/csv", lambda: cells(table).to_csv(index=False)),
            ("Download JSON", "faces.json", "application/json", lambda: _document(rows, settings)),
        ):
            st.download_button(label, content, name, mime, on_click="ignore", icon=":material/download:")
        if kept := len(list_corrections(data_root())):
            st.page_link(
                shared.page_path("dataset"),
                label=f"See {counted(kept, 'corrected face')}",
                icon=":material/edit:",
                query_params={keys_of("dataset")("tab"): "Corrections"},
            )


def _document(rows: list[Row], settings: Settings) -> str:
    return json.dumps(answers.document(rows, settings), indent=2, ensure_ascii=False)
