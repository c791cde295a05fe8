from __future__ import annotations


def test_the_commands_reproduce_search_and_ensemble(page):
    assert "hpo run boston --sampler tpe --trials 50 --seed 7" in page.text
    assert "hpo ensemble boston" in page.text
    assert "9f2c51d0" in page.text
