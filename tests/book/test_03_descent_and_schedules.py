"""The chapter on descent and schedules: statements against exact enumeration, figures against independent computations."""

import math
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

# The cells that tune four methods, and those that use their results, take longer than all the rest: `tuned` is tested on a
# small budget instead.
LEFT_OUT = "results"
WHOLE = st.integers(-4, 4)


def fraction_rows(rows):
    return np.array([[Fraction(v) for v in row] for row in rows], dtype=object)


# Statements


@given(st.lists(st.tuples(WHOLE, WHOLE), min_size=2, max_size=5), st.data())
def test_variance_of_a_mini_batch_over_every_batch(rows, data):
    n = len(rows)
    B = data.draw(st.integers(1, min(n, 4)))
    g = fraction_rows(rows)
    delta = g - g.sum(axis=0) / n
    variance = (delta * delta).sum() / n
    for batches, expected in (
        (list(product(range(n), repeat=B)), variance / B),
        (list(combinations(range(n), B)), variance / B * Fraction(n - B, n - 1)),
    ):
        means = np.array([delta[list(b)].sum(axis=0) / B for b in batches])
        assert not means.sum(axis=0).any()
        assert (means * means).sum() / len(batches) == expected


@given(
    st.lists(st.fractions(Fraction(1, 9), 9, max_denominator=9), min_size=1, max_size=4), st.fractions(0, 40, max_denominator=50)
)
def test_the_two_critical_learning_rates(eigenvalues, x):
    low, high = min(eigenvalues), max(eigenvalues)
    lr = x / high / 10  # 0 to 4 / high

    def worst(lr):
        return max(abs(1 - lr * value) for value in eigenvalues)

    assert (worst(lr) < 1) == (0 < lr < 2 / high)
    assert worst(2 / high) >= 1
    best = 2 / (low + high)
    assert worst(best) == (high - low) / (high + low)
    assert worst(lr) >= worst(best)


POINTS = st.lists(st.tuples(st.integers(1, 3), WHOLE), min_size=1, max_size=3)
RATES = st.lists(st.fractions(Fraction(1, 10), 1, max_denominator=10), min_size=1, max_size=4)


def exact_line(page, points, rates):
    """The page's recursion on a small data set in fractions, and the excess loss by every sequence of draws."""
    x = np.array([Fraction(v) for v, _ in points], dtype=object)
    y = np.array([Fraction(v) for _, v in points], dtype=object)
    old = page["x"], page["w_star"]
    page["x"], page["w_star"] = x, (x * y).sum() / (x * x).sum()
    try:
        law = [sum(values) / len(x) for values in page_terms(x, y, page["w_star"])]
        got = page["exact_excess"](lambda t: rates[t - 1], len(rates), *law)
        best = page["w_star"]
    finally:
        page["x"], page["w_star"] = old
    expected, squares = [], [best**2]
    errors = [-best]
    for lr in rates:
        expected.append(law[0] / 2 * sum(squares) / len(squares))
        errors = [e - lr * v * (v * (e + best) - u) for e in errors for v, u in zip(x, y, strict=True)]
        squares = [e**2 for e in errors]
    return got, expected


def page_terms(x, y, best):
    h, xi = x**2, x * (y - best * x)
    return h, h**2, xi**2, h * xi


@settings(max_examples=40)
@given(points=POINTS, rates=RATES)
def test_recursion_over_every_sequence_of_draws(page, points, rates):
    got, expected = exact_line(page, points, rates)
    assert list(got) == expected


def test_moments_are_those_of_the_pictures(page):
    x, y, best = page["x"], page["bottom"], page["w_star"]
    n = len(x)
    assert n == 1797 and math.isclose(sum(x * (y - best * x)), 0, abs_tol=1e-9)
    expected = [math.fsum(term) / n for term in page_terms(x, y, best)]
    np.testing.assert_allclose(page["moments"](y), expected, rtol=1e-12)
    np.testing.assert_allclose(page["moments"](best * x)[2:], 0, atol=1e-30)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(WHOLE, WHOLE).filter(any), min_size=1, max_size=3, unique=True),
    st.tuples(WHOLE, WHOLE),
    st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20),
)
def test_interpolation_bound_over_every_sequence_of_draws(rows, solution, share):
    X = fraction_rows(rows)
    y = X @ np.array([Fraction(v) for v in solution], dtype=object)
    N = max(x @ x for x in X)
    lr, n = 2 * share / N, len(X)
    values = np.linalg.eigvalsh((X.T @ X).astype(float) / n)
    least = values[values > 1e-9 * values.max()].min()
    w_star = np.linalg.pinv(X.astype(float)) @ y.astype(float)
    points = [np.zeros(2, dtype=object)]
    for t in range(1, 5):
        points = [w - lr * x * (x @ w - v) for w in points for x, v in zip(X, y, strict=True)]
        mean = np.mean([np.sum((w.astype(float) - w_star) ** 2) for w in points])
        assert mean <= (1 - float(lr * (2 - lr * N)) * least) ** t * (w_star @ w_star) * (1 + 1e-9) + 1e-12


