"""How long work shows itself: bars on a terminal, lines in a pipe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click

from hpo.search.events import Event, SearchStopping, TrialEnded, Warned, WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from hpo.ensembles.progress import RefitProgress
    from hpo.study.study import Study


def seconds_as_text(seconds: float) -> str:
    """A duration as a person says it: ``8.2s``, ``3m05s``, ``1h20m``."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a piece of long work is: a bar on a terminal, nothing in a pipe.

    Args:
        what: What is being done, for people.

    Yields:
        ``(done, of) -> None``, to be called as the work goes on.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(bar, completed=done, total=of)


class Combining:
    """Shows how an ensemble is made: a bar on a terminal, a line per model in a pipe."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bars: dict[str, TaskID] = {}
        self._models = (0, 0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def member(self, done: int, of: int) -> None:
        """Show how many of how many members have predicted the test set."""
        self._show("members predict the test set", done, of)

    def refit(self, told: RefitProgress) -> None:
        """Show how far the members' training is."""
        now = f"trial {told.trial}, model {told.model} of {told.models}"
        if told.epochs_wanted:
            self._show("epochs of training", told.epochs_done, told.epochs_wanted, now)
        if told.seconds is None:
            return
        self._models = (told.model, told.models)
        if self._progress.disable:
            took = seconds_as_text(told.seconds) if told.seconds else "was there"
            place = f"model {told.model}/{told.models}"
            what = f"trial {told.trial}  seed {told.seed}  {told.epochs} epochs"
            click.echo(f"{place}  {what}  {took}", err=True)

    def stopped(self) -> None:
        """Say after Ctrl-C that nothing is lost."""
        self._progress.stop()
        had, of = self._models
        of_all = f" of {of}" if of else ""
        click.echo(
            f"stopped with {had}{of_all} models; run the same command again to go on", err=True
        )

    def _show(self, what: str, done: int, of: int, now: str = "") -> None:
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=of, now=now)
        self._progress.update(self._bars[what], completed=done, now=now)


class Lines:
    """Writes a line to standard error for every trial that ends.

    Args:
        study: The study that is searched.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._metric = study.settings.objective
        self._warned: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, WorkerFailed):
            click.echo(f"hpo: {event.message}", err=True)
        if isinstance(event, Warned) and event.message not in self._warned:
            self._warned.add(event.message)  # every worker may tell of it
            click.echo(f"hpo: {event.message}", err=True)
        if isinstance(event, SearchStopping):
            click.echo(stopping_as_text(event), err=True)
        if isinstance(event, TrialEnded):
            click.echo(f"{self._trial(event)}  ({self._standing()})", err=True)

    def _trial(self, event: TrialEnded) -> str:
        if event.score is None:
            return f"{unscored_as_text(event)}  {seconds_as_text(event.seconds)}"
        score = f"{self._metric} {event.score:.4f}"
        return f"trial {event.number}  {score}  {seconds_as_text(event.seconds)}"

    def _standing(self) -> str:
        best = self._study.best
        had = f"{self._study.counted}/{self._study.wanted} trials"
        return f"best {best.score:.4f}, {had}" if best and best.score is not None else had


def stopping_as_text(event: SearchStopping) -> str:
    """Why a search stops, and how to stop it at once."""
    if not event.trials_run:
        return event.reason
    return f"{event.reason}: the running epoch ends first; Ctrl-C stops at once"


def unscored_as_text(event: TrialEnded) -> str:
    """What became of a trial without a score."""
    if event.state == "interrupted":
        return f"trial {event.number} interrupted; it will be tried again"
    if event.state == "pruned":
        return f"trial {event.number} pruned {event.reason}"
    return f"trial {event.number} failed: {event.reason}"
