"""Adam's relatives: AdaGrad as a limit, AdaMax and its cap, the order of averaging and rescaling, decoupled decay."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, between, substitute
from lecture_optim.proofs import averages, lemmas, proof

t, s, n, k = Index("t"), Index("s"), Index("n", 0), Index("k", 0)
beta = averages.beta
g = Family("g")


@proof
def correction_above():
    """1 - beta^t is at most t (1 - beta)."""
    d = Derivation("correction above")
    below = d.given(beta, "<", 1, "the average forgets")
    small = averages.powers_at_most_one().at(given=[below]).sum(s, 1, t, at={k: t - s})
    d.start(1 - beta**t)
    d.equal((1 - beta) * sp.Sum(beta ** (t - s), (s, 1, t)), "the geometric sum", using={averages.geometric_sum().at(): -1})
    return d.at_most((1 - beta) * t, "each power is at most 1", using={small: 1 - beta}, knowing=[below])


@proof
def correction_below():
    """1 - beta^t is at least t beta^(t-1) (1 - beta)."""
    d = Derivation("correction below")
    below = d.given(beta, "<", 1, "the average forgets")
    small = averages.powers_at_most_one().at(given=[below]).sum(s, 1, t, beta ** (t - s), at={k: s - 1})
    d.start(1 - beta**t)
    d.equal((1 - beta) * sp.Sum(beta ** (t - s), (s, 1, t)), "the geometric sum", using={averages.geometric_sum().at(): -1})
    least = (1 - beta) * t * beta ** (t - 1)
    return d.at_least(least, "no power is below the last", using={small: 1 - beta}, knowing=[below])


v, S = Family("v", first=0, sign="nonnegative"), Family("S", first=0, sign="nonnegative")


def _averages(d):
    """Adam's second average and AdaGrad's sum, of the same gradients, as hypotheses of d: beta < 1, average, v_0, sum, S_0."""
    below = d.given(beta, "<", 1, "the average forgets")
    update = d.given(v[t], "=", beta * v[t - 1] + (1 - beta) * g[t] ** 2, "Adam's average")
    start = d.given(v[0], "=", 0, "it starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "AdaGrad's sum")
    empty = d.given(S[0], "=", 0, "it starts at 0")
    return below, update, start, grows, empty


@proof
def sum_written():
    """AdaGrad's sum, written out."""
    d = Derivation("the sum, written out")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "AdaGrad's sum")
    empty = d.given(S[0], "=", 0, "it starts at 0")
    return d.induct(
        t,
        S[t],
        "=",
        sp.Sum(g[s] ** 2, (s, 1, t)),
        lambda chain: chain.equal(g[1] ** 2, "one term", using={grows.at({t: 1}): 1, empty: 1}),
        lambda chain, hypothesis: chain.equal(
            sp.Sum(g[s] ** 2, (s, 1, t + 1)), "one more", using={grows.at({t: t + 1}): 1, hypothesis: 1}
        ),
    )


def _up_to_powers(d):
    """The chain from the uncorrected average to its sum of weighted squares, with what both of its bounds need.

    Returns (beta < 1, no power is above 1, AdaGrad's sum written out).
    """
    below, update, start, grows, empty = _averages(d)
    squares = {averages.m: sp.Lambda(n, v[n]), averages.g: sp.Lambda(t, g[t] ** 2)}
    written = averages.unrolled().at(squares, given=[update])
    weighted = sp.Sum(beta ** (t - s) * g[s] ** 2, (s, 1, t))
    d.start(v[t]).equal(beta**t * v[0] + (1 - beta) * weighted, "written out", using={written: 1})
    d.equal((1 - beta) * weighted, "$v_0 = 0$", put=[start])
    return below, averages.powers_at_most_one().at(given=[below]), sum_written().at(given=[grows, empty])


@proof
def average_below_sum():
    """The uncorrected average is at most (1 - beta) times the sum: it is so small that a step without correction explodes."""
    d = Derivation("average below the sum")
    below, power, total = _up_to_powers(d)
    each = power.sum(s, 1, t, g[s] ** 2, at={k: t - s})
    return d.at_most((1 - beta) * S[t], "no power is above 1", using={each: 1 - beta, total: -(1 - beta)}, knowing=[below])


