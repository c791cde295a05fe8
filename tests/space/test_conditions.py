import optuna
import pytest
from space.strategies import refusal_of_toml

from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space


def test_a_condition_on_an_absent_parameter_does_not_hold():
    space = Space(
        {
            "a": Categorical([False, True]),
            "b": Int(1, 9, when={"a": True}),
            "c": Int(1, 9, when={"b": "!=5"}),
        }
    )

    assert space.suggest(optuna.trial.FixedTrial({"a": False})) == {"a": False}


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        (2, [2]),
        ([1, 3], [1, 3]),
        ("==2", [2]),
        ("!=2", [1, 3, 4]),
        (">=3", [3, 4]),
        (" > 3 ", [4]),
        ("<=2", [1, 2]),
        ("<1.5", [1]),
    ],
)
def test_a_condition_holds_for(condition, values):
    space = Space({"a": Int(1, 4), "b": Categorical([0], when={"a": condition})})

    assert [a for a in range(1, 5) if space.contains({"a": a, "b": 0})] == values


def test_strings_in_a_list_are_no_comparisons():
    space = Space(
        {"a": Categorical([">=2", "<b>", "x"]), "b": Int(0, 1, when={"a": [">=2", "<b>"]})}
    )

    assert space.contains({"a": "<b>", "b": 1})
    assert space.contains({"a": "x"})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (0.3, True),
        ([0.1, 0.3], True),
        ("<=0.3", True),
        (">=0.3", True),
        ("<0.3", False),
        (">0.3", False),
        ("!=0.3", False),
    ],
)
def test_a_condition_on_a_step_holds_as_it_is_written(condition, holds):
    space = Space(
        {
            "rate": Float(0.1, 0.5, step=0.1),
            "more": Categorical(["a"], when={"rate": condition}),
        }
    )
    third_step = 0.1 + 2 * 0.1
    assert third_step != 0.3

    params = space.suggest(optuna.trial.FixedTrial({"rate": third_step, "more": "a"}))

    assert ("more" in params) == holds


def test_conditions_tell_true_from_one():
    space = Space({"a": Categorical([1, 2]), "b": Categorical([True, False])})

    for name, stranger in (("a", "true"), ("b", "1")):
        text = space.to_toml() + f'[c]\ntype="int"\nlow=1\nhigh=2\nwhen={{ {name} = {stranger} }}'
        assert f"names {stranger}, but [{name}] is one of" in refusal_of_toml(text)
