"""``hpo run``: search good hyperparameters for a task."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import INTERRUPTED, options, print_json

if TYPE_CHECKING:
    from hpo.cli.live import Live
    from hpo.cli.progress import Lines
    from hpo.search.events import Event
    from hpo.study.study import Study


@click.command("run")
@click.argument("task")
@click.option(
    "--sampler",
    default="tpe",
    show_default=True,
    help="tpe, gp, hyperopt, cmaes, genetic, sobol, grid, random or gp-torch.",
)
@click.option(
    "--pruner",
    default="auto",
    show_default=True,
    help="none, median, asha, hyperband, wilcoxon, or auto: asha where a trial trains more than 20 "
    "epochs.",
)
@click.option(
    "--warm-start",
    "warm_start_from",
    metavar="STUDY",
    help="Try the best configurations of an earlier study first, also one of another task.",
)
@click.option(
    "--trials",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="Trials the study shall have in all; a study that exists is continued.",
)
@click.option("--timeout", type=options.Duration(), help="End the search after this long: 30m.")
@click.option("--trial-timeout", type=options.Duration(), help="Fail a trial after this long.")
@click.option("--cv", help="kfold:5, repeated-kfold:5x2, holdout:0.2, time:5 or predefined.")
@click.option(
    "--train-size",
    metavar="SIZE",
    help="Search on a part of the training data: a share (0.2) or a number of samples (2000).",
)
@click.option(
    "--group-duplicates",
    is_flag=True,
    help="Keep all copies of a sample in one fold (they are counted in any case).",
)
@click.option("--space", metavar="FILE", help="Search space in place of the task's own.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Fix a parameter (optimizer=adam) or change a bound (units.high=512). Repeatable.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of sampler, weights and batches.")
@click.option(
    "--executor",
    type=click.Choice(["local", "inline"]),
    default="local",
    show_default=True,
    help="Evaluate in a child process, or in this one.",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1),
    help="Trials evaluated at a time. [default: one per device]",
)
@click.option(
    "--devices", default="auto", show_default=True, help="auto, cpu, or GPUs such as 0,1."
)
@click.option(
    "--trials-per-device",
    metavar="N",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Workers that share a device.",
)
@click.option(
    "--worker-memory",
    metavar="SIZE",
    type=options.Memory(),
    help="Kill a worker that takes more memory, and fail its trial: 2G.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_float16", "mixed_bfloat16"]),
    help="Keras's dtype policy.",
)
@click.option(
    "--patience",
    metavar="N",
    type=click.IntRange(min=1),
    help="End the search after N finished trials without a better score (a search space may have "
    "a patience of its own, which is in epochs).",
)
@click.option(
    "--tensorboard",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write curves, weights and hyperparameters of every trial for TensorBoard.",
)
@click.option("--study", metavar="NAME", help="Name of the study. [default: the task's]")
@click.option("--keep", default=25, show_default=True, help="Best trials whose models are kept.")
@options.runs
@options.data_dir
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
