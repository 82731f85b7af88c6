"""The chapter "Bias correction": its statements in plain arithmetic, its sources' slips, and the data of its figures."""

import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.derivation import Unproved
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adam import bias as plots
from lecture_optim.plots.style import color
from lecture_optim.proofs import bias
from lecture_optim.rules import adam

BETA = Fraction(3, 4)
RATES = st.floats(0, 0.9999)


def average(values, beta, start=0):
    """v_1, ..., v_t by the recursion."""
    v, found = start, []
    for x in values:
        v = beta * v + (1 - beta) * x
        found.append(v)
    return found


def mean_age(t, beta):
    return beta / (1 - beta) - t * beta**t / (1 - beta**t)


# ---------------------------------------------------------------------------------------------------------- what is proved

AGE = r"\left(\frac{\beta}{1 - \beta} - \frac{t \beta^{t}}{1 - \beta^{t}}\right)"
STATEMENTS = {  # what each derivation proves, typed a second time
    "mean_of_average": (r"\mathbb{E}\left[v_{t}\right]", "=", r"\nu \left(1 - \beta^{t}\right)"),
    "unbiased": (r"\mathbb{E}\left[\hat v_{t}\right]", "=", r"\nu"),
    "only_divisor": (r"c \nu", "=", r"\nu \left(1 - \beta^{t}\right)"),
    "drift_above": (r"\mathbb{E}\left[\hat v_{t}\right] - \nu_{t}", r"\le", "L " + AGE),
    "drift_below": (r"\nu_{t} - \mathbb{E}\left[\hat v_{t}\right]", r"\le", "L " + AGE),
    "drift_on_a_line": (r"\mathbb{E}\left[\hat v_{t}\right] - \nu_{t}", "=", "- L " + AGE),
    "root_biased": (r"\mathbb{E}\left[\sqrt{\hat v_{t}}\right]", r"\le", r"\sqrt{\nu}"),
    "rate_biased": (r"\mathbb{E}\left[\frac{1}{\sqrt{\hat v_{t}}}\right]", r"\ge", r"\frac{1}{\sqrt{\nu}}"),
    "root_near": (
        r"\mathbb{E}\left[\sqrt{Y}\right]",
        r"\ge",
        r"\sqrt{\nu} - \frac{\mathbb{E}\left[Y^{2}\right] - \nu^{2}}{2 \nu^{\frac{3}{2}}}",
    ),
    "never_longer": (r"\left(1 - \beta_{1}^{t}\right)^{2}", r"\le", r"1 - \beta_{2}^{t}"),
    "in_the_end_longer": (r"\left(1 - \beta_{1}^{t}\right)^{2}", ">", r"1 - \beta_{2}^{t}"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(bias, name)().statement() == " ".join(STATEMENTS[name])


def test_a_common_mean_is_asked_for():
    """Without it, or with the update alone, the checker refuses the identity."""
    lemma = bias.unbiased()
    begin = next(r for r in lemma.givens if r.why == "it starts at 0")
    with pytest.raises(Unproved, match="not among the relations given"):
        lemma.at({}, given=[r for r in lemma.givens if r.why != "one mean for all steps"])
    with pytest.raises(Unproved, match="not among the relations given"):
        lemma.at({}, given=[r for r in lemma.givens if r is not begin])


# ------------------------------------------------------------------------------------------------------------- the identity


def test_unbiased_without_independence():
    """A chain of values that copy their predecessor most of the time: dependent, with one mean; all paths of six steps."""
    T, stay = 6, Fraction(9, 10)
    means = [Fraction(0)] * T
    for path in product((0, 1), repeat=T):
        chance = Fraction(1, 2)
        for old, new in pairwise(path):
            chance *= stay if old == new else 1 - stay
        values = [1 + 8 * k for k in path]  # 1 or 9, of mean 5
        for t, v in enumerate(average(values, BETA)):
            means[t] += chance * v
    assert means == [5 * (1 - BETA**t) for t in range(1, T + 1)]
    # One value for the whole run, the extreme of dependence.
    assert average([9] * 4, BETA)[-1] / (1 - BETA**4) == 9


def test_the_band_of_the_first_figure(page):
    data, corrected = page["start_data"], page["corrected"]
    assert corrected.shape == (500, 4000)
    for t in (1, 10, 100, 500):
        deviation = math.sqrt(2 * (1 - 0.99) / 1.99 * (1 + 0.99**t) / (1 - 0.99**t))
        assert abs(data["corrected"]["mean"][t - 1] - 1) < 4 * deviation / math.sqrt(4000)
        assert corrected[t - 1].std() == pytest.approx(deviation, rel=0.1)
        assert data["raw"]["mean"][t - 1] == pytest.approx(1 - 0.99**t, rel=0.1)
    for t, closer in ((1, True), (2, True), (3, False), (10, False)):  # exactly: bias and variance of both
        V = (1 - 0.99) / 1.99 * (1 + 0.99**t) / (1 - 0.99**t)
        raw, right = 0.99 ** (2 * t) + (1 - 0.99**t) ** 2 * 2 * V, 2 * V
        assert (raw < right) == closer
        assert np.mean((page["raw"][t - 1] - 1) ** 2) == pytest.approx(raw, rel=0.1)
    width = data["corrected"]["high"] - data["corrected"]["low"]
    assert width[0] > 2.5 and width[-1] < 0.3


@pytest.mark.parametrize("t", [1, 10, 100])
def test_the_bias_grows_with_the_rate(t):
    shares = [1 - beta**t for beta in (0.5, 0.9, 0.99, 0.999, 0.9999)]
    assert shares == sorted(shares, reverse=True) and all(s <= t * (1 - 0.5) for s in shares)
    assert 0.999**100_000 < 1e-9


# ------------------------------------------------------------------------------------------------------------------- drift


@given(st.lists(st.fractions(-5, 5, max_denominator=20), min_size=1, max_size=12), st.fractions(0, 1, max_denominator=10))
def test_drift_is_exact_and_bounded(means, beta):
    if beta == 1:
        return
    for t in range(1, len(means) + 1):
        nu, corrected = means[t - 1], average(means[:t], beta)[-1] / (1 - beta**t)
        weights = [(1 - beta) * beta ** (t - s) / (1 - beta**t) for s in range(1, t + 1)]
        assert corrected - nu == sum(w * (m - nu) for w, m in zip(weights, means, strict=False))
        falls = [(means[s - 1] - nu) / (t - s) for s in range(1, t)]
        age = mean_age(t, beta)
        assert corrected - nu <= max(falls, default=0) * age
        assert nu - corrected <= max((-f for f in falls), default=0) * age
        raw = average(means[:t], beta)[-1]
        assert raw - (1 - beta**t) * nu <= (1 - beta**t) * max(falls, default=0) * age


@pytest.mark.parametrize("beta", [Fraction(0), Fraction(1, 2), Fraction(99, 100)])
def test_on_a_line_the_lag_is_the_mean_age(beta):
    for slope in (-3, 2):
        means = [7 + slope * t for t in range(1, 31)]
        for t in range(1, 31):
            corrected = average(means[:t], beta)[-1] / (1 - beta**t)
            assert corrected - means[t - 1] == -slope * mean_age(t, beta)
            assert mean_age(t, beta) <= min(beta / (1 - beta), Fraction(t - 1, 2))


def test_drift_is_predicted_in_every_stream(page):
    run = page["panels"]["a logistic run"]
    for t in (1, 10, 100, 300, 1000):
        error = page["average"][t - 1].std() / math.sqrt(page["average"].shape[1]) / (1 - 0.999**t)
        assert abs(run["corrected"][t - 1] - run["exact"][t - 1]) < 4.5 * error
    for t in (100, 300):  # "more than two fifths", and a raw average that is too small by a factor of more than seven
        assert 1.38 < run["exact"][t - 1] / run["moment"][t - 1] < 1.5
    assert run["raw"][99] < run["moment"][99] / 7
    line = page["panels"]["a line"]
    lag = np.array([mean_age(t, 0.999) for t in line["t"]]) / 1000
    np.testing.assert_allclose(line["exact"] - line["moment"], lag, atol=1e-9)
    assert page["fall"] * page["age"] < page["excess"] < page["steepest"] * page["age"]
    assert page["age"] == pytest.approx(mean_age(100, 0.999)) and page["excess"] == run["exact"][99] - run["moment"][99]


def test_the_second_moment_of_the_run_is_that_of_all_images(page):
    """The chapter's short formula against the gradients of all 600 images, one by one."""
    task, few = page["task"], page["few"]
    W = np.random.default_rng(0).normal(0, 0.3, (3, task.d))
    direct = [np.mean([task.gradient(w, np.array([i])) ** 2 for i in range(task.n)]) for w in W]
    slopes = page["sigmoid"](-W @ page["signed"].T)
    np.testing.assert_allclose(slopes**2 @ page["sizes"] / task.n / task.d, direct, rtol=1e-12)
    assert few.shape == (600, 65)


def test_zeta_does_not_depend_on_the_first_rate():
    """v after three steps of Adam, for two values of beta1: one zeta. With another beta2 it is another."""
    found = {}
    for beta1, beta2 in ((0.9, 0.999), (0.1, 0.999), (0.9, 0.5)):
        o = optimizer(adam, lr=0.0 + 1e-3, beta1=beta1, beta2=beta2)
        w, state = 0.0, o.init(0.0)
        for g in (3.0, 2.0, 1.0):
            w, state = o.update(w, g, state)
        found[beta1, beta2] = state.v - (1 - beta2**3) * 1.0
    assert found[0.9, 0.999] == found[0.1, 0.999] > 0
    assert found[0.9, 0.5] != pytest.approx(found[0.9, 0.999])


# ---------------------------------------------------------------------------------------------------------------- the root


def test_the_corrected_average_estimates_the_square():
    """Gradients 2 or -2: the corrected average is 4, not 2. Gradients 1 or 3 in size: its root is not the root of its mean."""
    assert average([4] * 3, BETA)[-1] / (1 - BETA**3) == 4
    roots = [math.sqrt(x) for x in (1, 9)]  # t = 1
    assert sum(roots) / 2 == 2 < math.sqrt((1 + 9) / 2)


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0.01, 0.99))
def test_roots_of_two_values_are_biased(a, b, q):
    mean = q * a + (1 - q) * b
    if mean < 1e-9:
        return
    root, variance = q * math.sqrt(a) + (1 - q) * math.sqrt(b), q * (1 - q) * (a - b) ** 2
    assert root <= math.sqrt(mean) * (1 + 1e-9)
    assert root >= math.sqrt(mean) - variance / (2 * mean**1.5) - 1e-9
    if min(a, b) > 1e-6:
        assert q / math.sqrt(a) + (1 - q) / math.sqrt(b) >= (1 - 1e-9) / math.sqrt(mean)


