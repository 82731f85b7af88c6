"""What an `Optimizer` calls: `Compiled` has its steps in place, its sparse steps, its pure steps and its online runs.

Where something is not compiled (strided arrays, a rule that sees the whole vector, a projection from elsewhere) or not right, a
method returns False or None and has done nothing; then the NumPy code takes the step, or names the error.
"""

import numpy as np

from lecture_optim.engine import loops
from lecture_optim.engine.kernels import kernel_of, kind_of

__all__ = ["Compiled"]

# Numbers of a stream that are played between two looks at the schedules: 8 MiB for each schedule, and few enough looks that
# Python's part in them does not count.
CHUNK = 2**20
INDEX = np.dtype(np.intp)


def _at_once(loop, State, look, constants):
    """The step in place with its checks in the loop: a function of (w, g, state), and for rows of them and the row's width.

    It returns the new state, or None where nothing was done: a check has failed, or something is not compiled. For short vectors
    the call is the cost, so this is a closure, whose names are quicker than attributes.
    """
    if constants is None:
        return lambda w, g, state, *places: None
    make = tuple.__new__  # takes half the time of State(...)
    kind = compiled = None  # of the last step

    def step(w, g, state, *places):
        nonlocal kind, compiled
        if type(state) is not State:
            return None
        t, arrays = state[0] + 1.0, state[1:]
        try:
            if w.dtype is not kind:
                loop_of_kind = loop.compiled.get(kind_of((t, look, w, *places, g, constants, *arrays)))
                if loop_of_kind is None or not w.dtype.isnative:  # numba does not see the byte order
                    return None
                kind, compiled = w.dtype, loop_of_kind
            if g.dtype is not kind:
                return None
            for array in arrays:
                if array.dtype is not kind:
                    return None
            done = compiled(t, look, w, *places, g, constants, *arrays)
        except (AttributeError, TypeError):
            kind = None
            return None
        return make(State, (t, *arrays)) if done else None

    return step


def _runs_at_once(loop, State, look, layout, bounds):
    """The same where runs side by side have their own hyper-parameters: a function of (w, g, state), and of rows for some rows.

    layout: from the shape of w what the loop takes: the shape in which it sees arrays, the arguments that follow the rows, and
    the hyper-parameters as that shape wants them; None where there is no such loop. It is kept for the last few shapes.
    """
    make, plain, kept = tuple.__new__, np.ndarray, {}

    def step(w, g, state, *rows):
        if type(state) is not State or not type(w) is type(g) is plain:
            return None
        t, states, kind, shape = state[0] + 1.0, state[1:], w.dtype, w.shape
        for s in states:
            if type(s) is not plain or s.dtype is not kind or s.shape != shape or not s.flags.carray:
                return None
        if not (kind.isnative and g.dtype.isnative and w.flags.carray and g.flags.carray):
            return None
        if g.shape != ((rows[0].size, *shape[1:]) if rows else shape):
            return None
        if shape not in kept:
            if len(kept) == 8:
                kept.clear()
            kept[shape] = layout(shape)
        if kept[shape] is None:
            return None
        form, places, values = kept[shape]
        seen = (w.reshape(form), *rows, *places, g.reshape(form), *[s.reshape(form) for s in states])
        arguments = (t, look, *seen, *values, *bounds)
        compiled = loop.compiled.get(kind_of(arguments))
        return make(State, (t, *states)) if compiled is not None and compiled(*arguments) else None

    return step


def _with_rows(step, *places):
    """A step on some rows, followed by the arguments `places`: a function of (W, rows, g, state), None where rows are none."""

    def at_once(W, rows, g, state):
        kind = getattr(rows, "dtype", None)
        # The loops are compiled for one type of rows; numba has another one for what is read only.
        if kind is not INDEX or not rows.flags.writeable:
            if kind is None or kind.kind not in "iu":
                return None
            rows = rows.astype(INDEX)
        return step(W, g, state, rows, *places)

    return at_once


def _flat(array):
    return np.asarray(array).reshape(-1)


