import math

import keras
import numpy as np
import pytest
from training.scripted import linear_folds, linear_model

from hpo.errors import HPOError
from hpo.training import lockstep
from hpo.training.lockstep import EpochReport
from hpo.training.stage_run import TrialFailedError
from tasks import bare_task


def test_the_epoch_is_chosen_on_the_mean_over_the_folds(train_scripted):
    first_fold, second_fold = [1.0, 3.0, 2.0, 3.0], [9.0, 3.0, 2.5, 2.0]

    best = train_scripted([first_fold, second_fold]).best

    assert (best.score, best.epochs) == (2.25, [3])
    assert best.fold_scores == [2.0, 2.5]  # by themselves they were at 1.0 and 2.0
    assert [weights[0] for weights in best.weights] == [3, 3]
    assert [int(of_fold[""][0]) for of_fold in best.predictions] == [3, 3]


def test_an_epoch_that_is_best_for_no_fold_can_be_chosen(train_scripted):
    best = train_scripted([[1.0, 2.0, 9.0], [9.0, 2.0, 1.0]]).best

    assert (best.score, best.epochs, best.fold_scores) == (2.0, [2], [2.0, 2.0])


def test_scores_to_maximize_are_maximized(train_scripted):
    best = train_scripted([[0.1, 0.9, 0.3], [0.2, 0.1, 0.3]], direction="maximize").best

    assert (best.score, best.epochs) == (0.5, [2])


def test_of_equal_epochs_the_first_is_chosen(train_scripted):
    assert train_scripted([[3.0, 1.0, 1.0]]).best.epochs == [2]


def test_a_trial_ends_when_its_patience_does(train_scripted):
    course = train_scripted([[5.0, 3.0, 4.0, 3.5, 1.0]], patience=2)

    assert course.curves["val_loss"].tolist() == [[5.0], [3.0], [4.0], [3.5]]
    assert course.best.epochs == [2]


def test_params_come_before_the_defaults_of_the_task(train_scripted, made):
    params = {"epochs": 4, "batch_size": 3, "patience": 2}

    course = train_scripted(
        [[1.0, 2.0, 3.0, 0.0]], params=params, epochs=2, batch_size=32, patience=1
    )

    assert len(course.curves["val_loss"]) == 3
    assert (made[0].choices["epochs"], made[0].choices["batch_size"]) == (4, 3)


def test_curves_have_a_row_per_epoch_and_a_column_per_fold(train_scripted):
    script = [[{"loss": 1.0, "val_loss": 0.1 * k, "lr": k}] * 2 for k in range(3)]

    course = train_scripted(script)

    assert {name: curve.shape for name, curve in course.curves.items()} == {
        "loss": (2, 3),
        "val_loss": (2, 3),
        "lr": (2, 3),
    }
    assert course.curves["lr"].tolist() == [[0, 1, 2], [0, 1, 2]]
    assert course.path == "scripted"


def test_every_epoch_is_reported_with_the_mean_and_the_best_mean(train_scripted):
    reports = []

    train_scripted([[4.0, 2.0, 6.0], [2.0, 2.0, 4.0]], report=reports.append)

    assert reports == [
        EpochReport(1, 3.0, 3.0, [4.0, 2.0]),
        EpochReport(2, 2.0, 2.0, [2.0, 2.0]),
        EpochReport(3, 5.0, 2.0, [2.0, 2.0], is_last=True),
    ]


def test_whoever_gets_the_reports_may_end_the_trial(train_scripted, made):
    def stop(told):
        if told.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_scripted([[3.0, 2.0, 1.0]], report=stop)

    assert made[0].script == [[1.0]]


@pytest.mark.parametrize("broken", ["loss", "val_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_loss_fails_the_trial_and_says_where(train_scripted, broken, value):
    fine = {"loss": 1.0, "val_loss": 1.0}

    with pytest.raises(TrialFailedError, match=f"{broken} became {value} in epoch 2 of fold 1"):
        train_scripted([[fine, fine], [fine, {**fine, broken: value}]])


def test_a_model_need_not_log_a_loss(train_scripted):
    course = train_scripted([[{"val_own": 2.0}]], objective="val_own", direction="minimize")

    assert course.best.score == 2.0


def test_an_objective_that_is_not_logged_is_refused_with_what_is(train_scripted):
    with pytest.raises(HPOError, match=r"'val_mae'; it logs loss, val_loss"):
        train_scripted([[1.0]], objective="val_mae")


def test_no_epochs_are_refused(train_scripted):
    with pytest.raises(HPOError, match="epochs=0"):
        train_scripted([[]], epochs=0)


def test_batches_come_in_another_order_for_every_epoch_and_the_same_for_a_seed(
    train_scripted, made
):
    for _trial in range(2):
        train_scripted([[1.0] * 3, [1.0] * 3])

    orders = made[0].orders
    assert [sorted(order) for order in orders[0]] == [[1, 2, 4, 5, 7, 8, 10, 11]] * 3
    assert len({tuple(order) for of_fold in orders for order in of_fold}) == 6
    np.testing.assert_equal(made[1].orders, orders)


class Recorder(keras.callbacks.Callback):
    """Writes down what it is told, and the learning rate it finds."""

    def __init__(self):
        super().__init__()
        self.rates, self.losses = [], []

    def on_train_begin(self, logs=None):
        del logs
        self.told = dict(self.params)

    def on_epoch_begin(self, epoch, logs=None):
        del epoch, logs
        self.rates.append(round(float(self.model.optimizer.learning_rate.numpy()), 6))

    def on_epoch_end(self, epoch, logs=None):
        del epoch
        self.losses.append(logs["val_loss"])


def test_every_fold_has_callbacks_and_a_learning_rate_of_its_own():
    recorders = []

    def callbacks(params):
        del params
        recorders.append(Recorder())
        return [recorders[-1], keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1)]

    folds = linear_folds()
    folds[1].y[folds[1].validation] *= -9  # what this fold learns is wrong there

    course = lockstep.train(
        bare_task("val_loss", epochs=3, batch_size=4, callbacks=callbacks),
        linear_model(),
        folds,
        {},
        seed=0,
    )

    assert course.path == "fused"
    assert [recorder.rates for recorder in recorders] == [[0.02, 0.02, 0.02], [0.02, 0.02, 0.01]]
    np.testing.assert_array_equal(
        np.transpose([recorder.losses for recorder in recorders]), course.curves["val_loss"]
    )
    assert recorders[0].told == {"epochs": 3, "steps": 3, "verbose": 0}


def test_a_trial_ends_when_the_callbacks_of_every_fold_stop_it():
    def callbacks_stopping_after(*epochs):
        left = list(epochs)

        def callbacks(params):
            del params
            stop_after = left.pop(0)

            def stop(epoch, logs):
                del logs
                callback.model.stop_training = epoch + 1 >= stop_after

            callback = keras.callbacks.LambdaCallback(on_epoch_end=stop)
            return [callback]

        return callbacks

    epochs_trained = {}
    for after in ((2, 2), (1, 3), (9, 1)):
        task = bare_task(
            "val_loss", epochs=4, batch_size=4, callbacks=callbacks_stopping_after(*after)
        )
        course = lockstep.train(task, linear_model(), linear_folds(), {}, seed=0)
        epochs_trained[after] = len(course.curves["val_loss"])

    assert epochs_trained == {(2, 2): 2, (1, 3): 3, (9, 1): 4}
