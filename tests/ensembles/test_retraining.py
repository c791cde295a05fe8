import warnings

import numpy as np
import pytest
from ensembles.searches import combine, search

from hpo import HPOError
from hpo.ensembles.retraining import OtherScoreWarning
from hpo.plugins import IN_CODE
from hpo.study.code import Code
from tasks import linear_data, linear_network, linear_task


def test_folds_whose_models_were_not_kept_are_trained_again_and_kept(tmp_path):
    study = search(tmp_path, keep=1)
    told = []

    made = combine(study, method="mean", size=3, on_refit=told.append)

    assert [one["trial"] for one in made.result["retrained"]] == sorted(
        trial.number for trial in study.ranking[1:]
    )
    for one in made.result["retrained"]:
        assert one["score"] == pytest.approx(one["recorded"], rel=1e-5)
    assert told[-1].epochs_done == told[-1].epochs_wanted == 2 * 3
    assert all(len(study.files.model_paths(trial.number)) == 2 for trial in study.trials)
    again = []
    assert combine(study, method="mean", size=3, on_refit=again.append).result["retrained"] == []
    assert again == []


def test_folds_trained_again_predict_what_those_of_the_search_did(tmp_path):
    kept, dropped = search(tmp_path / "kept"), search(tmp_path / "dropped", keep=0)

    x = linear_data().x_test
    first, second = (combine(study, method="mean").predict(x) for study in (kept, dropped))

    np.testing.assert_allclose(first, second, rtol=1e-4)


def test_another_score_than_in_the_search_is_told(tmp_path):
    study = search(tmp_path, keep=0, trials=1)

    def other_start(params, data):
        network = linear_network(params, data)
        network.layers[-1].bias.assign([5.0])
        return network

    task = with_changed_code(study, other_start)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always", OtherScoreWarning)
        result = combine(study, task).result

    (told,) = [str(one.message) for one in given if one.category is OtherScoreWarning]
    assert "trial 0 of study 'linear', trained again, has a score of" in told
    (one,) = result["retrained"]
    assert one["score"] != pytest.approx(one["recorded"], rel=1e-3)


def test_a_trial_that_cannot_be_trained_any_more_is_named(tmp_path):
    study = search(tmp_path, keep=0, trials=1)

    def failing(_params, _data):
        raise ValueError("no such layer")

    task = with_changed_code(study, failing)
    with pytest.raises(
        HPOError, match=r"trial 0 cannot be trained again with seed \d+: ValueError: no such layer"
    ):
        combine(study, task)


def with_changed_code(study, model):
    """A task with another model, which the study has accepted."""
    task = linear_task(model=model)
    study.code = Code.of(task, IN_CODE)
    return task
