"""The objective computed on whole arrays: scikit-learn's metrics under Keras's names.

Choosing an ensemble evaluates the objective hundreds of times on out-of-fold predictions;
this needs neither a model nor TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError

if TYPE_CHECKING:
    import numpy as np

    from hpo.task import Task

Metric = Callable[["np.ndarray", "np.ndarray"], float]
"""``(y_true, y_pred) -> float`` over whole arrays, shapes (n, ...)."""


Scorer = Callable[[Mapping[str, "np.ndarray"], Mapping[str, "np.ndarray"]], float]
"""``(targets, predictions) -> float`` over arrays by output name, shapes (n, ...)."""


def scorer_of(task: Task, outputs: Sequence[str], loss: str = "") -> Scorer:
    """The task's objective as a function of whole arrays.

    Args:
        task: The task. Its own ``metric`` gets arrays where the model has one output, else
            dicts of arrays by output name.
        outputs: Names of the model's outputs; ``[""]`` where it has one.
        loss: The loss its models were compiled with, by Keras's name; needed where the
            objective is ``val_loss``.

    Raises:
        HPOError: The objective is not one of Keras's own and the task gives no ``metric``.
    """
    single = list(outputs) == [""]
    if task.metric is not None:
        own = task.metric
        return lambda y, p: float(own(y[""], p[""]) if single else own(y, p))
    name = loss if task.metric_name == "loss" and loss else task.metric_name
    for output in outputs:
        metric = _BY_NAME.get(name.removeprefix(f"{output}_") if output else name)
        if metric is not None and (single or name.startswith(f"{output}_")):
            return on_output(metric, output)
    raise HPOError(
        f"Task {task.name!r}: the objective {task.objective!r} cannot be computed on whole "
        f"arrays. Give Task(metric=function of y_true and y_pred), or use one of: "
        f"{', '.join(sorted(_BY_NAME))}."
    )


def on_output(metric: Metric, output: str = "") -> Scorer:
    """A metric as a scorer of one of the outputs."""
    return lambda targets, predictions: metric(targets[output], predictions[output])


def companions(*, classification: bool) -> dict[str, Metric]:
    """Metrics that people ask for beside any objective, by name."""
    if classification:
        return {"accuracy": accuracy, "cross_entropy": cross_entropy}
    return {"mae": mean_absolute_error, "rmse": root_mean_squared_error}


def _flat(values: Any) -> np.ndarray:
    import numpy as np

    array = np.asarray(values)
    return array.reshape(len(array), -1).squeeze(axis=1) if array.size == len(array) else array


def mean_absolute_error(y_true: Any, y_pred: Any) -> float:
    """Mean absolute error."""
    from sklearn.metrics import mean_absolute_error as metric

    return float(metric(_flat(y_true), _flat(y_pred)))


def mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """Mean squared error."""
    from sklearn.metrics import mean_squared_error as metric

    return float(metric(_flat(y_true), _flat(y_pred)))


def root_mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """Square root of the mean squared error."""
    return float(mean_squared_error(y_true, y_pred) ** 0.5)


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of samples whose most probable class is the true one; binary: cut at 0.5."""
    return float((_classes(y_true, len(_flat(y_pred).shape)) == predicted_classes(y_pred)).mean())


def cross_entropy(y_true: Any, y_pred: Any) -> float:
    """Mean negative log-probability of the true class."""
    import numpy as np
    from sklearn.metrics import log_loss

    probabilities = np.clip(_flat(y_pred).astype("float64"), 1e-7, 1 - 1e-7)
    if probabilities.ndim == 1:
        return float(log_loss(_flat(y_true), probabilities, labels=[0, 1]))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    classes = _classes(y_true, probabilities.ndim)
    return float(log_loss(classes, probabilities, labels=range(probabilities.shape[1])))


def area_under_curve(y_true: Any, y_pred: Any) -> float:
    """Area under the receiver operating characteristic curve of a binary classification."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(_flat(y_true), _flat(y_pred)))


def predicted_classes(y_pred: Any) -> np.ndarray:
    """Class of every prediction, shape (n,), from probabilities of shape (n, k) or (n, 1)."""
    predictions = _flat(y_pred)
    if predictions.ndim == 1:
        return (predictions > 0.5).astype(int)  # noqa: PLR2004
    return predictions.argmax(axis=-1)  # type: ignore[no-any-return]


def _classes(y_true: Any, prediction_ndim: int) -> np.ndarray:
    truth = _flat(y_true)
    if truth.ndim > 1 and prediction_ndim > 1:
        return truth.argmax(axis=-1)  # type: ignore[no-any-return]
    return truth.astype(int)


_BY_NAME: dict[str, Metric] = {
    "mae": mean_absolute_error,
    "mean_absolute_error": mean_absolute_error,
    "mse": mean_squared_error,
    "mean_squared_error": mean_squared_error,
    "rmse": root_mean_squared_error,
    "root_mean_squared_error": root_mean_squared_error,
    "acc": accuracy,
    "accuracy": accuracy,
    "binary_accuracy": accuracy,
    "categorical_accuracy": accuracy,
    "sparse_categorical_accuracy": accuracy,
    "auc": area_under_curve,
    "binary_crossentropy": cross_entropy,
    "categorical_crossentropy": cross_entropy,
    "sparse_categorical_crossentropy": cross_entropy,
}
