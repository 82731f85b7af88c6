"""Checks that decide claims of the lecture notes on AdaGrad and Adam (`book/claims/cutkosky-notes9.toml`).

Where a claim is wrong as printed, its check shows that the printed form fails and that the corrected one holds. Further
counterexamples to these notes are in `test_claims`, and in the tests of the chapters that teach the matter.
"""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st

from lecture_optim import corpus, rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import logistic
from lecture_optim.projections import ball, box

BETA = Fraction(9, 10)
BETAS = st.fractions(0, Fraction(99, 100), max_denominator=100)
NUMBERS = st.lists(st.integers(-9, 9), min_size=1, max_size=8)


# ------------------------------------------------------------------------------------------- section 1: gradients and their rate


WORDS = st.lists(st.integers(0, 3), min_size=3, max_size=3)
WEIGHTS = st.lists(st.floats(-5, 5), min_size=3, max_size=3)


@given(WORDS, WEIGHTS, st.sampled_from([-1.0, 1.0]))
@example([1, 0, 0], [-0.3, 0.0, 0.0], 1.0)
def test_the_sign_is_right_exactly_where_the_loss_is_below_ln_2(x, w, y):
    loss, score = logistic([x], [y]).loss(np.array(w)), float(np.dot(w, x))
    if abs(score) > 1e-9:
        assert (np.sign(score) == y) == (loss < math.log(2))


@given(WORDS, WEIGHTS)
def test_the_loss_is_minus_the_log_of_a_probability(x, w):
    """exp(-loss) of the two labels: they add up to 1, and their odds are e^<w, x>."""
    one, other = (math.exp(-logistic([x], [y]).loss(np.array(w))) for y in (1.0, -1.0))
    assert one + other == pytest.approx(1, rel=1e-12)
    assert math.log(one) - math.log(other) == pytest.approx(float(np.dot(w, x)), rel=1e-9, abs=1e-9)


@pytest.fixture(scope="module")
def paragraphs():
    return corpus.load()


def test_most_words_are_rare_and_many_paragraphs_hold_one_that_does_not_return(paragraphs):
    text, ahead = paragraphs.subset(np.random.default_rng(0).permutation(len(paragraphs))), 1000
    assert np.median(text.counts) <= 3 and (text.counts > 0.01 * len(text)).mean() < 0.03
    following, lone = np.full(text.d, len(text) + ahead), 0
    for i in reversed(range(len(text))):
        lone += i < len(text) - ahead and np.any(following[text.row(i)] - i > ahead)
        following[text.row(i)] = i
    assert lone / (len(text) - ahead) > 2 / 3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_some_rare_words_tell_the_authors_apart(paragraphs, seed):
    """Words of 8 to 63 paragraphs, all by one package: its unseen files hold them several times as often as the other's."""
    train, test = paragraphs.split(seed)
    by_numpy = np.repeat(train.labels > 0, np.diff(train.indptr))
    plus, rare = np.bincount(train.indices, weights=by_numpy, minlength=train.d), (train.counts >= 8) & (train.counts < 64)
    for label, least, words in ((1.0, 10, rare & (plus == train.counts)), (-1.0, 3, rare & (plus == 0))):
        holds = np.array([words[test.row(i)].any() for i in range(len(test))])
        assert holds[test.labels == label].mean() > least * holds[test.labels != label].mean()


def test_the_gradients_of_the_examples_average_to_that_of_the_loss():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.choice([-1.0, 1.0], 20)
    f, w = logistic(x, y), rng.normal(size=3)
    single = np.array([f.gradient(w, [i]) for i in range(20)])
    np.testing.assert_allclose(single.mean(0), f.gradient(w), rtol=1e-12)
    chances = np.arange(1, 21) / 210  # not uniform: another mean
    assert np.abs(chances @ single - f.gradient(w)).max() > 0.01


