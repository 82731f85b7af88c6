"""The chapter on measures of sparsity: its statements, in exact arithmetic where they are rational, and its figures' data."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lecture_optim.plots.sparse_gradients import explorer, meaning
from lecture_optim.plots.style import color
from lecture_optim.sparsity import (
    block_norms,
    coordinates_holding,
    cumulative_share,
    effective_support,
    expected_union,
    expected_union_random_order,
    support_size,
)

SLACK = 1 + 1e-9  # rounding of the measures; every statement is tested to this factor

vectors = st.lists(st.integers(-30, 30), min_size=1, max_size=9).filter(any)
streams = st.integers(1, 6).flatmap(
    lambda d: st.lists(st.lists(st.integers(-9, 9), min_size=d, max_size=d), min_size=1, max_size=6)
)


def exact_effective_support(g):
    return Fraction(sum(abs(x) for x in g) ** 2, sum(x * x for x in g))


# ---------------------------------------------------------------- one gradient


@given(vectors)
def test_effective_support_lies_between_one_and_the_support(g):
    """prop-effective-support, with both cases of equality."""
    N, sizes = exact_effective_support(g), {abs(x) for x in g if x}
    support = sum(x != 0 for x in g)
    assert 1 <= N <= support <= len(g)
    assert (N == 1) == (support == 1)
    assert (support == N) == (len(sizes) == 1)
    assert effective_support(g) == pytest.approx(float(N), rel=1e-12)


@given(vectors, st.floats(0.05, 4), st.floats(1, 4))
def test_the_family_does_not_increase_and_has_its_limits(g, p, factor):
    """prop-family."""
    assert effective_support(g, p * factor) <= effective_support(g, p) * SLACK
    sizes = sorted((abs(x) for x in g if x), reverse=True)
    assert effective_support(g, 1e-7) == pytest.approx(len(sizes), rel=1e-5)
    assert effective_support(g, 2000) == pytest.approx(sizes.count(sizes[0]), rel=1e-6)


@given(vectors)
def test_effective_support_bounds_the_shares(g):
    """prop-shares, both parts, for every k, in fractions."""
    N, sizes = exact_effective_support(g), sorted((abs(x) for x in g), reverse=True)
    squared, absolute = sum(x * x for x in sizes), sum(sizes)
    for k in range(1, len(g) + 1):
        left_out = Fraction(sum(x * x for x in sizes[k:]), squared)
        assert left_out <= N / (4 * k)
        assert Fraction(sum(sizes[:k]), absolute) ** 2 <= Fraction(k) / N
    assert coordinates_holding(g, 0.9) <= math.ceil(Fraction(5, 2) * N)
    assert coordinates_holding(g, 0.9, power=1) >= Fraction(81, 100) * N


@given(st.integers(1, 40), st.integers(0, 5))
def test_the_bound_of_the_left_out_share_is_attained(k, zeros):
    g = [3] * (2 * k) + [0] * zeros
    assert 1 - cumulative_share(g)[k - 1] == pytest.approx(effective_support(g) / (4 * k), rel=1e-12)


@given(st.integers(2, 300))
def test_the_factor_of_the_left_out_share_cannot_be_lowered(root):
    """The closed forms below prop-shares, for m = root^2, in whole numbers; their quotient tends to 5/2."""
    m = root**2
    g = [2 * root] + [1] * m
    assert exact_effective_support(g) == Fraction((root + 2) ** 2, 5)
    k = math.ceil(m / 2) + 1
    assert 10 * (m + 1 - k) <= 5 * m < 10 * (m + 2 - k)  # k entries leave a tenth or less, k - 1 leave more
    assert m > 100 or coordinates_holding(g, 0.9) == k  # rounding of longer sums may ask for one more
    assert Fraction(5, 2) * (1 - Fraction(4, root)) < k / exact_effective_support(g) < Fraction(5, 2)


def test_the_number_of_holding_entries_can_leap():
    """Where the one large entry loses 1e-3 of the squared norm, 1e-3 (d - 1) small ones make it up."""
    d, lost = 100_001, 1e-3
    before = np.r_[np.sqrt(0.9), np.full(d - 1, np.sqrt(0.1 / (d - 1)))]
    after = before.copy()
    after[0] = np.sqrt(0.9 - lost)
    assert np.linalg.norm(after - before) < 1e-3
    assert coordinates_holding(before) == 1
    assert coordinates_holding(after) == pytest.approx(1 + lost * (d - 1), abs=1)


@given(vectors, st.lists(st.floats(-1, 1), min_size=9, max_size=9).filter(any), st.floats(1e-6, 0.95))
def test_a_disturbance_moves_the_measures_no_further_than_proved(g, direction, eps):
    """prop-disturbance, parts 2 and 3, and the exercise on N_2, at the full size of the disturbance."""
    g = np.array(g, dtype=float)
    e = np.array(direction[: len(g)])
    assume(np.linalg.norm(e) > 1e-3)
    e *= eps * np.linalg.norm(g) / np.linalg.norm(e)
    before, after = np.sqrt(effective_support(g)), np.sqrt(effective_support(g + e))
    assert abs(after - before) <= eps / (1 - eps) * (np.sqrt(len(g)) + before) * SLACK
    rest, rest_after = (np.sqrt(np.maximum(1 - cumulative_share(x), 0)) for x in (g, g + e))
    assert np.all(rest_after <= (rest + eps) / (1 - eps) * SLACK + 1e-7)
    r = effective_support(g, 2) ** 0.25
    if eps * r < 1:
        assert effective_support(g + e, 2) ** 0.25 <= (1 + eps) / (1 - eps * r) * r * SLACK


def test_the_bound_of_a_disturbance_is_nearly_attained_in_many_dimensions():
    d, eps = 10_000, 1e-3
    g, e = np.eye(1, d)[0], np.full(d, eps / np.sqrt(d - 1))
    e[0] = 0
    moved = np.sqrt(effective_support(g + e)) - np.sqrt(effective_support(g))
    assert 0.98 < moved / (eps / (1 - eps) * (np.sqrt(d) + 1)) < 1


@given(vectors, st.floats(1e-9, 10))
def test_any_disturbance_may_fill_every_zero(g, eps):
    """prop-disturbance, part 1: the proof's own construction."""
    g = np.array(g, dtype=float)
    e = np.where(g == 0, eps * np.linalg.norm(g) / np.sqrt(len(g)), 0.0)
    assert np.linalg.norm(e) <= eps * np.linalg.norm(g) * SLACK
    assert support_size(g + e) == len(g)


