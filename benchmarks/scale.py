"""Measures how many trials a second workers begin and end together, however many there are.

    python benchmarks/scale.py [--kind journal] [--kind ray] [--kind postgres]
                               [--workers 1 --workers 2 ...] [--trials 400]

The task does nothing (``benchmarks/nothing.py``), so what is measured is what the engine costs:
asking, storing arrays, and telling. No trial ends before all workers have begun one, and the rate
is that of the trials after these, so the start of the workers is not part of it. For ``postgres``,
``HPO_STORAGE`` names an empty database.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

import hpo
from hpo.search.events import TrialEnded, TrialStarted

if TYPE_CHECKING:
    from hpo.search.events import Event

DATABASE = os.environ.pop("HPO_STORAGE", None)
TASK = str(Path(__file__).with_name("nothing.py"))


def rate(kind: str, workers: int, trials: int) -> float:
    """Trials a second of a search, once all of its workers work."""
    ended: list[float] = []
    begun: set[str] = set()

    def notice(event: Event) -> None:
        if isinstance(event, TrialStarted) and len(begun) < workers:
            begun.add(event.worker)
            if len(begun) == workers:
                all_begun.touch()
        elif isinstance(event, TrialEnded):
            ended.append(time.monotonic())

    with tempfile.TemporaryDirectory() as runs:
        all_begun = Path(runs) / "all-begun"
        os.environ["NOTHING_BEFORE"] = str(all_begun)
        hpo.run(
            TASK,
            study=f"{kind}-{workers}-{os.getpid()}",
            storage=DATABASE if kind == "postgres" else None,
            executor="ray" if kind == "ray" else "local",
            workers=workers,
            trials=trials + workers,
            sampler="random",
            pruner="none",
            keep=0,
            runs=runs,
            on_event=notice,
            **({"cpus_per_worker": 0.01} if kind == "ray" else {}),
        )
    return trials / (ended[-1] - ended[workers - 1])


@click.command()
@click.option("--kind", "kinds", multiple=True, default=("journal", "ray"), show_default=True)
@click.option("--workers", "numbers", multiple=True, default=(1, 2, 4, 8, 16), show_default=True)
@click.option("--trials", default=400, show_default=True, help="Trials to measure.")
def main(*, kinds: tuple[str, ...], numbers: tuple[int, ...], trials: int) -> None:
    """Print trials a second by kind of search and number of workers."""
    print(f"{'workers':>7}  " + "  ".join(f"{kind:>8}" for kind in kinds))
    for workers in numbers:
        rates = [rate(kind, workers, trials) for kind in kinds]
        print(f"{workers:>7}  " + "  ".join(f"{found:8.1f}" for found in rates), flush=True)


if __name__ == "__main__":
    main()
