"""The report: one HTML page per study, and an index of all studies in a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError
from hpo.options import ReportOptions
from hpo.study.keys import JOURNAL
from hpo.support.files import output_file, output_folder, replacing

if TYPE_CHECKING:
    import os

    from hpo.options import Assets
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.study import Study

__all__ = ["Reports", "report", "write_report", "write_reports"]

PAGE = "report.html"
INDEX = "index.html"


@dataclass(frozen=True)
class Reports:
    """What :func:`write_reports` wrote.

    Attributes:
        index: The page that lists the studies.
        pages: The page of each study, by study name.
        failures: Why a study has no page, by study name.
    """

    index: Path
    pages: dict[str, Path]
    failures: dict[str, str] = field(default_factory=dict)


def report(
    study: str | os.PathLike[str] | Study,
    output: str | os.PathLike[str] | None = None,
    *,
    runs: str | os.PathLike[str] | None = None,
    assets: Assets = ReportOptions.assets,
) -> Path:
    """Write the page of a study: ``hpo report`` for programs.

    Args:
        study: The study, its name or the path of its folder.
        output: The file to write; by default ``report.html`` in the study's folder.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in the current folder.
        assets: "embed" for a page that needs no other file, "directory" for a page that shares
            plotly.js with the other pages in its folder.

    Returns:
        The path of the page.

    Raises:
        UsageError: The study does not exist, or ``assets`` has another value.
        HPOError: The study cannot be read, or the file cannot be written.
    """
    from hpo.study.folder import load_study
    from hpo.study.study import Study

    opened = study if isinstance(study, Study) else load_study(study, runs)
    return write_report(opened, None if output is None else Path(output), assets=assets)


def write_report(
    study: Study, output: Path | None = None, *, assets: Assets = ReportOptions.assets
) -> Path:
    """Write the page of a study, which loads nothing from the network.

    Args:
        study: The study, which is only read.
        output: The file to write; by default ``report.html`` in the study's folder.
        assets: "embed" to put plotly.js into the page; "directory" to share one copy of it, next
            to ``output`` or by default in the folder of studies.

    Returns:
        The path of the page.

    Raises:
        UsageError: ``output`` is a folder, a device, a pipe or a socket, or the study's journal.
        HPOError: The study cannot be read, or a file cannot be written.
    """
    from hpo.reporting.reading.snapshot import take

    if output is None:
        return _write_page(take(study), study.directory / PAGE, assets, study.directory.parent)
    target = output_file(output, study.directory / JOURNAL)
    _write_page(take(study), target, assets, target.parent)
    return output


def write_reports(
    runs: Path, output: Path | None = None, *, assets: Assets = ReportOptions.assets
) -> Reports:
    """Write the page of every study in a folder, and an ``index.html`` that lists them.

    A study that cannot be read does not stop the others: the index and the result name it.

    Args:
        runs: The folder of studies.
        output: The folder for all pages and the index; by default each page goes to the folder of
            its study and the index to ``runs``.
        assets: "embed" to put plotly.js into every page; "directory" to share one copy of it, next
            to the index.

    Returns:
        The paths of the pages, and the studies without one.

    Raises:
        UsageError: The folder contains no study, or ``output`` is not a folder.
        HPOError: A file cannot be written.
    """
    from hpo.reporting.index import entry, index_page
    from hpo.reporting.reading.snapshot import take
    from hpo.study.commands import storage_url
    from hpo.study.folder import list_studies, load_study

    names = list_studies(runs, storage_url())
    if not names:
        raise UsageError(f"there is no study in {runs}. Start one first: hpo run TASK.")
    folder = runs if output is None else output
    output_folder(folder)
    written = Reports(folder / INDEX, {})
    opened: dict[str, Study] = {}
    for name in names:
        try:
            opened[name] = load_study(name, runs)
        except HPOError as error:
            written.failures[name] = str(error)
    entries = []
    for name, study in opened.items():
        path = study.directory / PAGE if output is None else folder / f"{name}.html"
        try:
            snapshot = take(study, opened)
            written.pages[name] = _write_page(snapshot, path, assets, folder)
        except HPOError as error:
            written.failures[name] = str(error)
        else:
            entries.append(entry(snapshot, written.pages[name], written.index))
    _write(written.index, index_page(entries, written.failures))
    return written


def _write_page(snapshot: Snapshot, path: Path, assets: Assets, shared: Path) -> Path:
    from hpo.reporting.html.assets import provide
    from hpo.reporting.page import study_page

    return _write(path, study_page(snapshot, provide(assets, path, shared)))


def _write(path: Path, page: str) -> Path:
    try:
        with replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise HPOError(
            f"{path}: the report cannot be written ({error.strerror}). "
            "Choose another file with --output FILE."
        ) from error
    return path
