"""Keras numbers metrics by what a process compiled before; trials do not depend on it."""

import keras
import numpy as np

from hpo import Data, Float, Space, Stage, Task
from hpo.training.evaluation import Evaluator
from hpo.training.metric_names import as_first_compiled

Y = np.arange(60) % 2
X = (np.random.default_rng(0).normal(size=(60, 3)) + Y[:, None]).astype("float32")


def compiled(network, *metrics):
    network.compile("sgd", "binary_crossentropy", metrics=list(metrics))
    return network


def network(*metrics):
    layers = [keras.Input((3,)), keras.layers.Dense(1, "sigmoid")]
    return compiled(keras.Sequential(layers), *metrics)


def task(**settings):
    return Task(
        name="auc",
        load=lambda _data_dir: None,
        model=lambda _params, _data: network(keras.metrics.AUC(), keras.metrics.AUC(curve="PR")),
        space=Space({"rate": Float(0.1, 1.0)}),
        **{"objective": "val_auc", "cv": "kfold:2", "epochs": 2, **settings},
    )


def evaluate(made):
    return Evaluator(made, Data(x=X, y=Y)).evaluate({"rate": 0.1})


def test_a_model_made_by_hand_before_does_not_change_the_name_of_the_objective():
    network(keras.metrics.AUC()).fit(X, Y, verbose=0)

    curves = evaluate(task()).arrays.curves

    assert {"val_auc", "val_auc_1"} <= curves.keys()


def test_a_stage_that_compiles_again_logs_under_the_same_names():
    def tune(model, _params):
        compiled(model, keras.metrics.AUC(), keras.metrics.AUC(curve="PR"))

    curves = evaluate(task(stages=[Stage("tuning", 2, tune)])).arrays.curves

    assert curves["val_auc"].shape == (4, 2)
    assert np.isfinite(curves["val_auc_1"]).all()


def test_names_stay_where_the_objective_is_among_them():
    network(keras.metrics.AUC()).fit(X, Y, verbose=0)
    model = network(keras.metrics.AUC())
    model.fit(X, Y, verbose=0)
    numbered = f"val_{model.metrics[1].metrics[0].name}"

    assert as_first_compiled({numbered: 0.5}, model, numbered) == {numbered: 0.5}
    assert as_first_compiled({numbered: 0.5}, model, "val_auc") == {"val_auc": 0.5}


def test_a_name_that_a_user_gave_is_kept():
    model = network(keras.metrics.AUC(), keras.metrics.MeanSquaredError(name="auc"))
    model.fit(X, Y, verbose=0)
    numbered = model.metrics[1].metrics[0].name

    assert numbered != "auc"
    assert as_first_compiled({numbered: 0.5, "auc": 0.1}, model, "val_x") == {
        numbered: 0.5,
        "auc": 0.1,
    }
