"""``hpo predict``: predict the samples in a file with a study's ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, printed_to_stderr
from hpo.errors import UsageError
from hpo.options import PredictOptions
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.ensembles.ensemble import Ensemble
    from hpo.ensembles.progress import RefitProgress
    from hpo.study.study import Study


@click.command("predict")
@click.argument("study")
@click.argument("file", type=click.Path(path_type=Path))
@options.flags(PredictOptions)
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(
    *,
    study: str,
    file: Path,
    output: Path | None,
    chunk: int,
    task: str | None,
    runs: str | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Predict the samples in FILE with the ensemble of STUDY.

    FILE is read in chunks and may be larger than memory. The test set stays untouched.

    \b
    .npz   Array x of shape (n_samples, ...); with several inputs, one array per
           input, by its name. Texts: x with token ids, padded with 0 at the end;
           or tokens, the ids of all texts in a row, and offsets, where each text
           begins and the last one ends (n_samples + 1 numbers). Nothing is
           unpickled.
    .csv   Numbers. If the task names its features, columns are matched by name;
           if not, they must be in the order of the features.
    DIR    JPEG, PNG or BMP pictures, in the order of their names, each resized
           to the size of the task's samples.

    A class is written as its label and one probability per class, a quantity as its value. An
    .npz file gets the arrays predictions and labels.
    """
    from hpo.cli.display import counting, screen
    from hpo.predicting import look_into, predict_file, summary
    from hpo.study.folder import load_study

    if as_json and output is None:
        raise UsageError(
            "--json prints a summary, so the predictions need a file. Add --output FILE."
        )
    opened = load_study(study, runs)
    samples = look_into(opened, file, output)
    with printed_to_stderr(when=output is not None or as_json):
        ensemble = load(opened, task, data_dir)
        with screen() as shown_on:
            show = counting(shown_on, "predicting", "samples")
            predicted = predict_file(
                ensemble,
                samples,
                output,
                chunk=chunk,
                on_progress=lambda done, of: show(done, of) if of else None,
            )
    if as_json:
        print_json(dict(summary(predicted)))
    elif output is not None:
        echo(f"{study}: {formats.count(predicted.n_samples, 'sample')} predicted: {output}")


def load(study: Study, task: str | None, data_dir: str | None) -> Ensemble:
    """Load a study's ensemble, and show the training of models that were not kept."""
    from hpo.cli.display import screen
    from hpo.cli.display.models import TrainingDisplay
    from hpo.support import backends
    from hpo.support.quiet import import_keras

    import_keras(backends.usable(study.settings.backend))
    from hpo.ensembles.make import load_ensemble

    with screen() as shown_on:
        display = TrainingDisplay(shown_on)

        def on_refit(event: RefitProgress) -> None:
            if event.seconds != 0:  # models that exist already are not worth a line
                display(event)

        return load_ensemble(study, data_dir=data_dir, task=task, on_refit=on_refit)
