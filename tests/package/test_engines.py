"""The compiled engine against NumPy, bit by bit: every rule, projection and schedule, steps, rows, online loops, errors."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lecture_optim
from lecture_optim import rules
from lecture_optim.experiments import main
from lecture_optim.online import one_pass, play
from lecture_optim.optimizer import exact_on_rows, optimizer
from lecture_optim.problems import SparseLogistic
from lecture_optim.projections import ball, box
from lecture_optim.schedules import constant, cosine, exponential, inverse_sqrt, search_then_converge, warm_up

from .test_optimizer import BAD_IN_PLACE, BAD_ROWS, BAD_STEPS, attempt, attempt_rows

pytest.importorskip("numba", reason='the compiled engine needs numba: pip install "lecture_optim[fast]"')

ENGINES = ("numpy", "numba")
RULES = [getattr(rules, name) for name in rules.__all__]
NAMES = [rule.__name__ for rule in RULES]
every_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)


def some_rules(*chosen):
    """Compiling is what these tests take their time for, so what does not depend on a rule's formula is tested on a few."""
    return pytest.mark.parametrize("rule", chosen, ids=[rule.__name__ for rule in chosen])


some = settings(max_examples=15)
FLOATS = (np.float64, np.float32)
# From where a square vanishes to where it overflows, both zeros, and numbers below the smallest normal one.
SPECIAL = (0.0, -0.0, 5e-324, -3e-310, 1e-160, -1e-40, 1e-20, 1.0, -1e19, 1e30)
SCHEDULES = {
    "constant": constant(0.3),
    "inverse_sqrt": inverse_sqrt(0.3),
    "search_then_converge": search_then_converge(0.3, 2.5),
    "exponential": exponential(0.3, 3),
    "cosine": cosine(0.3, 40, 0.01),
    "warm_up": warm_up(cosine(0.3, 40), 10),
    "of the reader": lambda t: 0.3 / (t if t > 2 else 1),
}


@pytest.fixture(autouse=True)
def without_floating_point_warnings():
    """Compiled code does not warn of an overflow; NumPy does."""
    with np.errstate(all="ignore"):
        yield


def numbers(rng, shape, dtype=float):
    """Normal and special numbers, mixed."""
    x = np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, size=shape), rng.standard_normal(shape))
    return x.astype(dtype)


LAYOUTS = {
    "C": np.copy,
    "Fortran": np.asfortranarray,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "backwards": lambda x: x[..., ::-1].copy()[..., ::-1],
    "shifted": lambda x: np.concatenate([np.zeros(1, x.dtype), x.ravel()])[1:].reshape(x.shape),
    "unaligned": lambda x: np.frombuffer(bytearray(b"." + x.tobytes()), x.dtype, x.size, offset=1).reshape(x.shape),
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
}
SHAPES = ((0,), (1,), (7,), (40,), (3, 5), (4, 1), (2, 0), (2, 3, 4))


def bits(*values):
    """Type, shape and bytes of each. NaN is NaN; zeros count as one, as the sign of a maximum or a sign of zeros is free."""
    arrays = [np.asarray(value) + 0 for value in values]
    arrays = [a.astype(a.dtype.newbyteorder("=")) for a in arrays]
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays]


def steps(o, w, gradients):
    """What steps in place, and then a pure one, leave behind, to the bit."""
    state = o.init(w)
    for g in gradients:
        state = o.step(w, g, state)
    new, new_state = o.update(w, gradients[-1], state)
    return bits(w, *state, new, *new_state)


@every_rule
@some
@given(seed=st.integers(0, 2**32 - 1), shape=st.sampled_from(SHAPES), layout=st.sampled_from(list(LAYOUTS)))
def test_steps_are_numpys(rule, seed, shape, layout):
    place, rng = LAYOUTS[layout], np.random.default_rng(seed)
    for dtype in FLOATS:
        w, gradients = numbers(rng, shape, dtype), numbers(rng, (3, *shape), dtype)
        found = [
            steps(optimizer(rule, 0.3, engine=engine), place(w.copy()), [place(g.copy()) for g in gradients])
            for engine in ENGINES
        ]
        assert found[0] == found[1]


