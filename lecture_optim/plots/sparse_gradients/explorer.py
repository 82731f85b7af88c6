"""The picture that stands for the explorer of Part 1 where scripts are off."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["travel_by_rarity"]

NAMES = {"sgd": "SGD", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adam": "Adam"}


def travel_by_rarity(counts, T, travel, beta2):
    """How far weights travel against how rarely they are seen, both axes logarithmic, and the lines 1/k and 1/sqrt(k).

    counts (d,): sightings, the first weight's the most; weights that were never seen are left out. T: the number of steps.
    travel: by rule, (d,). beta2: the decay rate of the averages, whose memory of 1 / (1 - beta2) steps is marked.
    Returns (data, axes); data holds "k" = T / counts in rising order and by rule the travel as a share of the first weight's.
    """
    counts = np.asarray(counts)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    k = T / counts[order]
    data = {"k": k} | {rule: way[order] / way[0] for rule, way in travel.items()}
    _, axes = figure(height=3.8)
    ends = np.array([1.0, 1.15 * k[-1]])
    for power, name in ((0.5, "$1/\\sqrt{k}$"), (1.0, "$1/k$")):
        axes.loglog(ends, ends**-power, color=MUTED, linewidth=1.0, linestyle=":")
        direct_label(axes, ends[-1], ends[-1] ** -power, name, color=INK, xytext=(5, 6 if power < 1 else -5))
    rise = {"sgd": 6, "adagrad": -5, "rmsprop": -6, "adam": 6}
    for rule in travel:
        axes.loglog(k, data[rule], color=color(rule), marker="o", markersize=3, linewidth=1.2)
        direct_label(axes, ends[-1], data[rule][-1], NAMES[rule], rule, xytext=(5, rise[rule]))
    memory = 1 / (1 - beta2)
    axes.axvline(memory, color=MUTED, linewidth=1.0, linestyle="--")
    where = {"xy": (memory, axes.get_ylim()[0]), "xytext": (-5, 8), "textcoords": "offset points", "ha": "right"}
    axes.annotate("memory of the averages", color=INK, **where)
    axes.set(xlabel="seen once in $k$ steps", ylabel="travel, word 1 = 1", xlim=ends)
    return data, axes
