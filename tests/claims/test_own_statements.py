"""Statements of the book that no chapter's own test decides, each by exact arithmetic or against a second computation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import logistic

WHOLE = st.integers(-9, 9)
SHARE = st.fractions(0, 1, max_denominator=12)


# ---------------------------------------------------------------- checked mathematics


@given(st.fractions(-9, 9), st.fractions(-9, 9))
def test_four_products_are_at_most_the_square_of_the_sum(x, y):
    """eq-four-products, with its case of equality."""
    assert (x + y) ** 2 - 4 * x * y >= 0
    assert ((x + y) ** 2 == 4 * x * y) == (x == y)


# ---------------------------------------------------------------- what sparse means


def test_one_example_moves_the_features_by_one_number_each():
    """eq-paragraph-gradient, against the slope of the loss, at a score that is not zero."""
    x, y, w = np.array([0.0, 1.0, 2.0, 0.0]), -1.0, np.array([3.0, -0.5, 0.75, 1.0])
    f, h = logistic([x], [y]), 1e-6
    slope = [(f.loss(w + h * e) - f.loss(w - h * e)) / (2 * h) for e in np.eye(4)]
    stated = -y / (1 + math.exp(y * (w @ x))) * x
    np.testing.assert_allclose(f.gradient(w), stated, rtol=1e-14)
    np.testing.assert_allclose(slope, stated, atol=1e-9)


@given(st.lists(WHOLE, min_size=1, max_size=9).filter(any))
def test_spread_of_the_sizes(g):
    """eq-spread."""
    sizes = [abs(x) for x in g if x]
    A, Q, k = sum(sizes), sum(x * x for x in sizes), len(sizes)
    assert sum((x - Fraction(A, k)) ** 2 for x in sizes) == Q - Fraction(A * A, k)


# ---------------------------------------------------------------- where sparsity comes from


@given(SHARE, SHARE, st.integers(1, 9))
def test_powers_are_factored_twice(u, v, B):
    """eq-factor-once and eq-factor-twice."""
    assert u**B - v**B == (u - v) * sum(u ** (B - 1 - j) * v**j for j in range(B))
    twice = (u - v) ** 2 * sum((k + 1) * u ** (B - 2 - k) * v**k for k in range(B - 1))
    assert u**B - v**B - B * v ** (B - 1) * (u - v) == twice


# ---------------------------------------------------------------- descent and schedules


def test_a_mean_of_losses_is_one_over_n_times_their_sum():
    """eq-descent-finite-sum: the package's loss is this mean, and its gradient that of the gradients."""
    x, y, w = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]]), np.array([1.0, -1.0, 1.0]), np.array([0.3, -0.2])
    ones = [logistic(x[[i]], y[[i]]) for i in range(3)]
    assert logistic(x, y).loss(w) == pytest.approx(sum(f.loss(w) for f in ones) / 3, rel=1e-14)
    np.testing.assert_allclose(logistic(x, y).gradient(w), sum(f.gradient(w) for f in ones) / 3, rtol=1e-14)


@given(WHOLE, WHOLE, WHOLE, WHOLE.filter(bool))
def test_gradient_of_one_example_at_the_least_squares_fit(x, y, w, below):
    """eq-descent-one-gradient, for any w_star, as the residual absorbs it."""
    star = Fraction(w, below)
    residual = y - x * star
    assert x * (x * w - y) == x**2 * (w - star) - x * residual


@given(st.integers(1, 6), st.fractions(Fraction(1, 20), 2, max_denominator=20))
def test_errors_of_batch_descent_shrink_by_one_factor_a_direction(t, lr):
    """eq-descent-contraction, on a matrix whose eigenvectors (3, 4)/5 and (4, -3)/5 are rational."""
    first, second, values = (Fraction(3, 5), Fraction(4, 5)), (Fraction(4, 5), Fraction(-3, 5)), (Fraction(1, 2), Fraction(3))
    A = [[values[0] * first[i] * first[j] + values[1] * second[i] * second[j] for j in range(2)] for i in range(2)]
    start = error = [Fraction(2), Fraction(-1)]
    for _ in range(t):
        error = [error[i] - lr * sum(A[i][j] * error[j] for j in range(2)) for i in range(2)]
    for v, value in zip((first, second), values, strict=True):
        assert sum(map(lambda a, b: a * b, v, error)) == (1 - lr * value) ** t * sum(map(lambda a, b: a * b, v, start))


