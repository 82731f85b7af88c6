"""The lemmas that the regret bounds share: first about numbers, then about sequences, then about the iterates in an interval."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, between, latex, substitute, zero_or_positive
from lecture_optim.proofs import proof

t, T, n = Index("t"), Index("T"), Index("n", 0)
x, p, a, b, u, w = sp.symbols("x p a b u w", real=True)
c, D = sp.symbols("c D", positive=True)
M, X, Y = sp.symbols("M X Y", nonnegative=True)
q = sp.Symbol("q", real=True)
W = Family("w")
h, A = Family("h", sign="nonnegative"), Family("A", sign="nonnegative")
g, r, S = Family("g"), Family("r"), Family("S", first=0, sign="nonnegative")


@proof
def order():
    """A point of an interval orders its ends."""
    d = Derivation("order")
    low = d.given(a, "<=", u, "$u$ lies in the interval")
    high = d.given(u, "<=", b, "$u$ lies in the interval")
    return d.start(a).at_most(b, "through $u$", using={low: 1, high: 1})


@proof
def projection():
    """A projected point is no farther from any point of the interval than the point was."""
    d = Derivation("projection")
    clip = d.given(p, "=", sp.Min(sp.Max(x, a), b), "$x$, projected onto $[a, b]$")
    low = d.given(a, "<=", u, "$u$ lies in the interval")
    high = d.given(u, "<=", b, "$u$ lies in the interval")
    ends = order().at(given=[low, high])

    def below(chain, left):
        chain.equal((a - u) ** 2, "then $p = a$", put=[clip], knowing=[ends])
        chain.at_most((x - u) ** 2, "$x$ lies beyond $a$, seen from $u$", gap=(a - x) ** 2 + 2 * (a - x) * (u - a))

    def inside(chain, left, right):
        chain.equal((x - u) ** 2, "then $p = x$", put=[clip])

    def above(chain, right):
        chain.equal((b - u) ** 2, "then $p = b$", put=[clip], knowing=[ends])
        chain.at_most((x - u) ** 2, "$x$ lies beyond $b$, seen from $u$", gap=(x - b) ** 2 + 2 * (x - b) * (b - u))

    d.start((p - u) ** 2)
    return d.cases((x - u) ** 2, between(x, a, b), [below, inside, above])


@proof
def one_step():
    """What one step costs: the regret of a step against the change of the squared distance, divided by twice the rate.

    Nothing is divided: r is the quotient g/s, of which only r s = g is used, so s = 0 needs no case of its own.
    """
    d = Derivation("one step")
    g, r = sp.symbols("g r", real=True)
    s = sp.Symbol("s", nonnegative=True)
    quotient = d.given(r * s, "=", g, "$r = g / s$; if $s = 0$, any $r$")
    moved = d.given(p, "=", sp.Min(sp.Max(w - c * r, a), b), "the step, and then the projection")
    low = d.given(a, "<=", u, "$u$ lies in the interval")
    high = d.given(u, "<=", b, "$u$ lies in the interval")
    nearer = projection().at({x: w - c * r}, given=[moved, low, high])
    h = s / (2 * c)
    d.start(g * (w - u))
    d.equal(
        h * ((w - u) ** 2 - (w - c * r - u) ** 2) + c / 2 * g * r, "the square, expanded", using={quotient: -(w - u) + c / 2 * r}
    )
    return d.at_most(h * ((w - u) ** 2 - (p - u) ** 2) + c / 2 * g * r, "by projection", using={nearer: h})


@proof
def abel():
    """Summation by parts."""
    h, A = Family("h"), Family("A")  # of any sign
    d = Derivation("summation by parts")
    left = sp.Sum(h[t] * (A[t] - A[t + 1]), (t, 1, T))
    right = h[1] * A[1] - h[T] * A[T + 1] + sp.Sum((h[t + 1] - h[t]) * A[t + 1], (t, 1, T - 1))

    def step(chain, hypothesis):
        chain.equal(right + h[T + 1] * (A[T + 1] - A[T + 2]), "the last term apart", using={hypothesis: 1})
        chain.equal(substitute(right, {T: T + 1}), "collected")

    return d.induct(T, left, "=", right, lambda chain: chain.equal(substitute(right, {T: 1}), "one term"), step)


@proof
def telescope():
    """Differences add up to the difference of the ends; of no differences the sum is 0."""
    h = Family("h")  # of any sign
    d = Derivation("telescoping")
    left, right = sp.Sum(h[t + 1] - h[t], (t, 1, n)), h[n + 1] - h[1]
    return d.induct(
        n, left, "=", right,
        lambda chain: chain.equal(0, "no term"),
        lambda chain, hypothesis: chain.equal(h[n + 2] - h[1], "the last term apart", using={hypothesis: 1}),
    )  # fmt: skip


@proof
def monotone_weights():
    """Weighted differences of a bounded sequence add up to one term where the weights never fall."""
    d = Derivation("monotone weights")
    rising = d.given(h[t], "<=", h[t + 1], "the weights never fall")
    bounded = d.given(A[t], "<=", M, "$A_t$ is bounded")
    parts = abel().at({Family("h"): sp.Lambda(t, h[t]), Family("A"): sp.Lambda(t, A[t])})
    all_rises = telescope().at({Family("h"): sp.Lambda(t, h[t]), n: T - 1})
    d.start(sp.Sum(h[t] * (A[t] - A[t + 1]), (t, 1, T)))
    rises = sp.Sum((h[t + 1] - h[t]) * A[t + 1], (t, 1, T - 1))
    d.equal(h[1] * A[1] - h[T] * A[T + 1] + rises, "by parts", using={parts: 1})
    d.at_most(
        h[1] * M - h[T] * A[T + 1] + M * sp.Sum(h[t + 1] - h[t], (t, 1, T - 1)),
        "$A_t \\le M$, and no weight $h_{t+1} - h_t$ is negative",
        using={
            bounded.at({t: 1}): h[1],
            bounded.at({t: t + 1}).sum(t, 1, T - 1, h[t + 1] - h[t], knowing=[rising]): 1,
        },
    )
    d.equal(M * h[T] - h[T] * A[T + 1], "telescoping", using={all_rises: M})
    return d.at_most(M * h[T], "$A_{T+1} \\ge 0$", gap=h[T] * A[T + 1])


@proof
def roots_rise():
    """The root is monotone."""
    d = Derivation("roots rise")
    less = d.given(X, "<=", Y, "the hypothesis")
    roots = sp.sqrt(X) + sp.sqrt(Y)
    return d.start(sp.sqrt(X)).cases(
        sp.sqrt(Y),
        zero_or_positive(roots),
        [
            lambda chain, zero: chain.at_most(sp.sqrt(Y), "both are 0", gap=2 * sp.sqrt(Y), using={zero: 1}),
            lambda chain, positive: chain.at_most(sp.sqrt(Y), "divide $Y - X$", using={less: 1 / roots}),
        ],
    )


@proof
def size_tells():
    """Of two numbers, the second not negative, the one with the larger square is the larger one."""
    d = Derivation("squares tell the order")
    y = sp.Symbol("y", nonnegative=True)
    less = d.given(x**2, "<=", y**2, "the hypothesis")
    root = roots_rise().at({X: x**2, Y: y**2}, given=[less])

    def below(chain, case):
        chain.at_most(y, "not positive", gap=y, using={case: 1})

    def above(chain, case):
        chain.at_most(y, "the root is monotone", using={root: 1}, knowing=[case])

    return d.start(x).cases(y, between(x, 0), [below, above])


def in_order(small, large, squares):
    """The relation small <= large, where ``squares`` is small^2 <= large^2 and large is seen not to be negative."""
    return size_tells().at({x: small, sp.Symbol("y", nonnegative=True): large}, given=[squares])


@proof
def powers_keep_order():
    """Whole powers keep the order of numbers that are not negative."""
    d, k = Derivation("powers keep order"), Index("k", 0)
    less = d.given(X, "<=", Y, "the hypothesis")
    return d.induct(
        k, X**k, "<=", Y**k,
        lambda chain: chain.equal(1, "both are 1"),
        lambda chain, hypothesis: chain.at_most(X * Y**k, "$X^k \\le Y^k$", using={hypothesis: X}).at_most(
            Y ** (k + 1), "$X \\le Y$", using={less: Y**k}
        ),
    )  # fmt: skip


@proof
def larger():
    """A sum of squares never falls."""
    R, S = sp.symbols("R S", nonnegative=True)
    d = Derivation("larger")
    grows = d.given(S, "=", R + q**2, "the sum grows by the square")
    return d.start(R).at_most(S, "a square is not negative", gap=q**2, using={grows: -1})


@proof
def rising_rate():
    """One over twice the rate rises with the root."""
    d = Derivation("rising weights")
    less = d.given(X, "<=", Y, "the roots rise")
    return d.start(X / (2 * c)).at_most(Y / (2 * c), "$c > 0$", using={less: 1 / (2 * c)})


def _one_ratio(d, g, r, old, new):
    """Add to d the hypotheses and the chain of a new square g**2, divided by the root of the sum: old before it, new with it."""
    grows = d.given(new, "=", old + g**2, "the sum grows by the square")
    quotient = d.given(r * sp.sqrt(new), "=", g, f"the quotient; any ${latex(r)}$ if ${latex(new)} = 0$")
    R, S = sp.symbols("R S", nonnegative=True)
    rise = roots_rise().at({X: old, Y: new}, given=[larger().at({R: old, S: new, q: g}, given=[grows])])
    goal = 2 * (sp.sqrt(new) - sp.sqrt(old))

    def nothing(chain, zero):
        chain.equal(r**2 * sp.sqrt(new), f"${latex(g)} = {latex(r * sp.sqrt(new))}$", using={quotient: -r})
        chain.at_most(goal, "both roots are 0", using={rise: 2}, put=[zero])

    def something(chain, positive):
        root = sp.sqrt(new)
        chain.equal((new - old) / root, f"${latex(r)}$ is the quotient", using={quotient: g / root, grows: -1 / root})
        chain.at_most(goal, "a square is not negative", gap=(root - sp.sqrt(old)) ** 2 / root)

    return d.start(g * r).cases(goal, zero_or_positive(new), [nothing, something])


@proof
def ratio_growth():
    """A new square, divided by the root of the new sum, is at most twice the growth of the root."""
    return _one_ratio(Derivation("ratio growth"), g[t], r[t], S[t - 1], S[t])


@proof
def ratio_step():
    """`ratio_growth` for four numbers."""
    g, r = sp.symbols("g r", real=True)
    return _one_ratio(Derivation("ratio step"), g, r, *sp.symbols("R S", nonnegative=True))


@proof
def sum_of_ratios():
    """Squares, each divided by the root of the sum so far, add up to at most twice the last root."""
    d = Derivation("sum of ratios")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = d.given(r[t] * sp.sqrt(S[t]), "=", g[t], "the quotient; any $r_t$ if $S_t = 0$")
    each = ratio_growth().at(given=[grows, quotient])
    ends = telescope().at({Family("h"): sp.Lambda(t, sp.sqrt(S[t - 1])), n: T})
    d.start(sp.Sum(g[t] * r[t], (t, 1, T)))
    d.at_most(2 * sp.Sum(sp.sqrt(S[t]) - sp.sqrt(S[t - 1]), (t, 1, T)), "each ratio", using={each.sum(t, 1, T): 1})
    d.equal(2 * sp.sqrt(S[T]) - 2 * sp.sqrt(S[0]), "telescoping", using={ends: 2})
    return d.equal(2 * sp.sqrt(S[T]), "$S_0 = 0$", put=[first])


@proof
def at_most_maximum():
    """A number is at most the maximum of it and another one."""
    d = Derivation("at most the maximum")
    x, y, z = sp.symbols("x y z", real=True)
    largest = d.given(z, "=", sp.Max(x, y), "the maximum")
    return d.start(x).at_most(z, "the larger one", gap=sp.Max(x, y) - x, using={largest: -1})


@proof
def clipped_below():
    """A projected point is not below the interval."""
    d = Derivation("not below")
    clip = d.given(p, "=", sp.Min(sp.Max(x, a), b), "$p$ is the projection of $x$ onto $[a, b]$")
    ordered = d.given(a, "<=", b, "the interval is not empty")
    return d.start(a).at_most(p, "by the maximum", gap=sp.Min(sp.Max(x, a), b) - a, put=[clip], knowing=[ordered])


@proof
def clipped_above():
    """A projected point is not above the interval."""
    d = Derivation("not above")
    clip = d.given(p, "=", sp.Min(sp.Max(x, a), b), "$p$ is the projection of $x$ onto $[a, b]$")
    return d.start(p).at_most(b, "by the minimum", gap=b - sp.Min(sp.Max(x, a), b), put=[clip])


@proof
def stays_above():
    """The iterates are never below the interval."""
    d = Derivation("stays above")
    update = d.given(W[t + 1], "=", sp.Min(sp.Max(W[t] - c * r[t], a), b), "the update, projected")
    begin = d.given(a, "<=", W[1], "the start lies in the interval")
    ordered = d.given(a, "<=", b, "the interval is not empty")
    inside = clipped_below().at({p: W[T + 1], x: W[T] - c * r[T]}, given=[update.at({t: T}), ordered])
    return d.induct(
        T, a, "<=", W[T],
        lambda chain: chain.at_most(W[1], "the start", using={begin: 1}),
        lambda chain, hypothesis: chain.at_most(W[T + 1], "projected", using={inside: 1}),
    )  # fmt: skip


@proof
def stays_below():
    """The iterates are never above the interval."""
    d = Derivation("stays below")
    update = d.given(W[t + 1], "=", sp.Min(sp.Max(W[t] - c * r[t], a), b), "the update, projected")
    begin = d.given(W[1], "<=", b, "the start lies in the interval")
    inside = clipped_above().at({p: W[T + 1], x: W[T] - c * r[T]}, given=[update.at({t: T})])
    return d.induct(
        T, W[T], "<=", b,
        lambda chain: chain.at_most(b, "the start", using={begin: 1}),
        lambda chain, hypothesis: chain.at_most(b, "projected", using={inside: 1}),
    )  # fmt: skip


@proof
def width():
    """Two points of an interval are no farther apart than its ends."""
    d = Derivation("width")
    for point in (w, u):
        d.given(a, "<=", point, f"${point}$ lies in the interval")
        d.given(point, "<=", b, f"${point}$ lies in the interval")
    gap = (b - w) * (b - u) + (b - w) * (w - a) + (u - a) * (b - u) + (u - a) * (w - a)
    return d.start((w - u) ** 2).at_most((b - a) ** 2, "products of four distances", gap=gap)
