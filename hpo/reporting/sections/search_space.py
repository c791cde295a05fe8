"""The search space, and the position of the best trial in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from hpo.reporting.html import ranges
from hpo.reporting.html.section import Section
from hpo.reporting.html.words import plain
from hpo.support.formats import MISSING, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.space.parameters import Parameter

_TOML_LINE = re.compile(r"(?P<indent>\s*)(?P<key>[\w.\"'-]+)(?P<equals>\s*=)(?P<value>.*)")


@dataclass(frozen=True)
class Searched:
    """A hyperparameter of the search space.

    Attributes:
        name: The name.
        values: The range or the choices, in words.
        when: The condition under which it applies; "" if always.
        default: The default, as shown.
        best: The value in the best trial, as shown.
        position: The position of that value in the range, in percent; None if not numeric.
    """

    name: str
    values: str
    when: str
    default: str
    best: str
    position: float | None


@dataclass(frozen=True)
class SearchSpace:
    """What the section shows.

    Attributes:
        searched: The hyperparameters.
        toml: The search space as highlighted TOML.
    """

    searched: tuple[Searched, ...]
    toml: Markup


def search_space(snapshot: Snapshot) -> Section:
    """Make the section about the search space."""
    lead = "The hyperparameters and their ranges."
    if snapshot.best is not None:
        lead += (
            " The mark shows the position of the best trial between the low and the high end of "
            "the range, on the scale of the search."
        )
    return Section(
        anchor="space",
        title="Search space",
        lead=lead,
        template="space",
        content=SearchSpace(_searched(snapshot), highlight(snapshot.settings.space)),
    )


def highlight(toml: str) -> Markup:
    """Highlight tables, keys and comments of TOML.

    Args:
        toml: Any text; lines that are not recognized stay as they are.

    Returns:
        The escaped text with ``span`` elements around those parts.
    """
    return Markup("\n").join(_highlight_line(line) for line in toml.strip().splitlines())


def _highlight_line(line: str) -> Markup:
    if line.lstrip().startswith("#"):
        return Markup('<span class="toml-comment">{}</span>').format(line)
    if line.lstrip().startswith("["):
        return Markup('<span class="toml-table">{}</span>').format(line)
    match = _TOML_LINE.fullmatch(line)
    if match is None:
        return escape(line)
    return Markup('{indent}<span class="toml-key">{key}</span>{equals}{value}').format(
        **match.groupdict()
    )


def _searched(snapshot: Snapshot) -> tuple[Searched, ...]:
    if snapshot.space is None:
        return ()
    params = snapshot.best.params if snapshot.best else {}
    return tuple(
        _row(name, snapshot.space[name], params, snapshot.defaults or {})
        for name in snapshot.space.names
    )


def _row(
    name: str, parameter: Parameter, best: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Searched:
    position = ranges.position(parameter, best.get(name))
    default = parameter.default if parameter.default is not None else defaults.get(name)
    return Searched(
        name=name,
        values=ranges.describe(parameter),
        when=", ".join(
            f"{other}: {plain(value)}" for other, value in (parameter.when or {}).items()
        ),
        default=MISSING if default is None else setting(default),
        best=setting(best[name]) if name in best else MISSING,
        position=None if position is None else round(100 * position, 1),
    )
