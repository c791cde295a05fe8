"""The variables of a compiled model: those that training changes, built and in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from hpo.training.trainer import FoldArrays


def build(model: Any, fold: FoldArrays) -> None:
    """Make all variables of a compiled model exist: layers, metrics, loss, optimizer.

    Keras makes some of them in the first training step; inside a compiled loop that is too late.
    """
    first = fold.train[:1]
    batch = (take(fold.x, first), take(fold.y, first))
    model.test_step(_as_tensors(batch))
    model.reset_metrics()
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)


def trained(model: Any) -> list[Any]:
    """All variables that training may change, metrics apart: weights, seeds, optimizer."""
    metrics = {id(variable) for variable in model.metrics_variables}
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    variables = {id(v): v for v in [*model.variables, *optimizer] if id(v) not in metrics}
    return list(variables.values())


def take(arrays: Any, positions: np.ndarray) -> Any:
    """Rows of an array, or of every array of a dict."""
    if isinstance(arrays, Mapping):
        return {name: array[positions] for name, array in arrays.items()}
    return arrays[positions]


def by_output(model: Any, outputs: Any) -> dict[str, Any]:
    """A model's outputs by name; the only one of a model with one output is called ``""``."""
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(outputs, list | tuple):
        return dict(zip(model.output_names, outputs, strict=True))
    return {"": outputs}


def _as_tensors(batch: Any) -> Any:
    import keras

    return keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
