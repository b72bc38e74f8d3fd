"""`ferdash corrections ...`: list, export, remove and erase what a person has set right. None of it needs PyTorch."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from ferdash.cli.output import JsonFlag, escape, is_narrow, print_json, print_table, say, tell
from ferdash.paths import data_root
from ferdash.wording import count, counted, percent

CorrectionIds = Annotated[list[str], typer.Argument(help="Ids of corrections, as `list` shows them.")]


def register(app: typer.Typer) -> None:
    """Add `ferdash corrections`."""
    group = typer.Typer(help="List, export and remove corrected faces.", no_args_is_help=True)
    for name, command in (("list", list_), ("export", export), ("remove", remove), ("erase", erase)):
        group.command(name)(command)
    app.add_typer(group, name="corrections")


def list_(json_output: JsonFlag = False) -> None:
    """List the corrections that stand, oldest first."""
    from ferdash.data.corrections import list_corrections, statistics

    standing, found = list_corrections(data_root()), statistics(data_root())
    if json_output:
        changes = [{"old": old, "new": new, "faces": number} for (old, new), number in found.changes.items()]
        print_json(
            {"corrections": [asdict(one) for one in standing], "statistics": asdict(found) | {"changes": changes}}
        )
        return
    if not standing:
        say("Nothing has been corrected yet. Open a photo on the Predict page and press “Wrong?”.")
        return
    heads = ["id", "when", "where", "was", "is", "model", "may be used because"]
    shown = [head for head in heads if head != "when" or not is_narrow()]  # an id begins with the time
    table = Table(*shown)
    for column in table.columns:
        column.no_wrap = column.header in ("id", "is")  # `remove` needs the whole of an id
    for one in standing:
        was = f"{one.old_label}, {percent(max(one.probabilities))}"
        cells = (one.id, one.made_at[:16].replace("T", " "), one.where, was, one.new_label, one.model, one.consent)
        facts = dict(zip(heads, cells, strict=True))
        table.add_row(*(escape(facts[head]) for head in shown))
    print_table(table)
    say(f"{counted(found.faces, 'face')} from {counted(found.sources, 'photo or video', 'photos and videos')}.")


def export(
    name: Annotated[str, typer.Option(help="Name of the new dataset; made from its content when left out.")] = "",
    json_output: JsonFlag = False,
) -> None:
    """Make a dataset of the corrections that stand, for training and evaluation."""
    from ferdash.data.corrections import export_corrections

    dataset = export_corrections(data_root(), name)
    splits = {split: len(dataset.rows(split)) for split in ("train", "validation")}
    if json_output:
        print_json({"name": dataset.name, "hash": dataset.hash, "images": len(dataset), "splits": splits})
        return
    parts = ", ".join(f"{count(number)} for {split}" for split, number in splits.items() if number)
    say(f"[bold]{dataset.name}[/bold]: {counted(len(dataset), 'face')}, {parts}.")
    say(f"Train with it: ferdash train --recipe corrections --set sampling.extra={dataset.name}")


def remove(
    ids: CorrectionIds,
    undo: Annotated[bool, typer.Option("--undo", help="Put removed ones back instead.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Take corrections back; the faces stay on the disk until `erase`, so that this can be undone."""
    from ferdash.data.corrections import remove_correction, restore_correction

    act = restore_correction if undo else remove_correction
    done = [act(data_root(), correction_id) for correction_id in ids]
    if json_output:
        print_json({"restored" if undo else "removed": [one.id for one in done]})
        return
    for one in done:
        say(f"{'Restored' if undo else 'Removed'} {one.id} ({escape(one.where)}, {one.old_label} to {one.new_label}).")


def erase(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json_output: JsonFlag = False
) -> None:
    """Delete the faces of removed corrections from the disk, for good."""
    from ferdash.data.corrections import erase_removed, statistics

    waiting = statistics(data_root()).removed
    if waiting and not yes:
        typer.confirm(f"Delete {counted(waiting, 'face')} of removed corrections for good?", abort=True, err=True)
    erased = erase_removed(data_root())
    tell(json_output, f"Erased {counted(erased, 'face')}.", {"erased": erased})
