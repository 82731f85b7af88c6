"""Adam at work: what leaving out the bias correction does to the learning rate."""

import sympy as sp

from lecture_optim.derivation import Derivation, Index
from lecture_optim.proofs import averages, lemmas, proof, relatives

t = Index("t")
first, second = sp.Symbol("beta_1", nonnegative=True), sp.Symbol("beta_2", nonnegative=True)
positive = sp.Symbol("beta_2", positive=True)  # where it has a root of its own


@proof
def hidden_at_least():
    """The hidden schedule is at least its form with one over the root of t."""
    d = Derivation("the hidden schedule from below")
    below, other = d.given(second, "<", 1, "both averages forget"), d.given(first, "<", 1, "both averages forget")
    apart = averages.powers_below_one().at({averages.beta: second}, given=[below])
    small = averages.powers_below_one().at({averages.beta: first}, given=[other])
    bound = relatives.correction_above().at({averages.beta: second}, given=[below])
    near, far = 1 - second**t, t * (1 - second)
    roots = lemmas.roots_rise().at({lemmas.X: near, lemmas.Y: far}, given=[bound, apart, below])
    d.start((1 - first**t) / sp.sqrt(near), knowing=[apart])
    factor, why = (1 - first**t) / sp.sqrt(near) / sp.sqrt(far), "$1 - \\beta_2^t \\le t(1 - \\beta_2)$"
    return d.at_least((1 - first**t) / sp.sqrt(far), why, using={roots: factor}, knowing=[apart, small, below])


@proof
def hidden_at_most():
    """The hidden schedule, times a power that is near 1 at first, is at most its form with one over the root of t."""
    d = Derivation("the hidden schedule from above")
    below, other = d.given(positive, "<", 1, "both averages forget"), d.given(first, "<", 1, "both averages forget")
    apart = averages.powers_below_one().at({averages.beta: positive}, given=[below])
    small = averages.powers_below_one().at({averages.beta: first}, given=[other])
    bound = relatives.correction_below().at({averages.beta: positive}, given=[below])
    near, far, power = 1 - positive**t, t * (1 - positive), positive ** (t - 1)
    roots = lemmas.roots_rise().at({lemmas.X: power * far, lemmas.Y: near}, given=[bound, apart, below])
    d.start(sp.sqrt(power) * (1 - first**t) / sp.sqrt(near), knowing=[apart])
    factor = (1 - first**t) / sp.sqrt(near) / sp.sqrt(far)
    why = "$t\\,\\beta_2^{t-1}(1 - \\beta_2) \\le 1 - \\beta_2^t$"
    return d.at_most((1 - first**t) / sp.sqrt(far), why, using={roots: factor}, knowing=[apart, small, below])
