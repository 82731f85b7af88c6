"""Checks that decide claims of the reading notes on the Adam paper (`book/claims/adam-notes.toml`).

Where a claim is wrong as printed, its check shows that the printed form fails and that the corrected one holds.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer

ALPHA, BETA1, BETA2 = 0.01, 0.9, 0.999


def steps(gradients, lr=ALPHA, eps=0.0):
    """w_t - w_{t+1} of every step of Adam with the default decay rates."""
    w = play(optimizer(rules.adam, lr, eps=eps), np.asarray(gradients, dtype=float), 0.0, record=("w",))
    return -np.diff([*w["w"], w.w])


def largest(T):
    """The sum of the T largest steps that Adam can make, in units of alpha: growing gradients attain each of them."""
    return steps((BETA2 / BETA1) ** np.arange(T), lr=1.0).sum()


# ---------------------------------------------------------------------------------------------------- what the paper promises


def behind(speed, T, lr=ALPHA):
    """How far Adam is behind the minimum of (w - speed t)^2 / 2 at each of T steps."""
    target = speed * np.arange(1, T + 1)
    w = play(optimizer(rules.adam, lr, eps=0.0), lambda t, w: (0.0, w - speed * t), 0.0, T, record=("w",))["w"]
    return np.abs(w - target)


def test_a_moving_minimum_is_followed_only_below_a_speed():
    slow, fast = behind(ALPHA / 2, 4000), behind(8 * ALPHA, 4000)
    assert slow[2000:].max() < ALPHA
    kappa = (1 - BETA1) / math.sqrt((1 - BETA2) * (1 - BETA1**2 / BETA2))
    assert np.all(np.diff(fast) >= (8 - kappa) * ALPHA * (1 - 1e-9))  # no step exceeds kappa alpha, so it never catches up


def test_falling_rates_lose_every_steadily_moving_minimum():
    late = behind(ALPHA / 2, 8000, lr=lambda t: ALPHA / math.sqrt(t))
    assert late[7999] > 1.9 * late[3999] > 0.9 * 1.9 * ALPHA / 2 * 4000
    assert behind(ALPHA / 2, 8000)[7999] < late[7999] / 100


def test_the_first_order_is_the_only_one():
    """Two losses with one gradient at the point and different curvature: one step."""
    gentle, steep = lambda w: w - 1.0, lambda w: 50 * (w - 1.0) + 49.0  # both -1 at 0
    assert gentle(0.0) == steep(0.0) == -1.0
    o = optimizer(rules.adam, ALPHA)
    assert o.update(0.0, gentle(0.0), o.init(0.0))[0] == o.update(0.0, steep(0.0), o.init(0.0))[0] > 0


# ------------------------------------------------------------------------------------------------------------ Adam's update rule


def test_the_printed_effective_step_is_not_that_of_the_algorithm():
    g, eps = np.random.default_rng(0).normal(size=50), 0.1
    made, m, v = steps(g, eps=eps), 0.0, 0.0
    for t, x in enumerate(g, start=1):
        m, v = BETA1 * m + (1 - BETA1) * x, BETA2 * v + (1 - BETA2) * x * x
        m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)
        assert made[t - 1] == pytest.approx(ALPHA * m_hat / (math.sqrt(v_hat) + eps), rel=1e-9)
        assert abs(ALPHA * m_hat / math.sqrt(v_hat) + eps - made[t - 1]) > 0.05


def test_a_subspace_gives_no_rate_and_a_bounded_region_a_smallest_one():
    T, reach = 1000, largest(1000)
    on_the_line = 10.0 ** np.arange(6)  # points (x, 0): all of one subspace
    needed = on_the_line / reach
    assert needed[-1] == 1e5 * needed[0]  # so no rate serves for the whole subspace
    radius = 5.0
    arrived = steps((BETA2 / BETA1) ** np.arange(T), lr=radius / reach).sum()
    assert arrived == pytest.approx(radius, rel=1e-9)  # the smallest rate that can serve for |w| <= 5, attained
    assert np.abs(np.cumsum(steps((BETA2 / BETA1) ** np.arange(T), lr=0.99 * radius / reach))).max() < radius


def test_a_reachable_minimum_need_not_be_reached():
    """sin-shaped loss: the minimum at 3 pi / 2 is within reach of a thousand steps, but the slope leads to the other side."""
    assert 3 * math.pi / 2 < ALPHA * largest(1000)
    w = play(optimizer(rules.adam, ALPHA, eps=0.0), lambda t, w: (math.sin(w), math.cos(w)), math.pi / 2 - 0.1, 1000).w
    assert w == pytest.approx(-math.pi / 2, abs=0.05)


@pytest.mark.parametrize(("signal", "noise"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 0.0)])
def test_the_step_grows_with_the_signal_and_not_beyond_alpha(signal, noise):
    """Long averages of signal +- noise: the step in units of alpha is snr / sqrt(1 + snr^2)."""
    g = signal + noise * (-1.0) ** np.arange(20_000)
    w = play(optimizer(rules.adam, ALPHA, beta1=0.999, beta2=0.999, eps=0.0), g, 0.0, record=("w",))["w"]
    expected = signal / math.hypot(signal, noise)
    assert (w[-2] - w[-1]) / ALPHA == pytest.approx(expected, abs=1e-3)
    more = (signal + 0.1) / math.hypot(signal + 0.1, noise)
    assert expected < more <= 1 or noise == 0


def test_the_ratio_is_no_signal_to_noise_ratio():
    """Three times as much signal as noise: the ratio of the averages stays below 1."""
    signal, noise = 3.0, 1.0
    limit = signal / math.hypot(signal, noise)
    assert limit < 1 < signal / noise
    assert limit / math.sqrt(1 - limit**2) == pytest.approx(signal / noise)  # the ratio determines it, and is not it


# ----------------------------------------------------------------------------------------------- initialization bias correction


def test_the_second_moment_is_zero_only_without_gradients():
    """A gradient that is 2 with probability p, and else 0: the moment is 4 p, but the squares so far may all be 0."""
    for p in (Fraction(0), Fraction(1, 100), Fraction(1, 2)):
        moment = p * 2**2
        assert (moment == 0) == (p == 0)
        none_yet = (1 - p) ** 10
        assert none_yet > Fraction(9, 10) if p < Fraction(1, 50) else none_yet < Fraction(1, 100)


def test_a_start_at_zero_weighs_what_the_steps_leave():
    """Of t + 1 numbers, the start and t squares, the start weighs beta^t: half at the half-life, and less than 1 % later."""
    beta = Fraction(999, 1000)
    for t in (1, 10, 693, 5000):
        v = Fraction(1)  # a start of 1 and squares of 0 leave the start's weight
        for _ in range(min(t, 10)):
            v = beta * v
        if t <= 10:
            assert v == beta**t == 1 - (1 - beta) * sum(beta**k for k in range(t))
    assert beta**693 < Fraction(1, 2) < beta**692
    assert beta**4603 < Fraction(1, 100) < beta**4602


def test_the_divisor_goes_to_one():
    divisors = [1 - BETA2**t for t in (1, 10, 100, 1000, 10_000, 100_000)]
    assert divisors == sorted(divisors) and divisors[0] == pytest.approx(0.001) and 1 - divisors[-1] < 1e-40
    g = np.random.default_rng(1).normal(size=12_000)
    corrected, plain, v = steps(g), [], 0.0
    m = 0.0
    for x in g:
        m, v = BETA1 * m + (1 - BETA1) * x, BETA2 * v + (1 - BETA2) * x * x
        plain.append(ALPHA * m / math.sqrt(v))
    np.testing.assert_allclose(plain[-1000:], corrected[-1000:], rtol=1e-4)
    assert plain[0] > 3 * corrected[0] or plain[0] < 3 * corrected[0] < 0
