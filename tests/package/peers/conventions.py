"""The comparison with PyTorch and optax in one place: gradients, learning rates, and what makes a rule of ours a peer's.

`record.py` runs the peers and stores their trajectories, `compare.py` runs them live, and tests/package/test_rules.py holds the
package to the recorded file. A peer is imported only where it is run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from lecture_optim import rules
from lecture_optim.optimizer import optimizer

DATA = Path(__file__).with_name("trajectories.npz")
STEPS = 1000
# The steps that are stored: the first twenty, every tenth, the last.
KEPT = np.unique(np.r_[1:21, 10 : STEPS + 1 : 10])
# Two coordinates start away from 0. The others start at 0, so that a relative difference is one of the distance gone.
START = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -0.5, 0.0])
LR = 0.05
# Stands for eps = 0 in a peer that divides 0 by 0 otherwise: added to any other number it is lost in rounding.
NO_EPS = 1e-300


def make_gradients():
    """The gradients (STEPS, 8). They are stored with the trajectories, as a generator's stream may change between versions."""
    rng = np.random.default_rng(20)
    g = rng.standard_normal((STEPS, 8))
    g[:, 1] = 0  # never a gradient
    g[300:, 2] = 0  # goes silent
    g[:500, 3] = 0  # wakes late
    g[:, 4] *= rng.random(STEPS) < 0.02  # sparse
    g[:, 5] *= 10 ** rng.uniform(-4, 4, STEPS)  # eight orders of magnitude, step by step
    g[:, 6] *= 1e-4
    g[:, 7] *= 1e4 * (-1.0) ** np.arange(STEPS)
    return g


def changing(lr):
    """Learning rates (STEPS,) that move up and down by a half, so that it shows where a rule puts the learning rate."""
    return lr * (1 + 0.5 * np.cos(0.1 * np.arange(STEPS)))


def constant(lr):
    """The same learning rate at every step (STEPS,)."""
    return np.full(STEPS, lr)


@dataclass(frozen=True)
class Case:
    """A rule in a convention that a peer has too.

    make: the peer's optimizer, called with its module and a learning rate (torch: also with the parameters). lrs: our learning
    rates; peer_lrs: the peer's, where they are others. hyper, start: what our rule is given to have the peer's convention; hyper
    is called with our learning rates where it is a function.
    """

    rule: Callable
    peer: str
    convention: str
    make: Callable
    hyper: dict | Callable = field(default_factory=dict)
    start: dict = field(default_factory=dict)
    lrs: np.ndarray = field(default_factory=partial(changing, LR))
    peer_lrs: np.ndarray | None = None
    tolerance: float = 1e-12

    @property
    def name(self):
        return f"{self.rule.__name__}: {self.peer}, {self.convention}"


def _at(values):
    """The schedule t -> values[t - 1]."""
    return lambda t: values[int(t) - 1]


def ours(case, gradients, rule=None):
    """Our trajectory: w after each step, (STEPS, 8). rule: another rule in place of the case's."""
    hyper = case.hyper(case.lrs) if callable(case.hyper) else case.hyper
    o = optimizer(rule or case.rule, _at(case.lrs), **hyper)
    w, path = START, []
    state = o.init(w, **case.start)
    for g in gradients:
        w, state = o.update(w, g, state)
        path.append(w)
    return np.array(path)


def theirs(case, gradients):
    """The peer's trajectory, (STEPS, 8). Raises ImportError where the peer is not installed."""
    lrs = case.lrs if case.peer_lrs is None else case.peer_lrs
    return {"torch": _torch, "optax": _optax}[case.peer](case, gradients, lrs)


