"""The fused loop means what ``model.fit`` means, whatever the model is made of."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from hpo.data.arrays import take
from hpo.training import FoldArrays, variables
from hpo.training.choice import EpochChoice, mean_of_all
from hpo.training.trainer import VALIDATION_BATCH, run_stretch

IS_JAX = keras.backend.backend() == "jax"
EPOCHS = 3
BATCH = 8
VALIDATION = 10


@dataclass(frozen=True, eq=False)
class Case:
    """A model, what it is trained on, and how exactly two trainings of it can agree."""

    model: Any
    x: Any
    y: Any
    weight: np.ndarray | None = None
    train: int = 24  # three full batches
    policy: str = "float32"
    tolerance: float = 1e-4
    loops: Sequence[str] = ("fused",)


def numbers(*shape, n=40):
    return np.random.default_rng(1).normal(size=(n, *shape)).astype("float32")


def integers(*shape, below, n=40):
    return np.random.default_rng(2).integers(0, below, size=(n, *shape))


def regressor(*hidden, optimizer="adam", **settings):
    """A sequential model with one output, built anew at every call."""

    def build():
        model = keras.Sequential([*(make() for make in hidden), layers.Dense(1)])
        made = optimizer if isinstance(optimizer, str) else optimizer()
        model.compile(made, **{"loss": "mse", "metrics": ["mae"], **settings})
        return model

    return build


def dense():
    return layers.Dense(5, activation="relu")


def two_outputs():
    inputs = keras.Input((4,))
    hidden = layers.Dense(5, activation="tanh")(inputs)
    outputs = {
        "price": layers.Dense(1, name="price")(hidden),
        "kind": layers.Dense(3, activation="softmax", name="kind")(hidden),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        "adam",
        loss={"price": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"price": 0.3, "kind": 2.0},
        metrics={"price": ["mae"], "kind": ["accuracy"]},
    )
    return model


def two_inputs():
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    joined = layers.Concatenate()([layers.Dense(4)(left), layers.Dense(4)(right)])
    model = keras.Model({"left": left, "right": right}, layers.Dense(1)(joined))
    model.compile("adam", "mse", metrics=["mae"])
    return model


def siamese():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    encoder = keras.Sequential([layers.Dense(6, activation="tanh"), layers.Dense(3)])
    distance = layers.Subtract()([encoder(left), encoder(right)])
    output = layers.Dense(1, activation="sigmoid")(distance)
    model = keras.Model({"left": left, "right": right}, output)
    model.compile(
        "adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")]
    )
    return model


def inception():
    inputs = keras.Input((6, 6, 2))
    branches = [
        layers.Conv2D(2, 1, padding="same")(inputs),
        layers.Conv2D(2, 3, padding="same")(layers.Conv2D(2, 1)(inputs)),
        layers.Conv2D(2, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(inputs)),
    ]
    pooled = layers.GlobalAveragePooling2D()(layers.Concatenate()(branches))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(pooled))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def inception_with_strides():
    inputs = keras.Input((6, 6, 2))
    strided = {"strides": 2, "padding": "same"}
    branches = [
        layers.Conv2D(2, 1, activation="relu", **strided)(inputs),
        layers.SeparableConv2D(3, 3, activation="relu", **strided)(layers.Conv2D(2, 1)(inputs)),
        layers.Conv2D(2, 3)(layers.Conv2D(2, 3, padding="same")(inputs))[:, :3, :3],
        layers.Conv2D(2, 1)(layers.AveragePooling2D(3, **strided)(inputs)),
        layers.MaxPooling2D(2)(inputs),
    ]
    normalized = layers.BatchNormalization()(layers.Concatenate()(branches))
    output = layers.Dense(3, activation="softmax")(layers.Flatten()(normalized))
    model = keras.Model(inputs, output)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def siamese_of_recurrent_encoder():
    left, right = (keras.Input((7,), dtype="int32", name=name) for name in ("left", "right"))
    encoder = keras.Sequential([layers.Embedding(20, 4, mask_zero=True), layers.GRU(3)])
    distance = layers.Dot(axes=1, normalize=True)([encoder(left), encoder(right)])
    output = layers.Dense(1, activation="sigmoid")(distance)
    model = keras.Model({"left": left, "right": right}, output)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def on_a_frozen_base():
    base = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    base.trainable = False
    thawed = layers.BatchNormalization()
    model = keras.Sequential([keras.Input((6, 6, 2)), base, thawed, layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def partly_frozen():
    """Its frozen normalization stands above layers that learn."""
    normalized = layers.BatchNormalization(trainable=False)
    frozen = layers.Dense(4, trainable=False)
    model = keras.Sequential(
        [keras.Input((4,)), dense(), normalized, frozen, layers.BatchNormalization(), dense()]
    )
    model.add(layers.Dense(1))
    model.compile("adam", "mse", metrics=["mae"])
    return model


def bag_of_words():
    words, weights = (
        keras.Input((7,), dtype="int32", name="words"),
        keras.Input((7,), name="weights"),
    )
    embedded = layers.Embedding(20, 4)(words)
    bag = layers.Dot(axes=1)([embedded, weights])
    model = keras.Model({"words": words, "weights": weights}, layers.Dense(1)(bag))
    model.compile("adam", "mse", metrics=["mae"])
    return model


def own_step():
    """The model of a custom training step, which every backend wants written another way."""
    return OwnStepOfJax if IS_JAX else OwnStep


def own_metrics():
    return OwnMetricsOfJax if IS_JAX else OwnMetrics


class OwnStepOfJax(keras.Model):
    """As OwnStep, the way JAX wants it."""

    def train_step(self, state, data):
        import jax

        trainable, others, optimizer, metrics = state
        x, y = data

        def loss(trainable):
            y_pred, updated = self.stateless_call(trainable, others, x, training=True)
            return keras.ops.mean(keras.ops.abs(y - y_pred)), updated

        (value, others), gradients = jax.value_and_grad(loss, has_aux=True)(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        return {"own_loss": value}, (trainable, others, optimizer, metrics)

    def test_step(self, state, data):
        trainable, others, metrics = state
        x, y = data
        y_pred, others = self.stateless_call(trainable, others, x, training=False)
        return {"own_loss": keras.ops.mean(keras.ops.abs(y - y_pred))}, (trainable, others, metrics)


class OwnMetricsOfJax(keras.Model):
    """As OwnMetrics, the way Keras's guide for JAX has it."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.tracker = keras.metrics.Mean(name="loss")
        self.error = keras.metrics.MeanAbsoluteError(name="error")

    @property
    def metrics(self):
        return [self.tracker, self.error]

    def train_step(self, state, data):
        import jax

        trainable, others, optimizer, metrics = state
        x, y = data

        def loss(trainable):
            y_pred, updated = self.stateless_call(trainable, others, x, training=True)
            return keras.ops.mean(keras.ops.square(y - y_pred)), (y_pred, updated)

        gradient = jax.value_and_grad(loss, has_aux=True)
        (value, (y_pred, others)), gradients = gradient(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        logs, metrics = self.log(metrics, value, y, y_pred)
        return logs, (trainable, others, optimizer, metrics)

    def test_step(self, state, data):
        trainable, others, metrics = state
        x, y = data
        y_pred, others = self.stateless_call(trainable, others, x, training=False)
        loss = keras.ops.mean(keras.ops.square(y - y_pred))
        logs, metrics = self.log(metrics, loss, y, y_pred)
        return logs, (trainable, others, metrics)

    def log(self, values, loss, y, y_pred):
        n = len(self.tracker.variables)
        of_tracker = self.tracker.stateless_update_state(values[:n], loss)
        of_error = self.error.stateless_update_state(values[n:], y, y_pred)
        logs = {
            "loss": self.tracker.stateless_result(of_tracker),
            "error": self.error.stateless_result(of_error),
        }
        return logs, [*of_tracker, *of_error]


class OwnStep(keras.Model):
    """Trains on its own loss, which it logs without a metric that would keep it."""

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.ops.abs(y - self(x, training=True)))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"own_loss": loss}

    def test_step(self, data):
        x, y = data
        return {"own_loss": keras.ops.mean(keras.ops.abs(y - self(x, training=False)))}


