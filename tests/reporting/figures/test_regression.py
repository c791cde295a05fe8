from __future__ import annotations

import numpy as np

from hpo.reporting.figures.regression import MAX_POINTS, scatter
from hpo.scoring.outcomes import read_values


def test_very_many_points_are_thinned_and_the_title_says_so():
    values = np.random.default_rng(0).normal(size=MAX_POINTS + 1000)
    drawing = scatter(read_values(values, values + 1), "p")[0]
    assert "2,000 of 3,000, chosen at random" in drawing.title
    assert "Mean absolute error 1.000" in drawing.note
    assert len(drawing.plot.data[1].x) == MAX_POINTS