@proof
def average_above_sum():
    """The uncorrected average is at least (1 - beta) beta^(t-1) times the sum."""
    d = Derivation("average above the sum")
    below, power, total = _up_to_powers(d)
    each = power.sum(s, 1, t, beta ** (t - s) * g[s] ** 2, at={k: s - 1})
    factor = (1 - beta) * beta ** (t - 1)
    return d.at_least(factor * S[t], "no power is below the last", using={each: 1 - beta, total: factor}, knowing=[below])


@proof
def adagrad_limit_above():
    """Adam's corrected average, times t beta^(t-1), is at most AdaGrad's sum."""
    d = Derivation("corrected average, from above")
    hypotheses = _averages(d)
    raw = average_below_sum().at(given=hypotheses)
    apart = averages.powers_below_one().at(given=hypotheses[:1])
    correction = correction_below().at(given=hypotheses[:1])
    factor = t * beta ** (t - 1) / (1 - beta**t)
    d.start(factor * v[t], knowing=[apart])
    d.at_most(factor * (1 - beta) * S[t], "$v_t \\le (1 - \\beta) S_t$", using={raw: factor}, knowing=[apart])
    return d.at_most(S[t], "$1 - \\beta^t$, from below", using={correction: S[t] / (1 - beta**t)}, knowing=[apart])


@proof
def adagrad_limit_below():
    """Adam's corrected average, times t, is at least beta^(t-1) times AdaGrad's sum."""
    d = Derivation("corrected average, from below")
    hypotheses = _averages(d)
    raw = average_above_sum().at(given=hypotheses)
    apart = averages.powers_below_one().at(given=hypotheses[:1])
    correction = correction_above().at(given=hypotheses[:1])
    factor = t / (1 - beta**t)
    d.start(factor * v[t], knowing=[apart])
    least = beta ** (t - 1) * (1 - beta) * S[t]
    d.at_least(factor * least, "$v_t$ above the sum", using={raw: factor}, knowing=[apart])
    share = beta ** (t - 1) * S[t] / (1 - beta**t)
    return d.at_least(beta ** (t - 1) * S[t], "$1 - \\beta^t$, from above", using={correction: share}, knowing=[apart])


@proof
def adagrad_epsilon():
    """What the two epsilons are to each other in the limit: Adam's is multiplied by the root of t."""
    d = Derivation("epsilon in the limit")
    X, rate, epsilon = sp.Symbol("S", positive=True), sp.Symbol("alpha", positive=True), sp.Symbol("epsilon", nonnegative=True)
    x = sp.Symbol("g", real=True)
    d.start(rate / sp.sqrt(t) * x / (sp.sqrt(X / t) + epsilon))
    return d.equal(rate * x / (sp.sqrt(X) + epsilon * sp.sqrt(t)), "times $\\sqrt t$, above and below")


@proof
def step_within():
    """Steps with comparable squares under the root are comparable."""
    d = Derivation("a step within a factor")
    X, Y, share = sp.symbols("X Y q", positive=True)
    y = sp.Symbol("a", nonnegative=True)
    less = d.given(share * X, "<=", Y, "the bound of the squares")
    roots = lemmas.roots_rise().at({lemmas.X: share * X, lemmas.Y: Y}, given=[less])
    d.start(sp.sqrt(share) * y / sp.sqrt(Y))
    return d.at_most(y / sp.sqrt(X), "the roots, divided", using={roots: y / sp.sqrt(X * Y)})


# ------------------------------------------------------------------------------------------------- averaging and rescaling

a, r, c = Family("a", sign="nonnegative"), Family("r"), Family("c", sign="positive")
mu = sp.Symbol("mu", nonnegative=True)
eta, alpha = sp.symbols("eta alpha", positive=True)
delta, U = Family("delta", first=0), Family("U", first=0, sign="nonnegative")
beta1, q = sp.Symbol("beta_1", nonnegative=True), sp.Symbol("beta_2", positive=True)
m, m_hat = Family("m", first=0), Family(r"\hat m")


