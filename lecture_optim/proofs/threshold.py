"""The order of quantifiers on the periodic example: for every beta_2 some slope fails, for every slope some beta_2 succeeds.

The average of squares runs, cycle by cycle, towards a limit of period 3; V_1, V_2, V_3 are its values, divided by omega.
"""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, between
from lecture_optim.proofs import failure, lemmas, proof, relatives

k, j = Index("k", 0), failure.j
C, alpha, beta = failure.C, failure.alpha, failure.beta
omega, V1, V2, V3 = sp.symbols("omega V_1 V_2 V_3", nonnegative=True)
v = Family("v", first=0, sign="nonnegative")

VALUES = (C**2 + beta + beta**2, 1 + beta * C**2 + beta**2, 1 + beta + beta**2 * C**2)


@proof
def factor():
    """The factor of the limit, by the geometric sum of three terms."""
    d = Derivation("the factor of the limit")
    scale = d.given(omega, "=", 1 / (1 + beta + beta**2), "the factor of the limit")
    return d.start(omega * (1 - beta**3)).equal(1 - beta, "the geometric sum", put=[scale])


def _limit(d):
    """The three values of the limit and its factor become hypotheses of d: (the factor, cleared; the values)."""
    scale = d.given(omega, "=", 1 / (1 + beta + beta**2), "the factor of the limit")
    return factor().at(given=[scale]), [
        d.given(V, "=", e, "the values of the limit") for V, e in zip((V1, V2, V3), VALUES, strict=True)
    ]


def _only_values(d):
    """Of the hypotheses of d those about the limit."""
    return [known for known in d.givens if known.why in ("the factor of the limit", "the values of the limit")]


@proof
def periodic_limit():
    """One cycle leads from the limit's last value to its last value."""
    d = Derivation("the limit of period 3")
    scale, values = _limit(d)
    d.start(beta * (beta * (beta * omega * V3 + (1 - beta) * C**2) + 1 - beta) + 1 - beta)
    return d.equal(omega * V3, "its values put in", using={scale: -VALUES[2]}, put=values)


@proof
def approach():
    """How the average of squares comes near its limit: exactly, at the beginning of every cycle."""
    d = Derivation("how near the limit is")
    _limit(d)
    empty = d.given(v[0], "=", 0, "the average starts at 0")
    whole = beta * (beta * (beta * v[k] + (1 - beta) * C**2) + 1 - beta) + 1 - beta
    cycle = d.given(v[k + 1], "=", whole, "one cycle")
    fixed = periodic_limit().at(given=_only_values(d))

    def step(chain, hypothesis):
        chain.equal(whole, "one cycle", using={cycle: 1})
        chain.equal(omega * V3 * (1 - beta ** (3 * k + 3)), "so it was before", using={hypothesis: beta**3, fixed: 1})

    return d.induct(
        k, v[k], "=", omega * V3 * (1 - beta ** (3 * k)),
        lambda chain: chain.equal(0, "the start", using={empty: 1}),
        step,
    )  # fmt: skip


@proof
def margin():
    """For the slope with C^2 = 5 - beta_2 the two steps back win, and by how much: exactly."""
    d = Derivation("the margin")
    slope = d.given(C**2, "=", 5 - beta, "the choice of the slope")
    _, values = _limit(d)
    d.start(4 * V1 - C**2 * V2)
    d.equal(4 * VALUES[0] - C**2 * VALUES[1], "the values of the limit", put=values[:2])
    return d.equal(6 * (1 - beta) + 9 * (1 - beta) ** 2, "$C^2 = 5 - \\beta_2$", put=[slope])


@proof
def second_above_third():
    """The limit's second value is at least its third."""
    d = Derivation("the second value is above the third")
    slope = d.given(C, ">=", 1, "a slope of at least 1")
    below = d.given(beta, "<", 1, "an average")
    _, values = _limit(d)
    d.start(V3).equal(VALUES[2], "its value", put=values)
    d.at_most(VALUES[1], "$C^2 \\ge 1$", using={slope: beta * (1 - beta) * (C + 1)}, knowing=[below])
    return d.equal(V2, "its value", put=values)


v1, v2, v3, s1, s2, s3, m = (getattr(failure, name) for name in ("v1", "v2", "v3", "s1", "s2", "s3", "m"))
b = sp.Symbol("b", nonnegative=True)
q, r = sp.symbols("q r", nonnegative=True)
NUMBER = 3 * j + 1  # of the cycle's first step
LAST = beta**NUMBER


@proof
def power_bound():
    """A number times the power with this exponent stays bounded."""
    d = Derivation("a number times a power")
    below = d.given(beta, "<", 1, "an average")
    least = relatives.correction_below().at({relatives.t: NUMBER, relatives.beta: beta}, given=[below])
    d.start((1 - beta) * NUMBER * LAST)
    before = (1 - beta) * NUMBER * beta ** (3 * j)
    d.at_most(before, "one factor less", gap=(1 - beta) * before, knowing=[below])
    d.at_most(1 - LAST, "the geometric sum", using={least: 1}, knowing=[below])
    return d.at_most(1, "a power is not negative", gap=LAST)


LATE = 2 * C**2 * V2 + 4 * NUMBER * LAST * V3


