"""Text files in the encodings that programs write tables in."""

from __future__ import annotations

import codecs
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The marks that files begin with; that of UTF-32 begins with one of UTF-16."""
_WINDOWS = "hpo.windows"


def open_text(path: Path) -> IO[str]:
    """Open a text file as UTF-8, UTF-16, UTF-32 with a mark, or as Windows writes it.

    Bytes that are not valid UTF-8 are read as Windows-1252, or as Latin-1 where that has no
    character. So a file is read in one pass, however large, and whatever its encoding is.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        beginning = file.read(4)
    for mark, encoding in _MARKS.items():
        if beginning.startswith(mark):
            return path.open(newline="", encoding=encoding)
    if b"\0" in beginning[:2]:  # of a digit, a letter or a quotation mark, without a mark before it
        return path.open(newline="", encoding="utf-16-be" if beginning[0] == 0 else "utf-16-le")
    return path.open(newline="", encoding="utf-8-sig", errors=_WINDOWS)


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    part = error.object[error.start : error.end]
    try:
        return part.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return part.decode("latin-1"), error.end


codecs.register_error(_WINDOWS, _as_windows)
