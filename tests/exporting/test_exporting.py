"""Exports of small studies: they predict what the ensemble predicts, without hpo."""

import dataclasses
import importlib
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import hpo
from hpo import Data, Float, HPOError, Space, Task
from hpo.data.preprocessing import transform
from hpo.errors import UsageError
from hpo.exporting import export
from hpo.exporting.steps import describe
from hpo.exporting.store import Arrays, Store
from hpo.plugins import load_space, load_task
from hpo_tasks.bases import PretrainedFeatures
from hpo_tasks.pictures import Resize
from hpo_tasks.text import BagOfNgrams, PaddedSequences

STANDALONE = Path(importlib.import_module("hpo.exporting").__file__).parent / "standalone"
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


# ---------------------------------------------------------------- tasks


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


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("linear"), make_task())


@pytest.fixture
def exported(ensemble, tmp_path):
    return export(ensemble, tmp_path / "export").directory


# ---------------------------------------------------------------- the same predictions


def assert_same(ensemble, folder, x):
    expected, found = ensemble.predict(x), predict_with(folder, x)
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, predictions in expected.items():
            np.testing.assert_allclose(found[name], predictions, atol=1e-5, rtol=1e-5)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scaling", ["standard", "power", "quantile"])
def test_an_export_of_a_table_predicts_the_same(scaling, tmp_path):
    boston = load_task("boston")
    space = load_space("boston").override([f"scaling={scaling}", "units_1=16"])
    task = dataclasses.replace(boston, space=space, cv="kfold:2", epochs=2)
    made = combined(tmp_path, task, method="greedy")

    folder = export(made, tmp_path / "export").directory

    assert_same(made, folder, boston.load(None).x_test)


def made_up_texts(_data_dir):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 4
    x = np.empty(60, dtype=object)
    for row, label in enumerate(y):
        telling = 20 + 3 * label + rng.integers(0, 3, size=8)
        words = [1, *rng.permutation([*rng.integers(4, 20, size=rng.integers(5, 15)), *telling])]
        x[row] = np.array(words, "int32")
    return Data(x=x[:50], y=y[:50], x_test=x[50:], y_test=y[50:])


@pytest.mark.parametrize(
    "branch",
    ["architecture=bag ngrams=2 weighting=tfidf num_features=5000", "architecture=conv"],
)
def test_an_export_of_texts_predicts_the_same(branch, tmp_path):
    task = dataclasses.replace(
        load_task("reuters"),
        space=load_space("reuters").override([*branch.split()]),
        load=made_up_texts,
        cv="kfold:2",
        epochs=1,
    )
    made = combined(tmp_path, task, trials=1)

    folder = export(made, tmp_path / "export").directory

    texts = made_up_texts(None).x_test
    assert_same(made, folder, texts)
    longest = max(map(len, texts))
    padded = np.array([np.pad(text, (0, longest - len(text))) for text in texts])
    np.testing.assert_allclose(predict_with(folder, padded), predict_with(folder, [*texts]))


def pictures(_data_dir):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, size=(60, 28, 28, 1), dtype="uint8")
    y = np.arange(60) % 10
    names = [f"digit {n}" for n in range(10)]
    return Data(x=x[:50], y=y[:50], x_test=x[50:], y_test=y[50:], class_names=names)


def test_an_export_of_pictures_predicts_the_same_and_names_the_classes(tmp_path):
    space = load_space("mnist").override(["architecture=convnet", "filters=8"])
    task = dataclasses.replace(load_task("mnist"), space=space, load=pictures, epochs=1)
    made = combined(tmp_path, task, trials=1)

    folder = export(made, tmp_path / "export").directory

    x = pictures(None).x_test
    assert_same(made, folder, x)
    with imported(folder) as module:
        found = module.labels(module.predict(x))
    np.testing.assert_array_equal(found, [f"digit {n}" for n in made.predict(x).argmax(axis=1)])


def two_outputs(_params, data):
    inputs = {name: keras.Input(array.shape[1:], name=name) for name, array in data.x.items()}
    joined = keras.layers.Concatenate()([*inputs.values()])
    outputs = {
        "price": keras.layers.Dense(1, name="price")(joined),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(joined),
    }
    network = keras.Model(inputs, outputs)
    losses = {"price": "mse", "kind": "sparse_categorical_crossentropy"}
    network.compile("adam", losses, metrics={"price": ["mae"]})
    return network


def load_two(_data_dir):
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(60, 2)).astype("float32"), "b": rng.normal(size=(60, 1))}
    y = {"price": x["a"].sum(axis=1), "kind": np.arange(60) % 3}
    return Data(x=x, y=y)


