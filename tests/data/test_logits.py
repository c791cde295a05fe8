"""Logits and probabilities."""

import keras
import numpy as np
import pytest

from hpo.data.logits import logits, probabilities

OUTPUTS = np.random.default_rng(0).normal(scale=4, size=(20, 3)).astype("float32")


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_logits_become_the_probabilities_of_keras(activation):
    found = probabilities({"": OUTPUTS, "price": OUTPUTS}, {"": activation})

    expected = keras.ops.convert_to_numpy(getattr(keras.ops, activation)(OUTPUTS))
    np.testing.assert_allclose(found[""], expected, atol=1e-6)
    assert found["price"] is OUTPUTS


def test_large_logits_do_not_overflow():
    assert probabilities({"": np.array([[1e4, -1e4]])}, {"": "softmax"})[""].tolist() == [[1, 0]]
    assert probabilities({"": np.array([1e4, -1e4])}, {"": "sigmoid"})[""].tolist() == [1, 0]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_probabilities_become_logits_of_the_same_probabilities(activation):
    activations = {"": activation}
    shown = probabilities({"": OUTPUTS}, activations)

    again = probabilities(logits(shown, activations), activations)

    np.testing.assert_allclose(again[""], shown[""], atol=1e-6)
