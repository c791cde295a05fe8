import keras
import numpy as np
from sklearn.preprocessing import StandardScaler

import hpo
from hpo import Data, Float, Space, Task

N = 30


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N + 10, 3))
    y = x @ [1.0, -2.0, 0.5]
    return Data(x=x[:N], y=y[:N], x_test=x[N:], y_test=y[N:])


def build(params, data):
    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
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
            "epochs": 3,
            "batch_size": 8,
            "preprocessor": lambda _params: StandardScaler(),
            **settings,
        }
    )


def search(folder, task=None, **settings):
    return hpo.run(task or make_task(), **{"trials": 3, "runs": folder, **settings})


def models(study):
    return sorted((study.directory / "ensemble" / "models").glob("*.keras"))


def combine(study, task=None, **settings):
    return hpo.ensemble(study, task=task or make_task(), **settings)
