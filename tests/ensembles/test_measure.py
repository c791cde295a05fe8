"""Trials, baselines and ensembles are measured alike: by what the model was compiled with."""

import numpy as np
import pytest
from ensembles.searches import combine, search

from hpo import Data, HPOError
from hpo.study.folder import load_study
from tasks import linear_task

N = 240


def rare():
    """Rare positives that two features tell of."""
    rng = np.random.default_rng(0)
    y = (rng.random(N) < 0.2).astype("int32")
    x = (rng.normal(size=(N, 2)) + y[:, None]).astype("float32")
    return x, y


def rare_data(**more):
    x, y = rare()
    return Data(x=x, y=y, x_test=x[:60], y_test=y[:60], **more)


def column_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)).astype("float32")
    return Data(x=x, y=(x @ [1.0, -2.0, 0.5])[:, None])


def task_of(compile_network, objective, data=rare_data, *, sigmoid=True, **settings):
    """A task whose networks are compiled by a function of theirs."""

    def model(params, seen):
        import keras

        network = keras.Sequential([keras.Input(seen.x.shape[1:]), keras.layers.Dense(1)])
        if sigmoid:
            network.add(keras.layers.Activation("sigmoid"))
        network.compile(keras.optimizers.SGD(params["rate"]), **compile_network())
        return network

    kept = {"load": lambda _data_dir: data(), "model": model, "preprocessor": None, "cv": "kfold:3"}
    return linear_task(**{**kept, "objective": objective, **settings})


def pr_auc():
    import keras

    return {"loss": "binary_crossentropy", "metrics": [keras.metrics.AUC(curve="PR")]}


def check_best_single(study, made):
    best = study.best
    assert made.result["best_single"] == best.number
    assert made.result["best_single_oof"] == pytest.approx(best.score, rel=1e-6)


def test_an_area_under_another_curve_is_measured_alike_from_baseline_to_test(tmp_path):
    import keras

    task = task_of(pr_auc, "val_auc")
    study = search(tmp_path, task)

    made = combine(study, task)

    check_best_single(study, made)
    assert study.facts.baseline == pytest.approx(rare()[1].mean(), abs=0.01)
    x, y = rare()
    metric = keras.metrics.AUC(curve="PR")
    metric.update_state(y[:60], made.predict(x[:60]).reshape(-1))
    assert made.result["test"]["auc"] == pytest.approx(float(metric.result()), abs=1e-6)


def test_sample_weights_count_where_they_counted_in_the_search(tmp_path):
    _, y = rare()
    weights = np.where(y == 1, 9.0, 1.0)
    task = task_of(
        lambda: {"loss": "binary_crossentropy"},
        "val_loss",
        lambda: rare_data(sample_weight=weights),
    )
    study = search(tmp_path, task)

    made = combine(study, task, method="mean", size=1)

    check_best_single(study, made)
    assert any("sample weights" in note for note in made.result["notes"])
    share = np.average(y, weights=weights)
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share)) * weights.mean()
    assert study.facts.baseline == pytest.approx(entropy, rel=0.02)


def dollars():
    import keras

    def mae(y_true, y_pred):
        return 1000 * keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    return {"loss": "mse", "metrics": [mae]}


def test_a_metric_of_ones_own_is_not_taken_for_keras(tmp_path):
    task = task_of(dollars, "val_mae", column_data, sigmoid=False)
    study = search(tmp_path, task, trials=1)

    with pytest.raises(HPOError, match=r"Task\(metric=") as caught:
        combine(study, task)

    logged = study.best.score
    for words in (f"Keras logged {logged:.6g}", f"computes {logged / 1000:.6g}"):
        assert words in str(caught.value)
    assert study.facts.baseline is None
    assert "Keras logged" in study.facts.baseline_reason


def test_a_metric_of_the_task_that_measures_something_else_is_told(tmp_path):
    task = linear_task(metric=lambda y_true, y_pred: float(np.square(y_true - y_pred).mean()))
    study = search(tmp_path, task, trials=1)

    made = combine(study, task)

    assert any("Task(metric=) is not what the search" in note for note in made.result["notes"])
    assert study.facts.baseline is None


