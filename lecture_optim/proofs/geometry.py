"""Two norms: when AdaGrad's bound is the smaller one, and the one-hot stream."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, between, expect, integer_split, unknown
from lecture_optim.proofs import lemmas, proof
from lecture_optim.proofs.adagrad import any_square, count_down, mean_root
from lecture_optim.proofs.lemmas import D, T, X, Y, n, t

i, j, dim = Index("i"), Index("j"), Index("d")
s, v = (Family(name, sign="nonnegative", vector=True) for name in "sv")
w = Family("w", vector=True)
so_far = Family("A", first=0, sign="nonnegative")
a, m, Z = sp.symbols("a m Z", positive=True)
share = sp.Symbol("p", positive=True)
D_2, D_inf = sp.Symbol("D_2", positive=True), sp.Symbol(r"D_{\infty}", positive=True)
P, Q = sp.Symbol(r"\Vert s\Vert_1", positive=True), sp.Symbol(r"\Vert s\Vert_2", positive=True)


def over(e, k=i):
    """The sum over the coordinates."""
    return sp.Sum(e, (k, 1, dim))


# --------------------------------------------------------------------------------------------------------------------- two norms


@proof
def square_of_sum():
    """The square of a sum: the squares, and twice each entry times the sum before it."""
    d = Derivation("square of a sum")
    begin = d.given(so_far[0], "=", 0, "no entry yet")
    adds = d.given(so_far[t], "=", so_far[t - 1] + s[t], "$A_t$ is the sum of the first $t$ entries")

    def parts(k):
        return sp.Sum(s[j] ** 2, (j, 1, k)) + 2 * sp.Sum(s[j] * so_far[j - 1], (j, 1, k))

    def base(chain):
        chain.equal((so_far[0] + s[1]) ** 2, "one entry", put=[adds.at({t: 1})])
        chain.equal(parts(1), "there is no pair", put=[begin])

    def step(chain, hypothesis):
        chain.equal((so_far[dim] + s[dim + 1]) ** 2, "one more entry", put=[adds.at({t: dim + 1})])
        chain.equal(parts(dim + 1), "the hypothesis", using={hypothesis: 1})

    return d.induct(dim, so_far[dim] ** 2, "=", parts(dim), base, step)


@proof
def pairs():
    """The squared 1-norm exceeds the squared 2-norm by twice the products of all pairs."""
    square = square_of_sum().at({so_far: sp.Lambda(n, sp.Sum(s[i], (i, 1, n)))})
    products = over(s[j] * sp.Sum(s[i], (i, 1, j - 1)), j)
    d = Derivation("pairs").start(over(s[i]) ** 2 - over(s[i] ** 2))
    return d.equal(2 * products, "the square of a sum", using={square: 1})


@proof
def differences():
    """The squared 1-norm falls short of d times the squared 2-norm by half the squared differences."""
    d = Derivation("differences").start(dim * over(s[i] ** 2) - over(s[i]) ** 2)
    return d.equal(over(over((s[i] - s[j]) ** 2, j)) / 2, "the squares of the differences, expanded")


@proof
def root_below():
    """The root of what is at most a square."""
    d = Derivation("the root of less than a square")
    less = d.given(X, "<=", Y**2, "the hypothesis")
    return d.start(sp.sqrt(X)).at_most(Y, "roots rise", using={lemmas.roots_rise().at({Y: Y**2}, given=[less]): 1})


@proof
def root_above():
    """The root of what is at least a square."""
    d = Derivation("the root of more than a square")
    more = d.given(Y**2, "<=", X, "the hypothesis")
    return d.start(Y).at_most(sp.sqrt(X), "roots rise", using={lemmas.roots_rise().at({X: Y**2, Y: X}, given=[more]): 1})


@proof
def two_norms():
    """The 1-norm is at least the 2-norm."""
    below = root_below().at({X: over(s[i] ** 2), Y: over(s[i])}, given=[squares_below()])
    return Derivation("two norms").start(sp.sqrt(over(s[i] ** 2))).at_most(over(s[i]), "roots rise", using={below: 1})


@proof
def two_norms_above():
    """The 1-norm is at most the root of d times the 2-norm."""
    squares = Derivation("squares").start(over(s[i]) ** 2)
    gap = over(over((s[i] - s[j]) ** 2, j)) / 2
    squares.at_most(dim * over(s[i] ** 2), "squares are not negative", gap=gap)
    above = root_above().at({X: dim * over(s[i] ** 2), Y: over(s[i])}, given=[squares.result])
    d = Derivation("two norms, from above").start(over(s[i]))
    return d.at_most(sp.sqrt(dim) * sp.sqrt(over(s[i] ** 2)), "roots rise", using={above: 1})


def squares_below():
    """The squared 2-norm is at most the squared 1-norm."""
    products = over(s[j] * sp.Sum(s[i], (i, 1, j - 1)), j)
    d = Derivation("squares below").start(over(s[i] ** 2))
    return d.at_most(over(s[i]) ** 2, "products are not negative", gap=2 * products, using={pairs().at(): -1}).result


@proof
def which_bound():
    """By how much the bound in the 2-norm exceeds AdaGrad's."""
    d = Derivation("which bound").start(2 * sp.sqrt(2) * D_2 * Q - 2 * sp.sqrt(2) * D_inf * P)
    return d.equal(2 * sp.sqrt(2) * D_inf * Q * (D_2 / D_inf - P / Q), "one factor outside")