@proof
def from_when():
    """From an explicit number on every cycle is late enough."""
    d = Derivation("from when on a cycle is late")
    below = d.given(beta, "<", 1, "an average")
    number = d.given(C**2 * V2 * (1 - beta) + 2 * V3, "<=", 3 * NUMBER * (1 - beta) ** 2, "the number of the cycle")
    bound = power_bound().at(given=[below])
    d.start(LATE).at_most(2 * C**2 * V2 + 4 * V3 / (1 - beta), "the power", using={bound: 4 * V3 / (1 - beta)}, knowing=[below])
    return d.at_most(6 * NUMBER * (1 - beta), "the number", using={number: 2 / (1 - beta)}, knowing=[below])


def _share(d):
    """The part q of the step away that is won, and the rest r, become hypotheses of d."""
    share = d.given(8 * V1 * q, "=", 9 * (1 - beta) ** 2, "the share that is won")
    return share, d.given(r, "=", 1 - q, "the rest")


@proof
def late_cycle():
    """Late enough, the average after the large gradient is so near its limit that the margin is not used up."""
    d = Derivation("late enough")
    below = d.given(beta, "<", 1, "an average")
    apart = d.given(4 * V1 - C**2 * V2, "=", 6 * (1 - beta) + 9 * (1 - beta) ** 2, "the margin")
    near = d.given(v1, "=", omega * (V1 - V3 * LAST), "the average, after $Cx$")
    late = d.given(LATE, "<=", 6 * NUMBER * (1 - beta), "late enough")
    share, rest = _share(d)
    d.start(C**2 * (3 * j + 3) * omega * V2)
    using = {apart: -omega * NUMBER, late: omega, near: -4 * NUMBER}
    d.at_most(4 * NUMBER * v1 - 9 * NUMBER * omega * (1 - beta) ** 2, "the margin", using=using, knowing=[below])
    using = {share: NUMBER * omega, near: 8 * NUMBER * q, rest: -4 * NUMBER * v1 * (r + 1 - q)}
    gap = 4 * NUMBER * v1 * q**2 + 8 * NUMBER * q * omega * V3 * LAST
    return d.at_most(4 * NUMBER * v1 * r**2, "a share $q$ is won", gap=gap, using=using, knowing=[below])


@proof
def away_square():
    """Late enough, the step away is at most 2 r units long: the squares."""
    d = Derivation("the step away, late")
    unit = d.given(m**2 * (3 * j + 3) * omega * V2, "=", alpha**2, "the step at the limit's second value")
    step = d.given(s1**2 * NUMBER * v1, "=", alpha**2 * C**2, "the step away")
    positive = d.given(0, "<", v1, "a gradient has come")
    near = d.given(C**2 * (3 * j + 3) * omega * V2, "<=", 4 * NUMBER * v1 * r**2, "late enough")
    whole = NUMBER * v1
    using = {near: m**2 / whole, unit: -(C**2) / whole, step: 1 / whole}
    return d.start(s1**2).at_most((2 * m * r) ** 2, "from the units", using=using, knowing=[positive])


@proof
def back_square():
    """Each step back is at least one unit long: the squares."""
    d = Derivation("a step back")
    n = sp.Symbol("n", positive=True)
    unit = d.given(m**2 * (3 * j + 3) * omega * V2, "=", alpha**2, "the step at the limit's second value")
    step = d.given(s2**2 * n * v2, "=", alpha**2, "the step back, with the number $n$")
    early = d.given(n, "<=", 3 * j + 3, "in this cycle")
    small = d.given(v2, "<=", omega * V2, "no more than its limit")
    positive = [d.given(0, "<", e, "the limit is positive") for e in (omega, V2)]
    whole = (3 * j + 3) * omega * V2
    using = {unit: 1 / whole, step: -1 / whole, small: s2**2 * n / whole, early: s2**2 * omega * V2 / whole}
    return d.start(m**2).at_most(s2**2, "both from $\\alpha^2$", using=using, knowing=positive)


@proof
def late_steps():
    """Late enough, the two steps back are together longer than the step away, by 2 q units at least."""
    d = Derivation("the steps of a late cycle")
    first = d.given(s1**2, "<=", (2 * m * r) ** 2, "the step away")
    second = d.given(m**2, "<=", s2**2, "the first step back")
    third = d.given(m**2, "<=", s3**2, "the second step back")
    rest = d.given(r, "=", 1 - q, "the rest")
    away = lemmas.in_order(s1, 2 * m * r, first)
    back = [lemmas.in_order(m, s, known) for s, known in ((s2, second), (s3, third))]
    d.start(s1 + 2 * q * m).at_most(2 * m * r + 2 * q * m, "the step away", using={away: 1})
    d.equal(2 * m, "the share and the rest", using={rest: 2 * m})
    return d.at_most(s2 + s3, "each at least one unit", using=dict.fromkeys(back, 1))


# --------------------------------------------------------------------------------- from any point to the worst one

u, x, y, z, x2, x3, x4 = sp.symbols("u x y z x_2 x_3 x_4", real=True)
net = sp.Symbol("n", nonnegative=True)
_clipped = failure._clipped


@proof
def one_of_two():
    """The smaller of 1 and a number is at most the number."""
    return Derivation("the smaller of two", sp.Min(1, u)).at_most(u, "one of the two", gap=u - sp.Min(1, u))


