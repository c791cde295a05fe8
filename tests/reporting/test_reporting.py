from __future__ import annotations

import pytest

import hpo
from hpo.errors import HPOError, UsageError
from hpo.reporting import write_report, write_reports
from hpo.study.folder import load_study


def test_writing_a_report_leaves_only_the_report(regression):
    before = {path for path in regression.directory.rglob("*") if path.is_file()}
    path = write_report(regression)
    assert path == regression.directory / "report.html"
    assert {p for p in regression.directory.rglob("*") if p.is_file()} == before | {path}


def test_a_report_can_be_written_elsewhere(regression, tmp_path):
    assert write_report(regression, tmp_path / "new" / "a.html").is_file()


def test_a_report_that_cannot_be_written_says_where(regression, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HPOError, match=r"a\.html lies below .*file, which is not a folder"):
        write_report(regression, tmp_path / "file" / "a.html")


def test_programs_can_write_a_report_by_name(folder, tmp_path):
    output = tmp_path / "elsewhere.html"
    assert hpo.report("empty", str(output), runs=str(folder)) == output
    assert hpo.report(load_study("empty", folder)) == folder / "empty" / "report.html"
    assert output.is_file()


def test_a_folder_without_studies_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no study in"):
        write_reports(tmp_path)
