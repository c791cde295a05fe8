"""Keras's names for losses."""

from __future__ import annotations

from typing import Any


def loss_name(loss: Any) -> str:
    """Keras's name for a compiled model's loss.

    Returns:
        The name; "" for a loss that is not one of Keras's own, or has other settings than Keras's
        defaults.
    """
    import keras

    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # "crossentropy", which depends on the model
            return str(loss)
    name = getattr(loss, "__name__", type(loss).__name__)
    known = getattr(keras.losses, name, None)
    if known is loss:
        return str(name)
    if known is not type(loss):
        return ""
    default = known()
    return str(default.name) if _settings(loss) == _settings(default) else ""


def _settings(loss: Any) -> dict[str, Any]:
    return {name: value for name, value in loss.get_config().items() if name != "name"}
