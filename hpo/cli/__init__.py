"""The command line: one module per command, imported when the command is used."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import click

from hpo._version import __version__
from hpo.errors import HPOError, HPOWarning, UsageError, joined, one_line, suggestion
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "run",
    "confirm",
    "ensemble",
    "predict",
    "export",
    "report",
    "show",
    "dashboard",
    "tasks",
    "space",
    "data",
    "new",
    "worker",
    "storage",
    "doctor",
)

_format_warning = warnings.formatwarning

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

MAX_LENGTH = 1000
"""Characters of a message, which is one line."""

_WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


class Commands(click.Group):
    """Imports the module of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which they are typically used."""
        del ctx
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and refuse an unknown one or an option without a value."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = suggestion(args[0], COMMANDS)
            raise click.UsageError(f"No such command {args[0]!r}. {hint}", ctx)
        for word, following in zip(args, [*args[1:], None], strict=True):
            if word.startswith("--") and (word.endswith("=") or following == ""):
                name = word.removesuffix("=")
                raise click.UsageError(f"Option {name!r} has no value. Give one, or leave it out.")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"hpo.cli.{cmd_name}").command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpo")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, *, debug: bool) -> None:
    """Tune, ensemble and report Keras models.

    \b
    hpo run boston         search for good hyperparameters
    hpo confirm boston     evaluate the best ones again, with new seeds and splits
    hpo ensemble boston    combine the best trials and use the test set once
    hpo report boston      write a page to share with others
    """
    ctx.obj = {"debug": debug}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with 0 (done), 1 (failed), 2 (wrong usage) or 130."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    warnings.formatwarning = _warning
    try:
        _open_closed_streams()
        status = cli.main(words, prog_name="hpo", standalone_mode=False)
        sys.stdout.flush()  # here, where a full disk can still be reported
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(WRONG_USAGE)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        click.echo(formats.visible(text.getvalue()), err=True, nl=False)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped", INTERRUPTED, debug=False)
    except BrokenPipeError:
        _drop_output()
        sys.exit(FAILED)
    except HPOError as error:
        _fail(str(error), WRONG_USAGE if isinstance(error, UsageError) else FAILED, debug=debug)
    except OSError as error:
        _fail(_reason(error), FAILED, debug=debug)
    except Exception as error:  # noqa: BLE001  (a fault of hpo's own)
        # The log of a worker that a search started keeps the traceback.
        hint = "To see where, put --debug before the command: hpo --debug ..."
        message = f"unexpected {one_line(error)}. {hint}"
        _fail(message, FAILED, debug=debug or "--events" in words)


def _open_closed_streams() -> None:
    """Let nothing but the standard streams have their numbers, where the shell closed them.

    Raises:
        HPOError: Standard output was closed.
    """
    is_closed = sys.stdout is None
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # a file that is opened next would get its number
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    if is_closed:
        raise HPOError("standard output is closed. To discard it, use: >/dev/null")


def _reason(error: OSError) -> str:
    """What a system call failed with, and on which file."""
    why = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {why}"
    if error.errno in _WRITE_ERRORS:  # files that hpo writes are named
        _drop_output()
        return f"standard output: {why}"
    return why


def _drop_output() -> None:
    """Forget what is left to print if standard output cannot take it.

    Otherwise the interpreter tries again when it ends, and prints a traceback.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: Any = None
) -> str:
    """A warning as it is shown: hpo's own without the place in its source."""
    if issubclass(category, HPOWarning):
        return f"hpo: {formats.visible(str(message))}\n"
    return _format_warning(message, category, filename, lineno, line)


def _fail(message: str, status: int, *, debug: bool) -> None:
    if debug:
        raise  # noqa: PLE0704  (called where an error is handled)
    click.echo(f"hpo: {formats.visible(joined(message, MAX_LENGTH))}", err=True)
    sys.exit(status)


def print_json(content: dict[str, Any]) -> None:
    """Print the one JSON object of ``--json`` on standard output."""
    import json

    click.echo(json.dumps(content, indent=2))
