"""Lifting a rule to an optimizer: state, checks, schedules, projection, steps in place and on sparse rows."""

import inspect
from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from types import MappingProxyType

import numpy as np

from lecture_optim import checks, rules

__all__ = ["ENGINES", "Optimizer", "exact_on_rows", "optimizer"]

ENGINES = ("numpy", "numba", "fastest")

# 32,768 float64 numbers are 256 KiB: w, g, the states and the temporaries of a block stay in a core's second-level cache.
BLOCK = 32_768

# Rules whose coordinates do not see each other, so that any part of the vector may be stepped alone. A rule from elsewhere
# (one that divides by ||g||, say) may not be cut up, and AdaGrad-norm takes the norm of the whole.
_OURS = frozenset(getattr(rules, name) for name in rules.__all__)
_COORDINATEWISE = _OURS - {rules.adagrad_norm}

# Rules for which a zero gradient changes neither w nor any state, so that touching only the rows seen is the dense step.
_EXACT_ON_ROWS = frozenset({rules.sgd, rules.sign_sgd, rules.adagrad_norm, rules.adagrad})

_IN_UNIT_INTERVAL = {"beta1", "beta2", "mu", "rho"}
_POSITIVE = {"lr", "eta"}
_AT_LEAST_ZERO = {"eps", "eps_root", "weight_decay"}
# Bounds on a size, by the names they have in our rules: infinity bounds nothing.
_BOUNDS = {"clip"}
# Sums, averages and maxima of squares or sizes, by the names they have in our rules.
_STATES_AT_LEAST_ZERO = {"s", "u", "v", "v_max"}


def exact_on_rows(rule):
    """True where `step_rows` equals the dense step; False where it is only "masked" (untouched rows stand still)."""
    return rule in _EXACT_ON_ROWS


def _signature(rule):
    """The names of a rule's states and its hyper-parameters with their defaults, read from its signature."""
    if not callable(rule) or not hasattr(rule, "__name__"):
        raise TypeError(f"rule must be a function (w, g, *states, t, lr, ...), not {rule!r}")
    parameters = inspect.signature(rule).parameters
    names = list(parameters)
    if names[:2] != ["w", "g"] or "t" not in names or names[names.index("t") + 1 :][:1] != ["lr"]:
        raise TypeError(f"a rule has the signature (w, g, *states, t, lr, ...), but {rule.__name__} has {tuple(names)}")
    t = names.index("t")
    return tuple(names[2:t]), {name: parameters[name].default for name in names[t + 1 :]}


@cache
def _state_type(rule):
    """The named tuple of a rule's state, one type a rule, so that states can be compared, pickled and handed on."""
    title = rule.__name__ if rule.__name__.isidentifier() else "rule"  # a lambda has no name to show
    State = namedtuple(f"{title}_state", ("t", *_signature(rule)[0]))
    State.__reduce__ = lambda self: (_restore, (rule, tuple(self)))
    return State


def _restore(rule, values):
    """A state from its pickle."""
    return _state_type(rule)(*values)


def _hyper(name, value, scheduled=False):
    """The value of a hyper-parameter as a Python float or a float array; raises where it is out of its range.

    A NumPy scalar becomes a Python float, which leaves float32 arrays float32.
    """
    if isinstance(value, float) and 0 < value < 1:
        return float(value)  # the common case, allowed for every name
    if name in _IN_UNIT_INTERVAL:
        checks.below_one(**{name: value})
    elif name in _POSITIVE and not scheduled:
        checks.positive(**{name: value})
    elif name in _BOUNDS:
        # ADOPT's own schedule starts at 0, in the step that moves nothing.
        array = checks.numbers(name, value)
        if not np.all(array >= 0 if scheduled else array > 0):
            raise ValueError(f"{name} must be {'>= 0' if scheduled else '> 0'} (infinity: no bound), but is {value!r}")
    elif name in _AT_LEAST_ZERO or name in _POSITIVE:
        # A schedule may end at 0 (the cosine does): a step of length 0 is a step.
        checks.at_least(0, **{name: value})
    else:
        checks.finite(**{name: value})
    return checks.own(name, value)


