"""What must not go wrong unseen: shared memory, changed inputs, mixed precision, one loss a step, extreme numbers."""

import copy
import pickle

import numpy as np
import pytest

from lecture_optim import problems, rules, schedules, sparsity
from lecture_optim.online import best_fixed, one_pass, play
from lecture_optim.optimizer import BLOCK, optimizer
from lecture_optim.projections import ball, box


def test_a_warning_turned_into_an_error_does_not_stop_between_blocks():
    o = optimizer(rules.adagrad, 0.1)
    w, g = np.ones(3 * BLOCK), np.ones(3 * BLOCK)
    g[-1] = 1e200
    state = o.init(w)
    with np.errstate(all="raise"):
        o.step(w, g, state)
    assert np.all(w[:-1] == 0.9) and np.all(state.s[:-1] == 1)


def test_overlapping_memory_is_stepped_as_the_pure_update():
    memory = np.arange(2 * BLOCK + 1.0)
    w, g = memory[1:], memory[:-1]
    o = optimizer(rules.sgd, 0.5)
    expected, _ = o.update(w, g, o.init(w))
    o.step(w, g, o.init(w))
    np.testing.assert_array_equal(w, expected)


def test_results_never_share_memory():
    def twin(w, g, a, b, t, lr):
        a = a + g
        return w - lr * a, a, a

    o = optimizer(twin, 0.1)
    w, state = o.update(np.zeros(3), np.ones(3), o.init(np.zeros(3)))
    assert not np.shares_memory(state.a, state.b)
    kept = np.zeros(3)
    w, _ = optimizer(rules.sgd, 0.1, project=lambda w: kept).update(
        np.ones(3), np.ones(3), optimizer(rules.sgd, 0.1).init(np.ones(3))
    )
    assert w is not kept and not np.shares_memory(w, kept)


@pytest.mark.parametrize(
    "o",
    [
        optimizer(rules.sgd, lambda t: 0.1 if t == 1 else np.full(3, 0.1)),
        optimizer(rules.sgd, 0.1, project=lambda w: np.full(2, w)),
    ],
)
def test_a_scalar_stays_a_scalar(o):
    w, state = 0.0, o.init(0.0)
    with pytest.raises(ValueError, match=r"w would change its shape from \(\)"):
        for _ in range(2):
            w, state = o.update(w, 1.0, state)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_an_array_of_numbers():
    w, g = np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
    o = optimizer(rules.adagrad, 0.1)
    expected, _ = o.update(w, g, o.init(w))
    found, _ = o.update(np.matrix(w), np.matrix(g), o.init(np.matrix(w)))
    np.testing.assert_array_equal(found, expected)


def test_what_the_caller_changes_later_changes_nothing():
    lr, low, scheduled = np.array([0.1, 0.2]), np.array([-1.0, -1.0]), np.array([0.1, 0.2])
    o = optimizer(rules.sgd, lr, project=box(low, 1.0))
    schedule = schedules.inverse_sqrt(scheduled)
    lr *= -1
    low += 5
    scheduled *= -1
    w, _ = o.update(np.zeros(2), np.ones(2), o.init(np.zeros(2)))
    np.testing.assert_array_equal(w, [-0.1, -0.2])
    np.testing.assert_array_equal(schedule(1.0), [0.1, 0.2])
    with pytest.raises(TypeError):
        o.hyper["lr"] = -1


def test_states_can_be_stored():
    o = optimizer(rules.adam, 0.1)
    w, state = o.update(np.zeros(2), np.ones(2), o.init(np.zeros(2)))
    for copied in (pickle.loads(pickle.dumps(state)), copy.deepcopy(state)):
        again, _ = o.update(w, np.ones(2), copied)
        np.testing.assert_array_equal(again, o.update(w, np.ones(2), state)[0])


