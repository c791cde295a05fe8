from __future__ import annotations

import numpy as np
import pytest
from reporting.readings import classes_of

from hpo.reporting.figures.reliability import confidence, reliability


@pytest.mark.parametrize(
    ("sure", "right", "verdict"),
    [(1.0, 100, "well calibrated"), (0.95, 60, "overconfident"), (0.6, 100, "underconfident")],
)
def test_confidence_is_held_against_the_truth(sure, right, verdict):
    predicted = [0] * right + [1] * (100 - right)
    assert verdict in reliability(classes_of([0] * 100, predicted, sure), "p").note


def test_equal_confidences_fall_into_bins_at_random():
    drawing = reliability(classes_of([0] * 1200, [0] * 900 + [1] * 300, 0.75), "p")
    right = np.asarray(drawing.plot.data[1].y)
    assert len(right) == 12
    assert ((right > 0.6) & (right < 0.9)).all()


def test_confidence_is_counted_for_right_and_wrong_answers():
    drawing = confidence(classes_of([0, 0, 0, 1], [0, 1, 0, 0], 0.95), "p")
    assert {trace.name: sum(trace.y) for trace in drawing.plot.data} == {"correct": 2, "wrong": 2}
    assert "2 of 2 wrong predictions were made with 90% confidence or more" in drawing.note
