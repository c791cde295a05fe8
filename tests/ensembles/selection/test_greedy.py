import math

import numpy as np
import pytest
from ensembles.selection.libraries import DOWN, UP, WRONG, candidates, libraries, library
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.ensembles.selection.choice import WAYS
from hpo.ensembles.selection.greedy import greedy
from hpo.scoring.metrics import accuracy


def picked(found, size):
    """The greedy weights above 0, by the number of the trial."""
    weights = greedy(found, size)
    return {m.trial: w for m, w in zip(found.members, weights, strict=True) if w > 0}


def test_greedy_takes_candidates_that_make_up_for_each_other():
    assert picked(candidates(UP, DOWN, WRONG), 10) == {10: 0.5, 11: 0.5}


def test_greedy_adds_a_candidate_again_where_that_helps():
    found = candidates([1.0, 1, 1, 1], [-2.0, -2, -2, -2])

    assert picked(found, 3) == pytest.approx({10: 2 / 3, 11: 1 / 3})


def test_greedy_of_one_round_is_the_best_single_candidate():
    found = candidates([0.5, 0.5, 0.5, 0.5], UP, WRONG)

    assert picked(found, 1) == {10: 1.0}


def test_greedy_leaves_out_what_does_not_help():
    assert picked(candidates([0.0, 0, 0, 0], UP, WRONG), 10) == {10: 1.0}


def test_greedy_takes_the_shortest_of_equal_blends():
    # The second round repeats the first, so that the score stays as it is.
    assert picked(candidates(UP, [9.0, 9, 9, 9]), 10) == {10: 1.0}


def test_greedy_begins_with_the_best_few_where_one_by_one_leads_nowhere():
    # Alone the first is best; each of the next two makes it worse, both together are perfect.
    found = candidates([0.5, 0.5, 0.5, 0.5], [3.0, -3, 3, -3], [-3.5, 2.5, -3.5, 2.5])

    assert picked(found, 3) == pytest.approx({10: 1 / 3, 11: 1 / 3, 12: 1 / 3})


def test_greedy_maximizes_where_the_objective_is_maximized():
    found = library(
        [[0.4, 0.4, 0.4, 0.9], [0.1, 0.8, 0.55, 0.9], [0.9, 0.9, 0.9, 0.1]],
        np.array([0, 1, 0, 1]),
        accuracy,
        maximize=True,
    )

    assert picked(found, 5) == {10: 0.5, 11: 0.5}


@pytest.mark.parametrize("maximize", [False, True])
def test_a_score_that_is_no_number_is_never_chosen(maximize):
    sign = -1 if maximize else 1

    def nan_above_five(y_true, y_pred):
        error = np.abs(y_true - y_pred).mean()
        return math.nan if error > 5 else sign * error

    found = candidates(UP, DOWN, [20.0, 20, 20, 20], maximize=maximize, metric=nan_above_five)

    assert picked(found, 4) == {10: 0.5, 11: 0.5}


def test_bags_are_drawn_alike_every_time():
    generator = np.random.default_rng(3)
    found = candidates(*generator.normal(size=(12, 40)), targets=np.zeros(40))
    (bagged,) = WAYS["greedy"]

    first, second = bagged(found, 12).weights, bagged(found, 12).weights

    assert first == second
    assert len(set(first.values())) > 2  # one selection alone has taken the mean of all
    assert set(greedy(found, 12)) == {1 / 12}


@settings(deadline=None, max_examples=40)
@given(libraries, st.booleans())
def test_greedy_is_never_worse_than_the_best_single_candidate(errors, maximize):
    found = candidates(*errors, targets=np.zeros(6), maximize=maximize).take(np.arange(6))
    singles = [found.loss(found.predictions[member]) for member in found.members]

    assert found.loss(found.blend(greedy(found, 8))) <= min(singles) + 1e-4
