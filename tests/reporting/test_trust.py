"""How far the page says its numbers can be trusted, and what it shows of the mistakes."""

from __future__ import annotations

import dataclasses

import fixture_studies as studies
import numpy as np
import pytest

from hpo.reporting.figures.reliability import confidence, reliability
from hpo.reporting.reading.intervals import uncertainty
from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.class_scores import class_scores
from hpo.reporting.sections.mistakes import gallery
from hpo.reporting.sections.verdict import verdict
from hpo.scoring.outcomes import read_classes
from hpo.study.mistakes import Mistakes, Sample


def caveats(study):
    return {caveat.title: caveat.text for caveat in verdict(take(study)).caveats}


def with_curves(found, **curves):
    arrays = dataclasses.replace(found.arrays, curves=found.arrays.curves | curves)
    return dataclasses.replace(found, arrays=arrays)


def test_the_interval_of_a_mean_over_folds_is_students(tmp_path):
    study = studies.new_study(tmp_path)
    found = dataclasses.replace(studies.evaluation(2.5), fold_scores=[1.0, 2.0, 3.0], score=2.0)
    studies.add_complete(study, found)
    known = uncertainty(take(study), study.best)
    assert known.basis == "3 folds"
    reach = 4.303 / np.sqrt(3)
    assert (known.low, known.high) == pytest.approx((2 - reach, 2 + reach), rel=1e-3)


def holdout(tmp_path, right, n=400):
    study = studies.new_study(
        tmp_path, objective="val_accuracy", direction="maximize", facts={"baseline": 0.5}
    )
    study.targets = {"": np.ones(n, int)}
    answers = np.where(np.arange(n) < right * n, 0.9, 0.1)[:, None]
    found = studies.evaluation(right, objective="val_accuracy", targets=np.ones(n), folds=1)
    arrays = dataclasses.replace(found.arrays, predictions={"": answers})
    found = dataclasses.replace(found, score=right, arrays=arrays)
    studies.add_complete(study, found)
    return study


def test_the_interval_of_a_holdout_is_that_of_a_mean_over_its_samples(tmp_path):
    study = holdout(tmp_path, 0.8)
    known = uncertainty(take(study), study.best)
    assert known.basis == "400 held-out samples"
    assert known.error == pytest.approx(0.02, rel=0.01)
    assert (
        "400 held-out samples alone leave a margin of ± 0.020"
        in caveats(study)["No standard error"]
    )


def test_an_objective_that_is_no_mean_over_samples_has_no_such_interval(tmp_path):
    study = studies.new_study(tmp_path, objective="val_rmse")
    study.targets = {"": np.linspace(0, 1, 200)}
    studies.add_complete(study, studies.evaluation(2.5, objective="val_rmse", folds=1))
    assert uncertainty(take(study), study.best) is None


@pytest.mark.parametrize(("training", "warned"), [(0.99, True), (0.82, False)])
def test_a_wide_gap_to_the_training_score_is_pointed_out(tmp_path, training, warned):
    study = studies.new_study(
        tmp_path, objective="val_accuracy", direction="maximize", facts={"baseline": 0.5}
    )
    found = studies.evaluation(0.8, objective="val_accuracy")
    studies.add_complete(study, with_curves(found, accuracy=np.full((40, 4), training)))
    assert ("Overfitting" in caveats(study)) is warned


def test_duplicates_are_pointed_out(tmp_path):
    facts = {"data": {"duplicates": {"within_train": 12, "train_test": 1}}}
    study = studies.new_study(tmp_path, facts=facts)
    found = caveats(study)
    assert found["Duplicates"].startswith("12 training samples occur more than once")
    assert "1 test sample" in found["Test samples among the training samples"]


def test_the_interval_of_an_ensemble_is_shown_where_it_is_known(tmp_path):
    study = studies.regression_study(tmp_path, trials=3)
    result = study.ensemble | {"oof_interval": [2.1, 2.4]}
    studies.artifacts.write_json(study.directory / "ensemble" / "ensemble.json", result)
    tiles = {tile.label: tile.detail for tile in verdict(take(study)).comparisons}
    assert "95 % interval 2.100 to 2.400" in tiles["Ensemble"]


def test_a_gain_smaller_than_the_error_is_called_noise(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.50), study.space.defaults())
    studies.add_complete(study, studies.evaluation(2.49))
    assert "which is within noise" in " ".join(verdict(take(study)).sentences)


# Classes ------------------------------------------------------------------------------------


def classes_of(truth, predicted, sure=0.9, k=3):
    scores = np.full((len(truth), k), (1 - sure) / (k - 1))
    scores[np.arange(len(truth)), predicted] = sure
    return read_classes(np.array(truth), scores, [f"c{n}" for n in range(k)])


def test_each_class_has_recall_precision_and_what_it_is_taken_for():
    table = class_scores(classes_of([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 1]))
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows == [
        ["c0", "3", "0.667", "1.00", "0.800", "c1 (1)"],
        ["c1", "2", "1.00", "0.500", "0.667", "—"],
        ["c2", "1", "0", "—", "0", "c1 (1)"],
    ]


@pytest.mark.parametrize(
    ("sure", "right", "verdict"),
    [(1.0, 100, "Yes"), (0.95, 60, "too sure"), (0.6, 100, "too cautious")],
)
def test_confidence_is_held_against_the_truth(sure, right, verdict):
    predicted = [0] * right + [1] * (100 - right)
    assert verdict in reliability(classes_of([0] * 100, predicted, sure), "p").note


def test_equal_confidences_fall_into_bins_at_random():
    drawing = reliability(classes_of([0] * 1200, [0] * 900 + [1] * 300, 0.75), "p")
    right = np.asarray(drawing.plot.data[1].y)
    assert len(right) == 12
    assert ((right > 0.6) & (right < 0.9)).all()


def test_confidence_is_counted_for_right_and_wrong_answers():
    drawing = confidence(classes_of([0, 0, 0, 1], [0, 1, 0, 0], 0.95), "p")
    assert {trace.name: sum(trace.y) for trace in drawing.plot.data} == {"right": 2, "wrong": 2}
    assert "2 of 2 wrong predictions were made with 90 % confidence or more" in drawing.note


# Mistakes -----------------------------------------------------------------------------------


def test_mistakes_are_shown_of_whom_they_are():
    wrong = Mistakes("ensemble", "", 3, (Sample(4, "dog", "cat", 0.987, "text", "woof"),))
    assert gallery([wrong], 7, "") is None
    shown = gallery([wrong], "ensemble", "")
    assert shown.title == "Most confident mistakes"
    assert "1 wrong prediction of 3" in shown.lead
    (sample,) = shown.samples
    assert (sample.predicted, sample.sure, sample.truth) == ("Predicted cat", "98.7 % sure", "dog")


def test_misses_of_a_regression_are_a_table_of_features():
    missed = Mistakes(0, "", None, (Sample(4, 50.0, 24.4, None, "features", {"a": 1.0, "b": "x"}),))
    shown = gallery([missed], 0, "")
    assert (shown.is_table, shown.columns) == (True, ("a", "b"))
    assert shown.samples[0].outcome == ("50.00", "24.40", "-25.6")
    assert shown.samples[0].values == ("1", "x")


def test_a_picture_that_is_none_is_not_shown():
    wrong = Mistakes(0, "", 1, (Sample(4, "a", "b", 0.9, "picture", '"><script>'),))
    assert gallery([wrong], 0, "").samples[0].picture == ""
