"""What the page says about hyperparameters, workers and other studies."""

from __future__ import annotations

from datetime import datetime, timedelta

import fixture_studies as studies
import numpy as np
import optuna
import pytest

from hpo.reporting import write_report
from hpo.reporting.figures.axes import Axis, searched
from hpo.reporting.figures.contour import contour
from hpo.reporting.figures.others import others
from hpo.reporting.figures.parallel import parallel
from hpo.reporting.figures.parameters import parameters
from hpo.reporting.figures.slices import MOST_POINTS, slices
from hpo.reporting.figures.theme import log_ticks
from hpo.reporting.figures.timeline import timeline
from hpo.reporting.reading.snapshot import take
from hpo.space.parameters import Categorical, Float, Int
from hpo.study.keys import RESULT


def study_of(tmp_path, score_of, trials=60, **kwargs):
    """A study of random configurations, each with a score that follows from it."""
    study = studies.new_study(tmp_path, **kwargs)
    study.record.sampler = optuna.samplers.RandomSampler(seed=0)
    for _ in range(trials):
        trial = study.record.ask()
        params = study.space.suggest(trial)
        trial.set_user_attr(RESULT, {"fold_scores": []})
        study.record.tell(trial, score_of(params))
    return study


def by_dropping_rate(params):
    return 2.0 + abs(np.log10(params["learning_rate"]) + 3)


def test_the_hyperparameter_that_decides_is_the_most_important(tmp_path):
    found = take(study_of(tmp_path, by_dropping_rate)).importances
    assert next(iter(found)) == "learning_rate"
    assert found["learning_rate"] > 0.5
    assert sum(found.values()) == pytest.approx(1)


def test_a_conditional_hyperparameter_has_an_importance_and_a_mark(tmp_path):
    study = study_of(tmp_path, lambda p: 2 + abs(p.get("momentum", 2) - 0.9))
    snapshot = take(study)
    assert snapshot.importances["momentum"] > 0.2
    bars = next(d for d in parameters(snapshot).drawings if d.name == "parameters-importance")
    assert "momentum *" in bars.plot.data[0].y
    assert "applies in some trials only" in bars.note


def test_few_trials_have_no_importances_and_the_section_says_so(tmp_path):
    section = parameters(take(study_of(tmp_path, by_dropping_rate, trials=5)))
    assert "parameters-importance" not in [drawing.name for drawing in section.drawings]
    assert "With fewer than 12 trials nothing can be said" in section.lead


def test_a_hyperparameter_that_hardly_ever_applied_has_no_importance(tmp_path):
    study = studies.new_study(tmp_path)
    for number in range(20):
        optimizer = {"optimizer": "sgd", "momentum": 0.9} if number < 3 else {"optimizer": "adam"}
        study.record.enqueue_trial({"layers": 1 + number % 5, **optimizer})
        trial = study.record.ask()
        study.space.suggest(trial)
        study.record.tell(trial, 0.5 if number < 3 else 1 + number % 5)
    snapshot = take(study)
    assert "momentum" not in snapshot.importances
    bars = next(d for d in parameters(snapshot).drawings if d.name == "parameters-importance")
    assert "Those that applied in fewer than 8 trials are left out." in bars.note


def test_slices_show_the_whole_range_that_was_searched(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate, trials=4))
    drawings = {drawing.title: drawing.plot for drawing in slices(snapshot, searched(snapshot))}
    low, high = drawings["learning_rate"].layout.xaxis.range
    assert low < -5 < -2 < high


def test_constants_are_not_drawn(tmp_path):
    space = studies.SPACE + '\n[fixed]\ntype = "categorical"\nchoices = ["a"]\ndefault = "a"\n'
    snapshot = take(study_of(tmp_path, by_dropping_rate, space=space))
    assert [axis.name for axis in searched(snapshot)] == [
        "learning_rate",
        "layers",
        "optimizer",
        "momentum",
    ]