@pytest.mark.parametrize("k", [2.0, 8.0])
def test_a_rate_in_proportion_to_r_has_the_wrong_unit(k):
    """All features times k: with the rate over k^2 the predictions are the same; with the printed rate, times k, they are not."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.choice([-1.0, 1.0], 40)

    def scores(scale, lr):
        f = logistic(scale * x, y)
        o = optimizer(rules.sgd, lambda t: lr / math.sqrt(t))
        return scale * x @ play(o, lambda t, w: (0.0, f.gradient(w, [t - 1])), np.zeros(3), 40).w

    plain = scores(1.0, 0.1)
    np.testing.assert_allclose(scores(k, 0.1 / k**2), plain, rtol=1e-12)
    assert np.abs(scores(k, 0.1 * k) - plain).max() > 0.5


def test_one_rate_for_all_coordinates_or_one_for_each():
    """A step over its gradient: the same number in every coordinate, or the coordinate's own."""
    g = np.array([[1.0, -2.0, 4.0], [2.0, 2.0, -2.0]])
    for rule, same in ((rules.sgd, True), (rules.adagrad, False)):
        run = play(optimizer(rule, 0.5), g, np.zeros(3), record=("w",))
        rates = (run["w"][-1] - run.w) / g[-1]
        assert (np.ptp(rates) < 1e-12) == same
    np.testing.assert_allclose(rates, 0.5 / np.sqrt((g**2).sum(0)), rtol=1e-12)


def test_the_mean_of_squares_is_the_second_moment():
    """Gradients 1 and 3 with equal chances, drawn many times: S_t / t is 5, where the variance is 1 and the squared mean 4."""
    g = np.random.default_rng(7).choice([1.0, 3.0], 20_000)
    per_step = play(optimizer(rules.adagrad, 1e-3), g, 0.0).state.s / 20_000
    error = 4 / math.sqrt(20_000)  # the squares are 1 and 9, so their standard deviation is 4
    assert abs(per_step - (1 + 4)) < 3 * error and abs(per_step - 1) > 100 * error


def test_the_index_under_the_sum_has_to_run():
    """t times the last squared norm, as printed, is not the sum of them; the rule divides by the root of the sum."""
    g = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]])
    squares = (g**2).sum(1)
    w = play(optimizer(rules.adagrad_norm, 1.0), g, np.zeros(2), record=("w",))
    last = w["w"][-1] - w.w
    np.testing.assert_allclose(last, g[-1] / math.sqrt(squares.sum()), rtol=1e-12)
    assert np.abs(last - g[-1] / math.sqrt(3 * squares[-1])).max() > 0.1


def test_the_colon_adds_squares():
    """g_{1:t}^2[i] is a sum of squares, as the rule keeps it, and not the square of the sum g_{1:t}[i]."""
    g = np.array([[3.0, 1.0], [-4.0, 1.0], [0.0, 2.0]])
    o = optimizer(rules.adagrad, 1.0)
    state = play(o, g, np.zeros(2)).state
    assert state.s.tolist() == [25.0, 6.0] == (g**2).sum(0).tolist() != (g.sum(0) ** 2).tolist()
    assert (g**2).sum() == (g**2).sum(1).sum() == 31  # the squared norms add up to the same as the coordinates


def test_the_rate_in_the_short_notation():
    """A start of epsilon^2 for the sum gives the rate c / sqrt(epsilon^2 + g_{1:t}^2[i]); epsilon beside the root does not."""
    g, c, eps = np.array([[3.0, 0.1], [-4.0, 0.2]]), 0.5, 0.3
    expected = np.zeros(2)
    for t in (1, 2):
        expected -= c * g[t - 1] / np.sqrt(eps**2 + (g[:t] ** 2).sum(0))
    o = optimizer(rules.adagrad, c)
    w, state = np.zeros(2), o.init(np.zeros(2), s=np.full(2, eps**2))
    for x in g:
        w, state = o.update(w, x, state)
    np.testing.assert_allclose(w, expected, rtol=1e-12)
    assert np.abs(play(optimizer(rules.adagrad, c, eps=eps), g, np.zeros(2)).w - expected).max() > 0.01


# ---------------------------------------------------------------------------------------------------- section 1: Theorems 2 and 3


@pytest.mark.parametrize(("project", "norm"), [(ball(1.0), np.linalg.norm), (box(-1.0, 1.0), lambda w: np.abs(w).max())])
def test_the_projection_takes_the_whole_step(project, norm):
    """Read without brackets the projection takes w_t alone, and the next point is outside."""
    w, step = np.array([0.8, 0.6]), np.array([-1.0, 0.5])
    assert norm(project(w - step)) <= 1 + 1e-12 < norm(project(w) - step)


def test_both_theorems_need_a_start_in_the_set_and_fair_draws():
    """In one dimension the theorems are one. L(w) = w on [-1, 1]: from 3, or with draws without a gradient, the bound fails."""

    def excess_and_bound(start, gradients):
        w = play(optimizer(rules.adagrad, math.sqrt(2), project=box(-1.0, 1.0)), gradients, start, record=("w",))["w"]
        return (w[: len(gradients)] + 1).sum(), 2 * math.sqrt(2) * math.sqrt((gradients**2).sum())

    for start, gradients, holds in ((3.0, np.ones(1), False), (1.0, np.zeros(5), False), (1.0, np.ones(5), True)):
        excess, bound = excess_and_bound(start, gradients)
        assert (excess <= bound) == holds


