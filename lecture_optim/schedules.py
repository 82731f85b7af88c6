"""Step-size schedules: functions of the step number t = 1, 2, ... that an `optimizer` takes in place of a number.

Each function here returns such a schedule. Its ``lr`` sets the scale, by the formula in its docstring: a positive number, or
an array of them, one for each run of a batch. They are ``elementwise``: an array of step numbers, with an axis more for each
axis of ``lr``, gives an array of the same numbers, bit by bit, so that a loop may ask for many steps at once.
"""

import numpy as np

from lecture_optim.checks import at_least, own, positive

__all__ = ["constant", "inverse_sqrt", "search_then_converge", "exponential", "cosine", "warm_up"]


def _elementwise(schedule):
    schedule.elementwise = True
    return schedule


def constant(lr):
    """lr_t = lr: an `optimizer` takes it as the number or array that it is, its attribute ``constant``, and asks it no more."""
    positive(lr=lr)
    lr = own("lr", lr)
    schedule = _elementwise(lambda t: lr)
    schedule.constant = lr
    return schedule


def inverse_sqrt(lr):
    """lr_t = lr / sqrt(t): the schedule of online convex optimization (Zinkevich 2003)."""
    positive(lr=lr)
    lr = own("lr", lr)
    return _elementwise(lambda t: lr / np.sqrt(t))


def search_then_converge(lr, tau):
    """lr_t = lr / (1 + t / tau): near lr while t << tau, near lr tau / t when t >> tau.

    Introduced by Darken and Moody (1990), studied by Darken, Chang and Moody (1992).
    """
    positive(lr=lr, tau=tau)
    lr = own("lr", lr)
    return _elementwise(lambda t: lr / (1 + t / tau))


def exponential(lr, half_life):
    """lr_t = lr 2^(-(t - 1) / half_life): halved every ``half_life`` steps."""
    positive(lr=lr, half_life=half_life)
    lr = own("lr", lr)
    return _elementwise(lambda t: lr * np.exp2((1 - t) / half_life))


def cosine(lr, T, lr_min=0.0):
    """From lr at t = 1 down to lr_min at t = T along half a cosine, then lr_min (Loshchilov and Hutter 2017, equation 5).

    ``lr_min`` may be 0 here, as only the steps from T on would have a zero learning rate.
    """
    positive(lr=lr)
    lr = own("lr", lr)
    at_least(2, T=T)
    at_least(0, lr_min=lr_min)
    if np.any(np.greater(lr_min, lr)):
        raise ValueError(f"lr_min must be <= lr, but lr_min is {lr_min!r} and lr is {lr!r}")
    return _elementwise(lambda t: lr_min + (lr - lr_min) * 0.5 * (1 + np.cos(np.pi * np.minimum((t - 1) / (T - 1), 1.0))))


def warm_up(schedule, steps):
    """Scale a schedule by t / steps during its first ``steps`` steps; a number for ``schedule`` means `constant`."""
    at_least(1, steps=steps)
    after = schedule if callable(schedule) else constant(schedule)

    def scaled(t):
        return after(t) * np.minimum(t / steps, 1.0)

    return _elementwise(scaled) if getattr(after, "elementwise", False) else scaled
