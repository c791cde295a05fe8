"""``hpo dashboard``: watch a study live in optuna-dashboard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from hpo.cli import options
from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
"""Only this machine can connect: the dashboard asks nobody who they are."""
PORT = 8080
_LAST_PORT = 65535


@click.command("dashboard")
@click.argument("study", required=False)
@click.option(
    "--port",
    type=click.IntRange(1, _LAST_PORT),
    default=PORT,
    show_default=True,
    help="Port to listen on.",
)
@options.runs
def command(*, study: str | None, port: int, runs: str | None) -> None:
    """Watch STUDY live in optuna-dashboard, on this machine only.

    Without STUDY, the one that changed last. Needs the extra: pip install 'hpo-keras[dashboard]'.
    """
    from hpo.study.folder import list_studies, load_study, runs_directory
    from hpo.study.journal import open_journal
    from hpo.study.keys import JOURNAL

    serve = _server()
    if study is None:
        folder = runs_directory(runs)
        names = list_studies(runs)
        if not names:
            raise UsageError(f"there is no study in {folder}. Make one first: hpo run TASK.")
        study = max(names, key=lambda name: (folder / name / JOURNAL).stat().st_mtime)
    opened = load_study(study, runs)
    click.echo(f"{opened.name}: http://{HOST}:{port}/ (stop with Ctrl-C)", err=True)
    try:
        serve(open_journal(opened.directory / JOURNAL), host=HOST, port=port)
    except OSError as error:
        raise HPOError(
            f"port {port} cannot be listened on ({error.strerror}). Choose another: --port NUMBER."
        ) from error


def _server() -> Callable[..., None]:
    try:
        serve: Callable[..., None] = importlib.import_module("optuna_dashboard").run_server
    except ImportError:
        raise HPOError(
            "optuna-dashboard is not installed. Install it: pip install 'hpo-keras[dashboard]'"
        ) from None
    return serve
