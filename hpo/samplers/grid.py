"""Grid search: every combination of values once, in random order.

Choices, and numbers with few values, are tried in full; from a wider range come values spread
evenly, on a logarithmic scale where the parameter has one: its ends and three between. A ``step``
(of a whole number above 1) keeps all of up to 1,024 values. Parameters that do not apply multiply
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import FloatDistribution, IntDistribution

from hpo.errors import UsageError
from hpo.samplers.configurations import applicable, combinations, key
from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from hpo.samplers.axes import Axes, Axis
    from hpo.samplers.configurations import Values
    from hpo.samplers.joint import Question

MOST_VALUES = 10
"""A numeric parameter without a step and with more values than this is thinned out."""

THINNED = 5
"""To how many values it is."""

_DRAWS = 200


def make(seed: int) -> JointSampler:
    """Make the sampler, with a seed of its own."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose a combination that has not been tried.

    Raises:
        UsageError: All have been.
    """
    axes, fixed, tried = question.axes, question.fixed, question.known()
    values = values_of(axes) | {name: [value] for name, value in fixed.items()}
    drawn: dict[str, Any] = {}
    for _ in range(_DRAWS):
        drawn = {name: own[int(question.rng.integers(len(own)))] for name, own in values.items()}
        if key(applicable(axes, drawn)) not in tried:
            return drawn
    for combination in combinations(axes, values):
        if key(combination) not in tried:
            return {name: own[0] for name, own in values.items()} | combination
    if fixed:  # queued, and so to be tried in any case
        return drawn
    count = sum(1 for _ in combinations(axes, values))
    raise UsageError(
        f"sampler 'grid': all {count} combinations of the search space have been tried. Stop at "
        f"--trials {count}, give a number a smaller step, or go on with another sampler."
    )


def values_of(axes: Axes) -> Values:
    """The values of every parameter that a grid tries, in order."""
    return {axis.name: grid_values(axis) for axis in axes.axes}


def grid_values(axis: Axis) -> list[Any]:
    """The values of a parameter that a grid tries, in order."""
    values, distribution = axis.values, axis.distribution
    keeps_all = axis.is_categorical or _has_step(distribution)
    if values is not None and (keeps_all or len(values) <= MOST_VALUES):
        return values
    if isinstance(distribution, IntDistribution) and distribution.log:
        found = [round(x) for x in np.geomspace(distribution.low, distribution.high, THINNED)]
    else:
        found = [axis.decode(code) for code in np.linspace(0.0, 1.0, THINNED)]
    return list(dict.fromkeys(found))


def _has_step(distribution: BaseDistribution) -> bool:
    if isinstance(distribution, IntDistribution):
        return distribution.step > 1
    return isinstance(distribution, FloatDistribution) and distribution.step is not None
