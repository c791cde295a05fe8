import numpy as np
import pytest
from ensembles.selection.libraries import library, score, trial

from hpo.ensembles.selection import (
    Candidates,
    choose,
)
from hpo.ensembles.selection.choice import WAYS
from hpo.scoring.metrics import cross_entropy, on_output


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def classifiers(n_classes=46, n=900, members=6, seed=0, metric=cross_entropy, n_parts=5):
    """Candidates for classes of very different frequency, some of them in one part only."""
    generator = np.random.default_rng(seed)
    shares = 1 / np.arange(1, n_classes + 1) ** 1.5
    targets = generator.choice(n_classes, size=n, p=shares / shares.sum())
    evidence = 3 * np.eye(n_classes)[targets]
    found = [
        softmax(evidence + generator.normal(0, 1.5, (n, n_classes))) for _member in range(members)
    ]
    return library(found, targets, metric, n_parts=n_parts)


def test_stacking_finds_the_linear_model_that_made_the_targets():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 300))
    found = library([first, second], 1 + 1.5 * first - 0.5 * second)

    stacked = WAYS["stacking"][0](found, 5)

    np.testing.assert_allclose(stacked.outputs[""].coefficients, [[1.5, -0.5]], atol=0.01)
    np.testing.assert_allclose(stacked.outputs[""].intercepts, [1.0], atol=0.01)


def test_stacking_of_copies_is_the_copy():
    generator = np.random.default_rng(0)
    targets = generator.normal(size=100)
    noisy = targets + generator.normal(size=100)
    noisy -= (noisy - targets).mean()

    found = library([noisy] * 4, targets)

    combined = WAYS["stacking"][0](found, 4).combine(found.predictions)[""]
    np.testing.assert_allclose(combined, noisy, atol=1e-5)


def test_stacked_classes_stay_probabilities_though_some_occur_in_one_part_only():
    found = classifiers()
    counts = np.bincount(found.targets[""], minlength=46)
    assert (counts == 1).sum() > 0
    assert (counts == 0).any()

    choice = choose("stacking", found, 6)

    probabilities = choice.predictions[""]
    assert probabilities.shape == (900, 46)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities >= 0).all()
    singles = [found.score(p) for p in found.predictions.values()]
    assert choice.score < min(singles)


def test_stacking_of_yes_or_no_calibrates_what_is_too_sure():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=2000)
    targets = (generator.logistic(size=2000) < logits).astype(int)
    too_sure = 1 / (1 + np.exp(-5 * logits))
    found = library([too_sure[:, None]], targets, cross_entropy)

    stacked = WAYS["stacking"][0](found, 1)

    assert stacked.outputs[""].kind == "answers"
    assert stacked.outputs[""].coefficients[0, 0] == pytest.approx(0.2, abs=0.03)
    assert score(found, stacked) < found.score(found.predictions[trial(10)])


def test_every_output_is_stacked_by_itself():
    generator = np.random.default_rng(0)
    price, kind = generator.normal(size=(100, 1)), generator.integers(0, 3, 100)
    answers = generator.integers(0, 2, (100, 4))
    both = Candidates(
        predictions={
            trial(i): {
                "price": price + generator.normal(size=(100, 1)),
                "kind": softmax(3 * np.eye(3)[kind] + generator.normal(size=(100, 3))),
                "answers": np.clip(answers + generator.normal(0, 0.3, (100, 4)), 0, 1),
            }
            for i in range(3)
        },
        targets={"price": price[:, 0], "kind": np.eye(3)[kind], "answers": answers},
        index=np.arange(100),
        fold=np.arange(100) % 5,
        scorer=on_output(cross_entropy, "kind"),
        direction="minimize",
    )

    stacked = WAYS["stacking"][0](both, 3)
    combined = stacked.combine(both.predictions)

    kinds = {name: output.kind for name, output in stacked.outputs.items()}
    assert kinds == {"price": "quantities", "kind": "classes", "answers": "answers"}
    assert {name: p.shape for name, p in combined.items()} == {
        "price": (100, 1),
        "kind": (100, 3),
        "answers": (100, 4),
    }
