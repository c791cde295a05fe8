"""``hpo show``: the trials of a study."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.progress import seconds_as_text
from hpo.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.scoring.one_standard_error import Scored
    from hpo.study.study import Study
    from hpo.study.trial import Trial

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
    from hpo.study.folder import load_study

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
        "group_duplicates": settings.group_duplicates,
        "precision": settings.precision,
        "sampler": study.options.sampler,
        "baseline": study.facts.get("baseline"),
        "test_consulted": len(study.test_consultations),
        "duplicates": (study.facts.get("data") or {}).get("duplicates"),
        "best": chosen.number if (chosen := study.chosen) else None,
        "one_standard_error": small.number if (small := study.smallest_as_good) else None,
        "confirmation": confirmed.to_json(study.name)
        if (confirmed := study.confirmation)
        else None,
        "trials": [_trial_as_json(trial) for trial in study.trials],
    }


def _trial_as_json(trial: Trial) -> dict[str, Any]:
    names = ("number", "state", "score", "std_error", "epochs", "seconds", "params")
    return {name: getattr(trial, name) for name in (*names, "reason", "cause")}


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
    # What was interrupted stands there a second time, as it is tried again.
    states = [trial.state for trial in study.trials if trial.state != "interrupted"]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    click.echo(
        f"{study.name}: {study.settings.objective}, {study.settings.evaluation}; "
        f"{counts or 'no trials'}"
    )
    baseline = study.facts.get("baseline")
    if baseline is not None:
        consulted = len(study.test_consultations)
        click.echo(f"baseline {_number(baseline)}; test set consulted {consulted} times")
    for line in (*_duplicates(study), *_chosen(study)):
        click.echo(line)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for trial in ranking[:most]:
        params = " ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
        click.echo(_cut(f"{trial.number:>5}  {_with_error(trial)}  {params}", width))
    if most is not None and len(ranking) > most:
        click.echo(f"       {len(ranking) - most} more: hpo show {study.name} --all")
    for trial in study.trials:
        if trial.state == "failed":
            click.echo(f"{trial.number:>5}  failed: {trial.reason}")


def _duplicates(study: Study) -> Iterator[str]:
    found = (study.facts.get("data") or {}).get("duplicates") or {}
    parts = (
        ("within_train", "training samples occur more than once"),
        ("train_validation", "are validated on by a model that saw a copy"),
        ("train_test", "test samples occur in the training data"),
    )
    told = [f"{found[name]:,} {what}" for name, what in parts if found.get(name)]
    if told:
        yield f"duplicates: {'; '.join(told)}"


def _chosen(study: Study) -> Iterator[str]:
    """What was confirmed, and which model is small and as good."""
    confirmation, best = study.confirmation, study.chosen
    if confirmation is not None and not confirmation.is_complete:
        yield f"a confirmation was stopped half way; to go on: hpo confirm {study.name}"
    elif confirmation is not None and confirmation.best is not None:
        confirmed = confirmation.best
        often = "once" if confirmation.repeats == 1 else f"{confirmation.repeats} times"
        yield (
            f"best, confirmed {often}: trial {confirmed.number} with {_with_error(confirmed)} "
            f"(at first {_number(confirmed.first)})"
        )
        newest = study.ranking[0]
        if newest.number not in {one.number for one in confirmation.configurations}:
            yield (
                f"trial {newest.number} has a better first score, which is not confirmed: "
                f"hpo confirm {study.name}"
            )
    small = study.smallest_as_good
    if best is not None and small is not None and small.number != best.number:
        yield (
            f"smallest within one standard error: trial {small.number}, "
            f"{small.model_size:,} parameters instead of {best.model_size:,}"
        )


def _with_error(scored: Scored) -> str:
    error = f" ± {_number(scored.std_error)}" if scored.std_error is not None else ""
    return f"{_number(scored.score)}{error}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
