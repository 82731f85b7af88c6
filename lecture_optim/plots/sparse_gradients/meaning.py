"""The figures of the chapter "What sparse means": real gradients, their shares, thresholds and noise, and windows of a stream."""

import numpy as np

from lecture_optim.plots.style import GRID, INK, MUTED, direct_label, figure
from lecture_optim.sparsity import coordinates_holding, cumulative_share

__all__ = ["disturbance", "share_curves", "threshold_counts", "union_growth", "where_nonzero"]

# Two data sets, two colours, neither of them an optimizer's.
TEXT, IMAGES = INK, "#b3005e"
# Two measures that are not drawn in ink.
EFFECTIVE, SQUARES = "#9a6700", "#0b7285"


def _line(name):
    """Colour by data set, dashes by how much of it: one example solid, a batch dashed, everything dotted."""
    return {"color": IMAGES if "image" in name else TEXT, "linestyle": "-" if "one" in name else ":" if "all" in name else "--"}


def _square(count):
    return int(np.ceil(np.sqrt(count)))


def where_nonzero(paragraph, image, network, gradient):
    """Where two gradients are not zero: a paragraph's, a square a coordinate, and a network's on one image, a tile a hidden unit.

    paragraph (d,): the gradient of a linear score, laid out row by row. image (8, 8). gradient (network.d,): of the network
    with 64 inputs; each hidden unit's 64 weights are drawn as an image. Returns the masks "paragraph" (d,) and "network"
    (units, 8, 8).
    """
    data = {"paragraph": paragraph != 0, "network": (network.layers(gradient)[0][0] != 0).T.reshape(-1, *image.shape)}
    _, axes = figure(1, 3, height=3.1, width_ratios=[3, 1.1, 3])
    width = _square(len(paragraph))
    rows, columns = np.divmod(np.flatnonzero(paragraph), width)
    axes[0].plot(columns, rows, "s", color=TEXT, markersize=3.5)
    axes[0].set(xlim=(-3, width + 2), ylim=(width + 2, -3), aspect="equal")
    axes[0].set_xlabel(f"one paragraph: {data['paragraph'].sum():,} of {len(paragraph):,}")
    axes[1].imshow(image, cmap="gray_r")
    axes[1].set_xlabel("one image")
    side = _square(len(data["network"]))
    canvas = np.full((9 * side + 1, 9 * side + 1, 3), 1.0)
    ink, ground = (np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) / 255 for c in (IMAGES, GRID))
    for unit, tile in enumerate(data["network"]):
        top, left = 9 * (unit // side) + 1, 9 * (unit % side) + 1
        canvas[top : top + 8, left : left + 8] = np.where(tile[..., None], ink, ground)
    axes[2].imshow(canvas, interpolation="nearest")
    axes[2].set_xlabel(f"first layer: {data['network'].sum():,} of {data['network'].size:,}")
    for ax in axes:
        ax.grid(False)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
    axes[2].spines[:].set_visible(False)
    return data, axes


def share_curves(gradients, share=0.9):
    """The share of the squared norm that the k largest entries hold, against k, for each named gradient (d,).

    A dot marks the least k that holds ``share``. Returns (data, axes); data holds for each name the curve (d,).
    """
    _, ax = figure(height=3.6)
    data = {name: cumulative_share(g) for name, g in gradients.items()}
    for name, held in data.items():
        ax.plot(np.arange(1, len(held) + 1), held, label=name, **_line(name))
        k = coordinates_holding(gradients[name], share)
        ax.plot(k, held[k - 1], "o", color=_line(name)["color"], markersize=4)
    ax.axhline(share, color=MUTED, linewidth=0.8)
    ax.set(xscale="log", xlim=(0.9, None), ylim=(0, 1.02), xlabel="number of coordinates $k$", ylabel="share of the squared norm")
    ax.legend(loc="lower right", frameon=False)
    return data, ax


def threshold_counts(gradients, thresholds):
    """How many entries are at least ``threshold`` times the largest, against the threshold, for each named gradient (d,).

    thresholds: increasing. Returns (data, axes); data holds for each name the counts, one a threshold.
    """
    _, ax = figure(height=3.4)
    data = {}
    for name, g in gradients.items():
        sizes = np.sort(np.abs(g))
        data[name] = len(g) - np.searchsorted(sizes, thresholds * sizes[-1], side="left")
        ax.plot(thresholds, data[name], **_line(name))
    most = max(data, key=lambda name: data[name][0])
    for name, counts in data.items():
        place = {"xytext": (2, 3), "va": "bottom"} if name == most else {"xytext": (2, -3), "va": "top"}
        direct_label(ax, thresholds[0], counts[0], name, color=_line(name)["color"], fontsize=8.5, **place)
    ax.set(xscale="log", yscale="log", xlabel="threshold, as a share of the largest entry", ylabel="entries that reach it")
    ax.margins(y=0.09)
    return data, ax


def disturbance(noise_size, support, effective, effective_squares, holding, bound):
    """Four measures of one gradient with noise of relative size noise_size (k,), each (k,), against that size.

    bound (k,): the proved upper bound of the effective support, drawn thin. Returns (data, axes); data holds all by name.
    """
    _, ax = figure(height=3.4)
    lines = {
        "support": (support, r"$|\mathrm{supp}\,|$", {"color": INK}, 0),
        "effective": (effective, r"$N_{\mathrm{eff}}$", {"color": EFFECTIVE}, 0),
        "effective_squares": (effective_squares, r"$N_2$", {"color": SQUARES}, 4),
        "holding": (holding, r"$k_{0.9}$", {"color": MUTED, "linestyle": "--"}, -4),
    }
    for values, label, look, shift in lines.values():
        ax.plot(noise_size, values, **look)
        direct_label(ax, noise_size[-1], values[-1], label, color=look["color"], xytext=(5, shift))
    ax.plot(noise_size, bound, color=EFFECTIVE, linewidth=1.0, linestyle=(0, (4, 2)))
    direct_label(ax, noise_size[-1], bound[-1], "bound", color=EFFECTIVE)
    ax.set(xscale="log", yscale="log", xlim=(noise_size[0], noise_size[-1]), ylim=(10, None))
    ax.set(xlabel=r"relative size of the noise $\varepsilon$", ylabel="coordinates")
    return {name: values for name, (values, *_) in lines.items()} | {"bound": bound}, ax


def union_growth(n, in_order, shuffled, random_order, independent, at_most):
    """How many coordinates a window of n steps touches, against n (k,); below, each as a share of ``random_order``.

    Each (k,): measured in the order of the data and after a shuffle (circles and dots); expected in random order, and for
    independent steps; the sum of the steps' supports. Returns (data, axes); data holds all curves by name.
    """
    _, axes = figure(2, 1, height=4.6, sharex=True, height_ratios=[3, 2])
    axes[0].plot(n, at_most, color=MUTED, linewidth=1.0)
    direct_label(axes[0], n[-1], at_most[-1], "sum over the steps", color=MUTED)
    lines = {
        "random_order": (random_order, {"color": INK, "linewidth": 1.2}),
        "shuffled": (shuffled, {"color": INK, "marker": "o", "markersize": 4, "linestyle": "none"}),
        "independent": (independent, {"color": INK, "linewidth": 1.0, "linestyle": (0, (4, 2))}),
        "in_order": (in_order, {"color": INK, "marker": "o", "markersize": 4, "markerfacecolor": "white", "linestyle": ":"}),
    }
    for ax, unit in zip(axes, (1.0, random_order), strict=True):
        for values, look in lines.values():
            ax.plot(n, values / unit, **look)
    for name, label, lift in (
        ("shuffled", "shuffled", 0),
        ("independent", "independent steps", 4),
        ("in_order", "natural order", -6),
    ):
        direct_label(axes[1], n[-1], lines[name][0][-1] / random_order[-1], label, xytext=(6, lift))
    axes[0].set(xscale="log", yscale="log", ylabel="coordinates touched")
    axes[1].set(ylim=(0.55, 1.08), xlabel="steps in the window $n$", ylabel="relative to\nrandom order")
    return {name: values for name, (values, _) in lines.items()} | {"at_most": at_most}, axes
