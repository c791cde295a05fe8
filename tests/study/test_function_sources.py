import functools

import numpy as np
import pytest

from hpo.study.function_sources import function_digests
from hpo.task import Stage
from tasks import bare_task

UNITS = [64, 32]
CALLS = []
N_CALLS = 0


class Block:
    width = 3

    def build(self, _params=None, _data=None):
        return UNITS


def block(width):
    return Block(), width


def model_of(units, helper=block):
    def model(_params, _data, _depth=0):
        return helper(units)

    return model


def counting(_params, _data):
    global N_CALLS  # noqa: PLW0603
    CALLS.append(1)
    N_CALLS += 1
    return block(N_CALLS)


def blocks(_params, _data):
    return Block().build()


def changes(task, other):
    old, new = function_digests(task), function_digests(other)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def test_the_same_functions_have_the_same_digests():
    assert changes(bare_task(model=model_of(3)), bare_task(model=model_of(3))) == set()


@pytest.mark.parametrize(
    "model",
    [
        model_of(4),
        model_of(3, helper=lambda width: (Block(), width + 1)),
        functools.partial(model_of(3), _depth=1),
        Block().build,
        blocks,
    ],
    ids=["closure", "helper", "partial", "method", "function"],
)
def test_a_model_that_differs_in_code_or_plain_values_is_another(model):
    assert changes(bare_task(model=model_of(3)), bare_task(model=model)) == {"model"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 7),
        ("batch_size", 8),
        ("patience", 3),
        ("preprocessor", lambda _params: None),
        ("callbacks", lambda _params: []),
        ("metric", lambda _true, _predicted: 0.0),
    ],
)
def test_what_trains_a_model_counts_by_the_name_of_its_field(name, value):
    assert changes(bare_task(), bare_task(**{name: value})) == {name}


def test_a_stage_counts():
    def task(epochs):
        return bare_task(stages=[Stage("fine-tuning", epochs, lambda _model, _params: None)])

    assert changes(task(3), task(3)) == set()
    assert changes(task(3), task(4)) == {"stage 'fine-tuning'"}


def test_a_constant_of_the_module_counts_also_through_a_class(monkeypatch):
    task = bare_task(model=blocks)
    before = function_digests(task)

    monkeypatch.setitem(globals(), "UNITS", [64, 16])

    assert function_digests(task)["model"] != before["model"]


def test_what_a_model_counts_is_state_and_not_code():
    task = bare_task(model=counting)
    before = function_digests(task)

    counting({}, None)

    assert function_digests(task) == before


def test_arrays_and_how_data_is_loaded_do_not_count():
    def task(x):
        return bare_task(load=lambda _data_dir: x, model=model_of(x))

    assert changes(task(np.zeros(3)), task(np.ones(3))) == set()


def test_functions_without_source_are_told_apart():
    def task(source):
        return bare_task(model=eval(source))  # noqa: S307

    assert changes(task("lambda p, d: 1"), task("lambda p, d: 1")) == set()
    assert changes(task("lambda p, d: 1"), task("lambda p, d: 2")) == {"model"}
