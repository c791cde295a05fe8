"""``hpo worker``: join a study by hand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from hpo.cli import options
from hpo.cli.output import echo
from hpo.support.processes import MARK, kill_marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.search.events import Event
    from hpo.search.worker import Worker
    from hpo.study.study import Study


@click.command("worker")
@click.argument("study")
@options.task
@options.runs
@click.option("--name", help="The worker's name.", hidden=True)
@click.option("--events", type=int, help="Descriptor to write events to.", hidden=True)
@click.option("--options", "options_json", help="Options of the search, as JSON.", hidden=True)
def command(
    study: str,
    task: str | None,
    runs: str | None,
    name: str | None,
    events: int | None,
    options_json: str | None,
) -> None:
    """Join STUDY with one more worker.

    The worker may run on this machine or on another one that sees the folder of studies. It
    evaluates trials until the study has as many as `hpo run` asked for.
    """
    from hpo.options import Options
    from hpo.study.folder import load_study
    from hpo.study.workers import new_worker_name

    opened = load_study(study, runs)
    # This worker keeps the options of now, even if a later run chooses others.
    opened.search_with(Options(**json.loads(options_json)) if options_json else opened.options)
    name = name or new_worker_name()
    if events is not None:
        _work_for_parent(opened, task, name, events)
    elif opened.n_finished < opened.target:
        _work_by_hand(opened, task, name)
    else:
        echo(f"study {opened.name} already has all its {opened.target} trials", err=True)


def _work_by_hand(study: Study, task: str | None, name: str) -> None:
    from hpo.cli.display import resumable, screen
    from hpo.cli.display.search import SearchDisplay
    from hpo.search.events import raising
    from hpo.search.host import StudyHost
    from hpo.search.worker import Worker
    from hpo.support.interrupts import interruptible
    from hpo.support.quiet import import_keras

    import_keras(study.settings.backend)  # before anything is shown, since the import prints a lot
    with screen() as shown_on:
        display = SearchDisplay(shown_on)
        display.open(study)
        with resumable(display), interruptible() as stop:
            Worker(
                StudyHost(study),
                task=task,
                name=name,
                on_event=raising(display),
                stopping=stop.is_set,
            ).run()
            if stop.is_set():
                raise KeyboardInterrupt


def _work_for_parent(study: Study, task: str | None, name: str, events: int) -> None:
    """Report every event to a parent process, and end when it asks to or dies."""
    from hpo.placement import devices
    from hpo.search.host import StudyHost
    from hpo.search.worker import Worker
    from hpo.support.interrupts import interruptible
    from hpo.support.lifeline import dying_with_parent, take_standard_input
    from hpo.support.quiet import import_keras

    lifeline = take_standard_input()
    devices.keep_to_cores(study.settings.backend)
    with dying_with_parent():
        import_keras(study.settings.backend)
    with interruptible() as stop:
        worker = Worker(
            StudyHost(study),
            task=task,
            name=name,
            on_event=_writer(events),
            stopping=stop.is_set,
            recycle=True,
        )
        threading.Thread(target=_hold_lifeline, args=(worker, stop, lifeline), daemon=True).start()
        could_work = worker.run()
    _end(0 if could_work else 1)


def _end(status: int) -> None:
    """End this process, whatever threads the plugin has left running in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _writer(descriptor: int) -> Callable[[Event], None]:
    from hpo.search.events import to_line

    os.set_inheritable(descriptor, False)

    def write(event: Event) -> None:
        # A broken pipe means that the parent is dead, which the lifeline handles.
        with contextlib.suppress(BrokenPipeError):
            os.write(descriptor, to_line(event))

    return write


def _hold_lifeline(worker: Worker, stop: threading.Event, lifeline: int) -> None:
    """Stop when the lifeline says so; end at once when the parent that holds it is dead."""
    while command_line := os.read(lifeline, 64):
        if b"stop" in command_line:
            stop.set()
    try:
        worker.abandon()
    finally:
        kill_marked(os.environ.get(MARK, ""))  # what it started
        os.killpg(0, signal.SIGKILL)
