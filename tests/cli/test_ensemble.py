"""``hpo ensemble`` as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest

TINY = str(Path(__file__).parent.parent / "plugins" / "tiny_task.py")


@pytest.fixture
def searched(shell):
    shell.run("run", TINY, "--trials", "3", "--keep", "1")
    return shell


def combine(shell, *arguments):
    return shell.run("ensemble", "tiny", *arguments, "--task", TINY)


def test_the_score_that_is_claimed_is_printed_with_its_interval_and_the_methods(searched):
    status, out, err = combine(searched)

    assert status == 0, err
    assert "95% interval" in out
    assert "by method: greedy" in out
    assert "weighted" in out


def test_folds_that_were_not_kept_are_trained_again_with_a_line_for_each(searched):
    status, out, err = combine(searched, "--method", "mean")

    assert status == 0, err
    assert "mean of 3 trials" in out
    assert [line.split("  ")[-1] for line in err.splitlines()] == ["(1/2 models)", "(2/2 models)"]
    assert "trained again" not in err  # the scores are those of the search


def test_members_of_several_studies_are_named_with_their_study(searched):
    searched.run("run", TINY, "--trials", "2", "--study", "other", "--seed", "5")

    status, out, err = combine(searched, "other", "--method", "mean")

    assert status == 0, err
    assert "mean of 5 trials" in out
    assert "tiny:0 (0.20)" in out
    assert "other:0 (0.20)" in out


def test_a_study_that_does_not_agree_is_told_in_one_line(searched):
    searched.run("run", TINY, "--trials", "1", "--study", "half", "--train-size", "0.5")

    status, out, err = combine(searched, "half", "--json")

    assert status == 1
    assert out == ""
    assert "study 'half' does not agree with 'tiny': train size is 0.5, not all" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("method", ["greedy", "weighted", "mean", "stacking"])
def test_every_method_prints_one_json_object(searched, method):
    status, out, err = combine(searched, "--method", method, "--json")

    assert status == 0, err
    result = json.loads(out)
    assert result["method"] == method
    assert list(result["oof_by_method"]) == [method]
    assert sum(member["weight"] for member in result["members"]) == pytest.approx(1)


def test_a_method_that_does_not_exist_is_a_wrong_usage(searched):
    status, _, err = combine(searched, "--method", "magic")

    assert status == 2
    assert "Choose one of: auto, greedy, weighted, mean, stacking" in err


@pytest.mark.parametrize("options", [("--refit", "--seeds", "2"), ("--method", "mean")])
def test_two_workers_train_the_models_that_one_trains(searched, options):
    status, alone, err = combine(searched, *options, "--json")
    assert status == 0, err
    shutil.rmtree(searched.folder / "runs")
    searched.run("run", TINY, "--trials", "3", "--keep", "1")

    status, out, err = combine(searched, *options, "--json", "--workers", "2")

    assert status == 0, err
    expected, found = json.loads(alone), json.loads(out)
    assert found["test"] == pytest.approx(expected["test"], rel=1e-5)
    assert [m["trial"] for m in found["members"]] == [m["trial"] for m in expected["members"]]


def test_a_refit_whose_worker_dies_says_which_trial_and_why(searched):
    status, _, err = searched.run(
        *("ensemble", "tiny", "--refit", "--workers", "2", "--task", TINY),
        behaviour=",".join(["fine"] * 3 + ["exit"] * 2),
    )

    assert status == 1
    assert "cannot be refitted with seed" in err
    assert "its worker exited with status 3" in err
