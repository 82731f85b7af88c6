"""The figures of "When AdaGrad wins"."""

import numpy as np

from lecture_optim.plots.style import GRID, INK, MUTED, color, direct_label, figure, linestyle

__all__ = ["constants", "ratio_by_dimension", "races", "regret_curves", "two_ratios"]

NAMES = {"adagrad": "AdaGrad", "adagrad_norm": "norm version", "sgd": "SGD, best rate"}
BOUND = {"linewidth": 1.1, "linestyle": (0, (4, 2))}


def ratio_by_dimension(d, panels):
    """The mean of ||s||_1 / sqrt(T) on the one-hot stream against d, its bounds, and simulations with error bars.

    d (m,). panels: by T, a dict of "exact", "Jensen", "printed", "both regimes", each (m,), "limit", a number, and "runs" =
    (d (r,), means (r,), standard errors (r,)). Returns (data, axes), data = panels.
    """
    _, axes = figure(1, len(panels), height=3.7, sharey=True)
    places = {"printed": "printed $H_d$", "Jensen": "$H_d/\\sqrt{Z_d}$", "both regimes": "one bound\nfor all $d$"}
    for ax, (T, p) in zip(axes, panels.items(), strict=True):
        ax.semilogx(d, p["printed"], color=MUTED, linewidth=1.0, linestyle=":")
        ax.semilogx(d, p["Jensen"], color=MUTED, **BOUND)
        ax.semilogx(d, p["both regimes"], color=color("amsgrad"), linewidth=1.4)
        ax.axhline(p["limit"], color=color("amsgrad"), linewidth=0.9, linestyle=":")
        ax.semilogx(d, p["exact"], color=color("adagrad"), linewidth=2.2)
        where, means, errors = p["runs"]
        ax.errorbar(where, means, 3 * np.asarray(errors), color=INK, fmt="o", markersize=3.5, capsize=2.5, linewidth=1.0)
        ax.set(xlabel="$d$", title=f"$T = 10^{{{round(np.log10(T))}}}$", ylim=(0, 11))
    limit = panels[next(iter(panels))]["limit"]
    direct_label(axes[0], d[0], limit, "limit for all $d$", color=color("amsgrad"), fontsize=8.5, xytext=(0, 7))
    ax = axes[-1]
    last = panels[list(panels)[-1]]
    for name, text in places.items():
        shade = color("amsgrad") if name == "both regimes" else MUTED
        rise = 12 if name == "both regimes" else 0
        direct_label(ax, d[-1], last[name][-1], text, color=shade, fontsize=8.5, xytext=(5, rise))
    direct_label(ax, d[-1], last["exact"][-1], "exact", color=color("adagrad"), fontsize=8.5, xytext=(5, -6))
    axes[0].set_ylabel("$\\mathbb{E}\\,\\Vert s\\Vert_1/\\sqrt{T}$")
    return panels, axes


def two_ratios(streams, points):
    """The ratio of the gradients' norms against the ratio of the comparator's, and the line on which the two bounds are equal.

    streams: by name, (the ratio ||s||_1 / ||s||_2, d): drawn from the comparator with a single entry to that with equal sizes.
    points: by name, (D_2 / D_inf, ||s||_1 / ||s||_2), measured. Returns (data, axes), data = {"streams", "points", "smaller"};
    "smaller" says for each point whose bound is smaller.
    """
    _, axes = figure(height=4.4)
    ends = np.array([0.9, 150.0])
    axes.fill_between(ends, 0.8, ends, color=color("adagrad"), alpha=0.15, linewidth=0)
    axes.loglog(ends, ends, color=INK, linewidth=1.2)
    for name, (ratio, d) in streams.items():
        axes.loglog([1, np.sqrt(d)], [ratio, ratio], color=MUTED, linewidth=1.6, marker="|", markersize=8)
        axes.annotate(name, (1.06, ratio), (0, 4), textcoords="offset points", fontsize=8.5, color=INK)
    for name, (x, y) in points.items():
        axes.loglog(x, y, marker="o", markersize=5.5, color=color("adam"), linestyle="none")
        axes.annotate(name, (x, y), (0, 8), textcoords="offset points", fontsize=8.5, ha="center", color=color("adam"))
    style = {"transform": axes.transAxes, "fontsize": 9.5}
    axes.text(0.97, 0.05, "AdaGrad's bound is smaller", ha="right", color=color("adagrad"), **style)
    axes.text(0.03, 0.94, "the norm version's bound is smaller", color="#2579ad", **style)
    axes.set(
        xlim=(0.9, 150), ylim=(0.8, 150), xlabel="$D_2/D_\\infty$, of the comparator",
        ylabel="$\\Vert s\\Vert_1/\\Vert s\\Vert_2$, of the gradients",
    )  # fmt: skip
    axes.grid(False)
    smaller = {name: "adagrad" if y < x else "adagrad_norm" for name, (x, y) in points.items()}
    return {"streams": streams, "points": points, "smaller": smaller}, axes


