"""Update rules: each one is its paper's equation, a pure function, in order of complexity.

A rule is called as ``rule(w, g, *states, t, lr, ...)`` and returns ``(w, *states)``:

* ``w``: the parameters before the step, a float or an array; the last axis is the parameter vector, leading axes are a batch
  of independent runs;
* ``g``: the gradient at ``w``, of the same shape;
* the states, by name in the order of the signature, between ``g`` and ``t``: zeros at the start unless told;
* ``t``: the number of this step as a float, 1.0 for the first (a float, as a compiled integer power rounds differently);
* ``lr``: the learning rate, never with a default; then the other hyper-parameters, floats or arrays that broadcast against ``w``.

Factors that are one number for all coordinates stand first, as in 1 / (1 - beta1**t) * m: they are computed once. Written as
m / (1 - beta1**t) the same line divides every coordinate, and a division costs a processor several multiplications.

Nothing is changed in place and nothing is checked here: `lecture_optim.optimizer` checks, schedules, projects and stores.
Squares of gradients must neither overflow nor vanish: sizes from about 1e-154 to 1e154 in float64, 1e-19 to 1e19 in float32.
"""

import numpy as np

__all__ = [
    "sgd", "sign_sgd", "momentum", "nesterov", "adagrad_norm", "adagrad", "rmsprop", "rmsprop_momentum", "adadelta",
    "adam", "adamax", "nadam", "adamw", "amsgrad", "adopt",
]  # fmt: skip


def ratio(a, b):
    """a / b for b >= 0, and 0 where b = 0: the pseudo-inverse that the papers mean, as before the first gradient."""
    return a * (b != 0) / (b + (b == 0))


def squared_norm(g):
    """The squared Euclidean norm of g along its last axis, which is kept with length 1 (a scalar stays a scalar)."""
    return np.sum(g * g, axis=-1, keepdims=True) if np.ndim(g) else g * g


def sgd(w, g, t, lr):
    """Stochastic gradient descent (Robbins and Monro 1951): against the gradient, the same learning rate everywhere."""
    return (w - lr * g,)


def sign_sgd(w, g, t, lr):
    """Sign descent (Bernstein et al. 2018, Algorithm 1): only the gradient's sign counts, and sign(0) = 0."""
    return (w - lr * np.sign(g),)


def momentum(w, g, delta, t, lr, mu=0.9):
    """Heavy ball (Polyak 1964): the step ``delta`` repeats a share ``mu`` of the step before.

    The learning rate is inside ``delta``. PyTorch and optax keep it outside, which is the same only while ``lr`` is constant.
    """
    delta = mu * delta - lr * g
    return w + delta, delta


def nesterov(w, g, delta, t, lr, mu=0.9):
    """Nesterov's momentum (Sutskever et al. 2013, equations 3 and 4), with ``w`` the look-ahead point.

    The paper iterates delta' = mu delta - lr grad(x + mu delta), x' = x + delta'. The point where the gradient is taken,
    w = x + mu delta, then moves to w' = x' + mu delta' = w - lr g + mu delta', so ``g`` is the gradient at ``w`` as in every
    other rule; PyTorch and optax store the same point. Where mu changes, this looks ahead with mu_t and the paper with mu_{t+1}.
    """
    delta = mu * delta - lr * g
    return w - lr * g + mu * delta, delta


def adagrad_norm(w, g, s, t, lr, eps=0.0):
    """AdaGrad with one learning rate for the vector (Ward, Wu and Bottou 2019, Algorithm 1): lr / ||g||_{1:t}.

    ``s`` is the sum of the squared norms so far, of w's shape with last axis 1. A constant inside the root is a starting value
    of ``s``; ``eps`` is added outside it.
    """
    s = s + squared_norm(g)
    return w - lr * ratio(g, np.sqrt(s) + eps), s


def adagrad(w, g, s, t, lr, eps=0.0):
    """AdaGrad, diagonal form (Duchi, Hazan and Singer 2011, Figure 1): each coordinate divides by the norm of its own past.

    ``s`` is the sum of squared gradients so far; ``eps`` (their delta) is added outside the root. A constant inside the root
    is a starting value of ``s``: the lecture notes' is s = eps**2, optax's is s = 0.1.
    """
    s = s + g * g
    return w - lr * ratio(g, np.sqrt(s) + eps), s


def rmsprop(w, g, v, t, lr, beta2=0.9, eps=0.0, eps_root=0.0):
    """RMSProp (Tieleman and Hinton 2012, lecture 6.5): AdaGrad's sum becomes an average that forgets.

    The lecture has no eps. PyTorch adds ``eps`` outside the root; optax and Keras add ``eps_root`` inside it.
    """
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * ratio(g, np.sqrt(v + eps_root) + eps), v


