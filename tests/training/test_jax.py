"""The trainer for JAX; ``make test`` runs this file with KERAS_BACKEND=jax."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from hpo.training import FoldArrays, lockstep, make_trainer, variables
from hpo.training.choice import EpochChoice, mean_of_all, mean_of_others
from hpo.training.seeding import set_seeds
from hpo.training.stage_run import TrialFailedError
from hpo.training.trainer import run_stretch
from tasks import bare_task

if keras.backend.backend() != "jax":
    pytest.skip("needs KERAS_BACKEND=jax, as `make test` sets it", allow_module_level=True)

from hpo.training import compilations, jax_settings
from hpo.training.jax import JaxTrainer

BATCH = 8
X = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + np.random.default_rng(2).normal(size=(50, 1)).astype("float32")


def folds(*n_train, x=X):
    rows = np.arange(50)
    return [
        FoldArrays(x.copy(), Y, None, np.roll(rows, 7 * place)[:n], np.roll(rows, 7 * place)[n:])
        for place, n in enumerate(n_train)
    ]


def network(*hidden, optimizer="adam"):
    set_seeds(3)
    model = keras.Sequential([keras.Input((4,)), *(make() for make in hidden), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def dense():
    return layers.Dense(6, activation="tanh")


def find(names):
    return "val_mae" if "val_mae" in names else None


def trainer_of(model, parts, *, together=True):
    variables.build(model, parts[0], BATCH)
    return JaxTrainer(model, parts, batch_size=BATCH, together=together, find_objective=find)


def choice_of(parts, *rules, patience=None):
    made = [rule(len(parts)) for rule in rules or [mean_of_all]]
    return EpochChoice(find, "minimize", made, patience=patience)


def orders(parts, epochs):
    return [
        [np.random.default_rng([epoch, k]).permutation(part.train) for k, part in enumerate(parts)]
        for epoch in range(epochs)
    ]


def curves(stretches):
    return [[log["val_mae"] for log in logs] for stretch in stretches for logs in stretch.logs]


def weights(trainer, model, state):
    trainer.load(state)
    return np.concatenate([np.ravel(array) for array in model.get_weights()])


def trained(parts, *, together=True, lengths=(6,), hidden=(), **settings):
    """Curves and final weights by fold after stretches of some lengths."""
    model = network(*(hidden or [dense]), **settings)
    trainer = trainer_of(model, parts, together=together)
    choice, states, done = choice_of(parts), [trainer.save()] * len(parts), []
    left = orders(parts, sum(lengths))
    for length in lengths:
        done.append(run_stretch(trainer, states, left[:length], choice))
        states, left = done[-1].states, left[length:]
    return np.array(curves(done)), [weights(trainer, model, state) for state in states]


def test_it_does_not_matter_where_stretches_begin_and_end():
    parts = folds(40, 40)

    at_once = trained(parts, lengths=(6,))
    in_pieces = trained(parts, lengths=(1, 3, 2))

    np.testing.assert_array_equal(at_once[0], in_pieces[0])
    np.testing.assert_array_equal(at_once[1], in_pieces[1])


@pytest.mark.parametrize("together", [True, False])
def test_folds_of_any_sizes_train_as_each_would_by_itself(together):
    parts = folds(40, 33, 40, 21)

    curve, states = trained(parts, together=together)

    for k, part in enumerate(parts):
        model = network(dense)
        trainer = trainer_of(model, [part])
        alone = [[of_epoch[k]] for of_epoch in orders(parts, 6)]
        stretch = run_stretch(trainer, [trainer.save()], alone, choice_of([part]))
        np.testing.assert_allclose(curves([stretch]), curve[:, k : k + 1], rtol=1e-5)
        np.testing.assert_allclose(
            weights(trainer, model, stretch.states[0]), states[k], rtol=1e-4, atol=1e-5
        )


def test_the_states_are_those_of_the_epochs_that_the_rules_choose():
    parts = folds(40, 30, 20)
    model = network(dense, optimizer=keras.optimizers.SGD(0.4))
    trainer = trainer_of(model, parts)
    start, plan = [trainer.save()] * 3, orders(parts, 8)
    choice = choice_of(parts, mean_of_all, mean_of_others)

    curve = np.array(curves([run_stretch(trainer, start, plan, choice)]))

    others = (curve.sum(axis=1, keepdims=True) - curve) / 2
    assert choice.epochs[0].tolist() == [curve.mean(axis=1).argmin() + 1] * 3
    assert choice.epochs[1].tolist() == (others.argmin(axis=0) + 1).tolist()
    for rule in (0, 1):
        for fold in range(3):
            epoch = choice.epochs[rule, fold]
            there = run_stretch(trainer, start, plan[:epoch], choice_of(parts)).states[fold]
            np.testing.assert_array_equal(
                weights(trainer, model, choice.states[rule][fold]), weights(trainer, model, there)
            )


def test_patience_ends_a_stretch():
    parts = folds(40, 40)
    trainer = trainer_of(network(dense, optimizer=keras.optimizers.SGD(0.0)), parts)
    choice = choice_of(parts, patience=3)

    stretch = run_stretch(trainer, [trainer.save()] * 2, orders(parts, 20), choice)

    assert len(stretch.logs) == choice.n_epochs == 4
    assert choice.has_ended


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_loss_ends_a_stretch_and_fails_the_trial(broken):
    x = X.copy()
    x[3] = broken
    task = bare_task("val_mae", epochs=20, batch_size=BATCH, patience=20)

    with pytest.raises(TrialFailedError, match="became nan in epoch 1"):
        lockstep.train(task, network(dense), folds(40, 40, x=x), {}, seed=0)


def dropout():
    return layers.Dropout(0.3)


def penalized():
    regularizers = keras.regularizers
    return layers.Dense(
        6, kernel_regularizer=regularizers.L2(0.03), bias_regularizer=regularizers.L1(0.02)
    )


@pytest.mark.parametrize(
    ("hidden", "optimizer", "names"),
    [
        ((dense, dropout), "adam", ["rate"]),
        ((penalized,), "adam", ["l2", "l1"]),
        ((dense,), keras.optimizers.AdamW, ["weight_decay"]),
    ],
)
def test_settings_as_arguments_train_as_constants_do(monkeypatch, hidden, optimizer, names):
    parts = folds(40, 40)

    def train():
        made = optimizer if isinstance(optimizer, str) else optimizer(0.01, weight_decay=0.2)
        return trained(parts, hidden=hidden, optimizer=made)

    seen = []
    monkeypatch.setattr(
        "hpo.training.jax.settings_of",
        lambda model: (
            seen.extend(jax_settings.settings_of(model)) or jax_settings.settings_of(model)
        ),
    )
    as_arguments = train()
    monkeypatch.setattr("hpo.training.jax.settings_of", lambda model: [])
    as_constants = train()

    assert [setting.attribute for setting in seen] == names
    np.testing.assert_allclose(as_arguments[0], as_constants[0], rtol=1e-5)
    np.testing.assert_allclose(as_arguments[1], as_constants[1], rtol=1e-4, atol=1e-6)


def test_trials_that_differ_in_rates_and_factors_share_a_program():
    compilations.forget()
    for rate, factor in ((0.1, 1e-4), (0.3, 1e-2)):
        model = network(
            functools.partial(layers.Dense, 6, kernel_regularizer=keras.regularizers.L2(factor)),
            functools.partial(layers.Dropout, rate),
            optimizer=keras.optimizers.Adam(rate),
        )
        trainer_of(model, folds(40, 40))

    assert len(compilations._programs) == 1


def test_the_weights_are_those_of_keras_own_seeding():
    ours = network(dense).get_weights()
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), dense(), layers.Dense(1)])

    np.testing.assert_equal(ours, model.get_weights())


def test_what_cannot_run_in_a_loop_or_is_slow_there_goes_through_fit():
    pictures = X.reshape(50, 2, 2, 1)
    convolutional = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Conv2D(2, 2), layers.Flatten(), layers.Dense(1)]
    )
    convolutional.compile("adam", "mse")
    eager = network(dense)
    eager.run_eagerly = True
    paths = [
        make_trainer(model, folds(40, 40, x=x), batch_size=BATCH, epochs=2).path
        for model, x in ((network(dense), X), (convolutional, pictures), (eager, X))
    ]

    assert paths == ["fused-jax", "fit", "fit"]


def test_a_trial_agrees_with_fit_epoch_by_epoch_and_fold_by_fold():
    parts = folds(40, 33)
    task = bare_task("val_mae", epochs=5, batch_size=BATCH, patience=5)

    course = lockstep.train(task, network(dense), parts, {}, seed=4)

    for k, part in enumerate(parts):
        model, curve = network(dense), []
        for epoch in range(5):
            rows = np.random.default_rng([4, k, epoch]).permutation(part.train)
            model.fit(part.x[rows], part.y[rows], batch_size=BATCH, shuffle=False, verbose=0)
            curve.append(
                model.evaluate(
                    part.x[part.validation], part.y[part.validation], verbose=0, return_dict=True
                )["mae"]
            )
        np.testing.assert_allclose(course.curves["val_mae"][:, k], curve, rtol=1e-4)
    assert course.path == "fused-jax"
