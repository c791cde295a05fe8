import pytest
from samplers.asking import new_study
from samplers.gp.processes import SPACE

from hpo.samplers.history import axes_of


@pytest.fixture
def axes():
    return axes_of(new_study(SPACE))
