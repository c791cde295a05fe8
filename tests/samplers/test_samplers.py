import importlib.util

import pytest

from hpo.errors import UsageError
from hpo.samplers import NAMES, make_sampler


def test_the_samplers_of_the_design_are_there():
    wanted = {"random", "grid", "sobol", "tpe", "cmaes", "genetic", "hyperopt", "gp", "gp-torch"}
    assert wanted == set(NAMES)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is there")
def test_without_pytorch_its_sampler_says_what_to_do():
    with pytest.raises(UsageError, match="pip install torch"):
        make_sampler("gp-torch", 0)
