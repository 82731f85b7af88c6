"""The chapter "Momentum, and what averaging does": its statements in plain arithmetic, slips of sources, data of figures."""

import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adam import momentum as plots
from lecture_optim.plots.style import color
from lecture_optim.proofs import momentum as proofs

BETAS = [Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100), Fraction(999, 1000)]

# ---------------------------------------------------------------------------------------------------------- what is proved

STATEMENTS = {  # what each derivation proves, typed a second time
    "from_motion": (
        r"w_{t + 2}",
        "=",
        r"\left(1 - \frac{\gamma h}{M}\right) \left(w_{t + 1} - w_{t}\right) + w_{t + 1} - \frac{h^{2} F_{t + 1}}{M}",
    ),
    "constant_rate": (r"\delta_{n}", "=", r"- \eta m_{n}"),
    "energy": ("Q_{t}", "=", r"\mu^{t - 1} Q_{1}"),
    "average_variance": (
        r"\bar g^{2} + \mathbb{E}\left[\hat m_{t}^{2}\right] - 2 \bar g \mathbb{E}\left[\hat m_{t}\right]",
        "=",
        r"\frac{\sigma^{2}}{\left(1 - \beta^{t}\right) \left(1 + \beta\right)} \left(1 + \beta^{t}\right) \left(1 - \beta\right)",
    ),
    "unbiased": (r"\mathbb{E}\left[\hat m_{t}\right]", "=", r"\bar g"),
    "effective_batch": (r"\frac{1 - \beta}{1 + \beta}", "=", r"\frac{1}{2 N - 1}"),
    "same_path": (
        r"\left(1 - \beta\right) \sum_{t=1}^{n} m_{t}",
        "=",
        r"\left(1 - \beta\right) \sum_{t=1}^{n} g_{t} - \beta m_{n}",
    ),
    "total_weight": (r"\sum_{t=1}^{T} m_{t}", "=", r"\sum_{s=1}^{T} \left(1 - \beta^{T + 1 - s}\right) g_{s}"),
    "covariance": (
        r"\mathbb{E}\left[Z_{t} Z_{j + t}\right]",
        "=",
        r"\beta^{j} \mathbb{E}\left[Z_{t}^{2}\right]",
    ),
    "spread": (
        r"\mathbb{E}\left[w_{t}^{2}\right]",
        "=",
        r"\frac{\eta \sigma^{2}}{q \left(2 + 2 \beta - \eta q \left(1 - \beta\right)\right)} \left(1 + \beta\right)",
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(proofs, name)().statement() == " ".join(STATEMENTS[name])


# -------------------------------------------------------------------------------------------------------------------- forms


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=9), st.fractions(0, 1), st.integers(1, 5))
def test_the_forms_are_one_method(gradients, mu, denominator):
    """Velocity, two points and look-ahead in fractions, with a schedule."""
    rate = [Fraction(k + 1, denominator) for k in range(len(gradients))]
    delta, w, steps = Fraction(0), [Fraction(1)], []
    for lr, g in zip(rate, gradients, strict=True):
        delta = mu * delta - lr * g
        steps.append(delta)
        w.append(w[-1] + delta)
    for t in range(1, len(gradients)):
        assert w[t + 1] == w[t] - rate[t] * gradients[t] + mu * (w[t] - w[t - 1])
    ahead = [x + mu * d for x, d in zip(w, [0, *steps], strict=True)]
    for t, g in enumerate(gradients):
        assert ahead[t + 1] == ahead[t] - rate[t] * g + mu * steps[t]


def test_nesterov_takes_the_gradient_ahead():
    """The rule against the paper's iteration, with its own gradient at the look-ahead point."""
    x, delta, w, state = 1.0, 0.0, 1.0, 0.0
    for _ in range(50):
        ahead = x + 0.9 * delta
        assert w == pytest.approx(ahead, rel=1e-12, abs=1e-15)
        delta = 0.9 * delta - 0.1 * math.sin(ahead)
        x += delta
        w, state = rules.nesterov(w, math.sin(w), state, 1.0, 0.1, 0.9)


def test_explicit_euler_gains_energy(page):
    """The force one point too far back is not the heavy ball: without friction it spirals out."""
    assert page["farthest"](0) < 1.1 and page["farthest"](1) > 1e3


