"""Training fold models that the search did not keep again, from the recorded seed."""

from __future__ import annotations

import math
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.ensembles.progress import Tally
from hpo.ensembles.training_again import Training, training_again
from hpo.study.terms import terms_of
from hpo.training.evaluation import Evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.progress import RefitProgress
    from hpo.placement.bench import Bench
    from hpo.placement.jobs import Workshop
    from hpo.study.study import Study
    from hpo.study.terms import Terms
    from hpo.task import Params

TOLERANCE = 1e-4
"""Scores are the same if their relative difference is at most this."""


class OtherScoreWarning(UserWarning):
    """A trial that was trained again has a different score than in the search."""


@dataclass(frozen=True)
class Retrained:
    """The result of training a trial again.

    Attributes:
        member: The trial.
        score: Its score now.
        recorded: Its score in the search.
    """

    member: Member
    score: float
    recorded: float


def is_the_same(score: float, recorded: float) -> bool:
    """Whether a score is that of the search, up to rounding; on a CPU it is."""
    return math.isclose(score, recorded, rel_tol=TOLERANCE, abs_tol=1e-9)


@dataclass(frozen=True)
class _Job:
    """A trial whose folds are trained again.

    Attributes:
        member: The trial.
        study: Its study.
        params: Its configuration.
        seed: The seed of its weights and batches.
        n_epochs: How many epochs it was trained in the search.
        recorded: Its score in the search.
    """

    member: Member
    study: Terms
    params: Params
    seed: int
    n_epochs: int
    recorded: float

    def do(self, bench: Bench, on_epoch: Callable[[], None]) -> tuple[float, dict[str, bytes]]:
        """Train the folds; return the score, and the files of the models by name."""
        task, data = bench.data.task, bench.data.searched
        way = bench.terms.settings.cv_for(task)
        with (
            training_again(self.study, self.member.trial, self.seed),
            tempfile.TemporaryDirectory() as folder,
        ):
            result = bench.keep("folds", lambda: Evaluator(task, data, way)).evaluate(
                self.params,
                seed=self.seed,
                report=lambda _report: on_epoch(),
                keep_models=lambda _score: Path(folder),
            )
            return result.score, {path.name: path.read_bytes() for path in Path(folder).iterdir()}


class _Retraining(Training):
    """Stores the models that are trained.

    Attributes:
        results: What was trained.
    """

    refit = False

    def __init__(self, studies: Mapping[str, Study], tally: Tally) -> None:
        super().__init__(studies, tally)
        self.results: list[Retrained] = []

    def store(self, job: _Job, result: tuple[float, dict[str, bytes]]) -> None:
        """Store the models of a trial."""
        score, models = result
        stored = self.studies[job.member.study].files
        stored.write_models(job.member.trial, models)
        stored.publish_trial(job.member.trial)
        self.results.append(Retrained(job.member, score, job.recorded))


def train_missing(
    studies: Mapping[str, Study],
    members: Collection[Member],
    n_folds: int,
    workshop: Workshop,
    on_progress: Callable[[RefitProgress], None] = lambda _progress: None,
) -> list[Retrained]:
    """Train the folds of members that lack models again, and store the models.

    If a score differs from that of the search, as may happen on a GPU or with another version of a
    library, an :class:`OtherScoreWarning` is issued: the weights of an ensemble were then chosen on
    the predictions of slightly different models.

    Args:
        studies: The studies by name.
        members: The trials that need their models.
        n_folds: How many models each of them has.
        workshop: Where they are trained.
        on_progress: Called after every epoch of all folds, and after every trial.

    Returns:
        The results of those trials that were trained again.

    Raises:
        HPOError: A trial cannot be trained again.
    """
    missing = [
        _job(studies[member.study], member)
        for member in sorted(members)
        if len(studies[member.study].files.model_paths(member.trial)) != n_folds
    ]
    tally = Tally(
        on_progress,
        len(missing),
        sum(job.n_epochs for job in missing),
        several=len(studies) > 1,
    )
    retraining = _Retraining(studies, tally)
    workshop.run(missing, retraining)
    results = sorted(retraining.results, key=lambda result: result.member)
    for result in results:
        if not is_the_same(result.score, result.recorded):
            warnings.warn(
                f"{result.member}, trained again, has a score of {result.score:.6g}, not of "
                f"{result.recorded:.6g} as in the search",
                OtherScoreWarning,
                stacklevel=2,
            )
    return results


def _job(study: Study, member: Member) -> _Job:
    trial = study.trials[member.trial]
    return _Job(
        member,
        terms_of(study),
        trial.params,
        trial.seed or 0,
        trial.epochs_trained or 0,
        float(trial.score or 0.0),
    )
