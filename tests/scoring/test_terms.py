"""The objective as it was compiled is what Keras logs, whatever its name and settings."""

import json

import numpy as np
import pytest

from hpo.errors import HPOError
from hpo.scoring.compiled import Compiled, Term
from hpo.scoring.terms import scorer_of_terms

N = 300
RNG = np.random.default_rng(0)
YES_OR_NO = (RNG.random(N) < 0.3).astype("int32")
CLASSES = RNG.integers(0, 4, N)
ROWS = np.eye(4)[CLASSES].astype("float32")
LABELS = (RNG.random((N, 4)) < 0.4).astype("float32")
QUANTITIES = RNG.normal(size=(N, 1)).astype("float32")
WEIGHTS = RNG.uniform(0.1, 5, N)


@pytest.fixture(scope="module")
def compiled_as():
    """Compile a small network, evaluate it with Keras, and read off what it was compiled with."""
    import keras

    from hpo.training.compiled import read_compiled

    x = RNG.normal(size=(N, 3)).astype("float32")

    def make(y, activation, loss, metric=None, *, weights=None, objective="measure", width=1):
        keras.utils.set_random_seed(0)
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(width, activation)])
        metrics = [] if metric is None else [metric]
        is_weighted = weights is not None
        network.compile(
            loss=loss,
            metrics=[] if is_weighted else metrics,
            weighted_metrics=metrics if is_weighted else None,
        )
        logs = network.evaluate(
            x, y, sample_weight=weights, batch_size=512, verbose=0, return_dict=True
        )
        predictions = {"": network.predict(x, verbose=0)}
        compiled = read_compiled(network, objective, predictions, batch_size=32)
        assert Compiled.from_json(json.loads(json.dumps(compiled.to_json()))) == compiled
        return compiled, logs[objective], {"": y}, predictions

    return make


def check(made, weights=None):
    compiled, logged, targets, predictions = made
    assert compiled.objective
    score = scorer_of_terms(compiled)(targets, predictions, weights)
    assert score == pytest.approx(logged, rel=2e-6, abs=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    ("name", "settings", "y", "width"),
    [
        ("AUC", {"curve": "PR"}, YES_OR_NO, 1),
        ("AUC", {"num_thresholds": 50}, YES_OR_NO, 1),
        ("AUC", {"curve": "PR", "summation_method": "minoring"}, YES_OR_NO, 1),
        ("AUC", {"multi_label": True, "num_labels": 4}, LABELS, 4),
        ("Precision", {"thresholds": 0.3}, YES_OR_NO, 1),
        ("Recall", {"thresholds": [0.3]}, YES_OR_NO, 1),
        ("Recall", {"class_id": 0}, LABELS, 4),
        ("BinaryAccuracy", {"threshold": 0.3}, YES_OR_NO, 1),
        ("F1Score", {"average": "macro", "threshold": 0.5}, LABELS, 4),
        ("F1Score", {"average": "macro"}, ROWS, 4),
        ("FBetaScore", {"average": "weighted", "beta": 2.0}, ROWS, 4),
        ("PrecisionAtRecall", {"recall": 0.5}, YES_OR_NO, 1),
        ("TopKCategoricalAccuracy", {"k": 2}, ROWS, 4),
        ("RootMeanSquaredError", {}, QUANTITIES, 1),
    ],
)
def test_a_metric_is_computed_with_its_settings(compiled_as, name, settings, y, width, weights):
    import keras

    metric = getattr(keras.metrics, name)(**settings, name="measure")
    y = y.reshape(N, -1).astype("float32")

    check(compiled_as(y, "sigmoid", "mse", metric, weights=weights, width=width), weights)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    ("name", "settings", "y", "activation", "width"),
    [
        ("BinaryCrossentropy", {"label_smoothing": 0.1}, YES_OR_NO, "sigmoid", 1),
        ("BinaryCrossentropy", {"from_logits": True}, YES_OR_NO, None, 1),
        ("BinaryFocalCrossentropy", {}, YES_OR_NO, "sigmoid", 1),
        ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ROWS, "softmax", 4),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, CLASSES, None, 4),
        ("SparseCategoricalCrossentropy", {"ignore_class": 0}, CLASSES, "softmax", 4),
        ("MeanSquaredError", {"reduction": "sum"}, QUANTITIES, None, 1),
        ("MeanSquaredError", {"reduction": "mean_with_sample_weight"}, QUANTITIES, None, 1),
        ("Huber", {"delta": 0.2}, QUANTITIES, None, 1),
        ("Dice", {}, LABELS, "sigmoid", 4),
    ],
)
def test_a_loss_is_computed_with_its_settings(
    compiled_as, name, settings, y, activation, width, weights
):
    import keras

    loss = getattr(keras.losses, name)(**settings)
    y = y.reshape(N, -1).astype("float32") if y is not CLASSES else y

    made = compiled_as(y, activation, loss, weights=weights, objective="loss", width=width)

    check(made, weights)


def test_a_function_of_keras_stands_for_its_class(compiled_as):
    import keras

    made = compiled_as(QUANTITIES, None, keras.losses.huber, "mae", objective="mae")

    check(made)
    assert [loss.name for loss in made[0].losses] == ["Huber"]


@pytest.mark.parametrize("name", ["mae", "accuracy", "auc", "mean_squared_error"])
def test_a_function_of_ones_own_is_not_taken_for_keras_by_its_name(compiled_as, name):
    import keras

    def own(y_true, y_pred):
        return 1000 * keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    own.__name__ = name

    compiled, *_ = compiled_as(QUANTITIES, None, "mse", own, objective=name)

    assert compiled.objective == ()


def test_a_class_derived_from_one_of_keras_is_not_keras_own(compiled_as):
    import keras

    class AUC(keras.metrics.AUC):
        def result(self):
            return 1 - super().result()

    compiled, *_ = compiled_as(
        YES_OR_NO[:, None].astype("float32"), "sigmoid", "mse", AUC(name="measure")
    )

    assert compiled.objective == ()


def test_the_losses_of_several_outputs_are_added_with_their_weights():
    compiled = Compiled(
        objective=(
            Term("loss", "MeanSquaredError", output="a", factor=2.0),
            Term("loss", "MeanAbsoluteError", output="b", factor=0.5),
        )
    )

    found = scorer_of_terms(compiled)(
        {"a": np.zeros(2), "b": np.zeros(2)}, {"a": np.full((2, 1), 3.0), "b": np.full((2, 1), 4.0)}
    )

    assert found == pytest.approx(2 * 9 + 0.5 * 4)


@pytest.mark.parametrize(
    "term",
    [
        Term("metric", "serialize", {}),
        Term("metric", "get", {"identifier": "mae"}),
        Term("loss", "Nothing"),
        Term("metric", "Poisson", {"no_such_setting": 1}),
    ],
)
def test_a_damaged_record_makes_nothing_but_metrics_and_losses(term):
    with pytest.raises(HPOError):
        scorer_of_terms(Compiled(objective=(term,)))({"": np.zeros(2)}, {"": np.zeros((2, 1))})


@pytest.mark.parametrize("stored", [None, {}, [], {"objective": [{}]}, "text", {"objective": 1}])
def test_a_damaged_record_is_none(stored):
    assert Compiled.from_json(stored) is None
