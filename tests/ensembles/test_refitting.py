import math

import keras
import numpy as np
import pytest
from ensembles.searches import combine, models, search
from sklearn.preprocessing import StandardScaler

from hpo import Data, HPOError, Stage
from hpo.errors import UsageError
from tasks import N_TRAIN, linear_data, linear_network, linear_task, network_with_heads

CHANGED = pytest.mark.filterwarnings("ignore:.*the code of its task has changed")


def test_members_are_refitted_on_all_the_data_for_the_epochs_they_chose(tmp_path):
    study = search(tmp_path, trials=1, keep=0, train_size=0.5)
    best = study.best

    made = combine(study, refit=True)

    data = linear_data()
    scaler = StandardScaler().fit(data.x)
    keras.utils.set_random_seed(best.seed)
    model = linear_network(best.params, Data(x=scaler.transform(data.x), y=data.y))
    x, y = scaler.transform(data.x).astype("float32"), data.y.astype("float32")
    for epoch in range(best.epochs):
        order = np.random.default_rng([best.seed, 0, epoch]).permutation(N_TRAIN)
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
    x = StandardScaler().fit(linear_data().x).transform(linear_data().x_test).astype("float32")
    single = [keras.saving.load_model(path).predict(x, verbose=0) for path in paths]
    assert not np.allclose(*single)
    np.testing.assert_allclose(
        made.predict(linear_data().x_test), np.mean(single, axis=0), rtol=1e-5
    )
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
    task = linear_task(stages=stages)
    study = search(tmp_path, task, trials=1, keep=0)

    combine(study, task, refit=True)

    spelt = "-".join(map(str, study.best.stage_epochs))
    assert [path.name.partition("-epochs-")[2] for path in models(study)] == [f"{spelt}.keras"]
    assert study.best.stage_epochs[1] == 0


@CHANGED
def test_a_task_that_has_other_stages_now_is_refused(searched):
    task = linear_task(stages=[Stage("new", 1, lambda _model, _params: None)])

    with pytest.raises(HPOError, match="was trained in 1 stages, but the task now has 2"):
        combine(searched, task, refit=True)


def test_several_outputs_are_refitted(tmp_path):
    def two_targets(data_dir):
        data = linear_data()
        return Data(
            x=data.x,
            y={"a": data.y, "b": -data.y},
            x_test=data.x_test,
            y_test={"a": data.y_test, "b": -data.y_test},
        )

    task = linear_task(load=two_targets, model=network_with_heads, objective="val_a_mae")
    study = search(tmp_path, task, trials=1, keep=0)

    made = combine(study, task, refit=True)

    assert set(made.predict(linear_data().x_test)) == {"a", "b"}
    assert set(made.result["test"]) >= {"a_mae", "b_mae"}


@CHANGED
def test_a_loss_that_becomes_no_number_names_the_trial_and_the_seed(tmp_path):
    study = search(tmp_path, trials=1, keep=0)

    def breaking(_params):
        return [keras.callbacks.LearningRateScheduler(lambda _epoch: math.nan)]

    def nan_model(params, data):
        return linear_network({**params, "rate": math.nan}, data)

    with pytest.raises(HPOError, match=rf"trial 0 .* with seed {study.best.seed}: loss became nan"):
        combine(study, linear_task(model=nan_model, callbacks=breaking), refit=True)
    assert models(study) == []


@CHANGED
def test_a_callback_that_needs_validation_is_told_apart_from_other_failures(tmp_path):
    study = search(tmp_path, trials=1, keep=0)

    def looking(_params):
        return [keras.callbacks.LambdaCallback(on_epoch_end=lambda _epoch, logs: logs["val_mae"])]

    with pytest.raises(HPOError, match=r"KeyError: 'val_mae'.*should monitor training metrics"):
        combine(study, linear_task(callbacks=looking), refit=True)


@pytest.mark.parametrize("settings", [{"seeds": 0, "refit": True}, {"seeds": 2}])
def test_seeds_are_of_refitted_models_and_at_least_one(searched, settings):
    with pytest.raises(UsageError, match="seeds"):
        combine(searched, **settings)
