"""``hpo new``: write a task plugin to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from hpo.errors import UsageError


@click.command("new")
@click.argument("name")
def command(name: str) -> None:
    """Write NAME.py, a task that works, to put your own data and model into."""
    if not name.isidentifier():
        raise UsageError(
            f"task name {name!r} cannot name a Python file. Use letters, digits and underscores."
        )
    path = Path(f"{name}.py")
    text = files("hpo.cli").joinpath("templates/task.py.txt").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.format(name=name))
    except FileExistsError:
        raise UsageError(f"{path} exists already. Choose another name or move it away.") from None
    click.echo(f"wrote {path}; try: hpo run ./{path} --trials 10")