PROJECTIONS = {
    "box": box(-0.25, 0.5),
    "box around zero": box(-0.0, 0.0),
    "half a box": box(-np.inf, 0.1),
    "box of many bounds": box(np.linspace(-0.5, -0.1, 5), np.linspace(0.1, 0.5, 5)),
    "ball": ball(0.7),
    "ball elsewhere": ball(0.7, np.linspace(0, 1, 5)),
    "of the reader": lambda w: np.round(w, 1),
}


@pytest.mark.parametrize("project", PROJECTIONS.values(), ids=PROJECTIONS)
@pytest.mark.parametrize("shape", [(5,), (3, 5)], ids=str)
def test_projections_are_numpys(project, shape):
    for dtype in FLOATS:
        rng = np.random.default_rng(2)
        w, gradients = project(numbers(rng, shape, dtype)).astype(dtype), numbers(rng, (6, *shape), dtype)
        found = [steps(optimizer(rules.adagrad, 0.3, engine=engine, project=project), w.copy(), gradients) for engine in ENGINES]
        assert found[0] == found[1]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_schedules_are_numpys(schedule):
    """In steps, and in the loops, where ours are asked for many steps at once."""
    rng = np.random.default_rng(3)
    w, gradients = numbers(rng, (9,)), numbers(rng, (50, 9))
    found = [steps(optimizer(rules.adagrad, schedule, engine=engine), w.copy(), gradients) for engine in ENGINES]
    assert found[0] == found[1]
    for losses, start in ((gradients[:, 0], 0.5), (gradients[:, :, None], w[:, None])):
        same_runs(rules.adagrad, losses, start, lr=schedule)


def test_schedules_of_runs_are_numpys():
    rates = np.array([[0.1], [0.4], [2.0]])
    losses = np.random.default_rng(4).standard_normal((30, 3, 1))
    for lr in (inverse_sqrt(rates), warm_up(cosine(rates, 20), 5), lambda t: rates / t, rates):
        same_runs(rules.adagrad, losses, np.zeros((3, 1)), lr=lr)


@pytest.mark.parametrize("schedule", [value for name, value in SCHEDULES.items() if name != "of the reader"])
def test_many_steps_of_a_schedule_at_once_are_the_steps_one_by_one(schedule):
    ts = np.arange(1.0, 100_001.0)
    at_once = np.broadcast_to(schedule(ts), ts.shape)
    for part in (slice(0, 300), slice(99_700, None)):
        assert bits(at_once[part]) == bits([float(schedule(float(t))) for t in ts[part]])


def test_new_rates_and_schedules_need_no_compiling():
    loop = optimizer(rules.adagrad, 0.1, engine="numba", project=box(-1, 1)).compiled
    w = np.zeros(3)
    steps(optimizer(rules.adagrad, 0.1, engine="numba", project=box(-1, 1)), w, [w + 1])
    before = dict(loop._dense.compiled)
    for lr, bound in ((0.2, 2.0), (cosine(0.5, 10), 3.0), (lambda t: 1.0 / t, 4.0)):
        steps(optimizer(rules.adagrad, lr, eps=bound / 100, engine="numba", project=box(-bound, bound)), w, [w + 1])
    assert loop._dense.compiled == before


# --- Batches -----------------------------------------------------------------------------------------------------------------


@some_rules(rules.adam)
@pytest.mark.parametrize(
    ("shape", "runs"),
    [
        ((3, 4), (3, 1)),
        ((3, 1), (3, 1)),
        ((12,), (12,)),
        ((3, 4), (4,)),
        ((2, 3, 4), (1, 4)),
        ((3, 4), (3, 4)),
        ((0, 5), (5,)),
        ((3, 0), (3, 1)),
        ((2, 3, 4), (3, 1)),
    ],
    ids=str,
)
def test_batched_hyper_parameters_are_numpys_to_twelve_digits(rule, shape, runs):
    rng = np.random.default_rng(5)
    w, gradients = rng.standard_normal(shape), rng.standard_normal((20, *shape))
    hyper = {"lr": np.geomspace(0.01, 1, np.prod(runs)).reshape(runs)}
    for name in {"beta1", "beta2", "mu", "rho"} & set(inspect.signature(rule).parameters):
        hyper[name] = np.linspace(0.5, 0.99, np.prod(runs)).reshape(runs)
    found = []
    for engine in ENGINES:
        o = optimizer(rule, engine=engine, **hyper)
        own, state = w.copy(), o.init(w)
        for g in gradients:
            state = o.step(own, g, state)
        found.append((own, *state, o.update(own, gradients[0], state)[0]))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    if len(shape) > 1 and shape[-1] == 1:
        found = [play(optimizer(rule, engine=engine, **hyper), gradients, w, comparator=0.5) for engine in ENGINES]
        np.testing.assert_allclose(found[0].regret, found[1].regret, rtol=1e-12, atol=1e-12)


