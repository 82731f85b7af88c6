"""The figures of "Regret and projection"."""

import numpy as np

from lecture_optim.plots.style import GRID, INK, MUTED, color, direct_label, figure, linestyle

__all__ = ["area_twice", "projections", "ratios", "scales", "signs", "stream"]

POINT = {"marker": "o", "markersize": 5, "color": INK, "linestyle": "none"}
NAMES = {"sgd": "descent", "adagrad_norm": "norm-adaptive", "adagrad": "AdaGrad", "adam": "Adam"}
SHADES = ("#dbe9f4", "#b9d4ea", "#94bcdd", "#6fa4d0", "#4a8cc3", "#2b74b0")


def projections(project, x, u, off, far):
    """Left: a disk, x outside it, its projection p, and u in it. Right: on a bare circle the nearest point may lead away.

    project: onto the unit disk. x, u, off, far: points (2,); off has its nearest point of the unit circle taken, far lies on it.
    Returns (data, axes); data holds "p", "inner" = <x - p, u - p>, and for both panels the distances "before" and "after".
    """
    _, axes = figure(1, 2, height=3.3)
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.cos(turn), np.sin(turn)
    p, rim = project(x), off / np.linalg.norm(off)
    axes[0].fill(*circle, color=SHADES[0])
    tangent = np.array([-p[1], p[0]])
    axes[0].plot(*np.transpose([p - 0.9 * tangent, p + 0.9 * tangent]), color=MUTED, linewidth=1.0, linestyle=(0, (4, 2)))
    # Where the names of x, p and u stand, in points from them, clear of the lines.
    panels = (
        (axes[0], (x, p, u), ((7, 2), (-15, 3), (-3, -15))),
        (axes[1], (off, rim, far), ((-3, -15), (8, -3), (-14, 5))),
    )
    data = {"p": p, "inner": float((x - p) @ (u - p)), "before": [], "after": []}
    axes[1].plot(*circle, color=SHADES[3], linewidth=2.2)
    for ax, (start, nearest, other), places in panels:
        ax.annotate(
            "", nearest, start, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 4, "shrinkB": 4}
        )
        ax.plot(*np.transpose([start, other]), color=color("adagrad"), linewidth=1.4)
        ax.plot(*np.transpose([nearest, other]), color=color("adam"), linewidth=1.4, linestyle="--")
        for point, name, place in zip((start, nearest, other), "xpu", places, strict=True):
            ax.plot(*point, **POINT)
            ax.annotate(f"${name}$", point, place, textcoords="offset points")
        data["before"].append(float(np.linalg.norm(start - other)))
        data["after"].append(float(np.linalg.norm(nearest - other)))
        ax.set(aspect="equal", xlim=(-1.3, 1.9), ylim=(-1.25, 1.45), xticks=[], yticks=[])
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
    axes[0].set_title("A disk: always nearer")
    axes[1].set_title("A circle: it may be farther")
    return data, axes


