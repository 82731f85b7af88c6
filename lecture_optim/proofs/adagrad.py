"""AdaGrad's regret: the bound in one coordinate, the theorem for a box, its corollaries, and the best constants."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect, unknown, zero_or_positive
from lecture_optim.proofs import lemmas, proof
from lecture_optim.proofs.lemmas import A, D, M, S, T, W, X, Y, a, b, c, g, h, n, p, q, r, t, u, w, x

s0, eps = sp.Symbol("s_0", nonnegative=True), sp.Symbol("epsilon", positive=True)
slot = {name: sp.Symbol(name, real=True) for name in "gr"} | {"s": sp.Symbol("s", nonnegative=True)}
R1, S1 = sp.symbols("R S", nonnegative=True)  # one value of a sum, and the next
Z = sp.Symbol("Z", positive=True)


def one_coordinate(d, without=""):
    """Hypotheses for one coordinate; what the sum of ratios needs of them, and the lemmas that lead up to it.

    without: the hypothesis that is left out, "first", "grows", "quotient", "update", "begin" or "points".
    """

    def given(name, *relation):
        return [] if name == without else [d.given(*relation)]

    first = given("first", S[0], "=", 0, "the sum starts at 0")
    grows = given("grows", S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = given("quotient", r[t] * sp.sqrt(S[t]), "=", g[t], "$r_t$ is the quotient $g_t / \\sqrt{S_t}$")
    update = given("update", W[t + 1], "=", sp.Min(sp.Max(W[t] - c * r[t], a), b), "the update, projected")
    begin = given("begin", a, "<=", W[1], "the start lies in the interval")
    begin += given("begin", W[1], "<=", b, "the start lies in the interval")
    points = given("points", a, "<=", u, "$u$ lies in the interval")
    points += given("points", u, "<=", b, "$u$ lies in the interval")

    ordered = lemmas.order().at(given=[*points])
    low = lemmas.stays_above().at({T: t}, given=[*update, *begin, ordered])
    high = lemmas.stays_below().at({T: t}, given=[*update, *begin])
    bounded = lemmas.width().at({w: W[t]}, given=[low, high, *points])
    more = lemmas.larger().at({R1: S[t], S1: S[t + 1], q: g[t + 1]}, given=[r.at({t: t + 1}) for r in grows])
    rise = lemmas.roots_rise().at({X: S[t], Y: S[t + 1]}, given=[more])
    step = lemmas.one_step().at(
        {w: W[t], p: W[t + 1], slot["g"]: g[t], slot["r"]: r[t], slot["s"]: sp.sqrt(S[t])}, given=[*quotient, *update, *points]
    )
    rising = lemmas.rising_rate().at({X: sp.sqrt(S[t]), Y: sp.sqrt(S[t + 1])}, given=[rise])
    rate, distance = sp.sqrt(S[t]) / (2 * c), sp.Lambda(t, (W[t] - u) ** 2)
    weights = lemmas.monotone_weights().at({h: sp.Lambda(t, rate), A: distance, M: (b - a) ** 2}, given=[rising, bounded])
    return [*first, *grows, *quotient], (step, weights, rate)


def up_to_ratios(d, step, weights, rate):
    """The chain in one coordinate, up to the sum of ratios."""
    decrease = (W[t] - u) ** 2 - (W[t + 1] - u) ** 2
    products = c / 2 * sp.Sum(g[t] * r[t], (t, 1, T))
    d.start(sp.Sum(g[t] * (W[t] - u), (t, 1, T)))
    after = sp.Sum(rate * decrease, (t, 1, T)) + products
    d.at_most(after, "one step, for each $t$", using={step.sum(t, 1, T): 1})
    after = (b - a) ** 2 * sp.sqrt(S[T]) / (2 * c) + products
    return d.at_most(after, "monotone weights", using={weights: 1})


def to_the_end(d, without=""):
    """The whole chain in one coordinate."""
    state, parts = one_coordinate(d, without)
    ratios = lemmas.sum_of_ratios().at(given=state)
    up_to_ratios(d, *parts)
    after = ((b - a) ** 2 / (2 * c) + c) * sp.sqrt(S[T])
    return d.at_most(after, "sum of ratios", using={ratios: c / 2})


@proof
def coordinate():
    """AdaGrad's regret in one coordinate, for an interval [a, b] and any c > 0."""
    return to_the_end(Derivation("AdaGrad, one coordinate"))


