"""``hpo run``: search good hyperparameters for a task."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import INTERRUPTED, options, print_json
from hpo.options import Options, StudyOptions

if TYPE_CHECKING:
    from hpo.cli.live import Live
    from hpo.cli.progress import Lines
    from hpo.search.events import Event
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
    from hpo.cli.output import printed_to_stderr

    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(printed_to_stderr(when=as_json))
        show = _Show(stack)
        try:
            study = hpo.run(task, on_open=show.open, on_event=show, **arguments)
        except KeyboardInterrupt:
            stack.close()
            _say_how_to_go_on(show.study)
            raise click.exceptions.Exit(INTERRUPTED) from None
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


class _Show:
    """Shows a search from the moment its study is open."""

    def __init__(self, stack: ExitStack) -> None:
        self.study: Study | None = None
        self._stack = stack
        self._display: Lines | Live | None = None

    def open(self, study: Study) -> None:
        """Choose how to show the search of a study."""
        from hpo.cli.live import Live
        from hpo.cli.progress import Lines

        self.study = study
        if opening := _opening(study):
            click.echo(opening, err=True)
        self._display = Live(study) if _can_redraw() else Lines(study)
        self._stack.enter_context(self._display)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._display is not None:
            self._display(event)


def _can_redraw() -> bool:
    """Whether standard error is a terminal that can write over what it has written."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal and not console.is_dumb_terminal


def _opening(study: Study) -> str:
    """What to say before the first trial, or ""."""
    had, wanted = study.counted, study.wanted
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


def _say_how_to_go_on(study: Study | None) -> None:
    if study is not None:
        had = f"{study.counted} of {study.wanted} trials"
        click.echo(f"stopped with {had}; run the same command again to go on", err=True)


def _summary(study: Study, seconds: float) -> dict[str, Any]:
    states = [trial.state for trial in study.trials if trial.counts]
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
    how = f", confirmed (at first {confirmed.first:.4f})" if confirmed else ""
    error = f" ± {best.std_error:.4f}" if best.std_error is not None else ""
    baseline = study.facts.get("baseline")
    beside = f"   baseline {baseline:.4f}" if baseline is not None else ""
    click.echo(f"best {study.settings.objective} {best.score:.4f}{error}{how}   {beside}".rstrip())
    click.echo(f"trial {best.number}, {best.epochs} epochs:")
    width = max(map(len, best.params), default=0)
    for name, value in best.params.items():
        click.echo(
            f"  {name:<{width}}  {value:.4g}"
            if isinstance(value, float)
            else f"  {name:<{width}}  {value}"
        )
    where = study.directory.parent
    named = study.name if where == runs_directory() else f"{study.name} --runs {where}"
    task = study.settings.task
    again = f" --task {task}" if task.endswith(".py") or ".py:" in task else ""
    click.echo(f"next: hpo ensemble {named}{again}; hpo report {named}")
