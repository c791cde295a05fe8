"""How errors about a search space are worded."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from hpo.errors import UsageError
from hpo.space.conditions import show

if TYPE_CHECKING:
    from collections.abc import Iterable


def refusal(space: str, parameter: str, problem: str) -> UsageError:
    """The error that names a space, its parameter, what is wrong with it and the mend."""
    shown = parameter if str(parameter).isidentifier() else show(parameter)
    return UsageError(f"search_spaces: {space}: [{shown}] {problem}")


def suggestion(word: str, known: Iterable[str]) -> str:
    """A sentence that leads from an unknown word to the nearest known one, or to them all."""
    choices = list(known)
    nearest = difflib.get_close_matches(str(word), choices, n=1)
    if nearest:
        return f"Received: {show(word)}. Did you mean {nearest[0]}?"
    return f"Received: {show(word)}. Known: {', '.join(choices) or 'none'}."
