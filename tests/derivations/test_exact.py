"""The evaluator that refutes is right: its numbers against SymPy's, its points against the hypotheses they satisfy."""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.derivation import Family, Index, Mean, unknown
from lecture_optim.derivation.language import Term

from .exact import Interval, Situation, Surd, Undefined, compiled, ends, holds, larger, power, root, sign, smaller

numbers = st.fractions(min_value=-20, max_value=20, max_denominator=12)
positive = st.fractions(min_value=Fraction(1, 12), max_value=20, max_denominator=12)


def exactly(value):
    """A value as a number of SymPy."""
    if isinstance(value, Surd):
        return sp.Add(*(sp.Rational(c.numerator, c.denominator) * sp.sqrt(n) for n, c in value.parts.items()))
    return sp.Rational(value.numerator, value.denominator)


@given(positive, positive, numbers, numbers)
def test_surds_compute_as_sympy_does(p, q, a, b):
    x, y = root(p, 2) * a + b, root(q, 2) + a
    for found, wanted in ((x + y, exactly(x) + exactly(y)), (x - y, exactly(x) - exactly(y)), (x * y, exactly(x) * exactly(y))):
        assert sp.expand(exactly(found) - wanted) == 0
    if sign(y) != 0:
        assert sp.radsimp(sp.expand(exactly(x / y) * exactly(y) - exactly(x))) == 0


@given(positive, st.integers(2, 5))
def test_a_root_to_its_power_is_the_number(x, q):
    low, high = ends(power(root(x, q), Fraction(q)))
    assert low <= x <= high
    assert high - low < Fraction(1, 10**15)


@given(numbers, numbers, numbers)
def test_intervals_hold_what_they_stand_for(a, b, c):
    one, two = Interval(min(a, b), max(a, b)), Interval(c, c)
    for found, wanted in ((one + two, b + c), (one - two, b - c), (one * two, b * c), (larger([one, two]), max(b, c))):
        low, high = ends(found)
        assert low <= wanted <= high


@pytest.mark.parametrize(("difference", "op", "wanted"), [
    (Fraction(0), "<=", True), (Fraction(0), "<", False), (Fraction(0), "=", True), (Fraction(-1), "<=", False),
    (Fraction(-1), ">", True), (Fraction(0), ">=", True), (Interval(-1, 1), "<=", None), (Interval(-1, 1), "=", None),
    (Interval(1, 2), "<", True), (Interval(1, 2), "=", False), (Interval(0, 1), "<=", True), (Interval(0, 1), "<", None),
    (Interval(-1, 0), "<", False), (Interval(-1, 0), ">=", True),
])  # fmt: skip
def test_a_comparison_is_certain_or_none(difference, op, wanted):
    """The difference is right - left."""
    assert holds(difference, op) is wanted


@pytest.mark.parametrize("function", ["exp", "log"])
@pytest.mark.parametrize("value", ["1/3", "2", "7/5"])
def test_transcendental_values_are_enclosed(function, value):
    x = sp.Symbol("x", positive=True)
    low, high = ends(compiled(getattr(sp, function)(x))({x: Fraction(value)}, {}))
    wanted = getattr(sp, function)(sp.Rational(value))
    assert sp.Rational(low.numerator, low.denominator) < wanted < sp.Rational(high.numerator, high.denominator)
    assert high - low < Fraction(1, 10**30)


t, T, n = Index("t"), Index("T"), Index("n", 0)
x, y = sp.symbols("x y", real=True)
g, h = Family("g"), Family("h", first=0, sign="nonnegative")


def test_sums_means_and_empty_sums():
    values = {T: Fraction(3), n: Fraction(0), x: Fraction(2), **{(g, (k,), None): Fraction(k, 2) for k in range(1, 5)}}
    assert compiled(sp.Sum(g[t] ** 2, (t, 1, T)))(values, {}) == Fraction(14, 4)
    assert compiled(sp.Sum(g[t], (t, 1, n)))(values, {}) == 0
    assert compiled(sp.Sum(x * t, (t, 1, 2), (n, 1, T)))(values, {}) == 18
    assert compiled(sp.Max(x, g[3]) - sp.Min(x, g[1]))(values, {}) == Fraction(3, 2)
    random = unknown("N")
    values = {"outcome": Fraction(1, 4), (random.family, (), 0): Fraction(2), (random.family, (), 1): Fraction(6)}
    assert compiled(Mean(random**2) - Mean(random) ** 2)(values, {}) == 3