def test_the_largest_squared_distance_in_the_box():
    D = Fraction(3)
    grid = [Fraction(k, 4) * D for k in range(-4, 5)]
    largest = max((x - u) ** 2 for x, u in product(grid, grid))
    assert largest == 4 * D**2 > D**2


def test_the_integral_is_twice_the_root():
    x, S = sp.symbols("x S", positive=True)
    value = sp.integrate(1 / sp.sqrt(x), (x, 0, S))
    assert sp.simplify(value - 2 * sp.sqrt(S)) == 0
    assert sp.simplify(value - sp.sqrt(2 * S)) != 0


@given(st.lists(st.integers(-9, 9).filter(bool), min_size=1, max_size=9), st.sampled_from([0.25, 1.0, math.sqrt(2), 5.0]))
def test_the_constant_is_lost_before_the_sum(g, c):
    """The sum of eta_t g_t^2 of the printed rates is c times the printed sum of ratios, and at most c times the integral."""
    S = np.cumsum(np.square(g))
    left, printed = (c / np.sqrt(S) * np.square(g)).sum(), (np.square(g) / np.sqrt(S)).sum()
    assert left == pytest.approx(c * printed, rel=1e-12)
    assert (left == pytest.approx(printed, rel=1e-9)) == (c == 1)
    assert left <= c * 2 * math.sqrt(S[-1]) * (1 + 1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
@example([0.0, -3.0])
def test_the_infinity_norm_is_never_larger(w):
    largest, euclidean = np.abs(w).max(), float(np.hypot.reduce(w))
    assert largest <= euclidean * (1 + 1e-12)
    if np.count_nonzero(w) <= 1:
        assert largest == euclidean


def test_one_coordinate_is_a_run_of_its_own():
    """AdaGrad on three coordinates is three runs side by side, and each takes its own scale; one shared rate does neither."""
    g, scale = np.random.default_rng(2).normal(size=(30, 3)), np.array([2.0**-10, 1.0, 2.0**10])
    for rule, apart in ((rules.adagrad, True), (rules.adagrad_norm, False)):
        o = optimizer(rule, 0.5)
        together = play(o, g, np.zeros(3)).w
        alone = np.array([play(o, g[:, [i]], np.zeros(1)).w[0] for i in range(3)])
        assert np.array_equal(together, alone) is apart
        assert np.array_equal(play(o, g * scale, np.zeros(3)).w, together) is apart


def test_the_guarantee_is_improved_sometimes():
    """2 sqrt 2 D_inf ||s||_1 against 2 sqrt 2 D_2 ||s||_2: smaller for a solution of equal sizes, larger for one of one entry."""
    s = np.array([4.0, 2.0, 1.0, 1.0])
    for w, better in ((np.ones(4), True), (np.array([1.0, 0.0, 0.0, 0.0]), False)):
        assert (np.abs(w).max() * s.sum() < np.linalg.norm(w) * np.linalg.norm(s)) == better


# --------------------------------------------------------------------------------------------------------- section 2: Algorithm 1


def algorithm(gradient, w, T, *, sign=1, eps=1e-8, own=True, first=True, second=True, lr=0.01):
    """The notes' Algorithm 1 in plain numbers, coordinate by coordinate; its slips are options."""
    w, m, v, d = list(w), [0.0] * len(w), [0.0] * len(w), len(w)
    for t in range(1, T + 1):
        g = gradient(w)
        m = [0.9 * m[i] + sign * 0.1 * g[i] for i in range(d)]
        v = [0.999 * (v[i] if own else sum(v)) + 0.001 * g[i] ** 2 for i in range(d)]
        m_hat = [x / (1 - 0.9**t) if first else x for x in m]
        v_hat = [x / (1 - 0.999**t) if second else x for x in v]
        w = [w[i] - lr * m_hat[i] / (math.sqrt(v_hat[i]) + eps) for i in range(d)]
    return np.array(w)


def bowl(w):
    return [w[0], 20 * w[1], 0.0]


START = (1.0, -0.5, 3.0)


def test_the_lines_of_algorithm_1_are_the_rule():
    """With the sign, the index and the epsilon mended it is the package's Adam; without a correction it is another method."""
    run = play(optimizer(rules.adam, 0.01), lambda t, w: (0.0, np.array(bowl(w))), np.array(START), 50)
    np.testing.assert_allclose(algorithm(bowl, START, 50), run.w, rtol=1e-10)
    for wrong in ({"first": False}, {"second": False}):
        assert np.abs(algorithm(bowl, START, 50, **wrong) - run.w).max() > 0.05


def test_one_sign_has_to_change():
    right, printed = algorithm(bowl, START, 300), algorithm(bowl, START, 300, sign=-1)
    assert np.all(np.abs(right[:2]) < 0.1) and np.all(np.abs(printed[:2]) > np.abs(START[:2]) + 1)


def test_the_average_of_squares_needs_the_coordinate_of_its_own():
    """Where v_{t-1} stands without its coordinate the right side has d entries; read as their sum, coordinates mix."""
    v, g = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0])
    assert np.shape(0.999 * v + 0.001 * g[0] ** 2) == (3,) and np.shape(0.999 * v[0] + 0.001 * g[0] ** 2) == ()
    right, mixed = algorithm(bowl, START, 50), algorithm(bowl, START, 50, own=False)
    assert right[0] == algorithm(lambda w: [w[0]], START[:1], 50)[0] != mixed[0]


