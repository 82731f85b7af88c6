"""Reddi, Kale and Kumar's example: Adam without momentum, on losses C x, -x, -x in turn, stays away from the best point.

One cycle of three steps has the number k = 0, 1, ...; its steps have the numbers 3k + 1, 3k + 2 and 3k + 3.
"""

import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, between
from lecture_optim.proofs import averages, lemmas, proof

k = Index("k", 0)
j = sp.Symbol("j", integer=True, nonnegative=True)  # the number of one cycle, where k is that of every one
C, alpha = sp.Symbol("C", positive=True), sp.Symbol("alpha", positive=True)
beta = sp.Symbol("beta_2", nonnegative=True)
v, v1, v2, v3 = sp.symbols("v v_1 v_2 v_3", nonnegative=True)


@proof
def rate_below_one():
    """beta_2 = 1/(1 + C^2) is below 1."""
    d = Derivation("the rate is below 1")
    rate = d.given(beta * (1 + C**2), "=", 1, "the choice of $\\beta_2$")
    gap = C**2 / (1 + C**2)
    return d.start(beta).at_most(1, "$C > 0$", gap=gap, using={rate: 1 / (1 + C**2)}, strict=True)


@proof
def stays_below():
    """The average of squares never exceeds the largest square."""
    d = Derivation("the average stays below the largest square")
    x = sp.Symbol("x", nonnegative=True)
    below = d.given(beta, "<=", 1, "an average")
    old = d.given(v, "<=", C**2, "so far")
    new = d.given(x, "<=", C**2, "the new square")
    d.start(beta * v + (1 - beta) * x)
    d.at_most(beta * C**2 + (1 - beta) * x, "so far", using={old: beta})
    return d.at_most(C**2, "the new square", using={new: 1 - beta}, knowing=[below])


@proof
def after_the_large():
    """After the large gradient the average is at least its share of that gradient's square."""
    d = Derivation("after the large gradient")
    first = d.given(v1, "=", beta * v + (1 - beta) * C**2, "the average, after $Cx$")
    return d.start(v1).at_least((1 - beta) * C**2, "what was there is not negative", gap=beta * v, using={first: -1})


# ------------------------------------------------------------------------------------------------ the lengths of three steps

m = sp.Symbol("m", positive=True)
s1, s2, s3 = sp.symbols("s_1 s_2 s_3", nonnegative=True)
UNIT = "the step at $v = 1 - \\beta_2$"


def _unit(d):
    """The unit of length m, the step that 1 - beta_2 in place of v would give, becomes a hypothesis of d: (beta_2 < 1, unit)."""
    below = d.given(beta, "<", 1, "an average")
    return below, d.given(m**2 * (3 * j + 1) * (1 - beta), "=", alpha**2, UNIT)


@proof
def first_square():
    """The step after the large gradient is at most one unit long: the squares."""
    d = Derivation("the first step, squared")
    below, unit = _unit(d)
    step = d.given(s1**2 * (3 * j + 1) * v1, "=", alpha**2 * C**2, "the first step")
    large = d.given(v1, ">=", (1 - beta) * C**2, "the average after $Cx$")
    whole = (3 * j + 1) * (1 - beta) * C**2
    using = {unit: -(C**2) / whole, step: 1 / whole, large: s1**2 * (3 * j + 1) / whole}
    return d.start(s1**2).at_most(m**2, "$v_1 \\ge (1 - \\beta_2) C^2$", using=using, knowing=[below])


@proof
def short_step():
    """A unit is at most 1 long, and so is the step away."""
    d = Derivation("the step away is short, in one cycle")
    _unit(d)
    d.given(s1**2, "<=", m**2, "at most a unit")
    d.given(alpha**2, "<=", 1 - beta, "the learning rate is small enough")
    whole = (3 * j + 1) * (1 - beta)
    square = Derivation("the unit is short")
    below_, unit_, first_, short_ = (square.given(r.left, r.op, r.right, r.why) for r in d.givens)
    square.start(s1**2).at_most(m**2, "at most a unit", using={first_: 1})
    gap = 3 * j * (1 - beta) / whole
    square.at_most(1, "$\\alpha^2 \\le 1 - \\beta_2$", gap=gap, using={short_: 1 / whole, unit_: 1 / whole}, knowing=[below_])
    told = lemmas.in_order(s1, 1, square.at(given=d.givens))
    return d.start(s1).at_most(1, "so it is with the squares", using={told: 1})


@proof
def second_square():
    """The step after the first small gradient is at least half a unit long: the squares."""
    d = Derivation("the second step, squared")
    below, unit = _unit(d)
    step = d.given(s2**2 * (3 * j + 2) * v2, "=", alpha**2, "the second step")
    small = d.given(v2, "<=", 2 * (1 - beta), "the average after $-x$")
    whole = 2 * (3 * j + 2) * (1 - beta)
    using = {unit: 1 / whole, step: -1 / whole, small: s2**2 * (3 * j + 2) / whole}
    d.start(s2**2)
    return d.at_least(
        (m / 2) ** 2, "$v_2 \\le 2 (1 - \\beta_2)$", gap=3 * j * m**2 / (4 * (3 * j + 2)), using=using, knowing=[below]
    )


