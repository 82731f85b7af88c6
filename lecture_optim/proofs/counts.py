"""From counting sightings to accumulated squares: the clock of a coordinate, what the sum estimates, the first step, epsilon."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect, unknown, zero_or_positive
from lecture_optim.proofs import lemmas, proof
from lecture_optim.proofs.lemmas import A, M, T, W, X, Y, a, b, c, h, n, r, t, u, w

N, k = Index("n"), Index("k")
G, mu, epsilon = sp.symbols("G mu epsilon", positive=True)
s = sp.Symbol("s", positive=True)
sigma, x, width, q = sp.symbols("sigma x W q", nonnegative=True)
lam, m, v = sp.symbols("lambda m v", real=True)
share, high, low = sp.symbols("p a b", positive=True)
gradients = Family("g")


# ------------------------------------------------------------------------------------------------------- one over the root of n


@proof
def standard_error():
    """The mean square of a sum of n uncorrelated errors."""
    Xi, xi = Family("Xi", first=0, random=True), Family("xi", random=True)
    d = Derivation("standard error")
    begin = d.given(Mean(Xi[0] ** 2), "=", 0, "nothing is added up yet")
    adds = d.given(Xi[t], "=", Xi[t - 1] + xi[t], "the sum of the errors")
    cross = d.given(Mean(Xi[t - 1] * xi[t]), "=", 0, "they are uncorrelated")
    size = d.given(Mean(xi[t] ** 2), "=", sigma**2, "their variance is $\\sigma^2$")
    square = Derivation("square of the sum")
    grows = square.given(Xi[t], "=", Xi[t - 1] + xi[t], "the sum of the errors")
    square.start(Xi[t] ** 2)
    square.equal(Xi[t - 1] ** 2 + 2 * Xi[t - 1] * xi[t] + xi[t] ** 2, "expanded", using={grows: Xi[t] + Xi[t - 1] + xi[t]})
    mean = expect(square.at(given=[adds]), Xi[t] ** 2, Xi[t - 1] * xi[t], xi[t] ** 2).at({t: n + 1})

    def step(chain, hypothesis):
        cross_, size_ = cross.at({t: n + 1}), size.at({t: n + 1})
        terms = Mean(Xi[n] ** 2) + 2 * Mean(Xi[n] * xi[n + 1]) + Mean(xi[n + 1] ** 2)
        chain.equal(terms, "the square, expanded and averaged", using={mean: 1})
        chain.equal(sigma**2 * (n + 1), "hypothesis, and no correlation", using={hypothesis: 1, cross_: 2, size_: 1})

    return d.induct(n, Mean(Xi[n] ** 2), "=", sigma**2 * n, lambda chain: chain.equal(0, "nothing yet", put=[begin]), step)


@proof
def inverse_roots():
    """The sum of inverse roots from above."""
    now, new = sp.sqrt(n), sp.sqrt(n + 1)
    d = Derivation("inverse roots from above")

    def step(chain, hypothesis):
        chain.at_most(2 * now + 1 / new, "hypothesis", using={hypothesis: 1})
        chain.at_most(2 * new, "the root is concave", gap=1 / (new * (new + now) ** 2))

    return d.induct(n, sp.Sum(1 / sp.sqrt(k), (k, 1, n)), "<=", 2 * now, lambda chain: chain.equal(0, "no term"), step)


@proof
def inverse_roots_below():
    """The sum of inverse roots from below."""
    new, after = sp.sqrt(n + 1), sp.sqrt(n + 2)
    d = Derivation("inverse roots from below")

    def step(chain, hypothesis):
        chain.at_least(2 * (new - 1) + 1 / new, "hypothesis", using={hypothesis: 1})
        chain.at_least(2 * (after - 1), "the root is concave", gap=1 / (new * (after + new) ** 2))

    return d.induct(n, sp.Sum(1 / sp.sqrt(k), (k, 1, n)), ">=", 2 * (new - 1), lambda chain: chain.equal(0, "no term"), step)


@proof
def fixed_trade():
    """What one rate for all n sightings costs, and the least that it can cost."""
    d = Derivation("the trade of a fixed rate", width**2 / (2 * c) + c * n / 2)
    return d.at_least(width * sp.sqrt(n), "a square is not negative", gap=(width - c * sp.sqrt(n)) ** 2 / (2 * c))


@proof
def clock_trade():
    """What the clock costs, and the least that it can cost."""
    d = Derivation("the trade of the clock", (width**2 / (2 * c) + c) * sp.sqrt(T))
    gap = (width - sp.sqrt(2) * c) ** 2 * sp.sqrt(T) / (2 * c)
    return d.at_least(sp.sqrt(2) * width * sp.sqrt(T), "a square is not negative", gap=gap)


@proof
def count_clock():
    """The regret of a clock over the sightings of one coordinate, for an interval [a, b] and any c > 0."""
    g = gradients
    d = Derivation("the clock of a coordinate")
    size = d.given(g[t] ** 2, "<=", 1, "the size of $g_t$")
    update = d.given(W[t + 1], "=", sp.Min(sp.Max(W[t] - c * g[t] / sp.sqrt(t), a), b), "projected")
    begin = d.given(a, "<=", W[1], "the start"), d.given(W[1], "<=", b, "the start")
    points = d.given(a, "<=", u, "the comparator"), d.given(u, "<=", b, "the comparator")

    quotients = {r: sp.Lambda(t, g[t] / sp.sqrt(t))}
    ordered = lemmas.order().at(given=points)
    low_ = lemmas.stays_above().at({T: t, **quotients}, given=[update, begin[0], ordered])
    high_ = lemmas.stays_below().at({T: t, **quotients}, given=[update, begin[1]])
    bounded = lemmas.width().at({w: W[t]}, given=[low_, high_, *points])
    step = lemmas.one_step().at(
        {
            w: W[t], lemmas.p: W[t + 1], sp.Symbol("s", nonnegative=True): sp.sqrt(t),
            sp.Symbol("g", real=True): g[t], sp.Symbol("r", real=True): g[t] / sp.sqrt(t),
        },
        given=[update, *points],
    )  # fmt: skip
    rate, distance = sp.sqrt(t) / (2 * c), (W[t] - u) ** 2
    rising = lemmas.rising_rate().at({X: sp.sqrt(t), Y: sp.sqrt(t + 1)}, given=[lemmas.roots_rise().at({X: t, Y: t + 1})])
    place = {h: sp.Lambda(t, rate), A: sp.Lambda(t, distance), M: (b - a) ** 2}
    weights = lemmas.monotone_weights().at(place, given=[rising, bounded])
    roots = inverse_roots().at({n: T})

    squares = sp.Sum(g[t] ** 2 / sp.sqrt(t), (t, 1, T))
    d.start(sp.Sum(g[t] * (W[t] - u), (t, 1, T)))
    d.at_most(
        sp.Sum(rate * (distance - (W[t + 1] - u) ** 2), (t, 1, T)) + c / 2 * squares,
        "one step, for each sighting", using={step.sum(t, 1, T): 1},
    )  # fmt: skip
    d.at_most((b - a) ** 2 * sp.sqrt(T) / (2 * c) + c / 2 * squares, "monotone weights", using={weights: 1})
    ones = sp.Sum(1 / sp.sqrt(t), (t, 1, T))
    d.at_most(
        (b - a) ** 2 * sp.sqrt(T) / (2 * c) + c / 2 * ones,
        "$g_t^2 \\le 1$", using={size.sum(t, 1, T, 1 / sp.sqrt(t)): c / 2},
    )  # fmt: skip
    return d.at_most(((b - a) ** 2 / (2 * c) + c) * sp.sqrt(T), "the sum of inverse roots", using={roots: c / 2})


# --------------------------------------------------------------------------------------------------------------- what it counts


@proof
def surprise():
    """The squares that a coordinate adds up are at most the loss that was paid at its sightings."""
    loss, told = Family(r"\ell", sign="nonnegative"), Family("q", sign="nonnegative")
    d = Derivation("surprise")
    tangent = d.given(1 - loss[k], "<=", told[k], "the tangent of $e^x$")
    sure = d.given(told[k], "<=", 1, "a probability")
    d.start(sp.Sum((1 - told[k]) ** 2, (k, 1, n)))
    squares = sure.sum(k, 1, n, told[k])
    d.at_most(sp.Sum(1 - told[k], (k, 1, n)), "$1 - q_k$ lies between 0 and 1", using={squares: 1})
    return d.at_most(sp.Sum(loss[k], (k, 1, n)), "the tangent", using={tangent.sum(k, 1, n): 1})


# ------------------------------------------------------------------------------------------------------------- what it estimates


@proof
def second_moment():
    """The mean of the sum of squares: the variance around a moving mean, and the square of that mean, added up."""
    g, H, xi, S = (Family(name, random=True) for name in ("g", "G", "xi", "S"))
    d = Derivation("second moment")
    total = d.given(S[t], "=", sp.Sum(g[k] ** 2, (k, 1, t)), "the sum of squares")
    parts = d.given(g[k], "=", H[k] + xi[k], "a mean gradient and noise")
    cross = d.given(Mean(H[k] * xi[k]), "=", 0, "noise, given the past")
    square = Derivation("each square")
    split = square.given(g[k], "=", H[k] + xi[k], "a mean gradient and noise")
    square.start(g[k] ** 2)
    square.equal(xi[k] ** 2 + 2 * H[k] * xi[k] + H[k] ** 2, "expanded", using={split: g[k] + H[k] + xi[k]})
    averaged = expect(square.at(given=[parts]), g[k] ** 2, xi[k] ** 2, H[k] * xi[k], H[k] ** 2)
    d.start(Mean(S[t]))
    d.equal(sp.Sum(Mean(g[k] ** 2), (k, 1, t)), "means add up", using={expect(total, S[t], g[k] ** 2): 1})
    each = Mean(xi[k] ** 2) + 2 * Mean(H[k] * xi[k]) + Mean(H[k] ** 2)
    d.equal(sp.Sum(each, (k, 1, t)), "each square, expanded and averaged", using={averaged.sum(k, 1, t): 1})
    return d.equal(sp.Sum(Mean(xi[k] ** 2) + Mean(H[k] ** 2), (k, 1, t)), "no correlation", using={cross.sum(k, 1, t): 2})


@proof
def jensen_root():
    """The mean of a root is at most the root of the mean, for a random S >= 0 with a finite mean."""
    S = unknown("S", "nonnegative")
    mean = sp.Symbol("mu", nonnegative=True)
    d = Derivation("Jensen for the root")
    known = d.given(Mean(S), "=", mean, "the mean of $S$")
    outcome = Derivation("each outcome", 2 * lam * sp.sqrt(S) - lam**2)
    outcome.at_most(S, "a square is not negative", gap=(sp.sqrt(S) - lam) ** 2)
    averaged = Derivation("averaged", 2 * lam * Mean(sp.sqrt(S)) - lam**2)
    averaged.at_most(Mean(S), "averaged", using={expect(outcome.result, S, sp.sqrt(S)): 1})
    best = averaged.at({lam: Mean(sp.sqrt(S))})
    both = Mean(sp.sqrt(S)) + sp.sqrt(mean)

    def nothing(chain, zero):
        chain.at_most(sp.sqrt(mean), "both are 0", gap=2 * sp.sqrt(mean), using={zero: 1})

    def something(chain, positive):
        chain.at_most(
            sp.sqrt(mean), "$(\\mathbb E\\sqrt S)^2 \\le \\mathbb E\\,S$, divided", using={best: 1 / both, known: 1 / both}
        )

    return d.start(Mean(sp.sqrt(S))).cases(sp.sqrt(mean), zero_or_positive(both), [nothing, something])


@proof
def jensen_rate():
    """The mean of an inverse root is at least the inverse root of the mean, for a random S > 0 with a finite mean."""
    S = unknown("S", "positive")
    d = Derivation("Jensen for the rate")
    known = d.given(Mean(S), "=", mu, "the mean of $S$")
    outcome = Derivation("each outcome", 1 / sp.sqrt(S))
    gap = (sp.sqrt(S) - sp.sqrt(mu)) ** 2 * (sp.sqrt(S) + 2 * sp.sqrt(mu)) / (2 * sp.sqrt(S) * mu ** sp.Rational(3, 2))
    outcome.at_least((3 - S / mu) / (2 * sp.sqrt(mu)), "the tangent at $\\mu$", gap=gap)
    averaged = expect(outcome.result, S, 1 / sp.sqrt(S))
    d.start(Mean(1 / sp.sqrt(S)))
    d.at_least((3 - Mean(S) / mu) / (2 * sp.sqrt(mu)), "the tangent at $\\mu$, averaged", using={averaged: 1})
    return d.equal(1 / sp.sqrt(mu), "the mean put in", put=[known])


@proof
def rare_mean():
    """The squared mean of a gradient is at most the share of its sightings times its second moment."""
    g, Z = unknown("g"), unknown("Z")
    d = Derivation("a rare coordinate")
    indicator = d.given(Z**2, "=", Z, "$Z$ is 0 or 1")
    absent = d.given(g * Z, "=", g, "unseen, $g$ is 0")
    seen = d.given(Mean(Z), "=", share, "the share of sightings")
    mean = d.given(Mean(g), "=", m, "the mean gradient")
    outcome = Derivation("each outcome")
    own, gone = outcome.given(Z**2, "=", Z, "an indicator"), outcome.given(g * Z, "=", g, "no sighting, no gradient")
    outcome.start(2 * lam * g - lam**2 * Z)
    outcome.at_most(g**2, "a square is not negative", gap=(g - lam * Z) ** 2, using={gone: -2 * lam, own: lam**2})
    averaged = expect(outcome.at({lam: m / share}, given=[indicator, absent]), g, g**2, Z)
    d.start(m**2)
    d.equal(share * (2 * m / share * Mean(g) - (m / share) ** 2 * Mean(Z)), "the means put in", put=[seen, mean])
    return d.at_most(share * Mean(g**2), "$(g - \\frac mp Z)^2$ is not negative", using={averaged: share})


# ------------------------------------------------------------------------------------------------- the step contains its gradient


@proof
def rate_loss():
    """What an inverse root loses where its argument grows, from above."""
    d = Derivation("the loss of an inverse root", 1 / sp.sqrt(s) - 1 / sp.sqrt(s + x))
    old, new = sp.sqrt(s), sp.sqrt(s + x)
    # With the roots p <= q of s and s + x the gap is (q - p)^2 (q + 2p) / (2 p^3 q).
    return d.at_most(x / (2 * s * old), "a square", gap=(new - old) ** 2 * (new + 2 * old) / (2 * s * old * new))


@proof
def rate_falls():
    """An inverse root loses where its argument grows."""
    d = Derivation("an inverse root falls", 0)
    old, new = sp.sqrt(s), sp.sqrt(s + x)
    return d.at_most(1 / old - 1 / new, "the root rises", gap=x / (old * new * (old + new)))


def two_values(d):
    """The hypotheses for a gradient that is a or -b and has the mean 0: (Z, g, three relations)."""
    Z, g = unknown("Z"), unknown("g")
    indicator = d.given(Z**2, "=", Z, "$Z$ is 1 or 0")
    chance = d.given(Mean(Z), "=", low / (high + low), "the share of $Z = 1$")
    values = d.given(g, "=", high * Z - low * (1 - Z), "$g$ is $a$ or $-b$")
    return Z, g, indicator, chance, values


@proof
def mean_of_two():
    """The gradient that takes two values has the mean 0."""
    d = Derivation("the mean of two values")
    _, g, _, chance, values = two_values(d)
    d.start(Mean(g))
    return d.equal(0, "averaged", using={expect(values, g, unknown("Z")): 1, chance: high + low})


@proof
def first_step():
    """The mean of AdaGrad's first step, where the gradient takes two values and has the mean 0."""
    d = Derivation("the first step")
    Z, g, indicator, chance, values = two_values(d)
    r_ = unknown("r")
    quotient = d.given(r_ * (high * Z + low * (1 - Z)), "=", g, "$r = g / |g|$")
    outcome = Derivation("each outcome")
    own = [outcome.given(relation.left, "=", relation.right, relation.why) for relation in (indicator, values, quotient)]
    inverse = Z / high + (1 - Z) / low
    rest = (high - low) * ((high - low) * r_ - (high + low)) / (high * low)
    outcome.start(r_)
    outcome.equal(2 * Z - 1, "multiplied by $1 / |g|$", using=dict(zip(own, (rest, inverse, inverse), strict=True)))
    signs = expect(outcome.at(given=[indicator, values, quotient]), r_, Z)
    d.start(Mean(r_))
    d.equal(2 * Mean(Z) - 1, "$r$ is a sign, averaged", using={signs: 1})
    return d.equal((low - high) / (high + low), "the share put in", using={chance: 2})


