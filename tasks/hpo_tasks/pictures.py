"""Pictures as arrays of bytes: decoded once, kept on disk, mapped into memory.

Decoding and shrinking thousands of pictures takes longer than a short trial, and every worker
needs the same ones. So they lie in a folder (``HPO_CACHE_DIR``, else ``hpo`` in
``XDG_CACHE_HOME`` or ``~/.cache``) as ``.npy`` files under the digest of all they depend on.
Whatever lies there can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from hpo import HPOError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SUFFIXES = (".jpg", ".jpeg")
BATCH = 128

# hpo and TensorFlow tell shared arrays by their address: whoever asks for the same file gets the
# same array, so that three folds hold one copy.
_mapped: WeakValueDictionary[Path, np.ndarray] = WeakValueDictionary()


def list_pictures(folder: Path) -> list[Path]:
    """The JPEG files of a folder, by name.

    Raises:
        HPOError: There is no such folder, or no picture in it.
    """
    found = [path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES]
    if not found:
        raise HPOError(f"pictures: {folder} holds no JPEG files. Put the pictures there.")
    return sorted(found)


def load_pictures(paths: Sequence[Path], size: int) -> np.ndarray:
    """Decode JPEG files and bring them to one size, as the cache has them or for the first time.

    Args:
        paths: The files. Their names, sizes and times of change say whether the cache holds them.
        size: Height and width of the result, in pixels; the aspect ratio is not kept.

    Returns:
        Pictures, uint8, shape (n, size, size, 3), read-only.

    Raises:
        HPOError: A file is no JPEG picture.
    """
    key = digest(["pictures", size, *map(_describe, paths)])
    return cached(key, lambda: _decode_all(paths, size))


def resize(pictures: np.ndarray, size: int) -> np.ndarray:
    """Bring pictures to another size, as the cache has them or for the first time.

    Args:
        pictures: Pictures, uint8, shape (n, height, width, 3).
        size: Height and width of the result, in pixels.

    Returns:
        Pictures, uint8, shape (n, size, size, 3), read-only; for equal arguments the same array.
    """
    key = digest(["resized", size, content(pictures)])
    return cached(key, lambda: np.concatenate([rescale(part, size) for part in batches(pictures)]))


def rescale(pictures: np.ndarray, size: int) -> np.ndarray:
    """Bring a batch of pictures to another size; nothing is kept.

    Args:
        pictures: Pictures, uint8, shape (n, height, width, 3).
        size: Height and width of the result, in pixels.

    Returns:
        Pictures, uint8, shape (n, size, size, 3); the same where they have that size already.
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
    """Cut pictures into batches of up to ``BATCH``."""
    for start in range(0, len(pictures), BATCH):
        yield pictures[start : start + BATCH]


class Resize(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """Brings pictures to another size; it learns nothing from them.

    Args:
        size: Height and width of the result, in pixels.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def fit(self, _x: Any, _y: Any = None) -> Resize:
        """Learn nothing."""
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Pictures, uint8, shape (n, size, size, 3), of such of any height and width."""
        return resize(x, self.size)

    def exported(self) -> tuple[Callable[..., np.ndarray], dict[str, Any]]:
        """What ``transform`` does as a function of NumPy and Keras, for ``hpo export``."""
        return resized, {"size": self.size}


def resized(x: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    """Bring any number of pictures to another size; nothing is kept.

    Args:
        x: Pictures, uint8, shape (n, height, width, 3).
        given: "size": height and width of the result, in pixels.
    """
    return np.concatenate([rescale(batch, int(given["size"])) for batch in batches(x)])


def cached(key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array from the cache; made and put there where it is not, or not whole.

    Two processes that make the same at once do not disturb each other: the file appears whole.

    Args:
        key: What the array depends on, as :func:`digest` writes it.
        make: Makes the array.

    Returns:
        The array, mapped into memory and read-only; the same object as long as it is in use.
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


def remembered(
    key: str, pictures: np.ndarray, make: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """What is made of each picture by itself, computed once for every picture.

    Folds, the whole training data and the test set share pictures, so each row is kept under the
    content of its picture. Of two processes that add rows at once, one may have to do so again.

    Args:
        key: What the rows depend on beside the picture, as :func:`digest` writes it.
        pictures: Pictures, shape (n, height, width, 3).
        make: Makes rows, shape (m, ...), of m of the pictures.

    Returns:
        A row per picture, shape (n, ...).
    """
    path = cache_directory() / f"{key}.npz"
    names = [content(one) for one in pictures]
    known = _read_rows(path)
    missing = [place for place, name in enumerate(names) if name not in known]
    if missing:
        made = make(pictures[missing])
        known |= {names[place]: row for place, row in zip(missing, made, strict=True)}
        rows = np.stack(list(known.values()))
        _write(path, lambda file: np.savez(file, names=list(known), rows=rows))
    return np.stack([known[name] for name in names])


def cache_directory() -> Path:
    """The folder of the cache: ``HPO_CACHE_DIR``, else ``hpo`` where the user keeps caches."""
    named = os.environ.get("HPO_CACHE_DIR")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpo"


def digest(parts: Sequence[Any]) -> str:
    """A short name for strings and numbers: equal for equal ones."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def content(array: np.ndarray) -> str:
    """A short name for what is in an array."""
    of_bytes = hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest([array.dtype.str, array.shape, of_bytes.hexdigest()])


def _describe(path: Path) -> list[Any]:
    status = path.stat()
    return [path.name, path.parent.name, status.st_size, status.st_mtime_ns]


def _read(path: Path) -> np.ndarray | None:
    """The array of a file; None where there is no such file or it is damaged."""
    try:
        # A plain array, since NumPy would make a new one of the mapped kind wherever it is used.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError, SyntaxError):
        return None


def _read_rows(path: Path) -> dict[str, np.ndarray]:
    """Rows by the names of their pictures; none where there is no such file or it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names, rows = arrays["names"], arrays["rows"]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return {}
    return dict(zip(names.tolist(), rows, strict=True))


def _write(path: Path, save: Callable[[IO[bytes]], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            save(file)
        Path(beside).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
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
        raise HPOError(f"pictures: {path} is no JPEG picture. Replace or remove it.") from error
