"""Where the data sets and weights of the built-in tasks come from.

Looked for in this order: the folder that the user names (``--data-dir`` or ``HPO_DATA_DIR``), the
cache of Keras, and the place that Keras downloads from. What the user's folder holds is only ever
read; a download goes to the cache of Keras.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from hpo import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

# As pinned in keras.datasets. There the word indices have their MD5 only; these are the SHA-256
# of the files with that MD5.
SHA256 = {
    "imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    "reuters.npz": "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "reuters_word_index.json": "9b56000edc4b34a32e89fd5a23b2605594682c74efcf7d8f4e2a5514b771e633",
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
}

# Keras waits for a silent network for ever.
TIMEOUT_S = 20.0


def find_file(name: str, data_dir: Path | None, *, task: str) -> Path:
    """Find a file of ``keras.datasets``, or download it.

    Args:
        name: One of the files in ``SHA256``.
        data_dir: The folder the user named; by default ``HPO_DATA_DIR``.
        task: The task that needs it, for messages.

    Returns:
        Its path. A file that was there already may be any file of that name.

    Raises:
        HPOError: It is nowhere, and downloading it failed.
    """
    places = [*_named(data_dir), *_cached("datasets")]
    return _first_file(name, places) or _download(
        name, places, url=ORIGIN + name, sha256=SHA256[name], task=task
    )


def find_weights(file: str, data_dir: Path | None, *, task: str, url: str | None) -> Path:
    """Find trained weights of ``keras.applications``, or download them.

    Args:
        file: The name of the file, as Keras calls it.
        data_dir: The folder the user named, which may have them in ``weights``; by default
            ``HPO_DATA_DIR``.
        task: The task that needs them, for messages.
        url: Where to download them; None if there is no such place.

    Raises:
        HPOError: They are nowhere, and downloading them failed.
    """
    named = _named(data_dir)
    places = [*(folder / "weights" for folder in named), *named, *_cached("models")]
    found = _first_file(file, places)
    if found is None and url is None:
        raise HPOError(f"{_missing('file', file, places, task)} {_advice(file)}")
    return found or _download(file, places, url=url or "", sha256=None, task=task)


def find_folder(name: str, data_dir: Path | None, *, task: str, advice: str) -> Path:
    """Find a folder of data that cannot be downloaded.

    Args:
        name: The name of the folder.
        data_dir: The folder the user named, which holds it; by default ``HPO_DATA_DIR``.
        task: The task that needs it, for messages.
        advice: How to get it: a sentence.

    Raises:
        HPOError: It is nowhere.
    """
    places = [*_named(data_dir), *_cached("datasets")]
    for place in places:
        if (place / name).is_dir():
            return place / name
    raise HPOError(f"{_missing('folder', name, places, task)} {advice}")


def default_folder(data_dir: Path | None) -> Path:
    """The folder where data sets are put: what the user named, or the cache of Keras.

    Args:
        data_dir: The folder the user named; by default ``HPO_DATA_DIR``.
    """
    return [*_named(data_dir), _cached("datasets")[-1]][0]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an ``.npz`` file; an array of objects is refused, not unpickled.

    Raises:
        HPOError: The file is missing, damaged, no ``.npz`` or holds an array of objects.
    """
    try:
        with path.open("rb") as file:
            return _arrays(file, allow_pickle=False)
    except Exception as error:  # a damaged archive raises almost anything
        raise _unreadable(path, error) from error


def load_pickled_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read ``imdb.npz`` or ``reuters.npz``, which hold pickled lists, as Keras ships them.

    Unpickling runs what a file tells it to run, so no file is unpickled but the very one that
    Keras ships.

    Args:
        path: The file; its name says which one it should be.

    Raises:
        HPOError: It is another file, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != SHA256.get(path.name):
        raise HPOError(
            f"{path} is not the file Keras ships (SHA-256 {SHA256.get(path.name)}); reading it "
            f"could run code in it. Delete it and get it again. Received: SHA-256 {sha256}"
        )
    return _arrays(io.BytesIO(content), allow_pickle=True)


def _arrays(file: IO[bytes], *, allow_pickle: bool) -> dict[str, np.ndarray]:
    import numpy as np

    # np.load would take a lone array or a pickle too; this takes an archive only.
    with np.lib.npyio.NpzFile(file, allow_pickle=allow_pickle) as archive:
        arrays = {name: archive[name] for name in archive.files}
    others = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if others:
        raise ValueError(f"these are no arrays: {', '.join(others)}")
    return arrays


def _unreadable(path: Path, error: Exception) -> HPOError:
    return HPOError(f"{path}: cannot be read ({_in_one_line(error)}). Delete it and get it again.")


def _named(data_dir: Path | None) -> list[Path]:
    """The folder that the user named, if any."""
    named = data_dir or os.environ.get("HPO_DATA_DIR")
    return [Path(named).expanduser()] if named else []


def _cached(subfolder: str) -> list[Path]:
    """Where Keras keeps such files; where it would write one comes last."""
    fallback = Path("/tmp/.keras")  # noqa: S108  (where Keras looks; nothing from there is run)
    if "KERAS_HOME" in os.environ:
        home = Path(os.environ["KERAS_HOME"]).expanduser()
    else:
        user = Path("~").expanduser()
        home = user / ".keras" if os.access(user, os.W_OK) else fallback
    writable = home == fallback or not home.exists() or os.access(home, os.W_OK)
    return [folder / subfolder for folder in ([home] if writable else [home, fallback])]


def _first_file(name: str, places: Sequence[Path]) -> Path | None:
    return next((place / name for place in places if (place / name).is_file()), None)


def _download(
    name: str, places: Sequence[Path], *, url: str, sha256: str | None, task: str
) -> Path:
    """Download a file into the last of the places, whole or not at all."""
    target = places[-1] / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".download-", dir=target.parent) as folder:
            _fetch(name, Path(folder), url, sha256).replace(target)
    except Exception as error:  # Keras raises a bare Exception
        raise HPOError(
            f"{_missing('file', name, places, task)} Downloading it failed "
            f"({_in_one_line(error)}). {_advice(name)}"
        ) from error
    return target


def _fetch(name: str, folder: Path, url: str, sha256: str | None) -> Path:
    from keras.utils import get_file

    # Keras shows its progress on standard output, which belongs to results.
    shown = sys.stderr if sys.stderr.isatty() else io.StringIO()
    with redirect_stdout(shown), _timeout(TIMEOUT_S):
        return Path(get_file(name, origin=url, file_hash=sha256, cache_subdir=str(folder)))


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _missing(kind: str, name: str, places: Sequence[Path], task: str) -> str:
    return f"{task}: there is no {kind} {name} in {' or '.join(map(str, places))}."


def _advice(name: str) -> str:
    return f"Put {name} into the folder named by --data-dir or HPO_DATA_DIR."


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
