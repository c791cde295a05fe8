"""The candidates for an ensemble: trials' out-of-fold predictions, and their targets."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hpo.scoring.direction import as_loss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.ensembles.members import Member
    from hpo.scoring.metrics import Scorer
    from hpo.task import Direction

    Predictions = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates for an ensemble.

    Attributes:
        predictions: Out-of-fold predictions by member, the best first; each by output name,
            shape (n_predicted, ...).
        targets: The targets of the same samples, by output name.
        index: The positions of these samples in the training data, shape (n_predicted,).
        fold: The part of each sample, shape (n_predicted,). For cross-fitting, members are chosen
            on all parts but one, and evaluated on that one.
        scorer: The objective.
        direction: Whether the objective is minimized or maximized.
        units: The group of each sample, shape (n_predicted,): for the interval of a score, the
            samples of a group count as one. None if every sample counts by itself.
    """

    predictions: Mapping[Member, Predictions]
    targets: Predictions
    index: np.ndarray
    fold: np.ndarray
    scorer: Scorer
    direction: Direction
    units: np.ndarray | None = None

    @property
    def members(self) -> list[Member]:
        """The candidates, the best first."""
        return list(self.predictions)

    @cached_property
    def stacked(self) -> dict[str, np.ndarray]:
        """Predictions by output name, shape (n_candidates, n_predicted, ...), the best first."""
        names = next(iter(self.predictions.values()))
        return {
            name: np.stack([np.asarray(p[name], "float32") for p in self.predictions.values()])
            for name in names
        }

    def score(self, predictions: Predictions) -> float:
        """The objective of predictions for the same samples."""
        return self.scorer(self.targets, predictions)

    def loss(self, predictions: Predictions) -> float:
        """The objective as something to minimize; infinite where it is not a number."""
        loss = as_loss(self.score(predictions), self.direction)
        return math.inf if math.isnan(loss) else loss

    def blend(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """The weighted sum of the candidates' predictions.

        Args:
            weights: The weights of the candidates, the best first, shape (n_candidates,).
        """
        rounded = np.asarray(weights, "float32")
        return {name: np.tensordot(rounded, p, 1) for name, p in self.stacked.items()}

    def take(self, rows: np.ndarray) -> Candidates:
        """The same candidates on some of the samples, ranked by their scores on these samples.

        Args:
            rows: The samples, as positions or as a mask.
        """
        part = self._take(rows)
        losses = {member: part.loss(p) for member, p in part.predictions.items()}
        return part.only(sorted(part.members, key=lambda member: losses[member]))

    def only(self, members: Sequence[Member]) -> Candidates:
        """Some of the candidates, in this order."""
        chosen = {member: self.predictions[member] for member in members}
        return dataclasses.replace(self, predictions=chosen)

    def _take(self, rows: np.ndarray) -> Candidates:
        return dataclasses.replace(
            self,
            predictions={m: _rows(p, rows) for m, p in self.predictions.items()},
            targets=_rows(self.targets, rows),
            index=self.index[rows],
            fold=self.fold[rows],
            units=None if self.units is None else self.units[rows],
        )


def _rows(arrays: Predictions, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(array)[rows] for name, array in arrays.items()}