def test_a_schedule_parts_the_forms(page):
    ball, average = -np.diff(page["ball"]), -np.diff(page["average"])
    np.testing.assert_allclose(ball[:19], average[:19], rtol=1e-12)
    assert average[19] < 0.11 * average[18] < ball[19] * 0.2


# --------------------------------------------------------------------------------------------------------------- the quadratic


@given(st.fractions(0, 1), st.fractions(-1, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_the_form_falls_by_mu(mu, a, first, second):
    w = [Fraction(first), Fraction(second)]
    for _ in range(6):
        w.append((1 + mu - a) * w[-1] - mu * w[-2])
    Q = [y**2 - (1 + mu - a) * y * x + mu * x**2 for x, y in pairwise(w)]
    for t, value in enumerate(Q):
        assert value == mu**t * Q[0]
        assert (4 * mu - (1 + mu - a) ** 2) * w[t] ** 2 <= 4 * value


def test_the_rates_are_the_roots(page):
    for a, mu in product(np.linspace(0.01, 4.2, 23), (0.0, 0.3, 0.9)):
        size = np.abs(np.roots([1, -(1 + mu - a), mu])).max()
        assert page["rate"](a, mu) == pytest.approx(size, abs=1e-7)
        inside = (1 - math.sqrt(mu)) ** 2 < a < (1 + math.sqrt(mu)) ** 2
        assert inside == (size == pytest.approx(math.sqrt(mu), abs=1e-9)) or mu == 0
        assert (size < 1) == (0 < a < 2 * (1 + mu))


def test_no_momentum_beats_the_border(page):
    mu = np.linspace(0, 0.9999, 4001)
    for a in (0.01, 0.1, 0.5, 0.9):
        assert page["rate"](a, mu).min() >= 1 - math.sqrt(a) - 1e-9
        assert page["rate"](a, (1 - math.sqrt(a)) ** 2) == pytest.approx(1 - math.sqrt(a), abs=1e-6)


def test_polyaks_parameters_are_the_best_of_a_grid(page):
    """On a grid no pair is better, and some are nearly as good."""
    kappa, q = 100.0, np.array([0.01, 1.0])
    best = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    eta, mu = np.meshgrid(np.linspace(0.05, 4, 300), np.linspace(0, 0.999, 300))
    worst = np.maximum(*(page["rate"](eta * curvature, mu) for curvature in q))
    assert best - 1e-9 <= worst.min() < best + 0.01


def test_the_runs_reach_their_predicted_rates(page):
    for name, distance in page["distances"].items():
        measured = (distance[149] / distance[119]) ** (1 / 30)
        assert measured == pytest.approx(page["slopes"][name], abs=0.012), name
    steps = [math.log(1000) / -math.log(page["slopes"][name]) for name in ("sgd", "momentum")]
    assert steps == pytest.approx([345, 34.4], abs=0.6)


def test_the_cycle_beyond_quadratics(page):
    cycle = page["cycle"]
    np.testing.assert_allclose(cycle[-3:], cycle[-6:-3], rtol=1e-9)
    assert np.ptp(cycle[-3:]) > 3 and abs(page["plain"].w) < 1e-9


# ---------------------------------------------------------------------------------------------------------------- the variance


def V(beta, t):
    """The squared weights of the corrected average, added up in fractions."""
    total = sum(beta**k for k in range(t))
    return sum((beta**k / total) ** 2 for k in range(t))


@pytest.mark.parametrize("beta", BETAS)
def test_the_exact_variance_and_its_bounds(beta):
    floor, before = (1 - beta) / (1 + beta), None
    for t in (1, 2, 3, 7, 20, 60):
        value = floor * (1 + beta**t) / (1 - beta**t)
        assert value == V(beta, t)
        assert max(Fraction(1, t), floor) <= value <= min(1, Fraction(1, t) + floor)
        assert before is None or value <= before
        if beta**t <= Fraction(1, 2):
            assert value <= 3 * floor <= 3 * (1 - beta)
        lam = -math.log(beta) if beta else math.inf
        assert float(value) == pytest.approx(math.tanh(lam / 2) / math.tanh(t * lam / 2), rel=1e-9)
        before = value


def test_the_simulation_agrees(page):
    assert page["factor"](0.9, 12) == pytest.approx(0.0941, abs=5e-5)
    for beta, (steps, means, errors) in page["points"].items():
        assert np.all(np.abs(means - page["factor"](beta, steps)) < 4 * errors)


def test_the_effective_batch():
    for N in (1, 2, 10, 1000):
        beta = Fraction(N - 1, N)
        assert (1 - beta) / (1 + beta) == Fraction(1, 2 * N - 1)


# ------------------------------------------------------------------------------------------------- what averaging leaves as it is


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9), st.fractions(0, Fraction(99, 100)))
def test_the_same_path(gradients, beta):
    m, averages = Fraction(0), []
    for g in gradients:
        m = beta * m + (1 - beta) * g
        averages.append(m)
    T = len(gradients)
    assert sum(averages) == sum(gradients) - beta / (1 - beta) * m
    assert sum(averages) == sum((1 - beta ** (T - s)) * g for s, g in enumerate(gradients))
    squares = sum((1 - beta**k) ** 2 for k in range(1, T + 1))
    assert T - 2 * beta / (1 - beta) <= squares <= T


