"""Tables that the reader can sort and filter."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FIRST_ROWS = 25


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        label: The heading.
        numeric: Whether the column is right-aligned and sorted by value.
        hint: What the heading means, if that is not obvious.
    """

    label: str
    numeric: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: The text as shown.
        sort_key: What to sort by instead of the text; "" to sort by the text.
        share: The length of the bar below the text, from 0 to 1; None for no bar.
    """

    text: str
    sort_key: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: The cells, one per column.
        state: The kind of row, such as the state of its trial.
        opens: Whether the row opens the details of a trial, whose number is in the first cell.
    """

    cells: tuple[Cell, ...]
    state: str = ""
    opens: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: The title, and the description for screen readers.
        noun: What the rows are, in the plural, such as "trials".
        columns: The columns.
        rows: The rows, in their initial order.
        sorted_by: The index of the column that the rows are initially sorted by.
        descending: Whether that order is descending.
        hint: An example of a filter.
        max_first_rows: How many rows are shown until the reader asks for all.
    """

    name: str
    noun: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sorted_by: int = 0
    descending: bool = False
    hint: str = ""
    max_first_rows: int = MAX_FIRST_ROWS
