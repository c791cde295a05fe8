"""Where things are kept that can be computed again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """The folder of caches: ``HPO_CACHE_DIR``, else ``hpo`` in ``XDG_CACHE_HOME`` or ``~/.cache``.

    Everything in it can be deleted at any time.
    """
    own = os.environ.get("HPO_CACHE_DIR")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpo"
