"""``hpo report``: write the page of a study, or of all studies with an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    from hpo.reporting import Reports


@click.command("report")
@click.argument("study", required=False)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write. [default: report.html in the study's folder]",
)
@click.option("--open", "open_page", is_flag=True, help="Show the page in the web browser.")
@options.runs
@options.as_json
def command(
    *, study: str | None, output: Path | None, open_page: bool, runs: str | None, as_json: bool
) -> None:
    """Write one self-contained HTML page on STUDY.

    Without STUDY, write the pages of all studies of --runs and an index.html that lists them.
    """
    if study is not None:
        page = _report_one(study, output, runs, as_json=as_json)
        _open(page, wanted=open_page)
        return
    if output is not None:
        raise UsageError("--output is for one study. Name it: hpo report STUDY --output FILE.")
    found = _report_all(runs, as_json=as_json)
    _open(found.index, wanted=open_page)
    if found.failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failures.items())
        raise HPOError(f"no page was written for {reasons}")


def _report_one(name: str, output: Path | None, runs: str | None, *, as_json: bool) -> Path:
    from hpo.reporting import write_report
    from hpo.runs import load_study

    study = load_study(name, runs)
    page = write_report(study, output)
    if as_json:
        print_json({"study": study.name, "report": str(page)})
    else:
        click.echo(f"{study.name}: {page}")
    return page


def _report_all(runs: str | None, *, as_json: bool) -> Reports:
    from hpo.reporting import write_reports
    from hpo.runs import runs_directory

    found = write_reports(runs_directory(runs))
    if as_json:
        print_json(_as_json(found))
    else:
        for name, page in found.pages.items():
            click.echo(f"{name}: {page}")
        click.echo(f"all studies: {found.index}")
    return found


def _as_json(found: Reports) -> dict[str, Any]:
    return {
        "index": str(found.index),
        "reports": [{"study": name, "report": str(page)} for name, page in found.pages.items()],
        "failures": [{"study": name, "reason": why} for name, why in found.failures.items()],
    }


def _open(page: Path, *, wanted: bool) -> None:
    import webbrowser

    if wanted and not webbrowser.open(page.resolve().as_uri()):
        click.echo(f"no web browser was found; open {page} yourself.", err=True)
