"""Predictions next to the truth, read as classes or as values.

Models output class scores in several shapes. Reading them in one place makes sure that reports and
stored samples mean the same by a right answer and by its confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.targets import are_probabilities, decide

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


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels that samples have, any number each, and those that were predicted.

    Attributes:
        truth: Whether each sample has each label, shape (n, k).
        predicted: Whether it was predicted to have it, shape (n, k).
        confidence: The probability of what was predicted, having the label or not, shape (n, k).
        names: The name of every label.
    """

    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    names: tuple[str, ...]

    @property
    def answers(self) -> Classes:
        """Every label of every sample as a question of its own, to be answered by no or yes."""
        return Classes(
            self.truth.ravel().astype(int),
            self.predicted.ravel().astype(int),
            self.confidence.ravel(),
            ("no", "yes"),
        )


def read_classes(
    truth: np.ndarray,
    predicted: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    metric: str = "",
    loss: str = "",
) -> Classes | None:
    """Read targets and predictions as classes.

    Args:
        truth: Targets: class numbers, shape (n, ...), or one-hot rows, shape (n, ..., k).
        predicted: Predictions: one number per class, shape (n, ..., k), or, with two classes,
            the probability or logit of the second, shape (n, 1) or (n,).
        names: Names of the classes; they make this a classification.
        metric: The objective, as :func:`hpo.data.targets.metric_of` gives it.
        loss: Keras's name for the loss; "" if it is unknown.

    Returns:
        The classes; None if this is not a classification into exclusive classes.
    """
    target = decide(truth, metric=metric, loss=loss, names=names, predictions=predicted)
    if not target.is_exclusive:
        return None
    classes = target.classes(truth).ravel()
    if target.kind == "one class":
        scores = predicted.reshape(-1, predicted.shape[-1])
        return Classes(
            classes, scores.argmax(axis=1), _probabilities(scores).max(axis=1), target.names
        )
    predicted = predicted.ravel()
    is_second, confidence = _answers(predicted)
    return Classes(classes, is_second.astype(int), confidence, target.names)


def read_labels(
    truth: np.ndarray,
    predicted: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    metric: str = "",
    loss: str = "",
) -> Labels | None:
    """Read targets and predictions as labels of which a sample has any number.

    Args:
        truth: Targets of zeros and ones, shape (n, ..., k).
        predicted: Probabilities of the labels, shape (n, ..., k).
        names: Names of the labels.
        metric: The objective, as :func:`hpo.data.targets.metric_of` gives it.
        loss: Keras's name for the loss; "" if it is unknown.

    Returns:
        The labels; None if the targets are something else.
    """
    target = decide(truth, metric=metric, loss=loss, names=names, predictions=predicted)
    if target.kind != "labels":
        return None
    k = len(target.names)
    has_label, confidence = _answers(predicted.reshape(-1, k))
    return Labels(truth.reshape(-1, k).astype(bool), has_label, confidence, target.names)


def joined_labels(has_label: np.ndarray, names: Sequence[str]) -> list[str]:
    """The labels of every sample as one text, separated by semicolons; "" for none.

    Args:
        has_label: Whether each sample has each label, shape (n, k).
        names: The names of the labels.
    """
    return [";".join(np.array(names)[row]) for row in has_label.astype(bool)]


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


def _answers(predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers to yes-or-no questions, and the probability given to each answer."""
    is_probable = are_probabilities(predicted)
    is_yes = predicted > (0.5 if is_probable else 0.0)
    with np.errstate(over="ignore"):
        of_yes = predicted if is_probable else 1 / (1 + np.exp(-predicted.astype(float)))
    return is_yes, np.where(is_yes, of_yes, 1 - of_yes)


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores as probabilities: unchanged if they are probabilities, else their softmax."""
    logits = scores.astype(float)
    sums = logits.sum(axis=1, keepdims=True)
    if (logits >= 0).all() and np.allclose(sums, 1, atol=0.01):
        return logits
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = exponents / exponents.sum(axis=1, keepdims=True)
    return probabilities
