from __future__ import annotations

from hpo.reporting.figures.theme import compact, log_ticks, star


def test_logarithmic_ticks_are_round():
    assert log_ticks([0.03, 0.9]) == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    assert log_ticks([1e-6, 1.0, float("nan")])[:3] == [1e-6, 1e-5, 1e-4]


def test_the_star_lies_exactly_on_the_point_of_its_trial():
    trace = star(0.1, 2.4, 13)

    assert (trace.x[0], trace.y[0]) == (compact([0.1])[0], compact([2.4])[0])
