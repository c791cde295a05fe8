"""How far the training of an ensemble's members is."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.errors import HPOError, one_line
from hpo.training.stage_run import TrialFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class RefitProgress:
    """How far the training of an ensemble's members has come.

    Attributes:
        trial: The trial whose model is trained.
        seed: Its seed.
        model: The how manieth of all models it is, from 1.
        models: How many models there are.
        epochs: How many epochs it is trained.
        epochs_done: Epochs trained so far, of all models.
        epochs_wanted: Epochs to be trained in all, without those of models that were there.
        seconds: How long the model took, or None while it is being trained; 0 where it was there.
    """

    trial: int
    seed: int
    model: int
    models: int
    epochs: int
    epochs_done: int
    epochs_wanted: int
    seconds: float | None = None


class Tally:
    """Tells how far the training has come.

    Args:
        on_progress: Whom it tells.
        models: How many models there are.
        wanted: Epochs to be trained in all.
    """

    def __init__(
        self, on_progress: Callable[[RefitProgress], None], models: int, wanted: int
    ) -> None:
        self._on_progress = on_progress
        self._models = models
        self._wanted = wanted
        self._place = 0
        self._done = 0

    def begin(self, trial: int, seed: int, epochs: int) -> None:
        """Begin with the next model."""
        self._now = (trial, seed, epochs)
        self._place += 1
        self._began = time.monotonic()
        self._had_before = self._done

    def count_epoch(self) -> None:
        """Count an epoch that was trained."""
        self._done += 1
        self._tell(None)

    def end(self) -> None:
        """End with the model."""
        trained = self._done > self._had_before
        self._tell(time.monotonic() - self._began if trained else 0.0)

    def _tell(self, seconds: float | None) -> None:
        trial, seed, epochs = self._now
        self._on_progress(
            RefitProgress(
                trial=trial,
                seed=seed,
                model=self._place,
                models=self._models,
                epochs=epochs,
                epochs_done=self._done,
                epochs_wanted=self._wanted,
                seconds=seconds,
            )
        )


@contextmanager
def errors_of_training(where: str, *, diverged: str, hint: str = "") -> Iterator[None]:
    """Say of whatever ends a training that went well in the search which training it was.

    Args:
        where: Which.
        diverged: What to add where the loss became NaN or infinite.
        hint: What to add where validation is spoken of.

    Raises:
        HPOError: Something other than the disk ended it.
    """
    try:
        yield
    except TrialFailedError as error:
        raise HPOError(f"{where}: {error}, {diverged}") from error
    except HPOError as error:
        raise HPOError(f"{where}: {error}") from error
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        added = hint if "val_" in str(error) else ""
        raise HPOError(f"{where}: {one_line(error)}.{added}") from error
