"""The chapter's mistakes are one line each, each caught by one test; its lengths of steps; the data of its figures."""

import difflib
import inspect

import numpy as np
import pytest

from lecture_optim import mistakes, plain_adam
from lecture_optim.mistakes import MISTAKES, TESTS, Mistake, implementation, run, table
from lecture_optim.optimizer import optimizer
from lecture_optim.rules import adam

RIGHT = inspect.getsource(plain_adam)


@pytest.fixture(scope="module")
def verdicts():
    return table()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_mistake_is_one_line(mistake):
    changed = [line for line in difflib.ndiff(RIGHT.splitlines(), mistake.source().splitlines()) if line[0] in "-+"]
    assert [line[0] for line in changed] == ["-", "+"]


def test_there_are_nine_mistakes_and_nine_tests():
    assert len(MISTAKES) == len(TESTS) == len({m.name for m in MISTAKES}) == len({m.wrong for m in MISTAKES}) == 9


@pytest.mark.parametrize("k", range(len(MISTAKES)), ids=lambda k: MISTAKES[k].name)
def test_a_mistake_fails_its_own_test_and_no_other(verdicts, k):
    failed = [name for name, message in verdicts[MISTAKES[k].name].items() if message]
    assert failed == [MISTAKES[k].caught_by] == [TESTS[k].__name__]


def test_the_right_one_passes_all(verdicts):
    assert not any(verdicts["right"].values())


@pytest.mark.parametrize("seed", range(3))
def test_the_plain_one_is_the_rule(seed):
    rng = np.random.default_rng(seed)
    gradients = rng.standard_normal((300, 4)) * 10.0 ** rng.integers(-3, 4, 4)
    o = optimizer(adam, lr=mistakes.LR)
    w, state = np.zeros(4), o.init(np.zeros(4))
    for g in gradients:
        w, state = o.update(w, g, state)
    assert run(plain_adam, gradients, w=np.zeros(4))[-1] == pytest.approx(w, rel=1e-12)


def test_a_line_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"must stand once in lecture_optim/plain_adam\.py"):
        implementation(Mistake("none", "no such line", "", ""))
    with pytest.raises(ValueError, match="must stand once"):
        implementation(Mistake("twice", "m_hat", "", ""))


def test_shared_states_do_not_outlive_an_implementation():
    sharing = next(m for m in MISTAKES if m.name == "one state for all")
    first = run(implementation(sharing), [1.0, 2.0])
    assert run(implementation(sharing), [1.0, 2.0]) == pytest.approx(first)


def test_lengths_on_a_constant_gradient():
    """The exact lengths of the proposition, against the runs, at several decay rates."""
    T = 400
    t = np.arange(1, T + 1)
    for b1, b2 in ((0.9, 0.999), (0.5, 0.9), (0.0, 0.99)):
        right = (1 - b1**t) / (1 - b1) / np.sqrt((1 - b2**t) / (1 - b2))
        expected = [np.ones(T), right, 1 / np.sqrt(1 - b2**t), 1 / np.sqrt((1 - b2**t) / (1 - b2**2))]
        for mistake, lengths in zip((None, *MISTAKES[:3]), expected, strict=True):
            adam_, state, w = implementation(mistake), {"m": 0.0, "v": 0.0, "t": 1}, [0.0]
            for _ in range(T):
                w.append(adam_.step(w[-1], 2.0, state, 1.0, b1, b2, 0.0))
            assert -np.diff(w) == pytest.approx(lengths, rel=1e-9)
        adam_, state = implementation(MISTAKES[-1]), {"m": 0.0, "v": 0.0, "t": 1}
        first = adam_.step(0.0, 2.0, state, 1.0, b1, b2, 0.0)
        assert first - adam_.step(first, 2.0, state, 1.0, b1, b2, 0.0) == pytest.approx(1 / (1 - b1**2))


def test_the_frozen_counter_in_the_long_run():
    steps = -np.diff(run(implementation(MISTAKES[0]), np.ones(20_000))) / mistakes.LR
    assert steps[-1] == pytest.approx(np.sqrt(0.001) / 0.1, rel=1e-3)


def test_what_the_streams_show(page):
    far = page["far"]
    assert list(far) == [m.name for m in MISTAKES]
    for name in ("epsilon under the root", "epsilon on the parameter"):
        steady, rare, turning = far[name]
        assert steady < 1e-3 and turning < 1e-3
        assert np.isnan(rare) or rare > 0.01
    others = [values for name, values in far.items() if "epsilon" not in name]
    assert all(max(values) > 0.5 for values in others)
    assert np.isnan(far["epsilon on the parameter"][1])


def test_the_figures_hold_what_they_say(page):
    right = page["path"]
    table_ = page["table"]
    assert table_.shape == (9, 3) and np.isinf(table_[4, 1]) and np.isinf(table_).sum() == 1
    for name, (first, second) in page["paths"].items():
        k = page["shown"][name]
        assert first == pytest.approx(right[:, k]) and np.array_equal(second, page["wrong"][name][:, k], equal_nan=True)


def test_the_loss_does_not_tell(page):
    best = page["best"]
    assert sum(loss < 1.5 * best["right"] for name, loss in best.items() if name != "right") == 7
    assert best["decay rates swapped"] > 5 * best["right"] and best["corrected and stored"] > 0.55


def test_exercises(page):
    caught = [name for name, message in table([page["tenth"]])[page["tenth"].name].items() if message]
    assert caught == ["small_gradients_move_as_far"]
    assert not any(page["row"].values())
    # Exercise 3: the gradients at which epsilon halves the step, outside and under the root.
    right = run(plain_adam, np.full(3, 1e-8))
    assert -np.diff(right)[0] / mistakes.LR == pytest.approx(0.5)
    under = run(implementation(MISTAKES[3]), np.full(3, np.sqrt(1e-8 / 3)))
    assert -np.diff(under)[0] / mistakes.LR == pytest.approx(0.5)
