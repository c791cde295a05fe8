"""A PostgreSQL server that keeps the trials of studies, through Optuna's own tables.

The server also does what files do for a study in a folder: its advisory locks say whose turn it is,
and Optuna's heartbeats which workers are alive. A process has one connection. What holds up the
others, a lock or a transaction, the server takes from a process that is not heard of any more.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import os
import threading
import time
import uuid
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hpo.errors import HPOError, StoreError, UsageError, one_line
from hpo.support.heartbeat import Heartbeat
from hpo.support.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial
    from sqlalchemy.orm import Session

_T = TypeVar("_T")

DRIVER = "postgresql+psycopg"
CONNECT_SECONDS = 8
"""So long a server may take to answer when a study is opened."""
PATIENCE_SECONDS = 120.0
"""So long a search waits for a server that was reached before, such as one that is restarted."""
HEARTBEAT_SECONDS = 10
BEATS_MISSED = 6
"""A worker that misses so many heartbeats in a row has lost its trial, and its turn."""
FRESH_SECONDS = 0.1
"""So long what was read of a study is not read again, unless this process has changed it."""
OLDEST = 14
"""The oldest version of PostgreSQL that can take a lock from a process that is not heard of."""
_TOKEN = "hpo:token"  # noqa: S105  (no password)
"""The system attribute that tells a queued trial from one that is made for the same reason."""
_SECRETS = ("password", "passfile", "sslpassword", "sslkey")


def open_database(url: str) -> Database:
    """Connect to a database, and make Optuna's tables in it if there are none.

    Args:
        url: Such as ``postgresql://USER@HOST/DATABASE``. A password may be in it, in
            ``PGPASSWORD`` or in ``~/.pgpass``.

    Raises:
        UsageError: The URL is not that of a PostgreSQL database, or the driver is not installed.
        HPOError: The server does not answer, refuses the user, or holds tables that cannot be used.
    """
    return _opened(_parsed(url))


@functools.cache
def _opened(url: sqlalchemy.URL) -> Database:
    name = _public(url)
    try:
        _make_tables(url)
        return Database(url, name)
    except ModuleNotFoundError:
        raise UsageError(
            "--storage: psycopg is not installed. Install it: pip install 'hpo-keras[postgres]'"
        ) from None
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise HPOError(f"{name}: {_explained(error, url)}") from None


def public_name(url: str) -> str:
    """A URL without its secrets, as it may be shown and recorded."""
    return _public(_parsed(url))


def _public(url: sqlalchemy.URL) -> str:
    open_part = url._replace(password=None).difference_update_query(_SECRETS)
    return open_part.render_as_string(hide_password=False)


class Database:
    """A database that keeps studies; get one with :func:`open_database`.

    Args:
        url: Where it is.
        name: The same without secrets.

    Attributes:
        url: Where it is, with the password.
        name: The same without secrets, to be shown.
        storage: Optuna's storage.
        interval: Seconds between two heartbeats of a running trial.
    """

    def __init__(self, url: sqlalchemy.URL, name: str) -> None:
        self.url = url.render_as_string(hide_password=False)
        self.name = name
        self._server = _Storage(self.url, name)
        self.storage = _Cache(self._server)
        self.interval = self._server.interval
        self._turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def lock(self, name: str) -> AdvisoryLock:
        """The lock of a name, which one process holds at a time."""
        key = int.from_bytes(
            hashlib.blake2b(f"hpo/{name}".encode(), digest_size=8).digest(), "big", signed=True
        )
        return AdvisoryLock(self._server, self.storage, key, self._turns[key])

    def close(self) -> None:
        """Close the connection."""
        self._server.engine.dispose()


class AdvisoryLock(Lock):
    """A lock that the server releases when the connection of its holder ends.

    It ends, too, if the holder is not heard of for as long as a worker may be silent, for example
    because its machine sleeps; then :meth:`is_held` is false. This is so unless it is shared.

    Args:
        server: The server, whose connection holds it.
        cache: What was read before the lock was taken, and may have changed since.
        key: Its number.
        turn: Orders the threads of this process, which share the connection.
    """

    def __init__(self, server: _Storage, cache: _Cache, key: int, turn: threading.Lock) -> None:
        self._server = server
        self._cache = cache
        self._key = key
        self._turn = turn
        self._shared = False
        self._heartbeat: Heartbeat | None = None

    def acquire(self, *, block: bool = True, shared: bool = False) -> bool:
        """Take the lock; see :meth:`Lock.acquire`."""
        self._shared = shared
        if not shared and not self._turn.acquire(blocking=block):
            return False
        try:
            kind = "_shared" if shared else ""
            trying = "" if block else "try_"
            limit = "" if shared else f", {_idle_limit(self._server.silence)}"
            taken = self._server.value(f"pg_{trying}advisory_lock{kind}({self._key}){limit}")
        except BaseException:
            self._end_turn()
            raise
        if taken is False:
            self._end_turn()
        elif not shared:
            beat = functools.partial(self._server.value, "1")
            self._heartbeat = Heartbeat(self._server.interval, beat)
        self._cache.forget()
        return taken is not False

    def release(self) -> None:
        """Release the lock."""
        kind = "_shared" if self._shared else ""
        limit = "" if self._shared else f", {_idle_limit(0)}"
        if self._heartbeat is not None:
            self._heartbeat.stop()
        try:
            # A server that was restarted has released it, and says so only in a notice.
            self._server.value(f"pg_advisory_unlock{kind}({self._key}){limit}")
        finally:
            self._end_turn()

    def is_held(self) -> bool:
        """Whether this connection holds it, and not a later one, after the server took it back."""
        return bool(self._count("pid = pg_backend_pid()"))

    @property
    def n_holders(self) -> int:
        """Number of processes that hold it."""
        return self._count("true")

    def _count(self, condition: str) -> int:
        unsigned = self._key % (1 << 64)
        held = f"classid = {unsigned >> 32} AND objid = {unsigned & 0xFFFFFFFF} AND granted"
        here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        return int(
            self._server.value(
                f"count(*) FROM pg_locks WHERE locktype = 'advisory' AND {here} AND {held} "
                f"AND {condition}"
            )
        )

    def _end_turn(self) -> None:
        if not self._shared:
            self._turn.release()


class _Storage(RDBStorage):
    """Optuna's storage over one connection, which waits for a server that is restarted.

    Args:
        url: Where the database is.
        name: The same without secrets.

    Attributes:
        name: The same without secrets.
        interval: Seconds between two heartbeats.
        silence: Seconds after which a process that is not heard of has lost its trial and turn.
    """

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.interval = int(os.environ.get("HPO_HEARTBEAT") or HEARTBEAT_SECONDS)
        self.silence = self.interval * BEATS_MISSED
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            super().__init__(
                url,
                engine_kwargs={
                    # An advisory lock belongs to a connection, so there may be no second one.
                    "pool_size": 1,
                    "max_overflow": 0,
                    "pool_timeout": 24 * 3600,
                    "pool_pre_ping": True,
                    "pool_events": [(self._limit_transactions, "connect")],
                    "connect_args": _arguments(),
                },
                heartbeat_interval=self.interval,
                grace_period=self.silence,
                skip_compatibility_check=True,
                skip_table_creation=True,
            )
        self._tokens: set[str] = set()

    def _limit_transactions(self, connection: Any, _: Any) -> None:
        """Let the server end a transaction in which nothing happens: it locks what it changed."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{self.silence}s'")
        connection.commit()

    def value(self, expression: str) -> Any:
        """Ask the server for a value."""

        def ask() -> Any:
            with self.engine.begin() as connection:
                return connection.exec_driver_sql(f"SELECT {expression}").scalar()

        return self.patiently(ask)

    def patiently(self, call: Callable[[], _T]) -> _T:
        """Call the server again as long as it may be restarting.

        Raises:
            StoreError: It cannot be reached any more.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return call()
            except (SQLAlchemyError, StorageInternalError) as error:
                if not _is_lost(error):
                    raise
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"{self.name}: cannot be reached any more ({_cause(error)})."
                    ) from None
            time.sleep(0.5)

    def _create_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None = None
    ) -> FrozenTrial:
        """Make a trial, once: the server may be gone between making one and saying so."""
        token = uuid.uuid4().hex
        if template_trial is not None:
            template_trial = copy.copy(template_trial)
            template_trial.system_attrs = {**template_trial.system_attrs, _TOKEN: token}
        make = super()._create_new_trial
        try:
            return self.patiently(lambda: make(study_id, template_trial))
        finally:
            self._tokens.discard(token)

    def _get_prepared_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None, session: Session
    ) -> models.TrialModel:
        token = None if template_trial is None else template_trial.system_attrs[_TOKEN]
        if token in self._tokens:  # a second attempt
            attribute = models.TrialSystemAttributeModel
            made = (
                session.query(models.TrialModel)
                .join(attribute)
                .filter(attribute.key == _TOKEN, attribute.value_json == json.dumps(token))
                .one_or_none()
            )
            if made is not None:
                return made
        if token is not None:
            self._tokens.add(token)
        return super()._get_prepared_new_trial(study_id, template_trial, session)


class _Cache(_CachedStorage):
    """Optuna's cache of finished trials, which also remembers for a moment what still changes.

    What this process writes, it knows at once.
    """

    def __init__(self, server: _Storage) -> None:
        super().__init__(server)
        self._read_at: dict[tuple[str, int], float] = {}
        self._attributes: dict[int, dict[str, Any]] = {}

    def forget(self) -> None:
        """Read everything again that may change."""
        self._read_at.clear()

    def forget_trials(self) -> None:
        """Read all trials again that may change."""
        for key in [key for key in self._read_at if key[0] == "trials"]:
            del self._read_at[key]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """What is recorded of a study, by key."""
        read = super().get_study_user_attrs

        def read_now() -> None:
            self._attributes[study_id] = read(study_id)

        self._unless_fresh("attributes", study_id, read_now)
        return self._attributes[study_id]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """A trial."""
        study_id, number = self._trial_id_to_study_id_and_number.get(trial_id, (None, -1))
        if study_id is None:
            return super().get_trial(trial_id)
        return copy.deepcopy(self.get_all_trials(study_id, deepcopy=False)[number])

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Record a hyperparameter of a trial."""
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        value = distribution.to_external_repr(param_value_internal)
        self._change(trial_id, "params", param_name, value)
        self._change(trial_id, "distributions", param_name, distribution)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Record a value of a trial under a key."""
        super().set_trial_user_attr(trial_id, key, value)
        self._change(trial_id, "user_attrs", key, value)

    def _change(self, trial_id: int, what: str, key: str, value: Any) -> None:
        """Change what is known of a trial; whoever holds what was known before keeps that."""
        study_id, number = self._trial_id_to_study_id_and_number.get(trial_id, (None, -1))
        if study_id is not None:
            with self._lock:
                trials = self._studies[study_id].trials
                changed = trials[number] = copy.copy(trials[number])
                setattr(changed, what, {**getattr(changed, what), key: value})

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        read = functools.partial(super()._read_trials_from_remote_storage, study_id)
        self._unless_fresh("trials", study_id, read)

    def _unless_fresh(self, what: str, study_id: int, read: Callable[[], None]) -> None:
        """Read something, unless it was read a moment ago."""
        now = time.monotonic()
        if now >= self._read_at.get((what, study_id), float("-inf")) + FRESH_SECONDS:
            read()
            self._read_at[what, study_id] = now


def _forgetting(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: _Cache, *arguments: Any, **keywords: Any) -> Any:
        try:
            return method(self, *arguments, **keywords)
        finally:
            if "trial" in method.__name__:
                self.forget_trials()
            else:
                self.forget()

    return call


for _name, _member in vars(_CachedStorage).items():
    if _name.startswith(("create_", "delete_", "set_")) and _name not in vars(_Cache):
        setattr(_Cache, _name, _forgetting(_member))


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: _Storage, *arguments: Any, **keywords: Any) -> Any:
        return self.patiently(lambda: method(self, *arguments, **keywords))

    return call


for _name in (
    *(name for name, member in vars(BaseStorage).items() if callable(member) and name[0] != "_"),
    "_get_trials",
    "_get_stale_trial_ids",
    "record_heartbeat",
):
    if _name in vars(RDBStorage):
        setattr(_Storage, _name, _patient(getattr(RDBStorage, _name)))


def _is_lost(error: BaseException) -> bool:
    """Whether the connection was lost, and not the statement wrong."""
    found = _of_driver(error)
    if found is None:
        return False
    state = getattr(found.orig, "sqlstate", None)
    return found.connection_invalidated or state is None or state[:2] in ("08", "57")


def _of_driver(error: BaseException) -> DBAPIError | None:
    """What the database's driver raised first, of which others made their own errors."""
    found: DBAPIError | None = None
    one: BaseException | None = error
    while one is not None:
        found = one if isinstance(one, DBAPIError) else found
        one = one.__cause__ or one.__context__
    return found


