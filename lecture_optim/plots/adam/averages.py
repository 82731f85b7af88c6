"""The figures of the chapter "Averages that forget"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure, linestyle

__all__ = ["adadelta_start", "rates", "tracking", "weights"]

FLOOR = 1e-4
NAMES = {"sgd": "SGD", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adadelta": "Adadelta"}


def weights(ages, averages, windows, places):
    """Weight of a value against its age: of averages, lines, and of plain averages, dashed steps.

    ages: (n,) whole numbers from 0. averages: by caption, (rule whose colour it takes, weights (n,)). windows: by caption,
    (rule, length). places: by caption, where it is written. Returns (data, axes); data holds ages and weights, by caption.
    """
    _, axes = figure(width=5.6, height=3.2)
    data = {"ages": ages}
    for caption, (rule, weight) in averages.items():
        axes.semilogy(ages, weight, color=color(rule))
        data[caption] = weight
    for caption, (rule, length) in windows.items():
        data[caption] = np.where(ages < length, 1 / length, 0.0)
        axes.semilogy([0, length, length], [1 / length, 1 / length, FLOOR], color=color(rule), linestyle="--", linewidth=1.4)
    for caption, (rule, _) in {**averages, **windows}.items():
        x, y = places[caption]
        direct_label(axes, x, y, caption, rule, fontsize=11)
    axes.set(xlabel="age $t - s$", ylabel="weight", ylim=(FLOOR, 0.2), xlim=(0, ages[-1]))
    return data, axes


def rates(panels, places):
    """Effective learning rates along streams whose scale changes, a panel a stream, the rates on a logarithmic axis.

    panels: by title, a dict of arrays of one shape: "t"; "1/scale", drawn in grey; and rates by the name of their rule.
    places: by rule or "1/scale", where its name is written in the first panel. Returns (data, axes), data = panels.
    """
    _, axes = figure(len(panels), 1, width=5.6, height=2.4 * len(panels), sharex=True, sharey=True)
    axes = np.atleast_1d(axes)
    for panel, (title, run) in zip(axes, panels.items(), strict=True):
        panel.semilogy(run["t"], run["1/scale"], color=MUTED, linestyle=":", linewidth=2.2)
        for name in run:
            if name in NAMES:
                panel.semilogy(run["t"], run[name], color=color(name), linewidth=1.5)
        panel.set(title=title, ylabel="effective rate")
    for name, (x, y) in places.items():
        direct_label(axes[0], x, y, NAMES.get(name, name), color=color(name) if name in NAMES else MUTED, fontsize=11)
    axes[0].set(ylim=(0.004, 12))
    axes[-1].set(xlabel="step $t$")
    return panels, axes


def tracking(panels, places):
    """Mean squared distance to a moving target against the learning rate, in units of each rule's best, a panel a stream.

    panels: by title, a dict by rule of (rates (k,), errors (k, runs)); the line is the mean, the band the least and the greatest.
    places: by rule, where its name is written in the last panel. Returns (data, axes); data holds by title and rule the mean, the
    least and the greatest error, (k,) each.
    """
    _, axes = figure(1, len(panels), width=6.2, height=3.4, sharey=True)
    axes, data = np.atleast_1d(axes), {}
    for panel, (title, runs) in zip(axes, panels.items(), strict=True):
        data[title] = {}
        for rule, (lr, errors) in runs.items():
            mean, low, high = errors.mean(axis=1), errors.min(axis=1), errors.max(axis=1)
            data[title][rule] = {"mean": mean, "low": low, "high": high}
            x = lr / lr[mean.argmin()]
            panel.fill_between(x, low, high, color=color(rule), alpha=0.2, linewidth=0)
            panel.loglog(x, mean, color=color(rule), linestyle=linestyle(rule))
        panel.set(title=title, xlabel="learning rate / best", xlim=(0.08, 12))
    for rule, (x, y) in places.items():
        direct_label(axes[-1], x, y, NAMES[rule], rule, fontsize=11)
    axes[0].set(ylabel="mean squared distance", ylim=(0.01, 2))
    return data, axes


def adadelta_start(t, runs, law, places):
    """Root mean square of Adadelta's recent steps in units of sqrt(epsilon) against t, both axes logarithmic.

    t: (T,). runs: by caption, a list of (T,), one for each epsilon. law: (T,), a formula, dashed. places: by caption, and "law",
    (text, x, y). Returns (data, axes); data holds t, the runs and the law.
    """
    _, axes = figure(width=5.6, height=3.2)
    shades = dict(zip(runs, (color("adadelta"), MUTED), strict=True))
    for caption, lines in runs.items():
        for line in lines:
            axes.loglog(t, line, color=shades[caption], linewidth=1.6)
    axes.loglog(t, law, color=INK, linestyle="--", linewidth=1.2)
    for caption, (text, x, y) in places.items():
        direct_label(axes, x, y, text, color=shades.get(caption, INK), fontsize=11)
    axes.set(xlabel="step $t$", ylabel="$\\sqrt{u_t/\\epsilon}$")
    return {"t": t, **runs, "law": law}, axes
