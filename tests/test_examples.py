"""The examples learn, and an ensemble of each can be made and reported."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import hpo

EXAMPLES = Path(__file__).parents[1] / "examples"


def searched(name, folder, n_train, settings):
    """Search an example on little data: its study, its ensemble and its page."""
    task = hpo.load_task(str(EXAMPLES / f"{name}.py"))
    of_size = task.load.__globals__["of_size"]
    small = dataclasses.replace(task, load=lambda _data_dir: of_size(n_train, 200))
    study = hpo.run(small, trials=2, settings=settings, runs=folder, seed=1)
    made = hpo.ensemble(study, task=small)
    return study, made, hpo.report(study).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    fixed = ["encoder=convolutional", "convolutions=1", "embedding=32", "filters=64", "width=5"]
    settings = [*fixed, "learning_rate=0.01", "batch_size=32", "epochs=8", "dropout=0.0"]
    return searched("question_answering", tmp_path_factory.mktemp("runs"), 1000, settings)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    settings = ["layers=1", "learning_rate=0.01", "batch_size=32", "epochs=6", "embedding=16"]
    return searched("three_outputs", tmp_path_factory.mktemp("runs"), 600, settings)


def test_questions_are_answered_far_better_than_by_guessing(answering):
    study, made, _ = answering

    assert study.facts.baseline < 0.25
    assert study.ranking[0].score > 0.4
    assert made.result["test"]["accuracy"] > 0.4


def test_three_outputs_are_learned_far_better_than_by_guessing(three):
    study, made, _ = three

    assert study.facts.baseline > 0.8
    assert study.ranking[0].score < 0.5
    assert made.result["test"]["error"] < 0.5


@pytest.mark.parametrize("example", ["answering", "three"])
def test_examples_are_trained_by_the_fused_loop(request, example):
    study, _, _ = request.getfixturevalue(example)

    assert {trial.state for trial in study.trials} == {"complete"}
    assert {trial.training for trial in study.trials} == {"fused"}


def test_the_test_set_says_how_good_every_output_is(three):
    _, made, _ = three
    test = made.result["test"]

    assert list(test) == [
        "error",
        *("age_mae", "age_rmse"),
        *("income_accuracy", "income_cross_entropy"),
        *("retired_accuracy", "retired_cross_entropy"),
    ]
    shares = (test["age_mae"] / 10, 1 - test["income_accuracy"], 1 - test["retired_accuracy"])
    assert test["error"] == pytest.approx(np.mean(shares), abs=1e-5)


def test_the_error_that_a_network_logs_is_that_on_whole_arrays(three):
    study, made, _ = three
    best = study.ranking[0]
    arrays = study.files.arrays(best.number)
    targets = {name: target[arrays.index] for name, target in study.files.targets.items()}

    assert made.task.metric(targets, flat(arrays.predictions)) == pytest.approx(best.score, 1e-4)


def flat(predictions):
    """Predictions of one value per sample in the shape of the targets, as a metric gets them."""
    return {name: p[:, 0] if p.shape[1] == 1 else p for name, p in predictions.items()}


def test_the_page_shows_every_output(three):
    _, _, page = three

    for output in ("age", "income", "retired"):
        assert f"Ensemble: {output}" in page
    assert "predictions-0-0-residuals" in page
    assert "age MAE" in page


def test_a_story_can_be_read(answering):
    _, made, _ = answering
    x, y = made.data.x, made.data.y

    words = made.data.decode({name: rows[0] for name, rows in x.items()})

    where, is_, person, *_ = words["question"].split()
    assert (where, is_) == ("where", "is")
    last_move = words["story"].rsplit(person, 1)[1].split()
    place = made.data.class_names[y[0]]
    assert place == next(word for word in last_move if word in made.data.class_names)


def test_examples_are_the_same_every_time():
    for name in ("question_answering", "three_outputs"):
        task = hpo.load_task(str(EXAMPLES / f"{name}.py"))
        of_size = task.load.__globals__["of_size"]
        one, other = of_size(50, 20), of_size(50, 20)
        for left, right in ((one.x, other.x), (one.y, other.y), (one.x_test, other.x_test)):
            np.testing.assert_equal(left, right)
        assert not np.array_equal(*first_rows(one))


def first_rows(data):
    """The beginnings of training and test samples, which are to differ."""
    parts = [x["story"] if isinstance(x, dict) else x for x in (data.x, data.x_test)]
    return [part[:20] for part in parts]
