import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from space.strategies import LAYERED, refusal_of, spaces, suggestion

from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space


def setting(name, value):
    return f"{name}={tomlkit.item(value).as_string()}"


def refusal_of_settings(space, *written):
    return refusal_of(space.override, written)


@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=100)
def test_fixing_all_of_a_suggestion_leaves_just_that_configuration(space, seed):
    params = suggestion(space, seed)

    fixed = space.override([setting(name, value) for name, value in params.items()])

    assert fixed.defaults() == params
    assert fixed.names == tuple(params)


@given(space=spaces(), seed=st.integers(0, 2**32 - 1), data=st.data())
@settings(deadline=None, max_examples=100)
def test_fixing_one_parameter_leaves_a_space_inside_the_first(space, seed, data):
    if not space:
        return
    params = suggestion(space, seed)
    name = data.draw(st.sampled_from(sorted(params)))

    fixed = space.override([setting(name, params[name])])

    assert space.contains(suggestion(fixed, seed))
    assert Space.from_text(fixed.to_toml()) == fixed


@pytest.mark.parametrize(
    ("written", "name", "expected"),
    [
        ("learning_rate=1e-3", "learning_rate", Categorical([1e-3], default=1e-3)),
        ("learning_rate = 0.01", "learning_rate", Categorical([0.01], default=0.01)),
        ("optimizer=sgd", "optimizer", Categorical(["sgd"], default="sgd")),
        ('optimizer="sgd"', "optimizer", Categorical(["sgd"], default="sgd")),
        ("layers=3", "layers", Categorical([3], default=3)),
        ("units_2=100", "units_2", Categorical([100], default=100, when={"layers": ">=2"})),
        ("column_b=drop", "column_b", Categorical(["drop"], default="drop")),
        ("column_b=3", "column_b", Categorical(["3"], default="3")),
        ("units_2.high=512", "units_2", Int(16, 512, step=16, default=64, when={"layers": ">=2"})),
        ("units_2.high=32", "units_2", Int(16, 32, step=16, default=32, when={"layers": ">=2"})),
        ("layers.low=3", "layers", Int(3, 3, default=3)),
        ("learning_rate.high=1e-4", "learning_rate", Float(1e-5, 1e-4, log=True, default=1e-4)),
        ("layers.default=1", "layers", Int(1, 3, default=1)),
        ("learning_rate.log=false", "learning_rate", Float(1e-5, 1e-2, default=1e-3)),
        (
            'optimizer.choices=["lion", "sgd"]',
            "optimizer",
            Categorical(["lion", "sgd"], default="lion"),
        ),
        ("epochs=5", "epochs", Categorical([5], default=5)),
        ("batch_size=1", "batch_size", Categorical([1], default=1)),
        ("patience=9", "patience", Categorical([9], default=9)),
    ],
)
def test_a_setting_makes(written, name, expected):
    assert LAYERED.override([written])[name] == expected


def test_a_whole_number_fixes_a_real_parameter_as_a_real_number():
    fixed = Space({"rate": Float(0, 2)}).override(["rate=1"])

    assert fixed["rate"] == Categorical([1.0], default=1.0)


def test_text_that_looks_like_a_number_can_fix_a_string():
    space = Space({"width": Categorical(["1", "2"], default="1")})

    assert space.override(["width=2"])["width"].choices == ("2",)
    assert space.override(["width.default=2"])["width"].default == "2"


def test_overriding_leaves_the_space_as_it_was():
    before = LAYERED.to_toml()

    overridden = LAYERED.override(["layers=1"])

    assert LAYERED.to_toml() == before
    assert overridden.name == LAYERED.name


def test_no_settings_change_nothing():
    assert LAYERED.override([]) == LAYERED


def test_a_later_setting_sees_the_earlier():
    overridden = LAYERED.override(["units_2.high=512", "units_2=512", "units_2=480"])

    assert overridden["units_2"].choices == (480,)


def test_both_ends_of_a_range_may_move_in_any_order():
    overridden = LAYERED.override(["units_2.low=512", "units_2.high=1024"])

    assert overridden["units_2"].ends == (512, 1024)
    assert overridden["units_2"].default == 512


def test_a_default_off_a_new_step_moves_to_the_nearest():
    space = Space({"a": Int(0, 12, default=5), "b": Float(0, 1, default=0.3)})

    overridden = space.override(["a.step=4", "b.step=0.25"])

    assert overridden.defaults() == {"a": 4, "b": 0.25}


@pytest.mark.parametrize(
    ("written", "dropped"),
    [
        (["layers=1"], {"units_2", "units_3"}),
        (["layers.high=2"], {"units_3"}),
        (["units_2=16"], {"units_3"}),
        (["optimizer=adam"], {"momentum"}),
        (['optimizer.choices=["adam", "lion"]'], {"momentum"}),
        (["units_2=64", "layers=1"], {"units_2", "units_3"}),
        (["layers=3"], set()),
    ],
)
def test_parameters_that_can_no_longer_apply_are_dropped(written, dropped):
    assert set(LAYERED.names) - set(LAYERED.override(written).names) == dropped


