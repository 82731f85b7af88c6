"""The figures of "The AdaGrad theorem"."""

import numpy as np

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure, linestyle

__all__ = ["STEPS", "hover", "price_of_c", "proof_map", "regret_and_bound", "worst_case"]

# What each part of the proof is made from, by the names in `lecture_optim.proofs.adagrad.one_coordinate`; a test compares them.
STEPS = {
    "ordered": ("points",),
    "low": ("update", "begin", "ordered"),
    "high": ("update", "begin"),
    "bounded": ("low", "high", "points"),
    "more": ("grows",),
    "rise": ("more",),
    "step": ("quotient", "update", "points"),
    "rising": ("rise",),
    "weights": ("rising", "bounded"),
}
# The box of each part: words, and its place (column, row).
BOXES = {
    "grows": ("$S_t = S_{t-1} + g_t^2$", 0, 4),
    "quotient": ("$r_t\\sqrt{S_t} = g_t$", 0, 3),
    "update": ("$w_{t+1}$: step, then clip", 0, 2),
    "points": ("$u$ in $[a,b]$", 0, 1),
    "begin": ("$w_1$ in $[a,b]$", 0, 0),
    "rising": ("weights never fall", 1, 2.95),
    "step": ("one step", 1, 1.9),
    "bounded": ("$(w_t-u)^2 \\leq (b-a)^2$", 1, 0.6),
    "ratios": ("sum of ratios", 2, 4),
    "weights": ("monotone weights", 2, 0.9),
    "regret": ("regret", 2, 2.4),
}
ARROW = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.1}
FOLDED = {"ordered": "bounded", "low": "bounded", "high": "bounded", "more": "rising", "rise": "rising"}
LAST = {"ratios": ("grows", "quotient"), "regret": ("step", "weights", "ratios")}


def proof_map(steps=STEPS):
    """Which part of the proof feeds which, from the definitions on the left to the regret bound; small lemmas are folded in.

    steps: by part, the parts that it is made from. Returns (data, axes); data holds the drawn arrows, a set of (from, to).
    """
    _, axes = figure(width=5.8, height=4.2)
    arrows = {(FOLDED.get(a, a), FOLDED.get(b, b)) for b, sources in {**steps, **LAST}.items() for a in sources}
    arrows = {(a, b) for a, b in arrows if a != b}
    shade = {0: ("#f3f4f6", MUTED), 1: ("#dbe9f4", color("adagrad")), 2: ("#dbe9f4", color("adagrad"))}
    boxes = {}
    for name, (words, column, row) in BOXES.items():
        face, edge = shade[column]
        box = {"boxstyle": "round,pad=0.45", "facecolor": face, "edgecolor": edge, "linewidth": 1.0}
        weight = "bold" if name == "regret" else "normal"
        boxes[name] = axes.text(column, row, words, ha="center", va="center", fontsize=10, bbox=box, zorder=3, fontweight=weight)
    axes.set(xlim=(-0.45, 2.4), ylim=(-0.5, 4.5), xticks=[], yticks=[])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.figure.draw_without_rendering()  # the size of a box is known when it has been laid out
    to_data = axes.transData.inverted()
    extents = {name: box.get_bbox_patch().get_window_extent() for name, box in boxes.items()}

    def rim(start, end):
        """Where the line between two centres leaves the box ``start``, a little outside."""
        box, far = extents[start], extents[end]
        center = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
        way = np.array([far.x0 + far.x1, far.y0 + far.y1]) / 2 - center
        share = min(half / abs(step) for half, step in zip((box.width / 2 + 6, box.height / 2 + 6), way, strict=True) if step)
        return to_data.transform(center + share * way)

    for a, b in sorted(arrows):
        axes.annotate("", rim(b, a), rim(a, b), arrowprops={**ARROW, "shrinkA": 0, "shrinkB": 0})
    return {"arrows": arrows}, axes


def hover(w, regret, squares, bound):
    """The worst case as a walk: the iterate, and its regret over the root of the sum of squares so far, against the step.

    w (T,): iterates before each step. regret, squares (T,): sums up to and including it. bound: the theorem's constant.
    Returns (data, axes); data holds "t", "w" and "ratio".
    """
    _, axes = figure(2, 1, height=4.2, sharex=True)
    data = {"t": np.arange(1, len(w) + 1), "w": np.asarray(w), "ratio": np.asarray(regret) / np.sqrt(squares)}
    axes[0].plot(data["t"], data["w"], color=color("adagrad"), linewidth=1.0)
    axes[0].set(ylabel="$w_t$", ylim=(-1.1, 1.1))
    axes[1].plot(data["t"], data["ratio"], color=color("adagrad"))
    axes[1].axhline(bound, color=INK, linewidth=1.0, linestyle="--")
    axes[1].annotate("the bound", (1, bound), (2, 4), textcoords="offset points", va="bottom")
    axes[1].set(ylabel="regret$\\,/\\sqrt{S_t}$", xlabel="step $t$", ylim=(None, bound * 1.22))
    return data, axes