def _torch(case, gradients, lrs):
    torch = import_module("torch")
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    o = case.make(torch.optim, [w], lrs[0])
    path = []
    for g, lr in zip(gradients, lrs, strict=True):
        o.param_groups[0]["lr"] = float(lr)
        w.grad = torch.tensor(g, dtype=torch.float64)
        o.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def _optax(case, gradients, lrs):
    jax, optax = import_module("jax"), import_module("optax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    table = jnp.asarray(lrs)
    o = case.make(optax, lambda count: table[count])

    def step(carry, g):
        w, state = carry
        change, state = o.update(g, state, w)
        w = optax.apply_updates(w, change)
        return (w, state), w

    w = jnp.asarray(START)
    _, path = jax.lax.scan(step, (w, o.init(w)), jnp.asarray(gradients))
    assert path.dtype == np.float64, "jax must run in float64"
    return np.asarray(path)


def versions():
    """The peers' versions by name. Raises ImportError where one is not installed."""
    return {name: import_module(name).__version__ for name in ("torch", "optax", "jax")}


def difference(ours, theirs):
    """The largest difference relative to the largest |w[i]| that the peer has reached so far, coordinate by coordinate."""
    scale = np.maximum.accumulate(np.abs(theirs), axis=0)
    off = np.abs(ours - theirs)
    off = np.where(off == 0, 0.0, off / np.where(scale == 0, np.finfo(float).tiny, scale))
    return np.inf if np.isnan(off).any() else off.max()


def _momentum_inside(optax, lr):
    return optax.chain(optax.scale_by_learning_rate(lr), optax.trace(0.9))


def _nesterov_inside(optax, lr):
    return optax.chain(optax.scale_by_learning_rate(lr), optax.trace(0.9, nesterov=True))


def _optax_amsgrad(optax, lr):
    raw = optax.scale_by_amsgrad(0.9, 0.999, eps=NO_EPS, bias_correction_mu=False, bias_correction_nu=False)
    return optax.chain(raw, optax.scale_by_learning_rate(lr))


def _adamw_hyper(lrs):
    return {"weight_decay": _at(lrs * 0.1)}


_T = np.arange(1, STEPS + 1)

CASES = [
    Case(rules.sgd, "torch", "plain", lambda optim, w, lr: optim.SGD(w, lr)),
    Case(rules.sgd, "optax", "plain", lambda optax, lr: optax.sgd(lr)),
    Case(rules.sign_sgd, "torch", "Adam with both betas 0", lambda optim, w, lr: optim.Adam(w, lr, betas=(0.0, 0.0), eps=NO_EPS)),
    Case(rules.sign_sgd, "optax", "plain", lambda optax, lr: optax.sign_sgd(lr)),
    Case(
        rules.momentum,
        "torch",
        "lr outside the buffer: constant lr",
        lambda optim, w, lr: optim.SGD(w, lr, momentum=0.9),
        lrs=constant(LR),
    ),
    Case(
        rules.momentum,
        "optax",
        "lr outside the buffer: constant lr",
        lambda optax, lr: optax.sgd(lr, momentum=0.9),
        lrs=constant(LR),
    ),
    Case(rules.momentum, "optax", "lr inside, by chain", _momentum_inside),
    Case(
        rules.nesterov,
        "torch",
        "lr outside the buffer: constant lr",
        lambda optim, w, lr: optim.SGD(w, lr, momentum=0.9, nesterov=True),
        lrs=constant(LR),
    ),
    Case(
        rules.nesterov,
        "optax",
        "lr outside the buffer: constant lr",
        lambda optax, lr: optax.sgd(lr, momentum=0.9, nesterov=True),
        lrs=constant(LR),
    ),
    Case(rules.nesterov, "optax", "lr inside, by chain", _nesterov_inside),
    Case(
        rules.adagrad,
        "torch",
        "eps outside the root",
        lambda optim, w, lr: optim.Adagrad(w, lr, eps=1e-10),
        hyper={"eps": 1e-10},
    ),
    Case(
        rules.adagrad,
        "torch",
        "s starts at 0.1",
        lambda optim, w, lr: optim.Adagrad(w, lr, initial_accumulator_value=0.1, eps=1e-3),
        hyper={"eps": 1e-3},
        start={"s": 0.1},
    ),
    Case(
        rules.adagrad,
        "optax",
        "eps inside the root, s starts at 0.1",
        lambda optax, lr: optax.adagrad(lr),
        start={"s": 0.1 + 1e-7},
    ),
    Case(
        rules.rmsprop,
        "torch",
        "eps outside the root",
        lambda optim, w, lr: optim.RMSprop(w, lr),
        hyper={"beta2": 0.99, "eps": 1e-8},
    ),
    Case(rules.rmsprop, "optax", "eps inside the root", lambda optax, lr: optax.rmsprop(lr), hyper={"eps_root": 1e-8}),
    Case(
        rules.rmsprop,
        "optax",
        "eps outside the root",
        lambda optax, lr: optax.rmsprop(lr, eps=1e-5, eps_in_sqrt=False),
        hyper={"eps": 1e-5},
    ),
    Case(
        rules.rmsprop_momentum,
        "torch",
        "lr outside the buffer: constant lr; eps outside the root",
        lambda optim, w, lr: optim.RMSprop(w, lr, momentum=0.9),
        hyper={"beta2": 0.99, "eps": 1e-8},
        lrs=constant(LR),
    ),
    Case(
        rules.rmsprop_momentum,
        "optax",
        "lr inside; eps inside the root",
        lambda optax, lr: optax.rmsprop(lr, momentum=0.9),
        hyper={"eps_root": 1e-8},
    ),
    Case(
        rules.adadelta,
        "torch",
        "eps 1e-6",
        lambda optim, w, lr: optim.Adadelta(w, lr),
        hyper={"rho": 0.9},
        lrs=changing(1.0),
    ),
    Case(
        rules.adadelta,
        "optax",
        "eps 1e-6",
        lambda optax, lr: optax.adadelta(lr, rho=0.95),
        lrs=changing(1.0),
    ),
    Case(rules.adam, "torch", "Algorithm 1", lambda optim, w, lr: optim.Adam(w, lr)),
    Case(rules.adam, "optax", "Algorithm 1", lambda optax, lr: optax.adam(lr)),
    Case(rules.adamax, "torch", "Algorithm 2, no eps", lambda optim, w, lr: optim.Adamax(w, lr, eps=NO_EPS)),
    Case(rules.adamax, "optax", "Algorithm 2, no eps", lambda optax, lr: optax.adamax(lr, eps=NO_EPS)),
    Case(
        rules.nadam,
        "torch",
        "constant momentum; its product in float32",
        # The momentum is beta1 (1 - 0.96^(t momentum_decay) / 2): a huge decay leaves beta1.
        lambda optim, w, lr: optim.NAdam(w, lr, momentum_decay=1e9),
        tolerance=1e-6,
    ),
    Case(rules.nadam, "optax", "constant momentum", lambda optax, lr: optax.nadam(lr)),
    Case(
        rules.adamw,
        "torch",
        "decay times lr: weight_decay = lr * 0.1",
        lambda optim, w, lr: optim.AdamW(w, lr, weight_decay=0.1),
        hyper=_adamw_hyper,
    ),
    Case(
        rules.adamw,
        "optax",
        "decay times lr: weight_decay = lr * 0.1",
        lambda optax, lr: optax.adamw(lr, weight_decay=0.1),
        hyper=_adamw_hyper,
    ),
    Case(
        rules.amsgrad,
        "torch",
        "its corrections divided out of lr, no eps",
        lambda optim, w, lr: optim.Adam(w, lr, eps=NO_EPS, amsgrad=True),
        peer_lrs=changing(LR) * (1 - 0.9**_T) / np.sqrt(1 - 0.999**_T),
    ),
    Case(rules.amsgrad, "optax", "no bias correction, no eps", _optax_amsgrad),
    Case(
        rules.adopt,
        "optax",
        "no clipping",
        lambda optax, lr: optax.contrib.adopt(lr, use_clipping=False),
    ),
]
