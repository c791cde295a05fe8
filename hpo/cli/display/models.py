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

    def __call__(self, event: ConfirmProgress) -> None:
        """Show how far it is."""
        running = event.seconds is None
        done = event.done + (event.epoch / event.epochs if running and event.epochs else 0)
        self.bar = Bar("confirming", event.done, event.of, "evaluations", part=done / event.of)
        cells = (f"trial {event.trial}", f"repeat {event.repeat}")
        if running:
            row = Row((*cells, f"epoch {event.epoch}/{event.epochs}"))
            self.screen.update(self.bar, [row])
            return
        outcome = (
            f"failed: {event.reason}"
            if event.score is None
            else f"{self._metric} {formats.number(event.score)}"
        )
        took = formats.duration(event.seconds)
        self.screen.finish("  ".join((*cells, outcome, took)), self.bar, bad=event.score is None)


class TrainingDisplay:
    """Shows the training of an ensemble's members.

    Args:
        screen: Where to.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.bar: Bar | None = None

    def __call__(self, event: RefitProgress) -> None:
        """Show how far it is."""
        running = event.seconds is None
        part = event.epochs_done / event.epochs_wanted if event.epochs_wanted else None
        self.bar = Bar("training", event.model - running, event.models, "models", part=part)
        cells = (f"trial {event.trial}", f"seed {event.seed}", formats.count(event.epochs, "epoch"))
        if running:
            self.screen.update(self.bar, [Row(cells)])
            return
        took = formats.duration(event.seconds) if event.seconds else "already trained"
        self.screen.finish("  ".join((*cells, took)), self.bar)