@proof
def largest_entry():
    """One entry is at most the sum of non-negative entries; d = k + n."""
    x, k = Family("x", sign="nonnegative"), Index("k")
    total = sp.Sum(x[i], (i, 1, k + n))
    d = Derivation("one entry of a sum")

    def step(chain, hypothesis):
        chain.at_most(total, "the hypothesis", using={hypothesis: 1})
        chain.at_most(sp.Sum(x[i], (i, 1, k + n + 1)), "one more entry", gap=x[k + n + 1])

    return d.induct(
        n, x[k], "<=", total,
        lambda chain: chain.at_most(sp.Sum(x[i], (i, 1, k)), "the entries before it", gap=sp.Sum(x[i], (i, 1, k - 1))),
        step,
    )  # fmt: skip


@proof
def point_norm():
    """The 2-norm of a point of the box."""
    d = Derivation("a point of the box")
    inside = d.given(w[i] ** 2, "<=", D**2, "no entry is larger than $D$")
    below = lemmas.roots_rise().at({X: over(w[i] ** 2), Y: dim * D**2}, given=[inside.sum(i, 1, dim)])
    return d.start(sp.sqrt(over(w[i] ** 2))).at_most(sp.sqrt(dim) * D, "entry by entry", using={below: 1})


@proof
def point_norm_below():
    """The 2-norm of a point with an entry of the size D; the number of coordinates is k + n."""
    d = Derivation("a point with a large entry")
    place = sp.Symbol("k", integer=True, positive=True)
    large = d.given(w[place] ** 2, "=", D**2, "entry $k$ has the size $D$")
    total = sp.Sum(w[i] ** 2, (i, 1, place + n))
    one = largest_entry().at({Family("x", sign="nonnegative"): sp.Lambda(i, w[i] ** 2), Index("k"): place})
    square = Derivation("its square")
    own = square.given(w[place] ** 2, "=", D**2, "the size")
    square.start(D**2).equal(w[place] ** 2, "entry $k$", using={own: -1}).at_most(total, "one entry of the sum", using={one: 1})
    above = root_above().at({X: total, Y: D}, given=[square.at(given=[large])])
    return d.start(D).at_most(sp.sqrt(total), "one entry of the sum", using={above: 1})


@proof
def equal_sizes():
    """A comparator whose entries have one size: AdaGrad's bound is never the larger."""
    u, d = Family("u", vector=True), Derivation("equal sizes")
    size = d.given(u[i] ** 2, "=", D**2, "every entry of $u$ is $D$ or $-D$")
    norm = lemmas.roots_rise().at({X: dim * D**2, Y: over(u[i] ** 2)}, given=[size.sum(i, 1, dim)])
    root, factor = sp.sqrt(over(s[i] ** 2)), 2 * sp.sqrt(2)
    d.start(factor * D * over(s[i]))
    d.at_most(factor * sp.sqrt(dim) * D * root, "two norms", using={two_norms_above().at(): factor * D})
    longer = "$u$ has the 2-norm $\\sqrt d\\,D$"
    return d.at_most(factor * sp.sqrt(over(u[i] ** 2)) * root, longer, using={norm: factor * root})


