"""The logistic loss of a linear score: its gradient, its curvature, its convexity; and the new words of a paragraph."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect
from lecture_optim.proofs import proof

t, m, N, T = (Index(name) for name in "tmNT")
s, r, w, x, y, z, h, lam = sp.symbols("s r w x y z h lambda", real=True)
a, b, rho = sp.symbols("a b rho", real=True)
count, eta = sp.symbols("n_i eta", nonnegative=True)


def sigma(score):
    """The probability 1 / (1 + exp(-score)) as an expression."""
    return 1 / (1 + sp.exp(-score))


def loss(margin):
    """The logistic loss log(1 + exp(-margin)) as an expression."""
    return sp.log(1 + sp.exp(-margin))


# ---------------------------------------------------------------------------------------------------------------- the model


@proof
def odds():
    """The odds of a score are its exponential."""
    return Derivation("odds", sigma(s)).equal(sp.exp(s) * (1 - sigma(s)), "multiplied by $1 + e^{-s}$")


@proof
def both_speakers():
    """The probabilities of both speakers add up to 1."""
    return Derivation("both speakers", sigma(s) + sigma(-s)).equal(1, "over one denominator")


@proof
def honest_odds():
    """The mean loss is least at the score that is the true log odds."""
    d = Derivation("honest odds")
    first = d.given(loss(rho) - loss(s), "<=", sigma(s) / sigma(rho) - 1, "$\\ln\\kappa \\le \\kappa - 1$")
    second = d.given(loss(-rho) - loss(-s), "<=", sigma(-s) / sigma(-rho) - 1, "the same, for another $\\kappa$")
    d.start(sigma(rho) * loss(rho) + sigma(-rho) * loss(-rho))
    mean = sigma(rho) * loss(s) + sigma(-rho) * loss(-s)
    return d.at_most(mean, "their mean, with the weights of the losses", using={first: sigma(rho), second: sigma(-rho)})


# ---------------------------------------------------------------------------------------------------- gradient and curvature


@proof
def gradient():
    """The derivative in one weight: the predicted probability minus the truth, times the feature."""
    score = r + w * x
    d = Derivation("gradient", sp.diff(z * loss(score) + (1 - z) * loss(-score), w))
    return d.equal((sigma(score) - z) * x, "differentiated by SymPy, collected")


@proof
def gradient_signs():
    """The same with a label y = 1 or -1: the probability of the wrong answer, with the sign of the label."""
    margin = y * (r + w * x)
    d = Derivation("gradient with signs", sp.diff(loss(margin), w))
    return d.equal(-y * (1 - sigma(margin)) * x, "differentiated by SymPy, collected")


@proof
def curvature():
    """The second derivative of the loss along a line is at most a quarter of the squared change of the score."""
    margin = y * (s + lam * h)
    q = sigma(margin)
    d = Derivation("curvature")
    sign = d.given(y**2, "=", 1, "$y = \\pm 1$")
    d.start(sp.diff(loss(margin), lam, 2))
    d.equal(q * (1 - q) * h**2, "collected", using={sign: q * (1 - q) * h**2})
    return d.at_most(h**2 / 4, "a square is not negative", gap=h**2 * (q - sp.Rational(1, 2)) ** 2)


@proof
def not_negative():
    """The second derivative of the loss along a line is not negative."""
    grown = sp.exp(-y * (s + lam * h))
    d = Derivation("no negative curvature", sp.diff(sp.log(1 + grown), lam, 2))
    return d.at_least(0, "a square and positive factors", gap=y**2 * h**2 * grown / (1 + grown) ** 2)


@proof
def tangent():
    """The loss lies above each of its tangents."""
    A, B = 1 + sp.exp(-a), 1 + sp.exp(-b)
    d = Derivation("tangent")
    first = d.given(sp.log(A) - sp.log(B), "<=", A / B - 1, "$\\ln\\kappa \\le \\kappa - 1$")
    second = d.given(a - b + sp.log(A) - sp.log(B), "<=", sigma(-b) / sigma(-a) - 1, "the same, for another $\\kappa$")
    d.start(sp.log(A) - (1 - sigma(a)) * (b - a))
    return d.at_most(sp.log(B), "their mean, with the weights $q$ and $1 - q$", using={first: sigma(a), second: sigma(-a)})


# ---------------------------------------------------------------------------------------------------------- the mean loss


@proof
def own_curvature():
    """The curvature of the mean loss in one coordinate is at most a quarter of the word's share of the paragraphs."""
    feature, p = Family("x"), Family("p")
    d = Derivation("own curvature")
    binary = d.given(feature[t] ** 2, "=", feature[t], "features are 0 or 1")
    total = d.given(sp.Sum(feature[t], (t, 1, N)), "=", count, "the word's count")
    each = Derivation("each paragraph", p[t] * (1 - p[t]) * feature[t] ** 2)
    each.at_most(feature[t] ** 2 / 4, "a square", gap=(p[t] - sp.Rational(1, 2)) ** 2 * feature[t] ** 2)
    d.start(sp.Sum(p[t] * (1 - p[t]) * feature[t] ** 2, (t, 1, N)) / N)
    d.at_most(
        sp.Sum(feature[t] ** 2, (t, 1, N)) / (4 * N), "$p_t(1 - p_t) \\le \\frac14$", using={each.result.sum(t, 1, N): 1 / N}
    )
    return d.equal(count / (4 * N), "features are 0 or 1", using={binary.sum(t, 1, N): 1 / (4 * N), total: 1 / (4 * N)})