@proof
def finite():
    """AdaGrad's regret in one coordinate, with the best constant for the ratios of T steps."""
    d = Derivation("AdaGrad after T steps")
    state, parts = one_coordinate(d, without="first")
    ratios = sharp_ratios().at(given=[*state, *_constants(d)])
    up_to_ratios(d, *parts)
    return d.at_most(((b - a) ** 2 / (2 * c) + c * kappa[T] / 2) * sp.sqrt(S[T]), "sharp sum of ratios", using={ratios: c / 2})


@proof
def ratios_from():
    """Sum of ratios where the sum of squares starts at any square."""
    d = Derivation("sum of ratios, from any start")
    first = d.given(S[0], "=", s0**2, "the sum starts at $s_0^2$")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = d.given(r[t] * sp.sqrt(S[t]), "=", g[t], "$r_t$ is the quotient $g_t / \\sqrt{S_t}$")
    names = {slot["g"]: g[t], slot["r"]: r[t], R1: S[t - 1], S1: S[t]}
    each = lemmas.ratio_step().at(names, given=[grows, quotient])
    ends = lemmas.telescope().at({Family("h"): sp.Lambda(t, sp.sqrt(S[t - 1])), n: T})
    d.start(sp.Sum(g[t] * r[t], (t, 1, T)))
    d.at_most(2 * sp.Sum(sp.sqrt(S[t]) - sp.sqrt(S[t - 1]), (t, 1, T)), "each ratio", using={each.sum(t, 1, T): 1})
    d.equal(2 * sp.sqrt(S[T]) - 2 * sp.sqrt(S[0]), "telescoping", using={ends: 2})
    return d.equal(2 * sp.sqrt(S[T]) - 2 * s0, "$S_0 = s_0^2$", put=[first])


# ------------------------------------------------------------------------------------------------------------------ the theorem

i, dim = Index("i"), Index("d")
w2, g2, r2 = (Family(name, first=(1, 1), vector=True) for name in "wgr")
S2 = Family("S", first=(0, 1), sign="nonnegative", vector=True)
u1, a1, b1 = (Family(name, vector=True) for name in "uab")
c1 = Family("c", sign="positive", vector=True)
x2, A2 = (Family(name, first=(1, 1), vector=True) for name in "xA")

kappa = Family("kappa", sign="nonnegative")  # the constants of the sharp sum of ratios


def over(e):
    """The sum over the coordinates."""
    return sp.Sum(e, (i, 1, dim))


@proof
def step_then_clip():
    """The clipped step in one formula."""
    d = Derivation("step, then clip")
    moved = d.given(x, "=", w - c * slot["r"], "the step")
    clip = d.given(p, "=", sp.Min(sp.Max(x, a), b), "the clip")
    return d.start(p).equal(sp.Min(sp.Max(w - c * slot["r"], a), b), "put together", put=[clip, moved])


@proof
def quotient_times_root():
    """A quotient times what divides it."""
    d = Derivation("a quotient times its root")
    ratio = d.given(slot["r"], "=", slot["g"] / sp.sqrt(Z), "the quotient")
    return d.start(slot["r"] * sp.sqrt(Z)).equal(slot["g"], "multiplied", put=[ratio])