def regret_curves(t, regrets, bounds):
    """Mean regret over the runs with the range of the runs as a band, and the mean bounds, dashed; both axes logarithmic.

    t (r,). regrets: by rule, (r, runs). bounds: by rule, (r, runs). Returns (data, axes); data holds "t" and by rule a dict of
    "regret" and "bound", both (r,), the latter None where there is no bound.
    """
    _, axes = figure(height=3.9)
    data = {"t": np.asarray(t)}
    for rule, runs in regrets.items():
        mean = runs.mean(axis=1)
        axes.loglog(t, mean, color=color(rule), linestyle=linestyle(rule))
        axes.fill_between(t, runs.min(axis=1), runs.max(axis=1), color=color(rule), alpha=0.2, linewidth=0)
        shift = {"adagrad": 6, "sgd": -6, "adagrad_norm": -5}[rule]
        direct_label(axes, t[-1], mean[-1], NAMES[rule], rule, xytext=(5, shift))
        data[rule] = {"regret": mean, "bound": None}
    for rule, runs in bounds.items():
        mean = runs.mean(axis=1)
        axes.loglog(t, mean, color=color(rule), **BOUND)
        direct_label(axes, t[-1], mean[-1], f"bound, {NAMES[rule]}", rule, fontsize=8.5, xytext=(5, 5))
        data[rule]["bound"] = mean
    axes.set(xlabel="step $t$", ylabel="regret")
    return data, axes


def races(bounds, panels):
    """The ratio of the regrets against the ratio of the bounds, AdaGrad's over the norm version's, one dot a problem.

    bounds (problems,). panels: by title, (problems,). Returns (data, axes); data holds by title the number of problems on which
    "both" ratios lie on the same side of 1, and "of" how many.
    """
    _, axes = figure(1, len(panels), height=3.9, sharex=True, sharey=True)
    data = {}
    for ax, (title, regrets) in zip(axes, panels.items(), strict=True):
        same = (bounds < 1) == (regrets < 1)
        ax.axhline(1, color=INK, linewidth=0.9)
        ax.axvline(1, color=INK, linewidth=0.9)
        ax.loglog(bounds[same], regrets[same], "o", markersize=4, color=color("adagrad"))
        ax.loglog(bounds[~same], regrets[~same], "D", markersize=4.5, color=color("adam"), markerfacecolor="white")
        ax.set(title=title, xlabel="ratio of the bounds")
        for axis, ticks in ((ax.xaxis, (0.5, 1, 2, 5)), (ax.yaxis, (0.2, 0.5, 1, 2, 5, 10))):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_ticks([], minor=True)
        data[title] = {"both": int(same.sum()), "of": same.size}
    axes[0].set_ylabel("ratio of the regrets")
    for place, text in ((0.93, "AdaGrad loses"), (0.04, "AdaGrad wins")):
        axes[-1].text(0.97, place, text, transform=axes[-1].transAxes, color=MUTED, fontsize=8.5, ha="right")
    axes[0].text(
        0.97, 0.04, "diamonds: against the bound", transform=axes[0].transAxes, color="#b34e00", fontsize=8.5, ha="right"
    )
    return data, axes


def constants(grids, losses, theorem):
    """The progressive loss against the constant c: means over the splits with their range, and the theorem's choice marked.

    grids: by rule, (k,). losses: by rule, (splits, k). theorem: by rule, (c, loss) with the c of the theorem and a projection.
    Returns (data, axes); data holds by rule the "mean" (k,) and the "best" c.
    """
    _, axes = figure(height=3.6)
    data = {}
    for rule, c in grids.items():
        mean, best = losses[rule].mean(axis=0), losses[rule].mean(axis=0).argmin()
        axes.loglog(c, mean, color=color(rule), linestyle=linestyle(rule), marker="o", markersize=4)
        axes.fill_between(c, losses[rule].min(axis=0), losses[rule].max(axis=0), color=color(rule), alpha=0.25, linewidth=0)
        axes.annotate(
            NAMES[rule], (c[best], mean[best]), (0, -14), textcoords="offset points", ha="center", color=color(rule), fontsize=9
        )
        axes.loglog(*theorem[rule], marker="X", markersize=8, color=color(rule), linestyle="none")
        direct_label(axes, *theorem[rule], "its theorem's $c$", rule, fontsize=8.5, ha="center", xytext=(0, -13))
        data[rule] = {"mean": mean, "best": float(c[best])}
    axes.axhline(np.log(2), color=GRID, linewidth=1.2)
    axes.annotate(
        "always 1/2: ln 2", (axes.get_xlim()[0], np.log(2)), (4, 3), textcoords="offset points", fontsize=8.5, color=MUTED
    )
    axes.set(xlabel="constant $c$", ylabel="progressive loss", ylim=(0.15, None))
    axes.yaxis.set_ticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    axes.yaxis.set_ticks([], minor=True)
    return data, axes
