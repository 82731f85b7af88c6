"""AMSGrad's regret with a constant beta_1: the scale never falls, so AdaGrad's proof goes through; and the other repairs."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, between, expect, substitute, unknown, zero_or_positive
from lecture_optim.proofs import counts, lemmas, proof, step_cap

t, T, n = Index("t"), Index("T"), Index("n", 0)
a, b, u, x = sp.symbols("a b u x", real=True)
y, s, G = sp.symbols("y s G", nonnegative=True)
alpha, kappa = sp.Symbol("alpha", positive=True), step_cap.kappa
beta1, beta2, rho = step_cap.beta1, step_cap.beta2, step_cap.rho
g, m, v = step_cap.g, step_cap.m, step_cap.v
top = Family(r"\hat v", first=0, sign="nonnegative")
w, r, z = Family("x"), Family("r"), Family("z")


@proof
def from_average():
    """What the gradients do is what their averages do, and two terms more."""
    d = Derivation("from gradients to averages")
    start = d.given(m[0], "=", 0, "the average starts at 0")
    update = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the average")
    moved = sp.Sum(m[t] * (w[t] - w[t + 1]), (t, 1, T - 1))
    right = (1 - beta1) * sp.Sum(m[t] * (w[t] - u), (t, 1, T)) + beta1 * (m[T] * (w[T] - u) + moved)
    first = {update.at({t: 1}): -(w[1] - u), start: -beta1 * (w[1] - u)}
    return d.induct(
        T, (1 - beta1) * sp.Sum(g[t] * (w[t] - u), (t, 1, T)), "=", right,
        lambda chain: chain.equal(substitute(right, {T: 1}), "the first average", using=first),
        lambda chain, hypothesis: chain.equal(
            substitute(right, {T: T + 1}), "the next average", using={hypothesis: 1, update.at({t: T + 1}): -(w[T + 1] - u)}
        ),
    )  # fmt: skip


@proof
def product():
    """A product is at most the product of the sizes of its factors."""
    d = Derivation("a product of bounded factors")
    p, q = sp.symbols("p q", real=True)
    P, Q = sp.symbols("P Q", nonnegative=True)
    first, second = d.given(p**2, "<=", P**2, "the first factor"), d.given(q**2, "<=", Q**2, "the second factor")
    known = []
    for e, bound, square in ((p, P, first), (-p, P, first), (q, Q, second), (-q, Q, second)):
        known.append(lemmas.in_order(e, bound, square))
    low_p, high_p, low_q, high_q = known
    gap = ((P - p) * (Q + q) + (P + p) * (Q - q)) / 2
    return d.start(p * q).at_most(P * Q, "two products of distances", gap=gap, knowing=[low_p, high_p, low_q, high_q])


@proof
def quotient_bounded():
    """A quotient is as bounded as its numerator beside its denominator; where the denominator is 0 it is 0."""
    d = Derivation("a bounded quotient")
    m1, r1, z1 = sp.symbols("m r z", real=True)
    whole = d.given(r1 * s, "=", m1, "$r$ is the quotient $m / s$")
    nought = d.given(r1, "=", z1 * s * r1, "and 0 where $s = 0$")
    size = d.given(m1**2, "<=", kappa**2 * s**2, "the cap")

    def zero(chain, case):
        chain.equal(r1 * z1 * s * r1, "$r = z s r$", using={nought: r1})
        chain.at_most(kappa**2, "$s = 0$", gap=kappa**2, put=[case])

    def positive(chain, case):
        using = {size: 1 / s**2, whole: (m1 + r1 * s) / s**2}
        chain.at_most(kappa**2, "divided by $s^2$", using=using, knowing=[case])

    return d.start(r1**2).cases(kappa**2, zero_or_positive(s), [zero, positive])


@proof
def average_bounded():
    """The average of bounded gradients is bounded: its square."""
    d = Derivation("a bounded average")
    start = d.given(m[0], "=", 0, "the average starts at 0")
    update = d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the average")
    below = d.given(beta1, "<", 1, "the average forgets")
    size = d.given(g[t] ** 2, "<=", G**2, "bounded gradients")

    def mixed(chain, old, new, k):
        """The square of an average is at most the average of the squares."""
        spread = beta1 * (1 - beta1) * (m[k - 1] - g[k]) ** 2
        chain.equal((beta1 * m[k - 1] + (1 - beta1) * g[k]) ** 2, "the update", put=[update.at({t: k})])
        chain.at_most(beta1 * m[k - 1] ** 2 + (1 - beta1) * g[k] ** 2, "the square is convex", gap=spread, knowing=[below])
        return chain.at_most(G**2, "both bounded", using={**old, new: 1 - beta1}, gap=0, knowing=[below])

    def base(chain):
        chain.equal((beta1 * m[0] + (1 - beta1) * g[1]) ** 2, "the update", put=[update.at({t: 1})])
        chain.equal((1 - beta1) ** 2 * g[1] ** 2, "$m_0 = 0$", put=[start])
        chain.at_most((1 - beta1) ** 2 * G**2, "bounded", using={size.at({t: 1}): (1 - beta1) ** 2})
        chain.at_most(G**2, "$(1 - \\beta_1)^2 \\le 1$", gap=beta1 * (1 + (1 - beta1)) * G**2, knowing=[below])

    return d.induct(
        T, m[T] ** 2, "<=", G**2, base,
        lambda chain, hypothesis: mixed(chain, {hypothesis: beta1}, size.at({t: T + 1}), T + 1),
    )  # fmt: skip


def _maximum(e, other, largest, given):
    x_, y_, z_ = sp.symbols("x y z", real=True)
    return lemmas.at_most_maximum().at({x_: e, y_: other, z_: largest}, given=[given])


@proof
def moved():
    """A projected step from a point of the interval is no longer than the step was: the squares."""
    d = Derivation("a projected step is no longer")
    p, step = sp.symbols("p s", real=True)
    point = d.given(p, "=", sp.Min(sp.Max(x - step, a), b), "the step, projected")
    low, high = d.given(a, "<=", x, "$x$ lies in the interval"), d.given(x, "<=", b, "$x$ lies in the interval")
    places = {lemmas.p: p, lemmas.x: x - step, lemmas.a: a, lemmas.b: b, lemmas.u: x}
    nearer = lemmas.projection().at(places, given=[point, low, high])
    return d.start((x - p) ** 2).at_most(step**2, "by projection", using={nearer: 1})


def _run(d):
    """AMSGrad in one coordinate becomes hypotheses of d."""
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio of the decay rates")
    return {
        "ratio": ratio,
        "below1": d.given(beta1, "<", 1, "both averages forget"),
        "below2": d.given(beta2, "<", 1, "both averages forget"),
        "bounded": d.given(rho, "<", 1, "$\\beta_1^2 < \\beta_2$"),
        "kappa": step_cap.limit(d),
        "start_m": d.given(m[0], "=", 0, "the start"),
        "start_v": d.given(v[0], "=", 0, "the start"),
        "update_m": d.given(m[t], "=", beta1 * m[t - 1] + (1 - beta1) * g[t], "the averages"),
        "update_v": d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the averages"),
        "top": d.given(top[t], "=", sp.Max(top[t - 1], v[t]), "AMSGrad's maximum"),
        "quotient": d.given(r[t] * sp.sqrt(top[t]), "=", m[t], "$r_t$ is the quotient $m_t / \\sqrt{\\hat v_t}$"),
        "nought": d.given(r[t], "=", z[t] * sp.sqrt(top[t]) * r[t], "and 0 where $\\hat v_t = 0$"),
        "move": d.given(w[t + 1], "=", sp.Min(sp.Max(w[t] - alpha / sp.sqrt(t) * r[t], a), b), "the step, projected"),
        "begin_low": d.given(a, "<=", w[1], "the start lies in the interval"),
        "begin_high": d.given(w[1], "<=", b, "the start lies in the interval"),
        "low": d.given(a, "<=", u, "$u$ lies in the interval"),
        "high": d.given(u, "<=", b, "$u$ lies in the interval"),
        "size": d.given(g[t] ** 2, "<=", G**2, "bounded gradients"),
    }


@proof
def quotients():
    """Every quotient is at most kappa, in square: the cap of the averages, carried over to the maximum."""
    d = Derivation("the quotients are bounded")
    h = _run(d)
    raw = step_cap.raw_cap().at(given=d.givens)
    larger = _maximum(v[t], top[t - 1], top[t], h["top"])
    capped = Derivation("the cap, with the maximum")
    m1, v1, t1 = sp.Symbol("m", real=True), sp.Symbol("v", nonnegative=True), sp.Symbol("M", nonnegative=True)
    one, two = capped.given(m1**2, "<=", kappa**2 * v1, "the cap"), capped.given(v1, "<=", t1, "the maximum")
    capped.start(m1**2).at_most(kappa**2 * v1, "the cap", using={one: 1})
    capped.at_most(kappa**2 * t1, "the maximum", using={two: kappa**2})
    size = capped.at({m1: m[t], v1: v[t], t1: top[t]}, given=[raw, larger])
    places = {m1: m[t], sp.Symbol("r", real=True): r[t], sp.Symbol("z", real=True): z[t], s: sp.sqrt(top[t])}
    each = quotient_bounded().at(places, given=[h["quotient"], h["nought"], size])
    return d.start(r[t] ** 2).at_most(kappa**2, "the cap", using={each: 1})


def _iterates(h):
    """The points stay in the interval: (low, high), for every t."""
    scaled = sp.Lambda(t, alpha / sp.sqrt(t) * r[t])
    places = {lemmas.W: sp.Lambda(t, w[t]), lemmas.r: scaled, lemmas.c: 1, lemmas.a: a, lemmas.b: b}
    ordered = lemmas.order().at({lemmas.a: a, lemmas.b: b, lemmas.u: u}, given=[h["low"], h["high"]])
    low = lemmas.stays_above().at({**places, lemmas.T: t}, given=[h["move"], h["begin_low"], ordered])
    high = lemmas.stays_below().at({**places, lemmas.T: t}, given=[h["move"], h["begin_high"]])
    return low, high


RATE = sp.sqrt(t) * sp.sqrt(top[t]) / (2 * alpha)  # 1 over twice the rate of the step


@proof
def scale_rises():
    """The root of t times the maximum never falls: this is what the maximum is for."""
    d = Derivation("the scale never falls")
    largest = d.given(top[t], "=", sp.Max(top[t - 1], v[t]), "AMSGrad's maximum")
    rises = _maximum(top[t], v[t + 1], top[t + 1], largest.at({t: t + 1}))
    inside = Derivation("t times the maximum")
    p, q = sp.Symbol("p", nonnegative=True), sp.Symbol("q", nonnegative=True)
    less = inside.given(p, "<=", q, "the maximum never falls")
    inside.start(t * p).at_most((t + 1) * q, "$t$ grows, too", gap=q, using={less: t})
    both = inside.at({p: top[t], q: top[t + 1]}, given=[rises])
    roots = lemmas.roots_rise().at({lemmas.X: t * top[t], lemmas.Y: (t + 1) * top[t + 1]}, given=[both])
    return d.start(RATE).at_most(RATE.subs(t, t + 1), "the root is monotone", using={roots: 1 / (2 * alpha)})


@proof
def averages_regret():
    """What the averages do, in one coordinate: AdaGrad's proof, with the capped quotient in place of the sum of ratios."""
    d = Derivation("the averages in one coordinate")
    h = _run(d)
    low, high = _iterates(h)
    rate = alpha / sp.sqrt(t)
    g1, r1 = sp.symbols("g r", real=True)
    places = {lemmas.w: w[t], lemmas.p: w[t + 1], lemmas.a: a, lemmas.b: b, lemmas.u: u, lemmas.c: rate}
    places |= {g1: m[t], r1: r[t], sp.Symbol("s", nonnegative=True): sp.sqrt(top[t])}
    step = lemmas.one_step().at(places, given=[h["quotient"], h["move"], h["low"], h["high"]])
    ends = {lemmas.w: w[t], lemmas.a: a, lemmas.b: b, lemmas.u: u}
    bounded = lemmas.width().at(ends, given=[low, high, h["low"], h["high"]])
    rising = scale_rises().at(given=[h["top"]])
    places = {lemmas.h: sp.Lambda(t, RATE), lemmas.A: sp.Lambda(t, (w[t] - u) ** 2), lemmas.M: (b - a) ** 2}
    weights = lemmas.monotone_weights().at(places, given=[rising, bounded])
    p, q, P, Q = *sp.symbols("p q", real=True), *sp.symbols("P Q", nonnegative=True)
    mean = average_bounded().at({T: t}, given=[h["start_m"], h["update_m"], h["below1"], h["size"]])
    small = quotients().at(given=d.givens)
    each = product().at({p: m[t], q: r[t], P: G, Q: kappa}, given=[mean, small])
    roots = counts.inverse_roots().at({counts.n: T})
    d.start(sp.Sum(m[t] * (w[t] - u), (t, 1, T)))
    decrease = (w[t] - u) ** 2 - (w[t + 1] - u) ** 2
    ratios = sp.Sum(rate / 2 * m[t] * r[t], (t, 1, T))
    d.at_most(sp.Sum(RATE * decrease, (t, 1, T)) + ratios, "one step, for each $t$", using={step.sum(t, 1, T): 1})
    end = (b - a) ** 2 * RATE.subs(t, T)
    d.at_most(end + ratios, "monotone weights", using={weights: 1})
    sizes = alpha * kappa * G / 2 * sp.Sum(1 / sp.sqrt(t), (t, 1, T))
    d.at_most(end + sizes, "each quotient is capped", using={each.sum(t, 1, T, rate / 2): 1})
    return d.at_most(end + alpha * kappa * G * sp.sqrt(T), "the inverse roots", using={roots: alpha * kappa * G / 2})


