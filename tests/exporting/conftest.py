import pytest
from exporting.exports import combined, make_task

from hpo.exporting import export


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("linear"), make_task())


@pytest.fixture
def exported(ensemble, tmp_path):
    return export(ensemble, tmp_path / "export").directory
