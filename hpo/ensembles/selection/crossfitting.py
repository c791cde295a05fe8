"""Predictions by ensembles that were not chosen on the predicted samples.

An ensemble is chosen on all parts of the out-of-fold predictions but one, and predicts that one. So
no sample is predicted with weights that were fitted to it.
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

DEFAULT_PARTS = 5
"""Parts of the samples of a single fold."""
MAX_PARTS = 10


def parts(
    fold: np.ndarray,
    targets: Mapping[str, np.ndarray],
    groups: np.ndarray | None,
    objective: str = "",
) -> np.ndarray:
    """The part of each sample: its fold, or for a single fold one of five stratified parts.

    Args:
        fold: The fold that predicted each sample, shape (n_predicted,).
        targets: The targets by output name.
        groups: The groups of the samples, which stay together, or None.
        objective: The name of the objective, which tells classes from quantities.

    Returns:
        Numbers from 0, shape (n_predicted,); all 0 if there are too few samples to divide.
    """
    _, numbers = np.unique(fold, return_inverse=True)
    if numbers.max() > 0:
        return np.asarray(numbers % MAX_PARTS)
    n = len(fold)
    for n_parts in range(min(DEFAULT_PARTS, n), 1, -1):
        try:
            data = Data(x=np.arange(n)[:, None], y=dict(targets), groups=groups)
            for part, cut in enumerate(split(f"kfold:{n_parts}", data, objective)):
                numbers[cut.validation] = part
        except HPOError:
            continue
        return np.asarray(numbers)
    return np.zeros(n, int)


def crossfit(way: Way, candidates: Candidates, size: int) -> Predictions:
    """Predict each part with the ensemble that is chosen on the other parts.

    Args:
        way: Chooses an ensemble.
        candidates: The candidates. If all samples are in one part, they are predicted by the
            ensemble that is chosen on them.
        size: The maximum number of members.

    Returns:
        Predictions by output name, shape (n_predicted, ...) each.
    """
    all_parts = np.unique(candidates.fold)
    predictions: Predictions = {}
    for part in all_parts:
        left_out = candidates.fold == part
        others = candidates.take(~left_out) if len(all_parts) > 1 else candidates
        combiner = way(others, size)
        predicted = combiner.combine(
            {
                member: {name: np.asarray(p)[left_out] for name, p in of_member.items()}
                for member, of_member in candidates.predictions.items()
                if member in combiner.weights
            }
        )
        for name, array in predicted.items():
            if name not in predictions:
                shape = (len(candidates.fold), *array.shape[1:])
                predictions[name] = np.zeros(shape, "float32")
            predictions[name][left_out] = array
    return predictions
