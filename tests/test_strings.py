"""Strings that a model itself turns into numbers pass through search, ensemble, export and fit."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import hpo
from hpo import Data, Float, Space, Task
from hpo.exporting import export

WORDS = ["bad", "good", "film", "the"]
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 60)
TEXTS = np.array([f"the {WORDS[y]} film" for y in Y])
COLUMNS = {
    "word": np.array([WORDS[y] for y in Y]).reshape(-1, 1),
    "length": RNG.normal(size=(60, 1)).astype("float32"),
}


def data(x):
    parts = x if isinstance(x, dict) else {"": x}
    test = {name: array[:12] for name, array in parts.items()}
    return Data(
        x=x,
        y=Y,
        x_test=test if isinstance(x, dict) else test[""],
        y_test=Y[:12],
        class_names=["bad", "good"],
    )


def compiled(network, **settings):
    network.compile("sgd", "binary_crossentropy", metrics=["accuracy"], **settings)
    return network


def of_texts(_params, _data, **settings):
    inputs = keras.Input((1,), dtype="string")
    counts = keras.layers.TextVectorization(vocabulary=WORDS, output_mode="multi_hot")(inputs)
    return compiled(keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(counts)), **settings)


def of_columns(_params, _data, **settings):
    word = keras.Input((1,), dtype="string", name="word")
    length = keras.Input((1,), name="length")
    known = keras.layers.StringLookup(vocabulary=WORDS, output_mode="one_hot")(word)
    joined = keras.layers.Concatenate()([known, length])
    network = keras.Model(
        {"word": word, "length": length}, keras.layers.Dense(1, "sigmoid")(joined)
    )
    return compiled(network, **settings)


def eagerly(params, data):
    return of_columns(params, data, run_eagerly=True)


def make_task(x, model):
    return Task(
        name="strings",
        load=lambda _data_dir: data(x),
        model=model,
        space=Space({"rate": Float(0.1, 1.0)}),
        objective="val_accuracy",
        cv="kfold:2",
        epochs=2,
    )


@pytest.mark.parametrize(
    ("x", "model"), [(TEXTS, of_texts), (COLUMNS, of_columns), (COLUMNS, eagerly)]
)
def test_an_ensemble_predicts_strings_as_its_models_do(tmp_path, x, model):
    task = make_task(x, model)
    study = hpo.run(task, trials=1, runs=tmp_path)

    made = hpo.ensemble(study, task=task, method="mean")

    tensors = {
        name: keras.ops.convert_to_tensor(array[:12])
        for name, array in (x if isinstance(x, dict) else {"": x[:, None]}).items()
    }
    total = 0.0
    for path in study.files.model_paths(0):
        saved = keras.models.load_model(path)
        total += saved.predict(tensors if isinstance(x, dict) else tensors[""], verbose=0) / 2
    np.testing.assert_allclose(made.predict(made.data.x_test), total, atol=1e-6)
    assert made.result["test"]["accuracy"] == ((total[:, 0] > 0.5) == Y[:12]).mean()


def test_an_export_predicts_strings_without_hpo(tmp_path):
    task = make_task(TEXTS, of_texts)
    made = hpo.ensemble(hpo.run(task, trials=1, runs=tmp_path), task=task)
    export(made, tmp_path / "exported")
    np.savez(tmp_path / "x.npz", x=TEXTS[:5])

    command = [sys.executable, tmp_path / "exported" / "predict.py"]
    subprocess.run(
        [*command, tmp_path / "x.npz", tmp_path / "y.npz"], check=True, capture_output=True
    )

    with np.load(tmp_path / "y.npz") as written:
        expected = made.predict(TEXTS[:5])
        np.testing.assert_allclose(written["predictions"], expected, atol=1e-6)


def test_a_refit_learns_from_strings(tmp_path):
    task = make_task(COLUMNS, of_columns)

    made = hpo.ensemble(hpo.run(task, trials=1, runs=tmp_path), task=task, refit=True)

    assert made.predict(COLUMNS).shape == (60, 1)
