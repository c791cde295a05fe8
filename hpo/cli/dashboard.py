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
"""Only this machine can connect, since the dashboard has no login."""
PORT = 8080
_LAST_PORT = 65535


@click.command("dashboard")
@click.argument("study", required=False)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, _LAST_PORT),
    default=PORT,
    show_default=True,
    help="Port to listen on.",
)
@options.runs
def command(*, study: str | None, port: int, runs: str | None) -> None:
    """Watch STUDY live in optuna-dashboard.

    Only this machine can connect. Without STUDY, watch the study that changed last. Needs an
    extra:

    \b
    pip install 'hpo-keras[dashboard]'
    """
    from hpo.study.folder import list_studies, load_study, runs_directory
    from hpo.study.journal import open_journal
    from hpo.study.keys import JOURNAL

    serve = _server()
    if study is None:
        folder = runs_directory(runs)
        names = list_studies(runs)
        if not names:
            raise UsageError(f"{folder} contains no study. Create one first: hpo run TASK.")
        study = max(names, key=lambda name: (folder / name / JOURNAL).stat().st_mtime)
    opened = load_study(study, runs)
    click.echo(f"{opened.name}: http://{HOST}:{port}/ (stop with Ctrl-C)", err=True)
    try:
        serve(open_journal(opened.directory / JOURNAL), host=HOST, port=port)
    except OSError as error:
        raise HPOError(
            f"cannot listen on port {port} ({error.strerror}). Choose another one: --port NUMBER."
        ) from error


def _server() -> Callable[..., None]:
    try:
        serve: Callable[..., None] = importlib.import_module("optuna_dashboard").run_server
    except ImportError:
        raise HPOError(
            "optuna-dashboard is not installed. Install it: pip install 'hpo-keras[dashboard]'"
        ) from None
    return serve