@proof
def coordinate():
    """AMSGrad's regret in one coordinate."""
    d = Derivation("AMSGrad, one coordinate")
    h = _run(d)
    low, high = _iterates(h)
    split = from_average().at(given=[h["start_m"], h["update_m"]])
    inside = averages_regret().at(given=d.givens)
    mean = average_bounded().at({T: t}, given=[h["start_m"], h["update_m"], h["below1"], h["size"]])
    small = quotients().at(given=d.givens)
    ordered = lemmas.order().at({lemmas.a: a, lemmas.b: b, lemmas.u: u}, given=[h["low"], h["high"]])
    ends = {lemmas.w: w[T], lemmas.a: a, lemmas.b: b, lemmas.u: u}
    wide = lemmas.width().at(ends, given=[low.at({t: T}), high.at({t: T}), h["low"], h["high"]])
    p, q, P, Q = *sp.symbols("p q", real=True), *sp.symbols("P Q", nonnegative=True)
    last = product().at({p: m[T], q: w[T] - u, P: G, Q: b - a}, given=[mean.at({t: T}), wide, ordered])

    rate, step = alpha / sp.sqrt(t), sp.Symbol("s", real=True)
    places = {x: w[t], sp.Symbol("p", real=True): w[t + 1], step: rate * r[t], a: a, b: b}
    near = moved().at(places, given=[h["move"], low, high])
    short = Derivation("how far one step moves")
    e, f, c = sp.Symbol("e", real=True), sp.Symbol("f", real=True), sp.Symbol("c", nonnegative=True)
    one, two = short.given(e**2, "<=", (c * f) ** 2, "by projection"), short.given(f**2, "<=", kappa**2, "the cap")
    short.start(e**2).at_most((c * f) ** 2, "by projection", using={one: 1})
    short.at_most((c * kappa) ** 2, "the cap", using={two: c**2})
    size = short.at({e: w[t] - w[t + 1], f: r[t], c: rate}, given=[near, small])
    each = product().at({p: m[t], q: w[t] - w[t + 1], P: G, Q: rate * kappa}, given=[mean, size])
    roots = counts.inverse_roots().at({counts.n: T})

    first = (1 - beta1) * sp.Sum(m[t] * (w[t] - u), (t, 1, T))
    between_ = sp.Sum(m[t] * (w[t] - w[t + 1]), (t, 1, T - 1))
    d.start((1 - beta1) * sp.Sum(g[t] * (w[t] - u), (t, 1, T)))
    d.equal(first + beta1 * (m[T] * (w[T] - u) + between_), "from gradients to averages", using={split: 1})
    end = (b - a) ** 2 * RATE.subs(t, T) + alpha * kappa * G * sp.sqrt(T)
    rest = beta1 * (m[T] * (w[T] - u) + between_)
    d.at_most((1 - beta1) * end + rest, "the averages", using={inside: 1 - beta1}, knowing=[h["below1"]])
    d.at_most((1 - beta1) * end + beta1 * (G * (b - a) + between_), "the last point", using={last: beta1})
    moves = alpha * kappa * G * sp.Sum(1 / sp.sqrt(t), (t, 1, T - 1))
    d.at_most((1 - beta1) * end + beta1 * (G * (b - a) + moves), "the moves", using={each.sum(t, 1, T - 1): beta1})
    more = alpha * kappa * G / sp.sqrt(T)
    total = (1 - beta1) * end + beta1 * (G * (b - a) + 2 * alpha * kappa * G * sp.sqrt(T))
    d.at_most(total, "the inverse roots", gap=beta1 * more, using={roots: beta1 * alpha * kappa * G})
    goal = (1 - beta1) * (b - a) ** 2 * RATE.subs(t, T) + (1 + beta1) * alpha * kappa * G * sp.sqrt(T) + beta1 * G * (b - a)
    return d.equal(goal, "collected")


