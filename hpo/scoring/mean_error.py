"""The standard error of a mean over samples."""

from __future__ import annotations

import math

import numpy as np

Z_95 = 1.959964
"""The ends of a 95% interval are this many standard errors from a normally distributed mean."""


def standard_error(means: np.ndarray, sizes: np.ndarray | None = None) -> float:
    """Estimate the standard error of a mean over samples that come in independent blocks.

    Args:
        means: The mean of each block, shape (n_blocks,), with 2 blocks or more.
        sizes: The number of samples in each block, shape (n_blocks,); by default, each block is a
            single sample.
    """
    n = len(means)
    sizes = np.ones(n) if sizes is None else sizes
    deviations = sizes * (means - np.average(means, weights=sizes))
    return math.sqrt(np.square(deviations).sum() * n / (n - 1)) / float(sizes.sum())
