"""Tree-structured Parzen estimator.

Bergstra et al. (2011), "Algorithms for hyper-parameter optimization"; multivariate as Falkner et
al. (2018), "BOHB", have it.

``group=True`` models parameters that apply together as one group, which conditional search
spaces need: otherwise all that are not in every trial would be drawn one by one.
"""

from __future__ import annotations

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler


def make(seed: int) -> TPESampler:
    """Make the sampler, with a seed of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(multivariate=True, group=True, constant_liar=True, seed=seed)
