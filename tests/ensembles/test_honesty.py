"""What is claimed of ensembles is true: many small studies of data whose truth is known.

``benchmarks/honesty.py`` does the same with searches of Keras models.
"""

import runpy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from hpo.ensembles.members import Member
from hpo.ensembles.selection import AUTO, Candidates, choose
from hpo.scoring.metrics import accuracy, on_output

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "honesty.py"
STUDIES, TRIALS, SAMPLES, FEATURES, SEEN, N_TEST = 20, 12, 300, 40, 12, 10_000


@dataclass
class Study:
    """What a study claims, and what is true."""

    single: float
    single_truth: float
    claimed: float
    apparent: float
    interval: tuple[float, float]
    truth: float

    @property
    def holds(self):
        return self.interval[0] <= self.truth <= self.interval[1]


def search(seed):
    """Twelve linear models, each of other features, and the ensemble of them."""
    generator = np.random.default_rng(seed)
    slopes = generator.normal(size=FEATURES) / np.sqrt(FEATURES)
    x = generator.normal(size=(SAMPLES + N_TEST, FEATURES))
    y = (x @ slopes * 1.2 + generator.logistic(size=len(x)) > 0).astype(int)
    x_test, y_test, x, y = x[SAMPLES:], y[SAMPLES:], x[:SAMPLES], y[:SAMPLES]
    fold = np.zeros(SAMPLES, int)
    cuts = list(StratifiedKFold(5, shuffle=True, random_state=0).split(x, y))
    predictions, tests, truths = {}, {}, {}
    for number in range(TRIALS):
        member = Member("study", number)
        seen = generator.choice(FEATURES, SEEN, replace=False)
        out_of_fold, on_test = np.zeros(SAMPLES), []
        for part, (train, validation) in enumerate(cuts):
            fold[validation] = part
            model = LogisticRegression().fit(x[train][:, seen], y[train])
            out_of_fold[validation] = model.predict_proba(x[validation][:, seen])[:, 1]
            on_test.append(model.predict_proba(x_test[:, seen])[:, 1])
        predictions[member] = {"": out_of_fold}
        tests[member] = {"": np.mean(on_test, axis=0)}
        truths[member] = np.mean([accuracy(y_test, p) for p in on_test])
    found = Candidates(predictions, {"": y}, np.arange(SAMPLES), fold, on_output(accuracy), True)
    found = found.take(np.arange(SAMPLES))
    choice = choose(AUTO, found, 20)
    best = found.members[0]
    return Study(
        single=found.score(predictions[best]),
        single_truth=truths[best],
        claimed=choice.score,
        apparent=choice.apparent,
        interval=choice.interval,
        truth=accuracy(y_test, choice.combiner.combine(tests)[""]),
    )


@pytest.fixture(scope="module")
def studies():
    return [search(seed) for seed in range(STUDIES)]


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def test_the_interval_of_an_ensemble_holds_its_true_score(studies):
    assert sum(study.holds for study in studies) >= 17


def test_the_score_of_the_best_single_trial_is_too_good(studies):
    mean, error = mean_and_error([study.single - study.single_truth for study in studies])

    assert mean > 3 * error


def test_cross_fitting_takes_away_what_choosing_the_ensemble_added(studies):
    apparent, _ = mean_and_error([study.apparent - study.truth for study in studies])
    claimed, error = mean_and_error([study.claimed - study.truth for study in studies])

    assert apparent > 3 * error
    assert abs(claimed) < 2.5 * error


@pytest.mark.slow  # trains Keras models
def test_the_benchmark_prints_what_is_claimed_beside_the_truth():
    main = runpy.run_path(str(BENCHMARK))["main"]

    result = CliRunner().invoke(main, ["--studies", "2", "--trials", "2", "--samples", "60"])

    assert result.exit_code == 0, result.output
    assert "interval contains the truth" in result.output
    assert "ensemble, cross-fitted" in result.output