def rmsprop_momentum(w, g, v, delta, t, lr, beta2=0.9, mu=0.9, eps=0.0, eps_root=0.0):
    """RMSProp with momentum (as Kingma and Ba 2015, section 5, describe it): momentum on the rescaled gradient.

    ``delta`` is the last step and holds the learning rate, as optax and Keras do; PyTorch keeps ``lr`` outside it.
    """
    v = beta2 * v + (1 - beta2) * g * g
    delta = mu * delta - lr * ratio(g, np.sqrt(v + eps_root) + eps)
    return w + delta, v, delta


def adadelta(w, g, v, u, t, lr, rho=0.95, eps=1e-6):
    """Adadelta (Zeiler 2012, Algorithm 1): the step takes its units from ``u``, the average of its own squares.

    The paper has no learning rate: its form is lr = 1. ``eps`` stands inside both roots.
    """
    v = rho * v + (1 - rho) * g * g
    delta = ratio(np.sqrt(u + eps), np.sqrt(v + eps)) * g
    u = rho * u + (1 - rho) * delta * delta
    return w - lr * delta, v, u


def adam(w, g, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam (Kingma and Ba 2015, Algorithm 1): momentum by averaging, RMSProp's scale, both averages corrected for their start."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = 1 / (1 - beta1**t) * m
    v_hat = 1 / (1 - beta2**t) * v
    return w - lr * ratio(m_hat, np.sqrt(v_hat) + eps), m, v


def adamax(w, g, m, u, t, lr, beta1=0.9, beta2=0.999):
    """AdaMax (Kingma and Ba 2015, Algorithm 2): Adam with a decaying maximum ``u`` of |g| for the root of an average."""
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g))
    return w - lr / (1 - beta1**t) * ratio(m, u), m, u


def nadam(w, g, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Nadam (Dozat 2016) with a constant momentum beta1: Adam whose average looks one step ahead.

    optax has this form; PyTorch and Keras let the momentum grow with t after Dozat's schedule. The printed Algorithm 2 has one
    more factor beta2 on v_hat, which all three leave out.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_bar = beta1 / (1 - beta1 ** (t + 1)) * m + (1 - beta1) / (1 - beta1**t) * g
    v_hat = 1 / (1 - beta2**t) * v
    return w - lr * ratio(m_bar, np.sqrt(v_hat) + eps), m, v


def adamw(w, g, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-5, eta=1.0):
    """AdamW (Loshchilov and Hutter 2019, Algorithm 2): the weights decay beside Adam's step, not through its moments.

    ``eta`` is the schedule's multiplier of both terms; ``lr`` (their alpha) multiplies Adam's term only. PyTorch, optax and
    Keras decay by lr * weight_decay: pass that product as ``weight_decay`` here for the same numbers. The paper leaves the
    decay open; the default is PyTorch's product, 0.01 at lr = 0.001.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = 1 / (1 - beta1**t) * m
    v_hat = 1 / (1 - beta2**t) * v
    return w - eta * (lr * ratio(m_hat, np.sqrt(v_hat) + eps) + weight_decay * w), m, v


def amsgrad(w, g, m, v, v_max, t, lr, beta1=0.9, beta2=0.999, eps=0.0):
    """AMSGrad (Reddi, Kale and Kumar 2018, Algorithm 2): the scale never shrinks, as ``v_max`` keeps the largest average.

    The paper has neither eps nor bias correction. PyTorch corrects the maximum, optax takes the maximum of the corrected.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_max = np.maximum(v_max, v)
    return w - lr * ratio(m, np.sqrt(v_max) + eps), m, v, v_max


def adopt(w, g, m, v, t, lr, beta1=0.9, beta2=0.9999, eps=1e-6, clip=np.inf):
    """ADOPT (Taniguchi et al. 2024): the gradient is scaled by the average of those *before* it, and clipped to +-``clip``.

    The first gradient (t = 1, the paper's step 0) only starts ``v`` at g**2 and, from m = 0, moves nothing. Where it is 0, the
    next one is divided by ``eps``: hence the clipping, which the paper's revision (arXiv:2411.02853v3) and the authors' code
    have and the first form, the default here, has not. Their bound is t**0.25 counted from step 0, so in this count it is
    ``clip=lambda t: (t - 1) ** 0.25``.
    """
    scaled = ratio(g * (t > 1), np.maximum(np.sqrt(v), eps))
    m = beta1 * m + (1 - beta1) * np.clip(scaled, -clip, clip)
    b = beta2 * (t > 1)
    v = b * v + (1 - b) * g * g
    return w - lr * m, m, v
