"""Online convex optimization: projected descent, the norm-adaptive bound, from regret to a point, and what no rule can beat."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, between, expect, unknown, zero_or_positive
from lecture_optim.proofs import counts, lemmas, proof
from lecture_optim.proofs.lemmas import A, D, M, S, T, X, Y, c, h, n, t, u

i, m, dim = Index("i"), Index("m"), sp.Symbol("d", integer=True, positive=True)
W = sp.Symbol("W", nonnegative=True)
eta, G = sp.symbols("eta G", positive=True)
lam, gamma = sp.symbols("lambda gamma", real=True)
root = sp.Symbol("s", nonnegative=True)
before, after, total, sooner = sp.symbols(
    "A A' S' S", nonnegative=True
)  # a squared distance and the next; a sum and the one before
# Points and vectors of one step, then those of all steps.
w_, x_, p_, y_, u_, g_, r_ = (Family(name, vector=True) for name in "wxpyugr")
w, gt, rt = (Family(name, first=(1, 1), vector=True) for name in "wgr")


def over(e):
    """The sum over the coordinates."""
    return sp.Sum(e, (i, 1, dim))


# ----------------------------------------------------------------------------------------------- regret, and what follows from it


@proof
def linear_losses():
    """The regret for convex losses is at most that for their linear parts."""
    P, C = Family("P"), Family("C")
    d = Derivation("linear losses")
    tangent = d.given(P[t] - C[t], "<=", over(gt[t, i] * (w[t, i] - u_[i])), "convexity: the tangent at $w_t$ lies below $f_t$")
    d.start(sp.Sum(P[t] - C[t], (t, 1, T)))
    return d.at_most(sp.Sum(over(gt[t, i] * (w[t, i] - u_[i])), (t, 1, T)), "each step", using={tangent.sum(t, 1, T): 1})


@proof
def average_point():
    """The loss at the average point is at most the average loss."""
    B, L = Family(r"\bar L"), Family("L")
    d = Derivation("average point")
    begin = d.given(B[1], "=", L[1], "the first average is the first point")
    chord = d.given((t + 1) * B[t + 1], "<=", t * B[t] + L[t + 1], "convexity, on the way to the next point")
    return d.induct(
        T, T * B[T], "<=", sp.Sum(L[t], (t, 1, T)),
        lambda chain: chain.equal(L[1], "one point", put=[begin]),
        lambda chain, hypothesis: chain.at_most(T * B[T] + L[T + 1], "convexity", using={chord.at({t: T}): 1}).at_most(
            sp.Sum(L[t], (t, 1, T + 1)), "the hypothesis", using={hypothesis: 1}
        ),
    )  # fmt: skip


@proof
def online_to_batch():
    """From regret on every path to the mean loss of the average point."""
    W_, H = (Family(name, first=(1, 1), vector=True, random=True) for name in ("w", "G"))
    g2, L = Family("g", first=(1, 1), vector=True, random=True), Family("L", random=True)
    mean, bound, best = Family(r"\bar L", random=True), unknown("B"), sp.Symbol("L_u", real=True)
    d = Derivation("online to batch")
    tangent = d.given(L[t] - best, "<=", over(H[t, i] * (W_[t, i] - u_[i])), "$G_t$ is a subgradient of $\\mathcal L$ at $w_t$")
    product = d.given(Mean(g2[t, i] * W_[t, i]), "=", Mean(H[t, i] * W_[t, i]), "$w_t$ taken out; the tower property")
    plain = d.given(Mean(g2[t, i]), "=", Mean(H[t, i]), "the tower property")
    regret = d.given(sp.Sum(over(g2[t, i] * (W_[t, i] - u_[i])), (t, 1, T)), "<=", bound, "the regret bound, on every path")
    begin = d.given(mean[1], "=", L[1], "$\\bar L_t$ is the loss at the average of $w_1, \\dots, w_t$")
    chord = d.given((t + 1) * mean[t + 1], "<=", t * mean[t] + L[t + 1], "convexity, from one average to the next")
    names = {Family(r"\bar L"): sp.Lambda(t, mean[t]), Family("L"): sp.Lambda(t, L[t])}
    average = average_point().at(names, given=[begin, chord])

    d.start(T * (Mean(mean[T]) - best))
    averaged = expect(average, mean[t], L[t])
    d.at_most(sp.Sum(Mean(L[t]) - best, (t, 1, T)), "the average point", using={averaged: 1})
    tangents = expect(tangent, L[t], H[t, i] * W_[t, i], H[t, i])
    inner = over(Mean(H[t, i] * W_[t, i]) - u_[i] * Mean(H[t, i]))
    d.at_most(sp.Sum(inner, (t, 1, T)), "convexity, averaged", using={tangents.sum(t, 1, T): 1})
    inner = over(Mean(g2[t, i] * W_[t, i]) - u_[i] * Mean(g2[t, i]))
    swap = {product.sum(i, 1, dim).sum(t, 1, T): -1, plain.sum(i, 1, dim, u_[i]).sum(t, 1, T): 1}
    d.equal(sp.Sum(inner, (t, 1, T)), "the two facts about means", using=swap)
    regrets = expect(regret, bound, g2[t, i] * W_[t, i], g2[t, i])
    return d.at_most(Mean(bound), "the regret bound, averaged", using={regrets: 1})


# --------------------------------------------------------------------------------------------------------------- the projection


@proof
def nearest_point():
    """Seen from the nearest point of a convex set, no point of the set lies towards the outer point."""
    d = Derivation("nearest point")
    toward = d.given(gamma, "=", over((x_[i] - p_[i]) * (u_[i] - p_[i])), "the inner product")
    far = d.given(before, "=", over((u_[i] - p_[i]) ** 2), "the squared distance from $p$ to $u$")
    share = d.given(lam * (sp.Abs(gamma) + before + 1), "=", sp.Abs(gamma), "a share of the way from $p$ to $u$")
    moved = p_[i] + lam * (u_[i] - p_[i])
    point = d.given(y_[i], "=", moved, "the point at this share")
    near = d.given(over((x_[i] - p_[i]) ** 2), "<=", over((x_[i] - y_[i]) ** 2), "$y$ lies in the set, and $p$ is nearest")

    def away(chain, negative):
        chain.at_most(0, "the case", using={negative: 1})

    def no_way(chain, zero):
        chain.equal(0, "the case", using={zero: 1})

    def towards(chain, positive):
        size = gamma + before + 1
        factor = size**2 / (gamma * (2 * gamma + before + 2))
        parts = {toward: 2 * lam * factor, far: -(lam**2) * factor, near: factor}
        there = {point.sum(i, 1, dim, y_[i] + moved - 2 * x_[i]): factor}
        # What is left is a polynomial in lambda, gamma and A, which vanishes by the choice of lambda.
        rest = {share: -factor * (2 * gamma * size - before * (lam * size + gamma)) / size**2}
        chain.at_most(0, "$p$ is nearest: contradicts $\\gamma > 0$", using=parts | there | rest, knowing=[positive])

    def forward(chain, positive):
        chain.cases(0, zero_or_positive(gamma), [no_way, towards])

    return d.start(gamma).cases(0, between(gamma, 0), [away, forward])


@proof
def nearer():
    """Projection onto a convex set moves a point nearer to every point of the set."""
    d = Derivation("nearer")
    behind = d.given(over((x_[i] - p_[i]) * (u_[i] - p_[i])), "<=", 0, "$p$ is the projection of $x$")
    d.start(over((p_[i] - u_[i]) ** 2))
    return d.at_most(over((x_[i] - u_[i]) ** 2), "the square, expanded", gap=over((x_[i] - p_[i]) ** 2), using={behind: 2})


@proof
def ball_diameter():
    """Two points of a ball are no farther apart than twice its radius."""
    d = Derivation("diameter of a ball")
    first = d.given(over(w_[i] ** 2), "<=", D**2, "$w$ lies in the ball")
    second = d.given(over(u_[i] ** 2), "<=", D**2, "$u$ lies in the ball")
    d.start(over((w_[i] - u_[i]) ** 2))
    return d.at_most((2 * D) ** 2, "the parallelogram", gap=over((w_[i] + u_[i]) ** 2), using={first: 2, second: 2})


# -------------------------------------------------------------------------------------------------- one step in d dimensions


@proof
def one_step():
    """What one step costs in d dimensions: `lemmas.one_step` with inner products for products. Nothing is divided."""
    d = Derivation("one step in d dimensions")
    quotient = d.given(r_[i] * root, "=", g_[i], "$r = g / s$; if $s = 0$, any $r$")
    behind = d.given(over((w_[i] - c * r_[i] - p_[i]) * (u_[i] - p_[i])), "<=", 0, "$p$ is the projection of $w - c\\,r$")
    now = d.given(before, "=", over((w_[i] - u_[i]) ** 2), "the squared distance before")
    then = d.given(after, "=", over((p_[i] - u_[i]) ** 2), "the squared distance after")
    near = nearer().at({x_: sp.Lambda(i, w_[i] - c * r_[i])}, given=[behind])
    rate, price = root / (2 * c), c / 2 * over(g_[i] * r_[i])
    d.start(over(g_[i] * (w_[i] - u_[i])))
    d.equal(
        rate * (before - over((w_[i] - c * r_[i] - u_[i]) ** 2)) + price,
        "the square, expanded",
        using={quotient.sum(i, 1, dim, -(w_[i] - u_[i]) + c / 2 * r_[i]): 1, now: -rate},
    )
    return d.at_most(rate * (before - after) + price, "by projection", using={near: rate, then: rate})


@proof
def more():
    """A sum of squared norms never falls."""
    d = Derivation("more")
    grows = d.given(total, "=", sooner + over(g_[i] ** 2), "the sum grows by the squared norm")
    return d.start(sooner).at_most(total, "squares are not negative", gap=over(g_[i] ** 2), using={grows: -1})


@proof
def ratio_step():
    """A new squared norm, divided by the root of the new sum, is at most twice the growth of the root."""
    d = Derivation("ratio step in d dimensions")
    new, g, r = S[t], gt[t, i], rt[t, i]
    grows = d.given(new, "=", S[t - 1] + over(g**2), "the sum grows by the squared norm")
    quotient = d.given(r * sp.sqrt(new), "=", g, "the quotient; any $r_t$ if $S_t = 0$")
    place = {sooner: S[t - 1], total: new, g_: sp.Lambda(i, g)}
    rise = lemmas.roots_rise().at({X: S[t - 1], Y: new}, given=[more().at(place, given=[grows])])
    goal = 2 * (sp.sqrt(new) - sp.sqrt(S[t - 1]))

    def nothing(chain, zero):
        chain.equal(over(r**2) * sp.sqrt(new), "$g_t = r_t\\sqrt{S_t}$", using={quotient.sum(i, 1, dim, -r): 1})
        chain.at_most(goal, "both roots are 0", using={rise: 2}, put=[zero])

    def something(chain, positive):
        using = {quotient.sum(i, 1, dim, g): 1 / sp.sqrt(new), grows: -1 / sp.sqrt(new)}
        chain.equal((new - S[t - 1]) / sp.sqrt(new), "$r_t$ is the quotient", using=using)
        chain.at_most(goal, "a square is not negative", gap=(sp.sqrt(new) - sp.sqrt(S[t - 1])) ** 2 / sp.sqrt(new))

    return d.start(over(g * r)).cases(goal, zero_or_positive(new), [nothing, something])


@proof
def sum_of_ratios():
    """Squared norms, each divided by the root of the sum so far, add up to at most twice the last root."""
    d = Derivation("sum of ratios in d dimensions")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + over(gt[t, i] ** 2), "the sum of squared norms")
    quotient = d.given(rt[t, i] * sp.sqrt(S[t]), "=", gt[t, i], "the quotient; any $r_t$ if $S_t = 0$")
    each = ratio_step().at(given=[grows, quotient])
    ends = lemmas.telescope().at({Family("h"): sp.Lambda(t, sp.sqrt(S[t - 1])), n: T})
    d.start(sp.Sum(over(gt[t, i] * rt[t, i]), (t, 1, T)))
    d.at_most(2 * sp.Sum(sp.sqrt(S[t]) - sp.sqrt(S[t - 1]), (t, 1, T)), "each ratio", using={each.sum(t, 1, T): 1})
    d.equal(2 * sp.sqrt(S[T]) - 2 * sp.sqrt(S[0]), "telescoping", using={ends: 2})
    return d.equal(2 * sp.sqrt(S[T]), "$S_0 = 0$", put=[first])


# ---------------------------------------------------------------------------------------------------------- the regret bounds

inner = over(gt[t, i] * (w[t, i] - u_[i]))
distance = over((w[t, i] - u_[i]) ** 2)


def projected(d, step, name):
    """The hypothesis that w_{t+1} is the projection of w_t - step."""
    behind = over((w[t, i] - step - w[t + 1, i]) * (u_[i] - w[t + 1, i]))
    return d.given(behind, "<=", 0, f"$w_{{t+1}}$ is the projection of $w_t - {name}$")


def squared(d):
    """The definition of A_t."""
    return d.given(A[t], "=", distance, "the squared distance to $u$")


def one_step_at(size, quotient, root_, square, given):
    """`one_step` at step t, for the rate size / root_."""
    place = {w_: w[t, i], p_: w[t + 1, i], g_: gt[t, i], r_: quotient}
    numbers = {c: size, root: root_, before: A[t], after: A[t + 1]}
    return one_step().at({f: sp.Lambda(i, e) for f, e in place.items()} | numbers, given=[*given, square, square.at({t: t + 1})])


@proof
def fixed_rate():
    """Projected descent with one rate for all steps, which knows T and G."""
    d = Derivation("fixed rate")
    behind = projected(d, eta * gt[t, i], "\\eta g_t")
    square = squared(d)
    begin = d.given(A[1], "<=", W**2, "the start is at most $W$ away from $u$")
    size = d.given(over(gt[t, i] ** 2), "<=", G**2, "no gradient is longer than $G$")
    step = one_step_at(eta, gt[t, i], sp.Integer(1), square, [behind])
    falls = lemmas.telescope().at({Family("h"): sp.Lambda(t, -A[t]), n: T})
    squares, half = sp.Sum(over(gt[t, i] ** 2), (t, 1, T)), 1 / (2 * eta)
    d.start(sp.Sum(inner, (t, 1, T)))
    d.at_most(
        half * sp.Sum(A[t] - A[t + 1], (t, 1, T)) + eta / 2 * squares, "one step, for each $t$", using={step.sum(t, 1, T): 1}
    )
    d.equal(half * (A[1] - A[T + 1]) + eta / 2 * squares, "telescoping", using={falls: half})
    d.at_most(W**2 * half + eta / 2 * squares, "only the first distance counts", using={begin: half}, gap=half * A[T + 1])
    return d.at_most(W**2 * half + eta * G**2 * T / 2, "short gradients", using={size.sum(t, 1, T): eta / 2})


@proof
def tuned_fixed_rate():
    """The best fixed rate balances the two terms."""
    width = sp.Symbol("W", positive=True)
    best = width / (G * sp.sqrt(T))
    d = Derivation("the best fixed rate")
    behind = projected(d, best * gt[t, i], "\\eta g_t$, $\\eta = W/(G\\sqrt T)")
    square = squared(d)
    begin = d.given(A[1], "<=", width**2, "the start is at most $W$ away from $u$")
    size = d.given(over(gt[t, i] ** 2), "<=", G**2, "no gradient is longer than $G$")
    bound = fixed_rate().at({W: width, eta: best}, given=[behind, square, begin, size])
    d.start(sp.Sum(inner, (t, 1, T)))
    return d.at_most(width * G * sp.sqrt(T), "both terms are half of it", using={bound: 1})


@proof
def falling_rate():
    """Projected descent with eta / sqrt(t), which knows G."""
    d = Derivation("falling rate")
    behind = projected(d, eta * gt[t, i] / sp.sqrt(t), "\\eta g_t / \\sqrt t")
    square = squared(d)
    bounded = d.given(A[t], "<=", W**2, "the set has the diameter $W$")
    size = d.given(over(gt[t, i] ** 2), "<=", G**2, "no gradient is longer than $G$")
    step = one_step_at(eta, gt[t, i] / sp.sqrt(t), sp.sqrt(t), square, [behind])
    rate = sp.sqrt(t) / (2 * eta)
    rise = lemmas.roots_rise().at({X: t, Y: t + 1})
    rising = lemmas.rising_rate().at({X: sp.sqrt(t), Y: sp.sqrt(t + 1), c: eta}, given=[rise])
    weights = lemmas.monotone_weights().at({h: sp.Lambda(t, rate), M: W**2}, given=[rising, bounded])
    squares = eta / 2 * sp.Sum(over(gt[t, i] ** 2) / sp.sqrt(t), (t, 1, T))
    roots = eta * G**2 / 2 * sp.Sum(1 / sp.sqrt(t), (t, 1, T))
    d.start(sp.Sum(inner, (t, 1, T)))
    d.at_most(sp.Sum(rate * (A[t] - A[t + 1]), (t, 1, T)) + squares, "one step, for each $t$", using={step.sum(t, 1, T): 1})
    d.at_most(W**2 * sp.sqrt(T) / (2 * eta) + squares, "monotone weights", using={weights: 1})
    short = size.sum(t, 1, T, 1 / sp.sqrt(t))
    roots_add_up = counts.inverse_roots().at({n: T})
    d.at_most(W**2 * sp.sqrt(T) / (2 * eta) + roots, "short gradients", using={short: eta / 2})
    return d.at_most((W**2 / (2 * eta) + eta * G**2) * sp.sqrt(T), "inverse roots", using={roots_add_up: eta * G**2 / 2})


@proof
def tuned_falling_rate():
    """The best rate of the form eta / sqrt(t) balances the two terms."""
    width = sp.Symbol("W", positive=True)
    best = width / (sp.sqrt(2) * G)
    d = Derivation("the best falling rate")
    behind = projected(d, best * gt[t, i] / sp.sqrt(t), "\\eta g_t / \\sqrt t$, $\\eta = W/(\\sqrt2 G)")
    square = squared(d)
    bounded = d.given(A[t], "<=", width**2, "the set has the diameter $W$")
    size = d.given(over(gt[t, i] ** 2), "<=", G**2, "no gradient is longer than $G$")
    bound = falling_rate().at({W: width, eta: best}, given=[behind, square, bounded, size])
    d.start(sp.Sum(inner, (t, 1, T)))
    return d.at_most(sp.sqrt(2) * width * G * sp.sqrt(T), "both terms are half of it", using={bound: 1})


@proof
def from_the_second():
    """A sum over the next terms is the sum without its first term."""
    A = Family("A")  # of any sign
    d = Derivation("from the second term on")
    return d.induct(
        T, sp.Sum(A[t + 1], (t, 1, T - 1)), "=", sp.Sum(A[t], (t, 1, T)) - A[1],
        lambda chain: chain.equal(sp.Sum(A[t], (t, 1, 1)) - A[1], "no term"),
        lambda chain, hypothesis: chain.equal(
            sp.Sum(A[t], (t, 1, T + 1)) - A[1], "the last term apart", using={hypothesis: 1}
        ),
    )  # fmt: skip


@proof
def strongly_convex():
    """Projected descent with 1 / (H t) for losses that curve by H: the weights' rises pay for the curvature."""
    H = sp.Symbol("H", positive=True)
    d = Derivation("strongly convex losses")
    behind = projected(d, gt[t, i] / (H * t), "g_t / (H t)")
    square = squared(d)
    size = d.given(over(gt[t, i] ** 2), "<=", G**2, "no gradient is longer than $G$")
    step = one_step_at(1 / H, gt[t, i] / t, t, square, [behind])
    parts = lemmas.abel().at({Family("h"): sp.Lambda(t, H * t / 2), Family("A"): sp.Lambda(t, A[t])})
    others = from_the_second().at({Family("A"): sp.Lambda(t, A[t])})
    squares = sp.Sum(over(gt[t, i] ** 2) / t, (t, 1, T)) / (2 * H)
    bends = H / 2 * sp.Sum(A[t], (t, 1, T))
    d.start(sp.Sum(inner, (t, 1, T)) - bends)
    d.at_most(
        sp.Sum(H * t / 2 * (A[t] - A[t + 1]), (t, 1, T)) + squares - bends,
        "one step, for each $t$",
        using={step.sum(t, 1, T): 1},
    )
    gap = H * T / 2 * A[T + 1]
    d.at_most(squares, "by parts: each rise is $H/2$", using={parts: 1, others: H / 2}, gap=gap)
    each = size.sum(t, 1, T, 1 / t)
    return d.at_most(G**2 / (2 * H) * sp.Sum(1 / t, (t, 1, T)), "short gradients", using={each: 1 / (2 * H)})


