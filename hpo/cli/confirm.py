"""``hpo confirm``: evaluate the best configurations of a study again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import click

from hpo.cli import INTERRUPTED, options, print_json
from hpo.cli.progress import seconds_as_text
from hpo.options import ConfirmOptions

if TYPE_CHECKING:
    from rich.progress import TaskID

    from hpo.search.confirm import ConfirmProgress
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
    from hpo.cli.output import printed_to_stderr
    from hpo.support.quiet import import_keras

    opened = hpo.load_study(study, arguments["runs"])  # a wrong name is told before the long import
    import_keras()
    with printed_to_stderr(when=as_json), _Confirming(opened.settings.objective) as show:
        try:
            found = hpo.confirm(opened, on_progress=show, **arguments)
        except KeyboardInterrupt:
            show.stopped()
            raise click.exceptions.Exit(INTERRUPTED) from None
    if as_json:
        print_json(found.to_json(opened.name))
    else:
        _print_result(found, opened.settings.objective)
    if found.best is None:
        raise hpo.HPOError(
            f"no configuration of study {opened.name!r} was confirmed; the last one failed with: "
            f"{found.configurations[-1].reason}"
        )


class _Confirming:
    """Shows how far a confirmation is: a bar on a terminal, a line per evaluation in a pipe.

    Args:
        metric: What is scored.
    """

    def __init__(self, metric: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        console = Console(stderr=True)
        self._metric = metric
        self._done = (0, 0)
        self._bar: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeLeft(),
            TextColumn("[dim]{task.fields[now]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def __call__(self, told: ConfirmProgress) -> None:
        """Show how far it is."""
        self._done = (told.done, told.of)
        now = f"trial {told.trial} epoch {told.epoch}/{told.epochs}"
        if self._bar is None:
            self._bar = self._progress.add_task("evaluations", total=told.of, now=now)
        self._progress.update(self._bar, completed=told.done, now=now)
        if told.seconds is None:
            return
        if self._progress.disable:
            click.echo(self._line(told), err=True)
        elif told.reason:
            self._progress.console.print(self._line(told), markup=False, soft_wrap=True)

    def _line(self, told: ConfirmProgress) -> str:
        what = f"trial {told.trial}  repeat {told.repeat}"
        came_to = f"{self._metric} {told.score:.4f}" if told.score is not None else "failed"
        why = f": {told.reason}" if told.reason else ""
        took = seconds_as_text(told.seconds or 0.0)
        return f"evaluation {told.done}/{told.of}  {what}  {came_to}{why}  {took}"

    def stopped(self) -> None:
        """Say after Ctrl-C that nothing is lost."""
        self._progress.stop()
        had, of = self._done
        click.echo(
            f"stopped with {had} of {of} evaluations; run the same command again to go on", err=True
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
            f"{one.first:.4f}",
            "failed" if one.score is None else f"{one.score:.4f}",
            "" if one.score is None or one.std_error is None else f"{one.std_error:.4f}",
            "" if one.model_size is None else f"{one.model_size:,}",
        )
    times = "once" if found.repeats == 1 else f"{found.repeats} times"
    anew = "new seeds and new cuts of the data" if found.new_cuts else "new seeds"
    click.echo(f"{metric}, evaluated again {times} with {anew}:")
    Console(soft_wrap=True, highlight=False).print(table)
    if found.best is not None:
        click.echo(f"best: trial {found.best.number}{_against_first(found)}")
    smallest = found.one_standard_error
    if smallest is not None:
        size = f"{smallest.model_size:,} parameters"
        click.echo(f"smallest within one standard error: trial {smallest.number}, {size}")
    if not found.new_cuts:
        click.echo("this evaluation cannot cut the data anew, so only the luck of seeds is seen")
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
