"""Samples that occur more than once: counted, and kept in one fold where that is asked for.

Two samples are copies when their inputs are equal in contents, type and shape; their targets do
not matter, since a model that has seen the one knows the other. A model that is validated on a
copy of what it was trained on is asked what it has been told (Barz and Denzler, Do we train on
test data?, 2020).

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
        within_train: Training samples that occur more than once in the training data.
        train_validation: Samples that a model is validated on that was trained on a copy.
        train_test: Test samples that occur in the training data too.
    """

    within_train: int
    train_validation: int
    train_test: int


def count(whole: Data, data: Data, splits: Sequence[Split]) -> Duplicates:
    """Count the samples that have copies.

    Args:
        whole: All of a task's data. Of the test set the inputs are digested and counted, nothing
            else; this is the one place before an ensemble that reads them.
        data: The training samples that a study searches on.
        splits: How it cuts them.
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

    A search reads test inputs here and nowhere else, and of them only this number goes on.

    Args:
        training: The digests of the training samples, shape (n_samples,).
        x_test: The test samples.
    """
    return int(np.isin(digests(x_test), training).sum())


def with_copies_grouped(data: Data) -> Data:
    """The same data, with groups that hold all copies of a sample together.

    Where the task has groups of its own, those that share a sample become one: the connected
    components of samples, copies and groups.

    Args:
        data: The data, before a part of it is taken.

    Returns:
        The data; unchanged where no sample occurs more than once.
    """
    found = digests(data.x)
    if not _repeated(found).any():
        return data
    labels = np.unique(found, return_inverse=True)[1]
    if data.groups is not None:
        labels = _components(labels, np.unique(np.asarray(data.groups), return_inverse=True)[1])
    return dataclasses.replace(data, groups=labels)


def _repeated(found: np.ndarray) -> np.ndarray:
    """Which samples occur more than once, shape (n_samples,)."""
    _values, inverse, counts = np.unique(found, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] > 1)


def _across(found: np.ndarray, splits: Sequence[Split]) -> int:
    leaking = np.zeros(len(found), bool)
    for split in splits:
        leaking[split.validation] |= np.isin(found[split.validation], found[split.train])
    return int(leaking.sum())


def _components(copies: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The component of every sample, where a sample ties its copies to its group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = copies.max() + groups.max() + 2
    ties = coo_array((np.ones(len(copies), bool), (copies, groups + copies.max() + 1)), (n, n))
    component = connected_components(ties, directed=False)[1]
    return np.asarray(component[copies])
