"""Optimizers and learning-rate schedules, by their names in the built-in search spaces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from hpo import Params

MOMENTUM = 0.9

# The share of the learning rate at the end of a cosine; with 0, later epochs would learn nothing.
FINAL_SHARE = 0.01


def make_optimizer(params: Params) -> keras.optimizers.Optimizer:
    """Make the optimizer that ``optimizer`` names.

    Args:
        params: A configuration. "sgd" has a Nesterov momentum of 0.9 and uses
            ``sgd_learning_rate`` instead of ``learning_rate`` if the configuration has it; "adamw"
            uses ``weight_decay`` if the configuration has it.
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
    """Return the highest learning rate of a configuration."""
    has_own_rate = params["optimizer"] == "sgd" and "sgd_learning_rate" in params
    return float(params["sgd_learning_rate" if has_own_rate else "learning_rate"])


def make_schedule(
    params: Params, *, epochs: int, warm_up: int = 1, patience: int = 3, min_delta: float = 1e-3
) -> list[Any]:
    """Make the callbacks that lower the learning rate as ``schedule`` says.

    None of them needs validation data, so a model can be trained on all the data the same way.

    Args:
        params: A configuration whose ``schedule`` is "cosine", "plateau" or "constant".
        epochs: The number of epochs of a cosine.
        warm_up: The number of epochs in which a cosine rises to the highest rate.
        patience: The number of epochs without a lower training loss after which "plateau" lowers
            the rate.
        min_delta: The smallest decrease of the loss that counts.
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

    def rate(epoch: int, current: float) -> float:
        # Every stage has a rate and callbacks of its own, so the first rate is the peak.
        peak[:] = peak or [float(current)]
        return peak[0] * cosine(epoch, epochs=epochs, warm_up=warm_up)

    return [keras.callbacks.LearningRateScheduler(rate)]


def cosine(epoch: int, *, epochs: int, warm_up: int = 1) -> float:
    """Compute the share of the highest learning rate: a linear rise, then half a cosine.

    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts".

    Args:
        epoch: The epoch, from 0.
        epochs: The number of epochs; later epochs keep the final share.
        warm_up: The number of epochs of the rise; with 1, epoch 0 has the highest rate.

    Returns:
        A share from ``FINAL_SHARE`` to 1.
    """
    rising = min((epoch + 1) / warm_up, 1.0)
    falling = (1 + math.cos(math.pi * min(epoch / epochs, 1.0))) / 2
    return max(FINAL_SHARE, rising * falling)
