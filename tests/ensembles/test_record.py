import json
import math

import numpy as np
import pytest
from ensembles.searches import combine, search

from hpo import HPOError
from tasks import linear_task


def test_the_whole_command_is_put_on_record(tmp_path):
    study = search(tmp_path, trials=1)

    combine(study)
    combine(study, method="mean", size=3, refit=True, seeds=2)

    commands = [entry["command"] for entry in study.test_consultations]
    assert commands == [
        "hpo ensemble linear",
        "hpo ensemble linear --method mean --size 3 --refit --seeds 2",
    ]


def test_a_test_score_that_is_no_number_is_null(tmp_path):
    def undefined_on_the_test_set(y_true, y_pred):
        return math.nan if len(y_true) == 10 else float(np.abs(y_true - y_pred).mean())

    task = linear_task(metric=undefined_on_the_test_set)
    study = search(tmp_path, task, trials=1)

    result = combine(study, task).result

    assert result["test"]["mae"] is None
    assert json.loads(json.dumps(result, allow_nan=False)) == study.files.ensemble.to_json()


def test_out_of_fold_scores_that_are_no_numbers_are_refused(tmp_path):
    task = linear_task(metric=lambda _true, _predicted: math.nan)
    study = search(tmp_path, task, trials=1)

    with pytest.raises(HPOError, match=r"out-of-fold predictions is nan"):
        combine(study, task)
    assert study.test_consultations == []


@pytest.mark.parametrize(("refit", "is_noted"), [(False, True), (True, False)])
def test_where_folds_follow_one_another_in_time_it_says_which_model_predicts(
    tmp_path, refit, is_noted
):
    task = linear_task(cv="time:3")
    study = search(tmp_path, task, trials=1)

    record = combine(study, task, refit=refit).record

    assert any("the model of its last fold" in note for note in record.notes) == is_noted


def test_a_score_of_auto_that_no_method_has_is_explained(tmp_path):
    study = search(tmp_path, trials=3)

    result = combine(study).result

    is_of_no_method = result["oof"] not in result["oof_by_method"].values()
    assert any("for every fold" in note for note in result["notes"]) == is_of_no_method
