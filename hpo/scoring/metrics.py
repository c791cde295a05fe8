"""The objective computed on whole arrays: Keras's metrics by Keras's names, without Keras.

Choosing an ensemble evaluates the objective hundreds of times on out-of-fold predictions, which
takes neither a model nor TensorFlow here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.scoring.keras_values import EPSILON
from hpo.scoring.terms import scorer_of_terms

if TYPE_CHECKING:
    from hpo.scoring.compiled import Compiled
    from hpo.scoring.scorer import Scorer
    from hpo.task import Task

Metric = Callable[[np.ndarray, np.ndarray], float]
"""``(y_true, y_pred) -> float`` over whole arrays, shapes (n, ...)."""


def scorer_of(
    task: Task, outputs: Sequence[str], loss: str = "", compiled: Compiled | None = None
) -> Scorer:
    """The task's objective as a function of whole arrays.

    It is what the models were compiled with. Where that is not Keras's own, or was not recorded,
    it is guessed from the name; :func:`hpo.scoring.agreement.compare` tells whether a scorer
    computes what Keras logged.

    Args:
        task: The task. Its own ``metric`` gets arrays if the model has one output, else dicts of
            arrays by output name; predictions of one value per sample have the shape of the
            targets.
        outputs: Names of the model's outputs; ``[""]`` if it has only one.
        loss: Keras's name of the loss that the models were compiled with; needed if the objective
            is ``val_loss``.
        compiled: What the models were compiled with, if it is known.

    Raises:
        HPOError: The objective is not one of Keras's own and the task gives no ``metric``.
    """
    if task.metric is not None:
        return _own(task.metric, outputs)
    if compiled is not None and compiled.objective:
        return scorer_of_terms(compiled)
    name = loss if task.metric_name == "loss" and loss else task.metric_name
    for output in outputs:
        is_prefixed = bool(output) and name.startswith(f"{output}_")
        metric = _BY_NAME.get(name.removeprefix(f"{output}_") if is_prefixed else name)
        if metric is not None and (is_prefixed or len(outputs) == 1):
            return on_output(metric, output)
    detail = "" if name == task.metric_name else f" (with the loss {name!r})"
    prefix = "" if len(outputs) == 1 else f" after the name of an output ({', '.join(outputs)})"
    raise HPOError(
        f"Task {task.name!r}: the objective {task.objective!r}{detail} is not one that hpo can "
        f"compute on whole arrays. Give Task(metric=function of y_true and y_pred), or use one of "
        f"{', '.join(sorted(_BY_NAME))}{prefix}."
    )


def on_output(metric: Metric, output: str = "") -> Scorer:
    """A metric as a scorer of one of the outputs."""

    def score(
        targets: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
        _weights: np.ndarray | None = None,
    ) -> float:
        return metric(targets[output], predictions[output])

    return score


def companions(*, classification: bool) -> dict[str, Metric]:
    """Metrics to report next to any objective, by name."""
    if classification:
        return {"accuracy": accuracy, "cross_entropy": cross_entropy}
    return {"mae": mean_absolute_error, "rmse": root_mean_squared_error}


def mean_absolute_error(y_true: Any, y_pred: Any) -> float:
    """Mean absolute error."""
    truth, predictions = _alike(y_true, y_pred)
    return float(np.abs(truth - predictions).mean())


def mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """Mean squared error."""
    truth, predictions = _alike(y_true, y_pred)
    return float(np.square(truth - predictions).mean())


def root_mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """Square root of the mean squared error."""
    return float(mean_squared_error(y_true, y_pred) ** 0.5)


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of samples whose most probable class is the true one; with two classes, above 0.5."""
    return float((_classes(y_true, y_pred) == predicted_classes(y_pred)).mean())


