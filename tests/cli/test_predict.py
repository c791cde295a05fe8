"""``hpo predict`` as a user runs it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import hpo

TINY = str(Path(__file__).parent.parent / "plugins" / "tiny_task.py")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a study that has an ensemble."""
    folder = tmp_path_factory.mktemp("searched")
    study = hpo.run(TINY, trials=1, runs=folder, executor="inline")
    hpo.ensemble(study, task=TINY)
    return folder


@pytest.fixture
def combined(shell, runs):
    shell.environment["HPO_RUNS"] = str(runs)
    np.savez(shell.folder / "x.npz", x=np.random.default_rng(1).normal(size=(7, 3)))
    return shell


def test_predictions_are_printed_as_a_table_or_written_to_a_file(combined, runs):
    status, out, err = combined.run("predict", "tiny", "x.npz", "--task", TINY)
    assert status == 0, err
    assert [len(row) for row in csv.reader(out.splitlines())] == [1] * 8

    status, told, err = combined.run(
        "predict", "tiny", "x.npz", "--task", TINY, "--output", "out.csv", "--json", "--chunk", "3"
    )
    assert status == 0, err
    assert json.loads(told) == {"study": "tiny", "n_samples": 7, "output": "out.csv"}
    assert (combined.folder / "out.csv").read_text() == out
    assert len(hpo.load_study("tiny", runs).test_consultations) == 1


def test_what_does_not_fit_is_told_in_one_line(combined):
    np.savez(combined.folder / "wide.npz", x=np.zeros((2, 4)))

    status, out, err = combined.run("predict", "tiny", "wide.npz", "--task", TINY)

    assert (status, out) == (1, "")
    assert "wide.npz: x must have shape (n_samples, 3). Received: (2, 4)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x.npz", "--json"), "--output FILE"),
        (("missing.npz",), "missing.npz does not exist"),
        (("x.npz", "--output", "out.txt"), "a .csv or an .npz file"),
        (("x.npz", "--output", "x.npz"), "the command reads and would replace"),
        (("x.npz", "--output", "/dev/null"), "--output /dev/null"),
        (("x.npz", "--output", "x.npz/out.csv"), "lies below"),
    ],
)
def test_wrong_usage_is_told(combined, arguments, message):
    status, _out, err = combined.run("predict", "tiny", *arguments, "--task", TINY)

    assert status == 2
    assert message in err


def test_a_study_without_an_ensemble_says_what_to_do(shell):
    hpo.run(TINY, trials=1, runs=shell.folder / "runs", executor="inline")
    np.savez(shell.folder / "x.npz", x=np.zeros((2, 3)))

    status, _out, err = shell.run("predict", "tiny", "x.npz", "--task", TINY)

    assert status == 1
    assert "has no ensemble yet. Make one: hpo ensemble tiny" in err


WORDS = """\
import numpy as np

from hpo import Data, Float, Space, Task


def load(data_dir):
    x = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    y = np.where(x[:, 0] > 0, "spam", "ham")
    return Data(x=x[:40], y=y[:40], x_test=x[40:], y_test=y[40:])


def model(params, data):
    import keras

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    rate = params["rate"]
    network.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return network


space = Space({"rate": Float(0.1, 0.2)})
task = Task("mail", load, model, space, "val_accuracy", cv="kfold:2", epochs=20)
"""


def test_labels_that_are_words_come_back_as_words(shell):
    (shell.folder / "mail.py").write_text(WORDS)
    (shell.folder / "new.csv").write_text("2,0\n-2,0\n")
    run = shell.run("run", "./mail.py", "--trials", "2")
    combined = shell.run("ensemble", "mail", "--task", "./mail.py", "--json")
    status, out, err = shell.run("predict", "mail", "new.csv", "--task", "./mail.py")

    assert (run[0], combined[0], status) == (0, 0, 0), (run[2], combined[2], err)
    heading, *rows = out.splitlines()
    assert heading.startswith("label,")
    assert [row.split(",")[0] for row in rows] == ["spam", "ham"]
    assert json.loads(combined[1])["test"]["accuracy"] > 0.8
