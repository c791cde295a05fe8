"""``hpo doctor``: what hpo finds on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import print_listed, printed_to_stderr


@click.command("doctor")
@options.runs
@options.data_dir
@options.as_json
def command(runs: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Show versions, backend and devices, and where data and studies are."""
    with printed_to_stderr(when=as_json):
        found, trouble = _findings(runs, data_dir)
    if as_json:
        print_json(found)
    else:
        _print(found)
    if trouble:
        click.echo(f"hpo: {trouble}", err=True)


def _print(found: dict[str, Any]) -> None:
    rows = []
    for name, value in found.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        rows.append((name, str(text) if text not in (None, "") else "none"))
    print_listed(rows)


def _findings(runs: str | None, data_dir: str | None) -> tuple[dict[str, Any], str]:
    """What there is, by name, and what is wrong with it, or ""."""
    from hpo.errors import HPOError
    from hpo.plugins import list_tasks
    from hpo.search.devices import list_gpus, unused_gpus
    from hpo.study.facts import environment, versions
    from hpo.study.folder import list_studies, runs_directory
    from hpo.support.quiet import import_keras

    try:
        import_keras()
        surroundings, trouble = environment(), unused_gpus()
    except HPOError as error:
        surroundings, trouble = {**versions(), "backend": None, "devices": []}, str(error)
    tasks = list_tasks()
    data = data_dir or os.environ.get("HPO_DATA_DIR")
    found = {
        **surroundings,
        "cores": os.cpu_count(),
        "gpus of the driver": list_gpus(),
        "data": str(Path(data).absolute()) if data else None,
        "keras home": os.environ.get("KERAS_HOME") or str(Path.home() / ".keras"),
        "runs": str(runs_directory(runs).absolute()),
        "studies": list_studies(runs),
        "tasks": [task.name for task in tasks if not task.error],
        "broken tasks": [task.name for task in tasks if task.error],
    }
    return found, trouble
