"""What a page is made of: sections, and the figures drawn in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Drawing:
    """A Plotly figure and the words beside it.

    Attributes:
        name: Its name within the page: letters, digits and dashes.
        title: What it shows, in a few words.
        alt: What a reader who cannot see it should know.
        plot: The ``plotly.graph_objects.Figure``.
        height: Its height in pixels.
        note: A line below the title, such as how good what is shown is.
    """

    name: str
    title: str
    alt: str
    plot: Any
    height: int = 360
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """Drawings of which the reader chooses one panel at a time.

    Attributes:
        label: What the choice is called.
        drawings: What it shows.
    """

    label: str
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes:
        anchor: Its address within the page.
        title: Its heading.
        lead: A plain sentence or two that explain what is seen.
        template: The template in ``templates/sections`` that lays it out.
        content: What that template needs.
        drawings: Its figures.
    """

    anchor: str
    title: str
    lead: str
    template: str
    content: Any = None
    drawings: tuple[Drawing, ...] = ()
