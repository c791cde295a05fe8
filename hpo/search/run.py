"""A search from beginning to end: make or continue the study, place workers, watch, stop."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo import pruners, samplers
from hpo.data import splits, subset
from hpo.errors import UsageError
from hpo.plugins import IN_CODE, absolute_reference, load_space, load_task
from hpo.search.devices import environments
from hpo.search.executors import make_executor
from hpo.search.stopping import Stopping
from hpo.search.tensorboard import check_folder
from hpo.search.warm_start import first_configurations
from hpo.space.space import Space
from hpo.study.folder import create_study, load_study, runs_directory
from hpo.study.settings import Options, Settings
from hpo.support.interrupts import interruptible
from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task


def run(  # noqa: PLR0913  (what a search may be told)
    task: str | Task,
    *,
    study: str | None = None,
    sampler: str = "tpe",
    pruner: str = "auto",
    warm_start_from: str | os.PathLike[str] | None = None,
    trials: int = 50,
    timeout: float | None = None,
    trial_timeout: float | None = None,
    cv: str | None = None,
    train_size: float | str | None = None,
    group_duplicates: bool = False,
    space: Space | str | os.PathLike[str] | None = None,
    settings: Sequence[str] = (),
    seed: int = 0,
    keep: int = 25,
    executor: str | None = None,
    workers: int | None = None,
    devices: str = "auto",
    trials_per_device: int = 1,
    worker_memory: int | None = None,
    patience: int | None = None,
    precision: str | None = None,
    tensorboard: str | os.PathLike[str] | None = None,
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    on_event: OnEvent = lambda _event: None,
    on_open: Callable[[Study], None] = lambda _study: None,
) -> Study:
    """Search good hyperparameters for a task.

    A study that exists is continued until it has ``trials`` trials in all.

    Args:
        task: Name of an installed task, ``"module:attribute"``, path of a Python file, or a Task.
        study: The study's name; by default the task's.
        sampler: "tpe", "gp", "hyperopt", "cmaes", "genetic", "sobol", "grid", "random" or
            "gp-torch"; see ``hpo.samplers``.
        pruner: "none", "median", "asha", "hyperband", "wilcoxon", or "auto" for asha where a
            trial trains more than 20 epochs; see ``hpo.pruners``.
        warm_start_from: An earlier study, also of another task, whose best configurations a new
            study tries first, as far as its space has their parameters.
        trials: How many trials the study shall have.
        timeout: Seconds after which the search ends.
        trial_timeout: Seconds after which a trial is ended as failed.
        cv: How trials are evaluated, such as "kfold:5"; by default as the task says.
        train_size: Search on a part of the training data: a share such as 0.2, or a number of
            samples such as 2000; by default on all of it.
        group_duplicates: Keep all copies of a sample in one fold.
        space: A search space in place of the task's: a Space or the path of a TOML file.
        settings: Changes to the space, such as "optimizer=adam" or "units.high=512".
        seed: Seed of the sampler, the weights and the batches.
        keep: Of how many of the best trials the models are kept, for ensembles.
        executor: "local" (child processes) or "inline" (this process). By default local where
            the task is named, inline where a Task is given.
        workers: How many trials are evaluated at a time, each in a child process; by default as
            many as there are GPUs to evaluate them on, or one on the CPU.
        devices: "auto" (every GPU there is, else the CPU), "cpu", or GPUs such as "0,1".
        trials_per_device: How many workers share a device.
        worker_memory: Bytes of memory at which a worker is killed and its trial fails.
        patience: The search ends after so many finished trials without a better score.
        precision: Keras's dtype policy, such as "mixed_float16"; by default float32.
        tensorboard: Folder for what TensorBoard shows: curves, weights and hyperparameters of
            every complete trial.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.
        data_dir: Folder with data sets; by default ``HPO_DATA_DIR``.
        on_event: Told of everything the workers do.
        on_open: Given the study before the first trial.

    Returns:
        The study.

    Raises:
        UsageError: A name or value is wrong.
        HPOError: The task or its data cannot be loaded, or the study has other settings.
        KeyboardInterrupt: The search was stopped; the study goes on when run again.
    """
    loaded, reference = _task_and_reference(task, executor)
    chosen = load_space(loaded.space if space is None else space).override(settings)
    if cv is not None:
        splits.check(cv)
    size = subset.parse(train_size)
    if trials < 1 or keep < 0:
        raise UsageError(
            f"a study needs trials=1 or more and keep=0 or more, not {trials}, {keep}."
        )
    samplers.make_sampler(sampler, seed)
    pruners.check(pruner)
    if tensorboard is not None:
        check_folder(Path(tensorboard))
    earlier = None if warm_start_from is None else load_study(warm_start_from, runs)
    first = first_configurations(chosen, earlier, trials)
    placement = Options(
        workers=workers,
        devices=devices,
        trials_per_device=trials_per_device,
        worker_memory=worker_memory,
    )
    where = executor or ("local" if isinstance(task, str) else "inline")
    _check_placement(placement, where)
    placed = make_executor(where)
    name = study or loaded.name
    opened = create_study(
        runs_directory(runs),
        name,
        Settings(
            task=reference,
            task_name=loaded.name,
            objective=loaded.objective,
            direction=loaded.direction or "minimize",
            cv=cv or loaded.cv_name,
            space=chosen.to_toml(),
            train_size=size,
            group_duplicates=group_duplicates,
            precision=precision,
        ),
    )
    folder = data_dir or os.environ.get("HPO_DATA_DIR")
    opened.options = Options(
        sampler=sampler,
        trials=trials,
        timeout=timeout,
        trial_timeout=trial_timeout,
        seed=seed,
        keep=keep,
        data_dir=os.path.abspath(folder) if folder else None,  # noqa: PTH100  (as given)
        command=_command(
            reference,
            {
                "study": None if name == loaded.name else name,
                "sampler": sampler,
                "pruner": None if pruner == "auto" else pruner,
                "warm-start": warm_start_from,
                "trials": trials,
                "seed": seed,
                "cv": cv,
                "train-size": size,
                "group-duplicates": group_duplicates,
                "space": None if isinstance(space, Space) else space,
                "set": list(settings),
                "timeout": timeout,
                "trial-timeout": trial_timeout,
                "keep": keep,
                "data-dir": data_dir,
                "workers": workers,
                "devices": None if devices == "auto" else devices,
                "trials-per-device": None if trials_per_device == 1 else trials_per_device,
                "worker-memory": worker_memory,
                "patience": patience,
                "precision": precision,
                "tensorboard": tensorboard,
            },
        ),
        workers=workers,
        devices=devices,
        trials_per_device=trials_per_device,
        worker_memory=worker_memory,
        patience=patience,
        pruner=pruner,
        tensorboard=None if tensorboard is None else os.path.abspath(tensorboard),  # noqa: PTH100
    )
    opened.fail_orphans()
    opened.sweep()
    if not opened.trials:
        for params in first:
            opened.record.enqueue_trial(params)
    if where == "inline":
        import_keras()  # before anything is shown, since it has much to say
    on_open(opened)
    with opened.in_use(), interruptible() as interrupted:
        stopping = Stopping(opened, interrupted, on_event)
        placed.run(opened, loaded, on_event=stopping.notice, stopping=stopping)
    if interrupted.is_set():
        raise KeyboardInterrupt
    return opened


def _check_placement(options: Options, executor: str) -> None:
    """Refuse workers that cannot be placed, before there is a study of them."""
    placement = (options.workers or 1, options.devices, options.trials_per_device)
    if executor == "inline" and (placement != (1, "auto", 1) or options.worker_memory):
        raise UsageError(
            "workers, devices, trials_per_device and worker_memory are for child processes: "
            "name the task rather than giving a Task, and leave executor at local."
        )
    if options.worker_memory and not Path("/proc").is_dir():
        raise UsageError("worker_memory: this system does not tell how much a process takes.")
    environments(options)


def _task_and_reference(task: str | Task, executor: str | None) -> tuple[Task, str]:
    if isinstance(task, str):
        return load_task(task), absolute_reference(task)
    if executor not in (None, "inline"):
        raise UsageError(
            f"executor={executor!r} evaluates in other processes, which must find the task: give "
            f"its name, module:attribute or file. Received: the Task {task.name!r} itself."
        )
    return task, IN_CODE


def _command(task: str, options: Mapping[str, Any]) -> str:
    words = ["hpo", "run", task]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                words.append(f"--{name}")
            elif one is not None and one is not False:
                words += [f"--{name}", str(one)]
    return shlex.join(words)
