"""JAX's cache of compiled programs, on disk: shared by workers and studies, bounded, private."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.support.cache import cache_directory

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1 << 30
"""The programs that were not used for longest are removed beyond this."""

VARIABLE = "JAX_COMPILATION_CACHE_DIR"
"""JAX's own variable; what it names is used as it is."""

_PRIVATE = 0o700


@dataclass(frozen=True)
class Probe:
    """What the cache does on this machine.

    Attributes:
        directory: Where it is; "" if there is none.
        n_bytes: What it holds.
        takes_back: Whether JAX takes programs back from it; on some processors it does not.
    """

    directory: str
    n_bytes: int
    takes_back: bool


def directory() -> Path:
    """The folder of compiled programs."""
    return cache_directory() / "jax"


def enable() -> None:
    """Let JAX keep what it compiles; without a folder that only this user can read, it does not."""
    if os.environ.get(VARIABLE):
        return
    import jax

    folder = directory()
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        folder.chmod(_PRIVATE)  # refused if it is another user's
    except OSError:
        return
    for name, value in (
        ("jax_compilation_cache_dir", str(folder)),
        ("jax_compilation_cache_max_size", MAX_BYTES),
        ("jax_persistent_cache_min_compile_time_secs", 0.0),
        ("jax_persistent_cache_min_entry_size_bytes", -1),
    ):
        jax.config.update(name, value)


def probe() -> Probe:
    """Compile a small program, forget it, and see whether the cache gives it back."""
    import jax

    hits = 0

    def count(event: str, **_details: object) -> None:
        nonlocal hits
        hits += event == "/jax/compilation_cache/cache_hits"

    jax.monitoring.register_event_listener(count)
    for _attempt in range(2):
        jax.clear_caches()
        jax.jit(lambda x: (x * 2.0 + 1.0).sum())(jax.numpy.arange(7.0)).block_until_ready()
    folder = jax.config.jax_compilation_cache_dir or ""
    return Probe(folder, _size(folder), hits > 0)


def _size(folder: str) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder)) if folder else 0
    except OSError:
        return 0
