"""Tree-structured Parzen estimator.

Bergstra et al. (2011), "Algorithms for hyper-parameter optimization"; multivariate as in Falkner et
al. (2018), "BOHB".

``group=True`` models parameters that apply together as one group, as conditional search spaces
need it: otherwise every parameter that some trial lacks would be drawn independently.

Optuna ignores failed trials. Here trials that failed because of their own configuration count as
worse than all others.
"""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any, cast

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from hpo.study.tried import failed_by_configuration

if TYPE_CHECKING:
    from collections.abc import Container

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

_TRIALS_PER_GOOD_ONE = 10
"""One in so many trials counts as good to the estimator."""


def make(seed: int) -> TPESampler:
    """Make the sampler with a seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _FailureAwareSampler(multivariate=True, group=True, constant_liar=True, seed=seed)


class _FailureAwareSampler(TPESampler):
    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return super().infer_relative_search_space(_with_failures(study), trial)

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        return super().sample_relative(_with_failures(study), trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return super().sample_independent(
            _with_failures(study), trial, param_name, param_distribution
        )


def _with_failures(study: optuna.Study) -> optuna.Study:
    return cast("optuna.Study", _StudyWithFailures(study))


class _StudyWithFailures:
    """A study for the estimator: its failed trials look pruned before they reported anything.

    Args:
        study: The study itself.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._shown: list[FrozenTrial] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        if self._shown is None or not use_cache:  # which is asked for several times
            self._shown = self._all(self._study._get_trials(deepcopy, None, use_cache))  # noqa: SLF001
        return [trial for trial in self._shown if states is None or trial.state in states]

    @staticmethod
    def _all(trials: list[FrozenTrial]) -> list[FrozenTrial]:
        complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
        failed = [trial for trial in trials if failed_by_configuration(trial)]
        # With more failed trials, some would count as good for lack of complete ones.
        counted = failed[-complete * (_TRIALS_PER_GOOD_ONE - 1) :] if complete else []
        shown = {trial.number: _as_pruned(trial) for trial in counted}
        return [shown.get(trial.number, trial) for trial in trials]


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    shown.intermediate_values = {}
    return shown
