import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
from exporting.exports import MODULES, NUMBERS, Doubled, imported
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

from hpo import HPOError
from hpo.data.preprocessing import transform
from hpo.exporting.steps import describe
from hpo.exporting.store import Arrays, Store
from hpo_tasks.bases import PretrainedFeatures
from hpo_tasks.pictures import Resize
from hpo_tasks.text import BagOfNgrams, PaddedSequences
from tasks import text_data

STANDALONE = Path(importlib.import_module("hpo.exporting").__file__).parent / "standalone"


HOLES = np.where(np.random.default_rng(1).random((50, 4)) < 0.2, np.nan, NUMBERS)


KINDS = np.array([["red", "square"], ["blue", "round"], ["red", "round"]])


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
    texts = text_data(n_test=10).x
    fitted = transformer.fit(texts[:30], np.arange(30) % 2)

    found = prepared(fitted, texts, tmp_path)

    for name, array in transform(fitted, texts).items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("keep", ["start", "end"])
def test_padded_sequences_written_as_data_are_the_same(keep, tmp_path):
    texts = text_data(n_test=10).x
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
        (FunctionTransformer(np.cumsum), "'cumsum' is not a NumPy function"),
        (SimpleImputer(add_indicator=True), "add_indicator"),
        (OneHotEncoder(max_categories=2), "max_categories"),
        (Late(), "Late cannot be exported: .* is not a function at the top level of a module"),
        (Foreign(), "Foreign cannot be exported: uses_sklearn uses transform"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_a_transformer_that_is_no_data_is_named(transformer, reason, tmp_path):
    fitted = transformer.fit(NUMBERS)

    with pytest.raises(HPOError, match=reason):
        describe(fitted, Arrays("a test"), Store(tmp_path))
