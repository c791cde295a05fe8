import math

import numpy as np
import pytest
from sklearn import metrics as sk

from hpo.errors import HPOError
from hpo.scoring.metrics import companions, on_output, predicted_classes, scorer_of
from tasks import bare_task

RNG = np.random.default_rng(0)


def task(objective="val_mae", **more):
    return bare_task(objective, direction="minimize", **more)


def score(objective, y_true, y_pred, **more):
    """The objective of a model with one output."""
    return scorer_of(task(objective, **more), [""])({"": y_true}, {"": y_pred})


def probabilities(*shape):
    values = RNG.uniform(0.05, 1, shape)
    return values / values.sum(axis=-1, keepdims=True)


# ---------------------------------------------------------------- quantities

TRUTH, GUESS = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 2.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae", 2.5 / 3),
        ("mean_absolute_error", 2.5 / 3),
        ("mse", 4.25 / 3),
        ("mean_squared_error", 4.25 / 3),
        ("rmse", math.sqrt(4.25 / 3)),
        ("root_mean_squared_error", math.sqrt(4.25 / 3)),
    ],
)
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("shape_pred", [(3,), (3, 1)])
def test_errors_of_one_quantity_are_as_computed_by_hand(name, expected, shape, shape_pred):
    found = score(f"val_{name}", TRUTH.reshape(shape), GUESS.reshape(shape_pred))

    assert found == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(6, 3), (6, 4, 2)])
def test_errors_of_several_quantities_are_averaged(shape):
    truth, guess = RNG.normal(size=shape), RNG.normal(size=shape).astype("float32")
    flat = truth.reshape(6, -1), guess.reshape(6, -1)

    assert score("val_mae", truth, guess) == pytest.approx(sk.mean_absolute_error(*flat))
    assert score("val_mse", truth, guess) == pytest.approx(sk.mean_squared_error(*flat))
    assert score("val_rmse", truth, guess) == pytest.approx(sk.mean_squared_error(*flat) ** 0.5)


def test_errors_of_unsigned_bytes_do_not_wrap_around():
    assert score("val_mae", np.array([0, 10], "uint8"), np.array([2, 9], "uint8")) == 1.5


