"""``hpo dashboard``: what it serves, where, and what it says where it cannot."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from wsgiref.util import setup_testing_defaults

import fixture_studies as studies
import pytest
from click.testing import CliRunner

from hpo.cli.dashboard import command
from hpo.errors import HPOError, UsageError


@pytest.fixture
def served(monkeypatch):
    """Stands in for optuna-dashboard; lists what it was asked to serve."""
    found = []
    module = ModuleType("optuna_dashboard")
    module.run_server = lambda storage, host, port: found.append((storage, host, port))
    monkeypatch.setitem(sys.modules, "optuna_dashboard", module)
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


def test_a_port_in_use_is_told(tmp_path, served):
    def refuse(*_, **__):
        raise OSError(98, "Address already in use")

    sys.modules["optuna_dashboard"].run_server = refuse
    studies.new_study(tmp_path)
    result = invoke("boston", "--runs", tmp_path)
    assert isinstance(result.exception, HPOError)
    assert "cannot listen on port 8080 (Address already in use)" in str(result.exception)


def test_the_real_dashboard_knows_the_study(tmp_path, monkeypatch):
    dashboard = pytest.importorskip(
        "optuna_dashboard", reason="optuna-dashboard is not installed (extra dashboard)"
    )
    study = studies.regression_study(tmp_path, "boston", trials=3)
    answers = []

    def ask(storage, host, port):
        del host, port
        environment = {"PATH_INFO": "/api/studies"}
        setup_testing_defaults(environment)
        application = dashboard.wsgi(storage)
        answers.extend(application(environment, lambda status, *_: answers.append(status)))

    monkeypatch.setattr(dashboard, "run_server", ask)
    assert invoke("boston", "--runs", tmp_path).exit_code == 0
    assert answers[0].startswith("200")
    assert f'"study_name": "{study.name}"'.encode() in answers[1]
