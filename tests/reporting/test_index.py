from __future__ import annotations

import os

import pytest
from reporting.documents import MARKUP, Document

from hpo.errors import HPOWarning
from hpo.reporting import write_reports


def test_the_index_lists_and_links_the_pages(folder):
    found = write_reports(folder)
    document = Document(found.index.read_text(encoding="utf-8"))
    assert list(found.pages) == ["boston two", "empty"]
    assert document.attributes("href") == ["#main", "boston%20two/report.html", "empty/report.html"]
    assert MARKUP in document.text
    assert "3 complete" in document.text
    assert found.index.stat().st_size < 100_000


def test_a_pipe_and_deep_nesting_do_not_stop_the_others(folder):
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "journal.log")
    with (folder / "empty" / "journal.log").open("ab") as journal:
        journal.write(b"[" * 100_000 + b"\n")
    with pytest.warns(HPOWarning, match="is damaged; everything else is read"):
        found = write_reports(folder)
    assert list(found.pages) == ["boston two", "empty"]
    assert "is a device, a pipe or a socket" in found.failures["pipe"]


def test_a_damaged_study_is_named_and_the_others_go_on(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "journal.log").write_text("nonsense\n{}\n")
    found = write_reports(folder)
    assert list(found.pages) == ["boston two", "empty"]
    assert "lines 1 and 2 are damaged" in found.failures["broken"]
    assert "broken." in Document(found.index.read_text(encoding="utf-8")).text