@pytest.mark.parametrize("name", ["mae", "mse", "rmse", "binary_accuracy", "auc"])
@pytest.mark.parametrize(("true", "pred"), [((4,), (4, 4)), ((4, 2), (4, 1)), ((4,), (3,))])
def test_arrays_of_different_shapes_are_not_spread_over_each_other(name, true, pred):
    with pytest.raises(HPOError, match="cannot be compared") as caught:
        score(f"val_{name}", np.zeros(true), np.zeros(pred))

    assert str(true) in str(caught.value)
    assert str(pred) in str(caught.value)


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize("name", ["acc", "accuracy", "binary_accuracy"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("shape_pred", [(4,), (4, 1)])
def test_two_classes_are_cut_at_one_half(name, shape, shape_pred):
    truth = np.array([0, 1, 1, 0]).reshape(shape)
    guess = np.array([0.5, 0.51, 0.2, 0.9]).reshape(shape_pred)

    assert score(f"val_{name}", truth, guess) == 0.5


@pytest.mark.parametrize("name", ["acc", "accuracy", "sparse_categorical_accuracy"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_the_most_probable_class_is_compared_with_class_numbers(name, shape):
    guess = np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3]])

    assert score(f"val_{name}", np.array([1, 0, 2, 2]).reshape(shape), guess) == 0.75


@pytest.mark.parametrize("name", ["acc", "accuracy", "categorical_accuracy"])
@pytest.mark.parametrize("k", [2, 3])
def test_the_most_probable_class_is_compared_with_one_hot_rows(name, k):
    classes, guess = RNG.integers(0, k, 50), probabilities(50, k)

    found = score(f"val_{name}", np.eye(k)[classes], guess)

    assert found == sk.accuracy_score(classes, guess.argmax(axis=1))


def test_a_sequence_of_classes_counts_every_step():
    classes, guess = RNG.integers(0, 3, (5, 7)), probabilities(5, 7, 3)
    expected = (guess.argmax(axis=-1) == classes).mean()

    assert score("val_accuracy", classes, guess) == pytest.approx(expected)
    assert score("val_accuracy", classes[..., None], guess) == pytest.approx(expected)
    assert score("val_accuracy", np.eye(3)[classes], guess) == pytest.approx(expected)


def test_answers_to_several_questions_are_judged_one_by_one():
    truth = np.array([[1, 1, 0], [0, 0, 0]])
    guess = np.array([[0.9, 0.8, 0.1], [0.6, 0.1, 0.2]])

    assert score("val_binary_accuracy", truth, guess) == pytest.approx(5 / 6)
    expected = -np.log([0.9, 0.8, 0.9, 0.4, 0.9, 0.8]).mean()
    assert score("val_binary_crossentropy", truth, guess) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("shape_pred", [(4,), (4, 1)])
def test_the_cross_entropy_of_two_classes_is_that_of_scikit_learn(shape, shape_pred):
    truth, guess = np.array([0, 1, 1, 0]), np.array([0.2, 0.9, 0.4, 0.5], "float32")

    found = score("val_binary_crossentropy", truth.reshape(shape), guess.reshape(shape_pred))

    assert found == pytest.approx(sk.log_loss(truth, guess), rel=1e-6)


def test_the_cross_entropy_of_many_classes_is_that_of_scikit_learn():
    classes, guess = RNG.integers(0, 4, 50), probabilities(50, 4)
    expected = pytest.approx(sk.log_loss(classes, guess, labels=range(4)))

    assert score("val_sparse_categorical_crossentropy", classes, guess) == expected
    assert score("val_sparse_categorical_crossentropy", classes[:, None], guess) == expected
    assert score("val_categorical_crossentropy", np.eye(4)[classes], guess) == expected


@pytest.mark.parametrize("truth", [0, 1])
def test_a_class_that_was_ruled_out_wrongly_costs_no_infinity(truth):
    of_two = score("val_binary_crossentropy", np.array([truth]), np.array([1.0 - truth]))
    of_three = score("val_sparse_categorical_crossentropy", np.array([truth]), np.eye(3)[[2]])

    assert of_two == pytest.approx(-math.log(1e-7))
    assert of_three == pytest.approx(-math.log(1e-7))


def test_a_class_that_is_certain_costs_next_to_nothing():
    assert score("val_sparse_categorical_crossentropy", np.array([2]), np.eye(3)[[2]]) < 2e-7


def test_targets_may_be_shared_among_classes():
    truth, guess = np.array([[0.25, 0.75, 0.0]]), np.array([[0.5, 0.3, 0.2]])

    found = score("val_categorical_crossentropy", truth, guess)

    assert found == pytest.approx(-0.25 * math.log(0.5) - 0.75 * math.log(0.3))


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_the_area_under_the_curve_is_that_of_scikit_learn(shape):
    classes, guess = RNG.integers(0, 2, 50), RNG.uniform(size=50)

    found = score("val_auc", classes, guess.reshape(shape))

    assert found == pytest.approx(sk.roc_auc_score(classes, guess))


def test_the_area_under_the_curve_of_one_class_is_no_number():
    assert math.isnan(score("val_auc", np.ones(4), np.linspace(0, 1, 4)))


@pytest.mark.parametrize("name", ["accuracy", "sparse_categorical_crossentropy"])
def test_targets_that_are_no_classes_of_the_predictions_are_refused(name):
    with pytest.raises(HPOError, match=r"\(4, 2\) are not classes for .*\(4, 3\)"):
        score(f"val_{name}", np.zeros((4, 2)), probabilities(4, 3))


@pytest.mark.parametrize(
    ("y_pred", "expected"),
    [
        ([0.2, 0.7, 0.5], [0, 1, 0]),
        ([[0.2], [0.7], [0.5]], [0, 1, 0]),
        ([[0.1, 0.9], [0.6, 0.4]], [1, 0]),
        ([[[0.2], [0.7]]], [[0, 1]]),
        ([[[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]], [[2, 0]]),
    ],
    ids=["(n,)", "(n, 1)", "(n, k)", "(n, t, 1)", "(n, t, k)"],
)
def test_predicted_classes_come_from_probabilities_of_any_shape(y_pred, expected):
    assert predicted_classes(np.array(y_pred)).tolist() == expected


# ---------------------------------------------------------------- the same as Keras

TARGETS = {
    "binary": (RNG.integers(0, 2, (40, 1)), RNG.uniform(0, 1, (40, 1))),
    "sparse": (RNG.integers(0, 4, (40,)), probabilities(40, 4)),
    "one-hot": (np.eye(4)[RNG.integers(0, 4, 40)], probabilities(40, 4)),
    "several questions": (RNG.integers(0, 2, (40, 3)), RNG.uniform(0, 1, (40, 3))),
    "not summing to one": (RNG.integers(0, 4, (40,)), RNG.uniform(0.1, 1, (40, 4))),
    "quantities": (RNG.normal(size=(40, 3)), RNG.normal(size=(40, 3))),
    "quantities in time": (RNG.normal(size=(40, 5, 2)), RNG.normal(size=(40, 5, 2))),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *[(name, kind) for name in ("mae", "mse") for kind in ("quantities", "quantities in time")],
        ("binary_accuracy", "binary"),
        ("binary_accuracy", "several questions"),
        ("binary_crossentropy", "binary"),
        ("binary_crossentropy", "several questions"),
        ("sparse_categorical_accuracy", "sparse"),
        ("sparse_categorical_crossentropy", "sparse"),
        ("sparse_categorical_crossentropy", "not summing to one"),
        ("categorical_accuracy", "one-hot"),
        ("categorical_crossentropy", "one-hot"),
    ],
)
def test_a_metric_is_what_keras_computes_under_its_name(name, kind):
    import keras

    y_true, y_pred = (array.astype("float32") for array in TARGETS[kind])
    expected = float(np.mean(keras.metrics.get(name)(y_true, y_pred)))

    assert score(f"val_{name}", y_true, y_pred) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["binary", "one-hot"])
