"""What a reader should be careful about before believing the numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting import formats, ranges
from hpo.reporting.formats import finite, number, setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.reporting.snapshot import Snapshot

ENOUGH_TRIALS = 20


@dataclass(frozen=True)
class Caveat:
    """One thing to be careful about.

    Attributes:
        title: What it is.
        text: What follows from it.
    """

    title: str
    text: str


def caveats(snapshot: Snapshot) -> tuple[Caveat, ...]:
    """Everything a reader should be careful about, the gravest first."""
    return tuple(caveat for check in _CHECKS for caveat in check(snapshot))


def _unfinished(snapshot: Snapshot) -> Iterator[Caveat]:
    running = sum(trial.state == "running" for trial in snapshot.trials)
    if running:
        yield Caveat(
            "Still running",
            f"{formats.count(running, 'trial')} had not ended when this page was written.",
        )


def _worse_than_baseline(snapshot: Snapshot) -> Iterator[Caveat]:
    baseline, best = finite(snapshot.facts.get("baseline")), snapshot.best
    if baseline is None or best is None or best.score is None:
        return
    if snapshot.gain(best.score, baseline) <= 0:
        yield Caveat(
            "Nothing learned",
            f"The best trial ({number(best.score)}) is no better than the common-sense baseline "
            f"({number(baseline)}). Look at the data and the model before tuning further.",
        )


def _few_trials(snapshot: Snapshot) -> Iterator[Caveat]:
    complete = len(snapshot.ranking)
    if 0 < complete < ENOUGH_TRIALS:
        yield Caveat(
            "Few trials",
            f"Only {formats.count(complete, 'trial')} completed; with fewer than {ENOUGH_TRIALS} "
            "a search has hardly begun, and a longer one may well find better.",
        )


def _within_noise(snapshot: Snapshot) -> Iterator[Caveat]:
    best = snapshot.best
    if best is None or best.score is None:
        return
    error = finite(best.std_error)
    if error is None:
        yield Caveat(
            "No standard error",
            "Every trial was scored on a single fold, so nothing tells how much of a score is "
            "luck. Cross-validation, such as --cv kfold:5, would.",
        )
    elif len(snapshot.ranking) > 1:
        close = sum(
            abs((other.score or 0.0) - best.score) <= error for other in snapshot.ranking[1:]
        )
        if close:
            others = "1 other trial lies" if close == 1 else f"{close:,} other trials lie"
            yield Caveat(
                "Within noise",
                f"{others} within one standard error ({number(error, 2)}) of the best. "
                "Which of them is really best cannot be told from these folds.",
            )


def _failures(snapshot: Snapshot) -> Iterator[Caveat]:
    failed = [t for t in snapshot.trials if t.state == "failed" and t.cause != "interrupted"]
    if not failed:
        return
    reasons = Counter((trial.reason or "unknown").strip().partition("\n")[0] for trial in failed)
    reason, often = reasons.most_common(1)[0]
    which = "" if len(reasons) == 1 else f"most often ({formats.times(often)}) "
    yield Caveat(
        "Failed trials",
        f"{len(failed):,} of {formats.count(len(snapshot.trials), 'trial')} failed, "
        f"{which}for this reason: {reason}",
    )


def _edges(snapshot: Snapshot) -> Iterator[Caveat]:
    best, space = snapshot.best, snapshot.space
    if best is None or space is None:
        return
    for name in space.names:
        value = best.params.get(name)
        end = ranges.edge(space[name], value)
        if end is not None:
            yield Caveat(
                "Edge of the search space",
                f"The best trial's {name} = {setting(value)} lies at the {end} end of its range "
                f"({ranges.describe(space[name])}). If it can be "
                "widened there, a better value may lie beyond.",
            )


def _tested_often(snapshot: Snapshot) -> Iterator[Caveat]:
    if snapshot.test_consulted > 1:
        yield Caveat(
            "Test set consulted more than once",
            f"It was consulted {formats.times(snapshot.test_consulted)}. Every choice made after "
            "seeing a test score makes the next one too good.",
        )


def _unreadable(snapshot: Snapshot) -> Iterator[Caveat]:
    for text in snapshot.unreadable:
        yield Caveat("Left out", f"A part of this page is missing: {text}")


_CHECKS: tuple[Callable[[Snapshot], Iterator[Caveat]], ...] = (
    _unfinished,
    _worse_than_baseline,
    _few_trials,
    _within_noise,
    _failures,
    _edges,
    _tested_often,
    _unreadable,
)
