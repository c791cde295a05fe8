"""The samples of one fold, as training reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class FoldArrays:
    """The samples of one fold, preprocessed by what was fitted on its training part.

    Attributes:
        x: All training samples of the task, shape (n_samples, ...), or a dict of such arrays.
        y: Their targets, likewise.
        sample_weight: Their weights, shape (n_samples,), or None.
        train: Positions to train on, shape (n_train,).
        validation: Positions to validate on, shape (n_validation,). If no fold has any, nothing
            is validated and no log starts with ``val_``.
    """

    x: Any
    y: Any
    sample_weight: np.ndarray | None
    train: np.ndarray
    validation: np.ndarray
