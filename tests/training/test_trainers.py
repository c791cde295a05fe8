import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from hpo.errors import HPOError
from hpo.training import FoldArrays, make_trainer, variables
from hpo.training.fit import FitTrainer
from hpo.training.tensorflow import FusedTrainer
from hpo.training.xla import MIN_STEPS, pays_off

BATCH = 8
LOOPS = ["fused", "fused-xla", "fit"]


def samples(n, *shape):
    return np.random.default_rng(n).normal(size=(n, *shape)).astype("float32")


def two_folds(x=None, y=None, weight=None):
    """Folds of 20 and 27 training samples out of 40."""
    x = samples(40, 4) if x is None else x
    y = samples(40, 1) if y is None else y
    order = np.random.default_rng(0).permutation(40)
    return [
        FoldArrays(x, y, weight, order[:20], order[20:]),
        FoldArrays(x, y, weight, order[13:], order[:13]),
    ]


def compiled(*hidden, metrics=("mae",), **settings):
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(1)])
    model.compile("adam", "mse", metrics=list(metrics), **settings)
    return model


def stateful_model():
    """Weights, moments, statistics and seeds: all that a fold's state is made of."""
    keras.utils.set_random_seed(0)
    return compiled(layers.Dense(5), layers.BatchNormalization(), layers.Dropout(0.4))


def trainer_of(model, folds, loop):
    variables.build(model, folds[0], BATCH)
    if loop == "fit":
        return FitTrainer(model, folds, batch_size=BATCH)
    return FusedTrainer(model, folds, batch_size=BATCH, xla=loop == "fused-xla")


def train(trainer, state, fold, arrays, epochs=1):
    trainer.load(state)
    logs = [trainer.run_epoch(fold, arrays.train) for _ in range(epochs)]
    return trainer.save(), logs


class Counting(layers.Layer):
    """Counts how often Python goes through it: once per trace."""

    calls = 0

    def call(self, x):
        self.calls += 1
        return x


class Unfusible(layers.Layer):
    """Goes through a string, which XLA cannot compile."""

    def call(self, x):
        digits = tf.strings.as_string(tf.stop_gradient(keras.ops.round(x)))
        return x + tf.reshape(tf.strings.to_number(digits), tf.shape(x))


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


@pytest.mark.parametrize("loop", LOOPS)
def test_a_saved_state_never_changes(loop):
    folds = two_folds()
    model = stateful_model()
    trainer = trainer_of(model, folds, loop)
    saved, _logs = train(trainer, trainer.save(), 0, folds[0])
    before = [variable.numpy() for variable in variables.trained(model)]

    train(trainer, saved, 1, folds[1], epochs=2)
    changed = [variable.numpy() for variable in variables.trained(model)]
    trainer.load(saved)

    after = [variable.numpy() for variable in variables.trained(model)]
    np.testing.assert_equal(after, before)
    assert not all(np.array_equal(*pair) for pair in zip(changed, before, strict=True))


def test_states_share_the_memory_of_frozen_weights():
    folds = two_folds()
    frozen, free = layers.Dense(64, trainable=False), layers.Dense(64)
    model = compiled(frozen, free)
    trainer = trainer_of(model, folds, "fused")
    paths = [variable.path for variable in variables.trained(model)]
    kernels = [paths.index(layer.kernel.path) for layer in (frozen, free)]

    states = [train(trainer, trainer.save(), fold, folds[fold])[0] for fold in (0, 1)]

    shared = [np.shares_memory(*(memoryview(state[k]) for state in states)) for k in kernels]
    assert shared == [True, False]


@pytest.mark.parametrize("loop", ["fused", "fused-xla"])
def test_folds_of_different_sizes_share_one_trace(loop):
    folds = two_folds()
    counting = Counting()
    trainer = trainer_of(compiled(counting), folds, loop)
    trainer.run_epoch(0, folds[0].train)
    trainer.predict(0)
    traces = counting.calls

    trainer.run_epoch(1, folds[1].train)
    trainer.predict(1)

    assert counting.calls == traces


