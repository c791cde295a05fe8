import fixture_studies as studies
import numpy as np
import pytest
from sklearn import metrics

import hpo
from hpo.reporting.figures.thresholds import MAX_POINTS, precision_recall, roc, threshold_figures
from hpo.scoring.outcomes import read_classes

NAMES = ("ham", "spam")


def case(kind, n=400):
    """Truth, predictions as a model gives them, and the probability of the second class."""
    generator = np.random.default_rng(n)
    truth = (generator.random(n) < 0.3).astype(int)
    logits = generator.normal(size=n) + 1.5 * truth - 1.0
    probable = 1 / (1 + np.exp(-logits))
    predicted = {
        "sigmoid": probable[:, None],
        "logits": logits[:, None],
        "softmax": np.column_stack([1 - probable, probable]),
        "two logits": np.column_stack([-logits / 2, logits / 2]),
    }[kind]
    return truth, predicted, probable


@pytest.mark.parametrize("kind", ["sigmoid", "logits", "softmax", "two logits"])
@pytest.mark.parametrize("n", [400, 25_000])
def test_the_curves_are_those_of_scikit_learn_and_never_long(kind, n):
    truth, predicted, probable = case(kind, n)
    classes = read_classes(truth, predicted, NAMES)

    found, precise = roc(classes), precision_recall(classes)

    x, y, _ = metrics.roc_curve(truth, probable)
    precision, recall, _ = metrics.precision_recall_curve(truth, probable)
    assert found.area == pytest.approx(metrics.roc_auc_score(truth, probable), abs=1e-6)
    average = metrics.average_precision_score(truth, probable)
    assert precise.area == pytest.approx(average, abs=1e-6)
    for curve, points in ((found, (x, y)), (precise, (recall, precision))):
        assert len(curve.x) <= MAX_POINTS
        assert is_on(np.column_stack([curve.x, curve.y]), np.column_stack(points))
        assert np.abs(np.diff(curve.x)).max() < 0.1 or n < 1000
    said = probable > 0.5
    assert found.here == pytest.approx((said[truth == 0].mean(), said[truth == 1].mean()))
    assert precise.here == pytest.approx(
        (metrics.recall_score(truth, said), metrics.precision_score(truth, said))
    )


def is_on(points, curve):
    """Whether every point is one of the curve's."""
    return all(np.abs(curve - point).sum(axis=1).min() < 1e-6 for point in points)


def test_without_two_classes_there_are_no_curves():
    three = read_classes(np.array([0, 1, 2]), np.eye(3), ("a", "b", "c"))
    one = read_classes(np.array([1, 1]), np.array([[0.7], [0.2]]), NAMES)

    assert threshold_figures(three, "p") == ()
    assert threshold_figures(one, "p") == ()


def test_the_page_of_two_classes_names_the_threshold(tmp_path):
    truth, predicted, _ = case("sigmoid")
    study = studies.new_study(tmp_path, objective="val_accuracy", direction="maximize")
    study.files.write_targets({"": truth})
    found = studies.evaluation(0.8, objective="val_accuracy", targets=truth)
    found.arrays.predictions[""] = predicted.astype("float32")
    studies.add_complete(study, found)

    page = hpo.report(study).read_text()

    assert "True and false positives by threshold (ROC)" in page
    assert "Precision and recall by threshold" in page
    assert "At the threshold 0.5, " in page