@proof
def single_entry():
    """A comparator with one entry that is not 0: AdaGrad's bound is never the smaller."""
    d = Derivation("a single entry").start(2 * sp.sqrt(2) * D * sp.sqrt(over(s[i] ** 2)))
    return d.at_most(2 * sp.sqrt(2) * D * over(s[i]), "two norms", using={two_norms().at(): 2 * sp.sqrt(2) * D})


@proof
def cauchy_schwarz():
    """The product of two squared 2-norms exceeds the squared inner product by half the sum of all squared minors."""
    d = Derivation("Cauchy and Schwarz").start(over(v[i] ** 2) * over(s[i] ** 2) - over(v[i] * s[i]) ** 2)
    return d.equal(over(over((v[i] * s[j] - v[j] * s[i]) ** 2, j)) / 2, "the squares, expanded")


@proof
def own_sizes():
    """With an interval of its own for each coordinate the bound is never larger than in the 2-norm."""
    squares = Derivation("squared").start(over(v[i] * s[i]) ** 2)
    gap = over(over((v[i] * s[j] - v[j] * s[i]) ** 2, j)) / 2
    product = over(v[i] ** 2) * over(s[i] ** 2)
    squares.at_most(product, "squares are not negative", gap=gap)
    bound = root_above().at({X: product, Y: over(v[i] * s[i])}, given=[squares.result])
    d = Derivation("own sizes").start(2 * sp.sqrt(2) * over(v[i] * s[i]))
    right = 2 * sp.sqrt(2) * sp.sqrt(over(v[i] ** 2)) * sp.sqrt(over(s[i] ** 2))
    return d.at_most(right, "Cauchy and Schwarz, and roots rise", using={bound: 2 * sp.sqrt(2)})


@proof
def one_constant():
    """With intervals of their own and one c for all: the best c, and what it attains."""
    c, A, B = sp.symbols("c A B", positive=True)
    d = Derivation("one c for all")
    total = d.given(over(s[i]), "=", A, "$A$ is the sum of the roots")
    moment = d.given(over(v[i] ** 2 * s[i]), "=", B, "$B$ weighs the squared sizes by the roots")
    d.start(over((2 * v[i] ** 2 / c + c) * s[i]))
    d.equal(2 * B / c + c * A, "collected", using={moment: 2 / c, total: c})
    gap = (sp.sqrt(2 * B) - c * sp.sqrt(A)) ** 2 / c
    return d.at_least(2 * sp.sqrt(2) * sp.sqrt(A * B), "a square is not negative", gap=gap)


# ------------------------------------------------------------------------------------------------------------ one root, two sides


@proof
def root_parabola():
    """A parabola below the root, which touches it at 1."""
    y = sp.Symbol("y", nonnegative=True)
    r = sp.sqrt(y)
    d = Derivation("a parabola below the root").start(1 + (y - 1) / 2 - (y - 1) ** 2 / 2)
    return d.at_most(r, "three factors", gap=r * (r - 1) ** 2 * (r + 2) / 2)


@proof
def even_sums():
    """Where all sums of squares are nearly equal, the ratio of the norms is nearly the root of d; sqrt(d m) is the 2-norm."""
    S = Family("S", sign="nonnegative", vector=True)
    V = sp.Symbol("V", nonnegative=True)
    d = Derivation("even sums")
    mean = d.given(over(S[i]), "=", dim * m, "$m$ is the mean of the sums of squares")
    spread = d.given(over((S[i] / m - 1) ** 2), "=", dim * V, "$V$ is their relative variance")
    below = root_parabola().at({sp.Symbol("y", nonnegative=True): S[i] / m})
    length = sp.sqrt(dim * m)
    d.start(over(sp.sqrt(S[i])) / length)
    parabola = over(1 + (S[i] / m - 1) / 2 - (S[i] / m - 1) ** 2 / 2)
    d.at_least(parabola / sp.sqrt(dim), "the parabola, for each $i$", using={below.sum(i, 1, dim): 1 / sp.sqrt(dim)})
    return d.equal(
        sp.sqrt(dim) * (1 - V / 2),
        "mean and variance put in",
        using={mean: 1 / (2 * m * sp.sqrt(dim)), spread: -1 / (2 * sp.sqrt(dim))},
    )


