from __future__ import annotations

import pytest

from hpo.reporting.figures.axes import Axis
from hpo.space.parameters import Categorical, Float, Int


@pytest.mark.parametrize(
    ("parameter", "value", "place"),
    [
        (Categorical(["a", "b"]), "b", 0.75),
        (Categorical(["a", "b"]), "c", None),
        (Int(1, 4), 1, 0.125),
        (Int(10, 1000, log=True), 100, 0.5),
        (Float(0.0, 2.0), 1.5, 0.75),
        (Float(0.0, 2.0), None, None),
    ],
)
def test_values_have_a_place_on_the_axis(parameter, value, place):
    found = Axis("p", parameter).place(value)
    assert found == (None if place is None else pytest.approx(place))


def test_ticks_name_values_of_the_range():
    assert Axis("p", Int(16, 256, log=True)).ticks()["ticktext"] == ["16", "32", "64", "128", "256"]
    assert Axis("p", Float(0.0, 1.0)).ticks()["ticktext"] == ["0", "0.25", "0.5", "0.75", "1"]
