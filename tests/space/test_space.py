import copy
import pickle
import subprocess
import sys

import numpy as np
import optuna
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution, IntDistribution

from hpo.errors import HPOError, UsageError
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space

optuna.logging.set_verbosity(optuna.logging.WARNING)

DESIGN_EXAMPLE = """\
[learning_rate]
type = "float"
low = 1e-05
high = 0.01
log = true

[architecture]
type = "categorical"
choices = ["mlp", "conv1d"]

[layers]
type = "int"
low = 1
high = 3

[units_2]
type = "int"
low = 16
high = 256
log = true
when = { layers = ">=2", architecture = "mlp" }
"""

LAYERED = Space(
    {
        "learning_rate": Float(1e-5, 1e-2, log=True, default=1e-3),
        "optimizer": Categorical(["adam", "sgd"], default="adam"),
        "momentum": Float(0, 1, default=0.9, when={"optimizer": "sgd"}),
        "layers": Int(1, 3, default=2),
        "units_2": Int(16, 256, step=16, default=64, when={"layers": ">=2"}),
        "units_3": Int(16, 256, step=16, default=32, when={"units_2": ">=32", "layers": 3}),
        "column_b": Categorical(["keep"]),
    },
    name="layered.toml",
)


# ---------------------------------------------------------------- strategies

numbers = st.floats(-1e6, 1e6)
positive_numbers = st.floats(1e-6, 1e6)
small_ints = st.integers(-1000, 1000)
scalars = st.one_of(st.text(max_size=8), st.booleans(), small_ints, numbers)
names = st.sampled_from(["units", "größe", "layers", "_x", "lr", "dropout", "B2", "type", "when"])


@st.composite
def float_fields(draw):
    shape = draw(st.sampled_from(["plain", "log", "step"]))
    if shape == "step":
        low, step = draw(st.integers(-50, 50)), draw(st.integers(1, 30))
        high = low + draw(st.integers(0, 9)) * step
        return {"low": low / 10, "high": high / 10, "step": step / 10}
    bounds = draw(st.tuples(*[positive_numbers if shape == "log" else numbers] * 2))
    return {"low": min(bounds), "high": max(bounds), "log": shape == "log"}


@st.composite
def int_fields(draw):
    shape = draw(st.sampled_from(["plain", "log", "step"]))
    low = draw(st.integers(1, 1000)) if shape == "log" else draw(small_ints)
    step = draw(st.integers(1, 7)) if shape == "step" else None
    high = low + draw(st.integers(0, 200)) * (step or 1)
    return {"low": low, "high": high, "log": shape == "log", "step": step}


def values_of(parameter):
    if isinstance(parameter, Categorical):
        return st.sampled_from(parameter.choices)
    if isinstance(parameter, Int):
        steps = (parameter.high - parameter.low) // (parameter.step or 1)
        return st.integers(0, steps).map(lambda k: parameter.low + k * (parameter.step or 1))
    if parameter.step:
        return st.sampled_from([parameter.low, parameter.high])
    return st.floats(parameter.low, parameter.high)


@st.composite
def conditions_on(draw, parameter):
    value = draw(values_of(parameter))
    numeric = all(type(end) in (int, float) for end in parameter.ends)
    forms = ["list", *(["order", "equal"] if numeric else [])]
    if numeric and len(set(parameter.ends)) > 1:
        forms.append("differs")
    form = draw(st.sampled_from(forms))
    if form == "order":
        return draw(st.sampled_from([">=", "<="])) + repr(value)
    if form in ("equal", "differs"):
        return ("==" if form == "equal" else "!=") + repr(value)
    return draw(st.sampled_from([[value], [value, draw(values_of(parameter))]]))


@st.composite
def parameters(draw, earlier):
    named = (
        draw(st.lists(st.sampled_from(sorted(earlier)), unique=True, max_size=2)) if earlier else []
    )
    when = {name: draw(conditions_on(earlier[name])) for name in named} or None
    kind = draw(st.sampled_from([Float, Int, Categorical]))
    if kind is Categorical:
        fields = {"choices": draw(st.lists(scalars, min_size=1, max_size=4, unique=True))}
    else:
        fields = draw(float_fields() if kind is Float else int_fields())
    bare = kind(**fields)
    default = draw(st.none() | values_of(bare))
    return kind(**fields, default=default, when=when)


