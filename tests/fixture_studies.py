"""Studies on disk with invented trials, for tests that only read studies."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna

from hpo.options import Options
from hpo.study.confirmation import Repeat
from hpo.study.facts import Facts
from hpo.study.folder import create_study
from hpo.study.keys import RESULT
from hpo.study.mistakes import FILE, Mistakes, Sample
from hpo.study.settings import Settings
from hpo.study.trial import Failure
from hpo.support import files
from hpo.training.evaluation import TrialArrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpo.study.running import RunningTrial
    from hpo.study.study import Study

MARKUP = "<script>window.hacked=1</script>"
IMAGE = '"><img src=x onerror="window.hacked=1">'
LINK = '<b>bold</b> <a href="http://evil.example/">x</a> & &lt;'

SPACE = """\
[learning_rate]
type = "float"
low = 1e-5
high = 1e-2
log = true
default = 1e-3

[layers]
type = "int"
low = 1
high = 5
default = 2

[optimizer]
type = "categorical"
choices = ["adam", "rmsprop", "sgd"]
default = "adam"

[momentum]
type = "float"
low = 0.0
high = 1.0
default = 0.9
when = { optimizer = "sgd" }
"""

FACTS = {
    "baseline": 6.64,
    "reference": {"score": 2.55, "source": "F. Author, A Textbook, 2nd edition"},
    "data": {
        "n_samples": 404,
        "n_test": 102,
        "fingerprint": "9f2c51d0",
        "shapes": {"x": [404, 13], "y": [404]},
        "class_names": None,
    },
    "environment": {
        "python": "3.11.2",
        "keras": "3.12.0",
        "backend": "tensorflow",
        "devices": ["CPU"],
    },
}


@dataclass(frozen=True)
class InventedEvaluation:
    """What ``Study.complete`` reads of an evaluation."""

    score: float
    fold_scores: list[float]
    arrays: TrialArrays
    epochs: int = 10
    model_size: int | None = 4289
    extra: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        n = len(self.fold_scores)
        error = float(np.std(self.fold_scores, ddof=1) / math.sqrt(n)) if n > 1 else None
        return {
            "std_error": error,
            "fold_scores": self.fold_scores,
            "epochs": self.epochs,
            "epochs_trained": len(next(iter(self.arrays.curves.values()))),
            "model_size": self.model_size,
            "training": "fused",
            **self.extra,
        }


def new_study(
    runs: Path,
    name: str = "boston",
    *,
    objective: str = "val_mae",
    direction: str = "minimize",
    task_name: str | None = None,
    space: str = SPACE,
    facts: dict[str, Any] | None = FACTS,
) -> Study:
    """A study without trials."""
    settings = Settings(name, task_name or name, objective, direction, "kfold:4", space)
    study = create_study(runs, name, settings)
    study.options = Options(command=f"hpo run {name} --sampler tpe --trials 50 --seed 7")
    if facts:
        study.facts = Facts.from_json(facts)
    return study


def evaluation(
    score: float,
    *,
    objective: str = "val_mae",
    targets: np.ndarray | None = None,
    folds: int = 4,
    epochs: int = 40,
    seed: int = 0,
) -> InventedEvaluation:
    """An evaluation with this score, learning curves that lead to it, and matching predictions."""
    generator = np.random.default_rng(seed)
    chosen = int(0.7 * epochs)
    steps = np.abs(np.arange(epochs) - chosen + 1)[:, None] / epochs
    offsets = generator.normal(0, 0.08 * abs(score), folds) if folds > 1 else np.zeros(1)
    validation = score + (offsets - offsets.mean()) + 2 * abs(score) * steps**2
    training = score * (0.7 + np.exp(-np.arange(epochs) / 8))[:, None] + offsets
    metric = objective.removeprefix("val_")
    curves = {
        metric: training,
        objective: validation,
        "loss": training**2,
        "val_loss": validation**2,
    }
    targets = np.linspace(5, 50, 200) if targets is None else targets
    return InventedEvaluation(
        score=float(validation[chosen - 1].mean()),
        fold_scores=validation[chosen - 1].tolist(),
        epochs=chosen,
        arrays=TrialArrays(
            curves=curves,
            index=np.arange(len(targets)),
            predictions={"": predictions(targets, score, seed)},
            fold=np.arange(len(targets)) % folds,
        ),
    )


def predictions(targets: np.ndarray, score: float, seed: int = 0) -> np.ndarray:
    """Predictions that are off by about the score; probabilities where targets are classes."""
    generator = np.random.default_rng(seed)
    if np.issubdtype(targets.dtype, np.integer):
        logits = generator.normal(0, 1, (len(targets), int(targets.max()) + 1))
        logits[np.arange(len(targets)), targets] += 2
        exponents = np.exp(logits)
        return exponents / exponents.sum(axis=1, keepdims=True)
    return (targets + generator.normal(0, 1.25 * abs(score), len(targets)))[:, None]


def add_complete(
    study: Study, found: InventedEvaluation, params: dict[str, Any] | None = None
) -> RunningTrial:
    """Ask for a trial and complete it."""
    if params is not None:
        study.queue.enqueue(params)
    trial = begin(study)
    study.queue.complete(trial, found)
    return trial


def begin(study: Study) -> RunningTrial:
    """Ask for a trial, with a random configuration unless one is queued."""
    trial = study.queue.ask(optuna.samplers.RandomSampler())
    trial.suggest(study.space)
    return trial


def add_failed(study: Study, reason: str, cause: str = "configuration") -> None:
    """Ask for a trial and fail it."""
    study.queue.fail(begin(study).number, Failure(reason, cause))


def add_pruned(study: Study) -> None:
    """Ask for a trial and prune it after 16 epochs."""
    trial = begin(study)
    trial.report(4.25, 16)
    study.queue.prune(trial, 16)


def regression_study(runs: Path, name: str = "boston", trials: int = 24) -> Study:
    """A study with everything: defaults first, pruned and failed trials, an ensemble."""
    study = new_study(runs, name)
    targets = np.linspace(5, 50, 200) + np.random.default_rng(1).normal(0, 3, 200)
    study.files.write_targets({"": targets})
    add_complete(study, evaluation(2.71, targets=targets), study.space.defaults())
    for number in range(1, trials):
        if number % 8 == 3:
            add_pruned(study)
        elif number % 8 == 5:
            add_failed(study, "the loss became NaN in epoch 3")
        else:
            score = 2.3 + 1.6 * abs(math.sin(2.1 * number)) * math.exp(-number / 30)
            add_complete(study, evaluation(score, targets=targets, seed=number))
    add_ensemble(study, [trial.number for trial in study.ranking[:4]])
    return study


def classification_study(runs: Path, name: str = "reuters", classes: int = 5) -> Study:
    """A study that maximizes an accuracy."""
    names = [f"topic {number}" for number in range(classes)]
    facts = FACTS | {"baseline": 0.36, "reference": None}
    facts["data"] = FACTS["data"] | {"class_names": names}
    study = new_study(runs, name, objective="val_accuracy", direction="maximize", facts=facts)
    targets = np.random.default_rng(2).integers(0, classes, 300)
    study.files.write_targets({"": targets})
    for number in range(6):
        score = 0.7 + 0.02 * number
        found = evaluation(score, objective="val_accuracy", targets=targets, seed=number)
        add_complete(study, found)
    return study


def hostile_study(runs: Path) -> Study:
    """A study whose every text is markup."""
    choices = json.dumps([MARKUP, IMAGE, LINK])
    space = f'[kind]\ntype = "categorical"\nchoices = {choices}\ndefault = {json.dumps(LINK)}\n'
    facts = FACTS | {
        "reference": {"score": 0.9, "source": MARKUP},
        "data": {"class_names": [MARKUP, IMAGE, LINK], "fingerprint": MARKUP},
        "environment": {"devices": [IMAGE], MARKUP: IMAGE},
    }
    study = new_study(
        runs,
        objective="val_accuracy",
        direction="maximize",
        task_name=MARKUP,
        space=space,
        facts=facts,
    )
    study.options = Options(command=f"hpo run '{MARKUP}' {IMAGE}")
    targets = np.arange(30) % 3
    study.files.write_targets({"": targets})
    for kind in (LINK, MARKUP, IMAGE):
        found = evaluation(0.8, objective="val_accuracy", targets=targets)
        add_complete(study, found, {"kind": kind})
    add_failed(study, f"{MARKUP} {IMAGE} {LINK}")
    add_ensemble(study, [0, 1])
    study.record_consultation(MARKUP, {MARKUP: IMAGE})
    add_samples(study, "text", f"{MARKUP} a review {IMAGE} {LINK}", truth=MARKUP)
    return study


def large_study(runs: Path, name: str = "large", trials: int = 1000) -> Study:
    """A study with many trials, every one of them with its file."""
    study = new_study(runs, name, facts=FACTS | {"reference": None})
    generator = np.random.default_rng(3)
    study.files.write_targets({"": np.linspace(0, 1, 500)})
    records = [_record(study, generator, number) for number in range(trials)]
    study._record.add_trials(records)
    for trial in study.trials:
        found = evaluation(trial.score or 0.0, targets=study.files.targets[""], epochs=60)
        path = study.files.trial_directory(trial.number) / "evaluation.npz"
        path.parent.mkdir(parents=True)
        np.savez(
            path,
            index=found.arrays.index,
            fold=found.arrays.fold,
            **{f"curve/{key}": curve for key, curve in found.arrays.curves.items()},
            **{f"oof/{key}": values for key, values in found.arrays.predictions.items()},
        )
    return study


def confirm(study: Study, scores: dict[int, list[float | str]], repeats: int = 3) -> None:
    """Store confirmed scores of every trial by number; a string says why one failed."""
    trials = [trial for trial in study.ranking if trial.number in scores]
    study.plan_confirmation(trials, repeats, new_cuts=True)
    for number, of_trial in scores.items():
        for repeat, came_to in enumerate(of_trial, 1):
            score, reason = (came_to, None) if isinstance(came_to, float) else (None, came_to)
            study.record_repeat(number, repeat, Repeat(7, score=score, reason=reason))


def declining_study(runs: Path) -> Study:
    """Trials 0 to 3, ever worse in the search."""
    study = new_study(runs)
    for number in range(4):
        add_complete(study, evaluation(2.0 + number / 10, seed=number))
    return study


def folder_of_two_studies(folder: Path) -> Path:
    """A full study with a space in its name, and an empty one with markup in its task's."""
    regression_study(folder, "boston two", trials=3)
    new_study(folder, "empty", task_name=MARKUP)
    return folder