def later(name, sign):
    """The hypotheses of a later step, and the bound on sign times its mean; s is the sum before the step."""
    g = unknown("g")
    d = Derivation(name)
    mean = d.given(Mean(g), "=", 0, "given the past")
    square = d.given(Mean(g**2), "=", v, "the variance")
    inside = d.given(-G, "<=", g, "the size of $g$"), d.given(g, "<=", G, "the size of $g$")
    step, bound = g / sp.sqrt(s + g**2), G * g**2 / (2 * s ** sp.Rational(3, 2))
    falls, loss = rate_falls().at({x: g**2}), rate_loss().at({x: g**2})
    outcome = Derivation("each outcome")
    own = outcome.given(-G, "<=", g, "the size"), outcome.given(g, "<=", G, "the size")
    lost = 1 / sp.sqrt(s) - 1 / sp.sqrt(s + g**2)
    outcome.start(sign * step)
    using = {own[0 if sign > 0 else 1]: lost, loss: G}
    outcome.at_most(sign * g / sp.sqrt(s) + bound, "the rate lost", using=using, knowing=[falls])
    averaged = expect(outcome.at(given=inside), step, g, g**2)
    d.start(sign * Mean(step))
    d.at_most(
        sign * Mean(g) / sp.sqrt(s) + G * Mean(g**2) / (2 * s ** sp.Rational(3, 2)),
        "the rate lost to $g^2$, times $G$, averaged", using={averaged: 1},
    )  # fmt: skip
    return d.equal(G * v / (2 * s ** sp.Rational(3, 2)), "the means put in", put=[mean, square])


