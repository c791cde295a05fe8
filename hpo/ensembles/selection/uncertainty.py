"""How much a score may differ on other samples of the same kind."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from hpo.scoring.mean_error import Z_95, standard_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.ensembles.selection.candidates import Candidates

    Predictions = dict[str, np.ndarray]
    OnRows = Callable[[np.ndarray], float]

MAX_BLOCKS = 2000
MIN_RESAMPLES = 100
MAX_RESAMPLES = 1000
MAX_RESAMPLED_NUMBERS = 1e8
"""Predicted numbers in all resamples together; large outputs get fewer resamples."""
SEED = 0

_TOLERANCE = 1e-5


def interval(candidates: Candidates, predictions: Predictions) -> tuple[float, float] | None:
    """The 95% interval of the objective, for sampling variation.

    If the objective is a mean over samples, the interval is the score plus and minus 1.96 standard
    errors. For other objectives, it contains the middle 95% of the scores on samples drawn with
    replacement (Efron, 1979, "Bootstrap methods"). Samples of a group are drawn together.

    Args:
        candidates: The targets, the objective and the groups.
        predictions: The predictions by output name, shape (n_predicted, ...) each.

    Returns:
        Its ends. None if there are too few samples, or if the objective is not a number on parts.
    """
    blocks = _blocks(candidates)
    if len(blocks) < 2:  # noqa: PLR2004
        return None

    def on_rows(rows: np.ndarray) -> float:
        targets = {name: np.asarray(y)[rows] for name, y in candidates.targets.items()}
        return candidates.scorer(targets, {name: p[rows] for name, p in predictions.items()})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metrics on small parts
        numbers = sum(p.size for p in predictions.values())
        return _of_mean(on_rows, blocks) or _bootstrapped(on_rows, blocks, numbers)


def _blocks(candidates: Candidates) -> list[np.ndarray]:
    """The positions of the samples of each group, shuffled; many groups are merged into blocks."""
    n = len(candidates.index)
    units = np.arange(n) if candidates.units is None else candidates.units
    _, unit_of = np.unique(units, return_inverse=True)
    n_units = int(unit_of.max()) + 1 if n else 0
    block_of = np.random.default_rng(SEED).permutation(n_units) % MAX_BLOCKS
    of_rows = block_of[unit_of]
    order = np.argsort(of_rows, kind="stable")
    ends = np.cumsum(np.bincount(of_rows))[:-1]
    return np.split(order, ends)


def _of_mean(on_rows: OnRows, blocks: list[np.ndarray]) -> tuple[float, float] | None:
    """The interval by the standard error; None if the objective is not a mean over samples."""
    try:
        whole = on_rows(np.concatenate(blocks))
        if not all(_is_mean(on_rows, blocks, whole, parts) for parts in (2, 3)):
            return None
        scores = np.array([on_rows(block) for block in blocks])
    except Exception:  # noqa: BLE001  (a metric of the task's own, asked about a few samples)
        return None
    sizes = np.array([len(block) for block in blocks])
    if not np.isfinite(scores).all():
        return None
    margin = Z_95 * standard_error(scores, sizes)
    return float(whole - margin), float(whole + margin)


def _is_mean(on_rows: OnRows, blocks: list[np.ndarray], whole: float, n_parts: int) -> bool:
    # Parts of different sizes, or a median could pass.
    cuts = [round(len(blocks) * (part / n_parts) ** 1.5) for part in range(n_parts + 1)]
    pairs = itertools.pairwise(cuts)
    parts = [np.concatenate(blocks[low:high]) for low, high in pairs if high > low]
    total = sum(len(part) * on_rows(part) for part in parts) / sum(map(len, parts))
    return math.isclose(total, whole, rel_tol=_TOLERANCE, abs_tol=1e-9)


def _bootstrapped(
    on_rows: OnRows, blocks: list[np.ndarray], numbers: int
) -> tuple[float, float] | None:
    n = int(np.clip(MAX_RESAMPLED_NUMBERS / numbers, MIN_RESAMPLES, MAX_RESAMPLES))
    scores = [score for score in _scores(on_rows, blocks, n) if math.isfinite(score)]
    if len(scores) < n / 2:
        return None
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def _scores(on_rows: OnRows, blocks: list[np.ndarray], n: int) -> Iterator[float]:
    generator = np.random.default_rng(SEED)
    for _ in range(n):
        drawn = generator.integers(len(blocks), size=len(blocks))
        try:
            yield on_rows(np.concatenate([blocks[i] for i in drawn]))
        except Exception:  # noqa: BLE001  (a metric of the task's own, on samples drawn twice)
            yield math.nan
