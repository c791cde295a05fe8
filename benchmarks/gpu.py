"""Compares ways to train the folds of a trial on this machine's device, under JAX.

    KERAS_BACKEND=jax python benchmarks/gpu.py [--tiny] [--epochs 10] [--processes 1,2,4,8]

For a dense, a convolutional and an embedding model it trains four folds with ``model.fit``, with
hpo's trainer and the folds in turn, and with the folds together. A trial is timed from building the
model to the end of training, compiling included; an epoch of all folds is timed afterward. Then
several processes train trials of the dense model on the same device at the same time.

It prints tables and the name of the device. With ``--tiny`` it takes seconds on a CPU.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

    from hpo.training import FoldArrays

N_FOLDS = 4
BATCH = 64
KINDS = ("dense", "convolutional", "embedding")
WAYS = ("fit", "in turn", "together")


@dataclass(frozen=True)
class Size:
    """How large the data and the models are."""

    samples: int
    units: int
    pixels: int
    tokens: int


FULL = Size(samples=8192, units=256, pixels=28, tokens=128)
TINY = Size(samples=256, units=8, pixels=8, tokens=8)


@dataclass(frozen=True)
class Times:
    """How long a way to train takes, in seconds."""

    trial: float
    epoch: float


def samples(kind: str, size: Size) -> np.ndarray:
    """Draw random samples of the shape that a kind of model reads."""
    generator = np.random.default_rng(0)
    if kind == "embedding":
        return generator.integers(0, 1000, (size.samples, size.tokens)).astype("int32")
    shape = (32,) if kind == "dense" else (size.pixels, size.pixels, 1)
    return generator.normal(size=(size.samples, *shape)).astype("float32")


def folds(kind: str, size: Size) -> list[FoldArrays]:
    """Cut random samples into folds."""
    from hpo.training import FoldArrays

    x = samples(kind, size)
    y = np.random.default_rng(1).integers(0, 2, (size.samples, 1)).astype("float32")
    parts = np.array_split(np.arange(size.samples), N_FOLDS)
    return [
        FoldArrays(x, y, None, np.concatenate([*parts[:k], *parts[k + 1 :]]), parts[k])
        for k in range(N_FOLDS)
    ]


def network(kind: str, size: Size) -> Any:
    """Build a compiled model of a kind."""
    import keras
    from keras import layers

    hidden: dict[str, list[Callable[[], Any]]] = {
        "dense": [lambda: layers.Dense(size.units, activation="relu")] * 3,
        "convolutional": [
            lambda: layers.Conv2D(32, 3, activation="relu", padding="same"),
            lambda: layers.MaxPooling2D(2),
            lambda: layers.Conv2D(64, 3, activation="relu", padding="same"),
            layers.GlobalAveragePooling2D,
        ],
        "embedding": [
            lambda: layers.Embedding(1000, 64),
            layers.GlobalAveragePooling1D,
            lambda: layers.Dense(size.units, activation="relu"),
        ],
    }
    keras.utils.set_random_seed(0)
    inputs = keras.Input(samples(kind, TINY if size is TINY else FULL).shape[1:])
    outputs = inputs
    for make in hidden[kind]:
        outputs = make()(outputs)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(outputs))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def with_fit(kind: str, size: Size, epochs: int) -> Times:
    """Train every fold with one call of ``fit``."""
    began, per_epoch = time.perf_counter(), 0.0
    for fold in folds(kind, size):
        model = network(kind, size)
        arguments: dict[str, Any] = {
            "x": fold.x[fold.train],
            "y": fold.y[fold.train],
            "batch_size": BATCH,
            "validation_data": (fold.x[fold.validation], fold.y[fold.validation]),
            "verbose": 0,
        }
        model.fit(epochs=1, **arguments)
        warm = time.perf_counter()
        model.fit(epochs=epochs - 1, **arguments)
        per_epoch += (time.perf_counter() - warm) / (epochs - 1)
    return Times(time.perf_counter() - began, per_epoch)


def with_hpo(kind: str, size: Size, epochs: int, *, together: bool) -> Times:
    """Train all folds with hpo's trainer."""
    from hpo.training import variables
    from hpo.training.choice import EpochChoice, mean_of_all
    from hpo.training.jax import JaxTrainer

    def objective(_names: object) -> str:
        return "val_loss"

    began = time.perf_counter()
    parts = folds(kind, size)
    model = network(kind, size)
    variables.build(model, parts[0], BATCH)
    trainer = JaxTrainer(
        model, parts, batch_size=BATCH, together=together, find_objective=objective
    )
    choice = EpochChoice(objective, "minimize", [mean_of_all(N_FOLDS)])
    states, left = [trainer.save()] * N_FOLDS, epochs
    while left:
        warm, n = time.perf_counter(), min(trainer.max_epochs, left)
        orders = [[fold.train for fold in parts]] * n
        states = trainer.run_stretch(states, orders, choice).states
        left -= n
    ended = time.perf_counter()
    return Times(ended - began, (ended - warm) / n)


