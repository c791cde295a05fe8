import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss

from hpo import Data
from hpo.data.splits import Split, split
from hpo.scoring.baseline import baseline
from tasks import bare_task

SPLITS = [
    Split(train=np.array([0, 1, 2]), validation=np.array([3, 4])),
    Split(train=np.array([2, 3, 4]), validation=np.array([0, 1])),
]
PRICES = np.array([1.0, 2.0, 9.0, 4.0, 5.0])


def task(objective="val_mae", **more):
    return bare_task(objective, direction="minimize", **more)


def of(objective, y, splits=SPLITS, class_names=None, **more):
    data = Data(x=np.zeros((len(y), 1)), y=y, class_names=class_names)
    return baseline(task(objective, **more), data, splits)


def test_the_median_of_the_training_part_is_the_best_guess_for_an_absolute_error():
    # medians 2 and 5; errors 2, 3 and 4, 3
    assert of("val_mae", PRICES) == pytest.approx(np.mean([2.5, 3.5]))


def test_the_mean_of_the_training_part_is_the_best_guess_for_a_squared_error():
    # means 4 and 6; errors 0, 1 and 5, 4
    assert of("val_mse", PRICES) == pytest.approx(np.mean([0.5, 20.5]))
    assert of("val_rmse", PRICES) == pytest.approx(np.mean(np.sqrt([0.5, 20.5])))


def test_validation_targets_are_not_looked_at():
    poisoned = PRICES.copy()
    poisoned[3:] = 1e6

    honest = of("val_mae", poisoned, SPLITS[:1])

    assert honest == pytest.approx(1e6 - 2)


@pytest.mark.parametrize("y", [PRICES[:, None], PRICES.astype("float32")], ids=["column", "single"])
def test_targets_may_be_a_column_or_of_single_precision(y):
    assert of("val_mae", y) == pytest.approx(3.0)


def test_several_quantities_are_guessed_one_by_one():
    y = np.stack([PRICES, -10 * PRICES], axis=1)

    assert of("val_mae", y) == pytest.approx((3.0 + 30.0) / 2)


def test_images_are_guessed_point_by_point():
    y = np.stack([np.full((2, 2), value) for value in PRICES])

    assert of("val_mae", y) == pytest.approx(3.0)


def test_whole_numbered_quantities_are_no_classes():
    assert of("val_mae", PRICES.astype(int)) == pytest.approx(3.0)
    assert of("val_mae", np.array([0, 1, 1, 2, 1])) == pytest.approx(np.mean([0.5, 0.5]))


LABELS = np.random.default_rng(0).choice([0, 1, 2], 60, p=[0.5, 0.3, 0.2])


def dummy(labels, splits, metric):
    """What scikit-learn's classifier without a look at x reaches."""
    scores = []
    for cut in splits:
        guess = DummyClassifier(strategy="prior").fit(
            np.zeros((len(cut.train), 1)), labels[cut.train]
        )
        scores.append(metric(labels[cut.validation], guess, np.zeros((len(cut.validation), 1))))
    return pytest.approx(np.mean(scores), rel=1e-6)


def accuracy_of(truth, guess, x):
    return accuracy_score(truth, guess.predict(x))


def log_loss_of(truth, guess, x):
    return log_loss(truth, guess.predict_proba(x), labels=guess.classes_)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("form", ["numbers", "column", "one-hot", "named one-hot"])
def test_the_most_frequent_class_is_the_best_guess(k, form):
    labels = LABELS % k
    splits = split("kfold:4", Data(x=np.zeros(60), y=labels))
    y = {"numbers": labels, "column": labels[:, None]}.get(form, np.eye(k)[labels])
    names = list("abc"[:k]) if form == "named one-hot" else None

    assert of("val_accuracy", y, splits, names) == dummy(labels, splits, accuracy_of)


@pytest.mark.parametrize(
    ("objective", "k", "as_rows"),
    [
        ("val_binary_crossentropy", 2, False),
        ("val_sparse_categorical_crossentropy", 3, False),
        ("val_categorical_crossentropy", 2, True),
        ("val_categorical_crossentropy", 3, True),
    ],
)
def test_the_frequencies_of_the_classes_are_the_best_probabilities(objective, k, as_rows):
    labels = LABELS % k
    splits = split("kfold:4", Data(x=np.zeros(60), y=labels))
    y = np.eye(k)[labels] if as_rows else labels

    assert of(objective, y, splits) == dummy(labels, splits, log_loss_of)


def test_a_class_that_is_absent_from_a_training_part_has_no_chance():
    labels = np.array([0, 0, 1, 2, 2])

    assert of("val_accuracy", labels, SPLITS[:1], ["a", "b", "c"]) == 0.0


def test_questions_with_several_answers_are_guessed_one_by_one():
    answers = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [1, 0]])

    # guesses (1, 0) and (1, 1); right answers 3 of 4 and 2 of 4
    found = of("val_binary_accuracy", answers, class_names=["a", "b"])

    assert found == pytest.approx(np.mean([0.75, 0.5]))


def test_a_constant_separates_no_classes():
    y = np.array([0, 1, 1, 0, 1])

    assert of("val_auc", y) == pytest.approx(0.5)


def test_there_is_no_baseline_where_a_fold_makes_no_sense_of_it():
    y = np.array([0, 1, 1, 1, 1])

    assert of("val_auc", y, SPLITS[:1]) is None


def test_of_several_outputs_the_one_of_the_objective_counts():
    data = Data(x=np.zeros(5), y={"a": PRICES, "b": 2 * PRICES})

    assert baseline(task("val_a_mae"), data, SPLITS) == of("val_mae", PRICES)
    assert baseline(task("val_b_mae"), data, SPLITS) == 2 * of("val_mae", PRICES)


def test_a_metric_of_ones_own_gets_a_constant_for_every_output():
    shapes = []

    def metric(y_true, y_pred):
        shapes.append({name: y_pred[name].shape for name in y_true})
        return 1.0

    kinds = np.array([0, 1, 0, 1, 2, 0])
    data = Data(
        x=np.zeros(6),
        y={"price": np.arange(6.0), "kind": kinds, "yes": kinds % 2},
        class_names=["a", "b", "c"],
    )
    splits = [Split(np.arange(4), np.arange(4, 6))]

    assert baseline(task("val_own", metric=metric), data, splits) == 1.0
    assert shapes == [{"price": (2,), "kind": (2, 3), "yes": (2,)}]


@pytest.mark.parametrize("objective", ["val_f1", "val_loss"])
def test_there_is_no_baseline_for_an_unknown_objective(objective):
    assert of(objective, PRICES) is None


def test_a_metric_of_ones_own_judges_the_mean():
    def worst(y_true, y_pred):
        return np.abs(y_true - y_pred).max()

    assert of("val_worst", PRICES, metric=worst) == pytest.approx(np.mean([1.0, 5.0]))


def test_a_metric_of_ones_own_that_takes_no_constant_leaves_the_study_without_a_baseline():
    def two_columns(y_true, y_pred):
        return y_pred[:, 1].mean()

    assert of("val_own", PRICES, metric=two_columns) is None
