"""What a study records of its data and surroundings, so that its figures can be trusted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpo.data.duplicates import Duplicates
from hpo.study.environment import Environment
from hpo.study.renamed import warn_of_keys
from hpo.task import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class DataFacts:
    """What a study records of its data.

    Attributes:
        n_samples: Number of training samples that are searched on.
        n_samples_whole: Number of training samples in all.
        fingerprint: A digest of all training samples and targets.
        shapes: The shape of the searched samples by input name, (n_samples, ...) each; "" is the
            name of a single input.
        class_names: One name per class, where the task has classes with names.
        feature_names: One name per column, where the columns have names.
        duplicates: How many samples have copies; None where they were not counted.
    """

    n_samples: int | None = None
    n_samples_whole: int | None = None
    fingerprint: str | None = None
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    class_names: Sequence[str] | None = None
    feature_names: Sequence[str] | None = None
    duplicates: Duplicates | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DataFacts:
        """Read what :meth:`to_json` gave, or an earlier version of hpo."""
        known = _known(cls, stored)
        counts = known.pop("duplicates", None)
        return cls(**known, duplicates=Duplicates(**_known(Duplicates, counts)) if counts else None)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Facts:
    """What the first worker of a study found.

    Attributes:
        baseline: The score of predicting without looking at the samples; None where there is none.
        reference: What a published model reaches, or None.
        data: The data.
        environment: Versions, backend and devices.
    """

    baseline: float | None = None
    reference: Reference | None = None
    data: DataFacts = field(default_factory=DataFacts)
    environment: Environment = field(default_factory=Environment)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Facts:
        """Read what :meth:`to_json` gave, or an earlier version of hpo."""
        reference = stored.get("reference")
        return cls(
            baseline=stored.get("baseline"),
            reference=Reference(**{"source": "", **reference}) if reference else None,
            data=DataFacts.from_json(stored.get("data") or {}),
            environment=Environment.from_json(stored.get("environment") or {}),
        )

    def to_json(self) -> dict[str, Any]:
        """The facts as a study's journal keeps them."""
        return {
            "baseline": self.baseline,
            "reference": dataclasses.asdict(self.reference) if self.reference else None,
            "data": self.data.to_json(),
            "environment": self.environment.to_json(),
        }

    def __getitem__(self, name: str) -> Any:
        """A fact as version 0.1.0 gave it."""
        warn_of_keys("Study.facts", name)
        return self.to_json()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A fact as version 0.1.0 gave it, or a default; use the attribute."""
        warn_of_keys("Study.facts", name)
        return self.to_json().get(name, default)


def _known(kind: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored under the names of the fields of a dataclass, without nulls."""
    names = {one.name for one in dataclasses.fields(kind)}
    return {name: value for name, value in stored.items() if name in names and value is not None}
