"""The repairs: AMSGrad's bound in plain arithmetic, a million steps, the argument without regret, the figures' data."""

import inspect
import math
from fractions import Fraction

import numba
import numpy as np
import pytest
import sympy as sp

from lecture_optim.derivation import Derivation, Unproved
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import reddi_periodic
from lecture_optim.projections import box
from lecture_optim.proofs import amsgrad as proofs
from lecture_optim.proofs import lemmas
from lecture_optim.rules import adagrad, adam, adamax, adopt, amsgrad, rmsprop
from lecture_optim.schedules import inverse_sqrt

MILLION = 1_000_000


def clip(x):
    return -1.0 if x < -1.0 else 1.0 if x > 1.0 else x


def kappa(beta1, beta2):
    return (1 - beta1) / math.sqrt((1 - beta2) * (1 - beta1**2 / beta2))


def plain_amsgrad(g, x, a, b, alpha, beta1, beta2, top=0.0):
    """AMSGrad in [a, b], one coordinate, written out: the points before each step, and the last maximum."""
    path, m, v = [], 0.0, 0.0
    for t, now in enumerate(g, start=1):
        path.append(x)
        m = beta1 * m + (1 - beta1) * now
        v = beta2 * v + (1 - beta2) * now * now
        top = max(top, v)
        x = min(max(x - alpha / math.sqrt(t) * (m / math.sqrt(top) if top else 0.0), a), b)
    return path, top


# ------------------------------------------------------------------------------------------------------------------ the theorem


