import os
import signal
import time

import pytest
from study.demo_study import ask, complete

from hpo.errors import HPOWarning
from hpo.study.folder import load_study
from hpo.study.trial import Failure
from hpo.study.workers import new_worker_name
from hpo.support.locks import FileLock


def test_what_killed_workers_left_is_swept_up_and_their_logs_are_kept(study, worker):
    folder = study.directory / "workers"
    for name in ("alive", "dead"):
        (folder / f"{name}.log").write_text(f"{name} said so\n")
    (folder / "dead.lock").touch()

    study.workers.sweep()

    assert sorted(path.name for path in folder.iterdir()) == ["alive.lock", "alive.log"]
    assert (study.directory / "worker.log").read_text() == "dead said so\n"


def test_the_log_of_a_worker_that_was_killed_before_it_began_is_kept_and_removed(study):
    for name, age in (("killed", 3600), ("starting", 0)):
        log = study.workers.own_log_path(name)
        log.write_text(f"{name} said so\n")
        os.utime(log, (time.time() - age,) * 2)

    study.workers.sweep()

    assert [path.name for path in (study.directory / "workers").iterdir()] == ["starting.log"]
    assert (study.directory / "worker.log").read_text() == "killed said so\n"


def states(study):
    return [trial.state for trial in study.trials]


@pytest.mark.usefixtures("worker")
def test_the_trial_of_a_worker_that_lives_goes_on(study):
    ask(study, worker="alive")

    assert study.queue.fail_orphans() == []
    assert study.workers.is_alive("alive")
    assert states(study) == ["running"]


def test_the_trial_of_a_worker_that_was_killed_is_tried_again(study, worker):
    ask(study, worker="alive", seed=5)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    assert study.queue.fail_orphans() == [0]

    assert not study.workers.is_alive("alive")
    assert states(study) == ["interrupted", "waiting"]
    assert study.trials[0].cause == "interrupted"
    assert "killed" in study.trials[0].reason
    assert study.trials[1].seed == 5


@pytest.mark.parametrize("name", ["never seen", None])
def test_the_trial_of_nobody_is_tried_again(study, name):
    ask(study, worker=name)

    assert study.queue.fail_orphans() == [0]


@pytest.mark.usefixtures("worker")
def test_orphans_are_told_from_trials_that_go_on_and_from_those_that_ended(study):
    complete(study, 1.0)
    ask(study, worker="alive")
    ask(study, worker="dead")
    study.queue.enqueue({"units": 3, "rate": 0.5})

    assert study.queue.fail_orphans() == [2]
    assert states(study) == ["complete", "running", "interrupted", "waiting", "waiting"]


def test_of_a_worker_known_to_be_dead_only_its_own_trial_fails(study):
    ask(study, worker="dead")
    ask(study, worker="other")

    killed = Failure("its worker was killed by SIGKILL", "outside")
    assert study.queue.fail_orphans("dead", killed) == [0]

    assert states(study) == ["failed", "running"]
    assert study.trials[0].reason == "its worker was killed by SIGKILL"
    assert study.trials[0].cause == "outside"


def test_orphans_are_failed_once(study):
    ask(study, worker="dead")

    assert study.queue.fail_orphans() == [0]
    assert study.queue.fail_orphans() == []


def test_looking_whether_a_worker_lives_does_not_take_its_lock(study):
    lock = FileLock(study.workers.lock_path("w"))
    lock.acquire()
    lock.release()

    assert not study.workers.is_alive("w")
    assert lock.acquire(block=False)


def test_every_worker_has_a_name_of_its_own():
    names = {new_worker_name() for _ in range(100)}

    assert len(names) == 100
    assert all(f"-{os.getpid()}-" in name for name in names)


def test_a_finished_evaluation_is_never_removed_as_an_orphans(study):
    complete(study, 1.0)
    journal = study.directory / "journal.log"
    *lines, last, _ = journal.read_bytes().split(b"\n")
    assert b'"state":1' in last
    journal.write_bytes(b"\n".join([*lines, last[:-5], b""]))
    with pytest.warns(HPOWarning, match="is damaged"):
        opened = load_study(study.directory)

    assert opened.queue.fail_orphans() == [0]

    assert opened.files.has_arrays(0)
