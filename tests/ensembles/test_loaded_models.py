import keras
import numpy as np
import pytest
from ensembles.searches import combine, search
from sklearn.preprocessing import StandardScaler

from hpo.ensembles.make import load_ensemble
from tasks import linear_data, linear_task


@pytest.mark.parametrize("method", ["greedy", "weighted", "mean", "stacking"])
@pytest.mark.parametrize("refit", [False, True])
def test_an_ensemble_that_is_loaded_predicts_as_it_did_and_consults_nothing(
    tmp_path, method, refit
):
    study = search(tmp_path)
    made = combine(study, method=method, refit=refit, seeds=2 if refit else 1)
    x = linear_data().x_test

    loaded = load_ensemble("linear", runs=tmp_path, task=linear_task())

    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)
    assert loaded.result == made.result
    assert loaded.data.x_test is None
    assert len(study.test_consultations) == 1


def test_nothing_is_loaded_or_fitted_anew_for_the_second_part_of_the_samples(tmp_path, monkeypatch):
    study = search(tmp_path)
    combine(study)
    x = linear_data().x_test
    loaded = load_ensemble(study, task=linear_task())
    whole = loaded.predict(x)

    def never(*_args, **_settings):
        raise AssertionError

    monkeypatch.setattr(keras.saving, "load_model", never)
    monkeypatch.setattr(StandardScaler, "fit", never)
    parts = [loaded.predict(x[:3]), loaded.predict(x[3:])]

    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_models_beyond_the_memory_set_aside_are_loaded_each_time(tmp_path, monkeypatch):
    study = search(tmp_path)
    made = combine(study)
    x = linear_data().x_test

    monkeypatch.setattr("hpo.ensembles.loaded_models.MODEL_BYTES", 0)
    loaded = load_ensemble(study, task=linear_task())

    for _time in range(2):
        np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


def test_models_that_a_later_search_let_go_of_are_trained_again(tmp_path):
    study = search(tmp_path)
    made = combine(study, method="mean")
    expected = made.predict(linear_data().x_test)
    study.drop_models(keep=0)

    loaded = load_ensemble(study, task=linear_task())

    np.testing.assert_allclose(loaded.predict(linear_data().x_test), expected, rtol=1e-4)