@some_rules(rules.momentum)
@pytest.mark.parametrize("of_rates", FLOATS, ids=["rates of float64", "rates of float32"])
def test_rates_of_each_run_are_numpys(rule, of_rates):
    """To the bit: an array of float64 makes steps of float32 numbers double, a number does not."""
    for dtype in FLOATS:
        for shape, runs in (((3, 4), (3, 1)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (3, 1))):
            rates = np.geomspace(0.01, 1, np.prod(runs)).reshape(runs).astype(of_rates)
            w, gradients = numbers(rng := np.random.default_rng(15), shape, dtype), numbers(rng, (6, *shape), dtype)
            found = []
            for engine in ENGINES:
                o, own = optimizer(rule, rates, engine=engine, project=box(-9, 9)), w.copy()
                found.append(steps(o, own, gradients))
            assert found[0] == found[1], (dtype, shape, runs)


def test_one_optimizer_steps_arrays_of_many_shapes_and_follows_its_schedule():
    """A row of hyper-parameters is kept from one step to the next where it is the same row, and only there."""
    rates = np.array([0.1, 0.4, 1.0])
    for lr in (rates, lambda t: rates / t, lambda t: np.add(rates, t, out=rates)):
        found = []
        for engine in ENGINES:
            rates[:] = [0.1, 0.4, 1.0]
            o, own = optimizer(rules.adagrad, lr, engine=engine), []
            arrays = [np.random.default_rng(9).standard_normal(shape) for shape in ((3,), (2, 3), (400, 3))]
            states = [o.init(w) for w in arrays]
            for k in (0, 0, 1, 1, 2, 2, 0, 2):
                states[k] = o.step(arrays[k], arrays[k] + 1, states[k])
                own.append(bits(arrays[k], *states[k]))
            found.append(own)
        assert found[0] == found[1]


# --- Rows --------------------------------------------------------------------------------------------------------------------


@some_rules(rules.adagrad_norm, rules.adagrad, rules.adam)
@some
@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([(), (1,), (5,), (3, 2)]), rising=st.booleans())
def test_rows_are_numpys(rule, seed, width, rising):
    rng = np.random.default_rng(seed)
    width = () if rule is rules.adagrad_norm else width
    kinds = ((np.float64, None), (np.float64, box(-1, 1)), (np.float32, None))
    for dtype, project in kinds if rule is rules.adagrad else kinds[:1]:
        W = numbers(rng, (9, *width), dtype)
        touched = [rng.permutation(9)[: rng.integers(0, 10)].astype(rng.choice(["i8", ">i8", "i4", "u2"])) for _ in range(4)]
        touched = [np.sort(rows) if rising else rows for rows in touched]
        gradients = [numbers(rng, (len(rows), *width), dtype) for rows in touched]
        found = []
        for engine in ENGINES:
            o, own = optimizer(rule, inverse_sqrt(0.3), engine=engine, project=project), W.copy()
            constant_rate = optimizer(rule, 0.3, engine=engine, project=project)
            state = o.init(W)
            for rows, G in zip(touched, gradients, strict=True):
                state = o.step_rows(own, rows, G, state, masked=not exact_on_rows(rule))
                state = constant_rate.step_rows(own, rows, G, state, masked=not exact_on_rows(rule))
            found.append(bits(own, *state))
        assert found[0] == found[1]


