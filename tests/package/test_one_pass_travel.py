"""`one_pass` with ``travel``: how far each weight moved, against the steps taken one by one."""

import numpy as np
import pytest

from lecture_optim.online import one_pass
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import SparseLogistic
from lecture_optim.rules import adagrad, adam, sgd

RNG = np.random.default_rng(5)
ROWS = [np.flatnonzero(RNG.random(6) < 0.4) if i % 3 else np.array([i % 6]) for i in range(60)]
ROWS = [row if row.size else np.array([0]) for row in ROWS]
PROBLEM = SparseLogistic(np.cumsum([0, *map(len, ROWS)]), np.concatenate(ROWS), RNG.choice([-1.0, 1.0], 60), 7)


def one_by_one(o, order, W):
    state, travel = o.init(W), np.zeros_like(W)
    for i in order:
        _, rows, G = PROBLEM.example(W, i)
        g = np.zeros_like(W)
        g[rows] = G
        new, state = o.update(W, g, state)
        travel += np.abs(new - W)
        W = new
    return W, travel


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("rule", [sgd, adagrad])
@pytest.mark.parametrize("shape", [(7,), (7, 3)])
def test_travel_is_the_sum_of_all_moves(rule, dense, shape):
    order = np.random.default_rng(2).permutation(60)
    lr = 0.3 if len(shape) == 1 else np.array([0.1, 0.3, 1.0])
    o, W, travel = optimizer(rule, lr=lr), np.zeros(shape), np.zeros(shape)
    one_pass(o, PROBLEM, W, order, travel=travel, dense=dense)
    expected_W, expected = one_by_one(o, order, np.zeros(shape))
    np.testing.assert_allclose(W, expected_W, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(travel, expected, rtol=1e-11, atol=1e-14)
    assert np.all(travel >= np.abs(W)) and np.any(travel > np.abs(W) + 0.01) and np.all(travel[6] == 0)


def test_weights_that_drift_without_being_seen_count_too():
    """Adam moves a weight on after its last gradient: the dense pass sees that, the masked one does not take place."""
    dense, masked = np.zeros(7), np.zeros(7)
    one_pass(optimizer(adam, lr=0.1), PROBLEM, np.zeros(7), travel=dense, dense=True)
    one_pass(optimizer(adam, lr=0.1), PROBLEM, np.zeros(7), travel=masked, masked=True)
    assert np.all(dense[:6] > masked[:6])


def test_travel_adds_to_what_it_holds_and_changes_nothing_else():
    plain, W, travel = np.zeros(7), np.zeros(7), np.full(7, 2.0)
    losses = one_pass(optimizer(sgd, lr=0.3), PROBLEM, plain)
    np.testing.assert_array_equal(one_pass(optimizer(sgd, lr=0.3), PROBLEM, W, travel=travel), losses)
    np.testing.assert_array_equal(plain, W)
    assert travel[6] == 2.0 and np.all(travel[:6] > 2.0)


def test_a_travel_of_another_shape_is_refused_before_the_first_step():
    W = np.zeros(7)
    with pytest.raises(ValueError, match="travel must have the shape of W"):
        one_pass(optimizer(sgd, lr=0.3), PROBLEM, W, travel=np.zeros(6))
    assert not W.any()
