"""``hpo show``: the trials of a study."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.progress import seconds_as_text
from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.study import Study
    from hpo.trial import Trial

BEST = 10


@click.command("show")
@click.argument("study")
@click.option("--trial", "number", type=int, help="Show one trial in full.")
@click.option("--all", "all_trials", is_flag=True, help="Show all complete trials.")
@options.runs
@options.as_json
def command(
    study: str, *, number: int | None, all_trials: bool, runs: str | None, as_json: bool
) -> None:
    """Show the best trials of STUDY, and the failed ones with their reasons."""
    from hpo.runs import load_study

    opened = load_study(study, runs)
    if number is not None:
        _show_one(_find(opened, number), as_json=as_json)
    elif as_json:
        print_json(_as_json(opened))
    else:
        _show_study(opened, None if all_trials else BEST)


def _find(study: Study, number: int) -> Trial:
    trials = study.trials
    if not 0 <= number < len(trials):
        raise UsageError(
            f"study {study.name!r} has no trial {number}; it has {len(trials)}, counted from 0."
        )
    return trials[number]


def _as_json(study: Study) -> dict[str, Any]:
    settings = study.settings
    return {
        "study": study.name,
        "task": settings.task_name,
        "objective": settings.objective,
        "direction": settings.direction,
        "cv": settings.cv,
        "train_size": settings.train_size,
        "sampler": study.options.sampler,
        "baseline": study.facts.get("baseline"),
        "test_consulted": len(study.test_consultations),
        "trials": [_trial_as_json(trial) for trial in study.trials],
    }


def _trial_as_json(trial: Trial) -> dict[str, Any]:
    names = ("number", "state", "score", "std_error", "epochs", "seconds", "params", "reason")
    return {name: getattr(trial, name) for name in names}


def _show_one(trial: Trial, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                **_trial_as_json(trial),
                "fold_scores": trial.fold_scores,
                "seed": trial.seed,
                "training": trial.training,
            }
        )
        return
    click.echo(f"trial {trial.number}: {trial.state}{f' ({trial.reason})' if trial.reason else ''}")
    for label, value in (
        ("score", _number(trial.score)),
        ("standard error", _number(trial.std_error)),
        ("folds", "  ".join(map(_number, trial.fold_scores))),
        ("epochs", f"{trial.epochs} of {trial.epochs_trained}" if trial.epochs else ""),
        ("model size", f"{trial.model_size:,} parameters" if trial.model_size else ""),
        ("training", trial.training or ""),
        ("time", seconds_as_text(trial.seconds) if trial.seconds is not None else ""),
        ("seed", str(trial.seed) if trial.seed is not None else ""),
        ("worker", trial.worker or ""),
    ):
        if value:
            click.echo(f"  {label:<15} {value}")
    for name, value in trial.params.items():
        click.echo(f"  {name:<15} {value}")
    if trial.details:
        click.echo(trial.details)


def _show_study(study: Study, most: int | None) -> None:
    ranking = study.ranking
    states = [trial.state for trial in study.trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    click.echo(
        f"{study.name}: {study.settings.objective}, {study.settings.evaluation}; "
        f"{counts or 'no trials'}"
    )
    baseline = study.facts.get("baseline")
    if baseline is not None:
        consulted = len(study.test_consultations)
        click.echo(f"baseline {_number(baseline)}; test set consulted {consulted} times")
    width = shutil.get_terminal_size().columns
    for trial in ranking[:most]:
        error = f" ± {_number(trial.std_error)}" if trial.std_error is not None else ""
        params = " ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
        click.echo(_cut(f"{trial.number:>5}  {_number(trial.score)}{error}  {params}", width))
    if most is not None and len(ranking) > most:
        click.echo(f"       {len(ranking) - most} more: hpo show {study.name} --all")
    for trial in study.trials:
        if trial.reason:
            click.echo(f"{trial.number:>5}  failed: {trial.reason}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