def _record(study: Study, generator: np.random.Generator, number: int) -> optuna.trial.FrozenTrial:
    asked = optuna.trial.FixedTrial(_random_params(generator), number=number)
    params = study.space.suggest(asked)
    fold_scores = (2.3 + generator.exponential(1.0) + generator.normal(0, 0.2, 5)).tolist()
    return optuna.trial.create_trial(
        params=params,
        distributions=asked.distributions,
        value=float(np.mean(fold_scores)),
        user_attrs={
            RESULT: {
                "std_error": float(np.std(fold_scores, ddof=1) / math.sqrt(5)),
                "fold_scores": fold_scores,
                "epochs": 37,
                "epochs_trained": 57,
                "model_size": 123_456,
                "training": "fused",
            }
        },
    )


def _random_params(generator: np.random.Generator) -> dict[str, Any]:
    return {
        "learning_rate": float(10 ** generator.uniform(-5, -2)),
        "layers": int(generator.integers(1, 6)),
        "optimizer": str(generator.choice(["adam", "rmsprop", "sgd"])),
        "momentum": float(generator.uniform(0, 1)),
    }


def add_samples(study: Study, kind: str, content: Any, truth: Any = "topic 1") -> None:
    """Store what ``hpo.study.mistakes.store`` would: one wrong prediction of the best trial."""
    sample = Sample(7, truth, "topic 2", 0.98, kind, content)
    best = study.best.number if study.best else 0
    mistakes = Mistakes(best, "", 30, (sample, sample))
    files.write_json(study.directory / FILE, [asdict(mistakes)])


def add_ensemble(study: Study, members: Sequence[int]) -> None:
    """Write an ensemble as ``hpo ensemble`` does, with one consultation of the test set."""
    weights = np.arange(len(members), 0, -1) / sum(range(1, len(members) + 1))
    study.record_consultation(f"hpo ensemble {study.name}", {"mae": 2.41})
    files.write_json(
        study.directory / "ensemble" / "ensemble.json",
        {
            "study": study.name,
            "method": "greedy",
            "members": [
                {"trial": trial, "weight": float(weight)}
                for trial, weight in zip(members, weights, strict=True)
            ],
            "oof": 2.214,
            "best_single_oof": 2.331,
            "best_single": members[0],
            "oof_by_method": {"mean": 2.264, "greedy": 2.214},
            "test": {"mae": 2.41, "loss": 10.3},
            "test_best_single": {"mae": 2.57, "loss": 11.9},
            "test_consulted": 1,
            "created": "2026-01-31T12:00:00+00:00",
        },
    )
    arrays = study.files.arrays(members[0])
    targets = study.files.targets[""]
    files.write_arrays(
        study.directory / "ensemble" / "oof.npz",
        {"index": arrays.index, "oof/": predictions(targets, 1.9, seed=99)},
    )
