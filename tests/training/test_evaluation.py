import json
import math

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from hpo import Data, HPOError, Task
from hpo.training.evaluation import Evaluator
from hpo.training.stage_run import TrialFailedError
from tasks import network_with_heads

N = 40


class Untouchable:
    """A test set with a length, and values that nobody may look at."""

    shape = (5, 1)
    ndim = 2
    dtype = np.dtype("float64")

    def __len__(self):
        return 5

    def _refuse(self, *_args, **_kwargs):
        raise AssertionError("the test set was touched")

    __iter__ = __getitem__ = __array__ = astype = copy = reshape = _refuse


def make_data(**settings):
    x = np.random.default_rng(0).normal(2.0, 3.0, size=(N, 3))
    y = x.sum(axis=1, keepdims=True)
    return Data(**{"x": x, "y": y, "x_test": Untouchable(), "y_test": Untouchable(), **settings})


def build(params, data):
    hidden = params.get("hidden", list)()
    model = keras.Sequential([keras.Input(data.x.shape[1:]), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), params.get("loss", "mse"), metrics=["mae"])
    return model


def dropping_out():
    return [layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.3)]


def evaluate(params=None, *, data=None, cv="kfold:3", seed=0, keep_in=None, **settings):
    settings = {"model": build, "epochs": 2, "batch_size": 8, **settings}
    task = Task("sums", lambda _: None, space="none", objective="val_mae", cv=cv, **settings)
    evaluator = Evaluator(task, data or make_data())
    return evaluator.evaluate(params or {}, seed=seed, keep_models=lambda _score: keep_in)


def standardise(params):
    del params
    return StandardScaler()


def test_the_score_is_the_mean_of_the_folds_and_has_its_standard_error():
    evaluation = evaluate(cv="kfold:4")

    scores = evaluation.fold_scores
    mean = sum(scores) / 4
    spread = math.sqrt(sum((score - mean) ** 2 for score in scores) / 3)
    assert len(scores) == 4
    assert evaluation.score == pytest.approx(mean)
    assert evaluation.std_error == pytest.approx(spread / 2)


def test_a_single_fold_has_no_standard_error():
    assert evaluate(cv="holdout:0.25").std_error is None


def test_the_fold_scores_are_those_of_the_chosen_epoch():
    evaluation = evaluate(epochs=3)

    curve = evaluation.arrays.curves["val_mae"]
    assert curve.shape == (3, 3)
    assert evaluation.epochs == [int(np.argmin(curve.mean(axis=1))) + 1]
    np.testing.assert_array_equal(curve[evaluation.epochs[0] - 1], evaluation.fold_scores)


def test_out_of_fold_predictions_score_as_the_folds_do():
    data = make_data()

    evaluation = evaluate(data=data, cv="kfold:3", preprocessor=standardise)

    arrays = evaluation.arrays
    errors = np.abs(arrays.predictions[""] - data.y)[:, 0]
    sizes = np.bincount(arrays.fold)
    assert arrays.index.tolist() == list(range(N))
    assert sorted(sizes) == [13, 13, 14]
    assert [errors[arrays.fold == k].mean() for k in range(3)] == pytest.approx(
        evaluation.fold_scores, rel=1e-5
    )
    assert errors.mean() == pytest.approx(np.average(evaluation.fold_scores, weights=sizes))


def test_a_holdout_predicts_only_what_it_holds_out():
    data = make_data()

    evaluation = evaluate(data=data, cv="holdout:0.25")

    arrays = evaluation.arrays
    errors = np.abs(arrays.predictions[""] - data.y[arrays.index])
    assert len(arrays.index) == 10
    assert (np.diff(arrays.index) > 0).all()
    assert arrays.fold.tolist() == [0] * 10
    assert errors.mean() == pytest.approx(evaluation.score, rel=1e-5)


