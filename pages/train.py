"""Train: choose, estimate, start, watch. Training itself runs in the background and survives a closed tab."""

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

shared.await_torch()

from pages.parts.common import job_line as jobs  # noqa: E402
from pages.parts.train import form as train_form  # noqa: E402
from pages.parts.train import recipes  # noqa: E402
from pages.parts.train import watch as train_watch  # noqa: E402

from ferdash.data.dataset import FaceDataset  # noqa: E402
from ferdash.errors import DatasetError  # noqa: E402
from ferdash.models.hub import to_download  # noqa: E402
from ferdash.models.labels import note_of_start  # noqa: E402
from ferdash.models.reference import model_folder  # noqa: E402
from ferdash.paths import checkpoints_root  # noqa: E402
from ferdash.references import members_of, parse, split_checkpoint  # noqa: E402
from ferdash.runs.store import open_run  # noqa: E402
from ferdash.training.config import TrainConfig, differences, from_dict, override  # noqa: E402
from ferdash.training.continuation import predecessor  # noqa: E402
from ferdash.training.estimate import Estimate, estimate, in_words  # noqa: E402
from ferdash.training.groups import new_group_name  # noqa: E402
from ferdash.training.recipes import Recipe  # noqa: E402
from ferdash.training.start import build_network  # noqa: E402
from ferdash.wording import REPORT, count  # noqa: E402

keyed = keys_of("train")

NEW = ""


def pick_recipe(dataset: FaceDataset | None) -> Recipe | None:
    """The cards of the recipes; None where nothing can be trained by one: without a dataset, or as a run goes on."""
    if dataset is None or st.session_state.get(keyed("continue_from")):
        return None
    return recipes.pick()


def draw_form(dataset: FaceDataset | None, recipe: Recipe | None) -> None:
    """Decisions in their order: start from, settings; then the estimate and the start."""
    if dataset is None:
        st.info("Training needs a dataset. Import FER2013 or the demo first.", icon=":material/info:")
        st.page_link(shared.page_path("dataset"), label="Import a dataset", icon=":material/upload:")
        return
    if reference := st.session_state.get(keyed("continue_from")):
        _draw_continuation(reference)
        return
    if recipe is None:
        return
    _draw_dataset(dataset, recipe)
    base = override(recipe.config(), [f"dataset={dataset.name}"])
    start_from = _pick_start(recipe, base)
    _draw_new_layer(start_from)
    base = override(base, [f"start_from={start_from}"])
    train_form.draw_first(base, recipe.name)
    place = st.container()
    train_form.draw_more(base, recipe.name)
    edited = train_form.read(base, recipe.name)
    with st.expander("Several runs", icon=":material/dynamic_feed:"):
        train_form.draw_repeat()
    configs = train_form.repeated(edited)
    with place:  # what the page is for stands before what is folded
        _draw_changes("recipe", recipe.config(), edited)
        _draw_actions(recipe, edited, configs)


def _draw_actions(recipe: Recipe, edited: TrainConfig, configs: list[TrainConfig]) -> None:
    """The run's name, what it will take, and the start."""
    train_form.begin("name", "")
    st.text_input(
        "Name (optional)",
        key=keyed("name"),
        placeholder="what you will look for later",
        help="Shown wherever the run is; a group's runs all get it. It can be changed later.",
    )
    ask, start = st.columns(2)
    if ask.button("Estimate", icon=":material/timer:", width="stretch"):
        st.session_state[keyed("estimate")] = _estimate(edited)
    _draw_estimate(edited)
    label = f"Start {count(len(configs))} runs" if len(configs) > 1 else "Start training"
    start.button(
        label,
        icon=":material/play_arrow:",
        type="primary",
        width="stretch",
        on_click=_start,
        args=(recipe, edited.dataset),
    )


def _start(recipe: Recipe, dataset: str) -> None:
    # As a callback, which runs before the page is drawn: who goes to another page at once has started it all the same.
    # The entries are read here, for the last of them may have been left by this very click.
    with shared.calm_errors():
        start_from = st.session_state[keyed(f"{recipe.name}:start_from")]
        base = override(recipe.config(), [f"dataset={dataset}", f"start_from={start_from}"])
        configs = train_form.repeated(train_form.read(base, recipe.name))
        group, name = new_group_name(configs), st.session_state[keyed("name")].strip()
        ids = [jobs.manager().submit(_resolved(recipe, config), name=name, group=group) for config in configs]
        st.session_state[keyed("watched")] = ids[0]


def _draw_dataset(dataset: FaceDataset, recipe: Recipe) -> None:
    """What will be trained on, and that a recipe wants another kind of faces where it does."""
    trained, validated = (len(dataset.rows(split)) for split in ("train", "validation"))
    st.markdown(
        f"Trains on **{plain(dataset.name)}** (chosen in the sidebar): {count(trained)} images, measured on "
        f"{count(validated)} of validation."
    )
    config = recipe.config()
    asked = config.loss.soft_votes or "votes" in config.loss.teachers
    if asked and dataset.votes is None:
        st.warning(
            f"{recipe.name} learns raters' votes, and {plain(dataset.name)} has none. Import FER2013 with "
            "`fer2013new.csv`, or choose another recipe.",
            icon=":material/how_to_vote:",
        )
    elif config.start_from and dataset.meta.get("origin", "").startswith("drawn"):
        st.warning(
            f"{recipe.name} goes on from a network that knows photographs, and the faces of {plain(dataset.name)} are "
            "drawn. To try training out, take fernet_quick.",
            icon=":material/draw:",
        )


