"""The bias of an average that starts at 0: its exact mean, drift, the root, other starts, and the step without correction."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect, unknown
from lecture_optim.proofs import averages, counts, lemmas, momentum, proof
from lecture_optim.proofs.averages import beta, s, t

k = Index("k", 0)
nu, start, slope, c = sp.symbols("nu v_0 L c", real=True)
x, v, hat = Family("x", random=True), Family("v", first=0, random=True), Family(r"\hat v", random=True)
means = Family("nu")
power = beta ** (t - s)
weight = (1 - beta) * power / (1 - beta**t)
age = beta / (1 - beta) - t * beta**t / (1 - beta**t)


def _average(d):
    """Add the average of random x_t that starts at 0 to d; return the hypotheses and what they say of means."""
    begin = d.given(v[0], "=", 0, "it starts at 0")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * x[t], "the average")
    place = {averages.m: sp.Lambda(k, v[k]), averages.g: sp.Lambda(t, x[t])}
    whole = expect(averages.unrolled().at(place, given=[update]), v[t], x[t])
    return [begin, update], {whole: 1, expect(begin, v[t]): beta**t}


def _corrected(d):
    """Add the corrected average too; return (beta < 1, 1 - beta^t > 0, hypotheses, what they say of means)."""
    below = d.given(beta, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({}, given=[below])
    given, mean = _average(d)
    divided = d.given((1 - beta**t) * hat[t], "=", v[t], "the correction")
    return below, apart, [*given, divided], {**mean, expect(divided, hat[t], v[t]): 1}


@proof
def mean_of_average():
    """The mean of an average that starts at 0: the common mean, times one minus a power."""
    d = Derivation("mean of the average")
    _, mean = _average(d)
    same = d.given(Mean(x[t]), "=", nu, "one mean for all steps")
    d.start(Mean(v[t]))
    d.equal((1 - beta) * sp.Sum(power * Mean(x[s]), (s, 1, t)), "written out; means add up", using=mean)
    each = same.at({t: s}).sum(s, 1, t, power)
    d.equal((1 - beta) * nu * sp.Sum(power, (s, 1, t)), "one mean", using={each: 1 - beta})
    return d.equal((1 - beta**t) * nu, "the geometric sum", using={averages.geometric_sum().at({}): nu})


@proof
def unbiased():
    """The corrected average has the mean that all its terms share."""
    d = Derivation("no bias")
    _, apart, (begin, update, divided), _ = _corrected(d)
    same = d.given(Mean(x[t]), "=", nu, "one mean for all steps")
    biased = mean_of_average().at({}, given=[begin, update, same])
    d.start(Mean(hat[t]))
    d.equal(
        Mean(v[t]) / (1 - beta**t), "the correction", using={expect(divided, hat[t], v[t]): 1 / (1 - beta**t)}, knowing=[apart]
    )
    return d.equal(nu, "the mean of the average", using={biased: 1 / (1 - beta**t)}, knowing=[apart])


@proof
def only_divisor():
    """What divides the average so that its mean is right is one minus the power, and nothing else."""
    d = Derivation("the only divisor")
    given, _ = _average(d)
    same = d.given(Mean(x[t]), "=", nu, "one mean for all steps")
    other = d.given(Mean(v[t]), "=", c * nu, "$v_t/c$ is right on average")
    biased = mean_of_average().at({}, given=[*given, same])
    d.start(c * nu)
    return d.equal((1 - beta**t) * nu, "both are the mean of $v_t$", using={other: -1, biased: 1})


# ---------------------------------------------------------------------------------------------------------------- what drift adds


@proof
def drift():
    """By how much the corrected average misses a mean that moves: the weighted mean of the differences."""
    d = Derivation("bias under drift")
    below, apart, _, mean = _corrected(d)
    moving = d.given(Mean(x[t]), "=", means[t], "the mean of step $t$")
    correction = 1 / (1 - beta**t)
    d.start(Mean(hat[t]) - means[t])
    using = {relation: factor * correction for relation, factor in mean.items()}
    d.equal(sp.Sum(weight * Mean(x[s]), (s, 1, t)) - means[t], "written out", using=using, knowing=[apart])
    each = moving.at({t: s}).sum(s, 1, t, power)
    d.equal(sp.Sum(weight * means[s], (s, 1, t)) - means[t], "the means", using={each: (1 - beta) * correction}, knowing=[apart])
    ones = averages.weights_sum().at({}, given=[below])
    return d.equal(
        sp.Sum(weight * (means[s] - means[t]), (s, 1, t)), "the weights add up to 1", using={ones: means[t]}, knowing=[apart]
    )


def _drifting(d, up):
    """Add to d a mean that moves, and that it falls (up: rises as one looks back) by at most L a step: (its name, the bound)."""
    moving = d.given(Mean(x[t]), "=", means[t], "the mean of step $t$")
    old, new = (means[s], means[s + k]) if up else (means[s + k], means[s])
    return moving, d.given(old, "<=", new + slope * k, "drift, at most $L$ a step")


def _bounded(name, up):
    d = Derivation(name)
    below, apart, given, _ = _corrected(d)
    moving, slow = _drifting(d, up)
    exact = drift().at({}, given=[below, *given, moving])
    ages = averages.mean_age().at({}, given=[below])
    sign = 1 if up else -1
    difference = sign * (means[s] - means[t])
    d.start(sign * (Mean(hat[t]) - means[t]))
    d.equal(sp.Sum(weight * difference, (s, 1, t)), "bias under drift", using={exact: sign}, knowing=[apart])
    each = slow.sum(s, 1, t, power, at={k: t - s})
    factor = (1 - beta) / (1 - beta**t)
    d.at_most(slope * sp.Sum((t - s) * weight, (s, 1, t)), "age times $L$", using={each: factor}, knowing=[below, apart])
    return d.equal(slope * age, "the mean age", using={ages: slope}, knowing=[below, apart])


@proof
def drift_above():
    """The bias is at most the largest change a step, times the mean age."""
    return _bounded("bias from above", True)


@proof
def drift_below():
    """And so is its negative."""
    return _bounded("bias from below", False)


@proof
def drift_on_a_line():
    """Where the mean moves on a line, the bound is met."""
    d = Derivation("bias on a line")
    below, apart, given, _ = _corrected(d)
    level = sp.Symbol("nu", real=True)
    moving = d.given(Mean(x[t]), "=", means[t], "the mean of step $t$")
    line = d.given(means[t], "=", level + slope * t, "the mean moves on a line")
    exact = drift().at({}, given=[below, *given, moving])
    late = momentum.lag().at(
        {momentum.gbar: level, momentum.slope: slope, averages.g: sp.Lambda(t, means[t])}, given=[below, line]
    )
    ones = averages.weights_sum().at({}, given=[below])
    d.start(Mean(hat[t]) - means[t])
    d.equal(sp.Sum(weight * (means[s] - means[t]), (s, 1, t)), "bias under drift", using={exact: 1}, knowing=[apart])
    d.equal(sp.Sum(weight * means[s], (s, 1, t)) - means[t], "the weights add up to 1", using={ones: -means[t]}, knowing=[apart])
    return d.equal(-slope * age, "the lag of an average", using={late: 1}, knowing=[below, apart])


def _zeta(name, up):
    d = Derivation(name)
    below, apart, given, _ = _corrected(d)
    moving, slow = _drifting(d, up)
    lemma = drift_above() if up else drift_below()
    bound = lemma.at({}, given=[below, *given, moving, slow])
    sign = 1 if up else -1
    divided = expect(given[2], hat[t], v[t])
    d.start(sign * (Mean(v[t]) - (1 - beta**t) * means[t]))
    d.equal(sign * (1 - beta**t) * (Mean(hat[t]) - means[t]), "the correction", using={divided: -sign}, knowing=[apart])
    return d.at_most((1 - beta**t) * slope * age, "the corrected one's", using={bound: 1 - beta**t}, knowing=[below, apart])


@proof
def zeta_above():
    """The uncorrected average: Kingma and Ba's zeta is at most the same, times one minus the power."""
    return _zeta("zeta from above", True)