def test_a_rule_defined_anew_goes_on_with_its_state():
    def defined():
        def drift(w, g, v, t, lr):
            v = v + g
            return w - lr * v, v

        return optimizer(drift, 0.1)

    w, state = defined().update(0.0, 1.0, defined().init(0.0, v=-1.0))
    assert (w, state.v) == (0.0, 0.0)
    assert defined().update(w, 1.0, state)[1].t == 2


def test_states_of_squares_start_at_zero_or_above():
    with pytest.raises(ValueError, match="state s must be >= 0, but is -1"):
        optimizer(rules.adagrad, 0.1).init(np.zeros(2), s=-1.0)


def test_adagrad_norm_has_one_sum_for_a_run():
    own = optimizer(rules.adagrad, 0.1).init(np.zeros(3))
    o = optimizer(rules.adagrad_norm, 0.1)
    state = o.init(np.zeros(3))._replace(s=own.s)
    with pytest.raises(ValueError, match=r"state s has shape \(3,\)"):
        o.update(np.zeros(3), np.ones(3), state)


def test_the_comparator_pays_the_loss_that_the_player_pays():
    rng = np.random.default_rng(0)
    problem = problems.least_squares(rng.normal(size=(20, 2)), rng.normal(size=20))
    o = optimizer(rules.sgd, 0.1)

    def run(**options):
        return play(o, problems.mini_batches(problem, 1, np.random.default_rng(1)), np.zeros(2), 30, record=("w",), **options)

    np.testing.assert_array_equal(run(comparator=np.ones(2))["w"], run()["w"])
    still = optimizer(rules.sgd, 1e-300)
    losses = problems.mini_batches(problem, 1, np.random.default_rng(1))
    assert play(still, losses, np.zeros(2), 30, comparator=np.zeros(2)).regret == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"comparator": -np.ones(4)}, r"comparator must broadcast to the shape of w, \(4, 1\)"),
        ({"comparator": np.nan}, "comparator must be finite"),
        ({"T": -1}, "T must be a whole number >= 0"),
        ({"T": 2.5}, "T must be a whole number >= 0"),
        ({"every": 1.9}, "every must be a whole number >= 1"),
    ],
)
def test_play_names_what_does_not_fit(options, words):
    with pytest.raises(ValueError, match=words):
        play(optimizer(rules.sgd, 0.1), np.ones((5, 4, 1)), np.zeros((4, 1)), **options)


def test_play_keeps_the_precision_of_w():
    run = play(optimizer(rules.adagrad, 0.1), np.ones((5, 2)), np.zeros(2, np.float32))
    assert run.w.dtype == run.state.s.dtype == np.float32
    scalar = play(optimizer(rules.adagrad, 0.1), np.ones(5), np.float32(0))
    assert isinstance(scalar.w, float) and isinstance(scalar.state.s, float)


def test_play_records_what_was_not_what_became_of_it():
    buffer = np.zeros(2)

    def losses(t, w):
        buffer[:] = t
        return 0.0, buffer

    assert play(optimizer(rules.sgd, 0.1), losses, np.zeros(2), 3, record=("g",))["g"].tolist() == [[1, 1], [2, 2], [3, 3]]


def test_play_without_steps_and_a_tie():
    run = play(optimizer(rules.sgd, 0.1), np.zeros((0, 2)), np.ones(2), record=("w",))
    assert run.t.size == 0 and run.w.tolist() == [1, 1] and run.loss == 0
    assert best_fixed(np.array([1.0, -1.0])) == -1.0


SPARSE = {"indptr": np.array([0, 1, 2]), "indices": np.array([0, 1]), "labels": np.array([1.0, -1.0]), "d": 2}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"labels": np.array([]), "indptr": np.array([0]), "indices": np.array([], int)},
            "labels must hold at least one example",
        ),
        ({"indices": np.array([0, -1])}, "indices must lie in 0 .. 1, but holds -1"),
        ({"indices": np.array([0, 2])}, "indices must lie in 0 .. 1, but holds 2"),
        ({"indptr": np.array([1, 2, 3])}, "indptr must have one entry more"),
    ],
)
def test_sparse_examples_are_checked(change, words):
    with pytest.raises(ValueError, match=words):
        problems.SparseLogistic(**{**SPARSE, **change})


