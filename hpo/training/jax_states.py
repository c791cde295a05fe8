"""States of folds under JAX: lists of arrays, or places in arrays that hold all folds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Stack:
    """The states of several folds, stacked.

    Attributes:
        device: A tree of the device's arrays.
    """

    device: Any

    @cached_property
    def host(self) -> Any:
        """The same as arrays of NumPy, copied once for all folds."""
        return jax.device_get(self.device)

    def __getitem__(self, place: tuple[int, ...]) -> Row:
        return Row(self, place)


@dataclass(frozen=True, eq=False)
class Row:
    """The state of one fold in a stack."""

    stack: Stack
    place: tuple[int, ...]


def arrays_of(state: Any) -> Any:
    """The arrays of a state, by kind of variable."""
    if isinstance(state, Row):
        return jax.tree.map(lambda array: array[state.place], state.stack.host)
    return state


def stacked(states: Sequence[Any]) -> Any:
    """The states of all folds as one tree of arrays with an axis for the folds."""
    first = states[0]
    if isinstance(first, Row) and all(
        isinstance(state, Row) and state.stack is first.stack and state.place == (fold,)
        for fold, state in enumerate(states)
    ):
        return first.stack.device
    return jax.tree.map(
        lambda *arrays: np.stack([np.asarray(array) for array in arrays]),
        *(arrays_of(state) for state in states),
    )


def stack_of(states: Sequence[Sequence[Any]]) -> Any:
    """The arrays behind states that are all places in one stack; None if they are not."""
    rows = [state for of_rule in states for state in of_rule]
    if all(isinstance(row, Row) and row.stack is rows[0].stack for row in rows):
        return rows[0].stack.device
    return None
