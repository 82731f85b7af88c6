"""Adam's step: the largest it can be, the gradients that make it so large, silence, scale, noise, and the two epsilons."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index
from lecture_optim.proofs import averages, proof

t, s, j, n, k = Index("t"), Index("s"), Index("j"), Index("n", 0), Index("k", 0)
beta1 = sp.Symbol("beta_1", nonnegative=True)
beta2 = sp.Symbol("beta_2", positive=True)
rho = sp.Symbol("rho", nonnegative=True)
q = sp.Symbol("q", positive=True)
g, m, v = Family("g"), Family("m", first=0), Family("v", first=0, sign="nonnegative")
K, kappa = Family("K", sign="nonnegative"), sp.Symbol("kappa", nonnegative=True)
m_hat, v_hat = Family(r"\hat m"), Family(r"\hat v", sign="nonnegative")


def powers(x, last=t):
    """The sum of the powers of x from 0 to last - 1, by the step s that each weighs."""
    return sp.Sum(x ** (last - s), (s, 1, last))


SHARE = (1 - beta1) ** 2 / (1 - beta2)
CORRECTION = (1 - beta2**t) / (1 - beta1**t) ** 2
CAP = SHARE * CORRECTION * powers(rho)
LIMIT = SHARE / (1 - rho)


def forgets(d, beta):
    """The hypothesis that an average forgets, and what follows of its powers: (beta < 1, beta^t < 1)."""
    below = d.given(beta, "<", 1, "the average forgets")
    return below, averages.powers_below_one().at({averages.beta: beta}, given=[below])


def two_averages(d):
    """The hypotheses that define m and v: (start of m, start of v, update of m, update of v)."""
    return (
        d.given(m[0], "=", 0, "the start"),
        d.given(v[0], "=", 0, "the start"),
        d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the update"),
        d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the update"),
    )


# ----------------------------------------------------------------------------------------------------------------------- the cap


@proof
def first_mean():
    """The first corrected average is the first gradient."""
    d = Derivation("the first average")
    below, _ = forgets(d, beta1)
    start = d.given(m[0], "=", 0, "the start")
    update = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the update")
    hat = d.given((1 - beta1**t) * m_hat[t], "=", m[t], "corrected").at({t: 1})
    d.start(m_hat[1])
    d.equal(m[1] / (1 - beta1), "corrected", using={hat: 1 / (1 - beta1)}, knowing=[below])
    return d.equal(g[1], "the update", put=[update.at({t: 1}), start], knowing=[below])


@proof
def first_square():
    """The first corrected average of squares is the square of the first gradient."""
    d = Derivation("the first average of squares")
    below, _ = forgets(d, beta2)
    start = d.given(v[0], "=", 0, "the start")
    update = d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the update")
    hat = d.given((1 - beta2**t) * v_hat[t], "=", v[t], "corrected").at({t: 1})
    d.start(v_hat[1])
    d.equal(v[1] / (1 - beta2), "corrected", using={hat: 1 / (1 - beta2)}, knowing=[below])
    return d.equal(g[1] ** 2, "the update", put=[update.at({t: 1}), start], knowing=[below])


@proof
def powers_positive():
    """The sum of the powers is positive, as its last power is 1."""
    return Derivation("powers are positive").induct(
        t, sp.S.Zero, "<", powers(rho),
        lambda chain: chain.at_most(1, "one term", gap=1, strict=True),
        lambda chain, hypothesis: chain.at_most(
            powers(rho, t + 1), "the last power is 1", gap=1, using={hypothesis: rho}, strict=True
        ),
    )  # fmt: skip


@proof
def averages_cap():
    """The squared average of gradients is at most a multiple of the average of squares."""
    d = Derivation("the averages")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    below, _ = forgets(d, beta2)
    no_m, no_v, mean, square = two_averages(d)
    total, some = powers(rho), powers_positive().at()

    def base(chain):
        chain.equal((1 - beta1) ** 2 * g[1] ** 2, "one gradient", put=[mean.at({t: 1}), no_m])
        chain.equal(SHARE * v[1], "one gradient", put=[square.at({t: 1}), no_v], knowing=[below])

    def step(chain, hypothesis):
        now = g[t + 1]
        chain.equal((beta1 * m[t] + (1 - beta1) * now) ** 2, "the update", put=[mean.at({t: t + 1})])
        chain.at_most(
            SHARE * powers(rho, t + 1) * v[t + 1], "the hypothesis, and a square",
            using={
                hypothesis: beta1**2 + beta2 / total,
                ratio: -total * (1 - beta1) ** 2 * (beta2 * v[t] / (1 - beta2) + now**2),
            },
            gap=(beta2 * m[t] - (1 - beta1) * beta1 * total * now) ** 2 / (beta2 * total),
            put=[square.at({t: t + 1})], knowing=[below, some],
        )  # fmt: skip

    return d.induct(t, m[t] ** 2, "<=", SHARE * total * v[t], base, step)


def hats(d):
    """The definitions of the corrected averages, as hypotheses."""
    return (
        d.given((1 - beta1**t) * m_hat[t], "=", m[t], "corrected"),
        d.given((1 - beta2**t) * v_hat[t], "=", v[t], "corrected"),
    )


def limit(d):
    """The definition of kappa, a hypothesis."""
    return d.given((1 - beta2) * (1 - rho) * kappa**2, "=", (1 - beta1) ** 2, "the limit")


def cap(d):
    """The definition of the cap K_t, a hypothesis."""
    return d.given((1 - beta1**t) ** 2 * (1 - beta2) * K[t] ** 2, "=", (1 - beta1) ** 2 * (1 - beta2**t) * powers(rho), "the cap")


@proof
def cap_value():
    """The square of the cap."""
    d = Derivation("the cap")
    known = [*forgets(d, beta1), *forgets(d, beta2)]
    defined = cap(d)
    return d.start(K[t] ** 2).equal(CAP, "divided", using={defined: 1 / ((1 - beta1**t) ** 2 * (1 - beta2))}, knowing=known)


@proof
def limit_value():
    """The square of the limit of the caps."""
    d = Derivation("the limit of the caps")
    known = [forgets(d, beta2)[0], d.given(rho, "<", 1, "the ratio is below 1")]
    defined = limit(d)
    return d.start(kappa**2).equal(LIMIT, "divided", using={defined: 1 / ((1 - beta2) * (1 - rho))}, knowing=known)


@proof
def step_cap():
    """Adam's step is at most the cap: its square, in corrected averages."""
    d = Derivation("the cap of a step")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    (below1, powers1), (below2, powers2) = forgets(d, beta1), forgets(d, beta2)
    starts = two_averages(d)
    first, second = hats(d)
    known = [below1, below2, powers1, powers2]
    value = cap_value().at({}, given=[below1, below2, cap(d)])
    each = averages_cap().at({}, given=[ratio, below2, *starts])
    d.start(m_hat[t] ** 2)
    low = 1 / (1 - beta1**t)
    d.equal((m[t] * low) ** 2, "corrected", using={first: low * (m_hat[t] + m[t] * low)}, knowing=known)
    d.at_most(SHARE * powers(rho) * v[t] * low**2, "the averages", using={each: low**2}, knowing=known)
    d.equal(CAP * v_hat[t], "corrected", using={second: -SHARE * powers(rho) * low**2}, knowing=known)
    return d.equal(K[t] ** 2 * v_hat[t], "the cap", put=[value], knowing=known)


