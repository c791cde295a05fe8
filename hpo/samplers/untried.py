"""Keeps a sampler from configurations that a study knows already, as long as there are others.

Samplers that draw from a distribution come back to what they liked, and where the space is small
most trials would be spent on what is known. So a configuration is drawn as a whole before it is
asked for, and drawn again where it is known; at last one is taken at random. Where some number
that always applies is continuous, no configuration comes twice, and nothing is done.
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

_ATTEMPTS = 10
_DRAWS = 200


class UntriedSampler(BaseSampler):
    """Asks a sampler until it names a configuration that the study does not know.

    Args:
        sampler: The sampler.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All of the study's space where it has few configurations, else what the sampler wants."""
        axes = axes_of(study)
        if _is_coarse(axes):
            return {axis.name: axis.distribution for axis in axes.axes}
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A configuration, or what the sampler draws together."""
        axes = axes_of(study)
        if not _is_coarse(axes):
            return self._sampler.sample_relative(study, trial, search_space)
        tried = known(study, besides=trial.number)
        drawn: dict[str, Any] = {}
        for _ in range(_ATTEMPTS):
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
        """What the sampler draws."""
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
        """The configuration that a trial of Optuna's would get from the sampler."""
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


def _is_coarse(axes: Axes) -> bool:
    """Whether configurations may come twice: no number that always applies is continuous."""
    return all(axis.n_values is not None for axis in axes.axes if not axis.conditions)


def _at_random(
    study: optuna.Study, trial: FrozenTrial, axes: Axes, tried: set[Key]
) -> dict[str, Any] | None:
    """A configuration that is not known; None where there is none."""
    rng = np.random.default_rng([study_seed(study, 0), trial.number])
    fixed = queued(trial)
    for codes in axes.from_unit(rng.random((_DRAWS, len(axes.searched)))):
        drawn = applicable(axes, axes.decode(codes) | fixed)
        if key(drawn) not in tried:
            return drawn
    values = all_values(axes)
    if values is None:
        return None
    left = combinations(axes, values | {name: [value] for name, value in fixed.items()})
    return next((one for one in left if key(one) not in tried), None)
