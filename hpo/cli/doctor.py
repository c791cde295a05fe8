"""``hpo doctor``: versions, devices and folders on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, print_listed, printed_to_stderr


@click.command("doctor")
@options.runs
@options.data_dir
@options.as_json
def command(runs: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Show versions, devices, and where data and studies are."""
    with printed_to_stderr(when=as_json):
        facts, problem = _facts(runs, data_dir)
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    if problem:
        echo(f"hpo: {problem}", err=True)


def _print(facts: dict[str, Any]) -> None:
    rows = []
    for name, value in facts.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        rows.append((name, str(text) if text not in (None, "") else "none"))
    print_listed(rows)


def _facts(runs: str | None, data_dir: str | None) -> tuple[dict[str, Any], str]:
    """What this machine has, by name, and what is wrong with it, or ""."""
    from hpo.errors import HPOError
    from hpo.plugins import list_tasks
    from hpo.search.devices import list_gpus, unused_gpus
    from hpo.study.environment import Environment, versions
    from hpo.study.folder import list_studies, runs_directory
    from hpo.support.quiet import import_keras

    try:
        import_keras()
        surroundings, problem = Environment.here().to_json(), unused_gpus()
    except HPOError as error:
        surroundings, problem = {**versions(), "backend": None, "devices": []}, str(error)
    tasks = list_tasks()
    data = data_dir or os.environ.get("HPO_DATA_DIR")
    facts = {
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
    return facts, problem
