"""How a search looks after its workers, where whole processes would take too long."""

import os
import selectors

import pytest

from hpo.options import Options
from hpo.search.executors.local import _LocalCrew
from hpo.study.folder import create_study
from hpo.study.settings import Settings


class Child:
    """A stand-in for a worker, with a pipe that the test writes to."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        self.judged = []

    def fileno(self):
        return self.reading

    def read(self, _on_event):
        return bool(os.read(self.reading, 100))

    def is_alive(self):
        return True

    def kill_if_it_takes_too_long(self):
        self.judged.append("time")

    def kill_if_it_takes_too_much_memory(self):
        self.judged.append("memory")


@pytest.fixture
def crew(tmp_path):
    settings = Settings(
        "t", "t", "val_mae", "minimize", "kfold:2", '[a]\ntype="int"\nlow=1\nhigh=2'
    )
    study = create_study(tmp_path, "homes", settings)
    study.options = Options()
    with selectors.DefaultSelector() as selector:
        yield _LocalCrew(study, lambda _event: None, selector)


def test_a_worker_is_not_judged_by_what_it_did_while_nobody_listened(crew):
    child = Child()
    crew.members[0] = child
    crew._selector.register(child, selectors.EVENT_READ)
    os.write(child.writing, b"told while this process was stopped")

    assert list(crew.listen()) == []
    assert child.judged == ["memory"]

    assert list(crew.listen()) == []
    assert child.judged == ["memory", "memory", "time"]
    os.close(child.reading)
    os.close(child.writing)