# ---------------------------------------------------------------- windows


@given(streams)
def test_a_union_lies_between_its_largest_set_and_the_sum(stream):
    """prop-union, part 1."""
    supports = [{i for i, x in enumerate(g) if x} for g in stream]
    union = set().union(*supports)
    assert max(map(len, supports)) <= len(union) <= min(len(stream[0]), sum(map(len, supports)))
    assert support_size(np.sqrt(np.sum(np.square(stream), axis=0))) == len(union)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(0, 12))
def test_random_order_touches_at_least_as_much_as_independent_steps(counts, n):
    """prop-union, part 3; that both formulas are right is tested with the package."""
    fractions = [Fraction(math.comb(12 - c, n), math.comb(12, n)) for c in counts]
    assert all(missed <= (1 - Fraction(c, 12)) ** n for missed, c in zip(fractions, counts, strict=True))
    in_order = expected_union_random_order(counts, 12, n)
    assert in_order == pytest.approx(float(sum(1 - missed for missed in fractions)), abs=1e-12)
    assert in_order >= expected_union(np.array(counts) / 12, n) - 1e-12


@given(streams.filter(lambda stream: np.any(stream)))
def test_a_window_lies_between_its_mean_step_and_their_sum(stream):
    """prop-window, parts 2 and 3."""
    squares = np.square(stream)
    window, steps = effective_support(np.sqrt(squares.sum(axis=0))), effective_support(stream)
    assert np.average(steps, weights=squares.sum(axis=1)) <= window * SLACK
    assert window <= steps.sum() * SLACK


@given(streams, st.integers(1, 3))
def test_what_implies_what(stream, size):
    """prop-readings."""
    g = np.array(stream)
    often, support = effective_support((g != 0).mean(axis=0)), support_size(g).mean()
    blocks = np.arange(g.shape[1]) // size
    assert effective_support(g).mean() <= support * SLACK
    assert support_size(block_norms(g, blocks)).mean() <= support
    assert support <= often * SLACK
    assert often <= support_size(g.any(axis=0)) * SLACK


# ---------------------------------------------------------------- what the page says of its data


def test_a_paragraph_has_equal_entries_on_its_words_at_any_weights(page):
    corpus, score = page["corpus"], page["score"]
    w = np.random.default_rng(0).normal(size=corpus.d)
    _, words, entries = score.example(w, page["place"])
    assert set(words) == set(corpus.row(page["place"])) and np.ptp(entries) == 0 != entries[0]
    names = {corpus.vocabulary[i]: int(corpus.counts[i]) for i in words}
    assert names["the"] > 10_000 and names["slides"] == 1  # the words of the paragraph on corrections


