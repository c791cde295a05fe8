"""What y is: quantities, classes or labels."""

import numpy as np
import pytest

from hpo import Data
from hpo.data.splits import split
from hpo.data.targets import Target, decide, meaning_of, metric_of, strata

NUMBERS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
ROWS = np.eye(3)[NUMBERS]
SEVERAL = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]] * 3)
STEPS = np.array([[0, 1, 2, 3], [3, 0, 0, 0]] * 5)
AGES = np.array([17, 40, 40, 23, 99, 0, 1, 2, 3, 5])


def kind(y, **known):
    target = decide(np.asarray(y), **known)
    return target.kind, target.per_step


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("accuracy", "classes"),
        ("sparse_categorical_crossentropy", "classes"),
        ("auc_1", "classes"),
        ("f1_score", "classes"),
        ("mean_io_u", "classes"),
        ("mae", "quantity"),
        ("root_mean_squared_error", "quantity"),
        ("r2_score", "quantity"),
        ("recall_time_mae", "quantity"),
        ("loss", ""),
        ("dollars", ""),
        ("accidents", ""),
    ],
)
def test_the_last_word_of_a_name_that_tells_counts(name, meaning):
    assert meaning_of(name) == meaning


def test_an_objective_of_another_output_tells_nothing():
    assert metric_of("val_kind_accuracy", "kind", several=True) == "accuracy"
    assert metric_of("val_kind_accuracy", "price", several=True) == ""
    assert metric_of("val_accuracy") == "accuracy"


# ---------------------------------------------------------------- before training


@pytest.mark.parametrize(
    ("y", "metric", "expected"),
    [
        (NUMBERS, "accuracy", ("one class", False)),
        (NUMBERS.astype(float), "accuracy", ("one class", False)),
        (NUMBERS.astype(float)[:, None], "auc", ("one class", False)),
        (NUMBERS % 2, "accuracy", ("two classes", False)),
        (NUMBERS % 2 == 1, "", ("two classes", False)),
        (ROWS, "accuracy", ("one class", False)),
        (0.9 * ROWS + 0.1 / 3, "accuracy", ("one class", False)),
        (SEVERAL, "accuracy", ("labels", False)),
        (STEPS, "accuracy", ("one class", True)),
        (np.eye(4)[STEPS], "accuracy", ("one class", True)),
        (np.zeros((6, 5, 5)), "binary_accuracy", ("two classes", True)),
        (NUMBERS, "mae", ("quantity", False)),
        (AGES, "mse", ("quantity", False)),
        (AGES, "loss", ("quantity", False)),
        (NUMBERS.astype(float), "loss", ("quantity", False)),
        (np.linspace(0, 1, 6), "accuracy", ("quantity", False)),
        (SEVERAL, "mae", ("quantity", False)),
    ],
)
def test_before_training_objective_and_values_decide(y, metric, expected):
    assert kind(y, metric=metric) == expected


def test_whole_quantities_are_not_stratified_and_classes_are_whatever_their_type():
    ages, numbers = (Data(x=np.zeros(len(y)), y=y) for y in (AGES, NUMBERS.astype(float)))

    assert strata(ages, "val_mae") is None
    assert strata(numbers, "val_mse") is None
    np.testing.assert_array_equal(strata(numbers, "val_accuracy"), NUMBERS)
    np.testing.assert_array_equal(strata(numbers, "val_loss"), NUMBERS)


@pytest.mark.parametrize("objective", ["val_mae", "val_loss", "val_dollars"])
def test_whole_quantities_that_occur_once_can_be_held_out(objective):
    generator = np.random.default_rng(0)
    ages = np.clip(generator.normal(40, 15, 400), 0, 99).round().astype("int64")
    counts = np.append(generator.poisson(2.0, 300), [12])

    for y in (ages, counts):
        (cut,) = split("holdout:0.2", Data(x=np.zeros(len(y)), y=y), objective)
        assert len(cut.validation) == -(-len(y) // 5)


# ---------------------------------------------------------------- after training


def predicted(*shape, low=0.0, high=1.0):
    return np.random.default_rng(0).uniform(low, high, (10, *shape))


@pytest.mark.parametrize(
    ("y", "predictions", "known", "expected"),
    [
        (NUMBERS, predicted(3), {"metric": "accuracy"}, ("one class", False)),
        (NUMBERS.astype(float), predicted(3), {"metric": "loss"}, ("one class", False)),
        (NUMBERS % 2, predicted(2), {}, ("one class", False)),
        (NUMBERS % 2, predicted(1), {"loss": "binary_crossentropy"}, ("two classes", False)),
        (NUMBERS % 2, predicted(1), {"loss": "mean_squared_error"}, ("quantity", False)),
        (NUMBERS, predicted(1), {"loss": "mean_squared_error"}, ("quantity", False)),
        (NUMBERS, predicted(1), {"metric": "dollars"}, ("quantity", False)),
        (ROWS, predicted(3), {"loss": "categorical_crossentropy"}, ("one class", False)),
        (SEVERAL, predicted(3), {"loss": "binary_crossentropy"}, ("labels", False)),
        (SEVERAL, predicted(3), {"loss": "mean_absolute_error"}, ("quantity", False)),
        (STEPS, predicted(4, 4), {"metric": "accuracy"}, ("one class", True)),
        (STEPS % 2, predicted(4, 2), {"metric": "accuracy"}, ("one class", True)),
        (STEPS % 2, predicted(4, 1), {"metric": "accuracy"}, ("two classes", True)),
        (np.ones((9, 5, 6)), predicted(5, 6, 1), {"metric": "accuracy"}, ("two classes", True)),
        (np.ones((9, 5, 6, 1)), predicted(5, 6, 3), {"metric": "mean_io_u"}, ("one class", True)),
    ],
)
def test_after_training_the_shape_of_predictions_decides_too(y, predictions, known, expected):
    assert kind(y, predictions=predictions, **known) == expected


def test_numbers_outside_of_0_and_1_are_scores():
    logits = predicted(3, low=-3.0, high=3.0)

    assert not decide(NUMBERS, metric="accuracy", predictions=logits).are_probabilities
    assert decide(NUMBERS, metric="accuracy", predictions=predicted(3)).are_probabilities


def test_class_numbers_are_read_from_every_form():
    np.testing.assert_array_equal(Target("one class", one_hot=True).classes(ROWS), NUMBERS)
    np.testing.assert_array_equal(Target("one class").classes(NUMBERS[:, None]), NUMBERS)
    np.testing.assert_array_equal(Target("one class").classes(STEPS.astype(float)), STEPS)
