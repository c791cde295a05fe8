import optuna
import pytest
from study.demo_study import SETTINGS

from hpo.study.folder import create_study

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.delenv("HPO_RUNS", raising=False)
    return tmp_path / "runs"


@pytest.fixture
def study(runs):
    return create_study(runs, "demo", SETTINGS)


WORKER_PROCESS = """
import sys
from pathlib import Path
from hpo.study.journal import open_journal
from hpo.support.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("working", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def worker(study, python):
    """The process of a worker called "alive"."""
    process = python(WORKER_PROCESS, study.workers.lock_path("alive"))
    assert process.stdout.readline() == "working\n"
    return process