def _box(d, low, high, size, last, eps=None):
    """Hypotheses and chain for the box with ends low, high and the step size in coordinate i; eps is a constant in the root.

    last: why the last line holds, which the sum of ratios gives.
    """
    total = (lambda k: eps**2 + S2[k, i]) if eps else (lambda k: S2[k, i])
    first = d.given(S2[0, i], "=", 0, "the sums start at 0")
    grows = d.given(S2[t, i], "=", S2[t - 1, i] + g2[t, i] ** 2, "the sums of squares")
    ratio, root = r2[t, i], sp.sqrt(total(t))
    if eps:
        named = d.given(ratio, "=", g2[t, i] / root, "the quotient")
        quotient = quotient_times_root().at({slot["r"]: ratio, slot["g"]: g2[t, i], Z: total(t)}, given=[named])
    else:
        quotient = d.given(ratio * root, "=", g2[t, i], "$r_t[i]$ is the quotient $g_t[i] / \\sqrt{S_t[i]}$")
    known = [grows, quotient]
    moved = d.given(x2[t, i], "=", w2[t, i] - size * ratio, "the step")
    clip = d.given(w2[t + 1, i], "=", sp.Min(sp.Max(x2[t, i], low), high), "clipped to the box")
    begin = d.given(low, "<=", w2[1, i], "the start lies in the box"), d.given(w2[1, i], "<=", high, "the start lies in the box")
    points = d.given(low, "<=", u1[i], "$u$ lies in the box"), d.given(u1[i], "<=", high, "$u$ lies in the box")
    distance = d.given(A2[t, i], "=", (w2[t, i] - u1[i]) ** 2, "the squared distance to $u$")
    update = step_then_clip().at(
        {x: x2[t, i], p: w2[t + 1, i], w: w2[t, i], slot["r"]: ratio, a: low, b: high, c: size}, given=[moved, clip]
    )

    # Every lemma is about numbers or one sequence: it is used in coordinate i, then summed over the coordinates.
    here = {W: sp.Lambda(t, w2[t, i]), r: sp.Lambda(t, ratio), a: low, b: high, c: size}
    ordered = lemmas.order().at({u: u1[i], a: low, b: high}, given=points)
    above = lemmas.stays_above().at({**here, T: t}, given=[update, begin[0], ordered])
    below = lemmas.stays_below().at({**here, T: t}, given=[update, begin[1]])
    bounded = lemmas.width().at({w: w2[t, i], u: u1[i], a: low, b: high}, given=[above, below, *points])
    step = lemmas.one_step().at(
        {w: w2[t, i], p: w2[t + 1, i], u: u1[i], a: low, b: high, c: size}
        | {slot["g"]: g2[t, i], slot["r"]: ratio, slot["s"]: root},
        given=[*known, update, *points],
    )
    more = lemmas.larger().at({R1: total(t), S1: total(t + 1), q: g2[t + 1, i]}, given=[grows.at({t: t + 1})])
    rise = lemmas.roots_rise().at({X: total(t), Y: total(t + 1)}, given=[more])
    rising = lemmas.rising_rate().at({X: sp.sqrt(total(t)), Y: sp.sqrt(total(t + 1)), c: size}, given=[rise])
    rate, width = root / (2 * size), high - low
    weights = lemmas.monotone_weights().at(
        {h: sp.Lambda(t, rate), A: sp.Lambda(t, (w2[t, i] - u1[i]) ** 2), M: width**2}, given=[rising, bounded]
    )
    ratios = ratios_from().at(
        {S: sp.Lambda(n, total(n)), g: sp.Lambda(t, g2[t, i]), r: sp.Lambda(t, ratio), s0: eps or sp.Integer(0)},
        given=[first, *known],
    )

    # The chain writes A for the squared distances, which keeps its lines short.
    now, after = (distance.sum(t, 1, T, rate).sum(i, 1, dim), distance.at({t: t + 1}).sum(t, 1, T, rate).sum(i, 1, dim))
    product, end = g2[t, i] * (w2[t, i] - u1[i]), sp.sqrt(total(T))
    quotients = sp.Sum(size / 2 * g2[t, i] * ratio, (t, 1, T))
    d.start(sp.Sum(over(product), (t, 1, T)))
    d.equal(over(sp.Sum(product, (t, 1, T))), "coordinate by coordinate")
    d.at_most(
        over(sp.Sum(rate * (A2[t, i] - A2[t + 1, i]), (t, 1, T))) + over(quotients),
        "one step, for each $t$ and $i$",
        using={step.sum(t, 1, T).sum(i, 1, dim): 1, now: -1, after: 1},
    )
    d.at_most(
        over(width**2 * end / (2 * size)) + over(quotients),
        "monotone weights, for each $i$",
        using={weights.sum(i, 1, dim): 1, now: 1, after: -1},
    )
    distances, prices = width**2 * end / (2 * size), size * (end - (eps or 0))
    after = over(sp.expand(distances + prices)) if eps else over(distances) + over(prices)
    return d.at_most(after, last, using={ratios.sum(i, 1, dim, size / 2): 1})


