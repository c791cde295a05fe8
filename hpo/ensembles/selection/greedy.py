"""Greedy selection with replacement over bags of candidates, starting with the best.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of
models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.selection.combiners import Blend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.ensembles.selection.candidates import Candidates

N_BAGS = 10
BAG_SHARE = 0.5
MIN_CANDIDATES_TO_BAG = 8
"""With fewer candidates, a bag would leave out those that complement one another."""

PATIENCE = 5
SEED = 0


def bagged_greedy(candidates: Candidates, size: int) -> Blend:
    """Average the greedy choices from several random halves of the candidates.

    A candidate that the selection overfits to is missing in half of the bags.

    Args:
        candidates: The candidates.
        size: The maximum number of picks in a bag, and of members in the end.
    """
    n = len(candidates.members)
    if n < MIN_CANDIDATES_TO_BAG:
        return _blend(candidates, greedy(candidates, size), size)
    generator = np.random.default_rng(SEED)
    total = np.zeros(n)
    for _bag in range(N_BAGS):
        # In the order of the candidates, the best first.
        bag = np.sort(generator.choice(n, size=round(BAG_SHARE * n), replace=False))
        total += greedy(candidates, size, bag)
    return _blend(candidates, total, size)


def greedy(candidates: Candidates, size: int, bag: np.ndarray | None = None) -> np.ndarray:
    """Start with the best few, then keep adding the candidate that improves the blend most.

    The best few are as many of the best candidates as have the best mean. A candidate may be added
    again. The best of all these blends is used; of equal ones, the one with the fewest picks.

    Args:
        candidates: The candidates.
        size: The maximum number of picks.
        bag: Positions of the candidates to choose from, the best first; by default all.

    Returns:
        The weights of the candidates, shape (n_candidates,), which add up to 1.
    """
    bag = np.arange(len(candidates.members)) if bag is None else bag
    predictions = candidates.stacked
    picks, loss, total = _best_few(candidates, bag[:size])
    best, best_length = loss, len(picks)
    while len(picks) < min(size, best_length + PATIENCE):
        n = len(picks) + 1
        losses = [
            candidates.loss({name: (total[name] + p[i]) / n for name, p in predictions.items()})
            for i in bag
        ]
        chosen = int(np.argmin(losses))
        picks.append(int(bag[chosen]))
        total = {name: total[name] + p[picks[-1]] for name, p in predictions.items()}
        if losses[chosen] < best:
            best, best_length = losses[chosen], n
    counts = np.bincount(picks[:best_length], minlength=len(candidates.members))
    return np.asarray(counts / counts.sum())


def _best_few(
    candidates: Candidates, bag: np.ndarray
) -> tuple[list[int], float, dict[str, np.ndarray]]:
    """The first 1, 2, ... candidates with the best mean; their loss and their sum."""
    losses: list[float] = []
    for n, total in enumerate(_sums(candidates, bag), start=1):
        losses.append(candidates.loss({name: array / n for name, array in total.items()}))
    best = int(np.argmin(losses))
    *_, total = _sums(candidates, bag[: best + 1])
    return [int(i) for i in bag[: best + 1]], losses[best], total


def _sums(candidates: Candidates, bag: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """The sum of the first prediction, of the first two, ..."""
    total = {name: np.zeros_like(p[0]) for name, p in candidates.stacked.items()}
    for i in bag:
        total = {name: total[name] + p[i] for name, p in candidates.stacked.items()}
        yield total


def _blend(candidates: Candidates, weights: np.ndarray, size: int) -> Blend:
    return Blend.of(dict(zip(candidates.members, weights.tolist(), strict=True)), size)
