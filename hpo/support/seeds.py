"""Seeds derived from other seeds."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, purpose: str, ordinal: int) -> int:
    """A seed of its own for every purpose and ordinal, the same on every machine.

    Args:
        seed: The seed it is derived from.
        purpose: What it is for.
        ordinal: Which of the seeds for that purpose it is.

    Returns:
        A number of 31 bits.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{ordinal}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1
