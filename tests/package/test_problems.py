"""Losses and streams: gradients against complex-step derivatives of losses written out here, constants against their meaning."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import problems
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.rules import sgd

RNG = np.random.default_rng(5)
X = RNG.normal(size=(9, 4))
Y = np.where(RNG.random(9) < 0.5, 1.0, -1.0)
W = RNG.normal(size=4)


def complex_step(loss, w):
    """The derivative of an analytic loss to the last bits: no difference is taken, so nothing cancels."""
    return np.array([loss(w + 1e-30j * e).imag / 1e-30 for e in np.eye(len(w))])


def logistic_loss(w):
    return np.mean(np.log(1 + np.exp(-Y * (X @ w)))) + 0.15 * np.sum(w * w)


A = X.T @ X
LOSSES = {
    "quadratic": (problems.quadratic(A, np.arange(4.0)), lambda w: 0.5 * (w @ A) @ w - np.arange(4.0) @ w, W),
    "least squares": (problems.least_squares(X, Y), lambda w: np.sum((X @ w - Y) ** 2) / 18, W),
    "logistic": (problems.logistic(X, Y, l2=0.3), logistic_loss, W),
    "saddle": (problems.saddle(), lambda w: w[0] ** 2 / 2 + w[1] ** 4 / 4 - w[1] ** 2 / 2, W[:2]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient(name):
    problem, loss, w = LOSSES[name]
    np.testing.assert_allclose(problem.loss(w), loss(w), rtol=1e-13)
    np.testing.assert_allclose(problem.gradient(w), complex_step(loss, w), rtol=1e-12)
    assert problem.d == len(w)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_runs_is_each_run(name):
    problem, _, w = LOSSES[name]
    batch = np.stack([w, -w, 2 * w]).reshape(3, 1, -1)
    np.testing.assert_allclose(problem.loss(batch)[1, 0], problem.loss(-w), rtol=1e-14)
    np.testing.assert_allclose(problem.gradient(batch)[1, 0], problem.gradient(-w), rtol=1e-13)


@pytest.mark.parametrize("name", ["quadratic", "least squares", "saddle"])
def test_the_minimizer_has_no_gradient(name):
    problem, _, _ = LOSSES[name]
    np.testing.assert_allclose(problem.gradient(problem.minimizer), 0, atol=1e-12)
    for step in np.eye(problem.d):
        assert problem.loss(problem.minimizer + 1e-3 * step) > problem.loss(problem.minimizer)


@pytest.mark.parametrize("name", ["quadratic", "least squares"])
def test_smoothness_is_the_hessians_norm(name):
    problem, _, _ = LOSSES[name]
    hessian = problem.gradient(np.eye(4)) - problem.gradient(np.zeros(4))
    assert problem.smoothness == pytest.approx(np.linalg.norm(hessian, 2), rel=1e-12)


def test_logistic_smoothness_is_attained_at_zero():
    one = problems.logistic(X[:1], Y[:1])
    assert one.smoothness == pytest.approx(X[0] @ X[0] / 4, rel=1e-13)
    direction = 1e-5 * X[0] / np.linalg.norm(X[0])
    rate = np.linalg.norm(one.gradient(direction) - one.gradient(-direction)) / (2 * np.linalg.norm(direction))
    assert rate == pytest.approx(one.smoothness, rel=1e-6)
    far = 5 * X[0]
    rate = np.linalg.norm(one.gradient(far + direction) - one.gradient(far - direction)) / (2 * np.linalg.norm(direction))
    assert rate < 0.5 * one.smoothness


@pytest.mark.parametrize("name", ["least squares", "logistic"])
def test_rows_pick_terms(name):
    problem, _, w = LOSSES[name]
    assert problem.n == 9
    singles = np.array([problem.gradient(w, [i]) for i in range(9)])
    np.testing.assert_allclose(singles.mean(axis=0), problem.gradient(w), rtol=1e-12)
    np.testing.assert_allclose(singles[[2, 5]].mean(axis=0), problem.gradient(w, np.array([2, 5])), rtol=1e-12)
    np.testing.assert_allclose(np.mean([problem.loss(w, [i]) for i in range(9)]), problem.loss(w), rtol=1e-13)


def test_sigmoid_and_softplus_do_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(problems.sigmoid(np.array([-1000.0, 0, 1000])), [0, 0.5, 1])
        np.testing.assert_allclose(problems.log1p_exp(np.array([-1000.0, 0, 1000])), [0, np.log(2), 1000])
    assert isinstance(problems.sigmoid(0.3), float)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: problems.quadratic([[1.0, 2], [0, 1]]), "A must be symmetric"),
        (lambda: problems.quadratic(np.eye(2), [1.0]), "b must have shape"),
        (lambda: problems.least_squares(X, Y[:3]), "y must have one number"),
        (lambda: problems.least_squares(X * np.nan, Y), "X must be finite"),
        (lambda: problems.logistic(X, Y + 1), "labels must be -1 or"),
        (lambda: problems.logistic(X, Y, l2=-1), "l2 must be >= 0"),
        (lambda: problems.logistic(np.zeros((0, 3)), []), "X must be a matrix"),
        (lambda: problems.Network((3,)), "sizes must"),
        (lambda: problems.power_law(0), "d must be a whole number >= 1"),
        (lambda: problems.one_hot(5, [0.5, 0.4], RNG), "p must sum to 1"),
        (lambda: problems.two_point(5, 1, 0, 1.5, RNG), "p must be <= 1"),
        (lambda: problems.reddi_periodic(0, 3), "T must be a whole number >= 1"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        make()


INDPTR, INDICES = np.array([0, 2, 3, 6]), np.array([0, 3, 1, 0, 1, 2])
DENSE = np.array([[1.0, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 0]])
LABELS = np.array([1.0, -1.0, -1.0])


def test_sparse_logistic_is_logistic_on_the_dense_rows():
    sparse = problems.SparseLogistic(INDPTR, INDICES, LABELS, d=4)
    dense = problems.logistic(DENSE, LABELS)
    assert len(sparse) == 3
    assert sparse.loss(W) == pytest.approx(dense.loss(W), rel=1e-14)
    np.testing.assert_allclose(sparse.margins(W), LABELS * (DENSE @ W), rtol=1e-14)
    side_by_side = np.stack([W, -W], axis=1)
    np.testing.assert_allclose(sparse.loss(side_by_side), [dense.loss(W), dense.loss(-W)], rtol=1e-14)
    for i in range(3):
        loss, rows, G = sparse.example(W, i)
        full = np.zeros(4)
        full[rows] = G
        np.testing.assert_allclose(full, dense.gradient(W, [i]), rtol=1e-13)
        assert loss == pytest.approx(dense.loss(W, [i]), rel=1e-13)
        np.testing.assert_allclose(sparse.example(side_by_side, i)[2][:, 0], G, rtol=1e-14)


def test_error_counts_a_tie_as_half():
    sparse = problems.SparseLogistic(INDPTR, INDICES, LABELS, d=4)
    assert sparse.error(np.zeros(4)) == 0.5
    assert sparse.error(np.array([1.0, -1, -1, 1])) == 0
    assert sparse.error(np.array([-1.0, 1, 1, -1])) == 1


def test_sparse_logistic_refuses_an_example_without_features():
    with pytest.raises(ValueError, match="example 1 has none"):
        problems.SparseLogistic(np.array([0, 2, 2, 6]), INDICES, LABELS, d=4)
    with pytest.raises(ValueError, match="indptr"):
        problems.SparseLogistic(INDPTR[:-1], INDICES, LABELS, d=4)


def network_loss(w, sizes, inputs, classes, masks):
    """The network's loss written out, for complex w: the sign of a unit is that of its real part."""
    start, layer = 0, inputs
    for k, (a, b) in enumerate(pairwise(sizes)):
        layer = layer @ w[start : start + a * b].reshape(a, b) + w[start + a * b : start + (a + 1) * b]
        start += (a + 1) * b
        if k < len(sizes) - 2:
            layer = layer * (layer.real > 0) * masks[k]
    return np.mean([np.log(np.sum(np.exp(s - s[c]))) for s, c in zip(layer, classes, strict=True)])


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_network_gradient(dropout):
    sizes = (4, 6, 5, 3)
    net = problems.Network(sizes)
    w = net.init(np.random.default_rng(1)) + 0.01
    classes = np.arange(9) % 3
    draws = np.random.default_rng(2)
    masks = [(draws.random((9, b)) >= dropout) / (1 - dropout) for b in sizes[1:-1]]
    loss, gradient = net.loss_and_gradient(w, X, classes, dropout, np.random.default_rng(2))
    reference = lambda v: network_loss(v, sizes, X, classes, masks)  # noqa: E731
    assert loss == pytest.approx(reference(w), rel=1e-12)
    np.testing.assert_allclose(gradient, complex_step(reference, w), rtol=1e-10, atol=1e-14)
    assert net.d == len(w) == 4 * 6 + 6 + 6 * 5 + 5 + 5 * 3 + 3