def test_an_export_of_several_inputs_and_outputs_that_are_stacked_predicts_the_same(tmp_path):
    task = make_task(load=load_two, model=two_outputs, preprocessor=None, objective="val_price_mae")
    made = combined(tmp_path, task, trials=3, method="stacking")

    folder = export(made, tmp_path / "export").directory

    assert set(json.loads((folder / "manifest.json").read_text())["stacking"]) == {"price", "kind"}
    assert_same(made, folder, load_two(None).x)


def test_an_export_of_refitted_members_predicts_the_same(ensemble, tmp_path):
    made = hpo.ensemble(ensemble.study, task=ensemble.task, method="mean", refit=True, seeds=2)

    folder = export(made, tmp_path / "export").directory

    assert len([*(folder / "models").iterdir()]) == 4
    assert len([*(folder / "preprocessing").iterdir()]) == 2
    assert_same(made, folder, load(None).x_test)


def test_samples_are_predicted_in_parts(ensemble, exported):
    x = np.random.default_rng(1).normal(size=(4100, 3))

    assert_same(ensemble, exported, x)


# ---------------------------------------------------------------- transformers as data

NUMBERS = np.random.default_rng(0).lognormal(size=(50, 4))
HOLES = np.where(np.random.default_rng(1).random((50, 4)) < 0.2, np.nan, NUMBERS)
KINDS = np.array([["red", "square"], ["blue", "round"], ["red", "round"]])


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


@pytest.mark.parametrize(
    ("transformer", "x"),
    [
        (StandardScaler(), NUMBERS),
        (StandardScaler(with_mean=False), NUMBERS),
        (StandardScaler(with_std=False), NUMBERS.astype("float32")),
        (StandardScaler(), NUMBERS.astype("int64")),
        (MinMaxScaler((-1, 2), clip=True), NUMBERS),
        (RobustScaler(unit_variance=True), NUMBERS),
        (MaxAbsScaler(), NUMBERS),
        (FunctionTransformer(np.log1p), NUMBERS),
        (FunctionTransformer(), NUMBERS),
        (SimpleImputer(), HOLES),
        (SimpleImputer(strategy="constant", fill_value=-1), HOLES),
        (SimpleImputer(missing_values=0, strategy="median"), NUMBERS.astype("int64")),
        (OneHotEncoder(), KINDS),
        (OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False), KINDS),
        (OneHotEncoder(handle_unknown="ignore"), np.round(NUMBERS)),
        (PCA(2), NUMBERS),
        (PCA(3, whiten=True), NUMBERS.astype("float32")),
        (PowerTransformer(), NUMBERS - 1),
        (PowerTransformer("box-cox", standardize=False), NUMBERS),
        (QuantileTransformer(n_quantiles=20), NUMBERS),
        (QuantileTransformer(n_quantiles=20, output_distribution="normal"), NUMBERS),
        (make_pipeline(SimpleImputer(), "passthrough", StandardScaler(), PCA(2)), HOLES),
        (
            ColumnTransformer(
                [
                    ("a", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), [2, 0]),
                    ("b", "passthrough", slice(1, 2)),
                    ("c", "drop", [3]),
                ]
            ),
            NUMBERS,
        ),
        (ColumnTransformer([("a", StandardScaler(), [1])], remainder="passthrough"), NUMBERS),
        (make_pipeline(Doubled(), StandardScaler()), NUMBERS),
    ],
    ids=str,
)
def test_a_transformer_written_as_data_does_what_it_did(transformer, x, tmp_path):
    n_fit = max(len(x) // 2, 3)  # the rest has values that were not there when it learned
    fitted = transformer.fit(x[:n_fit])

    found = prepared(fitted, x, tmp_path)

    np.testing.assert_allclose(found, transform(fitted, x), atol=1e-5, rtol=1e-5)


def prepared(fitted, x, folder):
    """Samples as the exported form of a transformer makes them, read back from its files."""
    arrays, store = Arrays("a test"), Store(folder)
    for name in MODULES:
        (folder / f"{name}.py").write_text((STANDALONE / f"{name}.py").read_text())
    arrays.write(folder, "steps", describe(fitted, arrays, store))
    with imported(folder, "preprocessing") as preprocessing, imported(folder, "folder") as read:
        steps = read.read_json("steps.json")
        return preprocessing.prepare(steps, read.read_arrays("steps.npz"), x)


@pytest.mark.parametrize(
    "transformer",
    [
        BagOfNgrams(order=3, num_features=60, max_len=10, weighting=weighting)
        for weighting in ("binary", "count", "mean", "tfidf", "nb")
    ],
    ids=lambda transformer: transformer.weighting,
)
def test_bags_of_ngrams_written_as_data_are_the_same(transformer, tmp_path):
    texts = made_up_texts(None).x
    fitted = transformer.fit(texts[:30], np.arange(30) % 2)

    found = prepared(fitted, texts, tmp_path)

    for name, array in transform(fitted, texts).items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("keep", ["start", "end"])
def test_padded_sequences_written_as_data_are_the_same(keep, tmp_path):
    texts = made_up_texts(None).x
    fitted = PaddedSequences(num_words=25, max_len=9, keep=keep).fit(texts)

    np.testing.assert_array_equal(prepared(fitted, texts, tmp_path), transform(fitted, texts))


def test_resized_pictures_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_CACHE_DIR", str(tmp_path / "cache"))
    x = np.random.default_rng(0).integers(0, 256, size=(5, 30, 30, 3), dtype="uint8")

    found = prepared(Resize(17), x, tmp_path / "export")

    np.testing.assert_array_equal(found, transform(Resize(17), x))


def test_a_frozen_base_is_exported_with_the_features_it_computes(tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_CACHE_DIR", str(tmp_path / "cache"))
    weights = tmp_path / "mobilenet.weights.h5"
    keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25
    ).save_weights(weights)
    features = PretrainedFeatures("MobileNet", weights, [32, 64], alpha=0.25, taps=2)
    x = np.random.default_rng(0).integers(0, 256, size=(3, 40, 40, 3), dtype="uint8")

    found = prepared(make_pipeline(features, StandardScaler()).fit(x), x, tmp_path / "export")

    expected = StandardScaler().fit_transform(features.transform(x))
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)
    assert len([*(tmp_path / "export" / "models").iterdir()]) == 2  # one for every size


