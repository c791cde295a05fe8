"""Names of metrics that Keras numbers: the second ``AUC()`` of a process is ``auc_1``."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from hpo.training import Logs


def logged_name(objective: str, names: Collection[str], model: Any) -> str | None:
    """The name under which a model logs an objective; None if it does not.

    Args:
        objective: The objective, as the first model of a process logs it.
        names: The names of the model's logs.
        model: The compiled model.
    """
    if objective in names:
        return objective
    plain = _plain_names(model)
    return next((name for name in names if _renamed(name, plain) == objective), None)


def as_first_compiled(logs: Logs, model: Any, objective: str) -> Logs:
    """Name metrics as in a process that compiles its first model.

    Args:
        logs: The metrics of an epoch by the names Keras gave them.
        model: The compiled model that they are of.
        objective: The objective; where it is among the names already, nothing changes.
    """
    if objective in logs:
        return logs
    plain = _plain_names(model)
    return {_renamed(name, plain): value for name, value in logs.items()}


def _plain_names(model: Any) -> dict[str, str]:
    """The names without the numbers that count what the process compiled before, by today's."""
    by_class: dict[str, list[str]] = defaultdict(list)
    given = set()
    for metric in _compiled_metrics(model):
        base = _snake_case(type(metric).__name__)
        if re.fullmatch(rf"{base}(_\d+)?", metric.name):
            by_class[base].append(metric.name)
        else:
            given.add(metric.name)
    names = {
        name: base if place == 0 else f"{base}_{place}"
        for base, numbered in by_class.items()
        for place, name in enumerate(dict.fromkeys(numbered))
    }
    return {name: plain for name, plain in names.items() if plain not in given}


def _compiled_metrics(model: Any) -> list[Any]:
    found = []
    for metric in getattr(model, "metrics", ()):
        found += [metric, *getattr(metric, "metrics", [])]
    return found


def _renamed(name: str, plain: dict[str, str]) -> str:
    """A name with its prefix (``val_``, an output) and the plain name of its metric."""
    for numbered, base in plain.items():
        if name == numbered or name.endswith(f"_{numbered}"):
            return name.removesuffix(numbered) + base
    return name


def _snake_case(name: str) -> str:
    """As Keras makes the name of a metric of that of its class: AUC -> auc, R2Score -> r2_score."""
    apart = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", apart).lower()
