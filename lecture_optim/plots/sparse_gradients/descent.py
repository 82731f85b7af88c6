"""The figures of "Batch, stochastic and mini-batch descent"."""

import numpy as np

from lecture_optim.plots.style import GRID, INK, MUTED, color, direct_label, figure

__all__ = ["descent_paths", "equal_cost", "interpolation", "noise_floor", "schedule_panels"]

# All runs of this chapter are SGD, so they share its grey: the less noise in the gradient, the darker and the more solid.
BATCH = {"color": INK, "linestyle": "-"}
MINI = {"color": color("sgd"), "linestyle": (0, (5, 1.5))}
SINGLE = {"color": "#8a93a3", "linestyle": "-"}
EXACT = {"color": MUTED, "linewidth": 1.2}
DOTS = {"fmt": "o", "color": INK, "markersize": 3.2, "elinewidth": 1.0, "capsize": 1.8}


def _mean_and_error(values):
    """Mean and standard error over the runs, the last axis."""
    values = np.asarray(values)
    return values.mean(axis=-1), values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])


def descent_paths(problem, paths):
    """The level lines of a loss of two parameters, and on each of three copies of them one path.

    problem: a `Problem` with d = 2 and a minimizer. paths: (T, 2) each, by the panel's name, batch first and single last.
    Returns (data, axes); data holds the grid "x", "y", its "loss" and each path by name.
    """
    points = np.concatenate([*paths.values(), [problem.minimizer]])
    middle, reach = (points.max(axis=0) + points.min(axis=0)) / 2, 0.6 * np.ptp(points, axis=0).max()
    x, y = np.linspace(middle - reach, middle + reach, 90).T
    loss = problem.loss(np.stack(np.meshgrid(x, y), axis=-1))
    least = problem.loss(problem.minimizer)
    levels = least + (loss.max() - least) * np.linspace(0.1, 1, 9) ** 2
    _, axes = figure(1, len(paths), height=3.0, sharex=True, sharey=True)
    for ax, (name, path), line in zip(axes, paths.items(), (BATCH, MINI, SINGLE), strict=True):
        ax.contour(x, y, loss, levels=levels, colors=GRID, linewidths=0.9)
        ax.plot(*path.T, color=line["color"], linewidth=1.2, marker="o", markersize=2)
        ax.plot(*problem.minimizer, marker="+", color=INK, markersize=9, markeredgewidth=1.4)
        ax.set_title(name, loc="left")
        ax.set(xlabel="weight of the left half", aspect="equal")
        ax.grid(False)
    axes[0].set_ylabel("weight of the right half")
    return {"x": x, "y": y, "loss": loss, **paths}, axes


def noise_floor(t, panels):
    """Mean excess loss against the step for several learning rates: lines of theory, dots measured over runs.

    t (r,): the steps measured. panels: by title, a dict of learning rate -> (exact (T,), measured (r, runs), floor).
    Returns (data, axes); data holds for each (title, lr) the "exact" line, the "mean" and the standard "error", the "floor".
    """
    _, axes = figure(1, len(panels), height=3.3)
    data = {}
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        for lr, (exact, measured, floor) in curves.items():
            mean, error = _mean_and_error(measured)
            data[title, lr] = {"exact": exact, "mean": mean, "error": error, "floor": floor}
            ax.semilogy(np.arange(1, len(exact) + 1), exact, **EXACT)
            ax.errorbar(t, mean, yerr=3 * error, **DOTS)
            if floor > 0:
                ax.plot([1, len(exact)], [floor, floor], color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)))
            direct_label(ax, len(exact), exact[-1], rf"$\eta={lr:g}$")
        ax.set_title(title, loc="left")
        ax.set_xlabel("step $t$")
    axes[0].set_ylabel("mean excess loss")
    return data, axes


def interpolation(t, excess, bound):
    """Excess loss of the same descent on pictures that a linear model can fit exactly and on pictures that it cannot.

    t (r,): the steps. excess: (r, runs) by label. bound (r,): the proved bound of the first label's mean. Returns (data, axes);
    data holds "t", "bound" and for each label the "mean", "low" and "high" over the runs.
    """
    _, ax = figure(height=3.3)
    data = {"t": t, "bound": bound}
    for (label, values), line in zip(excess.items(), (BATCH, MINI), strict=True):
        band = {"mean": values.mean(axis=1), "low": values.min(axis=1), "high": values.max(axis=1)}
        data[label] = band
        ax.fill_between(t, band["low"], band["high"], color=line["color"], alpha=0.18, linewidth=0)
        ax.semilogy(t, band["mean"], **line)
        direct_label(ax, t[-1], band["mean"][-1], label)
    ax.semilogy(t, bound, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    direct_label(ax, t[len(t) // 4], bound[len(t) // 4], f"bound for the {next(iter(excess))}", color=MUTED, xytext=(2, 13))
    ax.set(xlabel="step $t$", ylabel="excess loss", xlim=(0, t[-1]))
    return data, ax


def schedule_panels(t, panels, reference):
    """Mean excess loss of each schedule, line of theory and dots measured, in a panel of its own.

    t (r,): the steps measured. panels: by title, (exact (T,), measured (r, runs)). reference (T,): a line repeated in every
    panel. Returns (data, axes); data holds for each title the "exact" line, the "mean" and the standard "error".
    """
    _, axes = figure(2, 3, height=4.3, sharex=True, sharey=True)
    data = {}
    for ax, (title, (exact, measured)) in zip(axes.flat, panels.items(), strict=True):
        steps = np.arange(1, len(exact) + 1)
        mean, error = _mean_and_error(measured)
        data[title] = {"exact": exact, "mean": mean, "error": error}
        ax.loglog(steps, reference, color=GRID, linewidth=3.0)
        ax.loglog(steps, exact, **EXACT)
        ax.errorbar(t, mean, yerr=3 * error, **DOTS)
        ax.set_title(title, loc="left")
    for ax in axes[-1]:
        ax.set_xlabel("step $t$")
    for ax in axes[:, 0]:
        ax.set_ylabel("mean excess loss")
    return data, axes


def equal_cost(curves):
    """The least excess loss that each descent reaches at each cost, its learning rate chosen for that cost.

    curves: by label, (passes (r,), excess (r, runs)), in the order batch, mini-batch, single, single with a schedule.
    Returns (data, axes); data holds for each label the "passes", the "mean" and the "low" and "high" over the runs.
    """
    _, ax = figure(height=3.8)
    data = {}
    lines = (BATCH, MINI, SINGLE, {**SINGLE, "linestyle": (0, (1, 1.2))})
    # Where each label stands, in passes, and how many points to the right of and above its line.
    places = ((2.5, 8, 12), (np.inf, 5, 6), (np.inf, 5, -6), (2.5, -60, -22))
    for (label, (passes, excess)), line, (at, right, above) in zip(curves.items(), lines, places, strict=True):
        data[label] = {"passes": passes, "mean": excess.mean(axis=1), "low": excess.min(axis=1), "high": excess.max(axis=1)}
        ax.fill_between(passes, data[label]["low"], data[label]["high"], color=line["color"], alpha=0.15, linewidth=0)
        ax.loglog(passes, data[label]["mean"], **line)
        i = min(np.searchsorted(passes, at), len(passes) - 1)
        direct_label(ax, passes[i], data[label]["mean"][i], label, xytext=(right, above))
    ax.set(xlabel="cost in passes over the pictures", ylabel="excess loss")
    return data, ax
