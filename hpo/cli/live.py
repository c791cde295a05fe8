"""How a search shows itself on a terminal: a bar, and a row for what every worker does."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from hpo.cli.progress import seconds_as_text, stopping_as_text, unscored_as_text
from hpo.search.events import (
    EpochEnded,
    Event,
    FoldEnded,
    SearchStopping,
    TrialEnded,
    TrialStarted,
    Warned,
    WorkerFailed,
    WorkerLeft,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from hpo.study.study import Study


@dataclass(frozen=True)
class _Doing:
    """What a worker does: its trial, since when, and how far it is."""

    trial: int
    began: float
    epoch: str = ""
    fold: str = ""
    score: str = ""


class Live:
    """Shows a bar with the best score and the time left, and a row for every worker.

    Args:
        study: The study that is searched.
        console: Where to; by default standard error.
    """

    def __init__(self, study: Study, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._study = study
        self._metric = study.settings.objective
        self._workers: dict[str, _Doing | None] = {}
        self._warned: set[str] = set()
        self._began = time.monotonic()
        self._had_before = study.counted
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}"),
            TextColumn("{task.fields[left]}"),
        )
        self._bar = self._progress.add_task(
            study.name,
            total=study.wanted,
            completed=self._had_before,
            best=self._best(),
            left="",
        )
        self._live = RichLive(
            console=console or Console(stderr=True),
            get_renderable=self._render,
            refresh_per_second=4,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._workers.clear()
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, TrialStarted):
            self._workers[event.worker] = _Doing(event.number, time.monotonic())
        elif isinstance(event, EpochEnded):
            self._update(
                event.worker, epoch=f"epoch {event.epoch}/{event.epochs}", score=event.score
            )
        elif isinstance(event, FoldEnded):
            self._update(event.worker, fold=f"fold {event.fold}/{event.folds}")
        elif isinstance(event, TrialEnded):
            self._end(event)
        elif isinstance(event, Warned):
            self._warn(event)
        elif isinstance(event, WorkerLeft):
            self._workers.pop(event.worker, None)
        elif isinstance(event, WorkerFailed):
            self._workers.pop(event.worker, None)
            self._print(f"hpo: {event.message}")
        elif isinstance(event, SearchStopping):
            self._print(stopping_as_text(event))

    def _warn(self, event: Warned) -> None:
        if event.message not in self._warned:
            self._warned.add(event.message)  # every worker may tell of it
            self._print(f"hpo: {event.message}")

    def _update(
        self, worker: str, *, epoch: str = "", fold: str = "", score: float | None = None
    ) -> None:
        doing = self._workers.get(worker)
        if doing is None:
            return
        self._workers[worker] = replace(
            doing,
            epoch=epoch or doing.epoch,
            fold=fold or doing.fold,
            score=doing.score if score is None else f"{self._metric} {score:.4g}",
        )

    def _end(self, event: TrialEnded) -> None:
        self._workers[event.worker] = None
        if event.state in ("failed", "interrupted"):
            self._print(unscored_as_text(event))
        self._progress.update(
            self._bar, completed=self._study.counted, best=self._best(), left=self._left()
        )

    def _print(self, line: str) -> None:
        self._live.console.print(line, markup=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        lines = _aligned(list(self._rows()))
        rows = [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines]
        return Group(self._progress, *rows)

    def _rows(self) -> Iterator[tuple[str, ...]]:
        working = [doing for doing in list(self._workers.values()) if doing is not None]
        for place, doing in enumerate(working, start=1):
            worker = f"worker {place}" if len(self._workers) > 1 else ""
            since = seconds_as_text(time.monotonic() - doing.began)
            yield worker, f"trial {doing.trial}", doing.epoch, doing.fold, doing.score, since

    def _best(self) -> str:
        best = self._study.best
        return f"best {best.score:.4g}" if best and best.score is not None else "no score yet"

    def _left(self) -> str:
        had = self._study.counted - self._had_before
        each = (time.monotonic() - self._began) / max(1, had)
        left = max(0, self._study.wanted - self._study.counted)
        return f"{seconds_as_text(each * left)} left"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines with columns below one another; columns without content are left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width
        ).rstrip()
        for row in rows
    ]
