"""The note on the ADAM optimizer: counterexamples to what it prints, and checks of what holds, each as small as can be."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import Network, least_squares, logistic, quadratic
from lecture_optim.schedules import inverse_sqrt

X = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0], [1.0, 3.0]])
TARGETS = np.array([1.0, -2.0, 0.5, 3.0])
W = np.array([0.3, -0.7])
PROBLEM = least_squares(X, TARGETS)


# ---------------------------------------------------------------- section 1


def test_the_squared_error_is_the_objective_of_the_page():
    """The mean of squared differences between targets and model; the package's has the factor one half."""
    by_hand = np.mean([(TARGETS[i] - X[i] @ W) ** 2 for i in range(4)])
    assert 2 * PROBLEM.loss(W) == pytest.approx(by_hand, rel=1e-14)


def test_a_learning_rate_is_not_the_length_of_a_step():
    """With one rate SGD's steps are as long as the gradients, a hundred to one; Adam's first steps have the rate's length."""
    first = {}
    for size in (0.1, 10.0):
        for rule, hyper in ((rules.sgd, {}), (rules.adam, {"eps": 0.0})):
            o = optimizer(rule, lr=0.01, **hyper)
            moved, _ = o.update(np.zeros(1), np.array([size]), o.init(np.zeros(1)))
            first[rule, size] = abs(moved[0])
    assert first[rules.sgd, 10.0] == pytest.approx(100 * first[rules.sgd, 0.1]) and first[rules.sgd, 10.0] == pytest.approx(0.1)
    assert first[rules.adam, 10.0] == pytest.approx(0.01) == pytest.approx(first[rules.adam, 0.1])


def test_a_sum_over_all_examples_does_not_look_at_the_batch():
    """A sum over all examples is the same whatever batch was drawn; the sum over the batch, over its size, is not."""
    full = sum(PROBLEM.gradient(W, rows=np.array([i])) for i in range(4)) / 4
    np.testing.assert_allclose(full, PROBLEM.gradient(W), rtol=1e-14)  # that is batch descent
    batches = [np.array(b) for b in itertools.combinations(range(4), 2)]
    drawn = np.array([PROBLEM.gradient(W, rows=b) for b in batches])
    assert np.ptp(drawn, axis=0).min() > 1
    np.testing.assert_allclose(drawn.mean(axis=0), full, rtol=1e-13)


def test_a_batch_is_a_part_of_the_data_and_no_element():
    data = frozenset({(1, 1), (2, 1), (3, 0)})
    batch = frozenset({(1, 1), (3, 0)})
    assert batch <= data and batch not in data


def test_targets_are_values_at_inputs():
    """f takes the two features of a sample; a model of it may have any number of parameters, here three."""
    theta = np.array([0.5, 1.0, -1.0])

    def f(x):
        return x @ np.array([1.0, -1.0])

    def model(x, theta):
        return theta[0] + x @ theta[1:]

    batch = X[[0, 3]]
    assert np.mean((f(batch) - model(batch, theta)) ** 2) == pytest.approx(0.25)  # they differ by 0.5 everywhere
    with pytest.raises(ValueError):
        f(theta)


def test_a_step_of_adam_can_go_up_the_present_gradient():
    """Ten gradients of 1, then one of -1: the average is still positive, and Adam's step goes with the gradient's ascent."""
    g = np.array([1.0] * 10 + [-1.0])
    run = play(optimizer(rules.adam, lr=0.1), g, 0.0, record=("w", "m"))
    last = float(run.w - run["w"][-1])
    assert last * g[-1] > 0  # plain descent has -lr g, which is the other way
    assert np.sign(last) == -np.sign(run["m"][-1])


@given(st.lists(st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=30))
def test_a_step_of_adam_is_against_its_average(g):
    run = play(optimizer(rules.adam, lr=0.1), np.array(g), 0.0, record=("w", "m"))
    step = np.diff(np.append(run["w"], run.w))
    assert np.all(step * run["m"] <= 0)