@proof
def zeta_below():
    """And so is its negative."""
    return _zeta("zeta from below", False)


# -------------------------------------------------------------------------------------------------------------------- the root

Y = unknown("Y", "nonnegative")
size = sp.Symbol("nu", positive=True)


def _positive(d):
    """Add a corrected average whose values are positive and have one mean to d; return it and that its mean is right."""
    raw, own = Family("v", first=0, sign="nonnegative", random=True), Family(r"\hat v", sign="positive", random=True)
    below = d.given(beta, "<", 1, "the average forgets")
    begin = d.given(raw[0], "=", 0, "it starts at 0")
    update = d.given(raw[t], "=", beta * raw[t - 1] + (1 - beta) * x[t], "the average")
    divided = d.given((1 - beta**t) * own[t], "=", raw[t], "the correction")
    same = d.given(Mean(x[t]), "=", size, "one mean for all steps")
    place = {v: sp.Lambda(k, raw[k]), hat: sp.Lambda(t, own[t]), nu: size}
    return own, unbiased().at(place, given=[below, begin, update, divided, same])


@proof
def root_biased():
    """The root of the corrected average is too small on average."""
    d = Derivation("the root is too small")
    own, mean = _positive(d)
    S, mu = Family("S", (), "nonnegative", random=True), sp.Symbol("mu", nonnegative=True)
    lemma = counts.jensen_root().at({S: sp.Lambda((), own[t]), mu: size}, given=[mean])
    return d.start(Mean(sp.sqrt(own[t]))).at_most(sp.sqrt(size), "Jensen for the root", using={lemma: 1})


