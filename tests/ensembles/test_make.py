"""Ensembles of a small study, made by the search itself."""

import json
import math
import warnings

import keras
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

import hpo
from hpo import Data, Float, HPOError, Space, Stage, Task
from hpo.ensembles.make import load_ensemble
from hpo.ensembles.retraining import OtherScoreWarning
from hpo.errors import UsageError

N = 30


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N + 10, 3))
    y = x @ [1.0, -2.0, 0.5]
    return Data(x=x[:N], y=y[:N], x_test=x[N:], y_test=y[N:])


def build(params, data):
    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
    return network


def make_task(**settings):
    return Task(
        **{
            "name": "linear",
            "load": load,
            "model": build,
            "space": Space({"rate": Float(1e-3, 0.2, log=True, default=0.05)}),
            "objective": "val_mae",
            "cv": "kfold:2",
            "epochs": 3,
            "batch_size": 8,
            "preprocessor": lambda _params: StandardScaler(),
            **settings,
        }
    )


def search(folder, task=None, **settings):
    return hpo.run(task or make_task(), **{"trials": 3, "runs": folder, **settings})


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A study of which no model was kept."""
    return search(tmp_path_factory.mktemp("runs"), keep=0)


def models(study):
    return sorted((study.directory / "ensemble" / "models").glob("*.keras"))


def combine(study, task=None, **settings):
    return hpo.ensemble(study, task=task or make_task(), **settings)


# ---------------------------------------------------------------- with the models of the search


def test_an_ensemble_predicts_with_the_fold_models_of_the_search(tmp_path):
    study = search(tmp_path)

    made = combine(study, method="mean", size=2)

    assert made.result["refit"] is False
    assert made.result["seeds"] is None
    error = np.abs(np.ravel(made.predict(load(None).x_test)) - load(None).y_test).mean()
    assert error == pytest.approx(made.result["test"]["mae"], rel=1e-5)
    assert models(study) == []


def test_a_preprocessor_may_be_none_for_some_params(tmp_path):
    task = make_task(preprocessor=lambda _params: None)
    study = search(tmp_path, task, trials=1)

    assert combine(study, task).result["test"]["mae"] > 0


def test_an_ensemble_of_a_part_of_the_data_loads_the_same_part(tmp_path):
    study = search(tmp_path, trials=1, train_size=0.5)

    made = combine(study)

    assert made.data.n_samples == 15
    assert study.facts["data"]["n_samples"] == 15
    assert study.facts["data"]["n_samples_whole"] == N
    assert made.result["oof"] == pytest.approx(study.best.score, rel=0.2)
    assert "--train-size 0.5" in study.options.command


# ---------------------------------------------------------------- models that were not kept


def test_folds_whose_models_were_not_kept_are_trained_again_and_kept(tmp_path):
    study = search(tmp_path, keep=1)
    told = []

    made = combine(study, method="mean", size=3, on_refit=told.append)

    assert [one["trial"] for one in made.result["retrained"]] == sorted(
        trial.number for trial in study.ranking[1:]
    )
    for one in made.result["retrained"]:
        assert one["score"] == pytest.approx(one["recorded"], rel=1e-5)
    assert told[-1].epochs_done == told[-1].epochs_wanted == 2 * 3
    assert all(len(study.model_paths(trial.number)) == 2 for trial in study.trials)
    again = []
    assert combine(study, method="mean", size=3, on_refit=again.append).result["retrained"] == []
    assert again == []


def test_folds_trained_again_predict_what_those_of_the_search_did(tmp_path):
    kept, dropped = search(tmp_path / "kept"), search(tmp_path / "dropped", keep=0)

    x = load(None).x_test
    first, second = (combine(study, method="mean").predict(x) for study in (kept, dropped))

    np.testing.assert_allclose(first, second, rtol=1e-4)


def test_another_score_than_in_the_search_is_told(tmp_path):
    study = search(tmp_path, keep=0, trials=1)

    def other_start(params, data):
        network = build(params, data)
        network.layers[-1].bias.assign([5.0])
        return network

    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always", OtherScoreWarning)
        result = combine(study, make_task(model=other_start)).result

    (told,) = [str(one.message) for one in given if one.category is OtherScoreWarning]
    assert "trial 0 of study 'linear', trained again, came to" in told
    (one,) = result["retrained"]
    assert one["score"] != pytest.approx(one["recorded"], rel=1e-3)


def test_a_trial_that_cannot_be_trained_any_more_is_named(tmp_path):
    study = search(tmp_path, keep=0, trials=1)

    def failing(_params, _data):
        raise ValueError("no such layer")

    with pytest.raises(
        HPOError, match="trial 0 of study 'linear' again: ValueError: no such layer"
    ):
        combine(study, make_task(model=failing))


# ---------------------------------------------------------------- refitted


def test_members_are_refitted_on_all_the_data_for_the_epochs_they_chose(tmp_path):
    study = search(tmp_path, trials=1, keep=0, train_size=0.5)
    best = study.best

    made = combine(study, refit=True)

    data = load(None)
    scaler = StandardScaler().fit(data.x)
    keras.utils.set_random_seed(best.seed)
    model = build(best.params, Data(x=scaler.transform(data.x), y=data.y))
    x, y = scaler.transform(data.x).astype("float32"), data.y.astype("float32")
    for epoch in range(best.epochs):
        order = np.random.default_rng([best.seed, 0, epoch]).permutation(N)
        model.fit(x[order], y[order], batch_size=8, epochs=1, shuffle=False, verbose=0)
    expected = model.predict(scaler.transform(data.x_test).astype("float32"), verbose=0)
    np.testing.assert_allclose(made.predict(data.x_test), expected, rtol=1e-4, atol=1e-5)
    assert (made.result["refit"], made.result["seeds"]) == (True, 1)
    name = f"trial-0-seed-{best.seed}-epochs-{best.epochs}.keras"
    assert [path.name for path in models(study)] == [name]


def test_a_member_of_several_seeds_is_the_average_of_its_models(searched):
    made = combine(searched, method="mean", size=1, refit=True, seeds=2)

    (member,) = made.weights
    paths = [p for p in models(searched) if p.name.startswith(f"trial-{member.trial}-seed-")]
    assert len(paths) == 2
    x = StandardScaler().fit(load(None).x).transform(load(None).x_test).astype("float32")
    single = [keras.saving.load_model(path).predict(x, verbose=0) for path in paths]
    assert not np.allclose(*single)
    np.testing.assert_allclose(made.predict(load(None).x_test), np.mean(single, axis=0), rtol=1e-5)
    assert made.result["test"] == made.result["test_best_single"]


def test_models_that_are_there_are_not_trained_again(tmp_path):
    study = search(tmp_path, keep=0)
    told = []

    def stop_after_the_first(progress):
        told.append(progress)
        if progress.seconds is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        combine(study, method="mean", size=3, refit=True, on_refit=stop_after_the_first)
    (first,) = models(study)
    written = first.stat().st_mtime_ns
    assert study.test_consultations == []

    again = []
    combine(study, method="mean", size=3, refit=True, on_refit=again.append)

    assert first.stat().st_mtime_ns == written
    assert len(models(study)) == 3
    ends = [progress for progress in again if progress.seconds is not None]
    assert [(end.model, end.models) for end in ends] == [(1, 3), (2, 3), (3, 3)]
    assert ends[0].seconds == 0
    assert ends[-1].epochs_done == ends[-1].epochs_wanted == sum(e.epochs for e in ends[1:])


def test_stages_are_refitted_for_the_epochs_that_each_of_them_chose(tmp_path):
    def recompile(model, params):
        model.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])

    stages = [Stage("none", 0, recompile), Stage("more", lambda _params: 2, recompile)]
    task = make_task(stages=stages)
    study = search(tmp_path, task, trials=1, keep=0)

    combine(study, task, refit=True)

    spelt = "-".join(map(str, study.best.stage_epochs))
    assert [path.name.partition("-epochs-")[2] for path in models(study)] == [f"{spelt}.keras"]
    assert study.best.stage_epochs[1] == 0


def test_a_task_that_has_other_stages_now_is_refused(searched):
    task = make_task(stages=[Stage("new", 1, lambda _model, _params: None)])

    with pytest.raises(HPOError, match="was trained in 1 stages, and the task has 2 now"):
        combine(searched, task, refit=True)


def test_several_outputs_are_refitted(tmp_path):
    def two_targets(data_dir):
        data = load(data_dir)
        return Data(
            x=data.x,
            y={"a": data.y, "b": -data.y},
            x_test=data.x_test,
            y_test={"a": data.y_test, "b": -data.y_test},
        )

    def two_heads(params, data):
        inputs = keras.Input(data.x.shape[1:])
        heads = {name: keras.layers.Dense(1, name=name)(inputs) for name in data.y}
        model = keras.Model(inputs, heads)
        mae = dict.fromkeys(heads, "mae")
        model.compile(
            keras.optimizers.SGD(params["rate"]), dict.fromkeys(heads, "mse"), metrics=mae
        )
        return model

    task = make_task(load=two_targets, model=two_heads, objective="val_a_mae")
    study = search(tmp_path, task, trials=1, keep=0)

    made = combine(study, task, refit=True)

    assert set(made.predict(load(None).x_test)) == {"a", "b"}
    assert set(made.result["test"]) >= {"a_mae", "b_mae"}


def test_a_loss_that_becomes_no_number_names_the_trial_and_the_seed(tmp_path):
    study = search(tmp_path, trials=1, keep=0)

    def breaking(_params):
        return [keras.callbacks.LearningRateScheduler(lambda _epoch: math.nan)]

    def nan_model(params, data):
        return build({**params, "rate": math.nan}, data)

    with pytest.raises(HPOError, match=rf"trial 0 with seed {study.best.seed}: loss became nan"):
        combine(study, make_task(model=nan_model, callbacks=breaking), refit=True)
    assert models(study) == []


def test_a_callback_that_needs_validation_is_told_apart_from_other_failures(tmp_path):
    study = search(tmp_path, trials=1, keep=0)

    def looking(_params):
        return [keras.callbacks.LambdaCallback(on_epoch_end=lambda _epoch, logs: logs["val_mae"])]

    with pytest.raises(HPOError, match=r"KeyError: 'val_mae'.*should monitor training metrics"):
        combine(study, make_task(callbacks=looking), refit=True)


@pytest.mark.parametrize("settings", [{"seeds": 0, "refit": True}, {"seeds": 2}])
def test_seeds_are_of_refitted_models_and_at_least_one(searched, settings):
    with pytest.raises(UsageError, match="seeds"):
        combine(searched, **settings)


# ---------------------------------------------------------------- loaded again


@pytest.mark.parametrize("method", ["greedy", "weighted", "mean", "stacking"])
@pytest.mark.parametrize("refit", [False, True])
def test_an_ensemble_that_is_loaded_predicts_as_it_did_and_consults_nothing(
    tmp_path, method, refit
):
    study = search(tmp_path)
    made = combine(study, method=method, refit=refit, seeds=2 if refit else 1)
    x = load(None).x_test

    loaded = load_ensemble("linear", runs=tmp_path, task=make_task())

    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)
    assert loaded.result == made.result
    assert loaded.data.x_test is None
    assert len(study.test_consultations) == 1


def test_nothing_is_loaded_or_fitted_anew_for_the_second_part_of_the_samples(tmp_path, monkeypatch):
    study = search(tmp_path)
    combine(study)
    x = load(None).x_test
    loaded = load_ensemble(study, task=make_task())
    whole = loaded.predict(x)

    def never(*_args, **_settings):
        raise AssertionError

    monkeypatch.setattr(keras.saving, "load_model", never)
    monkeypatch.setattr(StandardScaler, "fit", never)
    parts = [loaded.predict(x[:3]), loaded.predict(x[3:])]

    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_models_beyond_the_memory_set_aside_are_loaded_each_time(tmp_path, monkeypatch):
    study = search(tmp_path)
    made = combine(study)
    x = load(None).x_test

    monkeypatch.setattr("hpo.ensembles.loaded_models.MODEL_BYTES", 0)
    loaded = load_ensemble(study, task=make_task())

    for _time in range(2):
        np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


def test_models_that_a_later_search_let_go_of_are_trained_again(tmp_path):
    study = search(tmp_path)
    made = combine(study, method="mean")
    expected = made.predict(load(None).x_test)
    study.drop_models(keep=0)

    loaded = load_ensemble(study, task=make_task())

    np.testing.assert_allclose(loaded.predict(load(None).x_test), expected, rtol=1e-4)


def test_a_study_without_an_ensemble_says_how_to_make_one(searched):
    with pytest.raises(HPOError, match="no ensemble yet: hpo ensemble linear"):
        load_ensemble(search(searched.directory.parent / "new", trials=1), task=make_task())


def test_an_ensemble_that_names_a_study_elsewhere_is_refused(tmp_path):
    search(tmp_path / "elsewhere", trials=1)
    study = search(tmp_path / "runs", trials=1)
    combine(study)
    path = study.directory / "ensemble" / "ensemble.json"
    stored = json.loads(path.read_text())
    stored["members"][0]["study"] = "../elsewhere/linear"
    path.write_text(json.dumps(stored))

    with pytest.raises(HPOError, match=r"'\.\./elsewhere/linear', which is not in"):
        load_ensemble(study, task=make_task())


# ---------------------------------------------------------------- members of several studies


def test_members_of_several_studies_predict_together(tmp_path):
    first, second = (search(tmp_path, study=name, seed=seed) for name, seed in [("a", 0), ("b", 7)])

    made = hpo.ensemble(first, "b", runs=tmp_path, task=make_task(), method="mean", size=6)

    found = {(member["study"], member["trial"]) for member in made.result["members"]}
    assert found == {(name, number) for name in "ab" for number in range(3)}
    assert first.ensemble == made.result
    assert second.ensemble is None
    assert first.test_consultations[0]["command"] == "hpo ensemble a b --method mean --size 6"
    best = min(first.best.score, second.best.score)
    assert {"a": first, "b": second}[made.result["best_single_study"]].best.score == best
    x = load(None).x_test
    loaded = load_ensemble("a", runs=tmp_path, task=make_task())
    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


@pytest.mark.parametrize("method", ["mean", "stacking"])
def test_members_of_several_studies_are_refitted_each_in_its_own(tmp_path, method):
    studies = [
        search(tmp_path, study=name, seed=seed, keep=0) for name, seed in [("a", 0), ("b", 7)]
    ]

    made = hpo.ensemble(studies, task=make_task(), method=method, size=6, refit=True)

    assert [len(models(study)) for study in studies] == [3, 3]
    x = load(None).x_test
    loaded = load_ensemble("a", runs=tmp_path, task=make_task())
    np.testing.assert_allclose(loaded.predict(x), made.predict(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"cv": "kfold:3"}, "its cv is kfold:3, not kfold:2"),
        ({"train_size": 0.5}, "its train size is 0.5, not all"),
    ],
)
def test_a_study_that_does_not_agree_is_named_with_the_reason(searched, settings, reason):
    runs = searched.directory.parent
    name = f"other-{next(iter(settings))}"
    search(runs, study=name, trials=1, **settings)

    with pytest.raises(HPOError, match=f"'{name}' does not agree with 'linear': {reason}"):
        hpo.ensemble(searched, name, runs=runs, task=make_task())


def test_a_study_of_other_data_is_named(searched):
    def other(data_dir):
        data = load(data_dir)
        return Data(x=data.x + 1, y=data.y)

    runs = searched.directory.parent
    search(runs, make_task(load=other), study="other-data", trials=1)

    with pytest.raises(HPOError, match=r"'other-data' does not agree .* its data has"):
        hpo.ensemble(searched, "other-data", runs=runs, task=make_task())


def test_a_study_is_named_once_and_lies_beside_the_others(searched, tmp_path):
    elsewhere = search(tmp_path, study="elsewhere", trials=1)

    with pytest.raises(UsageError, match="every study once"):
        hpo.ensemble(searched, searched, task=make_task())
    with pytest.raises(UsageError, match="Put the studies into one folder"):
        hpo.ensemble(searched, elsewhere, task=make_task())
    with pytest.raises(UsageError, match="one study or more"):
        hpo.ensemble(task=make_task())


# ---------------------------------------------------------------- what is claimed


def test_the_claimed_score_has_an_interval_and_stands_beside_the_apparent_one(searched):
    result = combine(searched).result

    low, high = result["oof_interval"]
    assert low < result["oof"] < high
    assert set(result["oof_by_method"]) == {"greedy", "weighted", "mean", "stacking"}
    assert result["method_asked"] == "auto"
    assert result["gain"] == pytest.approx(result["best_single_oof"] - result["oof"])
    n = len(result["members"])
    assert np.shape(result["correlation"]) == (n, n)


# ---------------------------------------------------------------- what is put on record


def test_the_whole_command_is_put_on_record(tmp_path):
    study = search(tmp_path, trials=1)

    combine(study)
    combine(study, method="mean", size=3, refit=True, seeds=2)

    commands = [entry["command"] for entry in study.test_consultations]
    assert commands == [
        "hpo ensemble linear",
        "hpo ensemble linear --method mean --size 3 --seeds 2 --refit",
    ]


def test_a_test_score_that_is_no_number_is_null(tmp_path):
    def undefined_on_the_test_set(y_true, y_pred):
        return math.nan if len(y_true) == 10 else float(np.abs(y_true - y_pred).mean())

    task = make_task(metric=undefined_on_the_test_set)
    study = search(tmp_path, task, trials=1)

    result = combine(study, task).result

    assert result["test"]["mae"] is None
    assert json.loads(json.dumps(result, allow_nan=False)) == study.ensemble


def test_out_of_fold_scores_that_are_no_numbers_are_refused(tmp_path):
    task = make_task(metric=lambda _true, _predicted: math.nan)
    study = search(tmp_path, task, trials=1)

    with pytest.raises(HPOError, match=r"out-of-fold predictions is nan"):
        combine(study, task)
    assert study.test_consultations == []
