"""Whole configurations: all combinations of values, and what makes two of them equal."""

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

MAX_GRID_VALUES = 10
"""A grid tries only some values of a number without a step that has more values than this."""

N_SPREAD_VALUES = 5
"""How many values the grid tries of such a number."""

Values = dict[str, list[Any]]
"""The values of every parameter, by name."""

Key = tuple[tuple[str, str], ...]
"""A configuration as something to compare; see :func:`key`."""


def all_values(axes: Axes) -> Values | None:
    """All values of all parameters; None if one of them has too many to list."""
    listed = {axis.name: axis.values for axis in axes.axes if axis.values is not None}
    return listed if len(listed) == len(axes) else None


def combinations(axes: Axes, values: Values) -> Iterator[dict[str, Any]]:
    """All combinations of values, each with the parameters that apply."""
    yield from _completions(axes, values, {})


def has_at_least(axes: Axes, values: Values, n: int) -> bool:
    """Whether there are certainly ``n`` combinations or more, without counting them."""
    return math.prod(len(values[axis.name]) for axis in axes.axes if not axis.conditions) >= n


def key(params: Mapping[str, Any]) -> Key:
    """What equal configurations have in common; their numbers may differ by rounding."""
    return tuple(
        sorted(
            (name, f"{value:.10g}" if isinstance(value, float) else repr(value))
            for name, value in params.items()
        )
    )


def applicable(axes: Axes, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parameters that apply, out of values for all parameters."""
    chosen: dict[str, Any] = {}
    for axis in axes.axes:
        if all_hold(axis.conditions, chosen):
            chosen[axis.name] = values[axis.name]
    return chosen


def is_partial(axes: Axes, values: Mapping[str, Any]) -> bool:
    """Whether a parameter that applies has no value."""
    return any(all_hold(axis.conditions, values) and axis.name not in values for axis in axes.axes)


def grid_values(axes: Axes) -> Values:
    """The values of every parameter that a grid tries, in order."""
    return {axis.name: grid_values_of(axis) for axis in axes.axes}


def grid_values_of(axis: Axis) -> list[Any]:
    """The values of a parameter that a grid tries, in order."""
    values, distribution = axis.values, axis.distribution
    keeps_all = axis.is_categorical or _has_step(distribution)
    if values is not None and (keeps_all or len(values) <= MAX_GRID_VALUES):
        return values
    if isinstance(distribution, IntDistribution) and distribution.log:
        ends = distribution.low, distribution.high
        spread = [round(value) for value in np.geomspace(*ends, N_SPREAD_VALUES)]
    else:
        spread = [axis.decode(code) for code in np.linspace(0.0, 1.0, N_SPREAD_VALUES)]
    return list(dict.fromkeys(spread))


def _completions(
    axes: Axes, values: Values, partial: dict[str, Any], position: int = 0
) -> Iterator[dict[str, Any]]:
    """All combinations that begin with the values of the axes before a position."""
    if position == len(axes):
        yield partial
        return
    axis = axes.axes[position]
    if not all_hold(axis.conditions, partial):
        yield from _completions(axes, values, partial, position + 1)
        return
    for value in values[axis.name]:
        yield from _completions(axes, values, {**partial, axis.name: value}, position + 1)


def _has_step(distribution: BaseDistribution) -> bool:
    if isinstance(distribution, IntDistribution):
        return distribution.step > 1
    return isinstance(distribution, FloatDistribution) and distribution.step is not None
