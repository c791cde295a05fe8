"""Scores for a Gaussian process: centered, scaled, and without a heavy tail of bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def standardized(scores: Sequence[float]) -> np.ndarray:
    """Standardize scores after compressing the worse half.

    A configuration that diverges may score a million times worse than the others, which would look
    all alike next to it. So the distance of bad scores from the median becomes its logarithm.

    Args:
        scores: At least one finite score, to be minimized.

    Returns:
        Shape (n,), in the order of the scores.
    """
    values = np.clip(np.asarray(scores, dtype=float), -1e100, 1e100)
    median = np.median(values)
    scale = median - values.min()
    if scale > 0:
        excess = np.maximum(values - median, 0.0) / scale
        values = np.where(values > median, median + scale * np.log1p(excess), values)
    deviation = values.std()
    return np.asarray((values - values.mean()) / (deviation if deviation > 0 else 1.0))
