"""Classes, labels, steps and logits mean the same in baseline, ensemble, tables and exports."""

import csv
import dataclasses
import io

import keras
import numpy as np
import pytest
from exporting.exports import imported
from sklearn.base import BaseEstimator

import hpo
from hpo import Data, Float, Space, Task
from hpo.exporting import export
from hpo.predicting import look_into, predict_file
from hpo.study import mistakes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
WORDS = RNG.integers(0, 9, (60, 5)).astype("int32")
CLASSES = X[:, :3].argmax(axis=1)
LABELS = (X[:, :3] > 0.5).astype("float32")
TAGS = np.where(WORDS < 6, 0, WORDS - 5)
PIXELS = (X.reshape(60, 2, 2) > 0).astype("int32")


def task(x, y, layers, loss, metrics=("accuracy",), **settings):
    names = settings.pop("class_names", None)

    def load(_data_dir):
        return Data(x=x[:48], y=y[:48], class_names=names, x_test=x[48:], y_test=y[48:])

    def model(params, data):
        del data
        network = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype.name), *layers()])
        network.compile(keras.optimizers.Adam(params["rate"]), loss, metrics=list(metrics))
        return network

    space = Space({"rate": Float(0.01, 0.1, log=True, default=0.05)})
    more = {"objective": "val_accuracy", "cv": "kfold:2", "epochs": 2, **settings}
    return Task(name="kinds", load=load, model=model, space=space, **more)


def run(folder, made):
    study = hpo.run(made, trials=1, runs=folder)
    return hpo.ensemble(study, task=made, method="mean")


def by_hand(ensemble, x, activation=lambda outputs: outputs):
    """The mean of what the fold models predict, after an activation."""
    outputs = []
    for path in ensemble.study.files.model_paths(0):
        model = keras.saving.load_model(path, compile=False)
        outputs.append(activation(model.predict(x, verbose=0)))
    return np.mean(outputs, axis=0)


def softmax(outputs):
    exponents = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def sigmoid(outputs):
    return 1 / (1 + np.exp(-outputs))


def table(ensemble, x, folder):
    """What hpo predict prints, by column."""
    np.savez(folder / "x.npz", x=x)
    path = folder / "predictions.csv"
    predict_file(ensemble, look_into(ensemble.study, folder / "x.npz", path), path)
    rows = [*csv.DictReader(io.StringIO(path.read_text()))]
    return {name: [row[name] for row in rows] for name in rows[0]}


def exported(ensemble, x, folder):
    """The predictions and labels of an export."""
    directory = export(ensemble, folder / "export").directory
    with imported(directory) as module:
        predictions = module.predict(x)
        return predictions, module.labels(predictions)


def numbers(columns, *names):
    return np.stack([np.array(columns[name], float) for name in names], axis=-1)


def test_of_several_labels_all_above_the_threshold_are_predicted(tmp_path):
    layers = lambda: [keras.layers.Dense(3, "sigmoid")]  # noqa: E731
    names = ["red", "round", "old"]
    ensemble = run(tmp_path, task(X, LABELS, layers, "binary_crossentropy", class_names=names))
    expected = by_hand(ensemble, X)
    joined = [";".join(np.array(names)[row]) for row in expected > 0.5]

    columns = table(ensemble, X, tmp_path)
    predictions, labels = exported(ensemble, X, tmp_path)

    assert columns["labels"] == labels.tolist() == joined
    assert "" in joined
    assert any(";" in labels for labels in joined)
    shown = numbers(columns, "probability_red", "probability_round", "probability_old")
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    np.testing.assert_allclose(predictions, expected, atol=1e-6)
    hits = ((expected[48:] > 0.5) == (LABELS[48:] == 1)).mean()
    assert ensemble.result["test"]["binary_accuracy"] == pytest.approx(hits, abs=1e-6)
    worst = mistakes.load(ensemble.study)
    assert all(set(one.truth.split(";")) <= {*names, "none"} for one in worst[0].samples)


def test_every_step_has_a_class_of_its_own(tmp_path):
    layers = lambda: [keras.layers.Embedding(9, 4), keras.layers.Dense(4, "softmax")]  # noqa: E731
    made = task(WORDS, TAGS, layers, "sparse_categorical_crossentropy")
    ensemble = run(tmp_path, made)
    expected = by_hand(ensemble, WORDS)

    columns = table(ensemble, WORDS, tmp_path)
    predictions, labels = exported(ensemble, WORDS, tmp_path)

    assert ensemble.study.facts.baseline == pytest.approx((TAGS[:48] == 0).mean(), abs=1e-6)
    hits = (expected[48:].argmax(axis=-1) == TAGS[48:]).mean()
    assert ensemble.result["test"]["accuracy"] == pytest.approx(hits, abs=1e-6)
    np.testing.assert_array_equal(labels, expected.argmax(axis=-1).astype(str))
    assert columns["label_3"] == labels[:, 3].tolist()
    np.testing.assert_allclose(numbers(columns, "probability_3_1")[:, 0], expected[:, 3, 1], 1e-5)
    np.testing.assert_allclose(predictions, expected, atol=1e-6)


