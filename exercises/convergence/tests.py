"""The tests of the assignment on convergence. What is right comes from the package's rules, exact fractions, or the checker.

SymPy is imported by the tests that need it, so that the others run without.
"""

import math
from contextlib import suppress
from fractions import Fraction
from functools import cache
from types import SimpleNamespace

import numpy as np

from lecture_optim.check.testing import Mistakes, Wrong, choice, close, diagnosis, interval, number, prepared, rehearse, test
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.projections import box
from lecture_optim.rules import amsgrad
from lecture_optim.schedules import inverse_sqrt

# ------------------------------------------------------------------------------------------------ q1: AMSGrad from Adam


def _path(G, x, alpha, beta1, beta2, low, high):
    """The points of the package's AMSGrad, the last one included."""
    o = optimizer(amsgrad, inverse_sqrt(alpha), beta1=beta1, beta2=beta2, eps=0.0, project=box(low, high))
    run = play(o, G, x, record=("w",))
    return np.concatenate([run["w"], [run.w]])


def _other_path(G, x, alpha, beta1, beta2, low, high, wrong):
    """The points that a known mistake makes."""
    m = v = top = np.zeros_like(x)
    points = [x]
    for t, g in enumerate(G, start=1):
        m = beta1 * m + (1 - beta1) * g
        old, v = v, beta2 * v + (1 - beta2) * g * g
        if wrong == "the maximum is averaged again":
            v = np.maximum(top, beta2 * top + (1 - beta2) * g * g)
        top = {
            "there is no maximum: this is Adam": v,
            "the maximum of the squares, not of their averages": np.maximum(top, g * g),
            "the maximum over the coordinates": np.full_like(v, max(top.max(initial=0), v.max(initial=0))),
            "the maximum is taken before the present square is averaged in": np.maximum(top, old),
        }.get(wrong, np.maximum(top, v))
        scale = {
            "the root is forgotten": top,
            "the averages are corrected": np.sqrt(top / (1 - beta2**t)),
        }.get(wrong, np.sqrt(top))
        mean = m / (1 - beta1**t) if wrong == "the averages are corrected" else m
        rate = {"the rate does not fall": alpha, "the first step has the number 0, or 2": alpha / math.sqrt(t + 1)}.get(
            wrong, alpha / math.sqrt(t)
        )
        x = x - rate * mean / (scale + (scale == 0))
        if wrong != "the points are not kept in the box":
            x = np.clip(x, low, high)
        points.append(x)
    return np.array(points)


PATHS = (
    "there is no maximum: this is Adam", "the maximum of the squares, not of their averages", "the maximum over the coordinates",
    "the maximum is averaged again", "the maximum is taken before the present square is averaged in",
    "the averages are corrected", "the root is forgotten", "the rate does not fall", "the first step has the number 0, or 2",
    "the points are not kept in the box",
)  # fmt: skip


def _walk(answer, G, x, hyper):
    names = ("alpha", "beta1", "beta2", "low", "high")
    mistakes = Mistakes(PATHS, lambda name: _other_path(G, x, *hyper, name))
    given = {"gradients": G, "x": x, **dict(zip(names, hyper, strict=True))}
    close(answer(G, x, *hyper), _path(G, x, *hyper), given=given, mistakes=mistakes, what="the path")


def _rates(rng):
    return float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.6, 0.95))