@proof
def smaller_rises():
    """The smaller of 1 and a number rises with the number."""
    d = Derivation("the smaller of 1 and a number")
    less = d.given(u, "<=", z, "the hypothesis")

    def inside(chain, case):
        chain.at_most(u, "a minimum", gap=u - sp.Min(1, u))
        chain.at_most(z, "the hypothesis", using={less: 1})
        chain.equal(sp.Min(1, z), "not above 1", knowing=[case])

    def beyond(chain, case):
        chain.at_most(1, "a minimum", gap=1 - sp.Min(1, u))
        chain.equal(sp.Min(1, z), "above 1", knowing=[case])

    return d.start(sp.Min(1, u)).cases(sp.Min(1, z), between(z, 1), [inside, beyond])


@proof
def moved_up():
    """What lies above the smaller of 1 and a number lies so after both are moved up."""
    d = Derivation("moved up")
    low = d.given(sp.Min(1, u), "<=", y, "before")

    def inside(chain, case):
        chain.at_most(u + b, "a minimum", gap=u + b - sp.Min(1, u + b))
        chain.at_most(y + b, "before", using={low: 1}, knowing=[case])

    def beyond(chain, case):
        chain.at_most(1, "a minimum", gap=1 - sp.Min(1, u + b))
        chain.at_most(y + b, "before", using={low: 1}, gap=b, knowing=[case])

    return d.start(sp.Min(1, u + b)).cases(y + b, between(u, 1), [inside, beyond])


@proof
def projected_above():
    """A projected point lies above the smaller of 1 and whatever the point lies above."""
    d = Derivation("a bound of a projected point")
    clip = d.given(y, "=", _clipped(z), "projected onto $[-1, 1]$")
    low = d.given(sp.Min(1, u), "<=", z, "before the projection")

    def below(chain, case):
        chain.at_most(-1, "both are below", using={low: 1, case: 1})
        chain.equal(y, "then $y = -1$", using={clip: -1}, knowing=[case])

    def inside(chain, left, right):
        chain.at_most(z, "before the projection", using={low: 1})
        chain.equal(y, "then $y = z$", using={clip: -1}, knowing=[left, right])

    def above(chain, case):
        chain.at_most(1, "a minimum", gap=1 - sp.Min(1, u))
        chain.equal(y, "then $y = 1$", using={clip: -1}, knowing=[case])

    return d.start(sp.Min(1, u)).cases(y, between(z, -1, 1), [below, inside, above])


@proof
def cycle_rises():
    """A cycle whose steps win moves any point up, or to 1."""
    d = Derivation("one late cycle, from any point")
    won = d.given(s1 + net, "<=", s2 + s3, "the steps back win")
    where = "projected onto $[-1, 1]$"
    moves = (
        d.given(x2, "=", _clipped(x - s1), where),
        d.given(x3, "=", _clipped(x2 + s2), where),
        d.given(x4, "=", _clipped(x3 + s3), where),
    )
    at = x - s1
    low = projected_above().at({u: at, y: x2, z: at}, given=[moves[0], one_of_two().at({u: at})])
    for before, after, s, move in ((x2, x3, s2, moves[1]), (x3, x4, s3, moves[2])):
        low = moved_up().at({u: at, b: s, y: before}, given=[low])
        at = at + s
        low = projected_above().at({u: at, y: after, z: before + s}, given=[move, low])
    inner = Derivation("the net move")
    wins = inner.given(won.left, won.op, won.right, won.why)
    inner.start(x + net).at_most(at, "the steps back win", using={wins: 1})
    rises = smaller_rises().at({u: x + net, z: at}, given=[inner.at(given=[won])])
    d.start(sp.Min(1, x + net)).at_most(sp.Min(1, at), "the steps back win", using={rises: 1})
    return d.at_most(x4, "three projections", using={low: 1})


@proof
def carried_on():
    """The smaller of 1 and a bound, moved up, is at most that of 1 and the point, moved up."""
    d = Derivation("a bound carried on")
    low = d.given(sp.Min(1, u), "<=", y, "so far")
    less = moved_up().at(given=[low])

    def inside(chain, case):
        chain.at_most(y + b, "moved up", using={less: 1})
        chain.equal(sp.Min(1, y + b), "not above 1", knowing=[case])

    def beyond(chain, case):
        chain.at_most(1, "a minimum", gap=1 - sp.Min(1, u + b))
        chain.equal(sp.Min(1, y + b), "above 1", knowing=[case])

    return d.start(sp.Min(1, u + b)).cases(sp.Min(1, y + b), between(y + b, 1), [inside, beyond])


K = Index("K", 0)
H = sp.Symbol("H", integer=True, nonnegative=True)  # one number of cycles; an Index would say "for every number"
W1, W2, W3 = failure.W1, failure.W2, failure.W3
S1, S2, S3 = (Family(name, first=0, sign="positive") for name in "abc")  # the step away and the two steps back
N = Family("n", first=0, sign="nonnegative")


def _moves(d):
    """Where a run is before each step of each cycle becomes hypotheses of d."""
    where = "projected onto $[-1, 1]$"
    return (
        d.given(W2[k], "=", _clipped(W1[k] - S1[k]), where),
        d.given(W3[k], "=", _clipped(W2[k] + S2[k]), where),
        d.given(W1[k + 1], "=", _clipped(W3[k] + S3[k]), where),
    )


