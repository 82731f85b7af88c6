"""The figures of the chapter on signs."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["batches", "misled", "walks", "where_it_sits"]


def misled(C):
    """The chances of the large gradient for which the mean sign opposes the mean, against its size C (k,).

    Returns (data, axes); data holds "low" and "high", the bounds of these chances.
    """
    _, axes = figure(height=3.0)
    data = {"low": 1 / (C + 1), "high": np.full_like(C, 0.5)}
    axes.fill_between(C, data["low"], data["high"], color=color("sign_sgd"), alpha=0.45, linewidth=0)
    axes.semilogx(C, data["low"], color=INK, linewidth=1.2)
    axes.axhline(0.5, color=INK, linewidth=1.2)
    axes.text(12, 0.28, "mean positive,\nmost signs negative", ha="center", color=INK)
    axes.text(1.25, 0.12, "both negative", color=MUTED)
    axes.text(12, 0.55, "both positive", ha="center", color=MUTED)
    axes.set(xlabel="size $C$ of the rare gradient", ylabel="its chance $p$", ylim=(0, 0.65), xlim=(C[0], C[-1]))
    return data, axes


def walks(runs, best):
    """Positions of several rules against the step: the mean over seeds as a line, the middle four fifths as a band.

    runs: {rule: (t (r,), positions (r, seeds))}. Returns (data, axes); data holds {rule: (t, mean)}.
    """
    _, axes = figure(height=3.2)
    data = {}
    for rule, (t, w) in runs.items():
        low, high = np.quantile(w, [0.1, 0.9], axis=1)
        axes.fill_between(t, low, high, color=color(rule), alpha=0.2, linewidth=0)
        data[rule] = t, w.mean(axis=1)
        axes.plot(*data[rule], color=color(rule))
        direct_label(axes, t[-1], data[rule][1][-1], {"sgd": "SGD", "sign_sgd": "signs"}.get(rule, rule), rule)
    axes.axhline(best, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.text((t[0] + t[-1]) / 2, best + 0.08, "best point", color=MUTED, ha="center")
    axes.set(xlabel="step $t$", ylabel="position $w_t$", ylim=(-1.15, 1.15), xlim=(t[0], t[-1]))
    return data, axes


def where_it_sits(counted, exact):
    """How often each distance from the worst point was seen, in steps, beside the exact chances; both (k,).

    Returns (data, axes); data holds "counted" and "exact".
    """
    _, axes = figure(height=2.9)
    n = np.arange(len(exact))
    axes.bar(n, counted, width=0.7, color=color("sign_sgd"), label="simulated")
    axes.plot(n, exact, "o", color=INK, markersize=5, label="exact")
    axes.legend()
    axes.set(xlabel="distance from the worst point, in steps", ylabel="share of the time", xticks=n)
    return {"counted": counted, "exact": exact}, axes


def batches(sizes, drift):
    """The mean sign of a batch's mean gradient against the batch's size. Returns (data, axes); data holds both."""
    _, axes = figure(height=2.9)
    axes.semilogx(sizes, drift, "o-", color=color("sign_sgd"), markersize=4, linewidth=1.2)
    axes.axhline(0, color=INK, linewidth=1.0)
    axes.text(sizes[-1], 0.04, "right way", ha="right", color=MUTED)
    axes.text(sizes[-1], -0.09, "wrong way", ha="right", color=MUTED)
    axes.set(xlabel="batch size", ylabel="mean sign", ylim=(-0.5, 1))
    return {"sizes": sizes, "drift": drift}, axes
