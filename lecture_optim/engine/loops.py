"""The loops that call a rule with numbers: over coordinates, runs, rows of a sparse gradient, and time.

Each loop is made of a rule with n states and h hyper-parameters and of a formula of `projections` with k bounds, and is compiled
by `kernels`. The loops of one step of one run take these numbers as one array, ``constants``, hyper-parameters first, and the
states last: a step of ten coordinates is a call, and a call pays for every argument. The other loops take them all in ``rest``.

Every function has a name of its own, also those that numba alone calls: in machine code from its cache, made by different
processes, numba tells functions apart by qualified name, argument types and a running number (its issue 10486).
"""

import inspect

import numpy as np
from numba import types
from numba.extending import intrinsic, lower_cast, overload, register_jitable
from numba.np.unsafe.ndarray import to_fixed_tuple

from lecture_optim import projections, rules
from lecture_optim.engine.weak import LIKE_NUMPY, weaken

__all__ = ["dense", "free", "online", "online_runs", "runs", "sparse", "sparse_runs"]


# --- Rules and projections, for one coordinate -------------------------------------------------------------------------------


@overload(np.clip, jit_options=LIKE_NUMPY)
def _clip(a, low, high):
    """numba's clip takes arrays only."""
    return (lambda a, low, high: np.minimum(np.maximum(a, low), high)) if isinstance(a, types.Number) else None


@overload(rules.squared_norm)
def _squared_norm(g):
    """numba would compile the branch for arrays too, which uses what it does not know; for a number the other one is taken."""
    return (lambda g: g * g) if isinstance(g, types.Number) else None


for _function in vars(rules).values():
    if inspect.isfunction(_function) and _function is not rules.squared_norm:
        register_jitable(**LIKE_NUMPY)(_function)
register_jitable(**LIKE_NUMPY)(projections.clip)


@lower_cast(types.Boolean, types.Float)
def _one_or_zero(context, builder, boolean, kind, condition):
    """A condition as a number, as in `rules.ratio`: one choice, where numba's own way by an integer takes three instructions.

    The numbers are the same, so it does no harm that numba compiles other code of the process with it, too.
    """
    number = context.get_value_type(kind)
    return builder.select(condition, number(1.0), number(0.0))


@register_jitable
def free(w):
    """No projection."""
    return w


# --- Tuples of arrays: the states of a rule, the hyper-parameters of a batch ---------------------------------------------------


def at(values, i):
    """The entries at i of arrays; numbers among them as they are."""


@overload(at)
def _at(values, i):
    if len(values) == 0:
        return lambda values, i: ()
    if isinstance(values[0], types.Array):
        return lambda values, i: (values[0][i], *at(values[1:], i))
    return lambda values, i: (values[0], *at(values[1:], i))


def put(arrays, i, values):
    """Writes the values at i."""


@overload(put)
def _put(arrays, i, values):
    if len(arrays) == 0:
        return lambda arrays, i, values: None

    def write(arrays, i, values):
        arrays[0][i] = values[0]
        put(arrays[1:], i, values[1:])

    return write


def write(row, places, k, values):
    """Writes the values, of which the first is number k, to their places in the row; a place below 0 is none."""


@overload(write)
def _write(row, places, k, values):
    if len(values) == 0:
        return lambda row, places, k, values: None

    def write_on(row, places, k, values):
        if places[k] >= 0:
            row[places[k]] = values[0]
        write(row, places, k + 1, values[1:])

    return write_on


def sizes_are(values, size):
    """Whether every array among the values has that many entries along its first axis."""


@overload(sizes_are)
def _sizes_are(values, size):
    if len(values) == 0:
        return lambda values, size: True
    if isinstance(values[0], types.Array):
        return lambda values, size: len(values[0]) == size and sizes_are(values[1:], size)
    return lambda values, size: sizes_are(values[1:], size)


def ready(values, w):
    """Numbers as they enter a rule beside the array w: weak where w is of float32. Arrays stay what they are."""