# ------------------------------------------------------------------------------------------------------------ the one-hot stream

N = Family("N", sign="nonnegative", vector=True, random=True)
whole, k = sp.Symbol("k", integer=True, nonnegative=True), Index("n")
x, tangent = sp.Symbol("x", positive=True), r"$\ln y \le y - 1$"
term = sp.Min(a / i, a**2 / i**2)


@proof
def moments():
    """Mean and second moment of a number of sightings, where each step sees with probability p."""
    count, seen = Family("N", first=0, random=True), Family("X", random=True)
    d = Derivation("moments of a count")
    begin = d.given(Mean(count[0] ** 2), "=", 0, "nothing is seen yet"), d.given(Mean(count[0]), "=", 0, "nothing is seen yet")
    adds = d.given(count[t], "=", count[t - 1] + seen[t], "$N_t$ counts the sightings")
    own = d.given(seen[t] ** 2, "=", seen[t], "$X_t$ is 1 at a sighting and 0 else")
    chance = d.given(Mean(seen[t]), "=", share, "a sighting has the probability $p$")
    apart = d.given(Mean(count[t - 1] * seen[t]), "=", share * Mean(count[t - 1]), "it does not depend on the past")
    outcome = Derivation("each outcome")
    grows = outcome.given(count[t], "=", count[t - 1] + seen[t], "the count")
    one = outcome.given(seen[t] ** 2, "=", seen[t], "an indicator")
    outcome.start(count[t] ** 2)
    square = count[t - 1] ** 2 + 2 * count[t - 1] * seen[t] + seen[t]
    outcome.equal(square, "expanded", using={grows: count[t] + count[t - 1] + seen[t], one: 1})
    steps = expect(outcome.at(given=[adds, own]), count[t] ** 2, count[t - 1] * seen[t], seen[t]).at({t: n + 1})
    mean = Derivation("the mean of a count")
    mean.given(Mean(count[0]), "=", 0, "nothing is seen yet")
    mean.given(Mean(count[t]), "=", Mean(count[t - 1]) + share, "one more chance")
    first, more = mean.givens
    mean.induct(
        n, Mean(count[n]), "=", share * n,
        lambda chain: chain.equal(0, "nothing yet", put=[first]),
        lambda chain, hypothesis: chain.equal(share * (n + 1), "one more", using={more.at({t: n + 1}): 1, hypothesis: 1}),
    )  # fmt: skip
    each = Derivation("one more chance")
    each_adds, each_chance = (each.given(r.left, "=", r.right, r.why) for r in (adds, chance))
    each.start(Mean(count[t])).equal(
        Mean(count[t - 1]) + share, "averaged", using={expect(each_adds, count[t], seen[t]): 1, each_chance: 1}
    )
    line = mean.at(given=[begin[1], each.at(given=[adds, chance])])

    def step(chain, hypothesis):
        chain.equal(
            Mean(count[n] ** 2) + 2 * Mean(count[n] * seen[n + 1]) + Mean(seen[n + 1]), "expanded, averaged", using={steps: 1}
        )
        right = share * (1 - share) * (n + 1) + share**2 * (n + 1) ** 2
        chain.equal(
            right,
            "the hypothesis, and the means",
            using={hypothesis: 1, apart.at({t: n + 1}): 2, chance.at({t: n + 1}): 1, line: 2 * share},
        )

    return d.induct(
        n, Mean(count[n] ** 2), "=", share * (1 - share) * n + share**2 * n**2,
        lambda chain: chain.equal(0, "nothing yet", put=[begin[0]]), step,
    )  # fmt: skip