@proof
def rescaled_then_averaged():
    """The step of RMSProp with momentum, written out: every gradient keeps the scale of its own day."""
    d = Derivation("rescaled, then averaged")
    update = d.given(delta[t], "=", mu * delta[t - 1] - eta * r[t], "momentum on the rescaled gradient")
    start = d.given(delta[0], "=", 0, "no step before")

    def step(chain, hypothesis):
        chain.equal(mu * delta[t] - eta * r[t + 1], "the update", using={update.at({t: t + 1}): 1})
        chain.equal(substitute(right, {t: t + 1}), "what is known of $\\delta_t$", using={hypothesis: mu})

    right = -eta * sp.Sum(mu ** (t - s) * r[s], (s, 1, t))
    return d.induct(
        t, delta[t], "=", right,
        lambda chain: chain.equal(-eta * r[1], "the first step", using={update.at({t: 1}): 1, start: mu}),
        step,
    )  # fmt: skip


@proof
def same_scale():
    """Where the scale is constant the two orders are one rule: RMSProp's step is Adam's, uncorrected."""
    d = Derivation("a constant scale")
    c = sp.Symbol("c", positive=True)
    size = d.given(r[t], "=", g[t] / c, "rescaled by a constant")
    update = d.given(delta[t], "=", beta1 * delta[t - 1] - (1 - beta1) * alpha * r[t], "momentum on the rescaled gradient")
    start = d.given(delta[0], "=", 0, "no step before")
    average = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "Adam's average")
    empty = d.given(m[0], "=", 0, "it starts at 0")
    share = -alpha * (1 - beta1)

    def base(chain):
        chain.equal(share * g[1] / c, "the first step", using={update.at({t: 1}): 1, start: beta1, size.at({t: 1}): share})
        chain.equal(-alpha * m[1] / c, "the average", using={average.at({t: 1}): alpha / c, empty: alpha * beta1 / c})

    def step(chain, hypothesis):
        later = {t: t + 1}
        chain.equal(beta1 * delta[t] + share * g[t + 1] / c, "the update", using={update.at(later): 1, size.at(later): share})
        chain.equal(-alpha * m[t + 1] / c, "the average", using={hypothesis: beta1, average.at(later): alpha / c})

    return d.induct(t, delta[t], "=", -alpha * m[t] / c, base, step)


@proof
def remembered():
    """What loses at most a factor at each step keeps at least its power."""
    d = Derivation("remembered")
    fades = d.given(q * U[t - 1], "<=", U[t], "at most a factor is lost")
    return d.induct(
        k, q**k * U[0], "<=", U[k],
        lambda chain: chain.equal(U[0], "nothing is lost"),
        lambda chain, hypothesis: chain.at_most(q * U[k], "what is left so far", using={hypothesis: q}).at_most(
            U[k + 1], "one step later", using={fades.at({t: k + 1}): 1}
        ),
    )  # fmt: skip


@proof
def order_matters():
    """Where the scale never falls, the average of rescaled sizes is at least the rescaled average of sizes."""
    d = Derivation("the order of averaging and rescaling")
    rises = d.given(c[t], "<=", c[t + 1], "the scale never falls")
    later = remembered().at({q: 1, U: sp.Lambda(n, c[s + n])}, given=[rises.at({t: s + t - 1})])
    each = later.sum(s, 1, t, mu ** (t - s) * a[s] / (c[s] * c[t]), at={k: t - s})
    d.start(sp.Sum(mu ** (t - s) * a[s], (s, 1, t)) / c[t])
    return d.at_most(sp.Sum(mu ** (t - s) * a[s] / c[s], (s, 1, t)), "$c_s \\le c_t$", using={each: 1})


# ---------------------------------------------------------------------------------------------------------------- AdaMax

u = Family("u", first=0, sign="nonnegative")