def test_a_metric_of_the_task_that_agrees_is_taken(tmp_path):
    def metric(y_true, y_pred):
        return 1000 * float(np.abs(y_true - y_pred).mean())

    task = task_of(dollars, "val_mae", column_data, sigmoid=False, metric=metric)
    study = search(tmp_path, task, trials=1)

    made = combine(study, task)

    check_best_single(study, made)
    assert made.result["notes"] == []
    assert study.facts.baseline > 100


def test_penalties_are_told_apart_from_the_loss(tmp_path):
    def model(params, data):
        import keras

        layer = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.1))
        network = keras.Sequential([keras.Input(data.x.shape[1:]), layer])
        network.compile(keras.optimizers.SGD(params["rate"]), "mse")
        return network

    task = linear_task(model=model, objective="val_loss")
    study = search(tmp_path, task, trials=1)

    made = combine(study, task)

    compiled = study.best.compiled
    assert all(penalty > 0 for penalty in compiled["penalties"])
    without = study.best.score - np.mean(compiled["penalties"])
    assert made.result["best_single_oof"] == pytest.approx(without, rel=1e-5)
    assert any("penalties" in note for note in made.result["notes"])


def test_a_masked_loss_is_refused_with_the_difference(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(1, 9, size=(60, 6))
    x[:, 3:] *= rng.random((60, 3)) < 0.4  # padded
    data = Data(x=x, y=(x % 2)[..., None].astype("float32"))

    def model(params, seen):
        import keras

        network = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Embedding(9, 2, mask_zero=True),
                keras.layers.TimeDistributed(keras.layers.Dense(1)),
            ]
        )
        network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
        return network

    task = linear_task(load=lambda _: data, model=model, preprocessor=None)
    study = search(tmp_path, task, trials=1)

    with pytest.raises(HPOError, match=r"a difference of .*masks.*Task\(metric="):
        combine(study, task)


def test_weights_of_outputs_count_in_the_loss(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)).astype("float32")
    data = Data(x=x, y={"a": x @ [1.0, 2.0, 0.0], "b": x @ [0.0, 5.0, 1.0]})

    def model(params, seen):
        import keras

        inputs = keras.Input((3,))
        heads = {name: keras.layers.Dense(1, name=name)(inputs) for name in "ab"}
        network = keras.Model(inputs, heads)
        network.compile(
            keras.optimizers.SGD(params["rate"]),
            {"a": "mse", "b": "mae"},
            loss_weights={"a": 0.2, "b": 3.0},
        )
        return network

    task = linear_task(
        load=lambda _: data, model=model, objective="val_loss", preprocessor=None, cv="kfold:3"
    )
    study = search(tmp_path, task, trials=2)

    check_best_single(study, combine(study, task))
    assert study.facts.baseline > 0


def logits():
    import keras

    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return {"loss": loss, "metrics": [keras.metrics.AUC(from_logits=True)]}


@pytest.mark.parametrize("objective", ["val_loss", "val_auc"])
def test_logits_are_measured_as_logits(tmp_path, objective):
    task = task_of(logits, objective, sigmoid=False)
    study = search(tmp_path, task, trials=2)

    made = combine(study, task, method="mean", size=1)

    check_best_single(study, made)
    x, y = rare()
    p = made.predict(x[:60]).reshape(-1)
    entropy = -np.mean(np.where(y[:60] == 1, np.log(p), np.log(1 - p)))
    assert made.result["test"]["cross_entropy"] == pytest.approx(entropy, rel=1e-5)


def r2():
    import keras

    return {"loss": "mse", "metrics": [keras.metrics.R2Score()]}


def test_a_hold_out_of_a_metric_that_is_no_mean_is_scored_by_part_and_says_so(tmp_path):
    task = task_of(r2, "val_r2_score", column_data, sigmoid=False, cv="holdout:0.5")
    study = search(tmp_path, task, trials=2)

    made = combine(study, task)

    assert any("parts of the hold-out" in note for note in made.result["notes"])


def test_what_trials_record_is_read_again(tmp_path):
    task = task_of(pr_auc, "val_auc")
    search(tmp_path, task, trials=1)

    trial = load_study("linear", tmp_path).best

    assert trial.compiled["objective"][0]["config"]["curve"] == "PR"
    assert trial.compiled["computed"] == pytest.approx(trial.fold_scores, abs=1e-6)
