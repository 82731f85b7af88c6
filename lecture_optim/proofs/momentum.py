"""Momentum: its two forms and what they do on a quadratic; the average's exact variance, and what averaging leaves unchanged."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean, expect, substitute
from lecture_optim.proofs import averages, proof
from lecture_optim.proofs.averages import T, beta, g, m, n, s, t

k, j = Index("k"), Index("j", 0)
w, F, eta_t, delta = Family("w"), Family("F"), Family("eta", sign="positive"), Family("delta", first=0)
eta, h, mass, friction = sp.symbols("eta h M gamma", positive=True)
mu, sigma = sp.symbols("mu sigma", nonnegative=True)
q, a, c = sp.symbols("q a c", real=True)
Q = Family("Q")
r, g_, hat = Family("r", random=True), Family("g", random=True), Family(r"\hat m", random=True)
gbar, slope = sp.Symbol(r"\bar g", real=True), sp.Symbol("L", real=True)
V = (1 - beta) / (1 + beta) * (1 + beta**t) / (1 - beta**t)

# ------------------------------------------------------------------------------------------------------- two forms of momentum


@proof
def from_motion():
    """Newton's equation with friction, in differences: a step along the force, and a share of the last step."""
    d = Derivation("from the equation of motion")
    v = Family("v")
    speed = d.given(v[t], "=", (w[t + 1] - w[t]) / h, "the velocity")
    motion = d.given(mass / h * (v[t + 1] - v[t]) + friction * v[t] + F[t + 1], "=", 0, "motion, in differences")
    d.start(w[t + 2])
    return d.equal(
        w[t + 1] - h**2 / mass * F[t + 1] + (1 - friction * h / mass) * (w[t + 1] - w[t]),
        "solved for the newest point",
        using={motion: h**2 / mass, speed.at({t: t + 1}): -h, speed: h - friction * h**2 / mass},
    )


@proof
def explicit_euler():
    """Euler's explicit method for the same equation: the force stands one point too far back."""
    v = Family("v")
    d = Derivation("explicit Euler")
    speed = d.given(v[t + 1], "=", v[t] - h / mass * (friction * v[t] + F[t]), "the velocity")
    place = d.given(w[t + 1], "=", w[t] + h * v[t], "the old velocity moves $w$")
    d.start(w[t + 2])
    now = w[t + 1] + h * v[t] - h**2 / mass * (friction * v[t] + F[t])
    d.equal(now, "velocity put in", using={place.at({t: t + 1}): 1, speed: h})
    right = w[t + 1] - h**2 / mass * F[t] + (1 - friction * h / mass) * (w[t + 1] - w[t])
    return d.equal(right, "the move before", using={place: -(1 - friction * h / mass)})


@proof
def two_points():
    """The velocity form is the form with two points."""
    d = Derivation("two points")
    step = d.given(delta[t], "=", mu * delta[t - 1] - eta_t[t] * g[t], "the step")
    move = d.given(w[t + 1], "=", w[t] + delta[t], "the move")
    d.start(w[t + 2])
    d.equal(
        w[t + 1] + mu * delta[t] - eta_t[t + 1] * g[t + 1],
        "move and step",
        using={move.at({t: t + 1}): 1, step.at({t: t + 1}): 1},
    )
    return d.equal(w[t + 1] - eta_t[t + 1] * g[t + 1] + mu * (w[t + 1] - w[t]), "the move before", using={move: -mu})


@proof
def look_ahead():
    """Nesterov's form, told from the point where the gradient is taken."""
    x = Family("x")
    d = Derivation("look-ahead")
    step = d.given(delta[t], "=", mu * delta[t - 1] - eta_t[t] * g[t], "the step")
    move = d.given(x[t + 1], "=", x[t] + delta[t], "the move")
    point = d.given(w[t], "=", x[t] + mu * delta[t - 1], "where $g_t$ is taken")
    d.start(w[t + 1])
    d.equal(x[t] + delta[t] + mu * delta[t], "the next point", using={point.at({t: t + 1}): 1, move: 1})
    return d.equal(w[t] - eta_t[t] * g[t] + mu * delta[t], "the step, and $w_t$", using={step: 1, point: -1})


@proof
def nesterov_curvature():
    """On a quadratic, Nesterov's step is the heavy ball's with less momentum where the curvature is large."""
    x = Family("x")
    d = Derivation("Nesterov on a quadratic")
    step = d.given(delta[t], "=", mu * delta[t - 1] - eta * g[t], "the step")
    ahead = d.given(g[t], "=", q * (x[t] + mu * delta[t - 1]), "the gradient, ahead")
    d.start(delta[t])
    return d.equal(mu * (1 - eta * q) * delta[t - 1] - eta * q * x[t], "the gradient put in", using={step: 1, ahead: -eta})