@proof
def norm_adaptive():
    """The norm-adaptive bound for a closed convex set of diameter W and any c > 0."""
    d = Derivation("norm-adaptive descent")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + over(gt[t, i] ** 2), "the sum of squared norms")
    quotient = d.given(rt[t, i] * sp.sqrt(S[t]), "=", gt[t, i], "the quotient; any $r_t$ if $S_t = 0$")
    behind = projected(d, c * rt[t, i], "c\\,r_t")
    square = squared(d)
    bounded = d.given(A[t], "<=", W**2, "the set has the diameter $W$")

    step = one_step_at(c, rt[t, i], sp.sqrt(S[t]), square, [quotient, behind])
    rate = sp.sqrt(S[t]) / (2 * c)
    larger = more().at({sooner: S[t], total: S[t + 1], g_: sp.Lambda(i, gt[t + 1, i])}, given=[grows.at({t: t + 1})])
    rise = lemmas.roots_rise().at({X: S[t], Y: S[t + 1]}, given=[larger])
    rising = lemmas.rising_rate().at({X: sp.sqrt(S[t]), Y: sp.sqrt(S[t + 1])}, given=[rise])
    weights = lemmas.monotone_weights().at({h: sp.Lambda(t, rate), M: W**2}, given=[rising, bounded])
    ratios = sum_of_ratios().at(given=[first, grows, quotient])

    prices = c / 2 * sp.Sum(over(gt[t, i] * rt[t, i]), (t, 1, T))
    d.start(sp.Sum(inner, (t, 1, T)))
    d.at_most(sp.Sum(rate * (A[t] - A[t + 1]), (t, 1, T)) + prices, "one step, for each $t$", using={step.sum(t, 1, T): 1})
    d.at_most(W**2 * sp.sqrt(S[T]) / (2 * c) + prices, "monotone weights", using={weights: 1})
    return d.at_most((W**2 / (2 * c) + c) * sp.sqrt(S[T]), "sum of ratios", using={ratios: c / 2})


