"""Logits and the probabilities that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

Activation = Literal["", "sigmoid", "softmax"]
"""What makes probabilities of a model's outputs; "" if the outputs are what they are."""

_SMALLEST = 1e-38


def probabilities(
    outputs: Mapping[str, np.ndarray], activations: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Turn the outputs of a model that are logits into probabilities.

    Args:
        outputs: What a model predicts, by output name, shape (n, ...) each.
        activations: An :data:`Activation` by output name, for those that are logits.

    Returns:
        The same with probabilities in place of logits.
    """
    return {name: _activated(y, activations.get(name, "")) for name, y in outputs.items()}


def logits(
    predictions: Mapping[str, np.ndarray], activations: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Turn probabilities back into logits, as the model predicts them.

    The logits of several classes are known up to a constant, which no loss or metric depends on.

    Args:
        predictions: Predictions by output name, shape (n, ...) each.
        activations: An :data:`Activation` by output name, for those whose model predicts logits.
    """
    return {name: _inverse(y, activations.get(name, "")) for name, y in predictions.items()}


def _activated(values: np.ndarray, activation: str) -> np.ndarray:
    if activation not in ("sigmoid", "softmax"):
        return values
    exact = np.asarray(values, "float64")
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(exact, -500, 500))), "float32")
    exponents = np.exp(exact - exact.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), "float32")


def _inverse(values: np.ndarray, activation: str) -> np.ndarray:
    if activation not in ("sigmoid", "softmax"):
        return values
    chance = np.clip(np.asarray(values, "float64"), _SMALLEST, 1.0)
    logarithms = np.log(chance)
    if activation == "sigmoid":
        logarithms -= np.log1p(-np.minimum(chance, 1 - 1e-7))
    return np.asarray(logarithms, "float32")
