"""Makes ``cats_and_dogs_small``: 4,000 of the 25,000 pictures of Kaggle's Dogs vs. Cats (2013).

The subset is that of Chollet, "Deep Learning with Python" (2017), section 5.2. Of each class it
takes numbers 0 to 999 for training, 1000 to 1499 for validation, and 1500 to 1999 for the test.

Microsoft publishes the same collection (``PetImages``) with a few empty or broken pictures. There,
a number whose picture is not a complete JPEG is skipped and the next number takes its place, so
that the parts keep their sizes. A picture keeps its own number in its name, and every skipped
picture is logged as a warning.
"""

from __future__ import annotations

import errno
import logging
import re
import shutil
import uuid
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from hpo import HPOError
from hpo_tasks import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "cats_and_dogs_small"
CLASSES = ("cat", "dog")
PARTS = {"train": 1000, "validation": 500, "test": 500}

_KAGGLE = re.compile(r"(?:(?:.*/)?train/)?(cat|dog)\.(\d+)\.jpg")
_MICROSOFT = re.compile(r"(?:(?:.*/)?PetImages/)?(Cat|Dog)/(\d+)\.jpg")
# Where such pictures may be in an extracted folder, which may lie inside another one.
_FOLDERS = ("", "train/", "*/train/", "Cat/", "Dog/", "PetImages/*/", "*/PetImages/*/")

_LOG = logging.getLogger(__name__)
_MAX_LISTED = 5
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_TAIL_BYTES = 4096  # some cameras write a little after the end


@dataclass(frozen=True)
class _Collection:
    """All pictures of an archive or a folder.

    Attributes:
        source: The archive or folder, for messages.
        names: Their names in it, by class and number.
        may_have_gaps: Whether missing and broken pictures are skipped.
        read: Returns the content of a picture by its name.
    """

    source: Path
    names: dict[tuple[str, int], str]
    may_have_gaps: bool
    read: Callable[[str], bytes]


def prepare(
    source: Path,
    directory: Path | None = None,
    on_picture: Callable[[int, int], None] = lambda _done, _of: None,
) -> Path:
    """Make the subset, completely or not at all; an existing one stays as it is.

    Args:
        source: Kaggle's ``dogs-vs-cats.zip`` or the ``train.zip`` in it, Microsoft's archive of
            ``PetImages``, or the folder that one of them was extracted to.
        directory: Where to put the folder ``cats_and_dogs_small``; by default ``HPO_DATA_DIR`` or
            the cache of Keras.
        on_picture: ``(done, total) -> None``, called after every picture that is written.

    Returns:
        The folder ``cats_and_dogs_small``.

    Raises:
        HPOError: Pictures are missing, the archive is damaged, or the folder cannot be written.
    """
    folder = sources.default_folder(directory) / NAME
    if _is_complete(folder):
        return folder
    with ExitStack() as stack:
        temporary = stack.enter_context(_replacing(folder))
        collection = _open(source, folder.parent, stack)
        _check(collection)
        _cut(collection, temporary, on_picture)
    return folder


