import keras
import numpy as np
import pytest
from training.scripted import linear_folds, linear_model

from hpo.errors import HPOError
from hpo.task import Stage
from hpo.training import lockstep
from tasks import bare_task


def recompiled(name="second", epochs=1):
    return Stage(name, epochs, lambda model, _params: model.compile())


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
    task = bare_task("val_loss", epochs=10, stages=stages)

    assert task.plan({"more": 4}).epochs == 17
    assert task.plan({"more": 0, "epochs": 5}).epochs == 8


def test_a_stage_that_keeps_the_optimizer_is_refused(train_scripted):
    with pytest.raises(HPOError, match="'second' must compile the model again"):
        train_scripted([[1.0]], [[1.0]], stages=[Stage("second", 1, lambda _model, _params: None)])


def test_a_plan_has_a_place_for_every_stage_with_the_epochs_of_the_configuration():
    task = bare_task(
        "val_loss", epochs=10, stages=[recompiled("second", lambda params: params["more"])]
    )

    plan = task.plan({"more": 0, "batch_size": 4, "patience": 3})

    assert (plan.batch_size, plan.patience) == (4, 3)
    assert [(stage.name, stage.epochs) for stage in plan.stages] == [("", 10), ("second", 0)]


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_a_plan_without_anything_to_train_is_refused(name):
    with pytest.raises(
        HPOError, match=f"{name} must be a whole number of 1 or more. Received: {name}=0"
    ):
        bare_task("val_loss").plan({name: 0})


class SlowStart(keras.callbacks.Callback):
    """Sets the learning rate when training begins."""

    def on_train_begin(self, logs=None):
        del logs
        self.model.optimizer.learning_rate.assign(0.0)


def test_what_a_callback_changes_when_training_begins_holds_for_every_fold():
    task = bare_task("val_loss", epochs=1, batch_size=4, callbacks=lambda _params: [SlowStart()])
    model = linear_model()
    start = model.get_weights()

    course = lockstep.train(task, model, linear_folds(), {}, seed=0)

    for weights in course.best.weights:
        np.testing.assert_array_equal(weights[0], start[0])


def train_frozen_then_unfrozen(fine_tuning_rate):
    """Two epochs of the head alone, then two of all."""
    keras.utils.set_random_seed(0)  # the layer draws the seed of its weights when it is made
    base = keras.layers.Dense(4, trainable=False)
    model = linear_model(base, keras.layers.Dense(1))
    start = base.kernel.numpy()

    def unfreeze(model, params):
        base.trainable = True
        model.compile(keras.optimizers.SGD(params["rate"]), "mse")

    task = bare_task("val_loss", epochs=2, batch_size=4, stages=[Stage("fine-tuning", 2, unfreeze)])
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
