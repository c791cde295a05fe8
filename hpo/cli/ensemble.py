"""``hpo ensemble``: combine the best trials of a study."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import print_wrapped, printed_to_stderr
from hpo.options import EnsembleOptions
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    from hpo.support.quiet import import_keras

    for study in studies:  # reports a wrong name before the long import
        hpo.load_study(study, arguments["runs"])
    import_keras()
    from hpo.ensembles.retraining import OtherScoreWarning

    with printed_to_stderr(when=as_json), screen() as shown_on, warnings.catch_warnings():
        warnings.simplefilter("ignore", OtherScoreWarning)  # reported below
        training = TrainingDisplay(shown_on)
        on_member = counting(shown_on, "predicting the test set", "members")
        with resumable(training):
            result = hpo.ensemble(
                *studies, on_member=on_member, on_refit=training, **arguments
            ).result
    for model in result["retrained"]:
        _warn_of_other_score(model)
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _warn_of_other_score(model: Mapping[str, Any]) -> None:
    from hpo.ensembles.retraining import is_the_same

    if not is_the_same(model["score"], model["recorded"]):
        click.echo(
            f"hpo: trial {model['trial']} of {model['study']} was trained again and scored "
            f"{formats.number(model['score'], _DIGITS_TO_COMPARE)}, not "
            f"{formats.number(model['recorded'], _DIGITS_TO_COMPARE)} as in the search",
            err=True,
        )


def _print_result(result: dict[str, Any]) -> None:
    several = len({member["study"] for member in result["members"]}) > 1
    members = ", ".join(
        f"{m['study'] + ':' if several else ''}{m['trial']} ({m['weight']:.2f})"
        for m in result["members"]
    )
    print_wrapped(f"{result['method']} of {len(result['members'])} trials: {members}")
    interval = ""
    if result["oof_interval"]:
        low, high = result["oof_interval"]
        interval = f" (95% interval {formats.number(low)} to {formats.number(high)})"
    click.echo(f"out of fold  {formats.number(result['oof'])}{interval}")
    click.echo(f"  best single trial: {formats.number(result['best_single_oof'])}")
    if len(result["oof_by_method"]) > 1:
        print_wrapped(f"  by method: {_listed(result['oof_by_method'])}")
    if result["refit"]:
        models = "" if result["seeds"] == 1 else f", {result['seeds']} models each"
        click.echo(f"refitted on all the training data{models}")
    if not result["test"]:
        click.echo("the task has no test set")
        return
    click.echo(f"test         {_listed(result['test'])}")
    click.echo(f"  best single trial: {_listed(result['test_best_single'])}")
    click.echo(f"test set consulted {formats.times(result['test_consulted'])} by this study")


def _listed(metrics: Mapping[str, float | None]) -> str:
    return "  ".join(f"{name} {formats.number(value)}" for name, value in metrics.items())
