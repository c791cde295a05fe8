"""Samples that occur more than once: counted, and kept in one fold if the user asks for it.

Two samples are copies if their inputs are equal in contents, type and shape. Targets do not matter,
since a model that has seen one copy knows the other. A score on copies of training samples is too
good (Barz and Denzler, "Do we train on test data?", 2020).

Rows are compared by a digest of 64 bits each, so that samples of any size cost eight bytes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.digests import digests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.task import Data


@dataclass(frozen=True)
class Duplicates:
    """How many samples have copies.

    Attributes:
        within_train: Number of training samples that occur more than once in the training data.
        train_validation: Number of samples that a model validates on after training on a copy; None
            if they were not counted.
        train_test: Number of test samples that also occur in the training data.
    """

    within_train: int = 0
    train_validation: int | None = None
    train_test: int = 0


def count(whole: Data, data: Data, splits: Sequence[Split]) -> Duplicates:
    """Count the samples that have copies.

    Args:
        whole: All of a task's data. The inputs of the test set are digested and counted, nothing
            else; before an ensemble, no other code reads them.
        data: The training samples that a study searches on.
        splits: How the study splits them.
    """
    training = digests(whole.x)
    searched = training if data.x is whole.x else digests(data.x)
    return Duplicates(
        within_train=int(_repeated(training).sum()),
        train_validation=_across(searched, splits),
        train_test=0 if whole.x_test is None else in_test(training, whole.x_test),
    )


def in_test(training: np.ndarray, x_test: Any) -> int:
    """Count the test samples that occur in the training data.

    A search reads test inputs here and nowhere else, and keeps only this number.

    Args:
        training: The digests of the training samples, shape (n_samples,).
        x_test: The test samples.
    """
    return int(np.isin(digests(x_test), training).sum())


def with_copies_grouped(data: Data) -> Data:
    """The same data, with groups that keep all copies of a sample together.

    If the task has its own groups, those that share a sample become one: the connected components
    of samples, copies and groups.

    Args:
        data: The data, before a part of it is taken.

    Returns:
        The data; unchanged if no sample occurs more than once.
    """
    samples = digests(data.x)
    if not _repeated(samples).any():
        return data
    labels = np.unique(samples, return_inverse=True)[1]
    if data.groups is not None:
        labels = _components(labels, np.unique(np.asarray(data.groups), return_inverse=True)[1])
    return dataclasses.replace(data, groups=labels)


def _repeated(samples: np.ndarray) -> np.ndarray:
    """Which samples occur more than once, shape (n_samples,)."""
    _values, inverse, counts = np.unique(samples, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] > 1)


def _across(samples: np.ndarray, splits: Sequence[Split]) -> int:
    leaking = np.zeros(len(samples), bool)
    for split in splits:
        leaking[split.validation] |= np.isin(samples[split.validation], samples[split.train])
    return int(leaking.sum())


def _components(copies: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The component of every sample, if every sample connects its copies with its group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = copies.max() + groups.max() + 2
    ties = coo_array((np.ones(len(copies), bool), (copies, groups + copies.max() + 1)), (n, n))
    component = connected_components(ties, directed=False)[1]
    return np.asarray(component[copies])
