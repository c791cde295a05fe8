import math
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

from hpo.errors import HPOError
from hpo.task import Stage, Task
from hpo.training import FoldArrays, lockstep
from hpo.training.lockstep import EpochReport, TrialFailedError


@dataclass
class ScriptedModel:
    """Its one weight is the number of epochs it was trained."""

    epochs: int = 0
    stop_training: bool = False
    optimizer: object = field(default_factory=object)

    def compile(self):
        self.optimizer = object()

    def get_weights(self):
        return [np.array(self.epochs)]

    def set_weights(self, weights):
        self.epochs = int(weights[0])


class ScriptedTrainer:
    """Logs what a script says, and predicts how many epochs its model was trained."""

    path = "scripted"

    def __init__(self, model, script):
        self.model = model
        self.script = [list(of_fold) for of_fold in script]
        self.orders = [[] for _fold in script]

    def save(self):
        return self.model.epochs

    def load(self, state):
        self.model.epochs = state

    def run_epoch(self, fold, order):
        self.model.epochs += 1
        self.orders[fold].append(order)
        logs = self.script[fold].pop(0)
        return logs if isinstance(logs, dict) else {"loss": 0.5, "val_loss": logs}

    def predict(self, fold):
        del fold
        return {"": np.array([self.model.epochs])}


@pytest.fixture
def made():
    """The trainers that the test made."""
    return []


@pytest.fixture
def train_scripted(monkeypatch, made):
    """Trains as scripts say: the objective by stage, fold and epoch."""

    def train(*stages, params=None, report=None, **settings):
        scripts = list(stages)

        def make(model, folds, **choices):
            made.append(ScriptedTrainer(model, scripts.pop(0)))
            made[-1].choices = choices
            assert len(folds) == len(made[-1].script)
            return made[-1]

        monkeypatch.setattr(lockstep, "make_trainer", make)
        rows = np.arange(12)
        folds = [
            FoldArrays(rows, rows, None, rows[rows % 3 != fold], rows[rows % 3 == fold])
            for fold in range(len(stages[0]))
        ]
        task = make_task(**{"epochs": len(stages[0][0]), "patience": 100, **settings})
        return lockstep.train(task, ScriptedModel(), folds, params or {}, seed=7, report=report)

    return train


def make_task(**settings):
    return Task(
        **{
            "name": "scripted",
            "load": lambda _: None,
            "model": lambda _params, _data: None,
            "space": "none",
            "objective": "val_loss",
            **settings,
        }
    )


def recompiled(name="second", epochs=1):
    return Stage(name, epochs, lambda model, _params: model.compile())


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


def test_a_stage_goes_on_from_the_best_epoch_of_every_fold(train_scripted):
    best = train_scripted(
        [[3.0, 2.0, 5.0], [3.0, 2.0, 5.0]],
        [[1.0, 4.0], [1.0, 4.0]],
        stages=[recompiled(epochs=2)],
    ).best

    assert (best.score, best.epochs) == (1.0, [2, 1])
    assert [weights[0] for weights in best.weights] == [3, 3]  # 2 epochs, then 1


def test_a_stage_that_makes_nothing_better_leaves_the_result_as_it_was(train_scripted):
    course = train_scripted([[3.0, 2.0, 5.0]], [[2.5, 2.0]], stages=[recompiled(epochs=2)])

    assert (course.best.score, course.best.epochs) == (2.0, [2, 0])
    assert [weights[0] for weights in course.best.weights] == [2]
    assert course.curves["val_loss"].ravel().tolist() == [3.0, 2.0, 5.0, 2.5, 2.0]


def test_a_stage_after_a_useless_one_is_told_apart(train_scripted):
    stages = [recompiled("second", 1), recompiled("third", 2)]

    best = train_scripted([[3.0, 2.0]], [[9.0]], [[1.5, 1.0]], stages=stages).best

    assert (best.score, best.epochs) == (1.0, [2, 0, 2])


def test_a_stage_has_patience_and_epochs_of_its_own(train_scripted, made):
    course = train_scripted(
        [[1.0, 2.0, 3.0, 0.0]],
        [[4.0, 5.0, 0.5, 0.4]],
        stages=[recompiled(epochs=3)],
        patience=3,
        params={"epochs": 3},
    )

    assert course.best.epochs == [1, 3]
    assert [trainer.choices["epochs"] for trainer in made] == [3, 3]


