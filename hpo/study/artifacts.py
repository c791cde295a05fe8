"""The arrays and models of a study in an object store, such as S3, through fsspec.

The study's folder on a machine is then a cache: what is written goes to the store, whole or not at
all, and what is read comes from there.
"""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.errors import HPOError, StoreError, UsageError, one_line
from hpo.support import files
from hpo.support.types import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

_T = TypeVar("_T")

PATIENCE_SECONDS = 120.0
LISTING_SECONDS = 10.0
"""So long a list of what others have stored is used."""
CACHED = "cached.json"
"""The file in a study's folder that says which version of a file was fetched."""
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az"}
"""What has to be installed, by the beginning of a URL; these stores write a file whole."""
_UNFINISHED = ".part"
_S3 = {"config_kwargs": {"connect_timeout": 5, "retries": {"max_attempts": 2}}}


class Artifacts:
    """The files of one study in a store.

    Args:
        url: Where they are, such as ``s3://BUCKET/PREFIX/STUDY``.
        cache: The study's folder on this machine.
        patience: So many seconds it is called again when it cannot be reached; by default two
            minutes.

    Attributes:
        url: Where the files are.
        patience: So many seconds the store is called again when it cannot be reached.
    """

    def __init__(self, url: str, cache: Path, patience: float | None = None) -> None:
        self.url = url
        self.patience = PATIENCE_SECONDS if patience is None else patience
        self._cache = cache
        self._listed: dict[str, str] = {}
        self._listed_at = float("-inf")

    def names(self) -> Collection[str]:
        """The stored files, as paths within the study's folder."""
        return self._versions().keys()

    def has(self, path: Path) -> bool:
        """Whether a file of the study's folder is stored."""
        return self._name(path) in self._versions()

    def publish(self, paths: Iterable[Path]) -> None:
        """Store files of the study's folder, each whole or not at all.

        Raises:
            StoreError: One could not be stored.
        """
        for path in paths:
            name = self._name(path)
            version = self._listed[name] = self._call(partial(self._put, path, name))
            self._remember({name: version})

    def fetch(self, paths: Iterable[Path]) -> None:
        """Bring files into the study's folder, if they are stored and not there already.

        Raises:
            StoreError: One could not be read.
        """
        stored, cached = self._versions(), self._cached()
        named = {name: path for path in paths if (name := self._name(path)) in stored}
        wanted = {
            name: path
            for name, path in named.items()
            if not path.exists() or (_changes(name) and cached.get(name) != stored[name])
        }
        if not wanted:
            return
        self._call(lambda: self._get(wanted))
        self._remember({name: stored[name] for name in wanted})

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove stored files; those that are not there are left out.

        Raises:
            StoreError: They could not be removed.
        """
        names = [name for path in paths if (name := self._name(path)) in self._versions()]
        if names:
            self._call(lambda: self._remove(names))
        for name in names:
            self._listed.pop(name, None)

    @cached_property
    def _files(self) -> Any:
        kind = self.url.partition("://")[0]
        try:
            import fsspec

            files, _root = fsspec.core.url_to_fs(
                self.url, use_listings_cache=False, **(_S3 if _EXTRAS.get(kind) == "s3" else {})
            )
        except ImportError as error:
            extra = _EXTRAS.get(kind)
            what = f"pip install 'hpo-keras[{extra}]'" if extra else one_line(error)
            raise UsageError(f"--artifacts {self.url}: not installed. Install it: {what}") from None
        except ValueError:
            known = "s3://BUCKET/PREFIX, gs://, az:// or another URL that fsspec knows"
            raise UsageError(f"--artifacts: expected {known}. Received: {self.url}") from None
        return files

    def _put(self, path: Path, name: str) -> str:
        """Store a file, and give its version."""
        target = self._remote(name)
        if self.url.partition("://")[0] in _EXTRAS:
            self._files.put_file(str(path), target)
        else:
            temporary = f"{target}.{uuid.uuid4().hex}{_UNFINISHED}"
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(path), temporary)
            self._files.mv(temporary, target)
        return _version(self._files.info(target))

    def _get(self, wanted: Mapping[str, Path]) -> None:
        with ExitStack() as stack:
            here = [str(stack.enter_context(files.replacing(path))) for path in wanted.values()]
            self._files.get([self._remote(name) for name in wanted], here)

    def _remove(self, names: Collection[str]) -> None:
        with suppress(FileNotFoundError):  # another was faster
            self._files.rm([self._remote(name) for name in names])

    def _versions(self) -> dict[str, str]:
        """What is stored, and the version of each file."""
        if time.monotonic() > self._listed_at + LISTING_SECONDS:
            root = self._files._strip_protocol(self.url)  # noqa: SLF001  (part of fsspec's interface)
            found = self._call(lambda: self._files.find(root, detail=True))
            named = {name.removeprefix(root).lstrip("/"): info for name, info in found.items()}
            self._listed = {
                name: _version(info)
                for name, info in named.items()
                if not name.endswith(_UNFINISHED) and ".." not in name.split("/")
            }
            self._listed_at = time.monotonic()
        return self._listed

    def _cached(self) -> dict[str, str]:
        """The versions of those fetched files that may change."""
        path = self._cache / CACHED
        try:
            known = files.read_json(path) if path.exists() else {}
        except HPOError:
            return {}  # they are fetched again
        return known if fits(known, dict[str, str]) else {}

    def _remember(self, versions: Mapping[str, str]) -> None:
        changed = {name: version for name, version in versions.items() if _changes(name)}
        if changed:
            files.write_json(self._cache / CACHED, self._cached() | changed)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._cache).as_posix()

    def _remote(self, name: str) -> str:
        return f"{self._files._strip_protocol(self.url)}/{name}"  # noqa: SLF001

    def _call(self, call: Callable[[], _T]) -> _T:
        """Call the store again as long as it may only be out of reach for the moment."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return call()
            except HPOError:
                raise
            except Exception as error:  # each kind of store raises its own
                final = isinstance(error, (FileNotFoundError, PermissionError))
                if final or time.monotonic() > deadline:
                    raise StoreError(f"{self.url}: cannot be used ({one_line(error)}).") from error
            time.sleep(1)


def _changes(name: str) -> bool:
    """Whether a file may be stored again with other contents: a trial's arrays are not."""
    return not name.endswith("/evaluation.npz")


def _version(info: Mapping[str, Any]) -> str:
    """What tells a version of a stored file from the next."""
    names = ("ETag", "etag", "md5Hash", "size", "LastModified", "updated", "mtime")
    return " ".join(str(info[name]) for name in names if name in info)