@proof
def norm_adaptive_nearest():
    """The norm-adaptive bound from the definition of the projection: no point on the way to u is nearer."""
    x, y = (Family(name, first=(1, 1), vector=True) for name in "xy")
    inward, share = Family("gamma"), Family("lambda")
    d = Derivation("norm-adaptive descent, from the nearest point")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + over(gt[t, i] ** 2), "the sum of squared norms")
    quotient = d.given(rt[t, i] * sp.sqrt(S[t]), "=", gt[t, i], "the quotient; any $r_t$ if $S_t = 0$")
    square = squared(d)
    bounded = d.given(A[t], "<=", W**2, "the set has the diameter $W$")
    step = d.given(x[t, i], "=", w[t, i] - c * rt[t, i], "before the projection")
    way, rest = x[t, i] - w[t + 1, i], u_[i] - w[t + 1, i]
    toward = d.given(inward[t], "=", over(way * rest), "an inner product")
    part = d.given(
        share[t] * (sp.Abs(inward[t]) + A[t + 1] + 1), "=", sp.Abs(inward[t]), "a share of the way from $w_{t+1}$ to $u$"
    )
    point = d.given(y[t, i], "=", w[t + 1, i] + share[t] * rest, "the point at this share")
    near = d.given(over(way**2), "<=", over((x[t, i] - y[t, i]) ** 2), "$y_t$ lies in the set, and $w_{t+1}$ is nearest")

    place = {old: sp.Lambda(i, new) for old, new in ((x_, x[t, i]), (p_, w[t + 1, i]), (y_, y[t, i]))}
    place |= {gamma: inward[t], before: A[t + 1], lam: share[t]}
    nearest = nearest_point().at(place, given=[toward, square.at({t: t + 1}), part, point, near])
    behind = Derivation("behind the tangent at step t")
    equal = behind.given(inward[t], "=", over(way * rest), "an inner product")
    negative = behind.given(inward[t], "<=", 0, "not positive")
    moved = behind.given(x[t, i], "=", w[t, i] - c * rt[t, i], "before the projection")
    behind.start(over((w[t, i] - c * rt[t, i] - w[t + 1, i]) * rest))
    behind.at_most(0, "put in", using={negative: 1, equal: -1, moved.sum(i, 1, dim, -rest): 1})

    given = [first, grows, quotient, behind.at(given=[toward, nearest, step]), square, bounded]
    d.start(sp.Sum(inner, (t, 1, T)))
    return d.at_most(
        (W**2 / (2 * c) + c) * sp.sqrt(S[T]),
        "the theorem; each step is behind its tangent",
        using={norm_adaptive().at(given=given): 1},
    )