# ------------------------------------------------------------------------------------------------------------------ the theorem

i, dim = Index("i"), Index("d")
w2, g2, r2, z2 = (Family(name, first=(1, 1), vector=True) for name in "xgrz")
m2 = Family("m", first=(0, 1), vector=True)
v2, top2 = (Family(name, first=(0, 1), sign="nonnegative", vector=True) for name in ("v", r"\hat v"))
u1, a1, b1 = (Family(name, vector=True) for name in "uab")
G1 = Family("G", sign="nonnegative", vector=True)
WIDTH = b1[i] - a1[i]


def over(e):
    """The sum over the coordinates."""
    return sp.Sum(e, (i, 1, dim))


def _box(d):
    """AMSGrad in a box becomes hypotheses of d: those of `_run`, in each coordinate i."""
    ratio = d.given(rho, "=", beta1**2 / beta2, "the ratio of the decay rates")
    root = sp.sqrt(top2[t, i])
    return [
        ratio,
        d.given(beta1, "<", 1, "both averages forget"),
        d.given(beta2, "<", 1, "both averages forget"),
        d.given(rho, "<", 1, "$\\beta_1^2 < \\beta_2$"),
        d.given((1 - beta2) * (1 - rho) * kappa**2, "=", (1 - beta1) ** 2, "the cap $\\kappa$"),
        d.given(m2[0, i], "=", 0, "the start"),
        d.given(v2[0, i], "=", 0, "the start"),
        d.given(m2[t, i], "=", beta1 * m2[t - 1, i] + (1 - beta1) * g2[t, i], "the average"),
        d.given(v2[t, i], "=", beta2 * v2[t - 1, i] + (1 - beta2) * g2[t, i] ** 2, "the average of squares"),
        d.given(top2[t, i], "=", sp.Max(top2[t - 1, i], v2[t, i]), "AMSGrad's maximum"),
        d.given(r2[t, i] * root, "=", m2[t, i], "the quotient $m_t[i] / \\sqrt{\\hat v_t[i]}$"),
        d.given(r2[t, i], "=", z2[t, i] * root * r2[t, i], "and 0 where $\\hat v_t[i] = 0$"),
        d.given(
            w2[t + 1, i],
            "=",
            sp.Min(sp.Max(w2[t, i] - alpha / sp.sqrt(t) * r2[t, i], a1[i]), b1[i]),
            "the step, clipped to the box",
        ),
        d.given(a1[i], "<=", w2[1, i], "the start lies in the box"),
        d.given(w2[1, i], "<=", b1[i], "the start lies in the box"),
        d.given(a1[i], "<=", u1[i], "$u$ lies in the box"),
        d.given(u1[i], "<=", b1[i], "$u$ lies in the box"),
        d.given(g2[t, i] ** 2, "<=", G1[i] ** 2, "bounded gradients"),
    ]


