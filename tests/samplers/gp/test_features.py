import numpy as np
import pytest

from hpo.samplers.gp.features import Features


def codes_of(axes, *configurations):
    return np.nan_to_num(axes.encode(configurations), nan=0.3)


def squared_distance(axes, left, right):
    one, other = Features(axes).of(codes_of(axes, left, right))
    return ((one - other) ** 2).sum()


def test_values_survive_being_coded(axes):
    for params in [
        {"kind": "b", "depth": 3, "rate": 0.02, "width": 77, "mode": "y"},
        {"kind": "a", "depth": 2, "rate": 1e-4, "width": 512, "mode": "x"},
    ]:
        decoded = axes.decode(axes.encode([params])[0])
        assert decoded == {**params, "rate": pytest.approx(params["rate"])}


def test_what_does_not_apply_makes_no_difference(axes):
    codes = codes_of(axes, {"kind": "c", "depth": 1})
    other = codes.copy()
    other[0, 2:] = [0.9, 0.1, 1.0]
    assert np.array_equal(Features(axes).of(codes), Features(axes).of(other))


def test_an_inactive_value_is_equally_far_from_all_active_ones(axes):
    inactive = {"kind": "c", "depth": 1}
    distances = [
        squared_distance(axes, inactive, {"kind": "a", "depth": 1, "rate": rate})
        for rate in (1e-4, 1e-2, 1.0)
    ]
    assert distances == pytest.approx([distances[0]] * 3)
    near = {"kind": "a", "depth": 1, "rate": 1e-4}
    assert squared_distance(axes, near, {**near, "rate": 1e-3}) < distances[0]
