"""Keeps a sampler from configurations that a study already knows, as long as there are others.

Samplers that draw from a distribution return to promising configurations, and in a small space
they would spend most trials on known ones. So a configuration is drawn as a whole, and drawn again
if it is known; after several attempts an unknown one is taken at random. If a number that always
applies is continuous, no configuration repeats, and the sampler is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import BaseSampler

from hpo.samplers.history import axes_of, study_seed
from hpo.space.combinations import all_values, applicable, combinations, key
from hpo.space.conditions import all_hold
from hpo.study.tried import known, queued

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

    from hpo.space.axes import Axes
    from hpo.space.combinations import Key

_MAX_ATTEMPTS = 10
_MAX_DRAWS = 200


class UntriedSampler(BaseSampler):
    """Asks a sampler until it draws a configuration that the study does not know.

    Args:
        sampler: The sampler.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All of the study's space if configurations may repeat, else what the sampler infers."""
        axes = axes_of(study)
        if _can_repeat(axes):
            return {axis.name: axis.distribution for axis in axes.axes}
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A whole configuration, or else the values that the sampler draws together."""
        axes = axes_of(study)
        if not _can_repeat(axes):
            return self._sampler.sample_relative(study, trial, search_space)
        tried = known(study, besides=trial.number)
        drawn: dict[str, Any] = {}
        for _ in range(_MAX_ATTEMPTS):
            drawn = self._drawn(study, trial, axes)
            if key(drawn) not in tried:
                return drawn
        return _at_random(study, trial, axes, tried) or drawn

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value that the sampler draws."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Pass it on."""
        self._sampler.before_trial(study, trial)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Pass it on."""
        self._sampler.after_trial(study, trial, state, values)

    def _drawn(self, study: optuna.Study, trial: FrozenTrial, axes: Axes) -> dict[str, Any]:
        """The configuration that one of Optuna's trials would get from the sampler."""
        space = self._sampler.infer_relative_search_space(study, trial)
        together = self._sampler.sample_relative(study, trial, space) | queued(trial)
        drawn: dict[str, Any] = {}
        for axis in axes.axes:
            if not all_hold(axis.conditions, drawn):
                continue
            if axis.n_values == 1:
                value = axis.decode(0.0)
            elif axis.name in together:
                value = together[axis.name]
            else:
                value = self._sampler.sample_independent(study, trial, axis.name, axis.distribution)
            drawn[axis.name] = axis.exact(value)
        return drawn


def _can_repeat(axes: Axes) -> bool:
    """Whether configurations may repeat: no number that always applies is continuous."""
    return all(axis.n_values is not None for axis in axes.axes if not axis.conditions)


def _at_random(
    study: optuna.Study, trial: FrozenTrial, axes: Axes, tried: set[Key]
) -> dict[str, Any] | None:
    """A configuration that the study does not know; None if there is none."""
    rng = np.random.default_rng([study_seed(study, 0), trial.number])
    fixed = queued(trial)
    for codes in axes.from_unit(rng.random((_MAX_DRAWS, len(axes.searched)))):
        drawn = applicable(axes, axes.decode(codes) | fixed)
        if key(drawn) not in tried:
            return drawn
    values = all_values(axes)
    if values is None:
        return None
    remaining = combinations(axes, values | {name: [value] for name, value in fixed.items()})
    return next((params for params in remaining if key(params) not in tried), None)
