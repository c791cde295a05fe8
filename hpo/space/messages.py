"""How errors about a search space are worded."""

from __future__ import annotations

import json

from hpo.errors import UsageError


def refusal(space: str, parameter: str, problem: str) -> UsageError:
    """The error that names a space, its parameter, what is wrong with it and how to fix it."""
    shown = parameter if str(parameter).isidentifier() else show(parameter)
    return UsageError(f"search_spaces: {space}: [{shown}] {problem}")


def show(value: object) -> str:
    """The value on one line as TOML writes it, for messages."""
    return json.dumps(value, ensure_ascii=False, default=repr)
