from __future__ import annotations

from hpo.reporting.sections.mistakes import gallery
from hpo.study.mistakes import Mistakes, Sample


def test_mistakes_are_shown_of_whom_they_are():
    wrong = Mistakes("ensemble", "", 3, (Sample(4, "dog", "cat", 0.987, "text", "woof"),))
    assert gallery([wrong], 7, "") is None
    shown = gallery([wrong], "ensemble", "")
    assert shown.title == "Most confident mistakes"
    assert "1 wrong prediction of 3" in shown.lead
    (sample,) = shown.examples
    assert (sample.predicted, sample.quality, sample.truth) == (
        "Predicted: cat",
        "98.7% confidence",
        "dog",
    )


def test_misses_of_a_regression_are_a_table_of_features():
    missed = Mistakes(0, "", None, (Sample(4, 50.0, 24.4, None, "features", {"a": 1.0, "b": "x"}),))
    shown = gallery([missed], 0, "")
    assert (shown.is_table, shown.columns) == (True, ("a", "b"))
    assert shown.examples[0].outcome == ("50.00", "24.40", "-25.6")
    assert shown.examples[0].values == ("1", "x")


def test_a_picture_that_is_none_is_not_shown():
    wrong = Mistakes(0, "", 1, (Sample(4, "a", "b", 0.9, "picture", '"><script>'),))
    assert gallery([wrong], 0, "").examples[0].picture == ""
