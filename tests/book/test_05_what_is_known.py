"""The chapter on what is known: conditions at the defaults, escapes against exact numbers, and what each race shows."""

from fractions import Fraction

import numpy as np
import pytest

from lecture_optim.optimizer import optimizer
from lecture_optim.problems import quadratic, saddle
from lecture_optim.rules import adam, amsgrad, momentum, sgd


def test_the_conditions_at_the_default_rates(page):
    beta1, beta2 = Fraction(9, 10), Fraction(999, 1000)
    values = list(page["conditions"].values())
    assert beta1**2 < beta2 and 1 - beta2 <= (1 - beta1) ** 2
    assert values[0] ** 2 == pytest.approx(float(beta1**2 / beta2)) and values[3] == pytest.approx(values[0] ** 2)
    assert values[4] == pytest.approx(float((1 - beta2) / (1 - beta1) ** 2))
    assert 1 / (1 - beta2) == 1000 and page["horizon"] == pytest.approx(1000)


@pytest.mark.parametrize(("eta", "curvature", "y"), [(0.1, 1.0, 1e-12), (0.01, 2.0, 1e-8), (0.3, 0.5, 1e-3)])
def test_gradient_descent_multiplies(page, eta, curvature, y):
    o = optimizer(sgd, lr=eta)
    problem = quadratic(np.diag([1.0, -curvature]))
    w, state = np.array([0.5, y]), o.init(np.zeros(2))
    for t in range(1, 60):
        w, state = o.update(w, problem.gradient(w), state)
        assert w[1] == pytest.approx((1 + eta * curvature) ** t * y, rel=1e-12)


def test_the_escapes_of_the_figure(page):
    steps, starts = page["drawn"], page["starts"]
    assert steps is page["steps"] and np.array_equal(steps["sgd"], page["exact"])
    assert set(steps["adam"][:-1]) == {11} and set(steps["sign_sgd"][:-1]) == {10}
    assert np.all(steps["adam"] <= page["bound"]) and page["bound"] == 54
    r = 1 + np.sqrt(0.1)  # the larger root of r^2 - 2 r + 0.9: the factor of momentum in the long run
    assert np.diff(steps["momentum"][:-1]) == pytest.approx(np.log(1e-2) / np.log(r), abs=1)
    # The same on a saddle that has minima: half-way to one of them.
    assert np.ptp(page["escape"](adam, starts[:3], saddle(), radius=0.5, eps=0.0)) == 0
    assert np.ptp(page["escape"](sgd, starts[:3], saddle(), radius=0.5)) > 90


def test_flat_saddle(page):
    for y in (0.3, 0.1):
        n = page["flat"](y, False)
        assert (y**-2 - 1) / 0.2 <= n <= (y**-2 - 1) / 0.2 + 10
        assert page["flat"](y, True) <= page["bound"]


def growing(rng, T):
    """Random positive gradients that do not fall, some of them with long plateaus and jumps."""
    jumps = rng.exponential(size=T) ** rng.integers(1, 8) * (rng.random(T) < rng.choice([0.05, 0.5, 1.0]))
    jumps[0] += 1e-6
    return np.cumsum(jumps)


def floors(gradients, beta1, beta2):
    """(m^2 / v, squared ratio of the corrected averages) at every step."""
    m = v = 0.0
    rows = []
    for t, g in enumerate(gradients, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        rows.append((m * m / v, (m / (1 - beta1**t)) ** 2 / (v / (1 - beta2**t))))
    return np.array(rows).T


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.5, 0.75), (0.0, 0.3), (0.9, 0.99)])
def test_long_steps_in_growing_gradients(beta1, beta2):
    rng = np.random.default_rng(1)
    t = np.arange(1.0, 401.0)
    for _ in range(100):
        raw, corrected = floors(growing(rng, 400), beta1, beta2)
        assert raw.min() >= 1 - 1e-9
        assert np.all(corrected >= (1 - beta2**t) / (1 - beta1**t) ** 2 * (1 - 1e-9))


def test_both_hypotheses_of_the_long_steps_are_needed():
    # Rates that forget alike: already the first step is too short. Falling gradients: so is a later one.
    assert floors([1.0], 0.9, 0.95)[0][0] < 1
    assert floors([1.0, *[0.0] * 40], 0.9, 0.999)[0][-1] < 1


def test_the_shortest_step_of_the_exercise():
    k = np.arange(1, 3001)
    f = (1 - 0.9**k) / np.sqrt(1 - 0.999**k)
    least = np.minimum.accumulate(f) / f
    assert least.min() == pytest.approx(0.48, abs=5e-3) and k[least.argmin()] == 12 and f.max() == pytest.approx(6.57, abs=0.01)
    steps = floors([1e-9] * 11 + [1.0], 0.9, 0.999)[1]
    assert np.sqrt(steps[-1]) == pytest.approx(f[0] / f[11], rel=1e-3)


