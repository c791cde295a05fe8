"""What computes an objective from targets and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np


class Scorer(Protocol):
    """An objective as a function of whole arrays."""

    def __call__(
        self,
        targets: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
        weights: np.ndarray | None = None,
        /,
    ) -> float:
        """Compute it.

        Args:
            targets: Targets by output name, shape (n, ...) each.
            predictions: Predictions by output name, shape (n, ...) each.
            weights: Sample weights, shape (n,), if there are any; an objective that does not
                depend on them ignores them.
        """