@proof
def walk_rises():
    """Cycles whose steps win add up their net moves, until 1 is reached."""
    d = Derivation("cycles add up")
    won = d.given(S1[k] + N[k], "<=", S2[k] + S3[k], "the steps back win")
    moves = _moves(d)
    so_far = W1[0] + sp.Sum(N[k], (k, 0, K - 1))

    def step(chain, hypothesis):
        low = carried_on().at({u: so_far, b: N[K], y: W1[K]}, given=[hypothesis])
        place = {s1: S1[K], s2: S2[K], s3: S3[K], net: N[K], x: W1[K], x2: W2[K], x3: W3[K], x4: W1[K + 1]}
        here = {k: K}
        cycle = cycle_rises().at(place, given=[won.at(here), *(move.at(here) for move in moves)])
        chain.at_most(sp.Min(1, W1[K] + N[K]), "so far", using={low: 1})
        chain.at_most(W1[K + 1], "one cycle more", using={cycle: 1})

    base = one_of_two().at({u: W1[0]})
    return d.induct(K, sp.Min(1, so_far), "<=", W1[K], lambda chain: chain.at_most(W1[0], "no cycle yet", using={base: 1}), step)


@proof
def walk_arrives():
    """When the net moves have added up to the distance from 1 the point is there."""
    d = Derivation("the point arrives")
    won = d.given(S1[k] + N[k], "<=", S2[k] + S3[k], "the steps back win")
    moves = _moves(d)
    there = W1[0] + sp.Sum(N[k], (k, 0, H - 1))
    far = d.given(1, "<=", there, "far enough together")
    rises = walk_rises().at({K: H}, given=[won, *moves])
    whole = smaller_rises().at({u: 1, z: there}, given=[far])
    d.start(1).at_most(sp.Min(1, there), "far enough together", using={whole: 1})
    return d.at_most(W1[H], "cycles add up", using={rises: 1})


# ------------------------------------------------------------------------------------------------------- the whole run

J = sp.Symbol("J", integer=True, nonnegative=True)  # the cycle from which on all are late
M = Family("m", first=0, sign="positive")
A1, A2, A3 = failure.V1, failure.V2, failure.V3  # the averages after each step of a cycle


def _averages(d):
    """The limit's values and the average of squares through every cycle become hypotheses of d."""
    scale, values = _limit(d)
    empty = d.given(v[0], "=", 0, "the average starts at 0")
    first = d.given(A1[k], "=", beta * v[k] + (1 - beta) * C**2, "after $Cx$")
    second = d.given(A2[k], "=", beta * A1[k] + 1 - beta, "after $-x$")
    third = d.given(A3[k], "=", beta * A2[k] + 1 - beta, "after $-x$")
    on = d.given(v[k + 1], "=", A3[k], "into the next cycle")
    return scale, values, empty, (first, second, third), on


@proof
def start_of_cycle():
    """The average at the beginning of a cycle, from those after each of its steps."""
    d = Derivation("the beginning of a cycle")
    _, _, empty, (first, second, third), on = _averages(d)
    inner = Derivation("one cycle")
    parts = [inner.given(known.left, known.op, known.right, known.why) for known in (first, second, third, on)]
    inner.start(v[k + 1]).equal(A3[k], "into the next cycle", using={parts[3]: 1})
    whole = beta * (beta * (beta * v[k] + (1 - beta) * C**2) + 1 - beta) + 1 - beta
    inner.equal(whole, "its three steps", using={parts[2]: 1, parts[1]: beta, parts[0]: beta**2})
    cycle = inner.at(given=[first, second, third, on])
    near = approach().at(given=[*_only_values(d), empty, cycle])
    return d.start(v[k]).equal(omega * V3 * (1 - beta ** (3 * k)), "as it comes near its limit", using={near: 1})


@proof
def after_away():
    """The average after the large gradient, exactly."""
    d = Derivation("after the large gradient")
    scale, values, _, (first, _, _), _ = _averages(d)
    start = start_of_cycle().at(given=d.givens)
    d.start(A1[k]).equal(beta * v[k] + (1 - beta) * C**2, "after $Cx$", using={first: 1})
    d.equal(beta * omega * V3 * (1 - beta ** (3 * k)) + (1 - beta) * C**2, "the beginning of the cycle", using={start: beta})
    using = {scale: -(C**2), values[0]: -omega, values[2]: beta * omega}
    return d.equal(omega * (V1 - V3 * beta ** (3 * k + 1)), "the limit's values", using=using)


@proof
def after_first_back():
    """The average after the first small gradient stays below its limit."""
    d = Derivation("after the first small gradient")
    scale, values, _, (_, second, _), _ = _averages(d)
    before = after_away().at(given=d.givens)
    d.start(A2[k]).equal(beta * A1[k] + 1 - beta, "after $-x$", using={second: 1})
    using = {before: beta, scale: -1, values[0]: beta * omega, values[1]: -omega}
    d.equal(omega * (V2 - V3 * beta ** (3 * k + 2)), "the limit's values", using=using)
    return d.at_most(omega * V2, "from below", gap=omega * V3 * beta ** (3 * k + 2))


SLOPE = (C**2, "=", 5 - beta, "the choice of the slope")


