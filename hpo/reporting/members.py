"""The ensemble: who is in it, with which weight, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting import formats
from hpo.reporting.formats import MISSING, finite, number, plus_minus
from hpo.reporting.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.snapshot import Snapshot


@dataclass(frozen=True)
class Member:
    """A trial in the ensemble.

    Attributes:
        trial: Its number.
        weight: Its weight, as shown.
        share: Its weight as a share of the greatest, from 0 to 1.
        score: Its own score, as shown.
    """

    trial: int
    weight: str
    share: float
    score: str


@dataclass(frozen=True)
class Result:
    """What one way of predicting came to.

    Attributes:
        name: The way.
        score: Its score, as shown.
        gain: How much better than the best single trial, as shown.
        chosen: Whether it is the one that was saved.
    """

    name: str
    score: str
    gain: str
    chosen: bool = False


@dataclass(frozen=True)
class Membership:
    """What the section shows.

    Attributes:
        method: How members and weights were chosen.
        members: The members, the heaviest first.
        results: Out-of-fold scores by method, the best single trial last.
        tests: Test results by metric: metric, ensemble, best single trial.
    """

    method: str
    members: tuple[Member, ...]
    results: tuple[Result, ...]
    tests: tuple[tuple[str, str, str], ...]


LEAD = (
    "The ensemble predicts the weighted mean of its members. Members and weights were chosen on "
    "out-of-fold predictions alone, so no sample was judged by a model that had seen it, and the "
    "test set had no say. The gain is measured on the predictions that the members were chosen "
    "on, and is therefore a little too good."
)
LEAD_REFIT = (
    " On the test set the members predict with models that were trained anew on all the training "
    "data, while the out-of-fold scores are those of the models of the search."
)


def members(snapshot: Snapshot) -> Section | None:
    """The section on the ensemble; None where there is none."""
    ensemble = snapshot.ensemble
    if ensemble is None:
        return None
    return Section(
        anchor="ensemble",
        title="Ensemble",
        lead=LEAD + (LEAD_REFIT if ensemble.get("refit") else ""),
        template="members",
        content=Membership(
            method=str(ensemble.get("method", "")),
            members=_members(snapshot, ensemble.get("members", [])),
            results=_results(snapshot),
            tests=_tests(ensemble.get("test") or {}, ensemble.get("test_best_single") or {}),
        ),
    )


def _members(snapshot: Snapshot, found: list[Mapping[str, float]]) -> tuple[Member, ...]:
    trials = {trial.number: trial for trial in snapshot.ranking}
    weights = {int(member["trial"]): finite(member.get("weight")) or 0.0 for member in found}
    heaviest = max([abs(weight) for weight in weights.values()], default=0.0) or 1.0
    return tuple(
        Member(
            trial=trial,
            weight=number(weight, 3),
            share=abs(weight) / heaviest,
            score=plus_minus(trials[trial].score, trials[trial].std_error)
            if trial in trials
            else MISSING,
        )
        for trial, weight in sorted(weights.items(), key=lambda item: -item[1])
    )


def _results(snapshot: Snapshot) -> tuple[Result, ...]:
    ensemble = snapshot.ensemble or {}
    method = str(ensemble.get("method", ""))
    scores = dict(ensemble.get("oof_by_method") or {})
    if finite(ensemble.get("oof")) is not None:
        scores.setdefault(method, ensemble["oof"])
    single = finite(ensemble.get("best_single_oof"))
    found = {name: score for name, value in scores.items() if (score := finite(value)) is not None}
    sign = 1 if snapshot.minimizes else -1
    results = [
        Result(name, number(score), _gain(snapshot, score, single), chosen=name == method)
        for name, score in sorted(found.items(), key=lambda item: sign * item[1])
    ]
    if single is not None:
        trial = ensemble.get("best_single")
        name = "best single trial" if trial is None else f"best single trial ({trial})"
        results.append(Result(name, number(single), MISSING))
    return tuple(results)


def _gain(snapshot: Snapshot, score: float, single: float | None) -> str:
    if single is None:
        return MISSING
    gain = snapshot.gain(score, single)
    return f"+{number(gain, 3)}" if gain > 0 else number(gain, 3)


def _tests(
    ensemble: Mapping[str, float], single: Mapping[str, float]
) -> tuple[tuple[str, str, str], ...]:
    names = dict.fromkeys([*ensemble, *single])
    return tuple(
        (formats.metric(name), number(ensemble.get(name)), number(single.get(name)))
        for name in names
    )