@proof
def constant_rate():
    """With a constant rate an average times the rate is the heavy ball's step."""
    d = Derivation("one rate, two forms")
    begin = d.given(m[0], "=", 0, "the average starts at 0"), d.given(delta[0], "=", 0, "the ball starts at rest")
    average = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the average")
    ball = d.given(delta[t], "=", beta * delta[t - 1] - eta * (1 - beta) * g[t], "the ball")

    def step(chain, hypothesis):
        chain.equal(beta * delta[n] - eta * (1 - beta) * g[n + 1], "the ball", using={ball.at({t: n + 1}): 1})
        chain.equal(-eta * m[n + 1], "hypothesis, average", using={hypothesis: beta, average.at({t: n + 1}): eta})

    return d.induct(n, delta[n], "=", -eta * m[n], lambda chain: chain.equal(-eta * m[0], "both are 0", put=begin), step)


@proof
def changing_rate():
    """With a schedule the average's step forgets by another factor."""
    e = Family("e")
    d = Derivation("two forms under a schedule")
    average = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the average")
    step = d.given(e[t], "=", -eta_t[t] * m[t], "the step")
    ratio = eta_t[t + 1] / eta_t[t]
    d.start(e[t + 1])
    d.equal(
        -eta_t[t + 1] * (beta * m[t] + (1 - beta) * g[t + 1]),
        "step, average",
        using={step.at({t: t + 1}): 1, average.at({t: t + 1}): -eta_t[t + 1]},
    )
    return d.equal(beta * ratio * e[t] - eta_t[t + 1] * (1 - beta) * g[t + 1], "the step before", using={step: -beta * ratio})


# --------------------------------------------------------------------------------------------------------------- on a quadratic


def _form(k):
    return w[k + 1] ** 2 - c * w[k + 1] * w[k] + mu * w[k] ** 2


@proof
def energy():
    """On a quadratic one form in two neighbouring points falls by the factor mu, whatever the curvature."""
    d = Derivation("a form that falls by mu")
    ball = d.given(w[t + 2], "=", c * w[t + 1] - mu * w[t], "the heavy ball")
    form = d.given(Q[t], "=", _form(t), "the form")

    def step(chain, hypothesis):
        chain.equal(_form(t + 1), "the form", using={form.at({t: t + 1}): 1})
        chain.equal(mu * _form(t), "the ball", using={ball: w[t + 2] - mu * w[t]})
        chain.equal(mu**t * Q[1], "hypothesis", using={form: -mu, hypothesis: mu})

    return d.induct(t, Q[t], "=", mu ** (t - 1) * Q[1], lambda chain: chain.equal(Q[1], "the start"), step)


@proof
def energy_bounds():
    """The form bounds the squared distance to the minimum where it is positive."""
    d = Derivation("the form bounds the distance")
    form = d.given(Q[t], "=", _form(t), "the form")
    d.start((4 * mu - c**2) * w[t] ** 2)
    return d.at_most(4 * Q[t], "a square is not negative", gap=(2 * w[t + 1] - c * w[t]) ** 2, using={form: -4})


@proof
def region():
    """Where the roots of the heavy ball are complex: between two squares."""
    b = sp.Symbol("b", nonnegative=True)
    d = Derivation("between two squares").start(4 * b**2 - (1 + b**2 - a) ** 2)
    return d.equal((a - (1 - b) ** 2) * ((1 + b) ** 2 - a), "expanded")


@proof
def real_roots():
    """Two real roots: what their distance from 1 and from -1 multiplies to."""
    x, y = sp.symbols("x y", real=True)
    d = Derivation("real roots")
    total = d.given(x + y, "=", 1 + mu - a, "their sum")
    product = d.given(x * y, "=", mu, "their product")
    d.start((1 - x**2) * (1 - y**2))
    d.equal((1 + x * y) ** 2 - (x + y) ** 2, "expanded")
    d.equal((1 + mu) ** 2 - (1 + mu - a) ** 2, "sum and product", using={product: 2 + x * y + mu, total: -(x + y + 1 + mu - a)})
    return d.equal(a * (2 * (1 + mu) - a), "expanded")


@proof
def ends_meet():
    """Polyak's parameters put every curvature between two bounds inside the complex region."""
    low, high = sp.symbols("p P", positive=True)
    c, b = sp.Symbol("q", real=True), sp.Symbol("b", nonnegative=True)
    d = Derivation("Polyak's parameters")
    inside = d.given(low**2, "<=", c, "no curvature is smaller"), d.given(c, "<=", high**2, "none is larger")
    root = d.given(b, "=", (high - low) / (high + low), "the root of $\\mu$")
    scaled = d.given(a, "=", (2 / (high + low)) ** 2 * c, "$a = \\eta q$")
    d.start((a - (1 - b) ** 2) * ((1 + b) ** 2 - a))
    right = (2 / (high + low)) ** 4 * (c - low**2) * (high**2 - c)
    d.equal(right, "put in", put=[scaled, root])
    return d.at_least(0, "two factors, none negative", gap=right, knowing=inside)


