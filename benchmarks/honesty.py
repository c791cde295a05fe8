"""Are the scores that hpo claims true? Many small studies of data whose truth is known.

    python benchmarks/honesty.py [--studies 20] [--trials 12] [--samples 300] [--cv kfold:5]
                                 [--method auto] [--seed 0]

Every study searches a task of its own: two classes, told apart by many weak features, of which
a configuration sees some. So many configurations are about equally good, and the one that comes
out best owes that to luck. The truth is the score on 20,000 further samples.

Printed are, for every study, the best single trial's score out of fold and its true one, and the
ensemble's cross-fitted score with its 95 % interval and its true one. Below stand how often the
interval holds the truth, and how much too good the scores are on average. The epoch of every trial
was chosen on the same folds; cross-fitting the ensemble does not undo that.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

import hpo
from hpo import Categorical, Data, Float, Space, Task
from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpo.ensembles.ensemble import Ensemble

FEATURES = 40
SEEN = 12
VIEWS = 12
N_TEST = 20_000
STRENGTH = 1.2


@dataclass(frozen=True)
class Finding:
    """One study: what was claimed, and what is true; all scores are accuracies.

    Attributes:
        single: Of the best single trial, out of fold.
        single_truth: The same on the test set, the mean of its fold models, each by itself.
        apparent: Of the ensemble, on the predictions that chose it.
        claimed: Of the ensemble, cross-fitted.
        low: The lower end of the interval.
        high: The upper end.
        truth: Of the ensemble on the test set.
        method: How the ensemble was chosen.
    """

    single: float
    single_truth: float
    apparent: float
    claimed: float
    low: float
    high: float
    truth: float
    method: str

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


def make_task(seed: int, samples: int, cv: str) -> Task:
    """A task with weak features, of which every configuration sees some."""
    generator = np.random.default_rng(seed)
    slopes = generator.normal(size=FEATURES)
    slopes *= STRENGTH / np.linalg.norm(slopes)
    views = [np.sort(generator.choice(FEATURES, SEEN, replace=False)) for _ in range(VIEWS)]

    def load(_data_dir: Path | None) -> Data:
        drawn = np.random.default_rng([seed, 1])
        x = drawn.normal(size=(samples + N_TEST, FEATURES)).astype("float32")
        y = (x @ slopes + drawn.logistic(size=len(x)) > 0).astype("int64")
        return Data(x=x[:samples], y=y[:samples], x_test=x[samples:], y_test=y[samples:])

    def build(params: dict[str, Any], _data: Data) -> Any:
        import keras

        seen = np.zeros(FEATURES, "float32")
        seen[views[params["view"]]] = 1
        model = keras.Sequential(
            [
                keras.Input((FEATURES,)),
                keras.layers.Rescaling(seen.tolist()),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(params["rate"]), "binary_crossentropy", metrics=["accuracy"]
        )
        return model

    space = Space(
        {
            "view": Categorical(tuple(range(VIEWS)), default=0),
            "rate": Float(0.01, 0.1, log=True, default=0.03),
        }
    )
    return Task(
        name=f"weak-{seed}",
        load=load,
        model=build,
        space=space,
        objective="val_accuracy",
        cv=cv,
        epochs=12,
        patience=12,
        batch_size=32,
    )


def examine(seed: int, *, samples: int, trials: int, cv: str, method: str) -> Finding:
    """Search, make an ensemble, and compare what is claimed with the truth."""
    task = make_task(seed, samples, cv)
    with tempfile.TemporaryDirectory() as runs:
        study = hpo.run(
            task,
            trials=trials,
            runs=runs,
            sampler="random",
            executor="inline",
            keep=trials,
            seed=seed,
        )
        made = hpo.ensemble(study, task=task, method=method)
        truth = single_truth(made)
    result = made.result
    low, high = result["oof_interval"]
    return Finding(
        single=result["best_single_oof"],
        single_truth=truth,
        apparent=result["oof_apparent"],
        claimed=result["oof"],
        low=low,
        high=high,
        truth=result["test"]["accuracy"],
        method=result["method"],
    )


def single_truth(made: Ensemble) -> float:
    """The true score of the best trial: of its fold models, each by itself, as out of fold."""
    import keras

    from hpo.ensembles.members import Member

    data = made.data
    best = Member(made.study.name, made.result["best_single"])
    scores = []
    for saved in made.members.models(best):
        model = keras.saving.load_model(saved.path, compile=False)
        predicted = np.asarray(model(data.x_test)).reshape(-1) > 0.5
        scores.append((predicted == data.y_test).mean())
    return float(np.mean(scores))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


@click.command()
@click.option("--studies", default=20, show_default=True, type=click.IntRange(min=2))
@click.option("--trials", default=12, show_default=True)
@click.option("--samples", default=300, show_default=True)
@click.option("--cv", default="kfold:5", show_default=True)
@click.option("--method", default="auto", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(studies: int, seed: int, **settings: Any) -> None:
    """Print what small studies claim beside the truth."""
    import_keras()
    print("       best single trial    ensemble")
    print("study  claimed     true    claimed   95 % interval       true  holds  method")
    findings = []
    for study in range(studies):
        found = examine(seed + study, **settings)
        findings.append(found)
        print(
            f"{study:5}  {found.single:7.4f}  {found.single_truth:7.4f}  {found.claimed:9.4f}   "
            f"{found.low:.4f} to {found.high:.4f}  {found.truth:7.4f}  "
            f"{'yes' if found.holds else 'no':5}  {found.method}",
            flush=True,
        )
    print(f"\nthe interval holds the truth {sum(f.holds for f in findings)} of {studies} times")
    for what, values in (
        ("best single trial", [f.single - f.single_truth for f in findings]),
        ("ensemble, apparent", [f.apparent - f.truth for f in findings]),
        ("ensemble, cross-fitted", [f.claimed - f.truth for f in findings]),
    ):
        mean, error = mean_and_error(values)
        print(f"too good by  {what:24} {mean:+.4f} ± {error:.4f}")


if __name__ == "__main__":
    main()
