"""The lifting of rules: steps that are pure, in place, on rows; batches, schedules, projections, rules of others, bad input."""

import inspect
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.optimizer import BLOCK, exact_on_rows, optimizer
from lecture_optim.projections import ball, box
from lecture_optim.schedules import constant, cosine, inverse_sqrt

RULES = [getattr(rules, name) for name in rules.__all__]
EXACT = [rule for rule in RULES if exact_on_rows(rule)]
MASKED = [rule for rule in RULES if not exact_on_rows(rule)]
some = settings(max_examples=20)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


def bits(x):
    """What x holds, to the bit: to compare later."""
    if isinstance(x, dict):
        return {key: bits(value) for key, value in x.items()}
    if isinstance(x, tuple | list):
        return type(x), [bits(value) for value in x]
    return (x.shape, x.dtype, x.tobytes()) if isinstance(x, np.ndarray) else (type(x), repr(x))


def run(o, w, gradients, **start):
    """(w, state) after the pure steps."""
    state = o.init(w, **start)
    for g in gradients:
        w, state = o.update(w, g, state)
    return w, state


def assert_same(a, b):
    """Bit by bit, and of the same types."""
    for x, y in zip(a, b, strict=True):
        assert np.array_equal(x, y) and np.asarray(x).dtype == np.asarray(y).dtype


def a_run(shape, steps=4, seed=0, dtype=float):
    """A start and gradients with zeros in them."""
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((steps, *shape)) * (rng.random((steps, *shape)) < 0.7)
    return rng.standard_normal(shape).astype(dtype), g.astype(dtype)


# --- The state ---------------------------------------------------------------------------------------------------------------


@every_rule
def test_state_starts_at_zero_with_the_names_of_the_rule(rule):
    state = optimizer(rule, 0.1).init(np.ones((2, 3), np.float32))
    names = list(inspect.signature(rule).parameters)
    assert state._fields == ("t", *names[2 : names.index("t")]) and state.t == 0
    for s in state[1:]:
        assert s.shape == ((2, 1) if rule is rules.adagrad_norm else (2, 3))
        assert s.dtype == np.float32 and not s.any()


def test_states_start_where_they_are_told():
    o, w = optimizer(rules.adam, 0.1), np.zeros((2, 3))
    m = np.arange(3.0)
    state = o.init(w, v=0.1, m=m)
    assert np.array_equal(state.v, np.full((2, 3), 0.1)) and np.array_equal(state.m, [m, m])
    m[0] = 7.0
    assert state.m[0, 0] == 0, "the start is copied"
    state.m[0, 0] = 5.0
    assert state.m[1, 0] == 0, "and each entry has its own place"
    assert o.init(np.zeros(2, np.float32), v=0.1).v.dtype == np.float32
    assert optimizer(rules.adagrad_norm, 0.1).init(w, s=0.5).s.tolist() == [[0.5], [0.5]]
    for scalar in (0.0, np.float64(0), np.array(0.0), 0):
        state = optimizer(rules.adagrad, 0.1).init(scalar, s=0.25)
        assert np.ndim(state.s) == 0 and state.s == 0.25


def test_start_counts_as_a_gradient_seen_before():
    """AdaGrad with s = 0.1 at the start is AdaGrad after a step with gradient sqrt(0.1): the constant inside the root."""
    o, w = optimizer(rules.adagrad, 0.5), np.array([1.0])
    after = o.update(w, np.sqrt([0.1]), o.init(w))[1]
    assert_same(o.update(w, w, o.init(w, s=after.s))[0], o.update(w, w, after)[0])
    np.testing.assert_allclose(o.update(w, w, o.init(w, s=0.1))[0], 1 - 0.5 / np.sqrt(1.1), rtol=1e-15)


def test_a_name_does_not_make_a_state():
    """A rule from elsewhere may have the name of one of ours."""

    def adam(w, g, m, t, lr):
        return w - lr * m, g

    with pytest.raises(TypeError, match="state must be the adam_state that init"):
        optimizer(rules.adam, 0.1).update(0.0, 1.0, optimizer(adam, 0.1).init(0.0))


def test_state_goes_on_in_another_optimizer_of_the_same_rule():
    w, g = a_run((3,))
    w, state = run(optimizer(rules.adam, 0.1), w, g)
    w, state = optimizer(rules.adam, 0.01, beta1=0.5).update(w, g[0], state)
    assert state.t == 5


# --- Pure and in place -------------------------------------------------------------------------------------------------------


@every_rule
@pytest.mark.parametrize("project", [None, box(-0.5, 0.5), ball(0.5)], ids=["free", "box", "ball"])
def test_update_leaves_its_arguments_as_they_were(rule, project):
    o = optimizer(rule, 0.1, project=project)
    w, g = a_run((5,))
    w, state = run(o, w, g)
    arguments = (w, g[0], *state)
    before = bits(arguments)
    new_w, new_state = o.update(w, g[0], state)
    assert bits(arguments) == before
    for new in (new_w, *new_state[1:]):
        new[...] = np.nan
    assert bits(arguments) == before


@every_rule
@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 100_001])
def test_step_in_place_is_the_pure_step(rule, size):
    o = optimizer(rule, 0.1)
    w, g = a_run((size,), steps=3)
    want_w, want = run(o, w, g)
    state = o.init(w)
    memory = [s.ctypes.data for s in state[1:]]
    for row in g:
        state = o.step(w, row, state)
    assert_same((w, *state), (want_w, *want))
    assert [s.ctypes.data for s in state[1:]] == memory, "the state's arrays stay where they are"


@every_rule
def test_long_vectors_may_have_a_learning_rate_for_each_coordinate(rule):
    w, g = a_run((BLOCK + 5,), steps=2)
    o = optimizer(rule, np.linspace(0.1, 1, BLOCK + 5))
    want_w, want = run(o, w, g)
    state = o.init(w)
    for row in g:
        state = o.step(w, row, state)
    assert_same((w, *state), (want_w, *want))


