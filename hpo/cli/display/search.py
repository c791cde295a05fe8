"""What is shown of a search: its trials as they end, and what every worker does."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpo.cli.display.screen import Bar, Row
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
    WorkerPlaced,
)
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.cli.display.screen import Screen
    from hpo.study.study import Study


@dataclass(frozen=True)
class _Running:
    """The trial of a worker: since when it runs, and how far it is."""

    trial: int
    began: float
    epoch: str = ""
    fold: str = ""
    score: str = ""


class SearchDisplay:
    """Shows a search from the moment its study is open.

    Args:
        screen: Where to.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.bar: Bar | None = None
        self._workers: dict[str, _Running | None] = {}
        self._nodes: dict[str, str] = {}
        self._warnings: set[str] = set()

    def open(self, study: Study) -> None:
        """Show how far a study is."""
        self._study = study
        self._metric = study.settings.objective
        self.bar = _bar(study)
        self.screen.update(self.bar)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case WorkerPlaced():
                self._nodes[event.worker] = event.node
            case TrialStarted():
                self._workers[event.worker] = _Running(event.number, time.monotonic())
            case EpochEnded():
                epoch = f"epoch {event.epoch}/{event.epochs}"
                score = f"{self._metric} {formats.number(event.score)}"
                self._advance(event.worker, epoch=epoch, score=score)
            case FoldEnded():
                self._advance(event.worker, fold=f"fold {event.fold}/{event.folds}")
            case TrialEnded():
                self._workers[event.worker] = None
                self._finish(event)
            case Warned():
                self._warn(event.message)
            case WorkerLeft():
                self._workers.pop(event.worker, None)
            case WorkerFailed():
                self._workers.pop(event.worker, None)
                self.screen.note(f"hpo: {event.message}")
            case SearchStopping():
                self.screen.note(_stopping(event))
        self._update()

    def _update(self) -> None:
        if self.bar is not None:
            self.screen.update(self.bar, self._rows())

    def _advance(self, worker: str, *, epoch: str = "", fold: str = "", score: str = "") -> None:
        running = self._workers.get(worker)
        if running is not None:
            self._workers[worker] = replace(
                running,
                epoch=epoch or running.epoch,
                fold=fold or running.fold,
                score=score or running.score,
            )

    def _finish(self, event: TrialEnded) -> None:
        self.bar = _bar(self._study)
        took = formats.duration(event.seconds)
        self.screen.finish(
            f"{_outcome(event, self._metric)}  {took}",
            self.bar,
            self._rows(),
            bad=event.state in ("failed", "interrupted"),
        )

    def _warn(self, message: str) -> None:
        if message not in self._warnings:  # every worker may have the same one
            self._warnings.add(message)
            self.screen.note(f"hpo: {message}")

    def _rows(self) -> list[Row]:
        running = [(name, trial) for name, trial in self._workers.items() if trial is not None]
        several = len(self._workers) > 1
        return [
            Row(
                (
                    self._called(worker, place) if several else "",
                    f"trial {now.trial}",
                    now.epoch,
                    now.fold,
                    now.score,
                ),
                now.began,
            )
            for place, (worker, now) in enumerate(running, start=1)
        ]

    def _called(self, worker: str, place: int) -> str:
        node = self._nodes.get(worker)
        return f"worker {place} on {node}" if node else f"worker {place}"


def _bar(study: Study) -> Bar:
    best = study.best
    detail = "" if best is None else f"best {formats.number(best.score)}"
    return Bar(study.name, study.n_finished, study.target, "trials", detail)


def _outcome(event: TrialEnded, metric: str) -> str:
    trial = f"trial {event.number}"
    match event.state:
        case "complete":
            return f"{trial}  {metric} {formats.number(event.score)}"
        case "pruned":
            return f"{trial} pruned {event.reason}"
        case "interrupted":
            return f"{trial} interrupted; it will be tried again"
        case _:
            return f"{trial} failed: {event.reason}"


def _stopping(event: SearchStopping) -> str:
    if not event.trials_run:
        return event.reason
    return f"{event.reason}: finishing the running epoch; Ctrl-C stops at once"
