"""Workers on a Ray cluster: Ray places them, this process decides and writes.

The study lies where the search was started. Its nodes need neither a database nor a file system
that they share: an actor evaluates, and what it asks and reports comes here through Ray, arrays and
models included.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import sys
import warnings
from contextlib import ExitStack, contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError, one_line
from hpo.plugins import file_reference
from hpo.search.devices import GROWING
from hpo.search.events import Warned, WorkerPlaced
from hpo.search.executors.crew import Crew
from hpo.search.executors.member import Member
from hpo.search.host import StudyHost
from hpo.study.workers import new_worker_name
from hpo.support import files, formats
from hpo.training.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.options import Options
    from hpo.search.events import OnEvent
    from hpo.search.executors.ray_actor import Message
    from hpo.study.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2
CONNECT_SECONDS = 5.0

NOT_SHIPPED = [".git", ".venv", "__pycache__", "runs", "reports", "*.keras", "*.npz"]
"""What does not travel with a plugin's folder."""


class RayExecutor:
    """Runs workers as actors of a Ray cluster, and replaces those that die."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials on the cluster until the study has enough or the search is stopped."""
        del task  # the nodes find it through the study's settings
        with _connected(study) as cluster:
            _warn_of_waiting(study.options, on_event)
            _RayCrew(study, on_event, cluster).work(stopping)


class _Cluster:
    """A connection to a cluster.

    Args:
        options: How the search places its workers.
        task: How nodes find the task.
        is_remote: Whether the cluster was there before.
    """

    def __init__(self, options: Options, task: str, *, is_remote: bool) -> None:
        self.options = options
        self.task = task
        self.is_remote = is_remote

    def start(self, name: str, study: Study) -> Any:
        """Start an actor; Ray places it as soon as a node has room."""
        import ray

        from hpo.search.executors.ray_actor import Actor

        options, settings = self.options, study.settings
        threads = str(max(1, int(options.cpus_per_worker)))
        variables = dict.fromkeys((THREADS, "OMP_NUM_THREADS", "NPROC"), threads)  # NPROC: XLA's
        variables["TF_CPP_MIN_LOG_LEVEL"] = "3"
        if options.gpus_per_worker:
            variables |= GROWING
        if not self.is_remote:
            variables["PYTHONPATH"] = os.pathsep.join(f or str(Path.cwd()) for f in sys.path)
        return (
            ray.remote(Actor)
            .options(
                num_cpus=options.cpus_per_worker,
                num_gpus=options.gpus_per_worker,
                max_concurrency=3,
                runtime_env={"env_vars": variables},
            )
            .remote(name, self.task, settings.backend, options.worker_memory)
        )


class _Distant(Member):
    """A worker on a node.

    Args:
        study: The study it works for.
        cluster: Where it is placed.
    """

    def __init__(self, study: Study, cluster: _Cluster) -> None:
        super().__init__(study, new_worker_name())
        self._host = StudyHost(study)
        self._study = study
        self._actor = cluster.start(self.name, study)
        self._max_bytes = cluster.options.worker_memory
        self._reason = ""
        self._node: str | None = None
        self._alive = ExitStack()
        self._alive.enter_context(self._host.working(self.name))
        self.ended = False
        self.lost_node = False
        self.next_messages: Any = None
        self.listen()

    def listen(self) -> None:
        """Ask for what the worker sends next."""
        self.next_messages = self._actor.listen.remote()

    def take(self, on_event: OnEvent) -> None:
        """Take what the worker sent, and answer its calls."""
        import ray

        try:
            messages = ray.get(self.next_messages)
        except ray.exceptions.RayError as error:
            self.ended = True
            self.lost_node = self._node is not None and self._node not in {
                node["NodeID"] for node in _alive_nodes()
            }
            self._reason = (
                "its node was lost" if self.lost_node else f"its worker died ({one_line(error)})"
            )
            return
        for message in messages:
            self._take(message, on_event)
        if not self.ended:
            self.listen()

    @property
    def is_waiting(self) -> bool:
        """Whether no node has had room for it yet."""
        return self._node is None

    def ask_to_stop(self) -> None:
        """Ask it to end after the running epoch; one that waits for room ends at once."""
        if self.is_waiting:
            self.has_left = True
            self.kill()
        else:
            self._actor.stop.remote()

    def kill(self) -> None:
        """Kill its process."""
        import ray

        with contextlib.suppress(Exception):
            ray.kill(self._actor)
        self.ended = True

    def close(self) -> None:
        """Let go of the actor."""
        self.kill()
        self._alive.close()

    def cause_of_death(self) -> str:
        """Why it died, in one line."""
        return self.exceeded or self._reason or "its worker ended without a word"

    def _take(self, message: Message, on_event: OnEvent) -> None:
        kind, content = message
        match kind:
            case "placed":
                self._node, address = content
                on_event(WorkerPlaced(self.name, address))
            case "event":
                self.notice(content, on_event)
            case "call":
                self._answer(*content)
            case "broken":
                self._reason = f"its worker broke: {one_line(content)}"
            case "exceeded":
                limit = formats.memory(self._max_bytes or 0)
                self.exceeded = (
                    f"out of memory: its worker took more than the {limit} of --worker-memory, "
                    "and was killed"
                )
                self.kill()
            case "ended":
                self.ended = True

    def _answer(self, method: str, arguments: tuple[Any, ...]) -> None:
        """Do what the worker asks of its host; errors of the study are the worker's to report."""
        answer, failure = None, None
        try:
            answer = self._called(method, arguments)
        except (HPOError, OSError) as error:
            failure = error
        self._actor.answer.remote(answer, failure)

    def _called(self, method: str, arguments: tuple[Any, ...]) -> Any:
        match method:
            case "complete":
                number, evaluation, models = arguments
                for name, content in models.items():
                    path = self._study.files.trial_directory(number) / Path(name).name
                    with files.replacing(path) as temporary:
                        temporary.write_bytes(content)
                return self._host.complete(number, evaluation)
            case "is_hopeless":
                number, report, max_epochs, epochs = arguments
                return self._host.is_hopeless(number, report, max_epochs=max_epochs, epochs=epochs)
            case _:
                return getattr(self._host, method)(*arguments)


