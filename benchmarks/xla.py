"""Measures what XLA gains and costs in the fused training loop, for hpo/training/xla.py.

    python benchmarks/xla.py

For each network it prints the seconds until the first epoch is done, and the microseconds per step
after that (in the fastest of several epochs), with and without XLA.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = 384
EPOCHS = 15


def measure(build: Callable[[], Any], width: int, batch_size: int, *, xla: bool) -> str:
    """Train a network on random numbers and describe the time it took."""
    import keras

    from hpo.training import FoldArrays, variables
    from hpo.training.tensorflow import FusedTrainer

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(SAMPLES, width)).astype("float32")
    y = random.normal(size=SAMPLES).astype("float32")
    rows = np.arange(SAMPLES)
    fold = FoldArrays(x, y, None, rows, rows[:32])
    model = keras.Sequential([keras.Input((width,)), *build(), keras.layers.Dense(1)])
    model.compile("rmsprop", loss="mse")
    variables.build(model, fold, batch_size)
    began = time.perf_counter()
    trainer = FusedTrainer(model, [fold], batch_size=batch_size, xla=xla)
    state = trainer.save()
    trainer.run_fold(0, state, [rows])
    first = time.perf_counter() - began
    seconds = []
    for _epoch in range(EPOCHS):
        began = time.perf_counter()
        trainer.run_fold(0, state, [rows])
        seconds.append(time.perf_counter() - began)
    return f"{first:4.1f} s, {min(seconds) / (SAMPLES / batch_size) * 1e6:6.0f} us"


def main() -> None:
    """Print a line per network."""
    import_keras()
    from keras import layers

    def dense(*units: int, rate: float = 0.0) -> Callable[[], Any]:
        def build() -> list[Any]:
            pairs = ((layers.Dense(n, "relu"), layers.Dropout(rate)) for n in units)
            return [layer for pair in pairs for layer in pair]

        return build

    def convolutional() -> list[Any]:
        return [layers.Reshape((16, 16, 1)), layers.Conv2D(16, 3), layers.Flatten()]

    cases: list[tuple[str, Callable[[], Any], int, int]] = [
        ("dense 64-64, batch 1", dense(64, 64), 13, 1),
        ("dense 64-64, batch 16", dense(64, 64), 13, 16),
        ("dense 64-64, batch 128", dense(64, 64), 13, 128),
        ("dense 256-256, batch 16", dense(256, 256), 13, 16),
        ("dense 512-512, batch 32", dense(512, 512), 64, 32),
        ("dense 64 on 10,000 inputs, batch 128", dense(64), 10_000, 128),
        ("dense 32-80, dropout, batch 16", dense(32, 80, rate=0.1), 13, 16),
        ("dense 64-64, dropout, batch 16", dense(64, 64, rate=0.1), 13, 16),
        ("convolution 16x16, batch 16", convolutional, 256, 16),
    ]
    for name, build, width, batch_size in cases:
        with_xla = measure(build, width, batch_size, xla=True)
        without = measure(build, width, batch_size, xla=False)
        print(f"{name:<38} XLA {with_xla}   without {without}", flush=True)


if __name__ == "__main__":
    main()
