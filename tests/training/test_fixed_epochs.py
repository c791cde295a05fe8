import warnings

import keras
import numpy as np
import pytest

from hpo import HPOError, Stage
from hpo.training import FoldArrays, lockstep
from hpo.training.fixed_epochs import train_for
from tasks import bare_task

ROWS = np.arange(24)
X = np.random.default_rng(1).normal(size=(24, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
EVERY = FoldArrays(X, Y, None, ROWS, ROWS[:0])


def make_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
    return model


def task(**settings):
    return bare_task(**{"batch_size": 8, "epochs": 9, **settings})


class Recorder(keras.callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.epochs, self.names = [], set()

    def on_epoch_begin(self, epoch, logs=None):
        del logs
        self.epochs.append((epoch, self.params["epochs"]))

    def on_epoch_end(self, epoch, logs=None):
        del epoch
        self.names |= set(logs)


def weights_after(task, epochs, **settings):
    model = make_model()
    train_for(task, model, EVERY, {}, epochs, **{"seed": 5, **settings})
    return np.concatenate([array.ravel() for array in model.get_weights()])


def test_a_model_is_trained_as_the_search_trains_a_fold():
    fold = FoldArrays(X, Y, None, ROWS, ROWS)
    course = lockstep.train(task(epochs=4), make_model(), [fold], {}, seed=5)
    assert course.best.epochs == [4]

    found = weights_after(task(), [4])

    searched = np.concatenate([array.ravel() for array in course.best.weights[0]])
    np.testing.assert_allclose(found, searched, rtol=1e-5)


def test_callbacks_see_every_epoch_and_no_validation():
    recorder, counted = Recorder(), []

    weights_after(
        task(callbacks=lambda _params: [recorder]), [3], on_epoch=lambda: counted.append(1)
    )

    assert recorder.epochs == [(0, 9), (1, 9), (2, 9)]
    assert recorder.names == {"loss", "mae"}
    assert len(counted) == 3


def test_schedules_over_epochs_run():
    def halving(_params):
        return [keras.callbacks.LearningRateScheduler(lambda _epoch, rate: rate / 2)]

    assert not np.allclose(weights_after(task(callbacks=halving), [3]), weights_after(task(), [3]))


def test_callbacks_that_monitor_validation_do_nothing_and_say_nothing(tmp_path):
    def monitoring(_params):
        return [
            keras.callbacks.EarlyStopping(patience=0, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau("val_mae", patience=0),
            keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
        ]

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = weights_after(task(callbacks=monitoring), [3])

    np.testing.assert_array_equal(found, weights_after(task(), [3]))


def test_nothing_stops_training_early_or_takes_weights_back():
    def stopping(_params):
        return [
            keras.callbacks.EarlyStopping("loss", mode="max", patience=0, restore_best_weights=True)
        ]

    found = weights_after(task(callbacks=stopping), [4])

    np.testing.assert_array_equal(found, weights_after(task(), [4]))


def staged(*names_and_epochs):
    prepared = []

    def stage(name, epochs):
        def prepare(model, _params):
            prepared.append(name)
            model.compile(keras.optimizers.SGD(0.01), "mse")

        return Stage(name, epochs, prepare)

    return prepared, task(stages=[stage(*pair) for pair in names_and_epochs])


@pytest.mark.parametrize(
    ("chosen", "prepared", "trained"),
    [
        ([2, 0, 0], [], 2),
        ([2, 3, 0], ["a"], 5),
        ([2, 0, 1], ["a", "b"], 3),  # b may build on what a unfroze
    ],
)
def test_stages_train_the_chosen_epochs_and_none_after_the_last_chosen(chosen, prepared, trained):
    names, task = staged(("a", 5), ("b", lambda _params: 5))
    counted = []

    weights_after(task, chosen, on_epoch=lambda: counted.append(1))

    assert names == prepared
    assert len(counted) == trained


def test_a_stage_that_the_search_skipped_is_not_prepared():
    names, task = staged(("a", 0), ("b", 5))

    weights_after(task, [1, 0, 2])

    assert names == ["b"]


def test_a_loss_that_is_no_number_is_told_with_its_epoch():
    def breaking(_params):
        return [keras.callbacks.LearningRateScheduler(lambda epoch: [0.01, np.inf, 0.1][epoch])]

    with pytest.raises(HPOError, match=r"loss became (nan|inf) in epoch \d"):
        weights_after(task(callbacks=breaking), [3])