@proof
def box():
    """The AdaGrad theorem for any box and any step sizes, one a coordinate."""
    d = _box(Derivation("AdaGrad in a box"), a1[i], b1[i], c1[i], "sum of ratios, for each $i$")
    return d.equal(over(((b1[i] - a1[i]) ** 2 / (2 * c1[i]) + c1[i]) * sp.sqrt(S2[T, i])), "collected")


@proof
def theorem():
    """The AdaGrad theorem for the box [-D, D]^d with c = sqrt(2) D."""
    d = _box(Derivation("AdaGrad"), -D, D, sp.sqrt(2) * D, "sum of ratios; both terms are alike")
    return d.equal(2 * sp.sqrt(2) * D * over(sp.sqrt(S2[T, i])), "the constant taken out")


@proof
def root_of_sum():
    """The root of a sum is at most the sum of the roots."""
    d = Derivation("root of a sum")
    whole, parts = sp.sqrt(eps**2 + X), eps + sp.sqrt(X)
    return d.start(whole).at_most(parts, "compare the squares", gap=2 * eps * sp.sqrt(X) / (whole + parts))


@proof
def epsilon():
    """The AdaGrad theorem with epsilon squared inside the root."""
    size = sp.sqrt(2) * D
    d = _box(Derivation("AdaGrad with epsilon"), -D, D, size, "sum of ratios, for each $i$", eps)
    larger = root_of_sum().at({X: S2[T, i]}).sum(i, 1, dim, 2 * size)
    d.at_most(
        over(2 * size * sp.sqrt(S2[T, i]) + size * eps), "$\\sqrt{\\epsilon^2 + S} \\le \\sqrt S + \\epsilon$", using={larger: 1}
    )
    return d.equal(2 * size * over(sp.sqrt(S2[T, i])) + size * dim * eps, "the constants taken out")


# ------------------------------------------------------------------------------------------------------------------- on average


any_square, nu = unknown("S", sign="nonnegative"), sp.Symbol("nu", nonnegative=True)


@proof
def mean_square():
    """A mean and any number nu: twice nu times the mean root is at most the mean plus the square of nu."""
    pathwise = Derivation("on every path").start(2 * nu * sp.sqrt(any_square))
    pathwise.at_most(any_square + nu**2, "a square is not negative", gap=(sp.sqrt(any_square) - nu) ** 2)
    averaged = expect(pathwise.result, any_square, sp.sqrt(any_square))
    d = Derivation("mean square").start(2 * nu * Mean(sp.sqrt(any_square)))
    return d.at_most(Mean(any_square) + nu**2, "a square, averaged", using={averaged: 1})


@proof
def mean_root():
    """The mean of a root is at most the root of the mean: Jensen's inequality for the root."""
    mean = Mean(sp.sqrt(any_square))
    squares = Derivation("squares").start(mean**2)
    squares.at_most(Mean(any_square), "averaged", using={mean_square().at({nu: mean}): 1})
    below = lemmas.roots_rise().at({X: mean**2, Y: Mean(any_square)}, given=[squares.at()])
    return Derivation("the mean of a root").start(mean).at_most(sp.sqrt(Mean(any_square)), "roots rise", using={below: 1})


