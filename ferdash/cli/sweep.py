"""`ferdash sweep`: search for better settings, in as many processes as there are, and show what was found."""

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json, print_table, say
from ferdash.paths import checkpoints_root, data_root, studies_url
from ferdash.wording import counted, percent

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from ferdash.runs.store import Run
    from ferdash.runs.studies import Study, Trial
    from ferdash.training.sweep_plan import Plan

WIDE = 130
"""Columns of a terminal from which on there is room for whole run ids."""

RECIPE, SPACE = "fernet_quick", "focus"

ONE_SEED = (
    "Each trial is one run from one seed, so trials whose scores are close may well swap places with another. Before "
    "relying on one, repeat it with several seeds."
)


def register(app: typer.Typer) -> None:
    """Add `ferdash sweep`."""
    app.command("sweep")(sweep)


def sweep(
    study: Annotated[str, typer.Option(help="Name of the study; one that is there is gone on with.")] = "",
    trials: Annotated[int, typer.Option(min=1, help="How many trials the study shall have, over all processes.")] = 20,
    recipe: Annotated[str, typer.Option(help="Recipe whose settings are varied.", show_default=RECIPE)] = "",
    dataset: Annotated[str, typer.Option(help="Name of an imported dataset.")] = "",
    model: Annotated[str, typer.Option(help="Model reference that each trial starts from.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of each trial.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One setting that is the same for all trials; may be repeated.")
    ] = None,
    space: Annotated[
        str, typer.Option(help="What to vary: focus, optimizer or augment.", show_default="focus, or --vary alone")
    ] = "",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="Vary one setting, as optimizer.lr=1e-4..1e-2:log or schedule.name=a|b; may be repeated."),
    ] = None,
    sampler: Annotated[Literal["tpe", "nsga2"] | None, typer.Option(help="Sampler.", show_default="tpe")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the sampler.", show_default="0")] = None,
    storage: Annotated[
        str, typer.Option(help="Address of the database.", show_default="$FERDASH_STUDIES, or checkpoints/studies.db")
    ] = "",
    show: Annotated[bool, typer.Option("--show", help="Train nothing; print the study, or the list of them.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Search for settings with high accuracy and a high F1 of the worst emotion, on validation.

    Each trial is an ordinary run. The same command in another terminal, or on another machine with the same --storage,
    helps with the same study. Ctrl-C saves the present trial; the same command resumes. Nothing is pruned: Optuna
    prunes with one objective only.
    """
    from ferdash.runs import studies

    studies.require_optuna()
    url = storage or studies_url()
    if show:
        _show(url, study, json_output)
        return
    asked = None
    if any([not study, recipe, dataset, model, epochs, settings, space, vary, sampler, seed is not None]):
        asked = _plan(recipe, dataset, model, epochs, settings or [], space, vary or [], sampler, seed)
        study = study or _new_name(recipe or RECIPE, space, vary)
    elif study not in studies.list_studies(url):
        asked = _plan(recipe, dataset, model, epochs, [], space, [], sampler, seed)
    _search(url, study, asked, trials, again=_command(study, trials, storage), quiet=json_output)
    if json_output:
        print_json(_as_json(url, studies.read_study(url, study)))


def _plan(
    recipe: str,
    dataset: str,
    model: str,
    epochs: int | None,
    settings: list[str],
    space: str,
    vary: list[str],
    sampler: str | None,
    seed: int | None,
) -> "Plan":
    from ferdash.training import continuation, sweep_plan
    from ferdash.training.config import override
    from ferdash.training.recipes import get_recipe
    from ferdash.training.spaces import get_space

    chosen = get_recipe(recipe or RECIPE)
    named = get_space(space or SPACE) if space or not vary else None
    # The best epoch is that with both scores high, as the study wants them.
    own = ["evaluation.select=balanced", *(named.settings if named else ())]
    own += [f"dataset={dataset}"] if dataset else []
    own += [] if epochs is None else [f"epochs={epochs}"]
    base = override(chosen.config(), own + settings)
    before = model or continuation.predecessor(chosen, base.dataset, checkpoints=checkpoints_root())
    base = override(base, [f"start_from={before}"]) if before else base
    texts = [*(named.vary if named else ()), *vary]
    return sweep_plan.make_plan(base, texts, sampler=sampler or "tpe", seed=seed or 0, data=data_root())  # type: ignore[arg-type]


def _new_name(recipe: str, space: str, vary: list[str] | None) -> str:
    import secrets

    return f"{recipe.replace('_', '-')}-{space or ('own' if vary else SPACE)}-{secrets.token_hex(2)}"


def _command(study: str, trials: int, storage: str) -> str:
    parts = ["ferdash", "sweep", "--study", study, "--trials", str(trials)]
    if not storage:
        return shlex.join(parts)
    from ferdash.runs.studies import database_errors, without_password

    with database_errors(storage):
        return shlex.join([*parts, "--storage", without_password(storage)])


def _search(url: str, name: str, asked: "Plan | None", trials: int, *, again: str, quiet: bool) -> None:
    from ferdash.cli.train import Bars, stop_on_interrupt
    from ferdash.runs.studies import read_study
    from ferdash.training import sweep, sweep_plan

    study, plan = sweep_plan.join(url, name, asked, data=data_root())
    control = stop_on_interrupt()
    say(
        f"Study [bold]{escape(name)}[/bold], in {escape(_address(url))}. To help from another terminal: {escape(again)}"
    )
    with Bars() as bars:
        sweep.search(
            study,
            plan,
            url=url,
            trials=trials,
            data=data_root(),
            checkpoints=checkpoints_root(),
            control=control,
            on_start=lambda number, run: _say_start(number, trials, run, plan),
            on_progress=bars.update,
            on_end=_say_end,
        )
    found = read_study(url, name)
    if control.stop.is_set():
        say(f"Stopped; the present trial is saved and put back. Resume with: {escape(again)}")
    elif at_work := [trial for trial in found.trials if trial.state == "running"]:
        say(f"{counted(len(at_work), 'trial')} of {len(found.trials):,} still at work in other processes.")
    if not quiet:
        _print(found)


def _say_start(number: int, trials: int, run: "Run", plan: "Plan") -> None:
    from ferdash.records import flatten
    from ferdash.runs.studies import short_names

    config = flatten(run.record["config"])
    names = short_names([vary.path for vary in plan.vary])
    drawn = _settings_text({path: config[path] for path in names}, names)
    say(f"Trial {number} of {trials} ({drawn}), run {run.id}")


def _say_end(trial: "FrozenTrial") -> None:
    from ferdash.runs.studies import ERROR

    if trial.values:
        say(f"  accuracy {percent(trial.values[0])}, worst emotion's F1 {trial.values[1]:.3f}")
    else:
        say(f"  [red]failed:[/red] {escape(str(trial.user_attrs.get(ERROR, 'its process died')))}")


def _show(url: str, name: str, json_output: bool) -> None:
    from ferdash.runs.studies import list_studies, read_study

    if name:
        study = read_study(url, name)
        if json_output:
            print_json(_as_json(url, study))
        else:
            _print(study)
        return
    names = list_studies(url)
    if json_output:
        print_json({"storage": _address(url), "studies": names})
    elif names:
        console.print("\n".join(names), highlight=False, markup=False)
    else:
        say("No study yet. Start with: ferdash sweep --study first --trials 10")


def _print(study: "Study") -> None:
    from ferdash.runs.studies import short_names

    names = short_names(study.varied)
    table = Table(
        "",
        "trial",
        "state",
        "accuracy",
        "worst F1",
        "settings",
        "run",
        title=f"Study {study.name}",
        title_justify="left",
    )
    for trial in sorted(study.trials, key=lambda trial: (-(trial.accuracy or -1.0), trial.number)):
        table.add_row(*map(escape, _cells(trial, names)))
    print_table(table)
    if study.front:
        console.print(
            f"◆ {counted(len(study.front), 'trial')} of {len(study.finished):,} on the Pareto front: no other is "
            f"better in one score without being worse in the other. {ONE_SEED}",
            highlight=False,
        )


def _cells(trial: "Trial", names: dict[str, str]) -> list[str]:
    return [
        "◆" if trial.on_front else "",
        str(trial.number),
        f"{trial.state}: {trial.error}" if trial.error else trial.state,
        "-" if trial.accuracy is None else percent(trial.accuracy),
        "-" if trial.worst_f1 is None else f"{trial.worst_f1:.3f}",
        _settings_text(trial.settings, names),
        # Every command takes a run by the end of its id.
        trial.run if console.width >= WIDE else trial.run.rpartition("-")[2],
    ]


def _settings_text(settings: dict[str, Any], names: dict[str, str]) -> str:
    return ", ".join(
        f"{names.get(path, path)} {value:.4g}" if isinstance(value, float) else f"{names.get(path, path)} {value}"
        for path, value in settings.items()
    )


def _as_json(url: str, study: "Study") -> dict[str, Any]:
    return {
        "study": study.name,
        "storage": _address(url),
        "definition": study.definition,
        "trials": [asdict(trial) for trial in study.trials],
        "front": [trial.number for trial in study.front],
    }


def _address(url: str) -> str:
    from ferdash.runs.studies import address, database_errors

    with database_errors(url):
        return address(url)
