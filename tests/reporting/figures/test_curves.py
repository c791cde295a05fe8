from __future__ import annotations

import numpy as np

from hpo.reporting.figures.curves import chosen_epoch
from hpo.study.trial import Trial


def test_learning_curves_are_drawn_for_the_five_best_trials(regression, page):
    numbers = [trial.number for trial in regression.ranking[:5]]
    expected = {f"curves-{n}-{kind}" for n in numbers for kind in ("objective", "loss")}
    assert {name for name in page.figures if name.startswith("curves-")} == expected


def test_the_chosen_epoch_is_found_in_curves_of_several_stages():
    curve = np.array([[3.0], [2.0], [4.0], [1.5], [1.8]])
    assert chosen_epoch(Trial(0, "complete", {}, score=2.0, epochs=2), curve) == 2
    assert chosen_epoch(Trial(0, "complete", {}, score=1.5, epochs=3), curve) == 4
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), curve) == 3
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), None) == 3
