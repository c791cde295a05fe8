import optuna
import pytest
from hypothesis import strategies as st

from hpo.errors import UsageError
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space

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


def refusal_of(act, *args):
    with pytest.raises(UsageError) as caught:
        act(*args)
    text = str(caught.value)
    assert "\n" not in text
    return text


def refusal_of_toml(text):
    return refusal_of(Space.from_text, text, "imdb.toml")