class OwnMetrics(keras.Model):
    """Trains as Keras's guide to custom training steps does, with metrics of its own."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.tracker = keras.metrics.Mean(name="loss")
        self.error = keras.metrics.MeanAbsoluteError(name="error")

    @property
    def metrics(self):
        return [self.tracker, self.error]

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.ops.mean(keras.ops.square(y - y_pred))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return self.log(loss, y, y_pred)

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        return self.log(keras.ops.mean(keras.ops.square(y - y_pred)), y, y_pred)

    def log(self, loss, y, y_pred):
        self.tracker.update_state(loss)
        self.error.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def of_class(kind):
    def build():
        inputs = keras.Input((4,))
        model = kind(inputs=inputs, outputs=layers.Dense(1)(dense()(inputs)))
        model.compile("adam", "mse")
        return model

    return build


class Subclassed(keras.Model):
    """Has no variables until it is called."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(5, activation="relu")
        self.dropout = layers.Dropout(0.4)
        self.normalized = layers.BatchNormalization()
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        hidden = self.dropout(self.hidden(x), training=training)
        return self.head(self.normalized(hidden, training=training))


def subclassed():
    model = Subclassed()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def penalized():
    return layers.Dense(5, kernel_regularizer="l2", activity_regularizer="l2")


def decaying():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.7))


