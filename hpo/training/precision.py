"""Keras's dtype policy, for as long as a study wants another one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def precision(policy: str | None) -> Iterator[None]:
    """Build and train models under a dtype policy, and put the present one back afterwards.

    Args:
        policy: Such as "mixed_float16"; None leaves the present one.
    """
    if policy is None:
        yield
        return
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
