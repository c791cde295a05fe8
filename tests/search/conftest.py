import shutil

import pytest

import hpo
from tasks import linear_task


@pytest.fixture(scope="session")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    hpo.run(linear_task(), trials=3, runs=folder, keep=0)
    return folder


@pytest.fixture
def study(searched, tmp_path):
    """A study of three trials, to do with as one likes."""
    shutil.copytree(searched, tmp_path / "runs")
    return hpo.load_study("linear", tmp_path / "runs")