def test_a_sample_that_several_folds_predict_has_their_average(tmp_path):
    evaluator = Evaluator(
        Task(
            "sums",
            lambda _: None,
            build,
            space="none",
            objective="val_mae",
            cv="repeated-kfold:2x3",
            epochs=1,
        ),
        make_data(),
    )

    evaluation = evaluator.evaluate({}, keep_models=lambda _score: tmp_path)

    total = np.zeros((N, 1))
    folds = evaluator.folds({})
    for k, fold in enumerate(folds):
        total[fold.validation] += predict_with(tmp_path, k, fold)
    arrays = evaluation.arrays
    assert arrays.index.tolist() == list(range(N))
    assert set(arrays.fold) == {0, 1}  # the first repetition predicts every sample
    np.testing.assert_allclose(arrays.predictions[""], total / 3, rtol=1e-5, atol=1e-5)


def predict_with(directory, fold, arrays):
    path = directory / f"fold-{fold}.keras"
    model = keras.saving.load_model(path, safe_mode=True, compile=False)
    return model.predict(arrays.x[arrays.validation], verbose=0)


def test_kept_models_reproduce_the_out_of_fold_predictions(tmp_path):
    data = make_data()

    evaluation = evaluate(
        {"hidden": dropping_out}, data=data, preprocessor=standardise, keep_in=tmp_path / "7"
    )

    arrays = evaluation.arrays
    assert sorted(path.name for path in (tmp_path / "7").iterdir()) == [
        f"fold-{k}.keras" for k in range(3)
    ]
    for k in range(3):
        validation, training = data.x[arrays.fold == k], data.x[arrays.fold != k]
        model = keras.saving.load_model(
            tmp_path / "7" / f"fold-{k}.keras", safe_mode=True, compile=False
        )
        samples = StandardScaler().fit(training).transform(validation)
        np.testing.assert_allclose(
            arrays.predictions[""][arrays.fold == k],
            model.predict(samples, verbose=0),
            rtol=1e-4,
            atol=1e-5,
        )


def test_nothing_is_kept_unless_asked_for_by_the_score(tmp_path):
    asked = []

    def keep(score):
        asked.append(score)

    task = Task("sums", lambda _: None, build, space="none", objective="val_mae", epochs=1)
    evaluation = Evaluator(task, make_data(), cv="holdout:0.2").evaluate({}, keep_models=keep)

    assert asked == [evaluation.score]
    assert list(tmp_path.iterdir()) == []


