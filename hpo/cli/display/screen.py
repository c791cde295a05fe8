"""What a screen can show of some work, and the screen that is a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import click

from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bar:
    """How far some work is.

    Attributes:
        label: What is worked on.
        done: Units that are done.
        total: Units in all.
        unit: What a unit is, in the plural: "trials".
        detail: What else there is to say, such as the best score.
        part: Share of the work that is done, from 0 to 1, where units are too coarse a measure.
    """

    label: str
    done: int
    total: int
    unit: str
    detail: str = ""
    part: float | None = None

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        if self.part is not None:
            return self.part
        return self.done / self.total if self.total else 0.0


@dataclass(frozen=True)
class Row:
    """What a worker does now.

    Attributes:
        cells: What stands in the columns; columns that are empty in all rows are left out.
        began: When it began with it, by ``time.monotonic()``; None if that is not shown.
    """

    cells: tuple[str, ...]
    began: float | None = None


class Screen(Protocol):
    """Where progress is shown."""

    def update(self, bar: Bar, rows: Sequence[Row] = ()) -> None:
        """Show how far the work is and what is being done.

        Args:
            bar: How far the work is.
            rows: What every worker does.
        """

    def finish(self, text: str, bar: Bar, rows: Sequence[Row] = (), *, bad: bool = False) -> None:
        """Show that a unit of the work is finished.

        Args:
            text: What it came to.
            bar: How far the work is now.
            rows: What every worker does now.
            bad: Whether it came to nothing, which is worth a line on a terminal, too.
        """

    def note(self, text: str) -> None:
        """Say something that stays to be read."""


class Pipe:
    """Writes a line to standard error for every finished unit, and for every note."""

    def update(self, bar: Bar, rows: Sequence[Row] = ()) -> None:
        """Nothing is finished, so there is nothing to write."""

    def finish(self, text: str, bar: Bar, rows: Sequence[Row] = (), *, bad: bool = False) -> None:
        """Write what a unit came to, and how far the work is."""
        del rows, bad
        detail = f"{bar.detail}, " if bar.detail else ""
        standing = f"({detail}{bar.done}/{bar.total} {bar.unit})"
        click.echo(f"{formats.visible(text)}  {standing}", err=True)

    def note(self, text: str) -> None:
        """Write a line."""
        click.echo(formats.visible(text), err=True)
