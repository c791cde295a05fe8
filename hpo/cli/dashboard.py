"""``hpo dashboard``: watch a study live in optuna-dashboard."""

from __future__ import annotations

import importlib
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

from hpo.cli import options
from hpo.cli.output import echo
from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
"""Only this machine can connect, since the dashboard has no login."""
HOST_NAMES = (HOST, "localhost")
METHODS = ("GET", "HEAD")
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
    """Watch STUDY live in optuna-dashboard, which can only be read.

    Only this machine can connect. Without STUDY, watch the study that changed last. Needs an
    extra:

    \b
    pip install 'hpo-keras[dashboard]'
    """
    from hpo.study.commands import runs_directory, storage_url
    from hpo.study.folder import last_changed, list_studies, load_study

    dashboard = _dashboard()
    if study is None:
        folder = runs_directory(runs)
        names = list_studies(runs, storage_url())
        if not names:
            raise UsageError(f"{folder} contains no study. Create one first: hpo run TASK.")
        study = max(names, key=lambda name: last_changed(folder / name))
    opened = load_study(study, runs)
    application = read_only(dashboard(opened.storage), port)
    try:
        server = make_server(HOST, port, application, _Server, _Handler)
    except OSError as error:
        raise HPOError(
            f"cannot listen on port {port} ({error.strerror}). Choose another one: --port NUMBER."
        ) from error
    echo(f"{opened.name}: http://{HOST}:{port}/ (stop with Ctrl-C)", err=True)
    with server:
        server.serve_forever()


def read_only(application: WSGIApplication, port: int) -> WSGIApplication:
    """Let only requests to read pass, and only those that name this machine.

    The dashboard can rename, delete and annotate studies, which a search could not continue. And
    any web page can send requests to this machine, or read from it under a name of its own that it
    lets point here.

    Args:
        application: The dashboard.
        port: The port that it listens on.
    """
    names = {name for host in HOST_NAMES for name in (host, f"{host}:{port}")}

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def refuse(status: str, why: str, *headers: tuple[str, str]) -> list[bytes]:
            start_response(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
            return [f"{why}\n".encode()]

        if environ.get("HTTP_HOST", "").lower() not in names:
            return refuse("403 Forbidden", f"Open http://{HOST}:{port}/ instead.")
        if environ["REQUEST_METHOD"] not in METHODS:
            why = "This dashboard only shows studies. To change one, use the hpo command."
            return refuse("405 Method Not Allowed", why, ("Allow", ", ".join(METHODS)))
        return application(environ, start_response)

    return respond


class _Server(ThreadingMixIn, WSGIServer):
    """Answers requests side by side, since browsers hold connections open."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    """Does not report every request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the base class)
        """Print nothing."""


def _dashboard() -> Callable[..., WSGIApplication]:
    try:
        make: Callable[..., WSGIApplication] = importlib.import_module("optuna_dashboard").wsgi
    except ImportError:
        raise HPOError(
            "optuna-dashboard is not installed. Install it: pip install 'hpo-keras[dashboard]'"
        ) from None
    return make
