from __future__ import annotations

import json
import os
from pathlib import Path

import fixture_studies as studies
import pytest
from click.testing import CliRunner
from reporting.documents import Document

from hpo.cli.report import command
from hpo.errors import HPOError, UsageError


@pytest.fixture
def folder(tmp_path):
    return studies.folder_of_two_studies(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_prints_where_the_page_is(folder):
    result = invoke("boston two", "--runs", folder)
    assert result.exit_code == 0
    assert result.stdout == f"boston two: {folder / 'boston two' / 'report.html'}\n"


def test_the_command_prints_one_json_object(folder):
    output = folder / "page.html"
    result = invoke("empty", "--runs", folder, "--output", output, "--json")
    assert json.loads(result.stdout) == {"study": "empty", "report": str(output)}
    assert output.is_file()


def test_without_a_study_the_command_writes_all_and_an_index(folder):
    result = invoke("--runs", folder, "--json")
    found = json.loads(result.stdout)
    assert found["index"] == str(folder / "index.html")
    assert [report["study"] for report in found["reports"]] == ["boston two", "empty"]
    assert found["failures"] == []


def test_the_command_fails_where_a_study_has_no_page(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "journal.log").write_text("nonsense\n{}\n")
    result = invoke("--runs", folder)
    assert isinstance(result.exception, HPOError)
    assert "no page was written for broken: " in str(result.exception)
    assert "all studies:" in result.stdout


def test_an_unknown_study_is_a_usage_error(folder):
    result = invoke("nowhere", "--runs", folder)
    assert isinstance(result.exception, UsageError)


def test_all_pages_can_be_written_to_a_folder(folder, tmp_path):
    output = tmp_path / "pages"
    found = json.loads(invoke("--runs", folder, "--output", output, "--json").stdout)
    assert sorted(path.name for path in output.iterdir()) == [
        "boston two.html",
        "empty.html",
        "index.html",
    ]
    document = Document(Path(found["index"]).read_text(encoding="utf-8"))
    assert document.attributes("href") == ["#main", "boston%20two.html", "empty.html"]


def test_a_file_for_all_studies_is_refused(folder):
    page = folder / "page.html"
    page.touch()
    result = invoke("--runs", folder, "--output", page)
    assert isinstance(result.exception, UsageError)
    assert "Name a folder, or a study to write its page to this file" in str(result.exception)


def test_a_folder_for_one_study_is_refused(folder):
    result = invoke("empty", "--runs", folder, "--output", folder)
    assert isinstance(result.exception, UsageError)
    assert f"Name a file: {folder / 'empty'}.html" in str(result.exception)


def test_a_page_is_written_to_the_file_that_a_link_points_to(folder, tmp_path):
    (tmp_path / "link.html").symlink_to("target.html")

    result = invoke("empty", "--runs", folder, "--output", tmp_path / "link.html")

    assert result.exit_code == 0
    assert (tmp_path / "link.html").is_symlink()
    assert "<html" in (tmp_path / "target.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("output", ["/dev/null", "fifo", "empty/journal.log"])
def test_a_page_replaces_no_device_pipe_or_journal(folder, output):
    os.mkfifo(folder / "fifo")
    before = (folder / "empty" / "journal.log").read_bytes()

    for arguments in (("empty", "--output", folder / output), ("--output", folder / output)):
        result = invoke(*arguments, "--runs", folder)
        assert isinstance(result.exception, UsageError)
        assert f"--output {folder / output}" in str(result.exception)

    assert (folder / "fifo").is_fifo()
    assert (folder / "empty" / "journal.log").read_bytes() == before


def test_pages_of_a_folder_can_share_one_plotly(folder):
    assert invoke("--runs", folder, "--assets", "directory").exit_code == 0
    (shared,) = folder.glob("plotly-*.min.js")
    page = folder / "boston two" / "report.html"
    document = Document(page.read_text(encoding="utf-8"))
    assert document.attributes("src") == [f"../{shared.name}"]
    assert page.stat().st_size < 600_000


def test_pages_beside_each_other_share_one_plotly(folder, tmp_path):
    for name in ("boston two", "empty"):
        output = tmp_path / "gallery" / f"{name}.html"
        assert (
            invoke(name, "--runs", folder, "--output", output, "--assets", "directory").exit_code
            == 0
        )
    assert len(list((tmp_path / "gallery").glob("plotly-*.js"))) == 1


def test_open_shows_the_page_in_a_browser(folder, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    assert invoke("empty", "--runs", folder, "--open").exit_code == 0
    assert opened == [(folder / "empty" / "report.html").resolve().as_uri()]


def test_open_without_a_browser_says_so(folder, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    result = invoke("empty", "--runs", folder, "--open")
    assert result.exit_code == 0
    assert "no web browser found" in result.stderr
