import numpy as np
import pytest

from hpo.scoring.mean_error import standard_error

VALUES = np.array([1.0, 2.0, 4.0, 9.0])


def test_of_single_samples_it_is_the_textbook_standard_error():
    assert standard_error(VALUES) == pytest.approx(VALUES.std(ddof=1) / 2)


def test_blocks_of_one_size_count_like_single_samples():
    assert standard_error(VALUES, np.full(4, 5)) == pytest.approx(standard_error(VALUES))


def test_blocks_of_equal_means_leave_no_error():
    assert standard_error(np.full(3, 7.0), np.array([1, 5, 9])) == 0.0


def test_the_mean_of_blocks_varies_about_as_much_as_it_says():
    rng = np.random.default_rng(0)
    sizes = np.array([1, 2, 4, 8, 16] * 8)
    draws = [rng.normal(size=len(sizes)) for _ in range(2000)]  # equal samples within a block

    errors = [standard_error(means, sizes) for means in draws]

    spread = np.std([np.average(means, weights=sizes) for means in draws])
    assert np.mean(errors) == pytest.approx(spread, rel=0.1)
