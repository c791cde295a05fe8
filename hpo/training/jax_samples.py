"""The samples of all folds on JAX's device, and batches of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from hpo.training import variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.folds import FoldArrays


@dataclass(frozen=True)
class Group:
    """Folds with parts of the same sizes, which one program can train.

    Attributes:
        folds: Their positions among all folds.
        n_train: Samples that each trains on.
        n_validation: Samples that each is validated on.
    """

    folds: tuple[int, ...]
    n_train: int
    n_validation: int


def groups_of(folds: Sequence[FoldArrays]) -> list[Group]:
    """Group folds by the sizes of their parts."""
    by_sizes: dict[tuple[int, int], list[int]] = {}
    for place, fold in enumerate(folds):
        by_sizes.setdefault((len(fold.train), len(fold.validation)), []).append(place)
    return [Group(tuple(places), *sizes) for sizes, places in by_sizes.items()]


class Samples:
    """The arrays of all folds: those that all share once, the others stacked.

    Args:
        folds: The folds, with arrays of equal shapes.

    Attributes:
        arrays: The device's arrays, of shape (n_samples, ...) if all folds share them, else
            (n_folds, n_samples, ...).
    """

    def __init__(self, folds: Sequence[FoldArrays]) -> None:
        parts = [(fold.x, fold.y, fold.sample_weight) for fold in folds]
        structures = [
            jax.tree.flatten(tuple(p for p in of_fold if p is not None)) for of_fold in parts
        ]
        self._structure = structures[0][1]
        by_array = list(zip(*(leaves for leaves, _structure in structures), strict=True))
        self._is_shared = [all(a is of_all[0] for a in of_all) for of_all in by_array]
        self.arrays = [
            jnp.asarray(_as_keras_takes(of_all[0] if shared else np.stack(of_all)))
            for of_all, shared in zip(by_array, self._is_shared, strict=True)
        ]

    def batch(self, arrays: Sequence[Any], fold: Any, positions: Any) -> Any:
        """Samples of a fold, as Keras's steps take them: (x, y) or (x, y, sample_weight).

        Args:
            arrays: ``self.arrays``, as the compiled function gets them.
            fold: Position of the fold.
            positions: Positions of the samples, shape (n,).
        """
        leaves = [
            array[positions] if shared else array[fold, positions]
            for array, shared in zip(arrays, self._is_shared, strict=True)
        ]
        return jax.tree.unflatten(self._structure, leaves)


def _as_keras_takes(array: np.ndarray) -> np.ndarray:
    """An array in the precision that ``fit`` gives it, and with JAX's integers."""
    array = variables.single_precision(array)
    narrow = {"int64": "int32", "uint64": "uint32"}.get(array.dtype.name)
    return array.astype(narrow) if narrow and not jax.config.jax_enable_x64 else array
