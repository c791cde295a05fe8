"""``hpo dashboard``: what it serves, where, and what it says where it cannot."""

from __future__ import annotations

import http.client
import io
import json
import os
import sys
import threading
from types import ModuleType
from wsgiref.simple_server import demo_app
from wsgiref.util import setup_testing_defaults

import fixture_studies as studies
import pytest
from click.testing import CliRunner

from hpo.cli import dashboard
from hpo.cli.dashboard import command
from hpo.errors import HPOError, UsageError
from hpo.study.journal import open_journal


class Server:
    """Stands in for the server of the dashboard; it serves nothing and returns at once."""

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def serve_forever(self):
        pass


@pytest.fixture
def served(monkeypatch):
    """Stands in for optuna-dashboard; lists what it was asked to serve."""
    found = []
    storages = []
    module = ModuleType("optuna_dashboard")
    module.wsgi = storages.append

    def serve(host, port, *_):
        found.append((storages[-1], host, port))
        return Server()

    monkeypatch.setitem(sys.modules, "optuna_dashboard", module)
    monkeypatch.setattr(dashboard, "make_server", serve)
    return found


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_storage_of_the_study_is_served_to_this_machine_only(tmp_path, served):
    studies.regression_study(tmp_path, "boston", trials=3)
    result = invoke("boston", "--runs", tmp_path, "--port", "8123")
    assert result.exit_code == 0
    ((storage, host, port),) = served
    assert [study.study_name for study in storage.get_all_studies()] == ["boston"]
    assert (host, port) == ("127.0.0.1", 8123)
    assert "boston: http://127.0.0.1:8123/" in result.stderr


def test_what_is_served_is_live(tmp_path, served):
    study = studies.regression_study(tmp_path, "boston", trials=3)
    invoke("boston", "--runs", tmp_path)
    storage = served[0][0]
    studies.add_complete(study, studies.evaluation(2.0))
    (frozen,) = storage.get_all_studies()
    assert len(storage.get_all_trials(frozen._study_id)) == 4


def test_without_a_name_the_study_that_changed_last_is_served(tmp_path, served):
    first = studies.new_study(tmp_path, "first")
    studies.new_study(tmp_path, "second")
    os.utime(tmp_path / "second" / "journal.log", (1, 1))
    result = invoke("--runs", tmp_path)
    assert f"{first.name}: " in result.stderr


def test_without_the_extra_the_command_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    studies.new_study(tmp_path)
    result = invoke("boston", "--runs", tmp_path)
    assert isinstance(result.exception, HPOError)
    assert "pip install 'hpo-keras[dashboard]'" in str(result.exception)


def test_a_folder_without_studies_is_a_usage_error(tmp_path, served):
    result = invoke("--runs", tmp_path)
    assert isinstance(result.exception, UsageError)
    assert served == []


def test_a_port_in_use_is_told(tmp_path, served, monkeypatch):
    def refuse(*_):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(dashboard, "make_server", refuse)
    studies.new_study(tmp_path)
    result = invoke("boston", "--runs", tmp_path)
    assert isinstance(result.exception, HPOError)
    assert "cannot listen on port 8080 (Address already in use)" in str(result.exception)


# ---------------------------------------------------------------- the real dashboard


@pytest.fixture
def ask(tmp_path):
    """Asks the real dashboard of a study, as it is served on port 8080."""
    optuna_dashboard = pytest.importorskip(
        "optuna_dashboard", reason="optuna-dashboard is not installed (extra dashboard)"
    )
    study = studies.regression_study(tmp_path, "boston", trials=3)
    storage = open_journal(study.directory / "journal.log")
    application = dashboard.read_only(optuna_dashboard.wsgi(storage), 8080)

    def request(path="/api/studies", method="GET", host="127.0.0.1:8080", **body):
        content = json.dumps(body).encode()
        environment = {
            "PATH_INFO": path,
            "REQUEST_METHOD": method,
            "HTTP_HOST": host,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        setup_testing_defaults(environment)
        answers = []
        parts = application(environment, lambda status, *_: answers.append(status))
        content = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        return answers[0], content

    request.journal = study.directory / "journal.log"
    return request


def test_the_real_dashboard_knows_the_study(ask):
    status, content = ask()

    assert status.startswith("200")
    assert b'"study_name": "boston"' in content


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "LOCALHOST"])
def test_every_name_of_this_machine_is_answered(ask, host):
    assert ask(host=host)[0].startswith("200")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1:9", "127.0.0.1.evil.example", ""]
)
def test_a_page_that_lets_its_name_point_to_this_machine_reads_nothing(ask, host):
    status, content = ask(host=host)

    assert status.startswith("403")
    assert b"http://127.0.0.1:8080/" in content
    assert b"boston" not in content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/studies", {"study_name": "new", "directions": ["minimize"]}),
        ("POST", "/api/studies/0/rename", {"study_name": "new"}),
        ("DELETE", "/api/studies/0", {}),
        ("PUT", "/api/studies/0/note", {"version": 1, "body": "note"}),
        ("POST", "/api/trials/0/tell", {"state": "Complete", "values": [0]}),
        ("POST", "/api/trials/0/user-attrs", {"user_attrs": {"seed": 1}}),
        ("POST", "/api/studies/0/0/skip", {}),
        ("OPTIONS", "/api/studies", {}),
        ("get", "/api/studies", {}),
    ],
)
def test_nothing_that_could_write_reaches_the_dashboard(ask, method, path, body):
    before = ask.journal.read_bytes()

    status, _ = ask(path, method, **body)

    assert status.startswith("405")
    assert ask.journal.read_bytes() == before


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.filterwarnings("ignore:Some regimes for parameter:UserWarning")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_route_that_reads_writes_to_the_journal(ask, method):
    before = ask.journal.read_bytes()

    for path in (
        "/api/meta",
        "/api/studies",
        "/api/studies/0",
        "/api/studies/0/param_importances",
        "/api/studies/0/plot/slice",
        "/csv/0",
        "/dashboard",
    ):
        assert ask(path, method)[0][:3] in ("200", "400")

    assert ask.journal.read_bytes() == before


def test_the_server_answers_over_the_network():
    application = dashboard.read_only(demo_app, 0)
    with dashboard.make_server(
        "127.0.0.1", 0, application, dashboard._Server, dashboard._Handler
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        connection.request("POST", "/", headers={"Host": "127.0.0.1"})
        status = connection.getresponse().status
        server.shutdown()

    assert status == 405
