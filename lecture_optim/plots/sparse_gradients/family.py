"""The figures of the chapter "A learning rate for each coordinate"."""

import numpy as np

from lecture_optim.plots.style import MUTED, color, figure, linestyle

__all__ = ["effective_rates", "losses_by_family", "map_of_family", "rotation"]

_TITLES = {
    "sgd": "SGD",
    "sign_sgd": "sign descent",
    "momentum": "heavy ball",
    "nesterov": "Nesterov",
    "adagrad_norm": "AdaGrad-norm",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "rmsprop_momentum": "RMSProp + momentum",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamax": "AdaMax",
    "nadam": "Nadam",
    "adamw": "AdamW",
    "amsgrad": "AMSGrad",
    "adopt": "ADOPT",
}


def _key(panel, rules, x, y):
    """The rules' names in their colours, one below the other from (x, y) in the panel's fractions, on white."""
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    for k, rule in enumerate(rules):
        place = (x, y - 0.08 * k)
        panel.annotate(_TITLES[rule], place, xycoords="axes fraction", color=color(rule), fontsize=8.5, bbox=white)


def effective_rates(rates):
    """Effective learning rates of several rules at the sightings of several words, a panel a word, both axes logarithmic.

    rates: by a word's caption, by the rule's name, an array (n,): the rate at each of the n sightings.
    Returns (data, axes); data is ``rates``.
    """
    _, axes = figure(1, len(rates), height=3.1, sharey=True)
    for panel, (word, by_rule) in zip(axes, rates.items(), strict=True):
        for rule, values in by_rule.items():
            seen = np.arange(1, len(values) + 1)
            panel.loglog(seen, values, color=color(rule), linestyle=linestyle(rule), linewidth=1.3)
        panel.set(xlabel="sighting", title=word, ylim=(0.1, 1e5))
        _key(panel, by_rule, 0.05, 0.93)
    axes[0].set_ylabel("effective learning rate")
    return rates, axes


def map_of_family(problem, paths, levels):
    """Every rule's path over the contours of one two-dimensional problem, a panel a rule.

    paths: by the rule's name, points (T, 2), the start first. levels: of the contour lines. Returns (data, axes), data = paths.
    """
    columns = 3
    fig, axes = figure(-(-len(paths) // columns), columns, height=11.0, sharex=True, sharey=True)
    reach = 2.1
    x = np.linspace(-reach, reach, 161)
    values = problem.loss(np.stack(np.meshgrid(x, x), axis=-1))
    for panel, (rule, path) in zip(axes.flat, paths.items(), strict=False):
        panel.contour(x, x, values, levels=levels, colors=MUTED, linewidths=0.5, alpha=0.6)
        panel.plot(*path.T, color=color(rule), marker=".", markersize=3.5, linewidth=1.1)
        panel.plot(0, 0, marker="+", color="black", markersize=7, markeredgewidth=1.0)
        panel.plot(*path[0], marker="o", markersize=4.5, markerfacecolor="white", markeredgecolor="black")
        panel.set_title(_TITLES[rule], color=color(rule), fontsize=9.5)
        panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        panel.grid(False)
    for panel in list(axes.flat)[len(paths) :]:
        panel.set_visible(False)
    fig.supxlabel("$w[1]$", fontsize=10)
    fig.supylabel("$w[2]$", fontsize=10)
    return paths, axes


def losses_by_family(losses, families):
    """Loss against step on a logarithmic axis, a panel a family. losses: by rule, (T,). families: by name, rules.

    Returns (data, axes), data = losses.
    """
    _, axes = figure(2, 2, height=5.2, sharex=True, sharey=True)
    for panel, (family, members) in zip(axes.flat, families.items(), strict=True):
        for rule in members:
            steps = np.arange(1, len(losses[rule]) + 1)
            panel.semilogy(steps, losses[rule], color=color(rule), linestyle=linestyle(rule), linewidth=1.5)
        _key(panel, members, 0.04, 0.04 + 0.08 * (len(members) - 1))
        panel.set(title=family, ylim=(1e-16, 1e2))
    for panel in axes[1]:
        panel.set_xlabel("step $t$")
    for panel in axes[:, 0]:
        panel.set_ylabel("loss")
    return losses, axes


def rotation(degrees, costs, start):
    """The average loss of each rule against the angle by which the problem is rotated. costs: by rule, (angles,).

    start: what the loss at the start, common to all, adds to every average. Returns (data, axes); data holds "degrees", "start"
    and each rule's costs.
    """
    _, axes = figure(height=3.6)
    axes.axhline(start, color=MUTED, linewidth=1, linestyle=":")
    below = {"textcoords": "offset points", "ha": "right", "va": "top", "fontsize": 8.5}
    axes.annotate(f"the start alone: {start:.3f}", (degrees[-1], start), (0, -5), color=MUTED, **below)
    for rule, values in costs.items():
        axes.plot(degrees, values, color=color(rule), linestyle=linestyle(rule))
    _key(axes, costs, 0.02, 0.7)
    axes.set(
        xlabel="rotation of the problem, in degrees",
        ylabel="average loss of the path",
        xticks=[0, 15, 30, 45, 60, 75, 90],
        ylim=(0, 3),
    )
    return {"degrees": degrees, "start": start, **costs}, axes