@proof
def norm_adaptive_ball():
    """The norm-adaptive bound for a ball of radius D and c = sqrt(2) D."""
    d = Derivation("norm-adaptive descent in a ball")
    rate = sp.sqrt(2) * D
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + over(gt[t, i] ** 2), "the sum of squared norms")
    quotient = d.given(rt[t, i] * sp.sqrt(S[t]), "=", gt[t, i], "the quotient; any $r_t$ if $S_t = 0$")
    behind = d.given(
        over((w[t, i] - rate * rt[t, i] - w[t + 1, i]) * (u_[i] - w[t + 1, i])), "<=", 0,
        "$w_{t+1}$ is the projection of $w_t - \\sqrt2 D\\,r_t$",
    )  # fmt: skip
    inside = d.given(over(w[t, i] ** 2), "<=", D**2, "$w_t$ lies in the ball")
    point = d.given(over(u_[i] ** 2), "<=", D**2, "$u$ lies in the ball")
    bounded = ball_diameter().at({w_: sp.Lambda(i, w[t, i])}, given=[inside, point])
    bound = norm_adaptive().at({c: rate, W: 2 * D, A: sp.Lambda(t, distance)}, given=[first, grows, quotient, behind, bounded])
    d.start(sp.Sum(inner, (t, 1, T)))
    return d.at_most(
        2 * sp.sqrt(2) * D * sp.sqrt(S[T]), "the theorem with $W = 2D$; both terms are $\\sqrt2 D$", using={bound: 1}
    )


