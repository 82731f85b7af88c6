"""The figures of "The repairs"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, figure, linestyle

__all__ = ["NAMES", "cost", "effective", "lottery", "positions", "regret_and_bound"]

NAMES = {"adam": "Adam", "amsgrad": "AMSGrad", "adagrad": "AdaGrad", "sgd": "SGD", "adopt": "ADOPT"}


def _label(axes, x, y, name, offset=(0, 6), **options):
    options = {"ha": "center", "va": "bottom", "color": color(name), **options}
    axes.annotate(options.pop("text", NAMES[name]), (x, y), offset, textcoords="offset points", **options)


def effective(steps):
    """Effective steps, by rule; the marks are the steps at which one is longer than the one before.

    steps: by rule (T,), from t = 1. Returns (data, axes); data holds for each rule "t", "e" and "rises", the t of the marks.
    """
    _, axes = figure(height=3.2)
    data = {}
    for name, e in steps.items():
        t = np.arange(1, len(e) + 1)
        up = np.flatnonzero(e[1:] > e[:-1] * (1 + 1e-12)) + 2
        axes.plot(t, e, color=color(name), linestyle=linestyle(name))
        axes.plot(up, e[up - 1], "o", color=color(name), markersize=5)
        data[name] = {"t": t, "e": np.asarray(e), "rises": up}
    top = max(e.max() for e in steps.values())
    axes.set(xlabel="step $t$", ylabel="effective step", ylim=(0, top * 1.08))
    _label(axes, len(steps["adam"]) * 0.62, top * 0.62, "adam", text="Adam: dots where it rises")
    _label(axes, len(steps["adam"]) * 0.62, 0.0, "amsgrad", offset=(0, 3))
    return data, axes


def positions(t, paths):
    """The points of several rules on the example, at the beginning of each cycle, against the step on a logarithmic axis.

    t (n,): steps. paths: by rule (n,). Returns (data, axes); data holds the paths.
    """
    _, axes = figure(height=3.4)
    for name, x in paths.items():
        axes.semilogx(t, x, color=color(name), linestyle=linestyle(name))
    if "adam" in paths:
        _label(axes, t[len(t) // 2], 1.0, "adam", offset=(0, 4))
    # Where each line is alone, and on which side of it.
    places = {"sgd": (0.35, "right"), "adopt": (0.9, "left"), "adagrad": (-0.38, "left"), "amsgrad": (-0.1, "left")}
    for name in (p for p in paths if p in places):
        level, side = places[name]
        x = np.asarray(paths[name])
        k = int(np.argmax(x < level))  # the first point below the level; the line crosses it just before
        share = (x[k - 1] - level) / (x[k - 1] - x[k])
        at = t[k - 1] * (t[k] / t[k - 1]) ** share
        _label(axes, at, level, name, offset=(6 if side == "left" else -6, 0), ha=side, va="center")
    axes.axhline(-1, color=MUTED, linewidth=1.0, linestyle=":")
    axes.annotate("the best point", (t[0], -1), (0, 4), textcoords="offset points", va="bottom", color=MUTED)
    axes.set(xlabel="step $t$", ylabel="$x_t$", ylim=(-1.12, 1.28))
    return {"t": np.asarray(t), **{name: np.asarray(x) for name, x in paths.items()}}, axes


def regret_and_bound(t, regret, bound, floor):
    """Regret per step on logarithmic axes: Adam's above its floor, AMSGrad's below its bound.

    t (n,): steps. regret: by rule (n,), sums. bound (n,): the theorem's, for AMSGrad. floor: what Adam's cannot fall below.
    Returns (data, axes); data holds everything drawn, per step.
    """
    _, axes = figure(height=3.4)
    data = {"t": np.asarray(t), "bound": np.asarray(bound) / t, **{name: np.asarray(r) / t for name, r in regret.items()}}
    axes.loglog(t, data["bound"], color=INK, linewidth=1.2, linestyle="--")
    for name in regret:
        axes.loglog(t, data[name], color=color(name), linestyle=linestyle(name))
    axes.axhline(floor, color=MUTED, linewidth=1.0, linestyle=":")
    k = len(t) // 2
    far = len(t) * 3 // 4
    axes.annotate("the bound", (t[far], data["bound"][far]), (6, 4), textcoords="offset points", va="bottom", color=INK)
    _label(axes, t[-1], floor, "adam", offset=(0, -5), ha="right", va="top")
    _label(axes, t[k], data["amsgrad"][k], "amsgrad", offset=(-6, -6), ha="right", va="top")
    axes.set(xlabel="step $T$", ylabel="$R_T / T$")
    return data, axes


def _rows(axes, rows, log=False):
    """Means with bars of two standard errors, a row each, the first on top; rows: (words, rule, mean, low, high)."""
    for k, (_, name, mean, low, high) in enumerate(rows):
        axes.plot([low, high], [-k, -k], color=color(name), linewidth=2.5, solid_capstyle="butt")
        axes.plot([mean], [-k], "o", color=color(name), markersize=7)
    axes.set_yticks([-k for k in range(len(rows))], [words for words, *_ in rows])
    for label, (_, name, *_) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(color(name))
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    axes.grid(False, axis="y")
    if log:
        axes.set_xscale("log")


def lottery(gaps, worst):
    """How far the mean loss at the average point is above the least one: means over seeds, bars of two standard errors.

    gaps: by (rule, words) the gap of each seed (n,). worst: the largest gap there is. Returns (data, axes); data holds the rows.
    """
    _, axes = figure(height=0.42 * len(gaps) + 0.9)
    rows = []
    for (name, words), gap in gaps.items():
        mean, error = np.mean(gap), np.std(gap, ddof=1) / np.sqrt(len(gap))
        rows.append((f"{NAMES[name]} {words}".strip(), name, mean, mean - 2 * error, mean + 2 * error))
    _rows(axes, rows)
    axes.axvline(worst, color=MUTED, linewidth=1.0, linestyle=":")
    axes.axvline(0, color=MUTED, linewidth=1.0, linestyle=":")
    axes.set(xlabel="mean loss above the least (0.4: the worst point)", xlim=(-0.015, worst * 1.04))
    return rows, axes


def cost(panels):
    """Final training losses as multiples of Adam's, paired by seeds: geometric means, bars of two standard errors.

    panels: by task, by rule, (mean, error) of the logarithm of the ratio. Returns (data, axes); data holds the rows by task.
    """
    drawn, made = {}, figure(len(panels), 1, height=1.9 * len(panels), sharex=True)
    for axes, (task, rules) in zip(np.atleast_1d(made[1]), panels.items(), strict=True):
        rows = [(NAMES[name], name, *np.exp([m, m - 2 * e, m + 2 * e])) for name, (m, e) in rules.items()]
        _rows(axes, rows, log=True)
        axes.axvline(1, color=color("adam"), linewidth=1.2)
        axes.set_title(task)
        axes.set_xticks([0.5, 1, 2, 4], ["½", "1", "2", "4"])
        axes.set_xlim(0.45, 4.2)
        axes.minorticks_off()
        drawn[task] = rows
    np.atleast_1d(made[1])[-1].set(xlabel="final training loss, over Adam's")
    return drawn, made[1]