def _random_run(d):
    """The run of the theorem where everything but u is random: the regret bound on every path, the loss and its subgradients."""
    wr, gr, rr, xr, H = (Family(name, first=(1, 1), vector=True, random=True) for name in ("w", "g", "r", "x", "G"))
    Sr = Family("S", first=(0, 1), sign="nonnegative", vector=True, random=True)
    L, best = Family("L", random=True), sp.Symbol("L_u", real=True)
    size = sp.sqrt(2) * D
    run = [
        d.given(Sr[0, i], "=", 0, "the sums start at 0"),
        d.given(Sr[t, i], "=", Sr[t - 1, i] + gr[t, i] ** 2, "the sums of squares"),
        d.given(rr[t, i] * sp.sqrt(Sr[t, i]), "=", gr[t, i], "$r_t[i]$ is the quotient $g_t[i] / \\sqrt{S_t[i]}$"),
        d.given(xr[t, i], "=", wr[t, i] - size * rr[t, i], "the step"),
        d.given(wr[t + 1, i], "=", sp.Min(sp.Max(xr[t, i], -D), D), "clipped to the box"),
        d.given(-D, "<=", wr[1, i], "the start lies in the box"),
        d.given(wr[1, i], "<=", D, "the start lies in the box"),
        d.given(-D, "<=", u1[i], "$u$ lies in the box"),
        d.given(u1[i], "<=", D, "$u$ lies in the box"),
    ]
    tangent = d.given(L[t] - best, "<=", over(H[t, i] * (wr[t, i] - u1[i])), "convexity: $G_t$ is a subgradient at $w_t$")
    product = d.given(Mean(gr[t, i] * wr[t, i]), "=", Mean(H[t, i] * wr[t, i]), "$w_t$ is determined by the past")
    plain = d.given(Mean(gr[t, i]), "=", Mean(H[t, i]), "$G_t$ is the mean of $g_t$, given the past")
    families = {w2: wr, g2: gr, r2: rr, x2: xr}
    place = {old: sp.Lambda((t, i), new[t, i]) for old, new in families.items()}
    place |= {S2: sp.Lambda((n, i), Sr[n, i]), A2: sp.Lambda((t, i), (wr[t, i] - u1[i]) ** 2)}
    return run, theorem().at(place, given=run), (tangent, product, plain), (wr, gr, H, Sr, L, best)


@proof
def stochastic():
    """The AdaGrad theorem for a convex loss and random subgradients."""
    d = Derivation("AdaGrad, averaged")
    _, regret, (tangent, product, plain), (wr, gr, H, Sr, L, best) = _random_run(d)
    swap = {product.sum(i, 1, dim).sum(t, 1, T): -1, plain.sum(i, 1, dim, u1[i]).sum(t, 1, T): 1}
    tangents = expect(tangent, L[t], H[t, i] * wr[t, i], H[t, i], H[i, t] * wr[i, t], H[i, t])
    bound = expect(regret, gr[t, i] * wr[t, i], gr[t, i], gr[i, t] * wr[i, t], gr[i, t], sp.sqrt(Sr[t, i]), sp.sqrt(Sr[i, t]))

    def products(G):
        return sp.Sum(over(Mean(G[t, i] * wr[t, i]) - u1[i] * Mean(G[t, i])), (t, 1, T))

    d.start(sp.Sum(Mean(L[t]) - best, (t, 1, T)))
    d.at_most(products(H), "convexity, averaged", using={tangents.sum(t, 1, T): 1})
    d.equal(products(gr), "given the past, $g_t$ has the mean $G_t$", using=swap)
    d.at_most(2 * sp.sqrt(2) * D * over(Mean(sp.sqrt(Sr[T, i]))), "the theorem, averaged", using={bound: 1})
    roots = mean_root().at({any_square.family: sp.Lambda((), Sr[T, i])})
    size = 2 * sp.sqrt(2) * D
    return d.at_most(size * over(sp.sqrt(Mean(Sr[T, i]))), "the mean of a root", using={roots.sum(i, 1, dim): size})


@proof
def average_point():
    """The loss at the average point, from the bound for the sum of losses."""
    L, last, bound = Family("L", random=True), unknown(r"\bar L_T"), Family("B")
    best = sp.Symbol("L_u", real=True)
    d = Derivation("AdaGrad's average point")
    average = d.given(T * last, "<=", sp.Sum(L[t], (t, 1, T)), "convexity: the loss at the average point")
    losses = d.given(sp.Sum(Mean(L[t]) - best, (t, 1, T)), "<=", bound[T], "the bound for the sum of losses")
    d.start(T * (Mean(last) - best))
    d.at_most(sp.Sum(Mean(L[t]) - best, (t, 1, T)), "the average point", using={expect(average, last, L[t]): 1})
    return d.at_most(bound[T], "the sum of losses", using={losses: 1})


@proof
def stochastic_average():
    """The AdaGrad theorem for the average point, from the update on."""
    d = Derivation("AdaGrad's average point, in full")
    given, _, more, (*_, L, best) = _random_run(d)
    last = unknown(r"\bar L_T")
    average = d.given(T * last, "<=", sp.Sum(L[t], (t, 1, T)), "convexity: the loss at the average point")
    bound = stochastic().result.right
    whole = average_point().at({Family("B"): sp.Lambda(T, bound)}, given=[average, stochastic().at(given=[*given, *more])])
    return d.start(T * (Mean(last) - best)).at_most(bound, "the average point, and the sum of losses", using={whole: 1})


