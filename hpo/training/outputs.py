"""What a compiled model says about its outputs: their losses, and whether they are logits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.targets import are_probabilities
from hpo.errors import HPOError

if TYPE_CHECKING:
    from hpo.data.logits import Activation

Described = dict[str, dict[str, str]]
"""By output name: ``loss``, Keras's name for the kind of loss whatever its settings, or that of
somebody's own function; and ``activation``, an :data:`hpo.data.logits.Activation`."""


_OF_ONE_HOT_ROWS = ("categorical_crossentropy", "categorical_focal_crossentropy")
_OF_ONE_COLUMN = ("binary_crossentropy", "binary_focal_crossentropy")


def describe(model: Any, predictions: Mapping[str, np.ndarray]) -> Described:
    """Describe the outputs of a model, as a study records them.

    Args:
        model: The compiled model.
        predictions: What it predicts, by output name, shape (n, ...) each.
    """
    return {
        name: {
            "loss": _kind_of_loss(loss),
            "activation": _missing_activation(model, name, loss, predictions[name]),
        }
        for name, loss in _losses(model, list(predictions)).items()
    }


def check_classes(task: str, model: Any, targets: Mapping[str, np.ndarray]) -> None:
    """Refuse classes that the model's loss or output cannot take, before anything is trained.

    Args:
        task: The name of the task.
        model: The compiled model.
        targets: The targets by output name.

    Raises:
        HPOError: The loss expects class numbers and gets one-hot rows, or the other way around; or
            a class number is below 0, or is not less than the number of columns.
    """
    for name, loss in _losses(model, list(targets)).items():
        shape = _output_shape(model, name)
        if not shape or not isinstance(shape[-1], int):
            continue
        y, kind = np.asarray(targets[name]), _kind_of_loss(loss)
        where = f"Task {task!r}: y{f'[{name!r}]' if name else ''}"
        _check_encoding(where, y, kind, shape)
        if kind.startswith("sparse_categorical"):
            _check_numbers(where, y, shape[-1], getattr(loss, "ignore_class", None))


def _check_encoding(where: str, y: np.ndarray, loss: str, shape: tuple[Any, ...]) -> None:
    """Compare what stands in the targets with what the loss expects of an output's shape."""
    width = shape[-1]
    is_one_hot = y.ndim - 1 == len(shape) and y.shape[-1] == width > 1
    is_numbers = width > 1 and (y.ndim == len(shape) or y.shape[1:] == (*shape[:-1], 1))
    if loss == "sparse_categorical_crossentropy" and is_one_hot:
        raise HPOError(
            f"{where} has one-hot rows of {width} columns, but the loss {loss} expects class "
            "numbers. Compile with categorical_crossentropy, or give y.argmax(axis=-1)."
        )
    if loss in _OF_ONE_HOT_ROWS and is_numbers:
        raise HPOError(
            f"{where} has class numbers, but the loss {loss} expects one-hot rows of {width} "
            "columns. Compile with sparse_categorical_crossentropy."
        )
    if loss in _OF_ONE_COLUMN and is_numbers:
        raise HPOError(
            f"{where} has one number per sample, but the model's output has {width} columns for "
            f"the loss {loss}. Give it one column, or compile with sparse_categorical_crossentropy."
        )


def _check_numbers(where: str, y: np.ndarray, width: int, ignored: int | None) -> None:
    numbers = y if ignored is None else y[y != ignored]
    if numbers.dtype.kind not in "iuf" or not numbers.size or math.isnan(numbers.min()):
        return
    if numbers.min() < 0 or numbers.max() >= width:
        raise HPOError(
            f"{where} holds classes {numbers.min():g} to {numbers.max():g}, but the model's output "
            f"has {width} column{'s' if width != 1 else ''}, for classes 0 to {width - 1}. Number "
            "the classes from 0 in the task's load, and give the output one column per class."
        )


def _losses(model: Any, outputs: list[str]) -> dict[str, Any]:
    """The loss of every output; None if it has none or it is not known."""
    compiled = getattr(model, "loss", None)
    if isinstance(compiled, Mapping):
        single = next(iter(compiled.values()), None) if len(compiled) == 1 else None
        return {name: compiled.get(name, single if not name else None) for name in outputs}
    if isinstance(compiled, list | tuple):
        names = outputs if len(outputs) == 1 else list(getattr(model, "output_names", outputs))
        by_name = dict(zip(names, compiled, strict=False))
        return {name: by_name.get(name) for name in outputs}
    return dict.fromkeys(outputs, compiled)


def _kind_of_loss(loss: Any) -> str:
    import keras

    if loss is None:
        return ""
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # "crossentropy", which depends on the model
            return str(loss)
    loss = getattr(loss, "func", loss)  # of a functools.partial
    name = getattr(loss, "__name__", type(loss).__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).lower()


def _missing_activation(model: Any, name: str, loss: Any, predicted: np.ndarray) -> Activation:
    """What the loss does to the output before it compares it with classes."""
    settings = getattr(loss, "keywords", None) or vars(loss) if hasattr(loss, "__dict__") else {}
    # Keras's losses that are made of functions keep their settings there.
    settings = {**settings, **(settings.get("_fn_kwargs") or {})}
    if not settings.get("from_logits"):
        return ""
    activation = _last_activation(model, name)
    if activation in ("sigmoid", "softmax"):
        return ""  # Keras looks behind such a layer for the logits
    if not activation and are_probabilities(predicted):
        return ""
    is_single = predicted.ndim == 1 or predicted.shape[-1] == 1
    return "sigmoid" if is_single or "binary" in _kind_of_loss(loss) else "softmax"


def _last_activation(model: Any, name: str) -> str:
    """The name of the function that an output went through last; "" if it is not known."""
    tensor = _output_tensor(model, name)
    while tensor is not None:
        layer = tensor._keras_history.operation  # noqa: SLF001
        if type(layer).__name__.lower() in ("softmax", "sigmoid"):
            return type(layer).__name__.lower()
        if isinstance(getattr(layer, "outputs", None), list) and hasattr(layer, "layers"):
            tensor = layer.outputs[0]  # a model as a layer
            continue
        inner = getattr(layer, "layer", layer)  # of TimeDistributed and other wrappers
        if type(layer).__name__ in _SHAPING:
            tensor = layer.input
            continue
        function = getattr(inner, "activation", None)
        return str(getattr(function, "__name__", function or "linear"))
    return ""


_SHAPING = ("Reshape", "Flatten", "Activity", "ActivityRegularization", "Permute", "Identity")


def _output_tensor(model: Any, name: str) -> Any:
    outputs = getattr(model, "outputs", None)
    if not outputs:
        return None
    if not name:
        return outputs[0]
    names = list(getattr(model, "output_names", []))
    structure = getattr(model, "_outputs_struct", None)
    if isinstance(structure, Mapping) and name in structure:
        return structure[name]
    return outputs[names.index(name)] if name in names else None


def _output_shape(model: Any, name: str) -> tuple[Any, ...]:
    tensor = _output_tensor(model, name)
    return () if tensor is None else tuple(tensor.shape[1:])
