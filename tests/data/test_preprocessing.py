import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
    TargetEncoder,
)

from hpo import Data
from hpo.data import preprocessing
from hpo.data.preprocessing import FoldCache, compact, fit, transform
from hpo.data.splits import split
from hpo.errors import HPOError
from tasks import bare_task

X = np.random.default_rng(0).normal(5, 3, (12, 2))
Y = np.linspace(0, 1, 12)


def cache(preprocessor=None, x=X, y=Y, **more):
    data = Data(x=x, y=y, **more)
    return FoldCache(bare_task(preprocessor=preprocessor), data, split("kfold:3", data))


def scaler(_params):
    return StandardScaler()


# ---------------------------------------------------------------- leakage


class Slopes(TransformerMixin, BaseEstimator):
    """Scales every column by how it goes with the target."""

    def fit(self, x, y):
        self.slopes_ = x.T @ y
        return self

    def transform(self, x):
        return x * self.slopes_


def test_a_preprocessor_is_fitted_on_the_training_part_only():
    for fold in cache(scaler).get({}):
        np.testing.assert_allclose(fold.x[fold.train].mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(fold.x[fold.train].std(axis=0), 1, atol=1e-5)
        assert abs(fold.x[fold.validation].mean()) > 1e-3


@pytest.mark.parametrize("poisoned", ["x", "y"])
def test_what_is_validated_on_cannot_change_what_is_trained_on(poisoned):
    def both(_params):
        return make_pipeline(StandardScaler(), Slopes())

    clean = cache(both).get({})
    for number, fold in enumerate(clean):
        arrays = {"x": X.copy(), "y": Y.copy()}
        arrays[poisoned][fold.validation] = 1e9

        same_fold = cache(both, **arrays).get({})[number]

        np.testing.assert_array_equal(same_fold.x[fold.train], fold.x[fold.train])


CATEGORIES = np.random.default_rng(1).integers(0, 6, (40, 1))
NOISE = np.random.default_rng(2).normal(size=40)


def encoder(_params):
    return TargetEncoder(target_type="continuous", smooth=0.0, random_state=0)


@pytest.mark.filterwarnings("ignore:`TargetEncoder:FutureWarning")
def test_training_rows_are_transformed_by_fit_transform_and_others_by_transform():
    for fold in cache(encoder, CATEGORIES, NOISE).get({}):
        by_hand = encoder({})
        expected = by_hand.fit_transform(CATEGORIES[fold.train], NOISE[fold.train])
        np.testing.assert_allclose(fold.x[fold.train], expected, atol=1e-6)
        others = by_hand.transform(CATEGORIES[fold.validation])
        np.testing.assert_allclose(fold.x[fold.validation], others, atol=1e-6)
        # transform tells a row of a category its own target.
        assert not np.allclose(fold.x[fold.train], by_hand.transform(CATEGORIES[fold.train]))


@pytest.mark.filterwarnings("ignore:`TargetEncoder:FutureWarning")
def test_a_pipeline_passes_fit_transform_on_to_its_steps():
    def pipeline(params):
        return make_pipeline(encoder(params), StandardScaler())

    for fold in cache(pipeline, CATEGORIES, NOISE).get({}):
        expected = pipeline({}).fit_transform(CATEGORIES[fold.train], NOISE[fold.train])
        np.testing.assert_allclose(fold.x[fold.train], expected, atol=1e-6)


class Halved(BaseEstimator):
    """Has no fit_transform of its own."""

    def fit(self, _x, _y):
        self.is_fitted_ = True
        return self

    def transform(self, x):
        return x / 2


def test_a_transformer_without_fit_transform_is_fitted_and_transforms():
    for fold in cache(lambda _params: Halved()).get({}):
        np.testing.assert_allclose(fold.x, X / 2, rtol=1e-6)


class Lopsided(Halved):
    """Makes one column more of the rows that it is fitted on."""

    def fit_transform(self, x, y):
        return np.column_stack([x, y])


def test_training_rows_of_another_shape_are_refused():
    with pytest.raises(HPOError, match=r"different shapes: \(3,\) and \(2,\)"):
        cache(lambda _params: Lopsided()).get({})


def test_validation_samples_are_made_as_training_samples_are():
    for fold in cache(scaler).get({}):
        by_hand = StandardScaler().fit(X[fold.train]).transform(X).astype("float32")

        np.testing.assert_array_equal(fold.x, by_hand)


def test_a_preprocessor_that_works_in_place_leaves_the_data_alone():
    x = X.copy()

    folds = cache(lambda _params: StandardScaler(copy=False), x=x).get({})

    np.testing.assert_array_equal(x, X)
    for fold, untouched in zip(folds, cache(scaler).get({}), strict=True):
        np.testing.assert_allclose(fold.x, untouched.x, atol=1e-6)


def test_the_preprocessor_that_the_task_gave_stays_unfitted():
    given = StandardScaler()

    cache(lambda _params: given).get({})

    assert not hasattr(given, "mean_")


def test_fitting_gives_a_fitted_copy():
    given = StandardScaler()

    fitted = fit(given, Data(x=X, y=Y), np.array([0, 2, 4]))

    np.testing.assert_allclose(fitted.mean_, X[[0, 2, 4]].mean(axis=0))
    assert fitted is not given


# ---------------------------------------------------------------- the cache


def test_equal_preprocessors_share_their_folds():
    folds = cache(lambda params: MinMaxScaler((0, params["high"])))

    first, again = folds.get({"high": 1, "layers": 2}), folds.get({"high": 1, "layers": 3})

    assert first is again


def test_different_preprocessors_do_not_share_their_folds():
    folds = cache(lambda params: MinMaxScaler((0, params["high"])))

    low, high = folds.get({"high": 1})[0], folds.get({"high": 2})[0]

    np.testing.assert_allclose(high.x, 2 * low.x, rtol=1e-6)


def test_different_kinds_of_preprocessors_do_not_share_their_folds():
    made = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "none": None}
    folds = cache(lambda params: made[params["kind"]])

    found = [folds.get({"kind": kind})[0].x for kind in made]

    assert len({array.tobytes() for array in found}) == 3


