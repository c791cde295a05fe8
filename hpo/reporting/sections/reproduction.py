"""The environment of the study, and the commands that reproduce it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hpo.plugins import file_reference
from hpo.reporting.html import words
from hpo.reporting.html.section import Section
from hpo.reporting.html.words import plain
from hpo.study.environment import PACKAGES
from hpo.support import formats
from hpo.support.formats import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.reporting.reading.snapshot import Snapshot

_NOT_SHOWN = frozenset({"class_names", "feature_names", "duplicates"})
_NAMES = {
    "n_samples": "Training samples",
    "n_samples_whole": "Training samples available",
    "n_test": "Test samples",
    "fingerprint": "Data fingerprint",
    "within_train": "Training samples with copies",
    "train_validation": "Validation samples with copies in training",
    "train_test": "Test samples in the training data",
    "hpo": "hpo",
    "numpy": "NumPy",
    "scikit-learn": "scikit-learn",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
}


@dataclass(frozen=True)
class Command:
    """A command to run.

    Attributes:
        purpose: What the command does.
        text: The command line.
    """

    purpose: str
    text: str


@dataclass(frozen=True)
class Reproduction:
    """What the section shows.

    Attributes:
        facts: Settings, data and environment: a label and a value each.
        commands: The commands, in the order to run them.
        consultations: When the test set was consulted, and the result.
    """

    facts: tuple[tuple[str, str], ...]
    commands: tuple[Command, ...]
    consultations: tuple[tuple[str, str], ...]


def reproduction(snapshot: Snapshot) -> Section:
    """Make the section with commands and environment."""
    return Section(
        anchor="reproduction",
        title="Reproduce this study",
        lead="These commands reproduce the study if the package versions and the data (compare the "
        "fingerprint) are the same.",
        template="reproduction",
        content=Reproduction(
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
    data = snapshot.facts.data.to_json()
    facts: list[tuple[str, Any]] = [
        ("Task", settings.task_name),
        ("Objective", f"{settings.objective} ({settings.direction}d)"),
        ("Evaluation", settings.evaluation),
    ]
    if options is not None:
        facts += [("Sampler", options.sampler), ("Seed", options.seed)]
    shown = {name: value for name, value in data.items() if name not in _NOT_SHOWN}
    shown |= data["duplicates"] or {}
    shown |= snapshot.facts.environment.to_json()
    facts += [(_fact_name(name), value) for name, value in shown.items()]
    seconds = [trial.seconds for trial in snapshot.trials if trial.seconds is not None]
    if seconds:
        facts.append(("Total time of trials", formats.duration(sum(seconds))))
    return tuple((label, plain(value)) for label, value in facts if value not in (None, "", [], {}))


def _fact_name(name: str) -> str:
    return _NAMES.get(name, words.sentence(name.replace("_", " ")))


def _time(iso: Any) -> str:
    try:
        return datetime.fromisoformat(str(iso)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return MISSING


def _commands(snapshot: Snapshot) -> tuple[Command, ...]:
    commands = []
    packages = _packages(snapshot.facts.environment.versions)
    if packages:
        commands.append(Command("Install the same versions", f"pip install {packages}"))
    if snapshot.options is not None and snapshot.options.command:
        commands.append(Command("Run the search", snapshot.options.command))
    again = _confirmation(snapshot)
    if again:
        commands.append(Command("Evaluate the best configurations again", again))
    consulted = dict.fromkeys(str(entry.get("command", "")) for entry in snapshot.consultations)
    commands += [
        Command("Build the ensemble and consult the test set", text) for text in consulted if text
    ]
    commands.append(Command("Write this report", f"hpo report {shlex.quote(snapshot.name)}"))
    return tuple(commands)


def _confirmation(snapshot: Snapshot) -> str:
    """The command that confirmed the best configurations; "" if none did."""
    confirmation = snapshot.confirmation
    if confirmation is None:
        return ""
    reference = snapshot.settings.task
    words = ["hpo", "confirm", snapshot.name]
    words += ["--top", str(len(confirmation.configurations))]
    words += ["--repeats", str(confirmation.repeats)]
    if file_reference(reference) is not None:  # a file runs only where the user names it
        words += ["--task", reference]
    return shlex.join(words)


def _packages(environment: Mapping[str, Any]) -> str:
    """The packages with their versions, as arguments of pip."""
    names = {"hpo": "hpo-keras"} | {name: name for name in PACKAGES}
    pinned = [f"{names[name]}=={environment[name]}" for name in names if environment.get(name)]
    return " ".join(map(shlex.quote, pinned))
