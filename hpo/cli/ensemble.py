"""``hpo ensemble``: combine the best trials of a study."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import INTERRUPTED, options, print_json
from hpo.options import EnsembleOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.ensembles.progress import RefitProgress


@click.command("ensemble")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True)
@options.flags(EnsembleOptions)
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(studies: tuple[str, ...], *, as_json: bool, **arguments: Any) -> None:
    """Combine the best trials of STUDY and evaluate the result on the test set.

    Of several studies of one task, cut alike, the ensemble is stored in the first. Members and
    weights are chosen on out-of-fold predictions; the score that is claimed is cross-fitted. The
    test set is consulted once by each call, and the study keeps the count. Fold models that were
    not kept are trained again. Models are kept as they are trained, so a command that was stopped
    goes on when run again.
    """
    import hpo
    from hpo.cli.output import printed_to_stderr
    from hpo.cli.progress import Combining
    from hpo.support.quiet import import_keras

    for study in studies:  # a wrong name is told before the long import
        hpo.load_study(study, arguments["runs"])
    import_keras()
    from hpo.ensembles.retraining import OtherScoreWarning

    trained = False

    def on_refit(progress: RefitProgress) -> None:
        nonlocal trained
        trained = True
        show.refit(progress)

    with printed_to_stderr(when=as_json), Combining() as show, warnings.catch_warnings():
        warnings.simplefilter("ignore", OtherScoreWarning)  # told below
        try:
            result = hpo.ensemble(
                *studies, on_member=show.member, on_refit=on_refit, **arguments
            ).result
        except KeyboardInterrupt:
            if not trained and not arguments["refit"]:
                raise
            show.stopped()
            raise click.exceptions.Exit(INTERRUPTED) from None
    for told in result["retrained"]:
        _tell_retrained(told)
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _tell_retrained(told: Mapping[str, Any]) -> None:
    from hpo.ensembles.retraining import is_the_same

    if not is_the_same(told["score"], told["recorded"]):
        click.echo(
            f"hpo: trial {told['trial']} of {told['study']}, trained again, came to "
            f"{told['score']:.6g} and not to {told['recorded']:.6g} as in the search",
            err=True,
        )


def _print_result(result: dict[str, Any]) -> None:
    several = len({member["study"] for member in result["members"]}) > 1
    members = ", ".join(
        f"{m['study'] + ':' if several else ''}{m['trial']} ({m['weight']:.2f})"
        for m in result["members"]
    )
    click.echo(f"{result['method']} of {len(result['members'])} trials: {members}")
    single = _number(result["best_single_oof"])
    interval = ""
    if result["oof_interval"]:
        low, high = result["oof_interval"]
        interval = f" (95 % interval {low:.4f} to {high:.4f})"
    click.echo(f"out of fold  {_number(result['oof'])}{interval}   best single trial {single}")
    if len(result["oof_by_method"]) > 1:
        click.echo(f"  by method: {_listed(result['oof_by_method'])}")
    if result["refit"]:
        models = "" if result["seeds"] == 1 else f", {result['seeds']} models each"
        click.echo(f"refitted on all the training data{models}")
    if not result["test"]:
        click.echo("the task has no test set")
        return
    click.echo(f"test         {_listed(result['test'])}")
    click.echo(f"  best single trial: {_listed(result['test_best_single'])}")
    times = result["test_consulted"]
    click.echo(f"test set consulted {times} time{'s' if times > 1 else ''} by this study")


def _listed(metrics: Mapping[str, float | None]) -> str:
    return "  ".join(f"{name} {_number(value)}" for name, value in metrics.items())


def _number(value: float | None) -> str:
    return "no number" if value is None else f"{value:.4f}"