def timed(way: str, kind: str, size: Size, epochs: int) -> Times:
    """Time one of the ways."""
    from hpo.training import compilations

    compilations.forget()
    if way == "fit":
        return with_fit(kind, size, epochs)
    return with_hpo(kind, size, epochs, together=way == "together")


def train_many(ready: Barrier, size: Size, epochs: int, trials: int) -> None:
    """Train trials of the dense model, one after the other, once all processes are ready."""
    with_hpo("dense", size, epochs, together=True)
    ready.wait()
    for _trial in range(trials):
        with_hpo("dense", size, epochs, together=True)
    ready.wait()


def trials_per_minute(processes: int, size: Size, epochs: int, trials: int) -> float:
    """Time several processes that share the device."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    children = [
        context.Process(target=train_many, args=(ready, size, epochs, trials))
        for _process in range(processes)
    ]
    for child in children:
        child.start()
    ready.wait()
    began = time.perf_counter()
    ready.wait()
    seconds = time.perf_counter() - began
    for child in children:
        child.join()
    return processes * trials * 60 / seconds


@click.command()
@click.option("--tiny", is_flag=True, help="Small data and models, for a CPU.")
@click.option("--epochs", default=10, show_default=True)
@click.option("--processes", default="1,2,4,8", show_default=True, help="Processes that share it.")
@click.option("--trials", default=10, show_default=True, help="Trials of each process.")
def main(*, tiny: bool, epochs: int, processes: str, trials: int) -> None:
    """Print how long the ways take."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from hpo.support.quiet import import_keras

    import_keras("jax")
    import jax

    size = TINY if tiny else FULL
    device = jax.devices()[0]
    print(
        f"{device.device_kind} ({device.platform}), JAX {jax.__version__}, {os.cpu_count()} cores"
    )
    print(f"{N_FOLDS} folds of {size.samples} samples, batch size {BATCH}, {epochs} epochs")
    print(f"{'model':<14} {'way':<9} {'trial':>9} {'epoch of all folds':>20} {'than fit':>9}")
    timed("fit", "dense", TINY, 2)  # what a process pays once is not part of a trial
    for kind in KINDS:
        of_fit = 0.0
        for way in WAYS:
            times = timed(way, kind, size, epochs)
            of_fit = of_fit or times.epoch
            print(
                f"{kind:<14} {way:<9} {times.trial:>7.2f} s {times.epoch * 1000:>17.1f} ms "
                f"{of_fit / times.epoch:>8.1f}x",
                flush=True,
            )
    for number in map(int, filter(None, processes.split(","))):
        rate = trials_per_minute(number, size, epochs, trials)
        print(f"{number} processes on the device: {rate:.0f} trials a minute", flush=True)


if __name__ == "__main__":
    main()
