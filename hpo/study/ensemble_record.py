"""What a study records of its latest ensemble: the content of ``ensemble.json``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpo.support.types import checked

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class MemberRecord:
    """A member of an ensemble.

    Attributes:
        study: The name of its study.
        trial: Its number there.
        weight: Its share in the ensemble.
        oof: Its own score out of fold; None where that is not a number.
    """

    study: str
    trial: int
    weight: float
    oof: float | None = None


@dataclass(frozen=True)
class RetrainedRecord:
    """A trial whose models were not kept and were trained again.

    Attributes:
        study: The name of its study.
        trial: Its number there.
        score: Its score now.
        recorded: Its score in the search.
    """

    study: str
    trial: int
    score: float
    recorded: float


@dataclass(frozen=True)
class EnsembleRecord:
    """An ensemble as it was made; its JSON is what ``hpo ensemble --json`` prints.

    Scores that are not numbers are None.

    Attributes:
        study: The name of the study that holds it.
        method: The method that chose it.
        method_asked: The method that was requested, such as "auto".
        refit: Whether members were trained again on all the training data.
        seeds: With ``refit``, the number of models per member; else None.
        members: Its members, by descending weight.
        stacking: What stacking needs besides the weights, or None.
        correlation: The correlations of the members' out-of-fold predictions, shape
            (n_members, n_members).
        oof: Its cross-fitted score.
        oof_interval: The ends of the 95% interval of that score, or None.
        oof_apparent: Its score on the predictions that chose it, which is too good.
        gain: How much better its score is than that of the best single trial.
        best_single: The number of the best single trial.
        best_single_study: The name of the study of that trial.
        best_single_oof: The score of that trial out of fold.
        oof_by_method: Cross-fitted scores by method; None if a method cannot be used.
        retrained: The trials that were trained again for it.
        test: Its scores on the test set by metric; empty without a test set.
        test_best_single: The scores of the best single trial on the test set.
        test_consulted: How often the study had consulted the test set by then.
        created: When it was made, in ISO format.
        id: What its predictions in ``oof.npz`` carry, too; "" for those of version 0.1.0.
        notes: Where its scores are not measured as those of the search, and why.
    """

    study: str
    method: str = ""
    method_asked: str | None = None
    refit: bool = False
    seeds: int | None = None
    members: list[MemberRecord] = field(default_factory=list)
    stacking: dict[str, Any] | None = None
    correlation: list[list[float | None]] = field(default_factory=list)
    oof: float | None = None
    oof_interval: list[float] | None = None
    oof_apparent: float | None = None
    gain: float | None = None
    best_single: int | None = None
    best_single_study: str | None = None
    best_single_oof: float | None = None
    oof_by_method: dict[str, float | None] = field(default_factory=dict)
    retrained: list[RetrainedRecord] = field(default_factory=list)
    test: dict[str, float | None] = field(default_factory=dict)
    test_best_single: dict[str, float | None] = field(default_factory=dict)
    test_consulted: int = 0
    created: str = ""
    id: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def has_members_of_several_studies(self) -> bool:
        """Whether its members come from more than one study."""
        return len({member.study for member in self.members}) > 1

    def of_study(self, name: str) -> EnsembleRecord:
        """The record as of a study that may have been renamed since the ensemble was made."""

        def now(study: str | None) -> Any:
            return name if study == self.study else study

        return dataclasses.replace(
            self,
            study=name,
            members=[dataclasses.replace(one, study=now(one.study)) for one in self.members],
            best_single_study=now(self.best_single_study),
            retrained=[dataclasses.replace(one, study=now(one.study)) for one in self.retrained],
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> EnsembleRecord:
        """Read what :meth:`to_json` or an earlier version of hpo wrote.

        Args:
            stored: The content of ``ensemble.json``; members without a study belong to the study
                of the ensemble.

        Raises:
            KeyError: A member has no trial or no weight.
            TypeError: A value has another type than expected.
            ValueError: A trial or a weight is not a number.
            AttributeError: A value is not a mapping.
        """
        names = {one.name for one in dataclasses.fields(cls)}
        known = {name: v for name, v in stored.items() if name in names and v is not None}
        study = str(stored.get("study", ""))
        known["members"] = [
            MemberRecord(
                study=str(one.get("study", study)),
                trial=int(one["trial"]),
                weight=float(one["weight"]),
                oof=one.get("oof"),
            )
            for one in stored.get("members") or ()
        ]
        known["retrained"] = [
            RetrainedRecord(one["study"], one["trial"], one["score"], one["recorded"])
            for one in stored.get("retrained") or ()
        ]
        known["best_single_study"] = stored.get("best_single_study", study)
        return checked(cls(**{"study": study, **known}))

    def to_json(self) -> dict[str, Any]:
        """What ``hpo ensemble --json`` prints."""
        return dataclasses.asdict(self)
