"""Configurations as a whole: which there are, and which of them a study knows already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import FloatDistribution, IntDistribution

from hpo.space.conditions import all_hold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from optuna.distributions import BaseDistribution

    from hpo.space.axes import Axes, Axis

MOST_VALUES = 10
"""A numeric parameter without a step and with more values than this is thinned out."""
THINNED = 5
"""To how many values it is."""


Values = dict[str, list[Any]]
"""The values of every parameter by its name."""

Key = tuple[tuple[str, str], ...]
"""What equal configurations have in common."""


def all_values(axes: Axes) -> Values | None:
    """All values of all parameters; None where one has more than can be listed."""
    listed = {axis.name: axis.values for axis in axes.axes if axis.values is not None}
    return listed if len(listed) == len(axes) else None


def combinations(axes: Axes, values: Values) -> Iterator[dict[str, Any]]:
    """All combinations of values, each with the parameters that apply."""
    yield from _continued(axes, values, {})


def are_at_least(axes: Axes, values: Values, n: int) -> bool:
    """Whether there surely are so many combinations, without counting them."""
    return math.prod(len(values[axis.name]) for axis in axes.axes if not axis.conditions) >= n


def key(params: Mapping[str, Any]) -> Key:
    """What equal configurations have in common; numbers may differ by rounding."""
    return tuple(
        sorted(
            (name, f"{value:.10g}" if isinstance(value, float) else repr(value))
            for name, value in params.items()
        )
    )


def applicable(axes: Axes, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of values for all parameters those that apply."""
    chosen: dict[str, Any] = {}
    for axis in axes.axes:
        if all_hold(axis.conditions, chosen):
            chosen[axis.name] = values[axis.name]
    return chosen


def is_partial(axes: Axes, values: Mapping[str, Any]) -> bool:
    """Whether values lack one of a parameter that applies."""
    return any(all_hold(axis.conditions, values) and axis.name not in values for axis in axes.axes)


def _continued(
    axes: Axes, values: Values, begun: dict[str, Any], place: int = 0
) -> Iterator[dict[str, Any]]:
    if place == len(axes):
        yield begun
        return
    axis = axes.axes[place]
    if not all_hold(axis.conditions, begun):
        yield from _continued(axes, values, begun, place + 1)
        return
    for value in values[axis.name]:
        yield from _continued(axes, values, {**begun, axis.name: value}, place + 1)


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
