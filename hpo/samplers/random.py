"""Random search (Bergstra and Bengio, 2012, "Random search for hyper-parameter optimization")."""

from __future__ import annotations

from optuna.samplers import RandomSampler


def make(seed: int) -> RandomSampler:
    """Make the sampler with a seed."""
    return RandomSampler(seed=seed)