@given(
    lam=st.fractions(Fraction(1, 9), 3, max_denominator=9),
    spread=st.fractions(0, 5, max_denominator=9),
    sigma=st.fractions(0, 5, max_denominator=9),
    share=st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20),
)
def test_noise_floor_is_the_fixed_point(lam, spread, sigma, share):
    """eq-descent-floor: where the recursion stands still, and errors to both sides of it shrink."""
    q = lam**2 + spread  # a second moment is at least the squared mean
    eta = share * 2 * lam / q
    floor, factor = eta * sigma / (2 * lam - eta * q), 1 - 2 * eta * lam + eta**2 * q
    assert factor * floor + eta**2 * sigma == floor
    assert 0 <= factor < 1


def test_falling_rates_with_an_endless_sum_reach_the_minimizer():
    """prop-descent-enough: with rates t^-0.6 the mean square falls below any bound, with a finite sum of rates it does not."""
    lam, q, sigma = 0.5, 0.4, 1.0

    def after(power, T):
        t = np.arange(1, T + 1)
        M = 1.0
        for eta in 0.5 / t**power:
            M = (1 - 2 * eta * lam + eta**2 * q) * M + eta**2 * sigma
        return M

    falling = [after(0.6, T) for T in (10**3, 10**4, 10**5)]
    assert falling[0] < 0.01 and falling[1] < falling[0] / 3 and falling[2] < falling[1] / 3
    assert after(2.0, 10**5) > 0.4


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_no_walk_is_longer_than_its_rates_allow(steps):
    """prop-descent-short, part (a), with gradients up to G = 1."""
    assert abs(math.fsum(eta * g for g, eta in steps)) <= math.fsum(eta for _, eta in steps) + 1e-12


# ---------------------------------------------------------------- coordinatewise scaling


def test_rates_times_numerators_are_the_steps():
    """eq-generic-step: of three rules, a plain sum, and an average over a root, from their own states."""
    g = np.array([[2.0, -1.0], [0.5, 3.0], [-1.0, 4.0]])
    squares = np.cumsum(g**2, axis=0)
    v = np.array([sum(0.1 * 0.9 ** (t - k) * g[k] ** 2 for k in range(t + 1)) for t in range(3)])
    m = np.array([sum(0.1 * 0.9 ** (t - k) * g[k] for k in range(t + 1)) for t in range(3)])
    cases = {"sgd": (0.3, g), "adagrad": (0.3 / np.sqrt(squares), g), "amsgrad": (0.3 / np.sqrt(np.maximum.accumulate(v)), m)}
    for name, (rate, numerator) in cases.items():
        hyper = {"beta2": 0.9} if name == "amsgrad" else {}
        hyper |= {} if name == "sgd" else {"eps": 0.0}
        run = play(optimizer(getattr(rules, name), lr=0.3, **hyper), g, np.zeros(2), record=("w",))
        moves = np.diff(np.vstack([run["w"], run.w]), axis=0)
        np.testing.assert_allclose(moves, -rate * numerator, rtol=1e-12)


def test_the_average_of_rmsprop_is_its_recursion():
    """eq-average-squares, from v_0 = 0, in fractions."""
    g, beta = [3.0, 0.0, -2.0, 1.0], 0.75
    kept = play(optimizer(rules.rmsprop, lr=1.0, beta2=beta), np.array(g), 0.0, record=("v",))["v"]
    v, expected = Fraction(0), []
    for x in g:
        v = Fraction(3, 4) * v + Fraction(1, 4) * Fraction(x) ** 2
        expected.append(float(v))
    np.testing.assert_allclose(kept, expected, rtol=1e-15)
