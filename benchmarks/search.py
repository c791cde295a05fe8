"""Compares a whole search with hpo with the Optuna loop that one would write by hand.

    python benchmarks/search.py [--backend jax] [--epochs 60]

Six configurations of a dense network on Boston housing, four folds, 60 epochs, batch size 16, each
from the start of Python to the result. The Optuna loop trains every fold with ``fit`` (under
TensorFlow, Keras's default) and takes the best mean over the folds. hpo runs as a command, first
with an empty cache of compiled programs, then with a full one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

CONFIGURATIONS = ((64, 1e-3), (32, 1e-3), (128, 1e-3), (64, 3e-3), (64, 3e-4), (96, 1e-3))

PLUGIN = """
import hpo
from hpo.plugins import load_task

boston = load_task("boston")

def model(params, data):
    import keras
    network = keras.Sequential([
        keras.Input(data.x.shape[1:]),
        keras.layers.Dense(params["units"], activation="relu"),
        keras.layers.Dense(params["units"], activation="relu"),
        keras.layers.Dense(1),
    ])
    network.compile(keras.optimizers.RMSprop(params["rate"]), loss="mse", metrics=["mae"])
    return network

def preprocessor(params):
    from sklearn.preprocessing import StandardScaler
    return StandardScaler()

task = hpo.Task(
    name="six", load=boston.load, model=model, preprocessor=preprocessor, objective="val_mae",
    cv="kfold:4", epochs={epochs}, patience={epochs}, batch_size=16,
    space=hpo.Space({{
        "units": hpo.Int(32, 128, step=32), "rate": hpo.Categorical([3e-4, 1e-3, 3e-3]),
    }}),
)
"""

LOOP = """
import keras, numpy as np, optuna
from hpo.plugins import load_task
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

data = load_task("boston").load(None)
configurations = {configurations}

def objective(trial):
    units, rate = configurations[trial.number]
    curves = []
    for train, validation in KFold(4, shuffle=True, random_state=0).split(data.x):
        scaler = StandardScaler().fit(data.x[train])
        model = keras.Sequential([
            keras.Input((13,)), keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"), keras.layers.Dense(1),
        ])
        model.compile(keras.optimizers.RMSprop(rate), loss="mse", metrics=["mae"])
        history = model.fit(
            scaler.transform(data.x[train]), data.y[train], epochs={epochs}, batch_size=16,
            validation_data=(scaler.transform(data.x[validation]), data.y[validation]), verbose=0,
        )
        curves.append(history.history["val_mae"])
    return float(np.mean(curves, axis=0).min())

optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study()
study.optimize(objective, n_trials=6)
print(study.best_value)
"""


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """Run a command and return how long it took."""
    began = time.perf_counter()
    subprocess.run(  # noqa: S603  (this Python and hpo's command)
        command, check=True, env=os.environ | environment, capture_output=True
    )
    return time.perf_counter() - began


@click.command()
@click.option("--backend", default="jax", show_default=True, help="Keras's backend for hpo.")
@click.option("--epochs", default=60, show_default=True)
def main(backend: str, epochs: int) -> None:
    """Print how many times faster hpo's search is."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "six.py"
        plugin.write_text(PLUGIN.format(epochs=epochs))
        cache = {"HPO_CACHE_DIR": f"{folder}/cache"}
        loop = LOOP.format(epochs=epochs, configurations=CONFIGURATIONS)
        by_hand = seconds_of([sys.executable, "-c", loop], {"KERAS_BACKEND": "tensorflow"})
        print(f"Optuna with fit (tensorflow): {by_hand:.1f} s", flush=True)
        for state in ("cold", "warm"):
            command = [sys.executable, "-m", "hpo", "run", str(plugin), "--trials", "6"]
            options = ["--backend", backend, "--pruner", "none", "--sampler", "random"]
            ours = seconds_of([*command, *options, "--runs", f"{folder}/{state}"], cache)
            print(f"hpo ({backend}, {state}): {ours:.1f} s: {by_hand / ours:.1f} times faster")


if __name__ == "__main__":
    main()
