"""False statements, each with the best certificate that was found for it by reading the checker.

A forgery gives the statement, a point at which its hypotheses hold and it fails, and an attempt to prove it. `refuted` computes
the failure without the checker. The attempts go through all that the package offers and through Python's ordinary means (copies,
subclasses, objects that lie). Not among them: names that begin with an underscore, `object.__setattr__`, slots written by their
descriptors, attributes of SymPy's own objects overwritten. Whoever does that changes the checker, not what it is asked.
"""

import copy
import dataclasses
from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import sympy as sp

from lecture_optim.derivation import (
    Derivation,
    Family,
    Index,
    Mean,
    Relation,
    between,
    expect,
    integer_split,
    unknown,
    zero_or_positive,
)
from lecture_optim.derivation.chains import Chain, Split, Step
from lecture_optim.derivation.language import Term

from .exact import OUTCOME, OUTCOMES, Undefined, compiled, holds

t, s, T, k, n = Index("t"), Index("s"), Index("T"), Index("k"), Index("n", 0)
x, y, z, a, b = sp.symbols("x y z a b", real=True)
c, d_ = sp.symbols("c d", positive=True)
X, Y = sp.symbols("X Y", nonnegative=True)
m = sp.Symbol("m", integer=True, nonnegative=True)
g, h, w, A = Family("g"), Family("h"), Family("w"), Family("A")
H, P = Family("H", sign="nonnegative"), Family("P", sign="positive")
S = Family("S", first=0, sign="nonnegative")
U, V, Z, Q, R = *map(unknown, "UVZ"), *(unknown(name, "nonnegative") for name in "QR")


# -------------------------------------------------------------------------------------------------------------- what a forgery is


@dataclasses.dataclass(frozen=True)
class Forgery:
    """left op right is false at the point, where the hypotheses ``given`` hold; attempt(left, right) tries to prove it."""

    left: object
    op: str
    right: object
    point: dict
    given: tuple
    attempt: object
    error: type | None

    @property
    def name(self):
        return self.attempt.__name__

    def refuted(self):
        """Whether the statement fails at the point and its hypotheses hold there, by exact arithmetic."""
        values = Values(self.point)
        for left, op, right in self.given:
            for bound in _ranges((left, right), self.point):
                if _says(left, op, right, values, bound) is not True:
                    return False
        return _says(self.left, self.op, self.right, values, {OUTCOME: OUTCOMES[0]}) is False


class Values(dict):
    """The values of a point: numbers of symbols, functions of the indices of families, two numbers of what is random."""

    def __init__(self, point):
        super().__init__({OUTCOME: Fraction(1, 2)})
        self.point = {key.family if isinstance(key, Term) else key: value for key, value in point.items()}

    def __missing__(self, key):
        if not isinstance(key, tuple):
            return Fraction(self.point[key])
        family, indices, outcome = key
        value = self.point[family]
        return Fraction(value[outcome] if family.random else value(*indices))


def _ranges(sides, point):
    """The values 1 to 5 (0 to 5) for every index of a hypothesis, which speaks of all of them, in both outcomes."""
    indices = [i for i in set().union(*(sp.sympify(e).free_symbols for e in sides)) if isinstance(i, Index)]
    for outcome in OUTCOMES:
        for ks in product(*(range(1 if i.is_positive else 0, 6) for i in indices)):
            yield {OUTCOME: outcome, **{i: Fraction(j) for i, j in zip(indices, ks, strict=True)}}


def _says(left, op, right, values, bound):
    """Whether left op right holds; a side without a value makes it false."""
    try:
        return holds(compiled(right)(values, bound) - compiled(left)(values, bound), op)
    except (Undefined, ZeroDivisionError):
        return False


FORGERIES = []


def forgery(left, op, right, at, given=(), error=None):
    """Register the attempt below it; ``error`` is what Python itself raises where the checker is not even reached."""

    def register(attempt):
        FORGERIES.append(Forgery(sp.sympify(left), op, sp.sympify(right), at, tuple(given), attempt, error))
        return attempt

    return register


def total(e, high=T, low=1, index=t):
    return sp.Sum(e, (index, low, high))


def nothing(chain, *conditions):
    """A case in which nothing is to be done."""


# ----------------------------------------------------------------------------------------------------------- poles and branches


@forgery(y, "=", z, {x: 0, y: 1, z: 2}, given=[(x * y, "=", x * z)])
def divided_by_what_may_be_zero(left, right):
    d = Derivation("f")
    same = d.given(x * y, "=", x * z, "")
    return d.start(left).equal(right, "", using={same: 1 / x})


@forgery(y, "=", z, {x: 1, y: 1, z: 2}, given=[((x - 1) * y, "=", (x - 1) * z)])
def divided_by_a_factor_that_cancels(left, right):
    d = Derivation("f")
    same = d.given((x - 1) * y, "=", (x - 1) * z, "")
    return d.start(left).equal(right, "", using={same: (x + 1) / (x**2 - 1)})


@forgery(y, "<=", z, {X: 0, y: 2, z: 1}, given=[(X * y, "<=", X * z)])
def divided_by_a_root_that_may_be_zero(left, right):
    d = Derivation("f")
    less = d.given(X * y, "<=", X * z, "")
    return d.start(left).at_most(right, "", using={less: 1 / sp.sqrt(X) ** 2})


