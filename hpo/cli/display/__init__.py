"""How work shows its progress: a bar on a terminal, a line per result in a pipe.

What is shown for an event is decided once, by a class per kind of work (``search.py``,
``models.py``); it shows it on a ``Screen``, which is a terminal or a pipe.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from hpo.cli import INTERRUPTED
from hpo.cli.display.screen import Bar, Pipe, Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def screen() -> Iterator[Screen]:
    """Standard error: a terminal where it is one that can be redrawn, else a pipe."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield Pipe()
        return
    from hpo.cli.display.terminal import Terminal

    with Terminal(console) as terminal:
        yield terminal


def counting(on: Screen, label: str, unit: str) -> Callable[[int, int], None]:
    """Show work of which only the amount is known, on a terminal only.

    Args:
        on: Where to.
        label: What is being done: "predicting".
        unit: What is counted, in the plural: "samples".

    Returns:
        ``(done, total) -> None``, to be called as the work advances.
    """
    return lambda done, total: on.update(Bar(label, done, total, unit))


class Resumable(Protocol):
    """Shows work that continues where it was stopped.

    Attributes:
        screen: Where it shows it.
        bar: How far the work is; None before anything was done.
    """

    screen: Screen
    bar: Bar | None


@contextmanager
def resumable(work: Resumable) -> Iterator[None]:
    """Say after Ctrl-C how far the work is and how to continue it.

    Raises:
        click.exceptions.Exit: The work was interrupted.
        KeyboardInterrupt: It was interrupted before anything was done.
    """
    try:
        yield
    except KeyboardInterrupt:
        bar = work.bar
        if bar is None:
            raise
        work.screen.note(
            f"stopped after {bar.done} of {bar.total} {bar.unit}; "
            "run the same command again to continue"
        )
        raise click.exceptions.Exit(INTERRUPTED) from None
