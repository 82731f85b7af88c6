"""Where sparsity comes from: the figures' data against independent counts, the statements by enumeration or on drawn cases."""

import itertools
from collections import Counter
from fractions import Fraction
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.corpus import Corpus
from lecture_optim.plots.sparse_gradients import sources
from lecture_optim.problems import Network, logistic, sigmoid
from lecture_optim.sparsity import effective_support, expected_union

seeds = st.integers(0, 2**32 - 1)


def lines(axes, points):
    """The y values of every drawn line of that many points, as lists."""
    return [np.asarray(line.get_ydata()).tolist() for line in axes.lines if len(line.get_xdata()) == points]


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# The figures


def test_rank_frequency_counts_the_paragraphs_of_each_word():
    texts = ("a rose is a rose", "is it a rose", "it is", "is")
    rows = [sorted(set(text.split())) for text in texts]
    vocabulary = tuple(sorted(set().union(*rows)))
    indptr = np.cumsum([0] + [len(row) for row in rows])
    indices = np.array([vocabulary.index(word) for row in rows for word in row])
    text = Corpus(texts, texts, np.ones(4), vocabulary, indptr, indices)
    data, axes = sources.rank_frequency(text, named=(1, 4))
    expected = sorted(Counter(word for row in rows for word in row).values(), reverse=True)
    assert data["paragraphs"].tolist() == expected == [4, 2, 2, 2]
    assert data["rank"].tolist() == [1, 2, 3, 4]
    assert data["words"] == {1: "is", 4: "rose"}
    assert lines(axes, 4) == [expected]
    assert [note.get_text() for note in axes.texts] == ["is", "rose"]


def test_one_sided_draws_each_measure_beside_its_chance():
    files = np.array([2.0, 3.0, 6.0, 20.0])
    observed, chance, agreement = np.array([0.9, 0.8, 0.5, 0.1]), np.array([0.7, 0.6, 0.3, 0.0]), np.array([0.9, 0.85, 0.8, 0.7])
    band = np.array([agreement - 0.2, agreement + 0.1])
    data, (left, right) = sources.one_sided(files, observed, chance, agreement, 0.73, band, 0.65)
    assert lines(left, 4) == [observed.tolist(), chance.tolist()]
    assert lines(right, 4) == [agreement.tolist()]
    assert lines(right, 2) == [[0.73, 0.73], [0.65, 0.65]]
    edges = {tuple(point) for point in right.collections[0].get_paths()[0].vertices}
    assert edges == {(x, y) for row in band for x, y in zip(files, row, strict=True)}
    assert data["chance_agreement"] == 0.73
    assert data["agreement"] is agreement


def test_rare_class_draws_both_starts_of_every_run():
    steps = np.arange(1, 6)
    runs = {
        name: tuple({"share": np.linspace(low, 0.5, 5), "gap": np.linspace(-low, 4, 5)} for _ in range(2))
        for name, low in [("5 eights", 0.1), ("50 eights", 0.3)]
    }
    data, (left, right) = sources.rare_class(steps, runs)
    assert data["steps"] is steps
    assert lines(left, 5) == [runs[name][0]["share"].tolist() for name in runs]
    assert lines(right, 5) == [run["gap"].tolist() for name in runs for run in runs[name]]
    assert {note.get_text() for note in left.texts} == set(runs)
    # No curve may hide below the frame: a gap below nought is the point of the figure.
    assert right.get_ylim()[0] < -0.3


def test_unit_activity_sorts_the_units():
    data, axes = sources.unit_activity({"start": np.array([0.1, 0.9, 0.5]), "end": np.array([0.0, 1.0, 0.2])})
    assert {name: shares.tolist() for name, shares in data.items()} == {"start": [0.9, 0.5, 0.1], "end": [1.0, 0.2, 0.0]}
    assert lines(axes, 3) == [[0.9, 0.5, 0.1], [1.0, 0.2, 0.0]]


