"""Lifting a rule to an optimizer: state, checks, schedules, projection, steps in place and on sparse rows."""

import inspect
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lecture_optim import checks, rules

__all__ = ["ENGINES", "Optimizer", "exact_on_rows", "optimizer"]

ENGINES = ("numpy",)

# 32,768 float64 numbers are 256 KiB: w, g, the states and the temporaries of a block stay in a core's second-level cache.
BLOCK = 32_768

# Rules for which a zero gradient changes neither w nor any state, so that touching only the rows seen is the dense step.
_EXACT_ON_ROWS = frozenset({rules.sgd, rules.sign_sgd, rules.adagrad_norm, rules.adagrad})

_IN_UNIT_INTERVAL = {"beta1", "beta2", "mu", "rho"}
_MAY_BE_ZERO = {"eps", "eps_root", "weight_decay"}


def exact_on_rows(rule):
    """True where `step_rows` equals the dense step; False where it is only "masked" (untouched rows stand still)."""
    return rule in _EXACT_ON_ROWS


def _signature(rule):
    """The names of a rule's states and its hyper-parameters with their defaults, read from its signature."""
    parameters = inspect.signature(rule).parameters
    names = list(parameters)
    if names[:2] != ["w", "g"] or "t" not in names or names[names.index("t") + 1 :][:1] != ["lr"]:
        raise TypeError(f"a rule has the signature (w, g, *states, t, lr, ...), but {rule.__name__} has {tuple(names)}")
    t = names.index("t")
    return tuple(names[2:t]), {name: parameters[name].default for name in names[t + 1 :]}


def _check_hyper(name, value):
    if name in _IN_UNIT_INTERVAL:
        checks.below_one(**{name: value})
    elif name in _MAY_BE_ZERO:
        checks.at_least(0, **{name: value})
    else:
        checks.positive(**{name: value})