def growing(d):
    """The hypotheses that the gradients grow by the factor beta2 / beta1: (relations)."""
    grow = d.given(beta1 * q, "=", beta2, "the factor")
    ratio = d.given(rho * q, "=", beta1, "the ratio")
    return grow, ratio, d.given(g[t], "=", q**t, "the gradients grow")


@proof
def growing_mean():
    """The average of gradients that grow by the factor."""
    d = Derivation("the average of growing gradients")
    _, ratio, grown = growing(d)
    no_m, _, mean, _ = two_averages(d)

    def step(chain, hypothesis):
        chain.equal(beta1 * m[t] + (1 - beta1) * q ** (t + 1), "the update", put=[mean.at({t: t + 1}), grown.at({t: t + 1})])
        right = (1 - beta1) * q ** (t + 1) * (1 + rho * powers(rho))
        chain.equal(right, "the hypothesis", using={hypothesis: beta1, ratio: -(1 - beta1) * q**t * powers(rho)})
        chain.equal((1 - beta1) * q ** (t + 1) * powers(rho, t + 1), "one more power")

    return d.induct(
        t, m[t], "=", (1 - beta1) * q**t * powers(rho),
        lambda chain: chain.equal((1 - beta1) * q, "one gradient", put=[mean.at({t: 1}), no_m, grown.at({t: 1})]),
        step,
    )  # fmt: skip


