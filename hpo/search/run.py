"""A search from beginning to end: make or continue the study, place workers, watch, stop."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpo import pruners, samplers
from hpo.errors import UsageError
from hpo.options import Options, StudyOptions
from hpo.placement.choice import check_inline, check_ray
from hpo.placement.devices import environments
from hpo.plugins import IN_CODE, absolute_reference, load_space, load_task, refuse_while_importing
from hpo.search.executors import make_executor
from hpo.search.stopping import Stopping
from hpo.search.tensorboard import check_folder
from hpo.search.warm_start import first_configurations
from hpo.space.space import Space
from hpo.space.training import check_training_parameters
from hpo.study.commands import runs_directory
from hpo.study.folder import load_study, opened_study
from hpo.study.keys import ARTIFACTS
from hpo.study.settings import Settings
from hpo.support import backends, files
from hpo.support.interrupts import interruptible
from hpo.support.options import command_words, read_options, takes_options
from hpo.support.quiet import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from hpo.options import RunKeywords
    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Params, Task


@takes_options(Options, StudyOptions)
def run(
    task: str | Task,
    *,
    study: str | None = None,
    runs: str | os.PathLike[str] | None = None,
    storage: str | None = None,
    artifacts: str | None = None,
    on_event: OnEvent = lambda _event: None,
    on_open: Callable[[Study], None] = lambda _study: None,
    **options: Unpack[RunKeywords],
) -> Study:
    """Search for good hyperparameters of a task.

    An existing study is continued until it has ``trials`` trials in all.

    Args:
        task: Name of an installed task, ``"module:attribute"``, path of a Python file, or a Task.
        study: The study's name; by default the task's.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.
        storage: URL of a PostgreSQL database that keeps the trials, so that workers on any
            machines can join; by default ``HPO_STORAGE``, or a journal in the study's folder.
        artifacts: URL such as ``s3://BUCKET/PREFIX`` under which arrays and models of a study in a
            database are stored; by default its folder is, which its machines then share.
        on_event: Called with everything that the workers report.
        on_open: Called with the study before the first trial.
        **options: As :mod:`hpo.options` declares them.

    Returns:
        The study.

    Raises:
        UsageError: A name or value is wrong.
        HPOError: The task or its data cannot be loaded, or the study has other settings.
        KeyboardInterrupt: The search was stopped; the study continues when run again.
    """
    refuse_while_importing("hpo.run")
    asked, of_study = read_options(Options, options), read_options(StudyOptions, options)
    loaded, reference = _task_and_reference(task, asked.executor)
    settings = _settings(loaded, reference, of_study)
    executor = _executor(task, asked)
    first = _first_configurations(settings.space, asked, runs)
    with opened_study(
        runs_directory(runs),
        study or loaded.name,
        settings,
        loaded,
        storage=storage,
        artifacts=artifacts,
        keep_code=asked.code_changed == "keep",
        keep_backend=of_study.backend is None,
    ) as opened:
        command = _command(opened, loaded, reference, (asked, of_study), runs)
        _prepare(opened, _to_be_stored(asked, command), first, executor)
        on_open(opened)
        with interruptible() as interrupted:
            stopping = Stopping(opened, interrupted, on_event)
            make_executor(executor).run(opened, loaded, on_event=stopping.notice, stopping=stopping)
    if interrupted.is_set():
        raise KeyboardInterrupt
    return opened


def _command(
    study: Study,
    task: Task,
    reference: str,
    options: tuple[Options, StudyOptions],
    runs: str | os.PathLike[str] | None,
) -> str:
    """The command that repeats a search."""
    asked, of_study = options
    chosen = command_words(asked, _as_repeated(of_study, study, task))
    name = [] if study.name == task.name else ["--study", study.name]
    where = [] if runs is None else ["--runs", str(runs)]
    if study.database is not None:
        where += ["--storage", study.database.name]
    stored = study.attributes.get(ARTIFACTS)
    if stored:
        where += ["--artifacts", stored.rpartition("/")[0]]
    return shlex.join(["hpo", "run", reference, *name, *chosen, *where])


def _as_repeated(options: StudyOptions, study: Study, task: Task) -> StudyOptions:
    """The options that make the same study elsewhere: the backend came from this machine."""
    backend = study.settings.backend
    return replace(
        options, backend=None if backend in (None, task.backend or "tensorflow") else backend
    )


def _prepare(study: Study, options: Options, first: Sequence[Params], executor: str) -> None:
    """Record the options of a run, clean up after earlier ones, and queue what is tried first."""
    study.options = options
    if study.database is None:
        study.queue.fail_orphans()
    else:
        study.queue.give_up_lost(at_most=study.options.retry)
    study.workers.sweep()
    files.sweep(study.directory)
    if options.retry_failed:
        study.queue.retry_failed()
    if not study.trials:
        for params in first:
            study.queue.enqueue(params)
    if executor == "inline":
        import_keras(study.settings.backend)  # before anything is shown, since it prints a lot


def _settings(task: Task, reference: str, options: StudyOptions) -> Settings:
    """What makes the study the study it is."""
    if options.backend is not None:
        backends.check_installed(options.backend)
    space = load_space(task.space if options.space is None else options.space)
    searched = space.override(options.settings)
    check_training_parameters(searched)
    return Settings(
        task=reference,
        task_name=task.name,
        objective=task.objective,
        direction=task.direction or "minimize",
        cv=options.cv or task.cv_name,
        space=searched.to_toml(),
        train_size=options.train_size,
        group_duplicates=options.group_duplicates,
        precision=options.precision,
        backend=options.backend or backends.default(task.backend),
    )


def _executor(task: str | Task, options: Options) -> str:
    """Who evaluates; options that cannot work are refused, before a study is made."""
    executor = options.executor or ("local" if isinstance(task, str) else "inline")
    samplers.make_sampler(options.sampler, options.seed)
    pruners.check(options.pruner)
    if options.tensorboard is not None:
        check_folder(Path(options.tensorboard))
    check_inline(options, executor)
    check_ray(options, executor)
    if executor == "inline" and options.worker_memory:
        raise UsageError("worker_memory: a task in code runs in this process, which is not killed.")
    if executor == "ray" and options.tensorboard is not None:
        raise UsageError("tensorboard: workers on a Ray cluster do not write for TensorBoard.")
    if options.worker_memory and not Path("/proc").is_dir():
        raise UsageError("worker_memory: this system does not say how much memory a process takes.")
    environments(options)
    return executor


def _first_configurations(
    space: str, options: Options, runs: str | os.PathLike[str] | None
) -> list[Params]:
    """What a new study tries first."""
    named = options.warm_start_from
    earlier = None if named is None else load_study(named, runs)
    return first_configurations(Space.from_text(space), earlier, options.trials)


def _to_be_stored(options: Options, command: str) -> Options:
    """Options as a worker needs them, whatever folder it is started in."""
    folder = options.data_dir or os.environ.get("HPO_DATA_DIR")
    board = options.tensorboard
    return replace(
        options,
        data_dir=os.path.abspath(folder) if folder else None,  # noqa: PTH100  (as given)
        tensorboard=os.path.abspath(board) if board else None,  # noqa: PTH100
        command=command,
    )


def _task_and_reference(task: str | Task, executor: str | None) -> tuple[Task, str]:
    if isinstance(task, str):
        return load_task(task), absolute_reference(task)
    if executor not in (None, "inline"):
        raise UsageError(
            f"executor={executor!r} evaluates in other processes, which must find the task: give "
            f"its name, module:attribute or file. Received: the Task {task.name!r} itself."
        )
    return task, IN_CODE
