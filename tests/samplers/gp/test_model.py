import numpy as np
import pytest
from samplers.gp.processes import processes

from hpo.samplers.gp.features import Features
from hpo.samplers.gp.model import GaussianProcess, matern


def test_the_kernel_of_a_conditional_space_is_positive_definite(axes):
    rng = np.random.default_rng(1)
    codes = axes.from_unit(rng.random((120, len(axes.searched))))
    points = np.unique(Features(axes).of(codes), axis=0) * rng.uniform(0.1, 5)
    squared = ((points[:, None] - points) ** 2).sum(axis=-1)
    assert np.linalg.eigvalsh(matern(squared)[0]).min() > -1e-9


def test_a_fantasy_takes_away_doubt_and_leaves_the_mean(axes):
    features, scores, _ = processes(axes)
    points = features.of(axes.from_unit(np.random.default_rng(3).random((6, len(axes.searched)))))
    lied: GaussianProcess = scores.with_fantasies(points)
    mean, deviation = scores.predict(points)
    assert lied.predict(points)[0] == pytest.approx(mean, abs=1e-3)
    assert (lied.predict(points)[1] < deviation + 1e-9).all()