# ------------------------------------------------------------------------------------------------------- what no rule can beat


@proof
def best_end():
    """Of all points of [-D, D] none has a smaller sum of linear losses than the better end."""
    s = sp.Symbol("Z_T", real=True)
    d = Derivation("the better end")
    low, high = d.given(-D, "<=", u, "$u$ lies in the interval"), d.given(u, "<=", D, "$u$ lies in the interval")

    def falling(chain, negative):
        chain.equal(D * s, "the case", knowing=[negative])
        chain.at_most(u * s, "$u \\le D$", using={high: -s}, knowing=[negative])

    def rising(chain, positive):
        chain.equal(-D * s, "the case", knowing=[positive])
        chain.at_most(u * s, "$-D \\le u$", using={low: s}, knowing=[positive])

    return d.start(-D * sp.Abs(s)).cases(u * s, between(s, 0), [falling, rising])


@proof
def lower_bound():
    """Against random signs every rule has the same mean regret, that of the walk's distance from 0."""
    move, sign, walk = Family("w", random=True), Family("g", random=True), unknown("Z_T")
    regret = unknown("R_T")
    d = Derivation("random signs")
    blind = d.given(Mean(sign[t] * move[t]), "=", 0, "a fair sign; $w_t$ knows the past alone")
    worst = d.given(
        regret,
        "=",
        sp.Sum(sign[t] * move[t], (t, 1, T)) + D * sp.Abs(walk),
        "the better end; $Z_T$ is $g_1 + \\dots + g_T$",
    )
    averaged = expect(worst, regret, sign[t] * move[t], sp.Abs(walk))
    d.start(Mean(regret))
    d.equal(sp.Sum(Mean(sign[t] * move[t]), (t, 1, T)) + D * Mean(sp.Abs(walk)), "averaged", using={averaged: 1})
    return d.equal(D * Mean(sp.Abs(walk)), "each mean is 0", using={blind.sum(t, 1, T): 1})


