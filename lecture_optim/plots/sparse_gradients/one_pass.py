"""The figures of the chapter on one pass over text: the methods of `METHODS` on the same splits of the corpus."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["METHODS", "gap_by_band", "heldout_errors", "learning_rate_curves", "loss_over_pass", "volume_of_rare_words"]

# Two schedules of SGD and two ways to run Adam: one colour a rule, the second of each pair dashed.
METHODS = {
    "SGD constant": {"color": color("sgd"), "linestyle": "-", "marker": "s"},
    "SGD 1/sqrt t": {"color": color("sgd"), "linestyle": "--", "marker": "o"},
    "AdaGrad": {"color": color("adagrad"), "linestyle": "-", "marker": "D"},
    "Adam masked": {"color": color("adam"), "linestyle": "--", "marker": "v"},
    "Adam dense": {"color": color("adam"), "linestyle": "-", "marker": "^"},
}
TITLES = {"SGD 1/sqrt t": "SGD $1/\\sqrt{t}$"}


def _title(method):
    return TITLES.get(method, method)


def _spread(labels, axes, gap):
    """Heights for labels at the end of curves, in the order of the curves, at least ``gap`` of the axis apart."""
    low, high = axes.get_ylim()
    order = np.argsort(labels)
    placed = np.array(labels, dtype=float)[order]
    for k in range(1, len(placed)):
        placed[k] = max(placed[k], placed[k - 1] + gap * (high - low))
    placed -= max(placed[-1] - high, 0)
    heights = np.empty_like(placed)
    heights[order] = placed
    return heights


def learning_rate_curves(rates, losses, errors):
    """Progressive loss and held-out error against the learning rate: means over the seeds, and the range of the loss as a band.

    rates: by method, (k,) learning rates. losses, errors: by method, (seeds, k). A line marks ln 2, the loss of w = 0.
    Returns (data, axes); data holds by method a dict of "rate", "loss", "error" (means, (k,)) and "chosen", the place in the
    grid with the least mean progressive loss.
    """
    _, axes = figure(1, 2, height=3.7)
    data = {}
    for method, lr in rates.items():
        look = METHODS[method]
        mean, chosen = losses[method].mean(axis=0), int(losses[method].mean(axis=0).argmin())
        data[method] = {"rate": np.asarray(lr), "loss": mean, "error": errors[method].mean(axis=0), "chosen": chosen}
        for panel, values in zip(axes, (losses[method], 100 * errors[method]), strict=True):
            panel.semilogx(lr, values.mean(axis=0), markersize=4, **look)
            panel.plot(lr[chosen], values.mean(axis=0)[chosen], marker="o", markersize=10, markerfacecolor="none", color=INK)
        low, high = losses[method].min(axis=0), losses[method].max(axis=0)
        axes[0].fill_between(lr, low, high, color=look["color"], alpha=0.15, linewidth=0)
    axes[0].axhline(np.log(2), color=MUTED, linewidth=0.9, linestyle=":")
    axes[0].text(0.01, np.log(2), "knowing nothing", color=MUTED, va="bottom", transform=axes[0].get_yaxis_transform())
    axes[0].set(xlabel="learning rate", ylabel="progressive loss", ylim=(0.18, 0.8))
    axes[1].set(xlabel="learning rate", ylabel="held-out error, %", ylim=(8, 15))
    handles = [axes[0].lines[2 * k] for k in range(len(rates))]
    names = [_title(method) for method in rates]
    axes[0].figure.legend(handles, names, loc="outside upper center", ncols=len(rates), fontsize=8.5, frameon=False)
    return data, axes


def windows(T):
    """The edges 0, 1, 3, 7, ... of windows that hold 1, 2, 4, ... steps, and T: the last may be cut short."""
    edges = 2 ** np.arange(int(np.log2(T)) + 2) - 1
    return np.append(edges[edges < T], T)


def loss_over_pass(losses):
    """Progressive loss in windows that double in length: a plain mean within each window and over the seeds.

    losses: by method, a list with (T_s,) losses of each seed s; windows end at the shortest. Returns (data, axes); data holds
    "edges" (w + 1,) and by method the means (w,).
    """
    _, axes = figure(height=3.6)
    shortest = min(len(run) for runs in losses.values() for run in runs)
    edges = windows(shortest)
    data = {"edges": edges}
    centres = np.sqrt((edges[:-1] + 1.0) * edges[1:])
    for method, runs in losses.items():
        sums = np.mean([np.add.reduceat(run[:shortest], edges[:-1]) for run in runs], axis=0)
        data[method] = sums / np.diff(edges)
        axes.semilogx(centres, data[method], markersize=4, **METHODS[method])
    axes.set(xlabel="paragraphs read", ylabel="mean loss in the window", ylim=(0, None))
    heights = _spread([data[method][-1] for method in losses], axes, 0.065)
    for method, height in zip(losses, heights, strict=True):
        direct_label(axes, centres[-1], height, _title(method), color=METHODS[method]["color"], xytext=(9, 0))
    return data, axes


def heldout_errors(errors, hindsight):
    """Held-out error by method: one thin line a split, dots for each, a bar for their mean, a dotted one for the hindsight's.

    errors, hindsight: by method, (seeds,): at the rate that the training part chose, and at the best of the grid for the
    held-out part itself. Returns (data, axes); data holds by method a dict of "mean", "deviation" (n - 1) and "hindsight".
    """
    _, axes = figure(height=3.5)
    place = np.arange(len(errors))
    table = 100 * np.array(list(errors.values()))
    axes.plot(place, table, color=MUTED, linewidth=0.6, alpha=0.6)
    data = {}
    for k, method in enumerate(errors):
        look = METHODS[method]
        data[method] = {
            "mean": float(np.mean(errors[method])),
            "deviation": float(np.std(errors[method], ddof=1)),
            "hindsight": float(np.mean(hindsight[method])),
        }
        axes.plot(np.full(table.shape[1], k), table[k], ".", color=look["color"], markersize=8)
        axes.hlines(100 * data[method]["mean"], k - 0.3, k + 0.3, color=look["color"], linewidth=3)
        axes.hlines(100 * data[method]["hindsight"], k - 0.3, k + 0.3, color=look["color"], linewidth=1.2, linestyle=":")
        axes.text(
            k - 0.3, 100 * data[method]["mean"] + 0.04, f"{100 * data[method]['mean']:.1f}", va="bottom", color=look["color"]
        )
    axes.set_xticks(place, [_title(method) for method in errors])
    axes.set(ylabel="held-out error, %", xlim=(-0.5, len(errors) - 0.5))
    axes.grid(axis="x", visible=False)
    return data, axes


def gap_by_band(shares, bands):
    """Each method's gap between mean scores as a bar of length one, split into the shares of bands of words.

    shares: by method, (seeds, bands), rows that sum to 1. bands: the bands' counts as text, rare first.
    Returns (data, axes); data holds by method the mean shares (bands,).
    """
    _, axes = figure(height=3.4)
    data = {method: np.mean(share, axis=0) for method, share in shares.items()}
    strengths = np.linspace(0.9, 0.25, len(bands))
    for k, (method, share) in enumerate(data.items()):
        starts = np.concatenate([[0.0], np.cumsum(share)[:-1]])
        for start, width, strength in zip(starts, share, strengths, strict=True):
            axes.barh(k, 100 * width, left=100 * start, color=METHODS[method]["color"], alpha=strength, edgecolor="white")
            if width > 0.035:
                ink = "white" if strength > 0.8 else INK
                axes.text(100 * (start + width / 2), k, f"{100 * width:.0f}", ha="center", va="center", color=ink, fontsize=9)
    patches = [axes.barh(np.nan, 0, color=INK, alpha=strength) for strength in strengths]
    options = {"loc": "outside upper center", "ncols": len(bands), "fontsize": 9, "frameon": False}
    axes.figure.legend(patches, bands, title="training paragraphs with the word", **options)
    axes.set_yticks(range(len(data)), [_title(method) for method in data])
    axes.set(xlabel="share of the gap between mean scores, %", xlim=(0, 100))
    axes.invert_yaxis()
    axes.grid(visible=False)
    return data, axes


def volume_of_rare_words(factors, misranked):
    """The share of misranked pairs when the rare words' weights are multiplied by a factor: the mean over the seeds.

    factors (k,): positive. misranked: by method, (seeds, k). Returns (data, axes); data holds by method a dict of "misranked"
    (means, (k,)) and "best", the factor with the least.
    """
    _, axes = figure(height=3.7)
    data = {}
    for method, shares in misranked.items():
        mean = np.mean(shares, axis=0)
        data[method] = {"misranked": mean, "best": float(factors[mean.argmin()])}
        axes.plot(factors, 100 * mean, markersize=4, **METHODS[method])
        axes.plot(data[method]["best"], 100 * mean.min(), marker="o", markersize=10, markerfacecolor="none", color=INK)
    axes.set_xscale("log", base=2)
    axes.set_xticks(factors[::2], [f"{factor:g}" for factor in factors[::2]])
    axes.set(xlabel="factor on the weights of rare words", ylabel="misranked pairs, %")
    heights = _spread([100 * data[method]["misranked"][-1] for method in data], axes, 0.06)
    for method, height in zip(data, heights, strict=True):
        direct_label(axes, factors[-1], height, _title(method), color=METHODS[method]["color"], xytext=(9, 0))
    return data, axes
