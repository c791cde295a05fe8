"""Pruners: which running trials are not worth going on with. Each has a short name.

A trial is looked at on a few *rungs* only, the epochs that :func:`rungs` lists: a twelfth of the
most epochs that a trial of the study trains, and from there on by a factor of the square root of
three. So reporting costs a handful of entries in the journal, however many epochs a trial trains.
What is reported is the best mean over the folds so far: it is what the score would be if the
trial ended there.

No trial is pruned before ``STARTUP`` trials are complete, so that small searches have trials to
make an ensemble of.
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

STARTUP = 5
"""Complete trials before any is pruned."""

REDUCTION = 3
"""Of so many trials on a rung, asha and hyperband let one go on."""

LONG = 20
"""A trial of more epochs than this is pruned by "auto"."""

_FIRST_SHARE = 12
_FOLDS_TO_TELL = 4


def check(name: str, n_folds: int | None = None) -> None:
    """Refuse a pruner that does not exist, or that cannot judge trials of so few folds.

    Args:
        name: The pruner.
        n_folds: How many folds a trial has, where that is known.

    Raises:
        UsageError: What is wrong, and what there is.
    """
    if name not in NAMES:
        raise UsageError(f"no pruner {name!r}. {suggestion(name, NAMES)}")
    if name == "wilcoxon" and n_folds is not None and n_folds < _FOLDS_TO_TELL:
        raise UsageError(
            f"pruner 'wilcoxon' compares trials fold by fold and needs {_FOLDS_TO_TELL} folds or "
            f"more, not {n_folds}. Evaluate with --cv kfold:5, or take --pruner asha."
        )


def make_pruner(name: str, *, most: int, epochs: int) -> optuna.pruners.BasePruner | None:
    """Make the pruner of a trial; it takes all it knows from the study.

    Args:
        name: One of ``NAMES``.
        most: The most epochs that a trial of the study trains.
        epochs: The most epochs that this trial trains.

    Returns:
        The pruner, or None where the trial is not pruned.
    """
    from optuna import pruners

    if name == "none" or (name == "auto" and epochs <= LONG):
        return None
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=STARTUP)
    if name == "wilcoxon":
        from hpo.pruners.wilcoxon import FoldwisePruner

        return FoldwisePruner()
    first = rungs(most)[0]
    if name == "hyperband":
        return pruners.HyperbandPruner(
            min_resource=first, max_resource=most, reduction_factor=REDUCTION
        )
    from hpo.pruners.halving import HalvingPruner

    return HalvingPruner(first, REDUCTION)


def rungs(most: int) -> list[int]:
    """The epochs on which trials are looked at, ascending; at least one.

    Args:
        most: The most epochs that a trial of the study trains, 1 or more.
    """
    first = max(1, most // _FIRST_SHARE)
    steps = math.floor(2 * math.log(most / first, REDUCTION))
    return sorted({round(first * REDUCTION ** (step / 2)) for step in range(steps + 1)})


def most_epochs(task: Task, space: Space) -> int:
    """The most epochs that a trial trains, as far as task and space say so beforehand.

    A stage whose epochs are a function of the configuration does not count.
    """
    stages = sum(stage.epochs for stage in task.stages if isinstance(stage.epochs, int))
    own = space["epochs"] if "epochs" in space.names else None
    searched = own.ends if own else ()
    otherwise = () if own and not own.conditions else (task.epochs,)
    return max(1, *(int(epochs) for epochs in (*searched, *otherwise))) + stages
