import keras
import pytest
from keras import layers
from training.folds import BATCH, compiled, run_epoch, two_folds

from hpo.errors import HPOError
from hpo.training import make_trainer


def test_a_small_model_is_fused():
    assert make_trainer(compiled(), two_folds(), batch_size=BATCH, epochs=1).path == "fused"


def test_many_steps_of_a_small_dense_model_are_compiled():
    assert make_trainer(compiled(), two_folds(), batch_size=1, epochs=500).path == "fused-xla"


def test_a_model_that_runs_eagerly_goes_through_fit():
    class LooksAtValues(keras.Model):
        def test_step(self, data):
            self.seen = float(data[1].numpy().max())
            return super().test_step(data)

    inputs = keras.Input((4,))
    model = LooksAtValues(inputs, layers.Dense(1)(inputs))
    model.compile("adam", "mse", run_eagerly=True)
    folds = two_folds()

    trainer = make_trainer(model, folds, batch_size=BATCH, epochs=1)
    run_epoch(trainer, 0, folds[0])

    assert trainer.path == "fit"
    assert model.seen == folds[0].y[folds[0].validation].max()


def test_a_model_with_its_own_fit_is_trained_by_it():
    class OwnFit(keras.Model):
        fits = 0

        def fit(self, *args, **kwargs):
            self.fits += 1
            return super().fit(*args, **kwargs)

    inputs = keras.Input((4,))
    model = OwnFit(inputs, layers.Dense(1)(inputs))
    model.compile("adam", "mse")
    folds = two_folds()

    trainer = make_trainer(model, folds, batch_size=BATCH, epochs=1)
    run_epoch(trainer, 0, folds[0])

    assert (trainer.path, model.fits) == ("fit", 1)


def test_hooks_on_epochs_leave_the_fused_loop_alone():
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(),
        keras.callbacks.EarlyStopping(),
        keras.callbacks.LambdaCallback(on_epoch_end=print),
    ]

    trainer = make_trainer(
        compiled(), two_folds(), batch_size=BATCH, epochs=1, callbacks=[callbacks, []]
    )

    assert trainer.path == "fused"


def test_an_average_of_weights_that_is_never_validated_is_refused():
    model = compiled()
    model.compile(keras.optimizers.Adam(use_ema=True), "mse")

    with pytest.raises(HPOError, match="ema_overwrite_frequency"):
        make_trainer(model, two_folds(), batch_size=BATCH, epochs=1)
