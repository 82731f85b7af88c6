"""The example of Reddi, Kale and Kumar from any start: every cycle after the first gains a seventh of a unit, or ends at 1."""

import sympy as sp

from lecture_optim.derivation import Derivation, Family
from lecture_optim.proofs import failure, lemmas, proof, threshold
from lecture_optim.proofs.failure import S1, S2, S3, V1, V2, V3, W1, W2, W3, K, alpha, beta, j, k, m, s1, s2, s3, v2, v3

SHARE, NET = sp.Rational(4, 7), sp.Rational(1, 7)


def _back(name, step, average, number, gap):
    """A later step back is at least 4/7 of a unit long: the squares."""
    d = Derivation(name)
    below, unit = failure._unit(d)
    late = d.given(j, ">=", 1, "not the first cycle")
    length = d.given(step**2 * number * average, "=", alpha**2, "the step's length")
    small = d.given(average, "<=", 2 * (1 - beta), "the average after $-x$")
    whole = 2 * number * (1 - beta)
    using = {unit: 1 / whole, length: -1 / whole, small: step**2 * number / whole, late: 51 * m**2 / (98 * number)}
    d.start(step**2)
    return d.at_least((SHARE * m) ** 2, "the average", gap=gap * m**2 / (98 * number), using=using, knowing=[below])


@proof
def second_long():
    """From the second cycle on the second step is at least 4/7 of a unit long: the squares."""
    return _back("the second step, more sharply", s2, v2, 3 * j + 2, 36)


@proof
def third_long():
    """From the second cycle on the third step is at least 4/7 of a unit long: the squares."""
    return _back("the third step, more sharply", s3, v3, 3 * j + 3, 4)


@proof
def gain():
    """A cycle with such steps gains a seventh of a unit."""
    d = Derivation("the gain of a later cycle")
    first = d.given(s1**2, "<=", m**2, "the step away")
    back = [d.given(s**2, ">=", (SHARE * m) ** 2, "a step back") for s in (s2, s3)]
    away = lemmas.in_order(s1, m, first)
    long = [lemmas.in_order(SHARE * m, s, r) for s, r in zip((s2, s3), back, strict=True)]
    d.start(s1 + NET * m).at_most(2 * SHARE * m, "at most a unit away", using={away: 1})
    return d.at_most(s2 + s3, "at least 4/7 each back", using=dict.fromkeys(long, 1))


M = Family("m", first=0, sign="positive")


def _units(d):
    """The unit of every cycle becomes a hypothesis of d."""
    return d.given(M[k] ** 2 * (3 * k + 1) * (1 - beta), "=", alpha**2, "the unit of cycle $k$")


@proof
def later_gain():
    """On the example every cycle from the second on gains a seventh of its unit."""
    d = Derivation("the gain of the later cycles")
    (_, rate, _, first, *_), steps, _ = failure._whole_run(d, short=False)
    moments, unit = d.givens[:7], _units(d)
    late = {k: k + 1}
    weak = failure.rate_below_one().at(given=[rate])
    large = failure.after_the_large().at({failure.v: failure.V[k + 1], failure.v1: V1[k + 1]}, given=[first.at(late)])
    small = [lemma().at(late, given=moments) for lemma in (failure.second_small, failure.third_small)]
    one, two, three = (step.at(late) for step in steps)
    place = {m: M[k + 1], j: k + 1}
    squares = [
        failure.first_square().at({s1: S1[k + 1], failure.v1: V1[k + 1], **place}, given=[weak, unit.at(late), one, large]),
        second_long().at({s2: S2[k + 1], v2: V2[k + 1], **place}, given=[weak, unit.at(late), two, small[0]]),
        third_long().at({s3: S3[k + 1], v3: V3[k + 1], **place}, given=[weak, unit.at(late), three, small[1]]),
    ]
    told = gain().at({s1: S1[k + 1], s2: S2[k + 1], s3: S3[k + 1], m: M[k + 1]}, given=squares)
    return d.start(S1[k + 1] + NET * M[k + 1]).at_most(S2[k + 1] + S3[k + 1], "as in one cycle", using={told: 1})


@proof
def climbs():
    """Adam without momentum, on the example, climbs from any start to the worst point."""
    d = Derivation("Adam climbs")
    given, unit = failure._adam(d, start=False), _units(d)
    lengths, places = failure._by_cycles(given, corrected=False)
    won = later_gain().at(failure.CYCLE, given=[*lengths, unit])
    X, later = failure.X_, {k: k + 1}
    theirs = (getattr(threshold, name) for name in ("S1", "S2", "S3", "W1", "W2", "W3"))
    ours = (failure.CYCLE[family](k + 1) for family in (S1, S2, S3, W1, W2, W3))
    place = {family: sp.Lambda(k, e) for family, e in zip(theirs, ours, strict=True)}
    place[threshold.N] = sp.Lambda(k, NET * M[k + 1])
    told = threshold.walk_rises().at(place, given=[won, *(r.at(later) for r in places)])
    d.start(sp.Min(1, X[4] + sp.Sum(NET * M[k + 1], (k, 0, K - 1))))
    return d.at_most(X[3 * K + 4], "cycles add up", using={told: 1})
