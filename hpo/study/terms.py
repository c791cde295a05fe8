"""What a study is, for processes that evaluate its configurations but do not have it at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo.options import Options
    from hpo.study.code import Code
    from hpo.study.facts import Facts
    from hpo.study.settings import Settings
    from hpo.study.study import Study


@dataclass(frozen=True)
class Terms:
    """What a study is, as far as a process that evaluates has to know it.

    Attributes:
        name: Its name.
        place: Where it lies, for messages.
        settings: What must not change while it exists.
        options: How it is searched.
        code: The task's code as it was accepted last.
        facts: What is recorded of data and environment, if anything.
        has_begun: Whether a trial was ever begun.
    """

    name: str
    place: str
    settings: Settings
    options: Options
    code: Code | None
    facts: Facts | None
    has_begun: bool


def terms_of(study: Study) -> Terms:
    """What a study is now."""
    return Terms(
        name=study.name,
        place=str(study.directory),
        settings=study.settings,
        options=study.options,
        code=study.code,
        facts=study.facts,
        has_begun=study.has_begun,
    )
