"""The table of scores by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.html.formats import MISSING, number, size
from hpo.reporting.html.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    from hpo.scoring.outcomes import Classes

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
    rows = tuple(
        Row(
            (
                Cell(classes.names[c]),
                Cell(size(int(n_true[c]))),
                _ratio(n_correct[c], n_true[c]),
                _ratio(n_correct[c], n_predicted[c]),
                _ratio(2 * n_correct[c], n_true[c] + n_predicted[c]),
                Cell(mistaken_for.get(c, MISSING)),
            )
        )
        for c in np.argsort(-n_true, kind="stable").tolist()
    )
    return Table(
        name="Scores by class",
        noun="classes",
        hint="class name",
        columns=(
            Column("Class", numeric=False),
            Column("Samples", hint="number of samples of this class"),
            Column("Recall", hint="share of the samples of this class that are predicted as it"),
            Column("Precision", hint="share of the predictions of this class that are correct"),
            Column("F1", hint="harmonic mean of precision and recall"),
            Column("Most often mistaken for", numeric=False),
        ),
        rows=rows,
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
