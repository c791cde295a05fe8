import csv

import numpy as np

import hpo
from hpo.predicting import look_into, predict_file
from tasks import linear_data, linear_task

NAMES = ["width", "height", "age"]
X = np.random.default_rng(1).normal(size=(23, 3))


def table_task(**settings):
    """A linear task whose features have names."""
    return linear_task(load=lambda _data_dir: linear_data(feature_names=NAMES), **settings)


def combined(folder, task):
    study = hpo.run(task, trials=1, runs=folder)
    return hpo.ensemble(study, task=task, method="mean")


def write_table(path, rows, header=None):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([*([header] if header else []), *rows])
    return path


def predict(ensemble, path, output, **settings):
    return predict_file(ensemble, look_into(ensemble.study, path, output), output, **settings)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))
