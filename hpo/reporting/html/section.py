"""What a page is made of: sections and their figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.reporting.html.gallery import Gallery
    from hpo.reporting.html.table import Table


@dataclass(frozen=True)
class Drawing:
    """A Plotly figure with its caption.

    Attributes:
        name: The name within the page: letters, digits and dashes.
        title: What the figure shows, in a few words.
        alt: What a reader who cannot see the figure should know.
        plot: The ``plotly.graph_objects.Figure``.
        height: The height in pixels.
        note: A line below the title: how to read the figure, or its main result.
        min_width: The width in pixels below which the figure scrolls instead of shrinking.
        wide: Whether the figure takes the full width of its section.
        small: Whether three such figures fit side by side.
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

    @property
    def specification(self) -> dict[str, Any]:
        """The data and the layout for plotly.js, without a template: the page adds its own."""
        plot = self.plot.to_dict()
        plot["layout"].pop("template", None)
        return {"data": plot["data"], "layout": plot["layout"]}


@dataclass(frozen=True)
class Panel:
    """One of several views of which the reader sees one at a time.

    Attributes:
        label: The name of the view in the menu.
        drawings: The figures.
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
        anchor: The address within the page.
        title: The heading.
        lead: A few plain sentences that explain what the section shows.
        template: The name of its template in ``templates/sections``.
        content: What the template shows.
        drawings: The figures.
    """

    anchor: str
    title: str
    lead: str
    template: str
    content: Any = None
    drawings: tuple[Drawing, ...] = ()
