"""How well each class is recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.html.formats import MISSING, number, size
from hpo.reporting.html.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    import numpy as np

    from hpo.scoring.outcomes import Classes

_FIRST_SHOWN = 12


def class_scores(classes: Classes) -> Table:
    """Samples, precision, recall and F1 of every class, the most frequent first.

    Args:
        classes: True and predicted classes.
    """
    import numpy as np

    k = len(classes.names)
    true = np.bincount(classes.truth, minlength=k)
    taken = np.bincount(classes.predicted, minlength=k)
    right = np.bincount(classes.truth[classes.truth == classes.predicted], minlength=k)
    mistaken = _mistaken_for(classes, k)
    rows = tuple(
        _row(classes.names, c, int(true[c]), int(taken[c]), int(right[c]), mistaken[c])
        for c in np.argsort(-true, kind="stable")
    )
    return Table(
        name="How well each class is recognised",
        noun="classes",
        hint="name of a class",
        columns=(
            Column("Class", numeric=False),
            Column("Samples", hint="how many samples are really of this class"),
            Column("Recall", hint="share of the samples of this class that are recognised"),
            Column("Precision", hint="share of the predictions of this class that are right"),
            Column("F1", hint="harmonic mean of precision and recall"),
            Column("Most often taken for", numeric=False),
        ),
        rows=rows,
        sorted_by=1,
        descending=True,
        first_shown=_FIRST_SHOWN,
    )


def _mistaken_for(classes: Classes, k: int) -> list[tuple[int, int] | None]:
    """For every class the other one it is most often taken for, and how often."""
    import numpy as np

    found: list[tuple[int, int] | None] = [None] * k
    wrong = classes.truth != classes.predicted
    pairs = classes.truth[wrong].astype(np.int64) * k + classes.predicted[wrong]
    values, often = np.unique(pairs, return_counts=True)
    for place in np.argsort(often, kind="stable"):
        found[values[place] // k] = (int(values[place] % k), int(often[place]))
    return found


def _row(
    names: tuple[str, ...],
    c: np.int64,
    true: int,
    taken: int,
    right: int,
    mistaken: tuple[int, int] | None,
) -> Row:
    other = f"{names[mistaken[0]]} ({mistaken[1]:,})" if mistaken else MISSING
    return Row(
        (
            Cell(names[c]),
            Cell(size(true)),
            _share(right, true),
            _share(right, taken),
            _share(2 * right, true + taken),
            Cell(other),
        )
    )


def _share(part: int, whole: int) -> Cell:
    if not whole:
        return Cell(MISSING)
    share = part / whole
    return Cell(number(share, 3) if share else "0", f"{share:.6g}", share=share)
