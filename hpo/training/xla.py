"""When compiling a training loop with XLA pays off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# Measured with benchmarks/xla.py on two CPU cores: compiling takes about a second longer, and a
# small dense model saves as much in this number of steps.
MIN_STEPS = 8_000

# Larger models were not measured.
MAX_PARAMETERS = 1_000_000

_GAINS = {
    "Activation",
    "Add",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "ELU",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "UnitNormalization",
}


def pays_off(model: Any, steps: int) -> bool:
    """Decide whether to compile with XLA or to run the loop with TensorFlow's own kernels.

    Small dense layers gain much. On a CPU, convolutions become 3 to 4 times slower, recurrent
    layers take long to compile, and random masks may be drawn too often. So one such layer decides
    against XLA, as does any layer, call or training step that is not known to gain.

    Args:
        model: A built Keras model.
        steps: The most training steps the trial will take, over all folds.
    """
    if steps < MIN_STEPS or model.count_params() > MAX_PARAMETERS:
        return False
    return _gains(model)


def loops_are_slow(model: Any) -> bool:
    """Whether JAX trains a model faster step by step than in a compiled loop, on a CPU.

    Inside a loop, XLA does not use its fast convolutions: an epoch takes two to four times as long
    as with ``fit`` (``python benchmarks/gpu.py --tiny``).

    Args:
        model: A built Keras model.
    """
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())  # noqa: SLF001


def gains_together(model: Any) -> bool:
    """Whether JAX trains folds faster in the same operations than one after the other.

    On a CPU, several convolutions at once take a slow path of XLA, and so do other layers than the
    small dense ones that gain from XLA at all.

    Args:
        model: A built Keras model.
    """
    return model.count_params() <= MAX_PARAMETERS and _gains(model, ("Dropout",))


def _gains(layer: Any, also: Collection[str] = ()) -> bool:
    import keras

    if isinstance(layer, keras.Model):
        return _runs_only_keras_code(layer) and all(_gains(part, also) for part in layer.layers)
    name, module = type(layer).__name__, type(layer).__module__
    if name == "Dropout" and name not in also:
        # XLA may draw a mask again for every unit that reads it: with layers of 32 and 80 units, a
        # step takes 4 times as long as without XLA.
        return module.startswith("keras.") and layer.rate == 0
    return (name in _GAINS or name in also) and module.startswith("keras.")


def _runs_only_keras_code(model: Any) -> bool:
    methods = (type(model).call, type(model).train_step)
    return all(method.__module__.startswith("keras.") for method in methods)
