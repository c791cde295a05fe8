import json
import os
import resource
import signal

import optuna
import pytest
from support.limits import limited

from hpo.errors import HPOError, HPOWarning
from hpo.study.journal import open_journal
from hpo.support.locks import FileLock

STUMP = b'{"op_code":2,"worker_id":"killed","study_id":0,"user_at'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.log"


def begin(path, **attributes):
    """A study in the journal with these attributes, one line each after the first."""
    study = optuna.create_study(storage=open_journal(path), study_name="demo")
    for name, value in attributes.items():
        study.set_user_attr(name, value)
    return study


def attributes(path):
    """What somebody reads who opens the journal now."""
    return optuna.load_study(study_name="demo", storage=open_journal(path)).user_attrs


# ---------------------------------------------------------------- reading and writing


def test_a_journal_is_made_where_there_is_none(path):
    open_journal(path)

    assert path.read_bytes() == b""


def test_what_was_written_is_read_again(path):
    begin(path, number=1.5, text="Zürich\n", table={"a": [1, None, True]})

    assert attributes(path) == {"number": 1.5, "text": "Zürich\n", "table": {"a": [1, None, True]}}


def test_optuna_reads_our_journals(path):
    begin(path, number=1)
    backend = optuna.storages.journal.JournalFileBackend(str(path))

    study = optuna.load_study(study_name="demo", storage=optuna.storages.JournalStorage(backend))

    assert study.user_attrs == {"number": 1}


def test_what_another_opener_writes_is_seen(path):
    first = begin(path)
    second = optuna.load_study(study_name="demo", storage=open_journal(path))

    second.set_user_attr("a", 1)
    first.set_user_attr("b", 2)

    assert first.user_attrs == second.user_attrs == {"a": 1, "b": 2}


def test_an_entry_longer_than_any_buffer_is_read_again(path):
    text = "x" * 300_000

    begin(path, before=1, long=text, after=2)

    assert attributes(path) == {"before": 1, "long": text, "after": 2}


def test_a_journal_that_cannot_be_opened_is_named(path):
    path.mkdir()

    with pytest.raises(HPOError, match=r"journal\.log: cannot be opened \(Is a directory\)"):
        open_journal(path)