@some_rules(rules.adagrad)
@some
@given(seed=st.integers(0, 2**32 - 1), rising=st.booleans())
def test_rows_of_runs_with_their_own_rates_are_numpys(rule, seed, rising):
    rng = np.random.default_rng(seed)
    for dtype, of_gradients, of_rates in ((np.float64,) * 3, (np.float32,) * 3, (np.float32, np.float64, np.float32)):
        W, rates = numbers(rng, (9, 5), dtype), np.geomspace(0.01, 1, 5).astype(of_rates)
        touched = [rng.permutation(9)[: rng.integers(0, 10)] for _ in range(4)]
        touched = [np.sort(rows) if rising else rows for rows in touched]
        gradients = [numbers(rng, (len(rows), 5), of_gradients) for rows in touched]
        found = []
        for engine in ENGINES:
            o, own = optimizer(rule, rates, engine=engine, project=box(-1, 1)), W.copy()
            state = o.init(W)
            for rows, G in zip(touched, gradients, strict=True):
                state = o.step_rows(own, rows, G, state, masked=True)
            found.append(bits(own, *state))
        assert found[0] == found[1]


def test_runs_with_their_own_rates_are_compiled_and_refuse_what_numpy_refuses():
    rates, rows = np.array([0.1, 1.0]), np.array([1, 3])
    for shape, G, taken in (
        ((4, 2), np.ones((2, 2)), True),
        ((4, 2), np.array([[1.0, np.nan], [1.0, 1.0]]), False),
        ((4, 2), np.ones((2, 3)), False),
        ((4, 2), np.ones((1, 4)), False),
        ((2, 2), np.ones((2, 2)), False),  # row 3 is missing
    ):
        said, kept = [], []
        for engine in ENGINES:
            o, W = optimizer(rules.adagrad, rates, engine=engine), np.ones(shape)
            warm = np.ones((4, 2))
            o.step_rows(warm, rows, np.ones((2, 2)), o.init(warm))  # compiled by now
            state = o.init(W)
            try:
                assert o.step_rows(W, rows, G, state).t == 1.0
                said.append(None)
            except ValueError as error:
                said.append(str(error))
            kept.append(bits(W, *state[1:]))
        assert said[0] == said[1]
        assert kept[0] == kept[1]
        assert (said[0] is None) == taken
    for named in (rows, rows.astype("i4"), np.broadcast_to(rows, 2)):  # the last one is read only
        assert o.compiled.rows_at_once(warm, named, np.ones((2, 2)), o.init(warm)).t == 1.0
    assert o.compiled.rows_at_once(warm, rows, warm[:2], o.init(warm)) is None  # a gradient that the step would change


def test_an_optimizer_that_has_stepped_can_be_handed_to_another_process():
    for lr in (0.1, np.array([0.1, 1.0])):
        o, W = optimizer(rules.adagrad, lr, engine="numba"), np.ones((4, 2))
        state = o.step(W, np.ones((4, 2)), o.init(W))
        other, V, theirs = cloudpickle.loads(cloudpickle.dumps((o, W, state)))
        o.step(W, np.ones((4, 2)), state)
        other.step(V, np.ones((4, 2)), theirs)
        assert bits(W) == bits(V)


def test_one_pass_is_numpys():
    rng = np.random.default_rng(6)
    rows = [np.flatnonzero(rng.random(30) < 0.3) for _ in range(80)]
    rows = [row if row.size else np.array([0]) for row in rows]
    problem = SparseLogistic(np.cumsum([0, *map(len, rows)]), np.concatenate(rows), rng.choice([-1.0, 1.0], 80), 30)
    grid = np.array([0.1, 1.0])
    for rule, lr, shape in ((rules.adagrad, 0.5, (30,)), (rules.adam, 0.1, (30,)), (rules.adagrad, grid, (30, 2))):
        found = []
        for engine in ENGINES:
            W = np.zeros(shape)
            losses = one_pass(optimizer(rule, lr, engine=engine), problem, W, masked=rule is rules.adam)
            found.append(bits(W, losses))
        assert found[0] == found[1]


# --- Online loops ------------------------------------------------------------------------------------------------------------


def same_runs(rule, losses, start, comparator=-1.0, every=1, T=None, record=None, project=None, **hyper):
    """Both engines' runs, which are the same to the bit."""
    runs = []
    for engine in ENGINES:
        o = optimizer(rule, engine=engine, project=project, **hyper)
        names = ("w", "g", "loss", *(() if comparator is None else ("regret",)), *o.State._fields[1:])
        runs.append(play(o, losses, start, T, comparator=comparator, every=every, record=names if record is None else record))
    a, b = runs
    assert list(a.records) == list(b.records)
    values = [(x.t, x.w, x.loss, x.loss if x.regret is None else x.regret, *x.state, *x.records.values()) for x in runs]
    assert bits(*values[0]) == bits(*values[1])
    return runs


