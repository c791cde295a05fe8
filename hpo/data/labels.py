"""Labels as people write them: texts in place of the numbers of classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.targets import meaning_of
from hpo.errors import HPOError, suggestion

if TYPE_CHECKING:
    from hpo.task import Data

_TEXTS = "US"
_MAX_NAMED = 5
_MAX_MISSING = 100_000


def numbered(data: Data, objective: str) -> Data:
    """The data with class numbers in place of labels that are texts.

    Class names come from the training labels, in alphabetical order, unless they are given. Labels
    of several outputs stay as they are, since class names belong to one.

    Args:
        data: The data.
        objective: The name of the task's objective.

    Raises:
        HPOError: A label is missing, or is none of the class names; the texts are numbers, or the
            objective measures quantities; or the test set has a class that the training set lacks.
    """
    if isinstance(data.y, Mapping) or not _are_texts(data.y):
        return data
    labels = _texts("y", data.y)
    given = data.class_names
    if given is None:
        _check_are_classes(labels, objective)
    names = sorted(set(labels.ravel().tolist())) if given is None else list(given)
    source = "class_names" if given is not None else "y"
    changes: dict[str, Any] = {"y": _numbers("y", labels, names, source), "class_names": names}
    if data.y_test is not None:
        if not _are_texts(data.y_test):
            raise HPOError(
                f"Data: y_test must hold labels that are texts, as y does. Received: an array of "
                f"{data.y_test.dtype}"
            )
        changes["y_test"] = _numbers("y_test", _texts("y_test", data.y_test), names, source)
    return dataclasses.replace(data, **changes)


def _check_are_classes(labels: np.ndarray, objective: str) -> None:
    """Refuse texts that are no names of classes."""
    example = labels.flat[0]
    if meaning_of(objective) == "quantity":
        raise HPOError(
            f"Data: y must hold numbers, since the objective {objective} measures quantities. "
            f"Received: texts such as {example!r}"
        )
    if all(map(_is_number, set(labels.ravel().tolist()))):
        raise HPOError(
            f"Data: y holds numbers as texts, such as {example!r}. Convert them: "
            "y.astype('float32') for quantities, y.astype(int) for class numbers; or name the "
            "classes in their order with Data(class_names=...)."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _are_texts(array: Any) -> bool:
    """Whether an array holds texts, perhaps with gaps between them."""
    if array.dtype.kind != "O":
        return array.dtype.kind in _TEXTS
    cells = array.ravel()[:_MAX_MISSING].tolist()
    return any(isinstance(cell, str | bytes) for cell in cells) and all(
        isinstance(cell, str | bytes) or _is_missing(cell) for cell in cells
    )


def _is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN, or what pandas marks a gap with."""
    return cell is None or type(cell).__name__ == "NAType" or bool(cell != cell)  # noqa: PLR0124


def _texts(name: str, array: np.ndarray) -> np.ndarray:
    """Labels as text, shape (n,) or (n, n_steps)."""
    cells = array.ravel().tolist()
    for place, cell in enumerate(cells):
        if not isinstance(cell, str | bytes):
            row = place // max(1, len(cells) // len(array))
            raise HPOError(
                f"Data: {name} has no label in row {row}. Received: {cell!r}. Leave out samples "
                "without a label, or give them one."
            )
    texts = [cell.decode() if isinstance(cell, bytes) else cell for cell in cells]
    shape = array.shape[:1] if array.size == len(array) else array.shape
    return np.array(texts, object).reshape(shape)


def _numbers(name: str, labels: np.ndarray, names: list[str], source: str) -> np.ndarray:
    """The positions of labels in the names of the classes, shape (n,) or (n, n_steps)."""
    places = {label: place for place, label in enumerate(names)}
    unknown = sorted(set(labels.ravel().tolist()) - places.keys())
    if unknown:
        shown = ", ".join(map(repr, unknown[:_MAX_NAMED]))
        raise HPOError(
            f"Data: {name} has labels that {source} lacks: {shown}. {suggestion(unknown[0], names)}"
        )
    return np.array([places[label] for label in labels.ravel()], "int64").reshape(labels.shape)
