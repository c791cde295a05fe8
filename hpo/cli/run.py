"""``hpo run``: search for good hyperparameters of a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, printed_to_stderr
from hpo.options import Options, StudyOptions
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.study.study import Study


@click.command("run")
@click.argument("task")
@options.flags(Options, StudyOptions)
@click.option("--study", metavar="NAME", help="Name of the study.  [default: the task's]")
@options.runs
@options.artifacts
@options.as_json
def command(task: str, *, as_json: bool, **arguments: Any) -> None:
    """Search for good hyperparameters of TASK.

    TASK is the name of an installed task (see `hpo tasks`), package.module:attribute, or a file
    such as ./my_task.py. To continue a study that was stopped, run the same command again.
    """
    import hpo
    from hpo.cli.display import resumable, screen
    from hpo.cli.display.search import SearchDisplay

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
                f"no trial of study {study.name!r} has finished yet. Run the same command again "
                "to continue."
            )
        reason = (reasons[-1] or "").rstrip(".")
        stop = "" if reason.endswith(("?", "!")) else "."
        raise hpo.HPOError(
            f"no trial of study {study.name!r} succeeded; the last one failed with: "
            f"{reason}{stop} See: {study.command('show')}"
        )


def _opening(study: Study) -> str:
    """What to say before the first trial, or ""."""
    name, finished, target = study.name, study.n_finished, study.target
    if finished >= target and target < study.options.trials:
        what = "combination" if study.options.sampler == "grid" else "configuration"
        return f"study {name} has tried everything there is to try: {formats.count(target, what)}"
    if finished >= target:
        return (
            f"study {name} already has {finished} of {target} trials; ask for more with "
            f"--trials {finished + 50}, or start another study with --study NAME"
        )
    if finished:
        return f"continuing study {name}: {finished} of {target} trials are finished"
    if target < study.options.trials:
        configurations = formats.count(target, "configuration")
        return f"only {configurations} to try, fewer than {study.options.trials} trials"
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
        "baseline": study.facts.baseline if study.facts else None,
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
    best = study.chosen
    if best is None or best.score is None:
        return
    confirmed = study.confirmation.best if study.confirmation else None
    score = formats.plus_minus(best.score, best.std_error)
    how = f", confirmed (first score {formats.number(confirmed.first)})" if confirmed else ""
    baseline = study.facts.baseline if study.facts else None
    beside = "" if baseline is None else f"   baseline {formats.number(baseline)}"
    echo(f"best {study.settings.objective} {score}{how}{beside}")
    echo(f"trial {best.number}, {formats.count(best.epochs or 0, 'epoch')}:")
    width = max(map(len, best.params), default=0)
    for name, value in best.params.items():
        echo(f"  {name:<{width}}  {formats.setting(value)}")
    echo(f"next: {study.command('ensemble')}")
    echo(f"      {study.command('report')}")
