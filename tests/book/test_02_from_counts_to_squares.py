"""The chapter "From counts to squares": its statements in plain arithmetic, and the data of its figures."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.derivation import Derivation, Family, Index, Mean, Unproved
from lecture_optim.online import one_pass, play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adagrad import counts as plots
from lecture_optim.plots.style import color
from lecture_optim.proofs import counts

SIZES = st.floats(1e-3, 1e3)

# ---------------------------------------------------------------------------------------------------------- what is proved

STATEMENTS = {  # what each derivation proves, typed a second time
    "standard_error": (r"\mathbb{E}\left[\Xi_{n}^{2}\right]", "=", r"n \sigma^{2}"),
    "second_moment": (
        r"\mathbb{E}\left[S_{t}\right]",
        "=",
        r"\sum_{k=1}^{t} \left(\mathbb{E}\left[G_{k}^{2}\right] + \mathbb{E}\left[\xi_{k}^{2}\right]\right)",
    ),
    "rare_mean": ("m^{2}", r"\le", r"p \mathbb{E}\left[g^{2}\right]"),
    "jensen_root": (r"\mathbb{E}\left[\sqrt{S}\right]", r"\le", r"\sqrt{\mu}"),
    "jensen_rate": (r"\mathbb{E}\left[\frac{1}{\sqrt{S}}\right]", r"\ge", r"\frac{1}{\sqrt{\mu}}"),
    "first_step": (r"\mathbb{E}\left[r\right]", "=", r"\frac{b - a}{a + b}"),
    "later_step": (r"\mathbb{E}\left[\frac{g}{\sqrt{s + g^{2}}}\right]", r"\le", r"\frac{G v}{2 s^{\frac{3}{2}}}"),
    "later_step_below": (r"- \mathbb{E}\left[\frac{g}{\sqrt{s + g^{2}}}\right]", r"\le", r"\frac{G v}{2 s^{\frac{3}{2}}}"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(counts, name)().statement() == " ".join(STATEMENTS[name])


def test_jensen_serves_any_random_quantity_in_every_coordinate():
    S = Family("S", first=(1, 1), sign="nonnegative", vector=True, random=True)
    mean, T, i, d = Family("m", first=(1, 1), sign="nonnegative", vector=True), Index("T"), Index("i"), Index("d")
    use = Derivation("use")
    known = use.given(Mean(S[T, i]), "=", mean[T, i], "the means")
    place = {Family("S", (), "nonnegative", random=True): sp.Lambda((), S[T, i]), sp.Symbol("mu", nonnegative=True): mean[T, i]}
    each = counts.jensen_root().at(place, given=[known])
    use.start(sp.Sum(Mean(sp.sqrt(S[T, i])), (i, 1, d)))
    use.at_most(sp.Sum(sp.sqrt(mean[T, i]), (i, 1, d)), "each coordinate", using={each.sum(i, 1, d): 1})
    assert use.op == "<="
    with pytest.raises(Unproved, match="not among the relations given"):
        counts.jensen_root().at(place)


def test_the_certificates_are_needed():
    """The same chains with a smaller constant are refused."""
    n = Index("n", 0)
    d = Derivation("too good")
    gap = 1 / (sp.sqrt(n + 1) * (sp.sqrt(n + 1) + sp.sqrt(n)) ** 2)
    with pytest.raises(Unproved):
        d.start(2 * sp.sqrt(n) + 1 / sp.sqrt(n + 1)).at_most(sp.Rational(19, 10) * sp.sqrt(n + 1), "too good", gap=gap)


# ------------------------------------------------------------------------------------------------------- one over the root of n


@given(SIZES, SIZES, st.integers(1, 1000))
def test_trades_are_met(width, c, n):
    fixed, clock = width**2 / (2 * c) + c * n / 2, (width**2 / (2 * c) + c) * math.sqrt(n)
    assert fixed >= width * math.sqrt(n) * (1 - 1e-12) and clock >= math.sqrt(2) * width * math.sqrt(n) * (1 - 1e-12)
    best = width / math.sqrt(n)
    assert width**2 / (2 * best) + best * n / 2 == pytest.approx(width * math.sqrt(n), rel=1e-12)
    best = width / math.sqrt(2)
    assert width**2 / (2 * best) + best == pytest.approx(math.sqrt(2) * width, rel=1e-12)


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.floats(0.01, 10), st.floats(-1, 1), st.floats(-1, 1), st.booleans()
)
def test_regret_of_the_clock(gradients, c, start, u, adversary):
    w, regret = start, 0.0
    for t, g in enumerate(gradients, start=1):
        g = math.copysign(1.0, w - u) if adversary else g
        regret += g * (w - u)
        w = min(max(w - c * g / math.sqrt(t), -1.0), 1.0)
    assert regret <= (4 / (2 * c) + c) * math.sqrt(len(gradients)) * (1 + 1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1000])
def test_sums_of_inverse_roots(n):
    total = math.fsum(k**-0.5 for k in range(1, n + 1))
    assert 2 * (math.sqrt(n + 1) - 1) <= total <= 2 * math.sqrt(n)


# ------------------------------------------------------------------------------------------------------------------- squares


def test_steps_by_hand(page):
    assert [row[1:] for row in page["hand"]] == [
        (9, Fraction(1), Fraction(-1)),
        (25, Fraction(4, 5), Fraction(-9, 5)),
        (169, Fraction(12, 13), Fraction(-177, 65)),
    ]
    with pytest.raises(AssertionError):
        page["by_hand"]([1, 1])


def test_the_chapters_sums_are_the_rules_own_state(page):
    """S is made from the losses; here the pass is run again, step by step, and the optimizer's state is read."""
    text, order = page["text"], page["order"]
    o, W = optimizer(rules.adagrad, lr=0.3), np.zeros(text.d)
    state, totals = o.init(W), np.zeros(text.d)
    for i in order:
        _, rows, G = text.example(W, i)
        totals[rows] += G**2
        state = o.step_rows(W, rows, G, state)
    np.testing.assert_allclose(state.s, totals, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(page["S"], totals, rtol=1e-6, atol=1e-12)
    motion, read = (page["words"].word(name) for name in ("motion", "read"))
    assert page["n"][motion] == page["n"][read] == 60
    assert 20 < math.sqrt(totals[read] / totals[motion]) < 30  # "more than twenty"


def test_squares_are_at_most_the_loss_paid(page):
    paid = np.zeros(len(page["text"]))
    paid[page["order"]] = page["losses"]
    paid = np.bincount(page["words"].indices, paid[page["example"]])
    assert np.all(page["S"] <= 0.40731 * paid) and np.all(page["S"] <= page["n"])
    assert page["quotient"].max() == pytest.approx(0.4073, abs=1e-4)
    at = page["ell"][page["quotient"].argmax()]
    assert math.exp(at) == pytest.approx(1 + 2 * at, rel=1e-3)


def test_the_order_of_the_rivals(page):
    shared, own, adagrad = (np.array(page["best"][name]) for name in ("shared clock", "own count", "AdaGrad"))
    assert np.all(shared > own) and np.all(own > adagrad)
    assert np.all(shared - own > own - adagrad)  # "most of the gain comes from counting at all"


def test_einsum_is_numpys_and_surprises(page):
    einsum, read = (page["words"].word(name) for name in ("einsum", "read"))
    assert page["by_numpy"][einsum] == 1 and page["S"][einsum] > max(page["S"][read], 0.25 * page["n"][einsum])


# ------------------------------------------------------------------------------------------------------------ second moments


def test_second_moment_on_every_path():
    """AdaGrad on w^2 / 2 with noise +1 or -1, all paths of six steps: the means are exact."""
    T, mean_S, second, variance = 6, 0.0, 0.0, 0.0
    for noise in product((-1.0, 1.0), repeat=T):
        run = play(optimizer(rules.adagrad, lr=1.0), lambda t, w, xi=noise: (0.0, w + xi[t - 1]), 5.0, T, record=("w", "g", "s"))
        mean_S += run["s"][-1] / 2**T
        second += np.sum(run["w"] ** 2) / 2**T
        variance += np.sum((run["g"] - run["w"]) ** 2) / 2**T
    assert mean_S == pytest.approx(variance + second, rel=1e-12)
    assert variance == pytest.approx(T) and second > 10 * variance


def test_rare_means_on_the_corpus(page):
    p, part = page["p"], page["part"]
    assert np.all(part <= p * (1 + 1e-12))
    np.testing.assert_allclose(part[page["n"] == 1], p[page["n"] == 1], rtol=1e-12)
    i, x = page["words"].word("axis"), page["text"]
    g = np.where([i in x.row(k) for k in range(len(x))], -0.5 * x.labels, 0.0)
    assert part[i] == pytest.approx(g.mean() ** 2 / (g**2).mean(), rel=1e-12)


def test_moments_along_the_runs(page):
    for title, run in page["panels"].items():
        late = run["t"] >= 50
        assert np.all(run["second moment"] >= run["variance"] - 1e-15), title
        assert np.all(run["average so far"][late] > run["second moment"][late]), title
    quadratic = page["quadratic"]
    assert quadratic["second moment"][0] == 26
    assert quadratic["average so far"][0] == pytest.approx(26, abs=3 * math.sqrt(102 / 2000))  # Var (5 + xi)^2 = 102
    for name in ("the", "dtype"):
        last = page["panels"][f'"{name}"']
        assert last["second moment"][-1] < 1.01 * last["variance"][-1] < 0.5 * last["average so far"][-1]


# ------------------------------------------------------------------------------------------------------------------- the bias


@pytest.mark.parametrize(("a", "b"), [(3, 1), (1, 2), (5, 5)])
def test_mean_steps_over_all_paths(page, a, b):
    q = b / (a + b)
    for T in (1, 2, 5):
        mean = square = 0.0
        for highs in product((True, False), repeat=T):
            chance = math.prod(q if high else 1 - q for high in highs)
            gradients = np.array([a if high else -b for high in highs], float)
            run = play(optimizer(rules.adagrad, lr=1.0), gradients, 0.0, record=("w",))
            step = run.w - run["w"][-1]
            mean -= chance * step
            square += chance * step**2
        exact, bound = page["mean_step"](T, a, b)
        assert exact == pytest.approx(mean, abs=1e-12) and abs(exact) <= bound
        assert square == pytest.approx(1 / T, rel=1e-12)
        if T == 1:
            assert exact == pytest.approx((b - a) / (a + b))


@given(st.floats(0.01, 100), st.lists(st.floats(-3, 3), min_size=2, max_size=6))
def test_later_steps(s, values):
    g = np.array(values) - np.mean(values)
    bound = np.abs(g).max() * np.mean(g**2) / (2 * s**1.5)
    assert abs(np.mean(g / np.sqrt(s + g**2))) <= bound * (1 + 1e-9) + 1e-12


def test_the_drift(page):
    total = np.cumsum(page["means"])
    assert total[-1] == pytest.approx(-1.547, abs=1e-3) and 0.75 < total[9] / total[-1] < 0.8
    assert np.all(np.abs(page["means"]) <= page["bounds"])
    slope = np.polyfit(np.log(page["steps"][-1000:]), np.log(-page["means"][-1000:]), 1)[0]
    assert slope == pytest.approx(-1.5, abs=0.01)


# -------------------------------------------------------------------------------------------------------------------- epsilon


@given(SIZES, SIZES, SIZES, st.floats(-1e3, 1e3))
def test_epsilon(c, eps, S, g):
    rate, small = c / math.sqrt(eps**2 + S), 1e-12
    assert rate * abs(g) <= c * abs(g) / eps * (1 + small)
    assert -small * c / eps <= c / eps - rate <= c * S / (2 * eps**3) + small * c / eps
    assert -small * c / math.sqrt(S) <= c / math.sqrt(S) - rate <= c * eps**2 / (2 * S**1.5) + small * c / math.sqrt(S)
    inside, outside = math.sqrt(eps**2 + S), math.sqrt(S) + eps
    assert inside <= outside * (1 + small) and outside <= math.sqrt(2) * inside * (1 + small)


def test_a_start_of_the_sum_is_epsilon_inside(page):
    g = np.random.default_rng(2).normal(size=(20, 3))
    o = optimizer(rules.adagrad, lr=0.3)
    w, state = np.zeros(3), o.init(np.zeros(3), s=0.1)
    for row in g:
        w, state = o.update(w, row, state)
    np.testing.assert_allclose(w, play(optimizer(page["inside"], lr=0.3, eps=math.sqrt(0.1)), g, np.zeros(3)).w, rtol=1e-12)
    assert page["first_length"](eps=4.0) == 3 / 7 and page["first_length"](s=16.0) == 3 / 5 and page["first_length"]() == 1


def test_nought_over_nought():
    assert rules.ratio(0.0, 0.0) == 0 and rules.ratio(np.zeros(2), np.array([0.0, 2.0])).tolist() == [0, 0]
    o = optimizer(rules.adagrad, lr=1.0)
    w, state = o.update(np.array([7.0, 7.0]), np.array([0.0, 2.0]), o.init(np.zeros(2)))
    assert w.tolist() == [7, 6] and state.s.tolist() == [0, 4]


def test_a_large_epsilon_is_sgd(page):
    eps, swept = page["eps"], page["swept"]
    large, little = eps >= 100, eps < 0.02
    for place in ("inside", "outside"):
        np.testing.assert_allclose(swept[place][large], swept["SGD"][large], rtol=0.01)
        assert np.ptp(swept[place][little]) < 0.001
    assert np.all(swept["SGD"][little] > 10)
    text, order = page["text"], page["order"][:500]
    W, V = np.zeros(text.d), np.zeros(text.d)
    one_pass(optimizer(page["inside"], lr=1e3, eps=1e4), text, W, order, masked=True)
    one_pass(optimizer(rules.sgd, lr=0.1), text, V, order)
    # The rate loses a share of at most S / (2 eps^2), and S is below 500.
    np.testing.assert_allclose(W, V, rtol=1e-4, atol=1e-6)


# -------------------------------------------------------------------------------------------------------------------- figures


def test_figures_draw_what_they_return():
    n, S, telling = np.array([1, 10, 100]), np.array([0.2, 1.0, 3.0]), np.array([False, True, False])
    data, axes = plots.squares_by_count(n, S, telling, {"word": 2})
    drawn = np.concatenate([dots.get_offsets() for dots in axes.collections])
    np.testing.assert_array_equal(drawn, np.column_stack([n, S])[[0, 2, 1]])
    assert data["telling"].tolist() == telling.tolist()
    assert axes.lines[0].get_ydata().tolist() == [0.25, 25.0]

    run = {name: np.array([3.0, 2.0, k]) for k, name in enumerate(("variance", "second moment", "average so far"), start=1)}
    data, axes = plots.moments({"a": {"t": np.array([1, 2, 3]), **run}, "b": {"t": np.array([1, 2, 3]), **run}})
    assert [line.get_ydata()[-1] for line in axes[1].lines] == [3, 2, 1] and axes[0].lines[0].get_color() == color("adagrad")

    data, axes = plots.mean_share(np.array([0.1, 0.5]), np.array([0.1, 0.2]), {"word": 1})
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), [[0.1, 0.1], [0.5, 0.2]])

    t = np.arange(1, 41)
    data, axes = plots.mean_steps(t, -0.5 / t**1.5, 1 / t**1.5)
    assert [line.get_ydata()[0] for line in axes.lines] == [1.0, 1.0, 0.5]
    np.testing.assert_allclose(data["size"], t**-0.5)

    eps, losses = np.array([1e-2, 1.0, 1e2]), {"SGD": np.array([9.0, 0.5, 0.6])}
    losses |= {"inside": np.array([0.3, 0.4, 0.6]), "outside": np.array([0.3, 0.45, 0.6])}
    data, axes = plots.epsilons(eps, losses, {"mark": 0.3})
    assert [line.get_ydata()[1] for line in axes.lines[:3]] == [0.5, 0.45, 0.4]
    assert data["eps"].tolist() == eps.tolist()
