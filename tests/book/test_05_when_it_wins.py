"""When AdaGrad wins: its statements in plain arithmetic, the table of exact means, its runs, and the data of its figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from lecture_optim import problems
from lecture_optim.online import one_pass
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adagrad import geometry as plots
from lecture_optim.proofs import geometry
from lecture_optim.rules import adagrad, adagrad_norm

ROOT8 = 2 * math.sqrt(2)
VECTORS = st.lists(st.floats(0, 1e3), min_size=1, max_size=8).filter(lambda s: max(s) > 1e-3).map(np.array)
RULES = ("adagrad", "adagrad_norm")


@given(VECTORS)
def test_two_norms_and_their_gaps(s):
    one, two, d = s.sum(), np.linalg.norm(s), len(s)
    assert two <= one * (1 + 1e-12) and one <= math.sqrt(d) * two * (1 + 1e-12)
    pairs = sum(s[i] * s[j] for j in range(d) for i in range(j))
    differences = sum((x - y) ** 2 for x in s for y in s)
    assert one**2 - two**2 == pytest.approx(2 * pairs, abs=1e-9 * one**2)
    assert d * two**2 - one**2 == pytest.approx(differences / 2, abs=1e-9 * d * two**2)


@given(VECTORS, st.floats(0.1, 10), st.floats(0.1, 10))
def test_which_bound_is_smaller(s, D_inf, ratio):
    box, ball = ROOT8 * D_inf * s.sum(), ROOT8 * ratio * D_inf * np.linalg.norm(s)
    if abs(box / ball - 1) > 1e-9:
        assert (box < ball) == (s.sum() / np.linalg.norm(s) < ratio)


@given(VECTORS, st.floats(0.1, 10), st.data())
def test_extreme_comparators_and_own_sizes(s, D, data):
    signs = np.array(data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=len(s), max_size=len(s))))
    one, two, slack = s.sum(), np.linalg.norm(s), 1 + 1e-12
    assert D * one <= np.linalg.norm(D * signs) * two * slack
    single = D * np.eye(len(s))[data.draw(st.integers(0, len(s) - 1))]
    assert np.linalg.norm(single) * two <= np.abs(single).max() * one * slack
    v = np.array(data.draw(st.lists(st.integers(0, 100), min_size=len(s), max_size=len(s)))) / 10
    assert v @ s <= np.linalg.norm(v) * two * slack


@given(VECTORS, st.floats(0.05, 5), st.data())
def test_one_constant_for_many_sizes(s, c, data):
    v = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(s), max_size=len(s))))
    least, best = ROOT8 * math.sqrt(s.sum() * (v**2 @ s)), math.sqrt(2 * (v**2 @ s) / s.sum())
    bound = lambda c: ((2 * v**2 / c + c) * s).sum()  # noqa: E731
    assert bound(best) == pytest.approx(least) and bound(c) >= least * (1 - 1e-12)
    # The bracket of the theorem, for the interval [-v, v] and this c, and for c = sqrt(2) v.
    np.testing.assert_allclose((2 * v) ** 2 / (2 * c) + c, 2 * v**2 / c + c)
    own = math.sqrt(2) * v
    np.testing.assert_allclose((2 * v) ** 2 / (2 * own) + own, ROOT8 * v)


@given(VECTORS)
def test_even_sums(S):
    ratio, V = np.sqrt(S).sum() / math.sqrt(S.sum()), S.var() / S.mean() ** 2
    assert ratio >= math.sqrt(len(S)) * (1 - V / 2) - 1e-9


def mean_root(T, p):
    k = np.arange(T + 1)
    return binom.pmf(k, T, p) @ np.sqrt(k)


@pytest.mark.parametrize(("T", "p"), [(1, 0.3), (20, 0.05), (20, 0.9), (400, 0.002), (400, 0.4)])
def test_one_coordinate_of_the_stream(T, p):
    m, k = T * p, np.arange(T + 1)
    assert mean_root(T, p) <= min(math.sqrt(m), m)
    assert mean_root(T, p) >= math.sqrt(m) - (1 - p) / (2 * math.sqrt(m))
    assert binom.pmf(k, T, p) @ k**2 == pytest.approx(p * (1 - p) * T + p**2 * T**2)


@pytest.mark.parametrize("a", [1.0, 1.5, 2.0, 7.3, 40.0])
def test_strips_under_the_curve(a):
    area = lambda y: a * math.log(min(a, y)) + a - a**2 / max(a, y)  # noqa: E731
    term = lambda i: min(a / i, a**2 / i**2)  # noqa: E731
    total = 0.0
    for i in range(1, 400):
        total += term(i)
        assert i == 1 or term(i) <= area(i) - area(i - 1) + 1e-12
        assert total <= a + area(i) + 1e-9 and a + area(i) <= a * (2 + math.log(a)) + 1e-9


TABLE = {  # exact, H_d / sqrt(Z_d), printed, a(2 + ln a) / sqrt(T)
    (10, 10**3): (2.3441, 2.3528, 2.9290, 4.205),
    (100, 10**3): (3.4115, 4.0569, 5.1874, 4.073),
    (1000, 10**3): (3.5716, 5.8382, 7.4855, 4.060),
    (1000, 10**5): (5.1951, 5.8382, 7.4855, 5.8557),
}


@pytest.mark.parametrize("case", TABLE)
def test_table_of_exact_means(page, case):
    exact, jensen, printed, limit = TABLE[case]
    b = page["bounds"](*case)
    assert page["exact"](*case) == pytest.approx(exact, abs=5e-5)
    assert (b["Jensen"], b["printed"]) == pytest.approx((jensen, printed), abs=5e-5)
    assert b["limit"] == pytest.approx(limit, abs=5e-4)
    assert exact <= min(b["Jensen"], b["both regimes"]) and b["both regimes"] <= b["limit"]


def test_exact_mean_loses_nothing_by_its_cuts(page):
    for d, T in ((1, 5), (30, 40), (50, 700)):
        whole = sum(mean_root(T, p) for p in problems.power_law(d)) / math.sqrt(T)
        assert page["exact"](d, T) == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize("T", [2, 10, 1000, 10**5])
def test_the_mean_from_below(page, T):
    for d in (30, 1000):
        p = problems.power_law(d)
        a = math.sqrt(T * p[0])
        total = page["exact"](d, T) * math.sqrt(T)
        for k in {1, 3, min(d, int(a) or 1), d}:
            assert total >= a * sum(1 / i for i in range(1, k + 1)) - k * (k + 1) / (4 * a)
        if d >= a >= 1:
            assert a * (math.log(a) - 0.5) <= a * math.log(a) - a / 4 - 0.25 <= total <= a * (2 + math.log(a))


def test_figure_of_the_stream(page):
    for T, panel in page["data"].items() if "exact" in page["data"] else page["panels"].items():
        d, means, errors = panel["runs"]
        exact = np.array([page["exact"](x, T) for x in d])
        assert np.all(np.abs(means - exact) < 4 * errors)
        assert np.all(panel["exact"] <= np.minimum(panel["Jensen"], panel["both regimes"]) + 1e-9)
        assert panel["exact"][-1] < 1.05 * panel["exact"][np.searchsorted(page["d_line"], 10 * math.sqrt(T))]


def test_equal_sizes(page):
    curves = page["curves"]
    for rule in RULES:
        assert np.all(curves[rule]["regret"] < curves[rule]["bound"])
    ends = {rule: curves[rule]["regret"][-1] for rule in (*RULES, "sgd")}
    assert 3 < ends["adagrad_norm"] / ends["adagrad"] < 6
    assert ends["sgd"] == pytest.approx(ends["adagrad"], rel=0.1)
    best = int(page["best"])
    assert 0 < best < len(page["grid"]) - 1


def test_theorems_hold_in_every_race(page):
    """The regret is at most the bound with the theorems' constants, for every law, comparator and run."""
    u, T = page["U"], 300
    losses = page["absolute_loss"](problems.power_law(50, 1.5), u, T, np.random.default_rng(3))
    for rule, o in page["players"](u).items():
        run = page["play"](o, losses, np.zeros_like(u), T, comparator=u)
        s = np.sqrt(run.state.s)
        size = np.abs(u).max(axis=-1) if rule == "adagrad" else np.linalg.norm(u, axis=-1)
        assert np.all(run.regret <= ROOT8 * size * s.sum(axis=-1))


