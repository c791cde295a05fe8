import pytest
from pruners.levels import MAX_EPOCHS, run

from hpo.errors import UsageError
from hpo.pruners import MIN_COMPLETE_TRIALS, NAMES, check


def test_folds_that_do_not_agree_are_no_reason_to_prune(study):
    for level in range(MIN_COMPLETE_TRIALS):
        run(study, 10.0 + level, name="wilcoxon")

    # Worse in the mean, and better on two of five folds.
    mixed = run(study, 10.5, name="wilcoxon", folds=(3.0, 3.0, 3.0, -1.0, -1.0))

    assert mixed == MAX_EPOCHS


def test_a_test_of_folds_needs_folds():
    with pytest.raises(UsageError, match="needs 4 folds or more, not 3"):
        check("wilcoxon", 3)
    for name in NAMES:
        check(name, 4)
