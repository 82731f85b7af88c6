"""The note on sparse gradients: counterexamples to what it says too widely, and checks of what holds, each as small as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import logistic
from lecture_optim.schedules import inverse_sqrt
from lecture_optim.sparsity import effective_support, support_size

ONE_OF_TWO = np.array([[1.0, 0.0], [0.0, 1.0]])  # each example has one feature: the common one, the rare one


def moves(rule, g, **hyper):
    """The moves of a rule that is fed with these gradients, a row a step, from 0."""
    run = play(optimizer(getattr(rules, rule), **hyper), g, np.zeros(g.shape[1]), record=("w",))
    return np.diff(np.vstack([run["w"], run.w]), axis=0)


# ---------------------------------------------------------------- what sparse means


def test_sparse_steps_and_a_dense_window_and_the_reverse():
    """One coordinate a step, in turn: no step is sparser, no window denser. All coordinates, once in a while: the reverse."""
    d = 16
    in_turn, at_once = np.eye(d), np.vstack([np.ones((1, d)), np.zeros((d - 1, d))])
    window = [effective_support(np.sqrt(np.sum(g**2, axis=0))) for g in (in_turn, at_once)]
    assert support_size(in_turn).max() == 1 and window[0] == pytest.approx(d)
    assert support_size(at_once).mean() == 1 and support_size(at_once).max() == d  # sparse on average, dense where it matters
    one = np.zeros((d, d))
    one[:, 0] = 1.0
    assert effective_support(np.sqrt(np.sum(one**2, axis=0))) == 1  # a sparse window; its steps are sparse as well


def test_the_weakest_entry_can_carry_all_the_signal():
    """Entry 1 is ten times as large and its sign is a coin's; entry 2 always says the same, and so says the label."""
    rng = np.random.default_rng(0)
    g = np.column_stack([10 * rng.choice([-1.0, 1.0], 4000), -np.ones(4000)])
    mean, error = g.mean(axis=0), g.std(axis=0) / np.sqrt(len(g))
    assert np.abs(g[:, 0]).min() == 10 * np.abs(g[:, 1]).max()
    assert abs(mean[0]) < 3 * error[0] and abs(mean[1]) == 1 and error[1] == 0


# ---------------------------------------------------------------- where sparse gradients come from


def test_a_rectifier_passes_exactly_one_of_two_opposite_scores():
    """So it is exactly zero on a half-line, and silent on half of a symmetric crowd of inputs, whatever the weights are."""
    rng = np.random.default_rng(1)
    x, W = rng.normal(size=(200, 7)), rng.normal(size=(7, 30))
    up, down = np.maximum(x @ W, 0), np.maximum(-x @ W, 0)
    assert np.all((up == 0) != (down == 0))
    assert np.mean(np.hstack([up, down]) == 0) == 0.5


def test_unseen_features_stand_still_under_plain_descent_and_not_under_averages():
    g = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    still = {"sgd": True, "adagrad": True, "momentum": False, "adam": False}
    for rule, expected in still.items():
        assert np.all(moves(rule, g, lr=0.1)[1:, 0] == 0) == expected, rule


# ---------------------------------------------------------------- one learning rate


@given(st.lists(st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=6), st.floats(1e-4, 10))
def test_plain_descent_multiplies_all_coordinates_by_one_number(g, lr):
    ratio = -moves("sgd", np.array([g]), lr=lr)[0] / g
    np.testing.assert_allclose(ratio, lr, rtol=1e-12)
    if np.ptp(np.abs(g)) > 1e-6 * np.max(np.abs(g)):
        adaptive = -moves("adagrad", np.array([g]), lr=lr, eps=0.0)[0] / g
        assert np.ptp(adaptive) > 1e-9 * adaptive.max()


def common_then_rare(times, lr=0.5):
    """SGD on ``times`` examples of the common feature and one of the rare one, all with label 1: the sizes of the gradients."""
    w, sizes = np.zeros(2), []
    for x in [ONE_OF_TWO[0]] * times + [ONE_OF_TWO[1]]:
        g = logistic([x], [1.0]).gradient(w)
        sizes.append(np.abs(g).max())
        w = w - lr * g
    return sizes


def test_rarity_does_not_make_gradients_small():
    """At its first sighting the rare feature has the gradient with which the common one began, larger than all its later ones."""
    sizes = common_then_rare(50)
    assert sizes[-1] == sizes[0] == 0.5 and max(sizes[1:-1]) < 0.5


