"""Importance of the hyperparameters: which of them had a say in who did well.

Source: Conditional PED-ANOVA (Ito et al., 2026, "Hyperparameter Importance in Hierarchical and
Dynamic Search Spaces", on Watanabe et al., 2023, "PED-ANOVA"), by Optuna. A parameter that applies
in some trials only is judged in those, weighted by how many of them there are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, new_figure
from hpo.reporting.html.escape import label
from hpo.reporting.html.formats import number
from hpo.reporting.html.section import Drawing
from hpo.reporting.reading.importances import APPLIED

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
_SHOWN = 20
_ROW = 26


def drawing(snapshot: Snapshot) -> Drawing:
    """The importances as bars; the snapshot has some."""
    import plotly.graph_objects as go

    shown = list(snapshot.importances.items())[:_SHOWN]
    conditional = {n for n, _ in shown if snapshot.space and snapshot.space[n].when}
    names = [label(name, 28) + (" *" if name in conditional else "") for name, _ in shown]
    figure = new_figure("share of the importance of all", "")
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
    note = "What the best trials have in common and the others have not."
    if conditional:
        note += " * applies in some trials only, and is judged in those."
    few = Counter(name for trial in snapshot.ranking for name in trial.params)
    if any(0 < amount < APPLIED for amount in few.values()):
        note += f" Those that applied in fewer than {APPLIED} trials are left out."
    most = shown[0]
    return Drawing(
        name="parameters-importance",
        title=f"Which hyperparameters mattered: {most[0]} most",
        alt="Bar chart of importances: "
        + ", ".join(f"{name} {number(100 * value, 2)} %" for name, value in shown[:5]),
        plot=figure,
        height=80 + _ROW * len(shown),
        note=note,
        wide=True,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"  # noqa: PLR2004


def _rows(names: list[str]) -> dict[str, Any]:
    return {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1} | (
        {"tickfont": {"size": 11}} if len(names) > 12 else {}  # noqa: PLR2004
    )