def test_a_coordinate_without_gradients_needs_the_epsilon():
    with pytest.raises(ZeroDivisionError):
        algorithm(bowl, START, 1, eps=0.0)
    assert algorithm(bowl, START, 50)[2] == START[2]


def test_adam_holds_its_parts():
    """Each idea alone: no momentum is RMSProp with its average corrected; one size is momentum; coordinates do not meet."""
    g = np.random.default_rng(3).normal(size=(40, 2))
    w = play(optimizer(rules.adam, 0.1, beta1=0.0, eps=0.0), g, np.zeros(2)).w
    rates = optimizer(rules.rmsprop, lambda t: 0.1 * math.sqrt(1 - 0.999**t), beta2=0.999)
    np.testing.assert_allclose(w, play(rates, g, np.zeros(2)).w, rtol=1e-10)

    signs, m, place = np.sign(g[:, 0]), 0.0, 0.0
    for t, x in enumerate(signs, start=1):
        m = 0.9 * m + 0.1 * x
        place -= 0.1 * m / (1 - 0.9**t)
    assert play(optimizer(rules.adam, 0.1, eps=0.0), signs, 0.0).w == pytest.approx(place, rel=1e-10)

    o = optimizer(rules.adam, 0.1)
    together, alone = play(o, g, np.zeros(2)).w, [play(o, g[:, [i]], np.zeros(1)).w[0] for i in range(2)]
    assert together.tolist() == alone


def test_the_second_form_of_momentum_is_not_in_adam():
    g = np.random.default_rng(4).normal(size=40)
    adam, nadam = (play(optimizer(rule, 0.1, eps=0.0), g, 0.0).w for rule in (rules.adam, rules.nadam))
    assert abs(adam - nadam) > 0.01


# ------------------------------------------------------------------------------------------------------ section 2: the correction


@given(NUMBERS, BETAS, st.integers(0, 9))
def test_the_recursion_put_into_itself(g, beta, start):
    v = [Fraction(start)]
    for x in g:
        v.append(beta * v[-1] + (1 - beta) * x**2)
    for t in range(2, len(g) + 1):
        assert v[t] == beta**2 * v[t - 2] + beta * (1 - beta) * g[t - 2] ** 2 + (1 - beta) * g[t - 1] ** 2


def test_only_this_divisor_removes_the_bias():
    """Constant squares: the share 1 - beta^t is what is missing, so only its reciprocal mends it."""
    v = Fraction(0)
    for t in range(1, 9):
        v = BETA * v + (1 - BETA) * 7
        assert v / (1 - BETA**t) == 7 != v
        assert v / (1 - BETA ** (t + 1)) != 7


# -------------------------------------------------------------------------------------------- section 2.1: momentum as averaging

# Two places, equally likely, with the gradients 1 and 5 of the loss; the noise is +-1, or at the second place 3 or -1.
PLACES = [  # chance, gradient of the loss, gradient that is drawn
    (Fraction(1, 4), 1, 2), (Fraction(1, 4), 1, 0), (Fraction(1, 8), 5, 8), (Fraction(3, 8), 5, 4),
]  # fmt: skip


def test_the_noise_has_mean_zero_where_the_gradient_is_unbiased():
    for place in (1, 5):
        chance = sum(p for p, mean, _ in PLACES if mean == place)
        assert sum(p * (g - mean) for p, mean, g in PLACES if mean == place) / chance == 0
    biased = [(p, mean, g + 1) for p, mean, g in PLACES]
    assert sum(p * (g - mean) for p, mean, g in biased) == 1


