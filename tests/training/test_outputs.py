"""What a compiled model says about its outputs."""

import functools

import keras
import numpy as np
import pytest

from hpo import HPOError
from hpo.training.outputs import check_classes, describe

LOGITS = {"": np.array([[-1.0, 2.0, 0.5]])}


def network(*layers, loss):
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("loss", "name", "activation"),
    [
        ("mse", "mean_squared_error", ""),
        ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy", ""),
        (
            keras.losses.SparseCategoricalCrossentropy(from_logits=True, name="own"),
            "sparse_categorical_crossentropy",
            "softmax",
        ),
        (
            keras.losses.BinaryFocalCrossentropy(from_logits=True),
            "binary_focal_crossentropy",
            "sigmoid",
        ),
        (
            functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
            "categorical_crossentropy",
            "softmax",
        ),
        (lambda _true, predicted: keras.ops.mean(predicted), "<lambda>", ""),
    ],
)
def test_a_loss_tells_whether_it_takes_logits(loss, name, activation):
    model = network(keras.layers.Dense(3), loss=loss)

    assert describe(model, LOGITS) == {"": {"loss": name, "activation": activation}}


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.Dense(3, "softmax")],
        [keras.layers.Dense(3), keras.layers.Softmax()],
        [keras.Sequential([keras.layers.Dense(3, "softmax")]), keras.layers.Reshape((3,))],
    ],
)
def test_what_a_softmax_puts_out_is_not_logits_whatever_the_loss_says(layers):
    model = network(*layers, loss=keras.losses.CategoricalCrossentropy(from_logits=True))

    assert describe(model, LOGITS)[""]["activation"] == ""


def test_every_output_has_its_own_loss():
    inputs = keras.Input((3,))
    heads = {"kind": keras.layers.Dense(2, name="kind")(inputs)}
    heads["price"] = keras.layers.Dense(1, name="price")(inputs)
    model = keras.Model(inputs, heads)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", {"kind": logits, "price": "mae"})

    described = describe(model, {"kind": LOGITS[""][:, :2], "price": np.ones((1, 1))})

    assert described["kind"]["activation"] == "softmax"
    assert described["price"] == {"loss": "mean_absolute_error", "activation": ""}


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 2, 3], r"y holds classes 1 to 3, but the model's output has 3 columns, for classes 0"),
        ([-1, 0, 1], "y holds classes -1 to 1"),
        ([0.0, 4.0], "y holds classes 0 to 4"),
    ],
)
def test_class_numbers_without_a_column_are_refused(y, message):
    model = network(keras.layers.Dense(3, "softmax"), loss="sparse_categorical_crossentropy")

    with pytest.raises(HPOError, match=message):
        check_classes("demo", model, {"": np.array(y)})


def test_class_numbers_with_a_column_and_ignored_ones_pass():
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)

    check_classes("demo", network(keras.layers.Dense(3), loss=ignoring), {"": np.array([-1, 2])})
    check_classes("demo", network(keras.layers.Dense(1), loss="mse"), {"": np.array([7, 9])})


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("sparse_categorical_crossentropy", np.eye(3), "one-hot rows of 3 columns.*class numbers"),
        ("categorical_crossentropy", np.arange(3), "class numbers.*one-hot rows of 3 columns"),
        (
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            np.arange(3)[:, None],
            "class numbers.*sparse_categorical_crossentropy",
        ),
        ("binary_crossentropy", np.arange(3) % 2, "one number per sample.*3 columns"),
    ],
)
def test_targets_in_another_encoding_than_the_loss_expects_are_refused(loss, y, message):
    model = network(keras.layers.Dense(3, "softmax"), loss=loss)

    with pytest.raises(HPOError, match=message):
        check_classes("demo", model, {"": y})


@pytest.mark.parametrize(
    ("loss", "width", "y"),
    [
        ("sparse_categorical_crossentropy", 3, np.arange(3)[:, None]),
        ("categorical_crossentropy", 3, np.eye(3)),
        ("binary_crossentropy", 3, np.eye(3)),
        ("binary_crossentropy", 1, np.arange(3) % 2),
        ("mse", 3, np.arange(3)),
        (lambda y, p: keras.ops.mean(p), 3, np.arange(3)),
    ],
)
def test_targets_in_the_encoding_of_the_loss_pass(loss, width, y):
    check_classes("demo", network(keras.layers.Dense(width), loss=loss), {"": y})