@every_rule
def test_layout_does_not_matter(rule):
    o = optimizer(rule, 0.1)
    shape = (300, 200)  # more than a block
    start, gradients = a_run(shape, steps=3)
    want_w, want = run(o, start, gradients)
    gappy = np.zeros((300, 400))[:, ::2]
    for w in (start.copy(), gappy, np.asfortranarray(start), np.zeros((200, 300)).T, np.zeros(shape)[::-1]):
        w[...] = start
        state = o.init(w)
        for g in gradients:
            state = o.step(w, np.asfortranarray(g), state)
        # AdaGrad-norm adds up along an axis, in an order that depends on the layout.
        same = np.array_equal if rule is not rules.adagrad_norm else np.allclose
        assert all(same(a, b) for a, b in zip((w, *state), (want_w, *want), strict=True))
    # Where w has one axis the gaps are between its numbers.
    gappy, flat = np.zeros(2 * 300 * 200)[::2], o.init(start.ravel())
    gappy[...] = start.ravel()
    pure, _ = o.update(gappy, gradients[0].ravel(), flat)
    o.step(gappy, gradients[0].ravel(), flat)
    assert np.array_equal(gappy, pure)


@pytest.mark.parametrize("method", ["update", "step"])
def test_a_rule_with_a_norm_is_not_cut_into_blocks(method):
    """AdaGrad-norm on 40,000 runs of one coordinate, where state and parameters have one shape; and a rule from elsewhere."""
    w, g = a_run((40_000, 1), steps=1)
    cut = {"adagrad_norm": (rules.adagrad_norm, w, g[0]), "normalized": (normalized, w[:, 0], g[0, :, 0])}
    for rule, start, gradient in cut.values():
        o, w = optimizer(rule, 0.1), start.copy()
        state = o.init(w)
        if method == "update":
            w, state = o.update(w, gradient, state)
        else:
            o.step(w, gradient, state)
        norm = np.abs(gradient) if rule is rules.adagrad_norm else np.linalg.norm(gradient)
        want = start - 0.1 * gradient / np.where(gradient == 0, 1, norm)
        np.testing.assert_allclose(w, want, rtol=1e-12, atol=1e-15)


@every_rule
def test_float32_stays_float32_and_close(rule):
    w, g = a_run((6,), steps=50, dtype=np.float32)
    exact, _ = run(optimizer(rule, inverse_sqrt(0.05)), w.astype(float), g.astype(float))
    lrs = (inverse_sqrt(0.05), lambda t: np.float64(0.05) / np.sqrt(t), lambda t: np.full(6, 0.05 / np.sqrt(t)))
    # The bounds are float64 arrays on purpose: NumPy alone would promote.
    for lr in lrs:
        o = optimizer(rule, lr, project=box(np.full(6, -1e9), np.full(6, 1e9)))
        pure, state = run(o, w, g)
        own, own_state = w.copy(), o.init(w)
        for row in g:
            own_state = o.step(own, row, own_state)
        for array in (pure, *state[1:], own, *own_state[1:]):
            assert array.dtype == np.float32
        assert np.array_equal(pure, own)
        np.testing.assert_allclose(pure, exact, rtol=2e-3, atol=2e-5)
    o = optimizer(rule, np.float64(0.05))
    assert o.update(w, g[0], o.init(w))[0].dtype == np.float32
    one, _ = o.update(w[0], g[0, 0], o.init(w[0]))
    assert one.dtype == np.float32


def test_a_gradient_of_integers_counts_as_numbers():
    """200**2 does not fit in a byte, and a list cannot be multiplied."""
    o, w = optimizer(rules.adagrad, 0.1), np.zeros(2)
    want = run(o, w, [np.array([200.0, 0.0])])
    for g in (np.array([200, 0], np.uint8), [200, 0], (200.0, 0.0)):
        got = run(o, w, [g])
        assert_same((got[0], *got[1]), (want[0], *want[1]))
        own, state = np.zeros(2), o.init(w)
        o.step(own, g, state)
        assert_same((own, state.s), (want[0], want[1].s))
        own, state = np.zeros(2), o.init(w)
        o.step_rows(own, np.arange(2), g, state)
        assert_same((own, state.s), (want[0], want[1].s))
    for w in (np.zeros(2, int), np.zeros(2)):
        assert_same(o.advance(w, np.array([200, 0]), o.init(w))[0], want[0])
    assert o.advance(0, 200, o.init(0))[0] == want[0][0]
    assert_same(o.update([0, 0], [200, 0], o.init([0, 0]))[0], want[0])
    assert_same(o.update(np.zeros(2, int), [200, 0], o.init(np.zeros(2, int)))[0], want[0])


# --- Batches and scalars -----------------------------------------------------------------------------------------------------


@every_rule
def test_leading_axes_are_runs_of_their_own(rule):
    o = optimizer(rule, inverse_sqrt(0.1))
    w, g = a_run((2, 3, 5), steps=6)
    together, state = run(o, w, g)
    for i in np.ndindex(2, 3):
        alone, own = run(o, w[i], g[:, *i])
        assert_same((together[i], *(s[i] for s in state[1:])), (alone, *own[1:]))


@every_rule
def test_scalars_take_the_path_of_a_vector_of_one(rule):
    w, g = a_run((1,), steps=6)
    o = optimizer(rule, inverse_sqrt(0.1), project=box(-1, 1))
    want, _ = run(o, w, g)
    for kind in (float, np.float64, np.array):
        got, state = run(o, kind(w[0]), [kind(x[0]) for x in g])
        assert np.ndim(got) == 0 and got == want[0] and state.t == 6


