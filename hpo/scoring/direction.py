"""The direction of an objective: which of two scores is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import optuna

    from hpo.task import Direction

Score = TypeVar("Score", float, "np.ndarray")


def as_loss(score: Score, direction: Direction) -> Score:
    """A score, or an array of scores, as something to minimize."""
    return score if direction == "minimize" else -score


def direction_of(study: optuna.Study) -> Direction:
    """The direction of one of Optuna's studies, which has one objective."""
    return "minimize" if study.direction.name == "MINIMIZE" else "maximize"
