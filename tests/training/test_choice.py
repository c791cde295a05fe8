import math

import numpy as np
import pytest
from training.scripted import ScriptedModel, ScriptedTrainer

from hpo.training.choice import EpochChoice, mean_of_all, mean_of_others
from hpo.training.trainer import run_stretch


def choice_of(*rules, **settings):
    return EpochChoice(
        lambda names: "val_loss" if "val_loss" in names else None,
        settings.pop("direction", "minimize"),
        [rule(3) for rule in rules or [mean_of_all]],
        **settings,
    )


def observe(choice, *epochs):
    for number, losses in enumerate(epochs, 1):
        logs = [{"loss": 0.5, "val_loss": loss} for loss in losses]
        choice.observe(logs, [f"{number}:{fold}" for fold in range(3)])


def test_all_folds_keep_the_epoch_of_the_best_mean():
    choice = choice_of()

    observe(choice, [1.0, 9.0, 2.0], [3.0, 3.0, 3.0], [2.0, 9.0, 9.0])

    assert choice.epochs.tolist() == [[2, 2, 2]]
    assert choice.least[0] == pytest.approx([3.0] * 3)
    assert choice.states == [["2:0", "2:1", "2:2"]]


def test_every_fold_can_keep_the_epoch_that_the_others_choose():
    choice = choice_of(mean_of_all, mean_of_others)

    observe(choice, [1.0, 5.0, 5.0], [5.0, 1.0, 4.0], [5.0, 4.0, 0.0])

    # Without the first fold the means are 5, 2.5 and 2; without the second 3, 4.5 and 2.5;
    # without the third 3, 3 and 4.5: of equal ones the first counts.
    assert choice.epochs.tolist() == [[3, 3, 3], [3, 3, 1]]
    assert choice.states[1] == ["3:0", "3:1", "1:2"]


def test_scores_to_maximize_are_maximized():
    choice = choice_of(direction="maximize")

    observe(choice, [0.1, 0.2, 0.3], [0.5, 0.5, 0.5], [0.4, 0.4, 0.4])

    assert choice.epochs[0].tolist() == [2, 2, 2]


def test_patience_counts_epochs_without_a_better_mean():
    choice = choice_of(patience=2)

    observe(choice, [2.0] * 3, [1.0] * 3, [1.0] * 3)
    assert not choice.has_ended
    observe(choice, [1.5] * 3)

    assert choice.has_ended


def test_folds_in_turn_train_no_epoch_after_patience_has_run_out():
    script = [5.0, 4.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    trainer = ScriptedTrainer(ScriptedModel(), [script] * 3, max_epochs=100)
    choice, order = choice_of(patience=3), np.arange(2)

    stretch = run_stretch(trainer, [0] * 3, [[order] * 3] * len(script), choice)

    assert [len(of_fold) for of_fold in trainer.orders] == [8, 8, 8]
    assert stretch.states == [8, 8, 8]
    assert [of_epoch[0]["val_loss"] for of_epoch in stretch.logs] == script[:8]
    assert choice.epochs.tolist() == [[5, 5, 5]]


def test_an_epoch_must_be_better_than_the_stage_before():
    choice = choice_of(least=np.full((1, 3), 1.0), patience=2)

    observe(choice, [1.5] * 3, [1.0] * 3)

    assert choice.epochs[0].tolist() == [0, 0, 0]
    assert choice.has_ended


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_broken_loss_ends_the_training_and_is_never_chosen(broken):
    choice = choice_of()

    observe(choice, [3.0] * 3, [1.0, broken, 1.0])

    assert choice.is_broken
    assert choice.has_ended
    assert choice.epochs[0].tolist() == [1, 1, 1]
