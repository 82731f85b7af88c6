"""Exponential averages: their weights, ages and windows, which all of Adam's averages share; RMSProp and Adadelta."""

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
def powers_at_most_one():
    """A power of a number below 1 is at most 1; the exponent may be 0."""
    d, power = Derivation("powers at most one"), Index("k", 0)
    below = d.given(beta, "<", 1, "the hypothesis")
    return d.induct(
        power, beta**power, "<=", 1,
        lambda chain: chain.equal(1, "the empty product"),
        lambda chain, hypothesis: chain.at_most(beta, "$\\beta^k \\le 1$", using={hypothesis: beta}).at_most(
            1, "the hypothesis", using={below: 1}
        ),
    )  # fmt: skip


@proof
def powers_fall():
    """A power of a number below 1 is at most the number."""
    d = Derivation("powers fall")
    below = d.given(beta, "<", 1, "the hypothesis")
    return d.induct(
        t, beta**t, "<=", beta,
        lambda chain: chain.equal(beta, "one factor"),
        lambda chain, hypothesis: chain.at_most(beta**2, "one more factor", using={hypothesis: beta}).at_most(
            beta, "the hypothesis", using={below: beta}
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


# -------------------------------------------------------------------------------------------------- ages, windows, half-lives

N = Index("N")
M1, M2 = sp.symbols("N_1 N_2", positive=True)  # lengths of windows


@proof
def powers_outrun():
    """One minus a power is at least as much as if every step down had been as small as the next one."""
    d = Derivation("the steps down get smaller")
    below = d.given(beta, "<", 1, "the average forgets")
    next_one = powers_below_one().at({t: t + 1}, given=[below])

    def step(chain, hypothesis):
        chain.at_most(beta * (1 - beta**t) + beta ** (t + 1) * (1 - beta), "hypothesis", using={hypothesis: beta})
        gap = (1 - beta) * (1 - beta ** (t + 1))
        chain.at_most(1 - beta ** (t + 1), "$\\beta^{t+1} < 1$", gap=gap, knowing=[below, next_one])

    return d.induct(
        t, t * beta**t * (1 - beta), "<=", 1 - beta**t,
        lambda chain: chain.at_most(1 - beta, "$\\beta < 1$", gap=(1 - beta) ** 2),
        step,
    )  # fmt: skip


@proof
def trapezoid():
    """A geometric sum against the mean of its first and its next power."""
    d = Derivation("trapezoid")
    below = d.given(beta, "<", 1, "the average forgets")
    small = powers_outrun().at({}, given=[below])

    def step(chain, hypothesis):
        chain.at_most(t * (1 - beta) * (1 + beta**t) + (1 + beta) * (1 - beta) * beta**t, "hypothesis", using={hypothesis: 1})
        chain.at_most((t + 1) * (1 - beta) * (1 + beta ** (t + 1)), "the steps down", using={small: 1 - beta}, knowing=[below])

    return d.induct(
        t, (1 + beta) * (1 - beta**t), "<=", t * (1 - beta) * (1 + beta**t),
        lambda chain: chain.equal((1 - beta) * (1 + beta), "one term"),
        step,
    )  # fmt: skip


@proof
def mean_age_limit():
    """The mean age stays below its limit."""
    d = Derivation("the mean age stays below its limit")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = powers_below_one().at({}, given=[below])
    left = mean_age().at({}, given=[below]).left
    correction = 1 / (1 - beta**t)
    d.start(left, knowing=[apart])
    d.equal(
        beta / (1 - beta) - t * beta**t * correction,
        "mean age",
        using={mean_age().at({}, given=[below]): 1},
        knowing=[below, apart],
    )
    return d.at_most(beta / (1 - beta), "$\\beta^t < 1$", gap=t * beta**t * correction, knowing=[below, apart])


@proof
def mean_age_half():
    """The mean age is at most that of a plain average of the same terms."""
    d = Derivation("the mean age is at most that of a plain average")
    below = d.given(beta, "<", 1, "the average forgets")
    apart = powers_below_one().at({}, given=[below])
    value, correction = mean_age().at({}, given=[below]), 1 / (1 - beta**t)
    d.start(value.left, knowing=[apart])
    d.equal(value.right, "mean age", using={value: 1}, knowing=[below, apart])
    return d.at_most(
        (t - 1) / 2, "the trapezoid",
        using={trapezoid().at({}, given=[below]): correction / (2 * (1 - beta))}, knowing=[below, apart],
    )  # fmt: skip


@proof
def plain_ages():
    """The ages of the terms of a plain average, added up."""
    d = Derivation("ages of a plain average")
    left, right = sp.Sum(t - s, (s, 1, t)), t * (t - 1) / 2
    return d.induct(
        t, left, "=", right,
        lambda chain: chain.equal(0, "one term, of age 0"),
        lambda chain, hypothesis: chain.equal(t * (t + 1) / 2, "each is one step older", using={hypothesis: 1}),
    )  # fmt: skip


@proof
def plain_mean_age():
    """The mean age of a plain average of N terms."""
    d = Derivation("mean age of a plain average").start(sp.Sum((N - s) / N, (s, 1, N)))
    return d.equal((N - 1) / 2, "the sum of ages, divided", using={plain_ages().at({t: N}): 1 / N})


@proof
def plain_squares():
    """The squared weights of a plain average of N terms, added up."""
    return Derivation("squared weights of a plain average").start(sp.Sum(1 / N**2, (s, 1, N))).equal(1 / N, "$N$ equal terms")


WINDOW = (1 + beta) / (1 - beta)


def _same_age(d):
    """The hypothesis that a plain average of N_1 terms has the mean age of the corrected average."""
    ages = sp.Sum((t - s) * (1 - beta) * beta ** (t - s), (s, 1, t))
    return d.given((1 - beta**t) * (M1 - 1) / 2, "=", ages, "the same mean age")


def _same_squares(d):
    """The hypothesis that N_2 times the squared weights of the corrected average is 1, as it is for N_2 equal weights."""
    squares = sp.Sum(((1 - beta) * beta ** (t - s)) ** 2, (s, 1, t))
    return d.given(M2 * squares, "=", (1 - beta**t) ** 2, "the same squared weights")


@proof
def window_of_age():
    """How long a plain average of the same mean age is."""
    d = Derivation("the window with the same mean age")
    below = d.given(beta, "<", 1, "the average forgets")
    same = _same_age(d)
    apart = powers_below_one().at({}, given=[below])
    d.start(M1)
    return d.equal(
        WINDOW - 2 * t * beta**t / (1 - beta**t), "the sum of ages, divided",
        using={same: 2 / (1 - beta**t), age_sum().at({}): 2 / (1 - beta**t) / (1 - beta)}, knowing=[below, apart],
    )  # fmt: skip


@proof
def window_of_squares():
    """How long a plain average with the same sum of squared weights is."""
    d = Derivation("the window with the same squared weights")
    below = d.given(beta, "<", 1, "the average forgets")
    same = _same_squares(d)
    apart = powers_below_one().at({}, given=[below])
    factor = WINDOW / ((1 - beta**t) * (1 + beta**t))
    d.start(M2)
    d.equal(
        WINDOW * (1 - beta**t) / (1 + beta**t), "the geometric sum, of $\\beta^2$",
        using={same: factor, geometric_sum().at({beta: beta**2}): -factor * M2 / WINDOW},
        knowing=[below, apart],
    )  # fmt: skip
    return d.equal(WINDOW - 2 * WINDOW * beta**t / (1 + beta**t), "divided", knowing=[below])


@proof
def windows_ordered():
    """The window of the mean age is never longer than that of the squared weights."""
    d = Derivation("two windows")
    below = d.given(beta, "<", 1, "the average forgets")
    same = _same_age(d), _same_squares(d)
    apart = powers_below_one().at({}, given=[below])
    first, second = window_of_age().at({}, given=[below, same[0]]), window_of_squares().at({}, given=[below, same[1]])
    d.start(M1)
    d.equal(first.right, "mean age", using={first: 1}, knowing=[below, apart])
    factor = 2 * beta**t / ((1 - beta**t) * (1 - beta) * (1 + beta**t))
    return d.at_most(M2, "the trapezoid", using={trapezoid().at({}, given=[below]): factor, second: -1}, knowing=[below, apart])


b, h = sp.symbols("beta h", positive=True)  # a decay rate that is not 0, a half-life


def _half_life(d):
    """A decay rate below 1 and its half-life become hypotheses of d: (below, half-life)."""
    below = d.given(b, "<", 1, "the average forgets")
    return below, d.given(-h * sp.log(b), "=", sp.log(2), "the half-life")


@proof
def half_life_above():
    """The half-life is at most ln 2 times the sum of all powers."""
    d = Derivation("half-life, from above")
    below, half = _half_life(d)
    tangent = d.given(sp.log(b), "<=", b - 1, "$\\ln x \\le x - 1$")
    d.start(h)
    return d.at_most(sp.log(2) / (1 - b), "the tangent at 1", using={tangent: h / (1 - b), half: 1 / (1 - b)}, knowing=[below])


@proof
def half_life_below():
    """The half-life is at least ln 2 times the mean age."""
    d = Derivation("half-life, from below")
    below, half = _half_life(d)
    tangent = d.given(-sp.log(b), "<=", 1 / b - 1, "$\\ln x \\le x - 1$ at $1/\\beta$")
    d.start(h)
    factor = b / (1 - b)
    return d.at_least(factor * sp.log(2), "the tangent at 1", using={tangent: factor * h, half: -factor}, knowing=[below])


# ---------------------------------------------------------------------------------------------- RMSProp, and a changed scale

x = sp.Symbol("x", nonnegative=True)  # a squared size
v, S = Family("v", first=0, sign="nonnegative"), Family("S", first=0, sign="nonnegative")
r = Family("r")


@proof
def rmsprop_cap():
    """No step of RMSProp is longer than its first."""
    d = Derivation("RMSProp's longest step")
    below = d.given(beta, "<", 1, "the average forgets")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * g[t] ** 2, "the update")
    sure = d.given(0, "<", v[t], "a gradient was seen")
    quotient = d.given(r[t], "=", g[t] / sp.sqrt(v[t]), "the step, in learning rates")
    d.start(r[t] ** 2)
    d.equal(g[t] ** 2 / v[t], "the quotient", put=[quotient], knowing=[sure])
    return d.at_most(
        1 / (1 - beta), "the average contains $g_t^2$",
        gap=beta * v[t - 1] / ((1 - beta) * v[t]), using={update: -1 / ((1 - beta) * v[t])}, knowing=[below, sure],
    )  # fmt: skip


@proof
def after_change():
    """Squares that have become constant: the average forgets what it was by a factor at each step."""
    d = Derivation("after a change")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * g[t] ** 2, "the update")
    size = d.given(g[t] ** 2, "=", x, "the new size")

    def step(chain, hypothesis):
        chain.equal(beta * (v[n] - x), "the update", put=[update.at({t: n + 1}), size.at({t: n + 1})])
        chain.equal(beta ** (n + 1) * (v[0] - x), "hypothesis", using={hypothesis: beta})

    return d.induct(n, v[n] - x, "=", beta**n * (v[0] - x), lambda chain: chain.equal(v[0] - x, "no step"), step)


