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


DAYS = np.arange(48.0)
SALES = Task(
    name="sales",
    load=lambda _data_dir: Data(
        x=DAYS[:40, None], y=DAYS[:40], x_test=DAYS[40:, None], y_test=DAYS[40:]
    ),
    model=lambda params, _data: one_weight(params["rate"]),
    space=Space({"rate": Float(1e-5, 1e-3, default=1e-4)}),
    objective="val_mae",
    cv="time:3",
    epochs=2,
)


def one_weight(rate):
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    return network


def test_of_folds_in_time_order_the_last_ones_model_predicts_new_samples(tmp_path):
    study = hpo.run(SALES, trials=1, runs=tmp_path)

    made = hpo.ensemble(study, task=SALES)

    last = keras.models.load_model(study.files.model_paths(0)[-1])
    by_hand = last.predict(DAYS[40:, None], verbose=0).ravel()
    np.testing.assert_allclose(np.ravel(made.predict(DAYS[40:, None])), by_hand, rtol=1e-6)
    mae = np.abs(by_hand - DAYS[40:]).mean()
    assert made.result["test_best_single"]["mae"] == pytest.approx(mae, rel=1e-6)