@proof
def at_the_border():
    """The heavy ball's polynomial at the point that is a root on the border of the complex region."""
    z = sp.Symbol("x", real=True)
    d = Derivation("at the border").start(z**2 - (1 + mu - (1 - z) ** 2) * z + mu)
    return d.equal((mu - z**2) * (1 - z), "expanded")


@proof
def two_ends():
    """The two borders cannot both be near."""
    low, high, root = sp.symbols("p P s", positive=True)
    d = Derivation("two ends").start(high * (1 - root * low) + low * (root * high - 1))
    return d.equal(high - low, "expanded")


# -------------------------------------------------------------------------------------------------------- the average's variance

Z = Family("Z", random=True)  # the errors so far, each with its power
one_power = beta ** (t - s)


def _noise(d):
    """Add what is known of the errors to d: their weighted sum, and that it is not correlated with later ones."""
    total = d.given(Z[t], "=", sp.Sum(one_power * r[s], (s, 1, t)), "the errors, weighted")
    alone = d.given(Mean(Z[t] * r[t + k]), "=", 0, "errors are uncorrelated")
    return total, alone


@proof
def next_error():
    """The weighted sum of errors, from one step to the next."""
    d = Derivation("next error")
    total = d.given(Z[t], "=", sp.Sum(one_power * r[s], (s, 1, t)), "the errors, weighted")
    d.start(Z[t + 1])
    d.equal(sp.Sum(beta ** (t + 1 - s) * r[s], (s, 1, t + 1)), "by definition", using={total.at({t: t + 1}): 1})
    return d.equal(beta * Z[t] + r[t + 1], "the last term apart", using={total: -beta})


def _square(total):
    """The mean of Z_{t+1}^2 in terms of what came before."""
    square = Derivation("square")
    known = square.given(Z[t], "=", sp.Sum(one_power * r[s], (s, 1, t)), "the errors, weighted")
    grows = next_error().at(given=[known])
    square.start(Z[t + 1] ** 2)
    square.equal((beta * Z[t] + r[t + 1]) ** 2, "one error more", using={grows: Z[t + 1] + beta * Z[t] + r[t + 1]})
    return expect(square.at(given=[total]), Z[t] ** 2, Z[t] * r[s], r[s] ** 2)


def _mean_square(d, op):
    """Add the hypotheses of `noise_square` or `noise_square_at_most` to d, and its induction."""
    total, alone = _noise(d)
    size = d.given(Mean(r[t] ** 2), op, sigma**2, "their variance")
    square = _square(total)
    right = sigma**2 * sp.Sum(beta ** (2 * (t - s)), (s, 1, t))
    first = Derivation("first")
    known = first.given(Z[t], "=", sp.Sum(one_power * r[s], (s, 1, t)), "the errors, weighted")
    first.start(Z[1] ** 2).equal(r[1] ** 2, "one term", using={known.at({t: 1}): Z[1] + r[1]})
    begin = expect(first.at(given=[total]), Z[t] ** 2, r[t] ** 2)

    def go(chain, e, why, using):
        return chain.equal(e, why, using=using) if op == "=" else chain.at_most(e, why, using=using)

    def step(chain, hypothesis):
        chain.equal(
            beta**2 * Mean(Z[t] ** 2) + 2 * beta * Mean(Z[t] * r[t + 1]) + Mean(r[t + 1] ** 2), "expanded", using={square: 1}
        )
        chain.equal(beta**2 * Mean(Z[t] ** 2) + Mean(r[t + 1] ** 2), "not correlated", using={alone.at({k: 1}): 2 * beta})
        go(chain, substitute(right, {t: t + 1}), "hypothesis, variance", {hypothesis: beta**2, size.at({t: t + 1}): 1})

    def base(chain):
        chain.equal(Mean(r[1] ** 2), "one term", using={begin: 1})
        go(chain, sigma**2, "its variance", {size.at({t: 1}): 1})

    return d.induct(t, Mean(Z[t] ** 2), op, right, base, step)


@proof
def noise_square():
    """The mean square of the weighted sum of uncorrelated errors."""
    return _mean_square(Derivation("weighted errors"), "=")


@proof
def noise_square_at_most():
    """The same with errors whose variances are only bounded."""
    return _mean_square(Derivation("weighted errors, bounded"), "<=")


scale = (1 - beta) / (1 - beta**t)