# With no state to three, and the rule that takes the norm of the vector.
@some_rules(rules.sgd, rules.adagrad_norm, rules.adagrad, rules.adam, rules.amsgrad)
def test_scalar_runs_are_numpys(rule):
    losses = numbers(np.random.default_rng(7), 400)
    losses = np.clip(losses, -1e6, 1e6)
    same_runs(rule, losses, 0.5, lr=inverse_sqrt(0.1), project=box(-1, 1), every=7)


@some_rules(rules.amsgrad)
def test_runs_side_by_side_are_numpys(rule):
    rng = np.random.default_rng(8)
    losses = np.clip(numbers(rng, (60, 5, 1)), -1e6, 1e6)
    same_runs(rule, losses, np.linspace(-1, 1, 5)[:, None], lr=inverse_sqrt(0.1), project=box(-1, 1), every=7)


OPTIONS = {
    "no comparator": {"comparator": None}, "33 steps": {"T": 33}, "one step": {"T": 1}, "no step": {"T": 0},
    "the ends alone": {"every": 1000}, "no record": {"record": ()}, "the regret": {"record": ("regret",)},
    "a name twice": {"record": ("s", "w", "s")}, "a whole number": {"comparator": 2}, "a ball": {"project": ball(1.0)},
    "a projection of the reader": {"project": lambda w: w / 2}, "half a box": {"project": box(-np.inf, 0.25)},
}  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options_of_play_are_numpys(options):
    losses = np.random.default_rng(9).standard_normal((80, 2, 3, 1))
    same_runs(rules.adagrad, losses[:, 0, 0, 0], 0.5, **{"lr": inverse_sqrt(0.1)} | options)
    same_runs(rules.adagrad, losses, np.zeros((2, 3, 1)), **{"lr": inverse_sqrt(0.1)} | options)


def test_kinds_of_runs_that_are_numpys():
    rng = np.random.default_rng(10)
    losses = rng.standard_normal((40, 4, 3))
    same_runs(rules.adagrad, losses, np.zeros((4, 3)), lr=0.1)  # runs of more than one coordinate
    same_runs(rules.adagrad, losses[:, :, :1], np.zeros((4, 1)), comparator=rng.standard_normal((4, 1)), lr=0.1)  # strided
    same_runs(rules.adagrad, losses[:, 0, 0].astype(np.float32), np.float32(0), lr=0.1)
    same_runs(rules.adagrad, losses[:, :, :1].astype(np.float32), np.zeros((4, 1), np.float32), lr=0.1)
    same_runs(rules.adagrad, losses[:, :, :1], np.zeros((4, 1), np.float32), lr=0.1)
    same_runs(rules.adagrad, losses[:, 0], np.zeros(3), lr=0.1)
    same_runs(rules.adagrad, losses[:, :, :1].astype(">f8"), np.zeros((4, 1), ">f8"), lr=0.1)
    same_runs(rules.adagrad, [3, -1, -1, 3], 1, lr=0.5)
    frozen = losses[:, 0, 0].copy()
    frozen.flags.writeable = False
    same_runs(rules.adagrad, frozen, 0.0, lr=0.1)


def test_long_streams_are_played_in_parts(monkeypatch):
    from lecture_optim.engine import steps

    monkeypatch.setattr(steps, "CHUNK", 10)
    losses = np.random.default_rng(11).standard_normal((57, 3, 1))
    for every in (1, 4, 10, 100):
        same_runs(rules.adagrad, losses[:, 0, 0], 0.0, lr=inverse_sqrt(0.1), every=every)
        same_runs(rules.adagrad, losses, np.zeros((3, 1)), lr=inverse_sqrt(0.1), every=every)