def test_the_path_and_the_averages_of_the_run(page):
    assert np.abs(page["gap"]).max() < 1e-12
    for x, value in zip(page["seen"], page["exact"].values(), strict=True):
        mean, error = page["spread_of"](x)
        assert abs(mean - value) < 4 * error
    assert page["exact"]["momentum's"] == pytest.approx(0.9657, abs=1e-4)
    assert page["exact"]["an average"] == pytest.approx(1 / 19, rel=1e-12)


def test_averages_remember_each_other():
    """All sign sequences of six steps: covariances in fractions."""
    beta, T = Fraction(1, 3), 6
    mean = np.zeros((T, T), dtype=object)
    for signs in product((-1, 1), repeat=T):
        Z = [Fraction(signs[0])]
        for r in signs[1:]:
            Z.append(beta * Z[-1] + r)
        mean += np.outer(Z, Z) / Fraction(2**T)
    for t, j in product(range(T), range(T)):
        if t + j < T:
            assert mean[t, t + j] == beta**j * mean[t, t]


def stationary(beta, eta, q):
    """The stationary second moments, from the covariance equation of the linear system, sigma = 1."""
    A = np.array([[1 - eta * (1 - beta) * q, -eta * beta], [(1 - beta) * q, beta]])
    b = np.array([-eta * (1 - beta), 1 - beta])
    return np.linalg.solve(np.eye(4) - np.kron(A, A), np.outer(b, b).ravel()).reshape(2, 2), A


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("eta", [0.01, 0.3, 1.2])
def test_the_stationary_state(page, beta, eta):
    moments, A = stationary(beta, eta, 0.7)
    assert np.abs(np.linalg.eigvals(A)).max() < 1
    divisor = 2 + 2 * beta - eta * 0.7 * (1 - beta)
    assert moments[0, 0] == pytest.approx(eta * (1 + beta) / (0.7 * divisor), rel=1e-9)
    assert moments[1, 1] == pytest.approx(2 * (1 - beta) / divisor, rel=1e-9)
    sgd_spread, half = eta / (0.7 * (2 - 0.7 * eta)), eta / (2 * 0.7)
    assert half * (1 - 1e-12) <= moments[0, 0] <= sgd_spread * (1 + 1e-12)
    G2, error = page["stationary"](beta, eta, 0.7)
    assert pytest.approx(0.49 * moments[0, 0], rel=1e-9) == G2
    assert error >= G2


def test_stationary_error_from_the_system(page):
    """E (m_t - G_t)^2 = E m_t^2 - 2 q E w_t m_t + q^2 E w_t^2, with w_t = w_{t+1} + eta m_t."""
    for beta, eta in ((0.0, 0.1), (0.9, 0.1), (0.5, 1.5)):
        moments, _ = stationary(beta, eta, 1.0)
        now = moments[0, 1] + eta * moments[1, 1]
        assert page["stationary"](beta, eta)[1] == pytest.approx(moments[1, 1] - 2 * now + moments[0, 0], rel=1e-9)


# --------------------------------------------------------------------------------------------------------------------- the lag


@given(st.fractions(0, Fraction(99, 100)), st.integers(1, 20), st.integers(-5, 5), st.integers(-5, 5))
def test_the_lag(beta, t, level, slope):
    weights = [(1 - beta) * beta ** (t - s) / (1 - beta**t) for s in range(1, t + 1)]
    average = sum(weight * (level + slope * s) for s, weight in enumerate(weights, start=1))
    assert average - (level + slope * t) == -slope * (beta / (1 - beta) - t * beta**t / (1 - beta**t))


