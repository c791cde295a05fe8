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
    """Provide a temporary path that replaces ``path`` when the block succeeds.

    Args:
        path: The file to write; missing folders are created.

    Yields:
        The path to write to, in the same folder and with the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file that people can read too."""
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
        HPOError: An array holds Python objects, which only pickling can write.
    """
    import numpy as np

    for name, array in arrays.items():
        # NumPy before 2.2 takes savez_compressed(allow_pickle=False) for an array to store.
        if np.asarray(array).dtype.hasobject:
            raise HPOError(
                f"{path}: the array {name!r} holds Python objects, which would have to be pickled. "
                "Convert it to numbers, booleans or fixed-width strings."
            )
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file; an array of objects is refused, not unpickled.

    Raises:
        HPOError: The file is missing, damaged, not an ``.npz``, or holds an array of objects.
    """
    import numpy as np

    try:
        # np.load would also read a single array or a pickle; this reads archives only.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # a damaged archive raises almost anything
        reason = str(error) or type(error).__name__
        raise HPOError(f"{path}: cannot be read ({reason}).") from error