@every_rule
def test_batched_hyper_parameters_are_one_run_each(rule):
    """To 1e-12, as a power of an array rounds differently from a power of a number."""
    w, g = a_run((3, 4), steps=30)
    given = inspect.signature(rule).parameters
    batch = {"lr": np.array([0.01, 0.1, 2.0])} | {
        name: np.array([0.5, 0.9, 0.99]) for name in ("beta1", "beta2", "mu", "rho") if name in given
    }
    columns = {name: values[:, None] for name, values in batch.items()}
    together, state = run(optimizer(rule, **columns), w, g)
    scheduled, _ = run(optimizer(rule, **{name: lambda t, v=values: v for name, values in columns.items()}), w, g)
    in_place, own = w.copy(), optimizer(rule, **columns).init(w)
    for row in g:
        own = optimizer(rule, **columns).step(in_place, row, own)
    assert np.array_equal(together, scheduled) and np.array_equal(together, in_place)
    for i in range(3):
        alone, own = run(optimizer(rule, **{name: float(values[i]) for name, values in batch.items()}), w[i], g[:, i])
        np.testing.assert_allclose(together[i], alone, rtol=1e-12, atol=1e-14)
        for s, t in zip(state[1:], own[1:], strict=True):
            np.testing.assert_allclose(s[i], t, rtol=1e-12, atol=1e-14)


# --- Rows --------------------------------------------------------------------------------------------------------------------


@every_rule
@some
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(0, 4))
def test_rule_is_exact_on_rows_only_if_a_zero_gradient_changes_nothing(rule, seed, steps):
    o = optimizer(rule, 0.1)
    w, g = a_run((6,), steps, seed)
    before, state = run(o, w, g)
    after, new = o.update(before, np.zeros(6), state)
    if exact_on_rows(rule):
        assert_same((after, *new[1:]), (before, *state[1:]))


@pytest.mark.parametrize("rule", MASKED, ids=lambda rule: rule.__name__)
def test_rule_is_masked_on_rows_only_if_a_zero_gradient_changes_something(rule):
    o = optimizer(rule, 0.1)
    before, state = run(o, *a_run((6,)))
    after, new = o.update(before, np.zeros(6), state)
    assert any(not np.array_equal(a, b) for a, b in zip((after, *new[1:]), (before, *state[1:]), strict=True))


def test_four_rules_are_exact_on_rows_and_none_from_elsewhere():
    assert {rule.__name__ for rule in EXACT} == {"sgd", "sign_sgd", "adagrad_norm", "adagrad"}
    assert not exact_on_rows(normalized)


def some_rows(rng, n):
    return rng.permutation(n)[: rng.integers(0, n + 1)]


# AdaGrad-norm's one norm for the whole needs a W of one axis.
ROWS = [(rule, shape) for rule in EXACT for shape in [(1,), (40,), (12, 5), (4, 3, 2)][: 2 if rule is rules.adagrad_norm else 4]]


@pytest.mark.parametrize(("rule", "shape"), ROWS, ids=lambda x: getattr(x, "__name__", str(x)))
@pytest.mark.parametrize("project", [None, box(-1, 1)], ids=["free", "box"])
@pytest.mark.parametrize("plain", [True, False], ids=["rising at one rate", "in any order on a schedule"])
def test_rows_are_the_dense_step_where_that_is_exact(rule, shape, project, plain):
    rng = np.random.default_rng(3)
    o = optimizer(rule, 0.3 if plain else inverse_sqrt(0.3), project=project)
    dense = rng.uniform(-1, 1, shape)
    W = dense.copy()
    state, own = o.init(W), o.init(W)
    for _ in range(20):
        rows = some_rows(rng, shape[0])
        rows = np.sort(rows) if plain else rows
        G = rng.standard_normal((len(rows), *shape[1:]))
        g = np.zeros(shape)
        g[rows] = G
        state = o.step(dense, g, state)
        own = o.step_rows(W, rows, G, own)
        assert own.t == state.t
        for a, b in zip((W, *own[1:]), (dense, *state[1:]), strict=True):
            if rule is rules.adagrad_norm:  # zeros between them change the order in which squares are added
                np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
            else:
                assert np.array_equal(a, b)


@pytest.mark.parametrize("rule", MASKED, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("shape", [(9,), (9, 2)], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [np.array([7, 0, 3]), np.array([0, 3, 7], np.uint8)], ids=["in any order", "rising"])
def test_masked_rows_step_and_the_others_stand_still(rule, shape, dtype, rows):
    o = optimizer(rule, 0.1)
    W, g = a_run(shape, dtype=dtype)
    W, state = run(o, W, g)
    others = np.setdiff1d(np.arange(9), rows)
    before = [a.copy() for a in (W, *state[1:])]
    part = state._replace(**{name: s[rows] for name, s in zip(state._fields[1:], state[1:], strict=True)})
    want_w, want = o.update(W[rows], g[0][rows], part)
    with pytest.raises(ValueError, match="masked=True"):
        o.step_rows(W, rows, g[0][rows], state)
    assert_same((W, *state[1:]), before)
    new = o.step_rows(W, rows, g[0][rows], state, masked=True)
    assert_same((W[rows], *(s[rows] for s in new[1:])), (want_w, *want[1:]))
    assert_same([a[others] for a in (W, *new[1:])], [a[others] for a in before])
    assert new.t == state.t + 1


def test_no_rows_is_a_step_that_moves_nothing():
    for rows in ([], (), np.array([], int), np.array([], float)):
        W = np.ones((3, 2))
        o = optimizer(rules.adagrad, 0.1)
        state = o.step_rows(W, rows, np.zeros((0, 2)), o.init(W))
        assert state.t == 1 and np.array_equal(W, np.ones((3, 2))) and not state.s.any()


@pytest.mark.parametrize("shape", [(5, 1), (5, 3), (3,), (1, 3), (1, 1)], ids=str)
@pytest.mark.parametrize("rows", [[3, 1], [4, 3, 2, 1, 0], np.array([1, 3])], ids=["some", "all, turned round", "rising"])
@pytest.mark.parametrize("scheduled", [False, True], ids=["arrays", "schedules"])
def test_rows_have_their_own_hyper_parameters(shape, rows, scheduled):
    lr = np.linspace(0.1, 1, int(np.prod(shape))).reshape(shape)
    W = np.ones((5, 3))
    o = optimizer(rules.sgd, (lambda t: lr) if scheduled else lr)
    o.step_rows(W, rows, np.ones((len(rows), 3)), o.init(W))
    want = np.ones((5, 3))
    want[rows] -= np.broadcast_to(lr, (5, 3))[rows]
    assert np.array_equal(W, want)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not rules.adagrad_norm], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", [np.float64, np.float32], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("schedule", [lambda lr: lr, constant, inverse_sqrt], ids=["array", "constant", "schedule"])
