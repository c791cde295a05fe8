"""``hpo doctor``: versions, devices and folders on this machine."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, print_listed, printed_to_stderr
from hpo.support import formats


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
    shown = {**facts, "compiled_programs": _in_words(facts["compiled_programs"])}
    rows = []
    for name, value in shown.items():
        listed = [f"{key} {of}" for key, of in value.items()] if isinstance(value, dict) else value
        text = ", ".join(map(str, listed)) if isinstance(listed, list) else listed
        rows.append((name.replace("_", " "), str(text) if text not in (None, "") else "none"))
    print_listed(rows)


def _facts(runs: str | None, data_dir: str | None) -> tuple[dict[str, Any], str]:
    """What this machine has, by name, and what is wrong with it, or ""."""
    from hpo.errors import HPOError
    from hpo.placement.devices import list_gpus, unused_gpus
    from hpo.plugins import list_tasks
    from hpo.study.commands import runs_directory
    from hpo.study.environment import Environment, versions
    from hpo.study.folder import list_studies
    from hpo.support import backends
    from hpo.support.cache import cache_directory
    from hpo.support.quiet import import_keras

    tasks = list_tasks()
    # Before Keras is imported, or all of them would take its backend.
    wanted = {one.name: backends.default(one.task.backend) for one in tasks if one.task}
    try:
        import_keras()
        surroundings, problem = Environment.here().to_json(), unused_gpus()
    except HPOError as error:
        surroundings, problem = {**versions(), "backend": None, "devices": []}, str(error)
    data = data_dir or os.environ.get("HPO_DATA_DIR")
    facts = {
        **surroundings,
        "backends": [name for name in backends.NAMES if backends.is_installed(name)],
        "cores": os.cpu_count(),
        "driver_gpus": list_gpus(),
        "data": str(Path(data).absolute()) if data else None,
        "keras_home": os.environ.get("KERAS_HOME") or str(Path.home() / ".keras"),
        "cache": str(cache_directory()),
        "compiled_programs": _compilation_cache(),
        "runs": str(runs_directory(runs).absolute()),
        "studies": list_studies(runs),
        "tasks": [task.name for task in tasks if not task.error],
        "task_backends": wanted,
        "broken_tasks": [task.name for task in tasks if task.error],
    }
    return facts, problem


def _compilation_cache() -> dict[str, Any] | None:
    """What JAX keeps of what it compiles; None if it is not installed."""
    from hpo.support import backends, compilation_cache

    if not backends.is_installed("jax"):
        return None
    compilation_cache.enable()
    return dataclasses.asdict(compilation_cache.probe())


def _in_words(cache: dict[str, Any] | None) -> str:
    if cache is None:
        return "jax is not installed"
    if not cache["directory"]:
        return "not kept, since the cache cannot be written"
    works = "taken back" if cache["takes_back"] else "never taken back on this processor"
    return f"{formats.memory(cache['n_bytes'])} in {cache['directory']}, {works}"
