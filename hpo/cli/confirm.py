"""``hpo confirm``: evaluate the best configurations of a study again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, printed_to_stderr
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
    """Evaluate the best configurations of STUDY again.

    Each is evaluated with new seeds and new splits of the data, since the best of many scores is
    partly luck. After this command, `best` in `hpo show`, `hpo run` and the report means the best
    confirmed score. Finished evaluations are kept: if you stop the command, run it again to
    continue. The test set stays untouched.
    """
    import hpo
    from hpo.cli.display import resumable, screen
    from hpo.cli.display.models import ConfirmDisplay
    from hpo.support.quiet import import_keras

    opened = hpo.load_study(study, arguments["runs"])  # reports a wrong name before the long import
    import_keras(opened.settings.backend)
    with printed_to_stderr(when=as_json), screen() as shown_on:
        display = ConfirmDisplay(shown_on, opened.settings.objective)
        with resumable(display):
            confirmation = hpo.confirm(opened, on_progress=display, **arguments)
    if as_json:
        print_json(confirmation.to_json(opened.name))
    else:
        _print_result(confirmation, opened.settings.objective)
    if confirmation.best is None:
        raise hpo.HPOError(
            f"no configuration of study {opened.name!r} was confirmed; the last one failed with: "
            f"{confirmation.configurations[-1].reason}"
        )


def _print_result(confirmation: Confirmation, metric: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="", pad_edge=False)
    for heading in ("trial", "first", "confirmed", "std error", "parameters"):
        table.add_column(heading, justify="right")
    for one in _in_order(confirmation):
        table.add_row(
            str(one.number),
            formats.number(one.first),
            "failed" if one.score is None else formats.number(one.score),
            "" if one.score is None or one.std_error is None else formats.number(one.std_error),
            "" if one.model_size is None else formats.size(one.model_size),
        )
    anew = "new seeds and new splits of the data" if confirmation.new_cuts else "new seeds"
    echo(f"{metric}, evaluated again {formats.times(confirmation.repeats)} with {anew}:")
    Console(soft_wrap=True, highlight=False).print(table)
    if confirmation.best is not None:
        echo(f"best: trial {confirmation.best.number}{_against_first(confirmation)}")
    smallest = confirmation.one_standard_error
    if smallest is not None:
        size = f"{formats.size(smallest.model_size)} parameters"
        echo(f"smallest within one standard error: trial {smallest.number}, {size}")
    if not confirmation.new_cuts:
        echo("the task's data cannot be split differently, so only the seeds were new")
    for one in confirmation.configurations:
        if one.reason:
            echo(f"trial {one.number} failed: {one.reason}")


def _in_order(confirmation: Confirmation) -> list[Confirmed]:
    """The best confirmed score first, those that failed last."""
    failed = [one for one in confirmation.configurations if one.score is None]
    return [*confirmation.ranking, *failed]


def _against_first(confirmation: Confirmation) -> str:
    first = confirmation.configurations[0]
    if first is confirmation.best:
        return ", as in the search"
    return f"; in the search it was trial {first.number}"
