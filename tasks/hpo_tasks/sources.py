"""Where the data sets and weights of the built-in tasks come from.

The order is: the user's data folder (``--data-dir`` or ``HPO_DATA_DIR``), Keras's cache, and
Keras's download site. Nothing is written to the user's folder; a download goes to Keras's cache.
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

# As pinned in keras.datasets. It pins only the MD5 of the word indices; these are the SHA-256 of
# the files with that MD5.
SHA256 = {
    "imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    "reuters.npz": "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "reuters_word_index.json": "9b56000edc4b34a32e89fd5a23b2605594682c74efcf7d8f4e2a5514b771e633",
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
}

# Without a timeout, Keras waits forever for a server that does not answer.
TIMEOUT_S = 20.0


def find_file(name: str, data_dir: Path | None, *, task: str) -> Path:
    """Find a file of ``keras.datasets``, or download it.

    Args:
        name: One of the files in ``SHA256``.
        data_dir: The user's data folder; by default ``HPO_DATA_DIR``.
        task: The task that needs it, for messages.

    Returns:
        Its path. The content of a file that existed already is not checked.

    Raises:
        HPOError: The file does not exist, and downloading it failed.
    """
    places = [*_users_folder(data_dir), *_keras_folders("datasets")]
    return _first_file(name, places) or _download(
        name, places, url=ORIGIN + name, sha256=SHA256[name], task=task
    )


def find_weights(file: str, data_dir: Path | None, *, task: str, url: str | None) -> Path:
    """Find pretrained weights of ``keras.applications``, or download them.

    Args:
        file: Keras's name for the file.
        data_dir: The user's data folder, which may have the file in its folder ``weights``; by
            default ``HPO_DATA_DIR``.
        task: The task that needs them, for messages.
        url: Where to download them; None if they cannot be downloaded.

    Raises:
        HPOError: The file does not exist, and downloading it failed.
    """
    users = _users_folder(data_dir)
    places = [*(folder / "weights" for folder in users), *users, *_keras_folders("models")]
    path = _first_file(file, places)
    if path is None and url is None:
        raise HPOError(f"{_missing('file', file, places, task)} {_advice(file)}")
    return path or _download(file, places, url=url or "", sha256=None, task=task)


def find_folder(name: str, data_dir: Path | None, *, task: str, advice: str) -> Path:
    """Find a folder of data that cannot be downloaded.

    Args:
        name: The name of the folder.
        data_dir: The user's data folder, which holds it; by default ``HPO_DATA_DIR``.
        task: The task that needs it, for messages.
        advice: A sentence that says how to get it.

    Raises:
        HPOError: The folder does not exist.
    """
    places = [*_users_folder(data_dir), *_keras_folders("datasets")]
    for place in places:
        if (place / name).is_dir():
            return place / name
    raise HPOError(f"{_missing('folder', name, places, task)} {advice}")


def default_folder(data_dir: Path | None) -> Path:
    """Return the folder that new data sets go to: the user's data folder, or Keras's cache.

    Args:
        data_dir: The user's data folder; by default ``HPO_DATA_DIR``.
    """
    return [*_users_folder(data_dir), _keras_folders("datasets")[-1]][0]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an ``.npz`` file; refuse an array of objects instead of unpickling it.

    Raises:
        HPOError: The file is missing or damaged, is not an ``.npz`` file, or holds an array of
            objects.
    """
    try:
        with path.open("rb") as file:
            return _arrays(file, allow_pickle=False)
    except Exception as error:  # a damaged archive raises almost anything
        raise _unreadable(path, error) from error


def load_pickled_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read Keras's ``imdb.npz`` or ``reuters.npz``, which hold pickled lists.

    Unpickling a file can run any code in it, so only the very files that Keras ships are unpickled.

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
            f"could run code in it. Delete it and download it again. Received: SHA-256 {sha256}"
        )
    return _arrays(io.BytesIO(content), allow_pickle=True)


def _arrays(file: IO[bytes], *, allow_pickle: bool) -> dict[str, np.ndarray]:
    import numpy as np

    # np.load would also accept a single array or a pickle; this accepts only an archive.
    with np.lib.npyio.NpzFile(file, allow_pickle=allow_pickle) as archive:
        arrays = {name: archive[name] for name in archive.files}
    others = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if others:
        raise ValueError(f"these are not arrays: {', '.join(others)}")
    return arrays


def _unreadable(path: Path, error: Exception) -> HPOError:
    return HPOError(
        f"{path}: cannot be read ({_in_one_line(error)}). Delete it and download it again."
    )


def _users_folder(data_dir: Path | None) -> list[Path]:
    """The user's data folder, if there is one."""
    folder = data_dir or os.environ.get("HPO_DATA_DIR")
    return [Path(folder).expanduser()] if folder else []


def _keras_folders(subfolder: str) -> list[Path]:
    """The folders where Keras keeps such files; the one that it writes to comes last."""
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
    """Download a file into the last of the places, completely or not at all."""
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

    # Keras shows its progress on standard output, which is reserved for results.
    progress = sys.stderr if sys.stderr.isatty() else io.StringIO()
    with redirect_stdout(progress), _timeout(TIMEOUT_S):
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
