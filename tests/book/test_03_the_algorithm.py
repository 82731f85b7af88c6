"""The chapter "The algorithm": Adam held to an independent one, its cap, its symmetries, and the sources' claims about them."""

import ast
import inspect
import math
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.derivation import Derivation, Index, Unproved
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adam import algorithm as plots
from lecture_optim.plots.style import color
from lecture_optim.problems import Network
from lecture_optim.proofs import step_cap

PAGE = Path(__file__).parents[2] / "book" / "src" / "3-adam" / "03-the-algorithm.md"
RATES = st.floats(0.01, 0.995)
GRADIENTS = st.lists(st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-6 else 0.0), min_size=1, max_size=60)


def steps(gradients, beta1=0.9, beta2=0.999, eps=0.0):
    """m_hat / sqrt(v_hat) of every step, of the package's rule."""
    w, m, v, out = 0.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        new, m, v = rules.adam(w, float(g), m, v, float(t), lr=1.0, beta1=beta1, beta2=beta2, eps=eps)
        out.append(w - new)
        w = new
    return np.array(out)


def cap(t, beta1, beta2):
    """K_t, by the sum and in exact numbers until the root."""
    t, b1, b2 = int(t), Fraction(beta1), Fraction(beta2)
    total = sum((b1 * b1 / b2) ** k for k in range(t))
    return math.sqrt((1 - b1) ** 2 / (1 - b1**t) ** 2 * (1 - b2**t) / (1 - b2) * total)


# ---------------------------------------------------------------------------------------------------------- what is proved

