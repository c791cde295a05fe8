import numpy as np
import pytest
from study.demo_study import ask, complete, evaluation

from hpo.errors import HPOError
from hpo.study.ensemble_record import EnsembleRecord, MemberRecord
from hpo.study.files import OutOfFold
from hpo.study.folder import load_study
from hpo.study.trial import Failure
from hpo.support import files


def keep_models(study, number, folds=2):
    study.files.trial_directory(number).mkdir(parents=True, exist_ok=True)
    for fold in range(folds):
        (study.files.trial_directory(number) / f"fold-{fold}.keras").touch()


def test_targets_come_back_as_they_were_stored(runs, study):
    targets = {"": np.array([0.5, 1.5])}
    assert study.files.targets == {}

    study.files.write_targets(targets)

    np.testing.assert_array_equal(load_study("demo", runs).files.targets[""], targets[""])


def test_targets_of_several_outputs_keep_their_names(study):
    study.files.write_targets(
        {"price": np.array([0.5, 1.5]), "kind/of": np.array([[1, 0], [0, 1]])}
    )

    assert list(study.files.targets) == ["price", "kind/of"]
    np.testing.assert_array_equal(study.files.targets["kind/of"], [[1, 0], [0, 1]])
    assert study.files.targets["kind/of"].dtype == int


def test_targets_without_an_axis_of_samples_are_damaged(study):
    study.files.write_targets({"": np.float64(3.0)})

    with pytest.raises(HPOError, match=r"targets\.npz: is damaged"):
        _ = study.files.targets


def test_the_arrays_of_a_trial_come_back_as_they_were_stored(study):
    stored = evaluation(2.0, outputs=("price", "kind"))

    study.queue.complete(ask(study), stored)

    found = study.files.arrays(0)
    np.testing.assert_array_equal(found.index, stored.arrays.index)
    np.testing.assert_array_equal(found.fold, stored.arrays.fold)
    for name in ("mae", "val_mae"):
        np.testing.assert_array_equal(found.curves[name], stored.arrays.curves[name])
    assert list(found.predictions) == ["price", "kind"]
    np.testing.assert_array_equal(found.predictions["price"], stored.arrays.predictions["price"])
    assert found.predictions["price"].dtype == np.float32


def test_a_trial_whose_arrays_are_missing_is_named(study):
    complete(study, 1.0)
    (study.files.trial_directory(0) / "evaluation.npz").unlink()

    with pytest.raises(HPOError, match=r"trials/0/evaluation\.npz: cannot be read"):
        study.files.arrays(0)


def test_a_trial_that_lacks_some_of_its_arrays_is_named(study):
    complete(study, 1.0)
    path = study.files.trial_directory(0) / "evaluation.npz"
    files.write_arrays(path, {"index": np.arange(3)})

    with pytest.raises(HPOError, match=r"evaluation\.npz: the array 'fold' is missing"):
        study.files.arrays(0)


def test_a_trial_is_not_complete_before_its_files_are_written(study):
    trial = ask(study)
    (study.directory / "trials").write_text("in the way")

    with pytest.raises(OSError, match="trials"):
        study.queue.complete(trial, evaluation())

    assert study.trials[0].state == "running"


def test_a_failed_trial_leaves_no_files(study):
    trial = ask(study)
    keep_models(study, trial.number)

    study.queue.fail(trial.number, Failure("disk full", "outside"))

    assert not study.files.trial_directory(trial.number).exists()


def test_models_of_all_but_the_best_trials_are_removed(study):
    complete(study, 3.0, 1.0, 2.0)
    for number in range(3):
        keep_models(study, number)

    study.drop_models(keep=2)

    assert [len(study.files.model_paths(number)) for number in range(3)] == [0, 2, 2]
    assert len(study.files.arrays(0).index) == 6


def test_models_of_trials_that_have_not_ended_stay(study):
    complete(study, 1.0)
    running = ask(study)
    keep_models(study, running.number)

    study.drop_models(keep=0)

    assert len(study.files.model_paths(running.number)) == 2


def test_a_trial_that_falls_behind_loses_its_models(study):
    for score in (3.0, 2.0, 1.0):
        complete(study, score)
        keep_models(study, len(study.trials) - 1)
        study.drop_models(keep=1)

    assert [len(study.files.model_paths(number)) for number in range(3)] == [0, 0, 2]


def test_models_stand_in_the_order_of_the_folds(study):
    keep_models(study, 0, folds=12)
    (study.files.trial_directory(0) / ".temporary.keras").touch()

    names = [path.name for path in study.files.model_paths(0)]

    assert names == [f"fold-{fold}.keras" for fold in range(12)]


def test_a_trial_without_models_has_none(study):
    assert study.files.model_paths(17) == []


def test_the_ensemble_is_what_was_written(study):
    assert study.files.ensemble is None
    assert study.files.ensemble_predictions is None
    record = EnsembleRecord("demo", method="greedy", members=[MemberRecord("demo", 3, 1.0)])
    predictions = {"": np.ones((2, 1), "float32")}

    study.files.write_ensemble(record, OutOfFold(np.array([4, 7]), predictions))

    assert study.files.ensemble == record
    stored = study.files.ensemble_predictions
    np.testing.assert_array_equal(stored.index, [4, 7])
    np.testing.assert_array_equal(stored.predictions[""], predictions[""])


@pytest.mark.parametrize("members", [[{"weight": 1.0}], [{"trial": "x", "weight": 1}], ["x"], 7])
def test_a_damaged_ensemble_is_named(study, members):
    path = study.directory / "ensemble" / "ensemble.json"
    files.write_json(path, {"study": "demo", "members": members})

    with pytest.raises(
        HPOError, match=r"ensemble\.json: is damaged .*Make the ensemble again: hpo ensemble demo"
    ):
        _ = study.files.ensemble


def test_an_ensemble_whose_writing_was_interrupted_is_not_mixed_with_the_one_before(
    study, monkeypatch
):
    before = OutOfFold(np.array([4, 7]), {"": np.ones((2, 1))})
    study.files.write_ensemble(EnsembleRecord("s", oof=0.5, id="aa"), before)

    with monkeypatch.context() as patched:
        patched.setattr("hpo.support.files.write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            study.files.write_ensemble(EnsembleRecord("s", oof=0.1, id="bb"), before)

    assert study.files.ensemble.oof == 0.5
    with pytest.raises(HPOError, match=r"another ensemble than ensemble\.json.*hpo ensemble"):
        _ = study.files.ensemble_predictions


def killed(*_arguments):
    raise KeyboardInterrupt
