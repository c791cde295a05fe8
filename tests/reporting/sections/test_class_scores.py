from __future__ import annotations

from reporting.readings import classes_of

from hpo.reporting.sections.class_scores import class_scores


def test_each_class_has_recall_precision_and_what_it_is_taken_for():
    table = class_scores(classes_of([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 1]))
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows == [
        ["c0", "3", "0.667", "1.00", "0.800", "c1 (1)"],
        ["c1", "2", "1.00", "0.500", "0.667", "—"],
        ["c2", "1", "0", "—", "0", "c1 (1)"],
    ]