@proof
def whole_square():
    """A whole number is at most its square."""
    return (
        Derivation("a whole number")
        .start(whole)
        .cases(
            whole**2,
            integer_split(whole, 0),
            [
                lambda chain, none: chain.at_most(whole**2, "it is 0", gap=whole**2, using={none: 1}),
                lambda chain, some: chain.at_most(whole**2, "it is 1 or more", using={some: whole}),
            ],
        )
    )


@proof
def by_roots():
    """The mean of AdaGrad's sum on a one-hot stream, by Jensen's inequality."""
    d = Derivation("one-hot, by roots")
    mean = d.given(Mean(N[i]), "=", a**2 / i**2, "$N_i$ sightings, $a^2/i^2$ on average")
    each = Derivation("one coordinate")
    own = each.given(Mean(N[i]), "=", a**2 / i**2, "the mean")
    jensen = mean_root().at({any_square.family: sp.Lambda((), N[i])})
    each.start(Mean(sp.sqrt(N[i]))).at_most(sp.sqrt(Mean(N[i])), "the mean of a root", using={jensen: 1})
    each.equal(a / i, "the mean put in", put=[own])
    d.start(over(Mean(sp.sqrt(N[i]))))
    return d.at_most(a * over(1 / i), "the mean of a root, for each $i$", using={each.at(given=[mean]).sum(i, 1, dim): 1})


@proof
def tail_term():
    """Far out the mean itself is the smaller."""
    d = Derivation("far out")
    beyond = d.given(a, "<=", x, "$x$ lies beyond $a$")
    return d.start(a**2 / x**2).at_most(a / x, "$a \\le x$", using={beyond: a / x**2})


@proof
def head_term():
    """Near by the root is the smaller."""
    d = Derivation("near by")
    before = d.given(x, "<=", a, "$x$ lies before $a$")
    return d.start(a / x).at_most(a**2 / x**2, "$x \\le a$", using={before: a / x**2})


@proof
def by_counts():
    """Each coordinate adds at most the smaller of the root of its mean count and the mean count."""
    d = Derivation("the smaller of two")
    mean = d.given(Mean(N[i]), "=", a**2 / i**2, "$N_i$ sightings, $a^2/i^2$ on average")
    count = d.given(N[i], "<=", N[i] ** 2, "$N_i$ is a whole number")
    jensen = mean_root().at({any_square.family: sp.Lambda((), N[i])})
    below = expect(root_below().at({X: N[i], Y: N[i]}, given=[count]), N[i], sp.sqrt(N[i]))

    def few(chain, case):
        chain.at_most(Mean(N[i]), "$\\sqrt N \\le N$, averaged", using={below: 1})
        chain.equal(a**2 / i**2, "the mean put in", put=[mean])
        chain.equal(term, "the smaller", knowing=[tail_term().at({x: i}, given=[case])])

    def many(chain, case):
        chain.at_most(sp.sqrt(Mean(N[i])), "the mean of a root", using={jensen: 1})
        chain.equal(a / i, "the mean put in", put=[mean])
        chain.equal(term, "the smaller", knowing=[head_term().at({x: i}, given=[case])])

    return d.start(Mean(sp.sqrt(N[i]))).cases(term, between(a, i), [few, many])


def area(y):
    """The integral of min(a/x, a^2/x^2) over x from 1 to y, for a >= 1."""
    return a * sp.log(sp.Min(a, y)) + a - a**2 / sp.Max(a, y)


