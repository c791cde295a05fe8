"""Warnings about the numbers on the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.data.duplicates import Duplicates
from hpo.reporting.html import ranges
from hpo.reporting.reading.epochs import chosen_epoch
from hpo.reporting.reading.intervals import uncertainty
from hpo.support import formats
from hpo.support.formats import finite, number, setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.reporting.reading.snapshot import Snapshot

MIN_TRIALS = 20
"""A study with fewer complete trials gets a warning."""
MAX_GAP_SHARE = 0.1
"""A study gets a warning if the gap from training to validation score is a larger share of the
improvement of the training score over the baseline."""
_EDGE = "Edge of the search space"


@dataclass(frozen=True)
class Caveat:
    """A warning.

    Attributes:
        title: What the warning is about.
        text: What is the case, and what to do.
    """

    title: str
    text: str


def caveats(snapshot: Snapshot) -> tuple[Caveat, ...]:
    """Collect all warnings, the most serious first."""
    return tuple(caveat for check in _CHECKS for caveat in check(snapshot))


def _unfinished(snapshot: Snapshot) -> Iterator[Caveat]:
    running = sum(trial.state == "running" for trial in snapshot.trials)
    if running:
        yield Caveat(
            "Still running",
            f"{formats.count(running, 'trial')} had not finished when this page was written.",
        )


def _worse_than_baseline(snapshot: Snapshot) -> Iterator[Caveat]:
    baseline, best = finite(snapshot.facts.baseline), snapshot.chosen
    if baseline is None or best is None or best.score is None:
        return
    if snapshot.gain(best.score, baseline) <= 0:
        yield Caveat(
            "Nothing learned",
            f"The best trial ({number(best.score)}) is not better than the common-sense baseline "
            f"({number(baseline)}). Look at the data and the model before tuning further.",
        )


def _other_measure(snapshot: Snapshot) -> Iterator[Caveat]:
    reason = snapshot.facts.baseline_reason
    if reason:
        yield Caveat("No baseline", f"There is no common-sense baseline: {reason}.")
    ensemble = snapshot.ensemble
    for note in ensemble.notes if ensemble is not None else ():
        yield Caveat("Scores of the ensemble", note)


def _few_trials(snapshot: Snapshot) -> Iterator[Caveat]:
    complete = len(snapshot.ranking)
    if 0 < complete < MIN_TRIALS:
        yield Caveat(
            "Few trials",
            f"Only {formats.count(complete, 'trial')} completed. With fewer than {MIN_TRIALS}, a "
            "search has barely started; more trials may well find a better configuration.",
        )


def _within_noise(snapshot: Snapshot) -> Iterator[Caveat]:
    best = snapshot.best
    if best is None or best.score is None:
        return
    estimate = uncertainty(snapshot, best)
    if finite(best.std_error) is None:
        by_samples = (
            f" Sampling variation over the {estimate.basis} alone is ± {number(estimate.error, 2)}."
            if estimate
            else ""
        )
        yield Caveat(
            "No standard error",
            "Each trial was scored on a single fold, so the effect of the split on the scores is "
            f"unknown. Cross-validation, such as --cv kfold:5, measures it.{by_samples}",
        )
    if estimate is None or len(snapshot.ranking) < 2:  # noqa: PLR2004
        return
    close = sum(
        abs((other.score or 0.0) - best.score) <= estimate.error for other in snapshot.ranking[1:]
    )
    if close:
        others = "1 other trial is" if close == 1 else f"{close:,} other trials are"
        yield Caveat(
            "Within noise",
            f"{others} within one standard error ({number(estimate.error, 2)}) of the best. "
            f"These {estimate.basis} cannot show which of them is really the best.",
        )


def _overfitting(snapshot: Snapshot) -> Iterator[Caveat]:
    best = snapshot.best
    baseline = finite(snapshot.facts.baseline)
    if best is None or baseline is None or best.score is None:
        return
    objective = snapshot.settings.objective
    curves = snapshot.curves.get(best.number, {})
    training, validation = curves.get(objective.removeprefix("val_")), curves.get(objective)
    epoch = chosen_epoch(best, validation)
    if training is None or validation is None or epoch is None or epoch > len(training):
        return
    on_training, held_out = finite(float(training[epoch - 1].mean())), best.score
    if on_training is None:
        return
    gap, learned = snapshot.gain(on_training, held_out), snapshot.gain(on_training, baseline)
    if learned > 0 and gap > MAX_GAP_SHARE * learned:
        yield Caveat(
            "Overfitting",
            f"At its chosen epoch, the best trial scores {number(on_training)} on training samples "
            f"and {number(held_out)} on held-out samples. More data, more regularization or a "
            "smaller model may close the gap.",
        )


def _duplicates(snapshot: Snapshot) -> Iterator[Caveat]:
    duplicates = snapshot.facts.data.duplicates or Duplicates()
    within, in_test = duplicates.within_train, duplicates.train_test
    in_validation = duplicates.train_validation
    if within and in_validation != 0:
        effect = (
            "If copies are in different folds, models are validated on samples that they were "
            "trained on"
            if in_validation is None
            else f"In validation, {formats.count(in_validation, 'sample')} had a copy that the "
            "model was trained on"
        )
        yield Caveat(
            "Duplicates",
            f"{formats.count(within, 'training sample')} occur more than once. {effect}, so scores "
            "are slightly too good. Search with --group-duplicates to keep copies in one fold.",
        )
    if in_test:
        occur = "occurs" if in_test == 1 else "occur"
        yield Caveat(
            "Test samples in the training data",
            f"{formats.count(in_test, 'test sample')} also {occur} in the training data, so the "
            "test result is slightly too good.",
        )


def _failures(snapshot: Snapshot) -> Iterator[Caveat]:
    failed = [trial for trial in snapshot.trials if trial.state == "failed"]
    if not failed:
        return
    reasons = Counter((trial.reason or "unknown").strip().partition("\n")[0] for trial in failed)
    reason, n = reasons.most_common(1)[0]
    which = "Reason" if len(reasons) == 1 else f"Most common reason ({formats.times(n)})"
    yield Caveat(
        "Failed trials",
        f"{len(failed):,} of {formats.count(len(snapshot.trials), 'trial')} failed. "
        f"{which}: {reason}",
    )


def _edges(snapshot: Snapshot) -> Iterator[Caveat]:
    best, space = snapshot.best, snapshot.space
    if best is None or space is None:
        return
    ends = {
        name: end
        for name in space.names
        if (end := ranges.edge(space[name], best.params.get(name))) is not None
    }
    if len(ends) == 1:
        ((name, end),) = ends.items()
        yield Caveat(
            _EDGE,
            f"The best trial's {name} = {setting(best.params[name])} is at the {end} end of its "
            f"range ({ranges.describe(space[name])}). Widen the range if possible: a better value "
            "may be outside.",
        )
    elif ends:
        values = ", ".join(
            f"{name} = {setting(best.params[name])} ({end} end of {ranges.describe(space[name])})"
            for name, end in ends.items()
        )
        yield Caveat(
            _EDGE,
            f"Several values of the best trial are at an end of their range: {values}. Widen these "
            "ranges if possible: better values may be outside.",
        )


def _gaps(snapshot: Snapshot) -> Iterator[Caveat]:
    for text in snapshot.facts.data.gaps:
        yield Caveat("Missing values", text)


def _code_changed(snapshot: Snapshot) -> Iterator[Caveat]:
    for change in snapshot.code_changes:
        yield Caveat(
            "Changed code",
            f"The task's code changed after {formats.count(change.n_before, 'trial')} "
            f"({', '.join(change.parts)}). Scores from before and after may not be comparable.",
        )


def _tested_often(snapshot: Snapshot) -> Iterator[Caveat]:
    if snapshot.test_consulted > 1:
        yield Caveat(
            "Test set consulted more than once",
            f"It was consulted {formats.times(snapshot.test_consulted)}. Each choice made after "
            "seeing a test score makes later test scores too good.",
        )


def _unreadable(snapshot: Snapshot) -> Iterator[Caveat]:
    for text in snapshot.unreadable:
        yield Caveat("Incomplete page", f"A part of this page is missing. {text}")


_CHECKS: tuple[Callable[[Snapshot], Iterator[Caveat]], ...] = (
    _unfinished,
    _worse_than_baseline,
    _other_measure,
    _few_trials,
    _within_noise,
    _overfitting,
    _duplicates,
    _failures,
    _edges,
    _gaps,
    _code_changed,
    _tested_often,
    _unreadable,
)