def test_every_hyperparameter_has_a_slice_the_most_important_first(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawings = slices(snapshot, searched(snapshot))
    assert drawings[0].title == "learning_rate"
    assert {drawing.title for drawing in drawings} == set(snapshot.space.names)
    momentum = next(drawing for drawing in drawings if drawing.title == "momentum")
    having = sum("momentum" in trial.params for trial in snapshot.trials)
    assert len(momentum.plot.data[0].x) == having
    assert f"Applies in {having} trials." in momentum.note


def test_choices_and_few_whole_numbers_stand_in_columns(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawings = {drawing.title: drawing.plot for drawing in slices(snapshot, searched(snapshot))}
    assert drawings["optimizer"].layout.xaxis.ticktext == ("adam", "rmsprop", "sgd")
    assert drawings["layers"].layout.xaxis.ticktext == ("1", "2", "3", "4", "5")
    columns = np.round(drawings["layers"].data[0].x).tolist()
    in_order = [trial.params["layers"] - 1 for trial in snapshot.ranking[::-1]]
    assert columns == in_order
    assert drawings["learning_rate"].layout.xaxis.type == "log"


def test_slices_of_very_many_trials_keep_the_best(tmp_path):
    snapshot = take(studies.large_study(tmp_path, trials=MOST_POINTS + 50))
    drawing = slices(snapshot, searched(snapshot))[0]
    drawn = set(drawing.plot.data[0].customdata)
    assert len(drawn) == MOST_POINTS
    assert {trial.number for trial in snapshot.ranking[: MOST_POINTS // 2]} <= drawn
    assert f"{MOST_POINTS} of {MOST_POINTS + 50} drawn" in drawing.note


def test_a_trial_without_a_hyperparameter_runs_below_its_axis(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawing = parallel(snapshot, searched(snapshot))
    lines = np.concatenate([np.asarray(trace.y) for trace in drawing.plot.data])
    absent = sum("momentum" not in trial.params for trial in snapshot.ranking)
    assert (lines < -0.1).sum() == absent
    assert "runs below" in drawing.note
    assert [trace.name for trace in drawing.plot.data][-1] == "best 6 trials"


def test_the_contour_shows_the_two_most_important_that_apply_together(tmp_path):
    snapshot = take(study_of(tmp_path, lambda p: by_dropping_rate(p) + p["layers"]))
    drawing = contour(snapshot, searched(snapshot))
    assert "learning_rate" in drawing.title
    assert "layers" in drawing.title
    assert "nothing is drawn" in drawing.note


def test_the_surface_is_best_where_trials_were_and_empty_where_none_was(tmp_path):
    space = "".join(
        f'[{name}]\ntype = "float"\nlow = 0.0\nhigh = 1.0\ndefault = 0.5\n' for name in "ab"
    )
    study = studies.new_study(tmp_path, space=space)
    for number in range(40):
        place = number / 39 * 0.5  # all trials on the lower half of the diagonal
        study.record.enqueue_trial({"a": place, "b": place})
        trial = study.record.ask()
        study.space.suggest(trial)
        study.record.tell(trial, 1 + abs(place - 0.1))
    snapshot = take(study)
    z = np.asarray(contour(snapshot, searched(snapshot)).plot.data[0].z)
    assert np.isnan(z[-1]).all()
    best = np.unravel_index(np.nanargmin(z), z.shape)
    assert max(best) <= 12


def test_no_contour_without_two_hyperparameters_that_matter(tmp_path):
    assert contour(take(studies.new_study(tmp_path)), ()) is None


@pytest.mark.parametrize(
    ("parameter", "value", "place"),
    [
        (Categorical(["a", "b"]), "b", 0.75),
        (Categorical(["a", "b"]), "c", None),
        (Int(1, 4), 1, 0.125),
        (Int(10, 1000, log=True), 100, 0.5),
        (Float(0.0, 2.0), 1.5, 0.75),
        (Float(0.0, 2.0), None, None),
    ],
)
def test_values_have_a_place_on_the_axis(parameter, value, place):
    found = Axis("p", parameter).place(value)
    assert found == (None if place is None else pytest.approx(place))


def test_ticks_name_values_of_the_range():
    assert Axis("p", Int(16, 256, log=True)).ticks()["ticktext"] == ["16", "32", "64", "128", "256"]
    assert Axis("p", Float(0.0, 1.0)).ticks()["ticktext"] == ["0", "0.25", "0.5", "0.75", "1"]


def test_logarithmic_ticks_are_round():
    assert log_ticks([0.03, 0.9]) == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    assert log_ticks([1e-6, 1.0, float("nan")])[:3] == [1e-6, 1e-5, 1e-4]


# Workers ------------------------------------------------------------------------------------


def timed_study(tmp_path, spans):
    """A study whose trials ran from minute to minute with a worker: (worker, from, to)."""
    study = studies.new_study(tmp_path)
    noon = datetime(2026, 1, 31, 12)  # noqa: DTZ001  (Optuna's times have no zone)
    for worker, begin, end in spans:
        trial = optuna.trial.create_trial(
            value=1.0, user_attrs={"worker": worker, RESULT: {"fold_scores": []}}
        )
        trial.datetime_start = noon + timedelta(minutes=begin)
        trial.datetime_complete = noon + timedelta(minutes=end)
        study.record.add_trial(trial)
    return take(study)


def test_every_worker_has_a_row_and_a_successor_shares_it(tmp_path):
    spans = [("a", 0, 5), ("b", 0, 10), ("a", 5, 8), ("c", 9, 10)]
    drawing = timeline(timed_study(tmp_path, spans))
    assert list(drawing.plot.data[0].y) == [1, 2, 1, 1]
    assert "2 workers busy 95.0 % of it" in drawing.note


def test_there_is_no_timeline_without_times(tmp_path):
    study = studies.new_study(tmp_path)
    study.space.suggest(study.record.ask())
    assert timeline(take(study)) is None


# Other studies ------------------------------------------------------------------------------


def test_studies_of_the_same_task_are_drawn_beside_each_other(tmp_path):
    study = study_of(tmp_path, by_dropping_rate, name="one", task_name="boston")
    study_of(tmp_path, by_dropping_rate, 8, name="two", task_name="boston")
    study_of(tmp_path, by_dropping_rate, 3, name="other task", task_name="reuters")
    study_of(tmp_path, by_dropping_rate, 3, name="rmse", task_name="boston", objective="val_rmse")
    studies.new_study(tmp_path, "empty", task_name="boston")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "journal.log").write_text('"boston" nonsense\n{}\n')
    section = others(take(study))
    assert section.lead.startswith("2 studies of the task boston")
    traces = section.drawings[0].plot.data
    assert [trace.name for trace in traces] == ["one (tpe), this study", "two (tpe)"]
    assert [len(trace.x) for trace in traces] == [60, 8]
    progress = section.drawings[1].plot.data[0].y
    assert (np.diff(progress) <= 0).all()


def test_a_study_alone_has_no_such_section(tmp_path):
    study = study_of(tmp_path, by_dropping_rate, 3)
    assert others(take(study)) is None
    assert "Beside other studies" not in write_report(study).read_text(encoding="utf-8")