@proof
def one_more_sign():
    """One more sign leaves the mean distance from 0 as it is from distance 1 on, and is 1 at 0."""
    d = Derivation("one more sign")
    s = sp.Symbol("Z", real=True)
    goal = sp.Max(sp.Abs(s), 1)

    def below(chain, low):
        smaller = Derivation("below 0")
        case = smaller.given(s, "<=", -1, "the case")
        negative = smaller.start(s).at_most(0, "$-1 \\le 0$", gap=1, using={case: 1}).at(given=[low])
        chain.equal(-s, "both signs are negative", knowing=[low, negative])
        chain.equal(goal, "$\\lvert Z\\rvert \\ge 1$", knowing=[low, negative])

    def middle(chain, low, high):
        chain.equal(1, "the two distances add up to 2", knowing=[low, high])
        chain.cases(goal, between(s, 0), [
            lambda part, negative: part.equal(goal, "$\\lvert Z\\rvert \\le 1$", knowing=[low, negative]),
            lambda part, positive: part.equal(goal, "$\\lvert Z\\rvert \\le 1$", knowing=[high, positive]),
        ])  # fmt: skip

    def above(chain, high):
        larger = Derivation("above 0")
        case = larger.given(1, "<=", s, "the case")
        positive = larger.start(sp.Integer(0)).at_most(s, "$0 \\le 1$", gap=1, using={case: 1}).at(given=[high])
        chain.equal(s, "both signs are positive", knowing=[high, positive])
        chain.equal(goal, "$\\lvert Z\\rvert \\ge 1$", knowing=[high, positive])

    d.start((sp.Abs(s + 1) + sp.Abs(s - 1)) / 2)
    return d.cases(goal, between(s, -1, 1), [below, middle, above])


