"""The command that makes data sets ready."""

import json
import subprocess
import sys

import pytest

from hpo.cli import main

TASK = """
from hpo import Data, Task

def prepare(source, directory, on_progress):
    folder = directory / "set" if directory else source.parent / "default"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "copy").write_bytes(source.read_bytes())
        on_progress(1, 1)
    return folder

task = Task(name="mine", load=print, model=print, space="boston", objective="val_mae",
            prepare=prepare)
"""


@pytest.fixture
def hpo(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder with a task that prepares: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HPO_DATA_DIR", raising=False)
    (tmp_path / "mine.py").write_text(TASK)
    (tmp_path / "source.zip").write_text("content")

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def test_data_alone_shows_its_help(hpo):
    _, out, err = hpo("data")

    assert "prepare" in out + err


def test_a_task_prepares_its_data_where_it_is_told(hpo, tmp_path):
    status, out, err = hpo("data", "prepare", "./mine.py", "source.zip", "--data-dir", "to")

    assert status == 0
    assert out == "wrote to/set\nnext: hpo run ./mine.py --data-dir to\n"
    assert err == ""
    assert (tmp_path / "to/set/copy").read_text() == "content"


def test_the_folder_of_the_environment_is_the_default(hpo, monkeypatch):
    monkeypatch.setenv("HPO_DATA_DIR", "named")

    _, out, _ = hpo("data", "prepare", "./mine.py", "source.zip")

    assert out == "wrote named/set\nnext: hpo run ./mine.py\n"


def test_without_a_folder_the_task_chooses(hpo):
    _, out, _ = hpo("data", "prepare", "./mine.py", "source.zip")

    assert out == "wrote default\nnext: hpo run ./mine.py\n"


def test_data_that_is_there_is_left_as_it_is(hpo):
    hpo("data", "prepare", "./mine.py", "source.zip")

    status, out, _ = hpo("data", "prepare", "./mine.py", "source.zip")

    assert status == 0
    assert out.startswith("nothing to do: default exists\n")


def test_a_task_without_data_to_prepare_is_wrong_usage(hpo):
    status, _, err = hpo("data", "prepare", "boston", "source.zip")

    assert status == 2
    assert err.startswith(
        "hpo: task 'boston' has no data set to prepare. Installed tasks with one: "
    )
    assert err.count("\n") == 1


def test_a_source_that_is_not_there_is_wrong_usage(hpo):
    status, _, err = hpo("data", "prepare", "./mine.py", "absent.zip")

    assert status == 2
    assert "absent.zip" in err


def test_preparing_imports_neither_tensorflow_nor_keras(hpo, tmp_path):
    script = (
        "import json, sys; from hpo.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(json.dumps(sorted(sys.modules)))"
    )
    task = TASK.replace("task = ", "from hpo_tasks.cats_subset import prepare\ntask = ")
    (tmp_path / "mine.py").write_text(task)
    command = [sys.executable, "-c", script, "data", "prepare", "./mine.py", "source.zip"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "source.zip: is not a complete zip archive" in done.stderr
    assert {"tensorflow", "keras", "sklearn", "numpy", "optuna"}.isdisjoint(json.loads(done.stdout))
