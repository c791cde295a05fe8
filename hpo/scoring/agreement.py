"""Whether a scorer computes what Keras logged.

A name does not say what was computed: a function of one's own may be called ``mae``, padding may
be masked, layers may add to the loss. So before a scorer is believed, it is applied to the
predictions of a trial, and compared with the scores that Keras logged for the same samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpo.scoring.compiled import Compiled

RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-3, 1e-6
"""Single precision explains differences as small as these, also at a threshold."""

GUESS_TOLERANCE = 0.02
"""A study without a record of its objective: Keras computes areas on 200 thresholds."""


SATURATED_TOLERANCE = 0.02
"""Keras computes cross-entropies from the logits within the model where it can, which go beyond
the least probability that single precision and clipping leave."""


def tolerance_for(compiled: Compiled | None) -> float:
    """The relative difference that is no disagreement.

    Args:
        compiled: What the model was compiled with; None in studies of version 0.1.0.
    """
    if compiled is None:
        return GUESS_TOLERANCE
    terms = [t for t in compiled.objective if t.name.endswith("Crossentropy")]
    is_exact = all(term.from_logits for term in terms)
    return RELATIVE_TOLERANCE if is_exact else SATURATED_TOLERANCE


@dataclass(frozen=True)
class Agreement:
    """A score as Keras logged it, and as a scorer computes it from the same predictions.

    Attributes:
        logged: The mean over the folds that Keras logged, without penalties.
        computed: The mean over the folds of what the scorer computes.
        holds: Whether they are the same in every fold.
    """

    logged: float
    computed: float
    holds: bool

    def __str__(self) -> str:
        """Both values and their difference in words."""
        difference = abs(self.computed - self.logged)
        return (
            f"Keras logged {self.logged:.6g}, and from the same predictions hpo computes "
            f"{self.computed:.6g} (a difference of {difference:.4g})"
        )


def compare(
    logged: Sequence[float],
    computed: Sequence[float],
    penalties: Sequence[float] = (),
    *,
    tolerance: float = RELATIVE_TOLERANCE,
) -> Agreement:
    """Compare the scores of the folds.

    Args:
        logged: The objective that Keras logged, by fold.
        computed: What a scorer computes, by fold.
        penalties: What the logged objective contains beside the scorer's, by fold.
        tolerance: The relative difference that is no disagreement.
    """
    without = np.subtract(logged, penalties) if len(penalties) else np.asarray(logged)
    pairs = zip(without.tolist(), computed, strict=True)
    holds = all(math.isclose(a, b, rel_tol=tolerance, abs_tol=ABSOLUTE_TOLERANCE) for a, b in pairs)
    return Agreement(float(np.mean(without)), float(np.mean(computed)), holds)


def scores_of(score: Callable[[int], float], n_folds: int) -> tuple[float, ...]:
    """The score of every fold; empty if it cannot be computed.

    Args:
        score: Computes the score of a fold; may raise anything, as a task's own metric does.
        n_folds: The number of folds.
    """
    try:
        scores = tuple(float(score(fold)) for fold in range(n_folds))
    except Exception:  # noqa: BLE001
        return ()
    return scores if all(map(math.isfinite, scores)) else ()