def test_delta_method_is_the_expansion_of_the_root(page):
    y, nu = sp.symbols("y nu", positive=True)
    root = sp.series(sp.sqrt(nu + y), y, 0, 3).removeO()
    assert sp.simplify(root - sp.sqrt(nu) * (1 + y / (2 * nu) - y**2 / (8 * nu**2))) == 0
    rate = sp.series(1 / sp.sqrt(nu + y), y, 0, 3).removeO()
    assert sp.simplify(rate - (1 - y / (2 * nu) + 3 * y**2 / (8 * nu**2)) / sp.sqrt(nu)) == 0
    for t, root in page["roots"].items():
        V = 0.001 / 1.999 * (1 + 0.999**t) / (1 - 0.999**t)
        error = root.std() / math.sqrt(root.size)
        assert abs(root.mean() - (1 - V / 4)) < 4 * error + 0.2 * V**2
        if t >= 100:
            assert 0.99 < root.mean() < 1.01 and 0.99 < (1 / root).mean() < 1.01
    assert page["roots"][1].mean() == pytest.approx(math.sqrt(2 / math.pi), abs=0.04)


def test_the_mean_step_of_two_unbiased_estimates():
    """E g = 0 and E g^2 = 3, and Adam's first step is half the rate on average, by the package's own rule."""
    steps = []
    for g in (3.0, -1.0):
        o = optimizer(adam, lr=1.0, eps=0.0)
        steps.append(o.update(0.0, g, o.init(0.0))[0])
    assert 0.25 * steps[0] + 0.75 * steps[1] == pytest.approx(0.5)
    assert 0.25 * 3 - 0.75 == 0 and 0.25 * 9 + 0.75 == 3


