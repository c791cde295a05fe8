from hypothesis import given
from hypothesis import strategies as st

from hpo.support.seeds import derived_seed


@given(st.integers(0, 2**40), st.text(max_size=9), st.integers(0, 10_000))
def test_a_derived_seed_is_a_number_of_31_bits_and_always_the_same(seed, purpose, ordinal):
    found = derived_seed(seed, purpose, ordinal)

    assert 0 <= found < 2**31
    assert derived_seed(seed, purpose, ordinal) == found


def test_seeds_of_other_purposes_ordinals_and_seeds_differ():
    seeds = [
        derived_seed(seed, purpose, ordinal)
        for seed in range(10)
        for purpose in ("sampler", "trial", "cut")
        for ordinal in range(10)
    ]

    assert len(set(seeds)) == len(seeds)


def test_a_seed_is_the_same_on_every_machine():
    assert derived_seed(0, "sampler", 1) == 1908934419