@pytest.mark.parametrize("shape", [(), (3, 1)], ids=["a scalar", "runs"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("T", [None, 5], ids=["played", "not played"])
def test_a_loss_that_is_not_finite_is_named(shape, bad, T, monkeypatch):
    from lecture_optim.engine import steps

    monkeypatch.setattr(steps, "CHUNK", 10)  # the loop finds it late
    losses, w = np.ones((50, *shape)), np.zeros(shape)
    losses[(41, *(0 for _ in shape))] = bad
    for engine in ENGINES:
        with pytest.raises(ValueError, match=rf"losses must be finite, but holds {bad} at index \(41"):
            play(optimizer(rules.adagrad, 0.1, engine=engine), losses, w, T)
        assert not w.any()


def test_play_leaves_the_start_and_the_losses_as_they_were(capsys):
    w, losses = np.zeros((3, 1)), np.ones((5, 3, 1))
    play(optimizer(rules.adagrad, 0.1, engine="numba"), losses, w, progress=True)
    assert not w.any() and (losses == 1).all()
    assert "adagrad" in capsys.readouterr().err


@pytest.mark.parametrize("kind", FLOATS)
def test_the_quotient_that_defines_zero_over_zero_is_numpys_and_converts_no_condition(kind):
    import numba

    from lecture_optim.engine.weak import LIKE_NUMPY

    @numba.njit(**LIKE_NUMPY)
    def quotients(a, b, out):
        for i in range(a.size):
            out[i] = rules.ratio(a[i], b[i])

    special = np.array([*SPECIAL, np.inf, np.nan], kind)
    a, b = (x.ravel() for x in np.meshgrid(np.concatenate([special, -special]), np.abs(special)))
    found = np.empty_like(a)
    quotients(a, b, found)
    wanted = rules.ratio(a, b)
    assert bits(found) == bits(wanted)
    assert not wanted[(b == 0) & np.isfinite(a)].any()
    assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(wanted)].all()
    # A conversion of whole vectors of conditions costs the divider's time a fifth more.
    assert "uitofp" not in quotients.inspect_llvm(quotients.signatures[0])


# --- Rules of the reader, and errors -------------------------------------------------------------------------------------------


def normalized(w, g, t, lr):
    return (w - lr * g / np.linalg.norm(g),)


def optimistic(w, g, last, t, lr):
    return w - lr * (2 * g - last), g


@pytest.mark.parametrize("rule", [normalized, optimistic])
def test_a_rule_of_the_reader_is_stepped_by_numpy(rule):
    w, gradients = np.random.default_rng(12).standard_normal((7, 5))[0], np.random.default_rng(13).standard_normal((6, 5))
    found = [steps(optimizer(rule, 0.3, engine=engine), w.copy(), gradients) for engine in ENGINES]
    assert found[0] == found[1]
    if rule is optimistic:
        same_runs(rule, gradients[:, 0], 0.5, lr=0.1)


@pytest.fixture
def engine_for_all(monkeypatch):
    """Sets the engine that the tables of bad input, written for the default, are tried on."""
    return lambda engine: monkeypatch.setitem(optimizer.__kwdefaults__, "engine", engine)


@pytest.mark.parametrize("case", [*BAD_STEPS, *BAD_IN_PLACE])
def test_bad_steps_are_named_and_change_nothing(case, engine_for_all):
    engine_for_all("numba")
    o = optimizer(rules.adam, 0.1)
    o.step(np.zeros(3), np.ones(3), o.init(np.zeros(3)))  # compiled, so that the loop sees the bad step first
    for method in ("step", "update") if case in BAD_STEPS else ("step",):
        attempt(method, *(BAD_STEPS | BAD_IN_PLACE)[case])


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_named_and_change_nothing(case, engine_for_all):
    engine_for_all("numba")
    attempt_rows(case)


@pytest.mark.parametrize(("rows", "G", "words"), [
    ([1, 1], [1.0, 1.0], "rows must be distinct"),
    ([-1, 1], [1.0, 1.0], "rows must lie in 0 .. 4, but holds -1"),
    ([1, 5], [1.0, 1.0], "rows must lie in 0 .. 4, but holds 5"),
    ([1, 3], [1.0], r"G must have the shape \(2,\)"),
    ([1, 3], [1.0, np.nan], r"G must be finite, but holds nan at index \(1,\)"),
])  # fmt: skip
def test_bad_rows_are_seen_in_the_loop(rows, G, words):
    o, W = optimizer(rules.adagrad, 0.1, engine="numba"), np.zeros(5)
    state = o.step_rows(W, np.array([1, 3]), np.ones(2), o.init(W))
    before = bits(W, *state)
    with pytest.raises(ValueError, match=words):
        o.step_rows(W, np.array(rows), np.array(G), state)
    assert bits(W, *state) == before


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_named(bad, kind):
    for shape, place in (((2000,), (1999,)), ((40, 50), (3, 4)), ((3,), (0,))):
        o = optimizer(rules.adam, 0.1, engine="numba")
        w, g = np.ones(shape, kind), np.ones(shape, kind)
        state = o.step(w, g, o.init(w))
        g[place] = bad
        before = bits(w, *state)
        with pytest.raises(ValueError, match=f"g must be finite, but holds {bad} at index"):
            o.step(w, g, state)
        assert bits(w, *state) == before
        unchecked = [optimizer(rules.adam, 0.1, engine=engine, check_finite=False) for engine in ENGINES]
        assert steps(unchecked[0], w.copy(), [g]) == steps(unchecked[1], w.copy(), [g])


@pytest.mark.parametrize(("schedule", "words"), [
    (lambda t: 4.5 - t, "the schedule of lr fails at t = 5: lr must be >= 0, but is -0.5"),
    (lambda t: "up" if t > 3 else 1.0, "the schedule of lr fails at t = 4"),
    (lambda t: np.full(3, 0.1) if t > 2 else 0.1, r"w would change its shape from \(\) to \(3,\)"),
    (lambda t: np.full(3, 0.1), "lr must broadcast to the shape of w"),
], ids=["below 0", "in words", "changes its shape", "does not fit"])  # fmt: skip
def test_a_schedule_that_fails_is_named_with_its_step(schedule, words):
    for engine in ENGINES:
        with pytest.raises((ValueError, TypeError), match=words):
            play(optimizer(rules.sgd, schedule, engine=engine), np.ones(20), 0.0)


def test_an_elementwise_schedule_that_fails_is_named_with_its_step():
    def falling(t):
        return 4.5 - t

    falling.elementwise = True
    for engine in ENGINES:
        with pytest.raises(ValueError, match=r"the schedule of lr fails at t = 5: lr must be >= 0, but is -0\.5$"):
            play(optimizer(rules.sgd, falling, engine=engine), np.ones(20), 0.0)


def test_overlapping_memory_is_stepped_as_the_pure_update():
    for same in (False, True):
        memory = np.arange(101.0)
        w, g = memory[1:], memory[1:] if same else memory[:-1]
        o = optimizer(rules.momentum, 0.5, engine="numba")
        expected, _ = optimizer(rules.momentum, 0.5).update(w, g, o.init(w))
        o.step(w, g, o.init(w))
        np.testing.assert_array_equal(w, expected)


def test_rows_whose_gradient_lies_in_the_weights():
    found = []
    for engine in ENGINES:
        W = np.arange(1.0, 6.0)
        o = optimizer(rules.adagrad, 0.5, engine=engine)
        state = o.step_rows(W, np.array([0, 2]), W[1:3], o.init(W))
        found.append(bits(W, *o.step_rows(W, np.array([0, 2]), W[1:3], state)))
    assert found[0] == found[1]


def test_the_race_command_has_the_same_table_in_both_engines(capsys):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    tables = []
    for engine in ENGINES:
        main(["digits", "--rules", "adam", "--seeds", "2", "--epochs", "1", "--rates", "3", "--quiet", "--engine", engine])
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1] and "adam" in tables[0]


