"""The chapter on one learning rate: its statements against exact enumeration, its figures against independent sums.

Enumeration runs the page's own rule over every possible history with its probability as a fraction; nothing is sampled.
"""

import math
from bisect import bisect_left
from fractions import Fraction
from itertools import permutations, product
from pathlib import Path

import jupytext
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from lecture_optim.online import one_pass, play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.sparse_gradients import imbalance
from lecture_optim.problems import SparseLogistic
from lecture_optim.rules import sgd
from lecture_optim.schedules import inverse_sqrt

TEXT = Path(__file__).parents[2] / "book" / "src" / "1-sparse-gradients" / "04-one-learning-rate.md"
P = st.fractions(Fraction(1, 1000), 1, max_denominator=1000)


def code_cells():
    return [cell.source for cell in jupytext.read(TEXT).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def counting():
    (source,) = [cell for cell in code_cells() if cell.startswith("def counting")]
    names = {"np": np}
    exec(source, names)
    return names["counting"]


def root_sum(n):
    """s(n), to the digits that are asked for; s(n) = zeta(1/2) - zeta(1/2, n + 1) is another way than adding up."""
    return mpmath.zeta(0.5) - mpmath.zeta(0.5, n + 1)


def own_travel(p, T):
    """E s(N) for N ~ Bin(T, p), p a fraction, to 30 digits."""
    with mpmath.workdps(40):
        total, s = mpmath.mpf(0), mpmath.mpf(0)
        for k in range(T + 1):
            s += 1 / mpmath.sqrt(k) if k else 0
            weight = math.comb(T, k) * p**k * (1 - p) ** (T - k)
            total += s * mpmath.mpf(weight.numerator) / weight.denominator
        return +total


def travelled(o, seen, sizes):
    g = np.where(seen, sizes, 0.0)
    run = play(o, g, 0.0, record=("w",))
    return float(np.abs(np.diff(np.append(run["w"], run.w))).sum())


# ---------------------------------------------------------------- travel


@given(n=st.integers(0, 3000))
def test_sum_of_inverse_roots(n):
    s = root_sum(n)
    assert 2 * (mpmath.sqrt(n + 1) - 1) <= s <= 2 * mpmath.sqrt(n)


@pytest.mark.parametrize("p", [Fraction(1), Fraction(1, 2), Fraction(1, 10)])
def test_expected_travel_over_every_history(counting, p):
    """Both clocks for all 2^7 histories of sightings, with gradients whose sizes depend on the past but have mean 1."""
    T = 7
    clocks = {
        "own": optimizer(counting, lr=0.5),
        "shared": optimizer(sgd, lr=inverse_sqrt(0.5)),
        "constant": optimizer(sgd, lr=0.5),
    }
    mean = dict.fromkeys(clocks, 0.0)
    for seen in product([False, True], repeat=T):
        weight = float(p ** sum(seen) * (1 - p) ** (T - sum(seen)))
        # The size of a gradient: 1 plus or minus 1/4 for each earlier sighting up to three, each sign with probability 1/2.
        swing = np.minimum(np.cumsum(seen) - np.asarray(seen), 3) / 4
        for name, o in clocks.items():
            sizes = [1 + swing, 1 - swing]
            mean[name] += weight * np.mean([travelled(o, np.array(seen), size) for size in sizes])
    assert mean["own"] == pytest.approx(0.5 * float(own_travel(p, T)), rel=1e-12)
    assert mean["shared"] == pytest.approx(0.5 * float(p * root_sum(T)), rel=1e-12)
    assert mean["constant"] == pytest.approx(0.5 * float(p * T), rel=1e-12)


@given(p=P, T=st.integers(1, 250))
def test_own_clock_between_its_bounds(p, T):
    with mpmath.workdps(30):
        A, p, slack = own_travel(p, T), mpmath.mpf(p.numerator) / p.denominator, mpmath.mpf(10) ** -25
        assert 2 * (mpmath.sqrt(1 + p * T) - 1) - slack <= A <= mpmath.sqrt(p) * root_sum(T) + slack
        price = p * root_sum(T) / A
        assert mpmath.sqrt(p) - slack <= price <= min(1, mpmath.sqrt(p) + 2 / mpmath.sqrt(T)) + slack


@given(rarity=st.integers(1, 60), k=st.integers(1, 5))
def test_steps_to_a_goal(rarity, k):
    p = 1 / rarity
    s = np.concatenate([[0.0], np.cumsum(1 / np.sqrt(np.arange(1, k * k * rarity**2 // 4 + 2 * k * rarity + 10)))])
    shared = int(np.argmax(p * s >= k))
    own = bisect_left(range(len(s)), k - 1e-12, key=lambda T: binom.pmf(np.arange(T + 1), T, p) @ s[: T + 1])
    assert rarity**2 * k**2 / 4 <= shared < rarity**2 * k**2 / 4 + rarity * k + 1
    assert rarity * k**2 / 4 <= own < rarity * (k**2 / 4 + k) + 1


@given(p=P.filter(lambda p: p < 1))
def test_the_first_step(p):
    p = mpmath.mpf(p.numerator) / p.denominator
    first = p / (1 - p) * mpmath.polylog(mpmath.mpf(1) / 2, 1 - p)
    assert mpmath.sqrt(p) <= mpmath.re(first) <= mpmath.sqrt(mpmath.pi * p)


def test_one_pass_over_every_order(counting):
    """All orders of six examples, three of which see the coordinate; each example has a feature of its own besides."""
    T, n, eta = 6, 3, 0.5
    moved = {"constant": [], "own": [], "shared": []}
    clocks = {
        "constant": optimizer(sgd, lr=eta),
        "own": optimizer(counting, lr=eta),
        "shared": optimizer(sgd, lr=inverse_sqrt(eta)),
    }
    for order in permutations(range(T)):
        seen = np.array(order) < n
        for name, o in clocks.items():
            moved[name].append(travelled(o, seen, np.ones(T)))
    assert set(np.round(moved["constant"], 12)) == {eta * n}
    assert np.ptp(moved["own"]) < 1e-12 and moved["own"][0] == pytest.approx(eta * float(root_sum(n)), rel=1e-12)
    assert np.mean(moved["shared"]) == pytest.approx(eta * n / T * float(root_sum(T)), rel=1e-12)


@given(p=P.filter(lambda p: p < 1), T=st.integers(1, 120))
def test_exercise_on_the_harmonic_clock(p, T):
    harmonic = sum(Fraction(1, t) for t in range(1, T + 1))
    sums, total = Fraction(0), Fraction(0)
    for n in range(T + 1):
        sums += Fraction(1, n) if n else 0
        total += math.comb(T, n) * p**n * (1 - p) ** (T - n) * sums
    assert total == sum((1 - (1 - p) ** t) / t for t in range(1, T + 1))
    with mpmath.workdps(400):  # the missing tail can be as small as 1000^-120
        missing = harmonic - total
        assert mpmath.mpf(missing.numerator) / missing.denominator < mpmath.log(mpmath.mpf(p.denominator) / p.numerator)


def test_exercise_in_numbers():
    s = float(root_sum(10_000))
    assert 2 * (math.sqrt(10_001) - 1) / 400 < s / 400 < 0.5 and s / 400 > 0.495
    A = binom.pmf(np.arange(10_001), 10_000, 1 / 400) @ np.append(0.0, np.cumsum(1 / np.sqrt(np.arange(1, 10_001))))
    assert 8.19 < 2 * (math.sqrt(26) - 1) <= A <= 10
    assert s / 400 / A == pytest.approx(1 / 20, rel=0.2)


# ---------------------------------------------------------------- least squares


@given(
    p=P, rates=st.lists(st.fractions(0, 3, max_denominator=20), min_size=1, max_size=5), e=st.fractions(-3, 3, max_denominator=9)
)
def test_least_squares_over_every_history(p, rates, e):
    """The recursions for mean and mean square against all histories with noise of +1 or -1."""
    outcomes = {e: Fraction(1)}
    mean, square = e, e**2
    for eta in rates:
        new = {}
        for error, weight in outcomes.items():
            for g, share in ((0, 1 - p), (error + 1, p / 2), (error - 1, p / 2)):
                new[error - eta * g] = new.get(error - eta * g, 0) + weight * share
        outcomes = new
        mean, square = (1 - p * eta) * mean, (1 - p * eta * (2 - eta)) * square + p * eta**2
    assert sum(w * x for x, w in outcomes.items()) == mean
    assert sum(w * x**2 for x, w in outcomes.items()) == square


@given(p=P, eta=st.fractions(Fraction(1, 20), Fraction(39, 20), max_denominator=50))
def test_floor_and_speed_of_a_constant_rate(p, eta):
    floor = eta / (2 - eta)
    factor = 1 - p * eta * (2 - eta)
    assert factor * floor + p * eta**2 == floor
    assert factor >= 1 - p and (factor == 1 - p) == (eta == 1)


@given(p=P, B=st.integers(1, 12), eta=st.fractions(0, 30, max_denominator=20))
def test_a_batch_over_every_count(p, B, eta):
    factor = sum(math.comb(B, k) * p**k * (1 - p) ** (B - k) * (1 - eta * Fraction(k, B)) ** 2 for k in range(B + 1))
    q = p + (1 - p) / B
    assert factor == 1 - 2 * eta * p + eta**2 * p * q
    assert factor >= 1 - p / q
    assert (factor < 1) == (0 < eta < 2 / q)
    if B * p >= 1:
        assert 1 - p / q <= Fraction(1, 2)
    if eta < 2:
        assert factor > 1 - 4 * p


@given(p=P, T=st.integers(1, 400))
def test_shared_clock_keeps_the_error(p, T):
    left = math.prod(1 - p / t for t in range(1, T + 1))
    assert float(left) >= (1 - float(p)) * T ** -float(p) * (1 - 1e-12)


def test_own_clock_averages(counting):
    """The page's rule with power 1 at every pattern of sightings: the weight is the mean of what was seen."""
    targets = np.array([3.1, -1.2, 4.7, 1.9, -5.3])  # none is a mean of those before
    o = optimizer(counting, lr=1.0, power=1.0)
    for seen in product([False, True], repeat=5):
        mask = np.array(seen)
        w = play(o, lambda t, w, mask=mask: (0.0, mask[t - 1] * (w - targets[t - 1])), 7.0, 5).w
        assert w == pytest.approx(targets[mask].mean() if mask.any() else 7.0, abs=1e-12)


# ---------------------------------------------------------------- the rule, the runs, the figures


def test_masked_is_the_dense_step(counting):
    rng = np.random.default_rng(3)
    rows = [np.sort(rng.choice(9, size=3, replace=False)) for _ in range(50)]
    problem = SparseLogistic(np.arange(0, 151, 3), np.concatenate(rows), rng.choice([-1.0, 1.0], 50), 9)
    dense, masked = np.zeros(9), np.zeros(9)
    one_pass(optimizer(counting, lr=0.5), problem, dense, dense=True)
    one_pass(optimizer(counting, lr=0.5), problem, masked, masked=True)
    np.testing.assert_array_equal(dense, masked)


def test_simulated_travel_within_its_errors(page):
    T, rates = 2_000, page["rates"]
    for moved, p in zip(-page["simulated"].w.T, rates, strict=True):
        error = moved.std() / np.sqrt(len(moved))
        assert abs(moved.mean() - float(own_travel(Fraction(str(p)), T))) < 3 * error


def test_figure_of_steps(page):
    data, rarity = page["data"], page["rarity"]
    assert data["rarity"].tolist() == rarity.tolist() and data["constant"].tolist() == (6 * rarity).tolist()
    for r, own in zip(rarity[:6].tolist(), data["own"][:6].tolist(), strict=True):
        p = Fraction(1, r)
        assert own_travel(p, own) >= 6 > own_travel(p, own - 1)
    with mpmath.workdps(30):
        for r, shared in zip(rarity.tolist(), data["shared"].tolist(), strict=True):
            assert root_sum(shared - 1) / r < 6 <= root_sum(shared) / r
    for clock in ("own", "shared"):
        low, high = page["bounds"][clock]
        assert np.all(low <= data[clock]) and np.all(data[clock] < high)
    assert data["slopes"]["shared"] == pytest.approx(2, abs=0.01) and data["slopes"]["own"] == pytest.approx(1, abs=0.01)


def test_figure_of_errors(page):
    errors, at = page["errors"], page["at"]
    p, start = np.array([1.0, 0.01]), 9.0
    for clock, lr in {"constant": lambda t: 0.1, "shared": lambda t: t**-0.5, "shared, 1/t": lambda t: 1 / t}.items():
        expected, z = [], np.full(2, start)
        for t in range(1, at[-1] + 1):
            expected.append(z)
            z = z - p * z + p * ((1 - lr(t)) ** 2 * z + lr(t) ** 2)
        np.testing.assert_allclose(errors[clock][0], np.array(expected)[at - 1], rtol=1e-9)
    for k in (0, 20, 40, 60):
        n = at[k] - 1
        own = [start * (0 if n else 1) + (1 / n if n else 0)]
        own.append(start * 0.99**n + sum(math.comb(n, j) * 0.01**j * 0.99 ** (n - j) / j for j in range(1, min(n, 150) + 1)))
        np.testing.assert_allclose(errors["own"][0][k], own, rtol=1e-9)
    # Runs against lines: a mean of 200 squares has a relative error near 0.1 where errors are Gaussian, more where few were seen.
    for clock in ("constant", "shared", "shared, 1/t", "own"):
        exact, runs = errors[clock]
        lines = np.array([np.interp(np.log(errors["t_runs"]), np.log(at), np.log(exact[:, i])) for i in range(2)]).T
        late = errors["t_runs"] > 50
        assert np.abs(np.log(runs) - lines)[late].max() < 0.5
    assert errors["shared, 1/t"][0][-1, 1] > 7 and errors["own"][0][-1, 1] < 0.02


def logistic_by_hand(page, clock, rate, order):
    """The pass in plain arithmetic: weights, travel and losses."""
    words = page["words"]
    w, n, travel, losses = {}, {}, {}, []
    for t, i in enumerate(order.tolist(), start=1):
        row, y = words.row(i).tolist(), float(words.labels[i])
        margin = y * sum(w.get(j, 0.0) for j in row)
        losses.append(math.log1p(math.exp(-margin)) if margin > -30 else -margin)
        size = 1 / (1 + math.exp(margin))
        for j in row:
            n[j] = n.get(j, 0) + 1
            step = size * rate / {"constant": 1, "shared": math.sqrt(t), "own": math.sqrt(n[j])}[clock]
            w[j], travel[j] = w.get(j, 0.0) + y * step, travel.get(j, 0.0) + step
    return w, travel, losses


@pytest.mark.parametrize("run", range(3))
@pytest.mark.parametrize("clock", ["constant", "shared", "own"])
def test_the_pass_by_hand(page, clock, run):
    k = page["best"][clock]
    assert 0 < k < len(page["grid"]) - 1
    w, travel, losses = logistic_by_hand(page, clock, page["grid"][k], page["orders"][run])
    every = np.arange(page["words"].d)
    np.testing.assert_allclose(page["W"][clock][run, :, k], [w[j] for j in every], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(page["travelled"][clock][run], [travel[j] for j in every], rtol=1e-8)
    assert page["least"][clock][run] == pytest.approx(np.mean(losses), rel=1e-9)
    assert page["loss"][clock].sum(axis=0)[k] == page["loss"][clock].sum(axis=0).min()


def test_figure_of_travel(page):
    octaves, counts, T = page["octaves"], page["counts"], len(page["words"])
    s = [0.0]
    for j in range(1, T + 1):
        s.append(s[-1] + j**-0.5)
    law = {"constant": lambda n: n, "shared": lambda n: n * s[T] / T, "own": lambda n: s[n]}
    for clock, expected in law.items():
        by_order = page["travelled"][clock]
        travel = by_order.mean(axis=0)
        assert octaves[clock]["below"] == sum(one < 1e-4 for one in by_order[0].tolist())
        factor = travel.sum() / sum(expected(n) for n in counts.tolist())
        points = []
        for m in range(20):
            group = [i for i, n in enumerate(counts.tolist()) if 2**m <= n < 2 ** (m + 1)]
            if group:
                points.append(
                    (
                        np.mean(counts[group]),
                        np.mean(travel[group]),
                        factor * np.mean([expected(n) for n in counts[group].tolist()]),
                    )
                )
        n, measured, predicted = np.array(points).T
        np.testing.assert_allclose(octaves["count"], n)
        np.testing.assert_allclose(octaves[clock]["travel"], measured)
        np.testing.assert_allclose(octaves[clock]["predicted"], predicted)
        # What the page says: the words follow the law up to the changing size of gradients.
        np.testing.assert_allclose(octaves[clock]["slopes"], octaves[clock]["predicted slope"], atol=0.05)
        assert len(octaves[clock]["slopes"]) == len(page["orders"]) == 3
        assert np.abs(np.log(measured / predicted)).max() < 0.4
    sizes = page["size"]
    assert sizes.argmax() == 0


def test_figure_of_telling_words(page):
    words, counts, told = page["words"], page["counts"], page["told"]
    sides = [set() for _ in range(words.d)]
    for i in range(len(words)):
        for j in words.row(i).tolist():
            sides[j].add(float(words.labels[i]))
    for m, (count, number) in enumerate(zip(told["count"], told["words"], strict=True), start=2):
        group = [j for j in range(words.d) if len(sides[j]) == 1 and 2**m <= counts[j] < 2 ** (m + 1)]
        assert number == len(group) and count == pytest.approx(np.mean(counts[group]))
        for clock, k in page["best"].items():
            mean = np.mean([page["W"][clock][:, j, k] * next(iter(sides[j])) for j in group], axis=0)
            np.testing.assert_allclose(told[clock][:, m - 2], mean)
    own, constant, shared = (told[clock] for clock in ("own", "constant", "shared"))
    assert np.all(own[:, 0] > 3 * constant[:, 0]) and np.all(own[:, 0] > 3 * shared[:, 0])
    assert told["words"][-1] == 6 and constant[:, -1].mean() > 0.95 * own[:, -1].mean()
    # The bands, from lowest to highest order, lie apart in all groups but the last.
    assert np.all(own.min(axis=0) > constant.max(axis=0), where=np.arange(6) < 5)
    assert np.all(constant.min(axis=0) > shared.max(axis=0)) and own[:, -1].min() < constant[:, -1].max()
    assert page["least"]["own"].max() < page["least"]["constant"].min() < page["least"]["shared"].min()


def test_rates_too_large_against_knowing_nothing(page):
    """The losses of the shared clock at 16 and 32 beside those of no weights and of a constant guess."""
    labels = page["words"].labels.tolist()
    share = labels.count(-1) / len(labels)
    score = math.log((1 - share) / share)
    guess = np.mean([math.log1p(math.exp(-y * score)) for y in labels])
    assert page["guess"] == pytest.approx(guess, rel=1e-12)
    loss = page["loss"]["shared"][:, page["grid"].tolist().index(16) :]
    assert np.sum(loss[:, 0] > guess) == 1 and np.all(loss[:, 1] > math.log(2))


def test_share_of_paragraphs_with_a_rare_telling_word(page):
    words = page["words"]
    rare = set(np.flatnonzero(page["rare"]).tolist())
    assert page["held"] == np.mean([not rare.isdisjoint(words.row(i).tolist()) for i in range(len(words))])


def test_drawn_points_are_the_returned_data():
    counts = np.array([1, 1, 2, 5, 9, 9])
    travel = {"own": np.array([[1.0, 3.0, 2.0, 4.0, 6.0, 8e-5], [1.0, 3.0, 2.0, 4.0, 6.0, 16.0]])}
    expected = {"own": 2.0 * counts}
    data, panels = imbalance.travel_by_count(counts, travel, expected)
    assert data["count"].tolist() == [1, 2, 5, 9] and data["own"]["travel"].tolist() == [2, 2, 4, pytest.approx(7.00002)]
    assert data["own"]["below"] == 1 and data["own"]["slopes"][0] < data["own"]["slopes"][1]
    np.testing.assert_allclose(data["own"]["predicted"], np.array([1, 2, 5, 9]) * 24.00004 / 27)
    drawn = [line.get_ydata().tolist() for line in np.atleast_1d(panels)[0].lines]
    assert data["own"]["travel"].tolist() in drawn and data["own"]["predicted"].tolist() in drawn
    weights = {"constant": np.array([np.arange(12.0), np.arange(2.0, 14)]), "shared": np.ones((2, 12)), "own": np.zeros((2, 12))}
    told, axes = imbalance.weights_by_count(np.array([4] * 5 + [9] * 5 + [17] * 2), weights, dict.fromkeys(weights, 0.5))
    assert told["count"].tolist() == [4, 9] and told["words"].tolist() == [5, 5] and told["constant"].tolist() == [[2, 7], [4, 9]]
    assert [line.get_ydata().tolist() for line in axes.lines] == [told[clock].mean(axis=0).tolist() for clock in weights]