def _average(d):
    """Add what the corrected average is made of to d."""
    below = d.given(beta, "<", 1, "the average forgets")
    apart = averages.powers_below_one().at({}, given=[below])
    average = d.given(hat[t] * (1 - beta**t), "=", (1 - beta) * sp.Sum(one_power * g_[s], (s, 1, t)), "the corrected average")
    parts = d.given(g_[t], "=", gbar + r[t], "mean and error")
    total = d.given(Z[t], "=", sp.Sum(one_power * r[s], (s, 1, t)), "the errors, weighted")
    return below, apart, average, parts, total


@proof
def missed():
    """The corrected average misses the mean gradient by the weighted errors."""
    d = Derivation("error of the average")
    _, apart, average, parts, total = _average(d)
    d.start(hat[t] - gbar)
    mean = sp.Sum(one_power * (gbar + r[s]), (s, 1, t))
    d.equal(
        scale * sp.Sum(one_power * g_[s], (s, 1, t)) - gbar, "by definition", using={average: 1 / (1 - beta**t)}, knowing=[apart]
    )
    d.equal(scale * mean - gbar, "mean and error", using={parts.at({t: s}).sum(s, 1, t, one_power): scale}, knowing=[apart])
    powers = averages.geometric_sum().at({})
    errors = scale * sp.Sum(one_power * r[s], (s, 1, t))
    d.equal(errors, "the powers add up", using={powers: gbar / (1 - beta**t)}, knowing=[apart])
    return d.equal(scale * Z[t], "the errors, weighted", using={total: -scale}, knowing=[apart])


@proof
def unbiased():
    """The corrected average has the mean that its gradients share."""
    d = Derivation("mean of the average")
    below, apart, average, parts, total = _average(d)
    centred = d.given(Mean(r[t]), "=", 0, "the errors have mean 0")
    error = expect(missed().at({}, given=[below, average, parts, total]), hat[t], Z[t])
    whole = expect(total, Z[t], r[t])
    d.start(Mean(hat[t]))
    d.equal(gbar + scale * Mean(Z[t]), "the error of the average", using={error: 1}, knowing=[apart])
    none = centred.at({t: s}).sum(s, 1, t, one_power)
    return d.equal(gbar, "every error has mean 0", using={whole: scale, none: scale}, knowing=[apart])


def _variance(d, op):
    """Add hypotheses and chain of the variance of the corrected average to d."""
    below, apart, *rest = _average(d)
    total = rest[-1]
    alone = d.given(Mean(Z[t] * r[t + k]), "=", 0, "errors are uncorrelated")
    size = d.given(Mean(r[t] ** 2), op, sigma**2, "their variance")
    square = Derivation("squared error")
    below_, apart_, *rest_ = _average(square)
    error = missed().at({}, given=[below_, *rest_])
    square.start((hat[t] - gbar) ** 2, knowing=[apart_])
    square.equal(scale**2 * Z[t] ** 2, "the error", using={error: hat[t] - gbar + scale * Z[t]}, knowing=[apart_])
    mean = expect(square.at({}, given=[below, *rest]), hat[t] ** 2, hat[t], Z[t] ** 2)
    lemma = noise_square() if op == "=" else noise_square_at_most()
    noise = lemma.at({}, given=[total, alone, size])
    powers = averages.geometric_sum().at({beta: beta**2})
    d.start(Mean(hat[t] ** 2) - 2 * gbar * Mean(hat[t]) + gbar**2)
    d.equal(scale**2 * Mean(Z[t] ** 2), "the error, squared", using={mean: 1}, knowing=[apart])
    go = d.equal if op == "=" else d.at_most
    go(
        scale**2 * sigma**2 * sp.Sum(beta ** (2 * (t - s)), (s, 1, t)),
        "weighted errors",
        using={noise: scale**2},
        knowing=[apart],
    )
    factor = scale**2 * sigma**2 / ((1 - beta) * (1 + beta))
    return d.equal(sigma**2 * V, "geometric sum", using={powers: factor}, knowing=[below, apart])


@proof
def average_variance():
    """The variance of the corrected average of uncorrelated gradients."""
    return _variance(Derivation("variance of the average"), "=")


@proof
def average_variance_at_most():
    """The same where the variances are only bounded."""
    return _variance(Derivation("variance of the average, bounded"), "<=")


# ------------------------------------------------------------------------------------------------------- what the variance is


def _below(d):
    """Add beta < 1 to d; that relation and that the powers stay below 1."""
    below = d.given(beta, "<", 1, "the average forgets")
    return below, averages.powers_below_one().at({}, given=[below])


@proof
def above_floor():
    """The variance never falls below what is left in the end."""
    d = Derivation("above the floor")
    below, apart = _below(d)
    d.start((1 - beta) / (1 + beta))
    gap = (1 - beta) / (1 + beta) * 2 * beta**t / (1 - beta**t)
    return d.at_most(V, "$\\beta^t \\ge 0$", gap=gap, knowing=[below, apart])


