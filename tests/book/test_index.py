"""The landing page's figure: its data against the walk written out in plain arithmetic."""

import math

from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots import landing
from lecture_optim.problems import reddi_periodic
from lecture_optim.projections import box
from lecture_optim.rules import adam, amsgrad
from lecture_optim.schedules import inverse_sqrt


def walk(slopes, lr, beta2, keep_largest):
    """Adam with beta1 = 0 and its bias correction, or AMSGrad without, from the best point -1."""
    w, v, largest, points = -1.0, 0.0, 0.0, []
    for t, g in enumerate(slopes, start=1):
        points.append(w)
        v = beta2 * v + (1 - beta2) * g**2
        largest = max(largest, v)
        scale = largest if keep_largest else v / (1 - beta2**t)
        w = min(1.0, max(-1.0, w - lr / math.sqrt(t) * g / math.sqrt(scale)))
    return points


def test_two_walks_shows_what_the_rules_do():
    slopes = reddi_periodic(T=3_000, high=3, low=-1, period=3)
    common = {"lr": inverse_sqrt(0.85), "beta1": 0, "beta2": 0.1, "eps": 0, "project": box(-1, 1)}
    runs = {
        name: play(optimizer(rule, **common), slopes, -1.0, comparator=-1.0, record=("w",))
        for name, rule in {"Adam": adam, "AMSGrad": amsgrad}.items()
    }
    data, axes = landing.two_walks(runs, -1.0)
    for name, keep_largest in {"Adam": False, "AMSGrad": True}.items():
        expected = walk(slopes.tolist(), 0.85, 0.1, keep_largest)
        assert max(abs(a - b) for a, b in zip(data[name], expected, strict=True)) < 1e-9
    # What the sentence under the figure's title says: one stays at the worst point, the other comes back to the best.
    assert min(data["Adam"][100:]) > 0.8 and max(data["Adam"][100:]) == 1
    assert max(data["AMSGrad"][1000:]) < -0.95
    drawn = [line for line in axes.lines if len(line.get_xdata()) == 3_000]
    assert [line.get_ydata().tolist() for line in drawn] == [data["Adam"].tolist(), data["AMSGrad"].tolist()]
