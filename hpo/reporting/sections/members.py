"""The ensemble: its members, their weights and its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.figures.theme import new_figure
from hpo.reporting.html import words
from hpo.reporting.html.section import Drawing, Section
from hpo.reporting.html.words import plus_minus, signed
from hpo.scoring.direction import as_loss
from hpo.support.formats import MISSING, finite, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.ensemble_record import EnsembleRecord, MemberRecord

_MAX_MEMBERS_WITH_TEXTS = 12


@dataclass(frozen=True)
class Member:
    """A trial in the ensemble.

    Attributes:
        trial: The number of the trial, after the name of its study if there are several.
        weight: The weight, as shown.
        share: The weight as a share of the largest one, from 0 to 1.
        score: The score of the trial, as shown.
    """

    trial: str
    weight: str
    share: float
    score: str


@dataclass(frozen=True)
class Result:
    """The score of an ensemble method, or of the best single trial.

    Attributes:
        name: The method.
        score: The score, as shown.
        gain: The gain over the best single trial, as shown.
        chosen: Whether the saved ensemble was made by this method.
    """

    name: str
    score: str
    gain: str
    chosen: bool = False


@dataclass(frozen=True)
class Membership:
    """What the section shows.

    Attributes:
        method: The method that chose members and weights.
        members: The members, by descending weight.
        results: Cross-fitted scores by method, the best single trial last.
        claims: What the ensemble claims to be worth: a name and a value each.
        tests: Test results: metric, ensemble, best single trial.
    """

    method: str
    members: tuple[Member, ...]
    results: tuple[Result, ...]
    claims: tuple[tuple[str, str], ...]
    tests: tuple[tuple[str, str, str], ...]


LEAD_MEAN = "The ensemble predicts the weighted mean of its members' predictions."
LEAD_STACKING = (
    "The ensemble predicts with a linear model of its members' predictions; a weight is a member's "
    "share of the coefficients."
)
LEAD = (
    "Members and weights were chosen on out-of-fold predictions only: no model predicted samples "
    "that it was trained on, and the test set was not used. Scores by method are cross-fitted: "
    "each part of the data was predicted by an ensemble chosen on the other parts. The score of "
    "the best single trial is not corrected for selection, so the gain over it is more likely too "
    "small than too large."
)
LEAD_AUTO = (
    "The best of several methods looks slightly too good. Therefore, the cross-fitted score uses, "
    "for each part of the data, the method that did best on the other parts."
)
LEAD_REFIT = (
    "On the test set, members predict with models that were retrained on all training data; "
    "out-of-fold scores are those of the models of the search."
)


def members(snapshot: Snapshot) -> Section | None:
    """Make the section about the ensemble; None if there is none."""
    ensemble = snapshot.ensemble
    if ensemble is None:
        return None
    return Section(
        anchor="ensemble",
        title="Ensemble",
        lead=_lead(ensemble),
        template="members",
        content=Membership(
            method=ensemble.method,
            members=_members(snapshot, ensemble),
            results=_results(snapshot, ensemble),
            claims=_claims(snapshot, ensemble),
            tests=_tests(ensemble.test, ensemble.test_best_single),
        ),
        drawings=_drawings(ensemble),
    )


def _lead(ensemble: EnsembleRecord) -> str:
    parts = [LEAD_STACKING if ensemble.stacking else LEAD_MEAN, LEAD]
    if ensemble.method_asked == "auto":
        parts.append(LEAD_AUTO)
    if ensemble.refit:
        parts.append(LEAD_REFIT)
    return " ".join(parts)


def _members(snapshot: Snapshot, ensemble: EnsembleRecord) -> tuple[Member, ...]:
    names = _names(ensemble)
    weights = [finite(member.weight) or 0.0 for member in ensemble.members]
    largest = max(map(abs, weights), default=0.0) or 1.0
    members = [
        (weight, Member(name, number(weight, 3), abs(weight) / largest, _score(snapshot, member)))
        for member, name, weight in zip(ensemble.members, names, weights, strict=True)
    ]
    return tuple(member for _weight, member in sorted(members, key=lambda pair: -pair[0]))


def _names(ensemble: EnsembleRecord) -> list[str]:
    """The names of members: the numbers of trials, after their studies if there are several."""
    is_mixed = ensemble.has_members_of_several_studies
    return [f"{m.study} {m.trial}" if is_mixed else str(m.trial) for m in ensemble.members]


def _score(snapshot: Snapshot, member: MemberRecord) -> str:
    trials = {trial.number: trial for trial in snapshot.ranking}
    trial = trials.get(member.trial)
    if trial is not None and member.study == snapshot.name:
        return plus_minus(trial.score, trial.std_error)
    return number(member.oof)


def _claims(snapshot: Snapshot, ensemble: EnsembleRecord) -> tuple[tuple[str, str], ...]:
    """The cross-fitted score with its interval, the apparent score, and the gain."""
    claimed, ends = finite(ensemble.oof), ensemble.oof_interval
    if claimed is None or (ends is None and ensemble.oof_apparent is None):
        return ()
    claims = [("Cross-fitted score", number(claimed))]
    if ends:
        claims.append(
            ("95% interval (sampling variation)", f"{number(ends[0])} to {number(ends[1])}")
        )
    claims.append(("Score on the predictions that chose it", number(ensemble.oof_apparent)))
    single = finite(ensemble.best_single_oof)
    claims.append(("Gain over the best single trial", _gain(snapshot, claimed, single)))
    return tuple(claims)


def _drawings(ensemble: EnsembleRecord) -> tuple[Drawing, ...]:
    """Draw the correlations of the members' predictions; nothing for a single member."""
    import plotly.graph_objects as go

    rows, names = ensemble.correlation, _names(ensemble)
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
            texttemplate="%{text}" if len(names) <= _MAX_MEMBERS_WITH_TEXTS else None,
            hovertemplate="%{x} and %{y}: %{z:.4f}<extra></extra>",
            showscale=False,
        )
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    pairs = [value for i, row in enumerate(values) for value in row[:i] if value is not None]
    between = f", between {number(min(pairs), 3)} and {number(max(pairs), 3)}" if pairs else ""
    return (
        Drawing(
            name="ensemble-correlation",
            title="Correlation of the members' out-of-fold predictions",
            alt=f"Heat map of the pairwise correlations of the members' predictions{between}.",
            plot=figure,
            note="An ensemble gains most from good members whose predictions differ.",
        ),
    )


