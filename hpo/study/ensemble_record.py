"""What a study records of its latest ensemble: the content of ``ensemble.json``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
        method_asked: The method that was asked for, such as "auto".
        refit: Whether members were trained anew on all the training data.
        seeds: With ``refit``, the number of models of every member; else None.
        members: Its members, the heaviest first.
        stacking: What stacking needs beside the weights, or None.
        correlation: How alike the members' out-of-fold predictions are, shape
            (n_members, n_members).
        oof: Its cross-fitted score.
        oof_interval: The ends of the 95 % interval of that score over samples, or None.
        oof_apparent: Its score on the predictions that chose it, which is too good.
        gain: How much better its score is than that of the best single trial.
        best_single: The number of the best single trial.
        best_single_study: The name of the study of that trial.
        best_single_oof: The score of that trial out of fold.
        oof_by_method: Cross-fitted scores by method; None where a method cannot be used.
        retrained: The trials that were trained again for it.
        test: Its scores on the test set by metric; empty where there is no test set.
        test_best_single: The same of the best single trial.
        test_consulted: How often the study's test set was consulted by then.
        created: When it was made, in ISO format.
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

    @property
    def has_members_of_several_studies(self) -> bool:
        """Whether its members come from more than one study."""
        return len({member.study for member in self.members}) > 1

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> EnsembleRecord:
        """Read what :meth:`to_json` gave, or an earlier version of hpo.

        Args:
            stored: The content of ``ensemble.json``; members that name no study are those of the
                study that holds it.

        Raises:
            KeyError: A member has no trial or no weight.
            TypeError: Something is not of its kind.
            ValueError: A number is not a number.
            AttributeError: Something is not a mapping.
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
        return cls(**{"study": study, **known})

    def to_json(self) -> dict[str, Any]:
        """What ``hpo ensemble --json`` prints."""
        return dataclasses.asdict(self)
