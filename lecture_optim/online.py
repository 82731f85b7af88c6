"""The protocol of online learning: an optimizer plays w_t, sees the loss f_t and its gradient at w_t, pays, and moves."""

from dataclasses import dataclass

import numpy as np

from lecture_optim import checks
from lecture_optim.progress import bar

__all__ = ["Run", "best_fixed", "one_pass", "play"]

# An average with beta >= 0.9 loses less than a factor of 1e5 in 100 steps, so what is left stays normal until the next look.
FLUSH_EVERY, FLUSH_BELOW = 100, 1e5  # steps; times the smallest normal number


@dataclass(frozen=True)
class Run:
    """What `play` saw.

    t (r,): the steps that were recorded. records: by name, what was recorded at them, each (r, ...). w, state: the parameters
    and the state after the last step. loss: the total sum_t f_t(w_t). regret: loss minus the comparator's, None without one.
    """

    t: np.ndarray
    records: dict
    w: np.ndarray
    state: tuple
    loss: np.ndarray
    regret: np.ndarray | None

    def __getitem__(self, name):
        if name not in self.records:
            raise KeyError(f"{name!r} was not recorded; ask for it with record=; there is {', '.join(self.records) or 'nothing'}")
        return self.records[name]


def best_fixed(gradients, low=-1.0, high=1.0):
    """The point of the box [low, high]^d with the least sum of the linear losses ``gradients`` (T, ...), `low` on a tie."""
    return np.where(np.sum(gradients, axis=0) < 0, high, low)[()]


def _recorded(T, every):
    """The 0-based steps to record: every `every`-th, and the last."""
    checks.count(1, every=every)
    steps = np.arange(0, T, every)
    return steps if T == 0 or steps[-1] == T - 1 else np.append(steps, T - 1)


def play(o, losses, w, T=None, *, comparator=None, record=(), every=1, progress=False):
    """Play the optimizer ``o`` from the point w against a sequence of losses.

    losses: an array of gradients (T, *w.shape), for f_t(w) = <g_t, w>; or a function (t, w) -> (f_t(w), gradient), which needs
    T. A scalar w with (T,) is one run; w of shape (n, 1) with (T, n, 1) is n runs at once. comparator: a fixed point u, or for
    a function of (t, w) the function itself is asked for f_t(u). record: names among "w" (before the step), "g", "loss" and
    "regret" (sums up to and including step t) and the states (after the step). every: record each ``every``-th step and the last.
    Returns a `Run`. Raises ValueError for a shape that does not fit, a gradient that is not finite, an unknown record.
    """
    linear = not callable(losses)
    w = checks.floats("w", w)
    if linear:
        losses = np.asarray(checks.floats("losses", losses))
        if losses.ndim == 0 or losses.shape[1:] != np.shape(w):
            raise ValueError(f"losses must have shape (T, *w.shape) = (T, *{np.shape(w)}), but has {losses.shape}")
        T = len(losses) if T is None else T
        if len(losses) < T:
            raise ValueError(f"T must be at most the number of losses, {len(losses)}, but is {T}")
    elif T is None:
        raise ValueError("T must be given where losses is a function")
    checks.count(0, T=T)
    if comparator is not None:
        checks.fits(np.shape(w), "w", comparator=comparator)
        checks.finite(comparator=comparator)
    scalar = np.ndim(w) == 0
    if linear and scalar:
        w = float(w)
    state = o.init(w)
    record = tuple(dict.fromkeys(record))
    known = ("w", "g", "loss", "regret", *state._fields[1:])
    for name in record:
        if name not in known:
            raise ValueError(f"record must hold names among {known}, not {name!r}")
    if "regret" in record and comparator is None:
        raise ValueError("recording the regret needs a comparator")
    steps = _recorded(T, every)
    if linear and T and (run := _compiled(o, losses, w, state, T, comparator, record, steps, progress)) is not None:
        return run
    if linear:
        checks.finite(losses=losses)
    if linear and scalar:
        # Python floats: indexing an array a million times costs more than the arithmetic of a step.
        losses = losses.tolist()
    keep = {name: [] for name in record}
    loss = own = 0.0
    next_record, k_record = (steps[0] if len(steps) else -1), 0
    advance = o.advance if linear else o.update
    for k in bar(range(T), progress, o.rule.__name__, "step"):
        if linear:
            g = losses[k]
            paid = g * w if scalar else np.sum(g * w, axis=-1)
            if comparator is not None:
                own = own + (g * comparator if scalar else np.sum(g * comparator, axis=-1))
        else:
            paid, g = losses(k + 1, w)
            if comparator is not None:
                own = own + losses(k + 1, comparator)[0]
        loss = loss + paid
        before = w
        w, state = advance(w, g, state)
        if k == next_record:
            now = {"w": before, "g": g, "loss": loss, "regret": loss - own, **state._asdict()}
            for name in record:
                keep[name].append(np.copy(now[name]))  # a copy: the losses may reuse their gradient's memory
            k_record += 1
            next_record = steps[k_record] if k_record < len(steps) else -1
    return Run(
        t=steps + 1,
        records={name: np.array(values) for name, values in keep.items()},
        w=w,
        state=state,
        loss=loss,
        regret=None if comparator is None else loss - own,
    )


