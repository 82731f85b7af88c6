"""The figures of the chapter "The algorithm"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["caps", "paths", "ratios", "silence", "signal"]

_WIDTH = 6.2  # inches: narrow, so that the letters stay readable on a telephone
_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def _level(axes, x, y, text, **options):
    """A horizontal line with its name above it."""
    axes.axhline(y, color=MUTED, linewidth=1.0, linestyle=":")
    direct_label(axes, x, y, text, **{"xytext": (0, 6), "color": INK, "fontsize": 10.5, **options})


def caps(curves, levels, gradients):
    """The largest step against t, and the gradients that make it.

    curves: by caption, (t, K) arrays; the first is drawn as Adam's. levels: by caption, a height. gradients: (n,), the last n of
    them, divided by the very last. Returns (data, axes); data holds "curves" and "gradients".
    """
    _, axes = figure(2, 1, height=5.6, width=_WIDTH, height_ratios=(1.5, 1))
    upper, lower = axes
    for k, (caption, (t, K)) in enumerate(curves.items()):
        upper.plot(t, K, color=MUTED if k else color("adam"), linewidth=1.3 if k else 2.2)
        high = len(t) // 2 if k else int(0.62 * len(t))
        side = {"ha": "left", "xytext": (6, -8)} if k else {"ha": "right", "xytext": (-8, 4)}
        direct_label(upper, t[high], K[high], caption, None if k else "adam", fontsize=10.5, bbox=_WHITE, **side)
    for caption, height in levels.items():
        _level(upper, 1, height, caption)
    upper.set(xscale="log", xlabel="step $t$", ylabel="largest step / $\\alpha$", ylim=(0, 8.4))
    ages = np.arange(len(gradients))[::-1]
    lower.vlines(ages, 0, gradients, color=color("adam"), linewidth=2.2)
    lower.set(xlabel="age: steps before $t$", ylabel="gradient / the last", xlim=(len(gradients), -1), ylim=(0, 1.05))
    return {"curves": curves, "gradients": gradients}, axes


def silence(n, first, k, after, levels):
    """The step at a gradient that comes after n silent steps, and the steps that follow it in renewed silence.

    n, first and k, after: arrays of equal length in pairs. levels: by caption, a height of the upper panel.
    Returns (data, axes).
    """
    _, axes = figure(2, 1, height=5.2, width=_WIDTH, height_ratios=(1.3, 1))
    upper, lower = axes
    upper.plot(n + 1, first, color=color("adam"))
    for caption, height in levels.items():
        _level(upper, 1, height, caption)
    upper.set(xscale="log", xlabel="step of the gradient, $n + 1$", ylabel="step / $\\alpha$", ylim=(0, 3.7))
    lower.bar(k, after, color=color("adam"), width=0.8)
    lower.set(xlabel="steps since the gradient, $k$", ylabel="step / $\\alpha$", ylim=(0, 3.7))
    return {"n": n, "first": first, "k": k, "after": after}, axes


def ratios(runs, levels):
    """The share of steps above a size, for several runs. runs: by caption, the sizes; levels: by caption, a size.

    Returns (data, axes); data holds the sorted sizes and the shares of each run.
    """
    _, axes = figure(height=3.5, width=_WIDTH)
    data = {}
    for number, (caption, sizes) in enumerate(runs.items()):
        x = np.sort(sizes)
        share = 1 - np.arange(len(x)) / len(x)
        data[caption] = (x, share)
        axes.plot(x, share, color=color("adam"), linestyle="--" if number else "-", linewidth=1.8)
        at = int(len(x) * (0.985 if number else 0.87))
        side = {"xytext": (6, 8)} if number else {"xytext": (0, 12)}
        direct_label(axes, x[at], share[at], caption, "adam", fontsize=10.5, bbox=_WHITE, **side)
    for caption, size in levels.items():
        axes.axvline(size, color=MUTED, linewidth=1.0, linestyle=":")
        direct_label(axes, size, 0.9, caption, xytext=(4, 0), fontsize=10.5, bbox=_WHITE)
    axes.set(yscale="log", ylim=(1e-5, 1.2), xlim=(0, 4.4), xlabel="step / $\\alpha$", ylabel="share of larger steps")
    return data, axes


def signal(snr, limit, size, error, floor):
    """The size of a step against the signal-to-noise ratio: its limit, runs with the default rates, and the noise floor.

    snr, limit: arrays. size, error: by snr, a mean and its standard error. Returns (data, axes).
    """
    _, axes = figure(height=3.3, width=_WIDTH)
    axes.plot(snr, limit, color=INK, linewidth=1.2)
    axes.errorbar(list(size), list(size.values()), list(error.values()), color=color("adam"), fmt="o", markersize=5)
    axes.axhline(floor, color=MUTED, linestyle=":", linewidth=1.2)
    direct_label(axes, snr[0], floor, "noise floor", xytext=(2, -9), color=MUTED, fontsize=10.5)
    low = len(snr) // 4
    direct_label(axes, snr[low], limit[low], "limit of long averages", xytext=(8, -4), fontsize=10.5)
    x = list(size)[1]
    direct_label(axes, x, size[x], "runs with the defaults", "adam", xytext=(0, 12), fontsize=10.5)
    axes.set(xscale="log", yscale="log", xlabel="signal-to-noise ratio of the gradient", ylabel="size of a step / $\\alpha$")
    return {"snr": snr, "limit": limit, "size": size, "error": error}, axes


def paths(A, runs, start):
    """Paths of several runs in the axes of a quadratic w'Aw/2, with contour lines.

    A: (2, 2), diagonal. runs: by caption, (rule's name, style, (n, 2) points). Returns (data, axes), data = the points.
    """
    _, axes = figure(height=3.8, width=_WIDTH)
    x, y = np.meshgrid(np.linspace(-0.4, 1.5, 121), np.linspace(-0.4, 1.2, 121))
    level = 0.5 * (A[0, 0] * x**2 + A[1, 1] * y**2)
    axes.contour(x, y, level, levels=np.array([0.05, 0.5, 2.0, 5.0, 9.0]), colors=MUTED, linewidths=0.6)
    for caption, (rule, style, points, at, offset) in runs.items():
        axes.plot(*points.T, color=color(rule), linestyle=style, linewidth=1.8)
        direct_label(axes, *points[at], caption, rule, fontsize=10.5, bbox=_WHITE, **offset)
    axes.plot(*start, "o", color=INK, markersize=5)
    axes.set(xlabel="along the flat axis", ylabel="along the steep axis", xlim=(-0.4, 1.5), ylim=(-0.4, 1.2))
    axes.grid(False)
    return {caption: run[2] for caption, run in runs.items()}, axes
