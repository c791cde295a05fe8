import numpy as np
import pytest
from space.strategies import refusal_of, suggestion

from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space


def test_a_constant_is_its_own_default():
    space = Space({"a": Int(3, 3), "b": Float(0.5, 0.5), "c": Categorical([False])})

    assert space.defaults() == {"a": 3, "b": 0.5, "c": False}


def test_numpy_numbers_become_plain_ones():
    space = Space({"a": Categorical([np.float64(0.5)]), "b": Float(np.float64(1), np.float64(2))})

    assert Space.from_text(space.to_toml()) == space


def test_a_default_is_the_choice_itself():
    assert repr(Space({"a": Categorical([1, 2], default=1.0)}).defaults()) == "{'a': 1}"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Categorical([1]), Categorical([True])),
        (Categorical([1]), Categorical([1.0])),
        (Int(1, 2), Int(1, 3)),
        (Int(1, 2), Float(1, 2)),
        (Int(1, 2, when={"a": 1}), Int(1, 2)),
        (Int(1, 2, when={"a": 1}), Int(1, 2, when={"a": True})),
        (Int(1, 2, when={"a": "!=1"}), Int(1, 2, when={"a": "!=true"})),
    ],
)
def test_parameters_that_differ_are_unequal(left, right):
    assert left != right


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Float(0, 1), Float(0.0, 1.0)),
        (Int(1, 3, step=1), Int(1, 3)),
        (Categorical(["a"]), Categorical(("a",))),
        (Int(1, 2, when={"a": 1}), Int(1, 2, when={"a": "==1"})),
        (Int(1, 2, when={"a": 1, "b": 2}), Int(1, 2, when={"b": [2], "a": [1]})),
        (Int(1, 2, when={}), Int(1, 2)),
    ],
)
def test_parameters_that_mean_the_same_are_equal(left, right):
    assert left == right
    assert hash(left) == hash(right)


def test_a_range_of_one_value_is_a_constant():
    assert suggestion(Space({"a": Int(3, 3), "b": Float(1, 1, log=True)}), 0) == {"a": 3, "b": 1.0}


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        (Float(0.0, 1e300, step=1e-5), "step=1e-05 is too small for low=0.0 to high=1e+300."),
        (Int(0, 10**40, step=2), "step=2 is too small for low=0"),
        (Float(-1.7e308, 1.7e308), "has a range beyond that of floats, 1.8e308. Narrow it."),
        (Int(0, 10**400), "has a range beyond that of floats, 1.8e308. Narrow it."),
        (Categorical(list(range(100_000))), "choices has 100000 values; at most 10000"),
    ],
)
def test_ranges_that_no_search_can_draw_from_are_refused(parameter, problem):
    assert problem in refusal_of(Space, {"units": parameter})


def test_thousands_of_choices_are_checked_and_written():
    space = Space({"a": Categorical([*range(9_999)], default=17)})

    assert Space.from_text(space.to_toml()) == space