@proof
def growing_square():
    """The average of the squares of gradients that grow by the factor."""
    d = Derivation("the average of growing squares")
    grow, ratio, grown = growing(d)
    _, no_v, _, square = two_averages(d)

    def step(chain, hypothesis):
        now = q ** (2 * t + 2)
        chain.equal(beta2 * v[t] + (1 - beta2) * now, "the update", put=[square.at({t: t + 1}), grown.at({t: t + 1})])
        part = (1 - beta2) * q ** (2 * t) * powers(rho)
        right = (1 - beta2) * now * (1 + rho * powers(rho))
        chain.equal(right, "the hypothesis", using={hypothesis: beta2, ratio: -part * q, grow: -part})
        chain.equal((1 - beta2) * now * powers(rho, t + 1), "one more power")

    return d.induct(
        t, v[t], "=", (1 - beta2) * q ** (2 * t) * powers(rho),
        lambda chain: chain.equal((1 - beta2) * q**2, "one gradient", put=[square.at({t: 1}), no_v, grown.at({t: 1})]),
        step,
    )  # fmt: skip


@proof
def cap_attained():
    """Gradients that grow by the factor beta2 / beta1 attain the cap at every step."""
    d = Derivation("the cap attained")
    grow, ratio, grown = growing(d)
    (below1, powers1), (below2, powers2) = forgets(d, beta1), forgets(d, beta2)
    starts = two_averages(d)
    first, second = hats(d)
    known = [below1, below2, powers1, powers2]
    value = cap_value().at({}, given=[below1, below2, cap(d)])
    mean = growing_mean().at({}, given=[grow, ratio, grown, *starts])
    square = growing_square().at({}, given=[grow, ratio, grown, *starts])
    low = 1 / (1 - beta1**t)
    d.start(m_hat[t] ** 2)
    d.equal((m[t] * low) ** 2, "corrected", using={first: low * (m_hat[t] + m[t] * low)}, knowing=known)
    d.equal(SHARE * powers(rho) * v[t] * low**2, "both averages", put=[mean, square], knowing=known)
    d.equal(CAP * v_hat[t], "corrected", using={second: -SHARE * powers(rho) * low**2}, knowing=known)
    return d.equal(K[t] ** 2 * v_hat[t], "the cap", put=[value], knowing=known)


# ------------------------------------------------------------------------------------------------------------- what the cap is


@proof
def second_cap():
    """At the second step the cap is already larger than 1 where the decay rates differ."""
    d = Derivation("the second cap")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    (below1, powers1), (below2, powers2) = forgets(d, beta1), forgets(d, beta2)
    known = [below1, below2, powers1.at({t: 2}), powers2.at({t: 2})]
    value = cap_value().at({}, given=[below1, below2, cap(d)]).at({t: 2})
    d.start(K[2] ** 2)
    d.equal((1 + beta2) * (1 + rho) / (1 + beta1) ** 2, "two powers", put=[value], knowing=known)
    return d.equal(
        1 + (beta1 - beta2) ** 2 / (beta2 * (1 + beta1) ** 2), "the ratio",
        using={ratio: (1 + beta2) / (1 + beta1) ** 2},
    )  # fmt: skip


newest = Family("a", sign="positive"), Family("b", sign="positive")  # the weights of the newest value


