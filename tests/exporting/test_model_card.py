import keras

from tasks import N_TRAIN


def test_the_model_card_says_what_is_known(ensemble, exported):
    card = (exported / "README.md").read_text()

    facts = ensemble.study.facts
    assert f"`{facts['data']['fingerprint']}`" in card
    assert f"samples searched on: {N_TRAIN}" in card
    assert f"{ensemble.result['oof']:.4f}" in card
    low, high = ensemble.result["oof_interval"]
    assert f"{low:.4f} to {high:.4f}" in card
    assert f"test set: mae | {ensemble.result['test']['mae']:.4f}" in card
    assert "consulted" in card
    assert f"{facts['baseline']:.4f}" in card
    assert f"keras {keras.__version__}" in card
    assert f"keras=={keras.__version__}" in (exported / "requirements.txt").read_text()