def test_every_pixel_has_one_of_two_classes(tmp_path):
    layers = lambda: [keras.layers.Reshape((2, 2, 1)), keras.layers.Dense(1, "sigmoid")]  # noqa: E731
    made = task(X, PIXELS[..., None], layers, "binary_crossentropy", class_names=["off", "on"])
    ensemble = run(tmp_path, made)
    expected = by_hand(ensemble, X)[..., 0]

    columns = table(ensemble, X, tmp_path)
    _, labels = exported(ensemble, X, tmp_path)

    assert labels.tolist() == np.where(expected > 0.5, "on", "off").tolist()
    assert columns["label_1_0"] == labels[:, 1, 0].tolist()
    np.testing.assert_allclose(
        numbers(columns, "probability_1_0_off")[:, 0], 1 - expected[:, 1, 0], atol=1e-5
    )


def test_class_numbers_may_be_floats(tmp_path):
    layers = lambda: [keras.layers.Dense(3, "softmax")]  # noqa: E731
    loss = "sparse_categorical_crossentropy"
    whole = run(tmp_path / "whole", task(X, CLASSES, layers, loss))
    floats = run(tmp_path / "floats", task(X, CLASSES.astype("float64"), layers, loss))

    assert floats.study.facts.baseline == whole.study.facts.baseline
    assert floats.result["oof"] == whole.result["oof"]
    assert floats.result["test"] == whole.result["test"]
    tmp_path = tmp_path / "floats"
    assert set(table(floats, X, tmp_path)["label"]) <= {"0", "1", "2"}


def test_logits_of_several_classes_are_shown_as_probabilities(tmp_path):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    layers = lambda: [keras.layers.Dense(3)]  # noqa: E731
    made = task(X, CLASSES, layers, loss, class_names=["a", "b", "c"])
    ensemble = run(tmp_path, made)
    expected = by_hand(ensemble, X, softmax)

    columns = table(ensemble, X, tmp_path)
    predictions, labels = exported(ensemble, X, tmp_path)

    shown = numbers(columns, "probability_a", "probability_b", "probability_c")
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    np.testing.assert_allclose(predictions, expected, atol=1e-6)
    np.testing.assert_allclose(ensemble.predict(X), expected, atol=1e-6)
    assert labels.tolist() == np.array(["a", "b", "c"])[expected.argmax(axis=1)].tolist()
    entropy = -np.log(expected[np.arange(48, 60), CLASSES[48:]]).mean()
    assert ensemble.result["test"]["cross_entropy"] == pytest.approx(entropy, abs=1e-6)
    score = ensemble.study.trials[0].score
    assert ensemble.result["best_single_oof"] == pytest.approx(score, abs=1e-6)


