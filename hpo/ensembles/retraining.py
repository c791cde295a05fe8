"""Fold models that the search did not keep, trained again from the recorded seed."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.ensembles.progress import Tally, errors_of_training
from hpo.training.evaluation import Evaluator
from hpo.training.memory import freed_after
from hpo.training.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.progress import RefitProgress
    from hpo.study.study import Study
    from hpo.task import Data, Task
    from hpo.training.evaluation import Evaluation

TOLERANCE = 1e-4
"""Scores that differ by a smaller share are the same."""


class OtherScoreWarning(UserWarning):
    """A trial that was trained again came to another score than in the search."""


@dataclass(frozen=True)
class Retrained:
    """What training a trial again came to.

    Attributes:
        member: The trial.
        score: Its score now.
        recorded: Its score in the search.
    """

    member: Member
    score: float
    recorded: float

    @property
    def is_the_same(self) -> bool:
        """Whether the score is that of the search; on a CPU it is."""
        return is_the_same(self.score, self.recorded)


def is_the_same(score: float, recorded: float) -> bool:
    """Whether a score is that of the search, up to rounding."""
    return math.isclose(score, recorded, rel_tol=TOLERANCE, abs_tol=1e-9)


def train_missing(
    studies: Mapping[str, Study],
    task: Task,
    data: Data,
    members: Collection[Member],
    on_progress: Callable[[RefitProgress], None] = lambda _progress: None,
) -> list[Retrained]:
    """Train the folds of those members again that lack models, and keep their models.

    Where a score comes out otherwise than in the search, as may happen on a GPU or with another
    version of a library, an :class:`OtherScoreWarning` is given: the weights of an ensemble were
    then chosen on the predictions of slightly other models.

    Args:
        studies: The studies by name.
        task: Their task.
        data: The data they searched on.
        members: Trials that shall have their models.
        on_progress: Told after every epoch of all folds, and after every trial.

    Returns:
        What the trials came to that were trained.

    Raises:
        HPOError: A trial cannot be trained any more.
    """
    first = next(iter(studies.values()))
    evaluator = Evaluator(task, data, first.settings.cv_for(task))
    missing = [
        member
        for member in sorted(members)
        if len(studies[member.study].model_paths(member.trial)) != len(evaluator.splits)
    ]
    trials = {member: studies[member.study].trials[member.trial] for member in missing}
    wanted = sum(trial.epochs_trained or 0 for trial in trials.values())
    tally = Tally(on_progress, len(missing), wanted)
    found = []
    for member, trial in trials.items():
        tally.begin(trial.number, trial.seed or 0, trial.epochs_trained or 0)
        evaluation = _train(studies[member.study], evaluator, member, tally.count_epoch)
        found.append(Retrained(member, evaluation.score, float(trial.score or 0.0)))
        tally.end()
        if not found[-1].is_the_same:
            warnings.warn(
                f"{member}, trained again, came to {evaluation.score:.6g} and not to "
                f"{trial.score:.6g} as in the search",
                OtherScoreWarning,
                stacklevel=2,
            )
    return found


def _train(
    study: Study, evaluator: Evaluator, member: Member, on_epoch: Callable[[], None]
) -> Evaluation:
    trial = study.trials[member.trial]
    directory = study.trial_directory(member.trial)
    errors = errors_of_training(
        f"training the folds of {member} again",
        diverged="though it trained well in the search. Has the task changed?",
    )
    with errors, freed_after(), precision(study.settings.precision):
        return evaluator.evaluate(
            trial.params,
            seed=trial.seed or 0,
            report=lambda _told: on_epoch(),
            keep_models=lambda _score: directory,
        )
