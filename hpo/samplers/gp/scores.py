"""Scores made fit for a Gaussian process: centred, scaled, and without a heavy bad tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def transformed(scores: Sequence[float]) -> np.ndarray:
    """Standardise scores, after the bad half was compressed.

    A configuration that diverges may score a million times worse than the others, and would leave
    of them one flat line. How much worse than the median bad ones are is told by its logarithm.

    Args:
        scores: Finite, minimized, at least one.

    Returns:
        Shape (n,), with the order of the scores.
    """
    values = np.clip(np.asarray(scores, dtype=float), -1e100, 1e100)
    median = np.median(values)
    scale = median - values.min()
    if scale > 0:
        beyond = np.maximum(values - median, 0.0) / scale
        values = np.where(values > median, median + scale * np.log1p(beyond), values)
    deviation = values.std()
    return np.asarray((values - values.mean()) / (deviation if deviation > 0 else 1.0))