HERE = {
    g: sp.Lambda(t, g2[t, i]), m: sp.Lambda(n, m2[n, i]), v: sp.Lambda(n, v2[n, i]), top: sp.Lambda(n, top2[n, i]),
    w: sp.Lambda(t, w2[t, i]), r: sp.Lambda(t, r2[t, i]), z: sp.Lambda(t, z2[t, i]),
    a: a1[i], b: b1[i], u: u1[i], G: G1[i],
}  # fmt: skip
DISTANCES = WIDTH**2 * sp.sqrt(T) * sp.sqrt(top2[T, i]) / (2 * alpha)
STEPS = alpha * kappa * G1[i] * sp.sqrt(T) * (1 + beta1) / (1 - beta1)
LAG = beta1 * G1[i] * WIDTH / (1 - beta1)


@proof
def theorem():
    """AMSGrad's regret in a box: the coordinates, added up."""
    d = Derivation("AMSGrad in a box")
    known = _box(d)
    one = coordinate().at(HERE, given=known)
    product = g2[t, i] * (w2[t, i] - u1[i])
    d.start(sp.Sum(over(product), (t, 1, T)))
    d.equal(over(sp.Sum(product, (t, 1, T))), "coordinate by coordinate")
    using = {one.sum(i, 1, dim, 1 / (1 - beta1), knowing=[known[1]]): 1}
    return d.at_most(over(DISTANCES) + over(STEPS) + over(LAG), "each coordinate", using=using, knowing=[known[1]])


