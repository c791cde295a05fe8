"""Optimizers and learning-rate schedules by name, as the built-in search spaces call them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from hpo import Params

MOMENTUM = 0.9

# What a cosine ends with; with nothing at all an epoch beyond its end would be wasted.
FLOOR = 0.01


def make_optimizer(params: Params) -> keras.optimizers.Optimizer:
    """Make the optimizer that ``optimizer`` names.

    Args:
        params: A configuration; "sgd" has Nesterov's momentum of 0.9 and, where the configuration
            has one, the ``sgd_learning_rate`` in place of the ``learning_rate``; "adamw" decays
            weights by ``weight_decay`` where the configuration has it.
    """
    import keras

    name, rate = params["optimizer"], learning_rate(params)
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True)
    if name == "adamw" and "weight_decay" in params:
        return keras.optimizers.AdamW(rate, weight_decay=params["weight_decay"])
    optimizer = keras.optimizers.get(name)
    optimizer.learning_rate = rate
    return optimizer


def learning_rate(params: Params) -> float:
    """The highest learning rate of a configuration."""
    own = params["optimizer"] == "sgd" and "sgd_learning_rate" in params
    return float(params["sgd_learning_rate" if own else "learning_rate"])


def make_schedule(
    params: Params, *, epochs: int, warm_up: int = 1, patience: int = 3, min_delta: float = 1e-3
) -> list[Any]:
    """The callbacks that lower the learning rate as ``schedule`` says.

    None of them looks at a validation part, so a model can be trained anew on all the data in the
    same way.

    Args:
        params: A configuration whose ``schedule`` is "cosine", "plateau" or "constant".
        epochs: The number of epochs of a cosine.
        warm_up: Epochs in which it rises to the highest rate.
        patience: Epochs without a lower training loss after which "plateau" lowers the rate.
        min_delta: How much lower the loss has to be.
    """
    import keras

    if params["schedule"] == "plateau":
        return [
            keras.callbacks.ReduceLROnPlateau(
                monitor="loss", factor=0.3, patience=patience, min_delta=min_delta, min_lr=1e-6
            )
        ]
    if params["schedule"] == "constant":
        return []
    peak: list[float] = []

    def rate(epoch: int, present: float) -> float:
        # The stages of a training are compiled with rates of their own.
        peak[:] = peak or [float(present)]
        return peak[0] * cosine(epoch, epochs=epochs, warm_up=warm_up)

    return [keras.callbacks.LearningRateScheduler(rate)]


def cosine(epoch: int, *, epochs: int, warm_up: int = 1) -> float:
    """The share of the highest learning rate: rising at first, then half a cosine.

    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts".

    Args:
        epoch: The epoch, from 0.
        epochs: The number of epochs; later ones have what it ends with.
        warm_up: Epochs until it has risen; 1 begins with the highest rate.
    """
    rising = min((epoch + 1) / warm_up, 1.0)
    falling = (1 + math.cos(math.pi * min(epoch / epochs, 1.0))) / 2
    return max(FLOOR, rising * falling)
