"""The chapter "Averages that forget": its statements in plain arithmetic, and the data of its figures."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adam import averages as plots
from lecture_optim.plots.style import color
from lecture_optim.proofs import averages

BETAS = [Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)]
SIZES = st.floats(1e-3, 1e3)

# ---------------------------------------------------------------------------------------------------------- what is proved

AGE = r"\sum_{s=1}^{t} \frac{\beta^{t - s}}{1 - \beta^{t}} \left(1 - \beta\right) \left(t - s\right)"
STATEMENTS = {  # what each derivation proves, typed a second time
    "mean_age_limit": AGE + r" \le \frac{\beta}{1 - \beta}",
    "mean_age_half": AGE + r" \le \frac{t}{2} - \frac{1}{2}",
    "window_of_age": r"N_{1} = \frac{1 + \beta}{1 - \beta} - \frac{2 t \beta^{t}}{1 - \beta^{t}}",
    "windows_ordered": r"N_{1} \le N_{2}",
    "half_life_above": r"h \le \frac{\ln{\left(2 \right)}}{1 - \beta}",
    "half_life_below": r"h \ge \frac{\beta \ln{\left(2 \right)}}{1 - \beta}",
    "rmsprop_cap": r"r_{t}^{2} \le \frac{1}{1 - \beta}",
    "after_change": r"v_{n} - x = \beta^{n} \left(v_{0} - x\right)",
    "sum_after_change": r"S_{n} = n x + S_{0}",
    "adadelta_first": r"\delta_{1}^{2} \le \frac{\epsilon_{u}}{1 - \rho}",
    "adadelta_growth": r"u_{n} = n \epsilon_{u} \left(1 - \rho\right)",
    "adadelta_unit": r"\tilde\delta_{t} = \lambda \delta_{t}",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(averages, name)().statement() == STATEMENTS[name]


# ---------------------------------------------------------------------------------------------------- weights, ages, windows


def weights(beta, t):
    """The weights of the steps 1 .. t in a corrected average, by feeding one impulse at a time, exactly."""
    found = []
    for impulse in range(1, t + 1):
        m = Fraction(0)
        for s in range(1, t + 1):
            m = beta * m + (1 - beta) * (s == impulse)
        found.append(m / (1 - beta**t))
    return found


@pytest.mark.parametrize("beta", BETAS)
def test_weights_by_feeding_impulses(beta):
    for t in (1, 2, 3, 10):
        found = weights(beta, t)
        assert sum(found) == 1
        assert found == [(1 - beta) * beta ** (t - s) / (1 - beta**t) for s in range(1, t + 1)]


@pytest.mark.parametrize("beta", BETAS)
def test_mean_ages_in_fractions(beta):
    limit = beta / (1 - beta)
    for t in (1, 2, 3, 10, 25):
        age = sum((t - s) * w for s, w in enumerate(weights(beta, t), start=1))
        assert age == limit - t * beta**t / (1 - beta**t)
        assert age <= min(limit, Fraction(t - 1, 2))


@pytest.mark.parametrize("beta", BETAS)
def test_one_window_for_age_and_noise(beta):
    N = (1 + beta) / (1 - beta)
    for t in (1, 2, 3, 10, 25):
        found = weights(beta, t)
        first = 1 + 2 * sum((t - s) * w for s, w in enumerate(found, start=1))
        second = 1 / sum(w * w for w in found)
        assert first == N - 2 * t * beta**t / (1 - beta**t)
        assert second == N * (1 - 2 * beta**t / (1 + beta**t))
        assert 1 <= first <= second <= min(t, N)
    if N.denominator == 1:
        plain = [Fraction(1, int(N))] * int(N)
        assert sum(k * w for k, w in enumerate(plain)) == beta / (1 - beta)
        assert sum(w * w for w in plain) == (1 - beta) / (1 + beta)


def test_the_lag_and_the_noise_of_the_two_averages():
    """On a line and on noise, run: the exponential average of 0.9 and the plain one of 19."""
    x, m = np.arange(400.0), 0.0
    for value in x:
        m = 0.9 * m + 0.1 * value
    assert m / (1 - 0.9**400) == pytest.approx(x[-19:].mean(), abs=1e-12) == 390
    z, m = np.random.default_rng(0).normal(size=(400, 20_000)), 0.0
    for value in z:
        m = 0.9 * m + 0.1 * value
    for average in (m, z[-19:].mean(axis=0)):
        assert average.var() == pytest.approx(1 / 19, abs=3 / 19 * math.sqrt(2 / 20_000))


@given(st.floats(0.05, 0.9999))
def test_half_lives_and_shares(beta):
    h = math.log(0.5) / math.log(beta)
    assert beta**h == pytest.approx(0.5)
    assert math.log(2) * beta / (1 - beta) <= h * (1 + 1e-9) and h <= math.log(2) / (1 - beta) * (1 + 1e-9)


def test_the_table_of_the_chapter(page):
    assert [round(math.log(0.5) / math.log(b), 2) for b in (0.9, 0.99, 0.999)] == [6.58, 68.97, 692.8]
    for b, share in ((0.9, 0.6513), (0.99, 0.6340), (0.999, 0.6323)):
        newest = sum((1 - b) * b**k for k in range(round(1 / (1 - b))))
        assert newest == pytest.approx(share, abs=5e-5)


def test_the_spread_of_the_ages_is_three_times():
    for beta in (0.5, 0.9, 0.99):
        k = np.arange(20_000)
        w = (1 - beta) * beta**k
        spread, N = w @ k**2 - (w @ k) ** 2, (1 + beta) / (1 - beta)
        assert spread == pytest.approx(3 * (N * N - 1) / 12)


# ------------------------------------------------------------------------------------------------------- a changed scale, RMSProp


def test_what_a_sum_and_an_average_need_after_a_change(page):
    assert page["steps"] == 88 == math.ceil(math.log(1 / (100**2 - 1)) / math.log(0.9))
    v, S, squares = 7.0, 7.0, 0.25
    for n in range(1, 50):
        v, S = 0.9 * v + 0.1 * squares, S + squares
        assert v - squares == pytest.approx(0.9**n * (7 - squares))
        assert pytest.approx(7 + n * squares) == S
    rise = 0.0  # to half of the new square within a half-life
    for _ in range(69):
        rise = 0.99 * rise + 0.01
    assert rise == pytest.approx(0.5, abs=1e-3)


def test_rmsprop_by_hand():
    w, v, root = 1.0, 0.0, math.sqrt
    o = optimizer(rules.rmsprop, lr=0.1, beta2=0.75, eps=1e-3)
    state, x = o.init(1.0), 1.0
    for g in (3.0, -1.0, 0.5):
        v = 0.75 * v + 0.25 * g * g
        w -= 0.1 * g / (root(v) + 1e-3)
        x, state = o.update(x, g, state)
        assert x == pytest.approx(w, rel=1e-14) and state.v == pytest.approx(v, rel=1e-14)
    o = optimizer(rules.rmsprop, lr=0.1)  # the lecture: beta = 0.9 and no epsilon, 0/0 = 0
    assert o.update(1.0, 0.0, o.init(1.0))[0] == 1.0 and o.update(0.0, 5.0, o.init(0.0))[0] == pytest.approx(-0.1 / root(0.1))


@given(st.floats(0.0, 0.999), st.lists(st.floats(-1e3, 1e3).filter(lambda g: abs(g) > 1e-3), min_size=1, max_size=30))
def test_the_first_step_of_rmsprop_is_its_longest(beta, gradients):
    run = play(optimizer(rules.rmsprop, lr=1.0, beta2=beta), np.array(gradients), 0.0, record=("v",))
    steps = np.abs(gradients) / np.sqrt(run["v"])
    cap = 1 / math.sqrt(1 - beta)
    assert np.all(steps <= cap * (1 + 1e-9)) and steps[0] == pytest.approx(cap)


def test_the_rate_of_adagrad_falls_and_that_of_rmsprop_settles():
    g = np.where(np.random.default_rng(0).random(2000) < 0.5, -3.0, 3.0)
    S = play(optimizer(rules.adagrad, lr=1.0), g, 0.0, record=("s",))["s"]
    v = play(optimizer(rules.rmsprop, lr=1.0), g, 0.0, record=("v",))["v"]
    t = np.arange(1, 2001)
    np.testing.assert_allclose(3 / np.sqrt(S), t**-0.5)
    np.testing.assert_allclose(3 / np.sqrt(v), (1 - 0.9**t) ** -0.5)


# ------------------------------------------------------------------------------------------------------------ claims of sources


def test_the_scale_of_the_gradients_is_not_noticed():
    g = np.random.default_rng(0).normal(size=(50, 3))
    for rule in (rules.adagrad, rules.rmsprop):
        plain, scaled = (play(optimizer(rule, lr=0.1), k * g, np.zeros(3)).w for k in (1.0, 1e4))
        np.testing.assert_allclose(plain, scaled, rtol=1e-12)
        assert not np.allclose(play(optimizer(rule, lr=0.2), g, np.zeros(3)).w, plain)


def test_the_rate_of_adagrad_goes_by_size_and_not_by_frequency_alone():
    g = np.zeros((100, 2))
    g[:, 0], g[::10, 1] = 0.01, 1.0  # always and small; every tenth time and large
    S = play(optimizer(rules.adagrad, lr=1.0), g, np.zeros(2), record=("s",))["s"][-1]
    assert S[0] < S[1]
    first = play(optimizer(rules.adagrad, lr=1.0), g[:1], np.zeros(2), record=("w",)).w
    np.testing.assert_allclose(first, [-1, -1])


def test_the_matrix_of_adagrad_is_not_diagonal_and_ends_at_t():
    g = np.array([[1.0, 1.0], [2.0, -1.0]])
    G = sum(np.outer(row, row) for row in g)
    assert np.outer(g[0], g[0])[0, 1] == 1 and G[0, 1] != 0
    run = play(optimizer(rules.adagrad, lr=1.0), g, np.zeros(2), record=("s", "w"))
    np.testing.assert_array_equal(np.diag(G), run["s"][-1])
    np.testing.assert_array_equal(run["w"][1], -g[0] / np.sqrt(g[0] ** 2))  # the first step uses the first square only
    assert not np.allclose(run["w"][1], -g[0] / np.sqrt(np.diag(G)))


def test_rmsprop_and_adam_keep_the_same_average():
    g = np.random.default_rng(1).normal(size=(30, 2))
    one = play(optimizer(rules.rmsprop, lr=0.1, beta2=0.9), g, np.zeros(2), record=("v", "w"))
    two = play(optimizer(rules.adam, lr=0.1, beta1=0.0, beta2=0.9, eps=0.0), g, np.zeros(2), record=("v", "w"))
    np.testing.assert_array_equal(one["v"], two["v"])
    t = np.arange(1, 30)[:, None]
    np.testing.assert_allclose(np.diff(two["w"], axis=0), np.diff(one["w"], axis=0) * np.sqrt(1 - 0.9**t), rtol=1e-9)


def test_every_coordinate_has_a_rate_of_its_own():
    g = np.random.default_rng(2).normal(size=(20, 2)) * [1.0, 100.0]
    for rule in (rules.adagrad, rules.rmsprop, rules.adadelta, rules.adam):
        both = play(optimizer(rule, lr=0.1), g, np.zeros(2)).w
        np.testing.assert_allclose(both, [play(optimizer(rule, lr=0.1), g[:, i], 0.0).w for i in range(2)], rtol=1e-12)


# ----------------------------------------------------------------------------------------------------------------------- Adadelta


def test_adadelta_by_hand(page):
    o, x = optimizer(rules.adadelta, lr=1.0), 2.0
    state, w, v, u = o.init(x), 2.0, 0.0, 0.0
    for g in (3.0, -1.0, 0.5, 0.0, 4.0):
        v = 0.95 * v + 0.05 * g**2
        step = -math.sqrt(u + 1e-6) / math.sqrt(v + 1e-6) * g
        u = 0.95 * u + 0.05 * step**2
        w += step
        x, state = o.update(x, g, state)
        assert x == pytest.approx(w, rel=1e-14)
    assert page["two_epsilons"](2.0, 3.0, 0.0, 0.0, 1.0, 1.0)[0] == pytest.approx(o.update(2.0, 3.0, o.init(2.0))[0], rel=1e-14)


@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 5))
def test_adadelta_in_other_units(unit, factor, eps_u, eps_v, seed):
    def run(g, u, v, eps_u, eps_v):
        steps = []
        for value in g:
            v = 0.9 * v + 0.1 * value**2
            step = value * math.sqrt(u + eps_u) / math.sqrt(v + eps_v)
            u = 0.9 * u + 0.1 * step**2
            steps.append(step)
        return np.array(steps), u, v

    g = np.random.default_rng(seed).normal(size=12)
    steps, u, v = run(g, 0.3, 0.7, eps_u, eps_v)
    other, u2, v2 = run(factor * g, unit**2 * 0.3, factor**2 * 0.7, unit**2 * eps_u, factor**2 * eps_v)
    np.testing.assert_allclose(other, unit * steps, rtol=1e-9)
    assert u2 == pytest.approx(unit**2 * u) and v2 == pytest.approx(factor**2 * v)


def test_units_of_the_chapter(page):
    two, halved = page["two_epsilons"], page["halved"]
    for unit in (1.0, 1e-3, 1e3, 42.0):
        assert halved(optimizer(two, lr=1.0, eps_u=1e-6 * unit**2, eps_v=1e-6 / unit**2), unit) == 131
    plain = [halved(optimizer(rules.adadelta, lr=1.0), unit) for unit in (1.0, 1e-3, 1e3)]
    assert plain == [131, 1, "none of 5,000"]
    far = page["travel"](optimizer(rules.adadelta, lr=1.0), 1e-3) - 1  # in kilometres the one step is a leap over the minimum
    assert far[1] > 3 and np.all(far[1:] * (-1) ** np.arange(len(far) - 1) > 0)
    assert np.all(np.diff(np.abs(far).reshape(5, 1000).max(axis=1)) > 3), "the swing grows"


@given(st.floats(1e-9, 1e-2), st.floats(0.5, 0.99), st.floats(1e-3, 1e3))
def test_adadelta_starts_by_epsilon(eps, rho, g):
    o = optimizer(rules.adadelta, lr=1.0, eps=eps, rho=rho)
    step = abs(o.update(0.0, g, o.init(0.0))[0])
    assert step <= math.sqrt(eps / (1 - rho)) * (1 + 1e-9)
    if g * g * (1 - rho) > 100 * eps:
        assert step > 0.99 * math.sqrt(eps / (1 - rho))
    u, v, rise = 0.0, g * g, 0.0  # at its level: g^2 = v, no epsilon below
    for n in range(1, 30):
        u = rho * u + (1 - rho) * (u + eps)
        assert u == pytest.approx((1 - rho) * eps * n)
    for k in range(20):  # and in general
        x = g * (1 + k % 3)
        before, v = v, rho * v + (1 - rho) * x * x
        rise = rho * (u + eps) * (v - before) / v
        now = rho * u + (1 - rho) * x * x * (u + eps) / v
        assert now - u == pytest.approx((1 - rho) * eps + rise, rel=1e-6, abs=1e-9 * u)
        u = now


def test_the_root_of_epsilon_is_a_learning_rate(page):
    g, two = np.random.default_rng(5).normal(size=(200, 4)), page["two_epsilons"]
    one = play(optimizer(two, lr=1.0, eps_u=1e-6), g, np.zeros(4), record=("w",))["w"]
    other = play(optimizer(two, lr=1.0, eps_u=9e-6), g, np.zeros(4), record=("w",))["w"]
    as_rate = play(optimizer(two, lr=3.0, eps_u=1e-6), g, np.zeros(4), record=("w",))["w"]
    np.testing.assert_allclose(other, 3 * one, rtol=1e-9)
    np.testing.assert_allclose(other, as_rate, rtol=1e-9)
    for name, end in (("steady slope", 13.096), ("noise", 3.487)):
        first, *rest = page["grown"][name]
        assert first[-1] == pytest.approx(end, abs=1e-3)
        for line in rest:
            np.testing.assert_allclose(line, first, rtol=1e-6)


def test_without_epsilon_the_steps_die_out(page):
    assert np.log(page["u"]).mean() < -6  # the last run of the chapter: page's u is the exercise's


# ------------------------------------------------------------------------------------------------------------------ experiments


def test_the_drifting_stream(page):
    jump, glide = page["drifting"]["a jump"], page["drifting"]["a glide"]
    fit = {name: jump[name] / jump["1/scale"] for name in ("adagrad", "rmsprop", "adadelta")}
    assert np.all(fit["adagrad"][2000:] < 0.02)
    assert 0.005 < fit["rmsprop"][2000] < 0.02 < 0.7 < fit["rmsprop"][2999] < 0.95 < fit["rmsprop"][3999] < 1.05
    assert np.argmax(fit["adadelta"][2000:] > 0.5) < np.argmax(fit["rmsprop"][2000:] > 0.5)
    assert fit["adadelta"][1001] > 2 > fit["rmsprop"][1100]
    lag = (glide["rmsprop"] / glide["1/scale"])[1800:2900].mean()
    q = 100 ** (-1 / 2000)
    assert lag == pytest.approx(math.sqrt((1 - 0.99 / q**2) / 0.01), abs=0.02)
    assert glide["adagrad"][-1] <= glide["adagrad"][1000]


def test_the_moving_target(page):
    best, names = page["best"], list(page["rivals"])
    mean = {(title, name): best[title, name].mean() for title in page["problems"] for name in names}
    steady, falling = "steady scale", "falling scale"
    assert mean[steady, "AdaGrad"] < 1.3 * mean[steady, "RMSProp"]
    assert mean[falling, "AdaGrad"] > 2.5 * mean[falling, "RMSProp"]
    assert np.all(best[falling, "AdaGrad"] > best[falling, "RMSProp"])  # for every seed
    assert np.all(best[steady, "SGD"] > best[steady, "AdaGrad"])
    assert np.all(best[falling, "RMSProp, 0.95"] < best[falling, "Adadelta"])
    assert np.all(best[falling, "Adadelta"] < best[falling, "RMSProp"])
    lr, errors = page["curves"][steady]["adadelta"]
    assert lr[errors.mean(axis=1).argmin()] > 5


def test_the_moving_problem_is_what_it_says(page):
    losses, t, w = page["chase"](np.full(2000, 0.5)), 7, np.random.default_rng(0).normal(size=(1, 10, 10))
    paid, g = losses(t, w)
    miss = w - page["target"][6]
    np.testing.assert_allclose(paid, (miss**2).mean(axis=-1))
    np.testing.assert_allclose(g, 0.5 * page["H"] * (miss + page["noise"][6]))


def test_figures_draw_what_they_return():
    ages = np.arange(5)
    data, axes = plots.weights(ages, {"a": ("rmsprop", 0.5**ages)}, {"b": ("sgd", 2)}, {"a": (1, 0.1), "b": (2, 0.1)})
    assert data["b"].tolist() == [0.5, 0.5, 0, 0, 0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), data["a"])

    t = np.arange(1, 4)
    panels = {"p": {"t": t, "1/scale": np.ones(3), "rmsprop": np.array([1.0, 2, 3]), "adagrad": np.array([3.0, 2, 1])}}
    data, axes = plots.rates(panels, {"rmsprop": (1, 1), "1/scale": (1, 2)})
    assert data is panels and [line.get_ydata()[-1] for line in axes[0].lines] == [1, 3, 1]
    assert axes[0].lines[1].get_color() == color("rmsprop")

    errors = np.array([[4.0, 6], [1, 3], [8, 8]])
    data, axes = plots.tracking({"q": {"sgd": (np.array([0.1, 1, 10]), errors)}}, {"sgd": (1, 1)})
    assert data["q"]["sgd"]["mean"].tolist() == [5, 2, 8] and data["q"]["sgd"]["low"].tolist() == [4, 1, 8]
    np.testing.assert_allclose(axes[0].lines[0].get_xdata(), [0.1, 1, 10])

    law = np.sqrt(t)
    data, axes = plots.adadelta_start(t, {"x": [law, 2 * law], "y": [law]}, law, {"x": ("x", 1, 1), "law": ("law", 1, 1)})
    assert [line.get_ydata()[0] for line in axes.lines] == [1, 2, 1, 1] and data["law"] is law


def test_figures_of_the_page(page):
    weight = page["averages"]
    np.testing.assert_allclose(weight["$\\beta = 0.9$"][1][:2], [0.1 / (1 - 0.9**200), 0.09 / (1 - 0.9**200)])
    assert weight["mean of all"][1].tolist() == [1 / 200] * 101


def test_the_picture_of_the_first_steps(page):
    t, drawn = np.arange(1, 201), page["start_data"]
    np.testing.assert_allclose(drawn["raw"], (1 - 0.9**t) / np.sqrt(1 - 0.999**t), rtol=1e-9)
    np.testing.assert_allclose(drawn["corrected"], 1.0, rtol=1e-7)  # eps
    assert drawn["longest"] == 12
    assert drawn["raw"].max() == pytest.approx(6.57, abs=0.005)
