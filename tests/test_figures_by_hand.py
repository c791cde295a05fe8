"""The figures of trials, ensembles and pages are those that a user computes from the fold models.

Nothing here but the search, the ensemble and the page comes from hpo: folds are written out, fold
models are loaded with Keras, and scores are computed with NumPy or the metric as it was compiled.
"""

import re

import keras
import numpy as np
import pytest

import hpo
from hpo import Data, Float, Space, Task
from hpo.support import formats

N, N_TEST = 150, 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N + N_TEST, 4)).astype("float32")
RARE = (X[:, 0] + RNG.normal(size=len(X)) > 1.3).astype("int32")
CLASSES = (X[:, :3] + RNG.normal(scale=0.5, size=(len(X), 3))).argmax(axis=1)
LABELS = (X[:, :3] + RNG.normal(scale=0.7, size=(len(X), 3)) > 0.5).astype("float32")
WORDS = RNG.integers(0, 9, (len(X), 5)).astype("int32")
TAGS = np.where(RNG.random(WORDS.shape) < 0.2, 0, np.maximum(WORDS - 5, 0))
SERIES = np.cumsum(RNG.normal(size=len(X))).astype("float32")
WEIGHTS = np.where(RARE == 1, 4.0, 1.0)
FOLDS = np.arange(N) % 3


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def pr_auc(y, predicted, _weights):
    metric = keras.metrics.AUC(curve="PR")
    metric.update_state(y, predicted[:, 0])
    return float(metric.result())


def weighted_loss(y, predicted, weights):
    p = np.clip(predicted[:, 0].astype("float64"), 1e-7, 1 - 1e-7)
    losses = -np.where(y == 1, np.log(p), np.log(1 - p))
    return (losses * weights).mean()  # as Keras reduces a loss: over samples, not over weights


def cross_entropy(y, predicted, _weights):
    return -np.log(predicted[np.arange(len(y)), y].astype("float64")).mean()


def correct_labels(y, predicted, _weights):
    return ((predicted > 0.5) == (y == 1)).mean()


def correct_steps(y, predicted, _weights):
    return (predicted.argmax(axis=-1) == y).mean()


def absolute_error(y, predicted, _weights):
    return np.abs(predicted[:, 0].astype("float64") - y).mean()


def share(y, weights):
    return np.average(y, weights=weights)[None]


def frequencies(y, _weights):
    return np.bincount(y.ravel(), minlength=y.max() + 1) / y.size


def rates(y, _weights):
    return y.mean(axis=0)


def median(y, _weights):
    return np.median(y)[None]


def dense(units, activation=None):
    return lambda: [keras.layers.Dense(units, activation)]


def tagger():
    return [keras.layers.Embedding(9, 4), keras.layers.Dense(4, "softmax")]


ENTROPY = "sparse_categorical_crossentropy"
KINDS = {
    "pr-auc": {
        "y": RARE,
        "layers": dense(1, "sigmoid"),
        "loss": "binary_crossentropy",
        "metrics": lambda: [keras.metrics.AUC(curve="PR")],
        "objective": "val_auc",
        "score": pr_auc,
        "constant": share,
    },
    "weighted-loss": {
        "y": RARE,
        "weights": WEIGHTS,
        "layers": dense(1, "sigmoid"),
        "loss": "binary_crossentropy",
        "objective": "val_loss",
        "score": weighted_loss,
        "constant": share,
    },
    "logits": {
        "y": CLASSES,
        "layers": dense(3),
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "objective": "val_loss",
        "score": cross_entropy,
        "constant": frequencies,
        "activation": softmax,
    },
    "labels": {
        "y": LABELS,
        "layers": dense(3, "sigmoid"),
        "loss": "binary_crossentropy",
        "metrics": lambda: ["binary_accuracy"],
        "objective": "val_binary_accuracy",
        "score": correct_labels,
        "constant": rates,
    },
    "tags": {
        "x": WORDS,
        "y": TAGS,
        "layers": tagger,
        "loss": ENTROPY,
        "metrics": lambda: ["accuracy"],
        "objective": "val_accuracy",
        "score": correct_steps,
        "constant": frequencies,
    },
    "series": {
        "y": SERIES,
        "layers": dense(1),
        "loss": "mse",
        "metrics": lambda: ["mae"],
        "objective": "val_mae",
        "score": absolute_error,
        "constant": median,
        "cv": "time:3",
    },
}