# --------------------------------------------------------------------------------------------------------------- the start


def test_a_start_is_blown_up():
    values, beta = [4, 1, 9, 16], Fraction(999, 1000)
    for t in range(1, 5):
        with_it, without = (average(values[:t], beta, v0)[-1] / (1 - beta**t) for v0 in (Fraction(1, 10), 0))
        assert with_it - without == beta**t / (1 - beta**t) / 10
        assert (average(values[:t], beta, 7)[-1] - beta**t * 7) / (1 - beta**t) == without
    assert beta / (1 - beta) == 999
    # eps^2 as a start beside squares of its own size: the corrected average is a thousand times too large.
    assert average([1], beta, 1)[-1] / (1 - beta) == 1000


def test_a_start_in_the_package():
    o = optimizer(adam, lr=1.0, eps=0.0)
    step = -o.update(0.0, 1.0, o.init(0.0, v=0.1))[0]
    assert step == pytest.approx(1 / math.sqrt(1 + 99.9))  # "a tenth of the rate"


# ------------------------------------------------------------------------------------------------------- the sources' slips


def test_expansions_of_the_sources():
    values, eps2 = [4, 1, 9, 16, 25], Fraction(1, 3)
    for t in range(1, 6):
        ages = sum(BETA**k * values[t - 1 - k] for k in range(t))
        assert average(values[:t], BETA, eps2)[-1] == BETA**t * eps2 + (1 - BETA) * ages