@proof
def without_momentum():
    """The theorem without momentum, in one coordinate."""
    d = Derivation("AMSGrad without momentum")
    below = d.given(beta2, "<", 1, "the average forgets")
    limit = d.given((1 - beta2) * kappa**2, "=", 1, "the cap $\\kappa$")
    empty = d.given(m[0], "=", 0, "nothing before the start")
    known = [
        limit,
        below,
        empty,
        d.given(v[0], "=", 0, "the start"),
        d.given(m[t], "=", g[t], "no momentum"),
        d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the average of squares"),
        d.given(top[t], "=", sp.Max(top[t - 1], v[t]), "AMSGrad's maximum"),
        d.given(r[t] * sp.sqrt(top[t]), "=", m[t], "the quotient"),
        d.given(r[t], "=", z[t] * sp.sqrt(top[t]) * r[t], "and 0 where $\\hat v_t = 0$"),
        d.given(w[t + 1], "=", sp.Min(sp.Max(w[t] - alpha / sp.sqrt(t) * r[t], a), b), "the step, projected"),
        d.given(a, "<=", w[1], "the start lies in the interval"),
        d.given(w[1], "<=", b, "the start lies in the interval"),
        d.given(a, "<=", u, "$u$ lies in the interval"),
        d.given(u, "<=", b, "$u$ lies in the interval"),
        d.given(g[t] ** 2, "<=", G**2, "bounded gradients"),
    ]
    special = coordinate().at({beta1: sp.Integer(0), rho: sp.Integer(0)}, given=known)
    d.start(sp.Sum(g[t] * (w[t] - u), (t, 1, T)))
    return d.at_most((b - a) ** 2 * RATE.subs(t, T) + alpha * kappa * G * sp.sqrt(T), "$\\beta_1 = 0$", using={special: 1})


@proof
def maximum_bounded():
    """The maximum never exceeds the largest square that may come."""
    d = Derivation("the maximum is bounded")
    d.given(beta2, "<", 1, "the average forgets")
    d.given(v[0], "=", 0, "the start")
    empty = d.given(top[0], "=", 0, "the maximum starts at 0")
    d.given(v[t], "=", beta2 * v[t - 1] + (1 - beta2) * g[t] ** 2, "the average of squares")
    largest = d.given(top[t], "=", sp.Max(top[t - 1], v[t]), "AMSGrad's maximum")
    d.given(g[t] ** 2, "<=", G**2, "bounded gradients")
    inside = Derivation("the average of squares is bounded")
    below_, start_, _, update_, _, size_ = (inside.given(e.left, e.op, e.right, e.why) for e in d.givens)

    def base(chain):
        chain.equal(beta2 * v[0] + (1 - beta2) * g[1] ** 2, "the update", put=[update_.at({t: 1})])
        chain.at_most((1 - beta2) * G**2, "bounded", using={size_.at({t: 1}): 1 - beta2, start_: beta2}, knowing=[below_])
        chain.at_most(G**2, "an average", gap=beta2 * G**2)

    def more(chain, hypothesis):
        chain.equal(beta2 * v[T] + (1 - beta2) * g[T + 1] ** 2, "the update", put=[update_.at({t: T + 1})])
        chain.at_most(G**2, "both bounded", using={hypothesis: beta2, size_.at({t: T + 1}): 1 - beta2}, knowing=[below_])

    inside.induct(T, v[T], "<=", G**2, base, more)
    average = inside.at({T: t}, given=d.givens)
    p, q, M, bound = *sp.symbols("p q M", real=True), sp.Symbol("Y", nonnegative=True)
    either = Derivation("the larger of two")
    one, two = either.given(p, "<=", bound, "one"), either.given(q, "<=", bound, "the other")
    whole = either.given(M, "=", sp.Max(p, q), "the larger")
    either.start(M).equal(sp.Max(p, q), "the larger", put=[whole]).cases(
        bound, between(p, q),
        [
            lambda chain, less: chain.at_most(bound, "the other", using={two: 1}, knowing=[less]),
            lambda chain, more_: chain.at_most(bound, "the one", using={one: 1}, knowing=[more_]),
        ],
    )  # fmt: skip

    def first(chain):
        nought = Derivation("the empty maximum")
        none = nought.given(top[0], "=", 0, "the maximum starts at 0")
        nought.start(top[0]).at_most(G**2, "nothing yet", gap=G**2, using={none: 1})
        known = [nought.at(given=[empty]), average.at({t: 1}), largest.at({t: 1})]
        step = either.at({p: top[0], q: v[1], M: top[1], bound: G**2}, given=known)
        chain.at_most(G**2, "the larger of two", using={step: 1})

    def next_(chain, hypothesis):
        known = [hypothesis, average.at({t: T + 1}), largest.at({t: T + 1})]
        step = either.at({p: top[T], q: v[T + 1], M: top[T + 1], bound: G**2}, given=known)
        chain.at_most(G**2, "the larger of two", using={step: 1})

    return d.induct(T, top[T], "<=", G**2, first, next_)


