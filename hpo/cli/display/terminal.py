"""A terminal that is redrawn: a bar, and below it a row for what every worker does."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.cli.display.screen import Bar, Row

BAR_WIDTH = 40
REDRAWS_PER_SECOND = 4


class Terminal:
    """Draws a bar with the time left and rows below it, which vanish when the work ends.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Bar | None = None
        self._rows: Sequence[Row] = ()
        self._speed = _Speed()
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=REDRAWS_PER_SECOND,
            transient=True,
            # What is printed appears above the bar; but what goes to a file stays out of here.
            redirect_stdout=sys.stdout.isatty(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def update(self, bar: Bar, rows: Sequence[Row] = ()) -> None:
        """Draw how far the work is and what is being done."""
        if self._bar is None or bar.label != self._bar.label:
            self._speed = _Speed(bar.share)
        self._speed.measure(bar.share)
        self._bar, self._rows = bar, rows
        self._live.start()  # which does nothing when it has started

    def finish(self, text: str, bar: Bar, rows: Sequence[Row] = (), *, bad: bool = False) -> None:
        """Draw how far the work is; what went well shows in the bar alone."""
        self.update(bar, rows)
        self._live.refresh()
        if bad:
            self.note(text)

    def note(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(formats.visible(text), markup=False, highlight=False, soft_wrap=True)

    def render(self) -> RenderableType:
        """What is drawn now."""
        if self._bar is None:
            return ""
        lines = _aligned([_with_time(row) for row in self._rows])
        rows = [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines]
        return Group(_line(self._bar, self._speed.left()), *rows)


class _Speed:
    """How fast work advances.

    Args:
        share: How much was done when it began, from 0 to 1.
    """

    def __init__(self, share: float = 0.0) -> None:
        self._first = self._last = share
        self._began = time.monotonic()
        self._seconds = 0.0

    def measure(self, share: float) -> None:
        """Note how much is done now, from 0 to 1."""
        if share != self._last:
            self._last, self._seconds = share, time.monotonic() - self._began

    def left(self) -> str:
        """The time left, or "" while nothing is known of it."""
        done = self._last - self._first
        if done <= 0:
            return ""
        return f"{formats.duration(round(self._seconds / done * (1 - self._last)))} left"


def _line(bar: Bar, left: str) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(max_width=BAR_WIDTH)
    line.add_column(no_wrap=True, overflow="ellipsis")
    standing = (f"{bar.done:,}/{bar.total:,} {bar.unit}", bar.detail, left)
    line.add_row(
        Text(bar.label),
        ProgressBar(total=1.0, completed=bar.share),
        Text("  ".join(filter(None, standing))),
    )
    return line


def _with_time(row: Row) -> tuple[str, ...]:
    if row.began is None:
        return row.cells
    return (*row.cells, formats.duration(round(time.monotonic() - row.began)))


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines with columns below one another; columns without content are left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width
        ).rstrip()
        for row in rows
    ]
