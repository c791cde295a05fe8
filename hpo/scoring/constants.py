"""Constant predictions that ignore ``x``: the frequencies, the mean or the median of targets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.arrays import by_output
from hpo.data.targets import decide_all, metric_of
from hpo.errors import HPOError
from hpo.scoring.keras_values import EPSILON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.targets import Target
    from hpo.scoring.compiled import Compiled, Term
    from hpo.task import Data, Task

_ABSOLUTE = ("mae", "mean_absolute_error")

MAX_CLASSES = 50
"""Of more classes, not every one is tried as the constant."""

_CERTAIN = 20.0
"""Above any threshold of probabilities and of logits."""


def constants(
    task: Task, data: Data, train: np.ndarray, compiled: Compiled | None
) -> list[dict[str, np.ndarray]]:
    """Constant predictions, the best of which on the training samples is the baseline.

    Args:
        task: The task.
        data: Its data.
        train: Positions of the training samples, shape (n_train,).
        compiled: What the models were compiled with; by default the targets and the name of the
            objective decide on the shape of a prediction.

    Returns:
        Constants by output name, each in the shape of the prediction for one sample.

    Raises:
        HPOError: The targets of an output have another shape than its predictions.
    """
    outputs = list(by_output(data))
    if compiled is None or not set(outputs) <= set(compiled.shapes):
        kinds = decide_all(data, task.objective)
        targets = {name: np.asarray(y)[train] for name, y in by_output(data).items()}
        return [
            {
                name: _by_kind(y, kinds[name], _metric(task, name, outputs))
                for name, y in targets.items()
            }
        ]
    soft = {name: _soft(task, data, name, train, compiled) for name in outputs}
    if any(term.name == "BinaryAccuracy" for term in compiled.objective):
        # Frequencies may lie on the wrong side of a threshold, which may be one of logits.
        no = {name: np.full_like(one, -_CERTAIN) for name, one in soft.items()}
        yes = {name: np.full_like(one, _CERTAIN) for name, one in soft.items()}
        return [soft, no, yes]
    if task.metric is not None and len(outputs) == 1:
        # It may leave some targets out, as the padding of sequences is.
        output = outputs[0]
        mean, first_target = soft[output], np.asarray(by_output(data)[output])[0]
        if mean.shape[-1] <= MAX_CLASSES and first_target.size < mean.size:
            return [soft, *({output: _certain(mean, k)} for k in range(mean.shape[-1]))]
    return [soft]


def _certain(mean: np.ndarray, column: int) -> np.ndarray:
    """The constant that says one class everywhere."""
    constant = np.full_like(mean, mean.min() - _CERTAIN if mean.min() < 0 else 0.0)
    constant[..., column] = max(1.0, mean.max())
    return constant


def _soft(task: Task, data: Data, output: str, train: np.ndarray, compiled: Compiled) -> np.ndarray:
    """The mean (or median) of the targets in the shape of the prediction for one sample."""
    terms = [term for term in compiled.objective if term.output == output]
    shape = tuple(compiled.shapes[output])
    y = np.asarray(by_output(data)[output])[train]
    weights = np.ones(len(y))
    if data.sample_weight is not None and any(term.weighted for term in terms):
        weights = np.asarray(data.sample_weight, "float64")[train]
    if y.size == len(y) * math.prod(shape):
        targets = y.reshape(len(y), *shape).astype("float64")
        metric = _metric(task, output, list(compiled.shapes))
        if metric in _ABSOLUTE or any(term.name == "MeanAbsoluteError" for term in terms):
            return _median(targets, weights)
    elif y.size == len(y) * math.prod(shape[:-1]):
        classes = y.reshape(len(y), *shape[:-1]).astype(int)
        targets = np.eye(shape[-1])[classes]
    else:
        raise HPOError(f"targets of shape {y.shape[1:]} and predictions of shape {shape}")
    mean = np.average(targets, axis=0, weights=weights)
    loss = compiled.loss_of(output)
    mean = _smoothed(mean, [*terms, *([loss] if loss else [])])
    return _logits(mean, loss) if compiled.predicts_logits(output) else mean


def _smoothed(mean: np.ndarray, terms: Sequence[Term]) -> np.ndarray:
    """Frequencies as targets are smoothed to."""
    smoothing = float(terms[0].config.get("label_smoothing") or 0) if terms else 0.0
    n_classes = max(mean.shape[-1], 2) if "Categorical" in (terms[0].name if terms else "") else 2
    return np.asarray(mean * (1 - smoothing) + smoothing / n_classes) if smoothing else mean


def _logits(mean: np.ndarray, loss: Term | None) -> np.ndarray:
    p = np.clip(mean, EPSILON, 1 - EPSILON)
    is_one_of_many = loss is not None and "Categorical" in loss.name
    return np.asarray(np.log(p) if is_one_of_many else np.log(p) - np.log1p(-p))


def _median(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The median of every column, to which every sample contributes by its weight."""
    if (weights == weights[0]).all():
        return np.asarray(np.median(targets, axis=0))
    columns = targets.reshape(len(targets), -1)
    order = np.argsort(columns, axis=0)
    shares = np.cumsum(weights[order], axis=0) / weights.sum()
    middle = (shares >= 0.5).argmax(axis=0)  # noqa: PLR2004
    found = np.take_along_axis(np.sort(columns, axis=0), middle[None], axis=0)
    return np.asarray(found.reshape(targets.shape[1:]))


def _metric(task: Task, output: str, outputs: Sequence[str]) -> str:
    return metric_of(task.objective, output, several=len(outputs) > 1)


def _by_kind(y: np.ndarray, target: Target, metric: str) -> np.ndarray:
    """The constant where nothing but targets and the name of the objective are known.

    Args:
        y: The targets that it is fitted on, shape (n, ...).
        target: What they are.
        metric: The objective, as :func:`hpo.data.targets.metric_of` gives it.
    """
    if target.is_exclusive and not target.one_hot:
        classes = target.classes(y)
        columns = range(len(target.names) - target.width, len(target.names))
        return np.stack([(classes == column).mean(axis=0) for column in columns], axis=-1)
    if metric in _ABSOLUTE:
        return np.atleast_1d(np.median(y, axis=0))
    return np.atleast_1d(np.mean(y, axis=0))
