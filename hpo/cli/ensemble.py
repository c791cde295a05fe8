"""``hpo ensemble``: combine the best trials of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.cli import INTERRUPTED, options, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("ensemble")
@click.argument("study")
@click.option("--method", default="greedy", show_default=True, help="greedy or mean.")
@click.option(
    "--size",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rounds of greedy selection, or members of the mean.",
)
@click.option(
    "--refit",
    is_flag=True,
    help="Train every member anew on all the training data, for the epochs its trial chose.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="With --refit: models per member, each from another seed.",
)
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(study: str, *, as_json: bool, **arguments: Any) -> None:
    """Combine the best trials of STUDY and evaluate the result on the test set.

    Members and weights are chosen on out-of-fold predictions. The test set is consulted once by
    each call, and the study keeps the count. With --refit a member needs no model of the search;
    models are kept as they are trained, so a command that was stopped goes on when run again.
    """
    import hpo
    from hpo.cli.one_object import printed_to_stderr
    from hpo.cli.progress import Combining
    from hpo.quiet import import_keras

    hpo.load_study(study, arguments["runs"])  # a wrong name is told before the long import
    import_keras()
    with printed_to_stderr(when=as_json), Combining() as show:
        try:
            result = hpo.ensemble(
                study, on_member=show.member, on_refit=show.refit, **arguments
            ).result
        except KeyboardInterrupt:
            if not arguments["refit"]:
                raise
            show.stopped()
            raise click.exceptions.Exit(INTERRUPTED) from None
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _print_result(result: dict[str, Any]) -> None:
    members = ", ".join(f"{m['trial']} ({m['weight']:.2f})" for m in result["members"])
    click.echo(f"{result['method']} of {len(result['members'])} trials: {members}")
    single = _number(result["best_single_oof"])
    click.echo(f"out of fold  {_number(result['oof'])}   best single trial {single}")
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