def area_twice(h, A):
    """The sum of h_t (A_t - A_{t+1}) as an area, cut into columns, one a step, and into rows, one a rise of h.

    h (T,): positive, rising. A (T + 1,): positive, falling. Returns (data, axes); data holds the areas of the "columns" (T,), of
    the "rows" (T,), of the "box" A_1 h_T that holds them, and of the "strip" h_T A_{T+1} of the box that belongs to neither.
    """
    h, A = np.asarray(h, float), np.asarray(A, float)
    rises = np.diff(h, prepend=0.0)
    _, axes = figure(1, 2, height=3.1, sharex=True, sharey=True)
    for k, shade in zip(range(len(h)), SHADES, strict=False):
        axes[0].bar(A[k + 1], h[k], A[k] - A[k + 1], align="edge", color=shade, edgecolor="white")
        axes[0].annotate(
            f"$t={k + 1}$", ((A[k] + A[k + 1]) / 2, h[k]), (0, 3), textcoords="offset points", ha="center", fontsize=8.5
        )
        axes[1].barh(h[k] - rises[k], A[k] - A[-1], rises[k], left=A[-1], align="edge", color=shade, edgecolor="white")
        axes[1].annotate(
            f"$t={k + 1}$", (A[k], h[k] - rises[k] / 2), (4, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    for ax, title in zip(axes, ("Columns: the sum", "Rows: by parts"), strict=True):
        ax.plot([0, A[0], A[0]], [h[-1], h[-1], 0], color=MUTED, linewidth=1.0, linestyle=(0, (4, 2)))
        ax.annotate(f"$h_{len(h)} A_{len(A)}$", (A[-1] / 2, h[-1] / 2), ha="center", va="center", fontsize=8.5)
        ax.set(xlabel="squared distance $A$", xlim=(0, A[0] * 1.12), ylim=(0, h[-1] * 1.14))
        ax.set_title(title)
        ax.grid(False)
    axes[0].set_ylabel("weight $h$")
    return {"columns": h * -np.diff(A), "rows": rises * (A[:-1] - A[-1]), "box": A[0] * h[-1], "strip": h[-1] * A[-1]}, axes


def ratios(g):
    """Bars of width g_t^2 and height 1 / sqrt(S_t) under the curve 1 / sqrt(x).

    g (T,): not zero. Returns (data, axes); data holds the right edges "S", the "heights", the "bars" = total area, and the area
    "under" the curve, 2 sqrt(S_T).
    """
    g = np.asarray(g, float)
    S = np.cumsum(g * g)
    heights = 1 / np.sqrt(S)
    _, ax = figure(height=3.1)
    ax.bar(S - g * g, heights, g * g, align="edge", color=SHADES[1], edgecolor="white")
    x = np.linspace(0.02, S[-1], 600)
    ax.plot(x, 1 / np.sqrt(x), color=color("adagrad"))
    ax.annotate(r"$1/\sqrt{x}$", (x[60], 1 / np.sqrt(x[60])), (6, 4), textcoords="offset points", color=color("adagrad"))
    ax.set(xlabel="$S$, the sum of squares so far", ylabel="height", ylim=(0, 2.2 * heights[0]), xlim=(0, S[-1]))
    return {"S": S, "heights": heights, "bars": float(np.sum(g * g * heights)), "under": 2 * float(np.sqrt(S[-1]))}, ax


def signs(t, regrets, exact, lower, upper):
    """Mean regret against random signs, dots with three standard errors, on the line that all rules share.

    t (r,): the steps. regrets: by rule, (r, runs). exact, lower, upper (r,): the mean, the proved lower bound, the norm-adaptive
    bound. Returns (data, axes); data holds the three lines and for each rule its "mean" and standard "error".
    """
    _, ax = figure(height=3.4)
    data = {"exact": exact, "lower": lower, "upper": upper}
    for line, label, style, above in (
        (upper, r"bound $2\sqrt{2}\,D\sqrt{T}$", {"color": color("adagrad_norm"), "linestyle": (0, (1, 1.5))}, 0),
        (exact, "exact mean", {"color": MUTED, "linewidth": 1.2}, 6),
        (lower, r"$D\sqrt{T/2}$", {"color": MUTED, "linestyle": (0, (1, 1.5))}, -8),
    ):
        ax.loglog(t, line, **style)
        direct_label(ax, t[-1], line[-1], label, color=style["color"], xytext=(9, above))
    nudge = {name: 1.06**k for k, name in zip((-1, 0, 1), regrets, strict=True)}
    for (name, values), marker in zip(regrets.items(), "s^o", strict=True):
        mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
        data[name] = {"mean": mean, "error": error}
        shown = {"color": color(name), "fmt": marker, "markersize": 4, "capsize": 2, "elinewidth": 1.0}
        ax.errorbar(t * nudge[name], mean, yerr=3 * error, label=NAMES[name], **shown)
    ax.legend(loc="upper left")
    ax.set(xlabel="horizon $T$", ylabel="mean regret")
    return data, ax


def stream(t, regrets, bounds):
    """Regret on a stream: the mean over orders with the range of all of them; the bounds dotted, in the colour of their rule.

    t (r,): the steps. regrets, bounds: by rule, (r, orders). Returns (data, axes); data holds for each rule "mean", "low", "high"
    of the regret and the mean "bound".
    """
    _, ax = figure(height=3.8)
    data = {}
    for name, values in regrets.items():
        data[name] = {"mean": values.mean(axis=1), "low": values.min(axis=1), "high": values.max(axis=1)}
        data[name]["bound"] = bounds[name].mean(axis=1)
        ax.fill_between(t, data[name]["low"], data[name]["high"], color=color(name), alpha=0.15, linewidth=0)
        ax.plot(t, data[name]["mean"], color=color(name), linestyle=linestyle(name))
        ax.plot(t, data[name]["bound"], color=color(name), linewidth=1.2, linestyle=(0, (1, 1.5)))
        direct_label(ax, t[-1], data[name]["mean"][-1], NAMES[name], name)
        direct_label(ax, t[-1], data[name]["bound"][-1], "its bound", name)
    ax.set(xlabel="step $T$", ylabel="regret", yscale="log", ylim=(3, None), xlim=(0, t[-1]))
    return data, ax


def scales(factors, regrets, bounds):
    """Regret on a stream whose losses are multiplied by a factor, divided by it again.

    factors (k,). regrets, bounds: by rule, (k,), both divided by the factor. Returns (data, axes); data holds both by rule.
    """
    _, ax = figure(height=3.4)
    for name, values in regrets.items():
        ax.loglog(factors, values, color=color(name), linestyle=linestyle(name))
        direct_label(ax, factors[-1], values[-1], NAMES[name], name)
        ax.loglog(factors, bounds[name], color=color(name), linewidth=1.2, linestyle=(0, (1, 1.5)))
    ax.axvline(1.0, color=GRID, linewidth=1.2, zorder=0)
    ax.set(xlabel="factor of the losses", ylabel="regret over factor")
    return {name: {"regret": regrets[name], "bound": bounds[name]} for name in regrets}, ax
