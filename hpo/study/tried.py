"""Which configurations a study has tried already."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

from hpo.space.combinations import Key, Values, combinations, is_partial, key
from hpo.study.keys import FAILURE

if TYPE_CHECKING:
    import optuna

    from hpo.space.axes import Axes
    from hpo.study.trial import Cause

_UNLUCKY = 2


def failed_by_configuration(trial: FrozenTrial) -> bool:
    """Whether a trial failed through its own configuration, which is evidence against it."""
    return _cause(trial) == "configuration"


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether a trial was stopped with its search; its configuration is tried again."""
    return _cause(trial) == "interrupted"


def _cause(trial: FrozenTrial) -> Cause | None:
    """Why a trial failed; None where it did not, or left no reason."""
    failure: dict[str, Any] = trial.user_attrs.get(FAILURE, {})
    return failure.get("cause") if trial.state == TrialState.FAIL else None


def count_untried(study: optuna.Study, axes: Axes, values: Values, most: int) -> int:
    """How many combinations have neither been tried nor queued, counted up to ``most``."""
    trials = study.get_trials(deepcopy=False)
    # What is queued in part will be one of those that are counted.
    partial = sum(
        trial.state == TrialState.WAITING and is_partial(axes, queued(trial)) for trial in trials
    )
    tried = known(study)
    left = (1 for combination in combinations(axes, values) if key(combination) not in tried)
    return max(0, sum(itertools.islice(left, most + partial)) - partial)


def known(study: optuna.Study, besides: int | None = None) -> set[Key]:
    """The configurations that were tried, are being tried or are queued.

    One that failed from outside is among them after the second time: that may be its own doing.

    Args:
        study: The study.
        besides: The number of a trial that does not count.
    """
    found, unlucky = set(), Counter[Key]()
    for trial in study.get_trials(deepcopy=False):
        if trial.number == besides or is_interrupted(trial):
            continue
        one = key(trial.params or queued(trial))
        unlucky[one] += trial.state == TrialState.FAIL and not failed_by_configuration(trial)
        if trial.state != TrialState.FAIL or failed_by_configuration(trial):
            found.add(one)
    return found | {one for one, often in unlucky.items() if often >= _UNLUCKY}


def queued(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """The values with which a trial was queued."""
    return dict(trial.system_attrs.get("fixed_params", {}))
