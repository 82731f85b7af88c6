"""The chapter "Who is speaking": its statements in plain arithmetic, its measurements made again, and the data of its figures."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import diags_array

from lecture_optim.derivation import Derivation, Unproved
from lecture_optim.plots.adagrad import explorer
from lecture_optim.plots.adagrad import speaking as plots
from lecture_optim.plots.style import color
from lecture_optim.proofs import speaker

NUMBERS = st.floats(-20, 20)

# ---------------------------------------------------------------------------------------------------------- what is proved

STATEMENTS = {  # what each derivation proves, typed a second time; the first side of a derivative is differentiated below
    "both_speakers": r"\frac{1}{1 + e^{s}} + \frac{1}{1 + e^{- s}} = 1",
    "own_curvature": r"\frac{1}{N} \sum_{t=1}^{N} \left(1 - p_{t}\right) p_{t} x_{t}^{2} \le \frac{n_{i}}{4 N}",
    "own_gradient": r"\frac{1}{N} \sum_{t=1}^{N} \left(1 - q_{t}\right) x_{t} \le \frac{n_{i}}{N}",
    "reach": r"v_{T + 1} \le \frac{T \eta n_{i}}{N}",
    "next_words": r"\frac{\mathbb{E}\left[H_{m}\right]}{m} = \mathbb{E}\left[A_{m}\right]",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(speaker, name)().statement() == STATEMENTS[name]


def test_the_constant_of_a_quarter_is_needed():
    """The same chain with a smaller constant is refused."""
    q, h = speaker.sigma(speaker.s), speaker.h
    d = Derivation("too good", q * (1 - q) * h**2)
    with pytest.raises(Unproved):
        d.at_most(sp.Rational(24, 100) * h**2, "too good", gap=h**2 * (q - sp.Rational(1, 2)) ** 2)


# ------------------------------------------------------------------------------------------------- the loss in plain arithmetic


def loss(margin):
    return math.log1p(math.exp(-margin)) if margin > 0 else -margin + math.log1p(math.exp(margin))


def sigma(score):
    return 1 / (1 + math.exp(-score))


@given(NUMBERS)
def test_odds_and_both_speakers(s):
    p = sigma(s)
    assert p == pytest.approx(math.exp(s) * sigma(-s), rel=1e-9)
    assert p + sigma(-s) == pytest.approx(1, rel=1e-12)
    assert loss(s) == pytest.approx(-math.log(p), rel=1e-9)


@given(st.floats(-8, 8), st.floats(-8, 8))
def test_honest_odds_pay(rho, s):
    def mean(score):
        return sigma(rho) * loss(score) + sigma(-rho) * loss(-score)

    assert mean(rho) <= mean(s) + 1e-12
    assert abs(s - rho) < 0.1 or mean(s) > mean(rho)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2), st.sampled_from([-1, 1]))
def test_gradient_against_differences(r, w, x, y):
    p, q, z, e = sigma(r + w * x), sigma(y * (r + w * x)), (1 + y) // 2, 1e-5
    slope = (loss(y * (r + (w + e) * x)) - loss(y * (r + (w - e) * x))) / (2 * e)
    assert (p - z) * x == pytest.approx(-y * (1 - q) * x, abs=1e-12)
    assert slope == pytest.approx((p - z) * x, abs=1e-8)


@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from([-1, 1]))
def test_curvature_against_differences(s, h, y):
    e, q = 1e-3, sigma(y * s)
    second = (loss(y * (s + e * h)) - 2 * loss(y * s) + loss(y * (s - e * h))) / e**2
    assert second == pytest.approx(q * (1 - q) * h**2, abs=1e-4)
    assert 0 <= q * (1 - q) * h**2 <= h**2 / 4


@given(NUMBERS, NUMBERS)
def test_tangents_lie_below(a, b):
    assert loss(a) - (1 - sigma(a)) * (b - a) <= loss(b) + 1e-9


@given(NUMBERS, NUMBERS)
def test_what_is_given_for_the_tangent_is_an_inequality_of_the_logarithm(a, b):
    A, B = 1 + math.exp(-a), 1 + math.exp(-b)
    for quotient, left in ((A / B, math.log(A) - math.log(B)), (sigma(-b) / sigma(-a), a - b + math.log(A) - math.log(B))):
        assert left == pytest.approx(math.log(quotient), abs=1e-9)
        assert left <= quotient - 1 + 1e-9 * max(1, quotient)


# --------------------------------------------------------------------------------------------------------------- the mean loss


def test_smoothness_of_a_small_mean_loss():
    """The constant of the proposition against the largest curvature of a dense problem, and its bounds."""
    rng = np.random.default_rng(0)
    X = (rng.random((30, 8)) < 0.3).astype(float)
    L = np.linalg.eigvalsh(X.T @ X)[-1] / (4 * 30)
    assert X.sum(axis=0).max() / (4 * 30) <= L <= (X**2).sum() / (4 * 30)
    for scale in (0.0, 0.1, 1.0, 5.0):
        q = 1 / (1 + np.exp(-X @ rng.normal(scale=scale, size=8)))
        curvature = X.T @ (X * (q * (1 - q))[:, None]) / 30
        assert np.linalg.eigvalsh(curvature)[-1] <= L * (1 + 1e-12)
        assert np.all(np.diag(curvature) <= X.sum(axis=0) / (4 * 30) + 1e-15)
        assert scale > 0 or np.linalg.eigvalsh(curvature)[-1] == pytest.approx(L, rel=1e-12)


def test_smoothness_of_the_corpus_by_power_iteration(page):
    X, v = page["X"], np.ones(page["text"].d)
    for _ in range(60):
        v = X.T @ (X @ v)
        v /= np.linalg.norm(v)
    assert np.linalg.norm(X @ v) ** 2 / (4 * page["N"]) == pytest.approx(page["L"], rel=1e-9)
    assert 0.6 < page["L"] < 0.7
    assert np.mean(page["lengths"] > 8) > 0.8


def test_reach_of_full_steps(page):
    """Twenty steps at the rate 1/L on the corpus stay within the bound, and near it for the rarest words."""
    X, y, w, rate = page["X"], page["text"].labels, np.zeros(page["text"].d), 1 / page["L"]
    for steps in range(1, 21):
        slope = -y / (1 + np.exp(y * (X @ w)))
        w -= rate * (X.T @ slope) / page["N"]
        assert np.all(np.abs(w) <= rate * steps * page["n"] / page["N"] * (1 + 1e-12))


def test_flat_coordinates(page):
    flat = page["flat"]
    assert np.all(flat["curvature"] <= flat["bound"] * (1 + 1e-12))
    assert np.mean(flat["bound"] < page["L"] / 1000) > 0.9
    X, q = page["X"], page["q"]
    i = page["text"].word("symbol")
    assert flat["curvature"][i] == pytest.approx((X[:, [i]].T @ (q * (1 - q)))[0] / page["N"], rel=1e-9)


# ------------------------------------------------------------------------------------------------------------------- the tail


def test_new_words_over_every_order():
    """Exactly, for a small pile: words seen once, divided by m, against the new words of the last paragraph."""
    pile = [{"a", "b"}, {"a", "c", "d"}, {"b", "c"}, {"e", "a"}, {"f"}]
    for m in range(1, 6):
        once = last = orders = 0
        for order in permutations(pile, m):
            orders += 1
            once += sum(sum(word in p for p in order) == 1 for word in set().union(*order))
            last += len(order[-1] - set().union(*order[:-1]))
        assert once / m == pytest.approx(last, rel=1e-12) and orders > 0


def test_first_and_second_sightings_in_plain_python(page):
    text = page["text"]
    order = np.random.default_rng(5).permutation(len(text))
    first, second = page["first_two"](order)
    seen = {}
    for t, i in enumerate(order):
        for word in text.row(i):
            seen.setdefault(int(word), []).append(t)
    for word in range(0, text.d, 7):
        times = [*seen[word], len(text)]
        assert (first[word], second[word]) == (times[0], times[1])


def test_new_words_are_foretold(page):
    tail, spread = page["tail"], page["found"].std(axis=0, ddof=1) / math.sqrt(20)
    assert np.all(np.abs(tail["predicted"] - tail["found"]) < 4 * spread + 0.02 * tail["predicted"])
    assert np.all(np.diff(tail["found"]) < 0)
    off = page["more"] / page["more_error"]
    assert (page["more"] > 0).tolist() == [True, True, False, False, False, False]
    assert np.all(off[:2] < 0.5) and -3 < off[-1] < -2.5
    middle = [page["expected"](m + 1 + round(0.05 * m)) for m in page["read"]]
    exact = (tail["found"] - middle) / spread
    assert np.all(np.abs(exact) < 1.25) and np.sum(exact > 0) == 4
    for m, found, error in zip(page["read"], tail["found"], spread, strict=True):
        tenth = [page["expected"](k) for k in range(m + 1, m + m // 10 + 1)][:: max(m // 300, 1)]
        assert abs(np.mean(tenth) - found) < 4 * error


def test_waits(page):
    waiting = page["waiting"]
    for wait, share in waiting.values():
        assert share[-1] == pytest.approx(np.mean(page["n"] > 1)) and np.all(np.diff(wait) >= 0)
    assert np.median(waiting["order of the files"][0]) < np.median(waiting["random order"][0]) / 5


# ------------------------------------------------------------------------------------------------------------------- evidence


def test_log_odds_in_plain_python(page):
    text, (theta, error) = page["text"], page["log_odds_ratios"](page["numpys"])
    plus = int(page["numpys"].sum())
    for name in ("einsum", "the", "motion"):
        i = text.word(name)
        a = sum(label > 0 for label, row in zip(text.labels, range(len(text)), strict=True) if i in text.row(row))
        b = text.counts[i] - a
        odds = (a + 0.5) * (len(text) - plus - b + 0.5) / ((plus - a + 0.5) * (b + 0.5))
        assert theta[i] == pytest.approx(math.log(odds), rel=1e-12)
        parts = (a, plus - a, b, len(text) - plus - b)
        assert error[i] == pytest.approx(math.sqrt(sum(1 / (part + 0.5) for part in parts)), rel=1e-12)


def test_what_a_word_tells_and_chance(page):
    told, k = page["told_by"], 2  # words in 4 to 7 paragraphs
    assert page["edges"][k] == 4
    packages, (_, files, most), paragraphs = told["the packages"][1], told["shuffled files"], told["shuffled paragraphs"][1]
    assert packages[0] == 0 and packages[1] <= most[1]
    assert np.all(packages[2:] > most[2:])
    assert 1.5 < packages[k] / files[k] < 3 and packages[k] > 5 * paragraphs[k]
    for rising in (packages, files):  # by and large: no band falls far below the one before it
        assert np.all(np.diff(rising) > -0.02)
    errors = [np.median(page["error"][page["band"] == j]) for j in range(9)]
    assert np.all(np.diff(errors) < 0)  # larger counts have smaller errors
    medians = [np.median(np.abs(page["theta"][page["band"] == j])) for j in range(9)]
    assert set(np.argsort(medians)[-3:]) == {2, 3, 4}
    assert page["strength"] == pytest.approx(medians, rel=1e-12)
    chance = page["chances"]
    assert np.argmax(chance.mean(axis=0)) == 3 and np.all(page["strength"][2:] > chance.max(axis=0)[2:])
    factor = page["strength"][2:] / chance.mean(axis=0)[2:]
    assert factor.min() > 1.5 and factor.max() < 2.5


def test_rates_by_count_are_too_long_together(page):
    common = page["n"] > 30
    scaled = page["X"][:, common] @ diags_array(np.sqrt(page["N"] / page["n"][common]))
    part = np.linalg.eigvalsh((scaled.T @ scaled).toarray())[-1] / (4 * page["N"])
    assert 2 < part <= page["joint"] * (1 + 1e-9) and page["joint"] < page["text"].d / 4


def test_many_rare_words_together(page):
    true = {name: np.mean(pairs, axis=0)[0] for name, pairs in page["results"].items()}
    chance = {name: np.mean(pairs, axis=0)[1] for name, pairs in page["results"].items()}
    assert abs(true["fewer than 64"] - true["64 and more"]) < 0.02
    assert true["all"] < 0.5 * min(true["fewer than 64"], true["64 and more"])
    assert true["1 to 7"] < 0.35 and all(abs(value - 0.5) < 0.1 for value in chance.values())


def counts_of(train):
    """By label, the number of paragraphs and in how many each word stands."""
    paragraphs, held = {1: 0, -1: 0}, {1: {}, -1: {}}
    for i, y in enumerate(train.labels.astype(int).tolist()):
        paragraphs[y] += 1
        for word in train.row(i).tolist():
            held[y][word] = held[y].get(word, 0) + 1
    return paragraphs, held


def test_the_verdicts_on_naive_bayes_by_dictionaries(page):
    """The first split, word by word: present words alone, and with the absent ones, as log odds ratios and a constant."""
    train, test = page["text"].split(0)
    paragraphs, held = counts_of(train)
    say, ratio, constant = {}, {}, 0.0
    for word in held[1].keys() | held[-1].keys():
        inside = [held[y].get(word, 0) + 0.5 for y in (1, -1)]
        outside = [paragraphs[y] - held[y].get(word, 0) + 0.5 for y in (1, -1)]
        every = [paragraphs[y] + 1 for y in (1, -1)]
        say[word] = math.log(inside[0] / every[0]) - math.log(inside[1] / every[1])
        ratio[word] = math.log(inside[0] / outside[0]) - math.log(inside[1] / outside[1])  # the page's formula
        constant += math.log(outside[0] / every[0]) - math.log(outside[1] / every[1])
    assert page["constants"][0] == pytest.approx(constant, rel=1e-9)
    intercept = math.log(paragraphs[1] / paragraphs[-1])
    rows = [test.row(i).tolist() for i in range(len(test))]
    present = [intercept + math.fsum(say.get(word, 0.0) for word in row) for row in rows]
    full = [intercept + constant + math.fsum(ratio.get(word, 0.0) for word in row) for row in rows]
    factor = page["factors"][0]
    for row, score in enumerate((present, full, [factor * s for s in full])):
        pairs = list(zip(score, test.labels.tolist(), strict=True))
        wrong, called, cost = page["verdicts"][0, row]
        assert wrong == pytest.approx(np.mean([(s > 0) != (y > 0) for s, y in pairs]), abs=2 / len(test))
        assert called == pytest.approx(np.mean([s > 0 > y for s, y in pairs]), abs=2 / len(test))
        assert cost == pytest.approx(np.mean([loss(y * s) for s, y in pairs]), rel=1e-9)


def test_adagrad_in_plain_python(page):
    """The first split, step by step: one sum of squares a word."""
    train, test = page["text"].split(0)
    w, squares = np.zeros(train.d), np.zeros(train.d)
    for i, y in enumerate(train.labels):
        row = train.row(i)
        g = -y * sigma(-y * w[row].sum())
        squares[row] += g * g
        w[row] -= 10**-0.5 * g / np.sqrt(squares[row])
    scores = np.array([w[test.row(i)].sum() for i in range(len(test))])
    wrong, called, cost = page["verdicts"][0, 3]
    assert wrong == pytest.approx(np.mean(scores * test.labels < 0), abs=2 / len(test))
    assert called == pytest.approx(np.mean((scores > 0) & (test.labels < 0)), abs=2 / len(test))
    assert cost == pytest.approx(np.mean([loss(m) for m in scores * test.labels]), rel=1e-6)


def test_what_the_text_says_of_the_verdicts(page):
    """Absent words set the level right; by sign counting is no worse than AdaGrad, by loss only with a factor."""
    present, full, smaller, adagrad = page["verdicts"].mean(axis=0)
    assert 0.142 < present[0] < 0.145 and 0.86 < present[1] / present[0] < 0.89
    assert full[0] == pytest.approx(0.083, abs=5e-4) and adagrad[0] == pytest.approx(0.089, abs=5e-4)
    assert full[1] < 0.4 * full[0] and -4.5 < np.mean(page["constants"]) < -3.5
    assert np.all(page["verdicts"][:, 1, 0] < page["verdicts"][:, 3, 0])
    assert full[2] == pytest.approx(0.32, abs=5e-3) and adagrad[2] == pytest.approx(0.23, abs=5e-3)
    assert np.all(page["verdicts"][:, 1, :2] == page["verdicts"][:, 2, :2]) and max(page["factors"]) < 0.5
    assert smaller[2] < adagrad[2] and np.sum(page["verdicts"][:, 2, 2] < page["verdicts"][:, 3, 2]) == 4
    assert page["by_numpy"] > page["by_sympy"] + 2
    assert np.mean(page["results"]["all"], axis=0)[0] < 0.0499  # the best of "One pass over real text", in hindsight
    for seed in range(5):  # the shares add up to more in NumPy, and by more than the lengths differ: the halves
        train, _ = page["text"].split(seed)
        p, q = (part[train.counts > 0].sum() for part in page["smoothed"](train, train.labels))
        by = [np.diff(train.indptr)[train.labels == y].mean() for y in (1, -1)]
        assert p - q > by[0] - by[1] > 2


def test_same_again_in_plain_python(page):
    text, order = page["text"], np.random.default_rng(0).permutation(page["N"])
    history, right, total = {}, {1: [0, 0], -1: [0, 0]}, {1: [0, 0], -1: [0, 0]}
    for i in order:
        y = int(text.labels[i])
        for word in text.row(i):
            past = history.setdefault(int(word), [])
            if 1 <= len(past) <= 2 and len(set(past)) == 1:
                total[past[0]][len(past) - 1] += 1
                right[past[0]][len(past) - 1] += past[0] == y
            past.append(y)
    for column, label in enumerate((1, -1)):
        for k in range(2):
            assert page["same"][0, k, column] == pytest.approx(right[label][k] / total[label][k], rel=1e-12)


def test_steps_shrink_after_the_first_sighting(page):
    for values in page["steps"].values():
        steps = np.diff(values)
        assert 0.9 < steps[0] < 1.7 and 0.2 < steps[1] / steps[0] < 0.42 and np.all(steps[2:] < steps[1])
    for package, by_order in page["by_package"].items():
        spread = np.diff(by_order, axis=1, prepend=page["base"][package]).std(axis=0, ddof=1)
        assert np.all(spread[:2] < 0.3 * np.diff(page["steps"][package])[:2])  # the first two steps are known
        assert np.all(spread[4:] > 0.8 * np.diff(page["steps"][package])[4:])  # the last two are not
    assert 0.6 < page["elsewhere"] < page["agree"]


def test_twins_by_their_columns(page):
    """Word by word against the word that follows it among the columns in order."""
    X = page["X"].tocsc()
    columns = [tuple(X.indices[a:b]) for a, b in zip(X.indptr, X.indptr[1:], strict=False)]
    order = sorted(range(len(columns)), key=columns.__getitem__)
    twins = {i for pair in pairwise(order) if columns[pair[0]] == columns[pair[1]] for i in pair}
    assert set(np.flatnonzero(page["twin"])) == twins


def test_figures_return_what_they_draw():
    data, axes = plots.waits({"a": (np.array([3, 1]), 4), "b": (np.array([2]), 4)})
    assert data["a"][0].tolist() == [1, 3] and data["a"][1].tolist() == [0.25, 0.5]
    shares = {name: np.array([[0.1, 0.2], [0.3, 0.4]]) for name in "abc"}
    data, axes = plots.evidence(np.array([1, 2]), np.array([0.0, 3.0]), np.ones(2), np.array([1.0, 10.0]), shares)
    assert data["b"][1] == pytest.approx([0.2, 0.3]) and len(axes) == 2
    told = np.array([[3.0, 2.0, 1.0], [5.0, 2.0, 1.0]])
    data, axes = plots.new_words(np.array([1, 2, 3]), told, told)
    assert data["found"].tolist() == [4, 2, 1] and data["spread"][0] == pytest.approx(math.sqrt(2))


def test_the_picture_of_spread_and_regret(page):
    """All gradients have one entry of size 1, so the roots of the sums are those of counts; no regret passes its bound."""
    drawn, asked = page["spread_data"], page["asked"]
    roots = np.sqrt(np.bincount(asked, minlength=50))
    assert drawn["smaller"] == "adagrad"
    assert roots.sum() ** 2 / 2000 < page["best"] @ page["best"] == 50
    assert drawn["adagrad"]["bound"] == pytest.approx(2 * math.sqrt(2) * roots.sum())
    for rule in ("adagrad_norm", "sgd"):
        assert drawn[rule]["bound"] == pytest.approx(2 * math.sqrt(2) * math.sqrt(50 * 2000))
        assert 2 < drawn[rule]["regret"] / drawn["adagrad"]["regret"] < 4
    for rule, regret in page["regrets"].items():
        assert np.all(regret <= page["promised"][rule] * (1 + 1e-12))


def test_the_picture_of_the_spread_says_whose_bound_is_smaller():
    t, ones = np.array([1, 2]), {"adagrad": np.ones(2), "sgd": np.array([-1.0, 3.0]), "adagrad_norm": np.ones(2)}
    data, (left, right) = explorer.spread_and_regret(9.0, 4.0, 16, t, ones, {rule: 2 * values for rule, values in ones.items()})
    assert data["smaller"] == "adagrad_norm" and data["sgd"] == {"regret": 3.0, "bound": 6.0}
    (dot,) = (line for line in left.lines if line.get_marker() == "o")
    assert (dot.get_xdata()[0], dot.get_ydata()[0], dot.get_color()) == (4.0, 9.0, color("adagrad_norm"))
    assert np.isnan(right.lines[2].get_ydata()[0]) and right.lines[3].get_ydata().tolist() == [-2.0, 6.0]
    # Two blues: the norm version is dashed, and every line has its name.
    assert [line.get_linestyle() for line in right.lines] == ["-", ":", "-", ":", "--", ":"]
    names = {"AdaGrad", "norm version", "SGD", "AdaGrad bound", "norm bound", "SGD bound"}
    assert {text.get_text() for text in right.texts} == names
