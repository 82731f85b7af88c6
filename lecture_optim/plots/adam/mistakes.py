"""The figures of the page on wrong implementations."""

import numpy as np

from lecture_optim.plots.style import INK, color, figure

__all__ = ["deviations", "one_line_apart"]


def one_line_apart(right, wrong, shown):
    """A panel for each wrong implementation: the path of one parameter, beside the right one's.

    right: (T + 1, k), the right paths of k parameters. wrong: {name: (T + 1, k)}. shown: {name: which parameter}.
    Returns (data, axes); data holds for each name (right path, wrong path) in learning-rate units as they were given.
    """
    columns = 3
    rows = -(-len(wrong) // columns)
    _, grid = figure(rows, columns, width=7.2, height=2.1 * rows, sharex=True)
    data = {}
    for axes, (name, path) in zip(np.ravel(grid), wrong.items(), strict=True):
        k = shown[name]
        data[name] = right[:, k], path[:, k]
        axes.plot(data[name][0], color=color("adam"), linewidth=2.4)
        axes.plot(data[name][1], color=INK, linewidth=1.3, linestyle="--")
        if np.isnan(path[1:, k]).all():
            axes.text(0.06, 0.1, "nan from step 1", transform=axes.transAxes, color=INK)
        axes.text(0.0, 1.04, name, transform=axes.transAxes, color=INK, fontsize=10)
        axes.tick_params(labelsize=8)
        axes.set_yticks([])
    for axes in np.ravel(grid)[-columns:]:
        axes.set_xlabel("step $t$")
    return data, grid


def deviations(values, streams):
    """A table in colours: how far each wrong implementation leaves the right path, for each stream of gradients.

    values: {name: one number a stream}, in parts of the right path's range; nan where the parameter is lost.
    Returns (data, axes); data is (rows, columns), nan as infinity.
    """
    data = np.array(list(values.values()), dtype=float)
    data[np.isnan(data)] = np.inf
    _, axes = figure(width=7.2, height=0.42 * len(values) + 0.7)
    level = np.clip(np.log10(np.maximum(data, 1e-3)), -3, 1)
    axes.imshow(level, cmap="OrRd", vmin=-3, vmax=2.2, aspect="auto")
    for (row, column), value in np.ndenumerate(data):
        text = "lost" if np.isinf(value) else "0" if value < 5e-4 else f"{value:.2g}" if value < 100 else f"{value:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=INK)
    axes.set_xticks(range(len(streams)), streams)
    axes.set_yticks(range(len(values)), list(values))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(False)
    axes.set_xticks(np.arange(0.5, len(streams) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(values) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return data, axes