@proof
def above_plain():
    """No weighted average has less variance than the plain one of as many gradients."""
    d = Derivation("above the plain average")
    below, apart = _below(d)
    weight = scale * one_power
    weights = averages.weights_sum().at({}, given=[below])
    squares = averages.squared_weights().at({}, given=[below])
    d.start(1 / t)
    d.equal(2 / t * sp.Sum(weight, (s, 1, t)) - 1 / t, "the weights add up to 1", using={weights: -2 / t}, knowing=[apart])
    d.at_most(sp.Sum(weight**2, (s, 1, t)), "squares", gap=sp.Sum((weight - 1 / t) ** 2, (s, 1, t)), knowing=[apart])
    return d.equal(V, "the squared weights", using={squares: 1}, knowing=[below, apart])


@proof
def falls():
    """The variance of the average falls from step to step."""
    d = Derivation("the variance falls")
    below, apart = _below(d)
    d.start(substitute(V, {t: t + 1}), knowing=[apart.at({t: t + 1})])
    gap = (1 - beta) / (1 + beta) * 2 * beta**t * (1 - beta) / ((1 - beta**t) * (1 - beta ** (t + 1)))
    return d.at_most(V, "common denominator", gap=gap, knowing=[below, apart, apart.at({t: t + 1})])


@proof
def at_most_one():
    """An average has no more variance than one gradient."""
    d = Derivation("at most one gradient's")
    below, apart = _below(d)
    fall = averages.powers_fall().at({}, given=[below])
    d.start(V, knowing=[apart])
    factor = 2 / ((1 + beta) * (1 - beta**t))
    return d.at_most(1, "$\\beta^t \\le \\beta$", using={fall: factor}, knowing=[below, apart])


@proof
def many_powers():
    """A power, as many times as there are powers above it."""
    d = Derivation("many powers")
    below, apart = _below(d)

    def step(chain, hypothesis):
        z = beta**t
        chain.at_most(
            beta * (1 + beta) * (1 - z) + 2 * beta * z * (1 - beta), "hypothesis", using={hypothesis: beta}, knowing=[below]
        )
        gap = (1 - beta) ** 2 + 2 * beta * (1 - beta) * (1 - z)
        chain.at_most((1 + beta) * (1 - beta ** (t + 1)), "$\\beta^t < 1$", gap=gap, knowing=[below, apart])

    return d.induct(
        t, 2 * t * beta**t * (1 - beta), "<=", (1 + beta) * (1 - beta**t),
        lambda chain: chain.at_most((1 + beta) * (1 - beta), "$\\beta < 1$", gap=(1 - beta) ** 2, knowing=[below]),
        step,
    )  # fmt: skip


@proof
def below_sum():
    """The variance is at most that of the plain average and that of the end together."""
    d = Derivation("below the sum")
    below, apart = _below(d)
    many = many_powers().at({}, given=[below])
    d.start(V, knowing=[apart])
    factor = 1 / (t * (1 + beta) * (1 - beta**t))
    return d.at_most(1 / t + (1 - beta) / (1 + beta), "many powers", using={many: factor}, knowing=[below, apart])


@proof
def three_times():
    """Once the first weights have halved, the variance is at most three times what is left in the end."""
    d = Derivation("three times the floor")
    below, apart = _below(d)
    half = d.given(beta**t, "<=", sp.Rational(1, 2), "$t$ is large enough")
    d.start(V, knowing=[apart])
    floor = (1 - beta) / (1 + beta)
    d.at_most(3 * floor, "$\\beta^t \\le \\frac{1}{2}$", using={half: 4 * floor / (1 - beta**t)}, knowing=[below, apart])
    return d.at_most(3 * (1 - beta), "$\\beta \\ge 0$", gap=3 * (1 - beta) * beta / (1 + beta), knowing=[below])


@proof
def effective_batch():
    """In the end the average with beta = (N - 1)/N is as good as a batch of 2N - 1."""
    N = sp.Symbol("N", integer=True, positive=True)
    d = Derivation("effective batch")
    rate = d.given(beta, "=", (N - 1) / N, "the decay")
    d.start((1 - beta) / (1 + beta))
    factor = 2 * N / ((1 + beta) * (2 * N - 1))
    return d.equal(1 / (2 * N - 1), "put in", using={rate: -factor})


@proof
def half_alpha():
    """What is left lies between half of alpha and alpha."""
    al = sp.Symbol("alpha", positive=True)
    d = Derivation("half of alpha")
    one = d.given(al, "<=", 1, "$\\alpha = 1 - \\beta$")
    d.start(al / 2)
    d.at_most(al / (2 - al), "$\\alpha > 0$", gap=al**2 / (2 * (2 - al)), knowing=[one])
    return d.at_most(al, "$\\alpha \\le 1$", gap=al * (1 - al) / (2 - al), knowing=[one])


