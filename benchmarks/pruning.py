"""What pruning saves and what it costs: the same searches with and without.

    python benchmarks/pruning.py [--task boston] [--trials 30] [--seeds 5]

Every search runs by itself, with one worker. Epochs do not depend on the machine or on what else
it does; seconds do. The score is that of the best trial, and that of the ensemble of all, both out
of fold; the test set is not looked at.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass

import hpo
from hpo.data.loading import load_data
from hpo.ensembles import pool, selection
from hpo.study.opening import of_study


@dataclass(frozen=True)
class Outcome:
    """What a search came to."""

    seconds: float
    epochs: int
    complete: int
    best: float
    ensemble: float


def search(task: str, pruner: str, trials: int, seed: int, more: dict[str, object]) -> Outcome:
    """Search once."""
    with tempfile.TemporaryDirectory() as runs:
        began = time.monotonic()
        study = hpo.run(task, pruner=pruner, trials=trials, seed=seed, runs=runs, **more)
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
    task = hpo.load_task(name)
    data = load_data(task, study.options.data_dir).without_test()
    part = of_study(data, study.settings, task)
    candidates = pool.candidates({study.name: study}, task, part)
    return selection.choose("greedy", candidates, 20).score


def main() -> None:
    """Search with both pruners and every seed, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="boston")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pruners", nargs="+", default=["none", "asha"])
    parser.add_argument("--train-size")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    more = {"train_size": given.train_size, "workers": given.workers}
    print("pruner     seed  seconds  epochs  complete  best    ensemble", flush=True)
    for pruner in given.pruners:
        outcomes = []
        for seed in range(given.seeds):
            found = search(given.task, pruner, given.trials, seed, more)
            outcomes.append(found)
            print(
                f"{pruner:10} {seed:4} {found.seconds:8.0f} {found.epochs:7} {found.complete:9}  "
                f"{found.best:.4f}  {found.ensemble:.4f}",
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
