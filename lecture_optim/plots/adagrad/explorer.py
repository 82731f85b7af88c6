"""The picture that stands for the explorer of Part 2 where scripts are off."""

import numpy as np

from lecture_optim.plots.style import INK, color, direct_label, figure, linestyle

__all__ = ["spread_and_regret"]

NAMES = {"adagrad": "AdaGrad", "adagrad_norm": "norm version", "sgd": "SGD"}
BOUNDS = {"adagrad": "AdaGrad bound", "adagrad_norm": "norm bound", "sgd": "SGD bound"}


def spread_and_regret(gradients, best, d, t, regrets, bounds):
    """Over how many coordinates gradients and best point are spread, on the map of the smaller bound; regrets and their bounds.

    gradients, best: effective supports, each from 1 to d. t (r,). regrets, bounds: by rule, (r,); values that are not positive
    leave a gap. Returns (data, axes); data holds "smaller", the rule whose bound the map calls the smaller one, and by rule the
    last "regret" and "bound".
    """
    _, (left, right) = figure(1, 2, height=3.4, width=7.2, width_ratios=(4, 6))
    ends = np.array([1.0, 1.15 * d])
    left.fill_between(ends, 1.0, ends, color=color("adagrad"), alpha=0.18, linewidth=0)
    left.loglog(ends, ends, color=INK, linewidth=1.2)
    smaller = "adagrad" if gradients < best else "adagrad_norm"
    left.plot(best, gradients, "o", color=color(smaller), markersize=8, markeredgecolor="white")
    left.text(0.96, 0.05, "AdaGrad's bound\nis smaller", transform=left.transAxes, color=color("adagrad"), ha="right")
    left.text(0.04, 0.92, "norm version's", transform=left.transAxes, color=INK)
    left.set(xlabel="spread of the best point", ylabel="spread of the gradients", xlim=ends, ylim=ends)
    rise = {"adagrad": (0, 4), "adagrad_norm": (-2, 6), "sgd": (-6, -6)}  # of the names, in points
    for rule, values in regrets.items():
        right.loglog(t, np.where(values > 0, values, np.nan), color=color(rule), linestyle=linestyle(rule))
        right.loglog(t, bounds[rule], color=color(rule), linewidth=1.5, linestyle=":")
        ink = INK if rule == "adagrad_norm" else color(rule)  # words in its light blue are hard to read
        for end, name, up in zip((values[-1], bounds[rule][-1]), (NAMES[rule], BOUNDS[rule]), rise[rule], strict=True):
            direct_label(right, t[-1], end, name, color=ink, xytext=(5, up))
    right.set(xlabel="step $t$", ylabel="regret; dotted: its bound", xlim=(t[0], t[-1]))
    data = {rule: {"regret": float(regrets[rule][-1]), "bound": float(bounds[rule][-1])} for rule in regrets}
    return data | {"smaller": smaller}, (left, right)