def test_network_says_what_it_needs():
    net = problems.Network((4, 6, 3))
    w = net.init(np.random.default_rng(1))
    with pytest.raises(ValueError, match="needs rng"):
        net.forward(w, X, dropout=0.5)
    with pytest.raises(ValueError, match="dropout must be in"):
        net.forward(w, X, dropout=1.0, rng=RNG)
    with pytest.raises(ValueError, match="w must have shape"):
        net.forward(w[1:], X)


@given(st.integers(1, 30), st.floats(0, 4))
def test_power_law(d, exponent):
    p = problems.power_law(d, exponent)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(p[0] / p, np.arange(1, d + 1) ** exponent, rtol=1e-12)


def test_streams():
    np.testing.assert_array_equal(problems.reddi_periodic(7, 3), [3, -1, -1, 3, -1, -1, 3])
    np.testing.assert_array_equal(problems.reddi_periodic(4, 1010, -10, period=2), [1010, -10, 1010, -10])
    rng = np.random.default_rng(0)
    seen = problems.two_point(40_000, 1, 0, np.array([0.2, 0.7]), rng, shape=(2,))
    # Three standard errors of a mean of 40,000 coin tosses.
    np.testing.assert_allclose(seen.mean(axis=0), [0.2, 0.7], atol=3 * 0.5 / 200)
    assert set(np.unique(problems.two_point(50, 5, -1, 0.5, rng))) == {-1.0, 5.0}
    coordinates, signs = problems.one_hot(40_000, problems.power_law(3), rng)
    np.testing.assert_allclose(np.bincount(coordinates) / 40_000, problems.power_law(3), atol=3 * 0.5 / 200)
    assert abs(signs.mean()) < 3 / 200 and set(np.unique(signs)) == {-1.0, 1.0}