def test_the_printed_sum_is_not_the_average():
    """The notes' sum: i from 0 to t, and the newest square in every term."""
    values = [4, 1, 9]
    for t in range(1, 4):
        printed = (1 - BETA) * sum(BETA ** (t - i) * values[t - 1] for i in range(t + 1))
        assert printed == (1 - BETA ** (t + 1)) * values[t - 1]
        assert printed != average(values[:t], BETA)[-1]


def test_the_printed_weights_do_not_add_up_to_one():
    t = 5
    printed = [BETA ** (t - k) / (1 - BETA**t) for k in range(1, t + 1)]
    right = [(1 - BETA) * BETA ** (k - 1) / (1 - BETA**t) for k in range(1, t + 1)]
    assert sum(printed) == 1 / (1 - BETA) and sum(right) == 1
    assert printed[0] < printed[-1] and right[0] > right[-1]  # the most recent would weigh least
    values = [4, 1, 9, 16, 25]
    corrected = average(values, BETA)[-1] / (1 - BETA**t)
    assert corrected == sum(w * x for w, x in zip(right, values[::-1], strict=True))


# ------------------------------------------------------------------------------------------------------------- the factor


@given(RATES, RATES, st.integers(1, 200), st.floats(-5, 5), st.floats(0.01, 5))
def test_factors_of_the_step(beta1, beta2, t, m_hat, v_hat):
    a, b = 1 - beta1**t, 1 - beta2**t
    m, v, right = a * m_hat, b * v_hat, m_hat / math.sqrt(v_hat)
    phi = a / math.sqrt(b)
    assert m / math.sqrt(v) == pytest.approx(phi * right, rel=1e-9, abs=1e-12)
    assert m / math.sqrt(v_hat) == pytest.approx(a * right, rel=1e-9, abs=1e-12)
    assert m_hat / math.sqrt(v) == pytest.approx(right / math.sqrt(b), rel=1e-9, abs=1e-12)
    assert a * (1 - 1e-9) <= phi <= (1 + 1e-9) / math.sqrt(b)
    if beta2 <= beta1:
        assert phi <= 1 + 1e-9
    if beta2**t >= 2 * beta1**t > 1e-12:
        assert phi > 1


def test_values_of_the_factor(page):
    t, phi = page["t"], page["factors"]["both"]
    assert phi[0] == pytest.approx(math.sqrt(10)) and phi.argmax() + 1 == 12 and phi.max() == pytest.approx(6.5685, abs=5e-5)
    assert phi[3923] >= 1.01 > phi[3924] and np.all(phi[3924:] < 1.01)
    assert np.all(np.diff(phi[:12]) > 0) and np.all(np.diff(phi[11:]) < 0)
    assert 1 / math.sqrt(1 - 0.999**5000) < 1.004
    assert page["factors"]["v"][0] == pytest.approx(math.sqrt(1000)) and page["factors"]["m"][0] == pytest.approx(0.1)
    near = 1 - 0.999**t
    assert near[99] == pytest.approx(0.095, abs=5e-4) and near[999] == pytest.approx(0.632, abs=5e-4)
    assert near[4601] < 0.99 <= near[4602]
    assert np.max(phi * np.minimum(t / 2000, 1)) < 1.08


def test_the_first_step_is_too_long_where_the_second_memory_is_long():
    for beta1 in (0.0, 0.5, 0.9):
        for beta2 in (0.3, 0.9, 0.98, 0.995, 0.999):
            assert ((1 - beta1) / math.sqrt(1 - beta2) > 1) == (beta2 > beta1 * (2 - beta1))


def test_a_small_second_rate_needs_no_correction():
    """The paper's "small beta_2": without corrections no step is longer. With beta_2 near 1 it is."""
    t = np.arange(1, 1001)
    longest = {b2: np.max((1 - 0.9**t) / np.sqrt(1 - b2**t)) for b2 in (0.0, 0.1, 0.5, 0.9, 0.999, 0.9999)}
    assert all(longest[b2] <= 1 for b2 in (0.0, 0.1, 0.5, 0.9))
    assert longest[0.9999] > longest[0.999] > 6
    # And a small beta_2 averages over few gradients: the variance of the average is that of nearly one value.
    assert (1 - 0.1) / (1 + 0.1) > 0.8 and (1 - 0.999) / (1 + 0.999) < 1e-3


