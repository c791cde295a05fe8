"""Standard output: lines that fit the terminal, or the one JSON object of ``--json``."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIDTH_IN_PIPES = 1 << 16
"""Lines stay whole for programs that read them one by one."""


def echo(text: str, *, err: bool = False) -> None:
    """Print a text, in which names and reasons may come from other people's studies.

    Args:
        text: One or several lines; a terminal only prints them, whatever they contain.
        err: Print to standard error.
    """
    click.echo(formats.visible(text), err=err)


def width() -> int:
    """Number of columns of the terminal; practically unlimited in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_IN_PIPES


def print_listed(rows: Sequence[tuple[str, str]]) -> None:
    """Print names with their meanings beside them, which are wrapped on a terminal."""
    formatter = click.HelpFormatter(width=width())
    formatter.write_dl(rows)
    echo(formatter.getvalue().removesuffix("\n"))


def print_wrapped(text: str) -> None:
    """Print a line, which is wrapped between words on a terminal."""
    echo(click.wrap_text(text, width(), subsequent_indent="  "))


@contextlib.contextmanager
def printed_to_stderr(*, when: bool) -> Iterator[None]:
    """Send everything printed to standard error, including output of C code and child processes.

    Args:
        when: Whether to do so; otherwise nothing changes.
    """
    if not when:
        yield
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            kept = os.dup(1)
            stack.callback(_restore, kept)
            os.dup2(2, 1)
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


def _restore(kept: int) -> None:
    os.dup2(kept, 1)
    os.close(kept)