def _coming(rng, T, d):
    """Gradients that are large at every fourth step, each time larger, and small between: (T, d)."""
    t = np.arange(T)[:, None]
    large = 2.0 ** (1 + t // 4) * rng.uniform(1.5, 2.0, (T, d)) * rng.choice([-1.0, 1.0], (T, d))
    return np.where(t % 4 == 1, large, 0.5 * rng.standard_normal((T, d)))


@test("q1", points=2, title="Gradients that come and go")
def come_and_go(answer, rng):
    """Large gradients and then small ones, so that the maximum matters; a wide box."""
    for d in (1, int(rng.integers(2, 5))):
        T = int(rng.integers(8, 14))
        _walk(answer, _coming(rng, T, d), rng.uniform(-0.5, 0.5, d), (*_rates(rng), -50.0, 50.0))


@test("q1", points=1, title="A narrow box, and a coordinate without gradient")
def narrow_box(answer, rng):
    """The points are clipped after each step; a coordinate whose v is 0 stays: 0/0 is 0."""
    low, high = -0.6, 0.7
    G = _coming(rng, 12, 3)
    G[:, 1] = 0.0
    G[0] = -1.0, 0.0, 2.0  # the first step leads out of the box
    G[5], G[9] = -2 * G[1], 4 * G[1]  # and no point stays at one end for ever
    _walk(answer, G, np.array([high, 0.3, low]), (*_rates(rng), low, high))


@test("q1", points=2, title="Reddi's example, where Adam fails", visible=False)
def reddi(answer, rng):
    """Losses C x, -x, -x in turn, without momentum, from the worst point and from the best."""
    C = float(rng.uniform(2.5, 5.0))
    beta2 = 1 / (1 + C**2)
    G = np.where(np.arange(36) % 3 == 0, C, -1.0)[:, None]
    for x in (1.0, -1.0):
        _walk(answer, G, np.full(1, x), (0.9 * math.sqrt(1 - beta2), 0.0, beta2, -1.0, 1.0))


# ------------------------------------------------------------------------------------------- q2: without a rounded root


def _squares(C, beta2, k, wrong=None):
    """The squared lengths of the three steps of cycle k, in alpha^2, exactly."""
    limit = (1 + beta2 + beta2**2 * C * C) / (1 + beta2 + beta2**2)
    v = {
        "the averages begin anew in each cycle": Fraction(0),
        "the averages are those of the limit, not of cycle k": limit,
    }.get(wrong, limit * (1 - beta2 ** (3 * k)))  # before cycle k: the chapter's lemma on the limit of period 3
    numbers = (3 * k + 1, 3 * k + 2, 3 * k + 3)
    if wrong == "the rate does not fall within the cycle":
        numbers = (1, 1, 1)
    squares = []
    for n, g in zip(numbers, (C, 1, 1), strict=True):
        old, v = v, beta2 * v + (1 - beta2) * g * g
        squares.append(g * g / (n * (old if wrong == "the average before the step" and old else v)))
    if wrong == "the step away is not C times its effective step":
        squares[0] /= C * C
    return squares


def _wins(C, beta2, k, wrong=None):
    """Whether the two steps back are together at least as long as the step away."""
    a, b, c = _squares(C, beta2, k, wrong)
    rest = a - b - c
    if wrong == "squares are compared, and a square of a sum is more than the sum of squares":
        return rest <= 0
    return rest <= 0 or rest * rest <= 4 * b * c


CYCLES = (
    "squares are compared, and a square of a sum is more than the sum of squares", "the averages begin anew in each cycle",
    "the averages are those of the limit, not of cycle k", "the rate does not fall within the cycle",
    "the step away is not C times its effective step", "the average before the step",
)  # fmt: skip
EARLY, LATER = (0, 1, 2, 5), (0, 1, 3, 6)  # cycles
RATES = (Fraction(1, 5), Fraction(3, 10), Fraction(2, 5), Fraction(1, 2))


def _zero(function, low, high):
    """Where a function that rises from below 0 to above 0 is 0, by halving."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if function(middle) > 0 else (middle, high)
    return (low + high) / 2


DIGITS = (8, *range(105, 112))


@cache
def _edges(beta2, k):
    """For each of `DIGITS` two slopes at most 2**-digits apart between which the outcome of cycle k changes, exactly."""
    edges = {}
    near = _zero(lambda C: -1.0 if _wins(C, float(beta2), k) else 1.0, 1.0, 64.0)  # floats are good enough to begin with
    low, high = Fraction(near) - Fraction(1, 2**30), Fraction(near) + Fraction(1, 2**30)
    for digits in DIGITS:
        while high - low > Fraction(1, 2**digits):
            middle = (low + high) / 2
            low, high = (middle, high) if _wins(middle, beta2, k) else (low, middle)
        edges[digits] = low, high
    return edges


def _decide(answer, cases, name=None):
    """That the answer decides all cases as exact fractions do. name: of the mistake, where only one is possible."""
    want = [_wins(*case) for case in cases]
    got = []
    for C, beta2, k in cases:
        one = answer((C.numerator, C.denominator), (beta2.numerator, beta2.denominator), k)
        if not isinstance(one, bool):
            raise Wrong(f"The result must be True or False, not a {type(one).__name__}.", "not True or False")
        got.append(one)
    if got == want:
        return
    n = next(n for n, (one, right) in enumerate(zip(got, want, strict=True)) if one != right)
    C, beta2, k = cases[n]
    if name is None:
        name = next((name for name in CYCLES if got == [_wins(*case, name) for case in cases]), None)
    if all(one != right for one, right in zip(got, want, strict=True)):
        name = "True and False are exchanged"
    shown = f"C = {float(C):.12g}, beta2 = {beta2}, k = {k}"
    raise Wrong(f"It says {got[n]}, and {want[n]} is right.\nSeen with {shown}" + ", exactly", name)


@test("q2", points=2, title="Some cycles")
def some_cycles(answer, rng):
    """Slopes on both sides of where the outcome changes, for cycles from the first on."""
    cases = []
    for k in EARLY:
        for beta2 in RATES[k % 2 :: 2]:
            low, _ = _edges(beta2, k)[8]
            for factor in (60, 85, 97, 103, 115, 160):
                shift = Fraction(int(rng.integers(-10, 11)), 1000)
                cases.append((low * (Fraction(factor, 100) + shift), beta2, k))
    _decide(answer, cases)


@test("q2", points=2, title="On the edge of a knife", visible=False)
def knife_edge(answer, rng):
    """Two slopes that agree in more than thirty digits, with different outcomes: no float tells them apart."""
    cases = [
        (C, beta2, int(k))
        for beta2, k in zip(RATES, rng.permutation(LATER), strict=True)
        for C in _edges(beta2, int(k))[int(rng.choice(DIGITS[1:]))]
    ]
    _decide(answer, cases, name="decided with rounded numbers")


# --------------------------------------------------------------------------------------------------- q3: signs of batches


@prepared
def _threshold():
    """The letter of q3, the right expression, and what known mistakes give."""
    import sympy as sp

    from lecture_optim.derivation import Index

    B = Index("B")
    wrong = {
        "one minus it: all gradients large, in place of none": 2 ** (-1 / B),
        "as if chances added up": 1 / (2 * B),
        "the mean gradient's threshold, not that of its sign": 1 / (B + 1),
        "a single gradient, whatever the batch": sp.Rational(1, 2),
        "an approximation for large batches": sp.log(2) / B,
        "the root is missing": 1 - sp.Rational(1, 2) ** B,
        "a square root, whatever the batch": 1 - 1 / sp.sqrt(2),
    }
    return SimpleNamespace(names={"B": B}, B=B, right=1 - 2 ** (-1 / B), wrong=wrong)


@test("q3", points=1, title="One gradient, and two")
def small_batches(answer, rng):
    """B = 1 gives the chapter's one half."""
    from lecture_optim.check.expressions import at, equivalent, expression

    q = _threshold()
    got = expression(answer, q.names)
    for size in (1, 2):
        here = {q.B: size}
        wrong = {name: at(value, here) for name, value in q.wrong.items()}
        equivalent(at(got, here), at(q.right, here), mistakes=wrong, what=f"the expression at B = {size}")


@test("q3", points=2, title="Every batch")
def every_batch(answer, rng):
    """For all B at once: the chance that no gradient is large must be one half."""
    import sympy as sp

    from lecture_optim.check.expressions import equivalent, expression, proves
    from lecture_optim.derivation import Derivation

    q = _threshold()
    got = expression(answer, q.names)

    def half():
        d = Derivation("the chance that no gradient is large")
        d.start((1 - got) ** q.B).equal(sp.Rational(1, 2), "the threshold")

    try:
        equivalent(got, q.right, mistakes=q.wrong, what="the expression")
    except Wrong as wrong:
        try:
            proves(half, got=got, mistakes=q.wrong)
        except Wrong:
            raise wrong from None


# ------------------------------------------------------------------------------------------------------ q4: a better slope


@prepared
def _margin():
    """The letter of q4, both sides of the criterion and their difference, and what known mistakes give."""
    import sympy as sp

    eta = sp.Symbol("eta", nonnegative=True)
    rate = 1 - eta

    def sides(square):
        """V_1, and V_2 V_3, of the slope with this square."""
        return square + rate + rate**2, (1 + rate * square + rate**2) * (1 + rate + rate**2 * square)

    square, other = 4 + 2 * eta, 4 + eta
    away, back = sides(square)
    low, high = square**2 * back, 16 * away**2
    other_away, other_back = sides(other)
    wrong = {
        "the chapter's slope, with eta in place of 2 eta": 16 * other_away**2 - other**2 * other_back,
        "C to the power 2 in place of 4": high - square * back,
        "V_1 is not squared": 16 * away - low,
        "4 in place of 16": 4 * away**2 - low,
        "only the first terms": 288 * eta + 768 * eta**2,
        "the sides are exchanged": low - high,
    }
    wrong = {name: sp.expand(value) for name, value in wrong.items()}
    return SimpleNamespace(names={"eta": eta}, eta=eta, low=low, high=high, difference=sp.expand(high - low), wrong=wrong)


@test("q4", points=1, title="The difference")
def the_difference(answer, rng):
    """The expression, in whatever form, is 16 V_1^2 - C^4 V_2 V_3."""
    from lecture_optim.check.expressions import equivalent, expression

    q = _margin()
    got = expression(answer, q.names)
    equivalent(got, q.difference, given=[(q.eta, "<=", 1)], what="the expression", mistakes=q.wrong)


@test("q4", points=3, title="Its sign is seen")
def the_sign(answer, rng):
    """The checker accepts the expression as a gap, for all 0 <= eta <= 1; the rest of the proof is made here."""
    from lecture_optim.check.expressions import expression, proves
    from lecture_optim.derivation import Derivation

    q = _margin()
    got = expression(answer, q.names)

    def criterion():
        d = Derivation("the criterion without roots")
        d.given(q.eta, "<=", 1, "a decay rate is not negative")
        d.start(q.low).at_most(q.high, "the margin", gap=got)

    known = {**q.wrong, "right, but its sign is not seen in this form": q.difference}
    proves(criterion, got=got, mistakes=known, what="the expression as a gap")


# --------------------------------------------------------------------------------------- q5: a maximum that may forget


@prepared
def _letters():
    """The letters of q5, t, b, p, v."""
    import sympy as sp

    from lecture_optim.derivation import Index

    return {"t": Index("t"), **{name: sp.Symbol(name, nonnegative=True) for name in "bpv"}}


def _top():
    """max(b p, v)."""
    import sympy as sp

    _, b, p, v = _letters().values()
    return sp.Max(b * p, v)


def _with_top(e):
    """An expression whose maxima are written with max(b p, v) where they can be: max(0, v - b p) is that less b p, say."""
    import sympy as sp

    _, b, p, v = _letters().values()
    place = {}
    for found in e.atoms(sp.Max):
        if len(found.args) == 2 and found.count_ops() < 40:
            one, other = found.args
            times = sp.cancel((one - other) / (v - b * p))
            if times.is_nonnegative:
                place[found] = other + times * (_top() - b * p)
            elif times.is_nonpositive:
                place[found] = one - times * (_top() - b * p)
    return e.xreplace(place)


def _forgets(answer):
    """The factor and the gap of an answer, and whether the two sides differ by this certificate."""
    import sympy as sp

    from lecture_optim.check.expressions import certificate

    t, b, p, _ = _letters().values()
    factor, gap = map(_with_top, certificate(answer, _letters(), ("factor", "gap")))
    return factor, gap, sp.expand(t * _top() - (t - 1) * p - factor * (t * b - (t - 1)) - gap) == 0


@test("q5", points=1, title="Both sides differ by the certificate")
def adds_up(answer, rng):
    """factor times (t b - (t - 1)), and the gap, are together the difference of the sides."""
    if not _forgets(answer)[-1]:
        raise Wrong("t max(b p, v) - (t - 1) p is not factor (t b - (t - 1)) + gap.", "factor and gap do not add up")


@test("q5", points=3, title="The checker accepts the line")
def accepted(answer, rng):
    """The factor and the gap are seen not to be negative."""
    import sympy as sp

    from lecture_optim.check.expressions import proves
    from lecture_optim.derivation import Derivation, Unproved

    (t, b, p, v), top = _letters().values(), _top()
    factor, gap, fits = _forgets(answer)

    def line(gap=gap):
        d = Derivation("a maximum that may forget")
        memory = d.given(t - 1, "<=", t * b, "it forgets no faster than 1 - 1/t")
        d.start((t - 1) * p).at_most(t * top, "certificate", gap=gap, using={memory: factor})

    mistakes = {
        "the factor t is missing in the gap": top - b * p,
        "the larger of two less the wrong one of them": t * (top - v),
        "the maximum without its memory": t * (sp.Max(p, v) - p),
        "nothing is used of the hypothesis, and the sign is not seen": t * top - (t - 1) * p,
    }
    if not fits:
        mistakes = {**mistakes, "factor and gap do not add up": gap}
    elif all(sp.expand(gap - value) != 0 for value in mistakes.values()):
        # It is equal to a right gap. An expanded one may be seen once max(b p, v) - b p stands as one factor.
        mistakes = {**mistakes, "it adds up, but the sign of the gap is not seen in this form: write it as sums of products": gap}
        more = sp.Symbol("more", nonnegative=True)
        by_more = sp.expand(gap.xreplace({top: b * p + more}))
        for form in {sp.factor(gap), sp.factor(by_more).xreplace({more: top - b * p}), by_more.xreplace({more: top - b * p})}:
            with suppress(Unproved):
                return line(form)
    proves(line, got=gap, mistakes=mistakes, what="the certificate")


# ------------------------------------------------------------------------------------------- q6: the same losses, shuffled


@cache
def _in_the_long_run(beta2, p):
    """(points, weights): the mean of f(Y) is the sum of weights f(points), Y the long-run average of an indicator with chance p.

    One step takes a function f(y) to its mean p f(beta2 y + 1 - beta2) + (1 - p) f(beta2 y); after many steps this is a constant,
    the mean in the long run. Functions are their values at Chebyshev points, so that a step is a matrix. There is no noise in it.
    """
    n = 90
    angle = (np.arange(n) + 0.5) * np.pi / n
    points, signs = (1 + np.cos(angle)) / 2, np.where(np.arange(n) % 2, -1.0, 1.0) * np.sin(angle)

    def at(y):  # the values at y of the polynomials that are 1 at one point and 0 at the others
        share = signs / (y[:, None] - points)
        return share / share.sum(axis=1, keepdims=True)

    step = p * at(beta2 * points + 1 - beta2) + (1 - p) * at(beta2 * points)
    return points, np.linalg.matrix_power(step, 256)[0]


def _stationary_drift(C, beta2, p):
    """E g / sqrt(beta2 V + (1 - beta2) g^2) for g = C with chance p, else -1: its sign is descent's."""
    Y, weights = _in_the_long_run(beta2, p)
    V = 1 + (C * C - 1) * Y
    return weights @ (p * C / np.sqrt(beta2 * V + (1 - beta2) * C * C) - (1 - p) / np.sqrt(beta2 * V + 1 - beta2))


def _slopes(beta2, p):
    """The slope at which the drift changes its sign, and what known mistakes give."""

    def first_order(C):
        n1, n2, n3 = (p * C**i + (1 - p) * (-1) ** i for i in (1, 2, 3))
        return 2 * n1 * n2 - (1 - beta2) * (n3 - n1 * n2)

    def periodic(C):
        V = C * C + beta2 + beta2**2, 1 + beta2 * C * C + beta2**2, 1 + beta2 + beta2**2 * C * C
        return C / V[0] ** 0.5 - V[1] ** -0.5 - V[2] ** -0.5

    return _zero(lambda C: _stationary_drift(C, beta2, p), 2.0, 8.0), {
        "the order is the periodic one": _zero(periodic, 2.0, 8.0),
        "first order, not measured": _zero(first_order, 2.0, 8.0),
        "where the mean gradient changes its sign": 2.0,
    }


@test("q6", points=1, title="The size")
def slope_size(answer, rng):
    """The value alone, within 0.1."""
    value = answer[0] if isinstance(answer, (tuple, list)) and len(answer) == 2 else answer
    want, mistakes = _slopes(0.6, 1 / 3)
    number(value, want, atol=0.1, mistakes=mistakes, what="the slope")


@test("q6", points=3, title="An interval that covers it")
def slope_interval(answer, rng):
    """The recomputation has no noise; 0.03 is less than what separates it from the first-order formula."""
    want, mistakes = _slopes(0.6, 1 / 3)
    interval(answer, want, widest=0.03, what="the slope", mistakes=mistakes)


# ----------------------------------------------------------------------------------- q7 and q8: a program that saves a line

NAMES = (
    "the maximum is averaged again",
    "the bias is not corrected",
    "the rate falls too slowly",
    "the root is taken before the maximum",
    "the maximum leaves out the present gradient",
    "the maximum is taken over the coordinates",
)
KEYS7 = ("line", "mistake", "program", "amsgrad")


@test("q7", points=1, title="The line")
def the_line(answer, rng):
    """The line that does two things with one name."""
    wrong = {"this line is right: the paper corrects nothing": 2, "this line is right: a root of a maximum": 4}
    number(diagnosis(answer, "line", KEYS7), 3, mistakes=wrong, what="the line", sized=False)


@test("q7", points=1, title="The mistake's name")
def the_name(answer, rng):
    """Its name among six."""
    others = {name: f"not this: {name}" for name in NAMES}
    choice(diagnosis(answer, "mistake", KEYS7), NAMES[0], among=NAMES, mistakes=others, what="the mistake")


def _largest(beta2, C, averaged):
    """To what the program's scale, or AMSGrad's, tends on losses C x, -x, -x, by running it for a long time."""
    v = top = 0.0
    for t in range(12_000):
        g = C if t % 3 == 0 else 1.0
        v = beta2 * (top if averaged else v) + (1 - beta2) * g * g
        top = max(top, v)
    return top


@test("q7", points=2, title="To what the two scales tend")
def the_limits(answer, rng):
    """The numbers by which the program and AMSGrad divide in the end, on Reddi's losses."""
    right, wrong = _largest(0.99, 3.0, False), _largest(0.99, 3.0, True)
    mean = 11 / 3
    mistakes = {
        "the two are exchanged": right,
        "the root, and the squared scale was asked for": 3.0,
        "the mean square, which nothing tends to here": mean,
    }
    number(diagnosis(answer, "program", KEYS7), wrong, rtol=2e-3, mistakes=mistakes, what="the program's v")
    others = {
        "the two are exchanged": wrong,
        "the root, and the squared scale was asked for": math.sqrt(right),
        "the mean square, not the largest average": mean,
        "the average at the end of a cycle, not the largest": (1 + 0.99 + 0.99**2 * 9) / (1 + 0.99 + 0.99**2),
    }
    number(diagnosis(answer, "amsgrad", KEYS7), right, rtol=2e-3, mistakes=others, what="AMSGrad's maximum")


def _one(x, g, m, v, top, t, alpha, beta1, beta2, power, wrong=None):
    """One step of AMSGrad for rates alpha/t**power, whose maximum forgets as fast as it may, or of a known mistake."""
    m = beta1 * m + (1 - beta1) * g
    old, v = v, beta2 * v + (1 - beta2) * g * g
    if wrong == "the maximum is averaged again":
        v = beta2 * top + (1 - beta2) * g * g
    keep = {
        "the share of a rate that falls with the root of t, whatever the rate": 1 - 1 / t,
        "the share of the root of the scale, not of the scale": (1 - 1 / t) ** power,
        "the share of the next step": (t / (t + 1)) ** (2 * power),
    }.get(wrong, (1 - 1 / t) ** (2 * power))
    top = {
        "the maximum forgets nothing": np.maximum(top, v),
        "the larger of both is made to forget": keep * np.maximum(top, v),
        "there is no maximum": v,
        "the share is taken of the average, not of the maximum": np.maximum(top, keep * v),
        "the maximum leaves out the present gradient": np.maximum(keep * top, old),
    }.get(wrong, np.maximum(keep * top, v))
    scale = top if wrong == "the root is forgotten" else np.sqrt(top)
    rate = {"the rate does not fall": alpha, "the rate falls with the root of t, whatever the power": alpha / math.sqrt(t)}.get(
        wrong, alpha / t**power
    )
    mean, below = (m / (1 - beta1**t), np.sqrt(top / (1 - beta2**t))) if wrong == "bias is corrected" else (m, scale)
    return x - rate * mean / (below + (below == 0)), m, top if wrong == "the maximum is stored as the average" else v, top


ONES = (
    "the maximum forgets nothing", "the maximum is averaged again", "the larger of both is made to forget",
    "the share is taken of the average, not of the maximum", "there is no maximum", "the maximum leaves out the present gradient",
    "the share of a rate that falls with the root of t, whatever the rate",
    "the share of the root of the scale, not of the scale", "the share of the next step",
    "the maximum is stored as the average", "the root is forgotten", "the rate does not fall",
    "the rate falls with the root of t, whatever the power", "bias is corrected",
)  # fmt: skip


def _steps(answer, G, hyper, first=1):
    """Several steps with the answer, each from the right state. hyper: (alpha, beta1, beta2, power). first: the first asked."""
    x = m = v = top = np.zeros(G.shape[1:])
    for t, g in enumerate(G, start=1):
        call = (x, g, m, v, top, t, *hyper)
        want = _one(*call)
        if t >= first:
            mistakes = Mistakes(ONES, lambda name, call=call: _one(*call, name))
            given = dict(zip(("x", "g", "m", "v", "top", "t", "alpha", "beta1", "beta2", "power"), call, strict=True))
            close(answer(*call), want, given=given, mistakes=mistakes, what="(x, m, v, top)")
        x, m, v, top = want
    return x


@test("q8", points=2, title="AMSGrad: rates that stay")
def everything(answer, rng):
    """power = 0: the package's AMSGrad with one rate, over several steps with gradients that come and go."""
    for d in (1, 3):
        alpha, beta1, beta2 = _rates(rng)
        G = _coming(rng, 9, d)
        end = _steps(answer, G, (alpha, beta1, beta2, 0.0))
        o = optimizer(amsgrad, alpha, beta1=beta1, beta2=beta2, eps=0.0)
        assert np.allclose(end, play(o, G, np.zeros(d)).w, rtol=1e-10, atol=1e-12)  # what is asked for is AMSGrad


@test("q8", points=2, title="A maximum that forgets")
def forgetful(answer, rng):
    """power = 1/2, at an outlier and after one: the scale comes down again, and no faster than it may."""
    alpha, beta1, _ = _rates(rng)
    G = rng.standard_normal((14, 2))
    G[6, 1] = G[7, 0] = 40.0
    _steps(answer, G, (alpha, beta1, float(rng.uniform(0.5, 0.7)), 0.5), first=8)


@test("q8", points=1, title="Other rates, and a coordinate without gradient", visible=False)
def silent(answer, rng):
    """Powers below and above 1/2; 0/0 is 0, also with a maximum."""
    for power in (0.25, float(rng.uniform(0.6, 0.9)), 1.0):
        G = rng.standard_normal((7, 3))
        G[:, 2] = 0.0
        G[1, 1] = G[2, 0] = 40.0
        alpha, beta1, _ = _rates(rng)
        _steps(answer, G, (alpha, beta1, float(rng.uniform(0.3, 0.4)), power), first=3)


# ------------------------------------------------------------------------------------------------------- before a class is graded


@prepared
def rehearsed():
    """Right answers proved, and wrong ones refused, once before a class is graded: what is found then is kept."""
    margin = "288*eta + 96*eta**2 + 424*eta**2*(1 - eta) + 248*eta**2*(1 - eta)*(1 + eta) + 84*eta**5 + 64*eta**6 + 8*eta**7"
    parts = {"factor": "p", "gap": "t*(Max(b*p, v) - b*p)"}
    for beta2 in RATES:
        for k in sorted({*EARLY, *LATER}):
            _edges(beta2, k)
    right = (
        (small_batches, "1 - 2**(-1/B)"), (every_batch, "1 - 2**(-1/B)"), (the_difference, margin), (the_sign, margin),
        (adds_up, parts), (accepted, parts),
    )  # fmt: skip
    rehearse(right, ((the_sign, "eta"), (accepted, {"factor": "p", "gap": "v"})))