@proof
def slope_above_two():
    """The slope is above 2, so -1 is the best point."""
    d = Derivation("the slope is above 2")
    slope, below = d.given(*SLOPE), d.given(beta, "<", 1, "an average")
    return d.start(4).at_most(C**2, "$\\beta_2 < 1$", using={below: 1, slope: -1}, strict=True)


@proof
def slope_above_one():
    """The slope is at least 1."""
    d = Derivation("the slope is at least 1")
    slope, below = d.given(*SLOPE), d.given(beta, "<", 1, "an average")
    inner = Derivation("its square")
    square, rate = (inner.given(known.left, known.op, known.right, known.why) for known in (slope, below))
    inner.start(1).at_most(C**2, "$\\beta_2 < 1$", gap=3, using={rate: 1, square: -1})
    told = lemmas.in_order(1, C, inner.at(given=[slope, below]))
    return d.start(1).at_most(C, "so are the squares", using={told: 1})


def _slope(d):
    """The rate and the slope that goes with it become hypotheses of d: (beta_2 < 1, C^2 = 5 - beta_2)."""
    below = d.given(beta, "<", 1, "an average")
    root = d.given(C, "=", sp.sqrt(5 - beta), "the choice of the slope")
    return below, slope_squared().at(given=[below, root])


@proof
def slope_squared():
    """The square of the slope."""
    d = Derivation("the slope, squared")
    d.given(beta, "<", 1, "an average")
    root = d.given(C, "=", sp.sqrt(5 - beta), "the choice of the slope")
    return d.start(C**2).equal(5 - beta, "put in", put=[root])


@proof
def after_second_back():
    """The average after the second small gradient stays below the limit's second value."""
    d = Derivation("after the second small gradient")
    below, slope = _slope(d)
    *_, on = _averages(d)
    before = start_of_cycle().at({k: k + 1}, given=d.givens[2:])
    large = slope_above_one().at(given=[slope, below])
    order = second_above_third().at(given=[large, below, *_only_values(d)])
    d.start(A3[k]).equal(v[k + 1], "into the next cycle", using={on: -1})
    d.equal(omega * V3 * (1 - beta ** (3 * k + 3)), "the beginning of a cycle", using={before: 1})
    d.at_most(omega * V3, "from below", gap=omega * V3 * beta ** (3 * k + 3))
    return d.at_most(omega * V2, "the second value is above", using={order: omega})


@proof
def limit_positive():
    """The factor of the limit is positive."""
    d = Derivation("the factor of the limit")
    scale = d.given(omega, "=", 1 / (1 + beta + beta**2), "the factor of the limit")
    return d.start(0).at_most(omega, "put in", gap=1 / (1 + beta + beta**2), using={scale: -1}, strict=True)


@proof
def second_positive():
    """The limit's second value is positive."""
    d = Derivation("the second value is positive")
    _, values = _limit(d)
    gap = 1 + beta * C**2 + beta**2
    return d.start(0).at_most(V2, "its value", gap=gap, using={values[1]: -1}, strict=True)


@proof
def away_positive():
    """The average after the large gradient is positive."""
    d = Derivation("a gradient has come")
    below = d.given(beta, "<", 1, "an average")
    first = d.given(A1[k], "=", beta * v[k] + (1 - beta) * C**2, "after $Cx$")
    gap = beta * v[k] + (1 - beta) * C**2
    return d.start(0).at_most(A1[k], "its square", gap=gap, using={first: -1}, knowing=[below], strict=True)


def _run(d):
    """A run on the example with the slope of the theorem becomes hypotheses of d."""
    _, slope = _slope(d)
    _averages(d)
    length = "the step length is $\\alpha |g| / \\sqrt{t v}$"
    steps = (
        d.given(S1[k] ** 2 * (3 * k + 1) * A1[k], "=", alpha**2 * C**2, length),
        d.given(S2[k] ** 2 * (3 * k + 2) * A2[k], "=", alpha**2, length),
        d.given(S3[k] ** 2 * (3 * k + 3) * A3[k], "=", alpha**2, length),
    )
    unit = d.given(M[k] ** 2 * (3 * k + 3) * omega * V2, "=", alpha**2, "the step at the limit's second value")
    share, rest = _share(d)
    first = 3 * J + 1
    number = d.given(C**2 * V2 * (1 - beta) + 2 * V3, "<=", 3 * first * (1 - beta) ** 2, "late enough")
    return slope, steps, unit, share, rest, number


@proof
def stays_late():
    """After a late cycle all are late."""
    d = Derivation("all later cycles")
    left = C**2 * V2 * (1 - beta) + 2 * V3
    number = d.given(left, "<=", 3 * (3 * J + 1) * (1 - beta) ** 2, "late enough")
    gap = 9 * k * (1 - beta) ** 2
    return d.start(left).at_most(3 * (3 * (J + k) + 1) * (1 - beta) ** 2, "the number has grown", gap=gap, using={number: 1})


