"""`ferdash recipes`: the named configurations, each as its difference from the defaults."""

from typing import Annotated, Any

import typer
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add `ferdash recipes`."""
    app.command("recipes")(recipes)


def recipes(
    name: Annotated[str, typer.Argument(help="Show this one with every field that differs from the defaults.")] = "",
    json_output: JsonFlag = False,
) -> None:
    """List the recipes that `ferdash train --recipe` knows, or show one."""
    from ferdash.training.recipes import RECIPES, get_recipe

    chosen = [get_recipe(name)] if name else list(RECIPES.values())
    if json_output:
        print_json([_as_json(recipe) for recipe in chosen])
    elif name:
        _show(chosen[0])
    else:
        table = Table("recipe", "what it is for")
        for recipe in chosen:
            table.add_row(recipe.name, escape(recipe.summary))
        print_table(table)
        console.print("What a recipe changes: ferdash recipes NAME. Change it further with ferdash train --set.")


def _as_json(recipe: Any) -> dict[str, Any]:
    changes = {path: {"default": before, "recipe": after} for path, (before, after) in _changes(recipe).items()}
    return {"name": recipe.name, "summary": recipe.summary, "continues": recipe.continues, "changes": changes}


def _changes(recipe: Any) -> dict[str, tuple[Any, Any]]:
    from ferdash.training.config import TrainConfig, differences

    found = differences(TrainConfig(), recipe.config())
    return {path: values for path, values in found.items() if path != "recipe"}


def _show(recipe: Any) -> None:
    console.print(f"[bold]{recipe.name}[/bold]: {escape(recipe.summary)}")
    if recipe.continues:
        console.print(f"Starts from the latest finished run of {recipe.continues}, unless --model names another.")
    table = Table("setting", "default", "here")
    for path, (before, after) in _changes(recipe).items():
        table.add_row(path, _text(before), _text(after))
    print_table(table)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