def test_the_logits_of_two_classes_are_cut_at_zero(tmp_path):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    layers = lambda: [keras.layers.Dense(1)]  # noqa: E731
    settings = {"objective": "val_binary_accuracy", "class_names": ["no", "yes"]}
    made = task(
        X, CLASSES // 2, layers, loss, [keras.metrics.BinaryAccuracy(threshold=0.0)], **settings
    )
    ensemble = run(tmp_path, made)
    expected = by_hand(ensemble, X, sigmoid)[:, 0]

    columns = table(ensemble, X, tmp_path)
    _, labels = exported(ensemble, X, tmp_path)

    assert columns["label"] == labels.tolist() == np.where(expected > 0.5, "yes", "no").tolist()
    np.testing.assert_allclose(numbers(columns, "probability_yes")[:, 0], expected, atol=1e-5)
    hits = ((expected[48:] > 0.5) == CLASSES[48:] // 2).mean()
    assert ensemble.result["test"]["accuracy"] == pytest.approx(hits, abs=1e-6)


def test_a_metric_of_ones_own_gets_the_logits_that_the_model_predicts(tmp_path):
    def metric(y_true, y_pred):
        assert y_pred.min() < 0
        return float(-np.log(softmax(y_pred)[np.arange(len(y_true)), y_true]).mean())

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    layers = lambda: [keras.layers.Dense(3)]  # noqa: E731
    ensemble = run(tmp_path, task(X, CLASSES, layers, loss, objective="val_loss", metric=metric))

    score = ensemble.study.trials[0].score
    assert ensemble.result["best_single_oof"] == pytest.approx(score, abs=1e-5)


def test_scores_on_an_unknown_scale_are_not_called_probabilities(tmp_path):
    def loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    made = task(X, CLASSES, lambda: [keras.layers.Dense(3)], loss, class_names=["a", "b", "c"])
    ensemble = run(tmp_path, made)
    expected = by_hand(ensemble, X)

    columns = table(ensemble, X, tmp_path)

    assert list(columns) == ["label", "score_a", "score_b", "score_c"]
    assert columns["label"] == np.array(["a", "b", "c"])[expected.argmax(axis=1)].tolist()
    np.testing.assert_allclose(numbers(columns, "score_b")[:, 0], expected[:, 1], rtol=1e-4)


def test_classes_that_are_numbered_from_one_are_named_before_training(tmp_path):
    layers = lambda: [keras.layers.Dense(3, "softmax")]  # noqa: E731
    made = task(X, CLASSES + 1, layers, "sparse_categorical_crossentropy")

    (trial,) = hpo.run(made, trials=1, runs=tmp_path).trials

    assert trial.reason.startswith("Task 'kinds': y holds classes 1 to 3, but the model's output")
    assert trial.epochs_trained is None


def test_texts_beside_numbers_are_predicted_from_files_and_exports_alike(tmp_path):
    texts = np.empty(60, object)
    texts[:] = [RNG.integers(1, 9, RNG.integers(2, 6)).astype("int32") for _ in range(60)]
    padded = np.zeros((60, 6), "int32")
    for row, text in enumerate(texts):
        padded[row, : len(text)] = text

    def load(_data_dir):
        return Data(x={"text": texts, "n": X}, y=CLASSES)

    def model(params, data):
        words, numbers = keras.Input((9,), name="text"), keras.Input((4,), name="n")
        output = keras.layers.Dense(3, "softmax")(keras.layers.Concatenate()([words, numbers]))
        network = keras.Model({"text": words, "n": numbers}, output)
        network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return network

    made = Task(
        name="texts",
        load=load,
        model=model,
        preprocessor=lambda _params: Counts(),
        space=Space({"unused": Float(0.0, 1.0, default=0.5)}),
        objective="val_accuracy",
        cv="kfold:2",
        epochs=2,
    )
    study = hpo.run(made, trials=1, runs=tmp_path)
    ensemble = hpo.ensemble(study, task=made, method="mean")
    np.savez(tmp_path / "x.npz", text=padded, n=X)
    path = tmp_path / "predictions.csv"

    predict_file(ensemble, look_into(study, tmp_path / "x.npz", path), path)

    rows = [*csv.DictReader(io.StringIO(path.read_text()))]
    shown = np.array([[float(row[f"probability_{k}"]) for k in range(3)] for row in rows])
    counts = Counts().transform({"text": texts, "n": X})
    np.testing.assert_allclose(shown, by_hand(ensemble, counts), atol=1e-5)
    np.savez(tmp_path / "x.npz", text=padded, n=X[:, :1].repeat(4, axis=1)[:, :, None])
    with pytest.raises(hpo.HPOError, match=r"n must have shape \(n_samples, 4\)"):
        look_into(study, tmp_path / "x.npz", path)


class Counts(BaseEstimator):
    """Counts the words of a text; numbers stay as they are."""

    def fit(self, _x, _y=None):
        return self

    def transform(self, x):
        return {"text": np.stack([np.bincount(t, minlength=9) for t in x["text"]]), "n": x["n"]}


def test_a_baseline_leaves_out_what_the_metric_leaves_out(tmp_path):
    padding = 3
    tags = np.where(RNG.random(WORDS.shape) < 0.5, padding, WORDS % 3)

    def metric(y_true, y_pred):
        return float((y_pred.argmax(axis=-1) == y_true)[y_true != padding].mean())

    layers = lambda: [keras.layers.Embedding(9, 4), keras.layers.Dense(4, "softmax")]  # noqa: E731

    def compiled(y_true, y_pred):
        hits = keras.ops.cast(keras.ops.argmax(y_pred, axis=-1), "int32") == y_true
        counted = keras.ops.cast(y_true != padding, "float32")
        return keras.ops.sum(keras.ops.cast(hits, "float32") * counted) / keras.ops.sum(counted)

    made = task(
        WORDS,
        tags.astype("int32"),
        layers,
        "sparse_categorical_crossentropy",
        [compiled],
        objective="val_compiled",
        direction="maximize",
        metric=metric,
        batch_size=48,
        cv="predefined",
    )
    folds = np.arange(48) % 2
    load = made.load
    made = dataclasses.replace(
        made, load=lambda folder: dataclasses.replace(load(folder), folds=folds)
    )
    ensemble = run(tmp_path, made)

    expected = []
    for fold in (0, 1):
        train, kept = tags[:48][folds != fold], tags[:48][folds == fold]
        counts = np.bincount(train[train != padding], minlength=3)
        expected.append((kept[kept != padding] == counts.argmax()).mean())
    assert ensemble.study.facts.baseline == pytest.approx(np.mean(expected), abs=1e-6)
    assert any("the other metrics on the test set count all" in n for n in ensemble.record.notes)
