import pytest

from hpo.study.confirmation import PLAN, Confirmation, Confirmed, chosen, key, read, smallest
from hpo.study.trial import Trial

TRIALS = [
    Trial(number, "complete", {}, 2.0 + number / 10, 0.05, model_size=100 - 10 * number)
    for number in range(4)
]


def confirmation(*configurations, repeats=3, direction="minimize"):
    return Confirmation(repeats, True, direction, configurations)


def test_a_confirmed_score_is_the_mean_with_its_standard_error():
    one = Confirmed(0, 1.0, (2.0, 3.0, 4.0))

    assert one.score == 3.0
    assert one.std_error == pytest.approx(1 / 3**0.5)


@pytest.mark.parametrize(
    ("one", "score"),
    [
        (Confirmed(0, 1.0, ()), None),
        (Confirmed(0, 1.0, (2.0,)), 2.0),
        (Confirmed(0, 1.0, (2.0, 3.0), reason="it diverged"), None),
    ],
    ids=["not yet", "once", "failed"],
)
def test_what_failed_or_was_not_evaluated_has_no_score(one, score):
    assert one.score == score


def test_fewer_than_two_repeats_have_no_standard_error():
    assert Confirmed(0, 1.0, (2.0,)).std_error is None


def test_nothing_is_ranked_before_all_are_done():
    done, half = Confirmed(0, 1.0, (2.0, 2.0, 2.0)), Confirmed(1, 1.1, (1.0,))

    assert confirmation(done, half).ranking == []
    assert confirmation(done, half).best is None
    assert [one.number for one in confirmation(done, half, repeats=1).ranking] == []


@pytest.mark.parametrize(("direction", "order"), [("minimize", [1, 0, 2]), ("maximize", [0, 2, 1])])
def test_confirmed_scores_are_ranked_best_first_and_the_earlier_of_equal_ones_first(
    direction, order
):
    ranked = confirmation(
        Confirmed(0, 1.0, (2.0,)),
        Confirmed(1, 1.1, (1.0,)),
        Confirmed(2, 1.2, (2.0,)),
        Confirmed(3, 1.3, (), reason="it diverged"),
        repeats=1,
        direction=direction,
    )

    assert [one.number for one in ranked.ranking] == order


def test_a_study_without_a_plan_was_not_confirmed():
    assert read({}, TRIALS, "minimize") is None


def test_a_confirmation_is_read_from_what_the_study_holds():
    attributes = {
        PLAN: {"trials": [2, 0], "repeats": 2, "new_cuts": False},
        key(2, 1): {"score": 2.5},
        key(2, 2): {"score": 2.7},
        key(0, 1): {"reason": "it diverged"},
        key(3, 1): {"score": 1.0},  # of an earlier plan
    }

    found = read(attributes, TRIALS, "minimize")

    assert found == Confirmation(
        2,
        False,
        "minimize",
        (
            Confirmed(2, 2.2, (2.5, 2.7), 80),
            Confirmed(0, 2.0, (), 100, reason="it diverged"),
        ),
    )
    assert found.is_complete


def test_the_best_confirmed_trial_is_shown_with_its_confirmed_score():
    confirmed = confirmation(
        Confirmed(0, 2.0, (3.0, 3.0)), Confirmed(1, 2.1, (2.5, 2.7)), repeats=2
    )

    found = chosen(confirmed, TRIALS, TRIALS)

    assert (found.number, found.score) == (1, pytest.approx(2.6))
    assert found.std_error == pytest.approx(0.1)


@pytest.mark.parametrize("confirmed", [None, confirmation(Confirmed(1, 2.1, (), reason="broken"))])
def test_without_a_confirmed_score_the_best_of_the_search_is_shown(confirmed):
    assert chosen(confirmed, TRIALS, TRIALS) is TRIALS[0]
    assert chosen(confirmed, [], []) is None


def test_the_smallest_model_is_chosen_by_confirmed_scores_where_there_are_some():
    confirmed = confirmation(
        Confirmed(0, 2.0, (2.0, 2.2), 100), Confirmed(3, 2.3, (2.1, 2.3), 70), repeats=2
    )

    assert smallest(confirmed, TRIALS, TRIALS) is TRIALS[3]
    assert smallest(None, TRIALS, TRIALS) is TRIALS[0]


def test_a_confirmation_is_printed_with_what_is_known():
    printed = confirmation(
        Confirmed(0, 2.0, (2.0, 2.2), 100), Confirmed(1, 2.1, (), None, "it diverged"), repeats=2
    ).to_json("boston")

    assert (printed["study"], printed["repeats"], printed["best"]) == ("boston", 2, 0)
    assert printed["configurations"][1] == {
        "trial": 1,
        "first": 2.1,
        "confirmed": None,
        "std_error": None,
        "scores": [],
        "model_size": None,
        "reason": "it diverged",
    }