@proof
def sum_after_change():
    """Squares that have become constant: the sum keeps what it was."""
    d = Derivation("the sum after a change")
    update = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    size = d.given(g[t] ** 2, "=", x, "the new size")

    def step(chain, hypothesis):
        chain.equal(S[n] + x, "one square more", put=[update.at({t: n + 1}), size.at({t: n + 1})])
        chain.equal(S[0] + (n + 1) * x, "hypothesis", using={hypothesis: 1})

    return d.induct(n, S[n], "=", S[0] + n * x, lambda chain: chain.equal(S[0], "no step"), step)


@proof
def rmsprop_start():
    """RMSProp's steps on gradients of one size, from an average that starts at 0."""
    d = Derivation("RMSProp's first steps")
    start = d.given(v[0], "=", 0, "it starts at 0")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * g[t] ** 2, "the update")
    size = d.given(g[t] ** 2, "=", x, "gradients of one size")
    quotient = d.given(r[t] * sp.sqrt(v[t]), "=", g[t], "the step, in learning rates")
    value = after_change().at({}, given=[update, size]).at({n: t})
    d.start((1 - beta**t) * x * r[t] ** 2)
    d.equal(v[t] * r[t] ** 2, "the average", using={value: -(r[t] ** 2), start: -(beta**t) * r[t] ** 2})
    d.equal(g[t] ** 2, "the quotient", using={quotient: r[t] * sp.sqrt(v[t]) + g[t]})
    return d.equal(x, "one size", put=[size])


