"""What a plugin file may get wrong: one line that says where, and what to do."""

import signal
import time
from pathlib import Path

import pytest

PLUGIN = """
import sys
import numpy as np
import hpo
from hpo import Data, Float, Int, Space, Task

def load(data_dir):
    x = np.random.default_rng(0).normal(size=(24, 2)).astype("float32")
    return Data(x=x, y=x.sum(1))

def model(params, data):
    import keras
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("adam", "mse", metrics=["mae"])
    return network

SPACE = Space({"units": Int(1, 4), "rate": Float(0.1, 0.2)})
task = Task("own", load, model, SPACE, "val_mae", cv="kfold:2", epochs=1)
"""


def run(shell, *changes, options=()):
    text = PLUGIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (shell.folder / "own.py").write_text(text)
    status, _, err = shell.run("run", "own.py", "--trials", "1", *options)
    assert "Traceback" not in err
    return status, err


def line_of(shell, text):
    lines = (shell.folder / "own.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("call", ["hpo.run(__file__, trials=1)", "hpo.run(task, trials=1)"])
def test_a_search_in_a_task_file_is_refused_before_it_begins(shell, call):
    status, err = run(shell, ("epochs=1)\n", f"epochs=1)\n{call}\n"))

    assert status == 1
    assert err.count("\n") == 1
    assert "runs hpo.run while it is imported" in err
    assert 'if __name__ == "__main__":' in err


def test_a_keyword_that_does_not_exist_leads_to_the_one_that_was_meant(shell):
    status, err = run(shell, ("epochs=1)", "epochs=1, preprocesor=None)"))

    assert status == 1
    assert "unexpected keyword argument 'preprocesor'" in err
    assert err.rstrip().endswith("Did you mean preprocessor?")


def test_an_error_in_load_names_its_line(shell):
    status, err = run(shell, ('.astype("float32")', '.astype("float32")[:, 7]'))

    assert status == 1
    assert f"(own.py, line {line_of(shell, '[:, 7]')})" in err


def test_a_parameter_that_is_not_in_the_space_is_named_with_those_that_are(shell):
    status, err = run(shell, ("keras.layers.Dense(1)", 'keras.layers.Dense(params["unit"])'))

    assert status == 1
    where = f"(own.py, line {line_of(shell, 'unit')})"
    assert f"KeyError: 'unit' {where}. If 'unit' should be a parameter" in err
    assert "this configuration has units, rate" in err


def test_an_objective_that_is_not_logged_leads_to_the_one_that_was_meant(shell):
    status, err = run(
        shell, ('"val_mae"', '"val_mea"'), ("epochs=1)", 'epochs=1, direction="minimize")')
    )

    assert status == 1
    assert "it logs loss, mae, val_loss, val_mae. Did you mean val_mae?" in err


def test_callbacks_that_are_no_list_are_refused(shell):
    status, err = run(shell, ("epochs=1)", "epochs=1, callbacks=lambda params: print)"))

    assert status == 1
    assert "callbacks(params) must return a list of Keras callbacks. Received: builtin_f" in err


def test_a_space_that_is_none_is_refused(shell):
    status, err = run(shell, ("model, SPACE", 'model, {"units": (1, 4)}'))

    assert status == 2
    assert "space must be an hpo.Space, the path of a TOML file" in err


def test_a_plugin_that_reads_standard_input_finds_it_empty(shell):
    status, err = run(
        shell, ("    import keras\n", "    import keras\n    assert sys.stdin.read() == ''\n")
    )

    assert status == 0, err


@pytest.mark.parametrize("words", [["--study="], ["--runs", ""], ["--cv="]])
def test_an_option_without_a_value_is_refused(shell, words):
    status, err = run(shell, options=words)

    assert status == 2
    assert f"Option '{words[0].removesuffix('=')}' has no value" in err


def test_a_command_that_does_not_exist_leads_to_the_one_that_was_meant(shell):
    status, _, err = shell.run("shwo", "boston")

    assert status == 2
    assert "No such command 'shwo'. Did you mean show?" in err


STUCK = """
import ctypes, os, pathlib
path = pathlib.Path(os.environ["TINY_FOLDER"], "pid.tmp")
path.write_text(str(os.getpid()))
path.rename(path.with_name("pid"))
ctypes.PyDLL(None).sleep(60)  # C code that lets no other thread of Python run
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux ends a process with its parent")
def test_a_worker_that_still_imports_keras_ends_with_its_parent(shell):
    (shell.folder / "keras.py").write_text(STUCK)
    (shell.folder / "own.py").write_text(PLUGIN)
    shell.environment["PYTHONPATH"] = str(shell.folder)
    search = shell.start("run", "own.py", "--trials", "1")
    worker = shell.pid_of_worker()

    search.send_signal(signal.SIGKILL)
    search.communicate()

    deadline = time.monotonic() + 10
    while is_running(worker):
        assert time.monotonic() < deadline, "the worker outlives its parent"
        time.sleep(0.05)  # the kernel ends it


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
