"""The figures of the chapter on the example of Reddi, Kale and Kumar."""

from itertools import pairwise

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["first_cycles", "one_cycle", "regret_per_step", "starts"]


def one_cycle(units):
    """The steps of single cycles as arrows on the line, in units of the longest that the first may be.

    units: {cycle number k: (away, back, back)}. Returns (data, axes); data holds for each k the places of the point, in units
    to the left of 1, before the projection.
    """
    _, axes = figure(height=0.6 + 1.1 * len(units))
    data = {}
    for row, (k, (away, *back)) in enumerate(units.items()):
        places = data[k] = np.concatenate([[0.0], np.cumsum([-away, *back])])
        for n, (a, b) in enumerate(pairwise(places)):
            y = -row + (0.16, -0.06, -0.28)[n]
            shade = color("adam") if n == 0 else color("adagrad")
            arrow = {"arrowstyle": "->", "color": shade, "lw": 2.0, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (b, y), (a, y), arrowprops=arrow)
            side = -1 if n == 0 else 1
            place = {"va": "center", "ha": "right" if n == 0 else "left", "color": shade}
            axes.text(b + 0.03 * side, y, f"{abs(b - a):.2f}", **place)
        axes.text(-1.75, -row - 0.06, f"cycle {k}", va="center", color=INK)
    axes.axvline(0, color=INK, linewidth=1.2)
    axes.set(xlabel="distance from 1, in units $m$", yticks=[], xlim=(-1.78, 0.95), ylim=(-len(units) + 0.45, 0.55))
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    return data, axes


def first_cycles(x, C):
    """Positions x (T,) of the first steps as a line, the beginnings of the cycles as dots. Returns (data, axes)."""
    _, axes = figure(height=3.0)
    t = np.arange(1, len(x) + 1)
    data = {"t": t, "x": x, "begins": t[::3], "at": x[::3]}
    axes.plot(t, x, color=color("adam"), linewidth=1.2)
    axes.plot(data["begins"], data["at"], "o", color=color("adam"), markersize=6)
    axes.axhline(-1, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.text(1, -0.93, "best point", color=MUTED)
    axes.set(xlabel="step $t$", ylabel="position $x_t$", ylim=(-1.1, 1.15), xlim=(0.4, t[-1] + 0.6))
    axes.set_title(f"dots: before the loss {C:g}$x$", color=MUTED)
    return data, axes


def regret_per_step(runs, line):
    """Regret per step against t on a log axis: runs {rule: (t, regret / t)}, and the proved bound as a line.

    Returns (data, axes); data is runs and "line".
    """
    _, axes = figure(height=3.2)
    for rule, (t, regret) in runs.items():
        axes.semilogx(t, regret, color=color(rule))
        direct_label(axes, t[-1], regret[-1], {"adam": "Adam", "amsgrad": "AMSGrad"}.get(rule, rule), rule)
    axes.axhline(line, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.text(1.1 * t[0], line - 0.03, "proved lower bound", color=INK, va="top")
    axes.set(xlabel="step $t$", ylabel="regret per step", ylim=(-0.05, None), xlim=(t[0], t[-1]))
    return {**runs, "line": line}, axes


def starts(t, x, names):
    """Positions at the beginnings of cycles against t, one line a start, on a log axis: t (r,), x (r, runs), names (runs,).

    Returns (data, axes); data holds "t" and "x".
    """
    _, axes = figure(height=3.0)
    for run, name in enumerate(names):
        axes.semilogx(t, x[:, run], color=color("adam"), linestyle=("-", "--", ":")[run % 3])
        axes.text(1.4, x[0, run] - 0.03, name, va="top" if x[0, run] > -0.9 else "bottom", color=INK)
    axes.set(xlabel="step $t$", ylabel="position $x_t$", ylim=(-1.1, 1.25), xlim=(t[0], t[-1]))
    return {"t": t, "x": x}, axes