@proof
def convex():
    """The regret of convex losses grows no faster than the root of T."""
    L, best = Family("f"), Family("f^u")
    d = Derivation("AMSGrad on convex losses")
    known = _box(d)
    empty = d.given(top2[0, i], "=", 0, "the maximum starts at 0")
    rest = Family("delta", sign="nonnegative")
    linear = over(g2[t, i] * (w2[t, i] - u1[i]))
    tangent = d.given(L[t], "=", best[t] + linear - rest[t], "convexity: $g_t$ is a subgradient at $x_t$")
    whole = theorem().at(given=known)
    bounded = maximum_bounded().at(
        {g: HERE[g], v: HERE[v], top: HERE[top], G: G1[i]}, given=[known[2], known[6], empty, known[8], known[9], known[17]]
    )
    root = lemmas.roots_rise().at({lemmas.X: top2[T, i], lemmas.Y: G1[i] ** 2}, given=[bounded])
    d.start(sp.Sum(L[t] - best[t], (t, 1, T)))
    d.at_most(sp.Sum(linear, (t, 1, T)), "convexity", gap=sp.Sum(rest[t], (t, 1, T)), using={tangent.sum(t, 1, T): 1})
    d.at_most(over(DISTANCES) + over(STEPS) + over(LAG), "the theorem", using={whole: 1})
    distances = WIDTH**2 * sp.sqrt(T) * G1[i] / (2 * alpha)
    using = {root.sum(i, 1, dim, WIDTH**2 * sp.sqrt(T) / (2 * alpha)): 1}
    return d.at_most(over(distances) + over(STEPS) + over(LAG), "$\\hat v_T[i] \\le G[i]^2$", using=using, knowing=[known[1]])


# ------------------------------------------------------------------------------------------ where the effective steps never rise


e, s_ = Family("e", sign="nonnegative"), Family("s", sign="positive")
k, K = Index("k", 0), Index("K", 0)
C = sp.Symbol("C", positive=True)
point = Family("y", first=0)  # the point at the beginning of a cycle
far = Family("e", first=0, sign="nonnegative")  # the first effective step of a cycle


@proof
def effective_falls():
    """Where the scale never falls the effective step never rises."""
    d = Derivation("the effective step never rises")
    rises = d.given(s_[t], "<=", s_[t + 1], "the scale never falls")
    ratio = d.given(e[t], "=", alpha / s_[t], "the effective step")
    both = s_[t] * s_[t + 1]
    d.start(e[t + 1])
    d.equal(alpha / s_[t + 1], "the effective step", using={ratio.at({t: t + 1}): 1})
    d.at_most(alpha / s_[t], "the scale never falls", using={rises: alpha / both})
    return d.equal(e[t], "the effective step", using={ratio: -1})


@proof
def effective_large():
    """Where the scale is at most C times the root of t the effective step is at least a multiple of one over the root of t."""
    d = Derivation("the effective step does not vanish too fast")
    ratio = d.given(e[t], "=", alpha / s_[t], "the effective step")
    less = d.given(s_[t], "<=", C * sp.sqrt(t), "the scale is bounded")
    d.start(alpha / (C * sp.sqrt(t)))
    d.at_most(alpha / s_[t], "a smaller denominator", using={less: alpha / (C * sp.sqrt(t) * s_[t])})
    return d.equal(e[t], "the effective step", using={ratio: -1})


x1, x2, x3, x4 = sp.symbols("x_1 x_2 x_3 x_4", real=True)
e1, e2, e3 = sp.symbols("e_1 e_2 e_3", nonnegative=True)


def _clip(z):
    return sp.Min(sp.Max(z, -1), 1)


@proof
def step_back():
    """A clipped step to the right moves no farther than the step."""
    d = Derivation("a step to the right")
    inside = d.given(-1, "<=", x1, "not below the interval")
    moved = d.given(x2, "=", _clip(x1 + e1), "the step, clipped")
    gap = x1 + e1 - _clip(x1 + e1)
    return d.start(x2).at_most(x1 + e1, "the clip lowers it, or nothing", gap=gap, put=[moved], knowing=[inside])


