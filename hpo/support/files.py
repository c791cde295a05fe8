"""Files that are written whole or not at all, and read without unpickling anything."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block succeeds.

    Args:
        path: The file to write; missing folders are made.

    Yields:
        The path to write to, with the same ending.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read too."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        HPOError: It is missing or damaged.
    """
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise HPOError(f"{path}: cannot be read ({error}).") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a compressed ``.npz`` file.

    Raises:
        HPOError: One of them is of objects, which only pickling could write.
    """
    import numpy as np

    for name, array in arrays.items():
        # NumPy before 2.2 knows no savez_compressed(allow_pickle=False) and stores it as an array.
        if np.asarray(array).dtype.hasobject:
            raise HPOError(
                f"{path}: the array {name!r} is of Python objects, which would have to be "
                "pickled. Give it a type of its own: numbers, booleans or fixed-width strings."
            )
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file; an array of objects is refused, not unpickled.

    Raises:
        HPOError: The file is missing, damaged, no ``.npz`` or holds an array of objects.
    """
    import numpy as np

    try:
        # np.load would take a lone array or a pickle too; this takes an archive only.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # a damaged archive raises almost anything
        reason = str(error) or type(error).__name__
        raise HPOError(f"{path}: cannot be read ({reason}).") from error
