"""The figures of the chapter "Momentum and what averaging does"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["averages", "estimates", "ill_conditioned", "rates", "same_noise"]

_LIGHT = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}


def rates(a, mu, rate):
    """The heavy ball's rate on a quadratic as a map over a = lr * curvature and mu, with the borders of its regions.

    a: (k,). mu: (l,). rate: (l, k), the larger modulus of the two roots. Returns (data, axes); data holds "a", "mu" and "rate".
    """
    made, axes = figure(height=3.9)
    levels = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0])
    shown = axes.contourf(a, mu, np.minimum(rate, 1.0), levels=levels, cmap="YlGnBu_r", vmin=-0.15, vmax=1.05)
    axes.contourf(a, mu, rate, levels=[1.0, 10.0], colors=["#f3e9e2"])
    b = np.linspace(0, 1, 200)
    for border in ((1 - b) ** 2, (1 + b) ** 2):
        axes.plot(border, b**2, color=INK, linewidth=1.6)
    axes.plot([2, 4], [0, 1], color=INK, linewidth=1.6, linestyle="--")
    for x, y, text in ((1.0, 0.55, "oscillates"), (0.07, 0.075, "slides"), (1.85, 0.055, "zigzags"), (3.45, 0.3, "diverges")):
        axes.text(x, y, text, ha="left" if text == "slides" else "center", va="center", color=INK, fontsize=11, bbox=_LIGHT)
    bar = made.colorbar(shown, ax=axes, ticks=levels)
    bar.set_label("rate: factor a step")
    axes.set(xlabel="rate times curvature, $a = \\eta q$", ylabel="momentum $\\mu$", xlim=(0, 4), ylim=(0, 1))
    axes.grid(False)
    return {"a": a, "mu": mu, "rate": rate}, axes


def ill_conditioned(runs, slopes):
    """Distance to the minimum against the step, one logarithmic line a rule, with the predicted slope dashed.

    runs: by rule's name ("sgd", "momentum", "nesterov"), distances (T,). slopes: by name, the predicted factor a step.
    Returns (data, axes), data = runs.
    """
    _, axes = figure(height=3.4)
    titles = {"sgd": "descent", "momentum": "heavy ball", "nesterov": "Nesterov"}
    places = {"sgd": (0.8, 0.76), "momentum": (0.24, 0.3), "nesterov": (0.56, 0.74)}
    for name, distance in runs.items():
        t = np.arange(1, len(distance) + 1)
        axes.semilogy(t, distance, color=color(name))
        if name in slopes:
            guide = distance[0] * slopes[name] ** (t - 1)
            axes.semilogy(t, guide, color=color(name), linestyle="--", linewidth=1.0)
        axes.text(*places[name], titles[name], transform=axes.transAxes, color=color(name), fontsize=11)
    axes.set(xlabel="step $t$", ylabel="distance to the minimum")
    return runs, axes


def averages(t, lines, points, named):
    """The variance of the corrected average against the step, both axes logarithmic, with simulated points and error bars.

    t: (T,). lines: by beta, (T,). points: by beta, (steps, means, standard errors). named: by beta, the words beside its line's
    end. Returns (data, axes); data holds "t" and "lines".
    """
    _, axes = figure(height=3.8)
    axes.loglog(t, 1 / t, color=MUTED, linestyle="--", linewidth=1.3)
    direct_label(
        axes, t[len(t) // 3], 1 / t[len(t) // 3], "plain mean, $1/t$", color=MUTED, xytext=(-6, -8), ha="right", fontsize=11
    )
    for (beta, values), tint in zip(lines.items(), ("#e3a587", color("adam"), "#7a3300"), strict=True):
        axes.loglog(t, values, color=tint)
        floor = (1 - beta) / (1 + beta)
        axes.axhline(floor, color=tint, linewidth=0.8, linestyle=":")
        direct_label(axes, t[0], floor, named[beta], color=tint, xytext=(0, -9), fontsize=11)
        if beta in points:
            steps, means, errors = points[beta]
            axes.errorbar(steps, means, yerr=3 * errors, fmt="o", color=tint, markersize=4.5, capsize=2.5, linestyle="none")
    axes.set(xlabel="step $t$", ylabel="variance, in units of $\\sigma^2$")
    return {"t": t, "lines": lines}, axes


def same_noise(t, single, average, still, moved):
    """One run of noise twice: what averaging does to the gradient (above), and to the point that it moves (below).

    t: (T,). single, average: (T,), the gradients and their averages. still, moved: (T,), the points of SGD and of momentum.
    Returns (data, axes); data holds the five arrays.
    """
    _, axes = figure(2, 1, height=4.8, sharex=True)
    top, below = axes
    top.plot(t, single, color=color("sgd"), linewidth=0.7, alpha=0.6)
    top.plot(t, average, color=color("momentum"), linewidth=1.8)
    top.set(ylabel="gradient", ylim=(-4.6, 5.6))
    top.text(0.01, 0.97, "single gradients", transform=top.transAxes, color=color("sgd"), va="top", fontsize=11)
    top.text(0.36, 0.97, "their averages", transform=top.transAxes, color=color("momentum"), va="top", fontsize=11)
    below.plot(t, still, color=color("sgd"), linewidth=1.2)
    below.plot(t, moved, color=color("momentum"), linewidth=1.8)
    below.text(0.02, 0.86, "SGD", transform=below.transAxes, color=color("sgd"), fontsize=11)
    below.text(0.14, 0.86, "momentum", transform=below.transAxes, color=color("momentum"), fontsize=11)
    below.set(xlabel="step $t$", ylabel="$w_t$")
    return {"t": t, "single": single, "average": average, "still": still, "moved": moved}, axes


def estimates(memory, panels):
    """Mean squared error of the average as an estimate of the present gradient against the memory 1 / (1 - beta).

    memory: (k,). panels: by title, a dict of "error" (k,), and possibly "noise" and "lag" (k,), "best" (memory, error), "points"
    (memories, means, standard errors), "zero" (k,). Returns (data, axes), data = panels.
    """
    _, axes = figure(1, len(panels), height=3.7, width=7.6, sharey=True)
    for panel, (title, one) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        if "noise" in one:
            panel.loglog(memory, one["noise"], color=MUTED, linewidth=1.2, linestyle="--")
            panel.loglog(memory, one["lag"], color="#7c5aa6", linewidth=1.2, linestyle="--")
            panel.text(25, 0.004, "noise", color=MUTED, fontsize=11, ha="center")
            panel.text(4.2, 6e-4, "lag", color="#7c5aa6", fontsize=11)
        if "zero" in one:
            panel.loglog(memory, one["zero"], color=INK, linewidth=1.3, linestyle=":")
            panel.text(1.1, 0.022, "error of the estimate 0", color=INK, fontsize=11)
        panel.loglog(memory, one["error"], color=color("momentum"))
        if "best" in one:
            panel.plot(*one["best"], "*", color=INK, markersize=11)
        steps, means, errors = one["points"]
        panel.errorbar(
            steps, means, yerr=3 * errors, fmt="o", color=color("momentum"), markersize=4.5, capsize=2.5, linestyle="none"
        )
        panel.set(title=title, xlabel="memory $1/(1-\\beta)$")
    np.atleast_1d(axes)[0].set_ylabel("squared error, in units of $\\sigma^2$")
    return panels, axes
