import keras

from hpo.support.formats import number
from tasks import N_TRAIN


def test_the_model_card_says_what_is_known(ensemble, exported):
    card = (exported / "README.md").read_text()

    facts = ensemble.study.facts
    assert f"`{facts.data.fingerprint}`" in card
    assert f"samples searched on: {N_TRAIN}" in card
    assert number(ensemble.result["oof"]) in card
    low, high = ensemble.result["oof_interval"]
    assert f"{number(low)} to {number(high)}" in card
    assert f"test set: mae | {number(ensemble.result['test']['mae'])}" in card
    assert "consulted" in card
    assert number(facts.baseline) in card
    assert f"keras {keras.__version__}" in card
    assert f"keras=={keras.__version__}" in (exported / "requirements.txt").read_text()