@forgery((x**2 - 1) / (x - 1), "=", x + 1, {x: 1})
def cancelled(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(0, "<=", total(1 / (t - 1)), {T: 1})
def pole_at_the_first_index(left, right):
    return Derivation("f", left).at_most(right, "", gap=right)


@forgery(y, "<=", z, {x: 0, y: 2, z: 1}, given=[(x * y, "<=", x * z)])
def divided_in_a_weak_case(left, right):
    d = Derivation("f")
    less = d.given(x * y, "<=", x * z, "")

    def right_of_0(chain, at_least_0):
        chain.at_most(right, "", using={less: 1 / x}, knowing=[at_least_0])

    return d.start(left).cases(right, between(x, 0), [right_of_0, right_of_0])


@forgery(sp.sqrt(x**2), "<=", x, {x: -1})
def root_of_a_square(left, right):
    return Derivation("f", left).at_most(right, "")


@forgery(sp.sqrt(x**2 * c), "=", x * sp.sqrt(c), {x: -1, c: 1})
def sign_lost_under_a_root(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.sqrt(x**3), "=", sp.sqrt(x**3) * x / x, {x: -1})
def root_of_what_may_be_negative(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.sqrt((x - 1) * (y - 1)), "=", sp.sqrt(x - 1) * sp.sqrt(y - 1), {x: 0, y: 0})
def root_of_a_product_split(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(x, "<=", y, {x: 1, y: -2}, given=[(x**2, "<=", y**2)])
def root_of_both_sides(left, right):
    d = Derivation("f")
    less = d.given(x**2, "<=", y**2, "")
    return d.start(left).at_most(right, "", using={less: 1 / (x + y)})


@forgery(sp.log(x**2), "=", 2 * sp.log(x), {x: -1})
def logarithm_of_a_square(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.log(x * y), "=", sp.log(x) + sp.log(y), {x: -1, y: -1})
def logarithm_split(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(0, "<=", sp.log(c), {c: Fraction(1, 2)})
def logarithm_of_a_small_number(left, right):
    return Derivation("f", left).at_most(right, "", gap=sp.log(c))


@forgery(sp.exp(x * y), "=", sp.exp(x) * sp.exp(y), {x: 0, y: 1})
def exponential_split(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.Integer(0) ** n, "=", 0, {n: 0})
def zero_to_the_zero(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(0, "<", X**n, {X: 0, n: 1})
def power_of_zero(left, right):
    strict = Derivation("positive", sp.S.Zero).at_most(c**n, "", gap=c**n, strict=True)
    return strict.at({c: X})


@forgery(0, "<=", x**t, {x: -1, t: 1})
def power_of_unknown_sign(left, right):
    return Derivation("f", left).at_most(right, "", gap=right)


@forgery(X ** (2 * n), "=", X**n, {X: 2, n: 1})
def power_of_a_power(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(c ** (n / 2), "=", c**n, {c: 4, n: 1})
def half_an_exponent(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.sqrt(X + 1), "=", sp.cbrt(X + 1), {X: 1})
def square_root_taken_for_a_cube_root(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(1, "<=", c**n, {c: Fraction(1, 2), n: 1})
def power_of_a_small_number(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - 1)


# ---------------------------------------------------------------------------------------------------------------- signs and gaps


@forgery(0, "<=", x**3, {x: -1})
def odd_power(left, right):
    return Derivation("f", left).at_most(right, "", gap=x**2 * x)


@forgery(0, "<", x**2, {x: 0})
def strict_from_weak(left, right):
    return Derivation("f", left).at_most(right, "", gap=x**2, strict=True)


@forgery(x, "<", y, {x: 0, y: 0}, given=[(x, "<=", y)])
def strict_from_a_weak_relation(left, right):
    d = Derivation("f")
    weak = d.given(x, "<=", y, "")
    return d.start(left).at_most(right, "", using={weak: 1}, strict=True)


@forgery(x, "<", y + X, {X: 0, x: 0, y: 0}, given=[(x, "<=", y)])
def strict_from_a_weak_relation_that_is_known(left, right):
    d = Derivation("f")
    d.given(x, "<=", y, "")
    return d.start(left).at_most(right, "", gap=right - left, strict=True)


@forgery(X * x, "<", X * y, {X: 0, x: 0, y: 1}, given=[(x, "<", y)])
def strict_with_a_factor_that_may_be_zero(left, right):
    d = Derivation("f")
    less = d.given(x, "<", y, "")
    return d.start(left).at_most(right, "", using={less: X}, strict=True)


@forgery(x, "=", y, {x: 0, y: 1}, given=[(x, "<=", y)])
def equality_by_an_inequality(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", y, "")
    return d.start(left).equal(right, "", using={less: 1})


@forgery(x, "=", y, {x: 0, y: 1}, given=[(x, "<=", y)])
def inequality_put_in(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", y, "")
    return d.start(left).equal(right, "", put=[less])


@forgery(y, "<=", x, {x: 0, y: 1}, given=[(x, "<=", y)])
def negative_factor(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", y, "")
    return d.start(left).at_most(right, "", using={less: -1})


@forgery(z * x, "<=", z * y, {x: 0, y: 1, z: -1}, given=[(x, "<=", y)])
def factor_of_unknown_sign(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", y, "")
    return d.start(left).at_most(right, "", using={less: z})


@forgery(0, "<=", x * y, {x: -1, y: 1}, given=[(0, "<=", x + y)])
def sum_taken_for_its_parts(left, right):
    d = Derivation("f")
    d.given(0, "<=", x + y, "")
    return d.start(left).at_most(right, "", gap=x * y)


@forgery(x, "<=", x - 1, {x: 0})
def up_and_down_in_one_chain(left, right):
    return Derivation("f", left).at_most(x + 1, "", gap=1).at_least(right, "", gap=2)


@forgery(sp.Max(x, y), "=", x, {x: 0, y: 1}, given=[(x, "<=", y)])
def maximum_by_the_wrong_relation(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", y, "")
    return d.start(left).equal(right, "", knowing=[less])


@forgery(sp.Min(sp.Max(x, a), b), "=", a, {x: 2, a: 0, b: 3}, given=[(a, "<=", b), (a, "<=", x)])
def projection_to_the_wrong_end(left, right):
    d = Derivation("f")
    known = [d.given(a, "<=", b, ""), d.given(a, "<=", x, "")]
    return d.start(left).equal(right, "", knowing=known)


@forgery(a, "<=", sp.Min(sp.Max(x, a), b), {x: 0, a: 1, b: -1})
def projection_onto_an_empty_interval(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - a)


@forgery(sp.Abs(x), "=", x, {x: -1})
def absolute_value_dropped(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.Abs(x) + sp.Abs(y), "<=", sp.Abs(x + y), {x: 1, y: -1})
def triangle_the_wrong_way(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - left)


# ------------------------------------------------------------------------------------------------------ lemmas used elsewhere


def doubled():
    return Derivation("doubled", X).at_most(2 * X, "", gap=X)


def scaled():
    d = Derivation("scaled")
    less = d.given(x, "<=", y, "the hypothesis")
    return d.start(c * x).at_most(c * y, "", using={less: c})


@forgery(-3, "<=", -6, {})
def lemma_for_a_negative_number(left, right):
    return doubled().at({X: -3})


@forgery(3, "<=", -6, {})
def scaled_by_a_negative_number(left, right):
    less = Derivation("less", sp.Integer(-1)).at_most(2, "", gap=3).at()
    return scaled().at({c: -3, x: -1, y: 2}, given=[less])


@forgery(T, "<=", T**2 - 1, {T: 1})
def lemma_below_its_first_index(left, right):
    squares = Derivation("f", t + 1).at_most((t + 1) ** 2 - 1, "", gap=t**2 + t - 1)
    return squares.at({t: T - 1})


@forgery(Fraction(1, 2), "<=", Fraction(1, 4), {})
def lemma_of_whole_numbers_for_a_half(left, right):
    squares = Derivation("f", t).at_most(t**2, "", gap=t**2 - t)
    return squares.at({t: sp.Rational(1, 2)})


@forgery(0, "<=", total(x * t), {x: -1, T: 1})
def lemma_for_a_family_of_other_sign(left, right):
    return Derivation("f", sp.S.Zero).at_most(total(H[t]), "", gap=total(H[t])).at({H: sp.Lambda(t, x * t)})


@forgery(0, "<", 0, {})
def family_that_begins_too_late(left, right):
    F = Family("F", first=0, sign="positive")
    first = Derivation("f", sp.S.Zero).at_most(F[0], "", gap=F[0], strict=True)
    return first.at({F: sp.Lambda(t, 2 * t)})


@forgery(0, "<=", 1 / x**2, {x: 0})
def family_with_a_pole(left, right):
    lemma = Derivation("lemma", sp.S.Zero).at_most(h[1] ** 2, "", gap=h[1] ** 2)
    return lemma.at({h: sp.Lambda(t, 1 / x)})


@forgery(0, "<", X, {X: 0})
def family_that_is_only_weakly_positive(left, right):
    lemma = Derivation("lemma", sp.S.Zero).at_most(P[1], "", gap=P[1], strict=True)
    return lemma.at({P: sp.Lambda(t, X)})


@forgery(2, "<=", 1, {})
def lemma_without_its_hypothesis(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", 1, "")
    return d.start(x).at_most(1, "", using={less: 1}).at({x: 2})


@forgery(c, "<=", 0, {c: 1})
def hypothesis_by_itself(left, right):
    d = Derivation("lemma")
    less = d.given(c, "<=", 0, "")
    lemma = d.start(c).at_most(0, "", using={less: 1}).at(given=[less])
    return Derivation("f", left).at_most(right, "", using={lemma: 1})


@forgery(1 / x, "<=", 1 / x + 1, {x: 0}, given=[(0, "<=", x)])
def strict_hypothesis_by_a_weak_relation(left, right):
    lemma = Derivation("lemma")
    lemma.given(0, "<", x, "")
    lemma.start(1 / x).at_most(1 / x + 1, "", gap=1)
    d = Derivation("f")
    weak = d.given(0, "<=", x, "")
    return lemma.at(given=[weak])


@forgery(c * x, "<=", c * y, {c: 1, x: 1, y: 0}, given=[(y, "<=", x)])
def hypothesis_the_other_way_round(left, right):
    d = Derivation("f")
    return scaled().at(given=[d.given(y, "<=", x, "")])


@forgery(h[T], "<=", h[t], {h: lambda j: j, t: 1, T: 2})
def index_of_the_hypothesis_put_in(left, right):
    lemma = Derivation("lemma")
    bounded = lemma.given(h[t], "<=", x, "")
    lemma.start(h[T]).at_most(x, "", using={bounded.at({t: T}): 1})
    same = Derivation("same", h[t]).at_most(h[t], "", gap=0).at()
    return lemma.at({x: h[t]}, given=[same])


@forgery(total(sp.Abs(h[t])), "<=", sp.Max(total(h[t]), -total(h[t])), {h: lambda j: (-1) ** j, t: 1, T: 2})
def hypothesis_that_holds_at_one_index_only(left, right):
    def block(sign):
        e = sign * total(h[t])
        lemma = Derivation("lemma")
        plain = lemma.given(sp.Abs(h[t]), "=", sign * h[t], "")
        lemma.start(left).equal(e, "", using={plain.sum(t, 1, T): 1})
        return lambda chain, local: chain.equal(e, "", using={lemma.at(given=[local]): 1}).at_most(right, "", gap=right - e)

    return Derivation("f", left).cases(right, between(h[t], 0), [block(-1), block(1)])


@forgery(0, "<=", h[t] * total(h[s], index=s), {h: lambda j: -1 if j == 1 else 9, t: 1, T: 2})
def family_whose_sign_is_known_at_one_index_only(left, right):
    lemma = Derivation("lemma", sp.S.Zero).at_most(total(H[s], index=s), "", gap=total(H[s], index=s))

    def block(sign):
        def step(chain, local):
            whole = lemma.at({H: sp.Lambda(t, sign * h[t])}, given=[local])
            chain.at_most(right, "", using={whole: sign * h[t]}, knowing=[local])

        return step

    return Derivation("f", left).cases(right, between(h[t], 0), [block(-1), block(1)])


@forgery(total(H[t]), "<=", T * sp.Max(H[s], H[t]), {H: lambda j: j, s: 1, t: 1, T: 3})
def bound_that_holds_at_one_index_only(left, right):
    def block(index, largest):
        lemma = Derivation("lemma")
        bounded = lemma.given(H[index], "<=", X, "")
        lemma.start(total(H[index], index=index)).at_most(T * X, "", using={bounded.sum(index, 1, T): 1})

        def below(chain, local):
            chain.at_most(T * largest, "", using={lemma.at({X: largest}, given=[local]): 1})
            chain.at_most(right, "", gap=T * (sp.Max(H[s], H[t]) - largest))

        return below

    return Derivation("f", left).cases(right, between(H[t], H[s]), [block(t, H[s]), block(s, H[t])])


@forgery(y, "<=", 0, {y: 1})
def hypothesis_of_another_derivation(left, right):
    less = Derivation("elsewhere").given(y, "<=", 0, "theorem")
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(sp.Max(x, y), "=", y, {x: 1, y: 0})
def known_from_another_derivation(left, right):
    less = Derivation("elsewhere").given(x, "<=", y, "theorem")
    return Derivation("f", left).equal(right, "", knowing=[less])


@forgery(0, "<=", total(g[t] * w[t] ** 2), {g: lambda j: -1, w: lambda j: 1, T: 1})
def hypothesis_lost_in_a_sum(left, right):
    square = Derivation("square", sp.S.Zero).at_most(w[t] ** 2, "", gap=w[t] ** 2).at()
    sign = Derivation("elsewhere").given(0, "<=", g[t], "")
    return Derivation("f", left).at_most(right, "", using={square.sum(t, 1, T, g[t], knowing=[sign]): 1})


@forgery(y, "<=", 2 * y, {y: -1})
def hypothesis_lost_in_a_sign(left, right):
    sign = Derivation("elsewhere").given(0, "<=", y, "")
    return Derivation("f", left).at_most(right, "", using={doubled().at({X: y}, given=[sign]): 1})


@forgery(x, "<=", 0, {x: 1})
def hypothesis_after_the_chain(left, right):
    d = Derivation("f", left).at_most(left, "")
    return d.at_most(right, "", using={d.given(x, "<=", 0, ""): 1})


@forgery(x, "<=", 0, {x: 1})
def hypotheses_forgotten_by_beginning_again(left, right):
    d = Derivation("f")
    less = d.given(x, "<=", 0, "")

    def last(chain, local):
        chain.at_most(0, "", using={less: 1})
        d.__init__("f", left)

    d.start(left).cases(right, between(y, 0), [lambda chain, local: chain.at_most(0, "", using={less: 1}), last])
    return Derivation("f", left).at_most(right, "", using={d.at(): 1})


# ---------------------------------------------------------------------------------------------------------- indices and sums


@forgery(0, "<", S[0], {S: lambda j: 0})
def first_member_of_a_family_that_is_positive_later(left, right):
    F = Family("S", sign="positive")
    return Derivation("f", left).at_most(F[0], "", gap=F[0], strict=True)


@forgery(0, "<=", h[t - 1], {h: lambda j: -1, t: 2})
def member_before_the_first(left, right):
    lemma = Derivation("lemma", sp.S.Zero).at_most(H[t], "", gap=H[t])
    return lemma.at({H: sp.Lambda(t, h[t])}).at({t: t - 1})


@forgery(S[0], "<=", S[1], {S: lambda j: 5 if j == 0 else 0}, given=[(S[t], "<=", S[t + 1])])
def relation_before_its_first_index(left, right):
    d = Derivation("f")
    rising = d.given(S[t], "<=", S[t + 1], "")
    return d.start(left).at_most(right, "", using={rising.at({t: t - 1}).at({t: 1}): 1})


@forgery(total(1, X), "=", X, {X: Fraction(1, 2)})
def sum_up_to_a_fraction(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(0, "<", total(P[t], n), {P: lambda j: 1, n: 0})
def empty_sum_taken_as_positive(left, right):
    return Derivation("f", left).at_most(right, "", gap=right, strict=True)


@forgery(0, "<=", total(P[t], n, low=3), {P: lambda j: 1, n: 0})
def reversed_sum_taken_as_non_negative(left, right):
    return Derivation("f", left).at_most(right, "", gap=right)


@forgery(total(g[t], n), "<", total(w[t], n), {g: lambda j: 0, w: lambda j: 1, n: 0}, given=[(g[t], "<", w[t])])
def sum_of_strict_relations(left, right):
    d = Derivation("f")
    less = d.given(g[t], "<", w[t], "")
    return d.start(left).at_most(right, "", using={less.sum(t, 1, n): 1}, strict=True)


@forgery(
    total(h[t] * g[t]),
    "<=",
    total(h[t] * w[t]),
    {h: lambda j: -1, g: lambda j: 0, w: lambda j: 1, T: 1},
    given=[(g[t], "<=", w[t])],
)
def sum_with_factors_of_unknown_sign(left, right):
    d = Derivation("f")
    less = d.given(g[t], "<=", w[t], "")
    return d.start(left).at_most(right, "", using={less.sum(t, 1, T, h[t]): 1})


@forgery(0, "<", total(t, n, low=0), {n: 0})
def sum_that_begins_before_its_index(left, right):
    return Derivation("f", left).at_most(right, "", gap=right, strict=True)


@forgery(total(S[t - 1], n, low=0), "<=", total(S[t], n, low=0), {S: lambda j: 1, n: 0}, given=[(S[t - 1], "<=", S[t])])
def relation_summed_from_before_its_first_index(left, right):
    d = Derivation("f")
    less = d.given(S[t - 1], "<=", S[t], "")
    return d.start(right - left + left).at_least(left, "", using={less.sum(t, 0, n): 1})


@forgery(1, "<=", 0, {})
def relation_summed_below_its_first_index(left, right):
    least = Derivation("least", sp.S.One).at_most(t, "", gap=t - 1).at()
    return Derivation("f", left).at_most(right, "", using={least.sum(t, 0, 0): 1})


@forgery(0, "<=", h[t] * total(h[s], index=s), {h: lambda j: -1 if j == 1 else 9, t: 1, T: 2})
def condition_of_a_case_summed(left, right):
    def block(sign):
        return lambda chain, local: chain.at_most(right, "", using={local.sum(t, 1, T): sign * h[t]}, knowing=[local])

    return Derivation("f", left).cases(right, between(h[t], 0), [block(-1), block(1)])


@forgery(total(sp.Abs(h[t])), "<=", sp.Max(total(h[t]), -total(h[t])), {h: lambda j: (-1) ** j, t: 1, T: 2})
def condition_of_a_case_inside_a_sum(left, right):
    def block(sign):
        e = sign * total(h[t])
        return lambda chain, local: chain.equal(e, "", knowing=[local]).at_most(right, "", gap=right - e)

    return Derivation("f", left).cases(right, between(h[t], 0), [block(-1), block(1)])


@forgery(total(h[t] - h[t - 1], T, low=2), "=", h[T], {h: lambda j: 1, T: 2})
def telescope_with_a_wrong_first_term(left, right):
    f = Family("f")
    lemma = Derivation("telescope").induct(
        n, total(f[t + 1] - f[t], n), "=", f[n + 1] - f[1],
        lambda chain: chain.equal(0, ""),
        lambda chain, hypothesis: chain.equal(f[n + 2] - f[1], "", using={hypothesis: 1}),
    )  # fmt: skip
    return Derivation("f", left).equal(right, "", using={lemma.at({f: sp.Lambda(t, h[t]), n: T - 1}): 1})


@forgery(total(h[t + 1] - h[t]), "=", h[T] - h[1], {h: lambda j: j, T: 1})
def telescope_one_short(left, right):
    return Derivation("f").induct(
        T, left, "=", right,
        lambda chain: chain.equal(0, ""),
        lambda chain, hypothesis: chain.equal(right.subs(T, T + 1), "", using={hypothesis: 1}),
    )  # fmt: skip


@forgery(total(h[s], T, index=s) - total(h[s], T - 1, index=s), "=", h[T - 1], {h: lambda j: j, T: 2})
def last_term_taken_for_the_one_before(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.Sum(h[s], (s, 1, t), (t, 1, T)), "=", T * total(h[s], T, index=s), {h: lambda j: 1, T: 2})
def inner_range_that_depends_on_the_outer(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(sp.Sum(h[s], (s, 1, t), (t, 1, T)) - sp.Sum(h[s], (s, 1, t - 1), (t, 1, T)), "=", T * h[T], {h: lambda j: j, T: 2})
def last_terms_of_inner_ranges(left, right):
    return Derivation("f", left).equal(right, "")


def last_terms(high):
    """The sum of h[t] up to high, as a difference of double sums."""
    return sp.Sum(h[s], (s, 1, t), (t, 1, high)) - sp.Sum(h[s], (s, 1, t - 1), (t, 1, high))


@forgery(k * last_terms(T), "=", T * last_terms(k), {h: lambda j: j, T: 1, k: 2})
def last_terms_without_their_index(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(0, "<=", sp.Sum(1 / (k + 1 - t), (t, 1, T), (t, 1, k)), {T: 3, k: 1})
def bound_of_another_index_of_the_same_name(left, right):
    return Derivation("f", left).at_most(right, "", gap=right)


@forgery(sp.Sum(h[t], (t, 1, T), (t, 1, k)), "=", sp.Sum(h[t], (t, 1, k), (t, 1, T)), {h: lambda j: j, T: 1, k: 2})
def one_index_bound_twice(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(T * total(h[t], k), "=", k * total(h[t]), {h: lambda j: j, T: 1, k: 2})
def one_index_bound_twice_by_a_lemma(left, right):
    first = Derivation("first", total(x)).equal(T * x, "").at({x: total(h[t], k)})
    second = Derivation("second", total(x, k)).equal(k * x, "").at({x: total(h[t])})
    return Derivation("f", left).equal(right, "", using={first: -1, second: 1})


@forgery(total(sp.exp(total(h[s + t], T, index=s))), "=", total(sp.exp(total(h[2 * s], T, index=s))), {h: lambda j: j - 3, T: 2})
def index_captured_by_a_sum_inside(left, right):
    return Derivation("f", left).equal(right, "")


def exponential(index):
    return sp.exp(total(h[index], m, index=s))


@forgery(
    sp.Sum(exponential(s + t), (t, s, s + 1)),
    "<=",
    c * s,
    {h: lambda j: {3: 10, 2: 0}.get(j, -20), c: 3, s: 1, m: 2},
    given=[(exponential(2 * s) + exponential(2 * s + 1), "<=", c * s)],
)
def index_captured_by_a_product_of_exponentials(left, right):
    d = Derivation("f")
    d.given(exponential(2 * s) + exponential(2 * s + 1), "<=", c * s, "")
    return d.start(left).at_most(right, "", gap=right - left)


@forgery(sp.Sum(A[s + t], (s, 1, k), (t, 1, T)), "=", T * total(A[2 * s], k, index=s), {A: lambda j: j, T: 1, k: 2})
def index_captured_by_what_is_put_in(left, right):
    same = Derivation("same", total(h[s], index=s)).equal(total(h[t]), "")
    captured = same.at({h: sp.Lambda(t, total(A[s + t], k, index=s))})
    return Derivation("f", left).equal(right, "", using={captured: -1})


@forgery(total(A[t + x]), "=", total(A[2 * t]), {A: lambda j: j, T: 1, x: 2})
def index_captured_by_a_symbol_of_the_checker(left, right):
    hidden = sp.Symbol("_0", integer=True)
    F = Family("A", first=-9)
    d = Derivation("f")
    d.given(0, "<=", hidden, "")
    return d.start(total(F[t + hidden])).equal(total(F[2 * t]), "")


j_ = sp.Symbol("j", integer=True, positive=True)


@forgery(0, "<=", total(5 - t), {j_: 1, T: 20}, given=[(j_, "<=", 5)])
def hypothesis_about_a_symbol_that_a_sum_binds(left, right):
    d = Derivation("f")
    d.given(j_, "<=", 5, "")
    e = sp.Sum(5 - j_, (j_, 1, T))
    return d.start(left).at_most(e, "", gap=e)


@forgery(h[k], "=", 0, {h: lambda j: j - 1, k: 2, T: 2}, given=[(h[1], "=", 0), (h[2], "=", h[1] + h[2])])
def relation_put_under_a_sums_own_index(left, right):
    d = Derivation("f")
    first = d.given(h[1], "=", 0, "")
    d.given(h[2], "=", h[1] + h[2], "")
    rule = d.given(h[k + 1], "=", total(h[k], index=k), "")
    return d.induct(
        k, left, "=", right,
        lambda chain: chain.equal(0, "", using={first: 1}),
        lambda chain, hypothesis: chain.equal(total(h[k], index=k), "", using={rule: 1}).equal(0, "", put=[hypothesis]),
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- inductions and cases


@forgery(total(t), "=", T * (T + 1) / 2 + 1, {T: 1})
def missing_base(left, right):
    return Derivation("f").induct(
        T, left, "=", right,
        nothing,
        lambda chain, hypothesis: chain.equal(right.subs(T, T + 1), "", using={hypothesis: 1}),
    )  # fmt: skip


@forgery(1, "<=", n, {n: 0})
def base_at_the_wrong_index(left, right):
    return Derivation("f").induct(
        n, left, "<=", right,
        lambda chain: chain.at_most(1, ""),
        lambda chain, hypothesis: chain.at_most(n, "", using={hypothesis: 1}).at_most(n + 1, "", gap=1),
    )  # fmt: skip


@forgery(n, "<=", 0, {n: 1})
def hypothesis_used_one_step_ahead(left, right):
    return Derivation("f").induct(
        n, left, "<=", right,
        lambda chain: chain.at_most(0, ""),
        lambda chain, hypothesis: chain.at_most(0, "", using={hypothesis.at({n: n + 1}): 1}),
    )  # fmt: skip


@forgery(n, "<=", 0, {n: 1})
def hypothesis_kept_after_its_step(left, right):
    kept = []
    d = Derivation("f")
    try:
        d.induct(n, left, "<=", right, lambda chain: chain.at_most(0, ""), lambda chain, hypothesis: kept.append(hypothesis))
    except Exception:
        assert kept
    return Derivation("f", left).at_most(right, "", using={kept[0]: 1})


@forgery(x, "<=", 0, {x: 1})
def condition_kept_after_its_case(left, right):
    kept = []
    Derivation("e", x).cases(x, between(x, 0), [lambda chain, local: kept.append(local), nothing])
    return Derivation("f", left).at_most(right, "", using={kept[0]: 1})


@forgery(x, "<=", 0, {x: 1})
def condition_carried_out_by_a_lemma(left, right):
    lemma = Derivation("lemma")
    less = lemma.given(y, "<=", 0, "")
    lemma.start(y).at_most(0, "", using={less: 1})
    kept = []
    Derivation("e", x).cases(x, between(x, 0), [lambda chain, local: kept.append(lemma.at({y: x}, given=[local])), nothing])
    return Derivation("f", left).at_most(right, "", using={kept[0]: 1})


@forgery(x, "<=", 0, {x: 1})
def condition_used_in_the_other_case(left, right):
    kept = []

    def first(chain, local):
        kept.append(local)
        chain.at_most(0, "", using={local: 1})

    return Derivation("f", left).cases(
        right, between(x, 0), [first, lambda chain, local: chain.at_most(0, "", using={kept[0]: 1})]
    )


@forgery(0, "=", n, {n: 1})
def equality_after_an_induction_of_less(left, right):
    d = Derivation("f").induct(
        n, left, "<=", right,
        lambda chain: chain.at_most(0, ""),
        lambda chain, hypothesis: chain.at_most(n, "", using={hypothesis: 1}).at_most(n + 1, "", gap=1),
    )  # fmt: skip
    d.equal(right, "")
    if d.result.op == "=":
        return d
    return Derivation("f", left).equal(right, "", using={d.at(): 1})


@forgery(n, "<=", n - 1, {n: 0})
def down_after_an_induction_up(left, right):
    d = Derivation("f").induct(
        n, n, "<=", n + 1,
        lambda chain: chain.at_most(1, "", gap=1),
        lambda chain, hypothesis: chain.at_most(n + 2, "", gap=1),
    )  # fmt: skip
    return d.at_least(right, "", gap=2).result


@forgery(0, "<", n, {n: 0})
def induction_that_continues_the_derivation_around_it(left, right):
    d = Derivation("f")

    def base(chain):
        d.start(0).at_most(1, "", gap=1, strict=True)

    return d.induct(
        n,
        left,
        "<=",
        right,
        base,
        lambda chain, hypothesis: chain.at_most(n, "", using={hypothesis: 1}).at_most(n + 1, "", gap=1),
    )


@forgery(0, "<", n, {n: 0})
def strict_induction_from_weak_steps(left, right):
    return Derivation("f").induct(
        n, left, "<", right,
        lambda chain: chain.at_most(0, ""),
        lambda chain, hypothesis: chain.at_most(n + 1, "", gap=n + 1, strict=True),
    )  # fmt: skip


@forgery(n, "<=", -n, {n: 1})
def induction_the_wrong_way(left, right):
    return Derivation("f").induct(
        n, left, "<=", right,
        lambda chain: chain.equal(0, ""),
        lambda chain, hypothesis: chain.at_least(-n - 1, "", gap=2 * n + 2),
    )  # fmt: skip


@forgery(x, "=", 0, {x: 1})
def case_left_out(left, right):
    split = Split((((x, "=", sp.S.Zero),),), "every x is 0")
    return Derivation("f", left).cases(right, split, [lambda chain, zero: chain.equal(0, "", using={zero: 1})])


@forgery(x, "=", 0, {x: 1})
def case_left_out_by_an_impostor(left, right):
    fields = {"conditions": (((x, "=", sp.S.Zero),),), "needs": (), "whole": (), "why": ""}
    split = type("Impostor", (SimpleNamespace,), {"__class__": Split})(**fields)
    return Derivation("f", left).cases(right, split, [lambda chain, zero: chain.equal(0, "", using={zero: 1})])


@forgery(x, "=", 0, {x: 1}, error=TypeError)
def case_left_out_of_a_copy(left, right):
    split = dataclasses.replace(zero_or_positive(x**2), conditions=(((x, "=", sp.S.Zero),),))
    return Derivation("f", left).cases(right, split, [lambda chain, zero: chain.equal(0, "", using={zero: 1})])


@forgery(x, "=", 0, {x: 1})
def cases_that_end_elsewhere(left, right):
    return Derivation("f", left).cases(right, between(x, 0), [nothing, nothing])


@forgery(x, "=", 0, {x: 1})
def case_without_a_block(left, right):
    return Derivation("f", left).cases(right, zero_or_positive(x**2), [lambda chain, zero: chain.equal(0, "", using={zero: 1})])


@forgery(x * (x - 1), ">=", 0, {x: Fraction(1, 2)})
def real_number_split_like_a_whole_one(left, right):
    return Derivation("f", left).cases(
        right,
        integer_split(x, 0),
        [
            lambda chain, low: chain.at_least(0, "", gap=x**2, using={low: 1}),
            lambda chain, high: chain.at_least(0, "", gap=(x - 1) ** 2, using={high: 1}),
        ],
    )


@forgery(0, "<=", x, {x: -1})
def zero_or_positive_of_a_negative(left, right):
    return Derivation("f", left).cases(
        right,
        zero_or_positive(x),
        [lambda chain, zero: chain.at_most(x, "", using={zero: -1}), lambda chain, more: chain.at_most(x, "", using={more: 1})],
    )


@forgery(x, "<", x, {x: 0})
def case_that_continues_the_chain_around_it(left, right):
    d = Derivation("f", left)

    def second(chain, local):
        d.at_most(x + 1, "", gap=1, strict=True)

    return d.cases(right, between(y, 0), [nothing, second])


@forgery(x, "<=", -x, {x: 1})
def cases_up_and_down(left, right):
    return Derivation("f", left).cases(
        right,
        between(x, 0),
        [
            lambda chain, low: chain.at_most(-x, "", using={low: 2}),
            lambda chain, high: chain.at_least(-x, "", using={high: 2}),
        ],
    )


@forgery(-(x**2), "<", 0, {x: 0})
def strict_in_one_case_only(left, right):
    d = Derivation("f", left).cases(
        right,
        zero_or_positive(x**2),
        [
            lambda chain, zero: chain.equal(0, "", using={zero: -1}),
            lambda chain, more: chain.at_most(0, "", using={more: 1}, strict=True),
        ],
    )
    return Derivation("f", left).at_most(right, "", using={d.at(): 1}, strict=True)


# ------------------------------------------------------------------------------------------------------------------- the means


@forgery(Mean(U * V), "=", Mean(U) * Mean(V), {U: (1, -1), V: (1, -1)})
def mean_of_a_product_split(left, right):
    same = Derivation("same", U * V).equal(V * U, "").at()
    return Derivation("f", left).equal(right, "", using={expect(same, U, V): 1})


@forgery(Mean(U**2), "<=", Mean(U) ** 2, {U: (1, -1)})
def jensen_the_wrong_way(left, right):
    variance = Derivation("variance", -((U - Mean(U)) ** 2)).at_most(0, "", gap=(U - Mean(U)) ** 2).at()
    return Derivation("f", left).at_most(right, "", using={expect(variance, U, U**2): -1})


@forgery(Mean(1 / (1 + U**2)), "<=", 1 / (1 + Mean(U**2)), {U: (0, 2)})
def mean_under_a_fraction(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - left)


@forgery(U, "<=", Mean(U), {U: (1, -1)})
def mean_taken_for_the_value(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - left)


@forgery(0, "<=", U * Mean(U), {U: (1, -3)})
def mean_of_a_condition(left, right):
    def block(sign):
        return lambda chain, local: chain.at_most(right, "", using={expect(local, U): sign * U}, knowing=[local])

    return Derivation("f", left).cases(right, between(U, 0), [block(-1), block(1)])


@forgery(Mean(sp.Abs(U)), "<=", sp.Max(Mean(U), Mean(-U)), {U: (1, -1)})
def condition_inside_a_mean(left, right):
    def block(sign):
        return lambda chain, local: chain.equal(Mean(sign * U), "", knowing=[local]).at_most(
            right, "", gap=right - Mean(sign * U)
        )

    return Derivation("f", left).cases(right, between(U, 0), [block(-1), block(1)])


@forgery(Mean(Q), "<=", Mean(sp.S.Zero) + Mean(Q) * R, {Q: (0, 2), R: (0, 1)}, given=[(R * Q, "=", Q)])
def condition_put_into_a_mean(left, right):
    d = Derivation("f")
    one = d.given(R * Q, "=", Q, "R is 1 where Q is not 0")

    def zero(chain, local):
        chain.equal(Mean(sp.S.Zero), "", put=[local]).at_most(right, "", gap=Mean(Q) * R)

    def more(chain, local):
        chain.equal(Mean(Q) * R, "", using={one: -Mean(Q) / Q}, knowing=[local]).at_most(right, "", gap=Mean(sp.S.Zero))

    return d.start(left).cases(right, zero_or_positive(Q), [zero, more])


@forgery(Mean(Z), "=", V * Mean(U), {U: (1, -1), V: (1, -1), Z: (1, 1)}, given=[(Z, "=", V * U)])
def random_factor_taken_out_by_a_lemma(left, right):
    lemma = Derivation("lemma")
    product_ = lemma.given(Z, "=", x * U, "")
    lemma.start(Mean(Z)).equal(x * Mean(U), "", using={expect(product_, U, Z): 1})
    d = Derivation("f")
    product_ = d.given(Z, "=", V * U, "")
    return d.start(left).equal(right, "", using={lemma.at({x: V}, given=[product_]): 1})


@forgery(0, "<=", U * Mean(U), {U: (1, -3)})
def condition_taken_for_a_sure_hypothesis(left, right):
    def block(sign):
        lemma = Derivation("lemma")
        sure = lemma.given(0, "<=", sign * U, "")
        lemma.start(sp.S.Zero).at_most(sign * Mean(U), "", using={expect(sure, U): 1})
        return lambda chain, local: chain.at_most(right, "", using={lemma.at(given=[local]): sign * U}, knowing=[local])

    return Derivation("f", left).cases(right, between(U, 0), [block(-1), block(1)])


@forgery(Mean(U * V), "<=", Mean(U * U), {U: (1, 0), V: (3, 3)})
def mean_of_what_was_not_declared(left, right):
    less = Derivation("f")
    product_ = less.given(U * V, "<=", U * U, "")
    return Derivation("f", left).at_most(right, "", using={expect(product_, U): 1})


# --------------------------------------------------------------------------------------------- symbols and objects that deceive


@forgery(5, "=", -5, {})
def symbol_declared_not_positive(left, right):
    negative = sp.Symbol("z", real=True, positive=False)
    lemma = Derivation("lemma")
    same = lemma.given(y, "=", negative, "")
    lemma.start(sp.Abs(y)).equal(-negative, "", put=[same])
    return lemma.at({y: 5, negative: 5})


@forgery(sp.sqrt(x**2), "=", x, {x: -1})
def negative_symbol_in_a_positive_lemma(left, right):
    return Derivation("lemma", sp.sqrt(c**2)).equal(c, "").at({c: sp.Symbol("x", negative=True)})


@forgery(0, "<=", x**2 + 2 * x, {x: -1})
def complex_symbol(left, right):
    free = sp.Symbol("x")
    return Derivation("f", left).at_most(free**2 + 2 * free, "", gap=(free + 1) ** 2 + sp.I**2)


@forgery(x + 1, "<=", x, {x: 0})
def infinite_symbol(left, right):
    big = sp.Symbol("x", extended_real=True, infinite=True)
    return Derivation("f", big + 1).at_most(big, "")


@forgery(1, "<=", 0, {})
def infinity_minus_infinity(left, right):
    return Derivation("f", sp.Integer(1)).at_most(sp.oo, "", gap=sp.oo).at_most(0, "", gap=0)


@forgery(1, "=", 0, {})
def not_a_number(left, right):
    return Derivation("f", left).equal(sp.nan, "").equal(right, "")


@forgery(1, "=", 0, {})
def complex_infinity(left, right):
    return Derivation("f", left).equal(sp.zoo, "").equal(right, "")


@forgery(x / 10, "<=", x / 10 - sp.Rational(1, 10**30), {x: 1})
def floating_point(left, right):
    return Derivation("f", left).at_most(right, "", gap=sp.Float(-1e-30) + sp.Float(1e-30))


@forgery(1, "<=", 0, {})
def floating_point_gap(left, right):
    return Derivation("f", left).at_most(right, "", gap=-1.0 + 0.0)


@forgery(0, "<=", x, {x: -1})
def piecewise(left, right):
    return Derivation("f", left).at_most(right, "", gap=sp.Piecewise((x, x > 0), (0, True)))


@forgery(2 * x, "=", 1, {x: 0})
def derivative(left, right):
    e = sp.Derivative(x**2, x)
    return Derivation("f", left).equal(e, "").equal(right, "")


@forgery(0, "<=", x, {x: -1})
def undefined_function(left, right):
    f = sp.Function("f", nonnegative=True)
    return Derivation("f", left).at_most(f(x), "", gap=f(x)).at_most(right, "")


class Lie(sp.Expr):
    """Whatever is asked of it, it says yes."""

    is_commutative = is_real = is_nonnegative = is_positive = is_integer = True
    is_Rational = is_Symbol = True
    p = q = 1

    def __gt__(self, other):
        return True

    __ge__ = __gt__


@forgery(0, "<=", x, {x: -1})
def expression_that_lies(left, right):
    return Derivation("f", left).at_most(right + Lie(x) - Lie(x), "", gap=Lie(x))


@forgery(0, "<=", x, {x: -1})
def exponent_that_lies(left, right):
    power = sp.Pow(X, Lie(x), evaluate=False)
    return Derivation("f", left).at_most(power, "", gap=power).at_most(right, "")


class LyingFunction(sp.Function):
    is_nonnegative = is_positive = is_Symbol = is_Rational = True

    @classmethod
    def eval(cls, e):
        return None


@forgery(0, "<", x, {x: -1})
def function_that_lies(left, right):
    lie = LyingFunction(x)
    return Derivation("f", left).at_most(lie, "", gap=lie, strict=True)


class LyingInteger(sp.Integer):
    is_nonnegative = True

    def __gt__(self, other):
        return True


@forgery(0, "<=", -1, {})
def number_that_lies(left, right):
    lie = object.__new__(LyingInteger)
    lie.p = -1
    return Derivation("f", left).at_most(lie, "", gap=lie)


class LyingSymbol(sp.Symbol):
    is_nonnegative = is_positive = True


@forgery(0, "<", x, {x: -1})
def symbol_that_lies(left, right):
    lie = LyingSymbol("x", real=True)
    return Derivation("f", left).at_most(lie, "", gap=lie, strict=True)


@forgery(0, "<=", total(1, m_ := sp.Symbol("m", integer=True)), {m_: -5})
def limit_that_lies(left, right):
    lie = LyingSymbol("m", integer=True)
    return Derivation("f", left).at_most(total(1, lie), "", gap=total(1, lie))


class LyingIndex(Index):
    def __new__(cls, name):
        return sp.Symbol.__new__(cls, name, real=True)

    is_integer = is_positive = True


@forgery(Fraction(1, 2), "<=", Fraction(1, 4), {})
def index_that_lies(left, right):
    lie = LyingIndex("i")
    return Derivation("f", lie).at_most(lie**2, "", gap=lie**2 - lie).at({lie: sp.Rational(1, 2)})


class LyingFamily(Family):
    sign = "positive"


@forgery(0, "<", h[t], {h: lambda j: -1, t: 1})
def family_that_lies(left, right):
    lie = LyingFamily("h")
    return Derivation("f", left).at_most(lie[t], "", gap=lie[t], strict=True)


class LyingTerm(Term):
    family = H


@forgery(0, "<=", h[t], {h: lambda j: -1, t: 1})
def term_that_lies(left, right):
    lie = LyingTerm(h, t)
    return Derivation("f", left).at_most(lie, "", gap=lie)


@forgery(0, "<=", h[t], {h: lambda j: -1, t: 1})
def family_of_the_same_name(left, right):
    same_name = Family("h", sign="nonnegative")
    lemma = Derivation("lemma", sp.S.Zero).at_most(same_name[t], "", gap=same_name[t])
    return Derivation("f", left).at_most(h[t], "", using={lemma.at(): 1})


@forgery(0, "<=", h[1], {h: lambda j: -1})
def term_with_too_few_indices(left, right):
    F = Family("h", first=(1, 1), sign="nonnegative")
    return Derivation("f", left).at_most(Term(F, 1), "", gap=Term(F, 1), strict=True)


class Changing:
    """An object that becomes another expression each time SymPy asks."""

    def __init__(self, *values):
        self.values = list(values)

    def _sympy_(self):
        return sp.sympify(self.values.pop(0) if len(self.values) > 1 else self.values[0])


@forgery(-3, "<=", -6, {})
def value_that_changes_after_its_check(left, right):
    for checks in range(1, 8):
        found = doubled().at({X: Changing(*[3] * checks, -3)})
        if found.left == -3 or found.right == -6:
            return found
    return Derivation("f", left).at_most(right, "", using={found: 1})


@forgery(0, "<=", -1, {})
def index_that_changes_after_its_check(left, right):
    lemma = Derivation("f", sp.S.Zero).at_most(t - 1, "", gap=t - 1).result
    return Derivation("f", left).at_most(right, "", using={lemma.at({t: Changing(1, 0)}): 1})


@forgery(x, "=", 0, {x: 1})
def list_that_changes_after_its_check(left, right):
    fine = Derivation("fine", y).equal(y, "").at()
    false = Derivation("elsewhere").given(x, "=", 0, "")

    class Changing(list):
        count = 0

        def __iter__(self):
            self.count += 1
            return iter([fine] if self.count == 1 else [false])

    return Derivation("f", left).equal(right, "", put=Changing())


@forgery(x, "<=", 0, {x: 1})
def relation_made_by_hand(left, right):
    less = Relation(x, "<=", sp.S.Zero, "theorem", frozenset())
    return Derivation("f", left).at_most(right, "", using={less: 1})


def truth():
    return Derivation("truth", x).at_most(x + 1, "", gap=1).at()


@forgery(x, "<=", x - 1, {x: 0}, error=TypeError)
def relation_replaced(left, right):
    less = dataclasses.replace(truth(), right=x - 1)
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(x, "<=", x - 1, {x: 0})
def relation_copied_with_another_side(left, right):
    true = truth()
    less = copy.deepcopy(true, {id(true.right): x - 1})
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(x, "<=", x - 1, {x: 0})
def relation_changed(left, right):
    less = truth()
    less.right = x - 1
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(x, "<=", x - 1, {x: 0})
def relation_made_anew(left, right):
    less = truth()
    try:
        less.__init__(x, "<=", x - 1, "truth", frozenset())
    except Exception:
        assert less
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(x, "<=", x - 1, {x: 0}, error=AttributeError)
def relation_changed_through_its_dict(left, right):
    less = truth()
    less.__dict__["right"] = x - 1
    return Derivation("f", left).at_most(right, "", using={less: 1})


@forgery(x, "<=", x - 1, {x: 0})
def relation_of_a_subclass(left, right):
    class Lax(Relation):
        def __new__(cls, *values):
            return object.__new__(cls)

        left, op, right, slack, hypotheses = x, "<=", x - 1, sp.Integer(-1), frozenset()

    return Derivation("f", left).at_most(right, "", using={Lax(): 1})


def impostor(left, op, right):
    """An object that says that it is a relation."""
    fields = {
        "left": left,
        "op": op,
        "right": right,
        "why": "",
        "rests_on": frozenset(),
        "hypotheses": frozenset(),
        "local": False,
    }
    fields |= {"slack": right - left, "fixed": lambda self=None: set(), "present": lambda self=None: False}
    return type("Impostor", (SimpleNamespace,), {"__class__": Relation, "__hash__": object.__hash__})(**fields)


@forgery(x, "<=", x - 1, {x: 0})
def impostor_in_a_chain(left, right):
    return Derivation("f", left).at_most(right, "", using={impostor(x, "<=", x - 1): 1})


@forgery(x, "<=", x - 1, {x: 0})
def impostor_at_a_place(left, right):
    return Derivation("f", left).at_most(right, "", using={Relation.at(impostor(x, "<=", x - 1), {}): 1})


@forgery(T * x, "<=", T * (x - 1), {T: 1, x: 0})
def impostor_summed(left, right):
    return Derivation("f", left).at_most(right, "", using={Relation.sum(impostor(x, "<=", x - 1), t, 1, T): 1})


@forgery(Mean(U), "<=", Mean(U) - 1, {U: (0, 0)})
def impostor_averaged(left, right):
    return Derivation("f", left).at_most(right, "", using={expect(impostor(U, "<=", U - 1), U): 1})


@forgery(c * 1, "<=", c * 0, {c: 1})
def impostor_for_a_hypothesis(left, right):
    return scaled().at({x: 1, y: 0}, given=[impostor(sp.S.One, "<=", sp.S.Zero)])


@forgery(x, "<=", x - 1, {x: 0}, error=AttributeError)
def side_overwritten(left, right):
    d = Derivation("f", left).at_most(x + 1, "", gap=1)
    d.side = right
    return d


@forgery(x, "<", x, {x: 0})
def step_slipped_in(left, right):
    d = Derivation("f", left).at_most(x, "")
    d.steps[0].__init__("<", x, x, "")
    d.steps[0].op = "<"
    return d


@forgery(x, "<", x, {x: 0}, error=AttributeError)
def step_appended(left, right):
    d = Derivation("f", left).at_most(x, "")
    d.steps.append(SimpleNamespace(op="<", before=x, after=x, blocks=(), split=None, why=""))
    return d


@forgery(x, "<", x, {x: 0})
def step_made_by_hand(left, right):
    return Step("<", x, x, "")


@forgery(x, "<", x, {x: 0})
def derivation_of_a_subclass(left, right):
    class Lax(Derivation):
        op = "<"

    return Lax("f", left).at_most(right, "").at()


@forgery(x, "<", x, {x: 0})
def chain_with_another_relation(left, right):
    class Lax(Chain):
        op, induction, result, at = "<", None, Derivation.result, Derivation.at

    return Lax("f", (), left).at_most(right, "").result


@forgery(x, "<=", 0, {x: 1})
def result_of_other_hypotheses(left, right):
    d = Derivation("elsewhere")
    d.start(x).at_most(0, "", using={d.given(x, "<=", 0, ""): 1})

    class Lax(Derivation):
        result = property(lambda self: d.result)

    return Derivation("f", left).at_most(right, "", using={Lax("f").at(): 1})


@forgery(x, "<=", x - 1, {x: 0})
def derivation_copied_with_another_side(left, right):
    d = Derivation("f", left).at_most(x + 1, "", gap=1)
    return copy.deepcopy(d, {id(d.side): right, **{id(step): step for step in d.steps}})


class LyingLambda(sp.Lambda):
    """Not negative while it is looked at, and another thing when it is put in."""

    looks = 0

    @property
    def expr(self):
        type(self).looks += 1
        return sp.Integer(1) if type(self).looks < 6 else sp.Integer(-1)


@forgery(0, "<=", -T, {T: 1})
def lambda_that_lies(left, right):
    lemma = Derivation("lemma", sp.S.Zero).at_most(total(H[t]), "", gap=total(H[t]))
    return lemma.at({H: LyingLambda(t, 1)})


class LyingDict(dict):
    def items(self):
        self.looked = getattr(self, "looked", 0) + 1
        return {X: sp.Integer(3 if self.looked == 1 else -3)}.items()


@forgery(-3, "<=", -6, {})
def mapping_that_changes_after_its_check(left, right):
    found = doubled().at(LyingDict())
    return found if found.left == -3 else Derivation("f", left).at_most(right, "", using={found: -1})


# Powers with whole exponents that a sum's index may be part of: what does not depend on the index leaves the sum.


def powers_at_most_one():
    """The true lemma that X <= 1 keeps all powers of X at most 1."""
    lemma = Derivation("lemma")
    below = lemma.given(X, "<=", 1, "")
    return lemma.induct(
        n, X**n, "<=", 1,
        lambda chain: chain.equal(1, ""),
        lambda chain, hypothesis: chain.at_most(X, "", using={hypothesis: X}).at_most(1, "", using={below: 1}),
    )  # fmt: skip


@forgery(total(X ** (T - t)), "=", T * X**T, {X: 2, T: 3})
def power_that_depends_on_the_index(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(total(X ** (T - t) * X**t), "<=", total(X ** (T - t)) * X**T, {X: Fraction(1, 2), T: 2})
def two_powers_and_one_of_them_out(left, right):
    return Derivation("f", left).at_most(right, "", gap=right - left)


@forgery(total(t ** (T - t)), "=", total(t ** (-t)) * T**T, {T: 3})
def base_that_is_the_index(left, right):
    return Derivation("f", left).equal(right, "")


@forgery(total(X ** (T - t)), "<=", T, {X: 2, T: 3})
def powers_below_one_without_the_hypothesis(left, right):
    lemma = powers_at_most_one()
    each = lemma.at({n: T - t})
    return Derivation("f", left).at_most(right, "", using={each.sum(t, 1, T): 1})


# A relation summed over an index that stands in the place of another one: it is in range for every value of the sum's index.


@forgery(total(X ** (t - T)), "<=", T, {X: Fraction(1, 2), T: 3}, given=[(X, "<=", 1)])
def summed_beyond_the_range(left, right):
    lemma = powers_at_most_one()
    d = Derivation("f")
    each = lemma.at(given=[d.given(X, "<=", 1, "")])
    return d.start(left).at_most(right, "", using={each.sum(t, 1, T, at={n: t - T}): 1})


@forgery(total(P[t]), "<=", T * P[1], {T: 2, P: lambda t: t})
def summed_with_the_induction_index_in_another_place(left, right):
    d = Derivation("f")

    def step(chain, hypothesis):
        chain.at_most(P[1], "", using={hypothesis.sum(t, 1, 1, at={k: t}): 1})

    return d.induct(k, P[k], "<=", P[1], nothing, step)
