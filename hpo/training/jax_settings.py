"""Settings of a model that Keras compiles as constants, as arguments of the compiled function.

Rates of dropout, factors of L1 and L2, and weight decay vary from trial to trial. As arguments they
do not make another program of every trial.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DROPOUTS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


@dataclass(frozen=True)
class Setting:
    """An attribute that holds a number.

    Attributes:
        owner: A layer, regularizer or optimizer.
        attribute: The attribute's name.
    """

    owner: Any
    attribute: str

    @property
    def value(self) -> Any:
        """What it holds now."""
        return getattr(self.owner, self.attribute)

    def traced(self, value: Any) -> Any:
        """What it holds while the model is traced."""
        return _Rate.of(self.value, value) if self.attribute == "rate" else value


class _Rate(float):
    """A rate that compares as a number, so that Keras finds the same way through ``dropout``."""

    traced: Any

    @classmethod
    def of(cls, rate: float, traced: Any) -> _Rate:
        made = cls(rate)
        made.traced = traced
        return made

    def __rsub__(self, other: Any) -> Any:
        """Keras computes with ``1 - rate`` only."""
        return other - self.traced


def settings_of(model: Any) -> list[Setting]:
    """The settings of a compiled model that can be arguments, each once."""
    found = []
    for layer in model._flatten_layers():  # noqa: SLF001
        if type(layer) in _DROPOUTS and 0 < layer.rate < 1:
            found.append(Setting(layer, "rate"))
        regularizers = [getattr(v, "regularizer", None) for v in layer.trainable_variables]
        for regularizer in (*regularizers, getattr(layer, "activity_regularizer", None)):
            if type(regularizer) is keras.regularizers.L2:
                found.append(Setting(regularizer, "l2"))
            if type(regularizer) is keras.regularizers.L1:
                found.append(Setting(regularizer, "l1"))
    optimizers = (model.optimizer, getattr(model.optimizer, "inner_optimizer", None))
    found += [
        Setting(optimizer, "weight_decay")
        for optimizer in optimizers
        if isinstance(getattr(optimizer, "weight_decay", None), float)
    ]
    return list({(id(one.owner), one.attribute): one for one in found}.values())


def values_of(settings: Sequence[Setting]) -> np.ndarray:
    """Their values, shape (n_settings,)."""
    return np.array([float(setting.value) for setting in settings], "float32")


@contextlib.contextmanager
def replaced(settings: Sequence[Setting], values: Any) -> Iterator[None]:
    """Trace the block with values that are arguments.

    Args:
        settings: The settings.
        values: Their traced values, shape (n_settings,).
    """
    before = [setting.value for setting in settings]
    try:
        for place, setting in enumerate(settings):
            setattr(setting.owner, setting.attribute, setting.traced(values[place]))
        yield
    finally:
        for setting, value in zip(settings, before, strict=True):
            setattr(setting.owner, setting.attribute, value)
