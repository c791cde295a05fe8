import fixture_studies as studies
import pytest

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.comparisons import comparisons, difference, primary, versus


@pytest.mark.parametrize(
    ("score", "other", "expected"),
    [
        (2.2, 2.5, "0.300 (12%)"),
        (2.5, 2.2, "0.300 (14%)"),
        (0.9, 0.1, "0.800"),
        (1.0, 1.001, "0.00100"),
        (-1.1, -1.0, "0.100 (10%)"),
        (0.5, 0.0, "0.500"),
    ],
    ids=["less", "more", "many times", "hardly", "negative", "zero"],
)
def test_a_difference_is_told_in_percent_where_that_says_something(score, other, expected):
    assert difference(score, other) == expected


@pytest.mark.parametrize(
    ("score", "other", "expected"),
    [(2.0, 2.5, "0.500 (20%) lower"), (3.0, 2.5, "0.500 (20%) higher"), (2.5, 2.5, "the same")],
)
def test_a_score_is_lower_or_higher_than_another(score, other, expected):
    assert versus(score, other) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"mse": 9.0, "mae": 2.5}, ("mae", 2.5)),
        ({"mse": 9.0, "rmse": 3.0}, ("mse", 9.0)),
        ({"mae": None, "rmse": 3.0}, ("rmse", 3.0)),
        ({"mae": float("nan")}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_objective_is_the_first_of_the_metrics_of_a_test(tmp_path, scores, expected):
    assert primary(take(studies.new_study(tmp_path)), scores) == expected


def test_a_full_study_is_compared_with_all_that_is_known(tmp_path):
    found = {one.label: one for one in comparisons(take(studies.regression_study(tmp_path)))}

    assert list(found)[:4] == [
        "Best trial",
        "Common-sense baseline",
        "Default configuration",
        "Ensemble",
    ]
    assert found["Best trial"].tone == "best"
    assert found["Common-sense baseline"].tone == "better"
    assert found["Common-sense baseline"].detail.endswith("lower")


def test_before_any_trial_only_baseline_and_reference_are_known(tmp_path):
    baseline, reference = comparisons(take(studies.new_study(tmp_path)))

    assert (baseline.label, baseline.tone) == ("Common-sense baseline", "plain")
    assert (reference.label, reference.value) == ("Textbook reference", "2.550")
