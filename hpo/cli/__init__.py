"""The command line: one module per command, imported when the command is used."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from hpo._version import __version__
from hpo.errors import HPOError, UsageError

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
    "doctor",
)

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class Commands(click.Group):
    """Imports the module of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which they are typically used."""
        del ctx
        return list(COMMANDS)

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
    try:
        status = cli.main(words, prog_name="hpo", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(WRONG_USAGE)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped", INTERRUPTED, debug=False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except HPOError as error:
        status = WRONG_USAGE if isinstance(error, UsageError) else FAILED
        _fail(str(error), status, debug="--debug" in words)
    except OSError as error:
        _fail(
            f"{error.filename or ''}: {error.strerror or error}", FAILED, debug="--debug" in words
        )


def _fail(message: str, status: int, *, debug: bool) -> None:
    if debug:
        raise  # noqa: PLE0704  (called where an error is handled)
    click.echo(f"hpo: {message}", err=True)
    sys.exit(status)


def print_json(content: dict[str, Any]) -> None:
    """Print the one JSON object of ``--json`` on standard output."""
    import json

    click.echo(json.dumps(content, indent=2))