@proof
def own_gradient():
    """The gradient of the mean loss in one coordinate is at most the word's share of the paragraphs."""
    feature, q = Family("x", sign="nonnegative"), Family("q", sign="nonnegative")
    d = Derivation("own gradient")
    total = d.given(sp.Sum(feature[t], (t, 1, N)), "=", count, "the word's count")
    d.start(sp.Sum((1 - q[t]) * feature[t], (t, 1, N)) / N)
    d.at_most(sp.Sum(feature[t], (t, 1, N)) / N, "$q_t x_t \\ge 0$", gap=sp.Sum(q[t] * feature[t], (t, 1, N)) / N)
    return d.equal(count / N, "the word's count", using={total: 1 / N})


@proof
def reach():
    """How far full gradient steps can have moved one weight from 0."""
    v = Family("v", sign="nonnegative")
    d = Derivation("reach")
    begin = d.given(v[1], "=", 0, "the start is 0")
    moves = d.given(v[t + 1], "<=", v[t] + eta * count / N, "one step")

    def step(chain, hypothesis):
        chain.at_most(v[T + 1] + eta * count / N, "one step", using={moves.at({t: T + 1}): 1})
        chain.at_most(eta * count * (T + 1) / N, "hypothesis", using={hypothesis: 1})

    return d.induct(
        T, v[T + 1], "<=", eta * count * T / N,
        lambda chain: chain.at_most(v[1] + eta * count / N, "one step", using={moves.at({t: 1}): 1}).equal(
            eta * count / N, "the start", put=[begin]
        ),
        step,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the next paragraph


@proof
def next_words():
    """The mean number of new words in the last of m paragraphs is the mean number of words of one paragraph, divided by m."""
    alone, H = Family("A", random=True), Family("H", random=True)
    d = Derivation("the next words")
    total = d.given(H[m], "=", sp.Sum(alone[t], (t, 1, m)), "each stands in one")
    same = d.given(Mean(alone[t]), "=", Mean(alone[m]), "the order is random")
    d.start(Mean(H[m]) / m)
    d.equal(sp.Sum(Mean(alone[t]), (t, 1, m)) / m, "means add up", using={expect(total, H[m], alone[t]): 1 / m})
    return d.equal(Mean(alone[m]), "the order is random", using={same.sum(t, 1, m): 1 / m})
