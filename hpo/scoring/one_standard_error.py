"""The smallest model that is not worse than the best one, as far as can be told.

The one-standard-error rule (Breiman, Friedman, Olshen and Stone, Classification and Regression
Trees, 1984): of all configurations whose score lies within one standard error of the best score,
the simplest is chosen. Here the simplest has the fewest parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scored(Protocol):
    """A configuration with its score: a trial, or one that was confirmed."""

    @property
    def score(self) -> float | None:
        """Its score."""

    @property
    def std_error(self) -> float | None:
        """The standard error of the score."""

    @property
    def model_size(self) -> int | None:
        """The number of parameters of its model."""


_Scored = TypeVar("_Scored", bound=Scored)


def smallest_as_good(ranking: Sequence[_Scored]) -> _Scored | None:
    """Choose by the one-standard-error rule.

    Args:
        ranking: Configurations with scores, the best first.

    Returns:
        The smallest whose score lies within one standard error of the best, the better of two of
        one size; None where the best has no standard error or no size.
    """
    if not ranking:
        return None
    best = ranking[0]
    if best.score is None or best.std_error is None or best.model_size is None:
        return None
    chosen = best
    for other in ranking[1:]:
        if other.score is None or abs(other.score - best.score) > best.std_error:
            break
        if other.model_size is not None and other.model_size < (chosen.model_size or 0):
            chosen = other
    return chosen