@given(st.lists(st.floats(1e-6, 0.99), min_size=1, max_size=50))
def test_a_finite_sum_leaves_at_least_the_bound(products):
    """products: eta_t lambda."""
    assert math.prod(1 - z for z in products) >= math.exp(-math.fsum(products) / (1 - max(products))) * (1 - 1e-9)


@given(st.floats(0.05, 3.0), st.floats(1.0, 300.0))
def test_the_share_left_by_an_exponential_schedule_is_at_most_the_bound(lr, half_life):
    """The bound of the exercise on half-lives, for a curvature of 0.1."""
    products = 0.1 * lr * 0.5 ** (np.arange(2000) / half_life)
    assert np.prod(1 - products) <= np.exp(-products.sum()) * (1 + 1e-9)


@given(st.floats(0.01, 0.99), st.integers(1, 400))
def test_one_over_t_lies_between_its_powers(p, T):
    left = math.prod(1 - p / t for t in range(1, T + 1))
    assert (1 - p) * T**-p * (1 - 1e-9) <= left <= (T + 1) ** -p * (1 + 1e-9)


@given(st.fractions(Fraction(3, 5), Fraction(6, 5)), st.fractions(Fraction(-1, 4), Fraction(1, 4)))
def test_no_step_leaves_the_trap(w, noise):
    after = w - (w**3 - w + Fraction(1, 10) + noise) / 4
    assert Fraction(3, 5) <= after <= Fraction(6, 5)


def test_the_trap_is_not_the_deeper_minimum_and_holds_all_runs(page):
    roots = np.roots([1, 0, -1, 0.1])
    low, _, high = np.sort(roots.real)
    depth = np.polyval([1 / 4, 0, -1 / 2, 0.1, 0], [low, high])
    assert depth[0] < depth[1] and 0.6 < high < 1.2
    quiet, loud = page["after_noise"](0.25, T=300, runs=50), page["after_noise"](1.0, T=3000, runs=50)
    assert quiet.shape == (50, 1) and np.all((quiet > 0.6) & (quiet < 1.2))
    assert np.mean(loud < 0) > 0.5
    assert 0.25 * np.max(3 * np.linspace(0.6, 1.2, 601) ** 2 - 1) < 1  # lr f'' <= 1 in the trap


# Figures


def test_the_data_are_the_pictures(page):
    pictures, digits = load_digits(return_X_y=True)
    rows = np.flatnonzero((digits == 3) | (digits == 8))
    left = [sum(pictures[i][8 * row + column] for row in range(8) for column in range(4)) for i in rows]
    np.testing.assert_allclose(page["X"][:, 0], (left - np.mean(left)) / np.std(left), rtol=1e-10)
    np.testing.assert_array_equal(page["y"], [1 if digits[i] == 8 else -1 for i in rows])
    np.testing.assert_array_equal(page["is_eight"] == 1, digits == 8)
    np.testing.assert_allclose(page["x"], pictures[:, :32].sum(axis=1) / 512, rtol=1e-12)
    np.testing.assert_allclose(page["bottom"], pictures[:, 32:].sum(axis=1) / 512, rtol=1e-12)


def test_paths_are_the_three_descents(page):
    X, y, data = page["X"], page["y"], page["data"]
    assert X.shape == (357, 2)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-12)
    roughness = []
    for name, size in (("batch", None), ("mini-batch of 32", 32), ("stochastic", 1)):
        rng, w, path = np.random.default_rng(3), np.array([-1.0, -0.9]), []
        for _ in range(41):
            path.append(w)
            rows = np.arange(357) if size is None else rng.integers(357, size=size)
            w = w - 0.2 * np.mean((X[rows] @ w - y[rows])[:, None] * X[rows], axis=0)
        np.testing.assert_allclose(data[name], path, rtol=1e-9)
        moves = np.diff(data[name], axis=0)
        roughness.append(np.linalg.norm(moves, axis=1).sum() / np.linalg.norm(data[name][-1] - data[name][0]))
    assert roughness[0] < roughness[1] < roughness[2]
    i, j = 20, 70
    w = np.array([data["x"][j], data["y"][i]])
    assert data["loss"][i, j] == pytest.approx(np.mean((X @ w - y) ** 2) / 2)