a_ = Family("theta", first=0, sign="nonnegative")
CHANCE = "$\\theta_n = \\binom{2n}{n} / 4^n$"


@proof
def returns():
    """The chances of returning to 0 add up to as many steps times the next chance."""
    d = Derivation("returns to 0")
    ratio = d.given((2 * n + 2) * a_[n + 1], "=", (2 * n + 1) * a_[n], CHANCE)
    return d.induct(
        m, sp.Sum(a_[t - 1], (t, 1, m)), "=", 2 * m * a_[m],
        lambda chain: chain.equal(2 * a_[1], "the first chance", using={ratio.at({n: 0}): -1}),
        lambda chain, hypothesis: chain.equal(2 * m * a_[m] + a_[m], "the last term apart", using={hypothesis: 1}).equal(
            2 * (m + 1) * a_[m + 1], "the next chance", using={ratio.at({n: m}): -1}
        ),
    )  # fmt: skip


@proof
def chance_of_return():
    """The chance to stand at 0 after 2m signs is at least 1 / (2 sqrt(m))."""
    d = Derivation("chance of a return")
    begin = d.given(a_[0], "=", 1, "the walk begins at 0")
    ratio = d.given((2 * n + 2) * a_[n + 1], "=", (2 * n + 1) * a_[n], CHANCE)
    now, then = ratio.at({n: m}), (2 * m + 1) / (2 * m + 2)

    def base(chain):
        factor = -(2 * a_[1] + 1)
        chain.equal(
            4 * a_[1] ** 2, "$2\\theta_1 = \\theta_0$ and $\\theta_0 = 1$", using={ratio.at({n: 0}): factor, begin: factor}
        )

    def step(chain, hypothesis):
        chain.at_most(4 * m * a_[m] ** 2, "the hypothesis", using={hypothesis: 1})
        new = 4 * (m + 1) * then**2 * a_[m] ** 2
        chain.at_most(new, "$(2m + 1)^2 = 4m(m + 1) + 1$", gap=a_[m] ** 2 / (m + 1))
        factor = 2 * (then * a_[m] + a_[m + 1])
        chain.equal(4 * (m + 1) * a_[m + 1] ** 2, "the next chance", using={now: -factor})

    return d.induct(m, sp.Integer(1), "<=", 4 * m * a_[m] ** 2, base, step)


