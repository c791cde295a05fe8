"""A sampler that chooses a whole configuration at once, by a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler

from hpo.samplers.history import History, axes_for, axes_of, study_seed
from hpo.study.tried import known

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

    from hpo.space.axes import Axes
    from hpo.space.combinations import Key


@dataclass(frozen=True)
class Question:
    """Everything that a sampler may use to choose the configuration of a trial.

    Attributes:
        axes: The axes of the search.
        history: The other trials of the study.
        number: The number of the trial.
        fixed: Values that the trial has in any case, such as those it was queued with.
        seed: The seed of the whole study.
        rng: Random numbers for this trial.
        known: Lists the configurations that were tried, are being tried or are queued.
    """

    axes: Axes
    history: History
    number: int
    fixed: dict[str, Any]
    seed: int
    rng: np.random.Generator
    known: Callable[[], set[Key]]


class JointSampler(BaseSampler):
    """Chooses a whole configuration at once.

    Parameters that are not in the study's space are drawn at random.

    Args:
        choose: Chooses values for all axes, including those that do not apply.
        seed: Seed of its random numbers.
    """

    def __init__(self, choose: Callable[[Question], dict[str, Any]], seed: int) -> None:
        self._choose = choose
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._random = RandomSampler(seed=seed)

    def reseed_rng(self) -> None:
        """Continue with other random numbers, as Optuna requires in threads."""
        self._rng = np.random.default_rng()
        self._random.reseed_rng()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The parameters that are chosen together: all of the study's space."""
        del trial
        self._raise_error_if_multi_objective(study)
        return {axis.name: axis.distribution for axis in axes_of(study).axes}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """A configuration, including values of parameters that do not apply."""
        self._raise_error_if_multi_objective(study)
        axes = axes_for(study, search_space)
        if not axes.searched:
            return axes.decode(np.zeros(len(axes)))
        return self._choose(
            Question(
                axes=axes,
                history=History.of(study, trial),
                number=trial.number,
                fixed=dict(trial.system_attrs.get("fixed_params", {})),
                seed=study_seed(study, self._seed),
                rng=self._rng,
                known=lambda: known(study, besides=trial.number),
            )
        )

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A value for a parameter that is not in the space, at random."""
        self._raise_error_if_multi_objective(study)
        return self._random.sample_independent(study, trial, param_name, param_distribution)