def test_the_mean_gradient_of_all_is_the_difference_of_the_counts(page):
    corpus = page["corpus"]
    sign = np.repeat(corpus.labels, np.diff(corpus.indptr))
    difference = np.bincount(corpus.indices, weights=sign, minlength=corpus.d)
    np.testing.assert_allclose(page["everything"], -difference / (2 * len(corpus)), rtol=1e-12)
    assert np.array_equal(page["everything"] == 0, difference == 0)
    frequent = np.argsort(-corpus.counts)[:20]
    assert set(page["largest"]) <= set(frequent)


def test_more_examples_fill_the_zeros_and_concentrate_the_signal(page):
    sizes = [page["mean_gradient"](page["order"][:size]) for size in (10, 100, 1000, 10000)]
    support, effective = support_size(sizes), effective_support(sizes)
    assert np.all(np.diff(support) > 0) and np.all(np.diff(effective_support(sizes, 2)) < 0)
    assert effective[0] < effective[1] and np.all(np.diff(effective[1:]) < 0)
    assert effective_support(page["everything"]) < effective[1]
    one, every = (effective_support(page["gradients"][f"{which} trained"]) for which in ("one image,", "all images,"))
    assert one < every and effective_support(page["image"]) < effective_support(page["gradients"]["all images"])


def test_the_order_of_the_data_matters_as_the_text_says(page):
    ratio = page["in_order"] / page["random_order"]
    assert np.all(ratio[1:] < 0.95) and ratio.min() < 2 / 3
    np.testing.assert_allclose(page["shuffled"], page["random_order"], rtol=0.02)
    assert np.all(page["independent"] <= page["random_order"] * SLACK)


def test_the_text_is_sparser_than_the_images_by_every_reading(page):
    numbers = {}
    for name, (stream, blocks) in page["real"].items():
        s = np.sqrt(np.sum(stream**2, axis=0))
        numbers[name] = [*page["readings"](stream, blocks), support_size(stream).mean(), support_size(s), effective_support(s)]
    text, start, trained = numbers.values()
    assert np.all(np.less(text, start)) and np.all(np.less(start, trained))


def test_three_small_streams_have_the_readings_that_can_be_counted_by_hand(page):
    blocks = np.arange(8) // 2
    readings = [page["readings"](stream, blocks) for stream in page["streams"].values()]
    np.testing.assert_allclose(readings, [(8, 1, 1), (8, 107**2 / 10_007, 4), (2, 2, 1)])


def test_numbers_worked_by_hand():
    assert exact_effective_support([3, 1]) == Fraction(8, 5)
    assert exact_effective_support([9, 1]) == Fraction(100, 82) and round(100 / 82, 2) == 1.22
    assert coordinates_holding([3, 1]) == 1 and coordinates_holding([3, 1], power=1) == 2
    g = [100] + [1] * 100
    assert exact_effective_support(g) == Fraction(40_000, 10_100) and round(40_000 / 10_100, 2) == 3.96
    assert coordinates_holding(g) == 1 and coordinates_holding(g, power=1) == 81
    stream = np.array([[1.0, 1.0], [10.0, 0.0]])
    window = effective_support(np.sqrt(np.sum(stream**2, axis=0)))
    assert round(window, 2) == 1.20
    assert window < effective_support(stream).mean()  # without the weights the lower bound of the window would be false
    assert round((2 * 2 + 100 * 1) / 102, 2) == 1.02


# ---------------------------------------------------------------- figures


def heights(axes, x):
    """The y data of every line over exactly these x."""
    return [line.get_ydata().tolist() for line in axes.lines if np.array_equal(line.get_xdata(), x)]


def test_where_nonzero_shows_the_words_and_the_active_units(page):
    corpus, network, pixels = page["corpus"], page["network"], page["X"][0]
    data, axes = meaning.where_nonzero(page["paragraph"], pixels.reshape(8, 8), network, page["image"])
    assert np.flatnonzero(data["paragraph"]).tolist() == corpus.row(page["place"]).tolist()
    (W, b), _ = network.layers(page["start"])
    active = pixels @ W + b > 0
    expected = active[:, None, None] & (pixels > 0).reshape(8, 8)
    assert 0 < active.sum() < 100 and np.array_equal(data["network"], expected)
    width = math.ceil(math.sqrt(corpus.d))
    (dots,) = axes[0].lines
    assert (dots.get_xdata() + width * dots.get_ydata()).tolist() == corpus.row(page["place"]).tolist()
    canvas = axes[2].images[0].get_array()
    tiles = np.array([canvas[9 * r + 1 : 9 * r + 9, 9 * c + 1 : 9 * c + 9] for r in range(10) for c in range(10)])
    ink, ground = tiles[expected][0], tiles[~expected][0]
    assert not np.array_equal(ink, ground)
    assert np.array_equal(tiles, np.where(expected[..., None], ink, ground))


