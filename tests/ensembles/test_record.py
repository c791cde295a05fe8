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