def test_races(page):
    fixed, tuned = (page["agree"][title] for title in page["race"])
    assert fixed["of"] == tuned["of"] == 54
    assert fixed["both"] >= 45 and tuned["both"] <= 35
    title = list(page["race"])
    against = [(page["race"][t] < 1) & (page["bound_ratio"] > 1) for t in title]
    assert against[1].sum() > 15 and np.sum((page["race"][title[0]] > 1) & (page["bound_ratio"] < 1)) == 0


def test_hardly_moving_is_best_where_the_comparator_is_small(page):
    """The size over the sightings, in plain arithmetic, where the smallest constant is best, and elsewhere."""
    for row, alpha in enumerate(page["alphas"]):
        p = np.arange(1, 51) ** -float(alpha)
        for column, u in enumerate(page["U"]):
            size = math.sqrt(sum(p * u**2) / sum(p)) / max(abs(u))
            assert page["felt"][row, column] == pytest.approx(size, rel=1e-12)
    for rule in range(2):
        still = page["best_k"][:, rule] == page["factors"][0]
        assert page["felt"][still].max() < 0.21 and np.median(page["felt"][~still]) > 0.5


def test_passes_over_the_text(page):
    part = page["parts"][0]
    few = problems.SparseLogistic(part.indptr[:201], part.indices[: part.indptr[200]], part.labels[:200], part.d)
    alone = one_pass(optimizer(adagrad_norm, lr=3.0), few, np.zeros(part.d))
    np.testing.assert_allclose(page["norm_pass"](few, np.array([3.0, 5.0]))[:, 0], alone, rtol=1e-9)
    W, S = np.zeros(part.d), np.zeros(part.d)
    o = optimizer(adagrad, lr=0.3)
    state = o.init(W)
    losses = []
    for k in range(len(few)):
        loss, rows, G = few.example(W, k)
        S[rows] += G**2
        state = o.step_rows(W, rows, G, state)
        losses.append(loss)
    np.testing.assert_allclose(page["roots"](few, np.array(losses)) ** 2, S, rtol=1e-9, atol=1e-12)