def _cap(sign, name):
    """The cap of the average (sign 1) and of its negative (-1), with the average corrected at the end."""
    d = Derivation(name)
    below = d.given(beta1, "<", 1, "the average forgets")
    update = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the average")
    start = d.given(m[0], "=", 0, "it starts at 0")
    corrected = d.given((1 - beta1**t) * m_hat[t], "=", m[t], "corrected")
    size = d.given(sign * g[t], "<=", a[t], "$a_t = |g_t|$")
    largest = d.given(u[t], "=", sp.Max(q * u[t - 1], a[t]), "the maximum")
    apart = averages.powers_below_one().at({beta: beta1}, given=[below])
    written = averages.unrolled().at({beta: beta1, averages.m: sp.Lambda(n, m[n])}, given=[update])
    x, y, z = sp.symbols("x y z", real=True)
    new = lemmas.at_most_maximum().at({x: a[s], y: q * u[s - 1], z: u[s]}, given=[largest.at({t: s})])
    new = new.sum(s, 1, t, beta1 ** (t - s))
    after = {x: q * u[s + t - 1], y: a[s + t], z: u[s + t]}
    fades = lemmas.at_most_maximum().at(after, given=[largest.at({t: s + t})])
    kept = remembered().at({U: sp.Lambda(n, u[s + n])}, given=[fades]).sum(s, 1, t, (beta1 / q) ** (t - s), at={k: t - s})
    sizes = size.at({t: s}).sum(s, 1, t, beta1 ** (t - s))
    share = (1 - beta1) / (1 - beta1**t)
    d.start(sign * m_hat[t], knowing=[apart])
    d.equal(sign * m[t] / (1 - beta1**t), "corrected", using={corrected: sign / (1 - beta1**t)}, knowing=[apart])
    average = share * sp.Sum(beta1 ** (t - s) * g[s], (s, 1, t))
    d.equal(
        sign * average,
        "written out",
        using={written: sign / (1 - beta1**t), start: sign * beta1**t / (1 - beta1**t)},
        knowing=[apart],
    )
    largest_average = share * sp.Sum(beta1 ** (t - s) * a[s], (s, 1, t))
    d.at_most(largest_average, "$g_s \\le a_s$" if sign == 1 else "$-g_s \\le a_s$", using={sizes: share}, knowing=[below, apart])
    right = share * sp.Sum((beta1 / q) ** (t - s), (s, 1, t)) * u[t]
    return d.at_most(right, "$\\beta_2^{t-s} a_s \\le u_t$", using={new: share, kept: share}, knowing=[below, apart])


@proof
def adamax_cap():
    """AdaMax's corrected average is at most a geometric sum of ratios times its maximum."""
    return _cap(1, "the cap of AdaMax")


@proof
def adamax_cap_below():
    """The same of its negative."""
    return _cap(-1, "the cap of AdaMax, the other sign")


X, Y = lemmas.X, lemmas.Y


@proof
def adamax_cap_value():
    """The cap of AdaMax, added up, where the maximum forgets more slowly than the average."""
    d = Derivation("the value of the cap")
    rho = sp.Symbol("rho", nonnegative=True)
    apart = d.given(rho, "<", 1, "$\\rho = \\beta_1 / \\beta_2$")
    below = d.given(beta1, "<", 1, "the average forgets")
    whole = averages.power_sum().at({beta: rho}, given=[apart])
    powers = averages.powers_below_one().at({beta: beta1}, given=[below])
    share = (1 - beta1) / (1 - beta1**t)
    d.start(share * sp.Sum(rho ** (t - s), (s, 1, t)), knowing=[powers])
    return d.equal(share * (1 - rho**t) / (1 - rho), "the geometric sum", using={whole: share}, knowing=[apart, powers])


@proof
def adamax_cap_limit():
    """The cap of AdaMax at every step, where the maximum forgets more slowly than the average and does not grow."""
    d = Derivation("the supremum of the cap")
    rho = sp.Symbol("rho", nonnegative=True)
    apart = d.given(rho, "<", 1, "$\\rho = \\beta_1 / \\beta_2$")
    below = d.given(beta1, "<", 1, "the average forgets")
    order = d.given(beta1, "<=", rho, "$\\beta_2 \\le 1$")
    value = adamax_cap_value().at(given=[apart, below])
    smaller = lemmas.powers_keep_order().at({X: beta1, Y: rho, k: t}, given=[order])
    powers = averages.powers_below_one().at({beta: beta1}, given=[below])
    share = (1 - beta1) / (1 - beta1**t)
    d.start(share * sp.Sum(rho ** (t - s), (s, 1, t)), knowing=[powers])
    d.equal(share * (1 - rho**t) / (1 - rho), "its value", using={value: 1}, knowing=[apart, powers])
    least = (1 - beta1) / (1 - rho)
    return d.at_most(least, "$\\beta_1^t \\le \\rho^t$", using={smaller: share / (1 - rho)}, knowing=[apart, below, powers])


