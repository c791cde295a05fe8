"""Studies of a slow task, and of one that does nothing, in a database: helpers of tests."""

import os
import subprocess
import sys
import time
from pathlib import Path

import hpo

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NOTHING = str(BENCHMARKS / "nothing.py")
PLUGIN = """
import time

import numpy as np

import keras

from hpo import Data, Float, Space, Task


def load(data_dir):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).astype("float32")
    return Data(x=x, y=x.sum(axis=1))


class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.05)


def model(params, data):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(params["rate"]), "mse")
    return model


task = Task(
    name="slow",
    load=load,
    model=model,
    space=Space({"rate": Float(1e-4, 1e-1, log=True)}),
    objective="val_loss",
    cv="holdout:0.5",
    epochs=20,
    callbacks=lambda params: [Slow()],
)
"""
STARTED = []
CHEAP = {"sampler": "random", "pruner": "none", "keep": 0}


def start(runs, url, *words, beat=1, **more):
    process = subprocess.Popen(
        [sys.executable, "-m", "hpo", *map(str, words), "--runs", str(runs)],
        env={**os.environ, "HPO_STORAGE": url, "HPO_HEARTBEAT": str(beat), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    STARTED.append(process)
    return process


def hpo_says(runs, *words, code=0, **more):
    ended = subprocess.run(
        [sys.executable, "-m", "hpo", *map(str, words), "--runs", str(runs)],
        check=False,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout if code == 0 else ended.stderr


def search(runs, url, *, trials, workers=1, study=None, plugin=NOTHING, **more):
    return hpo.run(
        str(plugin),
        trials=trials,
        workers=workers,
        study=study,
        runs=runs,
        storage=url,
        **CHEAP | more,
    )


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def as_rows(study):
    return [(t.number, t.state, t.params, t.seed, t.score) for t in study.trials]