class Kind:
    """One of the kinds, searched with two trials that are combined by their mean."""

    def __init__(self, name, folder):
        kind = KINDS[name]
        self.x, self.y = kind.get("x", X), kind["y"]
        self.weights = kind.get("weights", np.ones(len(X)))
        self.activation = kind.get("activation", lambda outputs: outputs)
        self.score = kind["score"]
        self.constant = kind["constant"]
        self.in_time = kind.get("cv") == "time:3"
        task = self.task(name, kind)
        self.study = hpo.run(task, trials=2, runs=folder, seed=0)
        self.ensemble = hpo.ensemble(self.study, task=task, method="mean")
        self.page = hpo.report(self.study).read_text()

    def task(self, name, kind):
        weights = self.weights[:N] if "weights" in kind else None

        def load(_data_dir):
            return Data(
                x=self.x[:N],
                y=self.y[:N],
                sample_weight=weights,
                folds=FOLDS,
                x_test=self.x[N:],
                y_test=self.y[N:],
            )

        def model(params, _data):
            network = keras.Sequential(
                [keras.Input(self.x.shape[1:], dtype=self.x.dtype.name), *kind["layers"]()]
            )
            metrics = kind.get("metrics", list)()
            network.compile(keras.optimizers.Adam(params["rate"]), kind["loss"], metrics=metrics)
            return network

        return Task(
            name=name,
            load=load,
            model=model,
            space=Space({"rate": Float(0.01, 0.2, log=True, default=0.1)}),
            objective=kind["objective"],
            cv=kind.get("cv", "predefined"),
            epochs=3,
        )

    def folds(self):
        if self.in_time:  # as TimeSeriesSplit(3) cuts 150 samples
            size = N // 4
            first = N - 3 * size
            return [np.arange(first + k * size, first + (k + 1) * size) for k in range(3)]
        return [np.flatnonzero(k == FOLDS) for k in range(3)]

    def predicted(self, trial, fold, rows):
        path = self.study.files.model_paths(trial)[fold]
        model = keras.saving.load_model(path, compile=False)
        return self.activation(model.predict(self.x[rows], verbose=0))

    def out_of_fold(self, trials):
        """The objective of the mean of some trials, fold by fold."""
        scores = []
        for fold, rows in enumerate(self.folds()):
            mean = np.mean([self.predicted(trial, fold, rows) for trial in trials], axis=0)
            scores.append(self.score(self.y[rows], mean, self.weights[rows]))
        return scores

    def on_test(self, trials):
        """The objective of what all fold models of some trials predict for the test set."""
        rows = np.arange(N, N + N_TEST)
        folds = [2] if self.in_time else [0, 1, 2]
        mean = np.mean([self.predicted(t, fold, rows) for t in trials for fold in folds], axis=0)
        return self.score(self.y[rows], mean, np.ones(N_TEST))

    def baseline(self):
        """The objective of the best constant, fitted on each training part."""
        scores = []
        for rows in self.folds():
            train = np.arange(rows[0]) if self.in_time else np.setdiff1d(np.arange(N), rows)
            constant = self.constant(self.y[train], self.weights[train])
            of_columns = self.y.shape[1:] == constant.shape
            shape = (len(rows), *self.y.shape[1:], *(() if of_columns else constant.shape))
            mean = np.broadcast_to(constant, shape)
            scores.append(self.score(self.y[rows], mean, self.weights[rows]))
        return np.mean(scores)


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    return Kind(request.param, tmp_path_factory.mktemp(request.param))


def test_trials_are_scored_as_their_fold_models_score(kind):
    for trial in kind.study.trials:
        expected = kind.out_of_fold([trial.number])
        assert trial.fold_scores == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_the_baseline_is_the_score_of_the_best_constant(kind):
    assert kind.study.facts.baseline == pytest.approx(kind.baseline(), rel=1e-6)


def test_the_claim_of_an_ensemble_is_the_score_of_its_members_mean(kind):
    expected = kind.out_of_fold([0, 1])
    result = kind.ensemble.result

    assert result["oof"] == pytest.approx(np.mean(expected), rel=1e-6)
    assert result["best_single_oof"] == pytest.approx(kind.study.best.score, abs=1e-6)


def test_the_test_score_is_that_of_the_mean_of_all_models(kind):
    metric = kind.study.settings.objective.removeprefix("val_")
    result = kind.ensemble.result

    scores = [value for name, value in result["test"].items() if name == metric]
    assert scores == pytest.approx([kind.on_test([0, 1])], abs=1e-6)
    alone = result["test_best_single"][metric]
    assert alone == pytest.approx(kind.on_test([kind.study.best.number]), abs=1e-6)


def test_the_page_shows_the_same_figures(kind):
    text = re.sub(r"<[^>]+>", " ", kind.page).replace("\u00a0", " ")
    figures = [kind.study.best.score, kind.ensemble.result["oof"], kind.on_test([0, 1])]

    for figure in figures:
        assert formats.number(figure) in text
