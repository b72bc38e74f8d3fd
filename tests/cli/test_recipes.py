import json
import re

from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.training.recipes import RECIPES

runner = CliRunner()


def test_every_recipe_is_listed_with_what_it_is_for():
    result = runner.invoke(app, ["recipes"])
    assert result.exit_code == 0
    text = re.sub(r"[│\s]+", " ", result.output)  # a summary is wrapped where the terminal is narrow
    for recipe in RECIPES.values():
        assert f" {recipe.name} {recipe.summary}" in text


def test_a_recipe_is_shown_as_its_difference_from_the_defaults():
    result = runner.invoke(app, ["recipes", "weighted_disgust_fear", "--json"])
    (shown,) = json.loads(result.stdout)
    assert shown["changes"]["sampling.weights.disgust"] == {"default": None, "recipe": 3.0}
    assert shown["changes"]["sampling.per_class"] == {"default": 0, "recipe": 100}
    assert "optimizer.lr" not in shown["changes"]  # the report's rate is the default


def test_a_recipe_that_continues_another_says_so():
    result = runner.invoke(app, ["recipes", "demo_fear_focus"])
    assert "demo_disgust_surprise_focus" in result.output
    assert "sampling.weights.fear" in result.output
