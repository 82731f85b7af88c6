"""Step-size schedules: closed forms, first and last steps, arrays, bad input."""

import math
from itertools import pairwise

import numpy as np
import pytest

from lecture_optim import rules
from lecture_optim.optimizer import optimizer
from lecture_optim.schedules import constant, cosine, exponential, inverse_sqrt, search_then_converge, warm_up

LR = 0.8
# Values worked out by hand: the schedule, the step, the learning rate.
VALUES = [
    (constant(LR), 1, 0.8),
    (constant(LR), 10**9, 0.8),
    (inverse_sqrt(LR), 1, 0.8),
    (inverse_sqrt(LR), 4, 0.4),
    (inverse_sqrt(LR), 10**8, 0.8e-4),
    (search_then_converge(LR, tau=9), 1, 0.72),
    (search_then_converge(LR, tau=9), 9, 0.4),
    (search_then_converge(LR, tau=1e-3), 8, 1e-4 / 1.000125),
    (search_then_converge(LR, tau=1e12), 100, 0.8 / (1 + 1e-10)),
    (exponential(LR, half_life=5), 1, 0.8),
    (exponential(LR, half_life=5), 6, 0.4),
    (exponential(LR, half_life=5), 51, 0.8 / 1024),
    (exponential(LR, half_life=2), 2, 0.8 / math.sqrt(2)),
    (cosine(LR, T=5), 1, 0.8),
    (cosine(LR, T=5), 2, 0.4 + 0.4 / math.sqrt(2)),
    (cosine(LR, T=5), 3, 0.4),
    (cosine(LR, T=5), 5, 0.0),
    (cosine(LR, T=5), 6, 0.0),
    (cosine(LR, T=5), 1000, 0.0),
    (cosine(LR, T=2), 2, 0.0),
    (cosine(LR, T=4, lr_min=0.2), 1, 0.8),
    (cosine(LR, T=4, lr_min=0.2), 2, 0.2 + 0.6 * 0.75),
    (cosine(LR, T=4, lr_min=0.2), 3, 0.2 + 0.6 * 0.25),
    (cosine(LR, T=4, lr_min=0.2), 4, 0.2),
    (cosine(LR, T=4, lr_min=0.2), 5, 0.2),
    (cosine(LR, T=7, lr_min=0.8), 3, 0.8),
    (warm_up(LR, 4), 1, 0.2),
    (warm_up(LR, 4), 3, 0.6),
    (warm_up(LR, 4), 4, 0.8),
    (warm_up(LR, 4), 5, 0.8),
    (warm_up(LR, 1), 1, 0.8),
    (warm_up(inverse_sqrt(LR), 8), 4, 0.2),
    (warm_up(inverse_sqrt(LR), 8), 16, 0.2),
    (warm_up(warm_up(LR, 2), 4), 1, 0.1),
]


@pytest.mark.parametrize(("schedule", "t", "lr"), VALUES)
def test_values(schedule, t, lr):
    assert schedule(float(t)) == pytest.approx(lr, rel=1e-14, abs=0) if lr else schedule(float(t)) == 0


FALLING = [inverse_sqrt(LR), search_then_converge(LR, 20), exponential(LR, 7), cosine(LR, 300, 0.1)]


@pytest.mark.parametrize("schedule", FALLING)
def test_they_fall_from_their_lr(schedule):
    values = [schedule(float(t)) for t in range(1, 301)]
    assert values[0] <= LR and all(a > b > 0 for a, b in pairwise(values))


def test_warm_up_keeps_the_schedule_after_it():
    schedule, after = warm_up(cosine(LR, 50), 10), cosine(LR, 50)
    assert all(schedule(float(t)) == after(float(t)) for t in range(10, 60))
    assert all(schedule(float(t)) == pytest.approx(t / 10 * after(float(t)), rel=1e-15) for t in range(1, 10))


MAKERS = {
    "constant": constant,
    "inverse_sqrt": inverse_sqrt,
    "search_then_converge": lambda lr: search_then_converge(lr, 3.0),
    "exponential": lambda lr: exponential(lr, 3.0),
    "cosine": lambda lr: cosine(lr, 6, 0.01),
    "warm_up": lambda lr: warm_up(lr, 3),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_array_is_one_learning_rate_for_each_run(make):
    lrs = np.array([[0.1], [0.8], [2.0]])
    together, w = optimizer(rules.adam, make(lrs)), np.zeros((3, 2))
    state, g = together.init(w), np.array([1.0, -3.0])
    alone = [optimizer(rules.adam, make(float(lr))) for lr in lrs[:, 0]]
    own = [(np.zeros(2), o.init(np.zeros(2))) for o in alone]
    for t in range(1, 9):
        assert np.array_equal(make(lrs)(float(t)), [[make(float(lr))(float(t))] for lr in lrs[:, 0]])
        w, state = together.update(w, np.broadcast_to(g, (3, 2)), state)
        own = [o.update(v, g, s) for o, (v, s) in zip(alone, own, strict=True)]
        assert np.array_equal(w, [v for v, _ in own])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("lr", [0, -0.1, np.nan, np.inf, np.array([0.1, 0.0])], ids=str)
def test_a_bad_lr_is_named(make, lr):
    with pytest.raises(ValueError, match=r"lr must be (> 0|finite)"):
        make(lr)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_lr_in_words_is_named(make):
    with pytest.raises(TypeError, match=r"lr must be a number or an array of numbers, not '0.1'"):
        make("0.1")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: search_then_converge(LR, 0), "tau must be > 0, but is 0"),
        (lambda: search_then_converge(LR, -1), "tau must be > 0"),
        (lambda: exponential(LR, 0), "half_life must be > 0, but is 0"),
        (lambda: exponential(LR, np.nan), "half_life must be finite"),
        (lambda: cosine(LR, 1), "T must be >= 2, but is 1"),
        (lambda: cosine(LR, np.inf), "T must be finite"),
        (lambda: cosine(LR, 5, -0.1), "lr_min must be >= 0, but is -0.1"),
        (lambda: cosine(LR, 5, 0.9), "lr_min must be <= lr, but lr_min is 0.9 and lr is 0.8"),
        (lambda: warm_up(LR, 0), "steps must be >= 1, but is 0"),
        (lambda: warm_up(LR, np.nan), "steps must be finite"),
    ],
)
def test_bad_arguments_are_named(make, match):
    with pytest.raises(ValueError, match=match):
        make()
