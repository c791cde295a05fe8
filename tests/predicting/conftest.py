import pytest
from predicting.files import combined, table_task

from tasks import picture_task


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("runs"), table_task())


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("runs"), picture_task())