def test_a_stage_may_have_as_many_epochs_as_the_params_say(train_scripted, made):
    stage = recompiled(epochs=lambda params: params["fine_tuning"])

    best = train_scripted(
        [[3.0, 2.0]], [[1.5, 1.0]], stages=[stage], params={"fine_tuning": 2}
    ).best

    assert (best.score, best.epochs) == (1.0, [2, 2])
    assert [trainer.choices["epochs"] for trainer in made] == [2, 2]


@pytest.mark.parametrize("epochs", [0, lambda _params: 0])
def test_a_stage_without_epochs_is_neither_prepared_nor_traced(train_scripted, made, epochs):
    def refuse(_model, _params):
        raise AssertionError("the stage was prepared")

    course = train_scripted(
        [[3.0, 2.0]],
        [[1.0]],
        stages=[Stage("skipped", epochs, refuse), recompiled("third", 1)],
    )

    assert course.best.epochs == [2, 0, 1]
    assert course.curves["val_loss"].ravel().tolist() == [3.0, 2.0, 1.0]
    assert len(made) == 2


@pytest.mark.parametrize("epochs", [-1, 2.5, "2", lambda _params: None])
def test_epochs_of_a_stage_that_are_no_number_are_refused(train_scripted, epochs):
    with pytest.raises(HPOError, match=r"Stage 'second': epochs must be .* Received: "):
        train_scripted([[1.0]], [[1.0]], stages=[recompiled(epochs=epochs)])


def test_the_most_epochs_of_a_trial_are_those_of_all_stages():
    stages = [recompiled(epochs=3), recompiled("third", lambda params: params["more"])]
    task = make_task(epochs=10, stages=stages)

    assert lockstep.total_epochs(task, {"more": 4}) == 17
    assert lockstep.total_epochs(task, {"more": 0, "epochs": 5}) == 8


def test_a_stage_that_keeps_the_optimizer_is_refused(train_scripted):
    with pytest.raises(HPOError, match="'second' must compile the model anew"):
        train_scripted([[1.0]], [[1.0]], stages=[Stage("second", 1, lambda _model, _params: None)])


def train_frozen_then_unfrozen(fine_tuning_rate):
    """Two epochs of the head alone, then two of all."""
    base = keras.layers.Dense(4, trainable=False)
    model = linear_model(base, keras.layers.Dense(1))
    start = base.kernel.numpy()

    def unfreeze(model, params):
        base.trainable = True
        model.compile(keras.optimizers.SGD(params["rate"]), "mse")

    task = make_task(epochs=2, batch_size=4, stages=[Stage("fine-tuning", 2, unfreeze)])
    course = lockstep.train(task, model, linear_folds(), {"rate": fine_tuning_rate}, seed=0)
    return start, course


def test_a_stage_starts_from_the_weights_of_every_fold():
    start, course = train_frozen_then_unfrozen(fine_tuning_rate=0.0)

    best = course.best
    assert best.fold_scores[0] != best.fold_scores[1]
    np.testing.assert_allclose(course.curves["val_loss"][2], best.fold_scores, rtol=1e-6)
    assert best.epochs == [2, 0]
    np.testing.assert_array_equal([weights[0] for weights in best.weights], [start, start])


def test_a_stage_trains_what_it_unfreezes():
    start, course = train_frozen_then_unfrozen(fine_tuning_rate=0.02)

    best = course.best
    assert best.epochs == [2, 2]
    np.testing.assert_array_equal(course.curves["val_loss"][3], best.fold_scores)
    assert not np.isclose([weights[0] for weights in best.weights], start).any()


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
        make_task(epochs=3, batch_size=4, callbacks=callbacks), linear_model(), folds, {}, seed=0
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
        task = make_task(epochs=4, batch_size=4, callbacks=callbacks_stopping_after(*after))
        course = lockstep.train(task, linear_model(), linear_folds(), {}, seed=0)
        epochs_trained[after] = len(course.curves["val_loss"])

    assert epochs_trained == {(2, 2): 2, (1, 3): 3, (9, 1): 4}


def linear_model(*layers):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), *(layers or [keras.layers.Dense(1)])])
    model.compile(keras.optimizers.SGD(0.02), "mse")
    return model


def linear_folds():
    """Two folds of 12 samples to train on and 4 to validate on."""
    x = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    rows = np.arange(16)
    return [
        FoldArrays(x, y.copy(), None, rows[4:], rows[:4]),
        FoldArrays(x, y.copy(), None, rows[:12], rows[12:]),
    ]
