"""The variables of a compiled model that training changes: all created, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpo.data.arrays import take

if TYPE_CHECKING:
    import numpy as np

    from hpo.data.folds import FoldArrays


def build(model: Any, fold: FoldArrays, batch_size: int) -> None:
    """Create all variables of a compiled model: layers, metrics, loss, optimizer.

    Keras creates some of them in the first training step; inside a compiled loop that is too late.
    As in ``fit``, nothing is computed for it, so that no state and no seed changes.
    """
    import keras

    first = fold.train[:batch_size]
    parts = [take(fold.x, first), take(fold.y, first)]
    if fold.sample_weight is not None:
        parts.append(fold.sample_weight[first])
    batch = keras.tree.map_structure(_as_tensor, tuple(parts))
    if keras.backend.backend() == "jax":
        # Its steps take the values of variables, not the variables.
        model._symbolic_build(data_batch=batch)  # noqa: SLF001
    elif not _trace(model.test_step, batch):
        model.test_step(batch)  # a step that reads values, or one that fails and now says why
        model.reset_metrics()
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def trained(model: Any) -> list[Any]:
    """All variables that training may change, except metrics: weights, seeds, optimizer."""
    metrics = {id(variable) for variable in model.metrics_variables}
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    variables = {id(v): v for v in [*model.variables, *optimizer] if id(v) not in metrics}
    return list(variables.values())


def by_output(model: Any, outputs: Any) -> dict[str, Any]:
    """A model's outputs by name; the name is ``""`` if there is one output."""
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(outputs, list | tuple) and len(outputs) == 1:
        return {"": outputs[0]}
    if isinstance(outputs, list | tuple):
        return dict(zip(model.output_names, outputs, strict=True))
    return {"": outputs}


def single_precision(array: np.ndarray) -> np.ndarray:
    """An array as ``fit`` passes it to models: in Keras's precision instead of double."""
    import keras

    return array.astype(keras.backend.floatx()) if array.dtype == "float64" else array


def model_inputs(arrays: Any) -> Any:
    """Samples as ``fit`` and ``predict`` take them: strings as tensors, all else as it is.

    Args:
        arrays: An array, or a dict of arrays.
    """
    if isinstance(arrays, Mapping):
        return {name: model_inputs(array) for name, array in arrays.items()}
    return _as_tensor(arrays) if arrays.dtype.kind in "USO" else arrays


def _as_tensor(array: np.ndarray) -> Any:
    import keras

    return keras.ops.convert_to_tensor(single_precision(array))


def _trace(step: Any, batch: Any) -> bool:
    """Run a step on symbols instead of a batch; whether that works."""
    import keras

    class Step(keras.Operation):  # type: ignore[misc]
        def call(self, *data: Any) -> Any:
            return step(data)

    def symbol(tensor: Any) -> Any:
        return keras.KerasTensor(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))

    try:
        Step().compute_output_spec(*keras.tree.map_structure(symbol, batch))
    except Exception:  # noqa: BLE001  (whatever a model does)
        return False
    return True