def test_pipelines_are_told_apart_by_what_stands_deep_inside():
    def pipeline(params):
        return make_pipeline(StandardScaler(), MinMaxScaler((0, params["high"])))

    folds = cache(pipeline)

    assert folds.get({"high": 1}) is folds.get({"high": 1})
    assert folds.get({"high": 1}) is not folds.get({"high": 2})


class Shift(TransformerMixin, BaseEstimator):
    """Adds something to every sample."""

    def __init__(self, by):
        self.by = by

    def fit(self, _x, _y=None):
        return self

    def transform(self, x):
        return x + np.sum(self.by)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(5000), np.eye(1, 5000, 2500)[0]),
        (np.array([1.0]), np.array([1.0 + 1e-10])),
        (np.array([1.0]), np.array([1.0], "float32")),
    ],
    ids=["in the middle", "in the last digits", "in type"],
)
def test_preprocessors_are_told_apart_by_long_and_precise_arrays(one, other):
    folds = cache(lambda params: Shift(params["by"]))

    assert folds.get({"by": one}) is not folds.get({"by": other})
    assert folds.get({"by": one}) is folds.get({"by": one.copy()})


def test_functions_made_anew_are_not_taken_for_each_other():
    folds = cache(lambda params: FunctionTransformer(lambda x: x + params["by"]))

    for by in range(20):
        np.testing.assert_allclose(folds.get({"by": by})[0].x, X + by, rtol=1e-6)


def test_the_cache_forgets_what_was_not_asked_for_lately(monkeypatch):
    folds = cache(lambda params: MinMaxScaler((0, params["high"])))
    of_one = folds.get({"high": 1})
    size = sum(fold.x.nbytes for fold in of_one)
    monkeypatch.setattr(preprocessing, "CACHE_BYTES", 2 * size)

    of_two = folds.get({"high": 2})
    assert folds.get({"high": 1}) is of_one
    folds.get({"high": 3})

    assert folds.get({"high": 1}) is of_one
    assert folds.get({"high": 2}) is not of_two


def test_the_cache_keeps_the_latest_folds_and_no_more_however_large(monkeypatch):
    monkeypatch.setattr(preprocessing, "CACHE_BYTES", 0)
    folds = cache(lambda params: MinMaxScaler((0, params["high"])))

    first = folds.get({"high": 1})
    assert folds.get({"high": 1}) is first
    folds.get({"high": 2})

    assert folds.get({"high": 1}) is not first


# ---------------------------------------------------------------- rows of different lengths


class Padded(TransformerMixin, BaseEstimator):
    """Pads lists of numbers, in a way that would spoil them for the next fold."""

    def __init__(self, *, named=False):
        self.named = named

    def fit(self, x, _y=None):
        self.longest_ = max(map(len, x))
        return self

    def transform(self, x):
        out = np.zeros((len(x), self.longest_), "int32")
        for row, values in enumerate(x):
            part = values[: self.longest_]
            out[row, : len(part)] = part
            values[:] = 0
        return {"ids": out, "lengths": (out > 0).sum(axis=1)} if self.named else out


@pytest.fixture
def lists():
    """Sample n is n + 1 times the number n + 1."""
    rows = np.empty(12, object)
    for n in range(12):
        rows[n] = np.full(n + 1, n + 1, "int32")
    return rows


