"""What Keras's metrics and losses compute for every sample, in NumPy.

Choosing an ensemble evaluates the objective thousands of times, for which a step through Keras
would take too long. Tests hold these to Keras's own values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hpo.errors import HPOError

EPSILON = 1e-7  # Keras clips probabilities to this distance from 0 and 1

Values = Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], np.ndarray]
"""``(y_true, y_pred, config) -> values``: shapes (n, ...), (n, ...) and (n, ...)."""


def aligned(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions in double precision and one shape, as Keras aligns them.

    Raises:
        HPOError: The shapes do not match; NumPy would silently spread one over the other.
    """
    truth, predictions = np.asarray(y_true), np.asarray(y_pred)
    if truth.size == predictions.size and len(truth) == len(predictions):
        if truth.ndim < predictions.ndim and predictions.shape[-1] == 1:
            truth = truth.reshape(predictions.shape)
        elif predictions.ndim < truth.ndim and truth.shape[-1] == 1:
            predictions = predictions.reshape(truth.shape)
    if truth.shape != predictions.shape:
        raise HPOError(
            f"targets of shape {truth.shape} cannot be compared with predictions of shape "
            f"{predictions.shape}. Give the model's output the shape of the targets."
        )
    return as_keras(truth), as_keras(predictions)


def as_keras(array: np.ndarray) -> np.ndarray:
    """Numbers as Keras reads them, in single precision, for sums in double precision."""
    return np.asarray(array, "float32").astype("float64")


def _squared(y_true: np.ndarray, y_pred: np.ndarray, _config: Mapping[str, Any]) -> np.ndarray:
    truth, predictions = aligned(y_true, y_pred)
    return np.asarray(np.square(truth - predictions).mean(axis=-1))


def _absolute(y_true: np.ndarray, y_pred: np.ndarray, _config: Mapping[str, Any]) -> np.ndarray:
    truth, predictions = aligned(y_true, y_pred)
    return np.asarray(np.abs(truth - predictions).mean(axis=-1))


def _binary_hits(y_true: np.ndarray, y_pred: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    truth, predictions = aligned(y_true, y_pred)
    threshold = np.float64(np.float32(config.get("threshold", 0.5)))
    return np.asarray((truth == (predictions > threshold)).mean(axis=-1))


def _hits(y_true: np.ndarray, y_pred: np.ndarray, _config: Mapping[str, Any]) -> np.ndarray:
    return np.asarray(np.asarray(y_true).argmax(axis=-1) == np.asarray(y_pred).argmax(axis=-1))


def _sparse_hits(y_true: np.ndarray, y_pred: np.ndarray, _config: Mapping[str, Any]) -> np.ndarray:
    classes = class_numbers(y_true, y_pred)
    return np.asarray(classes == np.asarray(y_pred).argmax(axis=-1))


def _binary_entropy(
    y_true: np.ndarray, y_pred: np.ndarray, config: Mapping[str, Any]
) -> np.ndarray:
    truth, predictions = aligned(y_true, y_pred)
    smoothing = float(config.get("label_smoothing") or 0)
    truth = truth * (1 - smoothing) + smoothing / 2
    if config.get("from_logits"):
        softplus = np.log1p(np.exp(-np.abs(predictions)))
        entropy = np.maximum(predictions, 0) - predictions * truth + softplus
    else:
        p = _clipped(predictions)
        entropy = -(truth * np.log(p) + (1 - truth) * np.log(1 - p))
    return np.asarray(entropy.mean(axis=-1))


def _entropy(y_true: np.ndarray, y_pred: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    truth, predictions = aligned(y_true, y_pred)
    smoothing = float(config.get("label_smoothing") or 0)
    truth = truth * (1 - smoothing) + smoothing / truth.shape[-1]
    return np.asarray(-(truth * _logarithms(predictions, config)).sum(axis=-1))


def _sparse_entropy(
    y_true: np.ndarray, y_pred: np.ndarray, config: Mapping[str, Any]
) -> np.ndarray:
    classes = class_numbers(y_true, y_pred)
    logarithms = _logarithms(as_keras(y_pred), config)
    return np.asarray(-np.take_along_axis(logarithms, classes[..., None], axis=-1)[..., 0])


def _logarithms(predictions: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    """The logarithms of the classes' probabilities, shape (n, ..., k)."""
    if config.get("from_logits"):
        shifted = predictions - predictions.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
    probabilities = predictions / predictions.sum(axis=-1, keepdims=True)
    return np.asarray(np.log(_clipped(probabilities)))


def _clipped(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities as Keras clips them: in single precision."""
    least = np.float32(EPSILON)
    clipped = np.clip(probabilities.astype("float32"), least, np.float32(1) - least)
    return np.asarray(clipped.astype("float64"))


def class_numbers(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Class numbers in the shape of the predictions without their last axis.

    Raises:
        HPOError: The targets are not class numbers of these predictions.
    """
    truth, shape = np.asarray(y_true), np.shape(y_pred)
    if truth.shape not in (shape[:-1], (*shape[:-1], 1)) or not (
        truth.size and 0 <= truth.min() <= truth.max() < shape[-1]
    ):
        raise HPOError(
            f"targets of shape {truth.shape} are not class numbers for predictions of shape "
            f"{shape}. Give whole numbers from 0 to {shape[-1] - 1}, one for each prediction."
        )
    return truth.reshape(shape[:-1]).astype(int)


# With which settings besides name and dtype NumPy computes the same, and how.
_FUNCTIONS: dict[str, tuple[Values, frozenset[str]]] = {
    "MeanSquaredError": (_squared, frozenset()),
    "MeanAbsoluteError": (_absolute, frozenset()),
    "BinaryAccuracy": (_binary_hits, frozenset({"threshold"})),
    "CategoricalAccuracy": (_hits, frozenset()),
    "SparseCategoricalAccuracy": (_sparse_hits, frozenset()),
    "BinaryCrossentropy": (_binary_entropy, frozenset({"from_logits", "label_smoothing"})),
    "CategoricalCrossentropy": (_entropy, frozenset({"from_logits", "label_smoothing"})),
    "SparseCategoricalCrossentropy": (_sparse_entropy, frozenset({"from_logits"})),
}

_WITHOUT_MEANING = {"axis": -1, "ignore_class": None, "reduction": "sum_over_batch_size"}


def values_of(name: str, config: Mapping[str, Any]) -> Values | None:
    """How NumPy computes a metric or loss sample by sample; None if only Keras can."""
    function, known = _FUNCTIONS.get(name, (None, frozenset()))
    others = {setting: value for setting, value in config.items() if setting not in known}
    is_plain = all(
        setting in _WITHOUT_MEANING and value == _WITHOUT_MEANING[setting]
        for setting, value in others.items()
    )
    return function if is_plain else None
