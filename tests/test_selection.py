import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpo.metrics import accuracy, mean_absolute_error, on_output
from hpo.selection import METHODS, Candidates, greedy, mean, select

TARGETS = np.array([1.0, 2.0, 3.0, 4.0])


def candidates(*errors, maximize=False, metric=mean_absolute_error, targets=TARGETS):
    """Candidates 10, 11, ... that are off the targets by these errors."""
    predictions = {10 + n: {"": targets + np.array(error)} for n, error in enumerate(errors)}
    return Candidates(
        predictions=predictions,
        targets={"": targets},
        index=np.arange(len(targets)),
        scorer=on_output(metric),
        maximize=maximize,
    )


def score(found, weights):
    return found.score(found.blend(weights))


UP, DOWN, WRONG = [1.0, 1, 1, 1], [-1.0, -1, -1, -1], [9.0, -9, 9, -9]


# ---------------------------------------------------------------- candidates


def test_a_blend_is_the_weighted_sum_of_the_predictions():
    found = candidates(UP, DOWN, WRONG).blend({10: 0.75, 11: 0.25})

    np.testing.assert_allclose(found[""], TARGETS + 0.5)


def test_a_blend_has_all_outputs():
    both = Candidates(
        predictions={n: {"a": np.full((3, 1), n), "b": np.full((3, 2), -n)} for n in (1, 3)},
        targets={},
        index=np.arange(3),
        scorer=on_output(mean_absolute_error, "a"),
        maximize=False,
    )

    found = both.blend({1: 0.5, 3: 0.5})

    np.testing.assert_array_equal(found["a"], np.full((3, 1), 2))
    np.testing.assert_array_equal(found["b"], np.full((3, 2), -2))


def test_candidates_are_scored_against_the_targets():
    found = candidates(UP, WRONG)

    assert found.trials == [10, 11]
    assert [score(found, {n: 1.0}) for n in found.trials] == [1.0, 9.0]


# ---------------------------------------------------------------- mean


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, {10: 1.0}), (2, {10: 0.5, 11: 0.5}), (9, {10: 1 / 3, 11: 1 / 3, 12: 1 / 3})],
)
def test_a_mean_weighs_the_best_candidates_equally(size, expected):
    assert mean(candidates(UP, DOWN, WRONG), size) == pytest.approx(expected)


# ---------------------------------------------------------------- greedy


def test_greedy_takes_candidates_that_make_up_for_each_other():
    found = candidates(UP, DOWN, WRONG)

    weights = greedy(found, 10)

    assert weights == {10: 0.5, 11: 0.5}
    assert score(found, weights) == 0.0


def test_greedy_adds_a_candidate_again_where_that_helps():
    found = candidates([1.0, 1, 1, 1], [-2.0, -2, -2, -2])

    weights = greedy(found, 3)

    assert weights == pytest.approx({10: 2 / 3, 11: 1 / 3})
    assert score(found, weights) == pytest.approx(0.0)


def test_greedy_of_one_round_is_the_best_single_candidate():
    assert greedy(candidates(WRONG, UP, [0.5, 0.5, 0.5, 0.5]), 1) == {12: 1.0}


def test_greedy_leaves_out_what_does_not_help():
    assert greedy(candidates([0.0, 0, 0, 0], UP, WRONG), 10) == {10: 1.0}


def test_greedy_takes_the_shortest_of_equal_blends():
    # The second round repeats the first, so that the score stays as it is.
    assert greedy(candidates(UP, [9.0, 9, 9, 9]), 10) == {10: 1.0}


def test_greedy_takes_the_earlier_of_equal_candidates():
    assert greedy(candidates(UP, UP), 1) == {10: 1.0}


def test_greedy_maximizes_where_the_objective_is_maximized():
    truth = np.array([0, 1, 0, 1])
    found = Candidates(
        predictions={
            0: {"": np.array([0.4, 0.4, 0.4, 0.9])},
            1: {"": np.array([0.9, 0.9, 0.9, 0.1])},
            2: {"": np.array([0.1, 0.8, 0.55, 0.9])},
        },
        targets={"": truth},
        index=np.arange(4),
        scorer=on_output(accuracy),
        maximize=True,
    )

    weights = greedy(found, 5)

    assert weights == {0: 0.5, 2: 0.5}
    assert score(found, weights) == 1.0


@pytest.mark.parametrize("maximize", [False, True])
def test_a_score_that_is_no_number_is_never_chosen(maximize):
    sign = -1 if maximize else 1

    def nan_above_five(y_true, y_pred):
        error = np.abs(y_true - y_pred).mean()
        return math.nan if error > 5 else sign * error

    found = candidates(WRONG, UP, DOWN, maximize=maximize, metric=nan_above_five)

    assert greedy(found, 4) == {11: 0.5, 12: 0.5}


# ---------------------------------------------------------------- every method

libraries = st.integers(1, 6).flatmap(
    lambda n: arrays("float32", (n, 5), elements=st.floats(-10, 10, width=32))
)


@given(libraries, st.sampled_from(METHODS), st.integers(1, 8), st.booleans())
def test_weights_are_shares_of_known_trials_heaviest_first(library, method, size, maximize):
    found = candidates(*library, targets=np.zeros(5), maximize=maximize)

    weights = select(method, found, size)

    assert set(weights) <= set(found.trials)
    assert 1 <= len(weights) <= size
    assert all(weight > 0 for weight in weights.values())
    assert sum(weights.values()) == pytest.approx(1)
    assert list(weights.values()) == sorted(weights.values(), reverse=True)


@given(libraries, st.integers(1, 8), st.booleans())
def test_greedy_is_never_worse_than_the_best_single_candidate(library, size, maximize):
    found = candidates(*library, targets=np.zeros(5), maximize=maximize)
    singles = [score(found, {n: 1.0}) for n in found.trials]

    chosen = score(found, select("greedy", found, size))

    if maximize:
        assert chosen >= max(singles) - 1e-6
    else:
        assert chosen <= min(singles) + 1e-6


@given(libraries, st.booleans())
def test_greedy_of_size_one_is_as_good_as_the_best_single_candidate(library, maximize):
    found = candidates(*library, targets=np.zeros(5), maximize=maximize)
    singles = [score(found, {n: 1.0}) for n in found.trials]

    weights = greedy(found, 1)

    assert list(weights.values()) == [1.0]
    assert score(found, weights) == pytest.approx(max(singles) if maximize else min(singles))


@given(libraries, st.integers(1, 7))
def test_more_rounds_of_greedy_never_hurt(library, size):
    found = candidates(*library, targets=np.zeros(5))

    fewer, more = (score(found, greedy(found, rounds)) for rounds in (size, size + 1))

    assert more <= fewer + 1e-6


def test_choosing_does_not_change_the_predictions():
    found = candidates(UP, DOWN, WRONG)
    before = {n: p[""].copy() for n, p in found.predictions.items()}

    for method in METHODS:
        select(method, found, 5)

    for n in found.trials:
        np.testing.assert_array_equal(found.predictions[n][""], before[n])
