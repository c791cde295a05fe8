"""``hpo export``: a folder that predicts without hpo."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, printed_to_stderr
from hpo.support import formats


@click.command("export")
@click.argument("study")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(
    *,
    study: str,
    directory: Path,
    task: str | None,
    runs: str | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Export the ensemble of STUDY to DIR, which needs no hpo.

    DIR gets the members as .keras files, the fitted preprocessing as arrays and JSON, predict.py
    (which needs only Keras and NumPy), a model card (README.md), and the versions of all packages.
    It must be new or empty. The test set stays untouched.
    """
    from hpo.cli.display import counting, screen
    from hpo.cli.predict import load
    from hpo.exporting import check_directory, export
    from hpo.study.folder import load_study

    opened = load_study(study, runs)
    check_directory(directory)
    with printed_to_stderr(when=as_json):
        ensemble = load(opened, task, data_dir)
        with screen() as shown_on:
            exported = export(ensemble, directory, counting(shown_on, "exporting", "models"))
    if as_json:
        print_json(
            {
                "study": study,
                "directory": str(exported.directory),
                "models": exported.models,
                "bytes": exported.bytes,
            }
        )
    else:
        echo(
            f"{study}: {formats.count(exported.models, 'model')}, "
            f"{formats.memory(exported.bytes)}: {directory}\n"
            f"next: python {shlex.quote(str(directory / 'predict.py'))} x.npz predictions.npz"
        )
