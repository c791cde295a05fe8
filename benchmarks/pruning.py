"""Measures what pruning saves and what it costs: the same searches with and without it.

    python benchmarks/pruning.py [--task boston] [--trials 30] [--seeds 5]

Every search runs alone, with one worker. The number of epochs does not depend on the machine or its
load; the seconds do. The scores are those of the best trial and of an ensemble of all trials, both
out of fold. The test set is not used.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass

import hpo
from hpo.ensembles import pool, selection
from hpo.study.opening import open_data


@dataclass(frozen=True)
class Outcome:
    """The cost and the scores of a search."""

    seconds: float
    epochs: int
    complete: int
    best: float
    ensemble: float


def search(task: str, pruner: str, trials: int, seed: int, options: dict[str, object]) -> Outcome:
    """Search once."""
    with tempfile.TemporaryDirectory() as runs:
        began = time.monotonic()
        study = hpo.run(task, pruner=pruner, trials=trials, seed=seed, runs=runs, **options)
        seconds = time.monotonic() - began
        best = study.best
        return Outcome(
            seconds=seconds,
            epochs=sum(trial.epochs_trained or 0 for trial in study.trials),
            complete=sum(trial.state == "complete" for trial in study.trials),
            best=float("nan") if best is None or best.score is None else best.score,
            ensemble=ensemble_score(study, task),
        )


def ensemble_score(study: hpo.Study, name: str) -> float:
    """The cross-fitted score of a greedy ensemble of a study's trials."""
    data = open_data(study, name).without_test()
    candidates = pool.candidates({study.name: study}, data.task, data.searched)
    return selection.choose("greedy", candidates, 20).score


def main() -> None:
    """Search with every pruner and seed, and print the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="boston")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pruners", nargs="+", default=["none", "asha"])
    parser.add_argument("--train-size")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    options = {"train_size": arguments.train_size, "workers": arguments.workers}
    print("pruner     seed  seconds  epochs  complete  best    ensemble", flush=True)
    for pruner in arguments.pruners:
        outcomes = []
        for seed in range(arguments.seeds):
            one = search(arguments.task, pruner, arguments.trials, seed, options)
            outcomes.append(one)
            print(
                f"{pruner:10} {seed:4} {one.seconds:8.0f} {one.epochs:7} {one.complete:9}  "
                f"{one.best:.4f}  {one.ensemble:.4f}",
                flush=True,
            )
        print(
            f"{pruner:10} mean {statistics.mean(o.seconds for o in outcomes):8.0f} "
            f"{statistics.mean(o.epochs for o in outcomes):7.0f} "
            f"{statistics.mean(o.complete for o in outcomes):9.1f}  "
            f"{statistics.mean(o.best for o in outcomes):.4f}  "
            f"{statistics.mean(o.ensemble for o in outcomes):.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