POWERS = r"\sum_{s=1}^{t} \rho^{t - s}"
STATEMENTS = {  # what each derivation proves, typed a second time
    "averages_cap": ("m_{t}^{2}", r"\le", rf"\frac{{\left(1 - \beta_{{1}}\right)^{{2}} v_{{t}}}}{{1 - \beta_{{2}}}} {POWERS}"),
    "step_cap": (r"\hat m_{t}^{2}", r"\le", r"K_{t}^{2} \hat v_{t}"),
    "cap_attained": (r"\hat m_{t}^{2}", "=", r"K_{t}^{2} \hat v_{t}"),
    "growing_mean": ("m_{t}", "=", rf"q^{{t}} \left(1 - \beta_{{1}}\right) {POWERS}"),
    "growing_square": ("v_{t}", "=", rf"q^{{2 t}} \left(1 - \beta_{{2}}\right) {POWERS}"),
    "raw_cap": ("m_{t}^{2}", r"\le", r"\kappa^{2} v_{t}"),
    "second_cap": (
        "K_{2}^{2}", "=", r"1 + \frac{\left(\beta_{1} - \beta_{2}\right)^{2}}{\beta_{2} \left(1 + \beta_{1}\right)^{2}}"
    ),
    "cap_near": (
        r"\kappa^{2} - K_{t}^{2}", r"\le",
        r"\frac{\kappa^{2}}{\left(1 - \beta_{1}\right)^{2}} \left(\beta_{2}^{t} + \rho^{t}\right)",
    ),
    "cap_unbounded": ("K_{t}^{2}", r"\ge", r"t \left(1 - \beta_{1}\right)^{2}"),
    "scaled_average": ("m'_{t}", "=", "c m_{t}"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(step_cap, name)().statement() == " ".join(STATEMENTS[name])


@pytest.mark.parametrize("name", ["cap_distance", "cap_limit", "lone_step", "efficient_form", "scaled_step", "signal"])
def test_statements_in_numbers(name):
    """Both sides of each identity at a point, by floating-point arithmetic of its own."""
    b1, b2, t, n, k = 0.7, 0.9, 5, 3, 2
    rho, kappa2 = b1**2 / b2, (1 - b1) ** 2 / ((1 - b2) * (1 - b1**2 / b2))
    K2 = cap(t, b1, b2) ** 2
    a, b = (1 - b1) / (1 - b1**t), (1 - b2) / (1 - b2**t)
    T = n + 1 + k
    ratio2 = steps([0.0] * n + [3.0] + [0.0] * k, b1, b2)[-1] ** 2
    sides = {
        "cap_distance": (K2, 1 + sum((a * b1**j - b * b2**j) ** 2 / (b * b2**j) for j in range(t))),
        "cap_limit": (kappa2 - K2, kappa2 * (b2**t - b1**t) ** 2 / (b2**t * (1 - b1**t) ** 2)),
        "lone_step": (ratio2, rho**k * (1 - b1) ** 2 * (1 - b2**T) / ((1 - b1**T) ** 2 * (1 - b2))),
        "efficient_form": (
            0.3 * 2 / (math.sqrt(7) + 0.1),
            0.3 * math.sqrt(1 - b2**t) * 2 / (math.sqrt(7 * (1 - b2**t)) + 0.1 * math.sqrt(1 - b2**t)),
        ),
        "scaled_step": (5 * 2 / (math.sqrt(25 * 7) + 0.1), 2 / (math.sqrt(7) + 0.1 / 5)),
        "signal": (9 / (9 + 4), (9 / 4) / (1 + 9 / 4)),
    }
    left, right = sides[name]
    assert left == pytest.approx(right, rel=1e-12)
    assert getattr(step_cap, name)().op == "="


def test_a_smaller_cap_is_refused():
    """The same induction with 99 % of the bound fails, as it must: the bound is attained."""
    t = Index("t")
    d = Derivation("too good")
    step_cap.forgets(d, step_cap.beta2)
    no_m, no_v, mean, square = step_cap.two_averages(d)
    with pytest.raises(Unproved):
        right = sp.Rational(99, 100) * step_cap.SHARE * step_cap.powers(step_cap.rho) * step_cap.v[t]
        put = [mean.at({t: 1}), no_m, square.at({t: 1}), no_v]
        d.induct(
            t, step_cap.m[t] ** 2, "<=", right,
            lambda chain: chain.at_most(sp.Rational(99, 100) * step_cap.SHARE * step_cap.v[1], "one", put=put),
            lambda chain, hypothesis: chain,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ the algorithm

LINES = [  # each line of the box that computes something, and the line of the code that does
    (r"$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t$", "m = beta1 * m + (1 - beta1) * g"),
    (r"$v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$", "v = beta2 * v + (1 - beta2) * g * g"),
    (r"$\hat m_t = m_t/(1-\beta_1^t)$", "m_hat = 1 / (1 - beta1 ** t) * m"),
    (r"$\hat v_t = v_t/(1-\beta_2^t)$", "v_hat = 1 / (1 - beta2 ** t) * v"),
    (
        r"$w_{t+1} = w_t - \alpha\,\hat m_t/(\sqrt{\hat v_t} + \epsilon)$",
        "return (w - lr * ratio(m_hat, np.sqrt(v_hat) + eps), m, v)",
    ),
]


def test_the_lines_of_the_box_are_the_lines_of_the_code():
    box = re.search(r":label: alg-adam\n(.*?)\n:::", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    formulas = re.findall(r"^[2-6]\. [^$]*(\$.*\$)\.$", box, re.MULTILINE)
    assert formulas == [latex for latex, _ in LINES]
    (function,) = ast.parse(inspect.getsource(rules.adam)).body
    assert [ast.unparse(line) for line in function.body[1:]] == [code for _, code in LINES]


def decimal(x):
    """A fraction, to as many digits as the context has."""
    return Decimal(x.numerator) / Decimal(x.denominator)


def independent(gradients, w, lr, beta1, beta2, eps, digits=60):
    """Algorithm 1 in plain Python: averages written out as sums in fractions, roots in decimals of many digits."""
    b1, b2 = Fraction(beta1), Fraction(beta2)
    with localcontext() as context:
        context.prec = digits
        place = decimal(Fraction(w))
        for t in range(1, len(gradients) + 1):
            past = [Fraction(g) for g in gradients[:t]]
            m = sum((1 - b1) * b1 ** (t - s) * g for s, g in enumerate(past, 1)) / (1 - b1**t)
            v = sum((1 - b2) * b2 ** (t - s) * g * g for s, g in enumerate(past, 1)) / (1 - b2**t)
            below = decimal(v).sqrt() + decimal(Fraction(eps))
            place -= decimal(Fraction(lr)) * decimal(m) / below if below else 0
        return float(place)


@pytest.mark.parametrize(("beta1", "beta2", "eps"), [(0.9, 0.999, 1e-8), (0.5, 0.75, 0.0), (0.0, 0.9, 0.1), (0.99, 0.9, 1e-8)])
def test_an_independent_implementation_agrees(beta1, beta2, eps):
    gradients = np.random.default_rng(0).normal(size=30) * np.random.default_rng(1).integers(0, 2, size=30)
    run = play(optimizer(rules.adam, lr=0.1, beta1=beta1, beta2=beta2, eps=eps), gradients, 0.5)
    assert run.w == pytest.approx(independent(gradients.tolist(), 0.5, 0.1, beta1, beta2, eps), rel=1e-12)


def test_steps_by_hand(page):
    assert [row[5] for row in page["hand"]] == [-1, Fraction(-1, 3), Fraction(-13, 21)]
    assert page["run"] is not None
    with pytest.raises(AssertionError):
        page["by_hand"]([1, 2], Fraction(1, 2), Fraction(3, 4))


@given(st.floats(1e-100, 1e100), st.booleans(), st.floats(0, 0.999), st.floats(0, 0.9999))
def test_the_first_step_is_a_sign(g, negative, beta1, beta2):
    g = -g if negative else g
    new, _, _ = rules.adam(0.0, g, 0.0, 0.0, 1.0, lr=0.5, beta1=beta1, beta2=beta2, eps=0.0)
    assert new == pytest.approx(-0.5 * math.copysign(1, g), rel=1e-9)


class Counted(float):
    """A number that counts the operations that are done with it."""

    done = 0

    def _count(name):
        def method(self, other):
            Counted.done += 1
            return Counted(getattr(float, name)(self, float(other)))

        return method

    __add__, __radd__, __sub__, __rsub__ = map(_count, ("__add__", "__radd__", "__sub__", "__rsub__"))
    __mul__, __rmul__, __truediv__, __pow__ = map(_count, ("__mul__", "__rmul__", "__truediv__", "__pow__"))


def test_the_state_is_two_numbers_a_coordinate_and_the_work_is_fixed():
    state = optimizer(rules.adam, lr=0.1).init(np.zeros(1000))
    assert sum(np.size(x) for x in state) == 2 * 1000 + 1
    spent = []
    for t in (1.0, 7.0, 1000.0):
        Counted.done = 0
        rules.adam(Counted(1), Counted(2), Counted(3), Counted(4), t, lr=0.1)
        spent.append(Counted.done)
    assert len(set(spent)) == 1 and spent[0] < 25


# ------------------------------------------------------------------------------------------------------------------ the cap


@given(GRADIENTS, RATES, RATES)
def test_no_sequence_exceeds_the_cap(gradients, beta1, beta2):
    caps = np.array([cap(t, beta1, beta2) for t in range(1, len(gradients) + 1)])
    assert np.all(np.abs(steps(gradients, beta1, beta2)) <= caps * (1 + 1e-9))


@given(st.integers(1, 60), RATES, RATES)
def test_an_adversary_does_not_exceed_the_cap(T, beta1, beta2):
    """Each gradient answers the averages so far as well as it can (exr-best-answer)."""
    m = v = 0.0
    for t in range(1, T + 1):
        g = (1 - beta1) * beta2 * v / ((1 - beta2) * beta1 * m) if m else 1.0
        if not 1e-60 < g < 1e60:
            break
        _, m, v = rules.adam(0.0, g, m, v, float(t), lr=1.0, beta1=beta1, beta2=beta2, eps=0.0)
        r = m / (1 - beta1**t) / math.sqrt(v / (1 - beta2**t))
        assert r <= cap(t, beta1, beta2) * (1 + 1e-9)
        assert r == pytest.approx(cap(t, beta1, beta2), rel=1e-9)  # and it is reached


@pytest.mark.parametrize(
    "beta1, beta2", [(0.9, 0.999), (0.9, 0.99), (0.99, 0.999), (0.5, 0.9), (0.9, 0.5), (0.9, 0.81), (0.8, 0.8)]
)
def test_growing_gradients_attain_the_cap_at_every_step(page, beta1, beta2):
    found = steps([(beta2 / beta1) ** t for t in range(1, 201)], beta1, beta2)
    np.testing.assert_allclose(found, page["K"](np.arange(1, 201), beta1, beta2), rtol=1e-9)
    some = [1, 2, 3, 10, 50, 120]
    np.testing.assert_allclose(found[np.array(some) - 1], [cap(t, beta1, beta2) for t in some], rtol=1e-10)


def test_with_beta1_zero_silence_attains_it():
    assert steps([0.0] * 49 + [2.0], 0.0, 0.999)[-1] == pytest.approx(cap(50, 0.0, 0.999), rel=1e-12)


def test_figures_of_the_cap(page):
    K, kappa = page["K"], page["kappa"]()
    assert [round(K(t), 4) for t in (1, 2, 100, 1000, 10_000)] == [1.0, 1.0014, 2.2434, 5.7812, 7.2701]
    assert kappa == pytest.approx(7.2703, abs=5e-5)
    t = np.arange(1, 20_001)
    assert np.all(np.diff(K(t)) > -1e-13) and np.all(K(t[:10_000]) < kappa)
    rho = 0.81 / 0.999
    assert np.all(kappa**2 - K(t) ** 2 <= kappa**2 / 0.01 * (0.999**t + rho**t) + 1e-9)
    assert np.all(K(t, 0.9, 0.8) >= 0.1 * np.sqrt(t))  # rho > 1: no cap for all steps
    np.testing.assert_array_equal(np.round(K(t[:100], 0.9, 0.9), 12), 1.0)


def test_the_caps_of_the_paper_are_exceeded(page):
    """Section 2.1: in each of its three cases a sequence exceeds what is stated."""
    beyond = {
        (0.9, 0.999): 0.1 / math.sqrt(0.001),  # (1 - beta1) > sqrt(1 - beta2)
        (0.99, 0.999): 1.0,  # otherwise
        (0.9, 0.99): 1.0,  # equality: "below 1"
    }
    for (beta1, beta2), stated in beyond.items():
        found = steps([(beta2 / beta1) ** min(t, 2500) for t in range(1, 2501)], beta1, beta2)
        assert found.max() > 1.5 * stated
    sizes = page["measured"]["1 paragraph a step"]
    assert np.sum(sizes > 10**0.5) == 9 and 3.5 < sizes.max() < page["kappa"]()
    assert 0.17 < np.mean(sizes > 1) < 0.2
    assert page["measured"]["32 a step"].max() < 10**0.5


def test_who_exceeds_the_stated_cap_came_again_soon(page):
    text, W, last = page["text"], np.zeros(page["text"].d), {}
    m, v, waits = np.zeros(text.d), np.zeros(text.d), []
    for t in range(1, 6001):
        g = np.zeros(text.d)
        _, rows, G = text.example(W, page["order"][t - 1])
        g[rows] = G
        before = W
        W, m, v = rules.adam(W, g, m, v, float(t), lr=0.01, eps=0.0)
        waits += [t - last[i] for i in rows if abs(before[i] - W[i]) > 0.01 * 10**0.5]
        last |= dict.fromkeys(rows.tolist(), t)
    assert len(waits) == 9 and max(waits) <= 14


def test_the_step_is_within_alpha_only_for_equal_rates():
    assert max(steps([1.0, 1.0, 2.0, 3.0], 0.8, 0.8)) <= 1 + 1e-12
    assert steps([1.0, 1.11], 0.9, 0.999)[-1] > 1.001


def test_reach(page):
    """How far a weight can get, and how soon it can have gone a distance (exr-reach, exr-within-alpha)."""
    reach = page["reach"]
    assert reach[999] == pytest.approx(4228.5, abs=0.1) and reach[1130] < 5000 <= reach[1131]
    grown = steps([(0.999 / 0.9) ** t for t in range(1, 1133)])
    assert grown.sum() == pytest.approx(reach[1131], rel=1e-9)  # one sequence attains all the caps
    beta2 = (7.23 + math.sqrt(7.23**2 - 16 * 3.24)) / 8
    assert beta2 == pytest.approx(0.9860, abs=5e-5) and page["kappa"](0.9, beta2) == pytest.approx(2, rel=1e-12)


# -------------------------------------------------------------------------------------------------------------- lone gradients


@pytest.mark.parametrize("n", [0, 1, 11, 300, 5000])
@pytest.mark.parametrize("x", [1e-5, -3.0])
def test_lone_gradients(page, n, x):
    found = steps([0.0] * n + [x] + [0.0] * 30)[n:] * math.copysign(1, x)
    np.testing.assert_allclose(found, page["lone"](n, np.arange(31)), rtol=1e-9)


def test_figures_of_silence(page):
    lone, n = page["lone"], page["n"]
    assert lone(n).argmin() == 11 and lone(n).min() == pytest.approx(0.481, abs=5e-4)
    assert np.flatnonzero(lone(n) > 1)[0] == 105
    assert page["echo"] == pytest.approx(page["closed"], rel=1e-9) and page["closed"] == pytest.approx(31.766, abs=1e-3)
    assert 0.89 < 1 - lone(10**5) / page["closed"] < 0.91  # "nine tenths come after the gradient"


# ------------------------------------------------------------------------------------------------------------------- symmetries


def test_scale(page):
    G = np.random.default_rng(5).normal(size=(50, 3))
    D = np.array([2.0**-10, 1.0, 2.0**20])
    for eps, same in ((0.0, True), (1e-3, False)):
        o = optimizer(rules.adam, lr=0.1, eps=eps)
        plain, scaled = (play(o, gradients, np.zeros(3)).w for gradients in (G, G * D))
        assert np.array_equal(plain, scaled) is same  # powers of two: exact
    o = optimizer(rules.adam, lr=0.1, eps=1e-3)
    theirs = play(optimizer(rules.adam, lr=0.1, eps=1e-3 / D), G, np.zeros(3)).w
    np.testing.assert_allclose(play(o, G * D, np.zeros(3)).w, theirs, rtol=1e-9)


def test_parameters_and_rotations_are_seen(page):
    np.testing.assert_allclose(page["in_w"][1], page["in_y"][1], rtol=1e-9)
    assert page["in_w"][0] < 0.6 < 0.9 < page["in_y"][0]
    walks = page["walks"]
    assert np.abs(walks["sgd"]["aligned"] - walks["sgd"]["turned"]).max() < 1e-12
    assert np.abs(walks["adam"]["aligned"] - walks["adam"]["turned"]).max() > 0.5
    np.testing.assert_allclose(walks["adam"]["aligned"][:100, 0], walks["adam"]["aligned"][:100, 1], rtol=1e-9)  # the diagonal


def test_two_epsilons():
    g, eps = np.random.default_rng(6).normal(size=200), 1e-2
    w = {"paper": 0.0, "second": 0.0, "constant": 0.0}
    m = v = 0.0
    for t, x in enumerate(g, start=1):
        w["paper"], m, v = rules.adam(w["paper"], x, m, v, float(t), lr=0.1, eps=eps)
        rate = 0.1 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w["second"] -= rate * m / (math.sqrt(v) + eps * math.sqrt(1 - 0.999**t))
        w["constant"] -= rate * m / (math.sqrt(v) + eps)
    assert w["paper"] == pytest.approx(w["second"], rel=1e-11)
    assert abs(w["constant"] / w["paper"] - 1) > 0.01


def test_epsilon_is_about_small_sizes_and_not_about_small_deviations():
    """A constant gradient has the standard deviation 0, and no trouble; zero gradients leave 0/0."""
    assert steps([3.0] * 20, eps=0.0).tolist() == pytest.approx([1.0] * 20)
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.float64(0.0) / np.sqrt(np.float64(0.0)))
    assert steps([0.0, 0.0, 1.0], eps=0.0)[:2].tolist() == [0.0, 0.0]  # ratio settles it


# -------------------------------------------------------------------------------------------------------------- signal and noise


def test_the_floor(page):
    for snr, (root, error) in page["noisy"].items():
        limit = snr / math.sqrt(1 + snr**2)
        assert root > limit
        guess = math.sqrt((snr**2 + 0.1 / 1.9) / (1 + snr**2))  # the quotient of two means
        assert root == pytest.approx(guess, rel=0.04)
        assert error < 0.002
    assert page["floor"] == pytest.approx(0.2294, abs=5e-5)
    assert page["sizes"](0.0)[0] == pytest.approx(page["floor"], rel=0.02)
    assert page["step"][-100:].mean() == pytest.approx(0.22, abs=0.02)  # the noisy run, at its end
    assert page["step"][999] < 0.2


def test_the_ratio_goes_to_zero_without_noise():
    o = optimizer(rules.adam, lr=0.01, eps=0.0)
    w = play(o, lambda t, w: (0.0, w), 3.0, 2000, record=("w",))["w"]
    assert abs(w[-1]) < 1e-10 and abs(w[-1] - w[-2]) < 1e-10


def test_the_second_average_is_no_variance():
    """Constant gradients: v_hat is their square, and their variance is 0."""
    _, _, v = rules.adam(0.0, 10.0, 0.0, 0.0, 1.0, lr=0.1)
    assert v / (1 - 0.999) == pytest.approx(100.0) and np.var([10.0]) == 0


# ------------------------------------------------------------------------------------------------------------------- the sources


def test_the_sign_of_the_lecture_notes_climbs():
    """m_t = beta1 m_{t-1} - (1 - beta1) g_t and then a minus before the step: away from the minimum of w^2 / 2."""
    w, m, v = 1.0, 0.0, 0.0
    for t in range(1, 101):
        g = w
        m = 0.9 * m - 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w -= 0.01 * (m / (1 - 0.9**t)) / math.sqrt(v / (1 - 0.999**t))
    assert w > 1.9


def test_missing_brackets_climb_by_epsilon():
    """alpha * m_hat / sqrt(v_hat) + eps_hat: with zero gradients ever after, the parameter drifts by the constant."""
    w = 0.0
    for _ in range(10):
        w -= 0.01 * 0.0 + 1e-8
    assert w == pytest.approx(-1e-7)


def test_one_update_with_two_ways_to_count():
    """theta_t from theta_{t-1} with g_t at theta_{t-1}, and theta_{t+1} from theta_t with g_t at theta_t."""
    paths = []
    for first in (0, 1):
        theta, m, v = {first: 1.0}, 0.0, 0.0
        for t in range(1, 21):
            now = t - 1 + first
            theta[now + 1], m, v = rules.adam(theta[now], 3 * theta[now], m, v, float(t), lr=0.1)
        paths.append(list(theta.values()))
    assert paths[0] == paths[1]


def test_sampling_uniformly_has_the_mean_gradient_and_otherwise_not():
    gradients, chances = np.array([1.0, 2.0, 6.0]), np.array([0.5, 0.3, 0.2])
    assert np.full(3, 1 / 3) @ gradients == pytest.approx(gradients.mean())
    assert abs(chances @ gradients - gradients.mean()) > 0.5


class Product(np.ndarray):
    """An array that counts the multiplications of its matrix products."""

    done = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [np.asarray(x) for x in inputs]
        if ufunc is np.matmul:
            Product.done += plain[0].shape[0] * plain[0].shape[1] * plain[1].shape[-1]
        if out is not None:
            options["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        return result.view(Product) if isinstance(result, np.ndarray) else result


def test_a_gradient_costs_at_most_three_evaluations():
    network, rng = Network((20, 30, 10)), np.random.default_rng(0)
    w, X, y = network.init(rng).view(Product), rng.normal(size=(8, 20)).view(Product), rng.integers(10, size=8)
    network.forward(w, X)
    forward, Product.done = Product.done, 0
    network.loss_and_gradient(w, X, y)
    assert forward == 8 * (20 * 30 + 30 * 10) and forward < Product.done <= 3 * forward


# -------------------------------------------------------------------------------------------------------------------- figures


def test_figures_draw_what_they_return():
    t = np.array([1, 10, 100])
    data, axes = plots.caps({"a": (t, t / 100), "b": (t, t / 200)}, {"one": 1.0}, np.array([0.25, 0.5, 1.0]))
    assert axes[0].lines[0].get_ydata().tolist() == [0.01, 0.1, 1.0] and axes[0].lines[0].get_color() == color("adam")
    segments = axes[1].collections[0].get_segments()
    assert [s[1].tolist() for s in segments] == [[2, 0.25], [1, 0.5], [0, 1.0]] and data["gradients"][-1] == 1

    n, k = np.arange(4), np.arange(3)
    data, axes = plots.silence(n, n + 0.5, k, 1.0 / (k + 1), {"one": 1.0})
    assert axes[0].lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert [bar.get_height() for bar in axes[1].patches] == data["after"].tolist()

    data, axes = plots.ratios({"x": np.array([3.0, 1.0]), "y": np.array([2.0, 1.0])}, {"one": 1.0})
    assert data["x"][0].tolist() == [1.0, 3.0] and data["x"][1].tolist() == [1.0, 0.5]
    assert axes.lines[0].get_xdata().tolist() == [1.0, 3.0]

    snr, size = np.array([0.1, 0.5, 1.0, 2.0]), {0.1: 0.25, 1.0: 0.7}
    data, axes = plots.signal(snr, snr / 2, size, dict.fromkeys(size, 0.01), 0.23)
    assert axes.lines[0].get_ydata().tolist() == [0.05, 0.25, 0.5, 1.0] and data["size"] == size

    points = np.array([[1.0, 1.0], [0.5, 0.5]])
    data, axes = plots.paths(np.diag([1.0, 20.0]), {"x": ("adam", "-", points, 1, {})}, (1, 1))
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), data["x"])


def test_the_figure_of_the_cap(page):
    (t, K), (_, other) = page["caps"]["curves"].values()
    np.testing.assert_allclose(K[:3], [cap(s, 0.9, 0.999) for s in t[:3]], rtol=1e-12)
    assert K[-1] < page["kappa"]() and other[-1] == pytest.approx(2.345, abs=1e-3)
    growth = page["caps"]["gradients"]
    np.testing.assert_allclose(growth[1:] / growth[:-1], 0.999 / 0.9)
