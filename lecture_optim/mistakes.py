"""Nine wrong Adams, each one line away from `lecture_optim.plain_adam`, and nine tests, each of which catches one of them.

A mistake is a line of the right source and what stands in its place. A test takes an implementation, an object with ``start`` and
``step``, and raises AssertionError with what it saw. `table` runs all against all.
"""

import inspect
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from lecture_optim import plain_adam

__all__ = ["MISTAKES", "TESTS", "Mistake", "implementation", "model", "run", "streams", "table"]

LR = 1e-3
LATE = 10_000  # a step so late that both corrections have done their work


@dataclass(frozen=True)
class Mistake:
    """One wrong line. right, wrong: the line as it should be and as it is. caught_by: the name of the test that fails."""

    name: str
    right: str
    wrong: str
    caught_by: str

    def source(self):
        """The text of the wrong implementation; ValueError where the right line is not there, or not there once."""
        right = inspect.getsource(plain_adam)
        if right.count(self.right) != 1:
            raise ValueError(f"the line {self.right!r} of {self.name!r} must stand once in lecture_optim/plain_adam.py")
        return right.replace(self.right, self.wrong)


MISTAKES = (
    Mistake("frozen counter", 'state["t"] = t + 1', 'state["t"] = t', "the_counter_moves"),
    Mistake("no correction of v", "v_hat = v / (1 - b2**t)", "v_hat = v", "the_first_step_is_no_longer_than_two_rates"),
    Mistake("squared, not to the t", "v_hat = v / (1 - b2**t)", "v_hat = v / (1 - b2**2)", "the_correction_fades"),
    Mistake("epsilon under the root", "(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)", "small_gradients_move_as_far"),
    Mistake("epsilon on the parameter", "/ (np.sqrt(v_hat) + eps)", "/ np.sqrt(v_hat) + eps", "no_gradient_no_motion"),
    Mistake("decay rates swapped", "b1, b2, t = beta1, beta2,", "b1, b2, t = beta2, beta1,", "a_reversal_is_followed"),
    Mistake("square of the mean", "(1 - b2) * g**2", "(1 - b2) * m_hat**2", "noise_takes_small_steps"),
    Mistake("one state for all", 'return {"m": 0.0, "v": 0.0, "t": 1}', "return SHARED", "parameters_do_not_feel_each_other"),
    Mistake("corrected and stored", '["v"] = m, v', '["v"] = m_hat, v', "the_second_step_is_like_the_first"),
)  # fmt: skip


def implementation(mistake=None):
    """An object with the ``start`` and ``step`` of `plain_adam`, with one line changed where a `Mistake` is given; made anew.

    Each has its own dictionary SHARED for the one that shares its state.
    """
    source = mistake.source() if mistake else inspect.getsource(plain_adam)
    names = {"SHARED": {"m": 0.0, "v": 0.0, "t": 1}, "__name__": mistake.name if mistake else "right"}
    exec(compile(source, f"<adam, {names['__name__']}>", "exec"), names)
    return SimpleNamespace(name=names["__name__"], start=names["start"], step=names["step"])


def run(adam, gradients, lr=LR, w=0.0, state=None):
    """The parameters before the first step and after each one, (T + 1, ...), as ``adam`` moves along gradients (T, ...).

    What divides by zero gives nan or inf, as in the original, without a warning.
    """
    state, path = adam.start() if state is None else state, [w]
    with np.errstate(divide="ignore", invalid="ignore"):
        for g in gradients:
            path.append(adam.step(path[-1], g, state, lr))
    return np.array(path)