def test_one_pass_refuses_what_is_no_example():
    problem, o = problems.SparseLogistic(**SPARSE), optimizer(rules.sgd, 0.1)
    with pytest.raises(ValueError, match=r"order must lie in 0 .. 1, but holds -1"):
        one_pass(o, problem, np.zeros(2), order=[-1])
    with pytest.raises(TypeError, match="W must be a float array"):
        one_pass(o, problem, [0.0, 0.0])


def test_a_singular_quadratic_has_no_minimizer_in_closed_form():
    for seed in range(40):
        X = np.random.default_rng(seed).normal(size=(5, 3))
        A = X @ X.T
        assert problems.quadratic((A + A.T) / 2).minimizer is None
    assert problems.quadratic(np.diag([1.0, -3.0])).smoothness == 3
    assert problems.quadratic(np.diag([1.0, -3.0])).minimizer is None


def test_rows_belong_to_problems_with_terms():
    for problem in (problems.saddle(), problems.quadratic(np.eye(2))):
        with pytest.raises(ValueError, match="rows must be None"):
            problem.gradient(np.zeros(2), rows=[0])


def test_logistic_smoothness_counts_the_penalty():
    X, y = np.eye(2), np.array([1.0, -1.0])
    assert problems.logistic(X, y, l2=0.5).smoothness == pytest.approx(problems.logistic(X, y).smoothness + 0.5)


def test_a_network_starts_at_hes_values():
    network = problems.Network((400, 300, 10))
    (W, b), (V, c) = network.layers(network.init(np.random.default_rng(0)))
    assert not b.any() and not c.any()
    # A sample variance of n normal numbers has a relative standard error of sqrt(2 / n); four of them.
    assert W.var() == pytest.approx(2 / 400, rel=4 * np.sqrt(2 / W.size))
    assert V.var() == pytest.approx(2 / 300, rel=4 * np.sqrt(2 / V.size))
    with pytest.raises(ValueError, match=r"y must lie in 0 .. 9, but holds -1"):
        network.loss_and_gradient(network.init(np.random.default_rng(0)), np.zeros((1, 400)), np.array([-1]))


def test_sparsity_of_extreme_numbers():
    assert sparsity.support_size(np.array([1e300, 1e-300])) == 2
    np.testing.assert_allclose(sparsity.block_norms(np.array([3e200, 4e200]), np.array([0, 0])), [5e200])
    assert sparsity.expected_union(np.array([1e-17]), 1) == pytest.approx(1e-17, rel=1e-12)
    assert sparsity.expected_union(np.array([1.0, 0.5]), 0) == 0


def test_ball_projects_far_points():
    np.testing.assert_allclose(ball(1.0)(np.array([3e200, 4e200])), [0.6, 0.8])
    np.testing.assert_allclose(ball(np.float32(1))(np.array([3e30, 4e30], np.float32)), [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: box([0, 0], [1, 1, 1]), "low and high must fit together"),
        (lambda: box([0, 0], [1, 1])(np.zeros(3)), "low must broadcast to the shape of w"),
        (lambda: ball(1.0, np.zeros(2))(np.zeros(3)), "center must broadcast to the shape of w"),
        (lambda: problems.power_law(2.5), "d must be a whole number"),
        (lambda: problems.reddi_periodic(6, 3, period=2.5), "period must be a whole number"),
        (lambda: optimizer(rules.sgd, {1: 0.1}.__getitem__).init(0.0) and optimizer(rules.sgd, {2: 0.1}.__getitem__).init(0.0),
         "the schedule of lr fails at t = 1"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_schedules_take_lists():
    np.testing.assert_allclose(schedules.exponential([0.1, 0.2], 3)(4.0), [0.05, 0.1])
    np.testing.assert_allclose(schedules.search_then_converge([0.1, 0.2], 1)(1.0), [0.05, 0.1])
