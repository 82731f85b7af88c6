"""The online protocol: records and regret against sums written out here, the three ways to run against each other."""

from fractions import Fraction

import numpy as np
import pytest

from lecture_optim.online import best_fixed, one_pass, play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import SparseLogistic, logistic, reddi_periodic, two_point
from lecture_optim.projections import ball, box
from lecture_optim.rules import adagrad, adagrad_norm, adam, amsgrad, sgd, sign_sgd
from lecture_optim.schedules import inverse_sqrt

RNG = np.random.default_rng(11)


def test_scalar_sgd_in_exact_arithmetic():
    """Steps of 1/2 and slopes of small integers are exact in binary: the run must equal the fractions."""
    slopes = reddi_periodic(10, 3)
    x, total, own = Fraction(1), Fraction(0), Fraction(0)
    walk = []
    for g in (Fraction(int(g)) for g in slopes):
        walk.append(x)
        total, own = total + g * x, own - g
        x = min(max(x - g / 2, Fraction(-1)), Fraction(1))
    run = play(optimizer(sgd, lr=0.5, project=box(-1, 1)), slopes, 1.0, comparator=-1.0, record=("w", "loss", "regret", "g"))
    assert run["w"].tolist() == [float(v) for v in walk]
    assert (run.w, run.loss, run.regret) == (x, total, total - own)
    assert run["loss"][-1] == total and run["regret"][-1] == total - own
    assert run["g"].tolist() == slopes.tolist() and run.t.tolist() == list(range(1, 11))


def test_reddis_example_as_proved():
    """Reddi, Kale and Kumar 2018, Theorem 1: at the start of each round Adam is at 1, the worst point; AMSGrad is not."""
    C, T = 3, 9_000
    beta2 = 1 / (1 + C**2)
    common = {"lr": inverse_sqrt(0.9 * np.sqrt(1 - beta2)), "beta1": 0, "beta2": beta2, "eps": 0, "project": box(-1, 1)}
    slopes = reddi_periodic(T, C)
    run = play(optimizer(adam, **common), slopes, 1.0, comparator=best_fixed(slopes), record=("w",))
    assert np.all(run["w"][::3] == 1.0) and np.all(run["w"] > 0)
    assert run.regret / T > (2 * C - 4) / 3
    repaired = play(optimizer(amsgrad, **common), slopes, 1.0, comparator=best_fixed(slopes))
    assert repaired.regret / T < 0.02


def test_every_keeps_the_last():
    run = play(optimizer(sgd, lr=0.1), reddi_periodic(11, 3), 0.0, record=("w",), every=4)
    assert run.t.tolist() == [1, 5, 9, 11]
    full = play(optimizer(sgd, lr=0.1), reddi_periodic(11, 3), 0.0, record=("w",))
    assert run["w"].tolist() == full["w"][[0, 4, 8, 10]].tolist()
    assert run.regret is None