@pytest.mark.parametrize(
    ("condition", "written", "left"),
    [
        (["adam", "sgd"], "a=sgd", ["sgd"]),
        ("!=adam", "a=sgd", ["sgd"]),
        ("!=2", "a=5", ">=5"),
        (">=2", "a=5", ">=2"),
        ("<=5", 'a.choices=["x", 5, 7]', [5]),
    ],
)
def test_a_condition_keeps_to_what_is_left(condition, written, left):
    space = Space(
        {
            "a": Categorical(["adam", "sgd", "lion"])
            if "ad" in str(condition)
            else Categorical([2, 5]),
            "b": Int(1, 2, when={"a": condition}),
        }
    )

    assert space.override([written])["b"] == Int(1, 2, when={"a": left})


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            ["units_2=512"],
            (
                "[units_2] --set units_2=512: 512 is not a whole number between low=16 and "
                "high=256 in steps of 16. Widen the range first: --set units_2.high=512."
            ),
        ),
        (["layers=0"], "Widen the range first: --set layers.low=0."),
        (["layers=1.0"], "1.0 is not a whole number between low=1 and high=3. Give such a number."),
        (["layers=true"], "true is not a whole number between low=1 and high=3."),
        (
            ["learning_rate=fast"],
            '"fast" is not a number between low=1e-05 and high=0.01. Give such a number.',
        ),
        (["learning_rate=true"], "true is not a number between low=1e-05 and high=0.01."),
        (
            ["optimizer=lion"],
            (
                '"lion" is not one of ["adam", "sgd"]. Choose one of them, or add it first: '
                '--set \'optimizer.choices=["adam", "sgd", "lion"]\'.'
            ),
        ),
        (
            ["learning_rates=1"],
            (
                "[learning_rates] --set learning_rates=1: no such parameter. "
                "Did you mean learning_rate?"
            ),
        ),
        (["zzz=1"], "Choose one of: learning_rate, optimizer, momentum, layers"),
        (["layers.higher=4"], 'no field "higher" to change. Did you mean high?'),
        (["layers.type=float"], 'no field "type" to change.'),
        (["layers.when=1"], 'no field "when" to change.'),
        (["layers.=1"], 'no field "" to change.'),
        (["optimizer.high=1"], "Choose one of: choices, default."),
        (["layers"], "--set layers: is not NAME=VALUE. Write it like learning_rate=1e-3."),
        (["=3"], "is not NAME=VALUE."),
        (["layers.high=0"], "[layers] high=0 is below low=1. Swap them or widen the range."),
        (["layers.high=0", "layers=1"], "[layers] high=0 is below low=1."),
        (["layers.high=many"], '[layers] high="many" is not a whole number.'),
        (["layers.step=3"], "step=3 does not divide low=1 to high=3."),
        (["layers.log=1"], "log=1 is neither true nor false."),
        (["optimizer.choices=adam"], 'choices="adam" is not a list.'),
        (["optimizer.choices=[]"], "choices is empty."),
        (
            ["layers.default=7"],
            "7 is not a whole number between low=1 and high=3. Choose a default that fits.",
        ),
        (
            ["layers=2", "layers.high=4"],
            "an earlier --set fixed this parameter. Leave one of the two out.",
        ),
        (["layers=2", "layers=4"], "4 is not a whole number between low=1 and high=3."),
        (["epochs=0"], "[epochs] --set epochs=0: 0 is not a whole number of 1 or more. Give one."),
        (["epochs=true"], "true is not a whole number of 1 or more."),
        (["epochs=2.0"], "2.0 is not a whole number of 1 or more."),
        (["epochs.high=3"], "no such parameter."),
        (["epochs=3", "epochs.choices=[3]"], "an earlier --set fixed this parameter."),
    ],
)
def test_a_wrong_setting_is_refused_with_the_mend(written, problem):
    text = refusal_of_settings(LAYERED, *written)

    assert text.startswith("search_spaces: layered.toml: ")
    assert problem in text


@pytest.mark.parametrize(
    ("constant", "value", "kind"),
    [
        (True, "1", "boolean"),
        (1, "true", "whole number"),
        (1, "1.5", "whole number"),
        (0.5, "x", "number"),
    ],
)
def test_a_constant_keeps_its_type(constant, value, kind):
    space = Space({"option": Categorical([constant])})

    assert f"Give a {kind}." in refusal_of_settings(space, f"option={value}")


def test_a_real_constant_may_become_a_whole_number():
    fixed = Space({"option": Categorical([0.5])}).override(["option=2"])

    assert repr(fixed.defaults()) == "{'option': 2.0}"


def test_a_constant_that_changes_takes_its_dependents_along():
    space = Space({"cell": Categorical(["lstm"]), "units": Int(1, 9, when={"cell": "lstm"})})

    assert space.override(["cell=gru"]).names == ("cell",)


def test_a_setting_in_a_space_that_tunes_epochs_must_lie_in_its_range():
    space = Space({"epochs": Int(10, 20)})

    assert "Widen the range first: --set epochs.high=30." in refusal_of_settings(space, "epochs=30")
