import pytest

from hpo.space.axes import axes_of_space
from hpo.space.combinations import (
    all_values,
    applicable,
    combinations,
    grid_values_of,
    has_at_least,
    is_partial,
    key,
)
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Float(0.0, 20.0, step=1.0), [float(x) for x in range(21)]),
        (Int(1, 1024, log=True), [1, 6, 32, 181, 1024]),
        (Int(0, 100), [0, 25, 50, 75, 100]),
        (Int(3, 9), [*range(3, 10)]),
    ],
)
def test_the_values_of_a_grid(parameter, values):
    (axis,) = axes_of_space(Space({"x": parameter}).to_toml()).axes
    assert grid_values_of(axis) == values


CONDITIONAL = axes_of_space(
    Space(
        {
            "kind": Categorical(["a", "b"]),
            "units": Int(1, 2, when={"kind": "b"}),
            "bias": Categorical([True, False], when={"units": 2}),
        }
    ).to_toml()
)


def test_combinations_hold_only_the_parameters_that_apply():
    assert list(combinations(CONDITIONAL, all_values(CONDITIONAL))) == [
        {"kind": "a"},
        {"kind": "b", "units": 1},
        {"kind": "b", "units": 2, "bias": True},
        {"kind": "b", "units": 2, "bias": False},
    ]


def test_a_space_with_a_continuous_parameter_has_no_list_of_all_values():
    axes = axes_of_space(Space({"a": Int(1, 2), "b": Float(0.0, 1.0)}).to_toml())

    assert all_values(axes) is None


@pytest.mark.parametrize(("n", "certain"), [(1, True), (2, True), (3, False)])
def test_only_parameters_that_always_apply_are_certain_to_multiply(n, certain):
    assert has_at_least(CONDITIONAL, all_values(CONDITIONAL), n) is certain


def test_values_of_parameters_that_do_not_apply_are_left_out():
    values = {"kind": "b", "units": 1, "bias": True}

    assert applicable(CONDITIONAL, values) == {"kind": "b", "units": 1}
    assert applicable(CONDITIONAL, values | {"kind": "a"}) == {"kind": "a"}


@pytest.mark.parametrize(
    ("values", "partial"),
    [
        ({"kind": "a"}, False),
        ({"kind": "b"}, True),
        ({"kind": "b", "units": 1}, False),
        ({"kind": "b", "units": 2}, True),
        ({}, True),
    ],
)
def test_a_configuration_is_partial_where_something_that_applies_has_no_value(values, partial):
    assert is_partial(CONDITIONAL, values) is partial


def test_configurations_that_differ_by_rounding_or_order_are_equal():
    assert key({"a": 0.1 + 0.2, "b": "x"}) == key({"b": "x", "a": 0.3})


@pytest.mark.parametrize("other", [{"a": 2.0}, {"a": "1"}, {"a": True}, {"b": 1}, {}])
def test_configurations_that_differ_otherwise_are_not(other):
    assert key({"a": 1}) != key(other)
