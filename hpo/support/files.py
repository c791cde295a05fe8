"""Files that are written whole or not at all, and read without unpickling anything."""

from __future__ import annotations

import errno
import json
import re
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    import numpy as np


MAX_DEPTH = 64
"""Maximum depth of nested JSON; what this package writes is far less deep."""


ABANDONED_SECONDS = 600
"""A file that no process has written for so long is one that a killed process left."""

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}(\.\w+)*")


def is_abandoned(path: Path) -> bool:
    """Whether a file has not been written for :data:`ABANDONED_SECONDS`."""
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_SECONDS
    except OSError:
        return False


def sweep(folder: Path) -> None:
    """Remove what :func:`replacing` left in a folder and below when its process was killed."""
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file() and is_abandoned(path):
            path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Provide a temporary path that replaces ``path`` when the block succeeds.

    Args:
        path: The file to write; missing folders are created. A link is replaced, not followed: a
            study from somebody else must not lead to files outside of it.

    Yields:
        The path to write to, in the same folder and with the same suffix.

    Raises:
        OSError: The file cannot be written; the error names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename in (
            None,
            str(temporary),
            temporary,
        ):  # writing to an open file names none
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def output_file(path: Path, *inputs: Path, option: str = "--output") -> Path:
    """Find the file that a path means as an output, and refuse what must not be replaced.

    Args:
        path: The path that the user named.
        inputs: Files that the command reads.
        option: What the path was given as, for messages.

    Returns:
        The path with links resolved, so that a file is replaced and never a link to it.

    Raises:
        UsageError: It is a folder, a device, a pipe or a socket, lies below a file, or is one of
            the inputs.
    """
    target = _resolved(path, option)
    if target.is_dir():
        raise UsageError(f"{option} {path} is a folder. Name a file in it.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{option} {path} is a device, a pipe or a socket. Name a file.")
    if any(target.exists() and one.exists() and target.samefile(one) for one in inputs):
        raise UsageError(
            f"{option} {path} is a file that the command reads and would replace. Name another one."
        )
    return target


def output_folder(path: Path, option: str = "--output") -> Path:
    """Find the folder that a path means as an output, which need not exist yet.

    Args:
        path: The path that the user named.
        option: What the path was given as, for messages.

    Returns:
        The path with links resolved.

    Raises:
        UsageError: It is a file, a device, a pipe or a socket, or lies below one.
    """
    target = _resolved(path, option)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{option} {path} is not a folder. Name a folder.")
    return target


def _resolved(path: Path, option: str) -> Path:
    try:
        target = path.expanduser().resolve()
        target.exists()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a name too long
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{option} {path} cannot be a file ({reason}).") from error
    existing = next(folder for folder in target.parents if folder.exists())
    if not existing.is_dir():
        raise UsageError(f"{option} {path} lies below {existing}, which is not a folder.")
    return target


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file that people can read too."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        HPOError: It is missing or damaged, or not a file.
    """
    try:
        check_is_file(path)
        return parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise HPOError(f"{path}: cannot be read ({error}).") from error


def parse_json(text: bytes) -> Any:
    """Parse JSON that may have been damaged.

    Raises:
        ValueError: It is not JSON, or nested deeper than `MAX_DEPTH`.
    """
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deep(content):
        raise ValueError("nested too deeply")
    return content


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_DEPTH):
        containers = (one.values() if isinstance(one, dict) else one for one in level)
        level = [v for inside in containers for v in inside if isinstance(v, dict | list)]
        if not level:
            return False
    return True


def check_is_file(path: Path) -> None:
    """Refuse a pipe, which would be waited for, and a device.

    Raises:
        OSError: The path exists and is a device, a pipe or a socket.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "is a device, a pipe or a socket")


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


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file; an array of objects is refused, not unpickled.

    Args:
        path: The file.
        names: Only these are read, as far as they are there; by default all.

    Raises:
        HPOError: The file is missing, damaged, not an ``.npz``, or holds an array of objects.
    """
    import numpy as np

    try:
        check_is_file(path)
        # np.load would also read a single array or a pickle; this reads archives only.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            wanted = [name for name in archive.files if names is None or name in names]
            found = {name: archive[name] for name in wanted}
    except Exception as error:  # a damaged archive raises almost anything
        reason = str(error) or type(error).__name__
        raise HPOError(f"{path}: cannot be read ({reason}).") from error
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy gives the bytes of what is not named .npy
            raise HPOError(f"{path}: cannot be read ({name!r} is no array).")
    return found
