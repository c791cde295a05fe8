import random

import keras
import numpy as np
import pytest
from keras import layers
from training.folds import BATCH, compiled, samples, trainer_of, two_folds

from hpo.training import variables


def test_a_single_output_in_a_list_needs_no_name():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [layers.Dense(1)(inputs)])
    model.compile("adam", "mse")

    assert trainer_of(model, two_folds(), "fused").predict(0).keys() == {""}


class Ticking(layers.Layer):
    """Changes its state and draws random numbers whenever it is called."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(1)

    def build(self, input_shape):
        self.ticks = self.add_weight(shape=(), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, x):
        self.ticks.assign_add(1.0)
        return x + self.ticks * keras.random.normal((1,), seed=self.seeds)


def test_building_moves_no_state_and_draws_no_random_numbers():
    model = compiled(Ticking())
    before = [variable.numpy() for variable in model.variables]
    generators = [random.getstate(), np.random.get_state()]  # noqa: NPY002

    variables.build(model, two_folds()[0], BATCH)

    after = [variable.numpy() for variable in model.variables[: len(before)]]
    np.testing.assert_equal(after, before)
    np.testing.assert_equal([random.getstate(), np.random.get_state()], generators)  # noqa: NPY002


def test_what_is_wrong_with_a_model_is_said_as_it_would_be_without_us():
    folds = two_folds(x=samples(40, 5))  # the model takes four columns

    with pytest.raises(ValueError, match=r"expected axis -1.*to have value 4") as raised:
        variables.build(compiled(), folds[0], BATCH)

    assert "Step" not in str(raised.value)