@st.composite
def spaces(draw):
    drawn = {}
    for name in draw(st.lists(names, unique=True, max_size=5)):
        drawn[name] = draw(parameters(drawn))
    return Space(drawn)


def suggestion(space, seed):
    sampler = optuna.samplers.RandomSampler(seed=seed)
    return space.suggest(optuna.create_study(sampler=sampler).ask())


def setting(name, value):
    return f"{name}={tomlkit.item(value).as_string()}"


def refusal_of(act, *args):
    with pytest.raises(UsageError) as caught:
        act(*args)
    text = str(caught.value)
    assert "\n" not in text
    return text


def refusal_of_toml(text):
    return refusal_of(Space.from_text, text, "imdb.toml")


def refusal_of_settings(space, *written):
    return refusal_of(space.override, written)


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


def test_what_is_adopted_has_the_types_of_the_space():
    space = Space({"layers": Categorical([1, 2, 3]), "rate": Float(0.0, 4.0), "units": Int(1, 9)})

    adopted = space.adopt({"layers": 2.0, "rate": 3, "units": 7})

    assert [(type(value), value) for value in adopted.values()] == [
        (int, 2),
        (float, 3.0),
        (int, 7),
    ]


def test_conditions_tell_true_from_one():
    space = Space({"a": Categorical([1, 2]), "b": Categorical([True, False])})

    for name, stranger in (("a", "true"), ("b", "1")):
        text = space.to_toml() + f'[c]\ntype="int"\nlow=1\nhigh=2\nwhen={{ {name} = {stranger} }}'
        assert f"names {stranger}, which [{name}] never takes" in refusal_of_toml(text)


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


def test_a_constant_is_its_own_default():
    space = Space({"a": Int(3, 3), "b": Float(0.5, 0.5), "c": Categorical([False])})

    assert space.defaults() == {"a": 3, "b": 0.5, "c": False}


def test_numpy_numbers_become_plain_ones():
    space = Space({"a": Categorical([np.float64(0.5)]), "b": Float(np.float64(1), np.float64(2))})

    assert Space.from_text(space.to_toml()) == space


def test_a_default_is_the_choice_itself():
    assert repr(Space({"a": Categorical([1, 2], default=1.0)}).defaults()) == "{'a': 1}"


@given(space=spaces())
def test_the_defaults_lie_in_the_space(space):
    defaults = space.defaults()

    assert defaults is None or space.contains(defaults)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"layers": 4}, "[layers] 4 does not fit: it is between low=1 and high=3."),
        ({"layers": 2.0}, "[layers] 2.0 does not fit: it is between low=1 and high=3."),
        ({"layers": True}, "[layers] true does not fit: it is between low=1 and high=3."),
        (
            {"units_2": 65},
            "[units_2] 65 does not fit: it is between low=16 and high=256 in steps of 16.",
        ),
        (
            {"learning_rate": "x"},
            '[learning_rate] "x" does not fit: it is between low=1e-05 and high=0.01.',
        ),
        ({"learning_rate": float("nan")}, "[learning_rate] NaN does not fit"),
        ({"optimizer": "lion"}, '[optimizer] "lion" does not fit: it is one of ["adam", "sgd"].'),
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
        "[units_2] is missing: it is between low=16 and high=256 in steps of 16."
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


def test_importing_the_module_imports_nothing_heavy():
    script = (
        "import sys, hpo.space; print({'numpy', 'optuna', 'tomlkit', 'keras'} & {*sys.modules})"
    )

    printed = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert printed.strip() == "set()"


# ---------------------------------------------------------------- TOML


@given(space=spaces())
@settings(deadline=None, max_examples=200)
def test_a_space_written_as_toml_reads_back_equal(space):
    read = Space.from_text(space.to_toml(), "x")

    assert read == space
    assert read.names == space.names
    assert read.to_toml() == space.to_toml()


def test_toml_is_written_as_the_design_shows_it():
    space = Space(
        {
            "learning_rate": Float(1e-5, 1e-2, log=True),
            "architecture": Categorical(["mlp", "conv1d"]),
            "layers": Int(1, 3),
            "units_2": Int(16, 256, log=True, when={"layers": ">=2", "architecture": "mlp"}),
        }
    )

    assert space.to_toml() == DESIGN_EXAMPLE