@overload(ready)
def _ready(values, w):
    if w.dtype is not types.float32 or len(values) == 0:
        return lambda values, w: values
    if values[0] is types.float64:
        return lambda values, w: (weaken(values[0]), *ready(values[1:], w))
    return lambda values, w: (values[0], *ready(values[1:], w))


@intrinsic
def address(context, a):
    """Where the memory of the array a begins. (a.ctypes.data counts a reference up and down each time.)"""

    def build(context, builder, signature, arguments):
        data = context.make_array(a)(context, builder, arguments[0]).data
        return builder.ptrtoint(data, context.get_value_type(types.uintp))

    return types.uintp(a), build


def spans(arrays):
    """Where the memory of each array begins and ends: numbers, which are handed about more cheaply than arrays."""


@overload(spans)
def _spans(arrays):
    if len(arrays) == 0:
        return lambda arrays: ()
    return lambda arrays: ((address(arrays[0]), address(arrays[0]) + arrays[0].size * arrays[0].itemsize), *spans(arrays[1:]))


def apart(span, others, same):
    """Whether a span shares no memory with any of the others; if ``same``, it may with one that begins where it begins."""


@overload(apart)
def _apart(span, others, same):
    if len(others) == 0:
        return lambda span, others, same: True

    def check(span, others, same):
        (begin, end), (other_begin, other_end) = span, others[0]
        clear = end <= other_begin or other_end <= begin or (same and begin == other_begin)
        return clear and apart(span, others[1:], same)

    return check


def distinct(spans, size):
    """Whether the spans have that size in bytes and share no memory."""


@overload(distinct)
def _distinct(spans, size):
    if len(spans) == 0:
        return lambda spans, size: True
    return lambda spans, size: (
        spans[0][1] - spans[0][0] == size and apart(spans[0], spans[1:], False) and distinct(spans[1:], size)
    )


@register_jitable
def all_finite(g):
    bad = 0  # counted, as a loop that may stop early is not vectorised
    for i in range(g.size):
        bad += not np.isfinite(g[i])
    return bad == 0


@register_jitable
def rising(rows, end):
    """Whether the rows are named in rising order, each once, and lie below the end."""
    last = -1
    for j in range(rows.size):
        if not last < rows[j] < end:
            return False
        last = rows[j]
    return True


@register_jitable(**LIKE_NUMPY)
def move(rule, project, bounds, w, i, g, states, t, hyper):
    """The step of coordinate i."""
    new = rule(w[i], g, *at(states, i), t, *hyper)
    w[i] = project(new[0], *bounds)
    put(states, i, new[1:])


@register_jitable(**LIKE_NUMPY)
def move_all(rule, project, bounds, w, g, states, t, hyper):
    """The step of every coordinate, of `ready` numbers. hyper: numbers, or arrays with an entry for each coordinate."""
    for i in range(w.size):
        move(rule, project, bounds, w, i, g[i], states, t, at(hyper, i))


