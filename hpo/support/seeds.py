"""Seeds derived from other seeds."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, purpose: str, ordinal: int) -> int:
    """A separate seed for every purpose and ordinal, the same on every machine.

    Args:
        seed: The seed to derive it from.
        purpose: The purpose of the seed.
        ordinal: The number of the seed among those for the same purpose.

    Returns:
        A whole number from 0 to 2**31 - 1.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{ordinal}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1
