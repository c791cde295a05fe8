"""plotly.js: inside each page, or in one file that several pages share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote

from hpo.errors import UsageError
from hpo.options import Assets

if TYPE_CHECKING:
    from pathlib import Path

ASSETS: tuple[Assets, ...] = get_args(Assets)


@dataclass(frozen=True)
class Plotly:
    """Where a page gets plotly.js from.

    Attributes:
        code: The script to put into the page; "" if the page loads a file.
        address: The address of the file, relative to the page; "" if the script is in the page.
    """

    code: str = ""
    address: str = ""


def provide(assets: Assets, page: Path, folder: Path) -> Plotly:
    """Make plotly.js available to a page.

    Args:
        assets: "embed" to put it into the page, "directory" to share one file of it.
        page: The path of the page.
        folder: The folder of the shared file: the folder of the page or one above it.

    Raises:
        UsageError: ``assets`` has another value.
    """
    from plotly.offline import get_plotlyjs, get_plotlyjs_version

    if assets not in ASSETS:
        raise UsageError(f"assets must be 'embed' or 'directory'. Received: {assets!r}")
    if assets == "embed":
        return Plotly(code=str(get_plotlyjs()))
    shared = folder / f"plotly-{get_plotlyjs_version()}.min.js"
    if not shared.exists():
        from hpo.support.files import replacing

        with replacing(shared) as temporary:
            temporary.write_text(get_plotlyjs(), encoding="utf-8")
    return Plotly(address=quote(os.path.relpath(shared, page.parent).replace(os.sep, "/")))