@proof
def late_net():
    """In every late cycle the two steps back are together longer than the step away, by 2 q units."""
    d = Derivation("the steps of the late cycles")
    slope, steps, unit, share, rest, number = _run(d)
    known = d.givens
    late, averages = {k: J + k}, known[2:11]
    below, limit, first = known[0], _only_values(d), known[7]
    apart = margin().at(given=[slope, *limit])
    again = stays_late().at(given=[number])
    when = from_when().at({j: J + k}, given=[below, again])
    near = after_away().at(late, given=averages)
    place = {v1: A1[J + k], j: J + k}
    enough = late_cycle().at(place, given=[below, apart, near, when, share, rest])
    here = {**place, m: M[J + k]}
    one, two, three = (step.at(late) for step in steps)
    length = unit.at(late)
    positive = away_positive().at(late, given=[below, first])
    away = away_square().at({**here, s1: S1[J + k]}, given=[length, one, positive, enough])
    small = [after_first_back().at(late, given=averages), after_second_back().at(late, given=[*known[:2], *averages])]
    above = [limit_positive().at(given=[limit[0]]), second_positive().at(given=limit)]
    n = sp.Symbol("n", positive=True)
    back = []
    for s, average, step, number_, bound in (
        (S2, A2, two, 3 * (J + k) + 2, small[0]),
        (S3, A3, three, 3 * (J + k) + 3, small[1]),
    ):
        earlier = Derivation("in this cycle", number_).at_most(3 * (J + k) + 3, "no later", gap=3 * (J + k) + 3 - number_)
        places = {s2: s[J + k], v2: average[J + k], n: number_, m: M[J + k], j: J + k}
        back.append(back_square().at(places, given=[length, step, earlier.at(), bound, *above]))
    final = late_steps().at({s1: S1[J + k], s2: S2[J + k], s3: S3[J + k], m: M[J + k]}, given=[away, *back, rest])
    return d.start(S1[J + k] + 2 * q * M[J + k]).at_most(S2[J + k] + S3[J + k], "as in every late cycle", using={final: 1})


def _late_walk(d):
    """A run whose late cycles win, from anywhere, and how far it has gone, becomes hypotheses of d."""
    wins = d.given(S1[J + k] + 2 * q * M[J + k], "<=", S2[J + k] + S3[J + k], "late cycles win")
    moves = _moves(d)
    inside = d.given(W1[k], "<=", 1, "in the interval")
    far = d.given(1, "<=", W1[J] + sp.Sum(2 * q * M[J + k], (k, 0, H - 1)), "far enough together")
    return wins, moves, inside, far


def _later(number):
    """The families of a walk, counted from the cycle with this number."""
    return {family: sp.Lambda(k, family[number + k]) for family in (W1, W2, W3, S1, S2, S3)}


def _later_there(number):
    """The same for the families of `failure`, whose steps have other names."""
    theirs = dict(zip((failure.S1, failure.S2, failure.S3), (S1, S2, S3), strict=True))
    places = {family: sp.Lambda(k, ours[number + k]) for family, ours in theirs.items()}
    return places | {family: sp.Lambda(k, family[number + k]) for family in (W1, W2, W3)}


@proof
def pinned():
    """What is neither below nor above 1 is 1."""
    d = Derivation("neither below nor above")
    low = d.given(1, "<=", y, "not below 1")
    high = d.given(y, "<=", 1, "not above 1")
    one, other = Derivation("not below"), Derivation("not above")
    low_, high_ = one.given(1, "<=", y, "not below 1"), other.given(y, "<=", 1, "not above 1")
    one.start(y).equal(sp.Max(y, 1), "not below 1", knowing=[low_])
    other.start(sp.Max(y, 1)).equal(1, "not above 1", knowing=[high_])
    d.start(y).equal(sp.Max(y, 1), "not below 1", using={one.at(given=[low]): 1})
    return d.equal(1, "not above 1", using={other.at(given=[high]): 1})


def _arrival(wins, moves, inside, far):
    """Where cycle J + H begins, from the hypotheses of a late walk."""
    late = {k: J + k}
    place = {**_later(J), N: sp.Lambda(k, 2 * q * M[J + k])}
    reached = walk_arrives().at(place, given=[wins, *(move.at(late) for move in moves), far])
    return pinned().at({y: W1[J + H]}, given=[reached, inside.at({k: J + H})])


@proof
def arrives():
    """From any point, with any rate, the run comes to the worst point."""
    d = Derivation("the run comes to the worst point")
    there = _arrival(*_late_walk(d))
    return d.start(W1[J + H]).equal(1, "cycles add up, and nothing is above 1", using={there: 1})


@proof
def away_short():
    """Late enough, the step away is at most 1 long."""
    d = Derivation("the step away is short, late")
    d.given(beta, "<", 1, "an average")
    d.given(s1**2 * NUMBER * v1, "=", alpha**2 * C**2, "the step away")
    d.given(v1, ">=", (1 - beta) * C**2, "the average after $Cx$")
    d.given(alpha**2, "<=", NUMBER * (1 - beta), "late enough for a short step")
    inner = Derivation("its square")
    below_, step_, large_, short_ = (inner.given(known.left, known.op, known.right, known.why) for known in d.givens)
    whole = NUMBER * (1 - beta)
    using = {large_: s1**2 / ((1 - beta) * C**2), step_: 1 / (whole * C**2), short_: 1 / whole}
    inner.start(s1**2).at_most(1, "from $\\alpha^2$", using=using, knowing=[below_])
    told = lemmas.in_order(s1, 1, inner.at(given=d.givens))
    return d.start(s1).at_most(1, "so it is with the squares", using={told: 1})