# ---------------------------------------------------------------------------------------------------------- the best constants

width, most = sp.Symbol("W", positive=True), sp.Symbol("kappa", nonnegative=True)


def _least(d, other, least):
    """The chain for the sum of W^2/(2c) and another multiple of c, which is at least the given multiple of W."""
    square = (width - least * c) ** 2 / (2 * c)
    d.start(width**2 / (2 * c) + other * c)
    d.equal(least * width + square, "a square apart")
    return d.at_least(least * width, "the square is not negative", gap=square)


@proof
def best_c():
    """No c makes the constant smaller than sqrt(2) W."""
    return _least(Derivation("the best c"), 1, sp.sqrt(2))


@proof
def best_c_after():
    """The best c for a given constant of the ratios."""
    return _least(Derivation("the best c after T steps"), most / 2, sp.sqrt(most))


@proof
def best_c_attained():
    """The best c attains it."""
    best = width / sp.sqrt(2)
    return (
        Derivation("the best c attains it").start(width**2 / (2 * best) + best).equal(sp.sqrt(2) * width, "both terms are equal")
    )


@proof
def wrong_c():
    """A c that is k times the best one multiplies the bound by the mean of k and 1/k."""
    k = sp.Symbol("k", positive=True)
    d = Derivation("a wrong c")
    wrong = d.given(c, "=", k * width / sp.sqrt(2), "$k$ times the best")
    d.start(width**2 / (2 * c) + c)
    d.equal(width / (sp.sqrt(2) * k) + k * width / sp.sqrt(2), "this $c$ put in", put=[wrong])
    return d.equal(sp.sqrt(2) * width * (k + 1 / k) / 2, "the least, taken out")


@proof
def peak():
    """The largest value of a parabola: what one more term can add at best."""
    s, square = slot["s"], (slot["s"] - most / 2) ** 2
    d = Derivation("one more term").start(most * s + 1 - s**2)
    d.equal(1 + most**2 / 4 - square, "the square completed")
    return d.at_most(1 + most**2 / 4, "a square is not negative", gap=square)


def _constants(d):
    """The hypotheses that define the constants kappa_T."""
    return d.given(kappa[1], "=", 1, "definition of $\\kappa_1$"), d.given(
        kappa[t + 1], "=", 1 + kappa[t] ** 2 / 4, "definition of $\\kappa_{t+1}$"
    )


@proof
def constants_rise():
    """The constants kappa_T never fall."""
    d = Derivation("the constants rise")
    _, follows = _constants(d)
    return d.start(kappa[T]).at_most(
        kappa[T + 1], "a square is not negative", gap=(kappa[T] / 2 - 1) ** 2, using={follows.at({t: T}): -1}
    )


@proof
def constants_below():
    """The constants kappa_T stay below 2."""
    d = Derivation("the constants stay below 2")
    start, follows = _constants(d)

    def step(chain, hypothesis):
        chain.equal(1 + kappa[T] ** 2 / 4, "definition", put=[follows.at({t: T})])
        chain.at_most(2, "$\\kappa_T < 2$", strict=True, using={hypothesis: (2 + kappa[T]) / 4})

    return d.induct(
        T, kappa[T], "<", 2, lambda chain: chain.at_most(2, "$\\kappa_1 = 1$", strict=True, gap=1, using={start: 1}), step
    )


@proof
def constants_near():
    """The constants kappa_T come near 2."""
    d = Derivation("the constants come near 2")
    start, follows = _constants(d)

    def step(chain, hypothesis):
        near, half = 2 * (T + 1) / (T + 3), (T + 1) / (T + 3)  # 2 - 4 / (T + 3), in a form whose sign is seen
        chain.at_most(1 + half**2, "compare", gap=4 / ((T + 3) ** 2 * (T + 4)))
        chain.at_most(1 + kappa[T] ** 2 / 4, "the hypothesis", using={hypothesis: (kappa[T] + near) / 4})
        chain.equal(kappa[T + 1], "definition", using={follows.at({t: T}): -1})

    return d.induct(
        T, 2 - 4 / (T + 3), "<=", kappa[T], lambda chain: chain.equal(kappa[1], "both are 1", using={start: -1}), step
    )


