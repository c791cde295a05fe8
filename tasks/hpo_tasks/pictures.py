"""Pictures as arrays of bytes: decoded once, kept on disk, mapped into memory.

Decoding and resizing thousands of pictures takes longer than a short trial, and every worker needs
the same ones. So they are cached in a folder (``HPO_CACHE_DIR``, else ``hpo`` in
``XDG_CACHE_HOME`` or ``~/.cache``) as ``.npy`` files, named by the digest of everything they depend
on. The files can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from hpo import HPOError, cache_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SUFFIXES = (".jpg", ".jpeg")
BATCH = 128

# hpo and TensorFlow recognize shared arrays by their address. So every request for the same file
# returns the same array, and three folds hold one copy.
_mapped: WeakValueDictionary[Path, np.ndarray] = WeakValueDictionary()


def list_pictures(folder: Path) -> list[Path]:
    """List the JPEG files of a folder, sorted by name.

    Raises:
        HPOError: There is no such folder, or no picture in it.
    """
    paths = [path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise HPOError(f"pictures: {folder} has no JPEG files. Put the pictures there.")
    return sorted(paths)


def load_pictures(paths: Sequence[Path], size: int) -> np.ndarray:
    """Decode JPEG files and resize them to one size; the cache keeps the result.

    Args:
        paths: The files. The cache recognizes them by name, size and time of last change.
        size: Height and width of the result, in pixels; the aspect ratio is not kept.

    Returns:
        Pictures, uint8, shape (n, size, size, 3), read-only.

    Raises:
        HPOError: A file is not a JPEG picture.
    """
    key = digest(["pictures", size, *map(_describe, paths)])
    return cached(key, lambda: _decode_all(paths, size))


def resize(pictures: np.ndarray, size: int) -> np.ndarray:
    """Resize pictures; the cache keeps the result.

    Args:
        pictures: Pictures, uint8, shape (n, height, width, 3).
        size: Height and width of the result, in pixels.

    Returns:
        Pictures, uint8, shape (n, size, size, 3), read-only; the same array for equal arguments.
    """
    key = digest(["resized", size, content(pictures)])
    return cached(key, lambda: np.concatenate([rescale(part, size) for part in batches(pictures)]))


def rescale(pictures: np.ndarray, size: int) -> np.ndarray:
    """Resize a batch of pictures without the cache.

    Args:
        pictures: Pictures, uint8, shape (n, height, width, 3).
        size: Height and width of the result, in pixels.

    Returns:
        Pictures, uint8, shape (n, size, size, 3); the argument itself if it has that size already.
    """
    import keras

    if pictures.shape[1:3] == (size, size):
        return pictures
    resized = keras.ops.image.resize(
        pictures.astype("float32"), (size, size), antialias=True, data_format="channels_last"
    )
    rounded = np.round(keras.ops.convert_to_numpy(resized))
    return np.asarray(np.clip(rounded, 0, 255), "uint8")


def batches(pictures: np.ndarray) -> Iterator[np.ndarray]:
    """Split pictures into batches of up to ``BATCH``."""
    for start in range(0, len(pictures), BATCH):
        yield pictures[start : start + BATCH]


class Resize(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """Resizes pictures; it learns nothing from them.

    Args:
        size: Height and width of the result, in pixels.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def fit(self, _x: Any, _y: Any = None) -> Resize:
        """Learn nothing."""
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Return pictures, uint8, shape (n, size, size, 3), of pictures of any height and width."""
        return resize(x, self.size)

    def exported(self) -> tuple[Callable[..., np.ndarray], dict[str, Any]]:
        """Return ``transform`` as a function of NumPy and Keras, for ``hpo export``."""
        return resized, {"size": self.size}


def resized(x: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """Resize any number of pictures without the cache.

    Args:
        x: Pictures, uint8, shape (n, height, width, 3).
        settings: "size": height and width of the result, in pixels.
    """
    return np.concatenate([rescale(batch, int(settings["size"])) for batch in batches(x)])


def cached(key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Return an array from the cache; make and store it first if it is missing or damaged.

    Two processes that make the same array at once do not disturb each other: each moves a complete
    file into place.

    Args:
        key: The :func:`digest` of everything the array depends on.
        make: Makes the array.

    Returns:
        The array, mapped into memory and read-only; the same object as long as it is in use.

    Raises:
        HPOError: The file cannot be read back after it was written.
    """
    path = cache_directory() / f"{key}.npy"
    array = _mapped.get(path)
    if array is None or not path.exists():
        array = _read(path)
    if array is None:
        made = make()
        _write(path, lambda file: np.save(file, made, allow_pickle=False))
        array = _read(path)
    if array is None:
        raise HPOError(f"pictures: {path} cannot be read back. Is the disk full?")
    _mapped[path] = array
    return array


def cached_rows(
    key: str, pictures: np.ndarray, make: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return one row per picture from the cache; make and store missing rows first.

    Folds, the whole training data and the test set share pictures, so each row is stored by the
    content of its picture. If two processes add rows at once, one of them may have to repeat it.

    Args:
        key: The :func:`digest` of everything the rows depend on, except the pictures.
        pictures: Pictures, shape (n, height, width, 3).
        make: Makes rows, shape (m, ...), of m pictures.

    Returns:
        A row per picture, shape (n, ...).
    """
    path = cache_directory() / f"{key}.npz"
    names = [content(picture) for picture in pictures]
    rows = _read_rows(path)
    missing = [place for place, name in enumerate(names) if name not in rows]
    if missing:
        new = make(pictures[missing])
        rows |= {names[place]: row for place, row in zip(missing, new, strict=True)}
        stacked = np.stack(list(rows.values()))
        _write(path, lambda file: np.savez(file, names=list(rows), rows=stacked))
    return np.stack([rows[name] for name in names])


def digest(parts: Sequence[Any]) -> str:
    """Return a short name for strings and numbers: equal values have equal names."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def content(array: np.ndarray) -> str:
    """Return a short name for the content of an array."""
    hashed = hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest([array.dtype.str, array.shape, hashed.hexdigest()])


def _describe(path: Path) -> list[Any]:
    status = path.stat()
    return [path.name, path.parent.name, status.st_size, status.st_mtime_ns]


def _read(path: Path) -> np.ndarray | None:
    """Return the array of a file; None if the file is missing or damaged."""
    try:
        # A plain array: NumPy would make a new np.memmap at every use.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError, SyntaxError):
        return None


def _read_rows(path: Path) -> dict[str, np.ndarray]:
    """Return rows by the names of their pictures; {} if the file is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names, rows = arrays["names"], arrays["rows"]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return {}
    return dict(zip(names.tolist(), rows, strict=True))


def _write(path: Path, save: Callable[[IO[bytes]], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            save(file)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _decode_all(paths: Sequence[Path], size: int) -> np.ndarray:
    pictures = np.empty((len(paths), size, size, 3), np.uint8)
    for position, path in enumerate(paths):
        pictures[position] = rescale(_decode(path)[None], size)[0]
    return pictures


def _decode(path: Path) -> np.ndarray:
    import tensorflow as tf

    try:
        return np.asarray(tf.io.decode_jpeg(path.read_bytes(), channels=3))
    except tf.errors.InvalidArgumentError as error:
        raise HPOError(f"pictures: {path} is not a JPEG picture. Replace or remove it.") from error
