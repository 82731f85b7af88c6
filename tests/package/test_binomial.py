"""Means under the binomial law against exact fractions, closed forms and 50 digits."""

from fractions import Fraction
from math import comb

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.binomial import mean


@given(
    values=st.lists(st.integers(-1000, 1000), min_size=1, max_size=30),
    p=st.fractions(0, 1, max_denominator=1000),
)
def test_is_the_sum_over_all_outcomes(values, p):
    T = len(values) - 1
    exact = sum(comb(T, k) * p**k * (1 - p) ** (T - k) * Fraction(f) for k, f in enumerate(values))
    assert mean(values, float(p)) == pytest.approx(float(exact), rel=1e-11, abs=1e-9)


@pytest.mark.parametrize(("T", "p"), [(10, 0.3), (1_000, 0.999), (100_000, 1e-3), (1_000_000, 0.5), (50_000, 1e-7)])
def test_moments_of_long_streams(T, p):
    k = np.arange(T + 1)
    assert mean(k, p) == pytest.approx(T * p, rel=1e-11)
    assert mean((k - T * p) ** 2, p) == pytest.approx(T * p * (1 - p), rel=1e-9)
    # E 1 / (1 + N) = (1 - (1 - p)^(T + 1)) / ((T + 1) p)
    assert mean(1 / (1 + k), p) == pytest.approx(-np.expm1((T + 1) * np.log1p(-p)) / ((T + 1) * p), rel=1e-9)


def test_a_root_to_fifty_digits():
    with mpmath.workdps(50):
        p = mpmath.mpf(1) / 128  # exact in binary, so that both sides mean the same p
        exact = mpmath.fsum(mpmath.binomial(2000, k) * p**k * (1 - p) ** (2000 - k) * mpmath.sqrt(k) for k in range(2001))
    assert mean(np.sqrt(np.arange(2001)), 1 / 128) == pytest.approx(float(exact), rel=1e-13)


def test_never_and_always():
    assert mean([3.0, 1.0, 7.0], 0) == 3.0
    assert mean([3.0, 1.0, 7.0], 1) == 7.0
    assert mean([3.0], 0.4) == 3.0


@pytest.mark.parametrize(
    ("values", "p", "message"),
    [([1.0, 2.0], -0.1, "p must be"), ([1.0, 2.0], 1.1, "1 - p must be"), ([], 0.5, "values must be"),
     ([[1.0, 2.0]], 0.5, "values must be"), ([1.0, np.nan], 0.5, "values must be finite")],
)  # fmt: skip
def test_bad_input_is_named(values, p, message):
    with pytest.raises(ValueError, match=message):
        mean(values, p)