@proof
def cycle():
    """One cycle of losses C x, -x, -x with effective steps that never rise: down, or near the end -1."""
    d = Derivation("one cycle")
    second, third = d.given(e2, "<=", e1, "steps never rise"), d.given(e3, "<=", e1, "steps never rise")
    one = d.given(x2, "=", _clip(x1 - C * e1), "the step of $C x$")
    two = d.given(x3, "=", _clip(x2 + e2), "the first step of $-x$")
    three = d.given(x4, "=", _clip(x3 + e3), "the second step of $-x$")
    interval = {lemmas.a: sp.Integer(-1), lemmas.b: sp.Integer(1)}
    order = lemmas.order().at({**interval, lemmas.u: sp.Integer(0)})
    low2 = lemmas.clipped_below().at({**interval, lemmas.p: x2, lemmas.x: x1 - C * e1}, given=[one, order])
    low3 = lemmas.clipped_below().at({**interval, lemmas.p: x3, lemmas.x: x2 + e2}, given=[two, order])
    back2 = step_back().at({x1: x2, x2: x3, e1: e2}, given=[low2, two])
    back3 = step_back().at({x1: x3, x2: x4, e1: e3}, given=[low3, three])
    d.start(x4)
    d.at_most(x3 + e3, "to the right", using={back3: 1})
    d.at_most(x2 + e2 + e3, "to the right", using={back2: 1})
    d.at_most(x2 + 2 * e1, "steps never rise", using={second: 1, third: 1})
    goal = sp.Max(x1 - (C - 2) * e1, -1 + 2 * e1)

    def clipped(chain, case):
        chain.equal(-1 + 2 * e1, "clipped at $-1$", put=[one], knowing=[case])
        chain.at_most(goal, "one of the two", gap=goal - (-1 + 2 * e1))

    def free(chain, case):
        move = x1 - C * e1
        chain.at_most(move + 2 * e1, "not clipped at $-1$", gap=move - _clip(move), using={one: 1}, knowing=[case])
        chain.at_most(goal, "one of the two", gap=goal - (x1 - (C - 2) * e1))

    return d.cases(goal, between(x1 - C * e1, -1), [clipped, free])


@proof
def keeps():
    """What falls by s or comes below D stays below what falls by s, or below B."""
    d = Derivation("down, or near")
    p, q, A, B, D_ = sp.symbols("p q A B D", real=True)
    old = d.given(q, "<=", sp.Max(A, B), "so far")
    new = d.given(p, "<=", sp.Max(q - s, D_), "one more cycle")
    near = d.given(D_, "<=", B, "nearer than before")
    goal = sp.Max(A - s, B)

    def close(chain, case):
        chain.equal(D_, "the case", knowing=[case])
        chain.at_most(B, "nearer than before", using={near: 1})
        chain.at_most(goal, "one of the two", gap=goal - B)

    def down(chain, case):
        chain.equal(q - s, "the case", knowing=[case])
        chain.at_most(sp.Max(A, B) - s, "so far", using={old: 1})
        chain.cases(goal, between(A, B), [
            lambda c_, less: c_.equal(B - s, "the case", knowing=[less]).at_most(B, "$s \\ge 0$", gap=s).at_most(
                goal, "one of the two", gap=goal - B),
            lambda c_, more: c_.equal(A - s, "the case", knowing=[more]).at_most(goal, "one of the two", gap=goal - (A - s)),
        ])  # fmt: skip

    d.start(p).at_most(sp.Max(q - s, D_), "one more cycle", using={new: 1})
    return d.cases(goal, between(q - s, D_), [close, down])


@proof
def falls():
    """A sequence that never rises is never above where it began."""
    d = Derivation("never above where it began")
    less = d.given(far[k + 1], "<=", far[k], "never rises")
    return d.induct(
        K, far[K], "<=", far[0],
        lambda chain: chain.equal(far[0], "the beginning"),
        lambda chain, hypothesis: chain.at_most(far[K], "never rises", using={less.at({k: K}): 1}).at_most(
            far[0], "so far", using={hypothesis: 1}),
    )  # fmt: skip


def _fallen(count):
    return (C - 2) * sp.Sum(far[t - 1], (t, 1, count))


@proof
def cycles():
    """From one cycle on: down by the sum of the steps, or near the end -1."""
    d = Derivation("many cycles")
    large = d.given(2, "<=", C, "$C \\ge 2$")
    less = d.given(far[k + 1], "<=", far[k], "steps never rise")
    each = d.given(point[k + 1], "<=", sp.Max(point[k] - (C - 2) * far[k], -1 + 2 * far[k]), "one cycle")
    never = falls().at(given=[less])

    def goal(count):
        return sp.Max(point[0] - _fallen(count), -1 + 2 * far[0])

    def base(chain):
        chain.at_most(goal(sp.Integer(0)), "no cycle", gap=sp.Max(point[0], -1 + 2 * far[0]) - point[0])

    near = Derivation("nearer than before")
    no = near.given(far[K], "<=", far[0], "steps never rise")
    near.start(-1 + 2 * far[K]).at_most(-1 + 2 * far[0], "steps never rise", using={no: 2})

    def step(chain, hypothesis):
        p, q, A, B, D_ = sp.symbols("p q A B D", real=True)
        product = Derivation("the step is no step up")
        wide = product.given(2, "<=", C, "$C \\ge 2$")
        product.start(sp.Integer(0)).at_most((C - 2) * far[K], "$C \\ge 2$", gap=(C - 2) * far[K], knowing=[wide])
        places = {p: point[K + 1], q: point[K], A: point[0] - _fallen(K), B: -1 + 2 * far[0]}
        places |= {D_: -1 + 2 * far[K], s: (C - 2) * far[K]}
        known = [hypothesis, each.at({k: K}), near.at(given=[never]), product.at(given=[large])]
        further = keeps().at(places, given=known)
        chain.at_most(goal(K + 1), "one more cycle", using={further: 1})

    return d.induct(K, point[K], "<=", goal(K), base, step)


