"""``hpo data``: data sets that a task cannot download."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.task import Task


@click.group("data")
def command() -> None:
    """Make data sets that tasks cannot download ready for them."""


@command.command("prepare")
@click.argument("task")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--data-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put it. [default: $HPO_DATA_DIR, or the data sets of Keras]",
)
def prepare(task: str, source: Path, data_dir: Path | None) -> None:
    """Make the data set of TASK from SOURCE.

    SOURCE is the archive as it was published, or the folder it was extracted to. For cats_vs_dogs
    that is Kaggle's dogs-vs-cats.zip, the train.zip in it, or Microsoft's archive of PetImages.
    The data set is written whole or not at all; one that is there is left as it is.
    """
    from hpo.cli.display import counting, screen
    from hpo.plugins import load_task

    found = load_task(task)
    if found.prepare is None:
        raise UsageError(f"task {task!r} has no data set to prepare. {_tasks_that_have()}")
    named = os.environ.get("HPO_DATA_DIR")
    directory = data_dir or (Path(named) if named else None)
    written = 0

    with screen() as shown_on:
        show = counting(shown_on, f"preparing {found.name}", "files")

        def on_progress(done: int, of: int) -> None:
            nonlocal written
            written = done
            show(done, of)

        folder = found.prepare(source, directory, on_progress)
    again = f" --data-dir {data_dir}" if data_dir else ""
    click.echo(f"{'wrote' if written else 'nothing to do: there is'} {folder}")
    click.echo(f"next: hpo run {task}{again}")


def _tasks_that_have() -> str:
    from hpo.plugins import list_tasks

    tasks: list[Task] = [listing.task for listing in list_tasks() if listing.task]
    names = [task.name for task in tasks if task.prepare]
    return f"Tasks that have one: {', '.join(names) or 'none of those that are installed'}."
