"""``hpo run``: search good hyperparameters for a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.options import Options, StudyOptions
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.study.study import Study


@click.command("run")
@click.argument("task")
@options.flags(Options, StudyOptions)
@click.option("--study", metavar="NAME", help="Name of the study.  [default: the task's]")
@options.runs
@options.as_json
def command(task: str, *, as_json: bool, **arguments: Any) -> None:
    """Search good hyperparameters for TASK.

    TASK is the name of an installed task (see `hpo tasks`), package.module:attribute, or a file:
    ./my_task.py. Run the same command again to continue a study that was stopped.
    """
    import hpo
    from hpo.cli.display import resumable, screen
    from hpo.cli.display.search import SearchDisplay
    from hpo.cli.output import printed_to_stderr

    began = time.monotonic()
    with printed_to_stderr(when=as_json), screen() as shown_on:
        display = SearchDisplay(shown_on)

        def on_open(study: Study) -> None:
            if opening := _opening(study):
                shown_on.note(opening)
            display.open(study)

        with resumable(display):
            study = hpo.run(task, on_open=on_open, on_event=display, **arguments)
    if as_json:
        print_json(_summary(study, time.monotonic() - began))
    else:
        _print_result(study)
    if study.best is None:
        reasons = [trial.reason for trial in study.trials if trial.state == "failed"]
        if not reasons:
            raise hpo.HPOError(
                f"no trial of study {study.name!r} has ended yet. Run the same command again to "
                "go on."
            )
        raise hpo.HPOError(
            f"no trial of study {study.name!r} succeeded; the last one failed with: "
            f"{reasons[-1]}. See: hpo show {study.name}"
        )


def _opening(study: Study) -> str:
    """What to say before the first trial, or ""."""
    had, wanted = study.n_finished, study.target
    if had >= wanted and wanted < study.options.trials:
        what = "combinations of its grid" if study.options.sampler == "grid" else "configurations"
        return f"study {study.name} has tried all {what}: {wanted} trials"
    if had >= wanted:
        return (
            f"study {study.name} has {had} of {wanted} trials already; "
            f"ask for more with --trials {had + 50}, or begin another with --study NAME"
        )
    if had:
        return f"continuing study {study.name}: {had} of {wanted} trials are there"
    if wanted < study.options.trials:
        asked = study.options.trials
        are = "is 1 configuration" if wanted == 1 else f"are {wanted} configurations"
        return f"there {are} to try, fewer than {asked} trials"
    return ""


def _summary(study: Study, seconds: float) -> dict[str, Any]:
    states = [trial.state for trial in study.trials if trial.is_finished]
    best = study.chosen
    return {
        "study": study.name,
        "task": study.settings.task_name,
        "objective": study.settings.objective,
        "direction": study.settings.direction,
        "sampler": study.options.sampler,
        "seconds": round(seconds, 3),
        "trials": {state: states.count(state) for state in ("complete", "pruned", "failed")},
        "baseline": study.facts.get("baseline"),
        "best": None
        if best is None
        else {
            "number": best.number,
            "score": best.score,
            "first_score": study.trials[best.number].score,
            "std_error": best.std_error,
            "fold_scores": best.fold_scores,
            "epochs": best.epochs,
            "params": best.params,
        },
    }


def _print_result(study: Study) -> None:
    from hpo.study.folder import runs_directory

    best = study.chosen
    if best is None or best.score is None:
        return
    confirmed = study.confirmation.best if study.confirmation else None
    score = formats.plus_minus(best.score, best.std_error)
    how = f", confirmed (first score {formats.number(confirmed.first)})" if confirmed else ""
    baseline = study.facts.get("baseline")
    beside = "" if baseline is None else f"   baseline {formats.number(baseline)}"
    click.echo(f"best {study.settings.objective} {score}{how}{beside}")
    click.echo(f"trial {best.number}, {best.epochs} epochs:")
    width = max(map(len, best.params), default=0)
    for name, value in best.params.items():
        click.echo(f"  {name:<{width}}  {formats.setting(value)}")
    where = study.directory.parent
    named = study.name if where == runs_directory() else f"{study.name} --runs {where}"
    task = study.settings.task
    again = f" --task {task}" if task.endswith(".py") or ".py:" in task else ""
    click.echo(f"next: hpo ensemble {named}{again}\n      hpo report {named}")
