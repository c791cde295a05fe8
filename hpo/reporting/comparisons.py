"""The result beside everything it should be measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hpo.reporting import formats
from hpo.reporting.formats import finite, number, plus_minus

if TYPE_CHECKING:
    from hpo.reporting.snapshot import Snapshot

_BELOW_PERCENT = 0.01

Tone = Literal["best", "better", "worse", "plain"]


@dataclass(frozen=True)
class Comparison:
    """One number of the verdict and what it means.

    Attributes:
        label: What was measured.
        value: The number.
        detail: What to make of it.
        tone: Whether our result is better or worse than it.
    """

    label: str
    value: str
    detail: str
    tone: Tone = "plain"


def comparisons(snapshot: Snapshot) -> tuple[Comparison, ...]:
    """The best score and what is known to compare it with."""
    found = (
        _best(snapshot),
        _baseline(snapshot),
        _default(snapshot),
        _ensemble(snapshot),
        _test(snapshot),
        _reference(snapshot),
    )
    return tuple(comparison for comparison in found if comparison is not None)


def difference(score: float, other: float) -> str:
    """How far two scores are apart: ``0.31 (12 %)``."""
    apart = abs(score - other)
    share = apart / abs(other) if other else 0.0
    percent = f" ({100 * share:.0f} %)" if share >= _BELOW_PERCENT else ""
    return number(apart, 3) + percent


def versus(score: float, other: float) -> str:
    """A score against another: ``0.31 (12 %) lower``."""
    if score == other:
        return "the same"
    return f"{difference(score, other)} {'lower' if score < other else 'higher'}"


def primary(snapshot: Snapshot, scores: Any) -> tuple[str, float] | None:
    """The objective among the metrics of a test result, else its first finite number."""
    finite_scores = {k: f for k, v in dict(scores or {}).items() if (f := finite(v)) is not None}
    objective = snapshot.settings.objective.removeprefix("val_")
    names = [objective] if objective in finite_scores else list(finite_scores)
    return (names[0], finite_scores[names[0]]) if names else None


def _best(snapshot: Snapshot) -> Comparison | None:
    best = snapshot.best
    if best is None:
        return None
    return Comparison(
        "Best trial",
        plus_minus(best.score, best.std_error),
        f"trial {best.number}, mean ± standard error"
        if finite(best.std_error) is not None
        else f"trial {best.number}, a single fold",
        "best",
    )


def _baseline(snapshot: Snapshot) -> Comparison | None:
    best = snapshot.best
    baseline = finite(snapshot.facts.get("baseline"))
    if baseline is None:
        return None
    if best is None or best.score is None:
        return Comparison("Common-sense baseline", number(baseline), "without learning anything")
    return Comparison(
        "Common-sense baseline",
        number(baseline),
        f"best trial: {versus(best.score, baseline)}",
        _tone(snapshot.gain(best.score, baseline)),
    )


def _default(snapshot: Snapshot) -> Comparison | None:
    best, default = snapshot.best, snapshot.default_trial
    if best is None or default is None or default.score is None or best.score is None:
        return None
    return Comparison(
        "Default configuration",
        plus_minus(default.score, default.std_error),
        "it is the best trial"
        if best.number == default.number
        else f"best trial: {versus(best.score, default.score)}",
        _tone(snapshot.gain(best.score, default.score)),
    )


def _ensemble(snapshot: Snapshot) -> Comparison | None:
    ensemble = snapshot.ensemble or {}
    oof, single = finite(ensemble.get("oof")), finite(ensemble.get("best_single_oof"))
    if oof is None:
        return None
    members = formats.count(len(ensemble.get("members", [])), "member")
    detail = f"{members}, out of fold"
    if single is None:
        return Comparison("Ensemble", number(oof), detail)
    return Comparison(
        "Ensemble",
        number(oof),
        f"{detail}; best single: {number(single)}",
        _tone(snapshot.gain(oof, single)),
    )


def _test(snapshot: Snapshot) -> Comparison | None:
    ensemble = snapshot.ensemble or {}
    test = primary(snapshot, ensemble.get("test"))
    if test is None:
        return None
    name, value = test
    single = primary(snapshot, ensemble.get("test_best_single"))
    beside = f"; best single: {number(single[1])}" if single else ""
    return Comparison(
        f"Test set, {formats.metric(name)}",
        number(value),
        f"the ensemble{beside}; consulted {formats.times(snapshot.test_consulted)}",
    )


def _reference(snapshot: Snapshot) -> Comparison | None:
    reference = snapshot.facts.get("reference") or {}
    score = finite(reference.get("score"))
    if score is None:
        return None
    source = str(reference.get("source") or "a published model")
    return Comparison("Textbook reference", number(score), f"on the test set: {source}")


def _tone(gain: float) -> Tone:
    if gain == 0:
        return "plain"
    return "better" if gain > 0 else "worse"