def _compiled(o, losses, w, state, T, comparator, record, steps, progress):
    """The run of `play` as one compiled loop, or None where that is not to be had: a rule from elsewhere, a loss of NaN, ..."""
    own = 0.0 if comparator is None else comparator
    if o.compiled is None:
        return None
    if len(losses) > T:  # what is played shows in its sum
        checks.finite(losses=losses)
    if np.ndim(w) == 0:
        own, losses = float(own), losses.astype(float, copy=False)
    else:
        # float32 runs against a float64 comparator pay in float64.
        alike = losses.dtype == w.dtype and (w.dtype == float or np.ndim(own) == 0 or getattr(own, "dtype", None) == w.dtype)
        if w.shape[-1] != 1 or not alike or not w.dtype.isnative:
            return None
        own = np.broadcast_to(own, w.shape)
    names = ("w", "g", "loss", "own", *state._fields[1:])
    columns = sorted({names.index(name) for name in record if name != "regret"} | ({2, 3} if "regret" in record else set()))
    played = o.compiled.play(
        losses[:T], w, state[1:], own, steps, columns, o.hyper_over, lambda starts: bar(starts, progress, o.rule.__name__, "part")
    )
    if played is None:
        return None
    w, states, loss, own, trace = played
    kept = {names[column]: trace[:, k] for k, column in enumerate(columns)}
    for name in {"loss", "own"} & set(kept):
        kept[name] = kept[name].reshape(len(steps), *np.shape(loss))
    kept["regret"] = kept["loss"] - kept["own"] if "regret" in record else None
    return Run(
        t=steps + 1,
        records={name: np.ascontiguousarray(kept[name]) for name in record},
        w=w,
        state=o.State(float(T), *states),
        loss=loss,
        regret=None if comparator is None else loss - own,
    )


def one_pass(o, problem, W, order=None, *, travel=None, dense=False, masked=False, flush=None, progress=False):
    """One pass of the optimizer over the examples of a `SparseLogistic` problem, each seen once, in place on W.

    W: (d,), or (d, k) for k runs side by side (with hyper-parameters of shape (k,)). order: the examples' order, 0 .. n - 1
    unless given. travel: an array of W's shape, to which every step adds how far it moved each weight, |w_{t+1} - w_t|.
    dense: step on all of W with the zeros written out; otherwise only the rows of the example are touched (`masked` as in
    `Optimizer.step_rows`). flush: the name of a state, such as Adam's "m", whose entries are set to zero before they become
    subnormal numbers, with which many processors are slow: in a dense step the average of a row long unseen does. (Entries
    below 1.2e-33 in float32, 2.2e-303 in float64, every 100 steps: not for gradients that are as small themselves.)
    Returns the loss of each example *before* its step, (n,) or (n, k): the progressive loss, an honest test on fresh data.
    Raises ValueError for a travel of another shape, an order that names no example and a flush that names no state or has
    no room (float16), TypeError where W is no float array.
    """
    if not isinstance(W, np.ndarray) or W.dtype.kind != "f":
        raise TypeError(f"W must be a float array, which the pass changes in place, not {type(W).__name__}")
    if travel is not None:
        checks.same_shape(W=W, travel=travel)
    order = np.arange(len(problem)) if order is None else checks.indices("order", order, len(problem))
    if flush is not None:
        names = o.State._fields[1:]
        if flush not in names:
            raise ValueError(f"flush must name a state of {o.rule.__name__}, but is {flush!r}; it has {', '.join(names)}")
        if W.dtype.itemsize < 4:
            raise ValueError(f"flush needs a W of float32 or float64: all of {W.dtype} is near its subnormal numbers")
    state = o.init(W)
    losses = np.empty((len(order), *W.shape[1:]))
    g = np.zeros_like(W) if dense else None
    for k in bar(range(len(order)), progress, o.rule.__name__, "step"):
        losses[k], rows, G = problem.example(W, order[k])
        moved = ... if dense else rows
        before = None if travel is None else np.array(W[moved])
        if dense:
            g[rows] = G
            state = o.step(W, g, state)
            g[rows] = 0.0
        else:
            state = o.step_rows(W, rows, G, state, masked=masked)
        if travel is not None:
            travel[moved] += np.abs(W[moved] - before)
        if flush is not None and k % FLUSH_EVERY == 0:
            average = getattr(state, flush)
            average[np.abs(average) < FLUSH_BELOW * np.finfo(W.dtype).tiny] = 0.0
    return losses
