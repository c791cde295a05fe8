import contextlib
import itertools
import shutil

import pytest
from database_studies import PLUGIN, STARTED
from postgres import Server

import hpo
from hpo.errors import HPOError
from hpo.study import database
from hpo.study.database import open_database
from tasks import linear_task

COUNT = itertools.count()


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


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.remove()


@pytest.fixture
def url(server):
    url = server.make_database(f"test_{next(COUNT)}")
    yield url
    with contextlib.suppress(HPOError):
        open_database(url).close()
    database._opened.cache_clear()


@pytest.fixture(autouse=True)
def started():
    """What a test started ends with it, however the test ends."""
    yield
    while STARTED:
        with STARTED.pop() as process:  # also closes its output
            process.kill()


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(PLUGIN)
    return path