def test_share_curves_are_the_shares():
    data, axes = meaning.share_curves({"one": np.array([0.0, -3, 1, 2]), "all": np.ones(5)})
    np.testing.assert_allclose(data["one"], [9 / 14, 13 / 14, 1, 1])
    np.testing.assert_allclose(data["all"], [0.2, 0.4, 0.6, 0.8, 1])
    assert heights(axes, np.arange(1, 5)) == [data["one"].tolist()]
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert dots == [(2, data["one"][1]), (5, 1)]  # on the curves


def test_threshold_counts_are_counts():
    rng = np.random.default_rng(1)
    g, thresholds = rng.integers(-5, 6, 40).astype(float), np.array([1e-6, 0.2, 0.5, 1.0])
    data, axes = meaning.threshold_counts({"one": g}, thresholds)
    largest = max(abs(g))
    assert data["one"].tolist() == [sum(abs(x) >= t * largest for x in g) for t in thresholds]
    assert heights(axes, thresholds) == [data["one"].tolist()]


def test_disturbance_draws_what_it_is_given():
    eps = np.array([0.1, 0.2, 0.4])
    given = {"support": 9 + eps, "effective": 3 + eps, "effective_squares": 2 + eps, "holding": 1 + eps, "bound": 4 + eps}
    data, axes = meaning.disturbance(eps, *given.values())
    assert data == given
    assert sorted(heights(axes, eps)) == sorted(values.tolist() for values in given.values())


def test_noise_of_the_page_has_the_stated_size_and_stays_below_the_bound(page):
    paragraph, noisy, size = page["paragraph"], page["noisy"], page["noise_size"]
    np.testing.assert_allclose(np.linalg.norm(noisy - paragraph, axis=1) / np.linalg.norm(paragraph), size, rtol=1e-6)
    assert np.all(support_size(noisy) == len(paragraph))
    assert np.all(effective_support(noisy) <= page["bound"])


def test_union_growth_draws_shares_of_random_order_below():
    n = np.array([1, 10, 100])
    given = dict(
        zip(("in_order", "shuffled", "random_order", "independent", "at_most"), np.arange(15.0).reshape(5, 3) + 1, strict=True)
    )
    data, (above, below) = meaning.union_growth(n, **given)
    assert {name: values.tolist() for name, values in data.items()} == {name: values.tolist() for name, values in given.items()}
    assert sorted(heights(above, n)) == sorted(values.tolist() for values in given.values())
    shares = [(given[name] / given["random_order"]).tolist() for name in ("in_order", "shuffled", "random_order", "independent")]
    assert sorted(heights(below, n)) == sorted(shares)


def test_the_picture_of_the_travel(page):
    """Shares of travel in closed form: sightings, sums of inverse roots, and below both guides' span the averages in between."""
    drawn, counts = page["travelled"], page["sightings"].sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    n = counts[order].astype(int)
    assert n[0] == 20_000
    np.testing.assert_array_equal(drawn["k"], 20_000 / n)
    np.testing.assert_allclose(drawn["sgd"], n / 20_000)
    roots = np.cumsum(np.arange(1.0, 20_001) ** -0.5)
    np.testing.assert_allclose(drawn["adagrad"], roots[n - 1] / roots[-1])
    common, rare = drawn["k"] < 30, drawn["k"] > 1000
    for rule in ("rmsprop", "adam"):
        np.testing.assert_allclose(drawn[rule][common], drawn["adagrad"][common], rtol=0.06)
        np.testing.assert_allclose(drawn[rule][rare] / drawn["sgd"][rare], 10, rtol=0.1)  # 1 / sqrt(1 - beta2)


def test_travel_by_rarity_leaves_out_what_was_never_seen():
    counts, way = np.array([8, 0, 4, 2]), np.array([4.0, 9.0, 2.0, 1.0])
    data, axes = explorer.travel_by_rarity(counts, 8, {"sgd": way, "adam": 2 * way}, 0.9)
    assert data["k"].tolist() == [1, 2, 4]
    assert data["sgd"].tolist() == data["adam"].tolist() == [1, 0.5, 0.25]
    lines = {line.get_color(): line for line in axes.lines if line.get_marker() == "o"}
    assert lines[color("adam")].get_ydata().tolist() == [1, 0.5, 0.25]
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"] == [pytest.approx(10)]
