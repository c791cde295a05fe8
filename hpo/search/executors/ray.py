"""Workers on a Ray cluster: Ray places them, this process decides and writes.

The study lies where the search was started. Its nodes need neither a database nor a file system
that they share: an actor evaluates, and what it asks and reports comes here through Ray, arrays and
models included.
"""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, one_line
from hpo.placement.cluster import Cluster, alive_nodes, connected, loss_of
from hpo.search.events import Warned, WorkerPlaced
from hpo.search.executors.crew import Crew
from hpo.search.executors.member import Member
from hpo.search.executors.ray_actor import Actor
from hpo.search.host import StudyHost
from hpo.study.workers import new_worker_name
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.options import Options
    from hpo.placement.wire import Message
    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2


class RayExecutor:
    """Runs workers as actors of a Ray cluster, and replaces those that die."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials on the cluster until the study has enough or the search is stopped."""
        del task  # the nodes find it through the study's settings
        with connected(study.options, study.settings.task) as cluster:
            _warn_of_waiting(study.options, on_event)
            _RayCrew(study, on_event, cluster).work(stopping)


class _Distant(Member):
    """A worker on a node.

    Args:
        study: The study it works for.
        cluster: Where it is placed.
    """

    def __init__(self, study: Study, cluster: Cluster) -> None:
        super().__init__(study, new_worker_name())
        self._host = StudyHost(study)
        self._study = study
        self._actor = cluster.start(
            Actor, self.name, cluster.task, study.settings.backend, study.options.worker_memory
        )
        self._max_bytes = study.options.worker_memory
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
            self._reason, self.lost_node = loss_of(self._node or "", error)
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
                self._study.files.write_models(number, models)
                return self._host.complete(number, evaluation)
            case "is_hopeless":
                number, report, max_epochs, epochs = arguments
                return self._host.is_hopeless(number, report, max_epochs=max_epochs, epochs=epochs)
            case _:
                return getattr(self._host, method)(*arguments)


class _RayCrew(Crew[_Distant]):
    """The actors that work for a study."""

    def __init__(self, study: Study, on_event: OnEvent, cluster: Cluster) -> None:
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


def _warn_of_waiting(options: Options, on_event: OnEvent) -> None:
    """Say that some workers wait, which a cluster that grows by itself may soon change."""
    wanted = {"CPU": options.cpus_per_worker, "GPU": options.gpus_per_worker}
    room = sum(
        min(int(node["Resources"].get(kind, 0) / n) for kind, n in wanted.items() if n)
        for node in alive_nodes()
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