@proof
def rate_biased():
    """One over the root of the corrected average is too large on average."""
    d = Derivation("the rate is too large")
    own, mean = _positive(d)
    S = Family("S", (), "positive", random=True)
    lemma = counts.jensen_rate().at({S: sp.Lambda((), own[t]), counts.mu: size}, given=[mean])
    return d.start(Mean(1 / sp.sqrt(own[t]))).at_least(1 / sp.sqrt(size), "Jensen for the rate", using={lemma: 1})


@proof
def root_near():
    """The mean of a root falls short of the root of the mean by at most the variance, over twice the mean to the power 3/2."""
    d = Derivation("the root is not far off")
    known = d.given(Mean(Y), "=", size, "the mean of $Y$")
    root, other = sp.sqrt(Y), sp.sqrt(size)
    outcome = Derivation("each outcome", root)
    below = other + (Y - size) / (2 * other) - (Y - size) ** 2 / (2 * other**3)
    # With y = root / other the gap is other (y - 1)^2 ((y + 1)^2 - 1) / 2, and (y + 1)^2 - 1 = y (y + 2).
    outcome.at_least(below, "a parabola below the root", gap=(root - other) ** 2 * root * (root + 2 * other) / (2 * other**3))
    averaged = expect(outcome.result, Y, Y**2, sp.sqrt(Y))
    right = other - (Mean(Y**2) - size**2) / (2 * other**3)
    using = {averaged: 1, known: -sp.Rational(3, 2) / other}
    return d.start(Mean(root)).at_least(right, "a parabola below the root, averaged", using=using)


# -------------------------------------------------------------------------------------------------------------- another start


@proof
def another_start():
    """What a start other than 0 leaves in the corrected average, beside the weighted mean of the values."""
    d = Derivation("another start")
    m, g, own = Family("v", first=0), Family("x"), Family(r"\hat v")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({}, given=[below])
    update = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the average")
    divided = d.given((1 - beta**t) * own[t], "=", m[t], "the correction")
    whole = averages.unrolled().at({averages.m: sp.Lambda(k, m[k]), averages.g: sp.Lambda(t, g[t])}, given=[update])
    correction = 1 / (1 - beta**t)
    d.start(own[t])
    d.equal(m[t] * correction, "the correction", using={divided: correction}, knowing=[apart])
    return d.equal(
        beta**t * correction * m[0] + sp.Sum(weight * g[s], (s, 1, t)), "written out", using={whole: correction}, knowing=[apart]
    )


# ---------------------------------------------------------------------------------------------------------------- no correction

first, second = sp.symbols("beta_1 beta_2", nonnegative=True)
M, M_hat = sp.symbols(r"m \hat{m}", real=True)
V, V_hat = sp.symbols(r"v \hat{v}", positive=True)