# ----------------------------------------------------------------------------------------------------------------- Adadelta

rho = sp.Symbol("rho", nonnegative=True)
k, c = sp.symbols("lambda gamma", positive=True)  # the units of w and of g
e1, e2 = sp.Symbol("epsilon_u", positive=True), sp.Symbol("epsilon_v", positive=True)
u, delta = Family("u", first=0, sign="nonnegative"), Family("delta")
g2, delta2 = Family(r"\tilde g"), Family(r"\tilde\delta")
q, q2 = Family("q"), Family(r"\tilde q")
u2, v2 = Family(r"\tilde u", first=0, sign="nonnegative"), Family(r"\tilde v", first=0, sign="nonnegative")


def adadelta_hypotheses(d, g, u, v, delta, e1, e2):
    """The definitions of Adadelta's two averages and of its step, as hypotheses: (v, step, u)."""
    return (
        d.given(v[t], "=", rho * v[t - 1] + (1 - rho) * g[t] ** 2, "the squares of gradients"),
        d.given(delta[t], "=", g[t] * sp.sqrt(u[t - 1] + e1) / sp.sqrt(v[t] + e2), "the step"),
        d.given(u[t], "=", rho * u[t - 1] + (1 - rho) * delta[t] ** 2, "the squares of steps"),
    )


