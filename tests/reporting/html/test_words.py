from __future__ import annotations

import pytest

from hpo.reporting.html import words


@pytest.mark.parametrize(
    ("score", "error", "expected"),
    [
        (2.3443, 0.1812, "2.344 ± 0.181"),
        (0.8123, 0.00421, "0.8123 ± 0.0042"),
        (99.999, 1e-5, "100.0 ± 1e-05"),
        (0.0, 0.1, "0 ± 0.10"),
        (2.5, None, "2.500"),
        (None, 0.1, "—"),
    ],
)
def test_a_standard_error_ends_at_the_decimal_of_its_score(score, error, expected):
    assert words.plus_minus(score, error).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kfold:4", "4-fold cross-validation"),
        ("repeated-kfold:5x2", "5-fold cross-validation, repeated 2 times"),
        ("holdout:0.2 on 500 training samples", "20% holdout on 500 training samples"),
        ("time:5", "5 time-series splits"),
        ("GroupKFold(n_splits=3, shuffle=False)", "GroupKFold(n_splits=3, shuffle=False)"),
    ],
)
def test_the_evaluation_is_told_in_words(name, expected):
    assert words.evaluation(name) == expected
