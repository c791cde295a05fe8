"""Exports of small studies: they predict what the ensemble predicts, without hpo."""

import dataclasses
import json
import os

import keras
import numpy as np
import pytest
from exporting.exports import assert_same, combined, imported, predict_with

import hpo
from hpo import Data, HPOError
from hpo.errors import UsageError
from hpo.exporting import export
from hpo.plugins import load_space, load_task
from tasks import linear_data, linear_task, text_data

# ---------------------------------------------------------------- the same predictions


@pytest.mark.parametrize("scaling", ["standard", "power", "quantile"])
def test_an_export_of_a_table_predicts_the_same(scaling, tmp_path):
    boston = load_task("boston")
    space = load_space("boston").override([f"scaling={scaling}", "units_1=16"])
    task = dataclasses.replace(boston, space=space, cv="kfold:2", epochs=2)
    made = combined(tmp_path, task, method="greedy")

    folder = export(made, tmp_path / "export").directory

    assert_same(made, folder, boston.load(None).x_test)


@pytest.mark.parametrize(
    "branch",
    ["architecture=bag ngrams=2 weighting=tfidf num_features=5000", "architecture=conv"],
)
def test_an_export_of_texts_predicts_the_same(branch, tmp_path):
    task = dataclasses.replace(
        load_task("reuters"),
        space=load_space("reuters").override([*branch.split()]),
        load=lambda _data_dir: text_data(n_test=10),
        cv="kfold:2",
        epochs=1,
    )
    made = combined(tmp_path, task, trials=1)

    folder = export(made, tmp_path / "export").directory

    texts = text_data(n_test=10).x_test
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
    task = linear_task(
        load=load_two, model=two_outputs, preprocessor=None, objective="val_price_mae"
    )
    made = combined(tmp_path, task, trials=3, method="stacking")

    folder = export(made, tmp_path / "export").directory

    assert set(json.loads((folder / "manifest.json").read_text())["stacking"]) == {"price", "kind"}
    assert_same(made, folder, load_two(None).x)


def test_an_export_of_refitted_members_predicts_the_same(ensemble, tmp_path):
    made = hpo.ensemble(ensemble.study, task=ensemble.task, method="mean", refit=True, seeds=2)

    folder = export(made, tmp_path / "export").directory

    assert len([*(folder / "models").iterdir()]) == 4
    assert len([*(folder / "preprocessing").iterdir()]) == 2
    assert_same(made, folder, linear_data().x_test)


# ---------------------------------------------------------------- what cannot be exported


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
    made = combined(tmp_path, linear_task(model=with_own_layer), trials=1)

    with pytest.raises(HPOError, match=r"Doubling.*without the plugin"):
        export(made, tmp_path / "export")

    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_folder_that_holds_something_is_not_written_to(ensemble, tmp_path):
    (tmp_path / "mine.txt").touch()

    with pytest.raises(UsageError, match="not an empty folder"):
        export(ensemble, tmp_path)


def test_a_link_to_an_empty_folder_stays_one(ensemble, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")

    exported = export(ensemble, tmp_path / "link")

    assert exported.directory == tmp_path / "folder"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "link" / "manifest.json").is_file()


@pytest.mark.parametrize("name", ["/dev/null", "fifo", "file", "file/export"])
def test_what_is_not_a_folder_is_not_replaced_by_one(ensemble, tmp_path, name):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=f"{name} (is not a folder|lies below)"):
        export(ensemble, tmp_path / name)


# ---------------------------------------------------------------- what lies in the folder


def test_no_file_of_an_export_mentions_a_path_of_this_machine(ensemble, exported):
    for path in exported.rglob("*"):
        if path.suffix in (".py", ".md", ".json", ".txt"):
            assert str(ensemble.study.directory.parent) not in path.read_text()


def test_exporting_does_not_consult_the_test_set(ensemble, tmp_path):
    before = len(ensemble.study.test_consultations)

    export(ensemble, tmp_path / "export")

    assert len(ensemble.study.test_consultations) == before
