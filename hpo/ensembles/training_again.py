"""Training a trial of a study again: its folds, or a refit."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from hpo.errors import HPOError, located
from hpo.training.memory import freed_after
from hpo.training.precision import precision
from hpo.training.stage_run import TrialFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.progress import Tally
    from hpo.placement.jobs import JobLostError
    from hpo.study.study import Study
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


class TrainingJob(Protocol):
    """Something to train again."""

    @property
    def member(self) -> Member:
        """Whose models they are."""

    @property
    def study(self) -> Terms:
        """The study of the member."""

    @property
    def seed(self) -> int:
        """The seed of weights and batches."""

    @property
    def n_epochs(self) -> int:
        """How many epochs are trained."""


class Training(ABC):
    """Hears of what is trained, counts it, and has it stored.

    Args:
        studies: The studies of the members, by name.
        tally: Counts.

    Attributes:
        refit: Whether members are trained on all the training data rather than on their folds.
        studies: The studies of the members, by name.
    """

    refit: bool

    def __init__(self, studies: Mapping[str, Study], tally: Tally) -> None:
        self.studies = studies
        self._tally = tally
        self._began: dict[tuple[Member, int], float] = {}

    @abstractmethod
    def store(self, job: Any, result: Any) -> None:
        """Store what was trained."""

    def wants(self, job: TrainingJob) -> bool:
        """Whether it is still to be done: it is, also after the node that did it was lost."""
        del job
        return True

    def begun(self, job: TrainingJob) -> None:
        """It is being trained."""
        self._began[job.member, job.seed] = time.monotonic()

    def epoch(self, job: TrainingJob) -> None:
        """An epoch was trained."""
        self._tally.count_epoch(job.member, job.seed, job.n_epochs)

    def done(self, job: TrainingJob, result: Any) -> None:
        """It was trained."""
        self.store(job, result)
        seconds = time.monotonic() - self._began[job.member, job.seed]
        self._tally.count_model(job.member, job.seed, job.n_epochs, seconds)

    def lost(self, job: TrainingJob, error: JobLostError) -> None:
        """It cannot be trained."""
        with training_again(job.study, job.member.trial, job.seed, refit=self.refit):
            raise HPOError(f"{error}. {RUN_AGAIN}") from error