@proof
def adadelta_first():
    """Adadelta's first step."""
    d = Derivation("Adadelta's first step")
    below = d.given(rho, "<", 1, "the averages forget")
    start = d.given(u[0], "=", 0, "both start at 0"), d.given(v[0], "=", 0, "both start at 0")
    squares, step, _ = adadelta_hypotheses(d, g, u, v, delta, e1, e2)
    d.start(delta[1] ** 2)
    bottom = (1 - rho) * g[1] ** 2 + e2
    d.equal(
        g[1] ** 2 * e1 / bottom, "both averages",
        put=[step.at({t: 1}), squares.at({t: 1}), *start], knowing=[below],
    )  # fmt: skip
    return d.at_most(e1 / (1 - rho), "$\\epsilon_v$ left out", gap=e1 * e2 / ((1 - rho) * bottom), knowing=[below])


@proof
def adadelta_growth():
    """Adadelta's average of squared steps, where the average of squared gradients is at its level: it grows like t."""
    d = Derivation("growth from epsilon")
    start = d.given(u[0], "=", 0, "no step yet")
    step = d.given(delta[t] ** 2, "=", u[t - 1] + e1, "the step, where $g_t^2 = v_t + \\epsilon_v$")
    update = d.given(u[t], "=", rho * u[t - 1] + (1 - rho) * delta[t] ** 2, "the squares of steps")

    def next_step(chain, hypothesis):
        chain.equal(u[n] + (1 - rho) * e1, "step and update", put=[update.at({t: n + 1}), step.at({t: n + 1})])
        chain.equal((1 - rho) * e1 * (n + 1), "hypothesis", using={hypothesis: 1})

    return d.induct(n, u[n], "=", (1 - rho) * e1 * n, lambda chain: chain.equal(0, "no step yet", using={start: 1}), next_step)


