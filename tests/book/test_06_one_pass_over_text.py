"""The chapter on one pass over text: its statements by enumeration or against the package, its figures against other sums."""

import math
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.online import one_pass, play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.sparse_gradients import one_pass as plots
from lecture_optim.problems import logistic
from lecture_optim.rules import adagrad, adam, sgd

METHODS = list(plots.METHODS)


# ---------------------------------------------------------------- the loss and its units

VECTORS = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)


@given(x=VECTORS, w=VECTORS, u=VECTORS, y=st.sampled_from([-1.0, 1.0]))
def test_smoothness_holds_between_any_two_points(x, w, u, y):
    f, bound = logistic([x], [y]), (x @ x) / 4
    assert np.linalg.norm(f.gradient(w) - f.gradient(u)) <= bound * np.linalg.norm(w - u) * (1 + 1e-9) + 1e-12


@given(x=VECTORS.filter(lambda x: x @ x > 0.1), y=st.sampled_from([-1.0, 1.0]))
def test_smoothness_is_met_at_zero(x, y):
    f, w = logistic([x], [y]), 1e-4 * x
    met = np.linalg.norm(f.gradient(w) - f.gradient(0 * x)) / np.linalg.norm(w)
    assert met == pytest.approx((x @ x) / 4, rel=1e-5)


@given(seed=st.integers(0, 10**6), m=st.integers(-3, 3), lr=st.floats(0.01, 2))
def test_weights_scale_with_the_unit(seed, m, lr):
    """Powers of two round nothing, so the two runs agree in every bit; Adam's is the exercise's answer."""
    rng, k = np.random.default_rng(seed), 2.0**m
    x, y = rng.normal(size=(12, 4)), rng.choice([-1.0, 1.0], 12)

    def last(rule, rate, scale, **hyper):
        f = logistic(scale * x, y)
        return play(optimizer(rule, rate, **hyper), lambda t, w: (f.loss(w, [t - 1]), f.gradient(w, [t - 1])), np.zeros(4), 12).w

    for rule, power, hyper in ((sgd, 2, {}), (adagrad, 1, {}), (adam, 1, {"eps": 0.0})):
        np.testing.assert_array_equal(last(rule, lr, 1.0, **hyper), k * last(rule, lr / k**power, k, **hyper))


# ---------------------------------------------------------------- progressive loss

LOSSES = st.lists(st.integers(0, 9), min_size=64, max_size=64)


def learner(table):
    """Any learner at all: a table of losses, looked up by the history and the example that follows."""
    return lambda history, z: Fraction(table[hash((*history, z)) % len(table)])


@given(table=LOSSES, p=st.lists(st.integers(1, 5), min_size=3, max_size=3))
def test_fresh_examples_by_enumeration(table, p):
    T, total = 3, sum(p)
    p, loss = [Fraction(v, total) for v in p], learner(table)

    def expected(history):  # L(w_t)
        return sum(p[z] * loss(history, z) for z in range(3))

    variances, squared = [Fraction(0)] * T, Fraction(0)
    for history in product(range(3), repeat=T):
        weight = math.prod(p[z] for z in history)
        d = [loss(history[:t], history[t]) - expected(history[:t]) for t in range(T)]
        variances = [v + weight * x**2 for v, x in zip(variances, d, strict=True)]
        squared += weight * (sum(d) / T) ** 2
    assert squared == sum(variances) / T**2  # nothing is left of the cross terms
    assert squared <= max(variances) / T


@given(table=LOSSES, n=st.integers(1, 5))
def test_random_order_by_enumeration(table, n):
    loss = learner(table)
    for t in range(n):
        orders = list(permutations(range(n)))
        for past in {order[:t] for order in orders}:
            following = [loss(past, order[t]) for order in orders if order[:t] == past]
            rest = [loss(past, z) for z in range(n) if z not in past]
            assert sum(following) / len(following) == sum(rest) / len(rest)


# ---------------------------------------------------------------- one sighting


def b(t, beta1, beta2):
    return math.sqrt(1 - beta2**t) / (1 - beta1**t)


