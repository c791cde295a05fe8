"""How an ensemble combines the predictions of its members: rules that consist of numbers."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpo.ensembles.members import Member
from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.study.ensemble_record import EnsembleRecord

    Predictions = Mapping[str, np.ndarray]

MIN_SHARE = 0.01
"""A member with a smaller share of the weight costs models and adds nothing."""


class Combiner(Protocol):
    """Combines the predictions of several members."""

    @property
    def weights(self) -> Mapping[Member, float]:
        """The members with their weights, in descending order."""

    def combine(self, predictions: Mapping[Member, Predictions]) -> dict[str, np.ndarray]:
        """Combine the members' predictions, by output name, shape (n_samples, ...) each."""

    def settings(self) -> dict[str, Any] | None:
        """What is needed besides the weights, as JSON, or None."""


@dataclass(frozen=True)
class Blend:
    """The weighted mean of the members' predictions.

    Attributes:
        weights: The weights by member, which add up to 1.
    """

    weights: Mapping[Member, float]

    @classmethod
    def of(cls, weights: Mapping[Member, float], size: int) -> Blend:
        """The blend of the members with the largest weights, without negligible ones.

        Args:
            weights: The weights by member, 0 or more.
            size: The maximum number of members.
        """
        heaviest = sorted(weights.items(), key=lambda item: -item[1])[:size]
        least = MIN_SHARE * sum(weight for _member, weight in heaviest)
        kept = {member: weight for member, weight in heaviest if weight >= least and weight > 0}
        total = sum(kept.values())
        return cls({member: float(weight / total) for member, weight in kept.items()})

    def combine(self, predictions: Mapping[Member, Predictions]) -> dict[str, np.ndarray]:
        """Average the members' predictions, by output name."""
        first = predictions[next(iter(self.weights))]
        return {
            name: np.asarray(sum(w * predictions[m][name] for m, w in self.weights.items()))
            for name in first
        }

    def settings(self) -> None:
        """Nothing is needed besides the weights."""


def combiner_of(record: EnsembleRecord) -> Combiner:
    """The combiner of an ensemble that was made earlier.

    Args:
        record: The record of the ensemble.

    Raises:
        HPOError: The record is damaged.
    """
    from hpo.ensembles.selection.stacking import Stack

    weights = {Member(one.study, one.trial): one.weight for one in record.members}
    try:
        if not weights or not all(map(math.isfinite, weights.values())):
            raise ValueError("members without weights")  # noqa: TRY301
        return Stack.from_settings(weights, record.stacking) if record.stacking else Blend(weights)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HPOError(
            f"the ensemble of study {record.study!r} is damaged ({error!r}). Run hpo ensemble "
            f"{shlex.quote(record.study)} again."
        ) from error
