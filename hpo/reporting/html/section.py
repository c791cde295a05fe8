"""What a page is made of: sections, and the figures drawn in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.reporting.html.table import Table
    from hpo.reporting.sections.mistakes import Gallery


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
        min_width: The width in pixels below which it scrolls sideways rather than shrink.
        wide: Whether it takes the whole width where others stand beside each other.
        small: Whether three of it fit beside each other.
    """

    name: str
    title: str
    alt: str
    plot: Any
    height: int = 360
    note: str = ""
    min_width: int = 0
    wide: bool = False
    small: bool = False


@dataclass(frozen=True)
class Panel:
    """What a reader chooses one of at a time.

    Attributes:
        label: What the choice is called.
        drawings: Its figures.
        gallery: Samples to look at, or None.
        table: A table, or None.
    """

    label: str
    drawings: tuple[Drawing, ...]
    gallery: Gallery | None = None
    table: Table | None = None


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