def test_one_exact_gradient_costs_all_examples():
    """What a step computes, counted: n gradients of examples for batch descent, the size of the batch otherwise."""
    counted = []

    def gradient(i, w):
        counted.append(i)
        return X[i] * (X[i] @ w - TARGETS[i])

    for rows in (range(4), (2,), (0, 3)):
        counted.clear()
        mean = sum(gradient(i, W) for i in rows) / len(rows)
        assert len(counted) == len(rows)
        np.testing.assert_allclose(mean, PROBLEM.gradient(W, rows=np.array(rows)), rtol=1e-13)


# ---------------------------------------------------------------- section 2


def test_a_penalty_is_no_average_of_losses_of_predictions():
    """Two features that are always equal: only the sum of their weights shows in predictions, and the penalty sees more."""
    same, labels = np.array([[1.0, 1.0], [-2.0, -2.0], [0.5, 0.5]]), np.array([1.0, -1.0, -1.0])
    one, other = np.array([3.0, 0.0]), np.array([1.5, 1.5])
    plain, penalized = logistic(same, labels), logistic(same, labels, l2=0.1)
    np.testing.assert_array_equal(same @ one, same @ other)
    assert plain.loss(one) == plain.loss(other)
    assert penalized.loss(one) > penalized.loss(other) + 0.1
    for w in (one, other):  # it is the average plus a function of the parameters alone
        assert penalized.loss(w) - plain.loss(w) == pytest.approx(0.05 * (w @ w))


def test_a_network_has_a_kink_and_a_gradient_elsewhere():
    """At a kink of a ReLU the slopes to the two sides differ, so the loss is not differentiable there; next to it it is."""
    net = Network((1, 1, 2))
    w = np.array([1.0, 0.0, 2.0, -1.0, 0.0, 0.0])  # hidden weight and bias, output weights and biases
    x, y, h = np.array([[0.0]]), np.array([0]), 1e-6
    toward = np.eye(6)[1]  # the hidden bias: the unit's score is this bias
    loss = [net.loss_and_gradient(w + s * h * toward, x, y)[0] for s in (-1, 0, 1)]
    left, right = (loss[1] - loss[0]) / h, (loss[2] - loss[1]) / h
    assert left == 0 and abs(right) > 0.5
    inside = w + 0.5 * toward
    slope = (net.loss_and_gradient(inside + h * toward, x, y)[0] - net.loss_and_gradient(inside - h * toward, x, y)[0]) / (2 * h)
    assert net.loss_and_gradient(inside, x, y)[1][1] == pytest.approx(slope, rel=1e-6)


def test_the_gradient_is_that_of_the_loss_of_the_step():
    """The gradient of the step's own loss is the vector of its partial derivatives; another step's loss has another one."""
    h = 1e-6
    for t in range(4):
        one = least_squares(X[[t]], TARGETS[[t]])
        slopes = [(one.loss(W + h * e) - one.loss(W - h * e)) / (2 * h) for e in np.eye(2)]
        np.testing.assert_allclose(one.gradient(W), slopes, atol=1e-8)
        assert not np.allclose(one.gradient(W), least_squares(X[[(t + 1) % 4]], TARGETS[[(t + 1) % 4]]).gradient(W))


def box(gradients, alpha=0.5, b1=0.9, b2=0.999, eps=1e-8, first=1):
    """The note's box for one parameter, line by line, in plain floats; the counter is raised to ``first`` at the first step."""
    theta = m = v = 0.0
    t, path = first - 1, []
    for g in gradients:
        t = t + 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        theta = theta - alpha * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
        path.append(theta)
    return path


GRADIENTS = [3.0, -1.0, 0.5, 2.0, -4.0]


def test_the_box_is_the_rule():
    run = play(optimizer(rules.adam, lr=0.5), np.array(GRADIENTS), 0.0, record=("w",))
    np.testing.assert_allclose(box(GRADIENTS), np.append(run["w"][1:], run.w), rtol=1e-12)


def test_the_counter_is_raised_before_it_is_used():
    with pytest.raises(ZeroDivisionError):
        box(GRADIENTS, first=0)


