from __future__ import annotations

from hpo.reporting.figures.theme import log_ticks


def test_logarithmic_ticks_are_round():
    assert log_ticks([0.03, 0.9]) == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    assert log_ticks([1e-6, 1.0, float("nan")])[:3] == [1e-6, 1e-5, 1e-4]