def worst_case(T, found, improved, bound):
    """The largest ratio found for each horizon, between what is proved for it and nothing, with the bound for all horizons.

    T (k,): horizons. found (k,): ratios of runs. improved (k,): proved for T steps. bound: proved for all.
    Returns (data, axes); data holds "T", "found", "improved", "bound".
    """
    _, axes = figure(height=3.3)
    T = np.asarray(T)
    axes.fill_between(T, found, improved, color=color("adagrad"), alpha=0.12, linewidth=0)
    axes.semilogx(T, improved, color=INK, linewidth=1.2)
    axes.semilogx(T, found, color=color("adagrad"), marker="o", markersize=4)
    axes.axhline(bound, color=INK, linewidth=1.0, linestyle="--")
    axes.annotate("proved for every $T$", (T[0], bound), (0, 4), textcoords="offset points", va="bottom")
    middle = len(T) // 2
    axes.annotate(
        "proved for this $T$", (T[middle], improved[middle]), (0, -12), textcoords="offset points", va="top", ha="center"
    )
    axes.annotate(
        "attained by a run", (T[middle], found[middle]), (6, -9), textcoords="offset points", va="top", color=color("adagrad")
    )
    axes.set(xlabel="number of steps $T$", ylabel="regret$\\,/(D\\sqrt{S_T})$", ylim=(1.9, 3.02))
    return {"T": T, "found": np.asarray(found), "improved": np.asarray(improved), "bound": bound}, axes


def price_of_c(k, bound, found):
    """The bound's factor against c over the best c, with the worst ratios of runs of several lengths.

    k (m,): c over the best c. bound (m,): proved. found: by horizon, (m,). Returns (data, axes); data holds all three.
    """
    _, axes = figure(height=3.4)
    axes.loglog(k, bound, color=INK, linewidth=1.4)
    axes.annotate("bound", (k[1], bound[1]), (8, 6), textcoords="offset points", color=INK)
    for alpha, (T, ratios) in zip(np.linspace(0.45, 1.0, len(found)), sorted(found.items()), strict=True):
        axes.loglog(k, ratios, color=color("adagrad"), alpha=alpha, marker="o", markersize=3)
        direct_label(axes, k[-1], ratios[-1], f"$T = {T}$", color=color("adagrad"), alpha=alpha)
    axes.set(xlabel="$c$ over the best $c$", ylabel="regret$\\,/(D\\sqrt{S_T})$")
    axes.set_xticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
    axes.set_yticks([2, 3, 4, 6], ["2", "3", "4", "6"])
    axes.minorticks_off()
    return {"k": np.asarray(k), "bound": np.asarray(bound), "found": {T: np.asarray(r) for T, r in found.items()}}, axes


NAMES = {
    "adagrad": "AdaGrad",
    "adagrad_norm": "norm-adaptive",
    "sgd": "descent, $1/\\sqrt{t}$",
    "sgd, fixed": "descent, fixed",
}


def _look(name):
    rule = name.partition(",")[0]
    return {"color": color(rule), "linestyle": ":" if "fixed" in name else linestyle(rule)}


def regret_and_bound(results):
    """Regret (left) and each rule's own bound (right), a row a stream; bands reach from the least to the largest run.

    results: by stream's title, by rule ("adagrad", "adagrad_norm", "sgd", "sgd, fixed"), a dict with "t" (m,), "regret" and
    "bound" (m, runs). Returns (data, axes); data holds by stream and rule the means (m,) of "regret" and "bound".
    """
    _, axes = figure(len(results), 2, height=2.3 * len(results) + 0.7, sharex=True, sharey="row", squeeze=False)
    data = {}
    for k, (title, rules) in enumerate(results.items()):
        data[title] = {}
        for name, run in rules.items():
            data[title][name] = {"t": run["t"]}
            for ax, kind in zip(axes[k], ("regret", "bound"), strict=True):
                mean = run[kind].mean(axis=1)
                data[title][name][kind] = mean
                ax.loglog(run["t"], mean, label=NAMES[name], **_look(name))
                ax.fill_between(
                    run["t"], run[kind].min(axis=1), run[kind].max(axis=1), color=_look(name)["color"], alpha=0.15, linewidth=0
                )
        axes[k, 0].text(0.05, 0.9, title, transform=axes[k, 0].transAxes, color=INK)
        least = min(by_rule["regret"].min() for by_rule in data[title].values())
        axes[k, 0].set_ylim(bottom=0.6 * least)  # a band may reach down to 0, which a logarithmic axis does not have
    axes[0, 0].set_title("regret")
    axes[0, 1].set_title("its bound")
    for ax in axes[-1]:
        ax.set(xlabel="step $t$")
    axes[0, 0].figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=9, frameon=False
    )
    return data, axes
