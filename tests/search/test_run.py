"""What a search records of how it was started."""

import shlex
from pathlib import Path

import pytest

import hpo
from hpo.errors import UsageError

PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.fixture(autouse=True)
def plugins(monkeypatch):
    monkeypatch.syspath_prepend(PLUGINS)


def test_the_recorded_command_repeats_all_that_differs_from_the_defaults(tmp_path):
    study = hpo.run(
        "tiny_task:task",
        study="mine",
        sampler="random",
        trials=1,
        timeout="10m",
        seed=3,
        executor="inline",
        train_size="0.5",
        settings=["units=2"],
        runs=tmp_path,
    )

    words = ["hpo", "run", "tiny_task:task", "--study", "mine", "--sampler", "random"]
    words += ["--trials", "1", "--timeout", "600.0", "--seed", "3", "--executor", "inline"]
    words += ["--train-size", "0.5", "--set", "units=2", "--runs", str(tmp_path)]
    assert shlex.split(study.options.command) == words


def test_a_search_by_default_is_a_short_command(tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_RUNS", str(tmp_path))

    study = hpo.run("tiny_task:task", trials=1, executor="inline", keep=25)

    assert study.options.command == "hpo run tiny_task:task --trials 1 --executor inline"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"seed": -1}, "seed: expected a whole number from 0 to 4294967295. Received: -1"),
        ({"seed": 2**32}, "seed: expected a whole number from 0 to 4294967295"),
        ({"trials": 0}, "trials: expected a whole number of 1 or more. Received: 0"),
        ({"timeout": "soon"}, "timeout: expected seconds above 0, such as 90s, 30m, 2h"),
        ({"keep": -1}, "keep: expected a whole number of 0 or more. Received: -1"),
        ({"precision": "float8"}, "precision: expected one of float32, mixed_float16"),
        ({"data_dir": "nowhere"}, "data_dir: expected a folder that exists. Received: 'nowhere'"),
    ],
)
def test_a_wrong_value_is_refused_before_there_is_a_study(tmp_path, option, message):
    with pytest.raises(UsageError, match=message):
        hpo.run("tiny_task:task", runs=tmp_path, executor="inline", **option)
    assert not list(tmp_path.iterdir())


def test_an_unknown_option_is_refused_like_any_keyword(tmp_path):
    with pytest.raises(TypeError, match=r"'trails'\. Did you mean trials\?"):
        hpo.run("tiny_task:task", runs=tmp_path, trails=3)


def test_failed_trials_are_tried_again_after_a_fix_with_the_seeds_they_had(tmp_path, monkeypatch):
    monkeypatch.setenv("TINY_FOLDER", str(tmp_path))
    monkeypatch.setenv("TINY_BEHAVIOUR", "fine,raise,raise")
    search = {"trials": 4, "runs": tmp_path / "runs", "executor": "inline", "sampler": "random"}
    before = hpo.run("tiny_task:task", **search).trials
    assert [trial.state for trial in before] == ["complete", "failed", "failed", "complete"]

    study = hpo.run("tiny_task:task", retry_failed=True, **search)

    states = [trial.state for trial in study.trials]
    assert states == ["complete", "interrupted", "interrupted", "complete", "complete", "complete"]
    for failed, again in zip(before[1:3], study.trials[4:], strict=True):
        assert (again.params, again.seed) == (failed.params, failed.seed)
    assert study.n_finished == 4
    assert hpo.load_study("tiny", tmp_path / "runs").queue.retry_failed() == 0