@proof
def adamax_maximum_attained():
    """On gradients that shrink at AdaMax's own pace the maximum is the last gradient."""
    d = Derivation("the maximum on shrinking gradients")
    update = d.given(u[t], "=", sp.Max(q * u[t - 1], q**t), "the maximum, of gradients $\\beta_2^t$")
    start = d.given(u[0], "=", 0, "it starts at 0")

    def step(chain, hypothesis):
        chain.equal(sp.Max(q * u[t], q ** (t + 1)), "the update", using={update.at({t: t + 1}): 1})
        chain.equal(q ** (t + 1), "both are the same", put=[hypothesis])

    def base(chain):
        chain.equal(sp.Max(q * u[0], q), "the update", using={update.at({t: 1}): 1})
        chain.equal(q, "$u_0 = 0$", put=[start])

    return d.induct(t, u[t], "=", q**t, base, step)


@proof
def adamax_attained():
    """On gradients that shrink at AdaMax's own pace its corrected average meets the bound."""
    d = Derivation("the cap of AdaMax, attained")
    below = d.given(beta1, "<", 1, "the average forgets")
    update = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * q**t, "the average, of gradients $\\beta_2^t$")
    start = d.given(m[0], "=", 0, "it starts at 0")
    corrected = d.given((1 - beta1**t) * m_hat[t], "=", m[t], "corrected")
    largest = d.given(u[t], "=", sp.Max(q * u[t - 1], q**t), "the maximum, of gradients $\\beta_2^t$")
    empty = d.given(u[0], "=", 0, "it starts at 0")
    apart = averages.powers_below_one().at({beta: beta1}, given=[below])
    places = {beta: beta1, averages.m: sp.Lambda(n, m[n]), averages.g: sp.Lambda(t, q**t)}
    written = averages.unrolled().at(places, given=[update])
    last = adamax_maximum_attained().at(given=[largest, empty])
    one = 1 / (1 - beta1**t)
    share = (1 - beta1) * one * sp.Sum((beta1 / q) ** (t - s), (s, 1, t))
    d.start(m_hat[t]).equal(m[t] * one, "corrected", using={corrected: one}, knowing=[apart])
    weighted = (1 - beta1) * one * sp.Sum(beta1 ** (t - s) * q**s, (s, 1, t))
    d.equal(weighted, "written out", using={written: one, start: beta1**t * one}, knowing=[apart])
    return d.equal(share * u[t], "$u_t = \\beta_2^t$", using={last: -share}, knowing=[apart])


# --------------------------------------------------------------------------------------------- AdaMax from the p-th powers

P, V = Index("p"), Family("v", first=0, sign="nonnegative")


def _power_average(d):
    """The average of p-th powers and the maximum, of the same sizes, as hypotheses of d."""
    below = d.given(q, "<=", 1, "the average does not grow")
    update = d.given(V[t], "=", q**P * V[t - 1] + (1 - q**P) * a[t] ** P, "the average of $p$-th powers")
    start = d.given(V[0], "=", 0, "it starts at 0")
    largest = d.given(u[t], "=", sp.Max(q * u[t - 1], a[t]), "the maximum")
    empty = d.given(u[0], "=", 0, "it starts at 0")
    return below, update, start, largest, empty


def _power_average(d):
    """The average of p-th powers and the maximum, of the same sizes, as hypotheses of d."""
    below = d.given(q, "<=", 1, "the average does not grow")
    update = d.given(V[t], "=", q**P * V[t - 1] + (1 - q**P) * a[t] ** P, "the average of $p$-th powers")
    start = d.given(V[0], "=", 0, "it starts at 0")
    largest = d.given(u[t], "=", sp.Max(q * u[t - 1], a[t]), "the maximum")
    small = lemmas.powers_keep_order().at({X: q, Y: 1, k: P}, given=[below])
    return small, update, start, largest


