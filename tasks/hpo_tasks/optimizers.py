"""Optimizers by name, as the built-in search spaces call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from hpo import Params

MOMENTUM = 0.9


def make_optimizer(params: Params) -> keras.optimizers.Optimizer:
    """Make the optimizer that ``optimizer`` names, with its ``learning_rate``.

    Args:
        params: A configuration; "sgd" has Nesterov's momentum of 0.9, and "adamw" decays weights
            by ``weight_decay`` where the configuration has it.
    """
    import keras

    name, rate = params["optimizer"], params["learning_rate"]
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True)
    if name == "adamw" and "weight_decay" in params:
        return keras.optimizers.AdamW(rate, weight_decay=params["weight_decay"])
    optimizer = keras.optimizers.get(name)
    optimizer.learning_rate = rate
    return optimizer
