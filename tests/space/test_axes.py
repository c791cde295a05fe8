import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.space.axes import MAX_LISTED_VALUES, axes_of_space
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space


def axis_of(parameter):
    (axis,) = axes_of_space(Space({"x": parameter}).to_toml()).axes
    return axis


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Categorical(["b", "a", 3]), ["b", "a", 3]),
        (Int(2, 8, step=3), [2, 5, 8]),
        (Float(0.0, 0.3, step=0.1), [0.0, 0.1, 0.2, 0.3]),
        (Int(1, 4, log=True), [1, 2, 3, 4]),
        (Float(0.5, 0.5), [0.5]),
        (Float(0.0, 1.0), None),
        (Int(1, MAX_LISTED_VALUES + 1), None),
    ],
)
def test_the_values_of_an_axis_are_listed_where_they_are_not_too_many(parameter, values):
    assert axis_of(parameter).values == values


@pytest.mark.parametrize(
    "parameter",
    [
        Categorical(["b", "a", 3]),
        Int(2, 8, step=3),
        Float(0.0, 0.3, step=0.1),
        Int(1, 1000, log=True),
    ],
)
def test_a_value_has_one_code_and_the_code_gives_the_value_back(parameter):
    axis = axis_of(parameter)

    assert [axis.decode(axis.encode(value)) for value in axis.values] == axis.values
    assert len({axis.encode(value) for value in axis.values}) == axis.n_values


@given(st.floats(0.0, 1.0, exclude_max=True))
def test_evenly_drawn_codes_are_evenly_drawn_whole_numbers(code):
    assert axis_of(Int(5, 14)).decode(code) == 5 + int(10 * code)


def test_a_logarithmic_axis_has_the_geometric_mean_in_its_middle():
    assert axis_of(Float(1e-4, 1.0, log=True)).decode(0.5) == pytest.approx(1e-2)


def test_codes_snap_to_the_closest_value():
    axis = axis_of(Int(0, 3))

    snapped = axis.snap(np.array([-0.5, 0.1, 0.24, 0.26, 2.0]))

    assert [axis.decode(code) for code in snapped] == [0, 0, 0, 1, 3]
    assert set(snapped) <= set(axis.codes)


NESTED = axes_of_space(
    Space(
        {
            "optimizer": Categorical(["adam", "sgd"]),
            "momentum": Float(0.0, 1.0, when={"optimizer": "sgd"}),
            "nesterov": Categorical([True, False], when={"momentum": ">0.5"}),
            "constant": Int(7, 7),
        }
    ).to_toml()
)


def test_a_condition_on_a_parameter_that_does_not_apply_does_not_hold():
    codes = NESTED.encode(
        [
            {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "constant": 7},
            {"optimizer": "sgd", "momentum": 0.1, "nesterov": True, "constant": 7},
            {"optimizer": "adam", "momentum": 0.9, "nesterov": True, "constant": 7},
        ]
    )

    assert NESTED.applies(codes).tolist() == [
        [True, True, True, True],
        [True, True, False, True],
        [True, False, False, True],
    ]


def test_an_absent_parameter_has_no_code():
    (codes,) = NESTED.encode([{"optimizer": "adam", "constant": 7}])

    assert np.isnan(codes).tolist() == [False, True, True, False]


def test_points_of_the_unit_cube_become_configurations_with_the_constants():
    codes = NESTED.from_unit(np.array([[0.1, 0.25, 0.6], [0.9, 0.5, 0.1]]))

    assert [NESTED.decode(of_point) for of_point in codes] == [
        {"optimizer": "adam", "momentum": 0.25, "nesterov": False, "constant": 7},
        {"optimizer": "sgd", "momentum": 0.5, "nesterov": True, "constant": 7},
    ]


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"momentum": 2.0}, False),
        ({"optimizer": "rmsprop"}, False),
        ({"constant": 8}, False),
        ({"momentum": "much"}, False),
    ],
)
def test_a_configuration_holds_where_every_value_can_be_taken(changes, holds):
    assert NESTED.holds({"optimizer": "adam", "constant": 7} | changes) is holds


def test_a_configuration_without_a_parameter_that_always_applies_does_not_hold():
    assert not NESTED.holds({"optimizer": "adam"})
