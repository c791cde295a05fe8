import numpy as np
import pytest
from ensembles.selection.libraries import candidates

from hpo.ensembles.selection import (
    AUTO,
    Candidates,
    choose,
)
from hpo.scoring.metrics import mean_absolute_error


@pytest.mark.parametrize("metric", [mean_absolute_error, lambda t, p: ((t - p) ** 2).mean() ** 0.5])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(metric):
    held = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        found = candidates(generator.normal(size=200), targets=np.zeros(200), metric=metric)
        low, high = choose("mean", found, 1).interval
        truth = metric(np.zeros(100_000), np.random.default_rng(99).normal(size=100_000))
        held += low <= truth <= high

    assert 50 <= held <= 60


def test_samples_of_a_group_make_the_interval_wider():
    errors = np.repeat(np.random.default_rng(0).normal(size=20), 10)
    alone = candidates(errors, targets=np.zeros(200))
    groups = Candidates(**{**vars(alone), "units": np.repeat(np.arange(20), 10)})

    widths = [np.ptp(choose("mean", found, 1).interval) for found in (alone, groups)]

    assert widths[1] > 2 * widths[0]


def test_too_few_samples_have_no_interval():
    found = candidates([2.0], targets=np.zeros(1), n_parts=1)

    choice = choose(AUTO, found, 3)

    assert choice.interval is None
    assert choice.score == choice.apparent == 2.0
