"""Leaving a saddle: gradient descent multiplies the distance, sign descent adds to it, and Adam's steps stay long."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index
from lecture_optim.proofs import proof

t = Index("t")
eta, alpha, lam = sp.Symbol("eta", positive=True), sp.Symbol("alpha", positive=True), sp.Symbol("lambda", positive=True)
beta1 = sp.Symbol("beta_1", nonnegative=True)
beta2 = sp.Symbol("beta_2", positive=True)
y = Family("y", sign="positive")
g = Family("g", sign="positive")
m, v = Family("m", first=0), Family("v", first=0, sign="nonnegative")
m_hat, v_hat = Family(r"\hat m"), Family(r"\hat v", sign="nonnegative")


@proof
def multiplied():
    """Gradient descent multiplies the distance from the ridge by the same factor at every step."""
    d = Derivation("gradient descent")
    slope = d.given(g[t], "=", lam * y[t], "the slope")
    step = d.given(y[t + 1], "=", y[t] + eta * g[t], "one step")
    factor = 1 + eta * lam

    def base(chain):
        chain.equal(factor * y[1], "one step", put=[step.at({t: 1}), slope.at({t: 1})])

    def advance(chain, hypothesis):
        chain.equal(factor * y[t + 1], "one step", put=[step.at({t: t + 1}), slope.at({t: t + 1})])
        chain.equal(factor ** (t + 1) * y[1], "the hypothesis", using={hypothesis: factor})

    return d.induct(t, y[t + 1], "=", factor**t * y[1], base, advance)


@proof
def added():
    """Sign descent adds the same length to the distance at every step."""
    d = Derivation("sign descent")
    step = d.given(y[t + 1], "=", y[t] + alpha, "one step")
    return d.induct(
        t, y[t + 1], "=", y[1] + alpha * t,
        lambda chain: chain.equal(y[1] + alpha, "one step", put=[step.at({t: 1})]),
        lambda chain, hypothesis: chain.equal(
            y[1] + alpha * (t + 1), "one step", put=[step.at({t: t + 1})], using={hypothesis: 1}
        ),
    )  # fmt: skip


@proof
def flat_saddle():
    """Where the slope is the cube of the distance, the inverse square falls by at most twice the rate a step."""
    d = Derivation("a flat saddle")
    slope = d.given(g[t], "=", y[t] ** 3, "the slope")
    step = d.given(y[t + 1], "=", y[t] + eta * g[t], "one step")

    def once(chain, s):
        q = eta * y[s] ** 2
        chain.equal(1 / (y[s] + eta * y[s] ** 3) ** 2, "one step", put=[step.at({t: s}), slope.at({t: s})])
        chain.at_least(1 / y[s] ** 2 - 2 * eta, "multiplied out", gap=q**2 * (3 + 2 * q) / (y[s] ** 2 * (1 + q) ** 2))

    def advance(chain, hypothesis):
        once(chain, t + 1)
        chain.at_least(1 / y[1] ** 2 - 2 * eta * (t + 1), "the hypothesis", using={hypothesis: 1})

    return d.induct(t, 1 / y[t + 1] ** 2, ">=", 1 / y[1] ** 2 - 2 * eta * t, lambda chain: once(chain, 1), advance)


# ------------------------------------------------------------------------------------ Adam while the gradients grow one way


def _growing(d):
    """Gradients that do not fall, and their average, as hypotheses of d: (beta_1 < 1, growth, start, update)."""
    return (
        d.given(beta1, "<", 1, "the average forgets"),
        d.given(g[t], "<=", g[t + 1], "the gradients do not fall"),
        d.given(m[0], "=", 0, "the start"),
        d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the update"),
    )


@proof
def average_lags():
    """The average of gradients that do not fall is at most the last of them."""
    d = Derivation("the average lags")
    _, growth, start, update = _growing(d)

    def base(chain):
        chain.equal((1 - beta1) * g[1], "the update", put=[update.at({t: 1}), start])
        chain.at_most(g[1], "a share", gap=beta1 * g[1])

    def advance(chain, hypothesis):
        chain.equal(beta1 * m[t] + (1 - beta1) * g[t + 1], "the update", put=[update.at({t: t + 1})])
        chain.at_most(beta1 * g[t] + (1 - beta1) * g[t + 1], "the hypothesis", using={hypothesis: beta1})
        chain.at_most(g[t + 1], "they do not fall", using={growth: beta1})

    return d.induct(t, m[t], "<=", g[t], base, advance)


@proof
def average_positive():
    """The average of positive gradients is positive."""
    d = Derivation("the average is positive")
    below, _, start, update = _growing(d)

    def base(chain):
        chain.at_most((1 - beta1) * g[1], "positive", gap=(1 - beta1) * g[1], strict=True, knowing=[below])
        chain.equal(m[1], "the update", put=[update.at({t: 1}), start])

    def advance(chain, hypothesis):
        chain.at_most(
            beta1 * m[t] + (1 - beta1) * g[t + 1], "positive", gap=(1 - beta1) * g[t + 1],
            using={hypothesis: beta1}, strict=True, knowing=[below],
        )  # fmt: skip
        chain.equal(m[t + 1], "the update", put=[update.at({t: t + 1})])

    return d.induct(t, sp.S.Zero, "<", m[t], base, advance)


@proof
def average_behind():
    """The average of gradients that do not fall is at most the next of them."""
    d = Derivation("the average is behind")
    given = _growing(d)
    lags = average_lags().at(given=given)
    d.start(m[t]).at_most(g[t], "the average lags", using={lags: 1})
    return d.at_most(g[t + 1], "they do not fall", using={given[1]: 1})


def _sooner(d):
    """The hypothesis of d that the first average forgets much sooner than the second."""
    return d.given(1 - beta2, "<=", (1 - beta1) ** 2, "the first average forgets sooner")


@proof
def rates_ordered():
    """Then its decay rate is the smaller one."""
    d = Derivation("the rates")
    below, sooner = d.given(beta1, "<", 1, "the average forgets"), _sooner(d)
    d.start(beta1).at_most(1 - (1 - beta1) ** 2, "multiplied out", gap=beta1 * (1 - beta1), knowing=[below])
    return d.at_most(beta2, "it forgets sooner", using={sooner: 1})


def _long(d):
    """The hypotheses of a long step: (those of _growing, no squares at the start, update of v, sooner)."""
    return (
        *_growing(d),
        d.given(v[0], "=", 0, "the start"),
        d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the update"),
        _sooner(d),
    )


@proof
def long_steps():
    """While the gradients do not fall, the squared average is at least the average of squares."""
    d = Derivation("long steps")
    given = below, _, start, update, none, square, sooner = _long(d)
    behind, positive = average_behind().at(given=given[:4]), average_positive().at(given=given[:4])
    ordered = rates_ordered().at(given=[below, sooner])

    def base(chain):
        chain.equal((1 - beta2) * g[1] ** 2, "the update", put=[square.at({t: 1}), none])
        chain.at_most((1 - beta1) ** 2 * g[1] ** 2, "it forgets sooner", using={sooner: g[1] ** 2})
        chain.equal(m[1] ** 2, "the update", put=[update.at({t: 1}), start])

    def advance(chain, hypothesis):
        now = g[t + 1]
        chain.equal(beta2 * v[t] + (1 - beta2) * now**2, "the update", put=[square.at({t: t + 1})])
        chain.at_most(beta2 * m[t] ** 2 + (1 - beta2) * now**2, "the hypothesis", using={hypothesis: beta2})
        chain.at_most(
            (beta1 * m[t] + (1 - beta1) * now) ** 2, "sooner, and the average is behind",
            using={sooner: (now - m[t]) ** 2, behind: 2 * (beta2 - beta1) * m[t]},
            knowing=[positive, ordered],
        )  # fmt: skip
        chain.equal(m[t + 1] ** 2, "the update", put=[update.at({t: t + 1})])

    return d.induct(t, v[t], "<=", m[t] ** 2, base, advance)


@proof
def long_corrected_steps():
    """The same for the corrected averages, which Adam divides."""
    d = Derivation("long corrected steps")
    given = _long(d)
    mean = d.given((1 - beta1**t) * m_hat[t], "=", m[t], "corrected")
    moment = d.given((1 - beta2**t) * v_hat[t], "=", v[t], "corrected")
    d.start((1 - beta2**t) * v_hat[t]).equal(v[t], "corrected", using={moment: 1})
    d.at_most(m[t] ** 2, "long steps", using={long_steps().at(given=given): 1})
    return d.equal((1 - beta1**t) ** 2 * m_hat[t] ** 2, "corrected", using={mean: -((1 - beta1**t) * m_hat[t] + m[t])})