@pytest.mark.parametrize("title", ["with residuals", "residuals taken out"])
@pytest.mark.parametrize("lr", [0.5, 1.0, 2.0])
def test_noise_floor_holds_theory_and_runs(page, title, lr):
    curve = page["floor_data"][title, lr]
    h = page["x"] ** 2
    xi = page["x"] * (page["targets"][title] - page["w_star"] * page["x"])
    lam, rho = np.mean(h), np.mean((1 - lr * h) ** 2)
    assert curve["floor"] == pytest.approx(lam / 2 * lr**2 * np.mean(xi**2) / (1 - rho), rel=1e-9, abs=1e-30)
    exact = curve["exact"][page["panels"][title][0] - 1]
    np.testing.assert_array_less(np.abs(curve["mean"] - exact)[1:], 4.5 * curve["error"][1:])
    assert curve["mean"][0] == pytest.approx(lam / 2 * page["w_star"] ** 2)
    if title == "with residuals":
        assert curve["exact"][-1] == pytest.approx(curve["floor"], rel=0.05)
    else:
        assert curve["exact"][-1] < 1e-4 * curve["exact"][0]


def test_residual_free_error_shrinks_by_rho(page):
    for lr in (0.5, 1.0, 2.0):
        exact = page["floor_data"]["residuals taken out", lr]["exact"]
        rho = np.mean((1 - lr * page["x"] ** 2) ** 2)
        np.testing.assert_allclose(exact[1:] / exact[:-1], rho, rtol=1e-9)


def test_interpolation_figure(page):
    data = page["fit_data"]
    A, b = page["pixels"][:20], page["is_eight"][:20]
    assert np.linalg.matrix_rank(A) == 20
    few, many = data["20 pictures"], data["all pictures"]
    assert np.all(few["mean"] <= data["bound"])
    assert few["mean"][-1] < 1e-5 < 1e-3 < many["mean"][-1]
    assert np.all(many["low"][5:] > few["high"][5:])
    # The first hundred steps once more, with the gradients written out.
    rng, w = np.random.default_rng(20), np.zeros((50, 65))
    for _ in range(100):
        i = rng.integers(20, size=(50, 1))[:, 0]
        w = w - 0.1 * (np.sum(A[i] * w, axis=1) - b[i])[:, None] * A[i]
    assert data["t"][1] == 101
    assert few["mean"][1] == pytest.approx(np.mean((w @ A.T - b) ** 2) / 2, rel=1e-9)


def test_schedules_hold_theory_and_runs(page):
    data, t = page["schedule_data"], page["schedule_t"]
    assert list(t) == [1, 11, 21, 51, 101, 201, 501, 1001, 2000] and len(data) == 6
    for curve in data.values():
        exact = curve["exact"][t - 1]
        np.testing.assert_array_less(np.abs(curve["mean"] - exact)[1:], 4.5 * curve["error"][1:])
    ends = {name: curve["exact"][-1] for name, curve in data.items()}
    assert ends["exponential"] > 2 * ends["constant"] > 20 * ends["1/√t"] > 20 * ends["search, then converge"]
    assert ends["2/t"] > ends["constant"]