# ---------------------------------------------------------------- what cannot be exported


class Unknown(StandardScaler):
    """Inherits, and so may do something else."""


class Late(Doubled):
    def exported(self):
        return lambda x, _given: x, {}


class Foreign(Doubled):
    def exported(self):
        return uses_sklearn, {}


def uses_sklearn(x, _given):
    return transform(None, x)


@pytest.mark.parametrize(
    ("transformer", "reason"),
    [
        (Normalizer(), "Normalizer cannot be exported.*exported()"),
        (Unknown(), "Unknown cannot be exported"),
        (make_pipeline(Normalizer()), "Normalizer cannot be exported"),
        (FunctionTransformer(np.cumsum), "'cumsum' is no function of NumPy's"),
        (SimpleImputer(add_indicator=True), "add_indicator"),
        (OneHotEncoder(max_categories=2), "max_categories"),
        (Late(), "Late cannot be exported: .* is no function at the top of a module"),
        (Foreign(), "Foreign cannot be exported: uses_sklearn uses transform"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_a_transformer_that_is_no_data_is_named(transformer, reason, tmp_path):
    fitted = transformer.fit(NUMBERS)

    with pytest.raises(HPOError, match=reason):
        describe(fitted, Arrays("a test"), Store(tmp_path))


@keras.saving.register_keras_serializable("plugin")
class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def with_own_layer(_params, data):
    layers = [keras.Input(data.x.shape[1:]), Doubling(), keras.layers.Dense(1)]
    network = keras.Sequential(layers)
    network.compile("sgd", "mse", metrics=["mae"])
    return network


def test_a_model_that_needs_its_plugin_is_refused_and_leaves_no_folder(tmp_path):
    made = combined(tmp_path, make_task(model=with_own_layer), trials=1)

    with pytest.raises(HPOError, match=r"Doubling.*without the plugin"):
        export(made, tmp_path / "export")

    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_folder_that_holds_something_is_not_written_to(ensemble, tmp_path):
    (tmp_path / "mine.txt").touch()

    with pytest.raises(UsageError, match="not an empty folder"):
        export(ensemble, tmp_path)


# ---------------------------------------------------------------- what lies in the folder


def test_the_model_card_says_what_is_known(ensemble, exported):
    card = (exported / "README.md").read_text()

    facts = ensemble.study.facts
    assert f"`{facts['data']['fingerprint']}`" in card
    assert f"samples searched on: {N}" in card
    assert f"{ensemble.result['oof']:.4f}" in card
    low, high = ensemble.result["oof_interval"]
    assert f"{low:.4f} to {high:.4f}" in card
    assert f"test set: mae | {ensemble.result['test']['mae']:.4f}" in card
    assert "consulted" in card
    assert f"{facts['baseline']:.4f}" in card
    assert f"keras {keras.__version__}" in card
    assert f"keras=={keras.__version__}" in (exported / "requirements.txt").read_text()


def test_no_file_of_an_export_mentions_a_path_of_this_machine(ensemble, exported):
    for path in exported.rglob("*"):
        if path.suffix in (".py", ".md", ".json", ".txt"):
            assert str(ensemble.study.directory.parent) not in path.read_text()


def test_exporting_does_not_consult_the_test_set(ensemble, tmp_path):
    before = len(ensemble.study.test_consultations)

    export(ensemble, tmp_path / "export")

    assert len(ensemble.study.test_consultations) == before


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 4)), r"x must have shape \(n_samples, 3.*Received: \(2, 4\)"),
        (np.zeros((0, 3)), "there are no samples"),
        ({"a": np.zeros((2, 3))}, "expected one array, x. Received: \\['a'\\]"),
        (np.array([[1, "a", None]], dtype=object), "array of Python objects"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x, message, exported):
    assert re.search(message, refusal(exported, x))


