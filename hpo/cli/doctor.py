"""``hpo doctor``: what hpo finds on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from hpo.cli import options, print_json
from hpo.cli.one_object import printed_to_stderr


@click.command("doctor")
@options.runs
@options.data_dir
@options.as_json
def command(runs: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Show versions, backend and devices, and where data and studies are."""
    from hpo.devices import unused_gpus

    with printed_to_stderr(when=as_json):
        found = _findings(runs, data_dir)
    if as_json:
        print_json(found)
        return
    width = max(map(len, found))
    for name, value in found.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{name:<{width}}  {shown if shown not in (None, '') else 'none'}")
    if unused := unused_gpus():
        click.echo(f"hpo: {unused}", err=True)


def _findings(runs: str | None, data_dir: str | None) -> dict[str, Any]:
    from hpo.devices import list_gpus
    from hpo.facts import environment
    from hpo.plugins import list_tasks
    from hpo.quiet import import_keras
    from hpo.runs import list_studies, runs_directory

    import_keras()
    tasks = list_tasks()
    data = data_dir or os.environ.get("HPO_DATA_DIR")
    return {
        **environment(),
        "cores": os.cpu_count(),
        "gpus of the driver": list_gpus(),
        "data": str(Path(data).absolute()) if data else None,
        "keras home": os.environ.get("KERAS_HOME") or str(Path.home() / ".keras"),
        "runs": str(runs_directory(runs).absolute()),
        "studies": list_studies(runs),
        "tasks": [task.name for task in tasks if not task.error],
        "broken tasks": [task.name for task in tasks if task.error],
    }