def test_tuned_keeps_the_best_rate_at_each_cost(page):
    eight, least = page["eight"], page["eight"].loss(page["solution"])
    passes, shown = page["tuned"](None, (1, 3, 5), passes=6, runs=1)
    Z = page["pixels"] * page["is_eight"][:, None]
    found = []
    for lr in (2.0, 8.0, 32.0):
        w, path = np.zeros(65), []
        for _ in range(6):
            w = w + lr * (np.mean(Z / (1 + np.exp(Z @ w))[:, None], axis=0) - 1e-3 * w)
            path.append(np.mean(np.log1p(np.exp(-Z @ w))) + 5e-4 * w @ w - least)
        found.append(path)
    np.testing.assert_allclose(shown[:, 0], np.min(found, axis=0), rtol=1e-8)
    assert list(passes) == [1, 2, 3, 4, 5, 6]
    # Chosen by the first third of the runs, shown on the others.
    passes, shown = page["tuned"](32, (0, 2), passes=1, runs=3)
    assert shown.shape == (2, 2)
    np.testing.assert_allclose(passes, [28 * 32 / eight.n, 56 * 32 / eight.n])
    rng, w, losses = np.random.default_rng(0), np.zeros((6, 65)), []
    for step in range(56):
        terms = Z[rng.integers(eight.n, size=(6, 32))]
        slope = np.einsum("kbd,kb->kd", terms, 1 / (1 + np.exp(np.einsum("kbd,kd->kb", terms, w)))) / 32
        w = w + np.repeat([1.0, 4.0], 3)[:, None] * (slope - 1e-3 * w)
        if step in (27, 55):
            losses.append(np.mean(np.log1p(np.exp(-w @ Z.T)), axis=1) + 5e-4 * np.sum(w * w, axis=1) - least)
    for i, trial in enumerate((losses[0], losses[0] + losses[1])):
        chosen = 0 if trial[0] < trial[3] else 1
        np.testing.assert_allclose(shown[i], losses[i][3 * chosen + 1 : 3 * chosen + 3], rtol=1e-8)


def test_budgets_of_single_draws_are_whole_half_passes(page):
    """All budgets are equally far apart: none stands close to the last one with a rate of its own."""
    n = page["eight"].n
    passes, shown = page["tuned"](1, (-3,), passes=2, runs=3)
    np.testing.assert_allclose(passes * n, n // 2 * np.arange(1, 5))
    assert shown.shape == (4, 2)


def test_shuffled_shows_every_picture_once_a_pass_in_a_new_order(page):
    problem = page["least_squares"](np.eye(5), np.arange(5.0))
    losses = page["shuffled"](problem, 3, np.random.default_rng(0))
    # At w = 0 the loss of example i is i^2 / 2, which tells which one was drawn.
    drawn = np.array([np.sqrt(2 * losses(t, np.zeros((3, 5)))[0]) for t in range(1, 16)]).round().astype(int)
    for order in drawn.reshape(3, 5, 3).swapaxes(1, 2).reshape(9, 5):
        assert sorted(order) == list(range(5))
    assert len({tuple(order) for order in drawn.reshape(3, 5, 3).swapaxes(1, 2).reshape(9, 5)}) > 5


def test_shuffling_lowers_the_floor_of_a_small_learning_rate_only(page):
    """The page's last run is the shuffled one: a share of the floor for each of the rates 1, 0.1 and 0.01."""
    x, y, best = page["x"], page["bottom"], page["w_star"]
    lam, q, sigma2, _ = (np.mean(term) for term in page_terms(x, y, best))
    rng, shares = np.random.default_rng(8), []
    for lr in (1.0, 0.01):
        e = np.zeros(200)
        for _ in range(2):
            for i in rng.permuted(np.tile(np.arange(len(x)), (200, 1)), axis=1).T:
                e = (1 - lr * x[i] ** 2) * e + lr * x[i] * (y[i] - best * x[i])
        shares.append(np.mean(e**2) * (2 * lam - lr * q) / (lr * sigma2))
    assert 0.6 < shares[0] < 1.5 and shares[1] < 0.4
    page_shares = page["shares"].mean(axis=1)
    assert 0.8 < page_shares[0] < 1.3 and page_shares[2] == pytest.approx(shares[1], rel=0.5)


def test_equal_cost_draws_means_and_spread(page):
    rng = np.random.default_rng(0)
    curves = {name: (np.arange(1.0, 6), rng.uniform(0.1, 1, size=(5, 3))) for name in "abcd"}
    data, _ = page["plots"].equal_cost(curves)
    for name, (passes, excess) in curves.items():
        np.testing.assert_array_equal(data[name]["passes"], passes)
        np.testing.assert_allclose(data[name]["mean"], excess.sum(axis=1) / 3)
        assert np.all((data[name]["low"][:, None] <= excess) & (excess <= data[name]["high"][:, None]))


def test_the_least_loss_is_the_least(page):
    eight, w = page["eight"], page["solution"]
    assert np.sum(eight.gradient(w) ** 2) / (2 * 1e-3) < 1e-11
    assert page["gap"] == pytest.approx(np.sum(eight.gradient(w) ** 2) / 2e-3)
