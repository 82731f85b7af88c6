"""Batches of a problem's terms: one for all runs, one for each run, and the random ones of mini-batch descent."""

import numpy as np
import pytest

from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import least_squares, logistic, mini_batches, saddle
from lecture_optim.rules import sgd

RNG = np.random.default_rng(5)
X = RNG.normal(size=(9, 4))
Y = np.sign(RNG.normal(size=9))
PROBLEMS = {"least squares": least_squares(X, Y), "logistic": logistic(X, Y, l2=0.1)}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_batch_for_each_run(name):
    """Runs with batches of their own give what each would give alone, terms drawn twice counted twice."""
    problem = PROBLEMS[name]
    W, rows = RNG.normal(size=(5, 4)), RNG.integers(9, size=(5, 3))
    rows[0] = rows[0, 0]
    losses, gradients = problem.loss(W, rows), problem.gradient(W, rows)
    assert losses.shape == (5,) and gradients.shape == (5, 4)
    for k in range(5):
        np.testing.assert_allclose(losses[k], np.mean([problem.loss(W[k], [i]) for i in rows[k]]), rtol=1e-12)
        np.testing.assert_allclose(gradients[k], np.mean([problem.gradient(W[k], [i]) for i in rows[k]], axis=0), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("shape", [(4,), (6, 4)])
def test_mini_batches_draw_afresh_for_each_run(size, shape):
    problem, w = PROBLEMS["logistic"], np.zeros(shape)
    losses = mini_batches(problem, size, np.random.default_rng(3))
    again = np.random.default_rng(3)
    for t in (1, 2):
        rows = again.integers(9, size=(*shape[:-1], size))
        loss, gradient = losses(t, w)
        np.testing.assert_array_equal(loss, problem.loss(w, rows))
        np.testing.assert_array_equal(gradient, problem.gradient(w, rows))
    assert shape == (4,) or len(np.unique(gradient, axis=0)) > 1


def test_every_term_is_drawn_equally_often():
    counts = np.zeros(9)
    problem = least_squares(np.eye(9), np.zeros(9))  # the gradient at 1 is the share of each term in the batch
    losses = mini_batches(problem, 90_000, np.random.default_rng(0))
    counts = losses(1, np.ones(9))[1] * 90_000
    deviation = np.sqrt(90_000 * (1 / 9) * (8 / 9))
    assert np.abs(counts - 10_000).max() < 4 * deviation


def test_all_terms_are_batch_descent():
    problem = PROBLEMS["least squares"]
    run = play(optimizer(sgd, lr=0.3), mini_batches(problem, None, None), np.ones(4), T=3, record=("w",))
    w = np.ones(4)
    for _ in range(3):
        w = w - 0.3 * problem.gradient(w)
    np.testing.assert_allclose(run.w, w, rtol=1e-13)
    assert run["w"].shape == (3, 4)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="size must be a whole number >= 1"):
        mini_batches(PROBLEMS["logistic"], 0, RNG)
    with pytest.raises(ValueError, match="problem must be a mean over terms"):
        mini_batches(saddle(), 1, RNG)