def test_the_best_memory(page):
    grid = np.linspace(0, 0.999, 20_000)
    assert grid[page["error_at"](grid).argmin()] == pytest.approx(page["best"], abs=1e-3)
    for rho in (1e-3, 1e-2):
        beta = grid[((rho * grid / (1 - grid)) ** 2 + (1 - grid) / (1 + grid)).argmin()]
        assert 1 - beta == pytest.approx((4 * rho**2) ** (1 / 3), rel=0.1)
    beta, rho = page["best"], 0.02
    assert page["lagged"](beta, rho) ** 2 / page["error_at"](beta) == pytest.approx(1 / 3, abs=0.05)


def test_simulated_errors_agree(page):
    for one in page["panels"].values():
        steps, means, errors = one["points"]
        exact = np.interp(np.log(steps), np.log(page["memory"]), np.log(one["error"]))
        assert np.all(np.abs(means - np.exp(exact)) < 4 * errors + 0.003 * means)
    bowl = page["panels"]["stationary bowl, $\\eta q = 0.1$"]
    assert np.all(bowl["error"] > bowl["zero"]) and np.all(np.diff(bowl["error"]) < 0)


# ------------------------------------------------------------------------------------------------------------ the sources' slips


def test_epsilon_belongs_to_the_other_average():
    """A start of epsilon^2 does not appear in m, whose start is 0; it has the wrong unit there too."""
    o = optimizer(rules.adam, lr=0.1)
    _, state = o.update(0.0, 2.0, o.init(0.0, v=0.01))
    assert state.m == pytest.approx(0.1 * 2.0) and state.v == pytest.approx(0.999 * 0.01 + 0.001 * 4.0)


def test_the_geometric_sum_needs_one_base():
    """With another number in the last term the sum is another one."""
    beta, other, t = Fraction(9, 10), Fraction(999, 1000), 5
    assert (1 - beta**t) / (1 - beta) == sum(beta**k for k in range(t))
    assert (1 - beta**t) / (1 - beta) != sum(beta**k for k in range(t - 1)) + other ** (t - 1)


def test_the_raw_weights_do_not_add_up_to_one():
    beta, t = Fraction(9, 10), 5
    assert sum((1 - beta) * beta**k for k in range(t)) == 1 - beta**t < 1


def test_equal_losses_say_nothing_of_gradients():
    """L(w) = w^2 / 2 has one loss at -1 and 1, and opposite gradients."""
    assert (-1) ** 2 / 2 == 1**2 / 2 and np.sign(-1.0) != np.sign(1.0)


def test_correlated_errors_do_not_average_out():
    """Mean zero and variance 1 are not enough: one sign for all errors leaves the variance at 1."""
    beta, t = Fraction(9, 10), 30
    weights = [(1 - beta) * beta**k / (1 - beta**t) for k in range(t)]
    variance = sum(Fraction(1, 2) * sum(w * sign for w in weights) ** 2 for sign in (-1, 1))
    assert variance == 1 > 10 * V(beta, t)


def test_the_printed_variance_is_wrong_at_the_first_step():
    """At t = 1 the average is the gradient, so the share is 1; both printed forms give another number."""
    for beta in (Fraction(1, 2), Fraction(9, 10)):
        first = (1 - beta) * (1 - beta) / ((1 - beta**2) * (1 - beta) ** 2)
        second = (1 - beta) ** 2 * (1 - beta) / ((1 - beta**2) * (1 - beta) ** 2)
        assert V(beta, 1) == 1
        assert first == 1 / (1 - beta**2) > 1 and second == 1 / (1 + beta) < 1
        for t in range(1, 9):
            right = (1 - beta) ** 2 * (1 - beta ** (2 * t)) / ((1 - beta**2) * (1 - beta**t) ** 2)
            assert right == V(beta, t)


def test_the_printed_taylor_guess_is_twice_too_large():
    for n in (10, 100, 1000):
        alpha = Fraction(1, n)
        share = alpha / (2 - alpha)
        assert abs(share / (alpha / 2) - 1) <= alpha and share < Fraction(6, 10) * alpha


def test_a_step_of_the_running_mean():
    """If m_{t-1} is a mean of N - 1 numbers, one step makes it the mean of N; the next step with the same N does not."""
    x = [Fraction(k * k) for k in range(11)]
    N = 10

    def mean(numbers):
        return sum(numbers) / len(numbers)

    m = Fraction(N - 1, N) * mean(x[:9]) + x[9] / N
    assert m == mean(x[:10])
    assert Fraction(N - 1, N) * m + x[10] / N != mean(x[:11])