@given(
    g=st.floats(1e-3, 1).flatmap(lambda g: st.sampled_from([g, -g])),
    t=st.integers(1, 40),
    more=st.integers(0, 40),
    beta1=st.floats(0, 0.95),
    beta2=st.floats(0.5, 0.9999),
    eta=st.floats(0.01, 3),
)
def test_one_sighting_in_the_package(g, t, more, beta1, beta2, eta):
    T = t + more
    stream = np.zeros((T, 1))
    stream[t - 1] = g
    betas = {"beta1": beta1, "beta2": beta2, "eps": 0.0}
    c = (1 - beta1) / math.sqrt(1 - beta2)
    rho = beta1 / math.sqrt(beta2)
    lengths = [
        (optimizer(sgd, lambda s: eta / s), eta / t * abs(g)),
        (optimizer(adagrad, eta), eta),
        (optimizer(adam, eta, **betas), eta * c * sum(rho**j * b(t + j, beta1, beta2) for j in range(more + 1))),
    ]
    for o, length in lengths:
        w = play(o, stream, np.zeros(1)).w[0]
        assert w == pytest.approx(-math.copysign(length, g), rel=1e-9)
    # Masked: another row is seen at all other steps, this one at step t alone.
    o, W = optimizer(adam, eta, **betas), np.zeros(2)
    state = o.init(W)
    for s in range(1, T + 1):
        state = o.step_rows(W, [0 if s == t else 1], np.array([g]), state, masked=True)
    assert W[0] == pytest.approx(-math.copysign(eta * c * b(t, beta1, beta2), g), rel=1e-9)


def test_limits_of_one_sighting():
    c, rho = 0.1 / math.sqrt(0.001), 0.9 / math.sqrt(0.999)
    start, more = 30_000, 600
    total = c * sum(rho**j * b(start + j, 0.9, 0.999) for j in range(more))
    assert c * b(start, 0.9, 0.999) == pytest.approx(c, rel=1e-10) and total == pytest.approx(c / (1 - rho), rel=1e-10)
    assert round(c, 3) == 3.162 and round(c / (1 - rho), 2) == 31.77
    # The exercise: RMSProp's single step, and the same limit at beta1 = 0.
    assert 1 / math.sqrt(0.001) == pytest.approx(31.6, abs=0.05)


def test_once_seen_words_lie_where_they_should(page):
    train = page["splits"][0][0]
    once = np.flatnonzero(train.counts == 1)
    assert np.all(np.abs(page["best_weights"]["AdaGrad"][0][once]) == np.float32(10**-0.5))
    where = {int(word): i + 1 for i in range(len(train)) for word in train.row(i)}
    assert [where[i] for i in once.tolist()] == page["t"].tolist()


def test_weights_of_words_seen_a_few_times(page):
    train, _ = page["splits"][0]
    for times in range(1, 6):
        mean = {}
        group = np.flatnonzero((train.counts == times) & (np.abs(page["side"]) == times))
        for method in METHODS:
            w = page["best_weights"][method][0]
            mean[method] = np.mean(w[group] * np.sign(page["side"][group]))
        low, high = max(mean[m] for m in METHODS[:2]), min(mean["AdaGrad"], mean["Adam dense"])
        assert high > 9 * low and low < mean["Adam masked"] < high


# ---------------------------------------------------------------- the race


def test_a_pass_of_adagrad_by_hand(page):
    (train, _), w, s = page["splits"][0], {}, {}
    for t in range(400):
        row, y = train.row(t).tolist(), float(train.labels[t])
        margin = y * sum(w.get(i, 0.0) for i in row)
        assert page["best_losses"]["AdaGrad"][0][t] == pytest.approx(math.log1p(math.exp(-margin)), rel=2e-4, abs=1e-6)
        g = -y / (1 + math.exp(margin))
        for i in row:
            s[i] = s.get(i, 0.0) + g * g
            w[i] = w.get(i, 0.0) - 10**-0.5 * g / math.sqrt(s[i])


def test_single_precision_shows_no_digit(page):
    """The chosen rates once more in double precision, on the first split: the same errors, paragraph by paragraph."""
    train, test = page["splits"][0]
    for method, (rule, schedule, _, options) in page["race"].items():
        k = page["chosen"][method][0]
        W = np.zeros(train.d)
        loss = one_pass(optimizer(rule, schedule(float(page["rates"][method][k]))), page["problem"](train), W, **options)
        assert loss.mean() == pytest.approx(page["progressive"][method][0, k], abs=2e-5)
        assert page["problem"](test).error(W) == page["error"][method][0]


def test_errors_are_wrong_signs_and_the_choice_is_of_the_training_part(page):
    for method in METHODS:
        for seed, (_, test) in enumerate(page["splits"]):
            loss = page["losses"][method][seed].mean(axis=0)
            assert loss[page["chosen"][method][seed]] == loss.min()
            w = page["best_weights"][method][seed]
            wrong = [np.sign(w[test.row(i)].sum()) != test.labels[i] for i in range(len(test))]
            assert page["error"][method][seed] == pytest.approx(np.mean(wrong), abs=3e-4)  # a last digit may turn one sign
            assert page["hindsight"][method][seed] <= page["error"][method][seed]