def _plain_rows(rule, State, look, constants, hyper_at):
    """NumPy's sparse step of one of our coordinatewise rules, for rows in rising order, a W and states of one type.

    Such a step is a few microseconds long, so what it need not ask or make anew counts. Where something is otherwise, or wrong,
    it returns None and has done nothing; then `step_rows` takes the step, or names the error.
    constants: the hyper-parameters, None where there is a schedule, for which hyper_at(t) is asked.
    """
    # The quickest ways to make a state, and to ask whether there is one; and names that need no looking up.
    make, count, plain = tuple.__new__, np.count_nonzero, np.ndarray
    scheduled = constants is None
    arrays = () if scheduled else [value for value in constants if type(value) is not float]

    def step(W, rows, G, state):
        if type(state) is not State or not type(W) is type(rows) is type(G) is plain:
            return None
        t, *states = state
        kind, shape, n = W.dtype, W.shape, rows.size
        if not kind.kind == G.dtype.kind == "f" or rows.dtype.kind not in "iu" or rows.ndim != 1 or not W.flags.writeable:
            return None
        for s in states:
            if type(s) is not plain or s.dtype is not kind or s.shape != shape or not s.flags.writeable:
                return None
        if not (n and shape) or G.shape != (n, *shape[1:]) or rows.item(0) < 0 or rows.item(-1) >= shape[0]:
            return None
        if count(rows[1:] > rows[:-1]) < n - 1 or (look and count(np.isfinite(G)) < G.size):
            return None
        t += 1.0
        values = tuple(hyper_at(t).values()) if scheduled else constants
        for value in values if scheduled else arrays:
            if type(value) is not float and value.shape != shape[1:]:  # else it is the same in every row
                return None
        W[rows], *new = rule(W[rows], G, *[s[rows] for s in states], t, *values)
        for k, s in enumerate(states):
            s[rows] = new[k]
        return make(State, (t, *states))

    return step


