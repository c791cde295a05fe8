"""What a new study tries first: its default configuration, and the best of an earlier study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.space.space import Space
    from hpo.study.study import Study

MOST = 10
"""So many configurations of an earlier study are tried, and"""

SHARE = 4
"""one trial in so many at the most."""


def first_configurations(space: Space, earlier: Study | None, trials: int) -> list[dict[str, Any]]:
    """What a new study tries first.

    The default configuration comes first, so that reports can say what tuning was worth.

    Args:
        space: Its search space.
        earlier: The study whose best configurations follow, or None.
        trials: How many trials it shall have.

    Raises:
        UsageError: The earlier study has no trial, or shares no searched parameter.
    """
    defaults = space.defaults()
    first = [defaults] if defaults else []
    if earlier is not None:
        most = max(1, min(MOST, trials // SHARE))
        first += _adopted(space, earlier, most, besides=first)
    return first


def _adopted(
    space: Space, earlier: Study, most: int, besides: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    ranking = earlier.ranking
    if not ranking:
        raise UsageError(
            f"--warm-start {earlier.name}: that study has no complete trial. Search it first, or "
            "name another."
        )
    searched = {name for name in space if len(set(space[name].ends)) > 1}
    shared = {
        name
        for trial in ranking
        for name in searched & trial.params.keys()
        if space[name].contains(trial.params[name])
    }
    if not shared:
        raise UsageError(
            f"--warm-start {earlier.name}: none of its parameters is searched here with such "
            f"values. Searched here: {', '.join(sorted(searched))}; the best trial there has "
            f"{', '.join(ranking[0].params)}."
        )
    found: list[dict[str, Any]] = []
    for trial in ranking:
        params = space.adopt(trial.params)
        if params not in [*besides, *found]:
            found.append(params)
        if len(found) == most:
            break
    return found
