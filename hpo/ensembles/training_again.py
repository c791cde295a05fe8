"""Training a trial of a study again: its folds, or a refit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpo.errors import HPOError, located
from hpo.training.memory import freed_after
from hpo.training.precision import precision
from hpo.training.stage_run import TrialFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.study.terms import Terms

RUN_AGAIN = "Run the same command again to continue: models that are trained are kept."
"""What to do where the process that trained a model is to blame, and not the model."""


@contextmanager
def training_again(study: Terms, trial: int, seed: int, *, refit: bool = False) -> Iterator[None]:
    """Train a trial in the block, under its study's precision, and free the memory afterward.

    Args:
        study: The study.
        trial: The number of the trial.
        seed: The seed it is trained with.
        refit: Whether it is trained on all the training data rather than on its folds.

    Raises:
        HPOError: The training failed, with the trial, the reason and what to do. Errors of the
            disk are raised as they are.
    """
    what = (
        f"study {study.name!r}: trial {trial} cannot be {'refitted' if refit else 'trained again'} "
        f"with seed {seed}"
    )
    try:
        with precision(study.settings.precision), freed_after():
            yield
    except TrialFailedError as error:
        advice = (
            "Make the ensemble without --refit, or search again with a lower learning rate."
            if refit
            else "Has the task changed? If so, search again."
        )
        raise HPOError(f"{what}: {error}, but it trained well in the search. {advice}") from error
    except HPOError as error:
        raise HPOError(f"{what}: {error}") from error
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        hint = ""
        if refit and "val_" in str(error):
            hint = " A refit validates nothing: callbacks should monitor training metrics."
        raise HPOError(f"{what}: {located(error)}.{hint}") from error
