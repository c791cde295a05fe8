"""The re-evaluated best configurations: search scores and confirmed scores side by side."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.html import words
from hpo.reporting.html.section import Section
from hpo.reporting.html.words import plus_minus, signed
from hpo.support import formats
from hpo.support.formats import MISSING, finite, number, size

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.confirmation import Confirmation, Confirmed

LEAD = (
    "The best of many scores is partly luck, so it is too good on average (the winner's curse). "
    "Therefore, the best configurations of the search were re-evaluated {times} with {changes}. "
    "The confirmed score is the mean of these repeats. Its standard error covers the variation "
    "from {sources}, not sampling variation. The test set was not used."
)


@dataclass(frozen=True)
class ConfirmedRow:
    """A configuration, as shown.

    Attributes:
        trial: The number of its trial.
        search_score: The score in the search.
        score: The confirmed score with its standard error, or why there is none.
        gain: How much better the confirmed score is than that of the search; negative if worse.
        repeats: The scores of all repeats.
        size: The number of model parameters.
        remark: What distinguishes the configuration, or "".
    """

    trial: int
    search_score: str
    score: str
    gain: str
    repeats: str
    size: str
    remark: str


def confirmation(snapshot: Snapshot) -> Section | None:
    """Make the section with confirmed scores; None if there is no confirmation."""
    result = snapshot.confirmation
    if result is None:
        return None
    lead = LEAD.format(
        times=formats.times(result.repeats),
        changes="new seeds and new splits of the data"
        if result.new_cuts
        else "new seeds (the splits of this study are fixed)",
        sources="seeds and splits" if result.new_cuts else "seeds",
    )
    if not result.is_complete:
        lead += (
            f" The confirmation is not finished. To continue: hpo confirm "
            f"{shlex.quote(snapshot.name)} --top {len(result.configurations)} "
            f"--repeats {result.repeats}"
        )
    return Section(
        anchor="confirmation",
        title="Confirmation",
        lead=lead,
        template="confirmation",
        content=tuple(_row(snapshot, result, one) for one in _in_order(result)),
    )


def confirmed_headline(snapshot: Snapshot) -> str | None:
    """State the result in one sentence by confirmed scores; None if there are none."""
    result = snapshot.confirmation
    best = result.best if result else None
    if result is None or best is None:
        return None
    configurations = formats.count(len(result.configurations), "re-evaluated configuration")
    return (
        f"Trial {best.number} is the best of {configurations}: "
        f"{words.metric(snapshot.settings.objective)} {plus_minus(best.score, best.std_error)} "
        f"over {formats.count(result.repeats, 'new evaluation')} ({number(best.first)} in the "
        "search)."
    )


def smallest_sentence(snapshot: Snapshot) -> str | None:
    """Name the smaller model that is as good as the best within its error; None if none is."""
    best, small = snapshot.chosen, snapshot.smallest_as_good
    if best is None or small is None or small.number == best.number:
        return None
    return (
        f"The smallest model within one standard error of the best is that of trial "
        f"{small.number}: {size(small.model_size)} instead of {size(best.model_size)} parameters."
    )


def _in_order(result: Confirmation) -> list[Confirmed]:
    if not result.is_complete:
        return list(result.configurations)
    return [*result.ranking, *(one for one in result.configurations if one.score is None)]


def _row(snapshot: Snapshot, result: Confirmation, one: Confirmed) -> ConfirmedRow:
    score = finite(one.score)
    remarks = (
        ("best", result.best),
        ("best in the search", result.configurations[0]),
        ("smallest within one standard error", result.one_standard_error),
    )
    return ConfirmedRow(
        trial=one.number,
        search_score=number(one.first),
        score=f"failed: {one.reason}" if one.reason else plus_minus(score, one.std_error),
        gain=MISSING if score is None else signed(snapshot.gain(score, one.first)),
        repeats=", ".join(map(number, one.scores)),
        size=size(one.model_size),
        remark=", ".join(remark for remark, which in remarks if which is one),
    )
