"""The figures of the chapter on the order of quantifiers."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, figure

__all__ = ["curves", "drift_against_rate", "phase_map", "seeds"]

FAILS, WORKS = color("adam"), color("adagrad")


def _frame(axes, C):
    axes.set(xlabel="decay rate $\\beta_2$", ylabel="large slope $C$", xlim=(0, 1), ylim=(2, C))


def curves(beta2, threshold, top=5.0):
    """The threshold slope C*(beta_2) between an explicit slope that fails and one that works; beta2, threshold (k,).

    Returns (data, axes); data holds "fails" and "works", the explicit slopes.
    """
    _, axes = figure(height=3.4)
    data = {"fails": np.sqrt(5 - beta2), "works": 2 / beta2}
    axes.fill_between(beta2, 2, np.minimum(threshold, top), color=FAILS, alpha=0.18, linewidth=0)
    axes.fill_between(beta2, np.minimum(threshold, top), top, color=WORKS, alpha=0.18, linewidth=0)
    axes.plot(beta2, data["fails"], color=FAILS, linewidth=1.4)
    axes.plot(beta2, data["works"], color=WORKS, linewidth=1.4)
    axes.plot(beta2, threshold, color=INK)
    axes.text(0.1, 3.25, "fails", color=FAILS)
    axes.text(0.06, 2.3, "$\\sqrt{5-\\beta_2}$", color=FAILS)
    axes.text(0.75, 4.3, "works", color=WORKS)
    axes.text(0.68, 3.1, "$2/\\beta_2$", color=WORKS)
    axes.text(0.3, 4.3, "threshold $C^*$", color=INK)
    _frame(axes, top)
    return data, axes


def phase_map(beta2, C, sign, runs, threshold):
    """The sign of the drift over (beta_2, C), the ends of runs laid over it.

    beta2 (m,), C (n,), sign (n, m): the map. runs: (beta2, C, x) each (k,), x the last position. threshold: (beta2, C*).
    Returns (data, axes); data holds "worst", "best" and "undecided", the numbers of runs of each kind.
    """
    _, axes = figure(height=4.2)
    axes.contourf(beta2, C, sign, levels=[-2, 0, 2], colors=[WORKS, FAILS], alpha=0.22)
    b, c, x = runs
    kinds = {"worst": x > 0.9, "best": x < -0.9, "undecided": np.abs(x) <= 0.9}
    marks = {"worst": ("^", FAILS), "best": ("v", WORKS), "undecided": ("o", INK)}
    for kind, here in kinds.items():
        mark, ink = marks[kind]
        axes.plot(b[here], c[here], mark, color=ink, markersize=3.2, linewidth=0, label=f"{kind} ({here.sum()})")
    axes.plot(*threshold, color=INK, linewidth=1.4)
    for slope in (np.sqrt(5 - threshold[0]), 2 / threshold[0]):
        axes.plot(threshold[0], slope, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=3, handletextpad=0.2, columnspacing=1.2)
    _frame(axes, C[-1])
    return {kind: int(here.sum()) for kind, here in kinds.items()}, axes


def drift_against_rate(forgets, exact, line, measured):
    """The stationary drift against 1 - beta_2: exact curve, first-order line, Monte Carlo points.

    forgets, exact, line: (k,). measured: {1 - beta_2: (mean, standard error)}. Returns (data, axes); data holds the curve's zero.
    """
    _, axes = figure(height=3.4)
    scale = 1e3
    axes.plot(forgets * scale, exact * scale, color=FAILS)
    axes.plot(forgets * scale, line * scale, color=MUTED, linestyle="--", linewidth=1.4)
    at = np.array(list(measured))
    mean, error = np.array(list(measured.values())).T
    axes.errorbar(at * scale, mean * scale, 2 * error * scale, fmt="o", color=INK, markersize=4, capsize=3)
    axes.axhline(0, color=INK, linewidth=1.0)
    axes.text(0.98, 0.55, "right way", color=MUTED, ha="right", transform=axes.get_yaxis_transform())
    axes.text(0.98, -0.9, "wrong way", color=MUTED, ha="right", transform=axes.get_yaxis_transform())
    axes.text(0.9, -3.3, "exact", color=FAILS, ha="right")
    axes.text(1.14, -2.6, "first order", color=MUTED, ha="right")
    axes.set(xlabel="$1-\\beta_2$, in thousandths", ylabel="drift, in thousandths", xlim=(0, forgets[-1] * scale))
    change = np.flatnonzero(np.diff(np.sign(exact)))
    return {"zero": float(forgets[change[0]]), "changes": len(change)}, axes


def seeds(t, positions, names):
    """Positions of batches of runs against the step: mean and the middle four fifths over seeds.

    t (r,); positions (r, k, seeds); names (k,). Returns (data, axes); data holds {name: mean (r,)}.
    """
    _, axes = figure(1, len(names), height=2.9, sharey=True)
    data = {}
    for k, (name, ax) in enumerate(zip(names, axes, strict=True)):
        x = positions[:, k]
        low, high = np.quantile(x, [0.1, 0.9], axis=1)
        data[name] = x.mean(axis=1)
        ax.fill_between(t / 1e3, low, high, color=FAILS, alpha=0.2, linewidth=0)
        ax.plot(t / 1e3, x[:, 0], color=MUTED, linewidth=0.8)
        ax.plot(t / 1e3, data[name], color=FAILS)
        ax.axhline(0, color=INK, linewidth=0.8)
        end = round(t[-1] / 1e3)
        ax.set(title=f"$\\beta_2$ = {name}", xlabel="thousand steps", ylim=(-1.05, 1.05), xlim=(0, end), xticks=(0, end // 2))
    axes[0].set_ylabel("position $x_t$")
    return data, axes