@proof
def late_short():
    """In every late cycle the step away is at most 1 long."""
    d = Derivation("the late steps away are short")
    below = d.given(beta, "<", 1, "an average")
    first = d.given(A1[k], "=", beta * v[k] + (1 - beta) * C**2, "after $Cx$")
    step = d.given(S1[k] ** 2 * (3 * k + 1) * A1[k], "=", alpha**2 * C**2, "the step away")
    small = d.given(alpha**2, "<=", (3 * J + 1) * (1 - beta), "late enough for a short step")
    later = d.given(J, "<=", j, "a late cycle")
    inner = Derivation("still late")
    below_, small_, later_ = (inner.given(known.left, known.op, known.right, known.why) for known in (below, small, later))
    inner.start(alpha**2)
    inner.at_most(NUMBER * (1 - beta), "later", using={small_: 1, later_: 3 * (1 - beta)}, knowing=[below_])
    large = failure.after_the_large().at({failure.v: v[j], v1: A1[j]}, given=[first.at({k: j})])
    place = {s1: S1[j], v1: A1[j]}
    short = away_short().at(place, given=[below, step.at({k: j}), large, inner.at(given=[below, small, later])])
    return d.start(S1[j]).at_most(1, "as in every late cycle", using={short: 1})


def _arrived(d):
    """The hypotheses of `arrives`, and that the steps away are short, become hypotheses of d: the walk after the arrival."""
    wins, moves, inside, far = _late_walk(d)
    short = d.given(S1[J + k], "<=", 1, "late steps are short")
    there = _arrival(wins, moves, inside, far)
    number, after = J + H, {k: H + k}
    weaker = Derivation("the steps back are at least as long")
    wins_ = weaker.given(wins.left, wins.op, wins.right, "late cycles win")
    side = S2[J + k] + S3[J + k]
    weaker.start(S1[J + k]).at_most(side, "they win", gap=2 * q * M[J + k], using={wins_: 1})
    back = weaker.at(given=[wins]).at(after)
    return number, [short.at(after), back, there, *(move.at({k: number + k}) for move in moves)]


@proof
def stays():
    """Every later cycle begins at the worst point."""
    d = Derivation("the run stays at the worst point")
    number, walk = _arrived(d)
    stays_there = failure.every_start().at(_later_there(number), given=walk)
    return d.start(W1[number + k]).equal(1, "short steps away, longer steps back", using={stays_there: 1})


@proof
def regret():
    """After the arrival the regret grows in proportion to the number of cycles."""
    d = Derivation("the regret of the L cycles that follow")
    number, walk = _arrived(d)
    L, i = Index("L"), failure.k
    grows = failure.walk_regret().at({**_later_there(number), failure.walk_regret().side.atoms(Index).pop(): L}, given=walk)
    paid = failure.PAID.subs(i, number + i)
    d.start(sp.Sum(paid, (i, 0, L - 1)))
    return d.at_least(L * (2 * C - 4), "each cycle", using={grows: 1})


def whole_run():
    """The theorem in one piece, from the averages and the lengths of the steps to the regret: the lemmas fit together."""
    d = Derivation("the regret, from the algorithm")
    _run(d)
    run, moves = d.givens, _moves(d)
    inside = d.given(W1[k], "<=", 1, "in the interval")
    far = d.given(1, "<=", W1[J] + sp.Sum(2 * q * M[J + k], (k, 0, H - 1)), "far enough together")
    small = d.given(alpha**2, "<=", (3 * J + 1) * (1 - beta), "late enough for a short step")
    wins = late_net().at(given=run)
    short = late_short().at({j: J + K}, given=[run[0], run[7], run[11], small]).at({K: k})
    found = regret().at(given=[wins, *moves, inside, far, short])
    return d.start(found.left).at_least(found.right, "the lemmas together", using={found: 1})


def _below_one(d):
    return d.given(beta, "<", 1, "an average"), _limit(d)[1]


@proof
def first_value():
    """The limit's first value is at most C^2 + 2."""
    d = Derivation("the first value")
    below, values = _below_one(d)
    d.start(V1).equal(VALUES[0], "its value", put=values)
    return d.at_most(C**2 + 2, "$\\beta_2 < 1$", using={below: 2 + beta})


@proof
def third_value():
    """The limit's third value is at least beta_2^2 (C^2 + 2)."""
    d = Derivation("the third value")
    below, values = _below_one(d)
    d.start(V3).equal(VALUES[2], "its value", put=values)
    return d.at_least(beta**2 * (C**2 + 2), "$\\beta_2 < 1$", using={below: 1 + 2 * beta})


p1, p2, p3, e = sp.symbols("p_1 p_2 p_3 e", positive=True)


