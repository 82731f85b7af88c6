"""What a wrong line of Adam does to the step on a constant gradient."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index
from lecture_optim.proofs import averages, proof

t, s, n = Index("t"), Index("s"), Index("n", 0)
x = sp.Symbol("x", real=True)
g = sp.Symbol("g", positive=True)
beta = averages.beta
beta1, beta2 = sp.symbols("beta_1 beta_2", nonnegative=True)
m, v = Family("m", first=0), Family("v", first=0)


@proof
def constant_average():
    """The average of a constant, from 0 on."""
    d = Derivation("average of a constant")
    update = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * x, "the update")
    start = d.given(m[0], "=", 0, "it starts at 0")
    written = averages.unrolled().at({averages.m: sp.Lambda(n, m[n]), averages.g: sp.Lambda(t, x)}, given=[update])
    whole = averages.geometric_sum().at({})
    d.start(m[t])
    d.equal(beta**t * m[0] + (1 - beta) * sp.Sum(beta ** (t - s) * x, (s, 1, t)), "written out", using={written: 1})
    return d.equal((1 - beta**t) * x, "the geometric sum", using={whole: x}, put=[start])


@proof
def positive_average():
    """The average of a positive constant is positive."""
    d = Derivation("average of a positive constant")
    y = sp.Symbol("y", positive=True)
    below = d.given(beta, "<", 1, "the average forgets")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * y, "the update")
    start = d.given(v[0], "=", 0, "it starts at 0")
    value = constant_average().at({x: y, Family("m", first=0): sp.Lambda(n, v[n])}, given=[update, start])
    apart = averages.powers_below_one().at({}, given=[below])
    gap = (1 - beta**t) * y
    return d.start(0).at_most(v[t], "its value", gap=gap, using={value: -1}, knowing=[apart], strict=True)


def _both(d):
    """Adam's two averages on a constant gradient g > 0 become hypotheses of d.

    Returns what is known of them, m_t = (1 - beta_1^t) g and v_t = (1 - beta_2^t) g^2, and that nothing is divided by 0.
    """
    first = d.given(beta1, "<", 1, "both averages forget")
    second = d.given(beta2, "<", 1, "both averages forget")
    found = []
    for average, rate, value in ((m, beta1, g), (v, beta2, g**2)):
        update = d.given(average[t], "=", rate * average[t - 1] + (1 - rate) * value, "the updates, on a constant gradient")
        start = d.given(average[0], "=", 0, "both start at 0")
        places = {beta: rate, x: value, Family("m", first=0): sp.Lambda(n, average[n])}
        found.append(constant_average().at(places, given=[update, start]))
    apart = [averages.powers_below_one().at({beta: rate}, given=[h]) for rate, h in ((beta1, first), (beta2, second))]
    y = sp.Symbol("y", positive=True)
    return found, [first, second, *apart, positive_average().at({beta: beta2, y: g**2}, given=[second, *d.givens[-2:]])]


@proof
def right_step():
    """With both corrections every step on a constant gradient has the length of the learning rate."""
    d = Derivation("right step")
    known, apart = _both(d)
    d.start(m[t] / (1 - beta1**t) / sp.sqrt(v[t] / (1 - beta2**t)), knowing=apart)
    return d.equal(1, "both averages, and $g > 0$", put=known, knowing=apart)


@proof
def frozen_step():
    """With the counter frozen at 1, the step on a constant gradient, in learning rates."""
    d = Derivation("frozen counter")
    known, apart = _both(d)
    d.start(m[t] / (1 - beta1) / sp.sqrt(v[t] / (1 - beta2)), knowing=apart)
    right = (1 - beta1**t) / (1 - beta1) / sp.sqrt((1 - beta2**t) / (1 - beta2))
    return d.equal(right, "both averages", put=known, knowing=apart)


@proof
def squared_step():
    """With 1 - beta_2^2 for every t, the step on a constant gradient, in learning rates."""
    d = Derivation("squared, not to the t")
    known, apart = _both(d)
    twice = averages.powers_below_one().at({beta: beta2, t: 2}, given=[apart[1]])
    d.start(m[t] / (1 - beta1**t) / sp.sqrt(v[t] / (1 - beta2**2)), knowing=[*apart, twice])
    return d.equal(1 / sp.sqrt((1 - beta2**t) / (1 - beta2**2)), "both averages", put=known, knowing=[*apart, twice])


@proof
def uncorrected_step():
    """Without the correction of v, the step on a constant gradient, in learning rates."""
    d = Derivation("no correction of v")
    known, apart = _both(d)
    d.start(m[t] / (1 - beta1**t) / sp.sqrt(v[t]), knowing=apart)
    return d.equal(1 / sp.sqrt(1 - beta2**t), "both averages", put=known, knowing=apart)


@proof
def stored_step():
    """With the corrected average stored, the second step on a constant gradient, in learning rates."""
    d = Derivation("corrected and stored")
    below = d.given(beta, "<", 1, "the average forgets")
    first, second = sp.symbols("a_1 a_2", real=True)
    apart = averages.powers_below_one().at({t: 2}, given=[below])
    one = d.given((1 - beta) * first, "=", (1 - beta) * g, "the first average, corrected and stored")
    two = d.given((1 - beta**2) * second, "=", beta * first + (1 - beta) * g, "the second one, from what was stored")
    factor = 1 / (1 - beta**2) / g
    d.start(second / g)
    return d.equal(
        1 / (1 - beta**2), "both averages", using={two: factor, one: beta * factor / (1 - beta)}, knowing=[below, apart]
    )
