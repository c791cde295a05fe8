import csv

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler

import hpo
from hpo import Data, Float, Space, Task
from hpo.predicting import look_into, predict_file

N = 40


NAMES = ["width", "height", "age"]


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N, 3))
    return Data(x=x, y=x @ [1.0, -2.0, 0.5], feature_names=NAMES)


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


def combined(folder, task):
    study = hpo.run(task, trials=1, runs=folder)
    return hpo.ensemble(study, task=task, method="mean")


X = np.random.default_rng(1).normal(size=(23, 3))


def write_table(path, rows, header=None):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([*([header] if header else []), *rows])
    return path


def predict(ensemble, path, output, **settings):
    return predict_file(ensemble, look_into(ensemble.study, path, output), output, **settings)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def load_classes(_data_dir):
    x = np.random.default_rng(0).integers(0, 256, size=(40, 8, 6, 3), dtype="uint8")
    return Data(x=x, y=np.arange(40) % 2, class_names=["cat", "dog"])


def build_classes(_params, data):
    layers = [keras.Input(data.x.shape[1:]), keras.layers.Rescaling(1 / 255)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
    network = keras.Sequential(layers)
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network
