"""Whether a metric is to be minimized or maximized, told by the end of its name.

Keras logs a metric behind the name of its output (``val_heat_mae``), and outputs may have any
name: one called ``accidents`` begins like an accuracy. So only the end of a name counts, only
whole words, and only names that mean one thing wherever they are used.
"""

from __future__ import annotations

import re
from typing import Literal

MINIMIZED = frozenset(
    {
        "loss",
        "error",
        "error_rate",
        "mae",
        "mse",
        "rmse",
        "mape",
        "msle",
        "nll",
        "kld",
        "crossentropy",
        "cross_entropy",
        "entropy",
        "divergence",
        "hinge",
        "poisson",
        "logcosh",
        "log_cosh",
        "huber",
        "brier_score",
        "false_positives",
        "false_negatives",
        "perplexity",
        "wer",
        "cer",
        "loss_dice",
        "loss_tversky",
        "loss_iou",
        "loss_triplet",
        "loss_focal",
        "loss_ctc",
    }
)
MAXIMIZED = frozenset(
    {
        "accuracy",
        "acc",
        "auc",
        "aucpr",
        "auroc",
        "auprc",
        "auc_roc",
        "auc_pr",
        "precision",
        "recall",
        "precision_at_recall",
        "recall_at_precision",
        "sensitivity_at_specificity",
        "specificity_at_sensitivity",
        "f1",
        "f1_score",
        "fbeta",
        "fbeta_score",
        "f2_score",
        "r2",
        "r2_score",
        "iou",
        "io_u",
        "similarity",
        "dice_coefficient",
        "true_positives",
        "true_negatives",
        "pearson_correlation",
        "concordance_correlation",
    }
)
NEGATED = frozenset({"neg", "minus"})
UNCLEAR = ("profit_loss", "negative_loss", "negative_error", "weight_loss")


def direction_of_name(metric: str) -> Literal["minimize", "maximize"] | None:
    """Which direction is better, or None where the name does not say.

    Args:
        metric: The name, such as "mae", "heat_mae" or "auc_1".
    """
    # Keras numbers the metrics of later models: auc_1.
    name = re.sub(r"_\d+$", "", metric.lower())
    if name.endswith(UNCLEAR):
        return None
    words = name.split("_")
    for start in range(len(words)):
        end = "_".join(words[start:])
        if end in MINIMIZED or end in MAXIMIZED:
            # scikit-learn calls the opposite of an error neg_mean_squared_error.
            is_negated = any(word in NEGATED for word in words[:start])
            is_maximized = (end in MAXIMIZED) != is_negated
            return "maximize" if is_maximized else "minimize"
    return None
