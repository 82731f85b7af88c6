"""Adam at work: what leaving out the bias correction does to the learning rate."""

import sympy as sp

from lecture_optim.derivation import Derivation, Index
from lecture_optim.proofs import averages, bias, proof

t = Index("t")
beta = sp.Symbol("beta", nonnegative=True)
first, second = sp.Symbol("beta_1", nonnegative=True), sp.Symbol("beta_2", nonnegative=True)
rate = sp.Symbol("eta", positive=True)


@proof
def as_a_schedule():
    """A step without the correction is a corrected step of another length."""
    d = Derivation("the correction as a schedule")
    m, m_hat = sp.symbols("m \\hat{m}", real=True)
    v, v_hat = sp.symbols("v \\hat{v}", positive=True)
    below = d.given(second, "<", 1, "the average forgets")
    mean = d.given(m, "=", (1 - first**t) * m_hat, "the correction of m")
    scale = d.given(v, "=", (1 - second**t) * v_hat, "the correction of v")
    apart = averages.powers_below_one().at({beta: second}, given=[below])
    factor = bias.without_both().at(given=[below, mean, scale])
    length = rate * (1 - first**t) / sp.sqrt(1 - second**t)
    d.start(rate * m / sp.sqrt(v))
    return d.equal(length * m_hat / sp.sqrt(v_hat), "both corrections", using={factor: rate}, knowing=[apart])


@proof
def correction_at_most():
    """The correction grows no faster than the number of steps."""
    d = Derivation("the correction from above")
    return d.induct(
        t, 1 - beta**t, "<=", t * (1 - beta),
        lambda chain: chain.equal(1 - beta, "one step"),
        lambda chain, hypothesis: chain.equal(beta * (1 - beta**t) + 1 - beta, "a factor apart")
        .at_most(beta * t * (1 - beta) + 1 - beta, "what is known of $t$", using={hypothesis: beta})
        .at_most((t + 1) * (1 - beta), "the gap is a square", gap=t * (1 - beta) ** 2),
    )  # fmt: skip


@proof
def correction_at_least():
    """The correction grows as fast as the number of steps, up to a power that is near 1 at first."""
    d = Derivation("the correction from below")
    below = d.given(beta, "<", 1, "the average forgets")
    power = averages.powers_below_one().at({}, given=[below])
    return d.induct(
        t, 1 - beta**t, ">=", t * (1 - beta) * beta**t,
        lambda chain: chain.at_least((1 - beta) * beta, "$\\beta < 1$", using={below: 1 - beta}, knowing=[below]),
        lambda chain, hypothesis: chain.equal(beta * (1 - beta**t) + 1 - beta, "a factor apart")
        .at_least(t * (1 - beta) * beta ** (t + 1) + 1 - beta, "what is known of $t$", using={hypothesis: beta})
        .at_least(
            (t + 1) * (1 - beta) * beta ** (t + 1), "$\\beta^{t+1} < 1$",
            using={power.at({t: t + 1}): 1 - beta}, knowing=[below],
        ),
    )  # fmt: skip
