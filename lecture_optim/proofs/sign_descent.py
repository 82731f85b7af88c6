"""Adam with both decay rates 0 is sign descent, and the mean of a sign may oppose the sign of the mean."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect, unknown
from lecture_optim.proofs import averages, proof

n = Index("n", 0)
C = sp.Symbol("C", positive=True)
p, q = sp.symbols("p q", positive=True)


@proof
def adam_without_memory():
    """With both decay rates 0 and no epsilon, Adam's quotient is the sign of the gradient."""
    d = Derivation("Adam without memory")
    g, m, v = sp.Symbol("g", real=True), sp.Symbol("m", real=True), sp.Symbol("v", nonnegative=True)
    b1, b2, square = sp.symbols("beta_1 beta_2 v'", nonnegative=True)
    old = sp.Symbol("m'", real=True)
    first = d.given(b1, "=", 0, "no memory")
    second = d.given(b2, "=", 0, "no memory")
    mean = d.given(m, "=", b1 * old + (1 - b1) * g, "the first average")
    moment = d.given(v, "=", b2 * square + (1 - b2) * g**2, "the second average")
    d.start(m**2)
    d.equal(g**2, "the gradient itself", put=[mean, first])
    return d.equal(v, "its square", put=[moment, second])


Z = unknown("Z")
CHANCE = Mean(Z), "=", p, "$Z$ is 1 with probability $p$, else 0"


@proof
def mean_gradient():
    """The mean of the gradient."""
    d, g = Derivation("the mean gradient"), unknown("g")
    chance = d.given(*CHANCE)
    values = d.given(g, "=", C * Z - (1 - Z), "$g$ is $C$ or $-1$")
    d.start(Mean(g))
    return d.equal(p * (C + 1) - 1, "averaged", using={expect(values, g, Z): 1, chance: C + 1})


@proof
def mean_sign():
    """The mean of its sign."""
    d, sigma = Derivation("the mean sign"), unknown("sigma")
    chance = d.given(*CHANCE)
    signs = d.given(sigma, "=", 2 * Z - 1, "$\\sigma$ is the sign of $g$")
    d.start(Mean(sigma))
    return d.equal(2 * p - 1, "averaged", using={expect(signs, sigma, Z): 1, chance: 2})


@proof
def they_oppose():
    """For every chance between 1/(C + 1) and 1/2 the mean gradient is positive, and its mean sign is not: the product."""
    d = Derivation("the signs oppose")
    rare = d.given(p, "<", sp.Rational(1, 2), "rare")
    often = d.given(1, "<", p * (C + 1), "but not too rare")
    d.start((p * (C + 1) - 1) * (2 * p - 1))
    return d.at_most(0, "one factor is positive, one negative", using={rare: 2 * (p * (C + 1) - 1)}, knowing=[often], strict=True)


# ------------------------------------------------------------------------- how far it stays from the worst point, in steps

r = averages.beta  # the ratio of the chances, away from the worst point against towards it
x = Family("pi", first=0)


def _walk(d):
    """Chances that fall by the ratio from place to place become hypotheses of d: (p + q = 1, ratio, geometric)."""
    whole = d.given(p + q, "=", 1, "away with chance $p$, towards with $q$")
    ratio = d.given(r * q, "=", p, "the ratio of the two")
    return whole, ratio, d.given(x[n + 1], "=", r * x[n], "chances that fall by this ratio")


@proof
def balance():
    """As many walks go from a place to the next as come back from there."""
    d = Derivation("balance")
    _, ratio, fall = _walk(d)
    return d.start(p * x[n]).equal(q * x[n + 1], r"$p = \beta q$", using={ratio: -x[n], fall: -q})


@proof
def stays_inside():
    """The chance of a place between the ends is the same after a step."""
    d = Derivation("between the ends")
    whole, *_ = hypotheses = _walk(d)
    here = balance().at(given=hypotheses)
    d.start(p * x[n] + q * x[n + 2])
    using = {here: 1, here.at({n: n + 1}): -1, whole: x[n + 1]}
    return d.equal(x[n + 1], "balance on both sides", using=using)


@proof
def stays_at_worst():
    """The chance of the worst point is the same after a step: there a step towards it is cut off."""
    d = Derivation("at the worst point")
    whole, *_ = hypotheses = _walk(d)
    here = balance().at({n: 0}, given=hypotheses)
    return d.start(q * x[0] + q * x[1]).equal(x[0], "balance with the next place", using={here: -1, whole: x[0]})


@proof
def stays_at_best():
    """The chance of the other end is the same after a step: there a step away from the worst point is cut off."""
    d = Derivation("at the best point")
    whole, *_ = hypotheses = _walk(d)
    here = balance().at(given=hypotheses)
    return d.start(p * x[n] + p * x[n + 1]).equal(x[n + 1], "balance with the place before", using={here: 1, whole: x[n + 1]})
