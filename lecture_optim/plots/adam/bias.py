"""The figures of the chapter "Bias correction"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["drift", "first_losses", "hidden_factors", "start"]

_RAW, _FIRST = "#7c5aa6", "#009e73"  # an average without its correction; the correction of m
_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def start(t, raw, corrected, expected, level):
    """Averages of squares from 0, without and with the correction: their mean over many runs, and where four fifths of them lie.

    t: (T,). raw, corrected: (T, runs). expected: (T,), the exact mean of the raw one. level: the mean of the squares.
    Returns (data, axes); data holds "mean", "low" and "high" of each.
    """
    _, axes = figure(height=3.2, width=6.4)
    data = {}
    for name, runs, tint in (("corrected", corrected, color("adam")), ("raw", raw, _RAW)):
        low, high = np.quantile(runs, (0.1, 0.9), axis=1)
        data[name] = {"mean": runs.mean(axis=1), "low": low, "high": high}
        axes.fill_between(t, low, high, color=tint, alpha=0.22, linewidth=0)
        axes.plot(t, data[name]["mean"], color=tint)
    axes.plot(t, expected, color=INK, linewidth=1.0, linestyle="--")
    axes.axhline(level, color=MUTED, linewidth=1.0, linestyle=":")
    direct_label(axes, t[4], 2.1 * level, "corrected, $\\hat v_t$", "adam", xytext=(0, 0), fontsize=10)
    k = int(0.22 * len(t))
    direct_label(axes, t[k], expected[k], "raw, $v_t$", xytext=(10, -14), color=_RAW, fontsize=10, bbox=_WHITE)
    axes.set(xscale="log", xlabel="step $t$", ylabel="average, in units of $\\nu$", ylim=(0, 2.8 * level), xlim=(t[0], t[-1]))
    return data, axes


def hidden_factors(t, factors):
    """By what the step is multiplied where corrections are left out, both axes logarithmic.

    t: (T,). factors: "v", "both" and "m", what is not corrected, each (T,). Returns (data, axes), data = factors.
    """
    _, axes = figure(height=3.2, width=6.4)
    lines = {"v": (_RAW, "$v$ alone not corrected"), "both": (color("adam"), "neither"), "m": (_FIRST, "$m$ alone")}
    for name, (tint, _) in lines.items():
        axes.plot(t, factors[name], color=tint)
    axes.axhline(1, color=MUTED, linewidth=1.0, linestyle=":")
    at = {"v": (2, (8, 6)), "both": (2, (12, -12)), "m": (2, (10, -6))}
    for name, (tint, text) in lines.items():
        k, offset = at[name]
        direct_label(axes, t[k], factors[name][k], text, color=tint, xytext=offset, fontsize=10)
    axes.set(xscale="log", yscale="log", xlabel="step $t$", ylabel="length of a step, relative")
    axes.set_yticks([0.1, 1, 3.162, 10, 31.62], ["0.1", "1", "3.16", "10", "31.6"])
    axes.minorticks_off()
    return factors, axes


def drift(panels):
    """A moving second moment and what a corrected average says of it, a panel a stream.

    panels: by title, a dict of arrays (T,): "t", "moment", "corrected", "raw" (measured means), "exact" (of the corrected one).
    Returns (data, axes), data = panels.
    """
    _, axes = figure(1, len(panels), height=3.1, width=6.8)
    for panel, (title, run) in zip(axes, panels.items(), strict=True):
        panel.plot(run["t"], run["raw"], color=_RAW, linewidth=1.3)
        panel.plot(run["t"], run["moment"], color=INK)
        panel.plot(run["t"], run["corrected"], color=color("adam"))
        dots = slice(9, None, max(1, len(run["t"]) // 20))
        panel.plot(run["t"][dots], run["exact"][dots], "o", color=INK, markersize=3)
        panel.set(xlabel="step $t$", title=title, ylim=(0, 1.18 * max(run["moment"].max(), run["corrected"].max())))
    axes[0].set_ylabel("mean of $g_t^2$")
    names = (("second moment $\\nu_t$", INK), ("corrected, $\\hat v_t$", color("adam")), ("raw, $v_t$", _RAW))
    for k, (text, tint) in enumerate(names):
        axes[1].annotate(text, (0.97, 0.95 - 0.1 * k), xycoords="axes fraction", color=tint, ha="right", va="top", fontsize=9.5)
    return panels, axes


def first_losses(curves, valleys):
    """Losses of the first steps at one rate, and the mean of the first losses against the rate.

    curves: by name, (T, seeds). valleys: by name, (rates, mean (k,), standard error (k,)). Names that begin with "without"
    are drawn as uncorrected, names that end with "warm-up" dashed. Returns (data, axes); data holds both.
    """
    _, axes = figure(1, 2, height=3.3, width=6.8)
    left, right = axes

    def look(name):
        tint = _RAW if name.startswith("without") else color("adam")
        return {"color": tint, "linestyle": "--" if name.endswith("warm-up") else "-"}

    for name, losses in curves.items():
        t = np.arange(1, len(losses) + 1)
        low, high = losses.min(axis=1), losses.max(axis=1)
        if not name.endswith("warm-up"):
            left.fill_between(t, low, high, color=look(name)["color"], alpha=0.2, linewidth=0)
        left.plot(t, losses.mean(axis=1), linewidth=1.6, **look(name))
    left.set(xlabel="step $t$", ylabel="loss of the batch", yscale="log", ylim=(0.03, 30))
    left.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    for name, (rates, mean, error) in valleys.items():
        right.errorbar(rates, mean, yerr=error, linewidth=1.6, capsize=2, marker="o", markersize=3.5, **look(name))
    right.set(xscale="log", xlabel="learning rate", ylabel="mean of the first losses", yscale="log")
    right.set_yticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
    right.minorticks_off()
    names = (("corrected", color("adam")), ("without", _RAW), ("dashed: with warm-up", MUTED))
    for k, (text, tint) in enumerate(names):
        left.annotate(text, (0.97, 0.95 - 0.1 * k), xycoords="axes fraction", color=tint, ha="right", va="top", fontsize=9.5)
    return {"curves": curves, "valleys": valleys}, axes
