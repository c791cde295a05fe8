"""``hpo data``: prepare data sets that tasks cannot download."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo.cli.output import echo
from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.task import Task


@click.group("data")
def command() -> None:
    """Prepare data sets that tasks cannot download."""


@command.command("prepare")
@click.argument("task")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--data-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write it.  [default: $HPO_DATA_DIR, or Keras's folder of data sets]",
)
def prepare(task: str, source: Path, data_dir: Path | None) -> None:
    """Prepare the data set of TASK from SOURCE.

    SOURCE is the published archive, or the folder it was extracted to. For cats_vs_dogs, this is
    Kaggle's dogs-vs-cats.zip, the train.zip inside it, or Microsoft's archive of PetImages.
    The data set is written completely or not at all. An existing one stays as it is.
    """
    from hpo.cli.display import counting, screen
    from hpo.plugins import load_task

    loaded = load_task(task)
    if loaded.prepare is None:
        raise UsageError(f"task {task!r} has no data set to prepare. {_tasks_with_one()}")
    named = os.environ.get("HPO_DATA_DIR")
    directory = data_dir or (Path(named) if named else None)
    written = 0

    with screen() as shown_on:
        show = counting(shown_on, f"preparing {loaded.name}", "files")

        def on_progress(done: int, of: int) -> None:
            nonlocal written
            written = done
            show(done, of)

        folder = loaded.prepare(source, directory, on_progress)
    again = ["--data-dir", str(data_dir)] if data_dir else []
    echo(f"wrote {folder}" if written else f"nothing to do: {folder} exists")
    echo(f"next: {shlex.join(['hpo', 'run', task, *again])}")


def _tasks_with_one() -> str:
    from hpo.plugins import list_tasks

    tasks: list[Task] = [listing.task for listing in list_tasks() if listing.task]
    names = [task.name for task in tasks if task.prepare]
    return f"Installed tasks with one: {', '.join(names) or 'none'}."
