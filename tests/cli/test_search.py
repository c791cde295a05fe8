"""The search as a user runs it: real processes, real signals."""

import json
import os
import signal
import time
import zipfile
from pathlib import Path

import pytest

TINY = str(Path(__file__).parents[1] / "plugins" / "tiny_task.py")
PATIENCE_SECONDS = 120


def states(trials):
    return [trial["state"] for trial in trials]


def test_a_search_prints_one_json_object_and_a_line_per_trial(shell):
    status, out, err = shell.run("run", TINY, "--trials", "2", "--json")

    assert status == 0, err
    result = json.loads(out)
    assert result["trials"] == {"complete": 2, "pruned": 0, "failed": 0}
    assert result["best"]["score"] < result["baseline"]
    assert len(result["best"]["fold_scores"]) == 2
    assert [line.split()[:2] for line in err.splitlines()] == [["trial", "0"], ["trial", "1"]]


def test_the_first_trial_is_the_default_configuration(shell):
    shell.run("run", TINY, "--trials", "1")

    assert shell.shown_trials()[0]["params"] == {"units": 2, "learning_rate": 0.01}


def test_plugins_that_exit_raise_or_diverge_fail_only_their_own_trials(shell):
    status, _, err = shell.run(
        "run", TINY, "--trials", "6", behaviour="fine,exit,raise,nan,leave,fine"
    )

    assert status == 0, err
    trials = shell.shown_trials()
    assert states(trials) == ["complete", "failed", "failed", "failed", "failed", "complete"]
    reasons = [trial["reason"] for trial in trials[1:5]]
    assert reasons[0] == "its worker exited with status 3"
    assert reasons[1].startswith("RuntimeError: the plugin is broken (tiny_task.py, line ")
    assert reasons[2].endswith("became nan in epoch 1 of fold 0")
    assert reasons[3] == "its worker exited with status 0"


def test_a_search_of_which_every_trial_fails_ends_with_status_1_and_the_reason(shell):
    status, out, err = shell.run("run", TINY, "--trials", "2", behaviour="raise,raise")

    assert status == 1
    assert out == ""
    assert "the plugin is broken" in err.splitlines()[-1]


def test_a_killed_worker_fails_only_its_trial(shell):
    search = shell.start("run", TINY, "--trials", "3", behaviour="fine,hang")

    os.kill(shell.pid_of_worker(), signal.SIGKILL)

    assert search.wait(PATIENCE_SECONDS) == 0
    search.communicate()
    trials = shell.shown_trials()
    assert states(trials) == ["complete", "failed", "complete"]
    assert "killed by SIGKILL" in trials[1]["reason"]


def test_a_killed_search_leaves_no_trial_running_and_goes_on_when_run_again(shell):
    search = shell.start("run", TINY, "--trials", "3", behaviour="fine,hang")
    worker = shell.pid_of_worker()
    before = shell.shown_trials()

    search.kill()
    search.communicate()
    wait_until_gone(worker)

    interrupted = shell.shown_trials()
    assert interrupted[0] == before[0]
    assert "running" not in states(interrupted)
    assert "interrupted" in interrupted[1]["reason"]
    status, _, err = shell.run("run", TINY, "--trials", "3")
    assert status == 0, err
    assert "continuing study tiny: 1 of 3" in err
    trials = shell.shown_trials()
    assert trials[0] == before[0]
    assert states(trials) == ["complete", "interrupted", "complete", "complete"]
    assert trials[2]["params"] == interrupted[1]["params"]


def test_ctrl_c_ends_the_running_epoch_and_leaves_a_study_that_goes_on(shell):
    endless = ["--set", "epochs=1000000", "--set", "patience=1000000"]
    search = shell.start("run", TINY, "--trials", "3", *endless, behaviour="tell")
    shell.pid_of_worker()

    search.send_signal(signal.SIGINT)
    _, err = search.communicate(timeout=PATIENCE_SECONDS)

    assert search.returncode == 130
    assert "run the same command again" in err
    trials = shell.shown_trials()
    assert states(trials) == ["interrupted", "waiting"]
    assert trials[0]["params"] == trials[1]["params"]


