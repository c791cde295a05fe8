import importlib
import sys
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import (
    StandardScaler,
)

import hpo
from hpo import Data, Float, Space, Task

MODULES = ("predict", "samples", "preprocessing", "folder")


N = 40


@contextmanager
def imported(folder, name="predict"):
    """A module of an export, as Python imports it with that folder on its path."""
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for module in MODULES:
            sys.modules.pop(module, None)


def predict_with(folder, x):
    with imported(folder) as module:
        return module.predict(x)


def refusal(folder, x):
    """What an export says when it refuses to predict."""
    with imported(folder) as module, pytest.raises(module.RefusedError) as caught:
        module.predict(x)
    return str(caught.value)


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N + 10, 3))
    y = x @ [1.0, -2.0, 0.5]
    return Data(x=x[:N], y=y[:N], x_test=x[N:], y_test=y[N:])


def build(_params, data):
    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return network


def make_task(**settings):
    return Task(
        **{
            "name": "linear",
            "load": load,
            "model": build,
            "space": Space({"rate": Float(1e-3, 0.2, log=True, default=0.05)}),
            "objective": "val_mae",
            "cv": "kfold:2",
            "epochs": 2,
            "batch_size": 8,
            "preprocessor": lambda _params: StandardScaler(),
            **settings,
        }
    )


def combined(folder, task, *, trials=2, method="mean", **settings):
    study = hpo.run(task, trials=trials, runs=folder / "runs")
    return hpo.ensemble(study, task=task, method=method, **settings)


def assert_same(ensemble, folder, x):
    expected, found = ensemble.predict(x), predict_with(folder, x)
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, predictions in expected.items():
            np.testing.assert_allclose(found[name], predictions, atol=1e-5, rtol=1e-5)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


def made_up_texts(_data_dir):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 4
    x = np.empty(60, dtype=object)
    for row, label in enumerate(y):
        telling = 20 + 3 * label + rng.integers(0, 3, size=8)
        words = [1, *rng.permutation([*rng.integers(4, 20, size=rng.integers(5, 15)), *telling])]
        x[row] = np.array(words, "int32")
    return Data(x=x[:50], y=y[:50], x_test=x[50:], y_test=y[50:])


NUMBERS = np.random.default_rng(0).lognormal(size=(50, 4))


def double(x, given):
    return x * given["factor"] + OFFSET


OFFSET = 3.0


class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, x, y=None):
        self.factor_ = x.max(axis=0)
        return self

    def transform(self, x):
        return double(x, {"factor": self.factor_})

    def exported(self):
        return double, {"factor": self.factor_}


def save_lambda(path):
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs)).save(path)