def test_what_the_page_says_of_the_race(page):
    error, valleys = page["error"], page["valleys"]
    for method in METHODS:
        assert len(set(page["chosen"][method].tolist())) == 1 and valleys[method]["chosen"] == page["chosen"][method][0]
        np.testing.assert_allclose(valleys[method]["error"], np.mean(page["heldout"][method], axis=0))
        if method != "AdaGrad":
            d = error[method] - error["AdaGrad"]
            share = np.mean([len(test) / len(train) for train, test in page["splits"]])
            ratio = d.mean() / math.sqrt((1 / 5 + share) * sum((d - d.mean()) ** 2) / 4)
            assert d.min() > 0
            assert (ratio > 3) if method.startswith("SGD") else (1.5 < ratio < 3.5)
    for sgd_method in METHODS[:2]:
        shape = [valleys[m]["loss"] / valleys[m]["loss"].min() for m in (sgd_method, "AdaGrad", "Adam dense")]
        assert shape[1][4] > shape[0][4] and shape[2][4] > shape[0][4]  # a decade too high costs them more
    mean = {m: error[m].mean() for m in METHODS}
    assert mean["SGD 1/sqrt t"] < mean["Adam dense"] < mean["SGD constant"]
    hindsight = {m: page["hindsight"][m].mean() for m in METHODS}
    assert abs(hindsight["Adam dense"] - hindsight["Adam masked"]) < 5e-4
    loss = {m: page["progressive"][m].min(axis=1).mean() for m in METHODS}
    assert sorted(loss, key=loss.get)[:2] == ["AdaGrad", "Adam dense"]
    lost = {m: mean[m] - np.mean(page["late"][m]) for m in METHODS}
    assert max(lost, key=lost.get) == "Adam dense" and min(lost, key=lost.get) == "SGD 1/sqrt t" and min(lost.values()) > 0
    flattering, end = np.mean(page["by_paragraph"]), np.mean(page["late"]["AdaGrad"])
    assert flattering < mean["AdaGrad"] - 0.02 and abs(flattering - end) < 0.01


def test_windows_and_their_means(page):
    along = page["along"]
    assert along["edges"][:5].tolist() == [0, 1, 3, 7, 15]
    assert along["edges"][-1] == min(len(train) for train, _ in page["splits"])
    for method in METHODS:
        for k, (low, high) in enumerate(zip(along["edges"][:-1], along["edges"][1:], strict=True)):
            seen = [page["best_losses"][method][seed][low:high].mean() for seed in range(5)]
            assert along[method][k] == pytest.approx(np.mean(seen), rel=1e-9)
    last = {m: along[m][-1] for m in METHODS}
    assert sorted(last, key=last.get) == ["AdaGrad", "Adam dense", "Adam masked", "SGD constant", "SGD 1/sqrt t"]


def test_spread(page):
    for method, s in page["spread"].items():
        e = page["error"][method].tolist()
        mean = sum(e) / 5
        assert s["mean"] == pytest.approx(mean)
        assert s["deviation"] == pytest.approx(math.sqrt(sum((x - mean) ** 2 for x in e) / 4))


# ---------------------------------------------------------------- rare and common words


@given(seed=st.integers(0, 10**6), groups=st.integers(1, 4), shift=st.floats(-5, 5))
def test_score_gap_adds_up(seed, groups, shift):
    rng = np.random.default_rng(seed)
    x, w, band = rng.integers(0, 2, (12, 7)).astype(float), rng.normal(size=7), rng.integers(0, groups, 7)
    y = np.repeat([1.0, -1.0], 6)
    scores = x @ w + shift
    parts = [w[band == k] @ (x[y > 0].mean(axis=0) - x[y < 0].mean(axis=0))[band == k] for k in range(groups)]
    assert sum(parts) == pytest.approx(scores[y > 0].mean() - scores[y < 0].mean(), abs=1e-9)


def test_gap_shares_from_scores(page):
    bands = [(1, 8), (8, 64), (64, 512), (512, 10**9)]
    for method in METHODS:
        train, test = page["splits"][1]
        w, n = page["best_weights"][method][1], train.counts
        assert not np.any(w[n == 0])
        gaps = []
        for low, high in bands:
            part = np.where((n >= low) & (n < high), w, 0.0)
            scores = np.array([part[test.row(i)].sum() for i in range(len(test))])
            gaps.append(scores[test.labels > 0].mean() - scores[test.labels < 0].mean())
        np.testing.assert_allclose(page["shares"][method][1], np.array(gaps) / sum(gaps), atol=1e-9)
        np.testing.assert_allclose(page["mean_shares"][method], np.mean(page["shares"][method], axis=0))
    rare = {m: page["mean_shares"][m][:2].sum() for m in METHODS}
    assert min(rare["AdaGrad"], rare["Adam dense"]) > rare["Adam masked"] > rare["SGD constant"] > rare["SGD 1/sqrt t"]