@pytest.mark.parametrize("engine", ["numpy", "fastest"])
def test_runs_side_by_side_take_the_same_steps_in_any_order_of_their_rows(rule, kind, schedule, engine):
    rng, lr = np.random.default_rng(5), np.array([0.1, 0.4, 1.0], kind)
    o = optimizer(rule, schedule(lr), engine=engine)
    W = rng.standard_normal((9, 3)).astype(kind)
    risen, turned = W.copy(), W.copy()
    states = [o.init(W), o.init(W)]
    for _ in range(5):
        rows = np.sort(rng.permutation(9)[:4])
        G = rng.standard_normal((4, 3)).astype(kind)
        states[0] = o.step_rows(risen, rows, G, states[0], masked=True)
        states[1] = o.step_rows(turned, rows[::-1], G[::-1], states[1], masked=True)
    assert not np.array_equal(W, risen)
    assert_same((risen, *states[0]), (turned, *states[1]))


def test_a_row_of_runs_too_many_is_named_by_every_step_on_rows():
    W = np.ones((5, 3))
    for lr in (np.ones(4), inverse_sqrt(np.ones(4))):
        o = optimizer(rules.sgd, lr)
        with pytest.raises(ValueError, match=r"lr must broadcast to the shape of W, \(5, 3\), but has \(4,\)"):
            o.step_rows(W, np.array([1, 3]), np.ones((2, 3)), o.State(0.0))
        assert np.array_equal(W, np.ones((5, 3)))


def test_rows_of_float32_stay_float32():
    W = np.ones((4, 2), np.float32)
    o = optimizer(rules.adam, lambda t: np.full((4, 2), 0.1))
    state = o.step_rows(W, [1], np.ones((1, 2)), o.init(W), masked=True)
    assert W.dtype == state.m.dtype == np.float32 and W[1, 0] == np.float32(0.9)


# --- Schedules and projections -----------------------------------------------------------------------------------------------


def test_schedules_see_the_step_number_of_each_step():
    seen = []

    def lr(t):
        seen.append(t)
        return 0.1 * t

    o, w = optimizer(rules.sgd, lr), np.zeros(2)
    state = o.init(w)
    seen.clear()
    w, state = o.update(w, np.ones(2), state)
    state = o.step(w, np.ones(2), state)
    state = o.step_rows(w, [0], np.ones(1), state)
    assert seen == [1.0, 2.0, 3.0] and all(isinstance(t, float) for t in seen)
    np.testing.assert_allclose(w, [-0.6, -0.3], rtol=1e-15)
    assert o.hyper_at(7.0) == {"lr": 0.1 * 7.0}


def test_a_constant_schedule_is_the_number_that_it_gives():
    rates = np.array([0.1, 0.2])
    assert optimizer(rules.adam, constant(0.1), eps=constant(0.5)).hyper == optimizer(rules.adam, 0.1, eps=0.5).hyper
    o = optimizer(rules.sgd, constant(rates))
    rates[:] = 7.0
    assert o.hyper["lr"].tolist() == [0.1, 0.2] == o.hyper_at(5.0)["lr"].tolist()
    with pytest.raises(ValueError, match=r"beta1 must be in \[0, 1\), but is 1.5"):
        optimizer(rules.adam, 0.1, beta1=constant(1.5))


def test_hyper_parameters_become_python_floats_or_float_arrays():
    values = {"lr": np.float64(2.0), "beta1": np.float32(0.5), "beta2": 0, "eps": np.array(3)}
    for hyper in (values, {name: lambda t, v=v: v for name, v in values.items()}):
        now = optimizer(rules.adam, **hyper).hyper_at(1.0)
        assert now == {"lr": 2.0, "beta1": 0.5, "beta2": 0.0, "eps": 3.0} and {type(v) for v in now.values()} == {float}
    for lr in ([1, 2], np.array([1, 2])):
        now = optimizer(rules.sgd, lr).hyper_at(1.0)["lr"]
        assert now.dtype == float and now.tolist() == [1, 2]


def test_a_schedule_may_end_at_zero():
    o, w = optimizer(rules.sgd, cosine(0.5, 3)), np.array([1.0])
    path = [w] + [w := o.update(w, np.ones(1), o.init(w)._replace(t=t))[0] for t in (0.0, 1.0, 2.0, 3.0)]
    np.testing.assert_allclose(np.ravel(path), [1, 0.5, 0.25, 0.25, 0.25], rtol=1e-15)


@every_rule
@pytest.mark.parametrize("project", [box(-0.25, 0.5), ball(0.6)], ids=["box", "ball"])
def test_projection_comes_after_the_step_and_before_the_next(rule, project):
    start, gradients = a_run((BLOCK + 3,), steps=3)
    start = project(start)
    free, held = optimizer(rule, 0.5), optimizer(rule, 0.5, project=project)
    w, state = start, held.init(start)
    own, own_state = start.copy(), held.init(start)
    for g in gradients:
        want, want_state = free.update(w, g, state)
        w, state = held.update(w, g, state)
        own_state = held.step(own, g, own_state)
        assert_same((w, *state), (project(want), *want_state))
        assert_same((own, *own_state), (w, *state))
        # ADOPT's first step moves nothing.
        assert np.array_equal(want, w) == (rule is rules.adopt and state.t == 1)


