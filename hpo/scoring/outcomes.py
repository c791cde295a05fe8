"""Predictions next to the truth, read as classes or as values.

Models output class scores in several shapes. Reading them in one place makes sure that reports and
stored samples mean the same by a right answer and by its confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Classes:
    """True and predicted classes.

    Attributes:
        truth: The true classes, shape (n,).
        predicted: The predicted classes, shape (n,).
        confidence: The probability of the predicted class, from 0 to 1, shape (n,).
        names: The name of every class.
    """

    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Values:
    """True and predicted values.

    Attributes:
        truth: The true values, shape (n,).
        predicted: The predicted values, shape (n,).
    """

    truth: np.ndarray
    predicted: np.ndarray


def read_classes(
    truth: np.ndarray, predicted: np.ndarray, names: Sequence[str] | None = None
) -> Classes | None:
    """Read targets and predictions as classes.

    Args:
        truth: Targets: class numbers, shape (n, ...), or one-hot rows, shape (n, ..., k).
        predicted: Predictions: one number per class, shape (n, ..., k), or, with two classes,
            the probability or logit of the second, shape (n, 1) or (n,).
        names: Names of the classes; they make this a classification.

    Returns:
        The classes; None if this is not a classification.
    """
    if not (_is_numeric(truth) and _is_numeric(predicted) and np.isfinite(truth).all()):
        return None
    one_hot = _is_one_hot(truth)
    if truth.size == predicted.size and not one_hot:
        return _binary(truth.ravel(), predicted.ravel(), names)
    k = predicted.shape[-1]
    scores = predicted.reshape(-1, k)
    if one_hot and truth.size == predicted.size:
        return _multiclass(truth.reshape(-1, k).argmax(axis=1), scores, _named(k, names))
    flat = truth.ravel()
    if len(flat) != len(scores) or not np.isin(flat, np.arange(k)).all():
        return None
    return _multiclass(flat.astype(int), scores, _named(k, names))


def read_values(truth: np.ndarray, predicted: np.ndarray) -> Values | None:
    """Read targets and predictions as values.

    Args:
        truth: Targets, shape (n, ...).
        predicted: Predictions, shape (n, ...).

    Returns:
        The finite pairs, flattened; None if the shapes do not match or no pair is finite.
    """
    if truth.size != predicted.size or not np.issubdtype(truth.dtype, np.number):
        return None
    flat = Values(truth.astype(float).ravel(), predicted.astype(float).ravel())
    kept = np.isfinite(flat.truth) & np.isfinite(flat.predicted)
    return Values(flat.truth[kept], flat.predicted[kept]) if kept.any() else None


def _is_numeric(values: np.ndarray) -> bool:
    return values.dtype == bool or np.issubdtype(values.dtype, np.number)


def _is_one_hot(truth: np.ndarray) -> bool:
    if truth.ndim == 1 or truth.shape[-1] == 1:
        return False
    binary = ((truth == 0) | (truth == 1)).all()
    return bool(binary and (truth.sum(axis=-1) == 1).all())


def _named(k: int, names: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(map(str, names if names is not None and len(names) == k else range(k)))


def _binary(
    truth: np.ndarray, predicted: np.ndarray, names: Sequence[str] | None
) -> Classes | None:
    are_probabilities = bool(((predicted >= 0) & (predicted <= 1)).all())
    has_two_names = names is not None and len(names) == 2  # noqa: PLR2004
    if not np.isin(truth, (0, 1)).all() or not (has_two_names or are_probabilities):
        return None
    is_second = predicted > (0.5 if are_probabilities else 0.0)
    with np.errstate(over="ignore"):
        of_second = predicted if are_probabilities else 1 / (1 + np.exp(-predicted.astype(float)))
    confidence = np.where(is_second, of_second, 1 - of_second)
    return Classes(truth.astype(int), is_second.astype(int), confidence, _named(2, names))


def _multiclass(truth: np.ndarray, scores: np.ndarray, names: tuple[str, ...]) -> Classes:
    chosen = scores.argmax(axis=1)
    return Classes(truth, chosen, _probabilities(scores).max(axis=1), names)


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores as probabilities: unchanged if they are probabilities, else their softmax."""
    logits = scores.astype(float)
    sums = logits.sum(axis=1, keepdims=True)
    if (logits >= 0).all() and np.allclose(sums, 1, atol=0.01):
        return logits
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = exponents / exponents.sum(axis=1, keepdims=True)
    return probabilities
