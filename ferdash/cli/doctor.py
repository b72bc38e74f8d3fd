"""`ferdash doctor`: whether this installation works, and what it would say to other computers."""

from dataclasses import asdict

import typer

from ferdash.cli.output import JsonFlag, console, escape, print_json, stderr
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import counted

MARKS = {"good": "[green]✓[/green]", "note": "[yellow]i[/yellow]", "failed": "[red]✗[/red]"}


def register(app: typer.Typer) -> None:
    """Add `ferdash doctor`."""
    app.command("doctor")(doctor)


def doctor(json_output: JsonFlag = False) -> None:
    """Check versions, devices, folders, network, camera, and models and detector against stored answers.

    Exit status 1 when something does not work. Nothing is changed and nothing is asked of the network.
    """
    from ferdash.diagnosis import State, checks

    found, area = [], ""
    with stderr.status("looking"):
        for check in checks(data_root(), checkpoints_root()):
            found.append(check)
            if json_output:
                continue
            if check.area != area:
                area = check.area
                console.print(f"\n[bold]{area}[/bold]")
            advice = f"\n    {escape(check.advice)}" if check.advice else ""
            console.print(
                f"  {MARKS[check.state]} {escape(check.name)}: {escape(check.found)}{advice}", highlight=False
            )
    failed = [check for check in found if check.state == State.FAILED]
    if json_output:
        print_json({"works": not failed, "checks": [asdict(check) for check in found]})
    elif failed:
        console.print(f"\n[red]{counted(len(failed), 'check')} failed[/red]: {', '.join(one.name for one in failed)}.")
    else:
        console.print("\nEverything that was checked works.")
    if failed:
        raise typer.Exit(1)
