"""What a sampler learns from a study: scores, failed configurations and running trials."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial, TrialState

from hpo.scoring.direction import as_loss, direction_of
from hpo.space.axes import Axes, Axis, axes_of_space
from hpo.study.keys import FIRST_SEED, SETTINGS
from hpo.study.trial import retried
from hpo.study.tried import failed_by_configuration, is_interrupted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optuna
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class History:
    """The trials of a study, by what they are evidence of.

    The trial that asks for a configuration is not among them.

    Attributes:
        scored: Trials with a score.
        scores: Their scores, to be minimized and finite. The score of a pruned trial is its last
            report, but no better than the median of the complete trials.
        failed: Trials that failed because of their own configuration.
        running: Trials that are still running.
        begun: Number of trials that have begun, except those that will be tried again.
    """

    scored: list[FrozenTrial]
    scores: list[float]
    failed: list[FrozenTrial]
    running: list[FrozenTrial]
    begun: int

    @classmethod
    def of(cls, study: optuna.Study, asking: FrozenTrial) -> History:
        """The history of a study.

        Args:
            study: The study; it has one objective.
            asking: The trial that asks for a configuration.
        """
        direction = direction_of(study)
        again = retried(study)
        trials = [t for t in study.get_trials(deepcopy=False) if t.number != asking.number]
        complete = [
            (t, as_loss(t.values[0], direction)) for t in trials if t.state == TrialState.COMPLETE
        ]
        median = statistics.median([score for _, score in complete]) if complete else -math.inf
        pruned = [
            (t, max(as_loss(t.intermediate_values[max(t.intermediate_values)], direction), median))
            for t in trials
            if t.state == TrialState.PRUNED and t.intermediate_values
        ]
        pairs = sorted(complete + pruned, key=lambda pair: pair[0].number)
        return cls(
            scored=[trial for trial, _ in pairs],
            scores=_finite([score for _, score in pairs]),
            failed=[t for t in trials if failed_by_configuration(t) and t.number not in again],
            running=[t for t in trials if t.state == TrialState.RUNNING],
            begun=sum(t.state != TrialState.WAITING and not is_interrupted(t) for t in trials),
        )


def study_seed(study: optuna.Study, default: int) -> int:
    """The seed of the whole study, for everything that all its trials must share."""
    return int(study.user_attrs.get(FIRST_SEED, default))


def _finite(scores: list[float]) -> list[float]:
    """The scores, with the best or worst finite one in place of infinity, the worst for NaN."""
    finite = [score for score in scores if math.isfinite(score)]
    worst, best = max(finite, default=0.0), min(finite, default=0.0)
    return [score if math.isfinite(score) else best if score < 0 else worst for score in scores]


def axes_of(study: optuna.Study) -> Axes:
    """The axes of a study: those of its search space, or else those that all its trials share."""
    settings: dict[str, Any] = study.user_attrs.get(SETTINGS, {})
    if "space" in settings:
        return axes_of_space(settings["space"])
    shared = intersection_search_space(
        study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)),
        include_pruned=True,
    )
    return Axes(tuple(Axis(name, distribution) for name, distribution in shared.items()))


def axes_for(study: optuna.Study, search_space: Mapping[str, BaseDistribution]) -> Axes:
    """The axes of the parameters that Optuna asks for, with their conditions."""
    of_study = axes_of(study)
    if {axis.name: axis.distribution for axis in of_study.axes} == dict(search_space):
        return of_study
    known = {axis.name: axis for axis in of_study.axes}
    order = [name for name in known if name in search_space]
    order += [name for name in search_space if name not in known]
    return Axes(
        tuple(
            Axis(name, search_space[name], known[name].conditions if name in known else {})
            for name in order
        )
    )
