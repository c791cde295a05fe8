import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpo.ensembles.members import Member
from hpo.ensembles.selection import (
    AUTO,
    METHODS,
    Blend,
    Candidates,
    choose,
    from_json,
    parts,
    to_json,
)
from hpo.ensembles.selection.choice import WAYS
from hpo.ensembles.selection.greedy import greedy
from hpo.errors import HPOError
from hpo.scoring.metrics import accuracy, cross_entropy, mean_absolute_error, on_output

TARGETS = np.array([1.0, 2.0, 3.0, 4.0])
EVERY_WAY = [way for ways in WAYS.values() for way in ways]
BLENDING = [way for name, ways in WAYS.items() if name != "stacking" for way in ways]


def trial(number):
    return Member("study", number)


def library(predictions, targets, metric=mean_absolute_error, maximize=False, n_parts=2):
    """Candidates 10, 11, ... with these predictions of one output."""
    n = len(targets)
    return Candidates(
        predictions={trial(10 + i): {"": np.asarray(p)} for i, p in enumerate(predictions)},
        targets={"": np.asarray(targets)},
        index=np.arange(n),
        fold=np.arange(n) % n_parts,
        scorer=on_output(metric),
        maximize=maximize,
    )


def candidates(*errors, targets=TARGETS, **more):
    """Candidates 10, 11, ... that are off the targets by these errors."""
    return library([targets + np.array(error) for error in errors], targets, **more)


def score(found, combiner):
    return found.score(combiner.combine(found.predictions))


def picked(found, size):
    """The greedy weights above 0, by the number of the trial."""
    weights = greedy(found, size)
    return {m.trial: w for m, w in zip(found.members, weights, strict=True) if w > 0}


UP, DOWN, WRONG = [1.0, 1, 1, 1], [-1.0, -1, -1, -1], [9.0, -9, 9, -9]


# ---------------------------------------------------------------- candidates


def test_a_blend_is_the_weighted_sum_of_the_predictions():
    blend = Blend({trial(10): 0.75, trial(11): 0.25})

    found = blend.combine(candidates(UP, DOWN, WRONG).predictions)

    np.testing.assert_allclose(found[""], TARGETS + 0.5)


def test_a_blend_has_all_outputs():
    both = {trial(n): {"a": np.full((3, 1), n), "b": np.full((3, 2), -n)} for n in (1, 3)}

    found = Blend({trial(1): 0.5, trial(3): 0.5}).combine(both)

    np.testing.assert_array_equal(found["a"], np.full((3, 1), 2))
    np.testing.assert_array_equal(found["b"], np.full((3, 2), -2))


def test_a_blend_lets_go_of_the_lightest_and_the_negligible():
    weights = {trial(0): 0.3, trial(1): 0.5, trial(2): 0.195, trial(3): 0.005}

    assert Blend.of(weights, 2).weights == pytest.approx({trial(1): 0.625, trial(0): 0.375})
    assert trial(3) not in Blend.of(weights, 4).weights


def test_candidates_on_a_part_of_the_samples_are_ranked_anew():
    found = candidates([0.0, 0, 5, 5], [1.0, 1, 1, 1])

    part = found.take(np.array([False, False, True, True]))

    assert part.members == [trial(11), trial(10)]
    np.testing.assert_array_equal(part.index, [2, 3])


# ---------------------------------------------------------------- mean


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, {10: 1.0}), (2, {10: 0.5, 11: 0.5}), (9, {10: 1 / 3, 11: 1 / 3, 12: 1 / 3})],
)
def test_a_mean_weighs_the_best_candidates_equally(size, expected):
    (mean,) = WAYS["mean"]

    weights = mean(candidates(UP, DOWN, WRONG), size).weights

    assert {member.trial: w for member, w in weights.items()} == pytest.approx(expected)


# ---------------------------------------------------------------- greedy


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


# ---------------------------------------------------------------- every way of choosing

libraries = st.integers(1, 10).flatmap(
    lambda n: arrays("float32", (n, 6), elements=st.floats(-10, 10, width=32))
)


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


@settings(deadline=None, max_examples=40)
@given(libraries, st.sampled_from(EVERY_WAY))
def test_a_combiner_is_the_same_after_being_stored(errors, way):
    found = candidates(*errors, targets=np.arange(6.0))
    combiner = way(found, 5)

    stored = from_json({"study": "study", **to_json(combiner)})

    before, after = (one.combine(found.predictions)[""] for one in (combiner, stored))
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(libraries, st.booleans())
def test_greedy_is_never_worse_than_the_best_single_candidate(errors, maximize):
    found = candidates(*errors, targets=np.zeros(6), maximize=maximize).take(np.arange(6))
    singles = [found.loss(found.predictions[member]) for member in found.members]

    assert found.loss(found.blend(greedy(found, 8))) <= min(singles) + 1e-4


@pytest.mark.parametrize("way", BLENDING)
def test_members_whose_errors_cancel_are_weighed_by_how_far_they_are_off(way):
    generator = np.random.default_rng(0)
    shared, targets = generator.normal(size=200), generator.normal(size=200)
    found = candidates(shared, -2 * shared, targets=targets)

    error = score(found, way(found, 10))

    expected = 0.5 * np.abs(shared).mean() if way in WAYS["mean"] else 0.0
    assert error == pytest.approx(expected, abs=0.05)


