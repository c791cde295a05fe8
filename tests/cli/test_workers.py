"""Several workers at a time, and the limits that are set to them."""

import json
import os
import signal
from pathlib import Path

import pytest

TINY = str(Path(__file__).parents[1] / "plugins" / "tiny_task.py")


def surroundings(shell):
    return [json.loads(path.read_text()) for path in shell.folder.glob("surroundings-*.json")]


def test_two_workers_share_the_trials_and_the_cores(shell):
    status, _, err = shell.run(
        *("run", TINY, "--trials", "5", "--workers", "2"), behaviour="surroundings," * 5
    )
    assert status == 0, err
    trials = shell.shown_trials()
    assert [trial["state"] for trial in trials] == ["complete"] * 5
    assert len({json.dumps(trial["params"]) for trial in trials}) == 5
    found = surroundings(shell)
    assert len(found) == 2
    assert {env["HPO_THREADS"] for env in found} == {str(max(1, len(os.sched_getaffinity(0)) // 2))}


def test_each_worker_sees_the_device_that_it_is_given(shell):
    shell.environment["CUDA_VISIBLE_DEVICES"] = "0,1"  # a stand-in for two GPUs
    status, _, err = shell.run(*("run", TINY, "--trials", "4"), behaviour="surroundings," * 4)
    assert status == 0, err
    assert err.count("tensorflow cannot use this machine's GPU") == 1
    assert {env["CUDA_VISIBLE_DEVICES"] for env in surroundings(shell)} == {"0", "1"}


def test_a_gpu_that_was_asked_for_and_cannot_be_used_is_refused(shell):
    shell.environment["CUDA_VISIBLE_DEVICES"] = "0"
    status, out, err = shell.run("run", TINY, "--trials", "1", "--devices", "0")
    assert (status, out) == (2, "")
    assert err.startswith("hpo: devices 0: tensorflow cannot use this machine's GPU, only the CPU.")
    assert err.count("\n") == 1


def test_a_killed_worker_leaves_the_others_to_their_work(shell):
    search = shell.start("run", TINY, "--trials", "4", "--workers", "2", behaviour="hang")
    os.kill(shell.pid_of_worker(), signal.SIGKILL)
    _, err = search.communicate(timeout=120)
    assert search.returncode == 0, err
    trials = shell.shown_trials()
    assert sorted(trial["state"] for trial in trials) == ["complete"] * 3 + ["failed"]
    (failed,) = (trial for trial in trials if trial["state"] == "failed")
    assert "SIGKILL" in failed["reason"]


def test_a_trial_that_takes_memory_without_end_fails_alone(shell):
    status, _, err = shell.run(
        *("run", TINY, "--trials", "3", "--worker-memory", "1.5G"), behaviour="fine,hog"
    )
    assert status == 0, err
    trials = shell.shown_trials()
    assert [trial["state"] for trial in trials] == ["complete", "failed", "complete"]
    assert "more than the 1.5 GiB of --worker-memory" in trials[1]["reason"]


def test_a_search_in_which_nothing_gets_better_ends(shell):
    status, _, err = shell.run(
        *("run", TINY, "--trials", "9", "--patience", "2"), behaviour="fine,nan,nan,fine"
    )
    assert status == 0, err
    assert "no better score in 2 trials" in err
    states = [trial["state"] for trial in shell.shown_trials()]
    assert states[:3] == ["complete", "failed", "failed"]
    assert len(states) < 6  # what had begun when the search was to end


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--worker-memory", "much", "expected an amount of memory"),
        ("--devices", "gpu", "expected auto, cpu"),
        ("--workers", "0", "--workers"),
    ],
)
def test_a_limit_that_makes_no_sense_is_a_wrong_usage(shell, option, value, message):
    status, _, err = shell.run("run", TINY, option, value)
    assert status == 2
    assert message in err


@pytest.mark.slow  # 200 trials
def test_a_workers_memory_does_not_grow_from_trial_to_trial(shell):
    status, _, err = shell.run(
        "run", TINY, "--trials", "201", "--sampler", "random", behaviour="note", patience=600
    )

    assert status == 0, err
    taken = [
        int(line.split()[1]) for line in (shell.folder / "memory.txt").read_text().splitlines()
    ]
    assert len(taken) == 201
    assert taken[200] <= 1.3 * taken[20]
