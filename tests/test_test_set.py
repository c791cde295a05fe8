"""Nothing in a search can reach the test set."""

import sys

import keras
import numpy as np
import pytest

import hpo
from hpo import Data, Float, Int, Space, Task

N = 24


class SealBrokenError(Exception):
    """Somebody looked at the test set."""


class Sealed:
    """An array of which everybody may know the shape, and only one function the values.

    Args:
        values: What is sealed.
        opened_by: The function that may read it, as "module.function"; by default none may.
    """

    def __init__(self, values, opened_by=None):
        self._values = values
        self._opened_by = opened_by
        self.readings = 0
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __len__(self):
        return len(self._values)

    def _read(self, *_args, **_kwargs):
        frame = sys._getframe()
        while frame is not None:
            name = f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"
            if name == self._opened_by:
                self.readings += 1
                return self._values
            frame = frame.f_back
        raise SealBrokenError("the test set was read")

    __array__ = __iter__ = __getitem__ = __eq__ = __add__ = __sub__ = __mul__ = _read
    __hash__ = object.__hash__
    astype = copy = reshape = ravel = tolist = tobytes = take = mean = min = max = _read


def samples(seed=0):
    x = np.random.default_rng(0).normal(size=(N, 3))
    x_test = np.random.default_rng([1, seed]).normal(size=(10, 3))
    return x, x @ [1.0, -2.0, 0.5], x_test, x_test.sum(axis=1)


def build(params, data):
    assert data.x_test is None
    assert data.y_test is None
    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(params["units"])])
    network.add(keras.layers.Dense(1))
    network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
    return network


def make_task(data):
    return Task(
        name="sealed",
        load=lambda _data_dir: data,
        model=build,
        space=Space({"rate": Float(1e-3, 0.1, log=True, default=0.01), "units": Int(1, 3)}),
        objective="val_mae",
        cv="kfold:2",
        epochs=2,
        batch_size=8,
    )


def sealed(opened_by=None):
    x, y, x_test, y_test = samples()
    return Data(x=x, y=y, x_test=Sealed(x_test, opened_by), y_test=Sealed(y_test))


COUNTING = "hpo.data.duplicates.in_test"


@pytest.mark.parametrize(
    "settings",
    [{}, {"train_size": 0.5}, {"cv": "time:2"}, {"group_duplicates": True}, {"sampler": "gp"}],
    ids=lambda settings: next(iter(settings), "as by default"),
)
def test_a_search_never_reads_a_test_target_nor_an_input_but_to_count_copies(tmp_path, settings):
    data = sealed(opened_by=COUNTING)

    study = hpo.run(make_task(data), trials=2, runs=tmp_path, **settings)

    assert [trial.state for trial in study.trials] == ["complete"] * 2
    assert data.x_test.readings == 1
    assert data.y_test.readings == 0
    assert study.test_consultations == []


def test_confirming_and_reporting_read_nothing_of_the_test_set(tmp_path):
    study = hpo.run(make_task(sealed(opened_by=COUNTING)), trials=2, runs=tmp_path)

    confirmation = hpo.confirm(study, task=make_task(sealed()), top=2, repeats=1)
    hpo.report(study)

    assert confirmation.best is not None
    assert [one.reason for one in confirmation.configurations] == [None, None]
    assert study.test_consultations == []


def test_a_search_that_goes_on_does_not_even_count_copies(tmp_path):
    hpo.run(make_task(sealed(opened_by=COUNTING)), trials=1, runs=tmp_path)

    study = hpo.run(make_task(sealed()), trials=2, runs=tmp_path)

    assert len(study.ranking) == 2


def test_a_search_comes_out_the_same_whatever_the_test_set_holds(tmp_path):
    studies = []
    for seed in (0, 1):
        x, y, x_test, y_test = samples(seed)
        data = Data(x=x, y=y, x_test=x_test, y_test=y_test)
        studies.append(hpo.run(make_task(data), trials=4, runs=tmp_path / str(seed), seed=3))

    one, other = studies
    assert one.facts == other.facts
    assert [t.params for t in one.trials] == [t.params for t in other.trials]
    assert [t.fold_scores for t in one.trials] == [t.fold_scores for t in other.trials]


def test_the_seal_breaks_where_an_ensemble_reads_the_test_set(tmp_path):
    """So the tests above can fail."""
    data = sealed(opened_by=COUNTING)
    study = hpo.run(make_task(data), trials=1, runs=tmp_path)

    with pytest.raises(SealBrokenError):
        hpo.ensemble(study, task=make_task(data))
    assert study.test_consultations == []


def test_the_seal_breaks_where_copies_are_counted(tmp_path):
    with pytest.raises(SealBrokenError):
        hpo.run(make_task(sealed()), trials=1, runs=tmp_path)
