"""The direction of a metric is told by known names at the end of its name, or not at all."""

import pytest

from hpo.support.metric_names import direction_of_name


@pytest.mark.parametrize(
    "name",
    [
        "accidents_poisson",  # an output called accidents
        "recall_time_mae",
        "account_loss",
        "precision_error",
        "equal_error_rate",
        "dice_loss",
        "loss_dice",
        "F1_head_brier_score",
        "binary_focal_crossentropy",
        "LogCosh",
        "false_positives_2",
        "huber_loss_3",
    ],
)
def test_is_minimized(name):
    assert direction_of_name(name) == "minimize"


@pytest.mark.parametrize(
    "name",
    [
        "neg_mean_squared_error",
        "top_k_categorical_accuracy",
        "auc_1",
        "aucpr",
        "F1",
        "error_accuracy",
        "loss_of_heat_accuracy",
        "false_discovery_recall",
        "recall_at_precision",
        "mean_io_u",
        "one_hot_mean_io_u_4",
        "cosine_similarity",
    ],
)
def test_is_maximized(name):
    assert direction_of_name(name) == "maximize"


@pytest.mark.parametrize(
    "name",
    [
        "accident_rate",
        "acceleration",
        "account_cost",
        "recall_time",
        "lossless_ratio",
        "profit_loss",
        "negative_loss",
        "classification_error_reduction",
        "maximum_drawdown",
        "precisely",
        "psnr",
        "dice",
    ],
)
def test_is_asked_for(name):
    assert direction_of_name(name) is None