def averaging():
    return keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)


def decoupled():
    return keras.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=0.05)


def accumulating():
    return keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)


X = numbers(4)
IMAGES = numbers(6, 6, 2)
SERIES = numbers(5, 2)
TARGET = numbers(1)
CLASSES = integers(below=3)
WORDS = np.sort(integers(7, below=20) * (integers(7, below=4) > 0))[:, ::-1].copy()  # 0 pads
WEIGHTS = numbers() ** 2
BOTH = ["fused", "fused-xla"]
EMBEDDING = functools.partial(layers.Embedding, 20, 4)
CONV_1D = functools.partial(layers.Conv1D, 4, 3, activation="relu")
CONV_2D = functools.partial(layers.Conv2D, 3, 3, activation="relu")
GRU = functools.partial(layers.GRU, 3, recurrent_dropout=0.3, dropout=0.3)
DROPOUT = functools.partial(layers.Dropout, 0.5)
MASKED = functools.partial(layers.Embedding, 20, 4, mask_zero=True)
AUGMENTATIONS = (
    functools.partial(layers.RandomFlip, "horizontal"),
    functools.partial(layers.RandomTranslation, 0.2, 0.2),
    functools.partial(layers.RandomRotation, 0.1),
)


def both_ways():
    return layers.Bidirectional(layers.GRU(3))


CASES = {
    "dense": Case(regressor(dense), X, TARGET, loops=BOTH),
    "dense, ragged last batch": Case(regressor(dense), X, TARGET, train=21, loops=BOTH),
    "dense, less than a batch": Case(regressor(dense), X, TARGET, train=5, loops=["fused-xla"]),
    "convolutional, learning-rate schedule": Case(
        regressor(CONV_2D, layers.Flatten, optimizer=decaying), IMAGES, TARGET, train=21
    ),
    "recurrent, clipped gradients and weight decay": Case(
        regressor(functools.partial(layers.LSTM, 3), optimizer=decoupled), SERIES, TARGET
    ),
    "recurrent, with dropout": Case(regressor(GRU), SERIES, TARGET, train=21),
    "batch-normalized, accumulated gradients": Case(
        regressor(dense, layers.BatchNormalization, optimizer=accumulating),
        X,
        TARGET,
        train=21,
        loops=BOTH,
    ),
    "dropout": Case(regressor(dense, DROPOUT), X, TARGET, train=21),
    "embedding and 1D convolution, averaged weights": Case(
        regressor(EMBEDDING, CONV_1D, layers.GlobalMaxPooling1D, optimizer=averaging),
        integers(7, below=20),
        TARGET,
    ),
    "regularized": Case(regressor(penalized), X, TARGET, train=21, loops=BOTH),
    "1-D target, sample weights of double precision": Case(
        regressor(dense, weighted_metrics=["mse"]),
        X,
        TARGET[:, 0],
        weight=WEIGHTS.astype("float64"),
        train=21,
    ),
    "integer inputs and targets": Case(
        regressor(lambda: layers.Rescaling(1 / 255), dense),
        integers(4, below=255).astype("uint8"),
        integers(1, below=5),
    ),
    "several inputs": Case(two_inputs, {"left": X, "right": numbers(3)}, TARGET),
    "several outputs, sample weights": Case(
        two_outputs, X, {"price": TARGET, "kind": CLASSES}, weight=WEIGHTS, train=21, loops=BOTH
    ),
    "siamese": Case(siamese, {"left": X, "right": X[::-1]}, integers(1, below=2)),
    "inception": Case(inception, IMAGES, CLASSES),
    "inception with strides and pooling": Case(
        inception_with_strides, IMAGES, CLASSES, train=21, tolerance=2e-3 if IS_JAX else 1e-4
    ),
    "siamese, one recurrent encoder": Case(
        siamese_of_recurrent_encoder,
        {"left": WORDS, "right": WORDS[::-1]},
        integers(1, below=2),
    ),
    "frozen base with normalization": Case(on_a_frozen_base, IMAGES, TARGET, train=21),
    "frozen layers among others": Case(partly_frozen, X, TARGET, train=21, loops=BOTH),
    "augmentation": Case(
        regressor(*AUGMENTATIONS, CONV_2D, layers.Flatten), IMAGES, TARGET, train=21
    ),
    "bag of words, weighted": Case(
        bag_of_words, {"words": WORDS, "weights": numbers(7)}, TARGET, train=21, loops=BOTH
    ),
    "recurrent both ways, masked": Case(regressor(MASKED, both_ways), WORDS, TARGET, train=21),
    "own training step, unmetered logs, double precision": Case(
        of_class(own_step()), X, TARGET.astype("float64"), train=21
    ),
    "own training step and metrics": Case(of_class(own_metrics()), X, TARGET, train=21, loops=BOTH),
    "subclassed, not yet built": Case(subclassed, X, CLASSES, train=21),
    "mixed precision": Case(
        regressor(dense, dense), X, TARGET, policy="mixed_float16", tolerance=5e-3
    ),
}
JAX_LOOPS = ("in turn", "together")
VARIANTS = [
    (name, loop) for name, case in CASES.items() for loop in (JAX_LOOPS if IS_JAX else case.loops)
]


