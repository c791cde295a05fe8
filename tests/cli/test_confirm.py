"""``hpo confirm`` as a user runs it, and what other commands say afterwards."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from hpo.support.formats import number

TINY = str(Path(__file__).parent.parent / "plugins" / "tiny_task.py")

TWICES = """\
import numpy as np
from tiny_task import Data, model, task
import dataclasses

def load(data_dir):
    x = np.random.default_rng(0).normal(size=(20, 3))
    x = np.concatenate([x, x[:5]])
    return Data(x=x, y=x.sum(axis=1), x_test=x[:2], y_test=x[:2].sum(axis=1))

task = dataclasses.replace(task, name="twices", load=load)
"""


@pytest.fixture
def searched(shell):
    status, _, err = shell.run("run", TINY, "--trials", "3", "--keep", "0")
    assert status == 0, err
    return shell


def confirm(shell, *arguments, behaviour=""):
    command = ("confirm", "tiny", "--top", "2", "--repeats", "2", "--task", TINY, *arguments)
    return shell.run(*command, behaviour=behaviour)


def test_first_and_confirmed_scores_stand_side_by_side(searched):
    status, out, err = confirm(searched)

    assert status == 0, err
    assert "with new seeds and new splits of the data" in out
    heading, *rows = [line.split() for line in out.splitlines()[1:4]]
    assert heading == ["trial", "first", "confirmed", "std", "error", "parameters"]
    assert [len(row) for row in rows] == [5, 5]
    assert "best: trial" in out
    assert "smallest within one standard error: trial" in out


def test_a_pipe_gets_a_line_for_every_evaluation(searched):
    _, _, err = confirm(searched)

    lines = err.splitlines()
    assert [line.split("  ")[-1] for line in lines] == [
        f"({n}/4 evaluations)" for n in (1, 2, 3, 4)
    ]
    assert all("val_mae" in line for line in lines)


def test_json_is_one_object_and_show_tells_the_same(searched):
    _, out, _ = confirm(searched, "--json")

    found = json.loads(out)
    assert set(found) >= {"study", "repeats", "configurations", "best", "one_standard_error"}
    assert len(found["configurations"][0]["scores"]) == 2
    _, shown, _ = searched.run("show", "tiny", "--json")
    assert json.loads(shown)["confirmation"] == found
    assert json.loads(shown)["best"] == found["best"]
    _, text, _ = searched.run("show", "tiny")
    assert f"best, confirmed twice: trial {found['best']} with " in text


def test_a_search_that_goes_on_ends_with_the_confirmed_best(searched):
    _, out, _ = confirm(searched, "--json")
    found = json.loads(out)
    (best,) = [one for one in found["configurations"] if one["trial"] == found["best"]]

    _, text, _ = searched.run("run", TINY, "--trials", "3", "--keep", "0")

    assert f"confirmed (first score {number(best['first'])})" in text
    assert f"best val_mae {number(best['confirmed'])}" in text
    _, again, _ = searched.run("run", TINY, "--trials", "3", "--keep", "0", "--json")
    assert json.loads(again)["best"]["score"] == best["confirmed"]
    assert json.loads(again)["best"]["first_score"] == best["first"]


def test_a_trial_that_fails_is_named_and_the_others_go_on(searched):
    calls = ["fine"] * 3 + ["nan"]  # three trials were searched

    status, out, err = confirm(searched, behaviour=",".join(calls))

    assert status == 0, err
    assert "failed" in err.splitlines()[0]
    assert "(4/4 evaluations)" in err
    assert "failed: " in out
    assert "became nan in epoch 1 of fold 0" in out


def test_where_every_configuration_fails_the_command_fails(searched):
    status, _, err = confirm(searched, behaviour=",".join(["fine"] * 3 + ["raise"] * 9))

    assert status == 1
    assert "no configuration of study 'tiny' was confirmed" in err
    assert "Traceback" not in err


def test_a_plugin_file_has_to_be_named(searched):
    status, _, err = searched.run("confirm", "tiny")

    assert status == 2
    assert "--task" in err


def test_no_such_study_is_told_in_one_line(shell):
    status, _, err = shell.run("confirm", "nothing")

    assert status == 2
    assert "no study 'nothing'" in err


def test_copies_are_counted_and_kept_in_one_fold_where_that_is_asked_for(shell):
    plugin = shell.folder / "twices.py"
    plugin.write_text(f"import sys; sys.path.append({str(Path(TINY).parent)!r})\n{TWICES}")
    shell.run("run", str(plugin), "--trials", "1")
    shell.run("run", str(plugin), "--trials", "1", "--study", "grouped", "--group-duplicates")

    _, plain, _ = shell.run("show", "twices")
    _, grouped, _ = shell.run("show", "grouped", "--json")

    assert "duplicates: 10 training samples occur more than once; " in plain
    assert "are validated by a model that was trained on a copy" in plain
    assert "2 test samples occur in the training data" in plain
    assert json.loads(grouped)["duplicates"] == {
        "within_train": 10,
        "train_validation": 0,
        "train_test": 2,
    }
    status, _, err = shell.run("run", str(plugin), "--trials", "2", "--group-duplicates")
    assert status == 1
    assert "--group-duplicates is on, not off" in err


# ---------------------------------------------------------------- several workers


def scores(shell):
    status, out, err = shell.run("show", "tiny", "--json")
    assert status == 0, err
    return [one["scores"] for one in json.loads(out)["confirmation"]["configurations"]]


def test_two_workers_find_what_one_finds(searched):
    assert confirm(searched)[0] == 0
    alone = scores(searched)
    shutil.rmtree(searched.folder / "runs")
    searched.run("run", TINY, "--trials", "3", "--keep", "0")

    status, out, err = confirm(searched, "--workers", "2")

    assert status == 0, err
    assert "best: trial" in out
    assert err.count("evaluations)") == 4
    assert scores(searched) == [pytest.approx(few, rel=1e-6) for few in alone]


def test_a_worker_that_dies_fails_one_configuration_and_the_others_go_on(searched):
    calls = ["fine"] * 3 + ["exit"]  # three trials were searched

    status, _, err = confirm(searched, "--executor", "local", behaviour=",".join(calls))

    assert status == 0, err
    assert "failed: its worker exited with status 3" in err
    assert "(4/4 evaluations)" in err
    shown = searched.run("show", "tiny")[1]
    assert "was not confirmed: its worker exited with status 3" in " ".join(shown.split())
    assert len([few for few in scores(searched) if len(few) == 2]) == 1


def test_an_evaluation_that_hangs_is_killed_and_one_that_takes_too_long_fails(searched):
    calls = ["fine"] * 3 + ["hang"]

    hung = confirm(
        searched, "--executor", "local", "--trial-timeout", "20", behaviour=",".join(calls)
    )
    slow = confirm(searched, "--trial-timeout", "0.000001")

    assert "and was killed" in hung[2]
    assert "ran longer than --trial-timeout" in slow[2]


def test_nothing_is_left_running_after_ctrl_c(searched):
    calls = ["fine"] * 3 + ["tell", "hang"]
    command = ("confirm", "tiny", "--task", TINY, "--workers", "2")
    process = searched.start(*command, behaviour=",".join(calls))
    pid = searched.pid_of_worker()

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Run the same command again" in err or "continue" in err
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_options_that_contradict_each_other_are_refused_before_anything_is_trained(searched):
    status, _, err = confirm(searched, "--address", "auto")

    assert status == 2
    assert "are for a Ray cluster: add --executor ray" in err
    assert err.count("\n") <= 3