def test_volume_of_rare_words(page):
    """One split, every pair of paragraphs compared."""
    train, test = page["splits"][2]
    for method in ("SGD constant", "AdaGrad"):
        for k in (0, 4, 7):
            w = page["best_weights"][method][2] * np.where(train.counts < 64, page["factors"][k], 1.0)
            scores = np.array([w[test.row(i)].sum() for i in range(len(test))])
            plus, minus = scores[test.labels > 0], scores[test.labels < 0]
            pairs = np.mean(minus[:, None] > plus) + 0.5 * np.mean(minus[:, None] == plus)
            assert page["turned"][method][2, k] == pytest.approx(pairs, abs=1e-6)
    volume = page["volume"]
    assert [volume[m]["best"] for m in METHODS] == pytest.approx([8**0.5, 8**0.5, 1, 2**0.5, 1])
    loud, own = volume["SGD constant"]["misranked"].min(), volume["AdaGrad"]["misranked"][4]
    assert abs(loud - own) < 0.001 < volume["SGD constant"]["misranked"][4] - own
    assert volume["SGD 1/sqrt t"]["misranked"].min() > own + 0.01
    assert page["error"]["AdaGrad"].mean() < np.mean(page["louder"]) < page["error"]["SGD constant"].mean()


def test_early_words_are_loud_under_a_shared_clock(page):
    early = {i for row in range(100) for i in page["splits"][0][0].row(row).tolist()}
    loud = {}
    for method in METHODS:
        w = np.where(page["splits"][0][0].counts < 64, page["best_weights"][method][0], 0.0)
        loud[method] = len(early & set(np.argsort(-np.abs(w))[:50].tolist()))
    assert loud["SGD 1/sqrt t"] > 40 > 20 > max(loud[m] for m in METHODS if m != "SGD 1/sqrt t")


def test_what_the_solutions_say(page):
    norm, error = page["results"], page["error"]  # of the second split
    rates = [lr for _, lr, _ in norm]
    assert rates[0] < min(norm)[1] < rates[-1]
    assert abs(min(norm)[2] - error["SGD 1/sqrt t"][1]) < abs(min(norm)[2] - error["AdaGrad"][1])
    assert 0.3 * page["all_words"] < page["lead"] < 0.7 * page["all_words"]


def test_common_words_only(page):
    train, _ = page["splits"][0]
    keep = train.counts >= 64
    part = page["only"](train, keep)
    rows = [[i for i in train.row(k).tolist() if keep[i]] for k in range(len(train))]
    full = [k for k, row in enumerate(rows) if row]
    assert len(part) == len(full) and part.labels.tolist() == train.labels[full].tolist()
    assert all(part.row(j).tolist() == rows[k] for j, k in enumerate(full))


# ---------------------------------------------------------------- what is drawn is what is returned


def test_drawn_is_returned():
    two = {"AdaGrad": np.array([[1.0, 0.5, 0.7], [0.8, 0.3, 0.9]]), "SGD constant": np.array([[0.6, 0.4, 0.3], [0.6, 0.4, 0.5]])}
    rates = dict.fromkeys(two, np.array([0.1, 1.0, 10.0]))
    data, axes = plots.learning_rate_curves(rates, two, two)
    assert data["AdaGrad"]["loss"].tolist() == [0.9, 0.4, 0.8] and data["AdaGrad"]["chosen"] == 1
    assert data["SGD constant"]["chosen"] in (1, 2) and axes[0].lines[0].get_ydata().tolist() == [0.9, 0.4, 0.8]
    data, axes = plots.loss_over_pass({"AdaGrad": [np.array([1.0, 2, 4, 1, 2]), np.array([3.0, 2, 0, 5, 0, 9, 9])]})
    assert data["edges"].tolist() == [0, 1, 3, 5] and data["AdaGrad"].tolist() == [2, 2, 2]
    assert axes.lines[0].get_ydata().tolist() == [2, 2, 2]
    data, axes = plots.heldout_errors({"AdaGrad": np.array([0.1, 0.3])}, {"AdaGrad": np.array([0.1, 0.2])})
    assert data["AdaGrad"]["mean"] == pytest.approx(0.2) and data["AdaGrad"]["hindsight"] == pytest.approx(0.15)
    assert data["AdaGrad"]["deviation"] == pytest.approx(0.02**0.5)
    data, axes = plots.gap_by_band({"AdaGrad": [[0.25, 0.75], [0.75, 0.25]]}, ["rare", "common"])
    assert [bar.get_width() for bar in axes.patches[:2]] == [50, 50] and data["AdaGrad"].tolist() == [0.5, 0.5]
    data, axes = plots.volume_of_rare_words(np.array([1.0, 2.0]), {"AdaGrad": np.array([[0.2, 0.1], [0.4, 0.3]])})
    assert data["AdaGrad"]["best"] == 2 and axes.lines[0].get_ydata() == pytest.approx([30, 20])
