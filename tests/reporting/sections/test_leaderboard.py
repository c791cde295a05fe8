from __future__ import annotations


def test_the_leaderboard_lists_every_trial_best_first_and_failed_ones_last(regression, page):
    rows = [found["class"] for tag, found in page.elements if tag == "tr" and found.get("class")]
    states = [state for state in rows if state in ("complete", "pruned", "failed")]
    assert states == ["complete"] * 18 + ["pruned"] * 3 + ["failed"] * 3
    assert len(states) == len(regression.trials)
