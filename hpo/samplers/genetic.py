"""Genetic search with the operators of NSGA-II (Deb et al., 2002), as Optuna has it.

Optuna's counts only the trials that it drew itself, and writes its generations into them. Here
the parents are the best of all complete trials, whoever drew them, so queued configurations and
those of other samplers count, and every trial may be a parent as soon as it is complete. With a
single objective that is what the elitism of NSGA-II comes to.

The population is smaller than Optuna's 50: searches here rarely have more than some hundred
trials, and until it is full trials are drawn at random. Parameters that not all trials have are
drawn at random too, since the operators do not know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.samplers import NSGAIISampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

POPULATION = 20


def make(seed: int) -> NSGAIISampler:
    """Make the sampler, with a seed of its own."""
    return _SteadySampler(population_size=POPULATION, seed=seed)


class _SteadySampler(NSGAIISampler):
    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        del trial
        return len(_complete(study)) // POPULATION

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        if generation == 0:
            return []
        sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
        return sorted(_complete(study), key=lambda trial: sign * trial.values[0])[:POPULATION]


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
