"""Corrections: the faces whose emotion was set right, and the way to train with them."""

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.correction import faces_of
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.common.plain import plain
from pages.parts.common.rights import require_deletion

from ferdash.data import corrections
from ferdash.data.corrections import Correction
from ferdash.data.dataset import FaceDataset
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.paths import data_root
from ferdash.plots.mosaic import enlarge
from ferdash.wording import counted, percent

keyed = keys_of("dataset")

PER_PAGE = 96


def draw(dataset: FaceDataset | None) -> None:
    """The whole tab. Corrections belong to no dataset; `dataset` is what they are mixed into, where there is one."""
    kept = corrections.list_corrections(data_root())
    _draw_undo()
    if not kept:
        st.markdown(
            "Faces that the model got wrong, and that you corrected, collect here. A model can then continue training "
            "with them, mixed into a dataset so that it keeps what it knows."
        )
        st.page_link(shared.page_path("predict"), label="Correct a face on a photo", icon=":material/face:")
        _draw_erase()
        return
    _draw_summary()
    if dataset is not None:
        _draw_train(dataset)
    _draw_faces(kept)
    _draw_erase()


def _draw_summary() -> None:
    found = corrections.statistics(data_root())
    with st.container(horizontal=True, gap="large"):
        st.metric("Corrected faces", f"{found.faces:,}", width="content")
        st.metric("Photos and videos", f"{found.sources:,}", width="content")
        st.metric(
            "Without a note",
            f"{found.without_consent:,}",
            help="Corrections without a note on consent.",
            width="content",
        )
    changes = " ".join(
        f":gray-badge[{old} → {new}: {number:,}]" if old != new else f":gray-badge[{old} confirmed: {number:,}]"
        for (old, new), number in found.changes.items()
    )
    st.markdown(f"From what the model said to what you said: {changes}")


def _draw_train(dataset: FaceDataset) -> None:
    with st.container(border=True, gap="xsmall"):
        # A link, since st.switch_page refuses to leave a page whose tab is bound to the address.
        st.page_link(
            shared.page_path("train"),
            label="**Train with these**",
            icon=":material/model_training:",
            query_params={keys_of("train")("recipe"): "corrections"},
        )
        st.caption(
            f"Continues a model, with these faces mixed into {plain(dataset.name)}. Its score on that dataset's own "
            "validation images, before and after, stands in the run."
        )


def _draw_faces(kept: list[Correction]) -> None:
    number = page_number(-(-len(kept) // PER_PAGE), f"corrections-{len(kept)}")
    shown = kept[::-1][(number - 1) * PER_PAGE : number * PER_PAGE]
    tiles = [Tile(one.new_label, one.where, COLOURS[one.new_label], note=f"was {one.old_label}") for one in shown]
    clicked = gallery(faces_of(data_root(), shown), tiles, key=keyed("corrections-gallery"))
    st.caption("Newest first. Click a face to see all that is known of it, or to delete it.")
    if clicked is not None and clicked < len(shown):
        _show(shown[clicked])


@st.dialog("Corrected face", width="medium")
def _show(one: Correction) -> None:
    with shared.calm_errors():
        picture, facts = st.columns(2)
        face = corrections.face_of(data_root(), one)
        picture.image(enlarge(face, 8), width="stretch", alt=f"face corrected to {one.new_label}, enlarged 8 times")
        facts.subheader(one.new_label, anchor=False)
        order = sorted(zip(one.probabilities, EMOTIONS, strict=True), reverse=True)[:3]
        said = ", ".join(f"{emotion} {percent(share)}" for share, emotion in order)
        facts.markdown(f"Shown as: **{one.old_label}**  \n{plain(one.model)} said: {said}")
        facts.markdown(f"From: {plain(one.where)}  \nOn: {one.made_at[:16].replace('T', ' ')} (UTC)")
        facts.markdown(f"Consent: {plain(one.consent or 'no note')}")
        if facts.button("Delete", icon=":material/delete:"):
            corrections.remove_correction(data_root(), one.id)
            st.session_state[keyed("corrections-removed")] = one.id
            st.rerun()


def _draw_undo() -> None:
    """The way back from the deletion just made."""
    removed = st.session_state.get(keyed("corrections-removed"))
    if removed is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":material/check_circle: The correction was deleted.", width="content")
        if st.button("Undo", icon=":material/undo:", type="tertiary", key=keyed("corrections-undo")):
            del st.session_state[keyed("corrections-removed")]
            corrections.restore_correction(data_root(), removed)
            st.rerun()


def _draw_erase() -> None:
    removed = corrections.statistics(data_root()).removed
    if not removed:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{counted(removed, 'face')} of deleted corrections can still be restored.", width="content")
        if st.button("Erase from the disk", icon=":material/delete_forever:", type="tertiary"):
            require_deletion()
            corrections.erase_removed(data_root())
            st.session_state.pop(keyed("corrections-removed"), None)
            st.rerun()
