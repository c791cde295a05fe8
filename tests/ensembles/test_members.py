"""Members' models are those of their studies, whoever asks for predictions."""

import keras
import numpy as np
import pytest

import hpo
from hpo import Data, Float, HPOError, Space, Task

X = np.random.default_rng(0).normal(size=(24, 3))
TASK = Task(
    name="linear",
    load=lambda _data_dir: Data(x=X, y=X.sum(axis=1)),
    model=lambda params, _data: linear(params["rate"]),
    space=Space({"rate": Float(1e-3, 0.2, default=0.05)}),
    objective="val_mae",
    cv="kfold:2",
    epochs=1,
)


def linear(rate):
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    return network


def combined(runs, **settings):
    return hpo.ensemble(hpo.run(TASK, trials=1, runs=runs), task=TASK, **settings)


def replace_by_link(model, elsewhere):
    model.rename(elsewhere)
    model.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("settings", "folder"), [({}, "trials"), ({"refit": True}, "ensemble/models")]
)
def test_an_ensemble_refuses_to_predict_with_a_model_outside_its_study(tmp_path, settings, folder):
    made = combined(tmp_path / "runs", **settings)
    model = next((made.study.directory / folder).rglob("*.keras"))
    replace_by_link(model, tmp_path / "elsewhere.keras")
    loaded = hpo.load_ensemble(made.study, task=TASK)

    with pytest.raises(HPOError, match=r"trial 0 .* is a link to .*elsewhere.keras, outside of"):
        loaded.predict(X)


def test_a_model_may_be_a_link_within_its_study(tmp_path):
    made = combined(tmp_path / "runs")
    model = made.study.files.model_paths(0)[0]
    replace_by_link(model, made.study.directory / "moved.keras")
    loaded = hpo.load_ensemble(made.study, task=TASK)

    np.testing.assert_allclose(loaded.predict(X), made.predict(X), rtol=1e-5)
