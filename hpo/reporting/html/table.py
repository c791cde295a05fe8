"""Tables that a reader can sort and filter."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_SHOWN = 25


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        label: Its heading.
        numeric: Whether it is set to the right and sorted by value.
        hint: What the heading means, where that is not plain.
    """

    label: str
    numeric: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What is shown.
        key: What it is sorted by, where the text would mislead.
        share: The length of a bar behind it, from 0 to 1; None where it has none.
    """

    text: str
    key: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: Its cells, one per column.
        state: What kind of row it is, such as the state of its trial.
        opens: Whether it opens into more; its first cell is the number of a trial then.
    """

    cells: tuple[Cell, ...]
    state: str = ""
    opens: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: What it is, for readers who cannot see it.
        noun: What its rows are, such as "trials".
        columns: Its columns.
        rows: Its rows, in the order in which they are first shown.
        sorted_by: The column, from 0, that the rows are in the order of.
        descending: Whether the greatest comes first.
        hint: An example of what to filter by.
        first_shown: How many rows are shown before the reader asks for all.
    """

    name: str
    noun: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sorted_by: int = 0
    descending: bool = False
    hint: str = ""
    first_shown: int = FIRST_SHOWN