def test_batch_zeros_draws_curves_points_and_floor():
    curve, drawn = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1, 8])
    panel = {"B": curve, "exact": 0.5 / curve, "uniform": 0.4 / curve, "drawn": drawn, "measured": np.array([0.5, 0.1])}
    data, (left, right) = sources.batch_zeros({"images": panel | {"floor": 0.05}, "text": panel | {"floor": 0.0}})
    for axes in (left, right):
        assert lines(axes, 4) == [panel["exact"].tolist(), panel["uniform"].tolist()]
    assert lines(left, 2) == [[0.5, 0.1], [0.05, 0.05]]
    assert lines(right, 2) == [[0.5, 0.1]]
    assert list(data) == ["images", "text"]


# The statements


@given(seeds, st.integers(1, 6), st.integers(1, 8))
def test_the_support_of_a_linear_score_is_that_of_its_example(seed, n, d):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5)
    f = logistic(x, rng.choice([-1.0, 1.0], n))
    w = rng.normal(size=d)
    for i in range(n):
        assert np.array_equal(f.gradient(w, rows=[i]) != 0, x[i] != 0)


@pytest.mark.parametrize(("N", "plus"), [(2, 1), (5, 2), (6, 1), (7, 3)])
def test_shuffled_labels_by_enumeration(N, plus):
    labellings = [set(chosen) for chosen in itertools.combinations(range(N), plus)]
    for m in range(1, N + 1):
        ks = [len(chosen & set(range(m))) for chosen in labellings]
        assert Fraction(sum(k in (0, m) for k in ks), len(ks)) == Fraction(comb(plus, m) + comb(N - plus, m), comb(N, m))
        given_first = comb(N - m, plus - m) if m <= plus else 0  # the labellings with the first label on all m files
        assert given_first == sum(k == m for k in ks)
        assert Fraction(given_first, comb(N, plus)) == Fraction(comb(plus, m), comb(N, m))
        if m > 1:
            agreement = [Fraction(k * (k - 1) + (m - k) * (m - k - 1), m * (m - 1)) for k in ks]
            minus = N - plus
            assert sum(agreement) / len(ks) == Fraction(plus * (plus - 1) + minus * (minus - 1), N * (N - 1))


@given(seeds, st.integers(2, 7))
def test_the_rows_of_a_softmax(seed, classes):
    rng = np.random.default_rng(seed)
    net = Network((3, classes))
    w, x, y = 0.5 * rng.normal(size=net.d), rng.normal(size=(1, 3)), rng.integers(classes, size=1)
    r = net.loss_and_gradient(w, x, y)[1][-classes:]
    assert np.all(r != 0)
    assert abs(r[y[0]]) == pytest.approx(np.abs(r).sum() / 2, rel=1e-6)
    wrong = np.delete(softmax(net.forward(w, x)[0])[0], y[0])
    shares = wrong / wrong.sum()
    assert effective_support(r) == pytest.approx(4 / (1 + np.sum(shares**2)), rel=1e-6)
    assert 2 - 1e-6 <= effective_support(r) <= 4 * (classes - 1) / classes + 1e-6


@given(seeds, st.integers(1, 20), st.integers(2, 5))
def test_the_bias_feels_the_difference_of_the_slopes(seed, n, classes):
    rng = np.random.default_rng(seed)
    net = Network((4, 6, classes))
    w, x, y = net.init(rng), rng.normal(size=(n, 4)), rng.integers(classes, size=n)
    p = softmax(net.forward(w, x)[0])
    slopes = n * net.loss_and_gradient(w, x, y)[1][-classes:]
    for c in range(classes):
        assert slopes[c] == pytest.approx(p[y != c, c].sum() - (1 - p[y == c, c]).sum(), abs=1e-12)


