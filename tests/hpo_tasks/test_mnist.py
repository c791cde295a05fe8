import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler

from hpo import Data, HPOError
from hpo.plugins import load_space
from hpo.training.evaluation import Evaluator
from hpo_tasks import mnist
from hpo_tasks.optimizers import cosine

SPACE = load_space("mnist")
ARCHITECTURES = SPACE["architecture"].choices
BRANCHES = {
    "convnet": {"filters", "convolutions", "head"},
    "separable": {"filters", "convolutions", "head"},
    "residual": {"filters", "residual_blocks", "head"},
    "dense": {"dense_layers", "units", "dense_dropout"},
}


def configuration(*overrides):
    """The default configuration of a space changed as by ``--set``."""
    return SPACE.override(overrides).defaults()


def lowest_values(architecture):
    return at_one_end(architecture, 0)


def default_values(architecture):
    return configuration(f"architecture={architecture}")


def highest_values(architecture):
    return at_one_end(architecture, -1)


def at_one_end(architecture, end):
    """The lowest (0) or the highest (-1) value of every parameter that applies."""
    space = SPACE.override([f"architecture={architecture}"])
    params = {}
    for name in space:
        conditions = space[name].conditions
        if all(name in params and c.holds(params[name]) for name, c in conditions.items()):
            params[name] = space[name].ends[end]
    return params