def streams(T, rng):
    """Three streams of gradients, (T, 3): steady with noise; rare and small; turning round every 150 steps. rng: a Generator."""
    steady = 1 + rng.standard_normal(T)
    rare = np.where(rng.random(T) < 0.05, 1e-3 * (1 + rng.random(T)), 0.0)
    turning = np.where(np.arange(T) // 150 % 2, -1.0, 1.0) + 0.5 * rng.standard_normal(T)
    return np.column_stack([steady, rare, turning])


def model(adam, gradients, lr=LR):
    """The paths (T + 1, k) of a model's k parameters, each an array of its own with its own state, on gradients (T, k)."""
    states = [adam.start() for _ in range(gradients.shape[1])]
    path = [np.zeros(gradients.shape[1])]
    for row in gradients:
        path.append([run(adam, [g], lr, w, state)[-1] for w, g, state in zip(path[-1], row, states, strict=True)])
    return np.array(path)


def late():
    """The state of a long run on gradients of size 1 whose mean is 0."""
    return {"m": 0.0, "v": 1.0, "t": LATE}


def the_counter_moves(adam):
    """After two steps the third comes next."""
    state = adam.start()
    run(adam, [1.0, 1.0], state=state)
    assert state["t"] == 3, f"after two steps the next is number {state['t']}"


def the_first_step_is_no_longer_than_two_rates(adam):
    """The first step has the length of the learning rate, whatever the gradient."""
    length = abs(run(adam, [1.0])[-1]) / LR
    assert length < 2, f"the first step is {length:.1f} learning rates long"


def the_correction_fades(adam):
    """Late in a run on a constant gradient a step has the length of the learning rate."""
    length = abs(run(adam, [1.0], state={"m": 1.0, "v": 1.0, "t": LATE})[-1]) / LR
    assert 0.9 < length < 1.1, f"step {LATE} is {length:.3f} learning rates long"


def small_gradients_move_as_far(adam):
    """A gradient of a millionth is far above epsilon and moves the parameter about as far as a gradient of 1."""
    length = abs(run(adam, [1e-6])[-1]) / LR
    assert length > 0.5, f"a step on a gradient of 1e-6 is {length:.3f} learning rates long"


def no_gradient_no_motion(adam):
    """Where no gradient has come nothing moves."""
    moved = run(adam, [0.0, 0.0])[-1]
    assert moved == 0, f"without a gradient the parameter went from 0 to {moved}"


def a_reversal_is_followed(adam):
    """Twenty steps after the gradients have turned round the parameter goes the other way."""
    path = run(adam, [-1.0] * 20, state={"m": 1.0, "v": 1.0, "t": LATE})
    assert path[-1] > path[-2], "twenty steps after the turn the parameter goes the old way"


def noise_takes_small_steps(adam):
    """On gradients of alternating sign steps are a small part of the learning rate."""
    path = run(adam, np.resize([1.0, -1.0], 10_000), state=late())
    length = abs(path[-1] - path[-2]) / LR
    assert length < 0.2, f"on alternating gradients a step is {length:.2f} learning rates long"


def parameters_do_not_feel_each_other(adam):
    """Two parameters whose first gradients are opposite take opposite first steps."""
    one, other = run(adam, [1.0], state=adam.start())[-1], run(adam, [-1.0], state=adam.start())[-1]
    assert abs(one + other) < 1e-3 * LR, f"on gradients 1 and -1 two parameters move by {one / LR:.2f} and {other / LR:.2f} rates"


def the_second_step_is_like_the_first(adam):
    """On a constant gradient the second step is about as long as the first."""
    first, second = np.abs(np.diff(run(adam, [1.0, 1.0])))
    assert second < 2 * first, f"the second step is {second / first:.1f} times as long as the first"


TESTS = (
    the_counter_moves, the_first_step_is_no_longer_than_two_rates, the_correction_fades, small_gradients_move_as_far,
    no_gradient_no_motion, a_reversal_is_followed, noise_takes_small_steps, parameters_do_not_feel_each_other,
    the_second_step_is_like_the_first,
)  # fmt: skip


def table(mistakes=(None, *MISTAKES), tests=TESTS):
    """What every test says of every implementation: {implementation's name: {test's name: "" or the message}}."""
    found = {}
    for mistake in mistakes:
        row = found[mistake.name if mistake else "right"] = {}
        for test in tests:
            adam, row[test.__name__] = implementation(mistake), ""
            try:
                test(adam)
            except AssertionError as error:
                row[test.__name__] = str(error)
    return found
