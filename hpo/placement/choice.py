"""Which executor evaluates, and options that cannot work with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.errors import UsageError
from hpo.plugins import IN_CODE

if TYPE_CHECKING:
    from hpo.options import Placement
    from hpo.task import Task


def chosen_executor(placement: Placement, task: Task | str) -> str:
    """The executor of jobs: as asked, else this process, or children where several are asked for.

    Args:
        placement: What was asked for.
        task: The task, or how it is found.

    Raises:
        UsageError: Options contradict each other, or the task cannot be found elsewhere.
    """
    is_here = not isinstance(task, str) or task == IN_CODE
    several = _is_for_children(placement)
    executor = placement.executor or ("local" if several and not is_here else "inline")
    if executor != "inline" and is_here:
        name = task if isinstance(task, str) else task.name
        raise UsageError(
            f"executor={executor!r} evaluates in other processes, which must find the task: give "
            f"its name, module:attribute or file. Received: the Task {name!r} itself."
        )
    check_inline(placement, executor)
    check_ray(placement, executor)
    return executor


def _is_for_children(placement: Placement) -> bool:
    given = (placement.workers or 1, placement.devices, placement.trials_per_device)
    return given != (1, "auto", 1)


def check_inline(placement: Placement, executor: str) -> None:
    """Refuse options of child processes without them.

    Raises:
        UsageError: One was given.
    """
    if executor == "inline" and _is_for_children(placement):
        raise UsageError(
            "executor inline evaluates in this process, one after the other. Leave out workers, "
            "devices and trials_per_device; or use executor local, for which the task is given by "
            "its name, module:attribute or file instead of a Task."
        )


def check_ray(placement: Placement, executor: str) -> None:
    """Refuse options of Ray without it, and those of this machine with it.

    Raises:
        UsageError: One was given.
    """
    if executor != "ray":
        own = (placement.cpus_per_worker, placement.gpus_per_worker)
        if placement.address is not None or own != (1.0, 0.0):
            raise UsageError(
                "address, cpus_per_worker and gpus_per_worker are for a Ray cluster: add "
                "--executor ray, or leave them out."
            )
    elif (placement.devices, placement.trials_per_device) != ("auto", 1):
        raise UsageError(
            "devices and trials_per_device are for this machine. On a Ray cluster use "
            "--gpus-per-worker."
        )
