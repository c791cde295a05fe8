"""The smallest model that is as good as the best one, within one standard error.

The one-standard-error rule (Breiman, Friedman, Olshen and Stone, Classification and Regression
Trees, 1984) chooses the simplest of all configurations whose score is within one standard error of
the best score. Here the simplest is the one with the fewest parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scored(Protocol):
    """A configuration with its score, such as a trial or a confirmed configuration."""

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
        The smallest configuration within one standard error of the best, the better one of two
        with equal size; None if the best has no standard error or no size.
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