# --- Without numba, without a cache, without a word ----------------------------------------------------------------------------


def python(code, folder=None, **environment):
    """What a fresh interpreter, started in the folder, prints on both channels."""
    environment = os.environ | environment
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def test_numpy_steps_load_no_numba():
    code = """
import sys, lecture_optim
from lecture_optim.optimizer import optimizer
from lecture_optim.rules import sgd
optimizer(sgd, 0.1).update(0.0, 1.0, optimizer(sgd, 0.1).init(0.0))
print("numba" in sys.modules)"""
    assert python(code) == "False\n"


def test_without_numba_the_numpy_engine_remains(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r'engine="numba" needs numba: pip install "lecture_optim\[fast\]"'):
        optimizer(rules.sgd, 0.1, engine="numba")
    assert optimizer(rules.sgd, 0.1, engine="fastest").engine == "numpy"


def test_fastest_is_numba_where_it_is_installed():
    assert optimizer(rules.sgd, 0.1, engine="fastest").engine == "numba"


STEP = """
import sys, numpy as np
{before}
from lecture_optim.optimizer import optimizer
from lecture_optim.rules import sgd
o, w = optimizer(sgd, 0.5, engine="numba"), np.zeros(3)
state = o.step(w, np.array([3.0, 0.0, -4.0]), o.init(w))
print(w.tolist(), file=sys.stderr)
"""
LOGGED = STEP.format(before="import logging; logging.basicConfig(level=logging.INFO, format='%(message)s')")
MOVED = "[-1.5, 0.0, 2.0]\n"


