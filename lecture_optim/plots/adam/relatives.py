"""The figures of the chapter on Adam's relatives."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure, linestyle

_WIDTH = 5.6  # inches: narrow, so that the labels can be read on a telephone

__all__ = ["decay", "limit", "maxima", "orders"]


def orders(t, steps, jumps):
    """The steps of two rules, in units of the learning rate, where the gradient's size jumps; the size axis is logarithmic.

    t: (T,). steps: by rule's name, (T,). jumps: the steps at which the size changes. Returns (data, axes), data = steps.
    """
    _, axes = figure(width=_WIDTH, height=3.3)
    for at in jumps:
        axes.axvline(at, color=MUTED, linewidth=0.8, linestyle=":")
    for name, values in steps.items():
        axes.semilogy(t, values, color=color(name), linestyle=linestyle(name))
    low, high = jumps
    top = steps["rmsprop_momentum"].max()
    direct_label(axes, high, top, "RMSProp with momentum", "rmsprop_momentum", xytext=(6, 0))
    k = (int(np.argmax(steps["adam"])) + high) // 2
    direct_label(axes, t[k], steps["adam"][k], "Adam", "adam", xytext=(-6, -12))
    axes.annotate("size times 100", (low, 0.013), xytext=(5, 0), textcoords="offset points", color=MUTED, fontsize=9)
    axes.annotate("and back", (high, 0.013), xytext=(5, 0), textcoords="offset points", color=MUTED, fontsize=9)
    axes.set(xlabel="step $t$", ylabel="step / learning rate", ylim=(0.01, 10))
    return steps, axes


def limit(t, ratios):
    """Adam's step over AdaGrad's against t, one line a beta2, both axes logarithmic; a dot at t = 1 / (1 - beta2).

    ratios: by beta2, (T,). Returns (data, axes), data = ratios.
    """
    _, axes = figure(width=_WIDTH, height=3.3)
    axes.axhline(1.0, color=color("adagrad"), linewidth=1.2)
    direct_label(axes, t[0], 1.0, "AdaGrad", "adagrad", xytext=(0, -9))
    for k, (beta2, values) in enumerate(ratios.items()):
        axes.loglog(t, values, color=color("adam"), linewidth=1.5)
        edge = int(np.argmin(np.abs(t - 1 / (1 - beta2))))
        axes.plot(t[edge], values[edge], "o", color=color("adam"), markersize=5)
        label = f"{beta2:g}" if k else f"$\\beta_2 = {beta2:g}$"
        direct_label(axes, t[edge], values[edge], label, "adam", xytext=(-4, 10), ha="right")
    axes.set(xlabel="step $t$", ylabel="Adam / AdaGrad", ylim=(0.75, None))
    return ratios, axes


def maxima(t, sizes, roots, maximum):
    """Sizes of gradients, the p-th roots of averages of their p-th powers, and the decaying maximum, against t.

    sizes, maximum: (T,). roots: by p, (T,). Returns (data, axes).
    """
    _, axes = figure(width=_WIDTH, height=3.3)
    axes.vlines(t, 0, sizes, color=MUTED, linewidth=1.0)
    tints = np.linspace(0.35, 0.9, len(roots))
    for shade, (p, values) in zip(tints, roots.items(), strict=True):
        axes.plot(t, values, color=color("adam"), alpha=shade, linewidth=1.4)
        direct_label(axes, t[-1], values[-1], f"$p = {p}$", color=color("adam"))
    axes.plot(t, maximum, color=color("adamax"), linewidth=2.2)
    top = int(np.argmax(maximum))
    direct_label(axes, t[top], maximum[top], "AdaMax's maximum", "adamax", xytext=(6, 4))
    axes.set(xlabel="step $t$", ylabel="size", ylim=(0, None))
    return {"sizes": sizes, "maximum": maximum, "roots": roots}, axes


def decay(t, panels):
    """Medians over seeds of |w| of two coordinates against t, logarithmic, a panel a rule, with the band of all seeds.

    panels: by title, (name of the rule, {label: (T, seeds)}). Returns (data, axes); data holds the medians by title and label.
    """
    _, axes = figure(1, len(panels), height=3.1, width=6.4, sharey=True)
    data = {}
    for panel, (title, (name, lines)) in zip(axes, panels.items(), strict=True):
        for dash, lift, (label, values) in zip(("-", "--"), (-12, 12), lines.items(), strict=True):
            middle = np.median(values, axis=1)
            panel.fill_between(t, values.min(axis=1), values.max(axis=1), color=color(name), alpha=0.15, linewidth=0)
            panel.plot(t, middle, color=color(name), linestyle=dash)
            data[title, label] = middle
            k = len(t) // 2
            direct_label(
                panel, t[k], middle[k], label, name, xytext=(0 if lift > 0 else -4, lift), ha="left" if lift > 0 else "right"
            )
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(xlabel="step $t$", title=title)
    axes[0].set(ylabel="weight")
    return data, axes
