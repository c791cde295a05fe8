"""Ensembles of a small study, made by the search itself."""

import json

import numpy as np
import pytest
from ensembles.searches import combine, models, search

from hpo import HPOError
from hpo.ensembles.make import load_ensemble
from tasks import N_TRAIN, linear_data, linear_task

# ---------------------------------------------------------------- with the models of the search


def test_an_ensemble_predicts_with_the_fold_models_of_the_search(tmp_path):
    study = search(tmp_path)

    made = combine(study, method="mean", size=2)

    assert made.result["refit"] is False
    assert made.result["seeds"] is None
    error = np.abs(np.ravel(made.predict(linear_data().x_test)) - linear_data().y_test).mean()
    assert error == pytest.approx(made.result["test"]["mae"], rel=1e-5)
    assert models(study) == []


def test_a_preprocessor_may_be_none_for_some_params(tmp_path):
    task = linear_task(preprocessor=lambda _params: None)
    study = search(tmp_path, task, trials=1)

    assert combine(study, task).result["test"]["mae"] > 0


def test_an_ensemble_of_a_part_of_the_data_loads_the_same_part(tmp_path):
    study = search(tmp_path, trials=1, train_size=0.5)

    made = combine(study)

    assert made.data.n_samples == 15
    assert study.facts.data.n_samples == 15
    assert study.facts.data.n_samples_whole == N_TRAIN
    assert made.result["oof"] == pytest.approx(study.best.score, rel=0.2)
    assert "--train-size 0.5" in study.options.command


# ---------------------------------------------------------------- loaded again


def test_a_study_without_an_ensemble_says_how_to_make_one(searched):
    with pytest.raises(HPOError, match=r"no ensemble yet\. Make one: hpo ensemble linear"):
        load_ensemble(search(searched.directory.parent / "new", trials=1), task=linear_task())


def test_an_ensemble_that_names_a_study_elsewhere_is_refused(tmp_path):
    search(tmp_path / "elsewhere", trials=1)
    study = search(tmp_path / "runs", trials=1)
    combine(study)
    path = study.directory / "ensemble" / "ensemble.json"
    stored = json.loads(path.read_text())
    stored["members"][0]["study"] = "../elsewhere/linear"
    path.write_text(json.dumps(stored))

    with pytest.raises(HPOError, match=r"'\.\./elsewhere/linear', which is not in"):
        load_ensemble(study, task=linear_task())


# ---------------------------------------------------------------- what is claimed


def test_the_claimed_score_has_an_interval_and_stands_beside_the_apparent_one(searched):
    result = combine(searched).result

    low, high = result["oof_interval"]
    assert low < result["oof"] < high
    assert set(result["oof_by_method"]) == {"greedy", "weighted", "mean", "stacking"}
    assert result["method_asked"] == "auto"
    assert result["gain"] == pytest.approx(result["best_single_oof"] - result["oof"])
    n = len(result["members"])
    assert np.shape(result["correlation"]) == (n, n)
