"""Pruners, warm starts and grids, by the command line."""

import json
from pathlib import Path

TINY = str(Path(__file__).parents[1] / "plugins" / "tiny_task.py")
LONG = ("--set", "epochs=36", "--sampler", "random")


def test_pruned_trials_are_told_counted_and_shown(shell):
    status, out, err = shell.run("run", TINY, "--trials", "12", *LONG, "--pruner", "asha", "--json")

    assert status == 0, err
    trials = json.loads(out)["trials"]
    assert trials["pruned"] > 0
    assert trials["complete"] >= 5
    assert trials["pruned"] + trials["complete"] == 12
    assert " pruned after 3 epochs, best so far " in err
    shown = shell.shown_trials()
    assert [t["state"] for t in shown].count("pruned") == trials["pruned"]
    assert all(trial["score"] is None for trial in shown if trial["state"] == "pruned")


def test_a_pruner_that_compares_folds_is_refused_where_there_are_too_few(shell):
    status, _, err = shell.run("run", TINY, "--trials", "1", "--pruner", "wilcoxon")

    assert status == 2
    assert "needs 4 folds or more, not 2" in err


def test_a_study_begins_with_the_best_of_an_earlier_one(shell):
    shell.run("run", TINY, "--trials", "4", "--sampler", "random")
    best = min(shell.shown_trials(), key=lambda trial: trial["score"])

    status, _, err = shell.run(
        "run", TINY, "--trials", "4", "--study", "later", "--warm-start", "tiny", "--seed", "9"
    )

    assert status == 0, err
    later = json.loads(shell.run("show", "later", "--json")[1])["trials"]
    assert later[1]["params"] == best["params"] or later[0]["params"] == best["params"]


def test_a_grid_ends_when_all_has_been_tried(shell):
    settings = ("--set", "learning_rate=0.01", "--set", "units.high=3")

    status, out, err = shell.run(
        "run", TINY, "--trials", "50", "--sampler", "grid", *settings, "--json"
    )

    assert status == 0, err
    assert json.loads(out)["trials"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert sorted(trial["params"]["units"] for trial in shell.shown_trials()) == [1, 2, 3]


def test_a_search_ends_when_there_is_no_other_configuration_to_try(shell):
    search = ["run", TINY, "--set", "learning_rate=0.01", "--set", "units.high=3"]

    status, _, err = shell.run(*search, "--trials", "50")

    assert status == 0, err
    assert "only 3 configurations to try, fewer than 50 trials" in err
    assert sorted(trial["params"]["units"] for trial in shell.shown_trials()) == [1, 2, 3]
    assert (
        "has tried everything there is to try: 3 configurations"
        in shell.run(*search, "--trials", "50")[2]
    )