@register_jitable(**LIKE_NUMPY)
def move_rows(rule, project, bounds, w, rows, width, g, states, t, hyper, look):
    """The step in place on some rows of ``width`` coordinates, named in rising order; False, and nothing done, if not so.

    hyper: numbers, or arrays with an entry for each coordinate of a row.
    """
    (theirs,), own = spans((g,)), spans((w, *states))
    if not distinct(own, w.size * w.itemsize) or g.size != rows.size * width or not apart(theirs, own, False):
        return False
    if not (sizes_are(hyper, width) and rising(rows, w.size // width)) or (look and not all_finite(g)):
        return False
    (t,), hyper, bounds = ready((t,), w), ready(hyper, w), ready(bounds, w)
    for j in range(rows.size):
        for c in range(width):
            move(rule, project, bounds, w, rows[j] * width + c, g[j * width + c], states, t, at(hyper, c))
    return True


# --- The loops ---------------------------------------------------------------------------------------------------------------


def dense(rule, project, n, h, k):
    numbers = h + k

    def kernel(t, look, w, g, constants, a=None, b=None, c=None):
        """The step in place; False, and nothing done, where it is not sound or, if look, g is not finite."""
        states, values = (a, b, c)[:n], to_fixed_tuple(constants, numbers)
        hyper, bounds = values[:h], values[h:]
        (theirs,), own = spans((g,)), spans((w, *states))
        if not distinct(own, w.size * g.itemsize) or g.size != w.size or not apart(theirs, own, True):
            return False
        if look and not all_finite(g):
            return False
        (t,), hyper, bounds = ready((t,), w), ready(hyper, w), ready(bounds, w)
        move_all(rule, project, bounds, w, g, states, t, hyper)
        return True

    return kernel


def runs(rule, project, n, h, k):
    end = n + h

    def kernel(t, look, w, g, *rest):
        """The same for each row of w, with its own entry of the hyper-parameters: a number, or a row of them."""
        states, hyper, bounds = rest[:n], rest[n:end], rest[end:]
        (theirs,), own = spans((g,)), spans((w, *states))
        if not distinct(own, w.size * g.itemsize) or g.size != w.size or not apart(theirs, own, True):
            return False
        if not sizes_are(hyper, len(w)) or (look and not all_finite(g.reshape(-1))):
            return False
        # Before an array's entry is taken, which is as strong as its array.
        (t,), hyper, bounds = ready((t,), w), ready(hyper, w), ready(bounds, w)
        for r in range(len(w)):
            move_all(rule, project, bounds, w[r], g[r], at(states, r), t, at(hyper, r))
        return True

    return kernel


def sparse(rule, project, n, h, k):
    numbers = h + k

    def kernel(t, look, w, rows, width, g, constants, a=None, b=None, c=None):
        """The step of `move_rows`."""
        states, values = (a, b, c)[:n], to_fixed_tuple(constants, numbers)
        return move_rows(rule, project, values[h:], w, rows, width, g, states, t, values[:h], look)

    return kernel


def sparse_runs(rule, project, n, h, k):
    end = n + h

    def kernel(t, look, w, rows, width, g, *rest):
        """The same, each of the ``width`` coordinates of a row with its own hyper-parameters; g may be of another type than w."""
        return move_rows(rule, project, rest[end:], w, rows, width, g, rest[:n], t, rest[n:end], look)

    return kernel


def online(rule, project, n, h, k):
    end = n + h

    def kernel(t, losses, comparator, w, loss, own, marks, places, trace, *rest):
        """Steps of one scalar run. marks: the steps to record; places: where in a row of trace w, g, loss, own and states go."""
        states, hyper, bounds = rest[:n], rest[n:end], rest[end:]
        mark = 0
        for i in range(losses.size):
            t += 1.0
            g = losses[i]
            loss += g * w
            own += g * comparator
            before = w
            new = rule(w, g, *states, t, *at(hyper, i))
            w, states = project(new[0], *bounds), new[1:]
            if mark < marks.size and i == marks[mark]:
                write(trace[mark], places, 0, (before, g, loss, own, *states))
                mark += 1
        return (w, loss, own, *states)

    return kernel


def online_runs(rule, project, n, h, k):
    end = n + h

    def kernel(t, losses, comparator, w, loss, own, marks, places, trace, *rest):
        """The same for runs side by side, one a column of losses; w, loss, own and the states change in place."""
        states, hyper, bounds = rest[:n], rest[n:end], rest[end:]
        mark = 0
        for i in range(len(losses)):
            t += 1.0
            g = losses[i]
            recorded = mark < marks.size and i == marks[mark]
            if recorded:
                write(trace[mark], places, 0, (w, g))
            (now,), numbers, ends = ready((t,), w), ready(at(hyper, i), w), ready(bounds, w)
            for r in range(w.size):
                loss[r] += g[r] * w[r]
                own[r] += g[r] * comparator[r]
                move(rule, project, ends, w, r, g[r], states, now, at(numbers, r))
            if recorded:
                write(trace[mark], places, 2, (loss, own, *states))
                mark += 1

    return kernel
