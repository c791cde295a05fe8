"""Bayesian optimization with a Gaussian process, on NumPy and SciPy alone.

``features`` places configurations in a Euclidean space, ``model`` fits a Gaussian process there,
``acquisition`` says how promising a configuration is, ``maximizer`` finds the most promising one,
and ``choice`` puts them together.
"""

from __future__ import annotations

from hpo.samplers.gp.choice import choose
from hpo.samplers.joint import JointSampler


def make(seed: int) -> JointSampler:
    """Make the sampler with a seed."""
    return JointSampler(choose, seed)
