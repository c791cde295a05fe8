import keras
import numpy as np
import pytest
from keras import layers
from training.folds import BATCH, compiled, run_epoch, samples, train, trainer_of, two_folds

from hpo.training import FoldArrays, variables

LOOPS = ["fused", "fused-xla", "fit"]


def stateful_model():
    """Weights, moments, statistics and seeds: all that a fold's state is made of."""
    keras.utils.set_random_seed(0)
    return compiled(layers.Dense(5), layers.BatchNormalization(), layers.Dropout(0.4))


def values(trainer, model, state):
    trainer.load(state)
    return [variable.numpy() for variable in variables.trained(model)]


class Counting(layers.Layer):
    """Counts how often Python goes through it: once per trace."""

    calls = 0

    def call(self, x):
        self.calls += 1
        return x


@pytest.mark.parametrize("loop", LOOPS)
def test_folds_taking_turns_do_not_disturb_each_other(loop):
    folds = two_folds()
    trainer = trainer_of(stateful_model(), folds, loop)
    start = trainer.save()
    alone = [train(trainer, start, fold, folds[fold], epochs=3)[1] for fold in (0, 1)]

    states, in_turns = [start, start], [[], []]
    for _epoch in range(3):
        for fold in (0, 1):
            states[fold], logs = train(trainer, states[fold], fold, folds[fold])
            in_turns[fold] += logs

    assert in_turns == alone


@pytest.mark.parametrize("loop", ["fused", "fused-xla"])
def test_epochs_in_one_call_are_those_of_a_call_each(loop):
    folds = two_folds()
    model = stateful_model()
    trainer = trainer_of(model, folds, loop)
    start = trainer.save()

    together = trainer.run_fold(1, start, [folds[1].train] * 3)

    state = start
    for logs, after in together:
        [(expected, state)] = trainer.run_fold(1, state, [folds[1].train])
        assert logs == expected
        np.testing.assert_equal(values(trainer, model, after), values(trainer, model, state))


@pytest.mark.parametrize("loop", LOOPS)
def test_a_saved_state_never_changes(loop):
    folds = two_folds()
    model = stateful_model()
    trainer = trainer_of(model, folds, loop)
    saved, _logs = train(trainer, trainer.save(), 0, folds[0])
    before = values(trainer, model, saved)

    later, _logs = train(trainer, saved, 1, folds[1], epochs=2)
    changed = values(trainer, model, later)

    np.testing.assert_equal(values(trainer, model, saved), before)
    assert not all(np.array_equal(*pair) for pair in zip(changed, before, strict=True))


@pytest.mark.parametrize("loop", ["fused", "fused-xla"])
def test_folds_of_different_sizes_share_one_trace(loop):
    folds = two_folds()
    counting = Counting()
    trainer = trainer_of(compiled(counting), folds, loop)
    run_epoch(trainer, 0, folds[0])
    trainer.predict(0)
    traces = counting.calls

    run_epoch(trainer, 1, folds[1])
    trainer.predict(1)

    assert counting.calls == traces


@pytest.mark.parametrize("loop", ["fused", "fit"])
def test_predictions_are_those_of_the_model(loop):
    x, positions = samples(1300, 4), np.arange(1300)
    fold = FoldArrays(x, samples(1300, 1), None, positions[:20], positions[20:])
    model = stateful_model()
    trainer = trainer_of(model, [fold], loop)
    run_epoch(trainer, 0, fold)

    predictions = trainer.predict(0)

    assert predictions.keys() == {""}
    expected = model.predict(x[20:], verbose=0)
    np.testing.assert_allclose(predictions[""], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loop", ["fused", "fit"])
@pytest.mark.parametrize("as_dict", [True, False])
def test_predictions_of_several_outputs_have_their_names(loop, as_dict):
    inputs = keras.Input((4,))
    outputs = {name: layers.Dense(1, name=name)(inputs) for name in ("price", "rent")}
    model = keras.Model(inputs, outputs if as_dict else list(outputs.values()))
    targets = {name: samples(40, 1) for name in outputs}
    model.compile("adam", dict.fromkeys(outputs, "mse"))
    folds = two_folds(y=targets)
    trainer = trainer_of(model, folds, loop)

    predictions = trainer.predict(0)

    expected = model.predict(folds[0].x[folds[0].validation], verbose=0)
    if not as_dict:
        expected = dict(zip(outputs, expected, strict=True))
    assert predictions.keys() == outputs.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(predictions[name], values, rtol=1e-5, atol=1e-6)


def test_fit_and_the_fused_loop_agree():
    folds = two_folds(weight=samples(40) ** 2)
    logs, predictions = {}, {}

    for loop in ("fit", "fused"):
        trainer = trainer_of(stateful_model(), folds, loop)
        logs[loop] = train(trainer, trainer.save(), 1, folds[1], epochs=3)[1]
        predictions[loop] = trainer.predict(1)[""]

    for fitted, fused in zip(logs["fit"], logs["fused"], strict=True):
        assert fused == pytest.approx(fitted, rel=1e-4)
    np.testing.assert_allclose(predictions["fused"], predictions["fit"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loop", ["fused", "fit"])
def test_a_metric_that_is_no_single_number_is_left_out_of_the_logs(loop):
    class PerClass(keras.metrics.MeanAbsoluteError):
        def result(self):
            return keras.ops.stack([super().result()] * 3)

    folds = two_folds()
    trainer = trainer_of(compiled(metrics=[PerClass(name="per_class"), "mae"]), folds, loop)

    logs = run_epoch(trainer, 0, folds[0])

    assert logs.keys() == {"loss", "mae", "val_loss", "val_mae"}


@pytest.mark.parametrize("loop", ["fused", "fit"])
def test_a_model_may_ask_for_batches_of_one_size(loop):
    model = compiled(layers.Lambda(lambda x: keras.ops.reshape(x, (BATCH, 4))))
    positions = np.arange(24)
    fold = FoldArrays(samples(24, 4), samples(24, 1), None, positions[:16], positions[16:])

    logs = run_epoch(trainer_of(model, [fold], loop), 0, fold)

    assert np.isfinite(logs["val_loss"])


@pytest.mark.parametrize("weight", [None, samples(40) ** 2])
def test_without_a_validation_part_nothing_is_validated(weight):
    rows, weights = np.arange(40), {}
    fold = FoldArrays(samples(40, 4), samples(40, 1), weight, rows, rows[:0])

    for loop in LOOPS:
        keras.utils.set_random_seed(0)
        model = compiled(layers.Dense(5))
        logs = run_epoch(trainer_of(model, [fold], loop), 0, fold)
        assert logs.keys() == {"loss", "mae"}
        weights[loop] = np.concatenate([array.ravel() for array in model.get_weights()])

    np.testing.assert_allclose(weights["fused"], weights["fit"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(weights["fused-xla"], weights["fit"], rtol=1e-4, atol=1e-6)
