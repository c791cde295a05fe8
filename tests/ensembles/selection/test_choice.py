import numpy as np
import pytest
from ensembles.selection.libraries import DOWN, EVERY_WAY, UP, WRONG, candidates, libraries, library
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.ensembles.selection import (
    AUTO,
    METHODS,
    choose,
)
from hpo.ensembles.selection.choice import WAYS
from hpo.errors import HPOError
from hpo.scoring.metrics import accuracy


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, {10: 1.0}), (2, {10: 0.5, 11: 0.5}), (9, {10: 1 / 3, 11: 1 / 3, 12: 1 / 3})],
)
def test_a_mean_weighs_the_best_candidates_equally(size, expected):
    (mean,) = WAYS["mean"]

    weights = mean(candidates(UP, DOWN, WRONG), size).weights

    assert {member.trial: w for member, w in weights.items()} == pytest.approx(expected)


@settings(deadline=None, max_examples=40)
@given(libraries, st.sampled_from(EVERY_WAY), st.integers(1, 8), st.booleans())
def test_weights_are_shares_of_known_trials_heaviest_first(errors, way, size, maximize):
    found = candidates(*errors, targets=np.arange(6.0), maximize=maximize)

    weights = way(found, size).weights

    assert set(weights) <= set(found.members)
    assert 1 <= len(weights) <= size
    assert all(weight >= 0 for weight in weights.values())
    assert sum(weights.values()) == pytest.approx(1)
    assert list(weights.values()) == sorted(weights.values(), reverse=True)


def test_choosing_does_not_change_the_predictions():
    found = candidates(UP, DOWN, WRONG)
    before = {member: p[""].copy() for member, p in found.predictions.items()}

    choose(AUTO, found, 5)

    for member in found.members:
        np.testing.assert_array_equal(found.predictions[member][""], before[member])


def test_outputs_that_cannot_be_stacked_are_told_and_left_out_by_auto():
    logits = np.random.default_rng(0).normal(size=(2, 40, 3))
    found = library(logits, np.arange(40) % 3, accuracy, maximize=True)

    with pytest.raises(HPOError, match=r"stacking: .*\(20, 3\).*--method greedy"):
        choose("stacking", found, 2)
    assert choose(AUTO, found, 2).by_method["stacking"] is None


def test_auto_takes_the_method_with_the_best_cross_fitted_score():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 300))
    linear = library([first, second], 3 * first - 2 * second, n_parts=5)

    choice = choose(AUTO, linear, 5)

    assert choice.method == "stacking"
    assert set(choice.by_method) == set(METHODS)
    assert min(choice.by_method.values()) == choice.by_method["stacking"] == choice.score


def test_a_method_that_is_asked_for_is_the_only_one_tried():
    assert set(choose("mean", candidates(UP, DOWN), 2).by_method) == {"mean"}
