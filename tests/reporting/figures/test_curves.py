from __future__ import annotations


def test_learning_curves_are_drawn_for_the_five_best_trials(regression, page):
    numbers = [trial.number for trial in regression.ranking[:5]]
    expected = {f"curves-{n}-{kind}" for n in numbers for kind in ("objective", "loss")}
    assert {name for name in page.figures if name.startswith("curves-")} == expected
