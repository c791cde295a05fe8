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
    """What a study records of its data; None where something is not known.

    Attributes:
        n_samples: Number of training samples that the study searches on.
        n_samples_whole: Number of all training samples.
        fingerprint: A digest of all training samples and targets.
        shapes: The shape of the searched samples by input name, (n_samples, ...) each; a single
            input has the name "".
        class_names: One name per class, if the classes have names.
        feature_names: One name per column, if the columns have names.
        duplicates: How many samples have copies.
        gaps: Where values are missing or infinite, a text for every such array.
        folder: The folder with data sets that it was loaded from, "" where none was named; None
            where that was not recorded.
    """

    n_samples: int | None = None
    n_samples_whole: int | None = None
    fingerprint: str | None = None
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    class_names: Sequence[str] | None = None
    feature_names: Sequence[str] | None = None
    duplicates: Duplicates | None = None
    gaps: Sequence[str] = ()
    folder: str | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DataFacts:
        """Read what :meth:`to_json` or an earlier version of hpo wrote."""
        known = _known(cls, stored)
        counts = known.pop("duplicates", None)
        return cls(**known, duplicates=Duplicates(**_known(Duplicates, counts)) if counts else None)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name; gaps and folder only if there are any."""
        stored = dataclasses.asdict(self)
        absent = [name for name in ("gaps", "folder") if stored[name] in ((), None)]
        return {name: value for name, value in stored.items() if name not in absent}


@dataclass(frozen=True)
class Facts:
    """What the first worker of a study records; None where something is not known.

    Attributes:
        baseline: The score of predictions that ignore the inputs.
        reference: The score of a published model.
        data: The data.
        environment: Versions, backend and devices.
        baseline_reason: Why there is no baseline; "" where there is one; None before a trial
            showed what the objective is, and in studies of version 0.1.0.
    """

    baseline: float | None = None
    reference: Reference | None = None
    data: DataFacts = field(default_factory=DataFacts)
    environment: Environment = field(default_factory=Environment)
    baseline_reason: str | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Facts:
        """Read what :meth:`to_json` or an earlier version of hpo wrote."""
        reference = stored.get("reference")
        return cls(
            baseline=stored.get("baseline"),
            reference=Reference(**{"source": "", **reference}) if reference else None,
            data=DataFacts.from_json(stored.get("data") or {}),
            environment=Environment.from_json(stored.get("environment") or {}),
            baseline_reason=stored.get("baseline_reason"),
        )

    def to_json(self) -> dict[str, Any]:
        """The facts as the journal of a study keeps them."""
        reason = self.baseline_reason
        return {
            **({} if reason is None else {"baseline_reason": reason}),
            "baseline": self.baseline,
            "reference": dataclasses.asdict(self.reference) if self.reference else None,
            "data": self.data.to_json(),
            "environment": self.environment.to_json(),
        }

    def __getitem__(self, name: str) -> Any:
        """A fact by key, as in version 0.1.0."""
        warn_of_keys("Study.facts", name)
        return self.to_json()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A fact by key, as in version 0.1.0; use the attribute instead."""
        warn_of_keys("Study.facts", name)
        return self.to_json().get(name, default)


def _known(kind: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored values that are fields of a dataclass and not null."""
    names = {one.name for one in dataclasses.fields(kind)}
    return {name: value for name, value in stored.items() if name in names and value is not None}
