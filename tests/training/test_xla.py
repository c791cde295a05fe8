import keras
import pytest
from keras import layers

from hpo.training.xla import MIN_STEPS, pays_off


class OwnDense(layers.Dense):
    """Might do anything."""


class OwnCall(keras.Model):
    """Does more than its layers show."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return keras.ops.cumsum(self.dense(x), axis=1)


@pytest.mark.parametrize(
    ("layer", "steps", "decision"),
    [
        (lambda: layers.Dense(8), MIN_STEPS, True),
        (lambda: layers.Dense(8), MIN_STEPS - 1, False),
        (lambda: layers.Dense(300_000), MIN_STEPS, False),
        (lambda: keras.Sequential([layers.Dense(8), layers.Dropout(0.0)]), MIN_STEPS, True),
        (lambda: keras.Sequential([layers.Dense(8), layers.Dropout(0.1)]), MIN_STEPS, False),
        (lambda: layers.Conv1D(2, 1), MIN_STEPS, False),
        (lambda: layers.LSTM(2), MIN_STEPS, False),
        (lambda: keras.Sequential([layers.Conv1D(2, 1)]), MIN_STEPS, False),
        (lambda: OwnDense(8), MIN_STEPS, False),
        (lambda: layers.Lambda(abs), MIN_STEPS, False),
        (OwnCall, MIN_STEPS, False),
    ],
)
def test_xla_is_for_many_steps_of_small_dense_models(layer, steps, decision):
    model = keras.Sequential([keras.Input((4, 4)), layer(), layers.Dense(1)])

    assert pays_off(model, steps) is decision


def test_xla_is_not_for_a_training_step_it_does_not_know():
    class OwnStep(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    inputs = keras.Input((4,))

    assert not pays_off(OwnStep(inputs, layers.Dense(1)(inputs)), MIN_STEPS)