def test_the_area_under_the_curve_is_about_what_keras_computes(kind):
    import keras

    y_true, y_pred = TARGETS[kind]
    metric = keras.metrics.AUC()
    metric.update_state(y_true, y_pred)

    assert score("val_auc", y_true, y_pred) == pytest.approx(float(metric.result()), abs=0.01)


# ---------------------------------------------------------------- outputs and names

TWO = {"price": np.array([1.0, 3.0]), "kind": np.array([0, 1])}
TWO_GUESSES = {"price": np.array([[2.0], [5.0]]), "kind": np.array([[0.9, 0.1], [0.8, 0.2]])}


@pytest.mark.parametrize(
    ("objective", "expected"), [("val_price_mae", 1.5), ("val_kind_accuracy", 0.5)]
)
def test_an_objective_names_the_output_it_is_about(objective, expected):
    found = scorer_of(task(objective), ["price", "kind"])(TWO, TWO_GUESSES)

    assert found == expected


def test_an_output_may_be_named_like_the_beginning_of_another():
    targets = {"a": np.zeros(2), "a_b": np.ones(2)}
    predictions = {"a": np.full(2, 5.0), "a_b": np.full(2, 3.0)}

    assert scorer_of(task("val_a_b_mae"), ["a", "a_b"])(targets, predictions) == 2.0
    assert scorer_of(task("val_a_mae"), ["a_b", "a"])(targets, predictions) == 5.0


@pytest.mark.parametrize("objective", ["val_mae", "val_price_mae"])
def test_a_single_output_may_have_a_name(objective):
    found = scorer_of(task(objective), ["price"])(
        {"price": TWO["price"]}, {"price": TWO_GUESSES["price"]}
    )

    assert found == 1.5


def test_of_several_outputs_one_must_be_named():
    with pytest.raises(HPOError, match=r"val_mae.*after the name of an output \(price, kind\)"):
        scorer_of(task("val_mae"), ["price", "kind"])


def test_the_loss_is_that_of_the_models():
    scorer = scorer_of(task("val_loss"), [""], loss="mse")

    assert scorer({"": TRUTH}, {"": GUESS}) == pytest.approx(4.25 / 3)


def test_an_unknown_objective_is_refused_with_the_known_ones():
    with pytest.raises(HPOError) as caught:
        scorer_of(task("val_f1"), [""])

    for words in ("'demo'", "'val_f1'", "Task(metric=", "mae", "accuracy", "auc"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_loss_is_named():
    with pytest.raises(HPOError, match=r"'val_loss' .*'huber'"):
        scorer_of(task("val_loss"), [""], loss="huber")


# ---------------------------------------------------------------- a task's own metric


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("shape_pred", [(3,), (3, 1)])
def test_a_metric_of_ones_own_gets_predictions_in_the_shape_of_the_targets(shape, shape_pred):
    def worst(y_true, y_pred):
        assert y_true.shape == y_pred.shape == shape
        return np.abs(y_true - y_pred).max()

    found = score("val_worst", TRUTH.reshape(shape), GUESS.reshape(shape_pred), metric=worst)

    assert found == 2.0
    assert type(found) is float


def test_a_metric_of_ones_own_comes_before_keras_metric_of_that_name():
    assert score("val_mae", TRUTH, GUESS, metric=lambda _true, _pred: 7) == 7.0


def test_a_metric_of_ones_own_gets_several_outputs_by_name():
    def both(y_true, y_pred):
        hits = y_true["kind"] == y_pred["kind"].argmax(axis=1)
        return np.abs(y_true["price"] - y_pred["price"]).sum() + hits.mean()

    scorer = scorer_of(task("val_both", metric=both), ["price", "kind"])

    assert scorer(TWO, TWO_GUESSES) == 3.5


# ---------------------------------------------------------------- beside the objective


def test_regressions_are_accompanied_by_errors_and_classifications_by_accuracy():
    assert list(companions(classification=False)) == ["mae", "rmse"]
    assert list(companions(classification=True)) == ["accuracy", "cross_entropy"]


def test_companions_compute_what_they_are_called():
    truth, guess = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])

    found = {name: metric(truth, guess) for name, metric in companions(classification=True).items()}

    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["cross_entropy"] == pytest.approx(-np.log([0.9, 0.4, 0.8]).mean())


def test_companions_compute_the_same_for_two_classes():
    truth, guess = np.array([0, 1, 1]), np.array([[0.1], [0.4], [0.8]])

    found = {name: metric(truth, guess) for name, metric in companions(classification=True).items()}

    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["cross_entropy"] == pytest.approx(-np.log([0.9, 0.4, 0.8]).mean())


def test_a_metric_can_be_put_on_one_output():
    metric = companions(classification=False)["mae"]

    assert on_output(metric, "price")(TWO, TWO_GUESSES) == 1.5
