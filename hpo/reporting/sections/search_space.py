"""The search space: what was searched, and where in it the best trial lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from hpo.reporting.html import ranges
from hpo.reporting.html.formats import MISSING, plain, setting
from hpo.reporting.html.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.space.parameters import Parameter

_TOML_LINE = re.compile(r"(?P<indent>\s*)(?P<key>[\w.\"'-]+)(?P<equals>\s*=)(?P<value>.*)")


@dataclass(frozen=True)
class Searched:
    """A hyperparameter of the search space.

    Attributes:
        name: Its name.
        values: What was searched, in words.
        when: When it applies; empty where always.
        default: Its default, as shown.
        best: Its value in the best trial, as shown.
        position: Where that lies in the range, in percent; None where it is not numeric.
    """

    name: str
    values: str
    when: str
    default: str
    best: str
    position: float | None


@dataclass(frozen=True)
class Searchable:
    """What the section on the search space shows.

    Attributes:
        searched: The hyperparameters.
        toml: The search space as TOML, marked up.
    """

    searched: tuple[Searched, ...]
    toml: Markup


def search_space(snapshot: Snapshot) -> Section:
    """The section on the search space."""
    lead = "What was searched."
    if snapshot.best is not None:
        lead += (
            " The mark shows where the best trial lies between the low and the high end of a "
            "range, on the scale that was searched."
        )
    return Section(
        anchor="space",
        title="Search space",
        lead=lead,
        template="space",
        content=Searchable(_searched(snapshot), highlight(snapshot.settings.space)),
    )


def highlight(toml: str) -> Markup:
    """TOML with its tables, keys and comments marked up.

    Args:
        toml: Any text; what is not understood is shown as it is.

    Returns:
        The text, escaped, with ``span`` elements around those parts.
    """
    return Markup("\n").join(_highlight_line(line) for line in toml.strip().splitlines())


def _highlight_line(line: str) -> Markup:
    if line.lstrip().startswith("#"):
        return Markup('<span class="toml-comment">{}</span>').format(line)
    if line.lstrip().startswith("["):
        return Markup('<span class="toml-table">{}</span>').format(line)
    found = _TOML_LINE.fullmatch(line)
    if found is None:
        return escape(line)
    return Markup('{indent}<span class="toml-key">{key}</span>{equals}{value}').format(
        **found.groupdict()
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
