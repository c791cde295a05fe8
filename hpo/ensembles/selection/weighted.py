"""Weights on the simplex, found by optimization.

Weights that may be negative or have any sum overfit the out-of-fold predictions (Purucker and Beel,
2023, "CMA-ES for post hoc ensembling in AutoML: a great success and salvageable failure"). So the
weights are shares here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.selection.combiners import Blend
from hpo.ensembles.selection.greedy import greedy

if TYPE_CHECKING:
    from hpo.ensembles.selection.candidates import Candidates

MAX_WEIGHTS = 10
"""The maximum number of weights to optimize: beyond it, Nelder and Mead's method is weak."""

N_DRAWS = 300
MAX_EVALUATIONS = 200
N_STARTS = 3
SEED = 0


def nelder_mead(candidates: Candidates, size: int) -> Blend:
    """Weights by the method of Nelder and Mead (1965), from several starts.

    Weights are the squares of a vector of length 1, so every vector stands for some weights. The
    starts are the greedy choice, equal weights, and random ones.

    Args:
        candidates: The candidates.
        size: The maximum number of members.
    """
    from scipy.optimize import minimize

    part, chosen = _searched(candidates, size)
    n = len(part.members)
    if n == 1:
        return Blend.of({part.members[0]: 1.0}, size)
    generator = np.random.default_rng(SEED)
    starts = [chosen, np.full(n, 1 / n), *generator.dirichlet(np.ones(n), N_STARTS - 2)]
    results = [
        minimize(
            lambda point: part.loss(part.blend(_weights(point))),
            np.sqrt(start + 0.01),
            method="Nelder-Mead",
            options={"maxfev": MAX_EVALUATIONS, "adaptive": True},
        )
        for start in starts
    ]
    best = min(results, key=lambda result: result.fun)
    return _blend(part, _weights(best.x), size)


def random_search(candidates: Candidates, size: int) -> Blend:
    """The best of many random weights, spread evenly over the simplex and near its faces.

    Equal weights, every single candidate and the greedy choice are tried, too.

    Args:
        candidates: The candidates.
        size: The maximum number of members.
    """
    part, chosen = _searched(candidates, size)
    n = len(part.members)
    generator = np.random.default_rng(SEED)
    draws = [generator.dirichlet(np.full(n, spread), N_DRAWS // 2) for spread in (1.0, 0.3)]
    tried = np.concatenate([[chosen], np.full((1, n), 1 / n), np.eye(n), *draws])
    losses = [part.loss(part.blend(weights)) for weights in tried]
    return _blend(part, tried[int(np.argmin(losses))], size)


def _searched(candidates: Candidates, size: int) -> tuple[Candidates, np.ndarray]:
    """The candidates whose weights are optimized, and their greedy weights.

    They are those that greedy selection picks, filled up with the best.
    """
    n_weights = min(MAX_WEIGHTS, size)
    weights = greedy(candidates, size)
    picked = [int(i) for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
    others = [i for i in range(len(weights)) if i not in picked]
    positions = [*picked, *others][:n_weights]
    members = candidates.members
    shares = weights[positions]
    return candidates.only([members[i] for i in positions]), shares / shares.sum()


def _weights(point: np.ndarray) -> np.ndarray:
    squares = np.square(point)
    return np.asarray(squares / (squares.sum() or 1.0))


def _blend(part: Candidates, weights: np.ndarray, size: int) -> Blend:
    return Blend.of(dict(zip(part.members, weights.tolist(), strict=True)), size)
