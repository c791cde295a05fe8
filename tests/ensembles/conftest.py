import pytest
from ensembles.searches import search


@pytest.fixture(scope="session")
def searched(tmp_path_factory):
    """A study of which no model was kept."""
    return search(tmp_path_factory.mktemp("runs"), keep=0)
