"""Keras's dtype policy, set while a study's models are built and trained."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def precision(policy: str | None) -> Iterator[None]:
    """Build and train models under a dtype policy, and restore the current one afterward.

    Args:
        policy: A name such as "mixed_float16"; None keeps the current policy.
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
