"""The figures of the chapter on one learning rate for all coordinates. "constant", "shared" and "own" name the three clocks."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["errors_under_clocks", "steps_to_travel", "travel_by_count", "weights_by_count"]

# Three clocks are SGD under three schedules, so they share its colour; a sum kept for each coordinate is AdaGrad's idea.
CLOCKS = {
    "constant": {"color": color("sgd"), "linestyle": "--", "marker": "s"},
    "shared": {"color": color("sgd"), "linestyle": "-", "marker": "o"},
    "shared, 1/t": {"color": color("sgd"), "linestyle": ":", "marker": "^"},
    "own": {"color": color("adagrad"), "linestyle": "-", "marker": "D"},
}
LEAST_TRAVEL = 1e-4  # Where the travel's axis begins: the few dots far below would squeeze the rest together.
TITLES = {"constant": "constant", "shared": "one shared clock", "own": "its own clock"}


def _look(clock, *names):
    return {name: CLOCKS[clock][name] for name in names or ("color", "linestyle", "marker")}


def _name(axes, x, y, text, clock, **options):
    return direct_label(axes, x, y, text, color=CLOCKS[clock]["color"], **options)


def steps_to_travel(rarity, steps, bounds):
    """Steps until the expected travel reaches a goal, against 1/p, both axes logarithmic, with the proved bounds as bands.

    rarity (k,): 1/p. steps: by clock, (k,) whole numbers. bounds: by clock, (lower (k,), upper (k,)).
    Returns (data, axes); data holds "rarity", each clock's steps and the fitted slope of each over the last half of the points.
    """
    _, axes = figure(height=3.8)
    data = {"rarity": np.asarray(rarity), **{clock: np.asarray(counts) for clock, counts in steps.items()}, "slopes": {}}
    late = slice(len(rarity) // 2, None)
    for clock, counts in steps.items():
        axes.loglog(rarity, counts, markersize=4, **_look(clock))
        if clock in bounds:
            axes.fill_between(rarity, *bounds[clock], color=CLOCKS[clock]["color"], alpha=0.18, linewidth=0)
        data["slopes"][clock] = float(np.polyfit(np.log(data["rarity"][late]), np.log(data[clock][late]), 1)[0])
        _name(axes, rarity[-1], counts[-1], TITLES[clock], clock, xytext=(6, {"own": 6, "constant": -6}.get(clock, 0)))
    axes.set(xlabel="$1/p$: steps from one sighting to the next, on average", ylabel="steps to the goal")
    return data, axes


def errors_under_clocks(t, exact, t_runs, simulated, names=("$p = 1$", "$p = 1/100$")):
    """Mean squared error before step t, a panel a coordinate: exact as lines, runs of the optimizers as markers.

    t (m,), t_runs (r,): steps. exact: by clock, (m, k) for k coordinates. simulated: by clock, (r, k). names: one a coordinate.
    Returns (data, axes); data holds "t", "t_runs", and by clock the pair (exact, simulated).
    """
    _, axes = figure(1, len(names), height=3.5, sharey=True)
    data = {"t": np.asarray(t), "t_runs": np.asarray(t_runs), **{clock: (exact[clock], simulated[clock]) for clock in exact}}
    labels = {"constant": "constant", "shared": "shared, $1/\\sqrt{t}$", "shared, 1/t": "shared, $1/t$", "own": "own, $1/n$"}
    for k, (panel, name) in enumerate(zip(axes, names, strict=True)):
        for clock in exact:
            panel.loglog(t, exact[clock][:, k], **_look(clock, "color", "linestyle"))
            panel.loglog(t_runs, simulated[clock][:, k], linestyle="", markersize=4, alpha=0.8, **_look(clock, "color", "marker"))
        panel.text(0.05, 0.05, name, transform=panel.transAxes, color=MUTED)
        panel.set(xlabel="step $t$")
    axes[0].set_ylabel("mean squared error")
    for clock in exact:
        _name(axes[-1], t[-1], exact[clock][-1, -1], labels[clock], clock)
    # The first panel has the other beside it, so its curves are named where they leave room.
    inside = {
        "constant": (0.75, labels["constant"], (0, 12), "center"),
        "shared": (0.75, "$1/\\sqrt{t}$", (0, -16), "center"),
        "own": (0.5, "$1/t$ and $1/n$", (-8, -4), "right"),
    }
    for clock, (part, text, offset, side) in inside.items():
        k = int(part * (len(t) - 1))
        _name(axes[0], t[k], exact[clock][k, 0], text, clock, xytext=offset, ha=side)
    return data, axes


def _mean_by_class(classes, values):
    return np.bincount(classes, values) / np.bincount(classes)


def travel_by_count(counts, travel, expected):
    """Travel of each weight against the number of its sightings: words as dots, the mean of each octave, the prediction.

    counts (d,): sightings, each >= 1. travel: by clock, (r, d) for r orders; the dots are the first. expected: by clock, (d,),
    the predicted travel up to one factor. The prediction is drawn through the total travel, so that the factor is the mean size
    of a gradient. An octave holds the counts from a power of two up to the next. Returns (data, axes); data holds "count" (the
    mean of each octave), and by clock a dict of "travel", "predicted" (each a mean over the octave), "slopes" (r,), "predicted
    slope" (of straight lines fitted to their logarithms against that of the count), "below" (how many dots the axis cuts off).
    """
    _, axes = figure(1, len(travel), height=3.3, sharex=True, sharey=True)
    octave = np.floor(np.log2(counts)).astype(int)
    count = _mean_by_class(octave, counts)
    data = {"count": count}
    for panel, clock in zip(np.atleast_1d(axes), travel, strict=True):
        by_order = np.array([_mean_by_class(octave, one) for one in travel[clock]])
        measured, total = by_order.mean(axis=0), travel[clock].mean(axis=0).sum()
        predicted = _mean_by_class(octave, expected[clock]) * total / expected[clock].sum()
        *slopes, line = (float(np.polyfit(np.log(count), np.log(y), 1)[0]) for y in (*by_order, predicted))
        below = int(np.sum(travel[clock][0] < LEAST_TRAVEL))
        data[clock] = {
            "travel": measured,
            "predicted": predicted,
            "slopes": np.array(slopes),
            "predicted slope": line,
            "below": below,
        }
        panel.loglog(counts, travel[clock][0], ".", color=CLOCKS[clock]["color"], markersize=1.5, alpha=0.25, rasterized=True)
        panel.loglog(count, predicted, color=INK, linewidth=1.0)
        panel.loglog(count, measured, linestyle="", markersize=4.5, markeredgecolor="white", **_look(clock, "color", "marker"))
        panel.text(0.05, 0.92, TITLES[clock], transform=panel.transAxes, color=INK)
        panel.text(0.95, 0.06, f"slope {np.mean(slopes):.2f}", transform=panel.transAxes, ha="right", color=INK)
        panel.set(xlabel="paragraphs with the word")
    np.atleast_1d(axes)[0].set(ylabel="travel of its weight", ylim=(LEAST_TRAVEL, None))
    return data, axes


def weights_by_count(counts, weights, loss):
    """The mean weight of telling words against the number of their sightings, by clock, with the range of the orders as band.

    counts (m,): sightings of the telling words. weights: by clock, (r, m) for r orders, positive where the sign is right. loss:
    by clock, (r,), the mean progressive losses, whose mean is written beside the line. Octaves with fewer than 5 words are left
    out. Returns (data, axes); data holds "count" and "words" (the mean count and the number of words of each octave), and by
    clock the mean weights (r, octaves).
    """
    _, axes = figure(height=3.6)
    octave = np.floor(np.log2(counts)).astype(int)
    words = np.bincount(octave)
    enough = words >= 5
    inside = enough[octave]

    def mean(values):
        return np.bincount(octave[inside], values[inside], len(words))[enough] / words[enough]

    data = {"count": mean(counts), "words": words[enough]}
    for clock, w in weights.items():
        data[clock] = np.array([mean(one) for one in w])
        line, text = data[clock].mean(axis=0), f"{TITLES[clock]}\n(loss {np.mean(loss[clock]):.3f})"
        axes.semilogx(data["count"], line, markersize=5, **_look(clock))
        axes.fill_between(
            data["count"], data[clock].min(axis=0), data[clock].max(axis=0), color=CLOCKS[clock]["color"], alpha=0.2, linewidth=0
        )
        _name(axes, data["count"][-1], line[-1], text, clock, xytext=(8, {"own": 15, "constant": -17}.get(clock, 0)))
    # Room above the highest points for the name of the one that ends there.
    axes.set(xlabel="paragraphs with the word", ylabel="mean weight, right sign positive", ylim=(0, 1.15 * axes.get_ylim()[1]))
    return data, axes
