"""The ensemble: who is in it, with which weight, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import new_figure
from hpo.reporting.html import formats
from hpo.reporting.html.formats import MISSING, finite, number, plus_minus
from hpo.reporting.html.section import Drawing, Section
from hpo.scoring.direction import as_loss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.reporting.reading.snapshot import Snapshot


_MOST_TEXTS = 12


@dataclass(frozen=True)
class Member:
    """A trial in the ensemble.

    Attributes:
        trial: Its number, with the name of its study where there are several.
        weight: Its weight, as shown.
        share: Its weight as a share of the greatest, from 0 to 1.
        score: Its own score, as shown.
    """

    trial: str
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
        results: Cross-fitted scores by method, the best single trial last.
        claims: What is claimed of the ensemble: a name and a value each.
        tests: Test results by metric: metric, ensemble, best single trial.
    """

    method: str
    members: tuple[Member, ...]
    results: tuple[Result, ...]
    claims: tuple[tuple[str, str], ...]
    tests: tuple[tuple[str, str, str], ...]


LEAD = (
    "The ensemble predicts the weighted mean of its members. Members and weights were chosen on "
    "out-of-fold predictions alone, so no sample was judged by a model that had seen it, and the "
    "test set had no say. The scores by method are cross-fitted: every part of the data was "
    "predicted by an ensemble chosen on the other parts. The best single trial's score is not "
    "corrected for having been chosen, so the gain over it is rather too small than too great."
)
LEAD_STACKING = (
    "The ensemble predicts by a linear model of its members' predictions; a weight is a member's "
    "share of the coefficients. "
)
LEAD_AUTO = (
    " As the best of several methods looks a little too good, the score claimed takes for every "
    "part the method that did best on the others."
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
        lead=_lead(ensemble),
        template="members",
        content=Membership(
            method=str(ensemble.get("method", "")),
            members=_members(snapshot, ensemble.get("members", [])),
            results=_results(snapshot),
            claims=_claims(snapshot, ensemble),
            tests=_tests(ensemble.get("test") or {}, ensemble.get("test_best_single") or {}),
        ),
        drawings=_drawings(ensemble),
    )


def _lead(ensemble: Mapping[str, Any]) -> str:
    lead = LEAD
    if ensemble.get("stacking"):
        lead = LEAD_STACKING + LEAD.partition(". ")[2]
    if ensemble.get("method_asked") == "auto":
        lead += LEAD_AUTO
    return lead + (LEAD_REFIT if ensemble.get("refit") else "")


def _members(snapshot: Snapshot, found: Sequence[Mapping[str, Any]]) -> tuple[Member, ...]:
    names = _names(found)
    weights = [finite(member.get("weight")) or 0.0 for member in found]
    heaviest = max(map(abs, weights), default=0.0) or 1.0
    members = [
        (weight, Member(name, number(weight, 3), abs(weight) / heaviest, _own(snapshot, member)))
        for member, name, weight in zip(found, names, weights, strict=True)
    ]
    return tuple(member for _weight, member in sorted(members, key=lambda pair: -pair[0]))


def _names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """What members are called: by their trials, and their studies where there are several."""
    several = len({member.get("study") for member in found}) > 1
    return [
        f"{member.get('study')} {member['trial']}" if several else str(member["trial"])
        for member in found
    ]


def _own(snapshot: Snapshot, member: Mapping[str, Any]) -> str:
    trials = {trial.number: trial for trial in snapshot.ranking}
    trial = trials.get(int(member["trial"]))
    if trial is not None and member.get("study", snapshot.name) == snapshot.name:
        return plus_minus(trial.score, trial.std_error)
    return number(member.get("oof"))


def _claims(snapshot: Snapshot, ensemble: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The claimed score with its interval, the apparent one, and the gain."""
    claimed = finite(ensemble.get("oof"))
    if claimed is None or "oof_interval" not in ensemble:
        return ()
    claims = [("Cross-fitted score", number(claimed))]
    ends = ensemble.get("oof_interval")
    if ends:
        claims.append(("95 % interval over samples", f"{number(ends[0])} to {number(ends[1])}"))
    claims.append(("On the predictions that chose it", number(ensemble.get("oof_apparent"))))
    single = finite(ensemble.get("best_single_oof"))
    claims.append(("Gain over the best single trial", _gain(snapshot, claimed, single)))
    return tuple(claims)


def _drawings(ensemble: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """How alike the members' predictions are; nothing where there is one member."""
    import plotly.graph_objects as go

    rows = ensemble.get("correlation") or []
    names = _names(ensemble.get("members", []))
    if len(rows) != len(names) or len(names) < 2:  # noqa: PLR2004
        return ()
    figure = new_figure("trial", "trial")
    values = [[finite(value) for value in row] for row in rows]
    figure.add_trace(
        go.Heatmap(
            x=names,
            y=names,
            z=values,
            text=[[number(value, 2) for value in row] for row in values],
            texttemplate="%{text}" if len(names) <= _MOST_TEXTS else None,
            hovertemplate="%{x} and %{y}: %{z:.4f}<extra></extra>",
            showscale=False,
        )
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    apart = [value for i, row in enumerate(values) for value in row[:i] if value is not None]
    between = f" between {number(min(apart), 3)} and {number(max(apart), 3)}" if apart else ""
    return (
        Drawing(
            name="ensemble-correlation",
            title="Correlation of the members' out-of-fold predictions",
            alt=f"Heat map of the correlation of every two members' predictions{between}.",
            plot=figure,
            note="The less alike good members are, the more a blend gains.",
        ),
    )


def _results(snapshot: Snapshot) -> tuple[Result, ...]:
    ensemble = snapshot.ensemble or {}
    method = str(ensemble.get("method", ""))
    scores = dict(ensemble.get("oof_by_method") or {})
    if finite(ensemble.get("oof")) is not None:
        scores.setdefault(method, ensemble["oof"])
    single = finite(ensemble.get("best_single_oof"))
    found = {name: score for name, value in scores.items() if (score := finite(value)) is not None}
    direction = snapshot.settings.direction
    results = [
        Result(name, number(score), _gain(snapshot, score, single), chosen=name == method)
        for name, score in sorted(found.items(), key=lambda item: as_loss(item[1], direction))
    ]
    if single is not None:
        results.append(
            Result(f"best single trial{_best_single(snapshot)}", number(single), MISSING)
        )
    return tuple(results)


def _best_single(snapshot: Snapshot) -> str:
    ensemble = snapshot.ensemble or {}
    trial, study = ensemble.get("best_single"), ensemble.get("best_single_study", snapshot.name)
    if trial is None:
        return ""
    return f" ({trial})" if study == snapshot.name else f" ({study} {trial})"


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
