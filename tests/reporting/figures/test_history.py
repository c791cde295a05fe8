from __future__ import annotations


def test_the_history_shows_scored_pruned_and_failed_trials(regression, page):
    traces = {trace["name"]: trace for trace in page.figures["history-scores"]["data"]}
    assert len(traces["complete"]["x"]) == 18
    assert traces["failed"]["x"] == [5, 13, 21]
    assert traces["pruned"]["x"] == [3, 11, 19]
    assert f"best: trial {regression.best.number}" in traces
