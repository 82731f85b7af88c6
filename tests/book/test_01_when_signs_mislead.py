"""The chapter on signs: means against enumeration, the walk against its transition matrix, runs against exact numbers."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import two_point
from lecture_optim.projections import box
from lecture_optim.rules import adam, sign_sgd
from lecture_optim.schedules import inverse_sqrt


@pytest.mark.parametrize(("C", "p"), [(4, Fraction(3, 10)), (21, Fraction(1, 20)), (Fraction(3, 2), Fraction(9, 20))])
def test_means_of_the_two_values(C, p):
    values = ((C, p), (-1, 1 - p))
    mean, sign = sum(g * share for g, share in values), sum((1 if g > 0 else -1) * share for g, share in values)
    assert mean == p * (C + 1) - 1 and sign == 2 * p - 1
    assert mean > 0 > sign


def test_the_region_is_exact():
    for C, p in product(range(2, 30), (Fraction(k, 60) for k in range(1, 60))):
        inside = Fraction(1, C + 1) < p < Fraction(1, 2)
        assert inside == ((p * (C + 1) - 1) * (2 * p - 1) < 0)


def transitions(N, p):
    """The matrix of the walk on the distances 0 .. N, steps that lead out cut off."""
    P = np.zeros((N + 1, N + 1))
    for n in range(N + 1):
        P[n, min(n + 1, N)] += p
        P[n, max(n - 1, 0)] += 1 - p
    return P


@pytest.mark.parametrize(("N", "p"), [(1, 0.2), (5, 0.3), (20, 0.3), (12, 0.45)])
def test_the_chances_in_the_long_run(N, p):
    beta = p / (1 - p)
    chances = beta ** np.arange(N + 1)
    chances /= chances.sum()
    assert chances @ transitions(N, p) == pytest.approx(chances, abs=1e-15)
    mean = beta / (1 - beta) - (N + 1) * beta ** (N + 1) / (1 - beta ** (N + 1))
    assert chances @ np.arange(N + 1) == pytest.approx(mean, rel=1e-12)
    # The only ones: the eigenvalue 1 is simple.
    assert np.sum(np.abs(np.linalg.eigvals(transitions(N, p)) - 1) < 1e-9) == 1


def test_the_simulated_walk(page):
    exact, counted = page["exact"], page["counted"]
    assert exact.sum() == pytest.approx(1)
    assert page["mean"] == pytest.approx(0.75, abs=1e-4)
    assert abs(page["each_run"].mean() - page["mean"]) < 3 * page["error"]
    assert counted[:4] == pytest.approx(exact[:4], abs=0.02)


def test_one_way_each(page):
    ends = {rule: page["runs"][rule][1][-1] for rule in ("sgd", "sign_sgd")}
    assert np.all(ends["sign_sgd"] > 0.9) and np.all(ends["sgd"] < -0.5)
    for rule, (t, mean) in page["drawn"].items():
        assert np.array_equal(t, page["runs"][rule][0]) and mean[-1] == pytest.approx(ends[rule].mean())


def test_adam_without_memory_is_sign_descent():
    rng = np.random.default_rng(5)
    g = rng.standard_normal((200, 3)) * 10.0 ** rng.integers(-5, 5, (200, 3))
    g[50:60, 1] = 0
    both = [
        optimizer(adam, lr=inverse_sqrt(0.1), beta1=0.0, beta2=0.0, eps=0.0),
        optimizer(sign_sgd, lr=inverse_sqrt(0.1)),
    ]
    ends = [play(o, g, np.zeros(3)).w for o in both]
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_smaller_steps_stay_as_many_steps_away():
    for eta in (0.1, 0.05):
        o = optimizer(sign_sgd, lr=eta, project=box(-1, 1))
        stream = two_point(4000, 4.0, -1.0, 0.3, np.random.default_rng(8), (100, 1))
        w = play(o, stream, np.ones((100, 1)), record=("w",))["w"][500:, :, 0]
        away = (1 - w).mean(axis=0) / eta
        assert abs(away.mean() - 0.75) < 4 * away.std(ddof=1) / 10


def test_falling_rates(page):
    """The inequality of the exercise, exactly on the walk's chances; and the mean square of a run with falling rates."""
    N, p = 20, 0.3
    eta, places = 2 / N, np.arange(N + 1) * 2 / N
    chances = np.zeros(N + 1)
    chances[N // 2] = 1.0
    for _ in range(200):
        after = chances @ transitions(N, p)
        assert after @ places**2 <= chances @ places**2 - 2 * eta * (1 - 2 * p) * (chances @ places) + eta**2 + 1e-14
        chances = after
    _, w = page["runs"]["sign_sgd"]
    square = ((1 - w) ** 2).mean(axis=1)
    assert square[0] == 1 and square[-1] < 1e-4


def test_signs_find_the_median(page):
    for rule, expected in (("sgd", 1.0), ("sign_sgd", np.log(2))):
        mean, error = page["found"][rule]
        assert abs(mean - expected) < 4 * error


def test_batches(page):
    sizes, drift = page["sizes"], page["drift"]
    for B in (1, 2, 5):  # by enumeration
        mean = 0.0
        for values in product((4, -1), repeat=B):
            chance = np.prod([0.3 if g == 4 else 0.7 for g in values])
            mean += chance * np.sign(sum(values))
        assert drift[sizes == B][0] == pytest.approx(mean)
    assert drift[0] < 0 < drift[-1] and drift[-1] > 0.99
    assert page["turned"]["drift"] is drift


def test_the_region_of_the_figure(page):
    assert np.all(page["region"]["low"] < page["region"]["high"] + 1e-12)
    assert page["region"]["low"][-1] == pytest.approx(1 / 101)


def test_exercises(page):
    assert (2 * Fraction(1, 20) - 1, Fraction(1, 20) * 22 - 1) == (Fraction(-9, 10), Fraction(1, 10))
    assert Fraction(1, 20) / (1 - 2 * Fraction(1, 20)) == Fraction(1, 18)
    assert page["total"].mean() > 0.5


def test_the_notes_on_gradients_of_size_one():
    """Where all gradients have the size 1, Adam's corrected second average is 1: only the learning rate can shorten steps."""
    signs = np.sign(np.random.default_rng(3).standard_normal(300))
    v = 0.0
    for t, g in enumerate(signs, start=1):
        v = 0.999 * v + 0.001 * g**2
        assert v / (1 - 0.999**t) == pytest.approx(1, rel=1e-9)


def test_the_picture_of_the_map(page):
    """Every run of the map that is decided ended where a late cycle leads, by the weights of the average alone."""
    drawn = page["map_data"]
    ends, C, b = drawn["ends"], drawn["C"][:, None], drawn["beta2"]

    def effective(place):
        """One over the root of the average, up to a factor, after the step at this place of the cycle."""
        squares = C**2, 1.0, 1.0
        return 1 / np.sqrt(sum(b**age * squares[(place - age) % 3] for age in range(3)))

    move = -C * effective(0) + effective(1) + effective(2)
    decided = (np.abs(ends) > 0.9) & (C > 2)
    assert decided.mean() > 0.85
    np.testing.assert_array_equal(np.sign(ends)[decided], np.sign(move)[decided])
    assert (ends > 0.9).mean() > 0.25 and (ends < -0.9).mean() > 0.4
    assert drawn["adam"][-1] > 0.99 and drawn["amsgrad"][-1] < -0.99