@pytest.mark.parametrize("rule", [sgd, adagrad, adagrad_norm, adam, amsgrad, sign_sgd])
def test_runs_side_by_side_are_the_runs_one_by_one(rule):
    slopes = two_point(200, 3, -1, 0.3, np.random.default_rng(12), shape=(4, 1))
    o = optimizer(rule, lr=inverse_sqrt(0.5), project=box(-1, 1))
    together = play(o, slopes, np.zeros((4, 1)), comparator=np.full((4, 1), -1.0), record=("w", "regret"))
    for k in range(4):
        alone = play(o, slopes[:, k, 0], 0.0, comparator=-1.0, record=("w", "regret"))
        np.testing.assert_allclose(together["w"][:, k, 0], alone["w"], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(together["regret"][:, k], alone["regret"], rtol=1e-12, atol=1e-12)


def test_a_function_of_losses_is_played_as_its_linear_losses():
    g = np.random.default_rng(13).normal(size=(60, 3))
    o = optimizer(adam, lr=0.1, project=ball(1.0))
    u = np.array([0.5, -0.5, 0])
    linear = play(o, g, np.zeros(3), comparator=u, record=("w", "m", "regret"))
    general = play(o, lambda t, w: (g[t - 1] @ w, g[t - 1]), np.zeros(3), 60, comparator=u, record=("w", "m", "regret"))
    np.testing.assert_allclose(linear["w"], general["w"], rtol=1e-13)
    np.testing.assert_allclose(linear["regret"], general["regret"], rtol=1e-10, atol=1e-12)
    assert linear["m"].shape == (60, 3)


def test_states_are_recorded_after_the_step():
    run = play(optimizer(adagrad, lr=1.0), np.array([3.0, 4.0]), 0.0, record=("s",))
    assert run["s"].tolist() == [9.0, 25.0] and run.state.s == 25.0 and run.state.t == 2.0


def test_best_fixed_is_the_best_corner():
    g = np.random.default_rng(14).normal(size=(50, 3))
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    sums = corners @ g.sum(axis=0)
    np.testing.assert_array_equal(best_fixed(g), corners[sums.argmin()])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"losses": np.zeros((3, 2))}, "losses must have shape"),
        ({"losses": np.array([1.0, np.nan])}, "losses must be finite"),
        ({"losses": np.zeros(3), "T": 4}, "T must be at most"),
        ({"losses": lambda t, w: (0, 0)}, "T must be given"),
        ({"losses": np.zeros(3), "record": ("velocity",)}, "record must hold names among"),
        ({"losses": np.zeros(3), "record": ("regret",)}, "needs a comparator"),
        ({"losses": np.zeros(3), "every": 0}, "every must be a whole number >= 1"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        play(optimizer(sgd, lr=0.1), w=0.0, **options)


def test_an_unrecorded_name_is_named():
    with pytest.raises(KeyError, match="ask for it with record="):
        play(optimizer(sgd, lr=0.1), np.zeros(3), 0.0)["w"]


def test_play_leaves_the_start_as_it_was():
    start = np.zeros(2)
    play(optimizer(sgd, lr=0.1), np.ones((5, 2)), start)
    assert start.tolist() == [0, 0]


DENSE = (RNG.random((40, 7)) < 0.4).astype(float)
DENSE[:, 0] = 1
LABELS = np.where(RNG.random(40) < 0.5, 1.0, -1.0)
SPARSE = SparseLogistic(np.append(0, np.cumsum(DENSE.sum(axis=1).astype(int))), np.nonzero(DENSE)[1], LABELS, d=7)


@pytest.mark.parametrize(("rule", "dense"), [(sgd, False), (sgd, True), (adagrad, False), (adam, True)])
def test_one_pass_is_a_dense_loop(rule, dense):
    order = np.random.default_rng(0).permutation(40)
    o = optimizer(rule, lr=inverse_sqrt(0.3))
    W = np.zeros(7)
    losses = one_pass(o, SPARSE, W, order, dense=dense)
    reference, problem = np.zeros(7), logistic(DENSE, LABELS)
    state, expected = o.init(reference), []
    for i in order:
        expected.append(problem.loss(reference, [i]))
        reference, state = o.update(reference, problem.gradient(reference, [i]), state)
    np.testing.assert_allclose(W, reference, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(losses, expected, rtol=1e-11)


def test_a_grid_of_learning_rates_in_one_pass():
    grid = np.array([0.01, 0.1, 1.0])
    W = np.zeros((7, 3))
    losses = one_pass(optimizer(adagrad, lr=grid), SPARSE, W)
    for k, lr in enumerate(grid):
        alone = np.zeros(7)
        np.testing.assert_allclose(one_pass(optimizer(adagrad, lr=lr), SPARSE, alone), losses[:, k], rtol=1e-11)
        np.testing.assert_allclose(alone, W[:, k], rtol=1e-11)


def test_flushed_averages_never_become_subnormal_and_move_no_weight(monkeypatch):
    """Seven words, of which the first alone is seen in the last 3,000 of 3,040 steps."""
    order = np.append(np.arange(40), np.full(3000, 40))
    problem = SparseLogistic(np.append(SPARSE.indptr, SPARSE.indptr[-1] + 1), np.append(SPARSE.indices, 0), [*LABELS, 1.0], d=7)
    least = {}
    for flush in (None, "m"):
        o, W, seen = optimizer(adam, lr=0.1), np.zeros(7, np.float32), []
        step = type(o).step

        def watched(o, W, g, state, step=step, seen=seen):
            state = step(o, W, g, state)
            seen.append(np.min(np.abs(state.m[state.m != 0])))
            return state

        monkeypatch.setattr(type(o), "step", watched)
        losses = one_pass(o, problem, W, order, dense=True, flush=flush)
        monkeypatch.setattr(type(o), "step", step)
        least[flush] = min(seen), W, losses
    tiny = np.finfo(np.float32).tiny
    assert least[None][0] < tiny <= least["m"][0]
    np.testing.assert_array_equal(least[None][1], least["m"][1])
    np.testing.assert_array_equal(least[None][2], least["m"][2])


@pytest.mark.parametrize(
    ("name", "dtype", "words"),
    [("w", float, "flush must name a state of adam, but is 'w'; it has m, v"), ("m", np.float16, "flush needs a W of float32")],
)
def test_a_flush_that_cannot_be_is_named(name, dtype, words):
    with pytest.raises(ValueError, match=words):
        one_pass(optimizer(adam, lr=0.1), SPARSE, np.zeros(7, dtype), dense=True, flush=name)


def test_masked_adam_needs_to_be_asked_for():
    with pytest.raises(ValueError, match="masked=True"):
        one_pass(optimizer(adam, lr=0.1), SPARSE, np.zeros(7))
    masked, dense = np.zeros(7), np.zeros(7)
    one_pass(optimizer(adam, lr=0.1), SPARSE, masked, masked=True)
    one_pass(optimizer(adam, lr=0.1), SPARSE, dense, dense=True)
    assert np.abs(masked - dense).max() > 1e-3


def test_progress_is_shown_on_request(capsys):
    play(optimizer(sgd, lr=0.1), np.zeros(30), 0.0, progress=True)
    assert "sgd" in capsys.readouterr().err
    play(optimizer(sgd, lr=0.1), np.zeros(30), 0.0)
    assert capsys.readouterr().err == ""


# How far each weight moved in a pass, against the steps taken one by one.
TRAVEL_RNG = np.random.default_rng(5)
TRAVEL_ROWS = [np.flatnonzero(TRAVEL_RNG.random(6) < 0.4) if i % 3 else np.array([i % 6]) for i in range(60)]
TRAVEL_ROWS = [row if row.size else np.array([0]) for row in TRAVEL_ROWS]
TRAVEL_PROBLEM = SparseLogistic(
    np.cumsum([0, *map(len, TRAVEL_ROWS)]), np.concatenate(TRAVEL_ROWS), TRAVEL_RNG.choice([-1.0, 1.0], 60), 7
)


def one_by_one(o, order, W):
    state, travel = o.init(W), np.zeros_like(W)
    for i in order:
        _, rows, G = TRAVEL_PROBLEM.example(W, i)
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
    one_pass(o, TRAVEL_PROBLEM, W, order, travel=travel, dense=dense)
    expected_W, expected = one_by_one(o, order, np.zeros(shape))
    np.testing.assert_allclose(W, expected_W, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(travel, expected, rtol=1e-11, atol=1e-14)
    assert np.all(travel >= np.abs(W)) and np.any(travel > np.abs(W) + 0.01) and np.all(travel[6] == 0)


def test_weights_that_drift_without_being_seen_count_too():
    """Adam moves a weight on after its last gradient: the dense pass sees that, the masked one does not take place."""
    dense, masked = np.zeros(7), np.zeros(7)
    one_pass(optimizer(adam, lr=0.1), TRAVEL_PROBLEM, np.zeros(7), travel=dense, dense=True)
    one_pass(optimizer(adam, lr=0.1), TRAVEL_PROBLEM, np.zeros(7), travel=masked, masked=True)
    assert np.all(dense[:6] > masked[:6])


def test_travel_adds_to_what_it_holds_and_changes_nothing_else():
    plain, W, travel = np.zeros(7), np.zeros(7), np.full(7, 2.0)
    losses = one_pass(optimizer(sgd, lr=0.3), TRAVEL_PROBLEM, plain)
    np.testing.assert_array_equal(one_pass(optimizer(sgd, lr=0.3), TRAVEL_PROBLEM, W, travel=travel), losses)
    np.testing.assert_array_equal(plain, W)
    assert travel[6] == 2.0 and np.all(travel[:6] > 2.0)


def test_a_travel_of_another_shape_is_refused_before_the_first_step():
    W = np.zeros(7)
    with pytest.raises(ValueError, match="travel must have the shape of W"):
        one_pass(optimizer(sgd, lr=0.3), TRAVEL_PROBLEM, W, travel=np.zeros(6))
    assert not W.any()
