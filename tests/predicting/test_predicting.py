"""Predicting files of samples chunk by chunk."""

import json

import keras
import numpy as np
import pytest
from predicting.files import X, combined, predict, table_task

import hpo
from hpo import HPOError
from hpo.data.targets import Target
from hpo.predicting import answers

# ---------------------------------------------------------------- values


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("chunk", [5, 23, 1000])
def test_an_npz_file_is_predicted_in_chunks(save, chunk, ensemble, tmp_path):
    save(tmp_path / "x.npz", x=X)
    told = []

    predicted = predict(
        ensemble,
        tmp_path / "x.npz",
        tmp_path / "out.npz",
        chunk=chunk,
        on_progress=lambda *progress: told.append(progress),
    )

    assert predicted.n_samples == 23
    assert told[-1] == (23, 23)
    assert len(told) == -(-23 // chunk)
    with np.load(tmp_path / "out.npz") as found:
        assert found.files == ["predictions"]
        np.testing.assert_allclose(found["predictions"], ensemble.predict(X), rtol=1e-5)


# ---------------------------------------------------------------- classes


def test_of_several_classes_the_most_probable_is_the_label():
    found = answers(
        np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]]), Target("one class", ("a", "b", "c"))
    )

    assert found.labels.tolist() == ["b", "a"]


# ---------------------------------------------------------------- tampering


def test_a_model_that_is_a_link_to_elsewhere_is_refused(tmp_path):
    made = combined(tmp_path / "runs", table_task())
    model = made.study.files.model_paths(0)[0]
    model.rename(tmp_path / "elsewhere.keras")
    model.symlink_to(tmp_path / "elsewhere.keras")
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble(made.study, task=table_task())

    with pytest.raises(HPOError, match="outside of its study"):
        predict(loaded, tmp_path / "x.npz", tmp_path / "out.csv")


def test_a_study_whose_folder_was_renamed_or_lies_elsewhere_predicts(tmp_path):
    made = combined(tmp_path / "runs", table_task())
    made.study.directory.rename(tmp_path / "disk")
    (tmp_path / "runs" / "renamed").symlink_to(tmp_path / "disk")
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble("renamed", runs=tmp_path / "runs", task=table_task())

    predict(loaded, tmp_path / "x.npz", tmp_path / "out.npz")

    with np.load(tmp_path / "out.npz") as found:
        assert found["predictions"].shape == (23, 1)


def test_a_member_that_was_searched_after_the_ensemble_was_made_is_refused(tmp_path):
    made = combined(tmp_path / "runs", table_task())
    path = made.study.directory / "ensemble" / "ensemble.json"
    path.write_text(path.read_text().replace(made.result["created"], "2020-01-01T00:00:00+00:00"))

    with pytest.raises(HPOError, match="searched after the ensemble was made"):
        hpo.load_ensemble(made.study, task=table_task())


def test_a_member_of_a_study_elsewhere_is_refused(tmp_path):
    made = combined(tmp_path / "runs", table_task())
    path = made.study.directory / "ensemble" / "ensemble.json"
    record = json.loads(path.read_text())
    for member in record["members"]:
        member["study"] = "../linear"
    path.write_text(json.dumps(record))

    with pytest.raises(HPOError, match=r"members of study '\.\./linear'"):
        hpo.load_ensemble(made.study, task=table_task())


def test_a_model_with_a_lambda_is_refused(tmp_path):
    made = combined(tmp_path / "runs", table_task())
    inputs = keras.Input((3,))
    outputs = keras.layers.Lambda(lambda x: x * 2)(inputs)
    keras.Model(inputs, outputs).save(made.study.files.model_paths(0)[0])
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble(made.study, task=table_task())

    with pytest.raises(HPOError, match="models of trial 0 cannot be loaded"):
        predict(loaded, tmp_path / "x.npz", tmp_path / "out.csv")