def test_averages_that_do_not_start_at_zero_need_another_correction():
    """The divisor 1 - beta^t belongs to the start at zero: from any other start a constant gradient is not given back."""
    for m in (0.0, 1.0):
        for t in range(1, 6):
            m = 0.9 * m + 0.1 * 2.0
            if t == 1:
                started = m
        corrected = m / (1 - 0.9**5)
        assert (corrected == pytest.approx(2.0)) == (started == pytest.approx(0.2))


def test_the_last_iterate_is_not_what_theorems_bound():
    """Signs of noise at the minimizer of |w|: the point that the box returns keeps its distance, the mean of points does not."""
    rng = np.random.default_rng(0)
    noise = rng.choice([-1.0, 1.0], size=(4000, 200))
    o = optimizer(rules.adam, lr=0.1, beta1=0.0)
    run = play(o, lambda t, w: (np.abs(w), 0.2 * np.sign(w) + noise[t - 1][:, None]), np.zeros((200, 1)), 4000, record=("w",))
    last, mean = np.abs(run.w).mean(), np.abs(run["w"].mean(axis=0)).mean()
    assert mean < last / 3


def test_with_noise_and_a_constant_rate_no_iterate_converges():
    """w^2/2 with noise: Adam's moves stay as long as they are; not so without noise, or with a falling rate."""

    def late_moves(noise, lr):
        draws = np.random.default_rng(0).choice([-noise, noise], 20_000)
        run = play(optimizer(rules.adam, lr=lr), lambda t, w: (w * w / 2, w + draws[t - 1]), 1.0, 20_000, record=("w",))
        moves = np.abs(np.diff(run["w"]))
        return moves[1000:2000].mean(), moves[-1000:].mean()

    early, late = late_moves(1.0, 0.01)
    assert late > 0.8 * early and late > 1e-3
    assert late_moves(0.0, 0.01)[0] < 1e-9
    early, late = late_moves(1.0, inverse_sqrt(0.1))
    assert late < early / 3


# ---------------------------------------------------------------- section 3


def test_a_running_sum_is_enough():
    """Batch descent needs no store of gradients: one sum, into which each is added as it comes, gives the same step."""
    stored = np.array([X[i] * (X[i] @ W - TARGETS[i]) for i in range(4)])
    running = np.zeros(2)
    for i in range(4):
        running += X[i] * (X[i] @ W - TARGETS[i])
    assert stored.size == 4 * running.size
    np.testing.assert_array_equal(running, stored.sum(axis=0))
    np.testing.assert_allclose(W - 0.1 * running / 4, W - 0.1 * PROBLEM.gradient(W), rtol=1e-14)


def floor(eta, sigma):
    """The mean square to which SGD with a constant rate on w^2/2 with noise of this deviation tends, from its recursion."""
    M = Fraction(1)
    for _ in range(400):
        M = (1 - eta) ** 2 * M + eta**2 * sigma**2
        M = Fraction(round(M * 2**80), 2**80)
    return M


def test_the_error_of_a_constant_rate_is_of_its_order_with_noise_and_none_without():
    small, large = floor(Fraction(1, 10), 1), floor(Fraction(1, 5), 1)
    assert float(small) == pytest.approx(0.1 / 1.9, rel=1e-9) and 1.9 < large / small < 2.2
    assert floor(Fraction(1, 10), 0) < Fraction(1, 10**18)


def test_a_falling_rate_reaches_the_minimizer_of_batch_descent_and_a_rate_of_finite_sum_does_not():
    def left(rates, sigma=1.0):
        M = 1.0
        for eta in rates:
            M = (1 - eta) ** 2 * M + eta**2 * sigma**2
        return M

    t = np.arange(1, 100_001)
    assert left(0.5 / t**0.75) < 1e-3
    assert left(0.5 / t**2) > 0.1


