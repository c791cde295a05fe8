import keras
import numpy as np
import pytest
from keras import layers
from training.folds import BATCH, compiled, run_epoch, trainer_of, two_folds

from hpo.training import make_trainer


class BatchCounter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, "loss" in logs))

    def on_test_begin(self, logs=None):
        self.seen.append("test")


def test_hooks_on_batches_run_for_their_own_fold_only():
    folds = two_folds()
    first, second = BatchCounter(), BatchCounter()

    trainer = make_trainer(
        compiled(), folds, batch_size=BATCH, epochs=1, callbacks=[[first], [second]]
    )
    run_epoch(trainer, 0, folds[0])

    assert trainer.path == "fit"
    assert first.seen == [(0, True), (1, True), (2, True), "test"]
    assert second.seen == []


@pytest.mark.parametrize("hook", ["on_batch_end", "on_train_batch_begin", "on_test_batch_end"])
def test_hooks_that_only_an_instance_has_run_too(hook):
    batches = []
    callback = keras.callbacks.LambdaCallback(**{hook: lambda batch, logs: batches.append(batch)})
    folds = two_folds()

    trainer = make_trainer(
        compiled(), folds, batch_size=BATCH, epochs=1, callbacks=[[callback], []]
    )
    run_epoch(trainer, 0, folds[0])

    assert trainer.path == "fit"
    assert batches == ([0] if "test" in hook else [0, 1, 2])


def test_fit_does_not_average_weights_ahead_of_time():
    def build():
        keras.utils.set_random_seed(0)
        model = compiled(layers.Dense(5))
        adam = keras.optimizers.Adam(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=100)
        model.compile(adam, "mse")
        return model

    folds, weights = two_folds(), {}

    for loop in ("fit", "fused"):
        model = build()
        run_epoch(trainer_of(model, folds, loop), 0, folds[0])
        weights[loop] = model.get_weights()

    for fitted, fused in zip(weights["fit"], weights["fused"], strict=True):
        np.testing.assert_allclose(fused, fitted, rtol=1e-4, atol=1e-6)