@proof
def power_average_upper():
    """The average of p-th powers is at most t times its weight of the newest, times the maximum's p-th power."""
    d = Derivation("the average of powers, from above")
    small, update, start, largest = _power_average(d)
    x, y, z = sp.symbols("x y z", real=True)
    now, then = largest.at({t: 1}), largest.at({t: t + 1})
    bound = (1 - q**P) * t * u[t] ** P

    def new(i, relation):
        size = lemmas.at_most_maximum().at({x: a[i], y: q * u[i - 1], z: u[i]}, given=[relation])
        return lemmas.powers_keep_order().at({X: a[i], Y: u[i], k: P}, given=[size])

    old = lemmas.at_most_maximum().at({x: q * u[t], y: a[t + 1], z: u[t + 1]}, given=[then])
    old = lemmas.powers_keep_order().at({X: q * u[t], Y: u[t + 1], k: P}, given=[old])

    def base(chain):
        chain.equal((1 - q**P) * a[1] ** P, "the first step", using={update.at({t: 1}): 1, start: q**P})
        chain.at_most((1 - q**P) * u[1] ** P, "$a_1 \\le u_1$", using={new(sp.Integer(1), now): 1 - q**P}, knowing=[small])

    def step(chain, hypothesis):
        chain.equal(q**P * V[t] + (1 - q**P) * a[t + 1] ** P, "the update", using={update.at({t: t + 1}): 1})
        chain.at_most(q**P * bound + (1 - q**P) * a[t + 1] ** P, "the hypothesis", using={hypothesis: q**P})
        chain.at_most(
            substitute(bound, {t: t + 1}), "both are at most $u_{t+1}$",
            using={old: (1 - q**P) * t, new(t + 1, then): 1 - q**P}, knowing=[small],
        )  # fmt: skip

    return d.induct(t, V[t], "<=", bound, base, step)


@proof
def power_average_lower():
    """The average of p-th powers is at least its weight of the newest, times the maximum's p-th power."""
    d = Derivation("the average of powers, from below")
    small, update, start, largest = _power_average(d)
    empty = d.given(u[0], "=", 0, "it starts at 0")
    then = largest.at({t: t + 1})
    bound = (1 - q**P) * u[t] ** P

    def base(chain):
        chain.equal((1 - q**P) * a[1] ** P, "the first step", using={update.at({t: 1}): 1, start: q**P})
        chain.equal((1 - q**P) * u[1] ** P, "$u_1 = a_1$", put=[largest.at({t: 1}), empty])

    def step(chain, hypothesis):
        chain.equal(q**P * V[t] + (1 - q**P) * a[t + 1] ** P, "the update", using={update.at({t: t + 1}): 1})
        chain.at_least(q**P * bound + (1 - q**P) * a[t + 1] ** P, "the hypothesis", using={hypothesis: q**P})
        last = (1 - q**P) * u[t + 1] ** P

        def first(block, less):
            block.at_least((1 - q**P) * a[t + 1] ** P, "left out", gap=q**P * bound, knowing=[small])
            block.equal(last, "then $u_{t+1} = a_{t+1}$", put=[then])

        def second(block, less):
            block.at_least((1 - q**P) * q**P * u[t] ** P, "left out", gap=(1 - q**P) * a[t + 1] ** P, knowing=[small])
            block.equal(last, "then $u_{t+1} = \\beta_2 u_t$", put=[then])

        chain.cases(last, between(a[t + 1], q * u[t]), [second, first])

    return d.induct(t, V[t], ">=", bound, base, step)


# ----------------------------------------------------------------------------------------------------------------- Nadam

x = sp.Symbol("g", real=True)


