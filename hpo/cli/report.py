"""``hpo report``: write the page of a study, or of all studies with an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo
from hpo.errors import HPOError, UsageError
from hpo.options import ReportOptions

if TYPE_CHECKING:
    from pathlib import Path

    from hpo.options import Assets
    from hpo.reporting import Reports


@click.command("report")
@click.argument("study", required=False)
@options.flags(ReportOptions)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the web browser.")
@options.runs
@options.as_json
def command(
    *,
    study: str | None,
    output: Path | None,
    assets: Assets,
    open_page: bool,
    runs: str | None,
    as_json: bool,
) -> None:
    """Write a self-contained HTML page about STUDY.

    Without STUDY, write the pages of all studies in --runs, and an index.html that lists them.
    """
    if study is not None:
        page = _report_one(study, output, assets, runs, as_json=as_json)
        if open_page:
            _open(page)
        return
    reports = _report_all(output, assets, runs, as_json=as_json)
    if open_page:
        _open(reports.index)
    if reports.failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in reports.failures.items())
        raise HPOError(f"no page was written for {reasons}")


def _report_one(
    name: str, output: Path | None, assets: Assets, runs: str | None, *, as_json: bool
) -> Path:
    from hpo.reporting import write_report
    from hpo.study.folder import load_study

    if output is not None and output.is_dir():
        raise UsageError(f"--output {output} is a folder. Name a file: {output / name}.html")
    study = load_study(name, runs)
    page = write_report(study, output, assets=assets)
    if as_json:
        print_json({"study": study.name, "report": str(page)})
    else:
        echo(f"{study.name}: {page}")
    return page


def _report_all(output: Path | None, assets: Assets, runs: str | None, *, as_json: bool) -> Reports:
    from hpo.reporting import write_reports
    from hpo.study.commands import runs_directory

    if output is not None and output.is_file():
        raise UsageError(
            f"--output {output} is a file, but the pages of all studies need a folder. Name a "
            "folder, or a study to write its page to this file."
        )
    reports = write_reports(runs_directory(runs), output, assets=assets)
    if as_json:
        print_json(_as_json(reports))
    else:
        for name, page in reports.pages.items():
            echo(f"{name}: {page}")
        echo(f"all studies: {reports.index}")
    return reports


def _as_json(reports: Reports) -> dict[str, Any]:
    return {
        "index": str(reports.index),
        "reports": [{"study": name, "report": str(page)} for name, page in reports.pages.items()],
        "failures": [{"study": name, "reason": why} for name, why in reports.failures.items()],
    }


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        echo(f"hpo: no web browser found; open {page} yourself", err=True)