class Compiled:
    """The steps of an optimizer whose rule is one of ours, compiled when they are first taken.

    rule, hyper, project, look: what the optimizer holds; look: search gradients for NaN. State: the type of its state.
    coordinatewise: whether the rule's coordinates do not see each other.
    ``fused``: whether the steps contain the projection; where they do not, `update` leaves it to the caller.
    """

    def __init__(self, rule, hyper, project, look, State, coordinatewise):
        formula, bounds = loops.free, ()
        if project is not None:
            formula, bounds = getattr(project, "formula", None), getattr(project, "bounds", ())
        self.fused = formula is not None and all(isinstance(bound, float) for bound in bounds)
        if not self.fused:
            formula, bounds = loops.free, ()
        self.rule, self.coordinatewise, self.bounds = rule, coordinatewise, bounds
        self._kept = {}
        n = len(State._fields) - 1
        self._parts = (rule, formula, n, len(hyper), len(bounds))
        self._dense, self._sparse = self._kernel(loops.dense), self._kernel(loops.sparse)
        self._runs, self._sparse_runs = self._kernel(loops.runs), self._kernel(loops.sparse_runs)
        constant = coordinatewise and self.fused and not any(map(callable, hyper.values()))
        one = all(isinstance(value, float) for value in hyper.values())
        if constant and not one:
            self.step_at_once = _runs_at_once(self._runs, State, look, lambda shape: self._in_runs(hyper, shape), bounds)
            rows = _runs_at_once(self._sparse_runs, State, look, lambda shape: self._in_rows(hyper, shape), bounds)
            self.rows_at_once = _with_rows(rows)
        else:
            constants = self._constants(hyper) if constant else None
            self.step_at_once = _at_once(self._dense, State, look, constants)
            # For a w of one axis, whose rows are one coordinate wide.
            self.rows_at_once = _with_rows(_at_once(self._sparse, State, look, constants), 1)

    def _kernel(self, loop):
        return kernel_of(loop, *self._parts)

    def _constants(self, hyper):
        return np.array([*hyper.values(), *self.bounds])

    def step(self, t, hyper, w, g, states):
        """The step in place of checked arrays; False where nothing was done."""
        arrays = (w, *states)
        if not self.coordinatewise or not self._alike((g, *arrays)) or not all(a.flags.carray for a in arrays):
            return False
        if all(isinstance(value, float) for value in hyper.values()):
            w, g, *states = map(_flat, (w, g, *states))
            return self._dense(t, False, w, g, self._constants(hyper), *states)
        if (laid := self._in_runs(hyper, w.shape)) is None:
            return False
        form, _, values = laid
        w, g, *states = (np.asarray(a).reshape(form) for a in (w, g, *states))
        return self._runs(t, False, w, g, *states, *values, *self.bounds)

    def _in_runs(self, hyper, shape):
        """How `loops.runs` sees arrays of a shape, as `_runs_at_once` wants to know it.

        Rows with one set of hyper-parameters each; or all in one row, whose coordinates have their own.
        """
        if not all(self._fits(value, shape) for value in hyper.values()) or 0 in shape:
            return None
        each = all(np.shape(value)[-1:] in ((), (1,)) for value in hyper.values())
        runs = (*shape[:-1], 1)

        def lay(name, value):
            if isinstance(value, float):
                return value
            return _flat(np.broadcast_to(value, runs)) if each else self._row(name, value, shape)

        return (-1, shape[-1]) if each else (1, -1), (), [lay(name, value) for name, value in hyper.items()]

    def _row(self, name, value, shape):
        """A hyper-parameter with an entry for each coordinate, kept for the next step, as spreading it takes as long."""
        given, spread_to, row = self._kept.get(name, (None, None, None))
        if given is not value or spread_to != shape:
            row = np.broadcast_to(value, shape).reshape(1, -1)
            self._kept[name] = value, shape, row
        return row

    def _in_rows(self, hyper, shape):
        """How `loops.sparse_runs` sees them: hyper-parameters are numbers, or one for each coordinate of a row."""
        width = shape[1:]
        if len(width) != 1 or not all(isinstance(value, float) or value.shape == width for value in hyper.values()):
            return None
        return -1, width, list(hyper.values())

    def rows(self, t, hyper, W, rows, G, states):
        """The step in place of checked arrays on some of their rows; False where nothing was done."""
        arrays = (W, *states)
        if not self.coordinatewise or not self._alike(arrays) or not all(a.flags.carray for a in arrays):
            return False
        one, laid = all(isinstance(value, float) for value in hyper.values()), None
        if (one and G.dtype != W.dtype) or not (one or (laid := self._in_rows(hyper, W.shape))):
            return False
        order = np.argsort(rows)
        rows, G = rows[order].astype(np.intp, copy=False), _flat(np.ascontiguousarray(G[order]))
        W, *states = map(_flat, arrays)
        if one:
            width = W.size // max(len(arrays[0]), 1)
            return self._sparse(t, False, W, rows, width, G, self._constants(hyper), *states)
        _, places, values = laid
        return self._sparse_runs(t, False, W, rows, *places, G, *states, *values, *self.bounds)

    def play(self, losses, w, states, comparator, steps, columns, hyper_over, chunks):
        """Plays linear losses (T,) from a float w, or (T, *w.shape) from an array w whose last axis is 1, one run an entry.

        comparator: as w. steps: the 0-based steps to record, rising. columns: what to record of w, g, loss, the comparator's
        loss and the states, by number. hyper_over: see `Optimizer`. chunks: makes the loop over the chunks show progress.
        Returns (w, states, loss, comparator's loss, records (len(steps), len(columns), ...)), or None where it is not compiled or
        a loss is not finite.
        """
        if not self.fused:
            return None
        T, one, shape = len(losses), isinstance(w, float), np.shape(w)
        losses = np.ascontiguousarray(losses).reshape((T,) if one else (T, -1))
        loop = self._kernel(loops.online if one else loops.online_runs)
        loss, own = (0.0, 0.0) if one else np.zeros((2, losses.shape[1]), losses.dtype)
        if not one:
            w, comparator, *states = (np.array(a, losses.dtype, order="C").reshape(-1) for a in (w, comparator, *states))
        places = np.array([columns.index(k) if k in columns else -1 for k in range(4 + len(states))])
        steps = steps if columns else steps[:0]
        length, traces = max(CHUNK // max(np.size(w), 1), 1), []
        for first in chunks(range(0, T, length)):
            part = losses[first : first + length]
            hyper = hyper_over(np.arange(first + 1.0, first + len(part) + 1.0))
            if hyper is None or any(np.ndim(value) > 1 + len(shape) for value in hyper.values()):
                return None
            values = [value if isinstance(value, float) else self._spread(value, shape) for value in hyper.values()]
            marks = steps[(steps >= first) & (steps < first + len(part))] - first
            trace = np.empty((len(marks), len(columns), *np.shape(w)), losses.dtype)
            ends = loop(float(first), part, comparator, w, loss, own, marks, places, trace, *states, *values, *self.bounds)
            if one:
                w, loss, own, *states = ends
            # NaN or infinity among the losses leaves its mark in their sums, which may also overflow.
            if not np.isfinite(loss).all() and not np.isfinite(part).all():
                return None
            traces.append(trace)
        records = np.concatenate(traces)
        if one:
            return w, states, loss, own, records
        runs = shape[:-1]
        states = [s.reshape(shape) for s in states]
        return w.reshape(shape), states, loss.reshape(runs), own.reshape(runs), records.reshape(*records.shape[:2], *shape)

    @staticmethod
    def _spread(series, shape):
        """Hyper-parameters of some steps, (m,) or (m, ...), with an entry for each run where they have axes of runs."""
        if series.ndim == 1:
            return np.array(series)
        m = len(series)
        aligned = series.reshape(m, *(1,) * (len(shape) + 1 - series.ndim), *series.shape[1:])
        return np.array(np.broadcast_to(aligned, (m, *shape)), order="C").reshape(m, -1)

    @staticmethod
    def _alike(arrays):
        """Whether the arrays are of one shape and one type that is compiled, and whole pieces of memory."""
        first = arrays[0]
        return first.ndim > 0 and first.dtype.char in "fd" and all(
            a.shape == first.shape and a.dtype == first.dtype and a.dtype.isnative and a.flags.c_contiguous and a.flags.aligned
            for a in arrays
        )  # fmt: skip

    @staticmethod
    def _fits(value, shape):
        try:
            return np.broadcast_shapes(np.shape(value), shape) == shape
        except ValueError:
            return False

    def update(self, t, hyper, w, g, states):
        """The pure step of checked arrays: new arrays (w, *states), or None where it is not compiled."""
        if not self.coordinatewise or not all(isinstance(a, np.ndarray) for a in (w, g, *states)):
            return None
        w, *states = (np.array(a, order="C") for a in (w, *states))
        return [w, *states] if self.step(t, hyper, w, np.ascontiguousarray(g), states) else None