@proof
def one_strip():
    """One term is at most the area over the unit interval before it."""
    d = Derivation("one strip")
    down = d.given(sp.log(k / (k + 1)), "<=", k / (k + 1) - 1, tangent)
    turn = d.given(sp.log(k / a), "<=", k / a - 1, tangent)
    strip, flat = area(k + 1) - area(k), a**2 / (k + 1) ** 2
    d.start(sp.Min(a / (k + 1), flat))

    def far(chain, case):
        chain.equal(flat, "the smaller", knowing=[tail_term().at({x: k + 1}, given=[case])])
        chain.at_most(strip, "$n < n + 1$", gap=a**2 / (k * (k + 1) ** 2), knowing=[case])

    def across(chain, low, high):
        chain.equal(flat, "the smaller", knowing=[tail_term().at({x: k + 1}, given=[high])])
        gap = (k + 1 - a) * (k + (a - k) * (k + 2)) / (k + 1) ** 2
        chain.at_most(strip, "concave in $a$ between $n$ and $n + 1$", gap=gap, using={turn: a}, knowing=[low, high])

    def near(chain, case):
        chain.equal(a / (k + 1), "the smaller", knowing=[head_term().at({x: k + 1}, given=[case])])
        chain.at_most(strip, "the tangent of the logarithm", using={down: a}, knowing=[case])

    return d.cases(strip, between(a, k, k + 1), [far, across, near])


@proof
def all_strips():
    """The terms together are at most the first and the area."""
    d = Derivation("all strips")
    large = d.given(1, "<=", a, "the first coordinate is seen, on average")
    logs = [
        d.given(sp.log(k / (k + 1)), "<=", k / (k + 1) - 1, tangent),
        d.given(sp.log(k / a), "<=", k / a - 1, tangent),
    ]
    strip = one_strip().at(given=logs)

    def base(chain):
        chain.at_most(a, "the first term", gap=a - sp.Min(a, a**2), knowing=[large])
        chain.equal(a + area(sp.Integer(1)), "no area", knowing=[large])

    def step(chain, hypothesis):
        chain.at_most(a + area(dim + 1), "the hypothesis, and one strip", using={hypothesis: 1, strip.at({k: dim}): 1})

    return d.induct(dim, over(term), "<=", a + area(dim), base, step)


@proof
def whole_area():
    """The area is at most what it is without end."""
    d = Derivation("the whole area")
    turn = d.given(sp.log(k / a), "<=", k / a - 1, tangent).at({k: dim})

    def far(chain, case):
        chain.at_most(a * (2 + sp.log(a)), "what is left out", gap=a**2 / dim, knowing=[case])

    def near(chain, case):
        chain.at_most(a * (2 + sp.log(a)), "the logarithm rises", gap=(a - dim) + a, using={turn: a}, knowing=[case])

    return d.start(a + area(dim)).cases(a * (2 + sp.log(a)), between(a, dim), [far, near])


@proof
def saturation():
    """The mean of AdaGrad's sum on the one-hot stream: one bound for few coordinates and for many."""
    d = Derivation("one-hot, few coordinates or many")
    mean = d.given(Mean(N[i]), "=", a**2 / i**2, "$N_i$ sightings, $a^2/i^2$ on average")
    count = d.given(N[i], "<=", N[i] ** 2, "$N_i$ is a whole number")
    large = d.given(1, "<=", a, "the first coordinate is seen, on average")
    logs = [
        d.given(sp.log(k / (k + 1)), "<=", k / (k + 1) - 1, tangent),
        d.given(sp.log(k / a), "<=", k / a - 1, tangent),
    ]
    d.start(over(Mean(sp.sqrt(N[i]))))
    d.at_most(over(term), "the smaller of two, for each $i$", using={by_counts().at(given=[mean, count]).sum(i, 1, dim): 1})
    d.at_most(a + area(dim), "strips under a curve", using={all_strips().at(given=[large, *logs]): 1})
    return d.at_most(a * (2 + sp.log(a)), "the whole area", using={whole_area().at(given=[logs[1]]): 1})


@proof
def harmonic():
    """The harmonic sum is at most one more than the logarithm."""
    d = Derivation("harmonic sum")
    down = d.given(sp.log(k / (k + 1)), "<=", k / (k + 1) - 1, tangent)

    def step(chain, hypothesis):
        chain.at_most(1 + sp.log(dim) + 1 / (dim + 1), "the hypothesis", using={hypothesis: 1})
        chain.at_most(1 + sp.log(dim + 1), "the tangent of the logarithm", using={down.at({k: dim}): 1})

    return d.induct(dim, over(1 / i), "<=", 1 + sp.log(dim), lambda chain: chain.equal(1, "one term"), step)