def test_a_second_ctrl_c_stops_at_once(shell):
    search = shell.start("run", TINY, "--trials", "3", behaviour="fine,hang")
    worker = shell.pid_of_worker()

    search.send_signal(signal.SIGINT)
    assert any("Ctrl-C stops at once" in line for line in search.stderr)
    search.send_signal(signal.SIGINT)
    search.communicate(timeout=PATIENCE_SECONDS)

    assert search.returncode == 130
    wait_until_gone(worker)
    assert states(shell.shown_trials()) == ["complete", "interrupted", "waiting"]


@pytest.mark.parametrize("behaviour", ["linger", "linger apart"])
def test_what_the_plugin_leaves_running_ends_with_its_worker(shell, behaviour):
    status, _, err = shell.run("run", TINY, "--trials", "1", behaviour=behaviour, patience=60)

    assert status == 0, err
    wait_until_gone(shell.pid_of_worker())


def test_a_second_search_of_the_study_does_not_change_what_the_first_wants(shell):
    first = shell.start("run", TINY, "--trials", "4", behaviour="fine,hang")
    worker = shell.pid_of_worker()

    second = shell.start("run", TINY, "--trials", "1")
    assert second.wait(PATIENCE_SECONDS) == 0
    second.communicate()
    os.kill(worker, signal.SIGKILL)
    _, err = first.communicate(timeout=PATIENCE_SECONDS)

    assert first.returncode == 0
    assert "4/4 trials" in err
    assert states(shell.shown_trials()) == ["complete", "failed", "complete", "complete"]


def test_a_search_that_is_over_before_a_trial_has_ended_says_so(shell):
    status, _, err = shell.run("run", TINY, "--trials", "2", "--timeout", "0.1s")

    assert status == 1
    assert "no trial of study 'tiny' has finished yet" in err
    assert "Ctrl-C" not in err


def test_a_run_that_was_refused_can_be_mended(shell):
    status, _, err = shell.run("run", TINY, "--trials", "1", "--cv", "kfold:500")
    assert status != 0
    assert "500" in err

    status, _, err = shell.run("run", TINY, "--trials", "1", "--cv", "kfold:4")

    assert status == 0, err


def test_a_worker_by_hand_has_nothing_to_do_in_a_complete_study(shell):
    shell.run("run", TINY, "--trials", "1")

    status, _, err = shell.run("worker", "tiny", "--task", TINY)

    assert (status, err) == (0, "study tiny already has all its 1 trials\n")


def wait_until_gone(pid):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.05)  # another process ends


def test_the_same_seed_gives_the_same_trials(shell):
    shell.run("run", TINY, "--trials", "4", "--seed", "7", "--runs", "first")
    shell.run("run", TINY, "--trials", "4", "--seed", "7", "--runs", "second")

    first, second = (
        json.loads(shell.run("show", "tiny", "--runs", runs, "--json")[1])["trials"]
        for runs in ("first", "second")
    )
    for one, other in zip(first, second, strict=True):
        assert one["params"] == other["params"]
        assert one["score"] == other["score"]


def test_a_study_that_has_its_trials_says_how_to_get_more(shell):
    shell.run("run", TINY, "--trials", "1")

    status, _, err = shell.run("run", TINY, "--trials", "1")

    assert status == 0
    assert "already has 1 of 1 trials" in err


def test_a_study_refuses_to_go_on_with_another_space(shell):
    shell.run("run", TINY, "--trials", "1")

    status, _, err = shell.run("run", TINY, "--trials", "2", "--set", "units.high=8")

    assert status == 1
    assert err.count("\n") == 1
    assert "space" in err
    assert "--study" in err


def test_an_ensemble_is_judged_on_the_test_set_and_counted(shell):
    shell.run("run", TINY, "--trials", "3")

    results = [
        json.loads(shell.run("ensemble", "tiny", "--task", TINY, "--json")[1]) for _ in range(2)
    ]

    assert [result["test_consulted"] for result in results] == [1, 2]
    low, high = results[0]["oof_interval"]
    assert low <= results[0]["oof"] <= high
    assert sum(member["weight"] for member in results[0]["members"]) == pytest.approx(1)
    assert results[0]["test"] == results[1]["test"]
    assert set(results[0]["test"]) == {"mae", "rmse"}