def random_gradients(rng, T):
    kind = rng.integers(4)
    if kind == 0:
        return rng.normal(size=T)
    if kind == 1:
        return rng.standard_cauchy(T).clip(-50, 50)
    if kind == 2:
        return np.where(rng.random(T) < 0.1, 10.0, -1.0)
    return np.where(np.arange(T) < T // 2, 0.0, rng.choice([-1.0, 1.0, 3.0], T))


def test_the_bound_holds_in_plain_arithmetic():
    rng, tightest = np.random.default_rng(0), 0.0
    for _ in range(600):
        T, alpha = int(rng.integers(1, 80)), 10 ** rng.uniform(-2, 1.5)
        beta2 = rng.uniform(0.05, 0.999)
        beta1 = rng.choice([0.0, rng.uniform(0, math.sqrt(beta2))]) * 0.999
        g, x, W = random_gradients(rng, T), rng.uniform(-1, 1), 2.0
        path, top = plain_amsgrad(g, x, -1, 1, alpha, beta1, beta2)
        G, K = np.abs(g).max(), kappa(beta1, beta2)
        rate = math.sqrt(T)
        bound = W**2 * rate * math.sqrt(top) / (2 * alpha) + alpha * K * G * rate * (1 + beta1) / (1 - beta1)
        bound += beta1 * G * W / (1 - beta1)
        regret = max(np.sum(g * (np.array(path) - u)) for u in (-1.0, 1.0, rng.uniform(-1, 1)))
        assert regret <= bound * (1 + 1e-9) + 1e-12
        tightest = max(tightest, regret / bound if bound else 0.0)
    assert 0.2 < tightest <= 1


def test_the_maximum_may_start_anywhere():
    rng = np.random.default_rng(1)
    g = rng.normal(size=200).clip(-2, 2)
    path, top = plain_amsgrad(g, 0.3, -1, 1, 0.5, 0.0, 0.9, top=1.7)
    bound = 4 * math.sqrt(200 * top) / 1.0 + 0.5 * 2 * math.sqrt(200 / 0.1)
    assert max(np.sum(g * (np.array(path) - u)) for u in (-1, 1)) <= bound


def test_the_package_runs_the_algorithm_of_the_page():
    rng = np.random.default_rng(2)
    g = np.concatenate([np.zeros(3), rng.normal(size=60)])
    o = optimizer(amsgrad, inverse_sqrt(0.7), beta1=0.8, beta2=0.9, eps=0.0, project=box(-1, 1))
    path, top = plain_amsgrad(g, 0.2, -1, 1, 0.7, 0.8, 0.9)
    run = play(o, g, 0.2, record=("w", "v_max"))
    assert np.allclose(run["w"], path, rtol=0, atol=1e-12) and np.isclose(run["v_max"][-1], top)


@pytest.mark.parametrize("bound", [math.inf, 0.5])
def test_the_package_runs_adopt_as_the_page_has_it(bound):
    g = np.random.default_rng(3).normal(size=60)
    x, m, v, path = 0.2, 0.0, g[0] ** 2, [0.2]
    for now in g[1:]:
        path.append(x)
        scaled = now / max(math.sqrt(v), 1e-6)
        m = 0.9 * m + 0.1 * min(max(scaled, -bound), bound)
        x, v = x - 0.01 * m, 0.9999 * v + 0.0001 * now * now
    run = play(optimizer(adopt, 0.01, clip=bound), g, 0.2, record=("w",))
    assert np.allclose(run["w"], path, rtol=0, atol=1e-12) and run.w == pytest.approx(x, abs=1e-12)


def test_no_bound_without_the_maximum():
    """Adam on Reddi's example: all other hypotheses hold, and the bound with v_T for the maximum fails."""
    C, T = 3.0, 30_000
    beta2 = 1 / (1 + C * C)
    alpha = 0.9 * math.sqrt(1 - beta2)
    o = optimizer(rmsprop, inverse_sqrt(alpha), beta2=beta2, eps=0.0, project=box(-1, 1))
    run = play(o, reddi_periodic(T, C), 1.0, comparator=-1.0)
    bound = 4 * math.sqrt(T * C * C) / (2 * alpha) + alpha * C * math.sqrt(T / (1 - beta2))  # v_T <= C^2
    assert run.regret > 5 * bound


def test_the_convention_about_nought_only_saves_words():
    """While the maximum is 0 the point may jump anywhere, as an r_t of any size would make it: the bound holds all the same."""
    rng = np.random.default_rng(6)
    for _ in range(100):
        g = np.concatenate([np.zeros(5), rng.normal(size=40)])
        x, m, v, top, path = rng.uniform(-1, 1), 0.0, 0.0, 0.0, []
        for t, now in enumerate(g, start=1):
            path.append(x)
            m, v = 0.5 * m + 0.5 * now, 0.9 * v + 0.1 * now * now
            top = max(top, v)
            x = clip(x - math.sqrt(1 / t) * m / math.sqrt(top)) if top else rng.uniform(-1, 1)
        T, G, K = len(g), np.abs(g).max(), kappa(0.5, 0.9)
        bound = 4 * math.sqrt(T * top) / 2 + K * G * math.sqrt(T) * 3 + 2 * G
        assert max(np.sum(g * (np.array(path) - u)) for u in (-1, 1)) <= bound


def test_the_same_lemmas_as_in_part_2(page):
    assert {"one_step", "monotone_weights", "width", "roots_rise"} <= page["lemmas_of"](
        proofs.averages_regret, proofs._iterates, proofs.scale_rises
    ) & page["lemmas_of"](page["part_2"].one_coordinate)
    assert lemmas.one_step() is lemmas.one_step() and lemmas.monotone_weights() is lemmas.monotone_weights()


# ----------------------------------------------------------------------------------------------------------- the same for Adam


def test_adam_is_refused_at_the_maximum():
    v, n = proofs.v, proofs.n
    with pytest.raises(Unproved, match="AMSGrad's maximum"):
        proofs.scale_rises().at({proofs.top: sp.Lambda(n, v[n])})


def test_the_refusal_brings_a_counterexample(page):
    with pytest.raises(Unproved, match="it is false") as refusal:
        page["without_the_maximum"]()
    assert "not seen to be >= 0" in str(refusal.value)


def test_the_scale_of_adam_falls_after_a_zero():
    """In exact numbers: from t v_t to (t + 1) v_{t+1} with g_{t+1} = 0."""
    for beta2 in (Fraction(1, 10), Fraction(99, 100), Fraction(999, 1000)):
        first = next(t for t in range(1, 3000) if (t + 1) * beta2 < t)
        assert first == math.floor(beta2 / (1 - beta2)) + 1


def test_the_cap_stands_for_the_sum_of_ratios():
    assert "lemmas.monotone_weights" in inspect.getsource(proofs.averages_regret)
    assert "sum_of_ratios" not in inspect.getsource(proofs.averages_regret)


# ------------------------------------------------------------------------------------------------------- steps that never rise


def test_the_bound_of_the_example_holds_for_any_falling_steps():
    rng = np.random.default_rng(3)
    for _ in range(100):
        C, c = rng.uniform(2, 12), 10 ** rng.uniform(-2, 0.5)
        t = np.arange(1, 601)
        e = c / np.sqrt(t) + np.sort(rng.exponential(rng.choice([0.0, 0.3]), 600))[::-1]
        g, x, points = reddi_periodic(600, C), rng.uniform(-1, 1), []
        for k in range(600):
            points.append(x)
            x = clip(x - e[k] * g[k])
        for n in (0, 1, 20):
            K = np.arange(200 - n)
            fallen = 2 * c * (C - 2) / 3 * (np.sqrt(3 * (n + K) + 1) - math.sqrt(3 * n + 1))
            assert np.all(np.array(points)[3 * (n + K)] <= np.maximum(1 - fallen, -1 + 2 * e[3 * n]) + 1e-9)


def test_who_has_steps_that_never_rise():
    g = reddi_periodic(3000, 5.0)
    t = np.arange(1, 3001)
    o = optimizer(amsgrad, inverse_sqrt(1.0), beta1=0.0, beta2=0.7, eps=0.0, project=box(-1, 1))
    top = play(o, g, 0.0, record=("v_max",))
    for scale in (np.sqrt(t * top["v_max"]), np.sqrt(np.cumsum(g**2)), np.sqrt(t)):
        assert np.all(np.diff(scale) >= 0) and np.all(scale <= 5 * np.sqrt(t) + 1e-9)


def test_a_rise_is_needed_for_failure_but_not_enough():
    """Adam with its default rates has effective steps that rise on the example with C = 3, and it comes to the best point."""
    o = optimizer(adam, inverse_sqrt(0.5), eps=0.0, project=box(-1, 1))
    run = play(o, reddi_periodic(30_000, 3.0), 1.0, record=("v",))
    t = np.arange(1, 30_001)
    e = 1 / np.sqrt(t * run["v"] / (1 - 0.999**t))
    assert np.any(np.diff(e) > 0) and run.w < -0.99


def test_momentum_is_not_what_forgets():
    """The notes blame the average of the gradients: without one Adam fails, with one AMSGrad does not."""
    g = reddi_periodic(30_000, 3.0)
    alpha = 0.9 * math.sqrt(0.9)
    no_momentum = optimizer(adam, inverse_sqrt(alpha), beta1=0.0, beta2=0.1, eps=0.0, project=box(-1, 1))
    assert play(no_momentum, g, 1.0).w > 0.99
    much = optimizer(amsgrad, inverse_sqrt(alpha), beta1=0.3, beta2=0.1, eps=0.0, project=box(-1, 1))
    assert play(much, g, 1.0).w < -0.99


def test_the_step_itself_can_grow():
    """AMSGrad's effective step never rises; its step can, as the average of the gradients grows."""
    run = play(optimizer(amsgrad, 0.1, beta1=0.9, beta2=0.999), np.ones(5), 0.0, record=("w",))
    steps = np.abs(np.diff(run["w"]))
    top = play(optimizer(amsgrad, 0.1, beta1=0.9, beta2=0.999), np.ones(5), 0.0, record=("v_max",))["v_max"]
    assert steps[1] > steps[0] and np.all(np.diff(0.1 / np.sqrt(top)) <= 0)


# ------------------------------------------------------------------------------------------------------------- other repairs


def test_a_growing_memory_is_adagrad():
    rng = np.random.default_rng(4)
    g, x, v = rng.normal(size=300), 0.3, 0.0
    run = play(optimizer(adagrad, 0.7, eps=0.0, project=box(-1, 1)), g, x, record=("w",))
    for t in range(1, 301):
        assert abs(run["w"][t - 1] - x) < 1e-9
        v = (1 - 1 / t) * v + g[t - 1] ** 2 / t
        x = clip(x - 0.7 / math.sqrt(t) * g[t - 1] / math.sqrt(v))


def test_geometric_steps_never_rise_and_stop():
    rng = np.random.default_rng(5)
    g, beta2, v, e = rng.normal(size=200), 0.3, 0.0, []
    for t, now in enumerate(g, start=1):
        v = beta2 * v + (1 - beta2) * now**2
        e.append(math.sqrt(beta2**t / v))
    assert np.all(np.diff(e) <= 1e-15) and sum(e[100:]) < 1e-20


def test_a_scale_of_the_past_needs_independence():
    moves = [-g / abs(h) for g, h in ((-2, 1), (2, -2), (1, 2))]
    assert sum(map(Fraction, moves)) == Fraction(1, 2) and -2 + 2 + 1 > 0


def test_independent_factors_against_all_outcomes():
    """E[g q] over all pairs of outcomes; and Adam's q, which knows g, in the same numbers."""
    outcomes = [(Fraction(1010), Fraction(1, 100)), (Fraction(-10), Fraction(99, 100))]
    q = {Fraction(1, 20): Fraction(1, 3), Fraction(1, 50): Fraction(2, 3)}
    mean = sum(g * s * p * r for g, p in outcomes for s, r in q.items())
    assert mean == sum(g * p for g, p in outcomes) * sum(s * r for s, r in q.items()) > 0
    knowing = sum(p * (1 if g > 0 else -1) for g, p in outcomes)  # beta_2 = 0: q = 1/|g|
    assert knowing < 0


def test_a_decaying_maximum_fails():
    o = optimizer(adamax, inverse_sqrt(0.5), beta1=0.0, beta2=0.3, project=box(-1, 1))
    assert play(o, reddi_periodic(9000, 3.0), 0.0).w > 0.9


# --------------------------------------------------------------------------------------------- a million steps, written out


def million_of_three(method, C):
    """(x_T, R_T / T) after a million steps with the constants of the page, in plain floats."""
    beta2 = 1 / (1 + C * C)
    alpha = 0.9 * math.sqrt(1 - beta2)
    x, regret, v, state = 1.0, 0.0, 0.0, 0.0
    for t in range(1, MILLION + 1):
        g = C if t % 3 == 1 else -1.0
        regret += g * (x + 1)
        if method == "adagrad":
            state += g * g
            step = math.sqrt(2) * g / math.sqrt(state)
        elif method == "sgd":
            step = 2 / (C * math.sqrt(t)) * g
        elif method == "adopt":
            step = alpha / math.sqrt(t) * g / math.sqrt(v) if t > 1 else 0.0
            v = beta2 * v + (1 - beta2) * g * g if t > 1 else g * g
        else:
            v = beta2 * v + (1 - beta2) * g * g
            state = max(state, v) if method == "amsgrad" else v
            step = alpha * g / math.sqrt(t * state)
        x = clip(x - step)
    return x, regret / MILLION, state


@pytest.mark.parametrize(
    ("method", "C", "x", "regret"),
    [
        ("adam", 3.0, 0.99911, 0.66743), ("adam", 10.0, 0.99910, 5.33412),
        ("amsgrad", 3.0, -1.0, 0.00101), ("amsgrad", 10.0, -1.0, 0.00118),
        ("adagrad", 3.0, -1.0, 0.00247), ("adagrad", 10.0, -1.0, 0.00309),
        ("sgd", 3.0, -1.0, 0.00223), ("sgd", 10.0, -1.0, 0.00255),
        ("adopt", 3.0, -1.0, 0.00171), ("adopt", 10.0, -1.0, 0.00482),
    ],
)  # fmt: skip
def test_a_million_steps_of_period_three(method, C, x, regret):
    found, per_step, state = million_of_three(method, C)
    assert abs(found - x) < 2e-5 and abs(per_step - regret) < 6e-6
    if method == "amsgrad" and C == 3.0:
        alpha = 0.9 * math.sqrt(0.9)
        for top, bound in ((state, 0.00941), (9.0, 0.00973)):
            promised = (4 * math.sqrt(top) / (2 * alpha) + alpha * 3 / math.sqrt(0.9)) / math.sqrt(MILLION)
            assert round(promised, 5) == bound


@numba.njit
def played(name, beta1, beta2, alpha, large):
    """The last point, the points' sum and the regret, the rules written out: g_t is 1010 where ``large``, else -10."""
    x = m = v = top = total = regret = 0.0
    power1 = power2 = 1.0
    for t in range(1, len(large) + 1):
        g = 1010.0 if large[t - 1] else -10.0
        total += x
        regret += g * (x + 1)
        m = beta1 * m + (1 - beta1) * g
        old, v = v, beta2 * v + (1 - beta2) * g * g
        top = max(top, v)
        if name == "adam":
            power1, power2 = power1 * beta1, power2 * beta2
            step = m / (1 - power1) / math.sqrt(v / (1 - power2))
        elif name == "amsgrad":
            step = m / math.sqrt(top)
        elif t > 1:  # ADOPT divides by what it knew before this gradient
            step = m / math.sqrt(old)
        else:  # and has nothing yet to divide by
            step, v = 0.0, g * g
        x = min(max(x - alpha / math.sqrt(t) * step, -1.0), 1.0)
    return x, total, regret


@pytest.mark.parametrize(
    ("beta1", "beta2", "adams", "amsgrads"),
    [
        (0.0, 0.99, (1.0, 0.2326), (-0.9961, 0.0567)), (0.9, 0.99, (1.0, 0.2279), (-0.9973, 0.0347)),
        (0.0, 0.999, (1.0, 0.2262), (-0.4052, 0.1402)), (0.9, 0.999, (0.3011, 0.1352), (-0.9504, 0.0782)),
    ],
)  # fmt: skip
def test_a_million_steps_of_period_101(beta1, beta2, adams, amsgrads):
    for name, expected in (("adam", adams), ("amsgrad", amsgrads)):
        x, _, regret = played(name, beta1, beta2, 0.5, np.arange(MILLION) % 101 == 0)
        assert abs(x - expected[0]) < 6e-5 and abs(regret / MILLION - expected[1]) < 6e-5, (name, x, regret / MILLION)


@pytest.mark.parametrize(
    ("name", "beta1", "beta2", "expected"),
    [("adam", 0.9, 0.999, 0.340), ("amsgrad", 0.9, 0.99, 0.119), ("adopt", 0.0, 0.99, 0.122), ("adam", 0.9, 0.99, 0.395)],
)
def test_a_million_random_steps(name, beta1, beta2, expected):
    """Twenty seeds; the figures of the table within three standard errors of both."""
    seeds = 20
    runs = [played(name, beta1, beta2, 1.0, np.random.default_rng(seed).random(MILLION) < 0.01) for seed in range(seeds)]
    gaps = [0.2 * (total / MILLION + 1) for _, total, _ in runs]
    error = np.std(gaps, ddof=1) / math.sqrt(seeds)
    assert abs(np.mean(gaps) - expected) < 3 * math.sqrt(2) * error + 6e-4


# --------------------------------------------------------------------------------------------------------------- the page


def test_effective_steps_of_the_figure(page):
    rises = page["effective"]["adam"]["rises"]
    assert set(rises) == {t for t in range(2, 31) if t % 3 != 1} and len(page["effective"]["amsgrad"]["rises"]) == 0


def test_positions_of_the_figure(page):
    data = page["positions"]
    assert np.all(data["adam"] == 1) and all(data[name][-1] < -0.85 for name in ("amsgrad", "adopt", "adagrad", "sgd"))
    assert np.array_equal(data["t"] % 3, np.ones(100))


def test_regret_of_the_figure(page):
    data = page["per_step"]
    assert np.all(data["amsgrad"] <= data["bound"]) and np.all(data["adam"] >= 2 / 3 - 1e-9)
    assert 5 < data["bound"][-1] / data["amsgrad"][-1] < 12
    slope = np.diff(np.log(data["bound"][-20::19])) / np.diff(np.log(data["t"][-20::19]))
    assert abs(slope + 0.5) < 0.01


def test_lottery_of_the_figure(page):
    means = {words: mean for words, _, mean, *_ in page["lottery"]}
    assert means["Adam (0.0, 0.99)"] > 0.36 and all(0.08 < mean < 0.25 for words, mean in means.items() if "Adam (0" not in words)
    mean, error = page["paired"](page["gaps"]("adam", 1), page["gaps"]("amsgrad", 1))
    assert mean > 5 * error


def test_cost_of_the_figure(page):
    text = {words: (low, high) for words, _, _, low, high in page["cost"]["text"]}
    assert text["AMSGrad"][1] < 1.1 and text["ADOPT"][0] > 1.2
    assert {words for words, *_ in page["cost"]["digits"]} == {"AMSGrad", "AdaGrad", "ADOPT"}


def test_what_is_promised_comes(page):
    assert page["promised"](0.854 / 3, 3.0) == 45


def test_rare_words_are_what_adopt_without_clipping_cannot_bear(page):
    assert np.all(page["losses"][-1].mean(axis=1)[1:] > np.log(2))


def test_the_authors_bound_mends_it(page):
    """In their count: 1 in the first step that moves, which is the second here, then the fourth root of 2, of 3, ..."""
    assert [page["authors_bound"](t) for t in (2.0, 3.0, 17.0)] == [1.0, 2**0.25, 2.0]
    assert np.all(page["clipped"][-1].mean(axis=1) < np.log(2)) and np.array_equal(page["clipped"][0], page["losses"][0])


def test_clipping_turns_the_direction_of_the_exercise():
    """The mean of the clipped ratio over both outcomes changes its sign where the solution says, and not before step 9055."""
    root = math.sqrt(0.01 * 1010**2 + 0.99 * 100)
    means = [0.01 * min(1010 / root, (t - 1) ** 0.25) - 0.99 * 10 / root for t in (2, 9055, 9056, 9057, 20_000)]
    assert means[0] < 0 and means[1] < 0 < means[3] and means[4] > 0


def test_one_step_is_enough_for_a_short_maximum():
    """AdaMax on the example: from 3 to 1 in a step with 0.3; with 0.99 its effective steps rise as well, and it arrives."""
    g = reddi_periodic(9000, 3.0)
    for beta2, second in ((0.3, 1.0), (0.99, 2.97)):
        o = optimizer(adamax, inverse_sqrt(0.5), beta1=0.0, beta2=beta2, project=box(-1, 1))
        run = play(o, g, 0.0, record=("u",))
        e = 0.5 / np.sqrt(np.arange(1, 9001)) / run["u"]
        assert math.isclose(run["u"][1], second) and np.any(np.diff(e) > 0) and (run.w < -0.99) == (beta2 == 0.99)


def test_every_derivation_is_a_derivation():
    for name in ("theorem", "convex", "without_momentum", "example", "growing_memory", "previous_scale"):
        assert isinstance(getattr(proofs, name)(), Derivation)