def test_epsilon_and_curvature_on_a_saddle(page):
    n = {
        (rule.__name__, eps): page["escape"](rule, page["start"], page["shallow"], T=T, **({"eps": eps} if rule is adam else {}))[
            0
        ]
        for rule, eps, T in ((sgd, None, 10_000), (momentum, None, 1500), (adam, 0.0, 100), (adam, 1e-3, 100))
    }
    assert n["sgd", None] == int(np.ceil(np.log(1e4) / np.log(1.001)))
    assert n["adam", 0.0] == 11 and 2.5 < n["adam", 1e-3] / 11 < 3.5
    assert 900 < n["momentum", None] < 1500


def test_noise_on_a_saddle(page):
    quiet = {rule: np.median(page["noisy"](rule, 1e-6)) for rule in (sgd, adam)}
    loud = {rule: np.median(page["noisy"](rule, 1.0)) for rule in (sgd, adam)}
    assert quiet[adam] < 15 < 100 < quiet[sgd]
    assert 0.7 < loud[adam] / loud[sgd] < 1.6
    exactly = optimizer(adam, lr=0.1)
    assert exactly.update(np.zeros(1), np.zeros(1), exactly.init(np.zeros(1)))[0] == 0


def test_local_minima(page):
    share = {
        (rule, lr, sigma): page["deep"](rule, lr, sigma)
        for rule in (sgd, momentum, adam)
        for lr in (0.01, 0.1)
        for sigma in (0, 0.5)
    }
    assert share[momentum, 0.1, 0] == 1 and share[momentum, 0.01, 0] == 0
    assert share[adam, 0.1, 0] == share[sgd, 0.1, 0] == share[adam, 0.01, 0.5] == share[sgd, 0.01, 0.5] == 0
    assert share[sgd, 0.1, 0.5] < 0.1 < share[adam, 0.1, 0.5]


def test_descent_steps_are_those_of_the_rule(page):
    rng = np.random.default_rng(2)
    for kind in page["kinds"]:
        A, w = page["matrix"](kind, 50.0, 6, rng), rng.standard_normal(6)
        problem, e = quadratic(A), np.linalg.eigvalsh(A)
        o = optimizer(sgd, lr=2 / (e[0] + e[-1]))
        goal, state, n, v = 1e-6 * problem.loss(w), o.init(w), 0, w
        while problem.loss(v) > goal:
            v, state = o.update(v, problem.gradient(v), state)
            n += 1
        assert abs(page["descent_steps"](A, w, 1e-6) - n) <= 1


def test_condition_numbers_of_the_matrices(page):
    rng = np.random.default_rng(4)
    for kind in page["kinds"]:
        for number in page["numbers"]:
            measured = np.linalg.cond(page["matrix"](kind, number, 10, rng))
            assert number * (0.999 if kind != "scaled" else 0.5) < measured < number * (1.001 if kind != "scaled" else 4)


def test_what_conditioning_does(page):
    data, n = page["medians"], page["counts"]
    for kind in page["kinds"]:
        assert np.array_equal(data[kind]["adam"], np.median(n[kind]["adam"], axis=1))
        slope = np.diff(np.log10(data[kind]["sgd"]))
        assert np.all(np.abs(slope - 1) < 0.15)
    for kind in ("aligned", "scaled"):
        assert np.ptp(data[kind]["adam"]) < 25
        assert data[kind]["momentum"][-1] > 4 * data[kind]["adam"][-1]
    assert data["rotated"]["adam"][-1] > 4 * data["rotated"]["adam"][0]
    assert data["rotated"]["adam"][-1] > 0.7 * data["rotated"]["momentum"][-1]
    assert all(data[kind]["sgd"][0] < 0.5 * data[kind]["adam"][0] for kind in page["kinds"])


def test_evaluations(page):
    for problem, methods in page["needed"].items():
        middle = page["middle"][problem]
        assert middle == {name: np.median(n) for name, n in methods.items()}
        assert 2 * middle["L-BFGS"] < middle["Adam, best rate"] < 0.6 * middle["line search"]
        assert middle["Adam, 0.001"] > 100 * middle["L-BFGS"]


def test_a_tuned_adam_is_not_extremely_poor_on_convex_problems(page):
    for methods in page["needed"].values():
        assert np.all(methods["Adam, best rate"] < methods["line search"])


def test_memory(page):
    n = 5_000_000
    assert 8 * n**2 == 200_000 * 10**9 and 8 * 2 * n == 80 * 10**6
    state = optimizer(adam, lr=0.001).init(np.zeros(1000))
    assert sum(np.size(x) for x in state) == 2 * 1000 + 1


def test_bad_conditioning_makes_no_saddle(page):
    e = np.linalg.eigvalsh(page["matrix"]("aligned", 1e4, 10, np.random.default_rng(0)))
    assert e.min() > 0 and e.max() / e.min() == pytest.approx(1e4)


def test_a_step_that_cannot_grow_stays_short_on_a_plateau(page):
    slopes, gone = page["slopes"], {}
    for rule in (adam, amsgrad):
        o = optimizer(rule, lr=0.001, beta2=0.99)
        w, state, path = 0.0, o.init(0.0), []
        for g in slopes:
            path.append(w)
            w, state = o.update(w, float(g), state)
        gone[rule] = path[100] - path[-1]
    assert gone[adam] > 50 * gone[amsgrad]