@proof
def from_below():
    """The mean of the root of a count from below."""
    d = Derivation("the mean of a root, from below")
    count = unknown("N", sign="nonnegative")
    mean = d.given(Mean(count), "=", m, "$m$ is the mean of $N$")
    square = d.given(Mean(count**2), "=", m * (1 - share) + m**2, "a binomial count, $m = pT$")
    below = root_parabola().at({sp.Symbol("y", nonnegative=True): count / m})
    averaged = expect(below, sp.sqrt(count), count, count**2)
    d.start(Mean(sp.sqrt(count)))
    y = Mean(count) / m
    d.at_least(
        sp.sqrt(m) * (1 + (y - 1) / 2 - (Mean(count**2) / m**2 - 2 * y + 1) / 2),
        "the parabola, averaged",
        using={averaged: sp.sqrt(m)},
    )
    return d.equal(sp.sqrt(m) - (1 - share) / (2 * sp.sqrt(m)), "the means put in", put=[square, mean])


@proof
def harmonic_below():
    """The harmonic sum is at least a logarithm."""
    d = Derivation("harmonic sum, from below")
    up = d.given(sp.log((k + 1) / k), "<=", (k + 1) / k - 1, tangent)

    def step(chain, hypothesis):
        chain.at_least(sp.log(dim + 1) + 1 / (dim + 1), "the hypothesis", using={hypothesis: 1})
        chain.at_least(sp.log(dim + 2), "the tangent of the logarithm", using={up.at({k: dim + 1}): 1})

    def base(chain):
        chain.at_least(sp.log(2), "the tangent at 2", using={up.at({k: 1}): 1})

    return d.induct(dim, over(1 / i), ">=", sp.log(dim + 1), base, step)


@proof
def first_entries():
    """Non-negative entries: the first k add up to at most all of them, k + n."""
    entries, first = Family("x", sign="nonnegative"), Index("k")
    few, all_ = sp.Sum(entries[i], (i, 1, first)), sp.Sum(entries[i], (i, 1, first + n))
    d = Derivation("the first entries")

    def step(chain, hypothesis):
        chain.at_most(all_, "the hypothesis", using={hypothesis: 1})
        chain.at_most(sp.Sum(entries[i], (i, 1, first + n + 1)), "one more entry", gap=entries[first + n + 1])

    return d.induct(n, few, "<=", all_, lambda chain: chain.equal(few, "the same"), step)


@proof
def growth():
    """The mean of AdaGrad's sum on the one-hot stream grows as long as coordinates are seen; d = k + n."""
    d = Derivation("one-hot, from below")
    first = Index("k")
    mean = d.given(Mean(N[i]), "=", a**2 / i**2, "$N_i$ sightings, $a^2/i^2$ on average")
    chance = Family("p", sign="positive", vector=True)
    square = d.given(Mean(N[i] ** 2), "=", a**2 / i**2 * (1 - chance[i]) + a**4 / i**4, "a binomial count")
    each = from_below().at(
        {unknown("N", sign="nonnegative").family: sp.Lambda((), N[i]), m: a**2 / i**2, share: chance[i]}, given=[mean, square]
    )
    all_ = first_entries().at({Family("x", sign="nonnegative"): sp.Lambda(i, Mean(sp.sqrt(N[i]))), Index("k"): first})
    d.start(sp.Sum(Mean(sp.sqrt(N[i])), (i, 1, first + n)))
    d.at_least(sp.Sum(Mean(sp.sqrt(N[i])), (i, 1, first)), "the first $k$ alone", using={all_: 1})
    sure = sp.Sum(a / i - i / (2 * a), (i, 1, first))
    d.at_least(
        sure, "the parabola, for each $i$", gap=sp.Sum(chance[i] * i / (2 * a), (i, 1, first)), using={each.sum(i, 1, first): 1}
    )
    numbers = count_down().at({T: first})
    return d.equal(a * sp.Sum(1 / i, (i, 1, first)) - first * (first + 1) / (4 * a), "one to $k$", using={numbers: -1 / (2 * a)})
