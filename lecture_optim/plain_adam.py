"""Adam as teaching material writes it: a state that changes in place. `lecture_optim.mistakes` breaks it one line at a time."""

import numpy as np

__all__ = ["start", "step"]


def start():
    """The state before the first step: both averages zero, and the number of the step that comes next."""
    return {"m": 0.0, "v": 0.0, "t": 1}


def step(w, g, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """The parameters after one step of Adam (Kingma and Ba 2015, Algorithm 1); ``state`` is changed.

    w, g: parameters and their gradient, floats or arrays of one shape. state: of `start`, one for each array of parameters.
    With g = 0 and eps = 0 this is 0/0; `lecture_optim.rules.adam` settles that, and leaves its arguments alone.
    """
    b1, b2, t = beta1, beta2, state["t"]
    m = b1 * state["m"] + (1 - b1) * g
    m_hat = m / (1 - b1**t)
    v = b2 * state["v"] + (1 - b2) * g**2
    v_hat = v / (1 - b2**t)
    state["m"], state["v"] = m, v
    state["t"] = t + 1
    return w - lr * m_hat / (np.sqrt(v_hat) + eps)
