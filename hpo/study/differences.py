"""What differs between the settings of two studies, or of one study now and when it was begun."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import TYPE_CHECKING, Any

from hpo.study.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

EVERY_SETTING = tuple(field.name for field in dataclasses.fields(Settings))

_LABELS = {"group_duplicates": "--group-duplicates"}
_SHOWN: dict[tuple[str, Any], str] = {
    ("train_size", None): "all",
    ("group_duplicates", True): "on",
    ("group_duplicates", False): "off",
    ("precision", None): "the default",
    ("backend", None): "unknown",
}


def differences(
    settings: Settings, reference: Settings, names: Collection[str] = EVERY_SETTING
) -> list[str]:
    """Say how settings differ from others, such as "cv is kfold:3, not kfold:5".

    Args:
        settings: The settings.
        reference: Those that they are compared with.
        names: The fields of :class:`Settings` to compare.

    Returns:
        A phrase for every field that differs; empty if they agree.
    """
    return [
        _difference(name, getattr(settings, name), getattr(reference, name))
        for name in names
        if getattr(settings, name) != getattr(reference, name)
    ]


def _difference(name: str, value: Any, other: Any) -> str:
    if name == "space":
        try:
            changes = list(_space_changes(tomllib.loads(value), tomllib.loads(other)))
        except (ValueError, AttributeError, TypeError):  # the text in the journal was damaged
            return "the space is another one, which cannot be read"
        return f"space: {', '.join(changes or ['its parameters are in another order'])}"
    label = _LABELS.get(name, name.replace("_", " "))
    shown, other_shown = (_SHOWN.get((name, v), str(v)) for v in (value, other))
    return f"{label} is {shown}, not {other_shown}"


def _space_changes(space: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*other, *space]):
        if name not in other or name not in space:
            yield f"[{name}] is {'new' if name in space else 'missing'}"
            continue
        fields, other_fields = space[name], other[name]
        for field in dict.fromkeys([*other_fields, *fields]):
            if fields.get(field) != other_fields.get(field):
                value, before = fields.get(field, "unset"), other_fields.get(field, "unset")
                yield f"[{name}] {field} is {value}, not {before}"
