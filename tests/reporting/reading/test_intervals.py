from __future__ import annotations

import dataclasses

import fixture_studies as studies
import numpy as np
import pytest
from reporting.readings import caveats

from hpo.reporting.reading.intervals import uncertainty
from hpo.reporting.reading.snapshot import take


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
    study.files.write_targets({"": np.ones(n, int)})
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
    assert "400 held-out samples alone is ± 0.020" in caveats(study)["No standard error"]


def test_an_objective_that_is_no_mean_over_samples_has_no_such_interval(tmp_path):
    study = studies.new_study(tmp_path, objective="val_rmse")
    study.files.write_targets({"": np.linspace(0, 1, 200)})
    studies.add_complete(study, studies.evaluation(2.5, objective="val_rmse", folds=1))
    assert uncertainty(take(study), study.best) is None