def _results(snapshot: Snapshot, ensemble: EnsembleRecord) -> tuple[Result, ...]:
    method = ensemble.method
    scores = {method: ensemble.oof} | ensemble.oof_by_method
    single = finite(ensemble.best_single_oof)
    known = {name: score for name, value in scores.items() if (score := finite(value)) is not None}
    direction = snapshot.settings.direction
    results = [
        Result(name, number(score), _gain(snapshot, score, single), chosen=name == method)
        for name, score in sorted(known.items(), key=lambda item: as_loss(item[1], direction))
    ]
    if single is not None:
        results.append(
            Result(f"best single trial{_best_single(snapshot, ensemble)}", number(single), MISSING)
        )
    return tuple(results)


def _best_single(snapshot: Snapshot, ensemble: EnsembleRecord) -> str:
    trial, study = ensemble.best_single, ensemble.best_single_study
    if trial is None:
        return ""
    return f" ({trial})" if study == snapshot.name else f" ({study} {trial})"


def _gain(snapshot: Snapshot, score: float, single: float | None) -> str:
    return MISSING if single is None else signed(snapshot.gain(score, single))


def _tests(
    ensemble: Mapping[str, float | None], single: Mapping[str, float | None]
) -> tuple[tuple[str, str, str], ...]:
    names = dict.fromkeys([*ensemble, *single])
    return tuple(
        (words.metric(name), number(ensemble.get(name)), number(single.get(name))) for name in names
    )
