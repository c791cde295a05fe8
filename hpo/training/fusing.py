"""Whether a fused loop can train a model, or it needs ``model.fit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.folds import FoldArrays

BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)

_LOOPS = (
    "fit",
    "evaluate",
    "predict",
    "make_train_function",
    "make_test_function",
    "make_predict_function",
)


def why_not_fused(model: Any, callbacks: Sequence[Any] = ()) -> str:
    """Say why the fused loop cannot train a model.

    Args:
        model: A compiled Keras model.
        callbacks: The callbacks it is trained with.

    Returns:
        The reason; "" if the fused loop can train the model.
    """
    import keras

    if model.run_eagerly:
        return "the model was compiled with run_eagerly=True"
    for name in _LOOPS:
        if has_own(model, name):
            return f"the model has its own {name}()"
    for callback in callbacks:
        for name in BATCH_HOOKS:
            # An instance may have hooks that its class does not have, such as a LambdaCallback.
            hook = getattr(callback, name)
            if getattr(hook, "__func__", None) is not getattr(keras.callbacks.Callback, name):
                return f"the callback {type(callback).__name__} has its own {name}()"
    return ""


def holds_numbers(fold: FoldArrays) -> bool:
    """Whether samples, targets and weights are numbers, as a device takes them; not texts."""
    import keras

    leaves = keras.tree.flatten((fold.x, fold.y))
    return all(array.dtype.kind in "biuf" for array in leaves)


def has_own(model: Any, *methods: str) -> bool:
    """Whether a model's class overrides one of these methods of ``keras.Model``."""
    import keras

    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in methods)
