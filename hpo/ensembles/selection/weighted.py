"""Weights on the simplex, found by optimization.

Weights that may be negative or sum to anything overfit the out-of-fold predictions (Purucker and
Beel, 2023, "CMA-ES for post hoc ensembling in AutoML: a great success and salvageable failure"), so
they are shares here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.selection.combiners import Blend
from hpo.ensembles.selection.greedy import greedy

if TYPE_CHECKING:
    from hpo.ensembles.selection.candidates import Candidates

MOST_WEIGHTS = 10
"""Of so many candidates the weights are searched: Nelder and Mead's method is weak beyond."""

DRAWS = 300
EVALUATIONS = 200
STARTS = 3
SEED = 0


def nelder_mead(candidates: Candidates, size: int) -> Blend:
    """Weights by the method of Nelder and Mead (1965), from several starts.

    Weights are the squares of a vector of length 1, so every vector has its weights. The starts
    are the greedy choice, equal weights, and random ones.

    Args:
        candidates: What to choose from.
        size: The most members.
    """
    from scipy.optimize import minimize

    part, chosen = _searched(candidates, size)
    n = len(part.members)
    if n == 1:
        return Blend.of({part.members[0]: 1.0}, size)
    generator = np.random.default_rng(SEED)
    starts = [chosen, np.full(n, 1 / n), *generator.dirichlet(np.ones(n), STARTS - 2)]
    found = [
        minimize(
            lambda point: part.loss(part.blend(_weights(point))),
            np.sqrt(start + 0.01),
            method="Nelder-Mead",
            options={"maxfev": EVALUATIONS, "adaptive": True},
        )
        for start in starts
    ]
    best = min(found, key=lambda result: result.fun)
    return _blend(part, _weights(best.x), size)


def random_search(candidates: Candidates, size: int) -> Blend:
    """The best of many random weights, spread evenly over the simplex and near its faces.

    Equal weights, every candidate alone and the greedy choice are tried too.

    Args:
        candidates: What to choose from.
        size: The most members.
    """
    part, chosen = _searched(candidates, size)
    n = len(part.members)
    generator = np.random.default_rng(SEED)
    draws = [generator.dirichlet(np.full(n, spread), DRAWS // 2) for spread in (1.0, 0.3)]
    tried = np.concatenate([[chosen], np.full((1, n), 1 / n), np.eye(n), *draws])
    losses = [part.loss(part.blend(weights)) for weights in tried]
    return _blend(part, tried[int(np.argmin(losses))], size)


def _searched(candidates: Candidates, size: int) -> tuple[Candidates, np.ndarray]:
    """The candidates whose weights are searched, and the greedy weights of these.

    They are those that greedy selection takes, filled up with the best.
    """
    most = min(MOST_WEIGHTS, size)
    weights = greedy(candidates, size)
    taken = [int(i) for i in np.argsort(-weights, kind="stable") if weights[i] > 0][:most]
    others = [i for i in range(len(weights)) if i not in taken]
    positions = [*taken, *others][:most]
    members = candidates.members
    shares = weights[positions]
    return candidates.only([members[i] for i in positions]), shares / shares.sum()


def _weights(point: np.ndarray) -> np.ndarray:
    squares = np.square(point)
    return np.asarray(squares / (squares.sum() or 1.0))


def _blend(part: Candidates, weights: np.ndarray, most: int) -> Blend:
    return Blend.of(dict(zip(part.members, weights.tolist(), strict=True)), most)
