import copy
import pickle
import subprocess
import sys

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution, IntDistribution
from space.strategies import LAYERED, refusal_of, spaces, suggestion

from hpo.errors import HPOError, UsageError
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space

# ---------------------------------------------------------------- suggesting


@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=150)
def test_every_suggestion_lies_in_the_space(space, seed):
    assert space.problems(suggestion(space, seed)) == []


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_a_suggestion_holds_exactly_the_parameters_that_apply(seed):
    params = suggestion(LAYERED, seed)

    assert ("momentum" in params) == (params["optimizer"] == "sgd")
    assert ("units_2" in params) == (params["layers"] >= 2)
    assert ("units_3" in params) == (params["layers"] == 3 and params["units_2"] >= 32)


def test_optuna_is_told_scale_and_step():
    space = Space(
        {
            "a": Float(1, 10, log=True),
            "b": Int(1, 10, log=True),
            "c": Float(0, 1, step=0.5),
            "d": Int(0, 9, step=3),
            "e": Int(0, 9),
        }
    )
    trial = optuna.create_study().ask()

    space.suggest(trial)

    assert trial.distributions == {
        "a": FloatDistribution(1, 10, log=True),
        "b": IntDistribution(1, 10, log=True),
        "c": FloatDistribution(0, 1, step=0.5),
        "d": IntDistribution(0, 9, step=3),
        "e": IntDistribution(0, 9),
    }


def test_parameters_are_suggested_in_their_order():
    asked = {"layers": 3, "units_2": 32, "units_3": 16, "learning_rate": 1e-4, "momentum": 0.5}
    trial = optuna.trial.FixedTrial({**asked, "optimizer": "sgd", "column_b": "keep"})

    assert list(LAYERED.suggest(trial)) == list(LAYERED.names)


def test_what_is_adopted_has_the_types_of_the_space():
    space = Space({"layers": Categorical([1, 2, 3]), "rate": Float(0.0, 4.0), "units": Int(1, 9)})

    adopted = space.adopt({"layers": 2.0, "rate": 3, "units": 7})

    assert [(type(value), value) for value in adopted.values()] == [
        (int, 2),
        (float, 3.0),
        (int, 7),
    ]


# ---------------------------------------------------------------- configurations


def test_the_defaults_are_the_parameters_that_apply():
    assert LAYERED.defaults() == {
        "learning_rate": 1e-3,
        "optimizer": "adam",
        "layers": 2,
        "units_2": 64,
        "column_b": "keep",
    }


def test_there_are_no_defaults_where_one_is_missing():
    assert Space({"a": Int(1, 2, default=1), "b": Int(1, 2)}).defaults() is None


@given(space=spaces())
def test_the_defaults_lie_in_the_space(space):
    defaults = space.defaults()

    assert defaults is None or space.contains(defaults)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"layers": 4}, "[layers] 4 is not a whole number between low=1 and high=3."),
        ({"layers": 2.0}, "[layers] 2.0 is not a whole number between low=1 and high=3."),
        ({"layers": True}, "[layers] true is not a whole number between low=1 and high=3."),
        (
            {"units_2": 65},
            "[units_2] 65 is not a whole number between low=16 and high=256 in steps of 16.",
        ),
        (
            {"learning_rate": "x"},
            '[learning_rate] "x" is not a number between low=1e-05 and high=0.01.',
        ),
        ({"learning_rate": float("nan")}, "[learning_rate] NaN is not a number between low=1e-05"),
        ({"optimizer": "lion"}, '[optimizer] "lion" is not one of ["adam", "sgd"].'),
        ({"momentum": 0.9}, '[momentum] does not apply: it has when = {"optimizer": "sgd"}.'),
        ({"seed": 1}, "[seed] is not in the space."),
    ],
)
def test_a_configuration_outside_is_told_why(change, problem):
    problems = LAYERED.problems({**LAYERED.defaults(), **change})

    assert problems[0].startswith(problem)


def test_a_missing_parameter_is_a_problem():
    params = LAYERED.defaults()
    del params["units_2"]

    assert LAYERED.problems(params) == [
        (
            "[units_2] is missing; it must be a whole number between low=16 and high=256 in "
            "steps of 16."
        )
    ]
    assert not LAYERED.contains(params)


def test_a_whole_number_lies_in_a_real_range():
    assert Space({"a": Float(0, 2)}).contains({"a": 1})


# ---------------------------------------------------------------- the space itself


def test_a_space_reads_like_a_mapping():
    assert LAYERED.names == tuple(LAYERED)
    assert len(LAYERED) == 7
    assert "layers" in LAYERED
    assert LAYERED["layers"] == Int(1, 3, default=2)


def test_a_space_cannot_be_changed():
    with pytest.raises(TypeError):
        LAYERED.parameters["layers"] = Int(1, 9)


def test_a_space_travels_to_other_processes():
    for copied in (pickle.loads(pickle.dumps(LAYERED)), copy.deepcopy(LAYERED)):  # noqa: S301
        assert copied == LAYERED
        assert copied.name == LAYERED.name


def test_equal_spaces_have_equal_hashes():
    left = Space({"a": Int(1, 2), "b": Int(3, 4)}, name="left")
    right = Space({"b": Int(3, 4), "a": Int(1, 2)}, name="right")

    assert left == right
    assert hash(left) == hash(right)


def test_importing_the_module_imports_nothing_heavy():
    script = (
        "import sys, hpo.space; print({'numpy', 'optuna', 'tomlkit', 'keras'} & {*sys.modules})"
    )

    printed = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert printed.strip() == "set()"


# ---------------------------------------------------------------- validation


def test_a_space_from_python_is_refused_alike():
    assert refusal_of(Space, {"units": Int(16, 8)}) == (
        "search_spaces: space: [units] high=8 is below low=16. Swap them or widen the range."
    )
    assert "[units] is 3. Make it a Float, Int or Categorical." in refusal_of(Space, {"units": 3})
    assert "[1] is not a Python identifier." in refusal_of(Space, {1: Int(1, 2)})


def test_refusals_are_errors_a_user_can_mend():
    assert issubclass(UsageError, HPOError)
