"""How much a score may differ on other samples of the same kind."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from hpo.scoring.mean_error import Z_95, standard_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hpo.ensembles.selection.candidates import Candidates

    Predictions = Mapping[str, np.ndarray]
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
    strata = _strata(candidates)
    if sum(map(len, strata)) < 2:  # noqa: PLR2004
        return None

    def on_rows(rows: np.ndarray) -> float:
        return candidates.score_on(predictions, rows)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metrics on small parts
        numbers = sum(p.size for p in predictions.values())
        return _of_mean(on_rows, strata) or _bootstrapped(on_rows, strata, numbers)


def is_mean(candidates: Candidates, predictions: Predictions) -> bool:
    """Whether the objective is a mean over samples.

    Args:
        candidates: The targets and the objective.
        predictions: Of the same samples, by output name, shape (n_predicted, ...) each.
    """
    units = [unit for stratum in _strata(candidates) for unit in stratum]

    def on_rows(rows: np.ndarray) -> float:
        return candidates.score_on(predictions, rows)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            whole = on_rows(np.concatenate(units))
            return all(_is_mean(on_rows, units, whole, parts) for parts in (2, 3))
        except Exception:  # noqa: BLE001  (a metric of the task's own, asked about a few samples)
            return False


def _strata(candidates: Candidates) -> list[list[np.ndarray]]:
    """For all that is scored by itself: positions of samples that belong together, shuffled."""
    n = len(candidates.index)
    blocks = np.zeros(n, int) if candidates.blocks is None else candidates.blocks
    units = np.arange(n) if candidates.units is None else np.asarray(candidates.units)
    every = np.unique(blocks)
    return [
        _units(np.flatnonzero(blocks == block), units, max(2, MAX_BLOCKS // len(every)))
        for block in every
    ]


def _units(rows: np.ndarray, units: np.ndarray, most: int) -> list[np.ndarray]:
    """Positions of the samples that belong together; larger units where there are many."""
    _, unit_of = np.unique(units[rows], return_inverse=True)
    n_units = int(unit_of.max()) + 1 if len(rows) else 0
    larger_of = np.random.default_rng(SEED).permutation(n_units) % most
    of_rows = larger_of[unit_of]
    order = np.argsort(of_rows, kind="stable")
    ends = np.cumsum(np.bincount(of_rows))[:-1]
    return np.split(rows[order], ends)


def _of_mean(on_rows: OnRows, strata: list[list[np.ndarray]]) -> tuple[float, float] | None:
    """The interval by the standard error; None if the objective is not a mean over samples."""
    units = [unit for stratum in strata for unit in stratum]
    try:
        pooled = on_rows(np.concatenate(units))
        if not all(_is_mean(on_rows, units, pooled, parts) for parts in (2, 3)):
            return None
        scores = np.array([on_rows(unit) for unit in units])
    except Exception:  # noqa: BLE001  (a metric of the task's own, asked about a few samples)
        return None
    if not np.isfinite(scores).all():
        return None
    # Every stratum has the same share in the mean, whatever its size.
    shares = np.concatenate(
        [np.array([len(unit) for unit in stratum]) / sum(map(len, stratum)) for stratum in strata]
    )
    center = float(np.average(scores, weights=shares))
    margin = Z_95 * standard_error(scores, shares)
    return center - margin, center + margin


def _is_mean(on_rows: OnRows, blocks: list[np.ndarray], whole: float, n_parts: int) -> bool:
    # Parts of different sizes, or a median could pass.
    cuts = [round(len(blocks) * (part / n_parts) ** 1.5) for part in range(n_parts + 1)]
    pairs = itertools.pairwise(cuts)
    parts = [np.concatenate(blocks[low:high]) for low, high in pairs if high > low]
    total = sum(len(part) * on_rows(part) for part in parts) / sum(map(len, parts))
    return math.isclose(total, whole, rel_tol=_TOLERANCE, abs_tol=1e-9)


def _bootstrapped(
    on_rows: OnRows, strata: list[list[np.ndarray]], numbers: int
) -> tuple[float, float] | None:
    n = int(np.clip(MAX_RESAMPLED_NUMBERS / numbers, MIN_RESAMPLES, MAX_RESAMPLES))
    scores = [score for score in _scores(on_rows, strata, n) if math.isfinite(score)]
    if len(scores) < n / 2:
        return None
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def _scores(on_rows: OnRows, strata: list[list[np.ndarray]], n: int) -> Iterator[float]:
    """Scores of samples drawn with replacement, as many from everything scored by itself."""
    generator = np.random.default_rng(SEED)
    for _ in range(n):
        drawn = [generator.integers(len(units), size=len(units)) for units in strata]
        try:
            scores = [
                on_rows(np.concatenate([units[i] for i in of_stratum]))
                for units, of_stratum in zip(strata, drawn, strict=True)
            ]
            yield float(np.mean(scores))
        except Exception:  # noqa: BLE001  (a metric of the task's own, on samples drawn twice)
            yield math.nan