class _RayCrew(Crew[_Distant]):
    """The actors that work for a study."""

    def __init__(self, study: Study, on_event: OnEvent, cluster: _Cluster) -> None:
        super().__init__(study, study.options.workers or 1, on_event)
        self._cluster = cluster

    def start(self, place: int) -> _Distant:
        """Start an actor."""
        del place  # Ray chooses
        return _Distant(self.study, self._cluster)

    def listen(self) -> Iterator[int]:
        """Take what the actors send."""
        import ray

        waiting = {member.next_messages: member for member in self.members.values()}
        ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0, fetch_local=False)
        if not ready:
            ready, _ = ray.wait(list(waiting), timeout=POLL_SECONDS, fetch_local=False)
        for reference in ready:
            waiting[reference].take(self.on_event)
        for place, member in self.members.items():
            if not ready:
                member.kill_if_it_takes_too_long()
            if member.is_waiting and self.n_to_do() <= 0:
                member.ask_to_stop()
            if member.ended:
                yield place

    def fail_trial_of(self, member: _Distant) -> list[int]:
        """Fail the trial of a dead worker; if its node was lost, it is tried again."""
        numbers = super().fail_trial_of(member)
        if member.lost_node:
            for number in numbers:
                self.study.queue.retry(number, at_most=self.study.options.retry)
        return numbers


def make() -> RayExecutor:
    """Make the executor."""
    return RayExecutor()


@contextmanager
def _connected(study: Study) -> Iterator[_Cluster]:
    """Connect to a cluster, or start one on this machine, until the search ends."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UsageError(
            "executor ray: Ray is not installed. Install it: pip install 'hpo-keras[ray]'"
        ) from None
    options, address, task = study.options, study.options.address, study.settings.task
    if ray.is_initialized():  # by whoever called hpo.run, who decides what travels
        yield _Cluster(options, task, is_remote=False)
        return
    task, environment = _shipped(task) if address else (task, {})
    _check_reachable(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is in the error, too
            ray.init(
                address=address or "local",
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env=environment,
            )
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise HPOError(
            f"executor ray: cannot connect to {address or 'a cluster of this machine'} "
            f"({one_line(error)}). If the cluster asks for a token, set "
            "RAY_AUTH_MODE=token."
        ) from error
    try:
        _check_room(options)
        yield _Cluster(options, task, is_remote=address is not None)
    finally:
        ray.shutdown()


def _check_reachable(address: str | None) -> None:
    """Refuse an address at which nothing listens, for which Ray would wait for long."""
    match = re.fullmatch(r"(?:ray://)?([^/:]+):(\d+)", address or "")
    if match is None:
        return
    try:
        socket.create_connection((match[1], int(match[2])), CONNECT_SECONDS).close()
    except OSError as error:
        raise HPOError(
            f"executor ray: nothing answers at {address} ({error.strerror or error}). Start a "
            "cluster with `ray start --head`, or leave --address out for one on this machine."
        ) from error


def _check_room(options: Options) -> None:
    """Refuse workers for which no node has room, since Ray would wait for one forever."""
    wanted = {"CPU": options.cpus_per_worker, "GPU": options.gpus_per_worker}
    found = [node["Resources"] for node in _alive_nodes()]
    for kind, number in wanted.items():
        most = max((resources.get(kind, 0.0) for resources in found), default=0.0)
        if number > most:
            flag = f"--{kind.lower()}s-per-worker"
            raise UsageError(
                f"executor ray: no node has {number:g} {kind}s for a worker; the largest has "
                f"{most:g}. Ask for fewer with {flag}."
            )


def _warn_of_waiting(options: Options, on_event: OnEvent) -> None:
    """Say that some workers wait, which a cluster that grows by itself may soon change."""
    wanted = {"CPU": options.cpus_per_worker, "GPU": options.gpus_per_worker}
    room = sum(
        min(int(node["Resources"].get(kind, 0) / n) for kind, n in wanted.items() if n)
        for node in _alive_nodes()
        if any(wanted.values())
    )
    n_workers = options.workers or 1
    if any(wanted.values()) and room < n_workers:
        on_event(
            Warned(
                "",
                f"the cluster has room for {room} of {n_workers} workers; the others begin when "
                "there is more",
            )
        )


def _shipped(reference: str) -> tuple[str, dict[str, Any]]:
    """How nodes find a task, and what Ray takes there: a plugin's folder, or a distribution."""
    modules = [str(Path(__file__).parents[2])]  # hpo itself
    found = file_reference(reference)
    if found is not None:
        file, attribute = found
        environment = {"working_dir": str(file.parent), "excludes": NOT_SHIPPED}
        task = ":".join(filter(None, (file.name, attribute)))
        return task, {**environment, "py_modules": modules}
    return reference, {"py_modules": modules, **_distribution(reference)}


def _distribution(reference: str) -> dict[str, Any]:
    """What installs the distribution of a task; nothing for the built-in ones."""
    for distribution in metadata.distributions():
        for entry in distribution.entry_points.select(group="hpo.tasks"):
            if reference in (entry.name, entry.value) and distribution.name != "hpo-keras":
                return {"pip": [f"{distribution.name}=={distribution.version}"]}
    return {}


def _alive_nodes() -> list[dict[str, Any]]:
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
