"""Computes the objective that a model was compiled with on whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.scoring.keras_counts import counted
from hpo.scoring.keras_values import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.scoring.compiled import Compiled, Term
    from hpo.scoring.scorer import Scorer


def scorer_of_terms(compiled: Compiled) -> Scorer:
    """The objective as a function of targets, predictions and sample weights.

    It is computed by NumPy where that is known to mean the same, else by Keras itself, from the
    class's name and its settings: nothing of a plugin's is imported or unpickled.

    Args:
        compiled: What the model was compiled with; its objective is not empty.
    """

    def score(
        targets: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
        weights: np.ndarray | None = None,
    ) -> float:
        return sum(
            term.factor
            * _value(
                term,
                np.asarray(targets[term.output]),
                np.asarray(predictions[term.output]),
                weights if term.weighted else None,
                compiled.batch_size,
            )
            for term in compiled.objective
        )

    return score


def _value(
    term: Term, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None, batch_size: int
) -> float:
    values = values_of(term.name, term.config)
    if values is not None:
        by_sample = values(y_true, y_pred, term.config)
        if weights is None or by_sample.ndim == 1 or term.kind == "metric":
            return _mean(by_sample.reshape(len(by_sample), -1).mean(axis=1), weights, term)
    if term.name == "RootMeanSquaredError":
        return _root(term, y_true, y_pred, weights, batch_size)
    count = counted(term.name, term.config)
    if count is not None and term.kind == "metric":
        return count(y_true, y_pred, weights, term.config)
    compute = _loss_by_keras if term.kind == "loss" else _metric_by_keras
    return compute(term, y_true, y_pred, weights, batch_size)


def _mean(values: np.ndarray, weights: np.ndarray | None, term: Term) -> float:
    """The mean of a value per sample: weighted losses are divided by the number of samples."""
    if weights is None:
        return float(values.mean())
    total = float((values * weights).sum())
    return total / (len(values) if term.kind == "loss" else float(np.sum(weights)) or 1.0)


def _root(
    term: Term, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None, batch_size: int
) -> float:
    from dataclasses import replace

    squared = _value(replace(term, name="MeanSquaredError"), y_true, y_pred, weights, batch_size)
    return float(squared**0.5)


def _metric_by_keras(
    term: Term, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None, batch_size: int
) -> float:
    metric = _made(term)
    for rows in _batches(len(y_pred), batch_size):
        of_batch = None if weights is None else weights[rows]
        metric.update_state(_read(y_true[rows]), _read(y_pred[rows]), sample_weight=of_batch)
    return float(metric.result())


def _loss_by_keras(
    term: Term, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None, batch_size: int
) -> float:
    loss, total = _made(term), 0.0
    for rows in _batches(len(y_pred), batch_size):
        of_batch = None if weights is None else _read(weights[rows])
        value = loss(_read(y_true[rows]), _read(y_pred[rows]), of_batch)
        total += float(value) * (rows.stop - rows.start)
    return total / len(y_pred)


def _batches(n: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _read(array: np.ndarray) -> np.ndarray:
    return array.astype("float32") if array.dtype == "float64" else array


def _made(term: Term) -> Any:
    """Make one of Keras's own metrics or losses.

    Raises:
        HPOError: Keras has no such class.
    """
    import keras

    from hpo.errors import HPOError

    module, base = (
        (keras.losses, keras.losses.Loss)
        if term.kind == "loss"
        else (keras.metrics, keras.metrics.Metric)
    )
    kind = getattr(module, term.name, None)
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise HPOError(f"Keras has no {term.kind} {term.name!r}: the study's record is damaged.")
    try:
        return kind(**term.config)
    except (TypeError, ValueError) as error:
        raise HPOError(f"Keras cannot make the {term.kind} {term.name!r}: {error}") from error
