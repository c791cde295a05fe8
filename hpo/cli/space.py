"""``hpo space``: print a task's search space."""

from __future__ import annotations

import click


@click.command("space")
@click.argument("task")
@click.option("--space", metavar="FILE", help="A search space in place of the task's own.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, help="As in `hpo run`; repeatable."
)
def command(task: str, *, space: str | None, settings: tuple[str, ...]) -> None:
    """Print the search space of TASK as TOML.

    \b
    hpo space boston > my_space.toml
    hpo run boston --space my_space.toml
    """
    from hpo.plugins import load_space, load_task
    from hpo.space.training import check_training_parameters

    chosen = load_space(space or load_task(task).space).override(settings)
    check_training_parameters(chosen)
    click.echo(chosen.to_toml(), nl=False)
