"""Configurations as points of a Euclidean space, so that their kernel is positive definite.

Each axis contributes the distance along it times its own weight: the difference of numbers, and
for categories the Hamming distance, 1 between any two.

A parameter that does not apply has an inactive value. For a categorical parameter it is an
additional category. The values of a number lie on an arc of one radian around the inactive value,
after Hutter and Osborne (2013), "A kernel for hierarchical parameter spaces": so it is as far from
each of them as the two ends are from each other, and the distance along the axis counts only if
both apply. Whether parameters with the same conditions apply is an axis too, with a weight for how
much that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpo.space.axes import Axes


@dataclass(frozen=True)
class Features:
    """The features of configurations.

    Args:
        axes: The axes of the search.
    """

    axes: Axes

    @cached_property
    def groups(self) -> list[list[int]]:
        """Positions of the axes that apply together, except those that always apply."""
        groups: list[list[int]] = []
        for j in self.axes.searched:
            conditions = self.axes.axes[j].conditions
            if not conditions:
                continue
            alike = [g for g in groups if self.axes.axes[g[0]].conditions == conditions]
            if alike:
                alike[0].append(j)
            else:
                groups.append([j])
        return groups

    @cached_property
    def columns(self) -> list[list[int]]:
        """The columns of each weight: of the axes that are searched, then of the groups."""
        columns, start = [], 0
        for width in [*map(self._width, self.axes.searched), *(1 for _ in self.groups)]:
            columns.append(list(range(start, start + width)))
            start += width
        return columns

    @cached_property
    def weight_of(self) -> np.ndarray:
        """The weight of each column, shape (n_features,)."""
        widths = [len(columns) for columns in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

    def _width(self, j: int) -> int:
        axis = self.axes.axes[j]
        if axis.is_categorical:
            return (axis.n_values or 0) + bool(axis.conditions)
        return 2 if axis.conditions else 1

    def of(self, codes: np.ndarray) -> np.ndarray:
        """The features of configurations.

        Args:
            codes: Shape (n, n_axes).

        Returns:
            Shape (n, n_features).
        """
        applies = self.axes.applies(codes)
        features = np.zeros((len(codes), len(self.weight_of)))
        rows = np.arange(len(codes))
        n_searched = len(self.axes.searched)
        for j, columns in zip(self.axes.searched, self.columns[:n_searched], strict=True):
            active, code = applies[:, j], codes[:, j]
            first = columns[0]
            if self.axes.axes[j].is_categorical:
                category = np.where(active, code, len(columns) - 1).astype(int)
                features[rows, first + category] = np.sqrt(0.5)
            elif len(columns) == 1:
                features[:, first] = code
            else:
                features[:, first] = np.where(active, np.sin(code), 0.0)
                features[:, first + 1] = np.where(active, np.cos(code), 0.0)
        for group, columns in zip(self.groups, self.columns[n_searched:], strict=True):
            features[:, columns[0]] = applies[:, group[0]]
        return features

    def slopes(self, codes: np.ndarray, gradient: np.ndarray, free: list[int]) -> np.ndarray:
        """The gradient with respect to the codes of numeric axes that apply.

        Args:
            codes: Of one configuration, shape (n_axes,).
            gradient: With respect to its features, shape (n_features,).
            free: Positions of the axes.

        Returns:
            Shape (len(free),).
        """
        slopes = np.empty(len(free))
        for position, j in enumerate(free):
            columns = self.columns[self.axes.searched.index(j)]
            if len(columns) == 1:
                slopes[position] = gradient[columns[0]]
            else:
                sine, cosine = np.sin(codes[j]), np.cos(codes[j])
                slopes[position] = gradient[columns[0]] * cosine - gradient[columns[1]] * sine
        return slopes

    def moved(self, features: np.ndarray, codes: np.ndarray, free: list[int]) -> np.ndarray:
        """The features of a configuration whose numeric axes were moved.

        Args:
            features: Before, shape (n_features,).
            codes: After, shape (n_axes,).
            free: Positions of the axes that were moved; they apply, and no condition is on them.

        Returns:
            Shape (n_features,).
        """
        after = features.copy()
        for j in free:
            columns = self.columns[self.axes.searched.index(j)]
            if len(columns) == 1:
                after[columns[0]] = codes[j]
            else:
                after[columns] = np.sin(codes[j]), np.cos(codes[j])
        return after
