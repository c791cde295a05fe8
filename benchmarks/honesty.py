"""Checks whether the scores that hpo claims are true, in many small studies with a known truth.

    python benchmarks/honesty.py [--studies 20] [--trials 12] [--samples 300] [--cv kfold:5]
                                 [--method auto] [--seed 0]

Every study searches a task of its own: two classes that differ in many weak features, of which each
configuration sees some. So many configurations are about equally good, and the best score is partly
luck. The truth is the score on 20,000 more samples.

For every study it prints the out-of-fold and the true score of the best single trial, and the
cross-fitted score of the ensemble with its 95 % interval and its true score. At the end it prints
how often the interval contains the truth, and how much too good the scores are on average. The
epoch of every trial was chosen on the same folds; cross-fitting the ensemble does not undo that.
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

N_FEATURES = 40
N_FEATURES_PER_VIEW = 12
N_VIEWS = 12
N_TEST = 20_000
SIGNAL_STRENGTH = 1.2


@dataclass(frozen=True)
class Comparison:
    """The claimed and the true scores of one study; all scores are accuracies.

    Attributes:
        single: The best single trial, out of fold.
        single_truth: The best single trial on the test set: the mean of its fold models' scores.
        apparent: The ensemble on the predictions that chose it.
        claimed: The ensemble, cross-fitted.
        low: The lower end of the interval.
        high: The upper end of the interval.
        truth: The ensemble on the test set.
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
        """Whether the interval contains the truth."""
        return self.low <= self.truth <= self.high


def make_task(seed: int, samples: int, cv: str) -> Task:
    """Make a task with weak features, of which every configuration sees some."""
    random = np.random.default_rng(seed)
    slopes = random.normal(size=N_FEATURES)
    slopes *= SIGNAL_STRENGTH / np.linalg.norm(slopes)
    views = [
        np.sort(random.choice(N_FEATURES, N_FEATURES_PER_VIEW, replace=False))
        for _ in range(N_VIEWS)
    ]

    def load(_data_dir: Path | None) -> Data:
        random = np.random.default_rng([seed, 1])
        x = random.normal(size=(samples + N_TEST, N_FEATURES)).astype("float32")
        y = (x @ slopes + random.logistic(size=len(x)) > 0).astype("int64")
        return Data(x=x[:samples], y=y[:samples], x_test=x[samples:], y_test=y[samples:])

    def build(params: dict[str, Any], _data: Data) -> Any:
        import keras

        mask = np.zeros(N_FEATURES, "float32")
        mask[views[params["view"]]] = 1
        model = keras.Sequential(
            [
                keras.Input((N_FEATURES,)),
                keras.layers.Rescaling(mask.tolist()),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(params["rate"]), "binary_crossentropy", metrics=["accuracy"]
        )
        return model

    space = Space(
        {
            "view": Categorical(tuple(range(N_VIEWS)), default=0),
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


def compare(seed: int, *, samples: int, trials: int, cv: str, method: str) -> Comparison:
    """Search, make an ensemble, and compare the claimed scores with the true ones."""
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
        ensemble = hpo.ensemble(study, task=task, method=method)
        truth = single_truth(ensemble)
    result = ensemble.result
    low, high = result["oof_interval"]
    return Comparison(
        single=result["best_single_oof"],
        single_truth=truth,
        apparent=result["oof_apparent"],
        claimed=result["oof"],
        low=low,
        high=high,
        truth=result["test"]["accuracy"],
        method=result["method"],
    )


def single_truth(ensemble: Ensemble) -> float:
    """The true score of the best trial: the mean of its fold models' scores on the test set."""
    import keras

    from hpo.ensembles.members import Member

    data = ensemble.data
    best = Member(ensemble.study.name, ensemble.result["best_single"])
    scores = []
    for saved in ensemble.members.models(best):
        model = keras.saving.load_model(saved.path, compile=False)
        predicted = np.asarray(model(data.x_test)).reshape(-1) > 0.5
        scores.append((predicted == data.y_test).mean())
    return float(np.mean(scores))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


@click.command()
@click.option("--studies", default=20, show_default=True, type=click.IntRange(min=2))
@click.option("--trials", default=12, show_default=True)
@click.option("--samples", default=300, show_default=True)
@click.option("--cv", default="kfold:5", show_default=True)
@click.option("--method", default="auto", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(studies: int, seed: int, **settings: Any) -> None:
    """Print the claimed and the true scores of small studies."""
    import_keras()
    print("       best single trial    ensemble")
    print("study  claimed     true    claimed   95 % interval       true  holds  method")
    comparisons = []
    for study in range(studies):
        one = compare(seed + study, **settings)
        comparisons.append(one)
        print(
            f"{study:5}  {one.single:7.4f}  {one.single_truth:7.4f}  {one.claimed:9.4f}   "
            f"{one.low:.4f} to {one.high:.4f}  {one.truth:7.4f}  "
            f"{'yes' if one.holds else 'no':5}  {one.method}",
            flush=True,
        )
    n_holding = sum(c.holds for c in comparisons)
    print(f"\nthe interval contains the truth {n_holding} of {studies} times")
    for what, values in (
        ("best single trial", [c.single - c.single_truth for c in comparisons]),
        ("ensemble, apparent", [c.apparent - c.truth for c in comparisons]),
        ("ensemble, cross-fitted", [c.claimed - c.truth for c in comparisons]),
    ):
        mean, error = mean_and_error(values)
        print(f"too good by  {what:24} {mean:+.4f} ± {error:.4f}")


if __name__ == "__main__":
    main()