@pytest.mark.parametrize("e", [1 / x, sp.sqrt(x - 1), sp.log(x), g[T - 1], x ** (-sp.S.Half)])
def test_what_has_no_value_is_undefined(e):
    with pytest.raises(Undefined):
        compiled(e)({x: Fraction(0), T: Fraction(1)}, {})


SITUATIONS = {
    "recursion": [(h[0], "=", 0), (h[t], "=", h[t - 1] + g[t] ** 2)],
    "order": [(x, "<=", y), (x**2 + y**2, "<=", 1)],
    "quotient": [(h[t], "=", h[t - 1] + g[t] ** 2), (Family("r")[t] * sp.sqrt(h[t]), "=", g[t])],
    "clipped": [(g[t + 1], "=", sp.Min(sp.Max(g[t] - x, -1), 1)), (-1, "<=", g[1]), (g[1], "<=", 1)],
    "mean": [(Mean(unknown("N")), "=", x), (unknown("N") ** 2, "=", unknown("N"))],
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_points_satisfy_the_hypotheses(name):
    """Looked up once more, term by term, with SymPy's own arithmetic in place of ours."""
    hypotheses = [(sp.sympify(a), op, sp.sympify(b), False) for a, op, b in SITUATIONS[name]]
    situation = Situation(hypotheses, (g[T],) if name in ("recursion", "quotient", "clipped") else (), whole=True)
    points = list(situation.points(12))
    assert len(points) == 12
    for point in points:
        horizon = int(point.get(T, 1))
        for left, op, right, _ in hypotheses:
            for k in range(1, horizon + 1) if (left - right).has(t) else (1,):
                for outcome in (0, 1):
                    difference = by_sympy(right - left, point, {t: k}, outcome)
                    assert difference == 0 if op == "=" else difference >= 0


def by_sympy(e, point, place, outcome):
    """The value of e at a point, all by substitution."""
    if isinstance(e, Term):
        at = tuple(int(i.xreplace(place)) for i in e.indices)
        return exactly(point[(e.family, at, outcome if e.family.random else None)])
    if isinstance(e, Mean):
        p = exactly(point["outcome"])
        return p * by_sympy(e.args[0], point, place, 0) + (1 - p) * by_sympy(e.args[0], point, place, 1)
    if e.is_Symbol:
        return sp.sympify(place[e]) if e in place else exactly(point[e])
    return sp.radsimp(sp.expand(e.func(*(by_sympy(a, point, place, outcome) for a in e.args)))) if e.args else e


def test_a_false_claim_is_refuted_and_a_true_one_is_not():
    situation = Situation([(h[t], "<=", h[t + 1], False)], (h[T], h[T + 1]))
    assert situation.counterexample(h[T + 1], "<=", h[T]) is not None
    assert situation.counterexample(h[T], "<=", h[T + 1]) is None
    assert situation.counterexample(h[T], "<", h[T + 1]) is not None  # equality is met too
    assert Situation([]).counterexample(x, "<=", x**2) is not None
    assert Situation([]).counterexample(2 * x * y, "<=", x**2 + y**2) is None


def test_a_local_hypothesis_holds_for_the_present_value_only():
    """As an induction hypothesis does: quantified over all T it would say more."""
    everywhere = Situation([(h[T], "<=", 1, False)], (h[T + 1],))
    here = Situation([(h[T], "<=", 1, True)], (h[T + 1],))
    assert everywhere.counterexample(h[T + 1], "<=", 1) is None
    assert here.counterexample(h[T + 1], "<=", 1) is not None


def test_the_smaller_value():
    assert sign(smaller([root(Fraction(2), 2), Fraction(3, 2)]) - root(Fraction(2), 2)) == 0
