"""The figures of the chapter on Adam at work: losses against the learning rate, along the run, and the widths of the valleys."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, figure, linestyle

__all__ = ["NAMES", "along", "correction", "valleys", "widths"]

NAMES = {
    "sgd": "SGD", "momentum": "momentum", "nesterov": "Nesterov", "adagrad": "AdaGrad", "rmsprop": "RMSProp",
    "adadelta": "Adadelta", "adam": "Adam", "adamax": "AdaMax", "nadam": "Nadam", "amsgrad": "AMSGrad",
}  # fmt: skip
MARKERS = dict(zip(NAMES, "osv D^P*XdH".replace(" ", ""), strict=False))


def _middle(losses):
    """The geometric mean over the seeds, the last axis."""
    return np.exp(np.mean(np.log(losses), axis=-1))


def _plain(panel):
    """Ticks of the logarithmic axis of losses at 1, 2, 3 and 5 times powers of ten, written as numbers."""
    low, high = panel.get_ylim()
    ticks = [m * 10.0**k for k in range(-4, 3) for m in (1, 2, 3, 5) if low <= m * 10.0**k <= high]
    panel.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.set_yticks([], minor=True)


def _look(name):
    return {"color": color(name), "linestyle": linestyle(name), "marker": MARKERS[name], "markersize": 5}


def valleys(panels, nothing, top, bottom):
    """The final training loss against the learning rate, double logarithmic: one panel a race, the best rate circled.

    panels: by title, a dict of sweeps by rule. nothing: the loss of knowing nothing, drawn as a line. bottom, top: the ends of
    the axis of losses; what lies above is cut off. Returns (data, axes); data holds by title and rule a dict of "rate", "loss",
    the geometric mean over the seeds (rates,), and "best", the place of the least.
    """
    _, axes = figure(1, len(panels), width=6.4, height=4.2, sharey=True)
    axes, data, handles = np.atleast_1d(axes), {}, {}
    for panel, (title, sweeps) in zip(axes, panels.items(), strict=True):
        data[title] = {}
        panel.axhline(nothing, color=MUTED, linewidth=0.9, linestyle=":")
        for name, sweep in sweeps.items():
            loss = _middle(sweep.final)
            data[title][name] = {"rate": sweep.rates, "loss": loss, "best": int(np.argmin(loss))}
            (handles[name],) = panel.loglog(sweep.rates, np.minimum(loss, 2 * top), **_look(name))
            k = data[title][name]["best"]
            panel.plot(sweep.rates[k], loss[k], "o", markersize=12, markerfacecolor="none", color=INK, markeredgewidth=1)
        panel.set(xlabel="learning rate", ylim=(bottom, top))
        panel.set_title(title)
        _plain(panel)
    axes[0].set_ylabel("training loss at the end")
    _legend(axes[0].figure, handles)
    return data, axes


def _legend(fig, handles):
    names = [NAMES[name] for name in handles]
    options = {"ncols": min(len(names), 5), "columnspacing": 1.2, "handlelength": 1.6, "frameon": False}
    fig.legend(list(handles.values()), names, loc="outside upper center", **options)


def along(panels):
    """The training loss along the run, each rule at one rate: the geometric mean over seeds, with a band of two standard errors.

    panels: by title, losses by rule, (epochs + 1, seeds). Returns (data, axes); data holds by title and rule a dict of "loss" and
    "error", the standard error of its logarithm, (epochs + 1,) each.
    """
    _, axes = figure(1, len(panels), width=6.4, height=4.2)
    axes, data, handles = np.atleast_1d(axes), {}, {}
    for panel, (title, losses) in zip(axes, panels.items(), strict=True):
        data[title] = {}
        for name, loss in losses.items():
            middle, error = _middle(loss), np.std(np.log(loss), axis=-1, ddof=1) / np.sqrt(loss.shape[-1])
            data[title][name] = {"loss": middle, "error": error}
            epochs = np.arange(len(middle))
            (handles[name],) = panel.semilogy(epochs, middle, **_look(name))
            low, high = middle * np.exp(-2 * error), middle * np.exp(2 * error)
            panel.fill_between(epochs, low, high, color=color(name), alpha=0.12, linewidth=0)
        panel.set(xlabel="epoch")
        panel.set_title(title)
        _plain(panel)
    axes[0].set_ylabel("training loss")
    _legend(axes[0].figure, handles)
    return data, axes


def widths(panels):
    """How many decades of learning rate serve: the mean over seeds as a bar, two standard errors as a line.

    panels: by title, widths by rule, (seeds,). Returns (data, axes); data holds by title and rule a pair (mean, standard error).
    """
    _, axes = figure(1, len(panels), width=6.4, height=3.6)
    axes, data = np.atleast_1d(axes), {}
    for panel, (title, rules) in zip(axes, panels.items(), strict=True):
        data[title] = {n: (float(np.mean(w)), float(np.std(w, ddof=1) / np.sqrt(len(w)))) for n, w in rules.items()}
        for k, (name, (mean, error)) in enumerate(data[title].items()):
            panel.barh(k, mean, color=color(name), alpha=0.85, height=0.7)
            panel.plot([mean - 2 * error, mean + 2 * error], [k, k], color=INK, linewidth=1.4)
        panel.set_yticks(range(len(rules)), [NAMES[name] for name in rules])
        panel.invert_yaxis()
        panel.grid(axis="y", visible=False)
        panel.set(xlabel="decades", xlim=(0, None))
        panel.set_title(title)
    return data, axes


def correction(sweeps, top, bottom):
    """The final training loss against the learning rate with the bias correction and without, a panel for each beta1.

    sweeps: by (beta1, beta2, corrected), a `Sweep`. Returns (data, axes); data holds by the same key a dict of "loss", the
    geometric mean over the seeds (rates,), and "best", the rate of the least.
    """
    firsts, seconds = (sorted({key[k] for key in sweeps}) for k in (0, 1))
    _, axes = figure(1, len(firsts), width=6.4, height=4.2, sharey=True)
    axes, data = np.atleast_1d(axes), {}
    markers = dict(zip(seconds, "osD", strict=False))
    for (beta1, beta2, corrected), sweep in sweeps.items():
        loss = _middle(sweep.final)
        data[beta1, beta2, corrected] = {"loss": loss, "best": float(sweep.rates[np.argmin(loss)])}
        panel = axes[firsts.index(beta1)]
        label = f"$\\beta_2$ = {beta2:g}, {'corrected' if corrected else 'uncorrected'}"
        look = {"color": color("adam") if corrected else MUTED, "linestyle": "-" if corrected else "--"}
        panel.loglog(sweep.rates, np.minimum(loss, 2 * top), marker=markers[beta2], markersize=6, label=label, **look)
    for panel, beta1 in zip(axes, firsts, strict=True):
        panel.set(xlabel="learning rate", ylim=(bottom, top))
        panel.set_title(f"$\\beta_1$ = {beta1:g}")
        _plain(panel)
    axes[0].set_ylabel("training loss at the end")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return data, axes
