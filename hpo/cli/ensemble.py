"""``hpo ensemble``: combine the best trials of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json

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
@options.task
@options.runs
@options.data_dir
@options.as_json
def command(study: str, *, as_json: bool, **arguments: Any) -> None:
    """Combine the best trials of STUDY and evaluate the result on the test set.

    Members and weights are chosen on out-of-fold predictions. The test set is consulted once by
    each call, and the study keeps the count.
    """
    import hpo
    from hpo.cli.progress import counting
    from hpo.quiet import import_keras

    hpo.load_study(study, arguments["runs"])  # a wrong name is told before the long import
    import_keras()
    with counting("members predict the test set") as on_member:
        result = hpo.ensemble(study, on_member=on_member, **arguments).result
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _print_result(result: dict[str, Any]) -> None:
    members = ", ".join(f"{m['trial']} ({m['weight']:.2f})" for m in result["members"])
    click.echo(f"{result['method']} of {len(result['members'])} trials: {members}")
    click.echo(
        f"out of fold  {result['oof']:.4f}   best single trial {result['best_single_oof']:.4f}"
    )
    if not result["test"]:
        click.echo("the task has no test set")
        return
    click.echo(f"test         {_listed(result['test'])}")
    click.echo(f"  best single trial: {_listed(result['test_best_single'])}")
    times = result["test_consulted"]
    click.echo(f"test set consulted {times} time{'s' if times > 1 else ''} by this study")


def _listed(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