def test_an_epoch_of_batches_shows_every_example_once():
    rng = np.random.default_rng(0)
    order = rng.permutation(12).reshape(4, 3)
    assert sorted(order.ravel()) == list(range(12))
    means = [np.arange(12)[batch].mean() for batch in order]
    assert np.mean(means) == pytest.approx(np.arange(12).mean())  # together they are the batch,
    assert np.ptp(means) > 0  # each alone is random


def test_the_partial_derivative_is_taken_at_all_parameters():
    """J = (theta_1 theta_2)^2 / 2: its derivative in theta_1 needs both, so J(theta_1) with one argument means nothing."""
    theta, h = np.array([2.0, 3.0]), 1e-6

    def J(p):
        return (p[0] * p[1]) ** 2 / 2

    slope = (J(theta + np.array([h, 0])) - J(theta - np.array([h, 0]))) / (2 * h)
    assert slope == pytest.approx(theta[0] * theta[1] ** 2, rel=1e-8)
    assert slope != pytest.approx((J([2.0 + h, 1.0]) - J([2.0 - h, 1.0])) / (2 * h), rel=1e-3)


def test_the_rate_of_adam_has_to_be_chosen_as_well():
    """w^2/2 from 1, the mean loss of 200 steps: of three rates Adam is near with one, hardly moved with the next, or far off."""
    losses = {}
    for lr in (1e-4, 1e-1, 1e2):
        problem = quadratic(np.eye(1))
        run = play(optimizer(rules.adam, lr=lr), lambda t, w, p=problem: (p.loss(w), p.gradient(w)), np.ones(1), 200)
        losses[lr] = run.loss / 200  # run.loss is the total
    assert losses[1e-4] > 0.48 and losses[1e-1] < 0.05 and losses[1e2] > 100


def test_noise_free_steps_differ_from_noisy_ones_by_the_noise():
    """Batch descent takes the mean gradient; one example's differs from it, with mean square V, and a batch's with V / B."""
    each = np.array([PROBLEM.gradient(W, rows=np.array([i])) for i in range(4)])
    V = np.mean(np.sum((each - each.mean(axis=0)) ** 2, axis=1))
    pairs = np.array([(each[i] + each[j]) / 2 for i, j in itertools.product(range(4), repeat=2)])
    assert V > 1
    assert np.mean(np.sum((pairs - each.mean(axis=0)) ** 2, axis=1)) == pytest.approx(V / 2)


def test_the_second_average_of_amsgrad_is_no_variance():
    """Gradients that are always 10 have the variance 0; the average of their squares tends to 100, with and without maximum."""
    run = play(optimizer(rules.amsgrad, lr=0.1), np.full(20_000, 10.0), 0.0, record=("v", "v_max"))
    assert run["v"][-1] == pytest.approx(100) == pytest.approx(run["v_max"][-1])
    assert np.var(np.full(20_000, 10.0)) == 0


def test_what_adam_mends_of_sgd_is_scale():
    """A diagonal quadratic of condition number 10^4: SGD's best constant rate is still far, Adam's steps do not notice it."""

    def after(rule, lr, h, steps=300):
        problem = quadratic(np.diag([1.0, h]))
        run = play(optimizer(rule, lr=lr), lambda t, w: (problem.loss(w), problem.gradient(w)), np.ones(2), steps)
        return np.abs(run.w).max()

    assert after(rules.sgd, 2 / 10_001, 1e4) > 0.9
    assert after(rules.sgd, 2 / 11, 10.0) < 1e-3
    falling = inverse_sqrt(0.1)
    steep = after(rules.adam, falling, 1e4)
    assert steep < 0.05 and steep == pytest.approx(after(rules.adam, falling, 1.0), abs=1e-5)


def test_labels_need_not_be_a_function_of_the_features():
    """Labels that are a function of the features, and labels that are not: without a function no model fits both examples."""
    twice = np.array([[1.0], [1.0]])
    clean, noisy = logistic(twice, np.array([1.0, 1.0])), logistic(twice, np.array([1.0, -1.0]))
    assert clean.loss(np.array([20.0])) < 1e-8
    assert min(noisy.loss(np.array([w])) for w in np.linspace(-5, 5, 101)) == pytest.approx(math.log(2))
