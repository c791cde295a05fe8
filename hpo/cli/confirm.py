"""``hpo confirm``: evaluate the best configurations of a study again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.options import ConfirmOptions
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.study.confirmation import Confirmation, Confirmed


@click.command("confirm")
@click.argument("study")
@options.flags(ConfirmOptions)
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(study: str, *, as_json: bool, **arguments: Any) -> None:
    """Evaluate the best configurations of STUDY again, with new seeds and new cuts of the data.

    The best of many scores is a lucky one too. After this command, `best` means the best of the
    confirmed scores in `hpo show`, `hpo run` and the report. Evaluations are kept as they end, so a
    command that was stopped goes on when run again. The test set is not looked at.
    """
    import hpo
    from hpo.cli.display import resumable, screen
    from hpo.cli.display.models import ConfirmDisplay
    from hpo.cli.output import printed_to_stderr
    from hpo.support.quiet import import_keras

    opened = hpo.load_study(study, arguments["runs"])  # a wrong name is told before the long import
    import_keras()
    with printed_to_stderr(when=as_json), screen() as shown_on:
        display = ConfirmDisplay(shown_on, opened.settings.objective)
        with resumable(display):
            found = hpo.confirm(opened, on_progress=display, **arguments)
    if as_json:
        print_json(found.to_json(opened.name))
    else:
        _print_result(found, opened.settings.objective)
    if found.best is None:
        raise hpo.HPOError(
            f"no configuration of study {opened.name!r} was confirmed; the last one failed with: "
            f"{found.configurations[-1].reason}"
        )


def _print_result(found: Confirmation, metric: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="", pad_edge=False)
    for heading in ("trial", "first", "confirmed", "std error", "parameters"):
        table.add_column(heading, justify="right")
    for one in _in_order(found):
        table.add_row(
            str(one.number),
            formats.number(one.first),
            "failed" if one.score is None else formats.number(one.score),
            "" if one.score is None or one.std_error is None else formats.number(one.std_error),
            "" if one.model_size is None else formats.size(one.model_size),
        )
    anew = "new seeds and new splits of the data" if found.new_cuts else "new seeds"
    click.echo(f"{metric}, evaluated again {formats.times(found.repeats)} with {anew}:")
    Console(soft_wrap=True, highlight=False).print(table)
    if found.best is not None:
        click.echo(f"best: trial {found.best.number}{_against_first(found)}")
    smallest = found.one_standard_error
    if smallest is not None:
        size = f"{formats.size(smallest.model_size)} parameters"
        click.echo(f"smallest within one standard error: trial {smallest.number}, {size}")
    if not found.new_cuts:
        click.echo("the data cannot be split anew, so only the seeds differed")
    for one in found.configurations:
        if one.reason:
            click.echo(f"trial {one.number} failed: {one.reason}")


def _in_order(found: Confirmation) -> list[Confirmed]:
    """The best confirmed score first, those that failed last."""
    failed = [one for one in found.configurations if one.score is None]
    return [*found.ranking, *failed]


def _against_first(found: Confirmation) -> str:
    first = found.configurations[0]
    if first is found.best:
        return ", as in the search"
    return f"; in the search it was trial {first.number}"