@pytest.mark.parametrize("rarity", [4, 25, 100])
def test_the_second_penalty_is_the_shared_falling_rate(rarity):
    """Gradients of size 1 for both: a constant rate costs the factor p once, eta / sqrt t once more, and nothing else does."""
    T = 100 * rarity
    seen = np.zeros((T, 2))
    seen[:, 0] = 1
    seen[rarity - 1 :: rarity, 1] = 1
    constant, falling = (np.abs(moves("sgd", seen, lr=lr)).sum(axis=0) for lr in (1.0, inverse_sqrt(1.0)))
    own = np.abs(moves("adagrad", seen, lr=1.0, eps=0.0)).sum(axis=0)
    assert constant[1] / constant[0] == pytest.approx(1 / rarity)
    assert falling[1] / falling[0] == pytest.approx(1 / rarity, rel=0.15)
    assert own[1] / own[0] == pytest.approx(1 / np.sqrt(rarity), rel=0.15)
    assert own[1] > 0.8 * np.sqrt(rarity) * falling[1]


def test_what_is_learned_is_no_longer_travelled():
    """Two weights of least squares without noise, one seen at every step, one at every tenth: both arrive, both travel 1."""
    w, target, way = np.zeros(2), np.ones(2), np.zeros(2)
    after = {}
    for t in range(1, 1001):
        g = (w - target) * np.array([1.0, t % 10 == 0])
        w, way = w - 0.5 * g, way + np.abs(0.5 * g)
        after[t] = np.abs(target - w)
    assert after[50][0] < 1e-12 < 0.01 < after[50][1]  # the rare one lags
    assert after[1000].max() < 1e-12  # and catches up, as the common one has stopped
    np.testing.assert_allclose(way, 1, rtol=1e-12)


# ---------------------------------------------------------------- adaptive scaling


def test_equal_scaling_factors_and_different_steps():
    """RMSProp with and without momentum divide by the same root; AdamW adds to Adam's step what no factor of it can be."""
    g = np.array([[2.0, -1.0], [0.5, 3.0], [-1.0, 4.0]])
    runs = [play(optimizer(rule, lr=0.1), g, np.zeros(2), record=("w", "v")) for rule in (rules.rmsprop, rules.rmsprop_momentum)]
    np.testing.assert_array_equal(runs[0]["v"], runs[1]["v"])
    assert np.abs(runs[0].w - runs[1].w).max() > 0.1
    start, nothing = np.array([3.0]), np.zeros((1, 1))
    plain = play(optimizer(rules.adam, lr=0.1), nothing, start).w
    decayed = play(optimizer(rules.adamw, lr=0.1, weight_decay=0.01), nothing, start).w
    assert plain == start and 0 < decayed < start


@pytest.mark.parametrize("rule", ["adagrad", "rmsprop", "adam"])
def test_who_has_a_hundred_times_the_way_to_go_gets_the_same_step(rule):
    """|w - 1| and |w - 100| from 0: until the first weight arrives the gradients are the same, so no rule of them can tell."""
    target = np.array([1.0, 100.0])
    run = play(optimizer(getattr(rules, rule), lr=0.01), lambda t, w: (0.0, np.sign(w - target)), np.zeros(2), 20, record=("w",))
    assert 0 < run.w[0] < 1
    np.testing.assert_array_equal(run["w"][:, 0], run["w"][:, 1])


def test_a_rare_coordinate_with_large_gradients_has_the_smaller_rate():
    """Seen once in ten steps, but with gradients ten times as large, it has the smaller effective rate under AdaGrad."""
    g = np.ones((100, 2))
    g[:, 1] = np.where(np.arange(100) % 10 == 9, 10.0, 0.0)
    s = play(optimizer(rules.adagrad, lr=1.0), g, np.zeros(2), record=("s",))["s"][-1]
    assert 1 / np.sqrt(s[1]) < 1 / np.sqrt(s[0])
    g[:, 1] = np.minimum(g[:, 1], 1)  # with gradients of one size it has the larger one
    s = play(optimizer(rules.adagrad, lr=1.0), g, np.zeros(2), record=("s",))["s"][-1]
    assert 1 / np.sqrt(s[1]) == pytest.approx(np.sqrt(10) / np.sqrt(s[0]))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(-3, 3), st.floats(0, 0.5))
def test_the_decay_of_adamw_is_beside_the_step_of_adam(gradients, w, decay):
    """At every step AdamW's point is that of Adam from the same point and averages, less the decay of the weight."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        adam, *averages = rules.adam(w, g, m, v, float(t), 0.1)
        w_next, m, v = rules.adamw(w, g, m, v, float(t), 0.1, weight_decay=decay)
        assert w_next == pytest.approx(adam - decay * w, abs=1e-12) and [m, v] == averages
        w = w_next
