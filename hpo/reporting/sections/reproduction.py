"""The environment, and the commands that do it all again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hpo.reporting.html import formats
from hpo.reporting.html.formats import MISSING, plain
from hpo.reporting.html.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.reading.snapshot import Snapshot

PACKAGES = ("keras", "tensorflow", "optuna", "hyperopt", "scikit-learn", "numpy")
_TOO_LONG = frozenset({"class_names", "feature_names"})
_NAMES = {
    "n_samples": "Training samples",
    "n_samples_whole": "Training samples in all",
    "n_test": "Test samples",
    "fingerprint": "Data fingerprint",
    "hpo": "hpo",
    "numpy": "NumPy",
    "scikit-learn": "scikit-learn",
    "tensorflow": "TensorFlow",
}


@dataclass(frozen=True)
class Command:
    """A command to type again.

    Attributes:
        purpose: What it does.
        text: The command.
    """

    purpose: str
    text: str


@dataclass(frozen=True)
class Ground:
    """What the section shows.

    Attributes:
        facts: Settings, data and environment, as label and value.
        commands: The commands.
        consultations: Every time the test set was consulted: when and with what result.
    """

    facts: tuple[tuple[str, str], ...]
    commands: tuple[Command, ...]
    consultations: tuple[tuple[str, str], ...]


def reproduction(snapshot: Snapshot) -> Section:
    """The section on environment and commands."""
    return Section(
        anchor="reproduction",
        title="How to get it again",
        lead="With the same versions and the same data (compare the fingerprint), these commands "
        "do the same again.",
        template="reproduction",
        content=Ground(
            facts=_facts(snapshot),
            commands=_commands(snapshot),
            consultations=tuple(
                (_time(entry.get("time")), plain(entry.get("result")))
                for entry in snapshot.consultations
            ),
        ),
    )


def _facts(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    settings, options = snapshot.settings, snapshot.options
    data = snapshot.facts.get("data") or {}
    found: list[tuple[str, Any]] = [
        ("Task", settings.task_name),
        ("Objective", f"{settings.objective} ({settings.direction}d)"),
        ("Evaluation", settings.evaluation),
    ]
    if options is not None:
        found += [("Sampler", options.sampler), ("Seed", options.seed)]
    found += [(_fact_name(name), value) for name, value in data.items() if name not in _TOO_LONG]
    found += [
        (_fact_name(name), value)
        for name, value in (snapshot.facts.get("environment") or {}).items()
    ]
    spent = [trial.seconds for trial in snapshot.trials if trial.seconds is not None]
    if spent:
        found.append(("Time in trials", formats.duration(sum(spent))))
    return tuple((label, plain(value)) for label, value in found if value not in (None, "", [], {}))


def _fact_name(name: str) -> str:
    return _NAMES.get(name, formats.sentence(name.replace("_", " ")))


def _time(written: Any) -> str:
    try:
        return datetime.fromisoformat(str(written)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return MISSING


def _commands(snapshot: Snapshot) -> tuple[Command, ...]:
    found = []
    packages = _packages(snapshot.facts.get("environment") or {})
    if packages:
        found.append(Command("The same versions", f"pip install {packages}"))
    if snapshot.options is not None and snapshot.options.command:
        found.append(Command("The search", snapshot.options.command))
    consulted = dict.fromkeys(str(entry.get("command", "")) for entry in snapshot.consultations)
    found += [
        Command("The ensemble, with a look at the test set", text) for text in consulted if text
    ]
    found.append(Command("This report", f"hpo report {shlex.quote(snapshot.name)}"))
    return tuple(found)


def _packages(environment: Mapping[str, Any]) -> str:
    """The packages with their versions, as pip reads them."""
    names = {"hpo": "hpo-keras"} | {name: name for name in PACKAGES}
    pinned = [f"{names[name]}=={environment[name]}" for name in names if environment.get(name)]
    return " ".join(map(shlex.quote, pinned))