# --- Rules from elsewhere ----------------------------------------------------------------------------------------------------


def normalized(w, g, t, lr):
    """Steps of one length: a norm over all coordinates, no state."""
    return (w - lr * g / np.linalg.norm(g),)


def optimistic(w, g, last, t, lr):
    """Optimistic gradient descent: the state is the gradient as it was given."""
    return w - lr * (2 * g - last), g


def three_back(w, g, one, two, three, t, lr):
    """Steps along the gradient of three steps ago: the states move up by one."""
    return w - lr * three, g, one, two


def damped(w, g, v, t, lr, nu=0.0, bound=-2.0):
    """Hyper-parameters of other names and signs."""
    v = nu * v + g
    return w - lr * np.maximum(v, bound), v


@pytest.mark.parametrize("rule", [normalized, optimistic, three_back, damped])
def test_a_rule_from_elsewhere_works_like_ours(rule):
    o = optimizer(rule, inverse_sqrt(0.5), project=box(-3, 3))
    w, gradients = a_run((BLOCK + 5,), steps=6)
    gradients += 0.1
    # By hand.
    states = [np.zeros_like(w) for _ in o.State._fields[1:]]
    want = w
    for t, g in enumerate(gradients, 1):
        want, *states = rule(want, g, *states, float(t), 0.5 / np.sqrt(t))
        want = np.clip(want, -3, 3)
    got, state = run(o, w, gradients)
    assert_same((got, *state[1:]), (want, *states))
    own_state = o.init(w)
    for g in gradients:
        own_state = o.step(w, g, own_state)
    assert_same((w, *own_state[1:]), (want, *states))


def test_rows_of_a_rule_from_elsewhere_whose_gradient_lies_in_the_weights():
    """What the rule hands on as a state is the gradient before the step, not what the step has made of it."""
    o, W = optimizer(optimistic, 0.5), np.arange(1.0, 6.0)
    state = o.step_rows(W, np.array([0, 2]), W[1:3], o.init(W), masked=True)
    assert state.last.tolist() == [2, 0, 3, 0, 0] and W.tolist() == [-1, 2, 0, 4, 5]


def test_a_state_never_shares_memory_with_the_gradient_or_another_state():
    for rule in (optimistic, three_back, lambda w, g, last, t, lr: (w - lr * g, g[:])):
        o, w, g = optimizer(rule, 0.1), np.zeros(3), np.ones(3)
        new_w, state = o.update(w, g, o.init(w))
        _, state = o.update(new_w, g, state)
        arrays = (w, g, new_w, *state[1:])
        for i, a in enumerate(arrays):
            assert not any(np.shares_memory(a, b) for b in arrays[:i])


def test_a_rule_may_be_a_lambda():
    o = optimizer(lambda w, g, t, lr: (w - lr * g,), 0.5)
    assert o.update(1.0, 1.0, o.init(1.0))[0] == 0.5


def returns_no_tuple(w, g, t, lr):
    return w - lr * g


def forgets_its_state(w, g, m, t, lr):
    return (w - lr * (m + g),)


def no_default(w, g, t, lr, clip):
    return (w - lr * np.clip(g, -clip, clip),)


def test_unfit_rules_are_named():
    with pytest.raises(TypeError, match=r"returns_no_tuple must return the tuple \(w,\)"):
        optimizer(returns_no_tuple, 0.1).init(np.ones(1))
    with pytest.raises(TypeError, match=r"forgets_its_state must return the tuple \(w, m,\)"):
        optimizer(forgets_its_state, 0.1).init(np.ones(2))
    with pytest.raises(TypeError, match="no_default needs a value for clip"):
        optimizer(no_default, 0.1)
    for rule in (box, lambda g, w, t, lr: (w,), lambda w, g, lr: (w,), lambda w, g, t, mu, lr: (w,), lambda w, g, lr, t: (w,)):
        with pytest.raises(TypeError, match=r"a rule has the signature \(w, g, \*states, t, lr, ...\), but .* has"):
            optimizer(rule, 0.1)
    # A name, the module for one of its rules, a rule with some arguments already given.
    for rule in ("adam", rules, partial(rules.adamw, weight_decay=0.1)):
        with pytest.raises(TypeError, match=r"rule must be a function \(w, g, \*states, t, lr, ...\), not"):
            optimizer(rule, 0.1)


# --- Bad input ---------------------------------------------------------------------------------------------------------------

BAD_MAKING = {
    "zero lr": (dict(lr=0), ValueError, "lr must be > 0, but is 0"),
    "negative lr": (dict(lr=-0.1), ValueError, "lr must be > 0, but is -0.1"),
    "NaN lr": (dict(lr=np.nan), ValueError, "lr must be finite, but holds nan"),
    "infinite lr": (dict(lr=np.inf), ValueError, "lr must be finite"),
    "lr in words": (dict(lr="fast"), TypeError, "lr must be a number or an array of numbers, not 'fast'"),
    "lr in digits": (dict(lr="0.1"), TypeError, "lr must be a number or an array of numbers, not '0.1'"),
    "no lr": (dict(lr=None), TypeError, "lr must be a number"),
    "complex lr": (dict(lr=1j), TypeError, "lr must be a number"),
    "ragged lr": (dict(lr=[1.0, [2.0]]), TypeError, "lr must be a number"),
    "one zero among many lr": (dict(lr=np.array([0.1, 0.0])), ValueError, "lr must be > 0"),
    "beta1 = 1": (dict(lr=1, beta1=1.0), ValueError, r"beta1 must be in \[0, 1\), but is 1.0"),
    "beta2 < 0": (dict(lr=1, beta2=-0.1), ValueError, r"beta2 must be in \[0, 1\), but is -0.1"),
    "NaN beta2": (dict(lr=1, beta2=np.nan), ValueError, "beta2 must be finite"),
    "negative eps": (dict(lr=1, eps=-1e-8), ValueError, "eps must be >= 0, but is -1e-08"),
    "unknown hyper-parameter": (dict(lr=1, momentum=0.9), TypeError, "adam has no hyper-parameter 'momentum'; it has lr, beta1"),
    "unknown engine": (dict(lr=1, engine="fortran"), ValueError, "engine must be one of .*'numpy'.*, but is 'fortran'"),
    "project no function": (dict(lr=1, project=(-1, 1)), TypeError, "project must be a function of w"),
}


