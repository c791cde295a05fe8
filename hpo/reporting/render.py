"""From what a page shows to the HTML of one self-contained file."""

from __future__ import annotations

import functools
import importlib.resources
import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from hpo.reporting.escape import json_block, script_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jinja2
    from markupsafe import Markup

    from hpo.reporting.section import Drawing


def render(template: str, drawings: Iterable[Drawing] = (), **content: Any) -> str:
    """The HTML of a page, with its style, its script and, where it draws, plotly.js inside.

    Args:
        template: Name of the page's template.
        drawings: The figures on the page.
        **content: What the template shows.

    Returns:
        The page. Its content security policy allows no network and no script but its own.
    """
    from markupsafe import Markup

    drawings = tuple(drawings)
    scripts = [_file("report.js")]
    if drawings:
        scripts.insert(0, _plotly())
    return (
        _environment()
        .get_template(template)
        .render(
            **content,
            style=Markup(_file("report.css")),  # noqa: S704  (a file of ours)
            scripts=[Markup(script) for script in scripts],  # noqa: S704  (as above)
            policy=_policy(scripts),
            figures=figures_json(drawings),
            version=_version(),
        )
    )


def figures_json(drawings: Iterable[Drawing]) -> Markup:
    """The figures and the templates of both themes, as a JSON block for the page's script."""
    from plotly.utils import PlotlyJSONEncoder

    from hpo.reporting.figures.theme import templates

    content = {
        "templates": templates(),
        "figures": {drawing.name: _specification(drawing) for drawing in drawings},
    }
    return json_block(json.dumps(content, cls=PlotlyJSONEncoder, separators=(",", ":")))


def _specification(drawing: Drawing) -> dict[str, Any]:
    found = drawing.plot.to_dict()
    found["layout"].pop("template", None)
    return {"data": found["data"], "layout": found["layout"]}


def _policy(scripts: Iterable[str]) -> str:
    hashes = " ".join(script_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("hpo.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    path = importlib.resources.files("hpo.reporting") / "templates" / name
    return path.read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _version() -> str:
    try:
        return version("hpo-keras")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return ""
