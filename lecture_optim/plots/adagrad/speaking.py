"""The figures of the chapter "Who is speaking"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["evidence", "first_step", "flat_coordinates", "new_words", "waits"]

_NUMPY, _SYMPY, _FILES = "#a3561f", "#7c5aa6", "#2f7d6d"  # no optimizer's colours


def flat_coordinates(n, curvature, paragraphs, levels):
    """Curvature of the mean loss in every word's weight against the word's count, both axes logarithmic, with its bound.

    n: (d,) counts. curvature: (d,), drawn as points. paragraphs: their number N, for the line n / (4N). levels: by caption,
    a constant drawn as a horizontal line. Returns (data, axes); data holds "n", "curvature" and "bound".
    """
    _, axes = figure(height=3.7)
    axes.scatter(n, curvature, s=5, color=color("adagrad"), alpha=0.35, linewidths=0)
    ends = np.array([1, n.max()])
    axes.plot(ends, ends / (4 * paragraphs), color=INK, linewidth=1.0)
    direct_label(axes, 40, 40 / (4 * paragraphs), "bound, met at $w = 0$", xytext=(-6, 6), ha="right", fontsize=8.5)
    direct_label(axes, 100, 3e-6, "after a pass", "adagrad", fontsize=8.5)
    for caption, value in levels.items():
        axes.axhline(value, color=MUTED, linewidth=1.0, linestyle="--")
        direct_label(axes, 2 * n.max(), value, caption, color=MUTED, fontsize=8.5)
    axes.set(xscale="log", yscale="log", xlabel="paragraphs that hold the word", ylabel="curvature", ylim=(1e-7, 20))
    axes.set_xlim(0.7, 2 * n.max())
    return {"n": n, "curvature": curvature, "bound": n / (4 * paragraphs)}, axes


def new_words(read, predicted, found):
    """New words a paragraph against the number of paragraphs read: foretold and then found, both axes logarithmic.

    read: (k,). predicted, found: (orders, k). Found is drawn with its mean and standard deviation over the orders.
    Returns (data, axes); data holds "read", "predicted", "found" (means) and "spread" (the deviations of found).
    """
    _, axes = figure(height=3.3)
    told, mean, spread = predicted.mean(axis=0), found.mean(axis=0), found.std(axis=0, ddof=1)
    axes.plot(read, told, color=INK, linewidth=1.2)
    axes.errorbar(read, mean, spread, fmt="o", color=_FILES, markersize=4.5, elinewidth=1.0, capsize=2)
    direct_label(axes, read[2], told[2], "words seen once / paragraphs read", xytext=(8, 10), fontsize=8.5)
    direct_label(axes, read[2], mean[2], "found in the next tenth", xytext=(-8, -16), color=_FILES, ha="right", fontsize=8.5)
    axes.set(xscale="log", yscale="log", xlabel="paragraphs read", ylabel="new words a paragraph")
    return {"read": read, "predicted": told, "found": mean, "spread": spread}, axes


def waits(runs):
    """The share of all words that have returned, against the paragraphs since their first sighting (logarithmic).

    runs: by caption, the waits of the words that return, and the number of all words. Returns (data, axes), data by caption
    (wait, share).
    """
    _, axes = figure(height=3.1)
    data = {}
    for (caption, (wait, words)), tint in zip(runs.items(), (_FILES, _SYMPY), strict=True):
        wait = np.sort(wait)
        share = np.arange(1, len(wait) + 1) / words
        axes.plot(wait, share, color=tint, drawstyle="steps-post")
        k = min(np.searchsorted(wait, 150), len(wait) - 1)
        direct_label(axes, 150, share[k], caption, xytext=(-6, 8), color=tint, ha="right", fontsize=8.5)
        data[caption] = wait, share
    axes.set(xscale="log", xlabel="paragraphs until the second sighting", ylabel="share of all words", ylim=(0, 1))
    return data, axes


def evidence(n, logratio, error, middle, shares):
    """Two panels: the log odds ratio of every word against its count; the share of words beyond two standard errors.

    n, logratio, error: (d,); words with |logratio| > 2 error are coloured. middle: (k,) counts. shares: by caption, (r, k) shares
    of r runs, drawn as a line with a band from least to most. Returns (data, axes), data by caption (least, mean, most).
    """
    _, axes = figure(1, 2, height=3.3, width=8.2)
    beyond = np.abs(logratio) > 2 * error
    for group, tint in ((~beyond, MUTED), (beyond, _NUMPY)):
        axes[0].scatter(n[group], logratio[group], s=4, color=tint, alpha=0.4, linewidths=0)
    axes[0].set(xscale="log", xlabel="paragraphs that hold the word", ylabel="log odds ratio, NumPy's above 0", title="Each word")
    axes[0].annotate(
        "beyond two errors", (0.98, 0.97), xycoords="axes fraction", color=_NUMPY, fontsize=8.5, ha="right", va="top"
    )
    axes[0].annotate("within", (0.98, 0.89), xycoords="axes fraction", color=MUTED, fontsize=8.5, ha="right", va="top")
    data = {}
    for (caption, runs), tint in zip(shares.items(), (_NUMPY, _FILES, MUTED), strict=True):
        low, mean, high = runs.min(axis=0), runs.mean(axis=0), runs.max(axis=0)
        axes[1].plot(middle, mean, color=tint, marker="o", markersize=3.5, linewidth=1.4)
        axes[1].fill_between(middle, low, high, color=tint, alpha=0.2, linewidth=0)
        direct_label(axes[1], middle[-1], mean[-1], caption, color=tint, fontsize=8.5)
        data[caption] = low, mean, high
    axes[1].set(xscale="log", ylim=(0, 1), xlabel="paragraphs that hold the word", title="Share beyond two errors")
    axes[1].set_xlim(1, 3e5)
    return data, axes


def first_step(sightings, logodds, base):
    """Log odds that the next sighting is by the same package, after k sightings that all were.

    sightings: (k,). logodds: by package, (orders, k), "NumPy" and "SymPy". base: by package, the log odds before any sighting,
    drawn at 0. Returns (data, axes), data by package (k + 1,): the base and the means.
    """
    _, axes = figure(height=3.2)
    at, data = np.concatenate(([0], sightings)), {}
    for package, tint in (("NumPy", _NUMPY), ("SymPy", _SYMPY)):
        values = np.concatenate(([base[package]], logodds[package].mean(axis=0)))
        axes.plot(at, values, color=tint, marker="o", markersize=4.5, linewidth=1.3)
        direct_label(axes, at[-1], values[-1], f"so far only {package}", xytext=(7, 0), color=tint, fontsize=8.5)
        data[package] = values
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set(xlabel="sightings so far, all by one package", ylabel="log odds of the same again", xticks=at)
    axes.set_xlim(-0.3, at[-1] + 1.6)
    return data, axes