def optimizer(rule, lr, *, project=None, engine="numpy", check_finite=True, **hyper):
    """Make an optimizer of a rule.

    rule: one of `lecture_optim.rules`, or any function of that form. lr and the other hyper-parameters: numbers, arrays that
    broadcast against w, or schedules (functions of the step number t = 1, 2, ...). project: applied to w after each step.
    engine: "numpy". check_finite: False saves the pass that looks for NaN in a gradient.
    Returns an `Optimizer`. Raises TypeError for an unknown hyper-parameter, ValueError for a bad value or engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, but is {engine!r}")
    states, defaults = _signature(rule)
    unknown = sorted(set(hyper) - set(defaults))
    if unknown:
        raise TypeError(f"{rule.__name__} has no hyper-parameter {unknown[0]!r}; it has {', '.join(defaults)}")
    values = {**defaults, **hyper, "lr": lr}
    for name, value in values.items():
        if value is inspect.Parameter.empty:
            raise TypeError(f"{rule.__name__} needs a value for {name}")
        if not callable(value):
            _check_hyper(name, value)
    if project is not None and not callable(project):
        raise TypeError(f"project must be a function of w, such as box(-1, 1), not {project!r}")
    return Optimizer(rule, values, project, engine, check_finite, namedtuple(f"{rule.__name__}_state", ("t", *states)))


@dataclass(frozen=True)
class Optimizer:
    """A rule with its hyper-parameters. Made by `optimizer`; holds no state: the steps take it and return it."""

    rule: Callable
    hyper: dict
    project: Callable | None
    engine: str
    check_finite: bool
    State: type = field(repr=False)

    def hyper_at(self, t):
        """The hyper-parameters of step t, schedules evaluated and checked, in the order of the rule's signature."""
        now = {}
        for name, value in self.hyper.items():
            if callable(value):
                value = value(t)
                # A schedule may end at 0 (the cosine does): a step of length 0 is a step. NaN fails the comparison too.
                if not np.all(np.greater_equal(value, 0)):
                    raise ValueError(f"the schedule of {name} must stay >= 0, but is {value!r} at t = {t:g}")
            now[name] = value
        return now

    def init(self, w, **start):
        """The state before the first step: t = 0 and zeros, or the values given by name (broadcast), as in init(w, s=0.1).

        w: a float or a float array. Raises TypeError for an unknown state, ValueError for a start that is not finite.
        """
        names = self.State._fields[1:]
        unknown = sorted(set(start) - set(names))
        if unknown:
            raise TypeError(f"{self.rule.__name__} has no state {unknown[0]!r}; it has {', '.join(names) or 'none'}")
        checks.finite(w=w, **start)
        dtype = w.dtype if getattr(w, "dtype", np.dtype(int)).kind == "f" else np.dtype(float)
        # One trial step tells the states' shapes: AdaGrad-norm keeps one number where AdaGrad keeps a vector.
        zero = np.zeros(np.shape(w), dtype)[()]
        with np.errstate(all="ignore"):
            _, *trial = self.rule(zero, zero, *[zero] * len(names), 1.0, **self.hyper_at(1.0))
        states = [np.zeros(np.shape(s), dtype)[()] for s in trial]
        for i, name in enumerate(names):
            if name in start:
                full = np.array(np.broadcast_to(np.asarray(start[name], dtype), states[i].shape))
                states[i] = full[()]
        return self.State(0.0, *states)

    def update(self, w, g, state):
        """One step, pure: returns the new (w, state) and leaves w, g and state as they were.

        w, g: floats or float arrays of one shape. Raises ValueError for another shape or a gradient that is not finite.
        """
        self._check(w, state)
        self._check_gradient(w, g)
        return self.advance(w, g, state)

    def advance(self, w, g, state):
        """`update` without its checks, for loops that have checked all their gradients at once."""
        t = state.t + 1.0
        w, *states = self.rule(w, g, *state[1:], t, **self.hyper_at(t))
        return (w if self.project is None else self.project(w)), self.State(t, *states)

    def step(self, w, g, state):
        """The same step in place: changes the array w and the state's arrays and returns the state with its new t.

        Nothing is changed where an error is raised. Long vectors go block by block, so that temporaries stay in the cache.
        """
        self._check_writable(w, "step")
        self._check(w, state)
        self._check_gradient(w, g)
        t = state.t + 1.0
        arrays, hyper = (w, *state[1:]), self.hyper_at(t)
        if self._blocks(w, g, state, hyper):
            flat, g = [a.reshape(-1) for a in arrays], g.reshape(-1)
            for start in range(0, g.size, BLOCK):
                part = slice(start, start + BLOCK)
                new = self.rule(flat[0][part], g[part], *[s[part] for s in flat[1:]], t, **hyper)
                for array, value in zip(flat, new, strict=True):
                    array[part] = value
        else:
            new = self.rule(w, g, *state[1:], t, **hyper)
            for array, value in zip(arrays, new, strict=True):
                array[...] = value
        if self.project is not None:
            w[...] = self.project(w)
        return state._replace(t=t)

    def step_rows(self, W, rows, G, state, *, masked=False):
        """The step in place on the given rows of W (its first axis), for a gradient that is zero elsewhere.

        W: (n,) or (n, m); rows: k distinct integers; G: (k,) or (k, m), the gradient's rows. Equal to the dense `step` where
        `exact_on_rows(rule)`. Elsewhere untouched rows would move or decay in the dense step: pass masked=True to have them
        stand still (the convention of PyTorch's SparseAdam).
        Raises ValueError for repeated or missing rows, other shapes, NaN, a projection that is not coordinatewise.
        """
        rows = np.asarray(rows)
        self._check_rows(W, rows, G, state, masked)
        t = state.t + 1.0
        # AdaGrad-norm's single sum is not indexed by row.
        states = [s[rows] if s.shape == W.shape else s for s in state[1:]]
        new_w, *new = self.rule(W[rows], G, *states, t, **self.hyper_at(t))
        W[rows] = new_w if self.project is None else self.project(new_w)
        for s, value in zip(state[1:], new, strict=True):
            s[rows if s.shape == W.shape else ...] = value
        return state._replace(t=t)

    def _check_gradient(self, w, g):
        checks.same_shape(w=w, g=g)
        if self.check_finite:
            checks.finite(g=g)

    def _check(self, w, state):
        if not isinstance(state, tuple) or state._fields != self.State._fields:
            raise TypeError(f"state must be a {self.State.__name__}, as init(w) returns, not {type(state).__name__}")
        for name, s in zip(state._fields[1:], state[1:], strict=True):
            if np.shape(s) != np.shape(w) and np.shape(s) != (*np.shape(w)[:-1], 1):
                raise ValueError(f"state {name} has shape {np.shape(s)}, but w has {np.shape(w)}: make it with init(w)")

    def _check_writable(self, w, method):
        if not isinstance(w, np.ndarray) or w.ndim == 0:
            raise TypeError(f"{method} changes w in place, so w must be an array with an axis, not {w!r}; update takes scalars")
        if w.dtype.kind != "f" or not w.flags.writeable:
            kind = "a read-only array" if w.dtype.kind == "f" else f"an array of {w.dtype}"
            raise TypeError(f"{method} changes w in place, so w must be a writable float array, not {kind}; update takes any")

    def _check_rows(self, W, rows, G, state, masked):
        self._check_writable(W, "step_rows")
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ValueError(f"rows must be a list of integers, but has shape {rows.shape} and type {rows.dtype}")
        if rows.size and (rows.min() < 0 or rows.max() >= len(W)):
            raise ValueError(f"rows must lie in 0 .. {len(W) - 1}, but holds {rows.min() if rows.min() < 0 else rows.max()}")
        if np.unique(rows).size != rows.size:
            raise ValueError("rows must be distinct: add up the gradients of a row that occurs twice")
        if not masked and not exact_on_rows(self.rule):
            raise ValueError(
                f"{self.rule.__name__} on rows is not its dense step: pass masked=True to let the other rows stand still"
            )
        if self.rule is rules.adagrad_norm and W.ndim != 1:
            raise ValueError("adagrad_norm on rows takes one norm for the whole of W, so W must have one axis")
        if self.project is not None and not getattr(self.project, "coordinatewise", False):
            raise ValueError("project must act on each coordinate alone (as box does) to be used on rows")
        if np.shape(G) != (rows.size, *W.shape[1:]):
            raise ValueError(f"G must have the shape {(rows.size, *W.shape[1:])} of W[rows], but has {np.shape(G)}")
        self._check(W, state)
        if self.check_finite:
            checks.finite(G=G)

    @staticmethod
    def _blocks(w, g, state, hyper):
        """Whether a step may go block by block: one layout, a state number for every coordinate, scalar hyper-parameters."""
        arrays = (w, g, *state[1:])
        return (
            w.size > BLOCK
            and all(a.shape == w.shape and a.flags.c_contiguous for a in arrays)
            and all(np.ndim(value) == 0 for value in hyper.values())
        )