def test_a_layer_that_xla_cannot_compile_is_trained_without_it():
    folds = two_folds()
    logs = {}

    for loop in ("fused", "fused-xla"):
        keras.utils.set_random_seed(0)
        trainer = trainer_of(compiled(layers.Dense(5), Unfusible()), folds, loop)
        logs[loop] = [trainer.run_epoch(0, folds[0].train) for _epoch in range(2)]

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

    logs = trainer.run_epoch(0, folds[0].train)

    assert trainer.path == "fused"
    assert logs["first_target"] == folds[0].y[folds[0].train[16], 0]


def test_without_xla_an_error_of_the_model_is_passed_on():
    folds = two_folds(x=np.full((40, 4), 99))
    model = keras.Sequential([layers.Embedding(10, 2), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    trainer = trainer_of(model, folds, "fused")

    with pytest.raises(tf.errors.InvalidArgumentError):
        trainer.run_epoch(0, folds[0].train)


@pytest.mark.parametrize("loop", ["fused", "fit"])
def test_predictions_are_those_of_the_model(loop):
    x, positions = samples(1300, 4), np.arange(1300)
    fold = FoldArrays(x, samples(1300, 1), None, positions[:20], positions[20:])
    model = stateful_model()
    trainer = trainer_of(model, [fold], loop)
    trainer.run_epoch(0, fold.train)

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


def test_a_single_output_in_a_list_needs_no_name():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [layers.Dense(1)(inputs)])
    model.compile("adam", "mse")

    assert trainer_of(model, two_folds(), "fused").predict(0).keys() == {""}


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

    logs = trainer.run_epoch(0, folds[0].train)

    assert logs.keys() == {"loss", "mae", "val_loss", "val_mae"}


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


@pytest.mark.parametrize("loop", ["fused", "fit"])
def test_a_model_may_ask_for_batches_of_one_size(loop):
    model = compiled(layers.Lambda(lambda x: keras.ops.reshape(x, (BATCH, 4))))
    positions = np.arange(24)
    fold = FoldArrays(samples(24, 4), samples(24, 1), None, positions[:16], positions[16:])

    logs = trainer_of(model, [fold], loop).run_epoch(0, fold.train)

    assert np.isfinite(logs["val_loss"])


@pytest.mark.parametrize("weight", [None, samples(40) ** 2])
def test_without_a_validation_part_nothing_is_validated(weight):
    rows, weights = np.arange(40), {}
    fold = FoldArrays(samples(40, 4), samples(40, 1), weight, rows, rows[:0])

    for loop in LOOPS:
        keras.utils.set_random_seed(0)
        model = compiled(layers.Dense(5))
        logs = trainer_of(model, [fold], loop).run_epoch(0, fold.train)
        assert logs.keys() == {"loss", "mae"}
        weights[loop] = np.concatenate([array.ravel() for array in model.get_weights()])

    np.testing.assert_allclose(weights["fused"], weights["fit"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(weights["fused-xla"], weights["fit"], rtol=1e-4, atol=1e-6)


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
    trainer.run_epoch(0, folds[0].train)

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
    trainer.run_epoch(0, folds[0].train)

    assert (trainer.path, model.fits) == ("fit", 1)


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
    trainer.run_epoch(0, folds[0].train)

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
    trainer.run_epoch(0, folds[0].train)

    assert trainer.path == "fit"
    assert batches == ([0] if "test" in hook else [0, 1, 2])


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
        trainer_of(model, folds, loop).run_epoch(0, folds[0].train)
        weights[loop] = model.get_weights()

    for fitted, fused in zip(weights["fit"], weights["fused"], strict=True):
        np.testing.assert_allclose(fused, fitted, rtol=1e-4, atol=1e-6)


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
