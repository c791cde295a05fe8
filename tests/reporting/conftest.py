from __future__ import annotations

import fixture_studies as studies
import pytest
from reporting.documents import read


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def regression(runs):
    return studies.regression_study(runs)


@pytest.fixture(scope="session")
def page(regression):
    return read(regression)


@pytest.fixture
def folder(tmp_path):
    return studies.folder_of_two_studies(tmp_path)