@proof
def sharp_ratios():
    """The sum of ratios with the best constant for each number of terms."""
    d = Derivation("the sharp sum of ratios")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = d.given(r[t] * sp.sqrt(S[t]), "=", g[t], "$r_t$ is the quotient $g_t / \\sqrt{S_t}$")
    start, follows = _constants(d)
    each = one_more_ratio().at(
        {slot["g"]: g[T + 1], slot["r"]: r[T + 1], R1: S[T], S1: S[T + 1], Y: kappa[T]},
        given=[grows.at({t: T + 1}), quotient.at({t: T + 1})],
    )
    alone = one_more_ratio().at(
        {slot["g"]: g[1], slot["r"]: r[1], R1: S[0], S1: S[1], Y: sp.Integer(0)}, given=[grows.at({t: 1}), quotient.at({t: 1})]
    )
    left, right = sp.Sum(g[t] * r[t], (t, 1, T)), kappa[T] * sp.sqrt(S[T])

    def base(chain):
        chain.at_most(sp.sqrt(S[1]), "the first term alone", using={alone: 1})
        chain.equal(kappa[1] * sp.sqrt(S[1]), "$\\kappa_1 = 1$", put=[start])

    def step(chain, hypothesis):
        chain.at_most(kappa[T] * sp.sqrt(S[T]) + g[T + 1] * r[T + 1], "the hypothesis", using={hypothesis: 1})
        chain.at_most((1 + kappa[T] ** 2 / 4) * sp.sqrt(S[T + 1]), "one more term", using={each: 1})
        chain.equal(kappa[T + 1] * sp.sqrt(S[T + 1]), "definition", using={follows.at({t: T}): -sp.sqrt(S[T + 1])})

    return d.induct(T, left, "<=", right, base, step)


@proof
def one_more_ratio():
    """One more ratio, beside any multiple of the root so far."""
    d = Derivation("one more ratio")
    grows = d.given(S1, "=", R1 + slot["g"] ** 2, "the sum grows by the square")
    quotient = d.given(slot["r"] * sp.sqrt(S1), "=", slot["g"], "$r$ is the quotient $g / \\sqrt S$")
    rise = lemmas.roots_rise().at({X: R1, Y: S1}, given=[lemmas.larger().at({q: slot["g"]}, given=[grows])])
    old, new = sp.sqrt(R1), sp.sqrt(S1)
    goal = (1 + Y**2 / 4) * new

    def nothing(chain, zero):
        chain.equal(Y * old + slot["r"] ** 2 * new, "$g = r\\sqrt S$", using={quotient: -slot["r"]})
        chain.at_most(goal, "both roots are 0", using={rise: Y}, put=[zero])

    def something(chain, positive):
        chain.equal(Y * old + (S1 - R1) / new, "$r = g/\\sqrt S$", using={quotient: slot["g"] / new, grows: -1 / new})
        chain.at_most(goal, "a square is not negative", gap=(old - Y * new / 2) ** 2 / new)

    return d.start(Y * old + slot["g"] * slot["r"]).cases(goal, zero_or_positive(S1), [nothing, something])