def test_a_plugin_file_runs_only_when_the_user_names_it(shell):
    shell.run("run", TINY, "--trials", "1")
    shell.run("run", TINY, "--trials", "2", "--timeout", "0.1s")
    calls = len(list(shell.folder.glob("call-*")))

    for command in ("ensemble", "worker"):
        status, out, err = shell.run(command, "tiny")

        assert status == 2
        assert out == ""
        assert f"--task {TINY}" in err
    assert len(list(shell.folder.glob("call-*"))) == calls


def test_a_search_on_a_part_of_the_data_is_begun_and_goes_on_with_the_same_part(shell):
    status, _, err = shell.run("run", TINY, "--trials", "1", "--train-size", "0.5")
    assert status == 0, err

    status, _, err = shell.run("run", TINY, "--trials", "2", "--train-size", "20")

    assert status == 1
    assert "train size is 20, not 0.5" in err


def test_a_precision_is_that_of_every_model_of_a_study(shell):
    search = ["run", TINY, "--cv", "holdout:0.5"]
    status, _, err = shell.run(*search, "--trials", "1", "--precision", "mixed_bfloat16")
    assert status == 0, err
    status, _, err = shell.run("ensemble", "tiny", "--task", TINY, "--refit")
    assert status == 0, err

    models = list(shell.folder.rglob("*.keras"))
    assert len(models) == 2  # of the fold, and refitted
    for model in models:
        with zipfile.ZipFile(model) as archive:
            assert b"mixed_bfloat16" in archive.read("config.json")

    status, _, err = shell.run(*search, "--trials", "2")
    assert status == 1
    assert "precision is the default, not mixed_bfloat16" in err


@pytest.mark.parametrize(
    ("size", "message"), [("0", "Received: 0"), ("5000", "1 to 40 samples"), ("half", "half")]
)
def test_a_train_size_that_cannot_be_is_a_wrong_usage(shell, size, message):
    status, out, err = shell.run("run", TINY, "--trials", "1", "--train-size", size)

    assert status == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_an_interrupted_refit_goes_on_when_run_again(shell):
    shell.run("run", TINY, "--trials", "1")
    command = ["ensemble", "tiny", "--task", TINY, "--refit", "--seeds", "2"]
    refit = shell.start(*command, behaviour="fine,fine,hang")
    shell.pid_of_worker()

    refit.send_signal(signal.SIGINT)
    _, err = refit.communicate(timeout=PATIENCE_SECONDS)

    assert refit.returncode == 130
    assert "stopped after 1 of 2 models; run the same command again to continue" in err
    status, out, err = shell.run(*command)
    assert status == 0, err
    assert "(1/2 models)" in err
    assert "already trained" in err.splitlines()[0]
    assert "already trained" not in err.splitlines()[1]
    assert "refitted on all the training data, 2 models each" in out


def test_what_a_plugin_prints_does_not_disturb_the_json_object(shell):
    plugin = shell.folder / "chatty.py"
    plugin.write_text(
        "import os\n"
        "import dataclasses\n"
        "from runpy import run_path\n"
        f"tiny = run_path({TINY!r})\n"
        "print('imported')\n"
        "def load(data_dir):\n"
        "    print('loading')\n"
        "    os.system('echo from a child')\n"
        "    return tiny['load'](data_dir)\n"
        "task = dataclasses.replace(tiny['task'], load=load)\n"
    )

    searched = shell.run("run", str(plugin), "--trials", "1", "--executor", "inline", "--json")
    combined = shell.run("ensemble", "tiny", "--task", str(plugin), "--json")

    for status, out, err in (searched, combined):
        assert status == 0, err
        assert json.loads(out)["study"] == "tiny"
        assert {"imported", "loading", "from a child"} <= set(err.splitlines())
