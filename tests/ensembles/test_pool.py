import shlex

import numpy as np
import pytest
from ensembles.searches import models, search

import hpo
from hpo import Data, HPOError
from hpo.ensembles.make import load_ensemble
from hpo.errors import UsageError
from tasks import linear_data, linear_task


def test_members_of_several_studies_predict_together(tmp_path):
    first, second = (search(tmp_path, study=name, seed=seed) for name, seed in [("a", 0), ("b", 7)])

    made = hpo.ensemble(first, "b", runs=tmp_path, task=linear_task(), method="mean", size=6)

    found = {(member["study"], member["trial"]) for member in made.result["members"]}
    assert found == {(name, number) for name in "ab" for number in range(3)}
    assert first.files.ensemble == made.record
    assert second.files.ensemble is None
    assert first.test_consultations[0]["command"] == shlex.join(
        [*["hpo", "ensemble", "a", "b", "--method", "mean", "--size", "6", "--runs"], str(tmp_path)]
    )
    best = min(first.best.score, second.best.score)
    assert {"a": first, "b": second}[made.result["best_single_study"]].best.score == best
    x = linear_data().x_test
    loaded = load_ensemble("a", runs=tmp_path, task=linear_task())
    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


@pytest.mark.parametrize("method", ["mean", "stacking"])
def test_members_of_several_studies_are_refitted_each_in_its_own(tmp_path, method):
    studies = [
        search(tmp_path, study=name, seed=seed, keep=0) for name, seed in [("a", 0), ("b", 7)]
    ]

    made = hpo.ensemble(studies, task=linear_task(), method=method, size=6, refit=True)

    assert [len(models(study)) for study in studies] == [3, 3]
    x = linear_data().x_test
    loaded = load_ensemble("a", runs=tmp_path, task=linear_task())
    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"cv": "kfold:3"}, "cv is kfold:3, not kfold:2"),
        ({"train_size": 0.5}, "train size is 0.5, not all"),
    ],
)
def test_a_study_that_does_not_agree_is_named_with_the_reason(searched, settings, reason):
    runs = searched.directory.parent
    name = f"other-{next(iter(settings))}"
    search(runs, study=name, trials=1, **settings)

    with pytest.raises(HPOError, match=f"'{name}' does not agree with 'linear': {reason}"):
        hpo.ensemble(searched, name, runs=runs, task=linear_task())


def test_a_study_of_other_data_is_named(searched):
    def other(data_dir):
        data = linear_data()
        return Data(x=data.x + 1, y=data.y)

    runs = searched.directory.parent
    search(runs, linear_task(load=other), study="other-data", trials=1)

    with pytest.raises(HPOError, match=r"'other-data' does not agree .* data fingerprint is"):
        hpo.ensemble(searched, "other-data", runs=runs, task=linear_task())


def test_a_study_is_named_once_and_lies_beside_the_others(searched, tmp_path):
    elsewhere = search(tmp_path, study="elsewhere", trials=1)

    with pytest.raises(UsageError, match="each study can be given only once"):
        hpo.ensemble(searched, searched, task=linear_task())
    with pytest.raises(UsageError, match="Put the studies into one folder"):
        hpo.ensemble(searched, elsewhere, task=linear_task())
    with pytest.raises(UsageError, match="at least one study"):
        hpo.ensemble(task=linear_task())
