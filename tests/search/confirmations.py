import keras
import numpy as np

from hpo import Data, Float, Space, Task

N = 30


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N, 3))
    return Data(x=x, y=x @ [1.0, -2.0, 0.5])


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
            "epochs": 2,
            "batch_size": 8,
            **settings,
        }
    )
