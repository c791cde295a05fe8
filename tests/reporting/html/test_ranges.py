from __future__ import annotations

import pytest

from hpo.reporting.html.ranges import edge, position
from hpo.space.parameters import Categorical, Float, Int


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Float(1e-4, 1e-2, log=True), 1e-3, 0.5),
        (Float(0.0, 1.0), 0.25, 0.25),
        (Int(1, 5), 5, 1.0),
        (Float(2.0, 2.0), 2.0, None),
        (Categorical(["a", "b"]), "a", None),
        (Float(0.0, 1.0), None, None),
        (Float(1e-4, 1e-2, log=True), 0.0, None),
    ],
)
def test_a_value_has_its_place_in_the_range(parameter, value, expected):
    found = position(parameter, value)
    assert found == (None if expected is None else pytest.approx(expected))


def test_edges_are_measured_on_the_scale_that_was_searched():
    assert edge(Float(1e-5, 1e-1, log=True), 1.1e-5) == "lower"
    assert edge(Float(1e-5, 1e-1, log=True), 1e-3) is None
    assert edge(Float(1e-5, 1e-1), 1e-3) == "lower"
