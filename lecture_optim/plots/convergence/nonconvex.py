"""The figures of the chapter on what is known: escapes from a saddle, condition numbers, evaluations to a tolerance."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure, linestyle

__all__ = ["conditioning", "escapes", "evaluations"]

NAMES = {"sgd": "gradient descent", "adam": "Adam", "momentum": "momentum"}


def escapes(starts, steps, names):
    """Steps to leave a saddle against the distance from its ridge at the start (k,).

    steps: {rule: (k,)}. names: {rule: text} of the lines that are named, above their left ends.
    Returns (data, axes); data is steps.
    """
    _, axes = figure(height=3.2)
    for rule, n in steps.items():
        axes.semilogx(starts, n, color=color(rule), linestyle=linestyle(rule), marker="o", markersize=3)
        if rule in names:
            direct_label(axes, starts[0], n[0], names[rule], rule, xytext=(8, 14))
    axes.set(
        xlabel="distance from the ridge at the start",
        ylabel="steps to distance 1",
        ylim=(0, 1.12 * max(n[0] for n in steps.values())),
    )
    return steps, axes


def conditioning(numbers, counts):
    """Steps to a tolerance against the condition number (k,), a panel for each kind of problem.

    counts: {kind: {rule: (k, runs)}}. Lines are medians, bands go from the least to the most.
    Returns (data, axes); data holds {kind: {rule: medians (k,)}}.
    """
    _, axes = figure(1, len(counts), height=3.2, sharey=True)
    data = {}
    for ax, (kind, rules) in zip(axes, counts.items(), strict=True):
        data[kind] = {}
        for rule, n in rules.items():
            data[kind][rule] = np.median(n, axis=1)
            ax.fill_between(numbers, n.min(axis=1), n.max(axis=1), color=color(rule), alpha=0.2, linewidth=0)
            ax.loglog(numbers, data[kind][rule], color=color(rule), label=NAMES[rule])
        ax.set(title=kind, xlabel="condition number", xticks=numbers[::2])
    axes[0].set(ylabel="steps")
    axes[0].legend(loc="upper left", fontsize=9)
    return data, axes


def evaluations(counts):
    """Evaluations to a tolerance, each run a dot, a panel for each problem.

    counts: {problem: {method: (runs,)}}. Returns (data, axes); data holds {problem: {method: median}}.
    """
    _, axes = figure(1, len(counts), height=2.6, sharey=True, sharex=True)
    colors = {"L-BFGS": INK, "line search": color("sgd"), "Adam, best rate": color("adam"), "Adam, 0.001": color("adamw")}
    data = {}
    for ax, (problem, methods) in zip(axes, counts.items(), strict=True):
        data[problem] = {name: float(np.median(n)) for name, n in methods.items()}
        for k, (name, n) in enumerate(methods.items()):
            ax.semilogx(n, np.full(len(n), k), "o", color=colors[name], markersize=6, alpha=0.7)
            ax.plot(data[problem][name], k, "|", color=MUTED, markersize=18)
        ax.set(title=problem, xlabel="evaluations", yticks=range(len(methods)), yticklabels=list(methods))
        ax.set_ylim(len(methods) - 0.5, -0.5)
    return data, axes