@proof
def thirds():
    """Every third inverse root, added up from below."""
    now, new, third = sp.sqrt(3 * K + 1), sp.sqrt(3 * K + 4), sp.Rational(2, 3)
    d = Derivation("every third inverse root")

    def step(chain, hypothesis):
        chain.at_least(third * (now - 1) + 1 / now, "so far", using={hypothesis: 1})
        chain.at_least(third * (new - 1), "the root is concave", gap=3 / (now * (new + now) ** 2))

    total = sp.Sum(1 / sp.sqrt(3 * t - 2), (t, 1, K))
    return d.induct(K, total, ">=", third * (now - 1), lambda chain: chain.equal(0, "no term"), step)


W1, W2, W3 = (Family(name, first=0) for name in ("x^1", "x^2", "x^3"))
E1, E2, E3 = (Family(name, first=0, sign="nonnegative") for name in ("e^1", "e^2", "e^3"))


@proof
def example():
    """On the example a method whose effective steps never rise goes down by their sum, or is near the best point."""
    d = Derivation("the example")
    large = d.given(2, "<=", C, "$C \\ge 2$")
    one = d.given(W2[k], "=", _clip(W1[k] - C * E1[k]), "the step of $C x$")
    two = d.given(W3[k], "=", _clip(W2[k] + E2[k]), "the first step of $-x$")
    three = d.given(W1[k + 1], "=", _clip(W3[k] + E3[k]), "the second step of $-x$")
    second = d.given(E2[k], "<=", E1[k], "steps never rise")
    third = d.given(E3[k], "<=", E2[k], "steps never rise")
    on = d.given(E1[k + 1], "<=", E3[k], "steps never rise")
    low, middle, high = (sp.Symbol(name, nonnegative=True) for name in ("l", "m", "h"))
    through = Derivation("from step to step")
    first, last = through.given(low, "<=", middle, "never rises"), through.given(middle, "<=", high, "never rises")
    through.start(low).at_most(middle, "never rises", using={first: 1}).at_most(high, "never rises", using={last: 1})
    apart = through.at({low: E3[k], middle: E2[k], high: E1[k]}, given=[third, second])
    later = through.at({low: E1[k + 1], middle: E3[k], high: E1[k]}, given=[on, apart])
    places = {x1: W1[k], x2: W2[k], x3: W3[k], x4: W1[k + 1], e1: E1[k], e2: E2[k], e3: E3[k]}
    each = cycle().at(places, given=[second, apart, one, two, three])
    many = cycles().at({point: sp.Lambda(k, W1[k]), far: sp.Lambda(k, E1[k])}, given=[large, later, each])
    total = sp.Sum(E1[t - 1], (t, 1, K))
    return d.start(W1[K]).at_most(sp.Max(W1[0] - (C - 2) * total, -1 + 2 * E1[0]), "cycle by cycle", using={many: 1})


# ------------------------------------------------------------------------------------------------------------- other repairs


@proof
def growing_memory():
    """With the decay rate 1 - 1/t the average of squares is AdaGrad's sum, divided by t."""
    d = Derivation("a memory that grows")
    update = d.given(t * v[t], "=", (t - 1) * v[t - 1] + g[t] ** 2, "$\\beta_{2,t} = 1 - 1/t$, times $t$")
    return d.induct(
        T, T * v[T], "=", sp.Sum(g[t] ** 2, (t, 1, T)),
        lambda chain: chain.equal(g[1] ** 2, "one gradient", using={update.at({t: 1}): 1}),
        lambda chain, hypothesis: chain.equal(T * v[T] + g[T + 1] ** 2, "the update", using={update.at({t: T + 1}): 1}).equal(
            sp.Sum(g[t] ** 2, (t, 1, T + 1)), "so far", using={hypothesis: 1}),
    )  # fmt: skip


@proof
def previous_scale():
    """A scale that does not know the gradient keeps the mean step in the direction of the mean gradient."""
    d = Derivation("the scale of the past")
    now, next_, grad, scale = unknown("x"), unknown("x^+"), unknown("g"), unknown("q", sign="nonnegative")
    move = d.given(next_, "=", now - alpha * grad * scale, "the step")
    apart = d.given(Mean(grad * scale), "=", Mean(grad) * Mean(scale), "$g$ and $q$ are independent")
    averaged = expect(move, next_, now, grad * scale)
    d.start(Mean(next_) - Mean(now))
    d.equal(-alpha * Mean(grad * scale), "the step, averaged", using={averaged: 1})
    return d.equal(-alpha * Mean(grad) * Mean(scale), "independent", using={apart: -alpha})