def test_adagrad_wins_on_text_against_its_bound(page):
    values = {rule: page["progressive"][rule].min(axis=1) for rule in RULES}
    assert np.all(values["adagrad"] < 0.85 * values["adagrad_norm"])
    for rule in RULES:
        chosen = page["chosen"][rule]
        assert chosen.min() > 0 and chosen.max() < len(page["grids"][rule]) - 1
    ratios = np.array(list(page["ratios"].values()))
    assert 45 < page["real"] < 52 and ratios.max() < 20
    for u in page["comparators"].values():
        v, s, other = np.abs(u), page["own"], page["other"]
        box, ball = v.max() * s.sum(), np.linalg.norm(u) * other
        assert 2 < box / ball < 15 and 0.3 < (v @ s) / ball < 0.6
        assert ROOT8 * box / page["n"] > math.log(2)
        assert 5 < math.sqrt(2) * v.max() / page["grids"]["adagrad"][page["chosen"]["adagrad"][0]] < 10**1.5
    theorem = {rule: loss for rule, (_, loss) in page["by_theorem"].items()}
    assert theorem["adagrad_norm"] < theorem["adagrad"]


def test_fits_are_the_penalised_minima(page):
    part, C = page["parts"][0], 0.1
    u = page["comparators"]["C = 0.1"]
    slope = -part.labels / (1 + np.exp(part.margins(u)))
    gradient = u + C * np.bincount(part.indices, np.repeat(slope, np.diff(part.indptr)), part.d)
    assert np.abs(gradient).max() < 1e-2 * C * len(part)


def test_map(page):
    placed = page["placed"]
    assert set(placed["smaller"].values()) == {"adagrad_norm"}
    heights = {name: ratio for name, (ratio, _) in placed["streams"].items()}
    assert heights["one-hot, $1/i^2$"] < heights["one-hot, uniform"] < heights["dense Gaussian"] < math.sqrt(1000)
    uniform = 1000 * mean_root(1000, 1 / 1000) / math.sqrt(1000)
    assert heights["one-hot, uniform"] == pytest.approx(uniform)


def test_figures_draw_what_they_return():
    t, runs = np.array([1, 2, 3]), np.array([[1.0, 3.0], [2.0, 4.0], [3.0, 5.0]])
    data, axes = plots.regret_curves(t, {"sgd": runs, "adagrad": runs + 1}, {"adagrad": runs * 9})
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2, 3, 4], [3, 4, 5], [18, 27, 36]]
    assert data["sgd"]["bound"] is None and data["adagrad"]["bound"].tolist() == [18, 27, 36]
    data, axes = plots.races(np.array([0.5, 2.0, 3.0]), {"a": np.array([0.4, 0.9, 2.0]), "b": np.array([2.0, 2.0, 2.0])})
    assert data == {"a": {"both": 2, "of": 3}, "b": {"both": 2, "of": 3}}
    data, axes = plots.two_ratios({"x": (2.0, 100)}, {"p": (1.0, 3.0), "q": (5.0, 3.0)})
    assert data["smaller"] == {"p": "adagrad_norm", "q": "adagrad"}
    grids = {"adagrad": np.array([0.1, 1.0]), "adagrad_norm": np.array([1.0, 10.0])}
    losses = {rule: np.array([[0.3, 0.5], [0.3, 0.7]]) for rule in grids}
    data, axes = plots.constants(grids, losses, {"adagrad": (5.0, 0.6), "adagrad_norm": (50.0, 0.4)})
    assert data["adagrad"]["best"] == 0.1 and data["adagrad_norm"]["mean"].tolist() == [0.3, 0.6]
    line = {name: np.array([1.0, 2.0]) for name in ("exact", "Jensen", "printed", "both regimes")}
    panels = {10: line | {"limit": 3.0, "runs": ([1], [1.0], [0.1])}}
    data, axes = plots.ratio_by_dimension(np.array([1, 10]), panels | {1000: panels[10]})
    assert data[10]["exact"].tolist() == [1.0, 2.0] and axes.size == 2


def test_statements_are_what_the_chapter_says():
    """The chain's ends, and the hypotheses, of the three statements on the stream."""
    few = geometry.saturation()
    sources = [why for _, why in few.hypotheses()]
    assert len(sources) == 5 and "whole number" in sources[1] and str(few.side) == "a*(log(a) + 2)"
    assert str(geometry.by_roots().side) == "a*Sum(1/i, (i, 1, d))" and len(geometry.by_roots().hypotheses()) == 1
    assert len(geometry.pairs().hypotheses()) == len(geometry.differences().hypotheses()) == 0
