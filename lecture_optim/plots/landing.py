"""The figure of the landing page."""

from lecture_optim.plots.style import MUTED, color, direct_label, figure

__all__ = ["two_walks"]


def two_walks(runs, best):
    """The position of each rule against the step, on a logarithmic axis, with the best point marked.

    runs: by the rule's name on the page, a `Run` that recorded "w". best: the comparator.
    Returns (data, axes); data holds "t" and each walk by its name.
    """
    _, axes = figure(height=3.3)
    data = {}
    for label, run in runs.items():
        data["t"], data[label] = run.t, run["w"]
        axes.semilogx(run.t, run["w"], color=color(label.lower()), linewidth=1.4)
        direct_label(axes, run.t[-1], run["w"][-1], label, label.lower())
    axes.axhline(best, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    direct_label(axes, 1, best, "best point", xytext=(4, -8), color=MUTED)
    axes.set(xlabel="step $t$", ylabel="position $w_t$", ylim=(-1.2, 1.12), xlim=(1, data["t"][-1]))
    return data, axes
