"""The flags of commands, made of the options that :mod:`hpo.options` declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpo.options import Options
from hpo.support.options import default_of, options_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.support.options import Option

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Value(click.ParamType[Any]):
    """The value of an option, read and checked as in a call from code.

    Args:
        option: The option.
    """

    def __init__(self, option: Option) -> None:
        self.name = option.metavar or "text"
        self._read = option.read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a value."""
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(f"expected {error}. Received: {value!r}", param, ctx)


def flags(*kinds: type[Any], only: str = "") -> Decorator:
    """Give a command the options of classes, in their order, or only the one of a name."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        declared = [
            _flag(name, option, default_of(kind, name))
            for kind in kinds
            for name, option in options_of(kind).items()
            if only in ("", name)
        ]
        for flag in reversed(declared):
            command = flag(command)
        return command

    return decorate


def _flag(name: str, option: Option, default: Any) -> Decorator:
    names = (f"--{option.flag}", name)
    by_default = f"  [default: {option.default_means}]" if option.default_means else ""
    if option.is_switch:
        return click.option(*names, is_flag=True, help=option.help)
    return click.option(
        *names,
        type=str if option.repeatable else Value(option),
        metavar=option.metavar or None,
        help=option.help + by_default,
        default=default,
        show_default=default not in (None, ()),
        multiple=option.repeatable,
    )


_runs = click.option(
    "--runs",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder of studies.  [default: $HPO_RUNS, or runs]",
)


def _choose_storage(context: click.Context, _parameter: click.Parameter, url: str | None) -> None:
    from hpo.study.commands import choose_storage

    if url:
        choose_storage(url)
        context.call_on_close(lambda: choose_storage(None))


_storage = click.option(
    "--storage",
    metavar="URL",
    expose_value=False,
    callback=_choose_storage,
    help="Database with the trials, such as postgresql://USER@HOST/DATABASE.  [default: "
    "$HPO_STORAGE, or none: the folder of the study keeps them]",
)


def runs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where studies are."""
    return _runs(_storage(command))


artifacts = click.option(
    "--artifacts",
    metavar="URL",
    help="Where the arrays and models of a study in a database are stored, such as "
    "s3://BUCKET/PREFIX.  [default: the folder of the study, which its machines share]",
)

task = click.option(
    "--task",
    metavar="TASK",
    help="The study's task. Needed where it is a plugin file, which runs only when you name it.",
)

data_dir = flags(Options, only="data_dir")

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)
