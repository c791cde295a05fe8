"""Grid search: every combination of values once, in random order.

Choices, and numbers with few values, are tried in full; from a wider range come values spread
evenly, on a logarithmic scale where the parameter has one: its ends and three between. A ``step``
(of a whole number above 1) keeps all of up to 1,024 values. Parameters that do not apply multiply
nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import TrialState

from hpo.errors import UsageError
from hpo.samplers.axes import axes_of
from hpo.samplers.history import failed_by_configuration
from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna
    from optuna.distributions import BaseDistribution

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
    fixed = question.fixed
    values = {
        axis.name: [fixed[axis.name]] if axis.name in fixed else grid_values(axis)
        for axis in axes.axes
    }
    drawn: dict[str, Any] = {}
    for _ in range(_DRAWS):
        drawn = {name: own[int(question.rng.integers(len(own)))] for name, own in values.items()}
        if _key(_applicable(axes, drawn)) not in tried:
            return drawn
    for combination in combinations(axes, values):
        if _key(combination) not in tried:
            return {name: own[0] for name, own in values.items()} | combination
    if fixed:  # queued, and so to be tried in any case
        return drawn
    count = sum(1 for _ in combinations(axes))
    raise UsageError(
        f"sampler 'grid': all {count} combinations of the search space have been tried. Stop at "
        f"--trials {count}, give a number a smaller step, or go on with another sampler."
    )


def untried(study: optuna.Study, most: int) -> int:
    """How many combinations have neither been tried nor queued, counted up to ``most``."""
    axes = axes_of(study)
    tried = set()
    partial = 0
    for trial in study.get_trials(deepcopy=False):
        queued = trial.system_attrs.get("fixed_params", {})
        if trial.state == TrialState.WAITING and _is_partial(axes, queued):
            partial += 1  # will be one of the combinations that are counted below
        elif trial.state != TrialState.FAIL or failed_by_configuration(trial):
            tried.add(_key(trial.params or queued))
    left = (1 for combination in combinations(axes) if _key(combination) not in tried)
    return max(0, sum(itertools.islice(left, most + partial)) - partial)


def grid_values(axis: Axis) -> list[Any]:
    """The values of a parameter that a grid tries, in order."""
    codes, distribution = axis.codes, axis.distribution
    keeps_all = axis.is_categorical or _has_step(distribution)
    if codes is not None and (keeps_all or len(codes) <= MOST_VALUES):
        return [axis.decode(code) for code in codes]
    if isinstance(distribution, IntDistribution) and distribution.log:
        found = [round(x) for x in np.geomspace(distribution.low, distribution.high, THINNED)]
    else:
        found = [axis.decode(code) for code in np.linspace(0.0, 1.0, THINNED)]
    return list(dict.fromkeys(found))


def _has_step(distribution: BaseDistribution) -> bool:
    if isinstance(distribution, IntDistribution):
        return distribution.step > 1
    return isinstance(distribution, FloatDistribution) and distribution.step is not None


def combinations(
    axes: Axes, values: dict[str, list[Any]] | None = None
) -> Iterator[dict[str, Any]]:
    """All combinations of values, each with the parameters that apply.

    Args:
        axes: The axes.
        values: The values of each; by default those of a grid.
    """
    yield from _continued(axes, values or {a.name: grid_values(a) for a in axes.axes}, {})


def _continued(
    axes: Axes, values: dict[str, list[Any]], begun: dict[str, Any], place: int = 0
) -> Iterator[dict[str, Any]]:
    if place == len(axes):
        yield begun
        return
    axis = axes.axes[place]
    if not _applies(axis, begun):
        yield from _continued(axes, values, begun, place + 1)
        return
    for value in values[axis.name]:
        yield from _continued(axes, values, {**begun, axis.name: value}, place + 1)


def _applicable(axes: Axes, values: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for axis in axes.axes:
        if _applies(axis, chosen):
            chosen[axis.name] = values[axis.name]
    return chosen


def _is_partial(axes: Axes, values: dict[str, Any]) -> bool:
    """Whether values lack one of a parameter that applies."""
    return any(_applies(axis, values) and axis.name not in values for axis in axes.axes)


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
