"""Chooses the epoch whose states are kept, by a rule about the losses of all folds.

The score of a trial belongs to one epoch for all folds, the one with the best mean
(:func:`mean_of_all`). An honest estimate needs, for every fold, the epoch that the other folds
choose (:func:`mean_of_others`), since that choice has not seen the fold. Both are averages of the
folds' losses, so a rule is a matrix of weights.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.scoring.direction import as_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from hpo.task import Direction

Rule = np.ndarray
"""Weights of shape (n_folds, n_folds): fold f keeps the epoch where ``rule[f] @ losses`` is least.
"""


def mean_of_all(n_folds: int) -> Rule:
    """Every fold keeps the epoch with the best mean over all folds."""
    return np.full((n_folds, n_folds), 1 / n_folds)


def mean_of_others(n_folds: int) -> Rule:
    """Every fold keeps the epoch with the best mean over the other folds.

    Args:
        n_folds: Number of folds, 2 or more.
    """
    return (1 - np.eye(n_folds)) / (n_folds - 1)


class EpochChoice:
    """The best epochs of a stage so far, and the states of the folds there.

    Patience goes by the first rule.

    Args:
        find_objective: Returns the objective's name among names of logs, or None.
        direction: Which objectives are better.
        rules: The rules.
        patience: Training ends after so many epochs without a better one; None for never.
        least: The least loss before this stage, by rule and fold.

    Attributes:
        n_epochs: Epochs of the stage so far.
        least: The least loss so far as a rule averages it, shape (n_rules, n_folds).
        epochs: The chosen epoch, from 1, shape (n_rules, n_folds); 0 if none was better.
        states: The state at that epoch by rule and fold; of no meaning where there is no epoch.
        is_broken: Whether the loss or the objective of a fold was NaN or infinite.
    """

    def __init__(
        self,
        find_objective: Callable[[Collection[str]], str | None],
        direction: Direction,
        rules: Sequence[Rule],
        *,
        patience: int | None = None,
        least: np.ndarray | None = None,
    ) -> None:
        self.find_objective = find_objective
        self.sign = as_loss(1.0, direction)
        self.rules = np.stack(rules)
        self.patience = patience
        shape = self.rules.shape[:2]
        self.n_epochs = 0
        self.least = np.full(shape, math.inf) if least is None else np.array(least, "float64")
        self.epochs = np.zeros(shape, int)
        self.states: list[list[Any]] = [[None] * shape[1] for _rule in rules]
        self.is_broken = False

    @property
    def has_ended(self) -> bool:
        """Whether training should end: patience has run out, or a loss is broken."""
        return self.is_broken or self.n_certain == 0

    @property
    def n_certain(self) -> int:
        """So many epochs come in any case, unless a loss breaks, before patience runs out."""
        if self.patience is None:
            return sys.maxsize
        return max(0, self.patience - (self.n_epochs - int(self.epochs[0].max())))

    def observe(self, logs: Sequence[Mapping[str, float]], states: Sequence[Any]) -> None:
        """Take another epoch into account.

        Args:
            logs: What every fold logged.
            states: The state of every fold after it.
        """
        self.n_epochs += 1
        name = self.find_objective(logs[0])
        # An objective that is not logged is refused by whoever reads the logs.
        losses = np.array([self.sign * log.get(name or "", 0.0) for log in logs])
        others = np.array([log.get("loss", 0.0) for log in logs])
        self.is_broken = not (np.isfinite(losses).all() and np.isfinite(others).all())
        if self.is_broken or name is None:
            return
        losses = self.rules @ losses
        for rule, fold in zip(*np.nonzero(losses < self.least), strict=True):
            self.least[rule, fold] = losses[rule, fold]
            self.epochs[rule, fold] = self.n_epochs
            self.states[rule][fold] = states[fold]
