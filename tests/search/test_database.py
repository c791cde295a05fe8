"""Studies whose trials a PostgreSQL server keeps, with a real server."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import optuna
import psycopg
import pytest
from database_studies import (
    NOTHING,
    STARTED,
    as_rows,
    hpo_says,
    search,
    start,
    until,
)
from optuna.exceptions import StorageInternalError
from optuna.storages._rdb import storage as rdb
from sqlalchemy.exc import OperationalError

from hpo.cli import main
from hpo.errors import HPOError, UsageError
from hpo.samplers import make_sampler
from hpo.search.host import Assignment, StudyHost
from hpo.study import database
from hpo.study.database import open_database, public_name
from hpo.study.folder import list_studies, load_study
from hpo.study.trial import Failure

SECRET = "secret-of-the-tests"  # noqa: S105  (of this server alone)


def main_says(capsys, *words):
    with contextlib.suppress(SystemExit):
        main([*map(str, words)])
    printed = capsys.readouterr()
    return printed.out + printed.err


def running_of(runs, url):
    return [t for t in load_study("slow", runs, url).trials if t.state == "running"]


def test_trials_in_a_database_are_those_of_a_journal(tmp_path, url):
    kept = search(tmp_path / "kept", url, trials=6, sampler="tpe")
    in_folder = search(tmp_path / "folder", None, trials=6, sampler="tpe")

    assert as_rows(kept) == as_rows(in_folder)
    assert not (kept.directory / "journal.log").exists()


def test_no_secret_is_shown_or_recorded(tmp_path, url):
    printed = hpo_says(tmp_path, "run", NOTHING, "--trials", "2", HPO_STORAGE=url)
    study = load_study("nothing", tmp_path, url)

    assert SECRET not in printed
    assert SECRET not in study.options.command
    assert SECRET not in study.command("ensemble")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]
    assert public_name(url + "?password=secret&passfile=x") == public_name(url)


def test_what_the_user_is_told_names_the_database(tmp_path, url, server):
    search(tmp_path, url, trials=1)

    message = hpo_says(tmp_path, "show", "nothing", code=2)
    assert f"--storage {public_name(url)}" in message
    study = load_study("nothing", tmp_path, url)
    assert study.command("show").endswith(f"--storage {public_name(url)}")
    assert server.public.removesuffix("postgres") in public_name(url)


def test_every_command_reads_a_study_in_a_database(tmp_path, url, plugin, capsys):
    search(tmp_path, url, trials=2, plugin=plugin, keep=2)
    (tmp_path / "rows.csv").write_text("1,2\n3,4\n")

    def says(*words, task=False):
        words = [*map(str, words), "--runs", str(tmp_path), "--storage", url]
        with contextlib.suppress(SystemExit):
            main([*words, *(["--task", str(plugin)] if task else [])])
        return capsys.readouterr().out

    assert len(json.loads(says("show", "slow", "--json"))["trials"]) == 2
    says("ensemble", "slow", task=True)
    confirmed = json.loads(says("confirm", "slow", "--top", 1, "--repeats", 1, "--json", task=True))
    assert confirmed["study"] == "slow"
    assert "report.html" in says("report", "slow")
    assert "index.html" in says("report")
    says("export", "slow", tmp_path / "exported", task=True)
    assert len(says("predict", "slow", tmp_path / "rows.csv", task=True).splitlines()) == 3


def test_studies_of_one_folder_are_compared_wherever_their_trials_are(tmp_path, url):
    from hpo.reporting.reading.rivals import rivals

    one = search(tmp_path, url, trials=3, study="one")
    search(tmp_path, url, trials=3, study="two")

    assert [rival.name for rival in rivals(one, {})] == ["two"]
    assert list_studies(tmp_path) == ["one", "two"]


def test_four_workers_share_a_study_and_one_is_killed(tmp_path, url, plugin):
    search(tmp_path, url, trials=1, plugin=plugin)
    study = load_study("slow", tmp_path, url)
    study.options = type(study.options)(**{**vars(study.options), "trials": 9})
    joined = [start(tmp_path, url, "worker", "slow", "--task", plugin) for _ in range(4)]
    until(lambda: len(running_of(tmp_path, url)) == 4)

    victim = running_of(tmp_path, url)[0]
    pid = int(victim.worker.rsplit("-", 2)[1])
    os.kill(pid, signal.SIGKILL)
    for one in joined:
        one.communicate(timeout=120)

    trials = load_study("slow", tmp_path, url).trials
    complete = [t for t in trials if t.state == "complete"]
    again = [t for t in trials if t.params == victim.params and t.seed == victim.seed]
    assert len(complete) == 9
    assert [t.state for t in again] == ["interrupted", "complete"]
    assert len({(t.seed, *t.params.items()) for t in complete}) == 9


def test_a_paused_worker_tells_too_late(tmp_path, url, plugin):
    search(tmp_path, url, trials=1, plugin=plugin)
    study = load_study("slow", tmp_path, url)
    study.options = type(study.options)(**{**vars(study.options), "trials": 4})
    paused = start(tmp_path, url, "worker", "slow", "--task", plugin)
    turn = open_database(url).lock("slow/ask")
    until(lambda: any(t.params for t in running_of(tmp_path, url)) and not turn.n_holders)
    os.kill(paused.pid, signal.SIGSTOP)
    lost = running_of(tmp_path, url)[0]
    time.sleep(8)
    other = start(tmp_path, url, "worker", "slow", "--task", plugin)
    other.communicate(timeout=120)
    before = as_rows(load_study("slow", tmp_path, url))
    os.kill(paused.pid, signal.SIGCONT)
    said, _ = paused.communicate(timeout=120)

    study = load_study("slow", tmp_path, url)
    assert as_rows(study) == before
    assert "had been given up" in said
    assert [t.state for t in study.trials].count("complete") == 4
    assert study.trials[lost.number].state == "interrupted"
    again = [t for t in study.trials if t.params == lost.params and t.number != lost.number]
    assert list(study.late_results.values()) == [t.score for t in again]


def holder_of(url, lock):
    """A process that takes a study's lock and goes to sleep with it."""
    code = (
        "import os, signal, sys\n"
        "from hpo.study.database import open_database\n"
        "lock = open_database(sys.argv[1]).lock(sys.argv[2])\n"
        "lock.acquire()\n"
        "print('taken', lock.is_held(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
        "print(lock.is_held())\n"
        "lock.release()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, url, lock],
        env={**os.environ, "HPO_HEARTBEAT": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    assert process.stdout.readline() == "taken True\n"
    return process


def test_a_sleeping_worker_holds_nobody_up(url, monkeypatch):
    monkeypatch.setenv("HPO_HEARTBEAT", "1")
    asleep = holder_of(url, "slow/ask")
    lock = open_database(url).lock("slow/ask")

    assert not lock.acquire(block=False)
    assert lock.acquire()  # at most six seconds later
    os.kill(asleep.pid, signal.SIGCONT)
    said, _ = asleep.communicate(timeout=60)
    assert said == "False\n"
    assert lock.is_held()
    lock.release()
    assert not lock.is_held()


def test_who_thinks_for_long_keeps_his_turn(url, monkeypatch):
    monkeypatch.setenv("HPO_HEARTBEAT", "1")
    lock = open_database(url).lock("slow/ask")
    assert lock.acquire()
    time.sleep(8)
    assert lock.is_held()
    lock.release()


def test_a_transaction_in_which_nothing_happens_is_ended_and_repeated(url, monkeypatch):
    monkeypatch.setenv("HPO_HEARTBEAT", "1")
    storage = open_database(url)._server
    pauses = [8, 0]

    def write():
        with storage.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE made (one int)")
            time.sleep(pauses.pop(0))
            return connection.exec_driver_sql("SELECT count(*) FROM made").scalar()

    assert storage.patiently(write) == 0
    assert pauses == []


@pytest.mark.parametrize("is_queued", [False, True])
def test_what_is_drawn_out_of_turn_is_drawn_again(tmp_path, url, server, monkeypatch, is_queued):
    study = search(tmp_path, url, trials=1)
    study.options = type(study.options)(**{**vars(study.options), "trials": 3})
    if is_queued:
        study.queue.enqueue({"rate": 0.01, "units": 64}, seed=5)
    others = []

    def make_slowly(name, seed):
        if not others:
            server.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608
                f"WHERE application_name = 'hpo' AND datname = '{url.rsplit('/', 1)[1]}'"
            )
            database._opened.cache_clear()
            others.append(StudyHost(load_study("nothing", tmp_path, url)))
            others.append(None if is_queued else others[0].ask("two"))
        return make_sampler(name, seed)

    monkeypatch.setattr("hpo.search.host.make_sampler", make_slowly)
    drawn = StudyHost(study).ask("one")

    trials = study.trials
    if is_queued:
        assert [t.state for t in trials] == ["complete", "interrupted", "running"]
        assert drawn == Assignment(2, 5, {"rate": 0.01, "units": 64})
    else:
        assert [t.state for t in trials] == ["complete", "running", "interrupted", "running"]
        assert len({t.params["rate"] for t in trials if t.state != "interrupted"}) == 3
    for queue in (study.queue, others[0]._study.queue):
        for number in list(queue.running):
            queue.fail(number, Failure("the test ends", "outside"))
    study.database.close()


def test_what_another_process_has_done_is_seen_within_a_moment(tmp_path, url, monkeypatch):
    mine = search(tmp_path, url, trials=2)
    one = open_database(url)
    database._opened.cache_clear()
    theirs = load_study("nothing", tmp_path, url)
    assert theirs.database is not one
    assert as_rows(mine) == as_rows(theirs)

    theirs.queue.enqueue({"rate": 0.01, "units": 64}, seed=3)
    time.sleep(2 * database.FRESH_SECONDS)
    assert [t.state for t in mine.trials] == ["complete", "complete", "waiting"]
    trial = mine.queue.ask(make_sampler("random", 0))
    trial.assign("me", 1)
    params = trial.suggest(mine.space)
    assert (mine.trials[2].params, mine.trials[2].seed) == (params, 3)  # its own, at once
    assert mine.trials[2].worker == "me"
    time.sleep(2 * database.FRESH_SECONDS)
    assert as_rows(mine) == as_rows(theirs)
    mine.queue.fail(2, Failure("the test ends", "outside"))
    assert mine.trials[2].state == "failed"
    one.close()


def test_what_was_made_is_not_made_again_when_the_answer_was_lost(tmp_path, url, monkeypatch):
    study = search(tmp_path, url, trials=1)
    session, losses = rdb._create_scoped_session, [True]

    @contextlib.contextmanager
    def losing(*arguments):
        with session(*arguments) as opened:
            yield opened
            known = opened.identity_map.values()
            made = any(isinstance(one, rdb.models.TrialModel) for one in known)
        if made and losses:
            losses.pop()
            gone = OperationalError("COMMIT", {}, psycopg.OperationalError("the server is gone"))
            raise StorageInternalError from gone

    monkeypatch.setattr(rdb, "_create_scoped_session", losing)
    study.queue.enqueue(study.trials[0].params, 7)
    assert losses == []
    assert [t.state for t in study.trials] == ["complete", "waiting"]


def test_a_database_is_restarted_in_the_middle(tmp_path, url, plugin, server):
    running = start(tmp_path, url, "run", plugin, "--trials", 8, "--workers", 2, beat=10)
    until((tmp_path / "slow" / "trials").exists)
    server.restart()
    said, _ = running.communicate(timeout=180)

    study = load_study("slow", tmp_path, url)
    assert running.returncode == 0, said
    complete = [t for t in study.trials if t.state == "complete"]
    assert len(complete) == 8, [(t.state, t.reason) for t in study.trials]
    assert len({(t.seed, *t.params.items()) for t in complete}) == 8
    assert all(t.state in ("complete", "interrupted") for t in study.trials)


def test_a_killed_search_continues(tmp_path, url, plugin):
    running = start(tmp_path, url, "run", plugin, "--trials", 6, "--workers", 2)
    until((tmp_path / "slow" / "trials").exists)
    running.kill()
    running.communicate()
    said = hpo_says(tmp_path, "run", plugin, "--trials", "6", HPO_STORAGE=url, HPO_HEARTBEAT="1")

    trials = load_study("slow", tmp_path, url).trials
    states = [t.state for t in trials]
    assert states.count("complete") == 6, (said, [(t.state, t.reason) for t in trials])
    assert set(states) <= {"complete", "interrupted"}


def test_a_worker_has_one_connection(tmp_path, url, plugin, server):
    running = start(tmp_path, url, "run", plugin, "--trials", 4, "--workers", 3)
    until((tmp_path / "slow" / "trials").exists)
    name = url.rsplit("/", 1)[1]
    [[connections]] = server.ask(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    running.communicate(timeout=120)

    assert connections <= 4  # three workers and the search itself


def test_a_configuration_whose_worker_is_lost_is_tried_again_at_most_so_often(tmp_path, url):
    study = search(tmp_path, url, trials=1)
    for _ in range(3):
        with study.workers.asking():
            trial = study.queue.ask(make_sampler("random", 0))
            trial.suggest(study.space)
            trial.assign("somebody", 1)
        trial.rest()
        with study.database._server.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE trial_heartbeats SET heartbeat = now() - interval '1 hour'"
            )
        study.queue.give_up_lost(at_most=2)

    trials = study.trials
    assert [t.state for t in trials] == ["complete", "interrupted", "interrupted", "failed"]
    assert trials[1].params == trials[2].params == trials[3].params
    assert trials[3].cause == "outside"
    assert trials[3].reason == "its worker was not heard of any more"


@pytest.mark.parametrize(
    ("change", "expected", "code"),
    [
        (lambda url: re.sub(r":\d+/", ":9/", url), "Connection refused", 1),
        (
            lambda url: url.replace(SECRET, "wrong"),
            "password authentication failed",
            1,
        ),
        (lambda url: url + "x", "does not exist", 1),
        (
            lambda url: "mysql://somebody@somewhere/what",
            "expected postgresql://USER@HOST/DATABASE",
            2,
        ),
        (lambda url: "nonsense", "expected postgresql://USER@HOST/DATABASE", 2),
        (lambda url: url.rsplit("/", 1)[0], "no name of a database", 2),
    ],
)
def test_what_is_wrong_with_a_database_is_said_in_one_line(tmp_path, url, change, expected, code):
    began = time.monotonic()

    said = hpo_says(tmp_path, "run", NOTHING, "--storage", change(url), code=code)

    assert expected in said
    assert SECRET not in said
    assert "wrong" not in said
    assert len(said.strip().splitlines()) == 1
    assert time.monotonic() - began < 10


def test_a_database_without_rights(tmp_path, url, server):
    server.ask("CREATE ROLE weak LOGIN PASSWORD 'weak'", url)
    weak = url.replace(f"hpo:{SECRET}", "weak:weak")

    with pytest.raises(HPOError, match=r"permission denied.*GRANT CREATE ON SCHEMA public TO weak"):
        open_database(weak)


def test_a_database_of_another_version(url, server):
    open_database(url).close()
    server.ask("UPDATE alembic_version SET version_num = 'v99.0.0'", url)
    database._opened.cache_clear()

    with pytest.raises(HPOError, match="another version of Optuna"):
        open_database(url)


def test_a_study_with_a_journal_is_not_mixed_with_one_in_a_database(tmp_path, url):
    search(tmp_path, None, trials=1)

    with pytest.raises(UsageError, match="in its own journal"):
        search(tmp_path, url, trials=2)
    assert len(load_study("nothing", tmp_path, url).trials) == 1


def test_a_folder_that_is_not_shared_is_refused(tmp_path, url):
    search(tmp_path / "here", url, trials=1)

    with pytest.raises(UsageError, match="which all machines must share"):
        load_study("nothing", tmp_path / "there", url)
    with pytest.raises(UsageError, match="does not hold its files"):
        search(tmp_path / "there", url, trials=2)


def test_the_folder_of_another_study_is_refused(tmp_path, url, server):
    search(tmp_path, url, trials=1)
    optuna.delete_study(study_name="nothing", storage=open_database(url).storage)

    with pytest.raises(HPOError, match="not in the database"):
        search(tmp_path, url, trials=2)


def test_a_damaged_link_is_said_to_be_damaged(tmp_path, url):
    study = search(tmp_path, url, trials=1)
    (study.directory / "storage.json").write_text(json.dumps({"storage": 3}))

    with pytest.raises(HPOError, match=r"storage\.json: is damaged"):
        load_study("nothing", tmp_path, url)


def test_a_study_is_copied_into_a_database_and_back(tmp_path, url, capsys):
    study = search(tmp_path / "from", None, trials=4)
    study.queue.enqueue({"rate": 0.01, "units": 8})
    before = as_rows(load_study("nothing", tmp_path / "from"))
    times = [(t.started, t.ended) for t in study.trials[:4]]
    shared, back = str(tmp_path / "shared"), tmp_path / "back"

    main_says(capsys, "storage", "copy", tmp_path / "from", url, "--runs", shared)
    main_says(capsys, "storage", "copy", url, back, "--runs", shared)

    for copied in (load_study("nothing", shared, url), load_study("nothing", back)):
        assert as_rows(copied) == before
        assert [(t.started, t.ended) for t in copied.trials[:4]] == times
        assert copied.attributes.keys() - {"id"} == study.attributes.keys()
        assert copied.files.arrays(0).index.tolist() == study.files.arrays(0).index.tolist()
    continued = search(shared, url, trials=6)
    assert [t.state for t in continued.trials].count("complete") == 6


def test_a_copy_replaces_nothing(tmp_path, url, capsys):
    search(tmp_path / "from", None, trials=1)
    shared = tmp_path / "shared"
    words = ["storage", "copy", tmp_path / "from", url, "--runs"]
    main_says(capsys, *words, shared)

    assert "exists already" in main_says(capsys, *words, shared)
    assert "has a study 'nothing' already" in main_says(capsys, *words, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
    assert "two folders" in main_says(capsys, "storage", "copy", tmp_path, shared)
