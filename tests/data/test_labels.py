"""Labels that are texts become the numbers of named classes."""

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hpo import Data, HPOError
from hpo.data.loading import load_data
from tasks import bare_task

X = np.arange(12.0).reshape(6, 2)
WORDS = ["pear", "fig", "pear", "apple", "fig", "pear"]


def loaded(objective="val_accuracy", **arrays):
    data = Data(**{"x": X, "y": np.array(WORDS), **arrays})
    task = dataclasses.replace(bare_task(), load=lambda _dir: data, objective=objective)
    return load_data(task, None)


def objects(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    "y",
    [
        np.array(WORDS),
        np.array(WORDS, "S"),
        np.array(WORDS)[:, None],
        objects(*WORDS),
        objects(*(word.encode() for word in WORDS)),
    ],
)
def test_classes_are_numbered_in_the_order_of_the_alphabet(y):
    data = loaded(y=y)

    assert data.y.tolist() == [2, 1, 2, 0, 1, 2]
    assert data.y.dtype == "int64"
    assert data.class_names == ["apple", "fig", "pear"]


def test_class_names_that_are_given_say_the_order():
    data = loaded(class_names=["pear", "quince", "fig", "apple"])

    assert data.y.tolist() == [0, 2, 0, 3, 2, 0]
    assert data.class_names == ["pear", "quince", "fig", "apple"]


def test_the_test_set_is_numbered_as_the_training_set_is():
    data = loaded(x_test=X[:2], y_test=np.array(["pear", "apple"]))

    assert data.y_test.tolist() == [2, 0]


def test_every_step_may_have_a_label():
    data = loaded(y=np.array(WORDS * 2).reshape(6, 2))

    assert data.y.shape == (6, 2)
    assert data.y[0].tolist() == [2, 1]


def test_numbers_that_are_named_stay_labels():
    data = loaded(y=np.array(["10", "9", "10", "9", "9", "10"]), class_names=["9", "10"])

    assert data.y.tolist() == [1, 0, 1, 0, 0, 1]


def test_columns_of_pandas_and_polars_are_taken():
    for y in (
        pd.Series(WORDS, index=range(5, 11)),
        pd.Series(WORDS).astype("category"),
        pd.Series(WORDS, dtype="string"),
        pl.Series(WORDS),
        pl.Series(WORDS, dtype=pl.Categorical),
    ):
        assert loaded(y=y).y.tolist() == [2, 1, 2, 0, 1, 2]
    weights = pd.Series([1, 2, 1, 1, 1, 1])
    assert loaded(sample_weight=weights).sample_weight.tolist() == [1, 2, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": objects("a", "b", None, "a", "b", "a")}, "y has no label in row 2. Received: None"),
        ({"y": objects("a", "b", "a", np.nan, "b", "a")}, "no label in row 3. Received: nan"),
        (
            {"class_names": ["apple", "figs", "pear"]},
            "y has labels that class_names lacks: 'fig'. Did you mean figs",
        ),
        (
            {"x_test": X[:2], "y_test": np.array(["fig", "kiwi"])},
            "y_test has labels that y lacks: 'kiwi'",
        ),
        ({"x_test": X[:2], "y_test": np.array([0, 1])}, "y_test must hold labels that are texts"),
        ({"y": np.array(["1.5", "2", "1.5", "2", "3", "2"])}, r"numbers as texts, such as '1.5'"),
        ({"objective": "val_mae"}, "y must hold numbers, since the objective val_mae"),
    ],
)
def test_what_are_no_labels_is_refused_in_one_line(arrays, message):
    with pytest.raises(HPOError, match=message) as caught:
        loaded(**arrays)

    assert "\n" not in str(caught.value)
