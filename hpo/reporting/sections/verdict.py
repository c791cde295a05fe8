"""The verdict: the result of the search in words, and how much it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.html import words
from hpo.reporting.html.section import Section
from hpo.reporting.html.words import plus_minus
from hpo.reporting.reading.intervals import uncertainty
from hpo.reporting.sections.caveats import Caveat, caveats
from hpo.reporting.sections.comparisons import Comparison, comparisons, difference, primary, versus
from hpo.reporting.sections.confirmation import confirmed_headline, smallest_sentence
from hpo.support import formats
from hpo.support.formats import finite, number

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial


@dataclass(frozen=True)
class Verdict:
    """What the summary says.

    Attributes:
        headline: The result in one sentence.
        sentences: How much the result is worth.
        comparisons: The numbers to compare it with.
        caveats: Warnings.
    """

    headline: str
    sentences: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    caveats: tuple[Caveat, ...]


def summary(snapshot: Snapshot) -> Section:
    """Make the first section of the page."""
    better = "lower" if snapshot.minimizes else "higher"
    how = words.evaluation(snapshot.settings.evaluation)
    lead = (
        f"Unless stated otherwise, scores are {words.metric(snapshot.settings.objective)} "
        f"({how}); {better} is better. ± is one standard error."
    )
    if finite(snapshot.facts.baseline) is not None:
        lead += " The common-sense baseline is the score of the best constant prediction."
    return Section(
        anchor="summary",
        title="Summary",
        lead=lead,
        template="summary",
        content=verdict(snapshot),
    )


def verdict(snapshot: Snapshot) -> Verdict:
    """State the result of the search in words and numbers."""
    best = snapshot.chosen
    return Verdict(
        headline=confirmed_headline(snapshot)
        or (_headline(snapshot, best) if best else _no_result(snapshot)),
        sentences=_sentences(snapshot, best) if best else (),
        comparisons=comparisons(snapshot),
        caveats=caveats(snapshot),
    )


def _no_result(snapshot: Snapshot) -> str:
    if not snapshot.trials:
        return "This study has no trials yet, so there is nothing to report."
    ended = [trial for trial in snapshot.trials if trial.state in ("failed", "pruned")]
    if len(ended) == len(snapshot.trials):
        return f"None of the {formats.count(len(ended), 'trial')} of this study was completed."
    return "No trial of this study is complete yet."


def _headline(snapshot: Snapshot, best: Trial) -> str:
    complete = formats.count(len(snapshot.ranking), "complete trial")
    folds = len(best.fold_scores)
    over = f" over {folds} folds" if folds > 1 else ""
    rank = "is the only" if len(snapshot.ranking) == 1 else f"is the best of {complete}"
    noun = " complete trial" if len(snapshot.ranking) == 1 else ""
    return (
        f"Trial {best.number} {rank}{noun}: {words.metric(snapshot.settings.objective)} "
        f"{plus_minus(best.score, best.std_error)}{over}."
    )


def _sentences(snapshot: Snapshot, best: Trial) -> tuple[str, ...]:
    candidates = (
        _against_baseline(snapshot, best),
        _against_default(snapshot, best),
        smallest_sentence(snapshot),
        _ensemble_gain(snapshot),
        _test_result(snapshot),
    )
    return tuple(sentence for sentence in candidates if sentence)


def _against_baseline(snapshot: Snapshot, best: Trial) -> str | None:
    baseline = finite(snapshot.facts.baseline)
    if baseline is None or best.score is None:
        return None
    if best.score == baseline:
        return "That equals the common-sense baseline."
    return f"That is {versus(best.score, baseline)} than the common-sense baseline."


def _against_default(snapshot: Snapshot, best: Trial) -> str | None:
    default = snapshot.default_trial
    if default is None:
        return None
    (best, default), is_confirmed = snapshot.alike(best.number, default.number)
    if default.score is None or best.score is None:
        return None
    if snapshot.gain(best.score, default.score) <= 0:
        return "No trial did better than the default configuration."
    gain = difference(best.score, default.score)
    estimate = uncertainty(snapshot, best)
    is_noise = estimate is not None and abs(best.score - default.score) <= estimate.error
    noise = ", which is within noise" if is_noise else ""
    of_search = "" if is_confirmed or not snapshot.confirmation else " (by scores of the search)"
    return f"Tuning improved the score of the default configuration by {gain}{noise}{of_search}."


def _ensemble_gain(snapshot: Snapshot) -> str | None:
    ensemble = snapshot.ensemble
    if ensemble is None:
        return None
    oof, single = finite(ensemble.oof), finite(ensemble.best_single_oof)
    if oof is None or single is None:
        return None
    if snapshot.gain(oof, single) <= 0:
        return "The ensemble is not better than the best single trial on held-out samples."
    return (
        f"The ensemble is {difference(oof, single)} better than the best single trial on held-out "
        "samples."
    )


def _test_result(snapshot: Snapshot) -> str:
    times = formats.times(snapshot.test_consulted)
    test = primary(snapshot, snapshot.test)
    if test is None:
        return (
            "The test set has not been consulted."
            if not snapshot.test_consulted
            else f"The test set was consulted {times}."
        )
    return (
        f"On the test set, consulted {times}, the ensemble reaches {number(test[1])} "
        f"({words.metric(test[0])}){_reference(snapshot, test[0])}."
    )


def _reference(snapshot: Snapshot, metric: str) -> str:
    reference = finite(snapshot.facts.reference.score) if snapshot.facts.reference else None
    if reference is None or snapshot.settings.objective != f"val_{metric}":
        return ""
    return f"; the textbook reference is {number(reference)}"
