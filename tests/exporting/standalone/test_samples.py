import re

import numpy as np
import pytest
from exporting.exports import refusal


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 4)), r"x must have shape \(n_samples, 3.*Received: \(2, 4\)"),
        (np.zeros((0, 3)), "there are no samples"),
        ({"a": np.zeros((2, 3))}, "expected one array, x. Received: \\['a'\\]"),
        (np.array([[1, "a", None]], dtype=object), "array of Python objects"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x, message, exported):
    assert re.search(message, refusal(exported, x))
