"""The picture that stands for the explorer of Part 3 where scripts are off."""

from lecture_optim.plots.style import INK, MUTED, color, direct_label, figure

__all__ = ["first_steps"]


def first_steps(t, averages, steps, lr):
    """Adam's two averages without correction, and the steps with and without it, on gradients that are all 1.

    t: (T,). averages: "m" and "root v", (T,) each. steps: "raw" and "corrected", lengths (T,) each. lr: the learning rate.
    Returns (data, axes); data holds the steps in units of lr, and "longest", the step number of the longest raw one.
    """
    _, (upper, lower) = figure(2, 1, height=4.6, width=6.4, sharex=True)
    for name, rule, text in (("m", "momentum", "$m$"), ("root v", "rmsprop", "$\\sqrt{v}$")):
        upper.plot(t, averages[name], color=color(rule))
        direct_label(upper, t[-1], averages[name][-1], text, rule)
    upper.set(ylabel="average", ylim=(0, 1.15))
    data = {name: length / lr for name, length in steps.items()}
    data["longest"] = int(t[data["raw"].argmax()])
    lower.plot(t, data["raw"], color=color("adam"))
    lower.plot(t, data["corrected"], color=color("adam"), linestyle="--")
    direct_label(lower, t[-1], data["raw"][-1], "raw", "adam")
    direct_label(lower, t[-1], data["corrected"][-1], "corrected", "adam")
    top = data["raw"].max()
    note = {"color": INK, "arrowprops": {"arrowstyle": "-", "color": MUTED}, "xytext": (25, -4), "textcoords": "offset points"}
    lower.annotate(f"step {data['longest']}: {top:.2f} $\\alpha$", (data["longest"], top), **note)
    lower.set(xlabel="step $t$", ylabel="step / $\\alpha$", ylim=(0, 1.12 * top), xlim=(0, t[-1] + 1))
    return data, (upper, lower)
