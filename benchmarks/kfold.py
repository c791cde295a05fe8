"""Compares hpo's fused training with ``model.fit`` on a trial of k-fold cross-validation.

    python benchmarks/kfold.py [--batch-size 16 --batch-size 1] [--epochs 100] [--repeats 3]

Both train the same network on the same folds of Boston housing with the same batches in the same
order, validate after every epoch, and end with out-of-fold predictions. The time includes building
and compiling. ``fit`` is called as one would write it by hand: one model and one call per fold.

It prints the seconds, their ratio, and the mean absolute error out of fold at the epoch where the
mean curve is best. (The four folds have the same size, so that is the mean of their errors.)
Without XLA the two agree to every digit; with it they round differently, and 30,000 steps of batch
size 1 amplify that.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from hpo.training import FoldArrays

SEED = 0


@dataclass(frozen=True)
class Outcome:
    """The time and the score of one way to run the trial."""

    seconds: float
    oof_mae: float
    path: str


def network() -> Any:
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
    model.compile("rmsprop", loss="mse", metrics=["mae"])
    return model


def folds() -> list[FoldArrays]:
    """Split Boston housing into four folds, each standardized by its training part."""
    from hpo.plugins import load_task
    from hpo.training.evaluation import Evaluator

    task = load_task("boston")
    return Evaluator(task, task.load(None)).folds({"scaling": "standard"})


def with_hpo(batch_size: int, epochs: int) -> Outcome:
    """Run the trial with hpo's trainer."""
    from hpo.training import make_trainer

    began = time.perf_counter()
    parts = folds()
    model = network()
    trainer = make_trainer(model, parts, batch_size=batch_size, epochs=epochs)
    states = [trainer.save()] * len(parts)
    curves = np.zeros((epochs, len(parts)))
    for epoch in range(epochs):
        for number, fold in enumerate(parts):
            trainer.load(states[number])
            curves[epoch, number] = trainer.run_epoch(number, fold.train)["val_mae"]
            states[number] = trainer.save()
    for number, state in enumerate(states):
        trainer.load(state)
        trainer.predict(number)
    return Outcome(time.perf_counter() - began, best_mean(curves), trainer.path)


def with_fit(batch_size: int, epochs: int) -> Outcome:
    """Run the trial with one call of ``fit`` per fold."""
    began = time.perf_counter()
    parts = folds()
    curves = np.zeros((epochs, len(parts)))
    for number, fold in enumerate(parts):
        model = network()
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
def main(batch_sizes: tuple[int, ...], epochs: int, repeats: int) -> None:
    """Print how many times faster a trial is than with ``fit``."""
    import_keras()
    import keras

    print(f"4 folds, {epochs} epochs, {os.cpu_count()} cores, Keras {keras.__version__}")
    with_fit(batch_size=16, epochs=1)  # warm up: what a process pays once is not part of a trial
    for batch_size in batch_sizes:
        fused = sorted(
            (with_hpo(batch_size, epochs) for _ in range(repeats)), key=lambda run: run.seconds
        )[repeats // 2]
        plain = with_fit(batch_size, epochs)
        print(
            f"batch size {batch_size:>3}: fit {plain.seconds:7.1f} s, hpo {fused.seconds:5.2f} s "
            f"({fused.path}): {plain.seconds / fused.seconds:.1f} times faster; "
            f"OOF MAE fit {plain.oof_mae:.4f}, hpo {fused.oof_mae:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
