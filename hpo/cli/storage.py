"""``hpo storage``: move studies between folders and databases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo.cli import options
from hpo.cli.output import echo
from hpo.errors import UsageError
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.study.study import Study


@click.group("storage")
def command() -> None:
    """Copy studies between folders and databases."""


@command.command("copy")
@click.argument("source")
@click.argument("target")
@click.option(
    "--study", "names", multiple=True, metavar="NAME", help="Copy this one.  [default: all]"
)
@click.option(
    "--runs",
    metavar="DIR",
    help="Folder with the arrays and models of the studies in the database.  [default: $HPO_RUNS, "
    "or runs]",
)
@options.artifacts
def copy(
    source: str, target: str, names: tuple[str, ...], runs: str | None, artifacts: str | None
) -> None:
    """Copy the studies of SOURCE to TARGET.

    One of the two is a folder of studies, the other the URL of a database such as
    postgresql://USER@HOST/DATABASE. Trials, arrays, models and ensembles are copied; numbers and
    times stay as they are. The source is not changed.
    """
    from hpo.cli.display import counting, screen
    from hpo.study.commands import runs_directory
    from hpo.study.copying import copy_study
    from hpo.study.folder import list_studies, load_study

    if ("://" in source) == ("://" in target):
        raise UsageError(
            "expected a folder of studies and the URL of a database. Received: two "
            + ("databases" if "://" in source else "folders")
        )
    into = "://" in target
    if artifacts is not None and not into:
        raise UsageError(
            "--artifacts: expected a copy into a database. Received: the folder " + target
        )
    folder = Path(source) if into else runs_directory(runs)
    url = None if into else source
    chosen = names or list_studies(folder, url)
    if not chosen:
        raise UsageError(f"there is no study in {source if into else folder}.")
    with screen() as shown_on:
        for name in chosen:
            study: Study = load_study(name, folder, url)
            copied = copy_study(
                study,
                runs_directory(runs) if into else Path(target),
                target if into else None,
                artifacts,
                counting(shown_on, f"copying {name}", "trials"),
            )
            echo(f"{study.name}: {formats.count(len(study.trials), 'trial')}: {copied}")