@pytest.mark.parametrize("beta", BETAS[1:])
def test_the_printed_bound_holds(beta):
    """With the printed exponent and with the right one, once beta^t is at most a half."""
    t = math.ceil(math.log(0.5) / math.log(beta))
    for later in (t, t + 1, 3 * t):
        assert beta**later <= Fraction(1, 2)
        for exponent in (2 * later - 1, 2 * later):
            share = (1 - beta) ** 2 * (1 - beta**exponent) / ((1 - beta**2) * (1 - beta**later) ** 2)
            assert share <= 3 * (1 - beta) <= 4 * (1 - beta)


def test_bias_and_variance_do_not_cancel(page):
    """The error at the best beta is a twelfth of one gradient's; at a longer memory it is more. Cancelling would keep it at 1."""
    assert page["error_at"](page["best"]) < 1 / 11
    assert page["error_at"](0.99) > 1
    assert page["stationary"](0.9)[1] < 0.1


def test_adam_is_an_average_over_a_scale():
    """Adam's step is the average divided by RMSProp's root, both corrected; momentum on RMSProp's steps is another one."""
    g = np.random.default_rng(0).standard_normal(30)
    m = v = 0.0
    paths = {"adam": 0.0, "corrected": 0.0, "by parts": 0.0}
    corrected = optimizer(rules.adam, lr=0.1, eps=0.0)
    state = corrected.init(0.0)
    for t, now in enumerate(g, start=1):
        m, v = 0.9 * m + 0.1 * now, 0.999 * v + 0.001 * now**2
        paths["by parts"] -= 0.1 * (m / (1 - 0.9**t)) / math.sqrt(v / (1 - 0.999**t))
        paths["adam"] -= 0.1 * m / math.sqrt(v)
        paths["corrected"], state = corrected.update(paths["corrected"], now, state)
    assert paths["corrected"] == pytest.approx(paths["by parts"], rel=1e-12)
    assert abs(paths["adam"] - paths["corrected"]) > 0.1
    other = play(optimizer(rules.rmsprop_momentum, lr=0.01, beta2=0.999, mu=0.9), g, 0.0).w
    assert abs(other - paths["adam"]) > 0.1


# -------------------------------------------------------------------------------------------------------------------- figures


def test_figures_draw_what_they_return():
    a, mu = np.linspace(0, 4, 5), np.linspace(0, 1, 3)
    data, axes = plots.rates(a, mu, np.full((3, 5), 0.5))
    assert data["rate"].shape == (3, 5)
    np.testing.assert_allclose(axes.lines[1].get_xdata()[-1], 4.0)
    assert axes.lines[2].get_xdata().tolist() == [2, 4]

    runs = {"sgd": np.array([1.0, 0.5, 0.25]), "momentum": np.array([1.0, 0.4, 0.1])}
    data, axes = plots.ill_conditioned(runs, {"sgd": 0.5})
    assert [line.get_ydata()[-1] for line in axes.lines] == [0.25, 0.25, 0.1]
    assert axes.lines[2].get_color() == color("momentum")

    t = np.array([1.0, 10.0, 100.0])
    lines = {0.9: t**-0.5, 0.99: 1 / t, 0.999: t**-2}
    points = {0.9: (np.array([1.0]), np.array([1.0]), np.array([0.1]))}
    data, axes = plots.averages(t, lines, points, dict.fromkeys(lines, "x"))
    assert axes.lines[0].get_ydata().tolist() == (1 / t).tolist() and data["lines"] is lines

    walk = np.arange(4.0)
    data, axes = plots.same_noise(walk, walk, 2 * walk, 3 * walk, 4 * walk)
    assert [line.get_ydata()[-1] for part in axes for line in part.lines] == [3, 6, 9, 12]

    memory = np.array([1.0, 10.0])
    one = {"error": memory, "zero": memory / 2, "points": (memory, memory, memory / 10)}
    two = {**one, "noise": memory / 3, "lag": memory / 4, "best": (1.0, 1.0)}
    data, axes = plots.estimates(memory, {"a": one, "b": two})
    assert axes[0].lines[0].get_ydata().tolist() == [0.5, 5.0] and data["b"] is two
