"""``hpo tasks``: list the installed tasks."""

from __future__ import annotations

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, print_listed


@click.command("tasks")
@options.as_json
def command(*, as_json: bool) -> None:
    """List the installed tasks."""
    from hpo.plugins import list_tasks

    listings = list_tasks()
    for listing in listings:
        if listing.error:
            echo(f"hpo: warning: {listing.error}", err=True)
    working = [(listing, listing.task) for listing in listings if listing.task is not None]
    if as_json:
        print_json(
            {
                "tasks": [
                    {
                        "name": listing.name,
                        "description": task.description,
                        "objective": task.objective,
                        "cv": task.cv_name,
                        "source": listing.source,
                    }
                    for listing, task in working
                ]
            }
        )
        return
    print_listed(
        [
            (listing.name, f"{task.description}  [{task.objective}, {task.cv_name}]")
            for listing, task in working
        ]
    )
