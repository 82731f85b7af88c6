"""The order of quantifiers: exact averages, late cycles, promised arrivals, thresholds, and the random example in two ways."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from lecture_optim.derivation import Unproved
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import reddi_periodic
from lecture_optim.projections import box
from lecture_optim.proofs import threshold
from lecture_optim.rules import adam, rmsprop
from lecture_optim.schedules import inverse_sqrt

RATES = [Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)]


def limit(square, b):
    """omega and V_1, V_2, V_3, exactly; square is C^2."""
    return 1 / (1 + b + b**2), (square + b + b**2, 1 + b * square + b**2, 1 + b + b**2 * square)


def steps(C, b, cycles, alpha=0.5):
    """The lengths (a, b, c) of the steps of every cycle, as floats."""
    v, lengths = 0.0, []
    for t in range(1, 3 * cycles + 1):
        g = C if t % 3 == 1 else -1.0
        v = b * v + (1 - b) * g * g
        lengths.append(alpha * abs(g) / math.sqrt(t * v))
    return np.reshape(lengths, (-1, 3))


@pytest.mark.parametrize("b", RATES)
@pytest.mark.parametrize("square", [Fraction(9), Fraction(41, 10)])
def test_the_average_of_squares_exactly(b, square):
    omega, V = limit(square, b)
    v = Fraction(0)
    for k in range(12):
        assert v == omega * V[2] * (1 - b ** (3 * k))
        v = b * v + (1 - b) * square
        assert v == omega * (V[0] - V[2] * b ** (3 * k + 1))
        for value in V[1:]:
            v = b * v + 1 - b
            assert v <= omega * value


@pytest.mark.parametrize("b", RATES)
def test_the_margin_exactly(b):
    _, V = limit(5 - b, b)
    assert 4 * V[0] - (5 - b) * V[1] == 6 * (1 - b) + 9 * (1 - b) ** 2 > 0
    assert V[2] <= V[1] and 5 - b > 4


@pytest.mark.parametrize("b", [0.0, 0.1, 0.5, 0.9])
def test_the_drift_is_the_move_of_a_late_cycle(page, b):
    for C in (2.05, 3.0):
        omega, _ = limit(C * C, b)
        k = 20_000
        a, back, more = steps(C, b, k + 1)[-1]
        move = (back + more - a) * math.sqrt(3 * k * omega) / 0.5
        assert move == pytest.approx(page["drift"](C, b), abs=1e-4)


@pytest.mark.parametrize("b", [0.0, 0.1, 0.5, 0.9, 0.97])
def test_late_cycles_win(b):
    C = math.sqrt(5 - b)
    omega, V = limit(C * C, b)
    J = math.ceil(max((C**2 * V[1] * (1 - b) + 2 * V[2]) / (3 * (1 - b) ** 2) - 1, 0) / 3)
    a, back, more = steps(C, b, J + 3000).T
    m = 0.5 / np.sqrt((3 * np.arange(len(a)) + 3) * omega * V[1])
    q = 9 * (1 - b) ** 2 / (8 * V[0])
    assert 0 < q < 1
    assert np.all((a + 2 * q * m <= back + more)[J:])


def test_cycles_add_up():
    rng = np.random.default_rng(0)
    for _ in range(300):
        x, bound = rng.uniform(-1, 1), None
        bound = x
        for _ in range(12):
            back, more, net = rng.uniform(0, 1, 3)
            a = max(back + more - net, 0.0)
            net = back + more - a
            x = np.clip(np.clip(np.clip(x - a, -1, 1) + back, -1, 1) + more, -1, 1)
            bound += net
            assert x >= min(1.0, bound) - 1e-12


def test_the_promised_arrival(page):
    for b in (0.0, 0.1, 0.5):
        C, J, H = page["arrivals"][b]
        assert abs(C - math.sqrt(5 - b)) < 1e-12
        for extra in (0, 1, 50):
            x, _ = page["run_long"](C, b, 3 * (J + H + extra), x=-1.0)
            assert x == 1.0
    assert page["seen"] == [1.0, 1.0, 1.0]
    C, J, H = page["arrivals"][0.5]
    earliest = page["earliest"]
    assert 1 < earliest < (J + H) / 10
    begins = [page["run_long"](C, 0.5, 3 * (earliest + k), x=-1.0)[0] for k in (-1, 0, 1)]
    assert begins[0] < 1.0 == begins[1] == begins[2]
    # the regret of the cycles that follow
    C, J, H = page["arrivals"][0.1]
    T, more = 3 * (J + H), 300
    regrets = [n * page["run_long"](C, 0.1, n, x=-1.0)[1] for n in (T, T + 3 * more)]
    assert regrets[1] - regrets[0] >= more * (2 * C - 4) - 1e-9


def test_the_pieces_fit_together():
    whole = threshold.whole_run()
    assert len(whole.givens) == 24
    assert whole.op == ">=" and whole.side == threshold.regret().side


def test_a_piece_less_is_refused():
    d = threshold.late_net()
    for k in range(len(d.givens)):
        with pytest.raises(Unproved):
            d.at(given=[g for n, g in enumerate(d.givens) if n != k])


def test_rates_close_to_one_alone_give_no_guarantee(page):
    for b in (0.9, 0.99, 0.999, 0.9999):
        assert page["drift"](math.sqrt(5 - b), b) > 0
        assert page["drift"](2 / b + 1e-6, b) < 0
    x, each = page["run_long"](math.sqrt(4.1), 0.9, 100_000, x=0.0)
    assert x > 0.9 and each > 0.9 * (2 * math.sqrt(4.1) - 4) / 3


@pytest.mark.parametrize(("C", "b"), [(2.5, 0.81), (3.0, 0.67), (10.0, 0.21), (2.1, 0.96)])
def test_large_rates_succeed(page, C, b):
    assert b * C > 2
    assert page["drift"](C, b) < 0
    x, each = page["run_long"](C, b, 300_000, x=1.0)
    assert x < -0.99 and each < 0.05


def test_the_sign_of_the_drift_for_all_large_rates():
    for b in (Fraction(k, 40) for k in range(1, 40)):
        for C in (2 / b + Fraction(1, 1000), 3 / b, 100 / b):
            _, V = limit(C**2, b)
            assert V[0] <= C**2 + 2 and min(V[1:]) >= b**2 * (C**2 + 2)


def test_the_table_of_long_runs(page):
    for (C, b), (x, each) in page["long"].items():
        works = page["drift"](C, b) < 0
        assert (x < -0.99) == works and (x > 0.9) == (not works)
        assert (each < 0.02) == works or C < 2.1
    # One million steps.
    for C, b, end in ((3.0, 0.46, 1), (3.0, 0.48, -1), (2.001, 0.99, 1), (2.02, 0.99, -1)):
        x, _ = page["run_long"](C, b, 1_000_000)
        assert x == pytest.approx(end, abs=0.005)


def test_the_plain_loop_is_the_package(page):
    o = optimizer(rmsprop, lr=inverse_sqrt(0.5), beta2=0.46, project=box(-1, 1))
    run = play(o, reddi_periodic(3000, 3.0), 0.0, comparator=-1.0)
    x, each = page["run_long"](3.0, 0.46, 3000)
    assert run.w == pytest.approx(x, abs=1e-12) and run.regret / 3000 == pytest.approx(each, rel=1e-9)
    # The correction of the start changes the beginning, not the end.
    for b in (0.1, 0.9):
        o = optimizer(adam, lr=inverse_sqrt(0.5), beta1=0.0, beta2=b, eps=0.0, project=box(-1, 1))
        assert play(o, reddi_periodic(3000, 3.0), 0.0).w == pytest.approx(page["run_long"](3.0, b, 3000)[0], abs=1e-3)


def test_the_thresholds(page):
    assert page["rate_threshold"] == pytest.approx({2.5: 0.629188, 3.0: 0.472313, 10.0: 0.098347}, abs=1e-6)
    for C, b in page["rate_threshold"].items():
        assert page["slope_threshold"](b) == pytest.approx(C, rel=1e-9)
    assert page["first"] == sp.Rational(3, 4)
    for e in (1e-2, 1e-3):
        series = 2 + 0.75 * e + 31 / 32 * e**2
        assert page["slope_threshold"](1 - e) == pytest.approx(series, abs=3 * e**3)


def test_one_threshold(page):
    # The drift on the page falls in the slope: a grid for each rate, beside the derivation.
    for b in np.linspace(0.02, 0.995, 400):
        drift = page["drift"](np.linspace(0.1, 2 / b + 1, 2000), b)
        assert np.all(np.diff(drift) < 0) and drift[0] > 0 > drift[-1]
    # Slopes on either side of the threshold, from the other end each.
    for b in (0.3, 0.6):
        root = page["slope_threshold"](b)
        for C, end in ((2.02, 1), (root - 0.15, 1), (root + 0.15, -1), (2 / b + 3, -1)):
            x, each = page["run_long"](C, b, 300_000, x=-float(end))
            assert x == pytest.approx(end, abs=0.02)
            assert each > 0.9 * (2 * C - 4) / 3 if end > 0 else each < 0.2
    assert np.all(np.diff(page["threshold"]) < 0)


def test_the_map(page):
    counted = page["counted"]
    assert sum(counted.values()) == len(page["ends"]) == 750
    assert counted["undecided"] < 40 and min(counted["worst"], counted["best"]) > 300
    decided = page["decided"]
    assert np.array_equal(np.sign(page["ends"][decided]), page["expected"][decided])
    bounds, rates = page["bounds"], page["rates"]
    assert np.all(bounds["fails"] < page["threshold"]) and np.all(page["threshold"] < bounds["works"])
    assert bounds["works"][0] == pytest.approx(2 / rates[0])


def test_first_order_threshold(page):
    nu = page["moment"]
    exact = [Fraction(1, 100) * 1010**i + Fraction(99, 100) * (-10) ** i for i in range(4)]
    assert nu[1:] == pytest.approx([float(m) for m in exact[1:]])
    by_hand = 2 * exact[1] * exact[2] / (exact[3] - exact[1] * exact[2])
    assert page["first_order"] == pytest.approx(float(by_hand)) == pytest.approx(4.0e-4, rel=1e-3)
    assert page["root"] == pytest.approx(page["first_order"], rel=1e-3)
    # The variance of V at the zero, by simulation of its chain.
    rng, b, V, seen = np.random.default_rng(4), 1 - page["root"], np.full(4000, page["moment"][2]), []
    for t in range(20_000):
        V = b * V + (1 - b) * np.where(rng.random(4000) < 0.01, 1010.0**2, 100.0)
        if t > 10_000 and t % 2500 == 0:
            seen.append(V.var() / page["moment"][2] ** 2)
    assert page["varies"] == pytest.approx(np.mean(seen), rel=0.1) == pytest.approx(0.02, abs=1e-3)


def test_two_ways_to_the_stationary_drift(page):
    for forget, (mean, error) in page["measured"].items():
        assert abs(mean - page["exact_drift"](1 - forget)) < 4 * error
    drift = {b: 1e3 * page["exact_drift"](b) for b in (0.999, 0.9995, 0.9997, 0.9999)}
    assert drift == pytest.approx({0.999: -3.0125, 0.9995: -0.4972, 0.9997: 0.4954, 0.9999: 1.4807}, abs=2e-4)
    assert page["crossing"]["changes"] == 1 and page["crossing"]["zero"] == pytest.approx(4e-4, abs=5e-5)


def test_the_stationary_drift_by_enumeration(page):
    """For a short memory the average of squares can be enumerated: all pasts of fourteen gradients."""
    b, n, p = 0.3, 14, page["p"]
    past = np.array(list(itertools.product((page["A"] ** 2, page["B"] ** 2), repeat=n)))
    chance = np.prod(np.where(past > 1e4, p, 1 - p), axis=1)
    V = (1 - b) * past @ b ** np.arange(n) / (1 - b**n)
    by_hand = np.sum(chance * page["share"](V, b))
    assert page["exact_drift"](b) == pytest.approx(by_hand, abs=2e-3 * abs(by_hand) + 1e-4)
    # Without its own root the gradient has the right sign at every rate.
    assert np.sum(chance / np.sqrt(V)) * page["moment"][1] > 0 > by_hand


def test_the_seeds(page):
    ends = page["run"].w[..., 0]
    means = ends.mean(axis=1)
    errors = ends.std(axis=1, ddof=1) / 10
    assert means[0] > 0.9 and means[1] > 3 * errors[1] and means[2] < -2 * errors[2]
    assert page["excess"].mean(axis=1)[0] > 0.35 and page["excess"].mean(axis=1)[2] < 0.2
    for name, mean in page["means"].items():
        assert mean[-1] == pytest.approx(page["positions"][-1, page["names"].index(name)].mean())
    assert page["spread"] == pytest.approx(101.5, abs=0.1)


def test_exercises(page):
    assert page["drift"](7.0, 0.0) == 1.0
    assert 1 / 101 < page["rate_threshold"][10.0] < 0.2
    assert page["long_period"] > 0.999
    g, B = 0.2, 10.0
    for p in (1e-4, 1e-5):
        A = (g + (1 - p) * B) / p
        nu = [p * A**i + (1 - p) * (-B) ** i for i in range(4)]
        assert 2 * nu[1] * nu[2] / (nu[3] - nu[1] * nu[2]) == pytest.approx(2 * g * p / (g + B), rel=20 * p)
