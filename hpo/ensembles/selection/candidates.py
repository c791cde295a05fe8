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
    from hpo.scoring.scorer import Scorer
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
        blocks: What is scored by itself: scores are means over the blocks, as those of trials are
            means over folds, shape (n_predicted,); None where all samples are scored together.
        weights: Sample weights, if the objective depends on them, shape (n_predicted,), or None.
        notes: Where these scores are not the ones of the search, and why.
    """

    predictions: Mapping[Member, Predictions]
    targets: Predictions
    index: np.ndarray
    fold: np.ndarray
    scorer: Scorer
    direction: Direction
    units: np.ndarray | None = None
    blocks: np.ndarray | None = None
    weights: np.ndarray | None = None
    notes: tuple[str, ...] = ()

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

    @cached_property
    def _targets_by_block(self) -> list[tuple[np.ndarray, Predictions, np.ndarray | None]]:
        """The rows, the targets and the weights of every block."""
        if self.blocks is None:
            return []
        rows = [np.flatnonzero(self.blocks == block) for block in np.unique(self.blocks)]
        return [(r, _rows(self.targets, r), _part(self.weights, r)) for r in rows]

    def score(self, predictions: Predictions) -> float:
        """The objective of predictions for the same samples: its mean over the blocks."""
        if len(self._targets_by_block) <= 1:
            return self._score(self.targets, predictions, self.weights)
        scores = [
            self._score(targets, _rows(predictions, rows), weights)
            for rows, targets, weights in self._targets_by_block
        ]
        return float(np.mean(scores))

    def score_on(self, predictions: Predictions, rows: np.ndarray) -> float:
        """The objective on some of the samples together, whatever block they are in.

        Args:
            predictions: Of all samples, by output name, shape (n_predicted, ...) each.
            rows: Which of the samples, positions or a mask.
        """
        targets = _rows(self.targets, rows)
        return self._score(targets, _rows(predictions, rows), _part(self.weights, rows))

    def loss(self, predictions: Predictions) -> float:
        """The objective as something to minimize; infinite if it is not a number."""
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
        part = self.part(rows)
        losses = {member: part.loss(p) for member, p in part.predictions.items()}
        return part.only(sorted(part.members, key=lambda member: losses[member]))

    def _score(
        self, targets: Predictions, predictions: Predictions, weights: np.ndarray | None
    ) -> float:
        if weights is None:
            return self.scorer(targets, predictions)
        return self.scorer(targets, predictions, weights)

    def only(self, members: Sequence[Member]) -> Candidates:
        """Some of the candidates, in this order."""
        chosen = {member: self.predictions[member] for member in members}
        return dataclasses.replace(self, predictions=chosen)

    def part(self, rows: np.ndarray) -> Candidates:
        """The same candidates, in this order, on some of the samples.

        Args:
            rows: Which of the samples, positions or a mask.
        """
        return dataclasses.replace(
            self,
            predictions={m: _rows(p, rows) for m, p in self.predictions.items()},
            targets=_rows(self.targets, rows),
            index=self.index[rows],
            fold=self.fold[rows],
            units=_part(self.units, rows),
            blocks=_part(self.blocks, rows),
            weights=_part(self.weights, rows),
        )


def _rows(arrays: Predictions, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(array)[rows] for name, array in arrays.items()}


def _part(array: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if array is None else array[rows]
