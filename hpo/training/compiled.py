"""Reads off a compiled model what its objective is; see :mod:`hpo.scoring.compiled`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpo.data.arrays import take
from hpo.errors import HPOError
from hpo.scoring.agreement import scores_of
from hpo.scoring.compiled import Compiled, Kind, Term
from hpo.scoring.metrics import scorer_of
from hpo.training.losses import loss_name
from hpo.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from hpo.task import Task
    from hpo.training import FoldArrays
    from hpo.training.lockstep import Best
    from hpo.training.stage_run import Weights


def record(
    task: Task, model: Any, folds: Sequence[FoldArrays], best: Best, batch_size: int
) -> Compiled:
    """Record what a trained model was compiled with, and what its objective comes to in NumPy.

    Args:
        task: The task.
        model: The model; its weights may be changed.
        folds: The folds it was trained on.
        best: The epoch of the trial's score.
        batch_size: Samples per step of training.
    """
    compiled = read_compiled(model, task.metric_name, best.predictions[0], batch_size)
    is_total = task.metric_name == "loss"
    extra = penalties(model, folds, best.weights, batch_size) if is_total else ()
    try:
        scorer = scorer_of(task, list(best.predictions[0]), loss_name(model.loss), compiled)
    except HPOError:
        return dataclasses.replace(compiled, penalties=extra)

    def score(fold: int) -> float:
        arrays, rows = folds[fold], folds[fold].validation
        y = take(arrays.y, rows)
        targets = y if isinstance(y, Mapping) else {"": y}
        weights = None if arrays.sample_weight is None else arrays.sample_weight[rows]
        return scorer(targets, best.predictions[fold], weights)

    return dataclasses.replace(compiled, penalties=extra, computed=scores_of(score, len(folds)))


def read_compiled(
    model: Any,
    objective: str,
    predictions: Mapping[str, np.ndarray],
    batch_size: int,
) -> Compiled:
    """Read the objective and the losses that a trained model was compiled with.

    Args:
        model: The model; Keras has built its metrics and losses.
        objective: The name of the objective as Keras logs it, without ``val_``.
        predictions: Predictions of some samples by output name.
        batch_size: Samples per step of training.
    """
    outputs = list(predictions)
    losses = list(_losses(model, outputs))
    if objective == "loss":
        terms = [term for _name, term in losses]
    else:
        metrics = list(_metrics(model, outputs))
        of_outputs = [(f"{name}_loss", _without_factor(term)) for name, term in losses]
        terms = [term for name, term in [*metrics, *of_outputs] if name == objective]
        if not terms:  # Keras numbers the names that it gives itself: auc, auc_1, auc_2
            terms = [term for name, term in metrics if _unnumbered(name) == objective]
    known = [term for term in terms if term is not None]
    is_known = len(known) == len(terms) and (objective == "loss" or len(terms) == 1)
    return Compiled(
        objective=tuple(known) if is_known else (),
        losses=tuple(term for _name, term in losses if term is not None),
        batch_size=max(batch_size, VALIDATION_BATCH),
        shapes={name: tuple(p.shape[1:]) for name, p in predictions.items()},
    )


def penalties(
    model: Any, folds: Sequence[FoldArrays], weights: Sequence[Weights], batch_size: int
) -> tuple[float, ...]:
    """What regularizers and ``add_loss`` add to the validation loss of every fold.

    Args:
        model: The model; its weights are changed.
        folds: The folds.
        weights: The weights of every fold.
        batch_size: Samples per step of training.

    Returns:
        The penalties by fold; empty if the model has none, or if they cannot be computed.
    """
    if not model.losses:
        return ()
    found = []
    size = max(batch_size, VALIDATION_BATCH)
    try:
        for fold, of_fold in zip(folds, weights, strict=True):
            model.set_weights(of_fold)
            total = 0.0
            for start in range(0, len(fold.validation), size):
                rows = fold.validation[start : start + size]
                model(take(fold.x, rows), training=False)
                total += sum(float(penalty) for penalty in model.losses) * len(rows)
            found.append(total / len(fold.validation))
    except Exception:  # noqa: BLE001  (a layer of a plugin's, called outside of training)
        return ()
    return tuple(found)


def _metrics(model: Any, outputs: Sequence[str]) -> Iterator[tuple[str, Term | None]]:
    """The compiled metrics by the name under which Keras logs them."""
    compiled = getattr(model, "_compile_metrics", None)
    if compiled is None or not compiled.built:
        return
    groups = [
        (weighted, group)
        for weighted, attribute in ((False, "_flat_metrics"), (True, "_flat_weighted_metrics"))
        for group in getattr(compiled, attribute, ())
        if group
    ]
    metrics = [(weighted, group, one) for weighted, group in groups for one in group.metrics]
    try:
        names = list(compiled.result())
    except Exception:  # noqa: BLE001  (a metric of a plugin's)
        return
    if len(names) != len(metrics):
        return  # two metrics share a name
    for name, (weighted, group, metric) in zip(names, metrics, strict=True):
        output = group.output_name if len(outputs) > 1 else outputs[0]
        yield name, _term("metric", metric, output, weighted=weighted)


def _losses(model: Any, outputs: Sequence[str]) -> Iterator[tuple[str, Term | None]]:
    """The compiled losses by Keras's name for their output."""
    compiled = getattr(model, "_compile_loss", None)
    if compiled is None or not compiled.built:
        return
    for path, loss, factor, name in compiled._flat_losses or ():  # noqa: SLF001
        output = outputs[0] if len(outputs) == 1 else _output(model, path)
        weight = 1.0 if factor is None else float(factor)
        yield name, _term("loss", loss, output, weighted=True, factor=weight)