def binary_accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of right answers to yes-or-no questions, one or several per sample; yes above 0.5."""
    truth, predictions = _alike(y_true, y_pred)
    return float((truth == (predictions > 0.5)).mean())  # noqa: PLR2004


def cross_entropy(y_true: Any, y_pred: Any) -> float:
    """Mean negative log-probability of the true class."""
    probabilities = np.asarray(y_pred, "float64")
    if _is_binary(probabilities):
        return binary_cross_entropy(y_true, y_pred)
    probabilities = probabilities / probabilities.sum(axis=-1, keepdims=True)
    logarithms = np.log(np.clip(probabilities, EPSILON, 1 - EPSILON))
    truth = np.asarray(y_true)
    if truth.shape == logarithms.shape:
        return float(-(truth * logarithms).sum(axis=-1).mean())
    classes = _classes(y_true, y_pred)[..., None]
    return float(-np.take_along_axis(logarithms, classes, axis=-1).mean())


def binary_cross_entropy(y_true: Any, y_pred: Any) -> float:
    """Mean negative log-probability of the right answers to yes-or-no questions."""
    truth, predictions = _alike(y_true, y_pred)
    p = np.clip(predictions, EPSILON, 1 - EPSILON)
    return float(-(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean())


def area_under_curve(y_true: Any, y_pred: Any) -> float:
    """Area under the receiver operating characteristic curve; NaN if there is only one class.

    Every column of one-hot targets counts as a yes-or-no question, as in Keras.
    """
    from sklearn.metrics import roc_auc_score

    truth, predictions = _alike(y_true, y_pred)
    if len(np.unique(truth)) == 1:
        return float("nan")
    return float(roc_auc_score(truth.reshape(-1), predictions.reshape(-1)))


def predicted_classes(y_pred: Any) -> np.ndarray:
    """The most probable class of every prediction.

    Args:
        y_pred: Probabilities of k classes, shape (n, ..., k), or of the second of two classes,
            shape (n,) or (n, ..., 1).

    Returns:
        Classes, shape (n, ...).
    """
    predictions = np.asarray(y_pred)
    if not _is_binary(predictions):
        return np.asarray(predictions.argmax(axis=-1))
    of_second = predictions if predictions.ndim == 1 else predictions[..., 0]
    return (of_second > 0.5).astype(int)  # noqa: PLR2004


def _own(metric: Callable[[Any, Any], float], outputs: Sequence[str]) -> Scorer:
    def score(
        targets: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
        _weights: np.ndarray | None = None,
    ) -> float:
        fitting = {name: _like(targets[name], predictions[name]) for name in outputs}
        if len(outputs) > 1:
            return float(metric(targets, fitting))
        return float(metric(targets[outputs[0]], fitting[outputs[0]]))

    return score


def _like(y_true: Any, y_pred: Any) -> np.ndarray:
    """Predictions in the shape of the targets, if one has shape (n, 1) and the other (n,).

    NumPy would silently make their difference an (n, n) array.
    """
    truth, predictions = np.asarray(y_true), np.asarray(y_pred)
    is_one_each = predictions.size == len(predictions) == len(truth) == truth.size
    return predictions.reshape(truth.shape) if is_one_each else predictions


def _alike(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    truth, predictions = np.asarray(y_true), _like(y_true, y_pred)
    if truth.shape != predictions.shape:
        raise HPOError(
            f"targets of shape {truth.shape} cannot be compared with predictions of shape "
            f"{np.shape(y_pred)}. Give the model's output the shape of the targets."
        )
    return truth.astype("float64"), predictions.astype("float64")


def _is_binary(predictions: np.ndarray) -> bool:
    return predictions.ndim == 1 or predictions.shape[-1] == 1


def _classes(y_true: Any, y_pred: Any) -> np.ndarray:
    """The true classes in the shape of :func:`predicted_classes`."""
    truth, predictions = np.asarray(y_true), np.asarray(y_pred)
    if truth.shape == predictions.shape and not _is_binary(predictions):
        return np.asarray(truth.argmax(axis=-1))
    shape = predicted_classes(predictions).shape
    if truth.size != np.prod(shape) or len(truth) != len(predictions):
        raise HPOError(
            f"targets of shape {truth.shape} are not classes for predictions of shape "
            f"{predictions.shape}. Give class numbers, or one-hot rows of that shape."
        )
    return truth.reshape(shape).astype(int)


_BY_NAME: dict[str, Metric] = {
    "mae": mean_absolute_error,
    "mean_absolute_error": mean_absolute_error,
    "mse": mean_squared_error,
    "mean_squared_error": mean_squared_error,
    "rmse": root_mean_squared_error,
    "root_mean_squared_error": root_mean_squared_error,
    "acc": accuracy,
    "accuracy": accuracy,
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": accuracy,
    "sparse_categorical_accuracy": accuracy,
    "auc": area_under_curve,
    "binary_crossentropy": binary_cross_entropy,
    "categorical_crossentropy": cross_entropy,
    "sparse_categorical_crossentropy": cross_entropy,
}


def finite_or_none(score: float) -> float | None:
    """A score for JSON, which has neither NaN nor infinity."""
    return float(score) if math.isfinite(score) else None
