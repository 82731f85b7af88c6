"""Figures of the chapter "Where sparsity comes from"."""

import numpy as np

from lecture_optim.plots.style import GRID, INK, MUTED, direct_label, figure

__all__ = ["batch_zeros", "one_sided", "rank_frequency", "rare_class", "unit_activity"]

_DASHES = ("-", "--", ":")


def _note(axes, x, y, text, **options):
    """A direct label of something other than an optimizer, in ink unless told."""
    return direct_label(axes, x, y, text, **{"fontsize": 9, **options})


def rank_frequency(text, named=(1, 10, 100, 1000, 5000)):
    """The number of paragraphs that hold a word against the word's rank, both logarithmic, with the words at ``named`` ranks.

    text: a `Corpus`. Returns (data, axes); data holds "rank" and "paragraphs" (d,) and "words", the named ranks' words.
    """
    order = np.argsort(-text.counts, kind="stable")
    rank, paragraphs = np.arange(1, text.d + 1), text.counts[order]
    words = {r: text.vocabulary[order[r - 1]] for r in named}
    _, axes = figure(height=3.4)
    axes.loglog(rank, paragraphs, color=INK)
    for r, word in words.items():
        axes.plot(r, paragraphs[r - 1], "o", color=INK, markersize=4)
        _note(axes, r, paragraphs[r - 1], word, xytext=(6, 7))
    axes.set(xlabel="rank of the word", ylabel="paragraphs that hold it", ylim=(0.7, 3 * paragraphs[0]))
    return {"rank": rank, "paragraphs": paragraphs, "words": words}, axes


def one_sided(files, observed, chance, agreement, chance_agreement, band, by_places):
    """Two measures of how telling words are against the number of files that hold them, each beside what chance gives.

    files (b,): the middle of each bin of words. observed, chance (b,): the share of words all of whose files are by one
    package, as it is and with shuffled labels. agreement (b,): the mean share of a word's pairs of files by one package;
    chance_agreement: its mean with shuffled labels, one number; band (2, b): the ends of its spread. by_places: what two places
    of words drawn at random would give, one number. Returns (data, axes); data holds the arguments by name.
    """
    _, axes = figure(columns=2, height=3.2, sharex=True)
    left, right = axes
    left.semilogx(files, observed, "o-", color=INK, markersize=4)
    left.semilogx(files, chance, "o--", color=MUTED, markersize=3)
    _note(left, files[2], observed[2], "words", xytext=(7, 5))
    _note(left, files[3], chance[3], "shuffled\nlabels", xytext=(-8, -8), ha="right", color=MUTED)
    left.set(ylabel="share of words with one side only", ylim=(-0.03, 1.03))
    right.fill_between(files, *band, color=GRID, linewidth=0)
    right.semilogx(files, agreement, "o-", color=INK, markersize=4)
    right.axhline(chance_agreement, color=MUTED, linestyle="--")
    _note(right, files[0], agreement[0], "words", xytext=(7, 2))
    _note(right, files[-1], chance_agreement, "shuffled labels", xytext=(0, 6), ha="right", color=MUTED)
    right.axhline(by_places, color=MUTED, linestyle=":")
    _note(right, files[0], by_places, "places at random", xytext=(0, -7), color=MUTED)
    right.set(ylabel="share of agreeing pairs of files", ylim=(0.6, 0.9))
    for ax in axes:
        ax.set(xlabel="files that hold the word")
    return {
        "files": files,
        "observed": observed,
        "chance": chance,
        "agreement": agreement,
        "chance_agreement": chance_agreement,
        "band": band,
        "by_places": by_places,
    }, axes