def optimizer(rule, lr, *, project=None, engine="numpy", check_finite=True, **hyper):
    """Make an optimizer of a rule.

    rule: one of `lecture_optim.rules`, or any function of that form. lr and the other hyper-parameters: numbers, arrays that
    broadcast against w, or schedules (functions of the step number t = 1, 2, ...); they are checked by name, as in `rules`: lr
    and eta > 0, beta1, beta2, mu and rho in [0, 1), eps, eps_root and weight_decay >= 0, clip > 0 or infinite. project: applied
    to w after each step. engine: "numpy"; "numba", the same rules compiled, the same numbers (`lecture_optim.engine`);
    "fastest", numba where it is installed. check_finite: False saves the pass that looks for NaN in a gradient.
    Returns an `Optimizer`. Raises TypeError for an unknown hyper-parameter, ValueError for a bad value or engine, ImportError
    where numba is missing.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, but is {engine!r}")
    if engine != "numpy" and find_spec("numba") is None:
        if engine == "numba":
            raise ImportError('engine="numba" needs numba: pip install "lecture_optim[fast]"')
        engine = "numpy"
    engine = "numba" if engine == "fastest" else engine
    _, defaults = _signature(rule)
    unknown = sorted(set(hyper) - set(defaults))
    if unknown:
        raise TypeError(f"{rule.__name__} has no hyper-parameter {unknown[0]!r}; it has {', '.join(defaults)}")
    values = {**defaults, **hyper, "lr": lr}
    for name, value in values.items():
        if value is inspect.Parameter.empty:
            raise TypeError(f"{rule.__name__} needs a value for {name}")
        value = getattr(value, "constant", value)  # of a schedule that is one
        values[name] = value if callable(value) else _hyper(name, value)
    if project is not None and not callable(project):
        raise TypeError(f"project must be a function of w, such as box(-1, 1), not {project!r}")
    return Optimizer(rule, MappingProxyType(values), project, engine, check_finite)


@dataclass(frozen=True)
class Optimizer:
    """A rule with its hyper-parameters. Made by `optimizer`; holds no state: the steps take it and return it."""

    rule: Callable
    hyper: MappingProxyType
    project: Callable | None
    engine: str
    check_finite: bool

    @cached_property
    def State(self):
        """The named tuple of this rule's state: t, then the states by name."""
        return _state_type(self.rule)

    def hyper_at(self, t):
        """The hyper-parameters of step t, schedules evaluated and checked, in the order of the rule's signature."""
        return {name: self._at(name, t) if callable(value) else value for name, value in self.hyper.items()}

    def _at(self, name, t):
        try:
            return _hyper(name, self.hyper[name](t), scheduled=True)
        except TypeError as error:
            raise TypeError(f"the schedule of {name} fails at t = {t:g}: {error}") from error
        except Exception as error:  # a schedule is the caller's function and may fail in any way
            raise ValueError(f"the schedule of {name} fails at t = {t:g}: {error}") from error

    def hyper_over(self, ts):
        """`hyper_at` for all the steps ts (m,): numbers that stay the same, and arrays (m, ...) of schedules and of arrays.

        None where a schedule changes its shape.
        """
        over = {}
        for name, value in self.hyper.items():
            if isinstance(value, float):
                over[name] = value
                continue
            shape, series = np.shape(self._at(name, ts[0]) if callable(value) else value), value
            if getattr(value, "elementwise", False):
                with suppress(ValueError):  # some step has a bad value, which the next lines name
                    series = _hyper(name, value(ts.reshape(-1, *(1,) * len(shape))), scheduled=True)
            if callable(series):
                series = [self._at(name, float(t)) for t in ts]
                if any(np.shape(value) != shape for value in series):
                    return None
            over[name] = np.broadcast_to(series, (len(ts), *shape))
        return over

    @cached_property
    def compiled(self):
        """The compiled steps; None in the NumPy engine and for a rule from elsewhere, of which nothing is known."""
        if self.engine != "numba" or self.rule not in _OURS:
            return None
        from lecture_optim.engine import Compiled  # numba takes half a second to load

        return Compiled(self.rule, self.hyper, self.project, self.check_finite, self.State, self.rule in _COORDINATEWISE)

    @cached_property
    def _rows_at_once(self):
        """The sparse step with its checks in one piece, (W, rows, G, state) to the new state; to None where it is not taken."""
        constants = None if any(map(callable, self.hyper.values())) else tuple(self.hyper.values())
        if self.compiled is not None and constants is not None:
            return self.compiled.rows_at_once
        if self.rule not in _COORDINATEWISE or self.project is not None:
            return lambda W, rows, G, state: None
        return _plain_rows(self.rule, self.State, self.check_finite, constants, self.hyper_at)

    def init(self, w, **start):
        """The state before the first step: t = 0 and zeros, or the values given by name (broadcast), as in init(w, s=0.1).

        w: a float or a float array. Raises TypeError for an unknown state or a rule that does not return (w, *states),
        ValueError for a start that is not finite and for a start or a hyper-parameter of a shape that does not fit w.
        """
        names = self.State._fields[1:]
        unknown = sorted(set(start) - set(names))
        if unknown:
            raise TypeError(f"{self.rule.__name__} has no state {unknown[0]!r}; it has {', '.join(names) or 'none'}")
        w = checks.floats("w", w)
        checks.finite(w=w, **start)
        if self.rule in _OURS:
            checks.at_least(0, **{f"state {name}": start[name] for name in start if name in _STATES_AT_LEAST_ZERO})
        hyper, dtype = self.hyper_at(1.0), getattr(w, "dtype", float)
        for name, value in hyper.items():
            checks.fits(np.shape(w), "w", **{name: value})
        states = []
        for name, shape in zip(names, self._state_shapes(np.zeros(np.shape(w), dtype)[()], hyper), strict=True):
            value = start.get(name, 0.0)
            checks.fits(shape, f"state {name}", **{name: value})
            states.append(np.full(shape, value, dtype)[()])
        return self.State(0.0, *states)

    def _state_shapes(self, zero, hyper):
        """The states' shapes for a w like zero: AdaGrad-norm keeps one number where AdaGrad keeps a vector.

        Trial steps from states that are plain numbers tell them; n states may take n steps to pass a shape on to the last.
        """
        names = self.State._fields[1:]
        if self.rule in _COORDINATEWISE:
            return [zero.shape] * len(names)
        states = [0.0] * len(names)
        for _ in range(max(len(names), 1)):
            with np.errstate(all="ignore"):
                trial = self.rule(zero, zero, *states, 1.0, **hyper)
            if not isinstance(trial, tuple) or len(trial) != 1 + len(names):
                raise TypeError(f"{self.rule.__name__} must return the tuple ({', '.join(('w', *names))},), not {trial!r}")
            states = trial[1:]
        per_run = (*zero.shape[:-1], 1)
        return [per_run if np.shape(s) == per_run else zero.shape for s in states]

    def update(self, w, g, state):
        """One step, pure: returns the new (w, state) and leaves w, g and state as they were.

        w, g: floats or float arrays of one shape. Raises ValueError for another shape or a gradient that is not finite.
        """
        w = checks.floats("w", w)
        self._check(w, state)
        return self.advance(w, self._gradient(w, g), state)

    def advance(self, w, g, state):
        """`update` without its checks, for loops that have checked all their gradients at once."""
        t = state.t + 1.0
        w, *states = self._new(w, g, state[1:], t, self.hyper_at(t))
        return w, self.State(t, *states)

    def step(self, w, g, state):
        """The same step in place: changes the array w and the state's arrays and returns the state with its new t.

        Nothing is changed where an error is raised. Long vectors go block by block, so that temporaries stay in the cache.
        """
        compiled = self.compiled
        if compiled is not None and (done := compiled.step_at_once(w, g, state)) is not None:
            return done
        self._check(w, state)
        self._check_writable("step", "w", w, state)
        g = self._gradient(w, g)
        t = state.t + 1.0
        arrays, hyper = (w, *state[1:]), self.hyper_at(t)
        if compiled is not None and compiled.fused and compiled.step(t, hyper, w, g, state[1:]):
            return state._replace(t=t)
        if self._blocks(arrays, g, hyper):
            flat, g = [a.reshape(-1) for a in arrays], g.reshape(-1)
            # A floating-point warning that the caller turned into an error would stop between two blocks.
            with np.errstate(all="ignore"):
                for start in range(0, g.size, BLOCK):
                    part = slice(start, start + BLOCK)
                    new = self.rule(flat[0][part], g[part], *[s[part] for s in flat[1:]], t, **hyper)
                    for array, value in zip(flat, new, strict=True):
                        array[part] = value
        else:
            for array, value in zip(arrays, self._new(w, g, state[1:], t, hyper), strict=True):
                array[...] = value
        return state._replace(t=t)

    def step_rows(self, W, rows, G, state, *, masked=False):
        """The step in place on the given rows of W (its first axis), for a gradient that is zero elsewhere.

        W: (n,) or (n, m); rows: k distinct integers; G: (k,) or (k, m), the gradient's rows.
        Equal to the dense `step` where `exact_on_rows(rule)` (and W is in the set that `project` projects to). Elsewhere
        untouched rows would move or decay in the dense step: pass masked=True to have them stand still (the convention of
        PyTorch's SparseAdam).
        Raises ValueError for repeated or missing rows, other shapes, NaN, a projection that is not coordinatewise.
        """
        if (masked or exact_on_rows(self.rule)) and (done := self._rows_at_once(W, rows, G, state)) is not None:
            return done
        rows = np.asarray(rows)
        if rows.shape == (0,):
            rows = rows.astype(np.intp)  # np.asarray([]) holds no integers because it holds nothing
        G = self._check_rows(W, rows, G, state, masked)
        t = state.t + 1.0
        hyper = self.hyper_at(t)
        if self.compiled is not None and self.compiled.fused and self.compiled.rows(t, hyper, W, rows, G, state[1:]):
            return state._replace(t=t)
        # AdaGrad-norm's single sum is not indexed by row.
        places = [rows if len(s) == len(W) else slice(None) for s in state[1:]]
        states = [s[place] for s, place in zip(state[1:], places, strict=True)]
        for name, value in hyper.items():
            if not isinstance(value, float):
                checks.fits(W.shape, "W", **{name: value})
                hyper[name] = np.broadcast_to(value, W.shape)[rows]
        W[rows], *new = self._new(W[rows], G, states, t, hyper)
        for s, place, value in zip(state[1:], places, new, strict=True):
            s[place] = value
        return state._replace(t=t)

    def _new(self, w, g, states, t, hyper):
        """The rule's results and the projection, each of the shape and type of what it replaces and in memory of its own."""
        if self.compiled is not None and (new := self.compiled.update(t, hyper, w, g, states)) is not None:
            if not self.compiled.fused:
                new[0] = np.copy(self._like("project(w)", w, self.project(new[0])))
            return new
        new = self.rule(w, g, *states, t, **hyper)
        names = ("w", *self.State._fields[1:])
        if isinstance(w, float):
            if self.project is not None:
                new = (self.project(new[0]), *new[1:])
            for name, value in zip(names, new, strict=True):
                if not isinstance(value, float) and np.ndim(value):
                    raise ValueError(f"{name} would change its shape from () to {np.shape(value)} in this step")
            return new
        old = (w, *states)
        given, results = {id(x) for x in (g, *old)}, []
        for name, before, value in zip(names, old, new, strict=True):
            results.append(self._like(name, before, value, id(value) in given))
            given.add(id(value))
        if self.project is not None:
            # The projection may hand out an array that it keeps.
            results[0] = np.copy(self._like("project(w)", w, self.project(results[0])))
        return results

    @staticmethod
    def _like(name, old, new, given=False):
        """The new value, shaped and typed like the old one.

        A rule may hand on what it was given (the last gradient as a state, a state moved up by one): that and what may be a view
        of it is copied, or writing one of them would change the other.
        """
        if np.shape(new) != np.shape(old):
            raise ValueError(f"{name} would change its shape from {np.shape(old)} to {np.shape(new)} in this step")
        if getattr(new, "dtype", None) is not getattr(old, "dtype", None):
            dtype = old.dtype if getattr(old, "dtype", np.dtype(int)).kind == "f" else np.dtype(float)
            return np.asarray(new).astype(dtype)[()]
        return new.copy() if given or getattr(new, "base", None) is not None else new

    def _gradient(self, w, g):
        g = checks.floats("g", g)
        checks.same_shape(w=w, g=g)
        if self.check_finite:
            checks.finite(g=g)
        return g

    def _check(self, w, state):
        # By name, so that the state goes on where a notebook cell has defined its rule anew.
        if type(state).__name__ != self.State.__name__ or getattr(state, "_fields", None) != self.State._fields:
            raise TypeError(f"state must be the {self.State.__name__} that init(w) returns, not {type(state).__name__}")
        own = np.shape(w)
        per_run = (*own[:-1], 1) if own else own
        allowed = (own,) if self.rule in _COORDINATEWISE else (per_run,) if self.rule is rules.adagrad_norm else (own, per_run)
        for name, s in zip(state._fields[1:], state[1:], strict=True):
            if np.shape(s) not in allowed:
                raise ValueError(f"state {name} has shape {np.shape(s)}, but w has {np.shape(w)}: make it with init(w)")

    @staticmethod
    def _check_writable(method, title, w, state):
        if not isinstance(w, np.ndarray) or w.ndim == 0:
            raise TypeError(
                f"{method} changes {title} in place, so {title} must be an array with an axis, not {w!r}; update takes scalars"
            )
        for name, array in ((title, w), *zip(state._fields[1:], state[1:], strict=True)):
            if array.dtype.kind != "f" or not array.flags.writeable:
                kind = "a read-only array" if array.dtype.kind == "f" else f"an array of {array.dtype}"
                raise TypeError(
                    f"{method} changes {name} in place, so {name} must be a writable float array, not {kind}; update takes any"
                )

    def _check_rows(self, W, rows, G, state, masked):
        self._check(W, state)
        self._check_writable("step_rows", "W", W, state)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ValueError(f"rows must be a list of integers, but has shape {rows.shape} and type {rows.dtype}")
        # Rows in rising order are the common case, and quick to check.
        rising = bool((rows[1:] > rows[:-1]).all())
        if rows.size:
            low, high = (rows[0], rows[-1]) if rising else (rows.min(), rows.max())
            if low < 0 or high >= len(W):
                raise ValueError(f"rows must lie in 0 .. {len(W) - 1}, but holds {low if low < 0 else high}")
        if not rising and np.unique(rows).size != rows.size:
            raise ValueError("rows must be distinct: add up the gradients of a row that occurs twice")
        if not masked and not exact_on_rows(self.rule):
            raise ValueError(
                f"{self.rule.__name__} on rows is not its dense step: pass masked=True to let the other rows stand still"
            )
        if self.rule is rules.adagrad_norm and W.ndim != 1:
            raise ValueError("adagrad_norm on rows takes one norm for the whole of W, so W must have one axis")
        if self.project is not None and not getattr(self.project, "coordinatewise", False):
            raise ValueError("project must treat every coordinate alike (as box with two numbers does) to be used on rows")
        G = checks.floats("G", G)
        if np.shape(G) != (rows.size, *W.shape[1:]):
            raise ValueError(f"G must have the shape {(rows.size, *W.shape[1:])} of W[rows], but has {np.shape(G)}")
        if self.check_finite:
            checks.finite(G=G)
        return G

    def _blocks(self, arrays, g, hyper):
        """Whether a step may go block by block: one layout, coordinates that do not see each other, nothing left that can fail.

        A projection needs the whole vector and may reject it, so w is then written in one go.
        """
        return (
            g.size > BLOCK
            and self.rule in _COORDINATEWISE
            and self.project is None
            and all(a.shape == g.shape and a.flags.c_contiguous for a in (g, *arrays))
            and all(np.ndim(value) == 0 for value in hyper.values())
            and not any(np.may_share_memory(g, a) for a in arrays)  # a block would read what another has written
        )