@proof
def tanh_form():
    """The variance with beta = exp(-lambda): a quotient of two hyperbolic tangents, written with exponentials."""
    lam = sp.Symbol("lambda", positive=True)
    d = Derivation("hyperbolic tangents")
    below = d.given(sp.exp(-lam), "<", 1, "$\\lambda > 0$")
    apart = averages.powers_below_one().at({beta: sp.exp(-lam)}, given=[below])
    grown = Derivation("growth")
    shrunk = grown.given(sp.exp(-lam * t), "<", 1, "$\\lambda > 0$")
    grown.start(1).at_most(sp.exp(t * lam), "divided", using={shrunk: sp.exp(t * lam)}, strict=True)
    more = grown.at({}, given=[apart])
    d.start(V.subs(beta, sp.exp(-lam)), knowing=[apart])
    right = (sp.exp(lam) - 1) / (sp.exp(lam) + 1) * (sp.exp(t * lam) + 1) / (sp.exp(t * lam) - 1)
    return d.equal(right, "fractions expanded", knowing=[apart, more])


# ------------------------------------------------------------------------------------------------- what averaging leaves as it is


@proof
def same_path():
    """The sum of the averages is the sum of the gradients, but for one term that does not grow."""
    d = Derivation("same path")
    begin = d.given(m[0], "=", 0, "the average starts at 0")
    average = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the average")

    def step(chain, hypothesis):
        final = (1 - beta) * sp.Sum(g[t], (t, 1, n + 1)) - beta * m[n + 1]
        chain.equal(final, "hypothesis, average", using={hypothesis: 1, average.at({t: n + 1}): 1})

    left, right = (1 - beta) * sp.Sum(m[t], (t, 1, n)), (1 - beta) * sp.Sum(g[t], (t, 1, n)) - beta * m[n]
    return d.induct(n, left, "=", right, lambda chain: chain.equal(-beta * m[0], "no step yet", put=[begin]), step)


@proof
def total_weight():
    """The weight of one gradient in the sum of all averages."""
    d = Derivation("total weight")
    begin = d.given(m[0], "=", 0, "the average starts at 0")
    average = d.given(m[t], "=", beta * m[t - 1] + (1 - beta) * g[t], "the average")
    written = averages.unrolled().at({}, given=[average])
    right = sp.Sum((1 - beta ** (T - s + 1)) * g[s], (s, 1, T))

    def step(chain, hypothesis):
        chain.equal(right + m[T + 1], "hypothesis", using={hypothesis: 1})
        chain.equal(substitute(right, {T: T + 1}), "$m_{T+1}$ written out", using={written.at({t: T + 1}): 1}, put=[begin])

    def base(chain):
        chain.equal(beta * m[0] + (1 - beta) * g[1], "the average", using={average.at({t: 1}): 1})
        chain.equal((1 - beta) * g[1], "it starts at 0", put=[begin])

    return d.induct(T, sp.Sum(m[t], (t, 1, T)), "=", right, base, step)


@proof
def rising_powers():
    """The powers of a number from the first on, added up and multiplied by its distance from 1."""
    d = Derivation("rising powers")
    return d.induct(
        T, (1 - beta) * sp.Sum(beta**k, (k, 1, T)), "=", beta * (1 - beta**T),
        lambda chain: chain.equal(beta * (1 - beta), "one term"),
        lambda chain, hypothesis: chain.equal(beta * (1 - beta ** (T + 1)), "the last term apart", using={hypothesis: 1}),
    )  # fmt: skip


@proof
def total_noise():
    """The squared total weights add up to nearly their number."""
    d = Derivation("total noise")
    below, _ = _below(d)
    powers = rising_powers().at({})
    d.start(T - 2 * beta / (1 - beta), knowing=[below])
    gap = 2 * beta ** (T + 1) / (1 - beta)
    d.at_most(T - 2 * sp.Sum(beta**k, (k, 1, T)), "the powers add up", using={powers: 2 / (1 - beta)}, gap=gap, knowing=[below])
    return d.at_most(sp.Sum((1 - beta**k) ** 2, (k, 1, T)), "expanded", gap=sp.Sum(beta ** (2 * k), (k, 1, T)))


@proof
def total_noise_above():
    """They never exceed their number."""
    d = Derivation("total noise from above")
    _, apart = _below(d)
    d.start(sp.Sum((1 - beta**k) ** 2, (k, 1, T)))
    gap = sp.Sum(beta**k + beta**k * (1 - beta**k), (k, 1, T))
    return d.at_most(T, "each weight is at most 1", gap=gap, knowing=[apart.at({t: k})])