@proof
def third_square():
    """From the second cycle on, the step after the second small gradient is at least half a unit long: the squares."""
    d = Derivation("the third step, squared")
    below, unit = _unit(d)
    late = d.given(j, ">=", 1, "not the first cycle")
    step = d.given(s3**2 * (3 * j + 3) * v3, "=", alpha**2, "the third step")
    small = d.given(v3, "<=", 2 * (1 - beta), "the average after $-x$")
    whole = 2 * (3 * j + 3) * (1 - beta)
    using = {unit: 1 / whole, step: -1 / whole, small: s3**2 * (3 * j + 3) / whole, late: 3 * m**2 / (4 * (3 * j + 3))}
    d.start(s3**2)
    return d.at_least((m / 2) ** 2, "$v_3 \\le 2 (1 - \\beta_2)$", gap=2 * m**2 / (4 * (3 * j + 3)), using=using, knowing=[below])


@proof
def later_cycle():
    """From the second cycle on the two steps back are together at least as long as the step away."""
    d = Derivation("the steps of a later cycle")
    first = d.given(s1**2, "<=", m**2, "the first step")
    second = d.given(s2**2, ">=", (m / 2) ** 2, "the second step")
    third = d.given(s3**2, ">=", (m / 2) ** 2, "the third step")
    away = lemmas.in_order(s1, m, first)
    back = [lemmas.in_order(m / 2, s, r) for s, r in ((s2, second), (s3, third))]
    d.start(s1).at_most(m, "at most a unit", using={away: 1})
    return d.at_most(s2 + s3, "each at least half a unit", using=dict.fromkeys(back, 1))


# ------------------------------------------------------------------------------- the first cycle, where the published step fails


SIXTH, FIFTH = sp.Rational(1, 6), sp.Rational(1, 5)
SECOND, THIRD = 2 * (2 - beta), 3 * (1 + beta * (2 - beta))  # the square of the first step over those of the other two


def _first_cycle(d, step, ratio, name):
    """The first and another step of the first cycle, from v = 0 on, become hypotheses of d: (C >= 2, first, other)."""
    rate = d.given(beta, "<=", FIFTH, "$C \\ge 2$")
    first = d.given(s1**2 * (1 - beta), "=", alpha**2, "the first step")
    return rate, first, d.given(step**2 * ratio * (1 - beta), "=", alpha**2, f"the {name} step")


def _share(d, step, ratio, share, hypotheses, rest, using):
    """The chain share^2 s_1^2 <= step^2; 1 - share^2 ratio is rest and the relations of ``using``, each times its number."""
    rate, first, other = hypotheses
    whole, part = ratio * (1 - beta), s1**2 / ratio
    used = {relation: number * part for relation, number in using.items()}
    d.start(share**2 * s1**2)
    used |= {first: 1 / whole, other: -1 / whole}
    return d.at_most(step**2, "both from $\\alpha^2$", gap=rest * part, using=used, knowing=[rate])


HALF, MORE, LESS = sp.Rational(1, 2), sp.Rational(13, 25), sp.Rational(49, 100)


@proof
def second_half():
    """In the first cycle the second step is at least half as long as the first."""
    d = Derivation("the second step of the first cycle")
    hypotheses = _first_cycle(d, s2, SECOND, "second")
    return _share(d, s2, SECOND, HALF, hypotheses, beta / 2, {})


@proof
def second_more():
    """In the first cycle, for a rate of a sixth or more, the second step is at least 0.52 of the first."""
    d = Derivation("the second step of the first cycle, large rate")
    hypotheses = _first_cycle(d, s2, SECOND, "second")
    large = d.given(SIXTH, "<=", beta, "the case")
    return _share(d, s2, SECOND, MORE, hypotheses, sp.Rational(16, 1875), {large: 2 * MORE**2})


@proof
def third_half():
    """In the first cycle, for a rate of a sixth or less, the third step is at least half as long as the first."""
    d = Derivation("the third step of the first cycle, small rate")
    hypotheses = _first_cycle(d, s3, THIRD, "third")
    small = d.given(beta, "<=", SIXTH, "the case")
    return _share(d, s3, THIRD, HALF, hypotheses, 3 * beta**2 / 4, {small: sp.Rational(3, 2)})


@proof
def third_less():
    """In the first cycle, for a rate of a sixth or more, the third step is at least 0.49 of the first."""
    d = Derivation("the third step of the first cycle, large rate")
    hypotheses = _first_cycle(d, s3, THIRD, "third")
    large = d.given(SIXTH, "<=", beta, "the case")
    q = 3 * LESS**2
    rest = q * (beta - SIXTH) ** 2 + 1 - q - 2 * q / 5 + q / 36
    return _share(d, s3, THIRD, LESS, hypotheses, rest, {hypotheses[0]: 2 * q, large: q / 3})