def rare_class(steps, runs):
    """The rare class's share of the total slope, and the gap between the classes' mean scores, against the step.

    steps (r,): numbers of steps taken. runs: by name, at most three, the pair of runs from zero and from the base rate, each a
    dict with "share" and "gap" (r,). Returns (data, axes); data holds "steps" and ``runs``.
    """
    _, axes = figure(columns=2, height=3.4, sharex=True)
    left, right = axes
    for (name, (zero, base)), dash in zip(runs.items(), _DASHES, strict=False):
        left.semilogx(steps, zero["share"], dash, color=MUTED)
        right.semilogx(steps, zero["gap"], dash, color=MUTED, linewidth=1.2)
        right.semilogx(steps, base["gap"], dash, color=INK)
        place = (12, -5) if zero["share"][0] < 0.45 else (2, 9)
        _note(left, steps[0], zero["share"][0], name, xytext=place, color=MUTED)
    left.axhline(0.5, color=INK, linewidth=0.8)
    right.axhline(0.0, color=INK, linewidth=0.8)
    lowest = min((zero for zero, _ in runs.values()), key=lambda zero: zero["gap"].min())
    k = int(np.argmin(lowest["gap"]))
    _note(right, steps[k], lowest["gap"][k], "from zero", xytext=(0, -9), ha="center", color=MUTED)
    first = next(iter(runs.values()))[1]["gap"]
    k = int(np.argmax(first >= 0.6 * first.max()))
    _note(right, steps[k], first[k], "from the base rate", xytext=(-8, 0), ha="right")
    left.set(xlabel="steps taken", ylabel="rare class's share of the slope", ylim=(0, 0.58))
    right.set(xlabel="steps taken", ylabel="gap between mean scores", ylim=(lowest["gap"].min() - 0.6, 4.5))
    return {"steps": steps, **runs}, axes


def unit_activity(activity):
    """The share of examples on which each hidden unit is active, units sorted from the most active to the least.

    activity: by name, an array (units,) of shares, at most three. Returns (data, axes); data holds each, sorted, by name.
    """
    _, axes = figure(height=3.2)
    data = {}
    for (name, shares), dash in zip(activity.items(), _DASHES, strict=False):
        data[name] = np.sort(shares)[::-1]
        axes.plot(np.arange(1, len(shares) + 1), data[name], dash, color=INK)
    for name, shares in data.items():
        k = len(shares) // 2
        _note(axes, k + 1, shares[k], name, xytext=(4, 7))
    axes.set(xlabel="hidden unit, by rank", ylabel="share of examples with the unit active", ylim=(-0.02, 1.05))
    return data, axes


def batch_zeros(panels):
    """The share of coordinates that a batch leaves at zero, against its size: measured, exact, and if all were equally rare.

    panels: by name, a dict with "B", "exact" and "uniform" (curves), "drawn" and "measured" (points), and "floor", the share of
    coordinates that no example touches. Returns (data, axes); data is ``panels``.
    """
    _, axes = figure(columns=len(panels), height=3.3, sharey=True, squeeze=False)
    for ax, (name, panel) in zip(axes[0], panels.items(), strict=True):
        ax.semilogx(panel["B"], panel["exact"], color=INK, base=2)
        ax.semilogx(panel["drawn"], panel["measured"], "o", color=INK, markersize=4, base=2)
        ax.semilogx(panel["B"], panel["uniform"], "--", color=MUTED, base=2)
        place = (10, 4) if panel["exact"][0] < 0.9 else (2, -13)
        _note(ax, panel["B"][0], panel["exact"][0], "exact, and measured", xytext=place)
        _note(ax, panel["B"][-1], panel["uniform"][-1], "if all were equally rare", xytext=(-12, 7), ha="right", color=MUTED)
        if panel["floor"] > 0:
            ax.axhline(panel["floor"], color=MUTED, linewidth=1.0, linestyle=":")
            _note(ax, panel["B"][-1] ** 0.5, panel["floor"], "never touched", xytext=(0, 6), ha="center", color=MUTED)
        ax.set(xlabel=f"examples in the batch, $B$: {name}", ylim=(-0.02, 1.03))
    axes[0, 0].set_ylabel("share of coordinates at zero")
    return panels, axes[0]