@proof
def sharp_ratios_attained():
    """The best constant is attained where each root is kappa_t / 2 of the next."""
    d = Derivation("the sharp sum of ratios, attained")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = d.given(r[t] * sp.sqrt(S[t]), "=", g[t], "$r_t$ is the quotient $g_t / \\sqrt{S_t}$")
    start, follows = _constants(d)
    positive = d.given(0, "<", S[t], "the first gradient is not 0")
    choice = d.given(sp.sqrt(S[t]), "=", kappa[t] * sp.sqrt(S[t + 1]) / 2, "the choice of the gradients")

    def ratio(chain, k, before):
        root, at = sp.sqrt(S[k]), {t: k}
        using = {quotient.at(at): g[k] / root, grows.at(at): -1 / root}
        return chain.equal(before + (S[k] - S[k - 1]) / root, "$r_t = g_t / \\sqrt{S_t}$", using=using, knowing=[positive.at(at)])

    def base(chain):
        ratio(chain, sp.Integer(1), 0).equal(
            kappa[1] * sp.sqrt(S[1]), "$S_0 = 0$ and $\\kappa_1 = 1$", put=[first, start], knowing=[positive.at({t: 1})]
        )

    def step(chain, hypothesis):
        new, at = sp.sqrt(S[T + 1]), {t: T}
        chain.equal(kappa[T] * sp.sqrt(S[T]) + g[T + 1] * r[T + 1], "the hypothesis", using={hypothesis: 1})
        ratio(chain, T + 1, kappa[T] * sp.sqrt(S[T]))
        chain.equal(
            (1 + kappa[T] ** 2 / 4) * new,
            "the choice",
            using={choice.at(at): kappa[T] - (sp.sqrt(S[T]) + kappa[T] * new / 2) / new},
            knowing=[positive.at({t: T + 1})],
        )
        chain.equal(kappa[T + 1] * new, "definition", using={follows.at(at): -new})

    return d.induct(T, sp.Sum(g[t] * r[t], (t, 1, T)), "=", kappa[T] * sp.sqrt(S[T]), base, step)


# ----------------------------------------------------------------------------------------------------- the bound is attained

rho, theta = sp.symbols("rho theta", positive=True)
j, N, count = Index("j"), Index("N"), Index("m")
pairs, fallen = Family("psi", first=0, sign="positive"), Family("phi", first=0, sign="positive")


def _hovering(d):
    """The hypotheses of a pair of steps, and what a pair gains for each unit by which the root grows."""
    circle = d.given(rho**2 + theta**2, "=", 1, "the sum of squares grows by the square")
    shrink = d.given(pairs[j - 1], "=", theta**2 * pairs[j], "two steps with the quotient $\\rho$")
    return (circle, shrink), c - (1 - theta) * width / rho


@proof
def pair():
    """A gradient from the end b and one back: what the two add to the regret."""
    d = Derivation("there and back")
    (circle, shrink), gain = _hovering(d)
    d.start(rho * theta * pairs[j] * width - rho * pairs[j] * (width - c * rho))
    d.equal(rho**2 * gain * pairs[j], "collected")
    return d.equal(gain * (pairs[j] - pairs[j - 1]), "$\\rho^2 = 1 - \\theta^2$", using={circle: gain * pairs[j], shrink: gain})


@proof
def hover():
    """Pairs that move the iterate from the end b and back: their regret grows with the root of the sum of squares."""
    d = Derivation("hovering")
    given, gain = _hovering(d)
    each = pair().at(given=given)
    ends = lemmas.telescope().at({Family("h"): sp.Lambda(t, pairs[t - 1]), n: N})
    d.start(sp.Sum(rho * theta * pairs[j] * width - rho * pairs[j] * (width - c * rho), (j, 1, N)))
    d.equal(sp.Sum(gain * (pairs[j] - pairs[j - 1]), (j, 1, N)), "there and back", using={each.sum(j, 1, N): 1})
    return d.equal(gain * (pairs[N] - pairs[0]), "telescoping", using={ends: gain})


@proof
def count_down():
    """One to T, added up."""
    d = Derivation("one to T")
    return d.induct(
        T, sp.Sum(t, (t, 1, T)), "=", T * (T + 1) / 2,
        lambda chain: chain.equal(1, "one term"),
        lambda chain, hypothesis: chain.equal((T + 1) * (T + 2) / 2, "the last term apart", using={hypothesis: 1}),
    )  # fmt: skip


@proof
def fall():
    """Gradients of one sign that move the iterate from b to a in m equal steps."""
    d = Derivation("falling")
    rises = d.given(fallen[0], "<=", fallen[t], "the sum of squares grows")
    numbers = count_down().at({T: count})
    share = width / (c * count)

    def terms(root):
        return sp.Sum(share * root * width * (count + 1 - t) / count, (t, 1, count))

    d.start(terms(fallen[t]))
    each = rises.sum(t, 1, count, share * width * (count + 1 - t) / count)
    d.at_least(terms(fallen[0]), "the smallest root", using={each: 1})
    total = (1 + 1 / count) * width**2 / (2 * c) * fallen[0]
    return d.equal(total, "one to $m$", using={numbers: -share * fallen[0] * width / count})
