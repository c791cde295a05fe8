"""A Ray cluster: connecting to it, what travels there, and whether it has room."""

from __future__ import annotations

import logging
import os
import re
import socket
import warnings
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError, one_line
from hpo.placement.children import module_path
from hpo.placement.devices import GROWING
from hpo.plugins import file_reference
from hpo.training.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.options import Placement

CONNECT_SECONDS = 5.0

NOT_FOR_USERS = "worker died or was killed|been marked dead|worker processes have been started"
"""What Ray prints on standard output in a kilobyte each; trials have reasons of their own."""

NOT_SHIPPED = [".git", ".venv", "__pycache__", "runs", "reports", "*.keras", "*.npz"]
"""What does not travel with a plugin's folder."""


class Cluster:
    """A connection to a cluster.

    Args:
        options: How workers are placed.
        task: How nodes find the task.
        is_remote: Whether the cluster was there before.
    """

    def __init__(self, options: Placement, task: str, *, is_remote: bool) -> None:
        self.options = options
        self.task = task
        self.is_remote = is_remote

    def start(self, actor: type[Any], *arguments: Any) -> Any:
        """Start an actor; Ray places it as soon as a node has room.

        Args:
            actor: Its class.
            *arguments: What its class is called with.
        """
        import ray

        options = self.options
        threads = str(max(1, int(options.cpus_per_worker)))
        variables = dict.fromkeys((THREADS, "OMP_NUM_THREADS", "NPROC"), threads)  # NPROC: XLA's
        variables["TF_CPP_MIN_LOG_LEVEL"] = "3"
        if options.gpus_per_worker:
            variables |= GROWING
        if not self.is_remote:
            variables["PYTHONPATH"] = module_path()
        return (
            ray.remote(actor)
            .options(
                num_cpus=options.cpus_per_worker,
                num_gpus=options.gpus_per_worker,
                max_concurrency=3,
                runtime_env={"env_vars": variables},
            )
            .remote(*arguments)
        )


@contextmanager
def connected(options: Placement, task: str) -> Iterator[Cluster]:
    """Connect to a cluster, or start one on this machine, until the block ends.

    Args:
        options: How workers are placed.
        task: How the task is found here; its code travels to the nodes.

    Raises:
        UsageError: Ray is not installed, or no node has room for a worker.
        HPOError: The cluster does not answer.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", NOT_FOR_USERS)
    try:
        import ray
    except ImportError:
        raise UsageError(
            "executor ray: Ray is not installed. Install it: pip install 'hpo-keras[ray]'"
        ) from None
    address = options.address
    if ray.is_initialized():  # by whoever called hpo.run, who decides what travels
        yield Cluster(options, task, is_remote=False)
        return
    task, environment = shipped(task) if address else (task, {})
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
        yield Cluster(options, task, is_remote=address is not None)
    finally:
        ray.shutdown()


def _check_reachable(address: str | None) -> None:
    """Refuse an address at which nothing listens, for which Ray would wait for long."""
    match = re.fullmatch(r"(?:ray://)?([^/:]+):(\d+)", address or "")
    if match is None:
        return
    try:
        socket.create_connection((match[1], int(match[2])), CONNECT_SECONDS).close()
        why = _why_not_grpc(f"{match[1]}:{match[2]}")
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise HPOError(
            f"executor ray: no cluster answers at {address} ({why}). Start one with "
            "`ray start --head`, or leave --address out for one on this machine."
        )


def _why_not_grpc(address: str) -> str:
    """Why what listens at an address cannot be Ray, which speaks gRPC; "" if it may be."""
    if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
        return ""  # only Ray knows the certificates
    try:
        import grpc
    except ImportError:
        return ""
    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            return "something else listens there"
    return ""


def _check_room(options: Placement) -> None:
    """Refuse workers for which no node has room, since Ray would wait for one forever."""
    wanted = {"CPU": options.cpus_per_worker, "GPU": options.gpus_per_worker}
    found = [node["Resources"] for node in alive_nodes()]
    for kind, number in wanted.items():
        most = max((resources.get(kind, 0.0) for resources in found), default=0.0)
        if number > most:
            flag = f"--{kind.lower()}s-per-worker"
            raise UsageError(
                f"executor ray: no node has {number:g} {kind}s for a worker; the largest has "
                f"{most:g}. Ask for fewer with {flag}."
            )


def shipped(reference: str) -> tuple[str, dict[str, Any]]:
    """How nodes find a task, and what Ray takes there: a plugin's folder, or a distribution."""
    modules = [str(Path(__file__).parents[1])]  # hpo itself
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


def alive_nodes() -> list[dict[str, Any]]:
    """The nodes of the cluster that live, as Ray describes them."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def loss_of(node: str, error: Exception) -> tuple[str, bool]:
    """Why an actor died, in one line, and whether its node was lost.

    Args:
        node: The id of its node, "" if it was never placed.
        error: What Ray raised.
    """
    if node and node not in {alive["NodeID"] for alive in alive_nodes()}:
        return "its node was lost", True
    if type(error).__name__ == "ActorDiedError":  # whose text names everything but the reason
        return "its worker died (killed, crashed, or out of memory)", False
    return f"its worker died ({one_line(error)})", False
