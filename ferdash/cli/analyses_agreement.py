"""`ferdash analyses agreement`: how far coders agree with each other and with the model."""

from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json, print_table, say
from ferdash.emotions import EMOTIONS
from ferdash.paths import analyses_root


def agreement(
    analyses: Annotated[
        list[str],
        typer.Argument(help="Analyses of one video (ids or names); ours, imported and coded ones.", show_default=False),
    ],
    person: Annotated[int, typer.Option(min=1, help="Of whom: the number of the person in all of them.")] = 1,
    json_output: JsonFlag = False,
) -> None:
    """Say how far everyone who coded a person agrees with each other and with the model: Cohen's kappa of each two, and
    Krippendorff's alpha of all, with 95% CI by blocks of 5 seconds."""
    from ferdash.analyses.store import find_analysis
    from ferdash.dynamics.agreement import Estimate, document
    from ferdash.exports.agreeing import agreement_of
    from ferdash.exports.results import read_results

    results = [read_results(find_analysis(analyses_root(), text)) for text in analyses]
    found = agreement_of(results, person)
    if json_output:
        print_json({"person": person, **document(found)})
        return

    def words(one: Estimate) -> str:
        if one.value is None:
            return "-"
        return f"{one.value:.2f}" + (f" ({one.interval.low:.2f} to {one.interval.high:.2f})" if one.interval else "")

    console.print(escape(found.sentence), highlight=False)
    table = Table("", "seconds", "same", "all", *EMOTIONS, box=SIMPLE, pad_edge=False)
    table.add_row("alpha of all", f"{found.seconds:.1f}", "", words(found.alpha), *map(words, found.each.values()))
    for pair in found.pairs:
        name = f"kappa of {pair.first} and {pair.second}"
        each = map(words, pair.each.values())
        table.add_row(escape(name), f"{pair.seconds:.1f}", f"{pair.same:.1%}", words(pair.kappa), *each)
    print_table(table)
    say("Of each emotion: this one or not. “-”: only one thing was ever said, which tells nothing.")
