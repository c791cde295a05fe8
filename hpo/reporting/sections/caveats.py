"""What a reader should be careful about before believing the numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.figures.curves import chosen_epoch
from hpo.reporting.html import formats, ranges
from hpo.reporting.html.formats import finite, number, setting
from hpo.reporting.reading.intervals import uncertainty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.reporting.reading.snapshot import Snapshot

ENOUGH_TRIALS = 20
_EDGE = "Edge of the search space"
WIDE_GAP = 0.1
"""A gap to the training score of such a share of all that was learned is pointed out."""


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
    baseline, best = finite(snapshot.facts.get("baseline")), snapshot.chosen
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
    known = uncertainty(snapshot, best)
    if finite(best.std_error) is None:
        margin = (
            f" The {known.basis} alone leave a margin of ± {number(known.error, 2)}."
            if known
            else ""
        )
        yield Caveat(
            "No standard error",
            "Every trial was scored on a single fold, so nothing tells how much of a score is "
            f"luck of the cut. Cross-validation, such as --cv kfold:5, would.{margin}",
        )
    if known is None or len(snapshot.ranking) < 2:  # noqa: PLR2004
        return
    close = sum(
        abs((other.score or 0.0) - best.score) <= known.error for other in snapshot.ranking[1:]
    )
    if close:
        others = "1 other trial lies" if close == 1 else f"{close:,} other trials lie"
        yield Caveat(
            "Within noise",
            f"{others} within one standard error ({number(known.error, 2)}) of the best. "
            f"Which of them is really best cannot be told from these {known.basis}.",
        )


def _overfitting(snapshot: Snapshot) -> Iterator[Caveat]:
    best = snapshot.best
    baseline = finite(snapshot.facts.get("baseline"))
    if best is None or baseline is None or best.score is None:
        return
    objective = snapshot.settings.objective
    curves = snapshot.curves.get(best.number, {})
    training, validation = curves.get(objective.removeprefix("val_")), curves.get(objective)
    epoch = chosen_epoch(best, validation)
    if training is None or validation is None or epoch is None or epoch > len(training):
        return
    seen, held_out = finite(float(training[epoch - 1].mean())), best.score
    if seen is None:
        return
    gap, learned = snapshot.gain(seen, held_out), snapshot.gain(seen, baseline)
    if learned > 0 and gap > WIDE_GAP * learned:
        yield Caveat(
            "Overfitting",
            f"At its chosen epoch the best trial reaches {number(seen)} on the samples it was "
            f"trained on and {number(held_out)} on those held out. More data, more "
            "regularization or a smaller model may close the gap.",
        )


def _duplicates(snapshot: Snapshot) -> Iterator[Caveat]:
    found = (snapshot.facts.get("data") or {}).get("duplicates") or {}
    within, across = found.get("within_train") or 0, found.get("train_test") or 0
    leaking = found.get("train_validation")
    if within and leaking != 0:
        where = (
            "Where copies fall into different folds"
            if leaking is None
            else f"For {leaking:,} of the samples validated on"
        )
        yield Caveat(
            "Duplicates",
            f"{formats.count(within, 'training sample')} occur more than once. {where}, a model is "
            "asked what it has been told, and scores are a little too good. A search with "
            "--group-duplicates keeps copies in one fold.",
        )
    if across:
        occur = "occurs" if across == 1 else "occur"
        yield Caveat(
            "Test samples among the training samples",
            f"{formats.count(across, 'test sample')} also {occur} in the training data, which "
            "makes the test result a little too good.",
        )


def _failures(snapshot: Snapshot) -> Iterator[Caveat]:
    failed = [trial for trial in snapshot.trials if trial.state == "failed"]
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
    found = {
        name: end
        for name in space.names
        if (end := ranges.edge(space[name], best.params.get(name))) is not None
    }
    if len(found) == 1:
        ((name, end),) = found.items()
        yield Caveat(
            _EDGE,
            f"The best trial's {name} = {setting(best.params[name])} lies at the {end} end of its "
            f"range ({ranges.describe(space[name])}). If it can be widened there, a better value "
            "may lie beyond.",
        )
    elif found:
        named = ", ".join(
            f"{name} = {setting(best.params[name])} ({end} end of {ranges.describe(space[name])})"
            for name, end in found.items()
        )
        yield Caveat(
            _EDGE,
            f"Several values of the best trial lie at the end of their range: {named}. Where a "
            "range can be widened, a better value may lie beyond.",
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
    _overfitting,
    _duplicates,
    _failures,
    _edges,
    _tested_often,
    _unreadable,
)