# Batches: one for all runs, one for each run, and the random ones of mini-batch descent.
BATCH_RNG = np.random.default_rng(5)
BATCH_X = BATCH_RNG.normal(size=(9, 4))
BATCH_Y = np.sign(BATCH_RNG.normal(size=9))
BATCH_PROBLEMS = {
    "least squares": problems.least_squares(BATCH_X, BATCH_Y),
    "logistic": problems.logistic(BATCH_X, BATCH_Y, l2=0.1),
}


@pytest.mark.parametrize("name", BATCH_PROBLEMS)
def test_a_batch_for_each_run(name):
    """Runs with batches of their own give what each would give alone, terms drawn twice counted twice."""
    problem = BATCH_PROBLEMS[name]
    W, rows = BATCH_RNG.normal(size=(5, 4)), BATCH_RNG.integers(9, size=(5, 3))
    rows[0] = rows[0, 0]
    losses, gradients = problem.loss(W, rows), problem.gradient(W, rows)
    assert losses.shape == (5,) and gradients.shape == (5, 4)
    for k in range(5):
        np.testing.assert_allclose(losses[k], np.mean([problem.loss(W[k], [i]) for i in rows[k]]), rtol=1e-12)
        np.testing.assert_allclose(gradients[k], np.mean([problem.gradient(W[k], [i]) for i in rows[k]], axis=0), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("shape", [(4,), (6, 4)])
def test_mini_batches_draw_afresh_for_each_run(size, shape):
    problem, w = BATCH_PROBLEMS["logistic"], np.zeros(shape)
    losses = problems.mini_batches(problem, size, np.random.default_rng(3))
    again = np.random.default_rng(3)
    for t in (1, 2):
        rows = again.integers(9, size=(*shape[:-1], size))
        loss, gradient = losses(t, w)
        np.testing.assert_array_equal(loss, problem.loss(w, rows))
        np.testing.assert_array_equal(gradient, problem.gradient(w, rows))
    assert shape == (4,) or len(np.unique(gradient, axis=0)) > 1


def test_every_term_is_drawn_equally_often():
    counts = np.zeros(9)
    problem = problems.least_squares(np.eye(9), np.zeros(9))  # the gradient at 1 is the share of each term in the batch
    losses = problems.mini_batches(problem, 90_000, np.random.default_rng(0))
    counts = losses(1, np.ones(9))[1] * 90_000
    deviation = np.sqrt(90_000 * (1 / 9) * (8 / 9))
    assert np.abs(counts - 10_000).max() < 4 * deviation


def test_all_terms_are_batch_descent():
    problem = BATCH_PROBLEMS["least squares"]
    run = play(optimizer(sgd, lr=0.3), problems.mini_batches(problem, None, None), np.ones(4), T=3, record=("w",))
    w = np.ones(4)
    for _ in range(3):
        w = w - 0.3 * problem.gradient(w)
    np.testing.assert_allclose(run.w, w, rtol=1e-13)
    assert run["w"].shape == (3, 4)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="size must be a whole number >= 1"):
        problems.mini_batches(BATCH_PROBLEMS["logistic"], 0, BATCH_RNG)
    with pytest.raises(ValueError, match="problem must be a mean over terms"):
        problems.mini_batches(problems.saddle(), 1, BATCH_RNG)
