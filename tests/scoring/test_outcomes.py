from __future__ import annotations

import numpy as np
import pytest

from hpo.scoring.outcomes import read_classes, read_values


@pytest.mark.parametrize(
    ("truth", "predicted", "names", "expected"),
    [
        ([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], None, [0, 1, 0]),
        ([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], None, [0, 1, 0]),
        ([0, 1, 1], [[0.1], [0.7], [0.4]], None, [0, 1, 0]),
        ([0, 1, 1], [[-3.0], [2.0], [-1.0]], ["no", "yes"], [0, 1, 0]),
        ([0.0, 1.0, 1.0], [0.1, 0.7, 0.4], None, [0, 1, 0]),
        ([[0, 1], [1, 0]], np.eye(2)[[[0, 1], [1, 1]]], None, [0, 1, 1, 1]),
    ],
    ids=["classes", "one-hot", "sigmoid", "logits", "float targets", "sequences"],
)
def test_classes_are_read_from_what_models_put_out(truth, predicted, names, expected):
    found = read_classes(np.array(truth), np.array(predicted), names)
    assert found.predicted.tolist() == expected


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        ([1.5, 2.5], [1.0, 2.0]),
        ([0, 1], [[-3.0], [2.0]]),
        ([0, 5], [[0.5, 0.5], [0.5, 0.5]]),
        ([[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]),
        ([float("nan"), 1.0], [[0.5, 0.5], [0.5, 0.5]]),
    ],
)
def test_what_is_no_classification_is_not_taken_for_one(truth, predicted):
    assert read_classes(np.array(truth), np.array(predicted)) is None


@pytest.mark.parametrize(
    ("predicted", "names", "expected"),
    [
        ([[0.9, 0.1], [0.2, 0.8]], None, [0.9, 0.8]),
        ([[0.3], [0.7]], None, [0.7, 0.7]),
        ([[0.0], [2.0]], ["no", "yes"], [0.5, 0.881]),
        ([[2.0, 0.0], [-1.0, 1.0]], None, [0.881, 0.881]),
    ],
    ids=["probabilities", "sigmoid", "logit", "logits"],
)
def test_confidence_is_the_probability_of_the_predicted_class(predicted, names, expected):
    found = read_classes(np.array([0, 1]), np.array(predicted), names)
    assert found.confidence == pytest.approx(expected, abs=1e-3)


def test_values_keep_only_finite_pairs():
    found = read_values(np.array([1.0, np.nan, 3.0]), np.array([[1.5], [2.0], [np.inf]]))
    assert (found.truth.tolist(), found.predicted.tolist()) == ([1.0], [1.5])
    assert read_values(np.array([np.nan]), np.array([1.0])) is None
    assert read_values(np.array([1.0, 2.0]), np.array([1.0])) is None
