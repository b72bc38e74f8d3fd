"""The choice of a recipe: cards, each with the one line that says what it is for."""

import pandas as pd
import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.training.config import TrainConfig, differences
from ferdash.training.recipes import RECIPES, Recipe
from ferdash.wording import REPORT

keyed = keys_of("train")

OURS = tuple(name for name in RECIPES if name.startswith("fernet") or name == "corrections")
"""Those that made the shipped models, or go on from them; the others are the project report's."""

# As many beside each other as there is room for; a frame says which is chosen, besides the mark in it.
STYLE = """<style>
.st-key-train-recipe [role="radiogroup"] {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: .5rem;
  align-items: stretch;
}
.st-key-train-recipe [role="radiogroup"] > * {
  width: 100%; margin: 0; padding: .4rem .7rem; box-sizing: border-box; border-radius: .6rem;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
}
.st-key-train-recipe [role="radiogroup"] > :has(input:checked) {
  outline: 2px solid currentColor; outline-offset: -1px;
}
</style>"""


def pick() -> Recipe:
    """Draw the cards; the chosen recipe, which the address names."""
    key = keyed("recipe")
    chosen = st.session_state.get(key, st.query_params.get(key))
    cards = st.container()
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row:
        all_of_them = st.toggle(
            f"Also the {len(RECIPES) - len(OURS)} recipes of the project report",
            value=chosen in RECIPES and chosen not in OURS,
            key=keyed("all-recipes"),
            persist_state="session",
            help=f"Those of {REPORT}, with the settings it states.",
            width="content",
        )
    # One that the address names is among the cards, whoever made it.
    shown = [name for name in RECIPES if all_of_them or name in OURS or name == chosen]
    with cards:
        st.html(STYLE)
        name = st.radio(
            "Recipe",
            shown,
            captions=[RECIPES[name].summary for name in shown],
            key=key,
            bind="query-params",
            width="stretch",
        )
    recipe = RECIPES[name or shown[0]]
    with row:
        _draw_settings(recipe)
    return recipe


def _draw_settings(recipe: Recipe) -> None:
    """What the recipe is, as its difference from the defaults."""
    with st.popover("What this recipe sets", icon=":material/difference:", width="content"):
        changes = differences(TrainConfig(), recipe.config())
        rows = [(path, short(path, old), short(path, new)) for path, (old, new) in changes.items() if path != "recipe"]
        st.table(pd.DataFrame(rows, columns=["setting", "default", "here"]).set_index("setting"))


def short(path: str, value: object) -> str:
    """A setting's value as a person would say it."""
    if value == "":
        return "new network" if path == "start_from" else "none"
    return "1" if value is None else plain(value)  # None: a weight not named
