from __future__ import annotations

import base64
import dataclasses
import json

import fixture_studies as studies
import numpy as np
import pytest

from hpo.errors import HPOError
from hpo.study import mistakes
from hpo.study.opening import searched_part
from hpo.support import files
from hpo.task import Data
from tasks import bare_task


def store(tmp_path, data, predictions, targets=None):
    study = studies.new_study(tmp_path, facts={"data": {"n_samples": data.n_samples}})
    study.files.write_targets({"": data.y} if targets is None else targets)
    found = studies.evaluation(0.5, targets=np.zeros(data.n_samples))
    arrays = dataclasses.replace(found.arrays, predictions=predictions)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays))
    mistakes.store(study, data)
    return mistakes.load(study)


def texts(*words: str) -> np.ndarray:
    found = np.empty(len(words), object)
    found[:] = words
    return found


def test_the_most_confident_mistakes_come_first(tmp_path):
    data = Data(
        x=texts("a", "b", "c", "d"),
        y=np.array([0, 1, 0, 1]),
        class_names=["bad", "good"],
        decode=str.upper,
    )
    (found,) = store(tmp_path, data, {"": np.array([[0.6], [0.9], [0.99], [0.4]])})
    assert (found.source, found.output, found.n_wrong) == (0, "", 3)
    assert [sample.content for sample in found.samples] == ["C", "A", "D"]
    first = found.samples[0]
    assert (first.index, first.truth, first.predicted) == (2, "bad", "good")
    assert first.confidence == pytest.approx(0.99)


def test_a_regression_stores_its_worst_misses_with_their_features(tmp_path):
    data = Data(
        x=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]]),
        y=np.array([1.0, 2.0, 3.0]),
        feature_names=["rooms", "age"],
    )
    (found,) = store(tmp_path, data, {"": np.array([[1.0], [2.5], [9.0]])})
    assert found.n_wrong is None
    assert [sample.index for sample in found.samples] == [2, 1, 0]
    assert found.samples[0].content == {"rooms": 5.0, "age": None}
    assert found.samples[0].predicted == 9.0
    assert found.samples[0].confidence is None


def test_long_texts_are_cut(tmp_path):
    data = Data(x=texts("word " * 200, "b"), y=np.array([1.0, 2.0]), decode=str)
    (found,) = store(tmp_path, data, {"": np.array([5.0, 2.0])})
    assert len(found.samples[0].content) == mistakes.MAX_TEXT_LENGTH
    assert found.samples[0].content.endswith("…")


def test_pictures_become_thumbnails(tmp_path):
    x = np.zeros((2, 180, 180, 3), np.uint8)
    data = Data(x=x, y=np.array([0, 1]), class_names=["cat", "dog"], decode=lambda sample: sample)
    (found,) = store(tmp_path, data, {"": np.array([[0.9], [0.1]])})
    assert {sample.kind for sample in found.samples} == {"picture"}
    png = base64.b64decode(found.samples[0].content)
    assert int.from_bytes(png[16:20]) <= mistakes.MAX_PICTURE_PIXELS
    assert int.from_bytes(png[20:24]) <= mistakes.MAX_PICTURE_PIXELS


def test_samples_without_a_decoder_are_named_by_their_number(tmp_path):
    data = Data(x=np.zeros((2, 4)), y=np.array([1.0, 2.0]))
    (found,) = store(tmp_path, data, {"": np.array([5.0, 2.0])})
    assert (found.samples[0].kind, found.samples[0].content) == ("nothing", None)


def test_a_decoder_that_fails_is_named_where_the_sample_would_be(tmp_path):
    data = Data(x=np.zeros((2, 4)), y=np.array([1.0, 2.0]), decode=lambda sample: sample[9])
    (found,) = store(tmp_path, data, {"": np.array([5.0, 2.0])})
    assert found.samples[0].content.startswith("[the task's decode failed: IndexError")


def test_every_output_has_its_own(tmp_path):
    y = {"price": np.array([1.0, 2.0]), "kind": np.array([0, 1])}
    data = Data(x=np.zeros((2, 4)), y=y)
    found = store(
        tmp_path, data, {"price": np.array([5.0, 2.0]), "kind": np.eye(2)[[1, 1]]}, targets=y
    )
    assert [(one.output, one.n_wrong) for one in found] == [("price", None), ("kind", 1)]


def test_nothing_wrong_stores_nothing_to_look_at(tmp_path):
    data = Data(x=np.zeros((2, 4)), y=np.array([0, 1]))
    (found,) = store(tmp_path, data, {"": np.eye(2)[[0, 1]]})
    assert (found.n_wrong, found.samples) == (0, ())


def test_the_ensemble_is_looked_at_before_the_best_trial(tmp_path):
    study = studies.regression_study(tmp_path, trials=3)
    data = Data(x=np.zeros((200, 2)), y=study.files.targets[""], feature_names=["a", "b"])
    mistakes.store(study, data)
    assert [one.source for one in mistakes.load(study)] == ["ensemble", study.best.number]


def test_a_study_on_a_part_of_the_data_shows_samples_of_that_part(tmp_path):
    x = np.arange(20.0)[:, None]
    whole = Data(x=x, y=x[:, 0], feature_names=["number"])
    study = studies.new_study(tmp_path, facts={"data": {"n_samples": 10}})
    study.settings = dataclasses.replace(study.settings, train_size=10, cv="kfold:2")
    from hpo.data.subset import take_part

    part = take_part(whole, 10, "kfold:2")
    study.files.write_targets({"": part.y})
    found = studies.evaluation(0.5, targets=np.asarray(part.y), folds=2)
    studies.add_complete(study, found)
    mistakes.store(study, searched_part(whole, study.settings, bare_task("val_mae")))
    (stored,) = mistakes.load(study)
    assert all(sample.truth == sample.content["number"] for sample in stored.samples)


def test_a_study_without_samples_has_none(tmp_path):
    assert mistakes.load(studies.new_study(tmp_path)) == ()


@pytest.mark.parametrize("content", ["{", "[1]", json.dumps([{"source": 1}])])
def test_a_damaged_file_is_refused(tmp_path, content):
    study = studies.new_study(tmp_path)
    (study.directory / mistakes.FILE).write_text(content)
    with pytest.raises(HPOError, match=r"samples\.json"):
        mistakes.load(study)


def test_the_file_holds_nothing_but_json(tmp_path):
    data = Data(x=np.zeros((2, 1)), y=np.array([1.0, 2.0]), decode=lambda _: {"a": np.float32(2)})
    store(tmp_path, data, {"": np.array([5.0, np.nan])})
    content = files.read_json(tmp_path / "boston" / mistakes.FILE)
    assert content[0]["samples"][0]["content"] == {"a": 2.0}