def test_every_key_is_written_in_its_place():
    space = Space(
        {
            "a": Categorical(["x", 'say "hi" [b]ü[/b]\n'], default="x"),
            "b": Float(0, 1, step=0.25, default=0, when={"a": ["x"]}),
        }
    )

    assert space.to_toml() == (
        '[a]\ntype = "categorical"\nchoices = ["x", "say \\"hi\\" [b]ü[/b]\\n"]\ndefault = "x"\n\n'
        '[b]\ntype = "float"\nlow = 0.0\nhigh = 1.0\nstep = 0.25\ndefault = 0.0\n'
        'when = { a = ["x"] }\n'
    )


def test_a_space_is_read_from_a_file_and_named_after_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DESIGN_EXAMPLE, encoding="utf-8")

    space = Space.from_toml(path)

    assert space.name == "mine.toml"
    assert space.to_toml() == DESIGN_EXAMPLE


def test_a_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "mine.toml"

    assert refusal_of(Space.from_toml, path) == (
        f"search_spaces: {path}: there is no such file. Check the path."
    )


def test_a_folder_is_no_space(tmp_path):
    assert "Is a directory. Name a readable file." in refusal_of(Space.from_toml, tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes("# größe".encode("latin-1"))

    assert refusal_of(Space.from_toml, path).endswith("mine.toml: is no UTF-8. Save it as UTF-8.")


# ---------------------------------------------------------------- validation

INT = '[units]\ntype = "int"\n'
FLOAT = '[rate]\ntype = "float"\n'
CHOICE = '[opt]\ntype = "categorical"\n'
LAYERS = '[layers]\ntype = "int"\nlow = 1\nhigh = 3\n[opt]\ntype = "categorical"\nchoices = ["a"]\n'
ON = f"{LAYERS}{INT}low = 1\nhigh = 2\nwhen = "


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        (
            f"{INT}low = 16\nhigh = 8",
            "[units] high=8 is below low=16. Swap them or widen the range.",
        ),
        (
            f"{INT}low = 1\nhigher = 8",
            '[units] has an unknown key. Received: "higher". Did you mean high?',
        ),
        (
            f"{INT}low = 1\nhigh = 8\nchoices = [1]",
            (
                '[units] has an unknown key. Received: "choices". '
                "Known: type, low, high, log, step, default, when."
            ),
        ),
        (f"{INT}low = 1", "[units] has no high. Add it."),
        (CHOICE, "[opt] has no choices. Add it."),
        ("[units]\nlow = 1", "[units] has no type. Give one of float, int, categorical."),
        (
            '[units]\ntype = "floats"',
            '[units] has an unknown type. Received: "floats". Did you mean float?',
        ),
        ("[units]\ntype = [1]", "[units] has an unknown type. Received: [1]."),
        ("units = 3", "[units] is 3. Make it a table with a type."),
        (
            f"{INT}low = 1.0\nhigh = 8",
            "[units] low=1.0 is no whole number. Give low a whole number.",
        ),
        (f"{INT}low = true\nhigh = 8", "[units] low=true is no whole number."),
        (f"{INT}low = 1\nhigh = 8\nstep = true", "[units] step=true is no whole number."),
        (f'{FLOAT}low = "a"\nhigh = 8', '[rate] low="a" is no finite number.'),
        (f"{FLOAT}low = 0\nhigh = inf", "[rate] high=Infinity is no finite number."),
        (f"{FLOAT}low = 1\nhigh = 8\nlog = 1", "[rate] log=1 is neither true nor false."),
        (
            f"{FLOAT}low = 0\nhigh = 8\nlog = true",
            "[rate] log needs low above 0. Received: low=0.0. Raise low or leave log out.",
        ),
        (
            f"{FLOAT}low = 1\nhigh = 8\nlog = true\nstep = 1",
            "[rate] log excludes step=1.0. Leave one of them out.",
        ),
        (f"{FLOAT}low = 0\nhigh = 8\nstep = 0", "[rate] step=0.0 is not above 0. Make it positive"),
        (f"{INT}low = 0\nhigh = 8\nstep = -1", "[units] step=-1 is not above 0."),
        (
            f"{INT}low = 1\nhigh = 9\nstep = 3",
            "[units] step=3 does not divide low=1 to high=9. Set high=10 or another step.",
        ),
        (f"{INT}low = 1\nhigh = 2\nstep = 5", "Set high=6 or another step."),
        (f"{FLOAT}low = 0.1\nhigh = 0.95\nstep = 0.1", "Set high=0.9 or another step."),
        (f"{CHOICE}choices = []", "[opt] choices is empty. List at least one value."),
        (
            f'{CHOICE}choices = "abc"',
            '[opt] choices="abc" is no list. Write it like choices=[16, 32].',
        ),
        (
            f'{CHOICE}choices = ["a", "a"]',
            '[opt] choices has "a" and "a", which are equal. Keep one.',
        ),
        (
            f"{CHOICE}choices = [1, true]",
            "[opt] choices has 1 and true, which are equal. Keep one.",
        ),
        (
            f"{CHOICE}choices = [[1]]",
            "[opt] choices has [1], which is no string, boolean or finite",
        ),
        (
            f"{CHOICE}choices = [nan]",
            "[opt] choices has NaN, which is no string, boolean or finite",
        ),
        (
            f"{INT}low = 1\nhigh = 8\ndefault = 9",
            "[units] default=9 does not fit: the parameter is between low=1 and high=8. ",
        ),
        (
            f"{INT}low = 1\nhigh = 9\nstep = 2\ndefault = 2",
            "is between low=1 and high=9 in steps of 2.",
        ),
        (f'{CHOICE}choices = ["a"]\ndefault = "b"', '[opt] default="b" does not fit'),
        (f"{CHOICE}choices = [true]\ndefault = 1", "[opt] default=1 does not fit"),
        (
            '["a b"]\ntype = "int"\nlow = 1\nhigh = 2',
            '["a b"] is no Python identifier. Use letters',
        ),
        ('["a\\nb"]\ntype = "int"\nlow = 1\nhigh = 2', '["a\\nb"] is no Python identifier.'),
        (f"{ON}3", '[units] when=3 is no table. Write it like { layers = ">=2" }.'),
        (f"{ON}false", "[units] when=false is no table."),
        (f"{ON}{{ units = 1 }}", "[units] has a when on itself. Name an earlier parameter."),
        (
            f"{ON}{{ layerz = 1 }}",
            '[units] has a when on no parameter. Received: "layerz". Did you mean layers?',
        ),
        (
            f"{ON}{{ last = 1 }}\n[last]\ntype = 'int'\nlow = 1\nhigh = 2",
            "[units] has a when on the later [last]. Move [last] above [units].",
        ),
        (
            f"{ON}{{ layers = 4 }}",
            (
                "[units] when layers = 4 names 4, which [layers] never takes: "
                "it is between low=1 and high=3. Name what it can be."
            ),
        ),
        (f"{ON}{{ layers = [1, 4] }}", "[units] when layers = [1, 4] names 4, which"),
        (f"{ON}{{ layers = [] }}", "[units] when layers = [] names no value."),
        (f"{ON}{{ layers = {{ a = 1 }} }}", '[units] when layers = {"a": 1} names {"a": 1}, which'),
        (f'{ON}{{ layers = "==1.5" }}', '[units] when layers = "==1.5" names 1.5, which [layers]'),
        (f'{ON}{{ layers = "!=9" }}', '[units] when layers = "!=9" names 9, which [layers]'),
        (
            f'{ON}{{ layers = ">3" }}',
            (
                '[units] when layers = ">3" never holds: [layers] is between low=1 and high=3. '
                "Mend the condition or widen [layers]."
            ),
        ),
        (f'{ON}{{ layers = "<1" }}', '[units] when layers = "<1" never holds'),
        (f'{ON}{{ layers = ">=" }}', 'compares with "". Write a number after >=.'),
        (f'{ON}{{ layers = ">two" }}', 'compares with "two". Write a number after >.'),
        (f'{ON}{{ opt = "!=a" }}', '[units] when opt = "!=a" never holds: [opt] is one of ["a"].'),
        (f'{ON}{{ opt = "!=b" }}', '[units] when opt = "!=b" names "b", which [opt] never takes'),
        (
            f'{ON}{{ opt = ">=2" }}',
            (
                '[units] when opt = ">=2" compares, but [opt] is one of ["a"], and not all of that '
                "is a number. Name the wanted values in a list."
            ),
        ),
        ("[units]\nlow = \n", "is no TOML: Invalid value (at line 2, column 7). Mend that line."),
        (
            "[units]\nlow = [1,",
            "is no TOML: Invalid value (at the end of line 2). Mend that line.",
        ),
        (f"{INT}low = {'1' * 5000}", "is no TOML:"),
    ],
)
def test_a_wrong_space_is_refused_with_file_parameter_and_mend(toml, problem):
    text = refusal_of_toml(toml)

    assert text.startswith("search_spaces: imdb.toml: ")
    assert problem in text


