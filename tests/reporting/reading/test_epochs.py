from __future__ import annotations

import numpy as np

from hpo.reporting.reading.epochs import chosen_epoch
from hpo.study.trial import Trial


def test_the_chosen_epoch_is_found_in_curves_of_several_stages():
    curve = np.array([[3.0], [2.0], [4.0], [1.5], [1.8]])
    assert chosen_epoch(Trial(0, "complete", {}, score=2.0, epochs=2), curve) == 2
    assert chosen_epoch(Trial(0, "complete", {}, score=1.5, epochs=3), curve) == 4
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), curve) == 3
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), None) == 3
