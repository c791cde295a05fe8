"""The importances of the hyperparameters as a bar chart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, new_figure
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing
from hpo.study.importances import MIN_TRIALS_APPLIED
from hpo.support.formats import number

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot

_MAX_BARS = 20
_ROW_PIXELS = 26
_MIN_SHARE_WITH_NUMBER = 0.01


def drawing(snapshot: Snapshot) -> Drawing:
    """Draw the importances.

    Args:
        snapshot: The study, with at least one importance.
    """
    import plotly.graph_objects as go

    shown = list(snapshot.importances.items())[:_MAX_BARS]
    conditional = {n for n, _ in shown if snapshot.space and snapshot.space[n].when}
    names = [label(name, 28) + (" *" if name in conditional else "") for name, _ in shown]
    figure = new_figure("share of total importance", "")
    figure.add_trace(
        go.Bar(
            x=[round(value, 4) for _name, value in shown],
            y=names,
            orientation="h",
            marker={"color": BLUE},
            text=[_percent(value) for _name, value in shown],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_layout(
        margin={"t": 12, "r": 48},
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        yaxis=_rows(names),
        bargap=0.35,
    )
    note = "How strongly the values of the best trials differ from those of all trials."
    if conditional:
        note += " * applies in some trials only and is judged on those."
    n_applied = Counter(name for trial in snapshot.ranking for name in trial.params)
    if min(n_applied.values()) < MIN_TRIALS_APPLIED:
        note += (
            f" Hyperparameters that applied in fewer than {MIN_TRIALS_APPLIED} trials are left out."
        )
    return Drawing(
        name="parameters-importance",
        title=f"Hyperparameter importance: {shown[0][0]} matters most",
        alt="Bar chart of hyperparameter importances: "
        + ", ".join(f"{name} {number(100 * value, 2)}%" for name, value in shown[:5]),
        plot=figure,
        height=80 + _ROW_PIXELS * len(shown),
        note=note,
        wide=True,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= _MIN_SHARE_WITH_NUMBER else "under 1%"


def _rows(names: list[str]) -> dict[str, Any]:
    return {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1} | (
        {"tickfont": {"size": 11}} if len(names) > 12 else {}  # noqa: PLR2004
    )
