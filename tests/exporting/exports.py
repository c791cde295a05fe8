import importlib
import sys
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin

import hpo

MODULES = ("predict", "samples", "preprocessing", "folder")


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