@proof
def first_cycle():
    """In the first cycle, too, the two steps back are together at least as long as the step away."""
    d = Derivation("the steps of the first cycle")
    rate, first, second = _first_cycle(d, s2, SECOND, "second")
    third = d.given(s3**2 * THIRD * (1 - beta), "=", alpha**2, "the third step")

    def shares(lemmas_and_shares, case):
        found = []
        for lemma, share, step, other in lemmas_and_shares:
            square = lemma().at(given=[rate, first, other, *case])
            found.append(lemmas.in_order(share * s1, step, square))
        return dict.fromkeys(found, 1)

    def small(chain, case):
        using = shares([(second_half, HALF, s2, second), (third_half, HALF, s3, third)], [case])
        chain.at_most(s2 + s3, "each at least half of it", using=using)

    def large(chain, case):
        using = shares([(second_more, MORE, s2, second), (third_less, LESS, s3, third)], [case])
        chain.at_most(s2 + s3, "0.52 and 0.49 of it", gap=(MORE + LESS - 1) * s1, using=using)

    return d.start(s1).cases(s2 + s3, between(beta, SIXTH), [small, large])


# ------------------------------------------------------------------------------------------------------------ the iterates

x2, x3, x4 = sp.symbols("x_2 x_3 x_4", real=True)


def _clipped(e):
    return sp.Min(sp.Max(e, -1), 1)


@proof
def returns():
    """From the right end one step away and two steps back, together at least as long, lead to the right end again."""
    d = Derivation("one cycle leads back")
    back = d.given(s1, "<=", s2 + s3, "the steps back are at least as long")
    one = d.given(x2, "=", _clipped(1 - s1), "the step away from 1, projected")
    two = d.given(x3, "=", _clipped(x2 + s2), "the first step back, projected")
    three = d.given(x4, "=", _clipped(x3 + s3), "the second step back, projected")

    def near(chain, short):
        chain.equal(_clipped(_clipped(1 - s1 + s2) + s3), "put in", put=[three, two, one], knowing=[short])

        def inside(inner, case):
            inner.equal(1, "not clipped before the end", knowing=[short, back, case])

        def beyond(inner, case):
            inner.equal(1, "clipped at 1 before", knowing=[short, case])

        chain.cases(1, between(1 - s1 + s2, 1), [inside, beyond])

    def far(chain, long):
        chain.equal(_clipped(_clipped(-1 + s2) + s3), "clipped at $-1$", put=[three, two, one], knowing=[long])

        def inside(inner, case):
            inner.equal(1, "the steps back are 2 long", knowing=[long, back, case])

        def beyond(inner, case):
            inner.equal(1, "clipped at 1 before", knowing=[case])

        chain.cases(1, between(-1 + s2, 1), [inside, beyond])

    return d.start(x4).cases(1, between(s1, 2), [near, far])


# ------------------------------------------------------------------------------------------------------------- all cycles

K = Index("K", 0)
V, V1, V2, V3 = (Family(name, first=0, sign="nonnegative") for name in ("v", "v^1", "v^2", "v^3"))
S1, S2, S3 = (Family(name, first=0, sign="nonnegative") for name in ("{s^1}", "{s^2}", "{s^3}"))
W1, W2, W3 = (Family(name, first=0) for name in ("x^1", "x^2", "x^3"))


def _moments(d):
    """The average of squares, cycle by cycle from 0 on, becomes hypotheses of d."""
    return (
        d.given(C, ">=", 2, "the large slope"),
        d.given(beta * (1 + C**2), "=", 1, "the choice of $\\beta_2$"),
        d.given(V[0], "=", 0, "the average starts at 0"),
        d.given(V1[k], "=", beta * V[k] + (1 - beta) * C**2, "after $Cx$"),
        d.given(V2[k], "=", beta * V1[k] + 1 - beta, "after $-x$"),
        d.given(V3[k], "=", beta * V2[k] + 1 - beta, "after $-x$"),
        d.given(V[k + 1], "=", V3[k], "into the next cycle"),
    )


@proof
def one_is_small():
    """1 is at most C^2."""
    d = Derivation("the small square")
    large = d.given(C, ">=", 2, "the large slope")
    return d.start(1).at_most(C**2, "$C \\ge 2$", gap=3, using={large: C + 2})


