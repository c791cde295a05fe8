"""The source files of a task: its own, and those that it imports from the same folder."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIGEST_LENGTH = 16
"""Hexadecimal digits of a digest."""

_NOT_OF_TASKS = {"hpo"}
_INSTALLED = {"site-packages", "dist-packages"}


def file_digests(file: Path, root: Path) -> dict[str, str]:
    """Digests of a Python file and of all that it imports from a folder, also indirectly.

    Imports are read from the source, so that those inside functions count, too, and every process
    finds the same ones.

    Args:
        file: The file.
        root: The folder in which its imports are looked for. If packages are installed there, only
            the package of the file counts.

    Returns:
        Digests by the path of a file relative to ``root``; the file itself comes first.
    """
    package = _top_name(file, root) if _INSTALLED & set(root.parts) else None
    digests: dict[str, str] = {}
    queue = [file]
    while queue:
        path = queue.pop(0)
        name = path.relative_to(root).as_posix()
        if name in digests:
            continue
        source = path.read_bytes()
        digests[name] = digest(source)
        for module in sorted(_imported_modules(source, path, root)):
            top = module.split(".")[0]
            if top not in _NOT_OF_TASKS and package in (None, top):
                queue.extend(_files_of_module(module, root))
    return digests


def digest(source: bytes) -> str:
    """A digest of Python source that comments, empty lines and line ends do not change."""
    try:
        code = _without_comments(source)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        code = source
    return hashlib.sha256(code).hexdigest()[:DIGEST_LENGTH]


def _without_comments(source: bytes) -> bytes:
    tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
    lines = source.decode(tokens[0].string).splitlines()
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    stripped = (line.rstrip() for line in lines)
    return "\n".join(line for line in stripped if line).encode()


def _top_name(file: Path, root: Path) -> str:
    return file.relative_to(root).parts[0].removesuffix(".py")


def _imported_modules(source: bytes, path: Path, root: Path) -> set[str]:
    """Names of everything that a file's imports may name, with the packages around it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    folder = path.parent.relative_to(root).parts
    names = {name for node in ast.walk(tree) for name in _names_of_import(node, folder)}
    return {".".join(parts[:n]) for parts in map(_split, names) for n in range(1, len(parts) + 1)}


def _names_of_import(node: ast.AST, folder: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = folder[: len(folder) - node.level + 1] if node.level else ()
        base = [*above, *_split(node.module or "")]
        yield from (".".join([*base, alias.name]) for alias in node.names)


def _split(name: str) -> list[str]:
    return name.split(".") if name else []


def _files_of_module(module: str, root: Path) -> list[Path]:
    path = root.joinpath(*module.split("."))
    candidates = (path.with_name(path.name + ".py"), path / "__init__.py")
    return [candidate for candidate in candidates if candidate.is_file()]
