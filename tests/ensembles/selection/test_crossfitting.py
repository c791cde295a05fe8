import math

import numpy as np
import pytest
from ensembles.selection.libraries import TARGETS, candidates

from hpo.ensembles.selection import (
    METHODS,
    choose,
    parts,
)


@pytest.mark.parametrize("method", METHODS)
def test_among_candidates_of_pure_noise_the_apparent_score_is_too_good_and_the_claimed_is_not(
    method,
):
    apparent, claimed = [], []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        errors = generator.normal(size=(20, 60))
        targets = generator.normal(size=60)
        found = candidates(*errors, targets=targets, n_parts=5).take(np.arange(60))
        choice = choose(method, found, 5)
        # The errors are independent, so more candidates and any weights have a known truth.
        weights = np.array([*choice.combiner.weights.values()])
        norm = math.sqrt(np.square(weights).sum())
        truth = norm * math.sqrt(2 / math.pi)
        apparent.append(choice.apparent - truth)
        claimed.append(choice.score - truth)

    if method != "stacking":  # its coefficients are not its shares
        assert np.mean(apparent) < -0.02
        assert np.mean(claimed) > np.mean(apparent) + 0.02
        assert np.mean(claimed) > -0.02
    assert np.mean(claimed) > np.mean(apparent)


def test_the_parts_are_the_folds_of_the_study():
    fold = np.array([0, 2, 1, 2])

    np.testing.assert_array_equal(parts(fold, {"": TARGETS}, None), fold)


def test_the_samples_of_a_single_fold_are_divided_with_their_classes():
    classes = np.repeat([0, 1], [40, 10])

    found = parts(np.zeros(50, int), {"": classes}, None)

    assert sorted(np.bincount(found)) == [10] * 5
    assert sorted(np.bincount(found[classes == 1])) == [2] * 5


def test_groups_of_a_single_fold_stay_together():
    groups = np.repeat(np.arange(10), 5)

    found = parts(np.zeros(50, int), {"": np.arange(50.0)}, groups)

    assert all(len(set(found[groups == group])) == 1 for group in range(10))
    assert len(set(found)) == 5
