"""The figures of the chapter "From counts to squares"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["epsilons", "mean_share", "mean_steps", "moments", "squares_by_count"]

_TELLING, _VARIANCE = "#a3561f", "#7c5aa6"  # no optimizer's colours


def _name_points(axes, x, y, names):
    """Ring and name some points: the first name on the right of its point, the next on the left, below, above, and again."""
    sides = ({"xytext": (6, 0)}, {"ha": "right", "xytext": (-6, 0)}, {"xytext": (3, -10)}, {"xytext": (3, 9)})
    for k, (word, i) in enumerate(names.items()):
        axes.plot(x[i], y[i], "o", markersize=4.5, markerfacecolor="none", markeredgecolor=INK)
        white = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
        direct_label(axes, x[i], y[i], word, fontsize=8.5, bbox=white, **sides[k % 4])


def squares_by_count(n, S, telling, names):
    """Accumulated squares of every word against its count, both axes logarithmic, with the line n / 4.

    n, S: (d,). telling: (d,) booleans, drawn in another colour. names: by word, its index, written beside its point.
    Returns (data, axes); data holds "n", "S" and "telling".
    """
    _, axes = figure(height=3.7)
    for group, tint, size in ((~telling, MUTED, 5), (telling, _TELLING, 7)):
        axes.scatter(n[group], S[group], s=size, color=tint, alpha=0.5, linewidths=0)
    ends = np.array([1, n.max()])
    axes.plot(ends, ends / 4, color=INK, linewidth=1.0)
    direct_label(axes, 300, 75, "$n/4$: evenly undecided", xytext=(-4, 7), ha="right", fontsize=8.5)
    _name_points(axes, n, S, names)
    axes.annotate("telling", (0.04, 0.95), xycoords="axes fraction", color=_TELLING, fontsize=9, va="top")
    axes.annotate("all others", (0.04, 0.88), xycoords="axes fraction", color=MUTED, fontsize=9, va="top")
    axes.set(xscale="log", yscale="log", xlabel="sightings $n_T[i]$", ylabel="squares $S_T[i]$", ylim=(1e-6, 1e4))
    return {"n": n, "S": S, "telling": telling}, axes


def moments(panels):
    """Second moment, variance and average square so far along several runs, a panel a run, both axes logarithmic.

    panels: by title, a dict of arrays "t", "second moment", "variance", "average so far", all of one shape.
    Returns (data, axes), data = panels.
    """
    _, axes = figure(1, len(panels), height=3.1, width=8.2)
    lines = {
        "average so far": (color("adagrad"), "-"),
        "second moment": (INK, "-"),
        "variance": (_VARIANCE, "--"),
    }
    for panel, (title, run) in zip(axes, panels.items(), strict=True):
        for name, (tint, dash) in lines.items():
            seen = run[name] > 0  # nothing is drawn before the first sighting
            panel.loglog(run["t"][seen], run[name][seen], color=tint, linestyle=dash, linewidth=1.5)
        panel.set(xlabel="step $t$", title=title)
        seen = np.concatenate([run[name][run[name] > 0] for name in lines])
        panel.set_ylim(0.7 * 10 ** np.floor(np.log10(seen.min())), 10 ** np.ceil(np.log10(seen.max())))
    for k, (name, (tint, _)) in enumerate(lines.items()):
        label = "average so far, $S_t/t$" if name == "average so far" else name
        axes[0].annotate(label, (0.98, 0.95 - 0.09 * k), xycoords="axes fraction", color=tint, ha="right", va="top", fontsize=8.5)
    return panels, axes


def mean_share(p, share, names):
    """The squared mean's share of the second moment of every word against the word's frequency, with the line of equality.

    p, share: (d,). names: by word, its index. Returns (data, axes); data holds "p" and "share".
    """
    _, axes = figure(height=3.4)
    axes.scatter(p, share, s=5, color=MUTED, alpha=0.5, linewidths=0)
    ends = np.array([p.min(), 1.0])
    axes.plot(ends, ends, color=INK, linewidth=1.0)
    direct_label(axes, 0.03, 0.03, "the bound $p$", xytext=(-6, 6), ha="right", fontsize=8.5)
    _name_points(axes, p, share, names)
    axes.set(xscale="log", yscale="log", xlabel="share of paragraphs $p$", ylabel="squared mean / second moment", ylim=(1e-7, 2))
    return {"p": p, "share": share}, axes


def mean_steps(t, mean, bound):
    """The size of a step and the size of its mean against t, both axes logarithmic, for c = 1.

    t, mean, bound: (T,); the step's root mean square is 1 / sqrt(t). Returns (data, axes).
    """
    _, axes = figure(height=3.2)
    size = 1 / np.sqrt(t)
    axes.loglog(t, size, color=MUTED)
    axes.loglog(t, bound, color=INK, linewidth=1.0, linestyle="--")
    axes.loglog(t, np.abs(mean), color=color("adagrad"))
    k = len(t) // 20
    direct_label(axes, t[k], size[k], "root mean square of the step", xytext=(4, 8), color=MUTED, fontsize=8.5)
    direct_label(axes, t[k], bound[k], "bound of the mean", xytext=(4, 10), fontsize=8.5)
    direct_label(axes, t[k], abs(mean[k]), "mean of the step", "adagrad", xytext=(-6, -12), ha="right", fontsize=8.5)
    axes.set(xlabel="step $t$", ylabel="length")
    return {"t": t, "size": size, "mean": mean, "bound": bound}, axes


def epsilons(eps, losses, marks):
    """Progressive loss against epsilon, for epsilon inside and outside the root, and SGD with the rate lr / epsilon.

    eps: (k,). losses: "inside", "outside" and "SGD", each (k,). marks: by caption, the epsilon of a library's default.
    Returns (data, axes); data holds "eps" and the losses.
    """
    _, axes = figure(height=3.4)
    axes.plot(eps, losses["SGD"], color=color("sgd"), linewidth=1.5)
    axes.plot(eps, losses["outside"], color=color("adagrad"), marker="o", markersize=4, linewidth=1.2)
    axes.plot(eps, losses["inside"], color=color("adagrad"), marker="s", markersize=4, markerfacecolor="white", linestyle="--")
    axes.axhline(np.log(2), color=MUTED, linewidth=0.8, linestyle=":")
    direct_label(axes, eps[0], np.log(2), "always 1/2: $\\ln 2$", xytext=(4, -8), color=MUTED, fontsize=8.5)
    direct_label(
        axes, eps[1], losses["outside"][1], "AdaGrad, outside (filled) and inside", "adagrad", xytext=(0, 12), fontsize=8.5
    )
    high = int(np.argmax(losses["SGD"] < 0.9))
    direct_label(axes, eps[high], 0.85, "SGD at rate $c/\\epsilon$", "sgd", xytext=(-8, 0), ha="right", fontsize=8.5)
    for caption, value in marks.items():
        axes.axvline(value, color=MUTED, linewidth=0.8)
        direct_label(axes, value, 0.15, caption, xytext=(4, 0), color=MUTED, fontsize=8.5)
    axes.set(xscale="log", ylim=(0.1, 0.95), xlabel="$\\epsilon$", ylabel="progressive loss")
    return {"eps": eps, **losses}, axes
