import numpy as np
import pytest
from ensembles.selection.libraries import candidates, score

from hpo.ensembles.selection.choice import WAYS

BLENDING = [way for name, ways in WAYS.items() if name != "stacking" for way in ways]


@pytest.mark.parametrize("way", BLENDING)
def test_members_whose_errors_cancel_are_weighed_by_how_far_they_are_off(way):
    generator = np.random.default_rng(0)
    shared, targets = generator.normal(size=200), generator.normal(size=200)
    found = candidates(shared, -2 * shared, targets=targets)

    error = score(found, way(found, 10))

    expected = 0.5 * np.abs(shared).mean() if way in WAYS["mean"] else 0.0
    assert error == pytest.approx(expected, abs=0.05)
