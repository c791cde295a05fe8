from __future__ import annotations

import dataclasses

import fixture_studies as studies
import numpy as np
import pytest
from reporting.documents import read
from reporting.readings import caveats

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.verdict import verdict
from hpo.study.code import Code


def test_the_summary_warns_of_few_trials_noise_and_failures(page):
    assert "Only 18 trials completed" in page.text
    assert "Within noise." in page.text
    assert "3 of 24 trials failed. Reason: the loss became NaN in epoch 3" in page.text


def test_interrupted_trials_are_not_counted_as_failures(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_failed(study, "interrupted", "interrupted")
    assert "Failed trials" not in read(study).text


def test_a_best_value_at_the_edge_of_its_range_is_pointed_out(tmp_path):
    study = studies.new_study(tmp_path)
    params = {"learning_rate": 9.9e-3, "layers": 3, "optimizer": "adam"}
    studies.add_complete(study, studies.evaluation(2.5), params)
    caveats = {caveat.title: caveat.text for caveat in verdict(take(study)).caveats}
    assert caveats["Edge of the search space"].startswith(
        "The best trial's learning_rate = 0.0099 is at the upper end of its range "
        "(1e-05 to 0.01, logarithmic)."
    )


def test_several_values_at_the_edge_are_pointed_out_together(tmp_path):
    study = studies.new_study(tmp_path)
    params = {"learning_rate": 1e-5, "layers": 5, "optimizer": "adam"}
    studies.add_complete(study, studies.evaluation(2.5), params)
    edges = [c.text for c in verdict(take(study)).caveats if c.title == "Edge of the search space"]
    assert len(edges) == 1
    assert "learning_rate = 1e-05 (lower end of 1e-05 to 0.01, logarithmic)" in edges[0]
    assert "layers = 5 (upper end of 1 to 5)" in edges[0]


def test_scores_that_are_far_apart_are_not_called_noise(tmp_path):
    study = studies.new_study(tmp_path)
    for score in (2.5, 9.0):
        studies.add_complete(study, studies.evaluation(score))
    assert "Within noise" not in [caveat.title for caveat in verdict(take(study)).caveats]


def test_looking_at_the_test_set_again_is_warned_of(tmp_path):
    study = studies.regression_study(tmp_path, trials=3)
    study.record_consultation("hpo ensemble boston --method mean", {"mae": 2.5})
    document = read(study)
    assert "It was consulted twice." in document.text
    assert "hpo ensemble boston --method mean" in document.text


def test_trials_that_are_still_running_are_mentioned(tmp_path):
    study = studies.new_study(tmp_path)
    studies.begin(study)
    assert "1 trial had not finished" in read(study).text


def with_curves(found, **curves):
    arrays = dataclasses.replace(found.arrays, curves=found.arrays.curves | curves)
    return dataclasses.replace(found, arrays=arrays)


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
    assert "1 test sample" in found["Test samples in the training data"]


def test_a_change_of_the_code_is_pointed_out(tmp_path):
    study = studies.new_study(tmp_path)
    assert "Changed code" not in read(study).text

    study.accept_code(Code({"mine.py": "1"}), ["mine.py"])

    assert "code changed after 0 trials (mine.py)" in read(study).text
