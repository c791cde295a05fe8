"""Optuna's own test suite for samplers, on those that are ours."""

import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from hpo.samplers import make_sampler
from hpo.samplers.untried import UntriedSampler


class TestGaussianProcess(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: make_sampler("gp", seed=0)


class TestHyperopt(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: make_sampler("hyperopt", seed=0)


class TestCMAES(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: make_sampler("cmaes", seed=0)


class TestSobol(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: make_sampler("sobol", seed=0)


class TestGenetic(BasicSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: make_sampler("genetic", seed=0)


class TestUntried(BasicSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: UntriedSampler(make_sampler("random", seed=0))
