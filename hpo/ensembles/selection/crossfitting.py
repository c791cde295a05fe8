"""Scores of ensembles that did not see the samples they are judged on.

An ensemble is chosen on all parts of the out-of-fold predictions but one and predicts that one, so
that no sample is judged by weights that were fitted to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.data.splits import split
from hpo.errors import HPOError
from hpo.task import Data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpo.ensembles.selection.candidates import Candidates
    from hpo.ensembles.selection.combiners import Combiner

    Way = Callable[[Candidates, int], Combiner]
    Predictions = dict[str, np.ndarray]

PARTS = 5
MOST_PARTS = 10


def parts(
    fold: np.ndarray, targets: Mapping[str, np.ndarray], groups: np.ndarray | None
) -> np.ndarray:
    """The part of every sample: its fold, or with a single fold one of five, stratified.

    Args:
        fold: The fold that predicted each sample, shape (n_predicted,).
        targets: Their targets by output name.
        groups: Their groups, which stay together, or None.

    Returns:
        Numbers from 0, shape (n_predicted,); all 0 where there are too few samples to divide.
    """
    _, numbers = np.unique(fold, return_inverse=True)
    if numbers.max() > 0:
        return np.asarray(numbers % MOST_PARTS)
    n = len(fold)
    for n_parts in range(min(PARTS, n), 1, -1):
        try:
            data = Data(x=np.arange(n)[:, None], y=dict(targets), groups=groups)
            for part, cut in enumerate(split(f"kfold:{n_parts}", data)):
                numbers[cut.validation] = part
        except HPOError:
            continue
        return np.asarray(numbers)
    return np.zeros(n, int)


def crossfit(way: Way, candidates: Candidates, size: int) -> Predictions:
    """Predict every part with the ensemble that is chosen on the others.

    Args:
        way: Chooses an ensemble.
        candidates: What to choose from. Where all samples are in one part, they are predicted by
            the ensemble that is chosen on them.
        size: The most members.

    Returns:
        Predictions by output name, shape (n_predicted, ...) each.
    """
    every = np.unique(candidates.fold)
    found: Predictions = {}
    for part in every:
        left_out = candidates.fold == part
        seen = candidates.take(~left_out) if len(every) > 1 else candidates
        combiner = way(seen, size)
        predicted = combiner.combine(
            {
                member: {name: np.asarray(p)[left_out] for name, p in of_member.items()}
                for member, of_member in candidates.predictions.items()
                if member in combiner.weights
            }
        )
        for name, array in predicted.items():
            if name not in found:
                shape = (len(candidates.fold), *array.shape[1:])
                found[name] = np.zeros(shape, "float32")
            found[name][left_out] = array
    return found