def test_the_noise_is_at_most_the_variance():
    """The squared noise is the variance at a known place; over random places the variance is larger by that of the gradient."""
    mean = sum(p * g for p, _, g in PLACES)
    variance = sum(p * (g - mean) ** 2 for p, _, g in PLACES)
    noise = sum(p * (g - place) ** 2 for p, place, g in PLACES)
    of_places = sum(p * (place - mean) ** 2 for p, place, _ in PLACES)
    assert (noise, of_places, variance) == (2, 4, 6)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=8), BETAS.filter(bool))
def test_the_average_is_the_gradient_plus_the_averaged_noise(r, beta):
    t, gradient = len(r), Fraction(3)
    weights = [beta ** (t - 1 - s) for s in range(t)]
    noise = sum(w * x for w, x in zip(weights, r, strict=True)) / sum(weights)

    def average(gradients):
        m = Fraction(0)
        for g, x in zip(gradients, r, strict=True):
            m = beta * m + (1 - beta) * (g + x)
        return m / (1 - beta**t)

    assert average([gradient] * t) == gradient + noise
    drifting = [gradient + s - (t - 1) for s in range(t)]  # it ends at the same gradient
    assert average(drifting) < gradient + noise


def share(beta, t):
    """Var m_hat_t / sigma^2 for uncorrelated noise: the sum of the squared weights."""
    weights = [beta**k for k in range(t)]
    return sum(w * w for w in weights) / sum(weights) ** 2


def test_how_far_the_variance_falls():
    assert Fraction(1, 19) < share(BETA, 60) < Fraction(1, 18)
    assert share(BETA, 1) == 1 and share(BETA, 2) > Fraction(1, 2)  # not at the start


def test_the_batch_is_nearly_twice_n():
    for N in (2, 10, 50):
        variance = share(Fraction(N - 1, N), 20 * N)
        assert float(variance) == pytest.approx(1 / (2 * N - 1), rel=1e-6)
        assert abs(float(variance) * N - 1) > 0.3  # 1/N is off by a third at N = 2, and by half in the limit


# --------------------------------------------------------------------------------------------- section 2.2: failure to converge


def test_it_is_squares_that_are_averaged():
    """Gradients +1 and -1: their average is near 0, and v_hat is 1."""
    g = (-1.0) ** np.arange(1000)
    v = plain = 0.0
    for x in g:
        _, plain, v = rules.adam(0.0, x, plain, v, 1.0, lr=0.1, beta1=0.999)
    assert v / (1 - 0.999**1000) == pytest.approx(1.0, rel=1e-9)
    assert abs(plain) / (1 - 0.999**1000) < 0.01


def test_the_rate_of_adagrad_falls_by_itself_and_that_of_adam_does_not():
    """Gradients of size 1: the effective rate of AdaGrad is c / sqrt t, that of Adam without momentum is always its rate."""
    g = np.random.default_rng(5).choice([-1.0, 1.0], 400)
    sizes = {}
    for rule, hyper in ((rules.adagrad, {}), (rules.adam, {"beta1": 0.0, "eps": 0.0})):
        run = play(optimizer(rule, 0.3, **hyper), g, 0.0, record=("w",))
        sizes[rule] = np.abs(np.diff([*run["w"], run.w]))
    np.testing.assert_allclose(sizes[rules.adagrad], 0.3 / np.sqrt(np.arange(1, 401)), rtol=1e-9)
    np.testing.assert_allclose(sizes[rules.adam], 0.3, rtol=1e-9)


def test_a_constant_rate_does_not_settle_and_a_falling_one_does():
    """Mean gradient w, drawn as +-1 (with the chances that w asks for): Adam without momentum keeps walking by its rate."""
    rng = np.random.default_rng(6)
    chance = rng.random(6000)

    def draw(t, w):
        return 0.0, 1.0 if chance[t - 1] < (1 + np.clip(w, -1, 1)) / 2 else -1.0

    ends = {}
    for name, rate in (("constant", 0.3), ("falling", lambda t: 0.3 / math.sqrt(t))):
        w = play(optimizer(rules.adam, rate, beta1=0.0, eps=0.0), draw, 0.8, 6000, record=("w",))["w"][-1500:]
        ends[name] = np.sqrt(np.mean(w**2))
    assert ends["constant"] > 0.25 and ends["falling"] < 0.05
