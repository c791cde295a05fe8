"""The table of scores by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.html.table import Cell, Column, Row, Table
from hpo.support.formats import MISSING, number, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpo.scoring.outcomes import Classes, Labels

_MAX_FIRST_ROWS = 12


def class_scores(classes: Classes) -> Table:
    """Make the table of recall, precision and F1 by class, the most frequent class first.

    Args:
        classes: True and predicted classes.
    """
    import numpy as np

    k = len(classes.names)
    n_true = np.bincount(classes.truth, minlength=k)
    n_predicted = np.bincount(classes.predicted, minlength=k)
    n_correct = np.bincount(classes.truth[classes.truth == classes.predicted], minlength=k)
    mistaken_for = _mistaken_for(classes)
    rows = (
        (
            *_scores(classes.names[c], int(n_correct[c]), int(n_true[c]), int(n_predicted[c])),
            Cell(mistaken_for.get(c, MISSING)),
        )
        for c in np.argsort(-n_true, kind="stable").tolist()
    )
    return _table("class", "classes", rows, Column("Most often mistaken for", numeric=False))


def label_scores(labels: Labels) -> Table:
    """Make the table of recall, precision and F1 by label, the most frequent label first.

    Args:
        labels: True and predicted labels.
    """
    import numpy as np

    n_true, n_predicted = labels.truth.sum(axis=0), labels.predicted.sum(axis=0)
    n_correct = (labels.truth & labels.predicted).sum(axis=0)
    rows = (
        _scores(labels.names[c], int(n_correct[c]), int(n_true[c]), int(n_predicted[c]))
        for c in np.argsort(-n_true, kind="stable").tolist()
    )
    return _table("label", "labels", rows)


def _scores(name: str, n_correct: int, n_true: int, n_predicted: int) -> tuple[Cell, ...]:
    return (
        Cell(name),
        Cell(size(n_true)),
        _ratio(n_correct, n_true),
        _ratio(n_correct, n_predicted),
        _ratio(2 * n_correct, n_true + n_predicted),
    )


def _table(one: str, many: str, rows: Iterable[tuple[Cell, ...]], *more: Column) -> Table:
    return Table(
        name=f"Scores by {one}",
        noun=many,
        hint=f"{one} name",
        columns=(
            Column(one.capitalize(), numeric=False),
            Column("Samples", hint=f"number of samples of this {one}"),
            Column("Recall", hint=f"share of the samples of this {one} that are predicted as it"),
            Column("Precision", hint=f"share of the predictions of this {one} that are correct"),
            Column("F1", hint="harmonic mean of precision and recall"),
            *more,
        ),
        rows=tuple(Row(cells) for cells in rows),
        sorted_by=1,
        descending=True,
        max_first_rows=_MAX_FIRST_ROWS,
    )


def _mistaken_for(classes: Classes) -> dict[int, str]:
    """The class that each class is most often mistaken for, and how many times."""
    import numpy as np

    k = len(classes.names)
    wrong = classes.truth != classes.predicted
    pairs = classes.truth[wrong].astype(np.int64) * k + classes.predicted[wrong]
    pairs, counts = np.unique(pairs, return_counts=True)
    # In ascending order of counts, the last entry of each class is its most frequent mistake.
    return {
        int(pairs[place] // k): f"{classes.names[pairs[place] % k]} ({counts[place]:,})"
        for place in np.argsort(counts, kind="stable")
    }


def _ratio(part: int, whole: int) -> Cell:
    if not whole:
        return Cell(MISSING)
    share = float(part / whole)
    return Cell(number(share, 3) if share else "0", f"{share:.6g}", share=share)