# ---------------------------------------------------------------- killed writers


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from hpo.support.locks import FileLock
path, stump = Path(sys.argv[1]), sys.argv[2]
FileLock(path.with_name(path.name + ".lock")).acquire()
with path.open("ab") as file:
    file.write(stump.encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_spoils_only_its_own_line(path, python):
    study = begin(path, before=1)
    killed = python(KILLED_WRITER, path, STUMP.decode())
    assert killed.wait() == -signal.SIGKILL

    study.set_user_attr("after", 2)

    assert study.user_attrs == attributes(path) == {"before": 1, "after": 2}
    assert STUMP not in path.read_bytes()


@pytest.mark.parametrize("length", [1, len(STUMP), 200_000])
def test_a_stump_of_any_length_is_removed_by_whoever_opens_the_journal_next(path, length):
    begin(path, before=1)
    with path.open("ab") as file:
        file.write((STUMP * (1 + length // len(STUMP)))[:length])

    optuna.load_study(study_name="demo", storage=open_journal(path)).set_user_attr("after", 2)

    assert attributes(path) == {"before": 1, "after": 2}


def test_a_stump_alone_is_an_empty_journal(path):
    path.write_bytes(STUMP)

    begin(path, after=1)

    assert attributes(path) == {"after": 1}


def test_a_stump_does_not_keep_anybody_from_reading(path):
    study = begin(path, before=1)
    with path.open("ab") as file:
        file.write(STUMP)

    assert study.user_attrs == attributes(path) == {"before": 1}


def test_a_stump_longer_than_the_entry_that_replaces_it_leaves_nothing(path):
    study = begin(path, before=1)
    with path.open("ab") as file:
        file.write(STUMP + b"x" * 10_000)

    study.set_user_attr("after", 2)

    assert all(json.loads(line) for line in path.read_text().splitlines())
    assert attributes(path) == {"before": 1, "after": 2}


def test_a_full_disk_spoils_only_the_entry_that_found_it_full(path):
    study = begin(path, before=1)

    full = limited(resource.RLIMIT_FSIZE, path.stat().st_size + 20)

    with full, pytest.raises(OSError, match="too large"):
        study.set_user_attr("lost", 2)
    assert not path.read_bytes().endswith(b"\n")
    study.set_user_attr("after", 3)

    assert study.user_attrs == attributes(path) == {"before": 1, "after": 3}


# ---------------------------------------------------------------- damage


DAMAGE = [
    b"garbage",
    b"",
    b'{"op_code":2,"worker_id":"w","study_id":0,"user_at',
    b"\xff\xfe\x00",
    b"[]",
    b"17",
    b"{}",
    b'{"op_code":2}',
    b'{"op_code":99,"worker_id":"w"}',
    b'{"op_code":2,"worker_id":"w","study_id":0,"user_attr":7}',
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: ascii(damage)[:30])
def test_a_damaged_line_is_named_and_the_others_are_read(path, damage):
    begin(path, a=1, b=2, c=3)
    lines = path.read_bytes().split(b"\n")
    lines[2] = damage
    path.write_bytes(b"\n".join(lines))

    with pytest.warns(HPOWarning) as caught:
        assert attributes(path) == {"a": 1, "c": 3}

    assert str(caught[0].message) == (
        f"{path}: line 3 is damaged; everything else is read. To have all of it, restore the "
        "file from a copy."
    )
    assert path.read_bytes() == b"\n".join(lines)


def test_several_damaged_lines_are_named_together(path):
    begin(path, a=1, b=2, c=3, d=4)
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[2] = lines[4] = b"x"
    path.write_bytes(b"\n".join(lines))

    with pytest.warns(HPOWarning, match="lines 2, 3 and 5 are damaged; everything else"):
        assert attributes(path) == {"c": 3}


def test_a_journal_goes_on_after_a_damaged_last_line(path):
    begin(path, a=1)
    with path.open("ab") as file:
        file.write(b"garbage\n")

    with pytest.warns(HPOWarning, match=r"journal\.log: line 3 is damaged"):
        study = optuna.load_study(study_name="demo", storage=open_journal(path))
    study.set_user_attr("b", 2)

    assert study.user_attrs == {"a": 1, "b": 2}


def test_damage_that_happens_while_the_journal_is_open_is_named_too(path):
    study = begin(path, a=1)
    with path.open("ab") as file:
        file.write(b"garbage\n")

    with pytest.warns(HPOWarning, match=r"journal\.log: line 3 is damaged"):
        assert study.user_attrs == {"a": 1}


def test_a_journal_of_nothing_but_damage_is_refused(path):
    path.write_bytes(b"garbage\n[]\n")

    with pytest.raises(HPOError, match=r"lines 1 and 2 are damaged, and no study can be read"):
        open_journal(path)


def test_a_line_nested_deeper_than_python_reads_is_a_damaged_one(path):
    begin(path, a=1, b=2)
    for deep in (b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900):
        with path.open("ab") as file:
            file.write(deep + b"\n")

    with pytest.warns(HPOWarning, match="lines 4 and 5 are damaged"):
        assert attributes(path) == {"a": 1, "b": 2}


def test_a_pipe_is_refused_and_not_waited_for(path):
    os.mkfifo(path)

    with pytest.raises(HPOError, match=r"journal\.log: is a device, a pipe or a socket"):
        open_journal(path)


# ---------------------------------------------------------------- damaged lines and trials' numbers


def searched(path):
    """The lines of a journal with five trials, the last of which waits."""
    settings = {"settings": {"direction": "minimize"}}
    study = begin(path, **settings)
    for number in range(4):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, number / 10)
    study.enqueue_trial({"x": 0.5})
    return path.read_bytes().split(b"\n")[:-1]


def scores(path):
    """The values by number, as somebody reads them who opens the journal now."""
    storage = open_journal(path)
    (study,) = storage.get_all_studies()
    trials = storage.get_all_trials(study._study_id)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    return {trial.number: trial.values[0] for trial in trials if trial.values}


def ways_to_damage(line):
    yield b"garbage"
    yield b"\x00" * len(line)
    yield line[: len(line) // 2]
    yield line.replace(b'"study_id":0', b'"study_id":7')
    for old, new in ((b'"op_code":4', b'"op_code":1'), (b'"op_code":4', b'"op_code":6')):
        yield line.replace(old, new)
    for position in range(0, len(line), 7):
        yield line[:position] + b"\xff" + line[position + 1 :]


def test_a_damaged_line_that_creates_a_trial_shifts_no_number_and_loses_no_score(path):
    lines = searched(path)
    creating = [number for number, line in enumerate(lines) if b'"op_code":4' in line]
    assert len(creating) == 5

    for number in creating[:4]:
        for damage in ways_to_damage(lines[number]):
            path.write_bytes(b"\n".join([*lines[:number], damage, *lines[number + 1 :], b""]))
            with pytest.warns(HPOWarning, match=f"line {number + 1} is damaged"):
                assert scores(path) == {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3}, damage


def test_any_other_damaged_line_shifts_no_number_either(path):
    lines = searched(path)

    for number, line in enumerate(lines):
        if b'"op_code":4' in line:
            continue
        for damage in (b"garbage", line[:-9], line[1:]):
            path.write_bytes(b"\n".join([*lines[:number], damage, *lines[number + 1 :], b""]))
            with pytest.warns(HPOWarning, match=f"line {number + 1} is damaged"):
                found = scores(path)
            assert len(found) >= 3
            assert all(score == trial / 10 for trial, score in found.items())


def test_several_trials_whose_creation_is_damaged_keep_their_numbers(path):
    lines = searched(path)
    for number, line in enumerate(lines):
        if b'"op_code":4' in line and b'"state":4' not in line:
            lines[number] = b"?"
    path.write_bytes(b"\n".join([*lines, b""]))

    with pytest.warns(HPOWarning, match="lines .* are damaged"):
        assert scores(path) == {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3}


def test_a_trial_of_which_only_a_damaged_line_is_left_counts_as_failed(path):
    lines = searched(path)
    waiting = next(n for n, line in enumerate(lines) if b"fixed_params" in line)
    lines[waiting] = b'{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":nul'
    path.write_bytes(b"\n".join([*lines, b""]))

    with pytest.warns(HPOWarning, match=f"line {waiting + 1} is damaged"):
        study = optuna.load_study(study_name="demo", storage=open_journal(path))

    assert study.trials[4].state == optuna.trial.TrialState.FAIL
    assert study.trials[4].user_attrs["failure"]["reason"] == (
        f"line {waiting + 1} of the journal is damaged"
    )


# ---------------------------------------------------------------- several at once


def test_an_entry_is_on_the_disk_before_the_lock_is_given_back(path, monkeypatch):
    study = begin(path)
    lock = FileLock(path.with_name("journal.log.lock"))
    seen = []

    def fsync(_descriptor):
        seen.append((path.read_bytes().endswith(b'{"a":1}}\n'), lock.acquire(block=False)))

    monkeypatch.setattr(os, "fsync", fsync)
    study.set_user_attr("a", 1)

    assert seen == [(True, False)]
    assert lock.acquire(block=False)


def test_entries_that_were_read_are_not_read_again(path):
    study = begin(path, a=1, b=2)
    content = path.read_bytes()
    path.write_bytes(b"x" * content.rindex(b"\n") + b"\n")

    assert study.user_attrs == {"a": 1, "b": 2}


WRITER = """
import sys
from pathlib import Path
import optuna
from hpo.study.journal import open_journal
optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.load_study(study_name="demo", storage=open_journal(Path(sys.argv[1])))
print("ready", flush=True)
for number in range(50):
    study.set_user_attr(f"{sys.argv[2]}-{number}", "x" * (number * 37))
"""


def test_two_processes_that_append_at_once_lose_nothing(path, python):
    begin(path)
    gate = FileLock(path.with_name("journal.log.lock"))
    gate.acquire()
    writers = [python(WRITER, path, name) for name in "ab"]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2

    gate.release()

    assert [writer.wait() for writer in writers] == [0, 0]
    expected = {f"{name}-{n}": "x" * (n * 37) for name in "ab" for n in range(50)}
    assert attributes(path) == expected
