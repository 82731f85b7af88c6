"""The picture that stands for the explorer of Part 4 where scripts are off."""

from lecture_optim.plots.style import GRID, INK, MUTED, color, direct_label, figure

__all__ = ["fails_or_finds"]


def fails_or_finds(beta2, C, ends, at, t, paths):
    """Where runs of Adam end on the map of decay rates and slopes, and the way of Adam and of AMSGrad at one of its points.

    beta2 (m,), C (n,), ends (n, m): the last positions. at: (beta2, C) of the paths. t: (r,). paths: {rule: (r,)}.
    Returns (data, axes); data holds "beta2", "C" and "ends", and the paths by name.
    """
    _, (left, right) = figure(1, 2, height=3.4, width=7.2, width_ratios=(5, 6))
    # Outcomes in no colour of a rule: plain, grey where undecided, hatched.
    grounds = {"colors": ["white", GRID, "white"], "hatches": ["", "", "///"]}
    regions = left.contourf(beta2, C, ends, levels=[-1.01, -0.9, 0.9, 1.01], **grounds)
    regions.set(edgecolor=MUTED, linewidth=0.0)
    left.text(0.05, 2.15, "fails", color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})
    left.text(0.97, 4.6, "finds the best point", color=INK, ha="right")
    left.plot(*at, "o", color=color("adam"), markersize=8, markeredgecolor="white")
    left.set(xlabel="decay rate $\\beta_2$", ylabel="large slope $C$", xlim=(beta2[0], beta2[-1]), ylim=(C[0], C[-1]))
    for rule, x in paths.items():
        right.semilogx(t, x, color=color(rule))
        direct_label(right, t[-1], x[-1], {"adam": "Adam", "amsgrad": "AMSGrad"}[rule], rule)
    for height, name in ((1, "worst"), (-1, "best")):
        right.axhline(height, color=MUTED, linewidth=1.0, linestyle=":")
        right.text(1.15 * t[0], height - 0.05 * height, name, color=INK, va="top" if height > 0 else "bottom")
    right.set(xlabel="step $t$", ylabel="position $x_t$", ylim=(-1.15, 1.15), xlim=(t[0], t[-1]))
    return {"beta2": beta2, "C": C, "ends": ends, **paths}, (left, right)
