"""Compares hpo's fused training with ``model.fit`` on a trial of k-fold cross-validation.

    python benchmarks/kfold.py [--backend jax] [--batch-size 16 --batch-size 1] [--epochs 100]
                               [--repeats 3] [--tuned]

Both train the same network on the same folds of Boston housing with the same batches in the same
order, validate after every epoch, and end with out-of-fold predictions. The time includes building
and compiling. ``fit`` is called as one would write it by hand: one model and one call per fold.

The first run of hpo finds an empty cache of compiled programs (cold), the others find it full
(warm); only JAX has one. With ``--tuned`` there is a second comparison, with a whole epoch per call
of ``fit``, compiled by XLA.

It prints the seconds, their ratio, and the mean absolute error out of fold at the epoch where the
mean curve is best. (The four folds have the same size, so that is the mean of their errors.)
Without XLA the two agree to every digit; with it they round differently, and 30,000 steps of batch
size 1 amplify that.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from hpo.training import FoldArrays

SEED = 0
OBJECTIVE = "val_mae"


@dataclass(frozen=True)
class Outcome:
    """The time and the score of one way to run the trial."""

    seconds: float
    oof_mae: float
    path: str


def network(**settings: Any) -> Any:
    """Build the network of the textbook: two hidden layers of 64 units."""
    import keras

    keras.utils.set_random_seed(SEED)
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile("rmsprop", loss="mse", metrics=["mae"], **settings)
    return model


def folds() -> list[FoldArrays]:
    """Split Boston housing into four folds, each standardized by its training part."""
    from hpo.plugins import load_task
    from hpo.training.evaluation import Evaluator

    task = load_task("boston")
    return Evaluator(task, task.load(None)).folds({"scaling": "standard"})


def with_hpo(batch_size: int, epochs: int) -> Outcome:
    """Run the trial with hpo's trainer."""
    from hpo.training import compilations, make_trainer
    from hpo.training.choice import EpochChoice, mean_of_all
    from hpo.training.trainer import run_stretch

    compilations.forget()  # what stays is the cache on disk
    began = time.perf_counter()
    parts = folds()
    model = network()
    trainer = make_trainer(
        model, parts, batch_size=batch_size, epochs=epochs, find_objective=lambda _: OBJECTIVE
    )
    choice = EpochChoice(lambda _: OBJECTIVE, "minimize", [mean_of_all(len(parts))])
    states: list[Any] = [trainer.save()] * len(parts)
    logs: list[Any] = []
    while len(logs) < epochs:
        n = min(trainer.max_epochs, epochs - len(logs))
        stretch = run_stretch(trainer, states, [[f.train for f in parts]] * n, choice)
        states, logs = stretch.states, logs + stretch.logs
    for number, state in enumerate(states):
        trainer.load(state)
        trainer.predict(number)
    curves = np.array([[log[OBJECTIVE] for log in of_epoch] for of_epoch in logs])
    return Outcome(time.perf_counter() - began, best_mean(curves), trainer.path)


def with_fit(batch_size: int, epochs: int, *, tuned: bool = False) -> Outcome:
    """Run the trial with one call of ``fit`` per fold.

    Args:
        batch_size: Samples per step.
        epochs: Epochs of every fold.
        tuned: Whether to let ``fit`` run a whole epoch in one call, compiled by XLA.
    """
    began = time.perf_counter()
    parts = folds()
    curves = np.zeros((epochs, len(parts)))
    for number, fold in enumerate(parts):
        steps = -(-len(fold.train) // batch_size)
        model = network(steps_per_execution=steps, jit_compile=True) if tuned else network()
        validation = (fold.x[fold.validation], fold.y[fold.validation])
        history = model.fit(
            fold.x[fold.train],
            fold.y[fold.train],
            batch_size=batch_size,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            validation_data=validation,
        )
        curves[:, number] = history.history["val_mae"]
        model.predict(validation[0], verbose=0)
    return Outcome(time.perf_counter() - began, best_mean(curves), "fit")


def best_mean(curves: np.ndarray) -> float:
    """The best mean over the folds; curves have shape (n_epochs, n_folds)."""
    return float(curves.mean(axis=1).min())


@click.command()
@click.option("--batch-size", "batch_sizes", multiple=True, default=(16, 1), show_default=True)
@click.option("--epochs", default=100, show_default=True)
@click.option("--repeats", default=3, show_default=True, help="Runs of hpo; the median counts.")
@click.option("--backend", default="jax", show_default=True, help="Keras's backend.")
@click.option("--tuned", is_flag=True, help="Also compare with the fastest settings of fit.")
def main(
    *, batch_sizes: tuple[int, ...], epochs: int, repeats: int, backend: str, tuned: bool
) -> None:
    """Print how many times faster a trial is than with ``fit``."""
    cache = tempfile.mkdtemp()
    os.environ["HPO_CACHE_DIR"] = cache
    import_keras(backend)
    import keras

    print(
        f"4 folds, {epochs} epochs, {os.cpu_count()} cores, Keras {keras.__version__} on {backend}"
    )
    with_fit(batch_size=16, epochs=1)  # warm up: what a process pays once is not part of a trial
    for batch_size in batch_sizes:
        ours = {"cold": with_hpo(batch_size, epochs)}
        again = [with_hpo(batch_size, epochs) for _ in range(repeats)]
        ours["warm"] = sorted(again, key=lambda run: run.seconds)[repeats // 2]
        theirs = {"fit": with_fit(batch_size, epochs)}
        if tuned:
            theirs["fit, tuned"] = with_fit(batch_size, epochs, tuned=True)
        for fit, plain in theirs.items():
            for state, run in ours.items():
                print(
                    f"batch size {batch_size:>3}: {fit} {plain.seconds:7.1f} s, hpo ({run.path}, "
                    f"{state}) {run.seconds:5.2f} s: {plain.seconds / run.seconds:.1f} times "
                    f"faster; OOF MAE {plain.oof_mae:.4f} and {run.oof_mae:.4f}",
                    flush=True,
                )
    shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
