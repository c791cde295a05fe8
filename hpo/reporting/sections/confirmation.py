"""The best configurations evaluated again: first and confirmed scores side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.html import formats
from hpo.reporting.html.formats import MISSING, finite, number, plus_minus, size
from hpo.reporting.html.section import Section

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.confirmation import Confirmation, Confirmed

LEAD = (
    "The best of many scores is also a lucky one: it was chosen with its noise, and is too good on "
    "average (the winner's curse). The best configurations of the search were therefore evaluated "
    "again, {often}, with {anew}. The confirmed score is the mean over the repeats; its standard "
    "error tells of the luck of {luck}, not of what other samples would change. The test set had "
    "no part in it."
)


@dataclass(frozen=True)
class ConfirmedRow:
    """A configuration, as shown.

    Attributes:
        trial: The number of its trial.
        first: The score of the search.
        score: The confirmed score with its standard error, or why there is none.
        change: How much better than at first; negative where it is worse.
        repeats: The score of every repeat.
        size: Number of parameters of its model.
        remark: What it was chosen as, or "".
    """

    trial: int
    first: str
    score: str
    change: str
    repeats: str
    size: str
    remark: str


def confirmation(snapshot: Snapshot) -> Section | None:
    """The section on confirmed scores; None where nothing was confirmed."""
    found = snapshot.confirmation
    if found is None:
        return None
    luck = "seeds and cuts" if found.new_cuts else "seeds"
    lead = LEAD.format(
        often=formats.times(found.repeats),
        anew="new seeds and new cuts of the data"
        if found.new_cuts
        else "new seeds (this evaluation cannot cut the data anew)",
        luck=luck,
    )
    if not found.is_complete:
        lead += f" It was stopped half way and goes on with: hpo confirm {snapshot.name}"
    return Section(
        anchor="confirmation",
        title="Confirmation",
        lead=lead,
        template="confirmation",
        content=tuple(_row(snapshot, found, one) for one in _in_order(found)),
    )


def confirmed_headline(snapshot: Snapshot) -> str | None:
    """The result in one sentence, by confirmed scores; None where there are none."""
    found = snapshot.confirmation
    best = found.best if found else None
    if found is None or best is None:
        return None
    those = formats.count(len(found.configurations), "configuration")
    return (
        f"Trial {best.number} is the best of {those} that were confirmed: "
        f"{formats.metric(snapshot.settings.objective)} {plus_minus(best.score, best.std_error)} "
        f"over {formats.count(found.repeats, 'new evaluation')}, at first {number(best.first)}."
    )


def smallest_sentence(snapshot: Snapshot) -> str | None:
    """Which smaller model is as good as the best, as far as can be told; None where none is."""
    best, small = snapshot.chosen, snapshot.smallest_as_good
    if best is None or small is None or small.number == best.number:
        return None
    return (
        f"The smallest model within one standard error of the best is that of trial "
        f"{small.number}: {size(small.model_size)} instead of {size(best.model_size)} parameters."
    )


def _in_order(found: Confirmation) -> list[Confirmed]:
    if not found.is_complete:
        return list(found.configurations)
    return [*found.ranking, *(one for one in found.configurations if one.score is None)]


def _row(snapshot: Snapshot, found: Confirmation, one: Confirmed) -> ConfirmedRow:
    score = finite(one.score)
    remarks = (
        ("best", found.best),
        ("best at first", found.configurations[0]),
        ("smallest within one standard error", found.one_standard_error),
    )
    return ConfirmedRow(
        trial=one.number,
        first=number(one.first),
        score=f"failed: {one.reason}" if one.reason else plus_minus(score, one.std_error),
        change=MISSING if score is None else _signed(snapshot.gain(score, one.first)),
        repeats=", ".join(map(number, one.scores)),
        size=size(one.model_size),
        remark=", ".join(what for what, which in remarks if which is one),
    )


def _signed(gain: float) -> str:
    return f"+{number(gain, 3)}" if gain > 0 else number(gain, 3)
