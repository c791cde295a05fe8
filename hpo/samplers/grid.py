"""Grid search: every combination of values once, in random order.

Choices, and numbers with few values, are tried in full; from a wider range come values spread
evenly, on a logarithmic scale where the parameter has one: its ends and three between. A ``step``
decides otherwise. Parameters that do not apply multiply nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.trial import TrialState

from hpo.errors import UsageError
from hpo.samplers.axes import axes_of
from hpo.samplers.history import failed_by_configuration
from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna

    from hpo.samplers.axes import Axes, Axis
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
    axes, history = question.axes, question.history
    trials = [*history.scored, *history.failed, *history.running]
    tried = {_key(trial.params) for trial in trials}
    values = [grid_values(axis) for axis in axes.axes]
    for _ in range(_DRAWS):
        drawn = {
            axis.name: own[int(question.rng.integers(len(own)))]
            for axis, own in zip(axes.axes, values, strict=True)
        }
        if _key(_applicable(axes, drawn)) not in tried:
            return drawn
    for combination in combinations(axes):
        if _key(combination) not in tried:
            return {axis.name: own[0] for axis, own in zip(axes.axes, values, strict=True)} | (
                combination
            )
    count = sum(1 for _ in combinations(axes))
    raise UsageError(
        f"sampler 'grid': all {count} combinations of the search space have been tried. Stop at "
        f"--trials {count}, give a number a smaller step, or go on with another sampler."
    )


def untried(study: optuna.Study, most: int) -> int:
    """How many combinations have neither been tried nor queued, counted up to ``most``."""
    axes = axes_of(study)
    trials = study.get_trials(deepcopy=False)
    tried = {
        _key(trial.params or trial.system_attrs.get("fixed_params", {}))
        for trial in trials
        if trial.state != TrialState.FAIL or failed_by_configuration(trial)
    }
    left = (1 for combination in combinations(axes) if _key(combination) not in tried)
    return sum(itertools.islice(left, most))


def grid_values(axis: Axis) -> list[Any]:
    """The values of a parameter that a grid tries, in order."""
    codes = axis.codes
    has_step = getattr(axis.distribution, "step", None) not in (None, 1)
    if codes is not None and (axis.is_categorical or has_step or len(codes) <= MOST_VALUES):
        return [axis.decode(code) for code in codes]
    found = [axis.decode(code) for code in np.linspace(0.0, 1.0, THINNED)]
    return list(dict.fromkeys(found))


def combinations(axes: Axes) -> Iterator[dict[str, Any]]:
    """All combinations of values, each with the parameters that apply."""
    yield from _continued(axes, {})


def _continued(axes: Axes, begun: dict[str, Any], place: int = 0) -> Iterator[dict[str, Any]]:
    if place == len(axes):
        yield begun
        return
    axis = axes.axes[place]
    if not _applies(axis, begun):
        yield from _continued(axes, begun, place + 1)
        return
    for value in grid_values(axis):
        yield from _continued(axes, {**begun, axis.name: value}, place + 1)


def _applicable(axes: Axes, values: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for axis in axes.axes:
        if _applies(axis, chosen):
            chosen[axis.name] = values[axis.name]
    return chosen


def _applies(axis: Axis, chosen: dict[str, Any]) -> bool:
    return all(
        name in chosen and condition.holds(chosen[name])
        for name, condition in axis.conditions.items()
    )


def _key(params: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, f"{value:.10g}" if isinstance(value, float) else repr(value))
            for name, value in params.items()
        )
    )
