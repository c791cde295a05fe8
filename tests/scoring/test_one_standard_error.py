import pytest

from hpo.scoring.one_standard_error import smallest_as_good
from hpo.study.trial import Trial


def trial(number, score, std_error, model_size):
    return Trial(number, "complete", {}, score, std_error, model_size=model_size)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([trial(1, 2.05, 0.1, 50), trial(2, 2.2, 0.1, 10)], 1),
        ([trial(1, 2.05, 0.1, 50), trial(2, 2.125, 0.1, 10)], 2),
        ([trial(1, 2.05, 0.1, 100)], 0),
        ([trial(1, 2.05, 0.1, 50), trial(2, 2.06, 0.1, 50)], 1),
        ([trial(1, 2.05, 0.1, None)], 0),
        ([], 0),
    ],
    ids=["one near", "at the very edge", "not smaller", "two of a size", "no size", "alone"],
)
def test_the_smallest_within_one_standard_error_is_chosen(others, expected):
    assert smallest_as_good([trial(0, 2.0, 0.125, 100), *others]).number == expected


def test_without_a_standard_error_nothing_is_chosen():
    assert smallest_as_good([trial(0, 2.0, None, 100), trial(1, 2.0, None, 5)]) is None
