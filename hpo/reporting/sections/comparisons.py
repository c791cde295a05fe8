"""The result compared with everything it should be measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hpo.reporting.html import words
from hpo.reporting.html.words import plus_minus
from hpo.reporting.reading.intervals import uncertainty
from hpo.support import formats
from hpo.support.formats import finite, number

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot

_MIN_SHARE, _MAX_SHARE = 0.01, 1.0
"""A difference between these shares of a score is also given in percent."""

Tone = Literal["best", "better", "worse", "plain"]


@dataclass(frozen=True)
class Comparison:
    """One number of the verdict and what it means.

    Attributes:
        label: What was measured.
        value: The number, as shown.
        detail: How the number compares with the result of the study.
        tone: Whether the result of the study is better or worse than the number.
    """

    label: str
    value: str
    detail: str
    tone: Tone = "plain"


def comparisons(snapshot: Snapshot) -> tuple[Comparison, ...]:
    """Collect the best score and the numbers to compare it with."""
    candidates = (
        _best(snapshot),
        _baseline(snapshot),
        _default(snapshot),
        _ensemble(snapshot),
        _test(snapshot),
        _reference(snapshot),
    )
    return tuple(comparison for comparison in candidates if comparison is not None)


def difference(score: float, other: float) -> str:
    """The absolute difference of two scores: ``0.31 (12%)``."""
    distance = abs(score - other)
    share = distance / abs(other) if other else 0.0
    percent = f" ({100 * share:.0f}%)" if _MIN_SHARE <= share <= _MAX_SHARE else ""
    return number(distance, 3) + percent


def versus(score: float, other: float) -> str:
    """Compare a score with another: ``0.31 (12%) lower``."""
    if score == other:
        return "the same"
    return f"{difference(score, other)} {'lower' if score < other else 'higher'}"


def primary(snapshot: Snapshot, scores: Any) -> tuple[str, float] | None:
    """Name and value of the objective in a test result, else of its first finite metric."""
    finite_scores = {k: f for k, v in dict(scores or {}).items() if (f := finite(v)) is not None}
    objective = snapshot.settings.objective.removeprefix("val_")
    names = [objective] if objective in finite_scores else list(finite_scores)
    return (names[0], finite_scores[names[0]]) if names else None


def _best(snapshot: Snapshot) -> Comparison | None:
    best = snapshot.chosen
    if best is None:
        return None
    confirmed = snapshot.confirmation.best if snapshot.confirmation else None
    if confirmed is not None:
        repeats = formats.count(len(confirmed.scores), "new evaluation")
        detail = f"trial {best.number}, mean of {repeats}; {number(confirmed.first)} in the search"
        return Comparison(
            "Best trial (confirmed)", plus_minus(best.score, best.std_error), detail, "best"
        )
    estimate = uncertainty(snapshot, best)
    value = plus_minus(best.score, best.std_error)
    if estimate is None:
        return Comparison("Best trial", value, f"trial {best.number}, a single fold", "best")
    return Comparison(
        "Best trial",
        value,
        f"trial {best.number}; 95% interval {estimate.interval} from {estimate.basis}",
        "best",
    )


def _baseline(snapshot: Snapshot) -> Comparison | None:
    best = snapshot.chosen
    baseline = finite(snapshot.facts.baseline)
    if baseline is None:
        return None
    if best is None or best.score is None:
        return Comparison("Common-sense baseline", number(baseline), "the best constant prediction")
    return Comparison(
        "Common-sense baseline",
        number(baseline),
        f"best trial: {versus(best.score, baseline)}",
        _tone(snapshot.gain(best.score, baseline)),
    )


def _default(snapshot: Snapshot) -> Comparison | None:
    best, default = snapshot.chosen, snapshot.default_trial
    if best is None or default is None:
        return None
    (best, default), is_confirmed = snapshot.alike(best.number, default.number)
    if default.score is None or best.score is None:
        return None
    of_search = "" if is_confirmed or not snapshot.confirmation else ", both in the search"
    return Comparison(
        "Default configuration" + (" (confirmed)" if is_confirmed else ""),
        plus_minus(default.score, default.std_error),
        "also the best trial"
        if best.number == default.number
        else f"best trial: {versus(best.score, default.score)}{of_search}",
        _tone(snapshot.gain(best.score, default.score)),
    )


def _ensemble(snapshot: Snapshot) -> Comparison | None:
    ensemble = snapshot.ensemble
    oof = finite(ensemble.oof) if ensemble else None
    if ensemble is None or oof is None:
        return None
    single = finite(ensemble.best_single_oof)
    members = formats.count(len(ensemble.members), "member")
    kind = "cross-fitted" if ensemble.oof_interval else "out-of-fold"
    detail = f"{members}, {kind}"
    ends = [finite(end) for end in ensemble.oof_interval or ()]
    if len(ends) == 2 and None not in ends:  # noqa: PLR2004
        detail += f"; 95% interval {number(ends[0])} to {number(ends[1])}"
    if single is None:
        return Comparison("Ensemble", number(oof), detail)
    return Comparison(
        "Ensemble",
        number(oof),
        f"{detail}; best single trial: {number(single)}",
        _tone(snapshot.gain(oof, single)),
    )


def _test(snapshot: Snapshot) -> Comparison | None:
    test = primary(snapshot, snapshot.test)
    if test is None:
        return None
    name, value = test
    single = primary(snapshot, snapshot.ensemble.test_best_single if snapshot.ensemble else {})
    of_single = f"; best single trial: {number(single[1])}" if single else ""
    return Comparison(
        f"Test set, {words.metric(name)}",
        number(value),
        f"ensemble{of_single}; consulted {formats.times(snapshot.test_consulted)}",
    )


def _reference(snapshot: Snapshot) -> Comparison | None:
    reference = snapshot.facts.reference
    score = finite(reference.score) if reference else None
    if reference is None or score is None:
        return None
    source = str(reference.source or "a published model")
    test = primary(snapshot, snapshot.test)
    if test is None or snapshot.settings.objective != f"val_{test[0]}":
        return Comparison("Textbook reference", number(score), f"test score from {source}")
    return Comparison(
        "Textbook reference",
        number(score),
        f"our test result: {versus(test[1], score)}. {source}",
        _tone(snapshot.gain(test[1], score)),
    )


def _tone(gain: float) -> Tone:
    if gain == 0:
        return "plain"
    return "better" if gain > 0 else "worse"