@proof
def nadam_ahead():
    """Nadam's average is the next average of Adam, on the present gradient again, and a bit more of the gradient."""
    d = Derivation("one step ahead")
    below = d.given(beta1, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({beta: beta1}, given=[below])
    apart = apart, apart.at({t: t + 1})
    ahead = d.given((1 - beta1 ** (t + 1)) * m_hat[t + 1], "=", beta1 * m[t] + (1 - beta1) * g[t], "$g_t$ seen once more")
    now, later = 1 - beta1**t, 1 - beta1 ** (t + 1)
    d.start(beta1 * m[t] / later + (1 - beta1) * g[t] / now, knowing=apart)
    more = (1 - beta1) ** 2 * beta1**t / (now * later)
    return d.equal(m_hat[t + 1] + more * g[t], "the next average, and a rest", using={ahead: -1 / later}, knowing=apart)


@proof
def nadam_constant():
    """Nadam's average of a constant gradient is more than the gradient."""
    d = Derivation("Nadam on a constant gradient")
    below = d.given(beta1, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({beta: beta1}, given=[below])
    apart = apart, apart.at({t: t + 1})
    now, later = 1 - beta1**t, 1 - beta1 ** (t + 1)
    average = d.given(m[t], "=", now * x, "the average of a constant")
    d.start(beta1 * m[t] / later + (1 - beta1) * x / now, knowing=apart)
    d.equal(beta1 * now * x / later + (1 - beta1) * x / now, "the average", using={average: beta1 / later}, knowing=apart)
    return d.equal(x * (1 + (1 - beta1) ** 2 * beta1**t / (now * later)), "added up", knowing=apart)


# ----------------------------------------------------------------------------------------------------------------- decay

w = sp.Symbol("w", real=True)
lam = sp.Symbol("lambda", nonnegative=True)
W = Family("w")


@proof
def decay_in_sgd():
    """For SGD a penalty's gradient is a decay of the weights."""
    d = Derivation("a penalty is a decay")
    return d.start(w - eta * (x + lam * w)).equal((1 - eta * lam) * w - eta * x, "sorted")


@proof
def decay_in_a_scale():
    """Behind a scale a penalty decays the weights by its own rate divided by the scale."""
    d = Derivation("a penalty behind a scale")
    c = sp.Symbol("c", positive=True)
    return d.start(w - eta * (x + lam * w) / c).equal((1 - eta * lam / c) * w - eta * x / c, "sorted")


def _scaled(power, name):
    """The average of the power-th powers of b g + lambda w against that of g + lambda w / b."""
    d = Derivation(name)
    K = sp.Symbol("b", positive=True)
    first, second = (Family("m", first=0), Family("m'", first=0)) if power == 1 else (Family("v", first=0), Family("v'", first=0))
    own = d.given(
        first[t], "=", beta * first[t - 1] + (1 - beta) * (g[t] + lam / K * W[t]) ** power, "loss, penalty $\\lambda/b$"
    )
    other = d.given(
        second[t], "=", beta * second[t - 1] + (1 - beta) * (K * g[t] + lam * W[t]) ** power, "$b$ losses, penalty $\\lambda$"
    )
    start, empty = d.given(first[0], "=", 0, "it starts at 0"), d.given(second[0], "=", 0, "it starts at 0")

    def base(chain):
        chain.equal((1 - beta) * (K * g[1] + lam * W[1]) ** power, "the update", using={other.at({t: 1}): 1, empty: beta})
        chain.equal(K**power * first[1], "the update", using={own.at({t: 1}): -(K**power), start: -beta * K**power})

    def step(chain, hypothesis):
        new = (1 - beta) * (K * g[t + 1] + lam * W[t + 1]) ** power
        chain.equal(beta * second[t] + new, "the update", using={other.at({t: t + 1}): 1})
        chain.equal(K**power * first[t + 1], "times $b$", using={hypothesis: beta, own.at({t: t + 1}): -(K**power)})

    return d.induct(t, second[t], "=", K**power * first[t], base, step)


@proof
def scaled_loss_mean():
    """Adam with a penalty, on b times the loss: the average of the gradients."""
    return _scaled(1, "b times the loss: the average")


@proof
def scaled_loss_square():
    """Adam with a penalty, on b times the loss: the average of the squares."""
    return _scaled(2, "b times the loss: the squares")
