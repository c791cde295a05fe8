"""Pruners: which running trials are not worth continuing. Each has a short name.

A pruner judges a trial only on a few *rungs*, the epochs that :func:`rungs` lists: the first is a
twelfth of the maximum number of epochs of the study's trials, and each next one is later by a
factor of the square root of three. So reporting costs a handful of entries in the journal, however
many epochs a trial trains. A trial reports its best mean over the folds so far, which would be its
score if it ended there.

No trial is pruned before ``MIN_COMPLETE_TRIALS`` trials are complete, so that small searches have
trials to make an ensemble of.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpo.errors import UsageError, suggestion

if TYPE_CHECKING:
    import optuna

    from hpo.space.space import Space
    from hpo.task import Task

NAMES = ("auto", "none", "median", "asha", "hyperband", "wilcoxon")

MIN_COMPLETE_TRIALS = 5
"""No trial is pruned before so many trials are complete."""

REDUCTION_FACTOR = 3
"""Of so many trials on a rung, asha and hyperband let one continue."""

MAX_UNPRUNED_EPOCHS = 20
""""auto" prunes only trials of more epochs than this."""

_FIRST_RUNG_DIVISOR = 12
_MIN_WILCOXON_FOLDS = 4


def check(name: str, n_folds: int | None = None) -> None:
    """Refuse a pruner that does not exist, or that cannot judge trials of so few folds.

    Args:
        name: Name of the pruner.
        n_folds: Number of folds of a trial, if known.

    Raises:
        UsageError: The pruner does not exist or needs more folds.
    """
    if name not in NAMES:
        raise UsageError(f"no pruner {name!r}. {suggestion(name, NAMES)}")
    if name == "wilcoxon" and n_folds is not None and n_folds < _MIN_WILCOXON_FOLDS:
        raise UsageError(
            f"pruner 'wilcoxon' compares trials fold by fold and needs {_MIN_WILCOXON_FOLDS} folds "
            f"or more, not {n_folds}. Evaluate with --cv kfold:5, or use --pruner asha."
        )


def make_pruner(name: str, *, max_epochs: int, epochs: int) -> optuna.pruners.BasePruner | None:
    """Make the pruner of a trial; it learns everything it knows from the study.

    Args:
        name: One of ``NAMES``.
        max_epochs: Maximum number of epochs of the study's trials.
        epochs: Maximum number of epochs of this trial.

    Returns:
        The pruner, or None if the trial is never pruned.
    """
    from optuna import pruners

    if name == "none" or (name == "auto" and epochs <= MAX_UNPRUNED_EPOCHS):
        return None
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=MIN_COMPLETE_TRIALS)
    if name == "wilcoxon":
        from hpo.pruners.wilcoxon import FoldwisePruner

        return FoldwisePruner()
    first = rungs(max_epochs)[0]
    if name == "hyperband":
        return pruners.HyperbandPruner(
            min_resource=first, max_resource=max_epochs, reduction_factor=REDUCTION_FACTOR
        )
    from hpo.pruners.halving import HalvingPruner

    return HalvingPruner(first, REDUCTION_FACTOR)


def rungs(max_epochs: int) -> list[int]:
    """The epochs on which pruners judge trials, ascending; at least one.

    Args:
        max_epochs: Maximum number of epochs of the study's trials, 1 or more.
    """
    first = max(1, max_epochs // _FIRST_RUNG_DIVISOR)
    n_steps = math.floor(2 * math.log(max_epochs / first, REDUCTION_FACTOR))
    return sorted({round(first * REDUCTION_FACTOR ** (step / 2)) for step in range(n_steps + 1)})


def rungs_of(name: str, *, max_epochs: int, epochs: int) -> frozenset[int]:
    """The epochs on which a pruner judges one trial; none if the trial is never pruned.

    Args:
        name: One of ``NAMES``.
        max_epochs: Maximum number of epochs of the study's trials.
        epochs: Maximum number of epochs of this trial.
    """
    is_pruned = make_pruner(name, max_epochs=max_epochs, epochs=epochs) is not None
    return frozenset(rungs(max_epochs) if is_pruned else ())


def max_epochs_of(task: Task, space: Space) -> int:
    """Maximum number of epochs of a trial, as far as task and space determine it.

    A stage whose epochs are a function of the configuration does not count.
    """
    stages = sum(stage.epochs for stage in task.stages if isinstance(stage.epochs, int))
    own = space["epochs"] if "epochs" in space.names else None
    searched = own.ends if own else ()
    otherwise = () if own and not own.conditions else (task.epochs,)
    return max(1, *(int(epochs) for epochs in (*searched, *otherwise))) + stages