@proof
def newest_weights():
    """Weights that fall by a factor from the newest on add up to 1."""
    X, x = newest[0], averages.beta
    d = Derivation("weights from the newest on")
    below = d.given(x, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({}, given=[below])
    own = d.given((1 - x**t) * X[t], "=", 1 - x, "the newest weight")
    d.start(sp.Sum(X[t] * x ** (t - s), (s, 1, t)))
    low = 1 / (1 - x**t)
    d.equal((1 - x) * low * powers(x), "the newest weight", using={own: low * powers(x)}, knowing=[apart])
    return d.equal(1, "the geometric sum", using={averages.geometric_sum().at(): low}, knowing=[apart])


@proof
def cap_distance():
    """The cap exceeds 1 by how differently the two averages weigh the past."""
    A, B = newest
    d = Derivation("the cap as a distance")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    known = [*forgets(d, beta1), *forgets(d, beta2)]
    value = cap_value().at({}, given=[known[0], known[2], cap(d)])
    own, ones = [], []
    for X, beta, below in ((A, beta1, known[0]), (B, beta2, known[2])):
        own.append(d.given((1 - beta**t) * X[t], "=", 1 - beta, "the newest weight"))
        place = {averages.beta: beta, A: sp.Lambda(t, X[t])}
        ones.append(newest_weights().at(place, given=[below, own[-1]]))
    first, second = A[t] * beta1 ** (t - s), B[t] * beta2 ** (t - s)
    low, part = 1 / (1 - beta1**t), powers(rho) / (1 - beta2)
    factors = {
        own[0]: -low * (A[t] + (1 - beta1) * low) * (1 - beta2**t) * part,
        own[1]: A[t] ** 2 * part / B[t],
    }
    d.start(K[t] ** 2)
    d.equal(CAP, "the cap", put=[value], knowing=known)
    d.equal(A[t] ** 2 / B[t] * powers(rho), "the newest weights", using=factors, knowing=known)
    d.equal(sp.Sum(first**2 / second, (s, 1, t)), "the ratio", put=[ratio], knowing=known)
    return d.equal(
        1 + sp.Sum((first - second) ** 2 / second, (s, 1, t)), "both weights add up to 1",
        using={ones[0]: 2, ones[1]: -1}, knowing=known,
    )  # fmt: skip


MISSING = (beta2**t - beta1**t) ** 2 / (beta2**t * (1 - beta1**t) ** 2)


@proof
def cap_limit():
    """How far the square of the cap stays below its limit."""
    d = Derivation("the cap and its limit")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    known = [*forgets(d, beta1), *forgets(d, beta2), d.given(rho, "<", 1, "the ratio is below 1")]
    value = cap_value().at({}, given=[known[0], known[2], cap(d)])
    highest = limit_value().at({}, given=[known[2], known[4], limit(d)])
    total = averages.power_sum().at({averages.beta: rho}, given=[known[4]])
    d.start(kappa**2 - K[t] ** 2)
    d.equal(LIMIT - CAP, "both values", put=[value, highest], knowing=known)
    d.equal(LIMIT * (1 - CORRECTION * (1 - rho**t)), "the geometric sum", using={total: -SHARE * CORRECTION}, knowing=known)
    return d.equal(kappa**2 * MISSING, "the ratio", put=[highest, ratio], knowing=known)


@proof
def cap_near():
    """How fast the square of the cap comes near its limit."""
    d = Derivation("the cap comes near its limit")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    known = [*forgets(d, beta1), *forgets(d, beta2), d.given(rho, "<", 1, "the ratio is below 1")]
    given = [ratio, known[0], known[2], known[4], cap(d), limit(d)]
    exact = cap_limit().at({}, given=given)
    fall = averages.powers_fall().at({averages.beta: beta1}, given=[known[0]])
    d.start(kappa**2 - K[t] ** 2)
    d.equal(kappa**2 * MISSING, "what is missing", using={exact: 1}, knowing=known)
    top = kappa**2 * (beta2**t + rho**t)
    low = 1 / (1 - beta1**t) ** 2
    d.at_most(top * low, "the square, expanded", gap=2 * kappa**2 * beta1**t * low, put=[ratio], knowing=known)
    narrow = (2 - beta1 - beta1**t) / (1 - beta1) ** 2
    return d.at_most(top / (1 - beta1) ** 2, "$\\beta_1^t \\le \\beta_1$", using={fall: top * low * narrow}, knowing=known)


@proof
def raw_cap():
    """The cap of the averages without their corrections, the same at every step."""
    d = Derivation("the raw cap")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    below, _ = forgets(d, beta2)
    bounded = d.given(rho, "<", 1, "the ratio is below 1")
    starts = two_averages(d)
    highest = limit_value().at({}, given=[below, bounded, limit(d)])
    each = averages_cap().at({}, given=[ratio, below, *starts])
    total = averages.power_sum().at({averages.beta: rho}, given=[bounded])
    d.start(m[t] ** 2)
    d.at_most(SHARE * powers(rho) * v[t], "the averages", using={each: 1}, knowing=[below])
    known = [below, bounded]
    d.equal(LIMIT * (1 - rho**t) * v[t], "the geometric sum", using={total: SHARE * v[t]}, knowing=known)
    gap = LIMIT * rho**t * v[t]
    return d.at_most(kappa**2 * v[t], "a power is not negative", gap=gap, put=[highest], knowing=known)


@proof
def many_powers():
    """Powers of a number that is not below 1 add up to at least their number."""
    d = Derivation("many powers")
    above = d.given(1, "<=", rho, "the hypothesis")
    total = powers(rho)
    return d.induct(
        t, t, "<=", total,
        lambda chain: chain.equal(1, "one power"),
        lambda chain, hypothesis: chain.at_most(total + 1, "the hypothesis", using={hypothesis: 1})
        .at_most(rho * total + 1, "$\\rho \\ge 1$", using={above: total})
        .equal(powers(rho, t + 1), "one more power"),
    )  # fmt: skip


@proof
def cap_unbounded():
    """Where the ratio is not below 1 the cap grows without bound."""
    d = Derivation("the cap is unbounded")
    above = d.given(1, "<=", rho, "the ratio is not below 1")
    known = [*forgets(d, beta1), *forgets(d, beta2)]
    many = many_powers().at({}, given=[above])
    fall = averages.powers_fall().at({averages.beta: beta2}, given=[known[2]])
    value = cap_value().at({}, given=[known[0], known[2], cap(d)])
    d.start(K[t] ** 2)
    d.equal(CAP, "the cap", put=[value], knowing=known)
    d.at_least(SHARE * CORRECTION * t, "many powers", using={many: SHARE * CORRECTION}, knowing=known)
    low = (1 - beta1) ** 2 / (1 - beta1**t) ** 2
    d.at_least(low * t, "$\\beta_2^t \\le \\beta_2$", using={fall: low * t / (1 - beta2)}, knowing=known)
    rest = beta1**t * (2 - beta1**t) / (1 - beta1**t) ** 2
    return d.at_least((1 - beta1) ** 2 * t, "a corrected weight", gap=(1 - beta1) ** 2 * t * rest, knowing=known)


# ---------------------------------------------------------------------------------------------------------------------- silence

x = sp.Symbol("x", real=True)
last = n + 1 + k  # the number of the step, k steps after the gradient of step n + 1


def echo(d):
    """The hypotheses of a lone gradient, averages numbered from it on: (start and update of m, start and update of v)."""
    v = Family("v", first=0)
    first = d.given(m[0], "=", (1 - beta1) * x, "after silence"), d.given(v[0], "=", (1 - beta2) * x**2, "after silence")
    then = d.given(m[t], "=", beta1 * m[t - 1], "silence again"), d.given(v[t], "=", beta2 * v[t - 1], "silence again")
    return (first[0], then[0]), (first[1], then[1])


@proof
def fading():
    """An average to which only zeros are added."""
    y, beta = Family("y", first=0), averages.beta
    d = Derivation("a fading average")
    update = d.given(y[t], "=", beta * y[t - 1], "zeros are added")
    return d.induct(
        k, y[k], "=", beta**k * y[0],
        lambda chain: chain.equal(y[0], "no step yet"),
        lambda chain, hypothesis: chain.equal(beta * y[k], "the update", put=[update.at({t: k + 1})]).equal(
            beta ** (k + 1) * y[0], "the hypothesis", using={hypothesis: beta}
        ),
    )  # fmt: skip


@proof
def lone_step():
    """The step k steps after a lone gradient that came after n silent steps, squared."""
    m_hat, v_hat, v = (Family(name, first=0) for name in (r"\hat m", r"\hat v", "v"))  # whatever their signs
    d = Derivation("the step after a lone gradient")
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio")
    below = d.given(beta2, "<", 1, "the average forgets")
    (first_m, then_m), (first_v, then_v) = echo(d)
    hat_m = d.given((1 - beta1**last) * m_hat[k], "=", m[k], "corrected")
    hat_v = d.given((1 - beta2**last) * v_hat[k], "=", v[k], "corrected")
    fades = [
        fading().at({averages.beta: beta, Family("y", first=0): sp.Lambda(n, X[n])}, given=[update])
        for beta, X, update in ((beta1, m, then_m), (beta2, v, then_v))
    ]
    d.start(((1 - beta1**last) * m_hat[k]) ** 2)
    d.equal(m[k] ** 2, "corrected", using={hat_m: (1 - beta1**last) * m_hat[k] + m[k]})
    d.equal(SHARE * rho**k * v[k], "both fade", put=[*fades, first_m, first_v, ratio], knowing=[below])
    return d.equal(SHARE * rho**k * (1 - beta2**last) * v_hat[k], "corrected", using={hat_v: -SHARE * rho**k}, knowing=[below])


# ------------------------------------------------------------------------------------------------------- scale, and the epsilons

c = sp.Symbol("c", positive=True)
eps = sp.Symbol("epsilon", nonnegative=True)
lr = sp.Symbol("alpha", positive=True)
V = sp.Symbol(r"\hat v", positive=True)
M = sp.Symbol(r"\hat m", real=True)


@proof
def scaled_average():
    """The average of values in another unit."""
    other, y = Family("m'", first=0), Family("g'")
    d = Derivation("an average in another unit")
    start = d.given(other[0], "=", c * m[0], "the start")
    unit = d.given(y[t], "=", c * g[t], "another unit")
    mine = d.given(m[t], "=", averages.beta * m[t - 1] + (1 - averages.beta) * g[t], "the update")
    theirs = d.given(other[t], "=", averages.beta * other[t - 1] + (1 - averages.beta) * y[t], "the update")

    def base(chain):
        chain.equal(c * m[1], "the update", put=[theirs.at({t: 1}), start, unit.at({t: 1}), mine.at({t: 1})])

    def step(chain, hypothesis):
        chain.equal(
            averages.beta * c * m[t] + (1 - averages.beta) * c * g[t + 1], "the update",
            put=[theirs.at({t: t + 1}), unit.at({t: t + 1})], using={hypothesis: averages.beta},
        )  # fmt: skip
        chain.equal(c * m[t + 1], "the update", put=[mine.at({t: t + 1})])

    return d.induct(t, other[t], "=", c * m[t], base, step)


@proof
def scaled_step():
    """The step in another unit of the gradient: epsilon alone notices."""
    d = Derivation("the step in another unit")
    d.start(c * M / (sp.sqrt(c**2 * V) + eps))
    return d.equal(M / (sp.sqrt(V) + eps / c), "$c$ cancelled")


@proof
def efficient_form():
    """The form that corrects the rate instead of the averages."""
    d = Derivation("the efficient form")
    (below1, powers1), (below2, powers2) = forgets(d, beta1), forgets(d, beta2)
    root = sp.sqrt(1 - beta2**t)
    known = [below1, below2, powers1, powers2]
    d.start(lr * M / (sp.sqrt(V) + eps))
    return d.equal(
        lr * root / (1 - beta1**t) * ((1 - beta1**t) * M) / (sp.sqrt((1 - beta2**t) * V) + root * eps),
        "multiplied by the root", knowing=known,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- signal and noise

gbar = sp.Symbol(r"\bar g", real=True)
nu, sigma, snr = sp.Symbol("nu", positive=True), sp.Symbol("sigma", positive=True), sp.Symbol(r"\mathrm{snr}", real=True)


@proof
def signal():
    """The limit of the squared step, in terms of the signal-to-noise ratio."""
    d = Derivation("signal to noise")
    quotient = d.given(sigma * snr, "=", gbar, "the quotient")
    moment = d.given(nu, "=", gbar**2 + sigma**2, "the second moment")
    d.start(gbar**2 / nu)
    d.equal(gbar**2 / (gbar**2 + sigma**2), "the second moment", put=[moment])
    factor = (gbar + sigma * snr) / ((gbar**2 + sigma**2) * (1 + snr**2))
    return d.equal(snr**2 / (1 + snr**2), "divided by $\\sigma^2$", using={quotient: -factor})