@proof
def moments_bounded():
    """At the beginning of every cycle the average of squares is at most C^2."""
    d = Derivation("the average stays bounded")
    large, rate, empty, first, second, third, on = _moments(d)
    weak = rate_below_one().at(given=[rate])
    small = one_is_small().at(given=[large])
    x = sp.Symbol("x", nonnegative=True)

    def step(chain, hypothesis):
        chain.equal(V3[K], "the next cycle", using={on.at({k: K}): 1})
        one = stays_below().at({v: V[K], x: C**2}, given=[weak, hypothesis])
        chain.equal(beta * V2[K] + (1 - beta), "after $-x$", using={third.at({k: K}): 1})
        chain.equal(beta * (beta * V1[K] + 1 - beta) + 1 - beta, "after $-x$", using={second.at({k: K}): beta})
        whole = beta * (beta * (beta * V[K] + (1 - beta) * C**2) + 1 - beta) + 1 - beta
        chain.equal(whole, "after $Cx$", using={first.at({k: K}): beta**2})
        chain.at_most(C**2, "an average of squares", using={one: beta**2, small: (1 + beta) * (1 - beta)}, knowing=[weak])

    return d.induct(
        K, V[K], "<=", C**2,
        lambda chain: chain.at_most(C**2, "it starts at 0", gap=C**2, using={empty: 1}),
        step,
    )  # fmt: skip


def _steps(d):
    """The three step lengths of every cycle become hypotheses of d."""
    length = "the step length is $\\alpha |g| / \\sqrt{t v}$"
    return (
        d.given(S1[k] ** 2 * (3 * k + 1) * V1[k], "=", alpha**2 * C**2, length),
        d.given(S2[k] ** 2 * (3 * k + 2) * V2[k], "=", alpha**2, length),
        d.given(S3[k] ** 2 * (3 * k + 3) * V3[k], "=", alpha**2, length),
    )


@proof
def rate_at_most_a_fifth():
    """beta_2 is at most 1/5."""
    d = Derivation("the rate is at most a fifth")
    large = d.given(C, ">=", 2, "the large slope")
    rate = d.given(beta * (1 + C**2), "=", 1, "the choice of $\\beta_2$")
    return d.start(beta).at_most(FIFTH, "$1 + C^2 \\ge 5$", using={rate: FIFTH, large: beta * (C + 2) / 5})


@proof
def second_small():
    """After the first small gradient of a cycle the average of squares is at most 2 (1 - beta_2)."""
    d = Derivation("after the first small gradient")
    _, rate, _, first, second, _, _ = _moments(d)
    weak = rate_below_one().at(given=[rate])
    start = moments_bounded().at({K: k}, given=d.givens)
    whole = stays_below().at({v: V[k], sp.Symbol("x", nonnegative=True): C**2}, given=[weak, start])
    d.start(V2[k]).equal(beta * V1[k] + 1 - beta, "after $-x$", using={second: 1})
    d.equal(beta * (beta * V[k] + (1 - beta) * C**2) + 1 - beta, "after $Cx$", using={first: beta})
    d.at_most(beta * C**2 + 1 - beta, "an average of squares", using={whole: beta})
    return d.equal(2 * (1 - beta), "$\\beta_2 C^2 = 1 - \\beta_2$", using={rate: 1})


@proof
def third_small():
    """After the second small gradient of a cycle the average of squares is at most 2 (1 - beta_2)."""
    d = Derivation("after the second small gradient")
    large, rate, _, _, _, third, _ = _moments(d)
    weak = rate_below_one().at(given=[rate])
    before = second_small().at(given=d.givens)
    small = one_is_small().at(given=[large])
    d.start(V3[k]).equal(beta * V2[k] + 1 - beta, "after $-x$", using={third: 1})
    d.at_most(beta * 2 * (1 - beta) + 1 - beta, "after the first one", using={before: beta}, knowing=[weak])
    d.at_most(beta * (1 + C**2) * (1 - beta) + 1 - beta, "$2 \\le 1 + C^2$", using={small: beta * (1 - beta)}, knowing=[weak])
    return d.equal(2 * (1 - beta), "the choice of $\\beta_2$", using={rate: 1 - beta})


def _whole_run(d, short=True):
    """Adam without momentum on the example, cycle by cycle, becomes hypotheses of d: (moments, steps, learning rate)."""
    moments, steps = _moments(d), _steps(d)
    return moments, steps, d.given(alpha**2, "<=", 1 - beta, "the learning rate is small enough") if short else None


UNIT_LENGTH = {m: alpha / sp.sqrt((3 * k + 1) * (1 - beta)), j: k}


@proof
def short_steps():
    """The step away from the right end is at most 1 long, in every cycle."""
    d = Derivation("the step away is short")
    (_, rate, _, first, *_), (step, *_), short = _whole_run(d)
    weak = rate_below_one().at(given=[rate])
    large = after_the_large().at({v: V[k], v1: V1[k]}, given=[first])
    square = first_square().at({s1: S1[k], v1: V1[k], **UNIT_LENGTH}, given=[weak, step, large])
    told = short_step().at({s1: S1[k], **UNIT_LENGTH}, given=[weak, square, short])
    return d.start(S1[k]).at_most(1, "at most a unit, which is at most 1", using={told: 1})


