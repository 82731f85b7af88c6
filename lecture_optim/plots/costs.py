"""The figures of the chapter on what a step costs: measured times against lengths, block sizes and non-zeros."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["blocks", "by_length", "by_nonzeros"]

# The package's two engines have Adam's and AdaGrad's colours, as all is about one rule; the peers are grey.
OURS = {"numba": {"marker": "o", "linestyle": "-"}, "NumPy": {"marker": "s", "linestyle": "--"}}
PEERS = dict(zip(("torch fused", "torch foreach", "torch for-loop", "optax jit", "torch sparse"), "^v<D^", strict=True))


def _look(name, rule):
    if name in OURS:
        return {"color": color(rule), "markersize": 5, **OURS[name]}
    return {"color": MUTED, "marker": PEERS[name], "markersize": 5, "linestyle": ":", "linewidth": 1.2}


def _draw(axes, curves, rule, **place):
    """Draw a line a way, double logarithmic, with its name at its first point; return the curves as arrays."""
    for name, (x, y) in curves.items():
        look = _look(name, rule)
        axes.loglog(x, y, label=name, **look)
        direct_label(axes, x[0], y[0], name, color=look["color"], fontsize=9, **place)
    return {name: tuple(map(np.asarray, curve)) for name, curve in curves.items()}


def by_length(curves, bound=None, rule="adam"):
    """The time for each coordinate against the number of coordinates, double logarithmic; a line a way, a label at its start.

    curves: by way ("numba", "NumPy", "torch fused", ...), arrays (lengths, nanoseconds for each coordinate). bound: the time that
    the memory alone would take, drawn as a line; None for none. Returns (data, axes), data being the curves that were drawn.
    """
    _, axes = figure(width=6.4, height=5)
    drawn = _draw(axes, curves, rule, ha="right", xytext=(-7, 0))
    least = min(np.min(lengths) for lengths, _ in curves.values())
    axes.set_xlim(left=least / 20)  # room for the names
    if bound is not None:
        axes.axhline(bound, color=INK, linewidth=1.0)
        direct_label(axes, least, bound, "memory alone", xytext=(0, -9), fontsize=9)
    axes.set(xlabel="coordinates", ylabel="ns for each coordinate")
    return drawn, axes


def blocks(sizes, times, none, bound):
    """NumPy's time for each coordinate against the size of its blocks; lines for no blocks and for the memory alone.

    sizes (n,): coordinates of a block; times (n,), none, bound: nanoseconds for each coordinate. Returns (data, axes), data being
    a dict of "sizes", "times", "none" and "bound".
    """
    _, axes = figure(width=6.4, height=3.4)
    axes.semilogx(sizes, times, base=2, **_look("NumPy", "adam"))
    for level, name in ((none, "no blocks"), (bound, "memory alone")):
        axes.axhline(level, color=INK, linewidth=1.0)
        direct_label(axes, sizes[0], level, name, xytext=(0, 7), fontsize=9)
    axes.set(xlabel="coordinates of a block", ylabel="ns for each coordinate", ylim=(0, None))
    return {"sizes": np.asarray(sizes), "times": np.asarray(times), "none": none, "bound": bound}, axes


def by_nonzeros(curves, d):
    """The time of a sparse AdaGrad step against the number of non-zeros, double logarithmic.

    curves: by way, arrays (numbers of non-zeros, microseconds). d: the number of coordinates, for the axis. Returns (data, axes),
    data being the curves.
    """
    _, axes = figure(width=6.4, height=3.8)
    drawn = _draw(axes, curves, "adagrad", xytext=(0, 10))
    axes.set(xlabel=f"non-zeros among {d:,} coordinates", ylabel="µs for a step")
    return drawn, axes
