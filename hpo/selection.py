"""Which trials an ensemble is made of, and with what weights: chosen on out-of-fold predictions."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.metrics import Scorer

    Predictions = Mapping[str, np.ndarray]

METHODS = ("greedy", "mean")


@dataclass(frozen=True)
class Candidates:
    """What an ensemble is chosen from.

    Attributes:
        predictions: Out-of-fold predictions by trial number, best trial first; each by output
            name, shape (n_predicted, ...).
        targets: The targets of the same samples, by output name.
        index: Positions of those samples in the training data, shape (n_predicted,).
        scorer: The objective.
        maximize: Whether the objective is maximized.
    """

    predictions: Mapping[int, Predictions]
    targets: Predictions
    index: np.ndarray
    scorer: Scorer
    maximize: bool

    @property
    def trials(self) -> list[int]:
        """Trial numbers, best first."""
        return list(self.predictions)

    def score(self, predictions: Predictions) -> float:
        """The objective of predictions for the same samples."""
        return self.scorer(self.targets, predictions)

    def blend(self, weights: Mapping[int, float]) -> dict[str, np.ndarray]:
        """Weighted sum of the candidates' predictions, for weights by trial number."""
        names = next(iter(self.predictions.values()))
        return {
            name: np.asarray(sum(w * self.predictions[n][name] for n, w in weights.items()))
            for name in names
        }


def select(method: str, candidates: Candidates, size: int) -> dict[int, float]:
    """Choose members and weights.

    Args:
        method: One of ``METHODS``.
        candidates: What to choose from.
        size: For "greedy" the most rounds of selection, for "mean" the number of members.

    Returns:
        Weight by trial number, summing to 1, heaviest first.
    """
    weights = {"greedy": greedy, "mean": mean}[method](candidates, size)
    return dict(sorted(weights.items(), key=lambda item: -item[1]))


def mean(candidates: Candidates, size: int) -> dict[int, float]:
    """Equal weights for the best candidates."""
    best = candidates.trials[:size]
    return dict.fromkeys(best, 1 / len(best))


def greedy(candidates: Candidates, size: int) -> dict[int, float]:
    """Add, round by round, the candidate that helps the blend most; one may be added again.

    Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of
    models". The best of the blends along the way is taken.
    """
    sign = -1 if candidates.maximize else 1
    shapes = next(iter(candidates.predictions.values()))
    total = {name: np.zeros(array.shape, "float64") for name, array in shapes.items()}
    picks: list[int] = []
    scores: list[float] = []
    for n in range(1, size + 1):
        losses = {
            number: sign * candidates.score({name: (total[name] + p[name]) / n for name in total})
            for number, p in candidates.predictions.items()
        }
        losses = {number: math.inf if math.isnan(x) else x for number, x in losses.items()}
        picks.append(min(losses, key=lambda number: losses[number]))
        scores.append(losses[picks[-1]])
        for name in total:
            total[name] += candidates.predictions[picks[-1]][name]
    n = int(np.argmin(scores)) + 1
    return {number: count / n for number, count in Counter(picks[:n]).items()}