@proof
def adadelta_ratio():
    """What makes Adadelta's average of squared steps grow: epsilon, and a rise of the average of squared gradients."""
    d = Derivation("what makes the steps grow")
    sure = d.given(0, "<", v[t], "a gradient was seen")
    squares = d.given(v[t], "=", rho * v[t - 1] + (1 - rho) * g[t] ** 2, "the squares of gradients")
    step = d.given(delta[t], "=", g[t] * sp.sqrt(u[t - 1] + e1) / sp.sqrt(v[t]), "the step, with $\\epsilon_v = 0$")
    update = d.given(u[t], "=", rho * u[t - 1] + (1 - rho) * delta[t] ** 2, "the squares of steps")
    d.start(u[t] - u[t - 1])
    d.equal(
        (1 - rho) * (u[t - 1] + e1) * g[t] ** 2 / v[t] - (1 - rho) * u[t - 1], "step and update",
        put=[update, step], knowing=[sure],
    )  # fmt: skip
    return d.equal(
        rho * (u[t - 1] + e1) * (v[t] - v[t - 1]) / v[t] + (1 - rho) * e1, "the average of squares",
        using={squares: -(u[t - 1] + e1) / v[t]}, knowing=[sure],
    )  # fmt: skip


@proof
def adadelta_squares_unit():
    """Adadelta's average of squared gradients in another unit."""
    d = Derivation("squared gradients in another unit")
    unit = d.given(g2[t], "=", c * g[t], "another unit of the gradient")
    start = d.given(v2[0], "=", c**2 * v[0], "the start, in the other unit")
    mine = d.given(v[t], "=", rho * v[t - 1] + (1 - rho) * g[t] ** 2, "the update")
    theirs = d.given(v2[t], "=", rho * v2[t - 1] + (1 - rho) * g2[t] ** 2, "the update")

    def step(chain, hypothesis):
        there, here = theirs.at({t: n + 1}), mine.at({t: n + 1})
        chain.equal(rho * v2[n] + (1 - rho) * c**2 * g[n + 1] ** 2, "the update", put=[there, unit.at({t: n + 1})])
        chain.equal(c**2 * v[n + 1], "hypothesis, and the update", using={hypothesis: rho, here: -(c**2)})

    return d.induct(n, v2[n], "=", c**2 * v[n], lambda chain: chain.equal(c**2 * v[0], "the start", put=[start]), step)


X, Y, eps = *sp.symbols("X Y", nonnegative=True), sp.Symbol("epsilon", positive=True)


@proof
def root_unit():
    """The root of a square and an epsilon, in another unit."""
    d = Derivation("a root in another unit")
    unit = d.given(X, "=", k**2 * Y, "another unit")
    there, here = sp.sqrt(X + k**2 * eps), k * sp.sqrt(Y + eps)
    return d.start(there).equal(here, "both are positive", using={unit: 1 / (there + here)})


@proof
def adadelta_ratio_unit():
    """The ratio of a gradient and the root of the average of its squares has no unit."""
    d = Derivation("the ratio has no unit")
    unit = d.given(g2[t], "=", c * g[t], "another unit of the gradient")
    start = d.given(v2[0], "=", c**2 * v[0], "the start, in the other unit")
    mine = d.given(v[t], "=", rho * v[t - 1] + (1 - rho) * g[t] ** 2, "the update")
    theirs = d.given(v2[t], "=", rho * v2[t - 1] + (1 - rho) * g2[t] ** 2, "the update")
    here = d.given(q[t], "=", g[t] / sp.sqrt(v[t] + e2), "the ratio")
    there = d.given(q2[t], "=", g2[t] / sp.sqrt(v2[t] + c**2 * e2), "the ratio")
    squares = adadelta_squares_unit().at({}, given=[unit, start, mine, theirs]).at({n: t})
    root = root_unit().at({X: v2[t], Y: v[t], eps: e2, k: c}, given=[squares])
    under, under2 = sp.sqrt(v[t] + e2), sp.sqrt(v2[t] + c**2 * e2)
    d.start(q2[t])
    d.equal(g2[t] / under2, "the ratio", put=[there])
    d.equal(c * g[t] / (c * under), "gradient and root", using={unit: 1 / under2, root: -g[t] / (under * under2)})
    return d.equal(q[t], "$\\gamma$ cancelled", put=[here])


