"""What runs on the nodes of a Ray cluster: a worker whose host is at the other end of a wire."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.placement.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    from hpo.placement.wire import Message
    from hpo.search.host import Assignment, Cut
    from hpo.study.facts import Facts
    from hpo.study.mistakes import Mistakes, Predictions
    from hpo.study.terms import Terms
    from hpo.study.trial import Failure
    from hpo.training.evaluation import Evaluation
    from hpo.training.lockstep import EpochReport

MEMORY_SECONDS = 0.2
"""The memory of a worker is measured so often."""


class DistantHost:
    """The host of a worker that cannot reach the study: every call goes over the wire.

    Args:
        wire: The wire.
        folder: Where models are saved until they are sent.
    """

    def __init__(self, wire: Wire, folder: Path) -> None:
        self._wire = wire
        self._folder = folder

    def terms(self) -> Terms:
        """What the study is now."""
        return self._wire.call("terms")  # type: ignore[no-any-return]

    def working(self, worker: str) -> AbstractContextManager[None]:
        """The driver counts the worker as alive as long as it has its actor."""
        del worker
        return nullcontext()

    def recording_facts(self) -> AbstractContextManager[None]:
        """Workers on several nodes do not wait for each other; the first to record counts."""
        return nullcontext()

    def wants_facts(self, fingerprint: str) -> bool:
        """Whether facts of data with this fingerprint should be recorded."""
        return bool(self._wire.call("wants_facts", fingerprint))

    def record_facts(self, facts: Facts, targets: Mapping[str, np.ndarray]) -> None:
        """Record facts and targets, if they are still wanted."""
        self._wire.call("record_facts", facts, targets)

    def cut(self) -> Cut | None:
        """The folds of an earlier trial."""
        return self._wire.call("cut")  # type: ignore[no-any-return]

    def ask(self, worker: str) -> Assignment | None:
        """Begin a trial, unless enough have been begun."""
        return self._wire.call("ask", worker)  # type: ignore[no-any-return]

    def may_ask_later(self) -> bool:
        """The driver asks the worker to stay, or to stop."""
        return False

    def is_hopeless(
        self, number: int, report: EpochReport, *, max_epochs: int, epochs: int
    ) -> bool:
        """Whether a trial is not worth continuing."""
        return bool(self._wire.call("is_hopeless", number, report, max_epochs, epochs))

    def models_directory(self, number: int, score: float) -> Path | None:
        """A folder of this node, if the models are kept."""
        if self._wire.call("models_directory", number, score) is None:
            return None
        return self._folder / str(number)

    def complete(self, number: int, evaluation: Evaluation) -> None:
        """Send the result of a trial, and its models."""
        saved = sorted((self._folder / str(number)).glob("*"))
        self._wire.call("complete", number, evaluation, {p.name: p.read_bytes() for p in saved})
        for path in saved:
            path.unlink()

    def prune(self, number: int, epochs_trained: int) -> None:
        """End a trial that is not worth continuing."""
        self._wire.call("prune", number, epochs_trained)

    def fail(self, number: int, failure: Failure) -> None:
        """End a trial as failed."""
        self._wire.call("fail", number, failure)

    def wants_baseline(self) -> bool:
        """Whether nobody has recorded a baseline, or why there is none."""
        return bool(self._wire.call("wants_baseline"))

    def record_baseline(self, value: float | None, reason: str) -> None:
        """Record the baseline, or why there is none."""
        self._wire.call("record_baseline", value, reason)

    def predictions(self) -> Predictions | None:
        """The predictions among which the worst are looked for."""
        return self._wire.call("predictions")  # type: ignore[no-any-return]

    def record_mistakes(self, found: Sequence[Mistakes]) -> None:
        """Keep the worst predictions."""
        self._wire.call("record_mistakes", found)


class Actor:
    """A worker on a node; Ray calls its methods, several at a time.

    Args:
        name: The worker's name.
        task: How the task is found on the node.
        backend: Keras's backend.
        max_bytes: The most memory that it may take; None for any.
    """

    def __init__(self, name: str, task: str, backend: str | None, max_bytes: int | None) -> None:
        self._wire = Wire()
        self._stop = threading.Event()
        self._name, self._task, self._backend = name, task, backend
        self._max_bytes = max_bytes
        threading.Thread(target=self._work, daemon=True).start()

    def listen(self) -> list[Message]:
        """What the worker sent since the last call; empty if it has been silent for long."""
        return self._wire.receive()

    def answer(self, answer: Any, error: Exception | None) -> None:
        """Answer the worker's last call."""
        self._wire.answer(answer, error)

    def stop(self) -> None:
        """Ask the worker to end after the running epoch."""
        self._stop.set()

    def _work(self) -> None:
        import ray

        from hpo.placement import devices
        from hpo.search.worker import Worker
        from hpo.support.quiet import import_keras

        node = ray.get_runtime_context().get_node_id()
        self._wire.send("placed", (node, ray.util.get_node_ip_address()))  # type: ignore[no-untyped-call]
        if self._max_bytes:
            threading.Thread(target=self._watch_memory, daemon=True).start()
        try:
            devices.keep_to_cores(self._backend)
            import_keras(self._backend)
            with tempfile.TemporaryDirectory() as folder:
                Worker(
                    DistantHost(self._wire, Path(folder)),
                    name=self._name,
                    task=self._task,
                    on_event=lambda event: self._wire.send("event", event),
                    stopping=self._stop.is_set,
                    recycle=True,
                ).run()
        except BaseException as error:  # noqa: BLE001  (the driver is told, whatever it is)
            self._wire.send("broken", f"{type(error).__name__}: {error}")
        self._wire.send("ended")

    def _watch_memory(self) -> None:
        from hpo.training.memory import resident_bytes

        while resident_bytes(os.getpid()) <= (self._max_bytes or 0):
            time.sleep(MEMORY_SECONDS)
        self._wire.send("exceeded")
