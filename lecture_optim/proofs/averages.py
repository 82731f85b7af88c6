"""Exponential averages: written out, their weights, their mean age; the lemmas that all of Adam's averages share."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, substitute
from lecture_optim.proofs import proof

t, T, s, n = Index("t"), Index("T"), Index("s"), Index("n", 0)
beta = sp.Symbol("beta", nonnegative=True)
m, g = Family("m", first=0), Family("g")


@proof
def powers_below_one():
    """The powers of a number below 1 stay below 1."""
    d = Derivation("powers below one")
    below = d.given(beta, "<", 1, "the hypothesis")
    return d.induct(
        t, beta**t, "<", 1,
        lambda chain: chain.at_most(1, "the hypothesis", using={below: 1}, strict=True),
        lambda chain, hypothesis: chain.at_most(beta, "$\\beta^t < 1$", using={hypothesis: beta}).at_most(
            1, "the hypothesis", using={below: 1}, strict=True
        ),
    )  # fmt: skip


@proof
def geometric_sum():
    """The powers of a number, added up and multiplied by its distance from 1."""
    d = Derivation("geometric sum")
    left, right = (1 - beta) * sp.Sum(beta ** (t - s), (s, 1, t)), 1 - beta**t
    return d.induct(
        t, left, "=", right,
        lambda chain: chain.equal(1 - beta, "one term"),
        lambda chain, hypothesis: chain.equal(1 - beta ** (t + 1), "the last term apart", using={hypothesis: beta}),
    )  # fmt: skip


@proof
def unrolled():
    """The average, written out: every value so far, with a weight that falls by a factor at each step."""
    d = Derivation("unrolled")
    update = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the update")
    right = beta**t * m[0] + (1 - beta) * sp.Sum(beta ** (t - s) * g[s], (s, 1, t))

    def step(chain, hypothesis):
        chain.equal(beta * m[t] + (1 - beta) * g[t + 1], "the update", using={update.at({t: t + 1}): 1})
        chain.equal(substitute(right, {t: t + 1}), "what is known of $m_t$", using={hypothesis: beta})

    return d.induct(
        t, m[t], "=", right,
        lambda chain: chain.equal(substitute(right, {t: 1}), "the update", using={update.at({t: 1}): 1}),
        step,
    )  # fmt: skip


@proof
def power_sum():
    """The geometric sum, divided: the total of an average's powers."""
    d = Derivation("power sum")
    below = d.given(beta, "<", 1, "the average forgets")
    whole = geometric_sum().at({})
    total = sp.Sum(beta ** (t - s), (s, 1, t))
    return d.start(total).equal(
        (1 - beta**t) / (1 - beta), "divided by $1 - \\beta$", using={whole: 1 / (1 - beta)}, knowing=[below]
    )


@proof
def weights_sum():
    """The weights of a corrected average add up to 1."""
    d = Derivation("weights sum to one")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = powers_below_one().at({}, given=[below])
    correction = 1 / (1 - beta**t)
    d.start(sp.Sum((1 - beta) * beta ** (t - s) * correction, (s, 1, t)), knowing=[apart])
    return d.equal(1, "the geometric sum", using={geometric_sum().at({}): correction}, knowing=[apart])


@proof
def age_sum():
    """The ages of an average's terms, each with its power, added up."""
    d = Derivation("sum of ages")
    left = (1 - beta) ** 2 * sp.Sum((t - s) * beta ** (t - s), (s, 1, t))
    right = beta * (1 - beta**t) - t * beta**t * (1 - beta)
    whole = geometric_sum().at({})
    return d.induct(
        t, left, "=", right,
        lambda chain: chain.equal(0, "one term, of age 0"),
        lambda chain, hypothesis: chain.equal(
            substitute(right, {t: t + 1}), "each is one step older", using={hypothesis: beta, whole: beta * (1 - beta)}
        ),
    )  # fmt: skip


@proof
def mean_age():
    """The mean age of the terms of a corrected average."""
    d = Derivation("mean age")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = powers_below_one().at({}, given=[below])
    correction = 1 / (1 - beta**t)
    d.start(sp.Sum((t - s) * (1 - beta) * beta ** (t - s) * correction, (s, 1, t)), knowing=[apart])
    return d.equal(
        beta / (1 - beta) - t * beta**t * correction,
        "the sum of ages, divided",
        using={age_sum().at({}): correction / (1 - beta)},
        knowing=[below, apart],
    )


@proof
def squared_weights():
    """The squared weights of a corrected average, added up: the share of the variance that it keeps."""
    d = Derivation("squared weights")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = powers_below_one().at({}, given=[below])
    whole = geometric_sum().at({beta: beta**2})
    correction = 1 / (1 - beta**t)
    d.start(sp.Sum(((1 - beta) * beta ** (t - s) * correction) ** 2, (s, 1, t)), knowing=[apart])
    return d.equal(
        (1 - beta) / (1 + beta) * (1 + beta**t) * correction,
        "the geometric sum, of $\\beta^2$",
        using={whole: (1 - beta) / (1 + beta) * correction**2},
        knowing=[below, apart],
    )