@proof
def walk_distance():
    """After 2m signs, and after 2m - 1, the mean distance from 0 is 2m times the chance of a return, at least sqrt(m)."""
    e = Family("e", first=0)
    d = Derivation("distance of a random walk")
    begin = d.given(a_[0], "=", 1, "the walk begins at 0")
    ratio = d.given((2 * n + 2) * a_[n + 1], "=", (2 * n + 1) * a_[n], CHANCE)
    start = d.given(e[0], "=", 0, "the walk begins at 0")
    two = d.given(e[t], "=", e[t - 1] + a_[t - 1], "two more signs, from step $2t - 2$")
    ends = lemmas.telescope().at({Family("h"): sp.Lambda(t, e[t - 1]), n: m})
    chances = returns().at(given=[ratio])
    often = chance_of_return().at(given=[begin, ratio])
    d.start(sp.sqrt(m))
    distance_ = 2 * m * a_[m]
    d.at_most(distance_, "the chance of a return", using={often: m / (distance_ + sp.sqrt(m))})
    d.equal(sp.Sum(a_[t - 1], (t, 1, m)), "returns to 0", using={chances: -1})
    d.equal(sp.Sum(e[t] - e[t - 1], (t, 1, m)), "each return adds 1", using={two.sum(t, 1, m): -1})
    return d.equal(e[m], "telescoping", using={ends: 1}, put=[start])
