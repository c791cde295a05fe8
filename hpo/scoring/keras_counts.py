"""Keras's metrics that count right and wrong answers above thresholds, in NumPy.

They are no means over samples, so each is computed from whole arrays. Tests hold them to Keras's
own values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hpo.scoring.keras_values import EPSILON, aligned

Counted = Callable[[np.ndarray, np.ndarray, np.ndarray | None, Mapping[str, Any]], float]
"""``(y_true, y_pred, weights, config) -> score`` over arrays of n samples."""


def counted(name: str, config: Mapping[str, Any]) -> Counted | None:
    """How NumPy computes one of Keras's metrics; None if only Keras can."""
    function, possible = _FUNCTIONS.get(name, (None, {}))
    is_possible = all(
        value is None or value is False or value in possible.get(setting, ())
        for setting, value in config.items()
    )
    return function if is_possible else None


def _flat(
    y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, predictions and weights of every single question."""
    truth, predictions = aligned(y_true, y_pred)
    per_sample = np.ones(len(truth)) if weights is None else np.asarray(weights, "float64")
    spread = per_sample.reshape(-1, *[1] * (truth.ndim - 1))
    return (
        (truth != 0).astype("float64").reshape(-1),
        predictions.reshape(-1),
        np.broadcast_to(spread, truth.shape).reshape(-1),
    )


def _ratio(above: Any, below: Any) -> Any:
    """A quotient that is 0 where it is not defined, as in Keras."""
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=np.asarray(below) != 0)


def _threshold(config: Mapping[str, Any]) -> np.float32:
    threshold = config.get("thresholds")
    return np.float32(0.5 if threshold is None else threshold)


def _precision(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    config: Mapping[str, Any],
) -> float:
    truth, predictions, weight = _flat(y_true, y_pred, weights)
    said_yes = predictions > _threshold(config)
    return float(_ratio((truth * weight)[said_yes].sum(), weight[said_yes].sum()))


def _recall(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    config: Mapping[str, Any],
) -> float:
    truth, predictions, weight = _flat(y_true, y_pred, weights)
    said_yes = predictions > _threshold(config)
    return float(_ratio((truth * weight)[said_yes].sum(), (truth * weight).sum()))


def _area(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    config: Mapping[str, Any],
) -> float:
    """Area under a curve of so many thresholds at even distances, by trapezoids.

    The precision-recall curve is interpolated as in Davis and Goadrich (2006), "The relationship
    between precision-recall and ROC curves".
    """
    truth, predictions, weight = _flat(y_true, y_pred, weights)
    if config.get("from_logits"):
        predictions = 1 / (1 + np.exp(-np.clip(predictions.astype("float32"), -80, 80)))
    number = int(config.get("num_thresholds") or 200)
    clipped = np.clip(predictions, 0, 1).astype("float32")
    bins = np.maximum(np.ceil(clipped * np.float32(number - 1)) - 1, 0).astype(int)
    hits = np.bincount(bins, truth * weight, number)[::-1].cumsum()[::-1]
    misses = np.bincount(bins, (1 - truth) * weight, number)[::-1].cumsum()[::-1]
    if str(config.get("curve", "ROC")) == "PR":
        return _interpolated_precision(hits, misses)
    recall, false_alarms = _ratio(hits, hits[0]), _ratio(misses, misses[0])
    return float(-np.trapezoid(recall, false_alarms))


def _interpolated_precision(hits: np.ndarray, misses: np.ndarray) -> float:
    both = hits + misses
    more_hits, more = hits[:-1] - hits[1:], both[:-1] - both[1:]
    slope = _ratio(more_hits, np.maximum(more, 0))
    intercept = hits[1:] - slope * both[1:]
    grows = (both[:-1] > 0) & (both[1:] > 0)
    growth = np.divide(both[:-1], both[1:], out=np.ones(len(more)), where=grows)
    increments = slope * (more_hits + intercept * np.log(growth))
    return float(_ratio(increments, np.full(len(more), hits[0])).sum())


def _f_score(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    config: Mapping[str, Any],
) -> float:
    truth, predictions = aligned(y_true, y_pred)
    threshold, average = config.get("threshold"), config.get("average")
    beta = float(config.get("beta") or 1)
    if threshold is None:
        highest = predictions.max(axis=-1, keepdims=True)
        said_yes = (predictions >= highest) & (np.abs(predictions) > 1e-9)  # noqa: PLR2004 (Keras)
    else:
        said_yes = predictions > np.float32(threshold)
    weight = np.ones((len(truth), 1)) if weights is None else np.asarray(weights)[:, None]
    axis = None if average == "micro" else 0
    hits = (truth * said_yes * weight).sum(axis=axis)
    said, are = (said_yes * weight).sum(axis=axis), (truth * weight).sum(axis=axis)
    precision, recall = hits / (said + EPSILON), hits / (are + EPSILON)
    scores = (1 + beta**2) * precision * recall / (beta**2 * precision + recall + EPSILON)
    if average == "weighted":
        return float((scores * are / (are.sum() + EPSILON)).sum())
    return float(np.mean(scores))


class _Number:
    """All numbers."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)


_ONE_THRESHOLD = {"thresholds": _Number()}
_F = {"average": ("micro", "macro", "weighted"), "beta": _Number(), "threshold": _Number()}
_FUNCTIONS: dict[str, tuple[Counted, Mapping[str, Any]]] = {
    "Precision": (_precision, _ONE_THRESHOLD),
    "Recall": (_recall, _ONE_THRESHOLD),
    "AUC": (
        _area,
        {
            "num_thresholds": _Number(),
            "curve": ("ROC", "PR"),
            "summation_method": ("interpolation",),
            "from_logits": (True, False),
        },
    ),
    "FBetaScore": (_f_score, _F),
    "F1Score": (_f_score, _F),
}
"""How they are computed, and the values of settings with which that is the same."""