@proof
def covariance():
    """Two averages share what the later one remembers of the earlier."""
    d = Derivation("covariance")
    grow = d.given(Z[t + j + 1], "=", beta * Z[t + j] + r[t + j + 1], "one error more")
    alone = d.given(Mean(Z[t] * r[t + j + 1]), "=", 0, "errors are uncorrelated")
    own = Derivation("product")
    known = own.given(Z[t + j + 1], "=", beta * Z[t + j] + r[t + j + 1], "one error more")
    own.start(Z[t] * Z[t + j + 1])
    own.equal(beta * Z[t] * Z[t + j] + Z[t] * r[t + j + 1], "one error more", using={known: Z[t]})
    mean = expect(own.at(given=[grow]), Z[t] * Z[s], Z[t] * r[s])

    def step(chain, hypothesis):
        chain.equal(beta * Mean(Z[t] * Z[t + j]) + Mean(Z[t] * r[t + j + 1]), "one error more", using={mean: 1})
        chain.equal(beta ** (j + 1) * Mean(Z[t] ** 2), "hypothesis", using={hypothesis: beta, alone: 1})

    return d.induct(
        j, Mean(Z[t] * Z[t + j]), "=", beta**j * Mean(Z[t] ** 2), lambda chain: chain.equal(Mean(Z[t] ** 2), "the same"), step
    )


# --------------------------------------------------------------------------------------------------------------------- the lag


@proof
def lag():
    """Where the mean gradient moves on a line, the average lags by the slope times its mean age."""
    d = Derivation("lag")
    below = d.given(beta, "<", 1, "the average forgets")
    moving = d.given(g[t], "=", gbar + slope * t, "the mean gradient drifts")
    apart = averages.powers_below_one().at({}, given=[below])
    weight = (1 - beta) * one_power / (1 - beta**t)
    d.start(sp.Sum(weight * g[s], (s, 1, t)) - g[t], knowing=[apart])
    d.equal(
        sp.Sum(weight * (gbar + slope * s), (s, 1, t)) - gbar - slope * t,
        "the drift",
        using={moving.at({t: s}).sum(s, 1, t, one_power): scale, moving: -1},
        knowing=[apart],
    )
    whole, age = averages.weights_sum().at({}, given=[below]), averages.mean_age().at({}, given=[below])
    right = -slope * (beta / (1 - beta) - t * beta**t / (1 - beta**t))
    return d.equal(right, "weights and mean age", using={whole: gbar + slope * t, age: -slope}, knowing=[below, apart])


# ------------------------------------------------------------------------------------------------------- the stationary state

rate, curve = sp.symbols("eta q", positive=True)
ease = 2 * (1 + beta) - rate * curve * (1 - beta)
w_, m_ = Family("w", random=True), Family("m", first=0, random=True)


def _moves(d):
    """Add the step and that the mean square of the position stays; return the step squared and averaged, and the latter."""
    move = d.given(w_[t + 1], "=", w_[t] - rate * m_[t], "the step")
    still = d.given(Mean(w_[t + 1] ** 2), "=", Mean(w_[t] ** 2), "stationary")
    square = Derivation("square of the step")
    known = square.given(w_[t + 1], "=", w_[t] - rate * m_[t], "the step")
    square.start(w_[t + 1] ** 2)
    square.equal((w_[t] - rate * m_[t]) ** 2, "the step", using={known: w_[t + 1] + w_[t] - rate * m_[t]})
    return move, still, expect(square.at({}, given=[move]), w_[t] ** 2, w_[t] * m_[t], m_[t] ** 2)


@proof
def product_with_average():
    """In the stationary state the mean product of position and average is half the rate times the average's mean square."""
    d = Derivation("position and average")
    _, still, position = _moves(d)
    d.start(Mean(w_[t] * m_[t]))
    factor = 1 / (2 * rate)
    return d.equal(rate / 2 * Mean(m_[t] ** 2), "the step, squared", using={position: factor, still: -factor})


@proof
def against_zero():
    """In the stationary state the average estimates the gradient no better than zero does."""
    d = Derivation("no better than zero")
    move, still, _ = _moves(d)
    half = product_with_average().at({}, given=[move, still])
    d.start(Mean(m_[t] ** 2) - 2 * curve * Mean(w_[t] * m_[t]) + curve**2 * Mean(w_[t] ** 2))
    right = curve**2 * Mean(w_[t] ** 2) + (1 - rate * curve) * Mean(m_[t] ** 2)
    return d.equal(right, "position and average", using={half: -2 * curve})