@pytest.fixture(autouse=True)
def float32():
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(("name", "loop"), VARIANTS)
def test_fused_training_agrees_with_fit(name, loop):
    case = CASES[name]
    expected_logs, expected_state = trained_by_fit(name)

    logs, state = trained_by_fused_loop(case, loop)

    close = functools.partial(
        np.testing.assert_allclose, rtol=case.tolerance, atol=case.tolerance / 10
    )
    assert logs.keys() == expected_logs.keys()
    for metric, curve in expected_logs.items():
        close(logs[metric], curve, err_msg=metric)
    for (path, value), (_, expected) in zip(state, expected_state, strict=True):
        close(value, expected, err_msg=path)


@functools.cache
def trained_by_fit(name):
    """Curves by metric, and everything that training changed."""
    case = CASES[name]
    model = initial_model(case)
    fold = fold_of(case)
    train, validation = (
        [None if a is None else take(a, rows) for a in (fold.x, fold.y, case.weight)]
        for rows in (fold.train, fold.validation)
    )
    history = model.fit(
        *train[:2],
        sample_weight=train[2],
        validation_data=tuple(part for part in validation if part is not None),
        validation_batch_size=VALIDATION_BATCH,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
    )
    return history.history, state_of(model)


def trained_by_fused_loop(case, loop):
    model = initial_model(case)
    fold = fold_of(case)
    variables.build(model, fold, BATCH)
    trainer = trainer_of(model, fold, loop)
    choice = EpochChoice(
        lambda names: "val_loss" if "val_loss" in names else None, "minimize", [mean_of_all(1)]
    )
    states, logs = [trainer.save()], []
    for orders in [[[fold.train]]] * EPOCHS if loop in TURNS else [[[fold.train]] * EPOCHS]:
        stretch = run_stretch(trainer, states, orders, choice)
        states = stretch.states
        logs += [of_fold for (of_fold,) in stretch.logs]
    trainer.load(states[0])
    assert trainer.path == ("fused-jax" if IS_JAX else loop)
    return {name: [log[name] for log in logs] for name in logs[0]}, state_of(model)


TURNS = BOTH


def trainer_of(model, fold, loop):
    if IS_JAX:
        from hpo.training.jax import JaxTrainer

        return JaxTrainer(
            model,
            [fold],
            batch_size=BATCH,
            together=loop == "together",
            find_objective=lambda names: "val_loss" if "val_loss" in names else None,
        )
    from hpo.training.tensorflow import FusedTrainer

    return FusedTrainer(model, [fold], batch_size=BATCH, xla=loop == "fused-xla")


def state_of(model):
    return [(variable.path, variable.numpy()) for variable in variables.trained(model)]


def initial_model(case):
    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy(case.policy)
    return case.model()


def fold_of(case):
    order = np.random.default_rng(4).permutation(40)
    train, validation = order[: case.train], order[-VALIDATION:]
    return FoldArrays(case.x, case.y, case.weight, train, validation)
