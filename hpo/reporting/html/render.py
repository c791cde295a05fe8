"""Render what a page shows as HTML."""

from __future__ import annotations

import functools
import importlib.resources
import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from hpo.reporting.html.assets import Plotly
from hpo.reporting.html.escape import json_block, script_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jinja2
    from markupsafe import Markup

_SCRIPTS = ("figures", "theme", "rows", "tables", "copying")
NO_PLOTLY = Plotly()


def render(
    template: str, *, script_data: Any = None, plotly: Plotly = NO_PLOTLY, **content: Any
) -> str:
    """Render a page, with its style sheet and script inside.

    Args:
        template: The name of the page's template.
        script_data: What the page's script reads, as JSON; by default no figures and no trials.
        plotly: Where the page gets plotly.js from.
        **content: What the template shows.

    Returns:
        The HTML. Its content security policy allows its own scripts only, and no network.
    """
    from markupsafe import Markup

    scripts = [text for text in (plotly.code, _script()) if text]
    return (
        _environment()
        .get_template(template)
        .render(
            **content,
            style=Markup(_file("report.css")),  # noqa: S704  (a file of this package)
            scripts=[Markup(script) for script in scripts],  # noqa: S704  (as above)
            plotly_address=plotly.address,
            policy=_policy(scripts, shared=bool(plotly.address)),
            script_data=_json(script_data or {"templates": {}, "figures": {}, "trials": {}}),
            version=_version(),
        )
    )


def _json(data: Any) -> Markup:
    from plotly.utils import PlotlyJSONEncoder

    return json_block(json.dumps(data, cls=PlotlyJSONEncoder, separators=(",", ":")))


def _script() -> str:
    """The page's script: its files together in one scope."""
    parts = "\n".join(_file(f"js/{name}.js") for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\napplyTheme();\n}})();\n'


def _policy(scripts: Iterable[str], *, shared: bool) -> str:
    hashes = " ".join(script_hash(script) for script in scripts)
    # A page opened from disk has no origin for 'self' to match, so its files are allowed by scheme.
    sources = f"{hashes} 'self' file:" if shared else hashes
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; "
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


def _version() -> str:
    try:
        return version("hpo-keras")
    except PackageNotFoundError:  # run from a source tree without installation
        return ""
