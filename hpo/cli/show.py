"""``hpo show``: the trials of a study."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hpo.cli import options, print_json
from hpo.cli.output import echo, print_wrapped, width
from hpo.errors import UsageError
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.scoring.one_standard_error import Scored
    from hpo.study.study import Study
    from hpo.study.trial import Trial

N_BEST = 10


@click.command("show")
@click.argument("study")
@click.option("--trial", "number", type=int, metavar="N", help="Show one trial in full.")
@click.option("--all", "all_trials", is_flag=True, help="Show all complete trials.")
@options.runs
@options.as_json
def command(
    study: str, *, number: int | None, all_trials: bool, runs: str | None, as_json: bool
) -> None:
    """Show the best trials of STUDY, and why others failed."""
    from hpo.study.folder import load_study

    opened = load_study(study, runs)
    if number is not None:
        _show_one(_find(opened, number), as_json=as_json)
    elif as_json:
        print_json(_as_json(opened))
    else:
        _show_study(opened, None if all_trials else N_BEST)


def _find(study: Study, number: int) -> Trial:
    trials = study.trials
    if not 0 <= number < len(trials):
        raise UsageError(
            f"study {study.name!r} has no trial {number}. It has {len(trials)}, numbered from 0."
        )
    return trials[number]


def _as_json(study: Study) -> dict[str, Any]:
    settings, facts = study.settings, study.facts
    duplicates = facts.data.duplicates if facts else None
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
        "baseline": facts.baseline if facts else None,
        "test_consulted": len(study.test_consultations),
        "duplicates": asdict(duplicates) if duplicates else None,
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
    reason = f" ({trial.reason})" if trial.reason else ""
    echo(f"trial {trial.number}: {trial.state}{reason}")
    for label, value in (
        ("score", "" if trial.score is None else formats.number(trial.score)),
        ("standard error", "" if trial.std_error is None else formats.number(trial.std_error)),
        ("folds", "  ".join(map(formats.number, trial.fold_scores))),
        ("epochs", f"{trial.epochs} of {trial.epochs_trained}" if trial.epochs else ""),
        ("model size", formats.count(trial.model_size, "parameter") if trial.model_size else ""),
        ("training", trial.training or ""),
        ("time", "" if trial.seconds is None else formats.duration(trial.seconds)),
        ("seed", str(trial.seed) if trial.seed is not None else ""),
        ("worker", trial.worker or ""),
    ):
        if value:
            echo(f"  {label:<15} {value}")
    for name, value in trial.params.items():
        echo(f"  {name:<15} {value}")
    if trial.details:
        echo(trial.details)


def _show_study(study: Study, limit: int | None) -> None:
    ranking = study.ranking
    # An interrupted trial is tried again under another number, so it would count twice.
    states = [trial.state for trial in study.trials if trial.state != "interrupted"]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    echo(
        f"{study.name}: {study.settings.objective}, {study.settings.evaluation}; "
        f"{counts or 'no trials'}"
    )
    baseline = study.facts.baseline if study.facts else None
    if baseline is not None:
        consulted = formats.times(len(study.test_consultations))
        echo(f"baseline {formats.number(baseline)}; test set consulted: {consulted}")
    for line in (*_duplicates(study), *_chosen(study)):
        print_wrapped(line)
    shown = ranking[:limit]
    scores = [_with_error(trial) for trial in shown]
    column = max(map(len, scores), default=0)
    for trial, score in zip(shown, scores, strict=True):
        params = " ".join(f"{name}={formats.setting(v)}" for name, v in trial.params.items())
        echo(_cut(f"{trial.number:>5}  {score:<{column}}  {params}", width()))
    if len(ranking) > len(shown):
        echo(f"       {len(ranking) - len(shown)} more: {study.command('show', '--all')}")
    for trial in study.trials:
        if trial.state == "failed":
            echo(f"{trial.number:>5}  failed: {trial.reason}")


def _duplicates(study: Study) -> Iterator[str]:
    duplicates = study.facts.data.duplicates if study.facts else None
    if duplicates is None:
        return
    parts = (
        (duplicates.within_train, "training samples occur more than once"),
        (duplicates.train_validation, "are validated by a model that was trained on a copy"),
        (duplicates.train_test, "test samples occur in the training data"),
    )
    texts = [f"{count:,} {what}" for count, what in parts if count]
    if texts:
        yield f"duplicates: {'; '.join(texts)}"


def _chosen(study: Study) -> Iterator[str]:
    """The confirmed best, and the smallest model that is as good; and what was not confirmed."""
    confirmation, best = study.confirmation, study.chosen
    for one in confirmation.configurations if confirmation else ():
        if one.reason is not None:
            yield f"trial {one.number} was not confirmed: {one.reason}"
    if confirmation is not None and not confirmation.is_complete:
        again = study.command("confirm")
        yield f"the confirmation is not complete; to continue it: {again}"
    elif confirmation is not None and confirmation.best is not None:
        confirmed = confirmation.best
        often = formats.times(confirmation.repeats)
        yield (
            f"best, confirmed {often}: trial {confirmed.number} with {_with_error(confirmed)} "
            f"(first score {formats.number(confirmed.first)})"
        )
        newest = study.ranking[0]
        if newest.number not in {one.number for one in confirmation.configurations}:
            yield (
                f"trial {newest.number} has a better first score but is not confirmed: "
                f"{study.command('confirm')}"
            )
    small = study.smallest_as_good
    if best is not None and small is not None and small.number != best.number:
        yield (
            f"smallest within one standard error: trial {small.number}, "
            f"{formats.size(small.model_size)} parameters instead of "
            f"{formats.size(best.model_size)}"
        )


def _with_error(scored: Scored) -> str:
    return formats.plus_minus(scored.score, scored.std_error)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