# ---------------------------------------------------------------- tampering


def edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["members"][0]["models"][0] |= changes
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["../x.keras", "models/../../x.keras", "/x.keras"])
def test_a_path_that_leaves_the_folder_is_refused(name, exported):
    (exported.parent / "x.keras").touch()
    edit_manifest(exported, file=name)

    assert f"'{name}' leads out of" in refusal(exported, np.zeros((1, 3)))


def test_an_absolute_path_into_the_folder_is_refused_too(exported):
    edit_manifest(exported, file=str(exported / "README.md"))

    assert "leads out of" in refusal(exported, np.zeros((1, 3)))


def test_a_link_that_leaves_the_folder_is_refused(exported, tmp_path):
    (tmp_path / "elsewhere.keras").touch()
    (exported / "models" / "link.keras").symlink_to(tmp_path / "elsewhere.keras")
    edit_manifest(exported, file="models/link.keras")

    assert "leads out of" in refusal(exported, np.zeros((1, 3)))


def test_a_module_that_is_none_of_the_export_is_not_run(exported):
    steps = exported / "preprocessing" / "000.json"
    own = {"kind": "own", "module": "os", "function": "getcwd", "arrays": {}, "models": {}}
    steps.write_text(json.dumps(own))

    assert "'os' is no module of this folder" in refusal(exported, np.zeros((1, 3)))


def save_lambda(path):
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs)).save(path)


def test_a_model_with_a_lambda_is_refused(exported):
    save_lambda(next((exported / "models").glob("000-*.keras")))

    assert "cannot be loaded safely" in refusal(exported, np.zeros((1, 3)))


def test_arrays_of_objects_are_refused_and_not_unpickled(exported):
    harm = Harm(str(exported / "harm"))
    np.savez(exported / "preprocessing" / "000.npz", np.array([harm], dtype=object))

    assert "allow_pickle=False" in refusal(exported, np.zeros((1, 3)))
    assert not (exported / "harm").exists()


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_lambda_that_came_into_a_study_is_not_exported(tmp_path):
    made = combined(tmp_path, make_task(), trials=1)
    save_lambda(made.study.model_paths(0)[0])

    with pytest.raises(HPOError, match="Lambda layer, which is code"):
        export(made, tmp_path / "export")


# ---------------------------------------------------------------- without hpo


def site_without_hpo(folder):
    """A folder of links to all that is installed but hpo and the tasks."""
    folder.mkdir()
    for entry in Path(np.__file__).parent.parent.iterdir():
        if "hpo" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.mark.slow  # a new environment, and TensorFlow imported anew
def test_an_export_predicts_in_an_environment_without_hpo(ensemble, exported, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(str(site_without_hpo(tmp_path / "others")))
    x = load(None).x_test
    np.savez(tmp_path / "x.npz", x=x)
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*arguments):
        return subprocess.run(
            [str(python), *arguments],
            cwd=exported,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )

    for module in ("hpo", "hpo_tasks"):
        assert "ModuleNotFoundError" in run("-c", f"import {module}").stderr
    done = run("predict.py", str(tmp_path / "x.npz"), str(tmp_path / "out.npz"))

    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_allclose(arrays["predictions"], ensemble.predict(x), atol=1e-5)
    wrong = run("predict.py", str(tmp_path / "missing.npz"), str(tmp_path / "other.npz"))
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1].startswith("predict.py: ")


def test_own_functions_are_written_with_what_they_need(tmp_path):
    fitted = Doubled().fit(NUMBERS)

    describe(fitted, Arrays("a test"), Store(tmp_path))

    source = (tmp_path / "own_double.py").read_text()
    assert "OFFSET = 3.0" in source
    assert "sklearn" not in source


def test_saved_models_keep_their_members_weights(ensemble, exported):
    manifest = json.loads((exported / "manifest.json").read_text())

    assert [m["weight"] for m in manifest["members"]] == pytest.approx([*ensemble.weights.values()])
    for member in manifest["members"]:
        for saved in member["models"]:
            assert zipfile.is_zipfile(exported / saved["file"])
