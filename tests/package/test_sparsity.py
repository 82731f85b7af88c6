"""The measures of sparsity, against exact arithmetic, by enumeration, and at the edges of double precision."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lecture_optim.sparsity import (
    block_norms,
    coordinates_holding,
    cumulative_share,
    effective_support,
    expected_union,
    expected_union_random_order,
    support_size,
    window_unions,
)

whole = st.lists(st.integers(-9, 9), min_size=1, max_size=8)
vectors = arrays(float, st.integers(1, 12), elements=st.floats(-1e6, 1e6, allow_subnormal=False))
supports = st.lists(st.sets(st.integers(0, 6), max_size=4), min_size=1, max_size=12)


def csr(rows):
    indices = [i for row in rows for i in sorted(row)]
    return np.concatenate([[0], np.cumsum([len(row) for row in rows])]), np.array(indices, dtype=int)


@given(whole)
def test_effective_support_is_its_definition_in_exact_arithmetic(g):
    for power in (1, 2):
        sums = [sum(Fraction(abs(x)) ** k for x in g) for k in (power, 2 * power)]
        exact = sums[0] ** 2 / sums[1] if any(g) else 0
        assert effective_support(g, power) == pytest.approx(float(exact), rel=1e-13)


@given(whole, st.sampled_from(["0.1", "0.5", "0.9", "1"]), st.sampled_from([1, 2]))
def test_coordinates_holding_is_the_smallest_subset_that_holds_the_share(g, share, power):
    sizes = [abs(x) ** power for x in g]
    enough = [
        len(subset)
        for k in range(len(g) + 1)
        for subset in itertools.combinations(sizes, k)
        if sum(subset) >= Fraction(share) * sum(sizes)
    ]
    assert coordinates_holding(g, float(share), power) == min(enough)


@given(vectors, st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_scale_signs_and_order_change_no_measure(g, scale, seed):
    rng = np.random.default_rng(seed)
    other = scale * rng.permutation(g * rng.choice([-1.0, 1.0], len(g)))
    for power in (1, 2):
        assert effective_support(other, power) == pytest.approx(effective_support(g, power), rel=1e-9)
        np.testing.assert_allclose(cumulative_share(other, power), cumulative_share(g, power), rtol=1e-9)
    assert support_size(other) == support_size(g)


@pytest.mark.parametrize("k", [1, 2, 7, 50])
def test_k_equal_entries_count_k(k):
    g = np.zeros(50)
    g[:k] = -0.1
    assert support_size(g) == k == coordinates_holding(g, 1.0)
    assert effective_support(g) == pytest.approx(k) == effective_support(g, 2)
    assert [coordinates_holding(g, j / k) for j in range(1, k + 1)] == list(range(1, k + 1))


def test_zero_vector_measures_zero():
    g = np.zeros((2, 3))
    for measure in (support_size, effective_support, coordinates_holding):
        assert measure(g).tolist() == [0, 0]
        assert measure(g[0]) == 0
    assert not cumulative_share(g).any()


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_scales_neither_overflow_nor_vanish(scale):
    g = scale * np.array([3.0, 4.0])
    assert effective_support(g) == pytest.approx(49 / 25)
    assert effective_support(g, power=1e4) == 1
    np.testing.assert_allclose(cumulative_share(g), [16 / 25, 1])


def test_leading_axes_are_a_batch():
    g = np.random.default_rng(0).normal(size=(4, 3, 7))
    for measure in (support_size, effective_support, coordinates_holding, cumulative_share):
        batch = measure(g)
        assert batch.shape[:2] == (4, 3)
        np.testing.assert_array_equal(batch[2, 1], measure(g[2, 1]))
    blocks = np.array([0, 0, 1, 1, 3, 3, 3])
    np.testing.assert_array_equal(block_norms(g, blocks)[2, 1], block_norms(g[2, 1], blocks))


def test_block_norms_are_the_norms_of_the_blocks():
    g = np.array([3.0, 4.0, 0.0, -5.0, 12.0])
    np.testing.assert_allclose(block_norms(g, np.array([2, 2, 0, 3, 3])), [0, 0, 5, 13])


@given(supports, st.randoms(use_true_random=False))
def test_window_unions_are_unions_of_sets(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    for length in range(1, len(rows) + 1):
        for steps in (None, order):
            ordered = rows if steps is None else [rows[i] for i in steps]
            windows = [ordered[i : i + length] for i in range(0, len(rows) - length + 1, length)]
            expected = [len(set().union(*window)) for window in windows]
            assert window_unions(*csr(rows), length, steps).tolist() == expected


def test_expected_union_agrees_with_every_outcome():
    # Two coordinates that always exclude each other: their dependence within a step must not matter.
    p = [Fraction(1, 4), Fraction(1, 2)]
    outcomes = {frozenset([0]): p[0], frozenset([1]): p[1], frozenset(): Fraction(1, 4)}
    for n in range(5):
        exact = sum(
            len(frozenset().union(*(steps))) * np.prod([outcomes[s] for s in steps] + [Fraction(1)])
            for steps in itertools.product(outcomes, repeat=n)
        )
        assert expected_union([0.25, 0.5], n) == pytest.approx(float(exact), rel=1e-14)
    np.testing.assert_allclose(expected_union([0.25, 1.0, 0.0], [0, 1, 2]), [0, 1.25, 1.4375])


@given(supports.filter(lambda rows: len(rows) <= 6))
def test_expected_union_in_random_order_agrees_with_every_order(rows):
    counts = np.bincount(csr(rows)[1], minlength=7)
    for n in range(len(rows) + 1):
        sizes = [len(set().union(*subset)) for subset in itertools.combinations(rows, n)]
        assert expected_union_random_order(counts, len(rows), n) == pytest.approx(np.mean(sizes), rel=1e-12, abs=1e-12)


def test_expected_union_in_random_order_keeps_its_digits():
    counts = np.full(10_000, 2)
    exact = 10_000 * Fraction(20_000 * 19_999 - 19_990 * 19_989, 20_000 * 19_999)
    assert expected_union_random_order(counts, 20_000, 10) == pytest.approx(float(exact), rel=1e-12)
    assert expected_union_random_order(counts, 20_000, [1, 20_000]) == pytest.approx([1.0, 10_000], rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_support([1.0, np.nan]), "g must be finite"),
        (lambda: effective_support(3.0), "g must have coordinates"),
        (lambda: effective_support([1.0], power=0), "power must be > 0"),
        (lambda: coordinates_holding([1.0], share=1.5), "share must be <= 1"),
        (lambda: coordinates_holding([1.0], share=0.0), "share must be > 0"),
        (lambda: block_norms([1.0, 2.0], np.array([0.0, 1.0])), "blocks must hold a whole number"),
        (lambda: block_norms([1.0, 2.0], np.array([0])), "blocks must hold a whole number"),
        (lambda: window_unions([0, 1, 2], [0, 0], 3), r"length must lie in 1 \.\. 2"),
        (lambda: window_unions([0, 1, 2], [0, 0], 1, [0, 0]), "order must hold each"),
        (lambda: expected_union([1.2], 3), "p must be <= 1"),
        (lambda: expected_union_random_order([3], 2, 1), "counts must be <= "),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
