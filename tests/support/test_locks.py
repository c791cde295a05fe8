import fcntl
import os
import resource
import signal

import pytest
from support.limits import limited

from hpo.support.locks import FileLock

HOLDER = """
import sys
from pathlib import Path
from hpo.support.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
if not lock.acquire(block=False):
    print("waiting", flush=True)
    assert lock.acquire()
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path, python):
    """Another process that holds the lock."""
    process = python(HOLDER, tmp_path / "workers" / "w.lock")
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def lock(tmp_path):
    return FileLock(tmp_path / "workers" / "w.lock")


def test_a_lock_that_another_process_holds_is_not_had(lock, holder):
    assert holder.poll() is None
    assert not lock.acquire(block=False)


def test_a_lock_is_released_when_its_holder_is_killed(lock, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    assert lock.acquire(block=False)


def test_a_lock_that_was_given_back_can_be_had(lock, holder):
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "released\n"

    assert lock.acquire(block=False)


def test_a_lock_can_be_waited_for(lock, tmp_path, python):
    lock.acquire()
    waiting = python(HOLDER, tmp_path / "workers" / "w.lock")
    assert waiting.stdout.readline() == "waiting\n"

    lock.release()

    assert waiting.stdout.readline() == "held\n"


def test_a_lock_is_had_once_even_within_a_process(lock, tmp_path):
    other = FileLock(tmp_path / "workers" / "w.lock")

    assert lock.acquire(block=False)
    assert not other.acquire(block=False)
    lock.release()
    assert other.acquire(block=False)


def test_a_lock_that_is_not_held_may_be_released(lock):
    lock.release()

    assert lock.acquire(block=False)


def test_a_lock_may_be_released_twice(lock):
    lock.acquire()

    lock.release()
    lock.release()

    assert lock.acquire(block=False)


def test_waiting_that_is_interrupted_keeps_no_file_open(lock, monkeypatch):
    def interrupted(_descriptor, _operation):
        raise KeyboardInterrupt

    monkeypatch.setattr(fcntl, "flock", interrupted)

    with limited(resource.RLIMIT_NOFILE, 256):
        for _ in range(300):
            with pytest.raises(KeyboardInterrupt):
                lock.acquire()


def test_a_lock_that_was_not_had_keeps_no_file_open(lock, tmp_path):
    other = FileLock(tmp_path / "workers" / "w.lock")
    other.acquire()

    with limited(resource.RLIMIT_NOFILE, 256):
        assert not any(lock.acquire(block=False) for _ in range(300))