@given(seeds, st.integers(1, 9), st.integers(1, 30))
def test_the_base_rate(seed, positives, negatives):
    rng = np.random.default_rng(seed)
    n, pi, lr = positives + negatives, positives / (positives + negatives), 0.3
    x = np.hstack([rng.normal(size=(n, 3)), np.ones((n, 1))])
    y = np.repeat([1.0, -1.0], [positives, negatives])
    f, base = logistic(x, y), np.append(np.zeros(3), np.log(pi / (1 - pi)))
    means = x[y > 0].mean(axis=0), x[y < 0].mean(axis=0)
    g = f.gradient(base)
    assert np.allclose(g, pi * (1 - pi) * (means[1] - means[0]), atol=1e-12)
    slope = sigmoid(-y * (x @ base))
    assert slope[y > 0].sum() == pytest.approx(slope[y < 0].sum())
    assert effective_support(slope) == pytest.approx(4 * n * pi * (1 - pi))
    score = x @ (base - lr * g)
    gap = score[y > 0].mean() - score[y < 0].mean()
    assert gap == pytest.approx(lr * pi * (1 - pi) * np.sum((means[0] - means[1]) ** 2), abs=1e-12)


@given(seeds)
def test_a_silent_unit_has_no_gradient_and_the_others_have_the_product_of_supports(seed):
    rng = np.random.default_rng(seed)
    net = Network((5, 6, 4, 3))
    w = net.init(rng)
    x, y = rng.normal(size=(1, 5)) * (rng.random((1, 5)) < 0.7), rng.integers(3, size=1)
    parts = net.layers(net.loss_and_gradient(w, x, y)[1])
    inputs = x
    for (W, b), (dW, db), (next_dW, _) in zip(net.layers(w), parts, parts[1:], strict=False):
        silent = (inputs @ W + b)[0] <= 0
        assert not dW[:, silent].any() and not db[silent].any() and not next_dW[silent].any()
        assert np.count_nonzero(dW) == np.count_nonzero(inputs) * np.count_nonzero(db)
        inputs = np.maximum(inputs @ W + b, 0)


touched = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=4)
)  # for each coordinate, which of the n examples touch it


@given(touched, st.integers(1, 4))
def test_the_zeros_of_a_batch_by_enumeration(touched, B):
    d, n = len(touched), len(touched[0])
    draws = list(itertools.product(range(n), repeat=B))
    left = Fraction(sum(not any(row[i] for i in draw) for draw in draws for row in touched), d * len(draws))
    p = [Fraction(sum(row), n) for row in touched]
    mean = sum(p) / d
    assert left == sum((1 - p_i) ** B for p_i in p) / d
    gap = sum((p_i - mean) ** 2 * sum((k + 1) * (1 - p_i) ** (B - 2 - k) * (1 - mean) ** k for k in range(B - 1)) for p_i in p)
    assert left - (1 - mean) ** B == gap / d
    assert gap >= 0
    assert (gap == 0) == (B == 1 or len(set(p)) == 1)
    assert 1 - expected_union(np.array([float(p_i) for p_i in p]), B) / d == pytest.approx(float(left), abs=1e-12)


def test_the_miniature_of_the_batch_and_the_rates_that_mislead_most():
    p = [Fraction(0), Fraction(1, 2), Fraction(1)]
    assert 1 - expected_union(np.array(p, dtype=float), 2) / 3 == pytest.approx(5 / 12)
    assert sum((p_i - Fraction(1, 2)) ** 2 for p_i in p) / 3 == Fraction(5, 12) - Fraction(1, 4)
    halves = np.repeat([0.0, 1.0], 4)
    for B in (1, 5, 30):
        assert 1 - expected_union(halves, B) / 8 == 0.5
        assert (1 - halves.mean()) ** B == 2.0**-B


@given(st.integers(0, 3), st.fractions(0, 1, max_denominator=5), st.integers(1, 3))
def test_masks_of_dropout_by_enumeration(active, q, B):
    n, p = 3, Fraction(active, 3)
    draws = list(itertools.product(range(n), repeat=B))
    each = one = Fraction(0)
    for draw in draws:
        for kept in itertools.product([True, False], repeat=B):
            weight = prod((1 - q) if k else q for k in kept)
            each += weight * (not any(i < active and k for i, k in zip(draw, kept, strict=True)))
        for kept, weight in ((True, 1 - q), (False, q)):
            one += weight * (not any(i < active and kept for i in draw))
    assert each / len(draws) == (1 - (1 - q) * p) ** B
    assert one / len(draws) == q + (1 - q) * (1 - p) ** B
