import numpy as np
import pytest
from samplers.gp.processes import processes
from scipy.optimize import approx_fprime

from hpo.samplers.gp.acquisition import Acquisition, Feasibility, log_improvement


def test_the_gradient_of_the_acquisition_is_right(axes):
    features, scores, labels = processes(axes)
    acquisition = Acquisition(scores, best=-1.0, feasibility=Feasibility(labels))
    point = np.random.default_rng(2).random(len(features.weight_of))
    value, gradient = acquisition.value_with_gradient(point)
    assert value == pytest.approx(acquisition.values(point[None])[0])
    numeric = approx_fprime(point, lambda x: acquisition.values(x[None])[0], 1e-6)
    assert gradient == pytest.approx(numeric, abs=1e-4)


def test_log_improvement_keeps_its_slope_where_the_improvement_vanishes():
    z = np.array([-1e5, -1001.0, -999.0, -40.0, -1.001, -0.999, 0.0, 5.0])
    found = log_improvement(z)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()
    assert found[6] == pytest.approx(np.log(1 / np.sqrt(2 * np.pi)))
