"""``hpo ensemble``: combine the best trials of a study."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, print_wrapped, printed_to_stderr
from hpo.options import EnsembleOptions
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.study.ensemble_record import EnsembleRecord, RetrainedRecord

_DIGITS_TO_COMPARE = 6


@click.command("ensemble")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True)
@options.flags(EnsembleOptions)
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(studies: tuple[str, ...], *, as_json: bool, **arguments: Any) -> None:
    """Combine the best trials of STUDY into an ensemble.

    Members and weights are chosen on out-of-fold predictions, and the reported score is
    cross-fitted. Each call then evaluates the ensemble on the test set, and the study counts how
    often. Given several studies of one task with the same splits, the ensemble is stored in the
    first one.

    Fold models that were not kept are trained again. Trained models are kept: if you stop the
    command, run it again to continue.
    """
    import hpo
    from hpo.cli.display import counting, resumable, screen
    from hpo.cli.display.models import TrainingDisplay
    from hpo.support import backends
    from hpo.support.quiet import import_keras

    # A wrong name is reported before the long import.
    opened = [hpo.load_study(study, arguments["runs"]) for study in studies]
    import_keras(backends.usable(opened[0].settings.backend))
    from hpo.ensembles.retraining import OtherScoreWarning

    with printed_to_stderr(when=as_json), screen() as shown_on, warnings.catch_warnings():
        warnings.simplefilter("ignore", OtherScoreWarning)  # reported below
        training = TrainingDisplay(shown_on)
        on_member = counting(shown_on, "predicting the test set", "members")
        with resumable(training):
            made = hpo.ensemble(*studies, on_member=on_member, on_refit=training, **arguments)
    for trial in made.record.retrained:
        _warn_of_other_score(trial)
    if as_json:
        print_json(made.result)
    else:
        _print_result(made.record)


def _warn_of_other_score(trial: RetrainedRecord) -> None:
    from hpo.ensembles.retraining import is_the_same

    if not is_the_same(trial.score, trial.recorded):
        echo(
            f"hpo: trial {trial.trial} of {trial.study} was trained again and scored "
            f"{formats.number(trial.score, _DIGITS_TO_COMPARE)}, not "
            f"{formats.number(trial.recorded, _DIGITS_TO_COMPARE)} as in the search",
            err=True,
        )


def _print_result(record: EnsembleRecord) -> None:
    several = record.has_members_of_several_studies
    members = ", ".join(
        f"{m.study + ':' if several else ''}{m.trial} ({m.weight:.2f})" for m in record.members
    )
    print_wrapped(f"{record.method} of {formats.count(len(record.members), 'trial')}: {members}")
    interval = ""
    if record.oof_interval:
        low, high = record.oof_interval
        interval = f" (95% interval {formats.number(low)} to {formats.number(high)})"
    echo(f"out of fold  {formats.number(record.oof)}{interval}")
    echo(f"  best single trial: {formats.number(record.best_single_oof)}")
    if len(record.oof_by_method) > 1:
        print_wrapped(f"  by method: {_listed(record.oof_by_method)}")
    for note in record.notes:
        print_wrapped(f"note: {note}")
    if record.refit:
        models = "" if record.seeds == 1 else f", {record.seeds} models each"
        echo(f"refitted on all the training data{models}")
    if not record.test:
        echo("the task has no test set")
        return
    echo(f"test         {_listed(record.test)}")
    echo(f"  best single trial: {_listed(record.test_best_single)}")
    echo(f"test set consulted {formats.times(record.test_consulted)} by this study")


def _listed(metrics: Mapping[str, float | None]) -> str:
    return "  ".join(f"{name} {formats.number(value)}" for name, value in metrics.items())
