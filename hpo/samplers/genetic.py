"""Genetic search with NSGA-II (Deb et al., 2002), as Optuna has it.

Its population is smaller than Optuna's 50: searches here rarely have more than some hundred
trials, and the first generation is drawn at random. Parameters that not all trials have are drawn
at random too, since the operators do not know them.
"""

from __future__ import annotations

from optuna.samplers import NSGAIISampler

POPULATION = 20


def make(seed: int) -> NSGAIISampler:
    """Make the sampler, with a seed of its own."""
    return NSGAIISampler(population_size=POPULATION, seed=seed)