@proof
def later_steps():
    """From the second cycle on the steps back are at least as long as the step away."""
    d = Derivation("the steps of the later cycles")
    (_, rate, _, first, *_), steps, _ = _whole_run(d, short=False)
    late = {k: k + 1}
    weak = rate_below_one().at(given=[rate])
    large = after_the_large().at({v: V[k + 1], v1: V1[k + 1]}, given=[first.at(late)])
    unit = {m: UNIT_LENGTH[m].subs(k, k + 1), j: k + 1}
    small = [lemma().at(late, given=d.givens[:7]) for lemma in (second_small, third_small)]
    one, two, three = (step.at(late) for step in steps)
    squares = [
        first_square().at({s1: S1[k + 1], v1: V1[k + 1], **unit}, given=[weak, one, large]),
        second_square().at({s2: S2[k + 1], v2: V2[k + 1], **unit}, given=[weak, two, small[0]]),
        third_square().at({s3: S3[k + 1], v3: V3[k + 1], **unit}, given=[weak, three, small[1]]),
    ]
    places = {s1: S1[k + 1], s2: S2[k + 1], s3: S3[k + 1], m: unit[m]}
    back = later_cycle().at(places, given=[*squares, weak])
    return d.start(S1[k + 1]).at_most(S2[k + 1] + S3[k + 1], "as in every later cycle", using={back: 1})


def _first_three(d):
    """The run, and of its first cycle the averages and the steps: (beta_2, 0, averages, steps)."""
    (_, rate, empty, *averages, _), steps, _ = _whole_run(d, short=False)
    return rate, empty, [r.at({k: 0}) for r in averages], [r.at({k: 0}) for r in steps]


FIRST = (1 - beta) * C**2  # the first averages of the run
SECOND_AVERAGE = beta * FIRST + 1 - beta
THIRD_AVERAGE = beta * SECOND_AVERAGE + 1 - beta


@proof
def first_away():
    """The first step of the run, from the average (1 - beta_2) C^2."""
    d = Derivation("the first step of the run")
    _, empty, (first, *_), (step, *_) = _first_three(d)
    d.start(S1[0] ** 2 * (1 - beta))
    d.equal(S1[0] ** 2 * V1[0] / C**2, "the first average", using={first: -(S1[0] ** 2) / C**2, empty: -beta * S1[0] ** 2 / C**2})
    return d.equal(alpha**2, "the step length", using={step: 1 / C**2})


@proof
def first_back():
    """The second step of the run."""
    d = Derivation("the second step of the run")
    rate, empty, (first, second, _), (_, step, _) = _first_three(d)
    d.start(S2[0] ** 2 * SECOND * (1 - beta))
    d.equal(2 * S2[0] ** 2 * SECOND_AVERAGE, "the choice of $\\beta_2$", using={rate: -2 * S2[0] ** 2 * (1 - beta)})
    part = 2 * S2[0] ** 2
    d.equal(part * V2[0], "two averages", using={second: -part, first: -part * beta, empty: -part * beta**2})
    return d.equal(alpha**2, "the step length", using={step: 1})


@proof
def second_back():
    """The third step of the run."""
    d = Derivation("the third step of the run")
    rate, empty, (first, second, third), (*_, step) = _first_three(d)
    part = 3 * S3[0] ** 2
    d.start(S3[0] ** 2 * THIRD * (1 - beta))
    d.equal(part * THIRD_AVERAGE, "the choice of $\\beta_2$", using={rate: -part * beta * (1 - beta)})
    using = {third: -part, second: -part * beta, first: -part * beta**2, empty: -part * beta**3}
    d.equal(part * V3[0], "three averages", using=using)
    return d.equal(alpha**2, "the step length", using={step: 1})


@proof
def first_steps():
    """In the first cycle, too, the steps back are at least as long as the step away."""
    d = Derivation("the steps of the first cycle, in the run")
    (large, rate, *_), _, _ = _whole_run(d, short=False)
    given = [rate_at_most_a_fifth().at(given=[large, rate])]
    given += [lemma().at(given=d.givens) for lemma in (first_away, first_back, second_back)]
    back = first_cycle().at({s1: S1[0], s2: S2[0], s3: S3[0]}, given=given)
    return d.start(S1[0]).at_most(S2[0] + S3[0], "the first cycle", using={back: 1})


