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