@pytest.fixture
def package(tmp_path):
    """A copy of the package, and how `python` is called so that it is the one that is imported."""
    shutil.copytree(Path(lecture_optim.__file__).parent, tmp_path / "lecture_optim", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "lecture_optim", {"folder": tmp_path, "PYTHONPATH": "", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}


def test_machine_code_is_kept_and_its_making_announced_to_those_who_listen(package):
    folder, environment = package
    assert python(STEP.format(before=""), **environment) == MOVED, "silent unless somebody listens"
    assert python(LOGGED, **environment) == MOVED, "kept, so there is nothing to announce"
    # A changed rule is compiled anew, though the file of the loops is as it was.
    source = folder / "rules.py"
    source.write_text(source.read_text().replace("return (w - lr * g,)", "return (w - g,)"))
    announced = "compiling the dense loop of sgd, which is kept for the next time\n"
    assert python(LOGGED, **environment) == announced + "[-3.0, 0.0, 4.0]\n"


def test_a_folder_that_is_not_there_costs_only_time(package, tmp_path):
    folder, environment = package
    (tmp_path / "file").write_text("")
    nowhere = {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"), "HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none"}
    (folder / "engine" / "__pycache__").write_text("")  # neither beside the source
    announced = "compiling the dense loop of sgd, which is kept for the next time\n"
    assert python(LOGGED, **environment | nowhere) == announced + MOVED


@pytest.mark.parametrize("method", ["save_overload", "load_overload"])
def test_a_folder_that_cannot_be_used_costs_only_time(method, monkeypatch):
    from numba.core.caching import FunctionCache

    from lecture_optim.engine import loops
    from lecture_optim.engine.kernels import Kernel

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FunctionCache, method, full)
    w = np.zeros(3)
    assert Kernel(loops.dense, rules.sgd, loops.free, 0, 1, 0)(1.0, False, w, np.array([3.0, 0.0, -4.0]), np.array([0.5]))
    assert w.tolist() == [-1.5, 0.0, 2.0]


def test_each_kind_of_arguments_has_files_of_its_own(tmp_path, monkeypatch):
    """numba's files of two kinds under one name can be mixed up by processes that write at the same time."""
    from numba.core import config

    from lecture_optim.engine import loops
    from lecture_optim.engine.kernels import Kernel

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    kernel = Kernel(loops.dense, rules.sgd, loops.free, 0, 1, 0)
    for kind in FLOATS:
        assert kernel(1.0, False, np.zeros(3, kind), np.ones(3, kind), np.array([0.5]))
    indices = [path.stem for path in tmp_path.rglob("*.nbi")]
    stored = [path.name for path in tmp_path.rglob("*.nbc")]
    assert len(indices) == 2 and sorted(stored) == sorted(f"{index}.1.nbc" for index in indices)


def test_no_two_functions_that_numba_compiles_have_one_name():
    """By name and types it takes one for the other where its cache brings both (numba issue 10486)."""
    from lecture_optim.engine import loops, weak

    trees = [ast.parse(inspect.getsource(module)) for module in (loops, weak)]
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    top = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(top) == len(set(top)) and "_" not in names


def test_a_notebook_shows_nothing(capfd):
    """Types that were not met before are compiled without a word."""
    o = optimizer(rules.sgd, 0.1, engine="numba", project=box(-3, 3))
    w = np.zeros(4, np.float32)
    o.step(w, w + 1, o.init(w))
    assert capfd.readouterr() == ("", "")