def test_a_refusal_is_the_whole_sentence():
    assert refusal_of_toml(f"{INT}low = 16\nhigh = 8") == (
        "search_spaces: imdb.toml: [units] high=8 is below low=16. Swap them or widen the range."
    )


def test_a_space_from_python_is_refused_alike():
    assert refusal_of(Space, {"units": Int(16, 8)}) == (
        "search_spaces: space: [units] high=8 is below low=16. Swap them or widen the range."
    )
    assert "[units] is 3. Make it a Float, Int or Categorical." in refusal_of(Space, {"units": 3})
    assert "[1] is no Python identifier." in refusal_of(Space, {1: Int(1, 2)})


def test_refusals_are_errors_a_user_can_mend():
    assert issubclass(UsageError, HPOError)


def test_a_range_of_one_value_is_a_constant():
    assert suggestion(Space({"a": Int(3, 3), "b": Float(1, 1, log=True)}), 0) == {"a": 3, "b": 1.0}


# ---------------------------------------------------------------- overriding


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
                "[units_2] --set units_2=512: 512 is not between low=16 and high=256 in "
                "steps of 16. Widen the range first: --set units_2.high=512."
            ),
        ),
        (["layers=0"], "Widen the range first: --set layers.low=0."),
        (["layers=1.0"], "1.0 is no whole number. Give one between low=1 and high=3."),
        (["layers=true"], "true is no whole number."),
        (["learning_rate=fast"], '"fast" is no number. Give one between low=1e-05 and high=0.01.'),
        (["learning_rate=true"], "true is no number."),
        (
            ["optimizer=lion"],
            (
                '"lion" is not one of ["adam", "sgd"]. Name one of them, or add it first: '
                '--set \'optimizer.choices=["adam", "sgd", "lion"]\'.'
            ),
        ),
        (
            ["learning_rates=1"],
            (
                "[learning_rates] --set learning_rates=1: no such parameter. "
                'Received: "learning_rates". Did you mean learning_rate?'
            ),
        ),
        (["zzz=1"], "Known: learning_rate, optimizer, momentum, layers"),
        (["layers.higher=4"], 'no such field to change. Received: "higher". Did you mean high?'),
        (["layers.type=float"], "no such field to change."),
        (["layers.when=1"], "no such field to change."),
        (["layers.=1"], "no such field to change."),
        (["optimizer.high=1"], "Known: choices, default."),
        (["layers"], "--set layers: is no NAME=VALUE. Write it like learning_rate=1e-3."),
        (["=3"], "is no NAME=VALUE."),
        (["layers.high=0"], "[layers] high=0 is below low=1. Swap them or widen the range."),
        (["layers.high=0", "layers=1"], "[layers] high=0 is below low=1."),
        (["layers.high=many"], '[layers] high="many" is no whole number.'),
        (["layers.step=3"], "step=3 does not divide low=1 to high=3."),
        (["layers.log=1"], "log=1 is neither true nor false."),
        (["optimizer.choices=adam"], 'choices="adam" is no list.'),
        (["optimizer.choices=[]"], "choices is empty."),
        (
            ["layers.default=7"],
            "the parameter is between low=1 and high=3. Choose a default that fits.",
        ),
        (["layers=2", "layers.high=4"], "an earlier setting fixed it. Leave one of the two out."),
        (["layers=2", "layers=4"], "4 is not between low=1 and high=3."),
        (["epochs=0"], "[epochs] --set epochs=0: 0 is no whole number from 1 on. Give one."),
        (["epochs=true"], "true is no whole number from 1 on."),
        (["epochs=2.0"], "2.0 is no whole number from 1 on."),
        (["epochs.high=3"], "no such parameter."),
        (["epochs=3", "epochs.choices=[3]"], "an earlier setting fixed it."),
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
