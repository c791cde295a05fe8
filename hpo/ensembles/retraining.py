"""Training fold models that the search did not keep again, from the recorded seed."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.ensembles.progress import Tally
from hpo.ensembles.training_again import training_again
from hpo.training.evaluation import Evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.progress import RefitProgress
    from hpo.study.study import Study
    from hpo.study.trial import Trial
    from hpo.task import Data, Task

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


def train_missing(
    studies: Mapping[str, Study],
    task: Task,
    data: Data,
    members: Collection[Member],
    on_progress: Callable[[RefitProgress], None] = lambda _progress: None,
) -> list[Retrained]:
    """Train the folds of members that lack models again, and store the models.

    If a score differs from that of the search, as may happen on a GPU or with another version of a
    library, an :class:`OtherScoreWarning` is issued: the weights of an ensemble were then chosen on
    the predictions of slightly different models.

    Args:
        studies: The studies by name.
        task: Their task.
        data: The data they searched on.
        members: The trials that need their models.
        on_progress: Called after every epoch of all folds, and after every trial.

    Returns:
        The results of those trials that were trained again.

    Raises:
        HPOError: A trial cannot be trained again.
    """
    first = next(iter(studies.values()))
    evaluator = Evaluator(task, data, first.settings.cv_for(task))
    missing = [
        member
        for member in sorted(members)
        if len(studies[member.study].files.model_paths(member.trial)) != len(evaluator.splits)
    ]
    trials = {member: studies[member.study].trials[member.trial] for member in missing}
    epochs = sum(trial.epochs_trained or 0 for trial in trials.values())
    tally = Tally(on_progress, len(missing), epochs)
    results = []
    for member, trial in trials.items():
        with tally.model(trial.number, trial.seed or 0, trial.epochs_trained or 0) as count_epoch:
            score = _train(studies[member.study], evaluator, trial, count_epoch)
        result = Retrained(member, score, float(trial.score or 0.0))
        results.append(result)
        if not is_the_same(result.score, result.recorded):
            warnings.warn(
                f"{member}, trained again, has a score of {result.score:.6g}, not of "
                f"{result.recorded:.6g} as in the search",
                OtherScoreWarning,
                stacklevel=2,
            )
    return results


def _train(
    study: Study, evaluator: Evaluator, trial: Trial, count_epoch: Callable[[], None]
) -> float:
    """Train the folds of a trial, store their models, and return the score."""
    seed = trial.seed or 0
    with training_again(study, trial.number, seed):
        result = evaluator.evaluate(
            trial.params,
            seed=seed,
            report=lambda _report: count_epoch(),
            keep_models=lambda _score: study.files.trial_directory(trial.number),
        )
        study.files.publish_trial(trial.number)
        return result.score
