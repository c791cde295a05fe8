"""Bayesian optimisation with a Gaussian process, on NumPy and SciPy alone.

``features`` places configurations in a Euclidean space, ``model`` fits a Gaussian process there,
``acquisition`` says what a configuration promises, ``maximising`` finds the one that promises
most, and ``choosing`` puts them together.
"""

from __future__ import annotations

from hpo.samplers.gp.choosing import choose
from hpo.samplers.joint import JointSampler


def make(seed: int) -> JointSampler:
    """Make the sampler, with a seed of its own."""
    return JointSampler(choose, seed)