def _output(model: Any, path: Sequence[Any]) -> str | None:
    key = path[0] if len(path) == 1 else None
    return model.output_names[key] if isinstance(key, int) else key


def _term(
    kind: Kind, compiled: Any, output: str | None, *, weighted: bool, factor: float = 1.0
) -> Term | None:
    """A metric or loss of Keras's own; None if it is not, or its settings are not plain."""
    name, config = _class_and_config(kind, compiled)
    if not name or output is None:
        return None
    try:
        plain = json.loads(json.dumps(config))
    except (TypeError, ValueError):
        return None
    return Term(kind, name, plain, output, factor, weighted)


def _class_and_config(kind: Kind, compiled: Any) -> tuple[str, dict[str, Any]]:
    import keras

    module = keras.losses if kind == "loss" else keras.metrics
    name = type(compiled).__name__
    if name in ("MeanMetricWrapper", "LossFunctionWrapper"):
        return _of_function(module, compiled)
    if getattr(module, name, None) is not type(compiled):
        return "", {}
    # Some losses, such as Huber, leave settings out of their configuration.
    accepted = inspect.signature(type(compiled)).parameters
    settings = {n: v for n, v in _settings(compiled).items() if n in accepted}
    config = {**compiled.get_config(), **settings}
    return name, {n: value for n, value in config.items() if n not in ("name", "dtype")}


def _of_function(module: Any, wrapper: Any) -> tuple[str, dict[str, Any]]:
    """The class that stands for one of Keras's functions, such as ``keras.losses.huber``."""
    function = _function(wrapper)
    settings = _settings(wrapper)
    plain = str(getattr(function, "__name__", "")).replace("_", "")
    names = [name for name in dir(module) if name.lower() in (plain, f"{plain}error")]
    for name in names:
        kind = getattr(module, name)
        if isinstance(kind, type) and _function(kind(**settings)) is function:
            reduction = getattr(wrapper, "reduction", None)
            return name, settings | ({"reduction": reduction} if reduction else {})
    return "", {}


def _settings(wrapper: Any) -> dict[str, Any]:
    """What the function within a metric or loss is called with."""
    return dict(getattr(wrapper, "_fn_kwargs", None) or {})


def _function(wrapper: Any) -> Any:
    return getattr(wrapper, "_fn", getattr(wrapper, "fn", None))


def _unnumbered(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _without_factor(term: Term | None) -> Term | None:
    return None if term is None else dataclasses.replace(term, factor=1.0)