def test_rows_of_different_lengths_are_turned_into_numbers_in_every_fold(lists):
    folds = cache(lambda _params: Padded(), x=lists).get({})

    for fold in folds:
        assert fold.x.dtype == np.int32
        assert fold.x.shape == (12, max(fold.train) + 1)
        np.testing.assert_array_equal(fold.x[:, 0], np.arange(12) + 1)


def test_rows_of_different_lengths_may_become_several_inputs(lists):
    folds = cache(lambda _params: Padded(named=True), x=lists)

    fold = folds.get({})[0]

    assert {name: len(array) for name, array in fold.x.items()} == {"ids": 12, "lengths": 12}
    assert folds.cached_bytes >= fold.x["ids"].nbytes


# ---------------------------------------------------------------- no preprocessor


@pytest.mark.parametrize("preprocessor", [None, lambda _params: None], ids=["none", "for now"])
def test_without_a_preprocessor_all_folds_share_the_arrays(preprocessor):
    x, y = X.astype("float32"), Y.astype("float32")

    folds = cache(preprocessor, x=x, y=y).get({})

    assert len(folds) == 3
    assert all(fold.x is x for fold in folds)
    assert all(fold.y is y for fold in folds)


def test_without_a_preprocessor_double_precision_is_halved_once():
    folds = cache().get({})

    assert folds[0].x.dtype == folds[0].y.dtype == np.float32
    assert all(fold.x is folds[0].x and fold.y is folds[0].y for fold in folds)
    np.testing.assert_allclose(folds[0].x, X, rtol=1e-6)


def test_folds_know_their_parts_and_weights():
    weights = np.arange(12.0)
    data = Data(x=X, y=Y, sample_weight=weights)
    splits = split("kfold:3", data)

    folds = FoldCache(bare_task(preprocessor=scaler), data, splits).get({})

    for fold, cut in zip(folds, splits, strict=True):
        np.testing.assert_array_equal(fold.train, cut.train)
        np.testing.assert_array_equal(fold.validation, cut.validation)
        np.testing.assert_array_equal(fold.sample_weight, weights)


# ---------------------------------------------------------------- kinds of arrays


class ScaleImage(TransformerMixin, BaseEstimator):
    """Scales one of two inputs."""

    def fit(self, x, _y=None):
        self.highest_ = x["image"].max()
        return self

    def transform(self, x):
        x["image"] /= self.highest_
        return x


def test_inputs_and_outputs_may_be_dicts():
    x = {"image": X.copy(), "text": np.arange(12)}
    y = {"price": Y, "kind": np.arange(12) % 2}

    folds = cache(lambda _params: ScaleImage(), x=x, y=y).get({})

    for fold in folds:
        assert fold.x["image"][fold.train].max() == 1.0
        np.testing.assert_array_equal(fold.x["text"], np.arange(12))
        assert fold.x["text"].dtype == x["text"].dtype
        assert fold.y["price"].dtype == np.float32
        np.testing.assert_array_equal(fold.y["kind"], y["kind"])
    np.testing.assert_array_equal(x["image"], X)


@pytest.mark.parametrize("sparse_output", [True, False])
def test_sparse_outputs_become_dense(sparse_output):
    x = np.arange(12).reshape(12, 1) % 3

    folds = cache(lambda _params: OneHotEncoder(sparse_output=sparse_output), x=x).get({})

    for fold in folds:
        assert type(fold.x) is np.ndarray
        assert fold.x.dtype == np.float32
        np.testing.assert_array_equal(fold.x, np.eye(3)[x[:, 0]])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("float64", "float32"),
        ("float32", "float32"),
        ("float16", "float16"),
        ("int64", "int64"),
        ("uint8", "uint8"),
        ("bool", "bool"),
    ],
)
def test_only_double_precision_is_changed(given, expected):
    assert compact(np.ones((2, 2), given)).dtype == expected


def test_arrays_that_fit_are_not_copied():
    array = np.ones(3, "float32")

    assert compact(array) is array
    assert compact({"a": array})["a"] is array


def test_sparse_matrices_become_arrays():
    dense = compact(sparse.csr_matrix(np.eye(3)))

    assert type(dense) is np.ndarray
    np.testing.assert_array_equal(dense, np.eye(3))


def test_samples_without_a_transformer_are_made_compact_only():
    np.testing.assert_array_equal(transform(None, X), X.astype("float32"))


@pytest.mark.parametrize(
    ("returned", "received"),
    [
        (StandardScaler, r"Received: the class StandardScaler. Return StandardScaler\(\)\."),
        (np.log1p, "Received: ufunc."),
        ([StandardScaler()], "Received: list."),
    ],
)
def test_what_is_no_transformer_is_refused(returned, received):
    with pytest.raises(HPOError, match=rf"must return a scikit-learn transformer.*{received}"):
        cache(lambda _params: returned).get({})
