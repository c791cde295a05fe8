"""Genetic search with Optuna's operators of NSGA-II (Deb et al., 2002).

Optuna's sampler counts only complete trials that it drew itself, and writes its generations into
them. Here the parents are the best of all trials with a score, including pruned ones, no matter
who drew them, so that every trial may be a parent as soon as it has ended. With a single objective
the elitism of NSGA-II amounts to the same.

The population is smaller than Optuna's 50, since searches here rarely have more than a few hundred
trials, and trials are drawn at random until the population is full. Parameters that not all trials
have are drawn at random too, since the operators do not know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import NSGAIISampler

from hpo.samplers.history import History

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

POPULATION = 20


def make(seed: int) -> NSGAIISampler:
    """Make the sampler with a seed."""
    return _SteadySampler(population_size=POPULATION, seed=seed)


class _SteadySampler(NSGAIISampler):
    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        history = History.of(study, trial)
        if len(history.scored) < POPULATION:
            return {}
        best = np.argsort(history.scores, kind="stable")[:POPULATION]
        parents = [history.scored[position] for position in best]
        return self._child_generation_strategy(study, search_space, parents)