@proof
def later_step():
    """The mean of a later step, for a gradient of mean 0, from above."""
    return later("a later step", 1)


@proof
def later_step_below():
    """The mean of a later step, for a gradient of mean 0, from below."""
    return later("a later step, from below", -1)


# ----------------------------------------------------------------------------------------------------------------------- epsilon

total = sp.Symbol("S", nonnegative=True)
seen = sp.Symbol("S", positive=True)


@proof
def epsilon_cap():
    """With epsilon no step is longer than SGD's with the rate c / epsilon."""
    g = sp.Symbol("g", real=True)
    d = Derivation("the cap of a step", c * sp.Abs(g) / sp.sqrt(epsilon**2 + total))
    falls = rate_falls().at({s: epsilon**2, x: total})
    return d.at_most(c * sp.Abs(g) / epsilon, "the root rises", using={falls: c * sp.Abs(g)})


@proof
def epsilon_large():
    """While the sum is small beside epsilon, the rate has hardly fallen."""
    d = Derivation("a large epsilon", 1 / epsilon - 1 / sp.sqrt(epsilon**2 + total))
    return d.at_most(total / (2 * epsilon**3), "what an inverse root loses", using={rate_loss().at({s: epsilon**2, x: total}): 1})


@proof
def epsilon_small():
    """Where the sum is large beside epsilon, epsilon hardly matters."""
    d = Derivation("a small epsilon", 1 / sp.sqrt(seen) - 1 / sp.sqrt(epsilon**2 + seen))
    return d.at_most(
        epsilon**2 / (2 * seen ** sp.Rational(3, 2)),
        "what an inverse root loses",
        using={rate_loss().at({s: seen, x: epsilon**2}): 1},
    )


@proof
def outside_larger():
    """Epsilon outside the root divides by at least as much as epsilon inside."""
    out, new = sp.sqrt(total) + epsilon, sp.sqrt(epsilon**2 + total)
    d = Derivation("inside and outside", new)
    return d.at_most(out, "the square of a sum", gap=2 * epsilon * sp.sqrt(total) / (out + new))


@proof
def outside_close():
    """Epsilon outside the root divides by at most the root of two times as much as epsilon inside."""
    out, new = sp.sqrt(total) + epsilon, sp.sqrt(epsilon**2 + total)
    d = Derivation("outside and inside", out)
    return d.at_most(sp.sqrt(2) * new, "a square", gap=(sp.sqrt(total) - epsilon) ** 2 / (out + sp.sqrt(2) * new))
