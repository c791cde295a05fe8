import re

import numpy as np
import pytest
from exporting.exports import assert_same, imported, refusal


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 4)), r"x must have shape \(n_samples, 3\)\. Received: \(2, 4\)"),
        (np.zeros((0, 3)), "there are no samples"),
        ({"a": np.zeros((2, 3))}, "expected one array, x. Received: \\['a'\\]"),
        (np.array([[1, "a", None]], dtype=object), "array of Python objects"),
        (np.zeros((2, 3), complex), "x has values of type complex128. Use numbers"),
        (np.zeros((2, 3), "datetime64[D]"), r"x has values of type datetime64\[D\]. Use numbers"),
        (np.zeros((2, 3)).astype(str), r"x has values of type <U\d+. Use numbers"),
        (np.array([[1, 2, 3], [4, np.nan, 6]]), r"x\[1, 1\] is nan, and the preprocessing"),
        (np.array([[1, 2, -np.inf]], "float32"), r"x\[0, 2\] is -inf, and the preprocessing"),
        (np.array([[1, 2, 3e300]]), r"x\[0, 2\] is 3e\+300, and the preprocessing"),
        ([[1, 2], [3]], "cannot be predicted; they do not fit"),
        (None, "x has values|array of Python objects"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x, message, exported):
    assert re.search(message, refusal(exported, x))


@pytest.fixture
def samples(exported):
    """The module of an export that reads samples."""
    with imported(exported, "samples") as module:
        yield module


@pytest.mark.parametrize(
    ("tokens", "offsets", "message"),
    [
        (np.arange(8), np.array([0, 5, 3, 8], "uint64"), "offsets must rise from 0"),
        (np.arange(8), np.array([0.0, 8.0]), "offsets must rise from 0"),
        (np.arange(8), np.array(8), "must have one axis each"),
        (np.array([1.5, 2]), np.array([0, 2]), "token ids, whole numbers"),
        (np.array([1, 2**31]), np.array([0, 2]), "text 0 has a token id that exceeds 2147483647"),
        (np.array([1, 2**63], "uint64"), np.array([0, 1, 2]), "text 1 has a token id"),
    ],
)
def test_texts_that_are_not_ids_are_refused(samples, tokens, offsets, message):
    with pytest.raises(ValueError, match=message):
        samples.from_arrays({"tokens": tokens, "offsets": offsets})


def test_numbers_of_other_machines_are_predicted(ensemble, exported):
    assert_same(ensemble, exported, np.random.default_rng(0).normal(size=(4, 3)).astype(">f8"))