@proof
def steps_back():
    """In every cycle the two steps back are together at least as long as the step away."""
    d = Derivation("the steps of all cycles")
    _whole_run(d, short=False)
    first, later = (lemma().at(given=d.givens) for lemma in (first_steps, later_steps))
    return d.induct(
        k, S1[k], "<=", S2[k] + S3[k],
        lambda chain: chain.at_most(S2[0] + S3[0], "the first cycle", using={first: 1}),
        lambda chain, hypothesis: chain.at_most(S2[k + 1] + S3[k + 1], "a later cycle", using={later: 1}),
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- what such steps lead to


def _positions(d):
    """Where a run is before each of a cycle's steps, from the right end on, becomes hypotheses of d."""
    where = "projected onto $[-1, 1]$"
    return (
        d.given(W1[0], "=", 1, "the start"),
        d.given(W2[k], "=", _clipped(W1[k] - S1[k]), where),
        d.given(W3[k], "=", _clipped(W2[k] + S2[k]), where),
        d.given(W1[k + 1], "=", _clipped(W3[k] + S3[k]), where),
    )


def _walk(d):
    """A run whose steps back are at least as long as the step away becomes hypotheses of d."""
    back = d.given(S1[k], "<=", S2[k] + S3[k], "the steps back are at least as long")
    return (back, *_positions(d))


@proof
def away():
    """The step away from the right end, put in."""
    d = Derivation("the step away")
    x = sp.Symbol("x", real=True)
    here = d.given(x, "=", 1, "the cycle begins at 1")
    moves = d.given(x2, "=", _clipped(x - s1), "the step away, projected")
    return d.start(x2).equal(_clipped(1 - s1), "put in", put=[moves, here])


@proof
def every_start():
    """Every cycle begins where the run began, at the right end, which is the worst point."""
    d = Derivation("the run stays at the worst point")
    back, start, one, two, three = _walk(d)

    def step(chain, hypothesis):
        off = away().at({sp.Symbol("x", real=True): W1[k], x2: W2[k], s1: S1[k]}, given=[hypothesis, one])
        places = {s1: S1[k], s2: S2[k], s3: S3[k], x2: W2[k], x3: W3[k], x4: W1[k + 1]}
        end = returns().at(places, given=[back, off, two, three])
        chain.equal(1, "one cycle leads back", using={end: 1})

    return d.induct(k, W1[k], "=", 1, lambda chain: chain.equal(1, "the start", using={start: 1}), step)


PAID = C * W1[k] - W2[k] - W3[k] - (C * -1 - 2 * -1)  # in one cycle, less what the fixed point -1 pays


@proof
def cycle_regret():
    """What one cycle costs against the best fixed point, which is -1."""
    d = Derivation("the regret of one cycle")
    *_, one, two, _ = _walk(d)
    here = every_start().at(given=d.givens)
    places = ({lemmas.p: W2[k], lemmas.x: W1[k] - S1[k]}, {lemmas.p: W3[k], lemmas.x: W2[k] + S2[k]})
    ends = {lemmas.a: -1, lemmas.b: 1}
    right = [lemmas.clipped_above().at({**place, **ends}, given=[r]) for place, r in zip(places, (one, two), strict=True)]
    d.start(PAID).equal(2 * C - 2 - W2[k] - W3[k], "the cycle begins at 1", using={here: C})
    return d.at_least(2 * C - 4, "no point is beyond 1", using=dict.fromkeys(right, 1))


@proof
def not_negative():
    """The step away leads to 1 less its length, and no farther left does the run come."""
    d = Derivation("how far the run goes")
    short = d.given(s1, "<=", 1, "the first step is short")
    one = d.given(x2, "=", _clipped(1 - s1), "the step away from 1, projected")
    two = d.given(x3, "=", _clipped(x2 + s2), "the first step back, projected")
    d.start(1 - s1)

    def inside(chain, case):
        chain.at_most(1 - s1 + s2, "a step back", gap=s2)
        chain.equal(x3, "not clipped", using={two: -1}, put=[one], knowing=[short, case])

    def beyond(chain, case):
        chain.at_most(1, "a step away", gap=s1)
        chain.equal(x3, "clipped at 1", using={two: -1}, put=[one], knowing=[short, case])

    return d.cases(x3, between(1 - s1 + s2, 1), [inside, beyond])


@proof
def cycle_regret_above():
    """One cycle costs at most twice the step away more than it must."""
    d = Derivation("the regret of one cycle, from above")
    back, start, one, two, three = _walk(d)
    short = d.given(S1[k], "<=", 1, "the step away is short")
    here = every_start().at(given=[back, start, one, two, three])
    x = sp.Symbol("x", real=True)
    off = away().at({x: W1[k], x2: W2[k], s1: S1[k]}, given=[here, one])
    low = not_negative().at({s1: S1[k], s2: S2[k], x2: W2[k], x3: W3[k]}, given=[short, off, two])
    d.start(PAID).equal(2 * C - 2 - W2[k] - W3[k], "the cycle begins at 1", using={here: C})
    d.equal(2 * C - 3 + S1[k] - W3[k], "the step away", using={off: -1}, knowing=[short])
    return d.at_most(2 * C - 4 + 2 * S1[k], "no farther left", using={low: 1})


@proof
def walk_regret():
    """Regret grows at least in proportion to the number of cycles."""
    d = Derivation("regret over K cycles of such steps")
    _walk(d)
    each = cycle_regret().at(given=d.givens)
    K = Index("K")
    d.start(sp.Sum(PAID, (k, 0, K - 1)))
    return d.at_least(K * (2 * C - 4), "each cycle", using={each.sum(k, 0, K - 1): 1})


# ------------------------------------------------------------------------------------------------- with bias correction


@proof
def correction_rises():
    """The factor of bias correction, squared, rises with the number of the step."""
    d = Derivation("the correction rises")
    below = d.given(beta, "<=", 1, "an average")
    n = Index("n", 0)
    return d.start(1 - beta**n).at_most(1 - beta ** (n + 1), "a power falls", gap=(1 - beta) * beta**n, knowing=[below])


STEPS = ((S1, V1, 1, C), (S2, V2, 2, 1), (S3, V3, 3, 1))  # of a cycle: the step's length, the average, its place, the gradient


def _corrected(i):
    """The factor of bias correction, squared, at the i-th step of cycle k."""
    return 1 - beta ** (3 * k + i)


def _corrected_run(d):
    """Adam without momentum and with bias correction on the example becomes hypotheses of d: (moments, steps)."""
    moments = _moments(d)
    length = "$\\alpha |g| / \\sqrt{t \\hat v}$ with $\\hat v = v / (1 - \\beta_2^t)$"
    return moments, [
        d.given(s[k] ** 2 * (3 * k + i) * average[k], "=", alpha**2 * size**2 * _corrected(i), length)
        for s, average, i, size in STEPS
    ]


def _uncorrected(d):
    """What `steps_back` says of a corrected run, each step divided by its correction: (beta_2, corrections, relation)."""
    (moments, steps), plain = _corrected_run(d), []
    weak = rate_below_one().at(given=[moments[1]])
    apart = {i: averages.powers_below_one().at({averages.beta: beta, averages.t: 3 * k + i}, given=[weak]) for i in (1, 2, 3)}
    for (s, average, i, size), step in zip(STEPS, steps, strict=True):
        inner = Derivation("a step without its correction")
        known, below = (inner.given(r.left, r.op, r.right, r.why) for r in (step, apart[i]))
        inner.start((s[k] / sp.sqrt(_corrected(i))) ** 2 * (3 * k + i) * average[k], knowing=[below])
        inner.equal(alpha**2 * size**2, "the correction cancels", using={known: 1 / _corrected(i)}, knowing=[below])
        plain.append(inner.at(given=[step, apart[i]]))
    place = {s: sp.Lambda(k, s[k] / sp.sqrt(_corrected(i))) for s, _, i, _ in STEPS}
    return weak, apart, steps_back().at(place, given=[*moments, *plain, *apart.values()])


def _rises(weak, apart, i):
    """The root of the correction is at the i-th step of cycle k at most what it is one step later."""
    n = next(iter(correction_rises().side.atoms(Index)))
    square = correction_rises().at({n: 3 * k + i}, given=[weak])
    return lemmas.roots_rise().at({lemmas.X: _corrected(i), lemmas.Y: _corrected(i + 1)}, given=[square, *apart.values()])


@proof
def corrected_back():
    """With bias correction, too, the steps back are together at least as long as the step away."""
    d = Derivation("the corrected steps of all cycles")
    weak, apart, told = _uncorrected(d)
    one, two, three = (sp.sqrt(_corrected(i)) for i in (1, 2, 3))
    known = list(apart.values())
    d.start(S1[k]).at_most(one / two * S2[k] + one / three * S3[k], "without corrections", using={told: one}, knowing=known)
    first, second = (_rises(weak, apart, i) for i in (1, 2))
    using = {first: S2[k] / two + S3[k] / three, second: S3[k] / three}
    return d.at_most(S2[k] + S3[k], "the correction rises", using=using, knowing=known)


# ------------------------------------------------------------------------------------------- in the algorithm's own terms

X_, ETA, G = Family("x"), Family("eta", sign="positive"), Family("g")
t = Index("t")
CYCLE = {
    V: sp.Lambda(k, V[3 * k]), V1: sp.Lambda(k, V[3 * k + 1]), V2: sp.Lambda(k, V[3 * k + 2]), V3: sp.Lambda(k, V[3 * k + 3]),
    S1: sp.Lambda(k, C * ETA[3 * k + 1]), S2: sp.Lambda(k, ETA[3 * k + 2]), S3: sp.Lambda(k, ETA[3 * k + 3]),
    W1: sp.Lambda(k, X_[3 * k + 1]), W2: sp.Lambda(k, X_[3 * k + 2]), W3: sp.Lambda(k, X_[3 * k + 3]),
}  # fmt: skip


def _adam(d, corrected=False, start=True):
    """Adam without momentum on the example, in its own terms, becomes hypotheses of d; start: it begins at 1."""
    factor = 1 - beta**t if corrected else 1
    where = "$\\hat v_t = v_t / (1 - \\beta_2^t)$" if corrected else "no bias correction"
    return {
        "slope": d.given(C, ">=", 2, "the large slope"),
        "rate": d.given(beta * (1 + C**2), "=", 1, "the choice of $\\beta_2$"),
        "first": d.given(G[3 * k + 1], "=", C, "the loss $Cx$"),
        "second": d.given(G[3 * k + 2], "=", -1, "the loss $-x$"),
        "third": d.given(G[3 * k + 3], "=", -1, "the loss $-x$"),
        "empty": d.given(V[0], "=", 0, "the average starts at 0"),
        "average": d.given(V[t], "=", beta * V[t - 1] + (1 - beta) * G[t] ** 2, "the average of squares"),
        "step": d.given(ETA[t] ** 2 * t * V[t], "=", alpha**2 * factor, f"the effective step; {where}"),
        **({"start": d.given(X_[1], "=", 1, "the start")} if start else {}),
        "move": d.given(X_[t + 1], "=", _clipped(X_[t] - ETA[t] * G[t]), "the step, projected onto $[-1, 1]$"),
    }


def _said(left, right, why, put):
    """left = right, from the equalities ``put``, as a relation that rests on what they rest on."""
    inner = Derivation(why)
    known = [inner.given(r.left, r.op, r.right, r.why) for r in put]
    inner.start(left).equal(right, why, put=known)
    return inner.at(given=put)


def _by_cycles(given, corrected):
    """The hypotheses of `_adam`, cycle by cycle: (the averages and the step lengths, the positions)."""
    lengths, places = [given[name] for name in ("slope", "rate", "empty")], [given[name] for name in given if name == "start"]
    for (_, _, i, size), sign, name in zip(STEPS, (-1, 1, 1), ("first", "second", "third"), strict=True):
        gradient, average, step, move = given[name], *(given[what].at({t: 3 * k + i}) for what in ("average", "step", "move"))
        lengths.append(_said(V[3 * k + i], beta * V[3 * k + i - 1] + (1 - beta) * size**2, "the average", [average, gradient]))
        inner = Derivation("the length of a step")
        known = inner.given(step.left, step.op, step.right, step.why)
        inner.start((size * ETA[3 * k + i]) ** 2 * (3 * k + i) * V[3 * k + i])
        length = alpha**2 * size**2 * (_corrected(i) if corrected else 1)
        inner.equal(length, "the effective step", using={known: sp.sympify(size) ** 2})
        lengths.append(inner.at(given=[step]))
        place = _clipped(X_[3 * k + i] + sign * size * ETA[3 * k + i])
        places.append(_said(X_[3 * k + i + 1], place, "the position", [move, gradient]))
    return lengths, places


def _adam_walks(corrected):
    """(derivation, its hypotheses by name, what `_walk` assumes) of Adam in its own terms, not yet begun."""
    d = Derivation("Adam with bias correction on the example" if corrected else "Adam on the example")
    given = _adam(d, corrected)
    lengths, places = _by_cycles(given, corrected)
    lemma = corrected_back if corrected else steps_back
    return d, given, [lemma().at(CYCLE, given=lengths), *places]


def _stays(corrected):
    d, _, walk = _adam_walks(corrected)
    told = every_start().at(CYCLE, given=walk)
    return d.start(X_[3 * k + 1]).equal(1, "the steps back are long enough", using={told: 1})


@proof
def stays_at_the_worst():
    """Adam without momentum, on the example, is at the worst point at the beginning of every cycle."""
    return _stays(corrected=False)


@proof
def corrected_stays():
    """The same with bias correction."""
    return _stays(corrected=True)


@proof
def by_cycles():
    """A sum over the steps, cycle by cycle."""
    d = Derivation("cycle by cycle")
    A = Family("A")
    one = A[3 * k + 1] + A[3 * k + 2] + A[3 * k + 3]
    return d.induct(
        K, sp.Sum(A[t], (t, 1, 3 * K)), "=", sp.Sum(one, (k, 0, K - 1)),
        lambda chain: chain.equal(0, "no step"),
        lambda chain, hypothesis: chain.equal(sp.Sum(one, (k, 0, K)), "three steps more", using={hypothesis: 1}),
    )  # fmt: skip


def _regret(corrected):
    d, given, walk = _adam_walks(corrected)
    L = Index("K")
    told = walk_regret().at(CYCLE, given=walk)
    paid = G[t] * (X_[t] + 1)
    split = by_cycles().at({Family("A"): sp.Lambda(t, paid), K: L})
    where = zip(("first", "second", "third"), (1, 2, 3), strict=True)
    gradients = {given[name].sum(k, 0, L - 1, X_[3 * k + i] + 1): 1 for name, i in where}
    cycle = C * (X_[3 * k + 1] + 1) - X_[3 * k + 2] - X_[3 * k + 3] - 2
    d.start(sp.Sum(paid, (t, 1, 3 * L)))
    d.equal(sp.Sum(cycle, (k, 0, L - 1)), "cycle by cycle", using={split: 1, **gradients})
    return d.at_least(L * (2 * C - 4), "each cycle begins at 1", using={told: 1})


@proof
def linear_regret():
    """The regret of Adam without momentum on the example grows in proportion to the number of cycles."""
    return _regret(corrected=False)


@proof
def corrected_regret():
    """The same with bias correction."""
    return _regret(corrected=True)
