import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from training.folds import compiled, run_epoch, train, trainer_of, two_folds

from hpo.training import variables


class Unfusible(layers.Layer):
    """Goes through a string, which XLA cannot compile."""

    def call(self, x):
        digits = tf.strings.as_string(tf.stop_gradient(keras.ops.round(x)))
        return x + tf.reshape(tf.strings.to_number(digits), tf.shape(x))


def test_states_of_large_models_share_the_memory_of_frozen_weights(monkeypatch):
    monkeypatch.setattr("hpo.training.tensorflow.MAX_BYTES", 1)  # any model is large
    folds = two_folds()
    frozen, free = layers.Dense(64, trainable=False), layers.Dense(64)
    model = compiled(frozen, free)
    trainer = trainer_of(model, folds, "fused")
    paths = [variable.path for variable in variables.trained(model)]
    kernels = [paths.index(layer.kernel.path) for layer in (frozen, free)]

    states = [train(trainer, trainer.save(), fold, folds[fold])[0] for fold in (0, 1)]

    shared = [
        np.shares_memory(*(memoryview(state.history[k]) for state in states)) for k in kernels
    ]
    assert shared == [True, False]


def test_a_layer_that_xla_cannot_compile_is_trained_without_it():
    folds = two_folds()
    logs = {}

    for loop in ("fused", "fused-xla"):
        keras.utils.set_random_seed(0)
        trainer = trainer_of(compiled(layers.Dense(5), Unfusible()), folds, loop)
        logs[loop] = [run_epoch(trainer, 0, folds[0]) for _epoch in range(2)]

    assert trainer.path == "fused"
    assert logs["fused-xla"] == logs["fused"]


def test_logs_that_no_metric_keeps_are_had_without_xla():
    class OwnStep(keras.Model):
        def train_step(self, data):
            super().train_step(data)
            return {"first_target": data[1][0, 0]}

    folds = two_folds()
    inputs = keras.Input((4,))
    model = OwnStep(inputs, layers.Dense(1)(inputs))
    model.compile("adam", "mse")
    trainer = trainer_of(model, folds, "fused-xla")

    logs = run_epoch(trainer, 0, folds[0])

    assert trainer.path == "fused"
    assert logs["first_target"] == folds[0].y[folds[0].train[16], 0]


def test_without_xla_an_error_of_the_model_is_passed_on():
    folds = two_folds(x=np.full((40, 4), 99))
    model = keras.Sequential([layers.Embedding(10, 2), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    trainer = trainer_of(model, folds, "fused")

    with pytest.raises(tf.errors.InvalidArgumentError):
        run_epoch(trainer, 0, folds[0])