@proof
def large_rate():
    """Where beta_2 is above 2/C the steps back are, in the limit, shorter than the step away."""
    d = Derivation("a large rate succeeds")
    rate = d.given(2, "<", beta * C, "a large rate")
    low = [d.given(beta**2 * (C**2 + 2), "<=", V, "the values of the limit") for V in (V2, V3)]
    high = d.given(V1, "<=", C**2 + 2, "the values of the limit")
    unit = d.given(e**2 * (C**2 + 2), "=", 1, "$e = 1/\\sqrt{C^2 + 2}$")
    roots = [d.given(p**2 * V, "=", 1, "$p_i = 1/\\sqrt{V_i}$") for p, V in ((p1, V1), (p2, V2), (p3, V3))]

    def root(small, large, given, factors):
        """small <= large, from their squares, which the relations, each with its factor, tell apart."""
        inner = Derivation("the squares")
        known = [inner.given(r.left, r.op, r.right, r.why) for r in given]
        inner.start(small**2).at_most(large**2, "from the values", using=dict(zip(known, factors, strict=True)))
        return lemmas.in_order(small, large, inner.at(given=given))

    x = C**2 + 2
    away = root(e, p1, [unit, roots[0], high], [1 / x, -1 / x, p1**2 / x])
    back = [
        root(beta * p, e, [unit, r, lower], [-1 / x, 1 / x, p**2 / x])
        for p, r, lower in ((p2, roots[1], low[0]), (p3, roots[2], low[1]))
    ]
    d.start(beta * (p2 + p3)).at_most(2 * e, "both values from below", using=dict.fromkeys(back, 1))
    d.at_most(beta * C * e, "$\\beta_2 C > 2$", using={rate: e}, strict=True)
    return d.at_most(beta * C * p1, "the first value from above", using={away: beta * C})


# ------------------------------------------------------------------------------------------------------- one threshold only

D = sp.Symbol("D", positive=True)  # a larger slope
u1, u2, u3 = sp.symbols("u_1 u_2 u_3", positive=True)
LARGER = tuple(value.subs(C, D) for value in VALUES)


def drift(C, values):
    """The drift at the slope C whose limit has these three values."""
    return -C / sp.sqrt(values[0]) + 1 / sp.sqrt(values[1]) + 1 / sp.sqrt(values[2])


def _slopes(d):
    """A larger slope at a rate that is not 0 becomes hypotheses of d."""
    return d.given(0, "<", beta, "a memory"), d.given(C, "<", D, "a larger slope")


@proof
def away_rises():
    """With a larger slope the step away is longer, in the limit."""
    d = Derivation("the step away, with a larger slope")
    memory, larger = _slopes(d)
    one = d.given(p1**2 * VALUES[0], "=", 1, "$p_1 = 1/\\sqrt{V_1}$")
    other = d.given(u1**2 * LARGER[0], "=", 1, "$u_1 = 1/\\sqrt{V_1}$, the larger slope put in")
    rest, both = beta + beta**2, D * u1 + C * p1
    using = {
        larger: rest * p1**2 * u1**2 * (D + C) / both,
        one: (1 - rest * u1**2) / both,
        other: -(1 - rest * p1**2) / both,
    }
    return d.start(C * p1).at_most(D * u1, "the difference of the squares", using=using, knowing=[memory], strict=True)


@proof
def back_falls():
    """With a larger slope a step back is no longer, in the limit."""
    d = Derivation("a step back, with a larger slope")
    y1, y2 = sp.symbols("y_1 y_2", positive=True)
    less = d.given(y1, "<=", y2, "the value has grown")
    one = d.given(p2**2 * y1, "=", 1, "$p_2 = 1/\\sqrt{y_1}$")
    other = d.given(u2**2 * y2, "=", 1, "$u_2 = 1/\\sqrt{y_2}$")
    inner = Derivation("the squares")
    less_, one_, other_ = (inner.given(r.left, r.op, r.right, r.why) for r in (less, one, other))
    using = {less_: u2**2 * p2**2, one_: -(u2**2), other_: p2**2}
    inner.start(u2**2).at_most(p2**2, "from the values", using=using)
    told = lemmas.in_order(u2, p2, inner.at(given=[less, one, other]))
    return d.start(u2).at_most(p2, "so are the roots", using={told: 1})


def _root(value):
    """The square of one over the root of a positive value, times the value, is 1."""
    d = Derivation("one over a root")
    return d.start((1 / sp.sqrt(value)) ** 2 * value).equal(1, "squared").at()


@proof
def drift_falls():
    """The drift falls as the slope grows: at each rate it vanishes for one slope at most."""
    d = Derivation("the drift falls")
    memory, larger = _slopes(d)
    roots = [1 / sp.sqrt(value) for value in (*VALUES, *LARGER)]
    ones = [_root(value) for value in (*VALUES, *LARGER)]
    away = away_rises().at({p1: roots[0], u1: roots[3]}, given=[memory, larger, ones[0], ones[3]])
    back = []
    for n, factor in ((1, beta), (2, beta**2)):
        inner = Derivation("the value grows")
        larger_ = inner.given(larger.left, larger.op, larger.right, larger.why)
        inner.start(VALUES[n]).at_most(LARGER[n], "the larger slope", using={larger_: factor * (D + C)})
        places = {sp.Symbol("y_1", positive=True): VALUES[n], sp.Symbol("y_2", positive=True): LARGER[n]}
        places |= {p2: roots[n], u2: roots[n + 3]}
        back.append(back_falls().at(places, given=[inner.at(given=[larger]), ones[n], ones[n + 3]]))
    d.start(drift(D, LARGER))
    d.at_most(drift(D, (LARGER[0], *VALUES[1:])), "the steps back are no longer", using=dict.fromkeys(back, 1))
    return d.at_most(drift(C, VALUES), "the step away is longer", using={away: 1}, strict=True)