def _two_runs(d):
    """The steps of two runs of Adadelta with the same ratios, the second in another unit of the weights, as hypotheses of d."""
    return (
        d.given(q2[t], "=", q[t], "the ratio has no unit"),
        d.given(u2[0], "=", k**2 * u[0], "the start, in the other unit"),
        d.given(delta[t], "=", q[t] * sp.sqrt(u[t - 1] + e1), "the step"),
        d.given(u[t], "=", rho * u[t - 1] + (1 - rho) * delta[t] ** 2, "the squares of steps"),
        d.given(delta2[t], "=", q2[t] * sp.sqrt(u2[t - 1] + k**2 * e1), "the step"),
        d.given(u2[t], "=", rho * u2[t - 1] + (1 - rho) * delta2[t] ** 2, "the squares of steps"),
    )


@proof
def adadelta_steps_unit():
    """Adadelta's average of squared steps in another unit of the weights."""
    d = Derivation("squared steps in another unit")
    ratio, start, *more = _two_runs(d)
    mine, mine_u, theirs, theirs_u = (r.at({t: n + 1}) for r in more)
    same = ratio.at({t: n + 1})

    def step(chain, hypothesis):
        moved = k**2 * q[n + 1] ** 2 * (u[n] + e1)
        chain.equal(rho * k**2 * u[n] + (1 - rho) * moved, "the update", put=[theirs_u, theirs, same, hypothesis])
        chain.equal(k**2 * u[n + 1], "$\\lambda^2$ taken out", put=[mine_u, mine])

    return d.induct(n, u2[n], "=", k**2 * u[n], lambda chain: chain.equal(k**2 * u[0], "the start", put=[start]), step)


@proof
def adadelta_unit():
    """Adadelta's step in another unit of the weights: it has the unit of a weight."""
    d = Derivation("Adadelta in other units")
    ratio, _, mine, _, theirs, _ = _two_runs(d)
    steps = adadelta_steps_unit().at({}, given=d.givens).at({n: t - 1})
    root = root_unit().at({X: u2[t - 1], Y: u[t - 1], eps: e1}, given=[steps])
    d.start(delta2[t])
    d.equal(q[t] * sp.sqrt(u2[t - 1] + k**2 * e1), "step and ratio", put=[theirs, ratio])
    d.equal(k * q[t] * sp.sqrt(u[t - 1] + e1), "the root", using={root: q[t]})
    return d.equal(k * delta[t], "the step", put=[mine])


@proof
def zero_unit():
    """Zero is zero in every unit."""
    d = Derivation("zero in another unit")
    none = d.given(X, "=", 0, "it is 0"), d.given(Y, "=", 0, "it is 0")
    return d.start(X).equal(k**2 * Y, "both are 0", using={none[0]: 1, none[1]: -(k**2)})


@proof
def adadelta_rate():
    """Adadelta's steps on the same ratios with another epsilon over the fraction: its root multiplies them."""
    d = Derivation("the hidden learning rate")
    none = d.given(u[0], "=", 0, "both start at 0"), d.given(u2[0], "=", 0, "both start at 0")
    runs = (
        d.given(delta[t], "=", q[t] * sp.sqrt(u[t - 1] + e1), "the step"),
        d.given(u[t], "=", rho * u[t - 1] + (1 - rho) * delta[t] ** 2, "the squares of steps"),
        d.given(delta2[t], "=", q[t] * sp.sqrt(u2[t - 1] + k**2 * e1), "the step, with $\\lambda^2\\epsilon_u$"),
        d.given(u2[t], "=", rho * u2[t - 1] + (1 - rho) * delta2[t] ** 2, "the squares of steps"),
    )
    start = zero_unit().at({X: u2[0], Y: u[0]}, given=[none[1], none[0]])
    same = adadelta_unit().at({q2: sp.Lambda(t, q[t])}, given=[start, *runs])
    return d.start(delta2[t]).equal(k * delta[t], "another unit of the weights", using={same: 1})
