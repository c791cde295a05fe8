"""Which configurations a study has already tried."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

from hpo.space.axes import axes_of_space
from hpo.space.combinations import (
    Key,
    Values,
    all_values,
    combinations,
    grid_values,
    has_at_least,
    is_partial,
    key,
)
from hpo.study.keys import FAILURE

if TYPE_CHECKING:
    import optuna

    from hpo.space.axes import Axes
    from hpo.study.trial import Cause

_MAX_FAILURES_FROM_OUTSIDE = 2
"""After so many failures from outside, a configuration may be the cause itself."""


def failed_by_configuration(trial: FrozenTrial) -> bool:
    """Whether a trial failed because of its configuration, which is evidence against it."""
    return _cause(trial) == "configuration"


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether a trial was stopped with its search; its configuration is tried again."""
    return _cause(trial) == "interrupted"


def _cause(trial: FrozenTrial) -> Cause | None:
    """What caused the failure of a trial; None if it did not fail, or the cause is unknown."""
    failure: dict[str, Any] = trial.user_attrs.get(FAILURE, {})
    return failure.get("cause") if trial.state == TrialState.FAIL else None


def n_possible(record: optuna.Study, space: str, begun: int, target: int, *, is_grid: bool) -> int:
    """The number of trials that a study can have, counted up to its target.

    Args:
        record: Optuna's study.
        space: The search space, as TOML.
        begun: Number of trials that were not interrupted, waiting ones included.
        target: Number of trials that were requested.
        is_grid: Whether only the values of the grid are tried.
    """
    axes = axes_of_space(space)
    values = grid_values(axes) if is_grid else all_values(axes)
    n_trials = len(record.get_trials(deepcopy=False))
    if values is None or has_at_least(axes, values, target + n_trials):
        return target
    return min(target, begun + count_untried(record, axes, values, max(0, target - begun)))


def count_untried(study: optuna.Study, axes: Axes, values: Values, most: int) -> int:
    """The number of combinations that are neither tried nor queued, counted up to ``most``."""
    trials = study.get_trials(deepcopy=False)
    # A configuration that is queued in part will be one of those that are counted.
    partial = sum(
        trial.state == TrialState.WAITING and is_partial(axes, queued(trial)) for trial in trials
    )
    tried = known(study)
    left = (1 for combination in combinations(axes, values) if key(combination) not in tried)
    return max(0, sum(itertools.islice(left, most + partial)) - partial)


def known(study: optuna.Study, besides: int | None = None) -> set[Key]:
    """The configurations that were tried, are being tried or are queued.

    A configuration whose trial failed from outside may be tried once more.

    Args:
        study: The study.
        besides: The number of a trial that does not count.
    """
    tried, failures = set(), Counter[Key]()
    for trial in study.get_trials(deepcopy=False):
        if trial.number == besides or is_interrupted(trial):
            continue
        one = key(trial.params or queued(trial))
        failures[one] += trial.state == TrialState.FAIL and not failed_by_configuration(trial)
        if trial.state != TrialState.FAIL or failed_by_configuration(trial):
            tried.add(one)
    return tried | {one for one, n in failures.items() if n >= _MAX_FAILURES_FROM_OUTSIDE}


def queued(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """The values with which a trial was queued."""
    return dict(trial.system_attrs.get("fixed_params", {}))
