"""AdaGrad's regret: the bound in one coordinate, the theorem for a box, its corollaries, and the best constants."""

import sympy as sp

from lecture_optim.derivation import Derivation
from lecture_optim.proofs import lemmas, proof
from lecture_optim.proofs.lemmas import A, M, S, T, W, X, Y, a, b, c, g, h, p, q, r, t, u, w


@proof
def coordinate():
    """AdaGrad's regret in one coordinate, for an interval [a, b] and any c > 0."""
    d = Derivation("AdaGrad, one coordinate")
    first = d.given(S[0], "=", 0, "the sum starts at 0")
    grows = d.given(S[t], "=", S[t - 1] + g[t] ** 2, "the sum of squares")
    quotient = d.given(r[t] * sp.sqrt(S[t]), "=", g[t], "$r_t$ is the quotient $g_t / \\sqrt{S_t}$")
    update = d.given(W[t + 1], "=", sp.Min(sp.Max(W[t] - c * r[t], a), b), "the update, projected")
    begin = d.given(a, "<=", W[1], "the start lies in the interval"), d.given(W[1], "<=", b, "the start lies in the interval")
    points = d.given(a, "<=", u, "$u$ lies in the interval"), d.given(u, "<=", b, "$u$ lies in the interval")

    ordered = lemmas.order().at(given=points)
    low = lemmas.stays_above().at({T: t}, given=[update, begin[0], ordered])
    high = lemmas.stays_below().at({T: t}, given=[update, begin[1]])
    bounded = lemmas.width().at({w: W[t]}, given=[low, high, *points])
    rate = sp.sqrt(S[t]) / (2 * c)
    more = lemmas.larger().at({sp.Symbol("R", nonnegative=True): S[t], sp.Symbol("S", nonnegative=True): S[t + 1], q: g[t + 1]}, given=[grows.at({t: t + 1})])
    rise = lemmas.roots_rise().at({X: S[t], Y: S[t + 1]}, given=[more])
    step = lemmas.one_step().at(
        {w: W[t], p: W[t + 1], sp.Symbol("g", real=True): g[t], sp.Symbol("r", real=True): r[t], sp.Symbol("s", nonnegative=True): sp.sqrt(S[t])},
        given=[quotient, update, *points],
    )
    rising = lemmas.rising_rate().at({X: sp.sqrt(S[t]), Y: sp.sqrt(S[t + 1])}, given=[rise])
    distance = sp.Lambda(t, (W[t] - u) ** 2)
    weights = lemmas.monotone_weights().at({h: sp.Lambda(t, rate), A: distance, M: (b - a) ** 2}, given=[rising, bounded])
    ratios = lemmas.sum_of_ratios().at(given=[first, grows, quotient])

    d.start(sp.Sum(g[t] * (W[t] - u), (t, 1, T)))
    d.at_most(
        sp.Sum(rate * ((W[t] - u) ** 2 - (W[t + 1] - u) ** 2), (t, 1, T)) + c / 2 * sp.Sum(g[t] * r[t], (t, 1, T)),
        "one step, for each $t$",
        using={step.sum(t, 1, T): 1},
    )
    d.at_most((b - a) ** 2 * sp.sqrt(S[T]) / (2 * c) + c / 2 * sp.Sum(g[t] * r[t], (t, 1, T)), "monotone weights", using={weights: 1})
    return d.at_most(((b - a) ** 2 / (2 * c) + c) * sp.sqrt(S[T]), "sum of ratios", using={ratios: c / 2})
