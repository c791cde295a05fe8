"""Commands that train nothing import nothing heavy."""

import json
import subprocess
import sys

import pytest

from hpo.plugins import load_task
from hpo.space.space import Space

HEAVY = ("tensorflow", "keras", "sklearn", "hyperopt", "plotly", "optuna", "ray")

SCRIPT = """
import json, sys
from hpo.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(*arguments, folder):
    script = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(script, cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments", [("--help",), ("run", "--help"), ("tasks",), ("space", "boston"), ("new", "mine")]
)
def test_commands_that_train_nothing_import_nothing_heavy(arguments, tmp_path):
    assert modules_after(*arguments, folder=tmp_path).isdisjoint(HEAVY)


def test_a_search_leaves_tensorflow_to_its_workers(tmp_path):
    arguments = ("run", "boston", "--trials", "0")

    assert modules_after(*arguments, folder=tmp_path).isdisjoint({"tensorflow", "keras"})


def test_the_printed_space_is_the_space_of_the_task(tmp_path):
    command = [sys.executable, "-m", "hpo", "space", "boston", "--set", "layers=2"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    space = Space.from_text(printed.stdout, "printed")

    assert space["layers"].contains(2)
    assert not space["layers"].contains(1)
    assert set(space.names) < set(
        Space.from_toml("search_spaces/hpo_search_spaces/boston.toml").names
    )


def test_the_task_that_new_writes_can_be_loaded(tmp_path, monkeypatch):
    command = [sys.executable, "-m", "hpo", "new", "mine"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

    task = load_task(str(tmp_path / "mine.py"))

    assert task.name == "mine"
    assert task.load(None).n_samples == 426


def test_tasks_lists_boston_as_json(tmp_path):
    command = [sys.executable, "-m", "hpo", "tasks", "--json"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "boston" in [task["name"] for task in json.loads(printed.stdout)["tasks"]]