def _step(d, of_m, of_v):
    """Add one step's averages, before and after the corrections that are named, to d."""
    below = d.given(second, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({beta: second}, given=[below])
    put = [d.given(M, "=", (1 - first**t) * M_hat, "the correction of $m$")] if of_m else []
    put += [d.given(V, "=", (1 - second**t) * V_hat, "the correction of $v$")] if of_v else []
    return apart, put


@proof
def without_both():
    """Without both corrections the step is the corrected one, times a factor."""
    d = Derivation("without both corrections")
    apart, put = _step(d, True, True)
    d.start(M / sp.sqrt(V))
    return d.equal(
        (1 - first**t) / sp.sqrt(1 - second**t) * (M_hat / sp.sqrt(V_hat)), "both corrections", put=put, knowing=[apart]
    )


@proof
def without_first():
    """Without the correction of m the step is shorter."""
    d = Derivation("without the correction of m")
    put = [d.given(M, "=", (1 - first**t) * M_hat, "the correction of $m$")]
    d.start(M / sp.sqrt(V_hat))
    return d.equal((1 - first**t) * (M_hat / sp.sqrt(V_hat)), "the correction of $m$", put=put)


@proof
def without_second():
    """Without the correction of v the step is longer."""
    d = Derivation("without the correction of v")
    apart, put = _step(d, False, True)
    d.start(M_hat / sp.sqrt(V))
    return d.equal(1 / sp.sqrt(1 - second**t) * (M_hat / sp.sqrt(V_hat)), "the correction of $v$", put=put, knowing=[apart])


@proof
def factor_from_one():
    """The factor's square against 1, without its divisor."""
    d = Derivation("the factor against 1")
    d.start((1 - first**t) ** 2 - (1 - second**t))
    return d.equal(second**t - first**t * (2 - first**t), "expanded")


@proof
def never_longer():
    """If the second rate is not the larger one, the factor is at most 1."""
    d = Derivation("never longer")
    order = d.given(second, "<=", first, "the second forgets no slower")
    below = d.given(first, "<", 1, "the first forgets")
    small = averages.powers_below_one().at({beta: first}, given=[below])
    powers = lemmas.powers_keep_order().at({lemmas.X: second, lemmas.Y: first, Index("k", 0): t}, given=[order])
    d.start((1 - first**t) ** 2)
    d.at_most(1 - first**t, "$0 \\le 1 - \\beta_1^t \\le 1$", gap=first**t * (1 - first**t), knowing=[small])
    return d.at_most(1 - second**t, "powers in order", using={powers: 1})


@proof
def in_the_end_longer():
    """Wherever one power is at least twice the other, the factor is more than 1."""
    d = Derivation("longer in the end")
    remembers = d.given(0, "<", first, "the first remembers")
    twice = d.given(2 * first**t, "<=", second**t, "twice the power")
    d.start((1 - first**t) ** 2)
    d.equal(1 - 2 * first**t + first ** (2 * t), "expanded")
    gap = first ** (2 * t)
    return d.at_least(1 - second**t, "twice the power", using={twice: 1}, gap=gap, knowing=[remembers], strict=True)


@proof
def factor_small():
    """The factor is at most what the correction of v alone makes of the step."""
    d = Derivation("factor from above")
    below = d.given(second, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({beta: second}, given=[below])
    root = sp.sqrt(1 - second**t)
    d.start((1 - first**t) / root, knowing=[apart])
    return d.at_most(1 / root, "no power is negative", gap=first**t / root, knowing=[apart])


@proof
def factor_large():
    """The factor is at least what the correction of m alone makes of the step."""
    d = Derivation("factor from below")
    below, other = d.given(second, "<", 1, "the average forgets"), d.given(first, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({beta: second}, given=[below])
    small = averages.powers_below_one().at({beta: first}, given=[other])
    root = sp.sqrt(1 - second**t)
    d.start((1 - first**t) / root, knowing=[apart])
    gap = (1 - first**t) * second**t / (root * (1 + root))
    return d.at_least(1 - first**t, "the root is at most 1", gap=gap, knowing=[apart, small])
