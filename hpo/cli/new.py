"""``hpo new``: write a task plugin to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from hpo.errors import UsageError


@click.command("new")
@click.argument("name")
def command(name: str) -> None:
    """Write NAME.py, a working task to put your data and model into."""
    if not name.isidentifier():
        raise UsageError(
            f"task name {name!r} is not a valid name of a Python module. Use letters, digits and "
            "underscores, and begin with a letter."
        )
    path = Path(f"{name}.py")
    text = files("hpo.cli").joinpath("templates/task.py.txt").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.format(name=name))
    except FileExistsError:
        raise UsageError(
            f"{path} already exists. Choose another name, or move the file away."
        ) from None
    click.echo(f"wrote {path}; try: hpo run ./{path} --trials 10")
