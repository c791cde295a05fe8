"""What is shown of models that are trained after a search: confirmed, refitted, or again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.cli.display.screen import Bar, Row
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.cli.display.screen import Screen
    from hpo.ensembles.progress import RefitProgress
    from hpo.search.confirm import ConfirmProgress


class ConfirmDisplay:
    """Shows the evaluations of a confirmation.

    Args:
        screen: Where to.
        metric: What is scored.
    """

    def __init__(self, screen: Screen, metric: str) -> None:
        self.screen = screen
        self.bar: Bar | None = None
        self._metric = metric
        self._running: dict[tuple[int, int], ConfirmProgress] = {}

    def __call__(self, event: ConfirmProgress) -> None:
        """Show how far it is."""
        self._running.pop((event.trial, event.repeat), None)
        if event.seconds is None:
            self._running[event.trial, event.repeat] = event
        running = self._running.values()
        done = event.done + sum(one.epoch / one.epochs for one in running if one.epochs)
        self.bar = Bar("confirming", event.done, event.of, "evaluations", part=done / event.of)
        if event.seconds is None:
            self.screen.update(self.bar, [Row(_cells(one)) for one in running])
            return
        outcome = (
            f"failed: {event.reason}"
            if event.score is None
            else f"{self._metric} {formats.number(event.score)}"
        )
        took = formats.duration(event.seconds)
        cells = (f"trial {event.trial}", f"repeat {event.repeat}", outcome, took)
        self.screen.finish("  ".join(cells), self.bar, bad=event.score is None)


def _cells(event: ConfirmProgress) -> tuple[str, ...]:
    epoch = f"epoch {event.epoch}/{event.epochs}"
    return (f"trial {event.trial}", f"repeat {event.repeat}", epoch)


class TrainingDisplay:
    """Shows the training of an ensemble's members.

    Args:
        screen: Where to.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.bar: Bar | None = None
        self._running: dict[tuple[str, int], Row] = {}

    def __call__(self, event: RefitProgress) -> None:
        """Show how far it is."""
        running = event.seconds is None
        part = event.epochs_done / event.epochs_wanted if event.epochs_wanted else None
        self.bar = Bar("training", event.model - running, event.models, "models", part=part)
        trial = f"{event.study}:{event.trial}" if event.study else str(event.trial)
        cells = (f"trial {trial}", f"seed {event.seed}", formats.count(event.epochs, "epoch"))
        self._running.pop((trial, event.seed), None)
        if running:
            self._running[trial, event.seed] = Row(cells)
            self.screen.update(self.bar, list(self._running.values()))
            return
        took = formats.duration(event.seconds) if event.seconds else "already trained"
        self.screen.finish("  ".join((*cells, took)), self.bar)