def test_uncorrected_is_adam_at_another_rate(page):
    g = np.random.default_rng(0).standard_normal(50)
    raw = optimizer(page["uncorrected"], lr=0.01, eps=0.0)
    hidden = optimizer(adam, lr=lambda t: 0.01 * (1 - 0.9**t) / math.sqrt(1 - 0.999**t), eps=0.0)
    (a, b), (sa, sb) = (0.0, 0.0), (raw.init(0.0), hidden.init(0.0))
    for x in g.tolist():
        (a, sa), (b, sb) = raw.update(a, x, sa), hidden.update(b, x, sb)
        assert a == pytest.approx(b, rel=1e-10)


def test_what_the_runs_show(page):
    rates, losses = page["rates"], page["losses"]
    best = {}
    for key, runs in losses.items():
        assert runs.shape == (100, 8, len(rates))
        mean = runs.mean(axis=(0, 1))
        best[key] = (rates[mean.argmin()], mean.min())
    for name in page["models"]:
        for ending in ("", ", warm-up"):
            (with_rate, with_loss), (rate, loss) = best[name, "corrected" + ending], best[name, "without" + ending]
            assert with_rate / rate == pytest.approx(math.sqrt(10)) and loss < with_loss
    soft = {kind: losses["softmax regression", kind] for kind in page["variants"]}
    assert soft["without"][1:8, :, 5].mean(axis=1).max() > 1.5 * soft["without"][0, :, 5].mean()  # "doubles the loss"
    for kind in ("corrected", "corrected, warm-up", "without, warm-up"):
        assert soft[kind][:, :, 5].mean(axis=1).max() < 1.1 * soft[kind][0, :, 5].mean()
    plain, warm = (soft["without" + e][:, :, 6].mean() / soft["corrected" + e][:, :, 6].mean() for e in ("", ", warm-up"))
    assert plain > 3 and warm < 1.3
    assert soft["without"][:, :, 2].mean() < 0.6 * soft["corrected"][:, :, 2].mean()  # "ahead" at small rates


def test_exercises(page):
    assert page["ratio_late"] == pytest.approx(0.001 / (1 - 0.999 / 0.9995), rel=1e-3)
    beta, nu = 0.999, 1.0  # the first square as a start: its weight is beta^(t-1)
    assert beta**100 * nu + (1 - beta) * beta**99 * nu == pytest.approx(beta**99)
    assert 0.9 < beta**99 < 0.91
    t = np.arange(1, 200)
    np.testing.assert_allclose((1 - 0.9**t) / np.sqrt(1 - 0.9**t), np.sqrt(1 - 0.9**t), rtol=1e-12)


# -------------------------------------------------------------------------------------------------------------------- figures


def test_figures_draw_what_they_return():
    t = np.arange(1, 21)
    runs = np.arange(20.0)[:, None] + np.arange(11.0)
    data, axes = plots.start(t, runs / 10, runs, 0.1 * t, 5.0)
    np.testing.assert_allclose(data["corrected"]["mean"], np.arange(20.0) + 5)
    np.testing.assert_allclose(data["raw"]["low"], (np.arange(20.0) + 1) / 10)
    assert axes.lines[0].get_color() == color("adam")
    np.testing.assert_allclose(axes.lines[1].get_ydata(), data["raw"]["mean"])

    factors = {"v": 30.0 / t, "both": 3.0 / t, "m": t / 20}
    data, axes = plots.hidden_factors(t, factors)
    assert [line.get_ydata()[0] for line in axes.lines[:3]] == [30, 3, 0.05]

    run = {name: np.full(20, k) for k, name in enumerate(("moment", "raw", "corrected", "exact"), start=1)}
    data, axes = plots.drift({"a": {"t": t, **run}, "b": {"t": t, **run}})
    assert [line.get_ydata()[0] for line in axes[1].lines] == [2, 1, 3, 4]

    losses = np.arange(20.0)[:, None] + np.array([1.0, 3.0])
    valley = (np.array([0.1, 1.0]), np.array([2.0, 1.0]), np.array([0.1, 0.2]))
    data, axes = plots.first_losses({"corrected": losses, "without, warm-up": losses + 1}, {"corrected": valley})
    assert [line.get_ydata()[0] for line in axes[0].lines] == [2, 3]
    assert axes[0].lines[0].get_color() == color("adam") and axes[0].lines[1].get_linestyle() == "--"
    assert axes[1].lines[0].get_ydata().tolist() == [2, 1]
