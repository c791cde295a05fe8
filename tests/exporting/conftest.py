import pytest
from exporting.exports import combined

from hpo.exporting import export
from tasks import linear_task


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("linear"), linear_task())


@pytest.fixture
def exported(ensemble, tmp_path):
    return export(ensemble, tmp_path / "export").directory
