"""How an ensemble makes one prediction of those of its members: a rule that is plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpo.ensembles.members import Member
from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Predictions = Mapping[str, np.ndarray]

NEGLIGIBLE = 0.01
"""A member with less than this share of the weight costs models and adds nothing."""


class Combiner(Protocol):
    """Makes one prediction of those of several members."""

    @property
    def weights(self) -> Mapping[Member, float]:
        """The members, each with its share in the whole, the greatest first."""

    def combine(self, predictions: Mapping[Member, Predictions]) -> dict[str, np.ndarray]:
        """Combine the members' predictions, by output name, shape (n_samples, ...) each."""

    def settings(self) -> dict[str, Any] | None:
        """All that is needed beside the weights, as JSON; None where there is nothing."""


@dataclass(frozen=True)
class Blend:
    """The weighted mean of the members' predictions.

    Attributes:
        weights: Weight by member, summing to 1.
    """

    weights: Mapping[Member, float]

    @classmethod
    def of(cls, weights: Mapping[Member, float], most: int) -> Blend:
        """The blend of the heaviest members, without the negligible ones.

        Args:
            weights: Weight by member, none below 0.
            most: The most members that may stay.
        """
        heaviest = sorted(weights.items(), key=lambda item: -item[1])[:most]
        least = NEGLIGIBLE * sum(weight for _member, weight in heaviest)
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
        """There is nothing beside the weights."""


def to_json(combiner: Combiner) -> dict[str, Any]:
    """A combiner as it stands in ``ensemble.json``: keys "members" and "stacking"."""
    return {
        "members": [
            {"study": member.study, "trial": member.trial, "weight": weight}
            for member, weight in combiner.weights.items()
        ],
        "stacking": combiner.settings(),
    }


def from_json(result: Mapping[str, Any]) -> Combiner:
    """The combiner of an ``ensemble.json``.

    Raises:
        HPOError: Something is missing or is not what it should be.
    """
    from hpo.ensembles.selection.stacking import Stack

    try:
        weights = {
            Member(str(entry.get("study", result["study"])), int(entry["trial"])): float(
                entry["weight"]
            )
            for entry in result["members"]
        }
        if not weights or not all(map(math.isfinite, weights.values())):
            raise ValueError("members without weights")  # noqa: TRY301
        stacking = result.get("stacking")
        return Stack.from_settings(weights, stacking) if stacking else Blend(weights)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HPOError(
            f"ensemble.json of study {result.get('study')!r}: is damaged ({error!r}). Make the "
            "ensemble anew: hpo ensemble STUDY."
        ) from error
