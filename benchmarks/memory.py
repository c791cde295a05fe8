"""Measures how the memory of a worker grows from trial to trial.

    python benchmarks/memory.py [--backend jax] [--trials 200] [--epochs 10]

One process evaluates random configurations of Boston housing, each another network. A worker of
``hpo run`` would be replaced after it has grown by 256 MB; this one is not. It prints the memory
after 20 trials, after all of them, and their ratio.
"""

from __future__ import annotations

import dataclasses
import tempfile

import click

import hpo
from hpo.plugins import load_task
from hpo.search.events import TrialEnded
from hpo.training.memory import resident_bytes

FIRST = 20


@click.command()
@click.option("--backend", default="jax", show_default=True, help="Keras's backend.")
@click.option("--trials", default=200, show_default=True)
@click.option("--epochs", default=10, show_default=True)
def main(*, backend: str, trials: int, epochs: int) -> None:
    """Search Boston housing in this process and print its memory."""
    task = dataclasses.replace(load_task("boston"), epochs=epochs)
    megabytes: list[float] = []

    def on_event(event: object) -> None:
        if isinstance(event, TrialEnded):
            megabytes.append(resident_bytes() / 1e6)

    with tempfile.TemporaryDirectory() as runs:
        hpo.run(
            task, trials=trials, sampler="random", backend=backend, runs=runs, on_event=on_event
        )
    first, last = megabytes[min(FIRST, len(megabytes)) - 1], megabytes[-1]
    print(
        f"{backend}: {first:.0f} MB after {min(FIRST, trials)} trials, {last:.0f} MB after "
        f"{trials}: {last / first:.2f} times"
    )


if __name__ == "__main__":
    main()