@pytest.mark.parametrize("case", BAD_MAKING)
def test_bad_hyper_parameters_are_named(case):
    arguments, error, match = BAD_MAKING[case]
    with pytest.raises(error, match=match):
        optimizer(rules.adam, **arguments)


@pytest.mark.parametrize(
    ("rule", "name", "value", "match"),
    [
        (rules.momentum, "mu", 1.0, r"mu must be in \[0, 1\)"),
        (rules.adadelta, "rho", -1.0, r"rho must be in \[0, 1\)"),
        (rules.rmsprop, "eps_root", -1.0, "eps_root must be >= 0"),
        (rules.adamw, "weight_decay", -1.0, "weight_decay must be >= 0"),
        (rules.adamw, "eta", 0.0, "eta must be > 0"),
        (rules.adopt, "clip", 0.0, r"clip must be > 0 \(infinity: no bound\), but is 0.0"),
        (rules.adopt, "clip", -1.0, "clip must be > 0"),
        (rules.adopt, "clip", -np.inf, "clip must be > 0"),
        (rules.adopt, "clip", np.nan, r"clip must be > 0 \(infinity: no bound\), but is nan"),
        (rules.adopt, "clip", np.array([1.0, np.nan]), "clip must be > 0"),
        (damped, "bound", np.inf, "bound must be finite"),
    ],
)
def test_each_hyper_parameter_has_its_range(rule, name, value, match):
    with pytest.raises(ValueError, match=match):
        optimizer(rule, 0.1, **{name: value})


def test_zero_is_allowed_where_it_means_something():
    optimizer(rules.adamw, 0.1, beta1=0, beta2=0.0, eps=0, weight_decay=0)


