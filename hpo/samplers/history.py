"""What a study has to tell a sampler: scores, failed configurations, trials that still run."""

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
from hpo.study.tried import failed_by_configuration, is_interrupted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optuna
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class History:
    """The trials of a study, by what they are evidence of.

    Attributes:
        scored: Trials with a score.
        scores: Their scores, all to be minimized, all finite; that of a pruned trial is what it
            reported last, yet no better than half of the complete trials.
        failed: Trials that failed through their own configuration.
        running: Trials that still run, the asking one apart.
        begun: How many trials were begun, those that will be tried again and the asking one apart.
    """

    scored: list[FrozenTrial]
    scores: list[float]
    failed: list[FrozenTrial]
    running: list[FrozenTrial]
    begun: int

    @classmethod
    def of(cls, study: optuna.Study, asking: FrozenTrial) -> History:
        """Read what a study has to tell.

        Args:
            study: The study; it has one objective.
            asking: The trial that is to get a configuration.
        """
        direction = direction_of(study)
        trials = [t for t in study.get_trials(deepcopy=False) if t.number != asking.number]
        complete = [
            (t, as_loss(t.values[0], direction)) for t in trials if t.state == TrialState.COMPLETE
        ]
        typical = statistics.median([score for _, score in complete]) if complete else -math.inf
        pruned = [
            (t, max(as_loss(t.intermediate_values[max(t.intermediate_values)], direction), typical))
            for t in trials
            if t.state == TrialState.PRUNED and t.intermediate_values
        ]
        known = sorted(complete + pruned, key=lambda pair: pair[0].number)
        return cls(
            scored=[trial for trial, _ in known],
            scores=_finite([score for _, score in known]),
            failed=[t for t in trials if failed_by_configuration(t)],
            running=[t for t in trials if t.state == TrialState.RUNNING],
            begun=sum(t.state != TrialState.WAITING and not is_interrupted(t) for t in trials),
        )


def study_seed(study: optuna.Study, otherwise: int) -> int:
    """The seed of the whole study, for what must not change from one trial to the next."""
    return int(study.user_attrs.get(FIRST_SEED, otherwise))


def _finite(scores: list[float]) -> list[float]:
    """The scores with the worst finite one for what is infinite or no number."""
    finite = [score for score in scores if math.isfinite(score)]
    worst, best = max(finite, default=0.0), min(finite, default=0.0)
    return [score if math.isfinite(score) else best if score < 0 else worst for score in scores]


def axes_of(study: optuna.Study) -> Axes:
    """The axes of a study: of its search space, or of what all its trials have in common."""
    settings: dict[str, Any] = study.user_attrs.get(SETTINGS, {})
    if "space" in settings:
        return axes_of_space(settings["space"])
    shared = intersection_search_space(
        study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)),
        include_pruned=True,
    )
    return Axes(tuple(Axis(name, distribution) for name, distribution in shared.items()))


def axes_for(study: optuna.Study, search_space: Mapping[str, BaseDistribution]) -> Axes:
    """The axes of the parameters that Optuna wants drawn, with their conditions."""
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