def _stationary(d):
    """Add the noisy run in its stationary state to d; return the equations that `_equations` asks for, in means."""
    below = d.given(beta, "<", 1, "the average forgets")
    stable = d.given(rate * curve * (1 - beta), "<", 2 * (1 + beta), "the run is stable")
    average = d.given(m_[t], "=", beta * m_[t - 1] + (1 - beta) * (curve * w_[t] + r[t]), "the average of noisy gradients")
    move, still, position = _moves(d)
    fresh = d.given(Mean(w_[t] * r[t]), "=", 0, "the error is new"), d.given(Mean(m_[t - 1] * r[t]), "=", 0, "the error is new")
    size = d.given(Mean(r[t] ** 2), "=", sigma**2, "its variance")
    rest = (
        d.given(Mean(m_[t] ** 2), "=", Mean(m_[t - 1] ** 2), "stationary average"),
        d.given(Mean(w_[t + 1] * m_[t]), "=", Mean(w_[t] * m_[t - 1]), "stationary product"),
    )
    value = beta * m_[t - 1] + (1 - beta) * (curve * w_[t] + r[t])
    names = (w_[t] ** 2, w_[t] * m_[t], w_[t] * m_[t - 1], m_[t] ** 2, r[t] ** 2, w_[t] * r[t], m_[t - 1] * r[t])

    square = Derivation("square of the average")
    known = square.given(m_[t], "=", value, "the average")
    square.start(m_[t] ** 2).equal(value**2, "the average", using={known: m_[t] + value})
    squared = expect(square.at({}, given=[average]), *names)
    product = Derivation("product")
    known = product.given(m_[t], "=", value, "the average")
    product.start(w_[t] * m_[t]).equal(w_[t] * value, "the average", using={known: w_[t]})
    multiplied = expect(product.at({}, given=[average]), *names)
    step = Derivation("product after the step")
    known = step.given(w_[t + 1], "=", w_[t] - rate * m_[t], "the step")
    step.start(w_[t + 1] * m_[t]).equal((w_[t] - rate * m_[t]) * m_[t], "the step", using={known: m_[t]})
    stepped = expect(step.at({}, given=[move]), *names)
    return below, stable, squared, multiplied, stepped, position, still, fresh, size, rest


def _combined(parts, f1, f2, f3):
    """The certificate of f1 times the average's equation, f2 times the product's, f3 times the position's."""
    squared, multiplied, stepped, position, still, (new_w, new_m), size, (rest_m, rest_p) = parts
    return {
        squared: f1,
        rest_m: -f1 * beta**2,
        new_m: 2 * f1 * beta * (1 - beta),
        size: f1 * (1 - beta) ** 2,
        multiplied: f2 - 2 * rate * f3,
        stepped: f2,
        rest_p: -f2,
        position: f3,
        still: -f3,
        new_w: 2 * f1 * (1 - beta) ** 2 * curve + (f2 - 2 * rate * f3) * (1 - beta),
    }


@proof
def spread_of_average():
    """The mean square of the average in the stationary state of a noisy quadratic."""
    d = Derivation("stationary average")
    below, stable, *parts = _stationary(d)
    factors = _combined(parts, 2 / ((1 - beta) * ease), 2 * beta * curve / ease, curve * (1 + beta) / (rate * ease))
    d.start(Mean(m_[t] ** 2))
    return d.equal(2 * (1 - beta) * sigma**2 / ease, "three equations, solved", using=factors, knowing=[stable, below])


@proof
def spread():
    """The mean square of the position in the stationary state of a noisy quadratic."""
    d = Derivation("stationary position")
    below, stable, *parts = _stationary(d)
    share = rate * (1 + beta) / (2 * curve * (1 - beta))
    d.start(Mean(w_[t] ** 2))
    factors = _combined(parts, 0, -beta / ((1 - beta) * curve), 1 / (2 * rate * curve))
    factors = {relation: factor for relation, factor in factors.items() if factor != 0}
    d.equal(share * Mean(m_[t] ** 2), "position and average", using=factors, knowing=[below])
    factors = _combined(parts, 2 / ((1 - beta) * ease), 2 * beta * curve / ease, curve * (1 + beta) / (rate * ease))
    factors = {relation: share * factor for relation, factor in factors.items()}
    return d.equal(rate * sigma**2 * (1 + beta) / (curve * ease), "the average's", using=factors, knowing=[stable, below])


@proof
def spread_at_most():
    """What momentum divides by is at least what descent with the same rate divides by, up to a common factor."""
    d = Derivation("spread from above").start((1 + beta) * (2 - rate * curve))
    return d.at_most(ease, "expanded", gap=2 * rate * curve * beta)


@proof
def spread_at_least():
    """And at most twice 1 + beta."""
    d = Derivation("spread from below")
    below = d.given(beta, "<", 1, "the average forgets")
    return d.start(ease).at_most(2 * (1 + beta), "$\\beta < 1$", gap=rate * curve * (1 - beta), knowing=[below])
