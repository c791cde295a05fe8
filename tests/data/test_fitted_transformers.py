"""The transformers that models were trained behind, fitted once for all who ask for the same."""

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from hpo import Data, Task
from hpo.data.preprocessing import FoldCache
from hpo.data.splits import Split, split

X = np.random.default_rng(0).normal(5, 3, (12, 2))
DATA = Data(x=X, y=np.linspace(0, 1, 12))


def cache(preprocessor, splits=None):
    task = Task(
        name="demo",
        load=lambda _data_dir: None,
        model=lambda _params, _data: None,
        space="demo",
        objective="val_mae",
        preprocessor=preprocessor,
    )
    return FoldCache(task, DATA, splits or split("kfold:3", DATA))


def test_every_fold_has_a_transformer_fitted_on_its_training_part():
    folds = cache(lambda _params: StandardScaler())

    for cut, transformer in zip(split("kfold:3", DATA), folds.transformers({}), strict=True):
        np.testing.assert_allclose(transformer.mean_, X[cut.train].mean(axis=0))


def test_equal_configurations_share_their_fitted_transformers():
    folds = cache(lambda params: MinMaxScaler((0, params["high"])))

    first, again = folds.transformers({"high": 1, "a": 0}), folds.transformers({"high": 1, "a": 1})

    assert all(one is other for one, other in zip(first, again, strict=True))
    assert folds.transformers({"high": 2})[0] is not first[0]


def test_samples_and_transformers_belong_together_whichever_is_asked_for_first():
    folds = cache(lambda _params: StandardScaler())

    fitted = folds.transformers({})

    for fold, transformer in zip(folds.get({}), fitted, strict=True):
        np.testing.assert_array_equal(fold.x, transformer.transform(X).astype("float32"))
    assert folds.transformers({}) is fitted


def test_without_a_preprocessor_there_is_nothing_to_fit():
    assert cache(None).transformers({}) == [None] * 3
    assert cache(lambda _params: None).transformers({}) == [None] * 3


def test_a_split_without_validation_is_fitted_on_all_samples():
    rows = np.arange(12)

    (transformer,) = cache(lambda _params: StandardScaler(), [Split(rows, rows[:0])]).transformers(
        {}
    )

    np.testing.assert_allclose(transformer.mean_, X.mean(axis=0))