def _is_complete(folder: Path) -> bool:
    """Tell whether the subset exists already; refuse anything else of that name."""
    if not folder.exists():
        return False
    counts = {
        part: [len(list((folder / part / f"{name}s").glob("*.jpg"))) for name in CLASSES]
        for part in PARTS
    }
    if any(count != size for part, size in PARTS.items() for count in counts[part]):
        raise HPOError(
            f"{folder} exists, but does not hold the subset: expected {PARTS} pictures of each of "
            f"{' and '.join(CLASSES)}. Received: {counts}. Move it away and try again."
        )
    return True


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``folder`` when the block succeeds."""
    temporary = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(folder)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise HPOError(
            f"{folder}: cannot be written ({error.strerror or error}). "
            f"{'Make room, or choose' if full else 'Choose'} another folder with --data-dir."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


# ---------------------------------------------------------------- reading


def _open(source: Path, scratch: Path, stack: ExitStack) -> _Collection:
    if source.is_dir():
        names = [
            path.relative_to(source).as_posix()
            for folder in _FOLDERS
            for path in source.glob(f"{folder}*.jpg")
        ]
        inner = source / "train.zip"
        if names or not inner.is_file():
            return _collection(source, names, lambda name: (source / name).read_bytes())
        source = inner
    archive = _open_zip(source, source, stack)
    nested = [name for name in archive.namelist() if name.rpartition("/")[2] == "train.zip"]
    if nested:
        archive = _open_zip(_copy(archive, nested[0], source, scratch, stack), source, stack)
    return _collection(source, archive.namelist(), archive.read)


def _open_zip(file: Path | IO[bytes], source: Path, stack: ExitStack) -> zipfile.ZipFile:
    try:
        return stack.enter_context(zipfile.ZipFile(file))
    except zipfile.BadZipFile as error:
        raise HPOError(
            f"{source}: is not a complete zip archive ({error}). Download it again."
        ) from error
    except OSError as error:
        raise HPOError(f"{source}: cannot be read ({error.strerror or error}).") from error


def _copy(
    archive: zipfile.ZipFile, name: str, source: Path, scratch: Path, stack: ExitStack
) -> IO[bytes]:
    """Copy an archive out of another one: seeking in a compressed file takes minutes."""
    copy = stack.enter_context(TemporaryFile(dir=scratch))  # noqa: SIM115  (the stack closes it)
    try:
        with archive.open(name) as file:
            shutil.copyfileobj(file, copy, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise HPOError(f"{source}: its {name} is damaged ({error}). Download it again.") from error
    return copy


def _collection(source: Path, names: list[str], read: Callable[[str], bytes]) -> _Collection:
    for pattern, may_have_gaps in ((_KAGGLE, False), (_MICROSOFT, True)):
        matches = [match for name in names if (match := pattern.fullmatch(name))]
        if matches:
            by_number = {(match[1].lower(), int(match[2])): match[0] for match in matches}
            return _Collection(source, by_number, may_have_gaps, read)
    raise HPOError(
        f"{source}: has no pictures named as in Kaggle's archive (train/cat.0.jpg) or Microsoft's "
        "(PetImages/Cat/0.jpg). Give dogs-vs-cats.zip, its train.zip, or the folder it was "
        "extracted to."
    )


def _picture(collection: _Collection, name: str) -> bytes | None:
    """Return the content of a picture; None if it is not a complete JPEG."""
    try:
        content = collection.read(name)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return None
    is_complete = content.startswith(_JPEG_START) and _JPEG_END in content[-_TAIL_BYTES:]
    return content if is_complete else None


# ---------------------------------------------------------------- writing


def _check(collection: _Collection) -> None:
    """Refuse an incomplete collection before anything is written."""
    if collection.may_have_gaps:
        return
    n_per_class = sum(PARTS.values())
    missing = [
        f"{kind}.{number}.jpg"
        for kind in CLASSES
        for number in range(n_per_class)
        if (kind, number) not in collection.names
    ]
    if missing:
        raise HPOError(
            f"{collection.source}: missing {len(missing)} of the {n_per_class * len(CLASSES)} "
            f"pictures: {_listed(missing)}. Download it again."
        )


def _cut(collection: _Collection, folder: Path, on_picture: Callable[[int, int], None]) -> None:
    total = sum(PARTS.values()) * len(CLASSES)
    done = 0
    for kind in CLASSES:
        pictures = _usable(collection, kind)
        for part, size in PARTS.items():
            target = folder / part / f"{kind}s"
            target.mkdir(parents=True)
            for _ in range(size):
                number, content = next(pictures)
                (target / f"{kind}.{number}.jpg").write_bytes(content)
                done += 1
                on_picture(done, total)


def _usable(collection: _Collection, kind: str) -> Iterator[tuple[int, bytes]]:
    """Yield the pictures of a class by number: as many as the subset takes."""
    n_needed = n_missing = sum(PARTS.values())
    broken: list[str] = []
    for number in sorted(number for name, number in collection.names if name == kind):
        if n_missing == 0:
            return
        name = collection.names[kind, number]
        content = _picture(collection, name)
        if content is not None:
            n_missing -= 1
            yield number, content
        elif collection.may_have_gaps:
            broken.append(name)
            _LOG.warning("%s: %s is not a complete JPEG; the next number is used", NAME, name)
        else:
            raise HPOError(
                f"{collection.source}: its {name} is not a complete JPEG. Download it again."
            )
    if n_missing:
        listed = f"; these are broken: {_listed(broken)}" if broken else ""
        raise HPOError(
            f"{collection.source}: missing {n_missing} of the {n_needed} pictures of a {kind}"
            f"{listed}. Download it again."
        )


def _listed(names: list[str]) -> str:
    more = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
