import numpy as np

from hpo.samplers.gp.scores import standardized


def test_one_diverged_trial_does_not_flatten_the_others():
    scores = [0.31, 0.3, 0.29, 0.33, 0.4, 1e9]
    found = standardized(scores)
    assert np.array_equal(np.argsort(found), np.argsort(scores))
    assert found[0] - found[2] > 0.01