def _pick_start(recipe: Recipe, base: TrainConfig) -> str:
    titles = {NEW: "a new network", **{entry.reference: entry.title for entry in shared.models()}}
    if recipe.continues:
        titles[NEW] = f"the latest run of {recipe.continues}"
    options = list(titles)
    default = base.start_from if base.start_from in options and not recipe.continues else NEW
    return st.selectbox(
        "Start from",
        options,
        index=options.index(default),
        key=keyed(f"{recipe.name}:start_from"),
        format_func=lambda reference: titles.get(reference, reference),
        accept_new_options=True,
        help=f"A model, or a run as run:ID@best. The ViT-base of {REPORT} has to be downloaded once.",
    )


def _draw_new_layer(start_from: str) -> None:
    """That the last layer of the chosen model will be new, where it knows other classes than the seven emotions."""
    if start_from == NEW or len(members_of(start_from)) > 1 or to_download(start_from):
        return
    asked = parse(start_from)
    if not asked.of_run and (note := note_of_start(model_folder(asked.bare, checkpoints_root()), asked.bare)):
        st.info(plain(note), icon=":material/info:")


def _resolved(recipe: Recipe, config: TrainConfig) -> TrainConfig:
    if config.start_from == NEW and recipe.continues:
        before = predecessor(recipe, config.dataset, checkpoints=checkpoints_root())
        return override(config, [f"start_from={before}"])
    return config


def _draw_changes(what: str, before: TrainConfig, after: TrainConfig) -> None:
    changes = {path: pair for path, pair in differences(before, after).items() if path != "dataset"}
    if changes:
        chips = " ".join(
            f":blue-badge[{plain(path)}: {recipes.short(path, old)} → {recipes.short(path, new)}]"
            for path, (old, new) in changes.items()
        )
        st.markdown(f"Changed from the {what}: {chips}")


def _estimate(config: TrainConfig) -> tuple[TrainConfig, Estimate] | None:
    """The configuration with what it will take; None, and a sentence on the page, while a run takes the processor."""
    dataset = shared.dataset()
    if dataset is None or jobs.manager().current is not None:
        st.info("A run is at work and takes the processor; an estimate now would be wrong. Try again when it is done.")
        return None
    with st.spinner("Timing a few batches …"):
        network, preprocess = build_network(config, checkpoints_root())
        return config, estimate(config, dataset, network, preprocess)


def _draw_estimate(config: TrainConfig) -> None:
    """The last estimate, for as long as the form still says what it was made for."""
    made_for, result = st.session_state.get(keyed("estimate")) or (None, None)
    if result is not None and made_for == config:
        (st.info if result.has_room else st.warning)(in_words(result, config.epochs), icon=":material/timer:")


def _draw_continuation(reference: str) -> None:
    run_id, checkpoint = split_checkpoint(reference)
    st.markdown(f"Continue **{plain(run_id)}** from `{checkpoint}` as a new run; only changes are recorded.")
    parent = from_dict(open_run(checkpoints_root() / "runs", run_id).record["config"])
    train_form.draw_first(parent, reference)
    place = st.container()
    train_form.draw_more(parent, reference)
    with place:
        _draw_changes("run", parent, train_form.read(parent, reference))
        back, start = st.columns(2)
        if back.button("Back", width="stretch"):
            del st.session_state[keyed("continue_from")]
            st.rerun()
        start.button(
            "Continue",
            icon=":material/play_arrow:",
            type="primary",
            width="stretch",
            on_click=_continue,
            args=(reference, parent),
        )


def _continue(reference: str, parent: TrainConfig) -> None:
    with shared.calm_errors():
        changed = differences(parent, train_form.read(parent, reference))
        settings = [f"{path}={_setting(new)}" for path, (_, new) in changed.items()]
        st.session_state[keyed("watched")] = jobs.manager().resume(reference, settings)
        del st.session_state[keyed("continue_from")]


def _setting(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def draw_damaged(error: DatasetError) -> None:
    """A dataset that cannot be trained on: what is wrong, and the way to where it is put right."""
    st.error(plain(error), icon=":material/error:")
    st.page_link(shared.page_path("dataset"), label="Go to Dataset", icon=":material/photo_library:")


st.title("Train")
with shared.calm_errors():
    train_watch.draw_way_there()
dataset, recipe, damage = None, None, None
try:
    dataset = shared.dataset()
except DatasetError as error:
    damage = error
with shared.calm_errors():
    recipe = pick_recipe(dataset)
form, watch = st.columns([5, 7], gap="large")
with form, shared.calm_errors():
    if damage is not None:
        draw_damaged(damage)
    else:
        draw_form(dataset, recipe)
with watch:
    train_watch.draw_jobs()
