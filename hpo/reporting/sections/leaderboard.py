"""The leaderboard: all trials of the study, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.html import words
from hpo.reporting.html.section import Section
from hpo.reporting.html.table import Cell, Column, Row, Table
from hpo.support import formats
from hpo.support.formats import MISSING, finite

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_STATE_ORDER = ("complete", "pruned", "running", "waiting", "failed")


def leaderboard(snapshot: Snapshot) -> Section | None:
    """Make the section with the table of all trials; None if there are none."""
    if not snapshot.trials:
        return None
    names = parameter_names(snapshot)
    with_reason = any(trial.reason for trial in snapshot.trials)
    content = Table(
        name="All trials",
        noun="trials",
        hint="e.g. adam or failed",
        sorted_by=1,
        columns=_columns(snapshot, names, with_reason=with_reason),
        rows=tuple(
            _row(trial, rank, names, with_reason=with_reason)
            for rank, trial in enumerate(_ordered(snapshot), start=1)
        ),
    )
    return Section(
        anchor="leaderboard",
        title="All trials",
        lead="The best trials come first. Click a heading to sort the table, or a trial's "
        f"number to see its details. {MISSING} marks values that do not apply.",
        template="leaderboard",
        content=content,
    )


def parameter_names(snapshot: Snapshot) -> list[str]:
    """All hyperparameters: those of the search space in order, then others that trials have."""
    names = list(snapshot.space.names) if snapshot.space else []
    return list(dict.fromkeys([*names, *(name for t in snapshot.trials for name in t.params)]))


def _ordered(snapshot: Snapshot) -> list[Trial]:
    ranked = {trial.number for trial in snapshot.ranking}
    shown = [trial for trial in snapshot.trials if trial.state != "interrupted"]
    rest = [trial for trial in shown if trial.number not in ranked]
    rest.sort(key=lambda trial: (_STATE_ORDER.index(trial.state), trial.number))
    return [*snapshot.ranking, *rest]


def _columns(snapshot: Snapshot, names: list[str], *, with_reason: bool) -> tuple[Column, ...]:
    numeric = {
        name: all(
            finite(trial.params[name]) is not None
            for trial in snapshot.trials
            if name in trial.params
        )
        for name in names
    }
    return (
        Column("Trial"),
        Column("Rank"),
        Column("Score", hint=words.metric(snapshot.settings.objective)),
        Column("Std. error", hint="standard error of the score over the folds"),
        Column("State", numeric=False),
        *(Column(name, numeric=numeric[name]) for name in names),
        Column("Epochs", hint="chosen epoch, and how many epochs were trained"),
        Column("Time"),
        Column("Model size", hint="number of model parameters"),
        *([Column("Reason", numeric=False)] if with_reason else []),
    )


def _row(trial: Trial, rank: int, names: list[str], *, with_reason: bool) -> Row:
    has_score = finite(trial.score) is not None
    cells = (
        Cell(str(trial.number)),
        Cell(str(rank) if has_score else MISSING),
        _score(trial),
        Cell(formats.number(trial.std_error, 2)),
        Cell(trial.state),
        *(_setting(trial.params, name) for name in names),
        _epochs(trial),
        _time(trial),
        Cell(formats.size(trial.model_size)),
        *([Cell(trial.reason or "")] if with_reason else []),
    )
    return Row(cells, trial.state, opens=True)


def _score(trial: Trial) -> Cell:
    score = finite(trial.score)
    # The text is rounded; scores with the same text are still sorted by value.
    return Cell(formats.number(score), "" if score is None else f"{score:.7g}")


def _time(trial: Trial) -> Cell:
    seconds = finite(trial.seconds)
    return Cell(formats.duration(seconds), "" if seconds is None else f"{seconds:.4g}")


def _setting(params: dict[str, Any], name: str) -> Cell:
    return Cell(formats.setting(params[name]) if name in params else MISSING)


def _epochs(trial: Trial) -> Cell:
    if trial.epochs is None:
        return Cell(MISSING)
    if trial.epochs_trained in (None, trial.epochs):
        return Cell(str(trial.epochs))
    return Cell(f"{trial.epochs} of {trial.epochs_trained}")