def _cause(error: BaseException) -> str:
    found = _of_driver(error)
    return one_line(error if found is None or found.orig is None else found.orig).rstrip(".")


def _parsed(url: str) -> sqlalchemy.URL:
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in ("postgres", "postgresql", DRIVER):
        kind = "" if parsed is None else f": a URL of {parsed.drivername}"
        raise UsageError(f"--storage: expected postgresql://USER@HOST/DATABASE. Received{kind}")
    if not parsed.database:
        raise UsageError(
            "--storage: expected postgresql://USER@HOST/DATABASE. Received no name of a database"
        )
    return parsed.set(drivername=DRIVER)


def _idle_limit(seconds: int) -> str:
    """Let the server end a connection on which nothing happens for so long; 0 is for ever."""
    return f"set_config('idle_session_timeout', '{seconds}s', false)"


def _arguments() -> dict[str, Any]:
    """How to connect: a server that is gone is noticed within a minute."""
    return {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "hpo",
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 4,
    }


def _make_tables(url: sqlalchemy.URL) -> None:
    """Make Optuna's tables, or check that they are of a version that this Optuna knows."""
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=_arguments())
    with engine.connect() as connection:
        # Two that make them at the same time would disturb each other.
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10000
        if version < OLDEST:
            raise HPOError(f"{_public(url)}: is PostgreSQL {version}; expected {OLDEST} or later.")
        connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('hpo'))")
        RDBStorage(
            url.render_as_string(hide_password=False),
            engine_kwargs={"poolclass": NullPool, "connect_args": _arguments()},
        )


def _explained(error: BaseException, url: sqlalchemy.URL) -> str:
    """What is wrong with a database, and what to do, in one line."""
    said = _cause(error)
    if url.password is not None:
        said = said.replace(str(url.password), "***")
    if isinstance(error, RuntimeError) and _of_driver(error) is None:
        return f"its tables are of another version of Optuna. {said}"
    found = _of_driver(error)
    if found is not None and getattr(found.orig, "sqlstate", None) == "42501":
        return (
            f"{said}. Give the user rights to create tables: "
            f"GRANT CREATE ON SCHEMA public TO {url.username}"
        )
    return f"cannot be used ({said})."
