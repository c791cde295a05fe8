"""Measures what the engine costs in addition to the trials, and how that grows with the study.

    python benchmarks/overhead.py [--trials 300] [--large 5000]

First the worker loop evaluates a task that does nothing on the study's journal, so that the time
per trial is the engine's own; Optuna used directly on the same kind of journal is the comparison.
Then it measures a study of thousands of trials: how long an ask and a tell take, how much memory
the study needs, and how long ``hpo show`` and ``hpo report`` take. Its trials are in the database
that ``HPO_STORAGE`` names, if it does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import optuna

from hpo import Categorical, Data, Float, Int, Space, Task, run
from hpo.data.splits import validated_by
from hpo.options import Options
from hpo.samplers import make_sampler
from hpo.search.host import StudyHost
from hpo.study.folder import create_study, load_study
from hpo.study.journal import open_journal
from hpo.study.keys import RESULT
from hpo.study.settings import Settings
from hpo.training.evaluation import Evaluation, Evaluator, TrialArrays
from hpo.training.memory import resident_bytes

SPACE = Space(
    {
        **{f"rate_{n}": Float(1e-5, 1e-1, log=True) for n in range(3)},
        **{f"units_{n}": Int(8, 512, log=True) for n in range(3)},
        "optimizer": Categorical(["adam", "sgd", "rmsprop"]),
        "momentum": Float(0.0, 0.99, when={"optimizer": "sgd"}),
    }
)
ROWS = np.arange(400)


def load(_data_dir: Path | None) -> Data:
    """Make data that nothing looks at."""
    rng = np.random.default_rng(0)
    return Data(x=rng.normal(size=(400, 13)), y=rng.normal(size=400))


TASK = Task(
    name="nothing",
    load=load,
    model=lambda _params, _data: None,
    space=SPACE,
    objective="val_mae",
    cv="kfold:4",
    epochs=100,
)


def evaluate(evaluator: Evaluator | None, params: dict[str, float], **_more: object) -> Evaluation:
    """Return at once, with curves and predictions of the usual size."""
    score = abs(np.log10(params["rate_0"]) + 3) + abs(np.log2(params["units_0"]) - 6)
    curves = {name: np.full((100, 4), score) for name in ("loss", "mae", "val_loss", "val_mae")}
    parts = [split.validation for split in evaluator.splits] if evaluator else [ROWS]
    index, fold = validated_by(parts)
    arrays = TrialArrays(curves, index, {"": np.zeros((400, 1), "float32")}, fold)
    return Evaluation(float(score), [float(score)] * 4, [50], 1000, "fused", "mse", arrays)


def engine(trials: int, sampler: str) -> float:
    """Milliseconds per trial of a search whose trials do nothing."""
    with (
        tempfile.TemporaryDirectory() as runs,
        mock.patch.object(Evaluator, "evaluate", evaluate),
    ):
        run(
            TASK, trials=1, sampler=sampler, runs=runs, study=sampler
        )  # warm up: imports, facts and so on
        began = time.monotonic()
        run(TASK, trials=trials + 1, sampler=sampler, runs=runs, study=sampler)
        return 1000 * (time.monotonic() - began) / trials


def optuna_alone(trials: int, sampler: str) -> float:
    """Milliseconds per trial of Optuna used directly, with one sampler for all trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        storage = open_journal(Path(folder) / "journal.log")
        study = optuna.create_study(storage=storage, sampler=make_sampler(sampler, 0))
        began = time.monotonic()
        for _ in range(trials):
            trial = study.ask()
            params = SPACE.suggest(trial)
            study.tell(trial, evaluate(None, params).score)
        return 1000 * (time.monotonic() - began) / trials


def large(trials: int) -> None:
    """Print what a study of thousands of trials costs."""
    with tempfile.TemporaryDirectory() as runs:
        settings = Settings("nothing", "nothing", "val_mae", "minimize", "kfold:4", SPACE.to_toml())
        study = create_study(Path(runs), "large", settings)
        study.options = Options(trials=trials + 10)
        name = study.storage.get_study_name_from_id(study.storage_id)
        fill(optuna.load_study(study_name=name, storage=study.storage), trials)
        before = resident_bytes()
        study = load_study("large", runs)
        _ = study.ranking
        grown = (resident_bytes() - before) / 2**20
        print(f"{trials} trials take {grown:.0f} MB of a worker's memory")
        for sampler in ("random", "tpe", "gp"):
            study.search_with(Options(trials=trials + 10, sampler=sampler))
            host = StudyHost(study)
            began = time.monotonic()
            asked = host.ask("worker")
            after_ask = time.monotonic()
            host.complete(asked.number, evaluate(None, asked.params))
            after_tell = time.monotonic()
            print(
                f"  {sampler}: ask {1000 * (after_ask - began):.0f} ms, "
                f"tell {1000 * (after_tell - after_ask):.0f} ms",
                flush=True,
            )
        for command in ("show", "report"):
            began = time.monotonic()
            subprocess.run(  # noqa: S603
                [sys.executable, "-m", "hpo", command, "large", "--runs", runs],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            print(f"  hpo {command}: {time.monotonic() - began:.2f} s")


def fill(record: optuna.Study, trials: int) -> None:
    """Add random trials, each as a worker would store it."""
    rng = np.random.default_rng(0)
    for _ in range(trials):
        fixed = optuna.trial.FixedTrial(
            {
                **{f"rate_{n}": float(10 ** rng.uniform(-5, -1)) for n in range(3)},
                **{f"units_{n}": int(2 ** rng.uniform(3, 9)) for n in range(3)},
                "optimizer": str(rng.choice(["adam", "sgd", "rmsprop"])),
                "momentum": float(rng.uniform(0, 0.99)),
            }
        )
        params = SPACE.suggest(fixed)
        evaluation = evaluate(None, params)
        record.add_trial(
            optuna.trial.create_trial(
                params=params,
                distributions=fixed.distributions,
                value=evaluation.score,
                user_attrs={RESULT: evaluation.summary(), "worker": "machine-1", "seed": 1},
            )
        )


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--large", type=int, default=5000)
    arguments = parser.parse_args()
    for sampler in ("random", "tpe"):
        own, direct = engine(arguments.trials, sampler), optuna_alone(arguments.trials, sampler)
        print(f"{sampler}: {own:.1f} ms per trial; Optuna directly {direct:.1f} ms", flush=True)
    large(arguments.large)


if __name__ == "__main__":
    main()