def test_a_bound_may_be_infinite_and_its_schedule_may_start_at_zero():
    assert optimizer(rules.adopt, 0.1, clip=np.inf).hyper_at(1.0)["clip"] == np.inf
    assert optimizer(rules.adopt, 0.1, clip=[1, np.inf]).hyper_at(1.0)["clip"].tolist() == [1, np.inf]
    scheduled = optimizer(rules.adopt, 0.1, clip=lambda t: (t - 1) ** 0.25)
    assert [scheduled.hyper_at(t)["clip"] for t in (1.0, 2.0, 17.0)] == [0, 1, 2]
    for bad, match in (
        (lambda t: -1.0, "clip must be >= 0"),
        (lambda t: np.nan, "clip must be >= 0"),
        (lambda t: "1", "clip must be a"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"the schedule of clip fails at t = 1: {match}"):
            optimizer(rules.adopt, 0.1, clip=bad).hyper_at(1.0)
    with pytest.raises(TypeError, match="clip must be a number or an array of numbers, not None"):
        optimizer(rules.adopt, 0.1, clip=None)
    with pytest.raises(ValueError, match="clip must broadcast to the shape of w"):
        optimizer(rules.adopt, 0.1, clip=[1.0, 2.0]).init(np.zeros(3))


BAD_START = {
    "unknown state": (dict(s=1.0), TypeError, "adam has no state 's'; it has m, v"),
    "NaN": (dict(v=np.nan), ValueError, "v must be finite, but holds nan"),
    "words": (dict(v="small"), TypeError, "v must be a number or an array of numbers"),
    "another shape": (dict(v=np.ones(2)), ValueError, r"v must broadcast to the shape of state v, \(3,\), but has \(2,\)"),
    "more axes": (dict(m=np.ones((2, 3))), ValueError, "m must broadcast to the shape of state m"),
}


@pytest.mark.parametrize("case", BAD_START)
def test_bad_starts_are_named(case):
    start, error, match = BAD_START[case]
    with pytest.raises(error, match=match):
        optimizer(rules.adam, 0.1).init(np.zeros(3), **start)


def test_init_looks_at_w_and_at_what_must_fit_it():
    with pytest.raises(ValueError, match=r"w must be finite, but holds inf at index \(1,\)"):
        optimizer(rules.sgd, 0.1).init(np.array([0.0, np.inf]))
    with pytest.raises(TypeError, match="w must be a number or an array of numbers, not 'w'"):
        optimizer(rules.sgd, 0.1).init("w")
    for w in (0.0, np.zeros(2)):
        with pytest.raises(ValueError, match="lr must broadcast to the shape of w"):
            optimizer(rules.momentum, np.full(3, 0.1)).init(w)
    with pytest.raises(ValueError, match="beta1 must broadcast to the shape of w"):
        optimizer(rules.adam, 0.1, beta1=lambda t: np.full((3, 1), 0.5)).init(np.zeros(2))
    for shape in [(2, 1), (2, 3), (4, 4), (2, 1, 1), (5, 1, 3, 1), (1, 1, 1, 1)]:
        with pytest.raises(ValueError, match="lr must broadcast to the shape of w"):
            optimizer(rules.sgd, np.full(shape, 0.1)).init(np.zeros((5, 4, 3)))
    for shape in [(), (3,), (4, 1), (4, 3), (5, 1, 1), (1, 1, 3)]:
        optimizer(rules.sgd, np.full(shape, 0.1)).init(np.zeros((5, 4, 3)))
    with pytest.raises(TypeError, match="sgd has no state 'm'; it has none"):
        optimizer(rules.sgd, 0.1).init(0.0, m=1.0)


OTHER = optimizer(rules.adamw, 0.1).init(np.zeros(3))
READ_ONLY = np.zeros(3)
READ_ONLY.flags.writeable = False

# What is changed in a good call of update and step, the error, and what its message says.
BAD_STEPS = {
    "g of another length": (dict(g=np.ones(2)), ValueError, r"g must have the shape of w, \(3,\), but has \(2,\)"),
    "g a number": (dict(g=1.0), ValueError, "g must have the shape of w"),
    "g with NaN": (dict(g=np.array([0, np.nan, 1])), ValueError, r"g must be finite, but holds nan at index \(1,\)"),
    "g infinite": (dict(g=np.array([0, 1, -np.inf])), ValueError, r"g must be finite, but holds -inf at index \(2,\)"),
    "g in words": (dict(g="up"), TypeError, "g must be a number or an array of numbers, not 'up'"),
    "g missing": (dict(g=None), TypeError, "g must be a number or an array of numbers, not None"),
    "state of another rule": (dict(state=OTHER), TypeError, "state must be the adam_state that init.* returns, not adamw_state"),
    "state a tuple": (dict(state=(0.0, 1.0)), TypeError, "state must be the adam_state that init.* returns, not tuple"),
    "state a list": (dict(state=[]), TypeError, "state must be the adam_state that init.* returns, not list"),
    "state missing": (dict(state=None), TypeError, "state must be the adam_state that init.* returns, not NoneType"),
    "state for another w": (
        dict(state=optimizer(rules.adam, 0.1).init(np.zeros(4))),
        ValueError,
        r"state m has shape \(4,\), but w has \(3,\): make it with init\(w\)",
    ),
    "state for a w of one": (
        dict(state=optimizer(rules.adam, 0.1).init(np.zeros(1))),
        ValueError,
        r"state m has shape \(1,\), but w has \(3,\)",
    ),
    "schedule < 0": (dict(lr=lambda t: 0.5 - t), ValueError, "the schedule of lr fails at t = 1: lr must be >= 0, but is -0.5"),
    "schedule NaN": (dict(lr=lambda t: np.nan), ValueError, "the schedule of lr fails at t = 1: lr must be finite"),
    "schedule infinite": (dict(lr=lambda t: np.inf), ValueError, "the schedule of lr fails at t = 1: lr must be finite"),
    "schedule None": (dict(lr=lambda t: None), TypeError, "the schedule of lr fails at t = 1: lr must be a number"),
    "schedule of beta1": (dict(beta1=lambda t: t), ValueError, r"the schedule of beta1 fails at t = 1: .* in \[0, 1\)"),
    "schedule of eps": (dict(eps=lambda t: -t), ValueError, "the schedule of eps fails at t = 1: eps must be >= 0"),
    "lr of another shape": (dict(lr=np.full((2, 3), 0.1)), ValueError, r"w would change its shape from \(3,\) to \(2, 3\)"),
    "projection elsewhere": (
        dict(project=lambda w: w[:2]),
        ValueError,
        r"project\(w\) would change its shape from \(3,\) to \(2,\)",
    ),
    "projection fails": (
        dict(project=box(np.zeros(2), np.ones(2))),
        ValueError,
        r"low must broadcast to the shape of w, \(3,\), but has \(2,\)",
    ),
}
BAD_IN_PLACE = {
    "w read-only": (dict(w=READ_ONLY), TypeError, "w must be a writable float array, not a read-only array"),
    "w of integers": (dict(w=np.zeros(3, int)), TypeError, "w must be a writable float array, not an array of int64; update"),
    "w a list": (dict(w=[0.0, 0.0, 0.0]), TypeError, "w must be an array with an axis, not .*; update takes scalars"),
    "state read-only": (
        dict(state=optimizer(rules.adam, 0.1).init(np.zeros(3))._replace(v=READ_ONLY)),
        TypeError,
        "v must be a writable float array",
    ),
}


def attempt(method, change, error, match):
    """Call step or update with one thing changed, and see that the error is right and nothing has changed."""
    hyper = {"lr": 0.1} | {name: value for name, value in change.items() if name in ("lr", "beta1", "eps", "project")}
    good = optimizer(rules.adam, 0.1)
    w = np.array([1.0, -2.0, 3.0])
    state = good.step(w, np.ones(3), good.init(w))
    call = {"w": w, "g": np.ones(3), "state": state} | {name: change[name] for name in ("w", "g", "state") if name in change}
    o = optimizer(rules.adam, **hyper)
    if callable(change.get("lr")) or callable(change.get("beta1")) or callable(change.get("eps")):
        call["state"] = call["state"]._replace(t=0.0)
    before = bits(call)
    with pytest.raises(error, match=match):
        getattr(o, method)(**call)
    assert bits(call) == before


@pytest.mark.parametrize("method", ["update", "step"])
@pytest.mark.parametrize("case", BAD_STEPS)
def test_bad_step_is_named_and_changes_nothing(case, method):
    attempt(method, *BAD_STEPS[case])


@pytest.mark.parametrize("case", BAD_IN_PLACE)
def test_step_in_place_needs_a_place(case):
    attempt("step", *BAD_IN_PLACE[case])
    assert not READ_ONLY.any()


def test_step_takes_no_scalar():
    o = optimizer(rules.sgd, 0.1)
    for w in (1.0, np.float64(1.0), np.array(1.0)):
        with pytest.raises(TypeError, match=r"w must be an array with an axis.*update takes scalars"):
            o.step(w, 1.0, o.init(w))


def test_a_scalar_gradient_of_nan_is_named():
    o = optimizer(rules.sgd, 0.1)
    with pytest.raises(ValueError, match=r"g must be finite, but holds nan$"):
        o.update(1.0, np.nan, o.init(1.0))


def test_the_search_for_nan_can_be_left_out():
    o, w, g = optimizer(rules.sgd, 0.1, check_finite=False), np.zeros(2), np.array([np.nan, 1.0])
    assert np.isnan(o.update(w, g, o.init(w))[0]).tolist() == [True, False]
    for step in (lambda w: o.step(w, g, o.init(w)), lambda w: o.step_rows(w, [0, 1], g, o.init(w))):
        w = np.zeros(2)
        step(w)
        assert np.isnan(w).tolist() == [True, False]


def frozen(array):
    array.flags.writeable = False
    return array


BAD_ROWS = {
    "twice the same": (dict(rows=[1, 1]), "rows must be distinct: add up the gradients"),
    "below 0": (dict(rows=[-1, 1]), r"rows must lie in 0 .. 4, but holds -1"),
    "past the end": (dict(rows=[1, 5]), r"rows must lie in 0 .. 4, but holds 5"),
    "floats": (dict(rows=[0.0, 1.0]), "rows must be a list of integers, but has shape .* and type float64"),
    "a mask": (dict(rows=np.array([True, False, True, False, False])), "rows must be a list of integers, .* type bool"),
    "one number": (dict(rows=1), r"rows must be a list of integers, but has shape \(\)"),
    "a column": (dict(rows=np.array([[1], [3]])), r"rows must be a list of integers, but has shape \(2, 1\)"),
    "G too short": (dict(G=np.ones((1, 2))), r"G must have the shape \(2, 2\) of W\[rows\], but has \(1, 2\)"),
    "G of one axis": (dict(G=np.ones(2)), r"G must have the shape \(2, 2\)"),
    "G with NaN": (dict(G=np.array([[1, 1], [1, np.nan]])), r"G must be finite, but holds nan at index \(1, 1\)"),
    "G dense": (dict(G=np.ones((5, 2))), r"G must have the shape \(2, 2\)"),
    "a ball": (dict(project=ball(1.0)), "project must treat every coordinate alike"),
    "a box of many bounds": (dict(project=box(np.zeros((5, 2)), 1.0)), "project must treat every coordinate alike"),
    "a projection from elsewhere": (dict(project=lambda w: w), "project must treat every coordinate alike"),
    "lr that does not fit": (dict(lr=np.full(3, 0.1)), r"lr must broadcast to the shape of W, \(5, 2\), but has \(3,\)"),
    "a momentum without masked": (dict(rule=rules.momentum), "momentum on rows is not its dense step: pass masked=True"),
    "one norm, two axes": (dict(rule=rules.adagrad_norm), "adagrad_norm on rows takes one norm .* W must have one axis"),
    "schedule < 0": (dict(lr=lambda t: 1.5 - t), "the schedule of lr fails at t = 2: lr must be >= 0, but is -0.5"),
    "state for another W": (
        dict(state=optimizer(rules.adagrad, 0.1).init(np.zeros((5, 3)))),
        r"state s has shape \(5, 3\), but w has \(5, 2\): make it with init\(w\)",
    ),
    "state of another rule": (
        dict(state=optimizer(rules.rmsprop, 0.1).init(np.zeros((5, 2)))),
        "state must be the adagrad_state",
    ),
    "G in words": (dict(G="up"), "G must be a number or an array of numbers, not 'up'"),
    "W read-only": (dict(W=frozen(np.ones((5, 2)))), "step_rows changes W in place, so W must be a writable float array"),
    "W of integers": (
        dict(rule=rules.sgd, W=np.ones((5, 2), int), G=np.ones((2, 2), int)),
        "step_rows changes W in place, so W must be a writable float array, not an array of int64",
    ),
    "state of integers": (
        dict(state=optimizer(rules.adagrad, 0.1).init(np.zeros((5, 2)))._replace(s=np.ones((5, 2), int))),
        "step_rows changes s in place, so s must be a writable float array, not an array of int64",
    ),
    "state a number": (
        dict(state=optimizer(rules.adagrad, 0.1).init(np.zeros((5, 2)))._replace(s=0.0)),
        r"state s has shape \(\), but w has \(5, 2\)",
    ),
    "state read-only": (
        dict(state=optimizer(rules.adagrad, 0.1).init(np.zeros((5, 2)))._replace(s=frozen(np.ones((5, 2))))),
        "step_rows changes s in place, so s must be a writable float array",
    ),
}


def attempt_rows(case):
    """A bad step on rows is named, and changes nothing; also where they are an array in rising order, which is seen at once."""
    change, match = BAD_ROWS[case]
    rule = change.get("rule", rules.adagrad)
    good = optimizer(rule, 0.1)
    W = np.linspace(-1, 1, 10).reshape(5, 2)
    state = change.get("state", good.step(W, np.ones((5, 2)), good.init(W)))
    W, G = change.get("W", W), change.get("G", np.ones((2, 2)))
    o = optimizer(rule, **{"lr": 0.1} | {k: v for k, v in change.items() if k in ("lr", "project")})
    for rows in (change.get("rows", [3, 1]), np.asarray(change.get("rows", [1, 3]))):
        before = bits((W, rows, G, state))
        with pytest.raises((ValueError, TypeError), match=match):
            o.step_rows(W, rows, G, state)
        assert bits((W, rows, G, state)) == before


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_named_and_change_nothing(case):
    attempt_rows(case)


def test_rows_of_a_scalar_are_refused():
    good = optimizer(rules.sgd, 0.1)
    with pytest.raises(TypeError, match="W must be an array with an axis"):
        good.step_rows(1.0, [0], np.ones(1), good.init(1.0))