def test_choosing_does_not_change_the_predictions():
    found = candidates(UP, DOWN, WRONG)
    before = {member: p[""].copy() for member, p in found.predictions.items()}

    choose(AUTO, found, 5)

    for member in found.members:
        np.testing.assert_array_equal(found.predictions[member][""], before[member])


# ---------------------------------------------------------------- stacking


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def classifiers(n_classes=46, n=900, members=6, seed=0, metric=cross_entropy, n_parts=5):
    """Candidates for classes of very different frequency, some of them in one part only."""
    generator = np.random.default_rng(seed)
    shares = 1 / np.arange(1, n_classes + 1) ** 1.5
    targets = generator.choice(n_classes, size=n, p=shares / shares.sum())
    evidence = 3 * np.eye(n_classes)[targets]
    found = [
        softmax(evidence + generator.normal(0, 1.5, (n, n_classes))) for _member in range(members)
    ]
    return library(found, targets, metric, n_parts=n_parts)


def test_stacking_finds_the_linear_model_that_made_the_targets():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 300))
    found = library([first, second], 1 + 1.5 * first - 0.5 * second)

    stacked = WAYS["stacking"][0](found, 5)

    np.testing.assert_allclose(stacked.outputs[""].coefficients, [[1.5, -0.5]], atol=0.01)
    np.testing.assert_allclose(stacked.outputs[""].intercepts, [1.0], atol=0.01)


def test_stacking_of_copies_is_the_copy():
    generator = np.random.default_rng(0)
    targets = generator.normal(size=100)
    noisy = targets + generator.normal(size=100)
    noisy -= (noisy - targets).mean()

    found = library([noisy] * 4, targets)

    combined = WAYS["stacking"][0](found, 4).combine(found.predictions)[""]
    np.testing.assert_allclose(combined, noisy, atol=1e-5)


def test_stacked_classes_stay_probabilities_though_some_occur_in_one_part_only():
    found = classifiers()
    counts = np.bincount(found.targets[""], minlength=46)
    assert (counts == 1).sum() > 0
    assert (counts == 0).any()

    choice = choose("stacking", found, 6)

    probabilities = choice.predictions[""]
    assert probabilities.shape == (900, 46)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities >= 0).all()
    singles = [found.score(p) for p in found.predictions.values()]
    assert choice.score < min(singles)


def test_stacking_of_yes_or_no_calibrates_what_is_too_sure():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=2000)
    targets = (generator.logistic(size=2000) < logits).astype(int)
    too_sure = 1 / (1 + np.exp(-5 * logits))
    found = library([too_sure[:, None]], targets, cross_entropy)

    stacked = WAYS["stacking"][0](found, 1)

    assert stacked.outputs[""].kind == "answers"
    assert stacked.outputs[""].coefficients[0, 0] == pytest.approx(0.2, abs=0.03)
    assert score(found, stacked) < found.score(found.predictions[trial(10)])


def test_every_output_is_stacked_by_itself():
    generator = np.random.default_rng(0)
    price, kind = generator.normal(size=(100, 1)), generator.integers(0, 3, 100)
    answers = generator.integers(0, 2, (100, 4))
    both = Candidates(
        predictions={
            trial(i): {
                "price": price + generator.normal(size=(100, 1)),
                "kind": softmax(3 * np.eye(3)[kind] + generator.normal(size=(100, 3))),
                "answers": np.clip(answers + generator.normal(0, 0.3, (100, 4)), 0, 1),
            }
            for i in range(3)
        },
        targets={"price": price[:, 0], "kind": np.eye(3)[kind], "answers": answers},
        index=np.arange(100),
        fold=np.arange(100) % 5,
        scorer=on_output(cross_entropy, "kind"),
        maximize=False,
    )

    stacked = WAYS["stacking"][0](both, 3)
    combined = stacked.combine(both.predictions)

    kinds = {name: output.kind for name, output in stacked.outputs.items()}
    assert kinds == {"price": "quantities", "kind": "classes", "answers": "answers"}
    assert {name: p.shape for name, p in combined.items()} == {
        "price": (100, 1),
        "kind": (100, 3),
        "answers": (100, 4),
    }


def test_outputs_that_cannot_be_stacked_are_told_and_left_out_by_auto():
    logits = np.random.default_rng(0).normal(size=(2, 40, 3))
    found = library(logits, np.arange(40) % 3, accuracy, maximize=True)

    with pytest.raises(HPOError, match=r"stacking: .*\(20, 3\).*--method greedy"):
        choose("stacking", found, 2)
    assert choose(AUTO, found, 2).by_method["stacking"] is None


# ---------------------------------------------------------------- cross-fitted scores


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


# ---------------------------------------------------------------- parts


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


def test_a_damaged_file_is_told():
    stored = to_json(Blend({trial(1): 1.0}))

    for damaged in ({}, {**stored, "members": []}, {**stored, "stacking": {"": {"kind": "x"}}}):
        with pytest.raises(HPOError, match="is damaged"):
            from_json({"study": "study", **damaged})
