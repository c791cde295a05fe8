import dataclasses

import optuna
import pytest
from study.demo_study import ask, complete, evaluation

from hpo.space.parameters import Float
from hpo.space.space import Space
from hpo.study.folder import load_study
from hpo.study.queue import LOST
from hpo.study.trial import Failure

INTERRUPTED = Failure("interrupted: the search was stopped", "interrupted")


def test_a_complete_trial_keeps_what_it_came_to(runs, study):
    trial = study.queue.ask(optuna.samplers.RandomSampler())
    trial.assign("w", 7)
    params = trial.suggest(study.space)

    study.queue.complete(trial, evaluation(2.0))

    (found,) = load_study("demo", runs).trials
    assert found.state == "complete"
    assert found.params == params
    assert list(found.params) == ["units", "rate"]
    assert found.score == 2.0
    assert found.std_error == pytest.approx(0.5)
    assert found.fold_scores == [1.5, 2.5]
    assert (found.epochs, found.stage_epochs, found.epochs_trained) == (5, [3, 2], 7)
    assert (found.model_size, found.loss, found.training) == (42, "mse", "fused")
    assert (found.worker, found.seed) == ("w", 7)
    assert found.seconds == (found.ended - found.started).total_seconds()
    assert (found.reason, found.cause, found.details) == (None, None, "")
    assert found.is_finished


def test_a_failed_trial_keeps_its_reason(runs, study):
    study.queue.fail(ask(study).number, Failure("NaN", "configuration", "Traceback ..."))

    (found,) = load_study("demo", runs).trials
    assert (found.state, found.score) == ("failed", None)
    assert (found.reason, found.cause, found.details) == ("NaN", "configuration", "Traceback ...")
    assert found.is_finished


def test_a_trial_that_failed_without_a_word_says_so(study):
    study._record.tell(ask(study).number, state=optuna.trial.TrialState.FAIL)

    assert study.trials[0].reason.startswith("unknown")
    assert study.trials[0].cause == "outside"


def test_a_trial_that_ended_stays_as_it_ended(study):
    complete(study, 2.0)

    assert study.queue.fail(0, INTERRUPTED) is False

    (found,) = study.trials
    assert (found.state, found.score, found.reason) == ("complete", 2.0, None)
    assert len(study.files.arrays(0).index) == 6


def test_a_trial_that_was_completed_while_it_was_given_up_counts_as_complete(study):
    trial = ask(study)
    trial.set_attribute("failure", dataclasses.asdict(INTERRUPTED))

    study.queue.complete(trial, evaluation(2.0))

    (found,) = study.trials
    assert (found.state, found.score, found.reason, found.cause) == ("complete", 2.0, None, None)
    assert found.is_finished


def test_trials_are_seen_in_every_state(study):
    complete(study, 1.0)
    study._record.tell(ask(study).number, state=optuna.trial.TrialState.PRUNED)
    study.queue.fail(ask(study).number, Failure("NaN", "configuration"))
    ask(study)
    study.queue.enqueue({"units": 3, "rate": 0.5})

    assert [trial.state for trial in study.trials] == [
        "complete",
        "pruned",
        "failed",
        "running",
        "waiting",
    ]
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3, 4]
    assert [trial.is_finished for trial in study.trials] == [True, True, True, False, False]
    assert study.trials[4].params == {"units": 3, "rate": 0.5}
    assert study.n_finished == 3


def test_a_pruned_trial_has_no_score_however_far_it_came(study):
    trial = ask(study)
    trial.report(0.5, epoch=1)
    study._record.tell(trial.number, state=optuna.trial.TrialState.PRUNED)

    assert study.trials[0].score is None
    assert study.ranking == []


def test_a_trial_that_somebody_else_ends_is_seen_to_end(runs, study):
    trial = ask(study)
    assert study.trials[0].state == "running"

    load_study("demo", runs).queue.fail(trial.number, Failure("NaN", "configuration"))

    assert study.trials[0].state == "failed"


def test_a_value_on_a_step_is_shown_as_it_was_evaluated(study):
    third_step = 0.1 + 2 * 0.1
    study.queue.enqueue({"rate": third_step})
    trial = study._record.ask()

    evaluated = Space({"rate": Float(0.1, 0.5, step=0.1)}).suggest(trial)

    assert study.trials[0].params == evaluated == {"rate": 0.3}


def test_an_interrupted_trial_is_tried_again_with_its_seed(study):
    interrupted = ask(study, worker="first", seed=123)

    assert study.queue.fail(interrupted.number, INTERRUPTED)

    again = ask(study, worker="second")
    first, second = study.trials
    assert second.params == first.params
    assert again.seed == 123
    assert [trial.state for trial in study.trials] == ["interrupted", "running"]


def test_an_interrupted_trial_does_not_count(study):
    study.queue.fail(ask(study).number, INTERRUPTED)

    assert study.n_finished == 0


def test_an_interrupted_trial_is_queued_once(runs, study):
    number = ask(study, seed=1).number

    outcomes = [one.queue.fail(number, INTERRUPTED) for one in (study, load_study("demo", runs))]

    assert outcomes == [True, False]
    assert [trial.state for trial in study.trials] == ["interrupted", "waiting"]


def test_a_trial_interrupted_before_it_drew_anything_is_not_queued(study):
    number = study._record.ask().number

    study.queue.fail(number, INTERRUPTED)

    assert len(study.trials) == 1


def test_a_queued_trial_that_was_interrupted_early_keeps_its_whole_configuration(study):
    study.queue.enqueue({"units": 8, "rate": 0.25})
    trial = study._record.ask()
    trial.suggest_int("units", 1, 64)

    study.queue.fail(trial.number, INTERRUPTED)

    again = study.queue.ask(optuna.samplers.RandomSampler())
    assert again.suggest(study.space) == {"units": 8, "rate": 0.25}


@pytest.mark.parametrize("cause", ["configuration", "outside"])
def test_a_trial_that_failed_by_itself_is_not_tried_again(study, cause):
    study.queue.fail(ask(study).number, Failure("NaN", cause))

    assert len(study.trials) == 1


def test_a_lost_trial_is_queued_again_by_the_next_if_who_found_it_was_killed(study):
    study.queue.fail(ask(study, seed=5).number, LOST)
    for _ in range(2):
        study.queue.give_up_lost(at_most=2)

    assert [(t.state, t.seed) for t in study.trials] == [("interrupted", 5), ("waiting", 5)]


def test_a_configuration_whose_node_was_lost_is_queued_again_so_often_and_not_more(study):
    lost = Failure("its node was lost", "outside")
    first = ask(study, seed=5)
    study.queue.fail(first.number, lost)

    queued = []
    for number in range(3):
        queued.append(study.queue.retry(number, at_most=2))
        if queued[-1]:
            study.queue.fail(ask(study).number, lost)

    assert queued == [True, True, False]
    assert [trial.state for trial in study.trials] == ["interrupted", "interrupted", "failed"]
    assert {trial.seed for trial in study.trials} == {5}
    assert len({str(trial.params) for trial in study.trials}) == 1
