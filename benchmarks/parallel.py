"""Measures how many trials of Boston housing two workers finish in the time of one.

    python benchmarks/parallel.py [--minutes 3]

Each search runs alone for the same time, which includes starting its workers. Two workers on two
cores have one thread each; so has a single worker, since the data is small.
"""

from __future__ import annotations

import argparse
import tempfile

import hpo


def trials_of(workers: int, minutes: float) -> int:
    """The number of trials that some workers finish in some minutes."""
    with tempfile.TemporaryDirectory() as runs:
        study = hpo.run(
            "boston",
            sampler="random",
            pruner="none",
            trials=10_000,
            timeout=60 * minutes,
            workers=workers,
            runs=runs,
        )
        return sum(trial.score is not None for trial in study.trials)


def main() -> None:
    """Search with one worker and with two, and print both numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    minutes = parser.parse_args().minutes
    one, two = trials_of(1, minutes), trials_of(2, minutes)
    print(f"one worker: {one} trials in {minutes:g} min")
    print(f"two workers: {two} trials, {two / one:.2f} times as many")


if __name__ == "__main__":
    main()
