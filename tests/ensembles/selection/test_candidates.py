import numpy as np
from ensembles.selection.libraries import candidates, trial


def test_candidates_on_a_part_of_the_samples_are_ranked_anew():
    found = candidates([0.0, 0, 5, 5], [1.0, 1, 1, 1])

    part = found.take(np.array([False, False, True, True]))

    assert part.members == [trial(11), trial(10)]
    np.testing.assert_array_equal(part.index, [2, 3])