def made_up_digits(n, seed=0):
    """Noise with a bright row that tells the class; it can be learned."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 10).astype("uint8")
    x = rng.integers(0, 60, (n, 28, 28), dtype="uint8")
    x[np.arange(n), 4 + 2 * y.astype(int), 4:24] = 255
    return x, y


def made_up_data(n):
    x, y = made_up_digits(n)
    return Data(x=x[..., None], y=y, class_names=[str(digit) for digit in range(10)])


# ---------------------------------------------------------------- data


def test_the_digits_are_read_from_the_file_that_keras_ships(tmp_path):
    (x, y), (x_test, y_test) = made_up_digits(30), made_up_digits(20, seed=1)
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)

    data = mnist.load(tmp_path)

    np.testing.assert_array_equal(data.x, x[..., None])
    np.testing.assert_array_equal(data.x_test, x_test[..., None])
    assert data.x.dtype == np.uint8
    assert data.y.tolist() == y.tolist()
    assert data.y_test.tolist() == y_test.tolist()
    assert data.class_names == list("0123456789")


def test_a_digit_can_be_looked_at():
    x, _ = made_up_digits(1)

    picture = mnist.decode(x[0][..., None])

    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, x[0])


def test_the_real_digits_are_all_there():
    folder = os.environ.get("HPO_DATA_DIR")
    if folder is None or not (Path(folder) / "mnist.npz").is_file():
        pytest.skip("HPO_DATA_DIR names no folder with mnist.npz")

    data = mnist.load(Path(folder))

    assert data.x.shape == (60_000, 28, 28, 1)
    assert data.x_test.shape == (10_000, 28, 28, 1)
    assert data.x.dtype == data.x_test.dtype == np.uint8
    assert np.bincount(data.y).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(data.y_test).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_importing_the_task_imports_no_keras():
    script = "import sys, hpo_tasks.mnist as _; print({'keras', 'numpy'} & set(sys.modules))"

    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "set()"


# ---------------------------------------------------------------- the space


def test_the_task_uses_the_space_that_ships_with_it():
    assert load_space(mnist.task.space) == SPACE


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_branch_has_its_own_parameters_only(architecture):
    params = configuration(f"architecture={architecture}")

    assert params.keys() & set().union(*BRANCHES.values()) == BRANCHES[architecture]


@pytest.mark.parametrize(
    ("optimizer", "own"),
    [
        ("sgd", {"sgd_learning_rate", "l2"}),
        ("adam", {"learning_rate", "l2"}),
        ("adamw", {"learning_rate", "weight_decay"}),
    ],
)
def test_every_optimizer_has_its_own_parameters_only(optimizer, own):
    params = configuration(f"optimizer={optimizer}")

    every = {"sgd_learning_rate", "learning_rate", "weight_decay", "l2"}
    assert params.keys() & every == own


# ---------------------------------------------------------------- the networks


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("values", [lowest_values, default_values, highest_values])
def test_every_branch_trains_and_is_loaded_again_in_safe_mode(architecture, values, tmp_path):
    import keras

    data = made_up_data(4)
    model = mnist.model(values(architecture), data)

    # One step as it is, since a compiled one takes seconds to compile.
    logs = model.train_step((keras.ops.convert_to_tensor(data.x), data.y))
    model.save(tmp_path / "model.keras", include_optimizer=False)
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)

    assert np.isfinite(logs["loss"])
    assert loaded.name == architecture
    found, expected = loaded(data.x, training=False), model(data.x, training=False)
    assert found.shape == (4, 10)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_configuration_drawn_at_random_has_a_network(seed):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=RandomSampler(seed=seed))
    params = SPACE.suggest(study.ask())

    model = mnist.model(params, made_up_data(1))

    rate = params["sgd_learning_rate" if params["optimizer"] == "sgd" else "learning_rate"]
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    assert type(model.optimizer).__name__.lower() == params["optimizer"]
    # A refit of the largest network must stay a matter of minutes.
    assert model.count_params() < 4_000_000


def test_an_architecture_that_is_not_there_is_refused():
    params = configuration() | {"architecture": "transformer"}

    with pytest.raises(HPOError, match=r"one of convnet, .*Received: 'transformer'"):
        mnist.model(params, made_up_data(1))


def layer_names(params):
    return [type(layer).__name__ for layer in mnist.model(params, made_up_data(1)).layers]


def test_digits_are_moved_only_where_the_configuration_says_so():
    assert {"RandomTranslation", "RandomRotation"} <= set(layer_names(configuration()))
    assert "RandomTranslation" not in layer_names(configuration("shift=0.0"))
    assert "RandomRotation" not in layer_names(configuration("rotation=0.0"))


def test_predictions_are_made_of_digits_that_were_not_moved():
    data = made_up_data(2)
    model = mnist.model(configuration(), data)

    np.testing.assert_array_equal(model(data.x, training=False), model(data.x, training=False))
    assert np.any(model(data.x, training=True) != model(data.x, training=False))


# ---------------------------------------------------------------- training


def learning_rates(params, losses):
    """The learning rate of every epoch, given the training loss at the end of each."""
    import keras

    model = mnist.model(params, made_up_data(1))
    callbacks = keras.callbacks.CallbackList(mnist.callbacks(params), model=model)
    callbacks.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callbacks.on_epoch_begin(epoch)
        rates.append(float(model.optimizer.learning_rate))
        callbacks.on_epoch_end(epoch, {"loss": loss})
    return rates


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_cosine_schedule_falls_from_the_learning_rate_to_nearly_nothing(optimizer):
    params = configuration(f"optimizer={optimizer}", "epochs=15")
    peak = params.get("learning_rate", params.get("sgd_learning_rate"))

    rates = learning_rates(params, losses=[1.0] * 15)

    assert rates[0] == pytest.approx(peak)
    assert rates == sorted(rates, reverse=True)
    assert rates[7] == pytest.approx(peak / 2, rel=0.15)
    assert rates[-1] < 0.02 * peak


def test_an_epoch_beyond_the_end_of_a_cosine_still_learns_a_little():
    assert 0 < cosine(15, epochs=15) <= cosine(14, epochs=15)
    assert cosine(20, epochs=15) == cosine(15, epochs=15)


def test_a_plateau_of_the_training_loss_lowers_the_learning_rate():
    params = configuration("schedule=plateau", "learning_rate=0.01")

    rates = learning_rates(params, losses=[0.5, 0.4, 0.4, 0.3])

    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.003])


def test_a_constant_learning_rate_stays_what_it_is():
    params = configuration("schedule=constant", "learning_rate=0.01")

    assert learning_rates(params, losses=[0.5] * 4) == pytest.approx([0.01] * 4)


def test_training_goes_on_to_the_end_of_its_schedule():
    assert mnist.task.patience >= max(SPACE["epochs"].choices)


def test_augmented_digits_go_through_the_fused_loop_and_are_learned():
    data = made_up_data(640)
    quick = ["filters=8", "dropout=0.0", "shift=0.5", "rotation=2.5", "learning_rate=0.01"]
    params = configuration(*quick, "epochs=7", "batch_size=64")

    evaluation = Evaluator(mnist.task, data, "holdout:0.25").evaluate(params, seed=1)

    assert evaluation.training == "fused"
    assert evaluation.score > 0.5  # guessing makes 0.1