def test_the_model_factory_sees_the_training_part_of_one_fold_and_nothing_else():
    seen = []

    def look(params, data):
        seen.append(data)
        return build(params, data)

    data = make_data(groups=np.arange(N) // 2, sample_weight=np.ones(N), class_names=None)

    evaluation = evaluate(data=data, cv="kfold:4", model=look)

    (shown,) = seen
    training = np.flatnonzero(evaluation.arrays.fold != 0)
    np.testing.assert_allclose(shown.x, data.x[training], rtol=1e-6)
    np.testing.assert_allclose(shown.y, data.y[training], rtol=1e-6)
    hidden = [shown.x_test, shown.y_test, shown.groups, shown.sample_weight, shown.folds]
    assert hidden == [None] * 5


def test_the_preprocessor_is_fitted_on_training_parts_only():
    fitted = []

    class Watched(StandardScaler):
        def fit(self, x, y=None):
            fitted.append((len(x), len(y)))
            return super().fit(x, y)

    evaluate(cv="kfold:4", preprocessor=lambda _params: Watched())

    assert fitted == [(30, 30)] * 4


def test_the_same_seed_gives_the_same_trial_to_the_last_bit():
    first, other, again = (evaluate({"hidden": dropping_out}, seed=seed) for seed in (3, 4, 3))

    assert again.fold_scores == first.fold_scores
    np.testing.assert_equal(again.arrays.curves, first.arrays.curves)
    np.testing.assert_equal(again.arrays.predictions, first.arrays.predictions)
    assert other.fold_scores != first.fold_scores


def test_sample_weights_of_double_precision_are_taken():
    weight = np.zeros(N)
    weight[::2] = 1.0

    weighted = evaluate(data=make_data(sample_weight=weight)).arrays.curves
    plain = evaluate().arrays.curves

    assert (weighted["loss"] < plain["loss"]).all()


def test_several_outputs_are_predicted_by_name():
    data = make_data()
    data = make_data(y={"sum": data.y, "first": data.x[:, 0]})
    task = Task("sums", lambda _: None, network_with_heads, space="none", objective="val_first_mae")

    evaluation = Evaluator(task, data, cv="kfold:2").evaluate({"epochs": 1})

    predictions = evaluation.arrays.predictions
    assert {name: values.shape for name, values in predictions.items()} == {
        "sum": (N, 1),
        "first": (N, 1),
    }
    errors = np.abs(predictions["first"][:, 0] - data.y["first"])
    assert errors.mean() == pytest.approx(evaluation.score, rel=1e-5)
    assert evaluation.loss == ""


def test_targets_without_a_value_fail_the_trial():
    data = make_data()
    data.y[5] = np.nan

    with pytest.raises(TrialFailedError, match="became nan in epoch 1 of fold"):
        evaluate(data=data)


@pytest.mark.parametrize("made", [None, keras.Sequential([layers.Dense(1)])])
def test_a_factory_that_gives_no_compiled_model_is_refused(made):
    with pytest.raises(HPOError, match=r"must return a compiled.*Received: (NoneType|Sequential)"):
        evaluate(model=lambda _params, _data: made)


def squared(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class Squared(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return squared(y_true, y_pred)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("mean_squared_error", "mean_squared_error"),
        ("mse", "mean_squared_error"),
        ("MeanAbsoluteError", "mean_absolute_error"),
        (keras.losses.mean_absolute_error, "mean_absolute_error"),
        (keras.losses.MeanSquaredError(), "mean_squared_error"),
        (keras.losses.MeanSquaredError(name="mine"), "mean_squared_error"),
        (keras.losses.MeanSquaredError(reduction="sum"), ""),
        (keras.losses.BinaryCrossentropy(from_logits=True), ""),
        ("crossentropy", "crossentropy"),
        (squared, ""),
        (Squared(), ""),
    ],
)
def test_a_loss_goes_by_the_name_that_keras_has_for_it(loss, name):
    evaluation = evaluate({"loss": loss}, cv="holdout:0.2", epochs=1)

    assert evaluation.loss == name


def test_the_summary_can_be_written_as_json():
    evaluation = evaluate({"loss": "mae"}, epochs=3)

    summary = json.loads(json.dumps(evaluation.summary(), allow_nan=False))

    assert summary == {
        "std_error": evaluation.std_error,
        "fold_scores": evaluation.fold_scores,
        "epochs": evaluation.epochs[0],
        "stage_epochs": evaluation.epochs,
        "epochs_trained": 3,
        "model_size": 4,
        "training": "fused",
        "loss": "mean_absolute_error",
        "outputs": {"": {"activation": "", "loss": "mean_absolute_error"}},
        "compiled": json.loads(json.dumps(evaluation.compiled.to_json())),
    }


def wide_data(values):
    return Data(x=np.asarray(values, "float64")[:, None], y=np.linspace(0, 1, len(values)))


def one_hot(_params):
    return OneHotEncoder(handle_unknown="ignore")


def test_folds_of_different_widths_are_refused_before_training():
    data = wide_data([3.0, *[1.0, 2.0] * 6])  # one training part lacks the 3.0

    with pytest.raises(HPOError, match=r"shape \(3,\) in fold 0 and of shape \(2,\) in fold \d"):
        evaluate(data=data, preprocessor=one_hot)


class Forgets(keras.layers.Layer):
    """Passes its input on, and has a weight that is NaN."""

    def build(self, _shape):
        nan = keras.initializers.Constant(np.nan)
        self.add_weight(shape=(3,), initializer=nan, trainable=False)

    def call(self, inputs):
        return inputs


def test_a_model_whose_weights_are_not_numbers_fails_whatever_its_score():
    with pytest.raises(TrialFailedError, match="3 weights of fold 0 are NaN or infinite"):
        evaluate({"hidden": lambda: [Forgets()]})


def test_a_sample_that_is_not_a_number_fails_the_trial():
    x = np.random.default_rng(0).normal(size=(N, 3))
    x[5, 1] = np.nan

    with pytest.raises(TrialFailedError, match=r"NaN|nan"):
        evaluate(data=Data(x=x, y=np.arange(N) % 2.0), cv="kfold:4")
