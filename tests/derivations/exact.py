"""Exact values of the checker's expressions at exact points; it refutes and never proves, and shares no code with the checker.

A value is a Fraction, a Surd (a sum of rational multiples of roots of whole numbers), or else an Interval of Fractions that
certainly holds it. A comparison that an interval leaves open is no comparison. Sums are written out, so whole numbers are small.
The mean is over two outcomes.

A `Situation` is a list of hypotheses. Its points satisfy them by construction where it can: a recursion defines the next value,
an equation is solved for its last unknown, an inequality bounds the next draw. What is not so constructed is checked; a point at
which something is not certain to hold is thrown away.
"""

import math
import random
from contextlib import suppress
from fractions import Fraction
from functools import cache
from itertools import product

import sympy as sp

from lecture_optim.derivation import Index, Mean
from lecture_optim.derivation.language import Term

OUTCOMES = (0, 1)
OUTCOME = "outcome"  # the key under which the present outcome stands among the bound indices
DIGITS = 50
GRID = 1 << 160  # the ends of intervals are rounded outward to this denominator
POOL = [Fraction(text) for text in ("0", "1", "2", "1/2", "3", "1/3", "3/2", "4", "2/3", "1/10", "10", "7/5", "1/100")]
PROBABILITIES = [Fraction(1, 2), Fraction(1, 10), Fraction(2, 3)]


class Undefined(Exception):
    """The expression has no value at the point, or none that can be told."""


# ------------------------------------------------------------------------------------------------------------------- the values


class Value:
    """What is added and negated, and so subtracted too."""

    __slots__ = ()

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return other + (-self)


class Interval(Value):
    """A real number between two Fractions."""

    __slots__ = ("high", "low")

    def __init__(self, low, high):
        self.low = Fraction(math.floor(low * GRID), GRID)
        self.high = Fraction(math.ceil(high * GRID), GRID)

    def __repr__(self):
        return f"~{float(self.low):.12g}"

    def __neg__(self):
        return Interval(-self.high, -self.low)

    def __add__(self, other):
        low, high = ends(other)
        return Interval(self.low + low, self.high + high)

    def __mul__(self, other):
        if not isinstance(other, Interval) and other == 0:
            return Fraction(0)
        corners = [a * b for a in (self.low, self.high) for b in ends(other)]
        return Interval(min(corners), max(corners))

    __rmul__ = __mul__

    def inverse(self):
        if self.low <= 0 <= self.high:
            raise Undefined("division by what may be 0")
        return Interval(1 / self.high, 1 / self.low)

    def __truediv__(self, other):
        return self * (1 / other)

    def __rtruediv__(self, other):
        return other * self.inverse()


PRIMES = tuple(sp.primerange(2, 100))
MOST_TERMS = 16


class Surd(Value):
    """A sum of rational multiples of roots of square-free whole numbers, not of 1 alone, so that it is never rational."""

    __slots__ = ("_ends", "parts")

    def __init__(self, parts):
        self.parts, self._ends = parts, None

    @staticmethod
    def of(parts):
        """The simplest value: a Fraction where no root is left, an Interval where too many are."""
        parts = {n: c for n, c in parts.items() if c}
        if set(parts) <= {1}:
            return parts.get(1, Fraction(0))
        made = Surd(parts)
        return made if len(parts) <= MOST_TERMS else Interval(*made.ends())

    def ends(self):
        if self._ends is None:
            total = Interval(Fraction(0), Fraction(0))
            for n, c in self.parts.items():
                low = Fraction(math.isqrt(n << 400), 1 << 200)
                total = total + Interval(low, low + Fraction(n > 1, 1 << 200)) * c
            self._ends = (total.low, total.high)
        return self._ends

    def __repr__(self):
        return " + ".join(f"{c}" if n == 1 else f"{c}*sqrt({n})" for n, c in sorted(self.parts.items()))

    def __neg__(self):
        return Surd({n: -c for n, c in self.parts.items()})

    def __add__(self, other):
        if isinstance(other, Interval):
            return NotImplemented
        more = other.parts if isinstance(other, Surd) else {1: Fraction(other)}
        return Surd.of({n: self.parts.get(n, 0) + more.get(n, 0) for n in self.parts.keys() | more.keys()})

    def __mul__(self, other):
        if isinstance(other, Interval):
            return NotImplemented
        more = other.parts if isinstance(other, Surd) else {1: Fraction(other)}
        parts = {}
        for n, c in self.parts.items():
            for m, e in more.items():
                common = math.gcd(n, m)
                k = n * m // common**2
                parts[k] = parts.get(k, 0) + c * e * common
        return Surd.of(parts)

    __rmul__ = __mul__

    def inverse(self):
        prime = next(p for p in sp.primefactors(max(self.parts)))
        conjugate = Surd.of({n: -c if n % prime == 0 else c for n, c in self.parts.items()})
        return conjugate * (1 / (self * conjugate))

    def __truediv__(self, other):
        return self * (1 / other)

    def __rtruediv__(self, other):
        return other * self.inverse()


def ends(x):
    """Fractions between which x certainly lies."""
    return (x.low, x.high) if isinstance(x, Interval) else x.ends() if isinstance(x, Surd) else (x, x)


def middle(x):
    """A Fraction close to x, for a draw that is checked later."""
    low, high = ends(x)
    return low if low == high else Fraction(float((low + high) / 2)).limit_denominator(10**6)


def sign(x):
    """1, 0 or -1; None where the interval does not tell."""
    if isinstance(x, Fraction):
        return (x.numerator > 0) - (x.numerator < 0)
    low, high = ends(x)
    return 1 if low > 0 else -1 if high < 0 else 0 if low == high == 0 else None


HOLDS = {"=": (0,), "<": (1,), "<=": (0, 1), ">": (-1,), ">=": (0, -1)}  # the signs of right - left with which it does


def holds(difference, op):
    """Whether right - left, so "left op right", certainly holds (True), certainly does not (False), or None."""
    if isinstance(difference, Fraction):
        return sign(difference) in HOLDS[op]
    low, high = ends(difference)
    if op != "=" and low < 0 < high:
        return None
    if op in (">", ">="):
        low, high, op = -high, -low, op.replace(">", "<")
    if op == "=":
        return True if low == high == 0 else False if low > 0 or high < 0 else None
    if op == "<":
        return True if low > 0 else False if high <= 0 else None
    return True if low >= 0 else False if high < 0 else None


def _floor_root(n, q):
    """The largest whole number whose q-th power is at most n."""
    if q == 2:
        return math.isqrt(n)
    low, high = 0, 1 << (n.bit_length() // q + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**q <= n else (low, middle - 1)
    return low


def root(x, q):
    """The q-th root of x >= 0, exact where it is rational."""
    low, high = ends(x)
    if low < 0:
        raise Undefined("a root of what may be negative")
    if isinstance(x, Fraction):
        top, bottom = _floor_root(x.numerator, q), _floor_root(x.denominator, q)
        if top**q == x.numerator and bottom**q == x.denominator:
            return Fraction(top, bottom)
        if q == 2 and (parts := _square_free(x.numerator * x.denominator)):
            outside, inside = parts
            return Surd({inside: Fraction(outside, x.denominator)})
    fine = 1 << (80 * q)
    lower, upper = math.floor(low * fine), math.ceil(high * fine)
    return Interval(Fraction(_floor_root(lower, q), 1 << 80), Fraction(_floor_root(upper, q) + 1, 1 << 80))


def power(x, exponent):
    """x to an exact exponent."""
    if not isinstance(exponent, Fraction):
        raise Undefined("an exponent that is not exact")
    if exponent.numerator < 0:
        if sign(x) in (0, None):
            raise Undefined("division by what may be 0")
        return power(1 / x, -exponent)
    if exponent.denominator > 1:
        return power(root(x, exponent.denominator), Fraction(exponent.numerator))
    if isinstance(x, Interval) and exponent % 2 == 0 and exponent:
        low, high = sorted((abs(x.low), abs(x.high)))
        low = Fraction(0) if x.low <= 0 <= x.high else low
        return Interval(low**exponent, high**exponent)
    if isinstance(x, Fraction):
        return x**exponent.numerator
    result = Fraction(1)
    for _ in range(int(exponent)):
        result = result * x
    return result


def _square_free(n):
    """(a, b) with n = a^2 b and b square-free; None where that takes long to see."""
    outside, inside = 1, 1
    for p in PRIMES:
        while n % (p * p) == 0:
            n, outside = n // (p * p), outside * p
        if n % p == 0:
            n, inside = n // p, inside * p
    rest = math.isqrt(n)
    if rest * rest == n:
        return outside * rest, inside
    return (outside, inside * n) if n < PRIMES[-1] ** 2 else None


def _by_mpmath(name, x):
    """exp or log of x, from mpmath's intervals."""
    from mpmath import iv

    iv.dps = DIGITS
    low, high = ends(x)
    if name == "log" and low <= 0:
        raise Undefined("a logarithm of what may not be positive")
    if name == "exp" and max(abs(low), abs(high)) > 1000:
        raise Undefined("too large")
    if low == high == (name == "log"):
        return Fraction(name == "exp")
    found = [getattr(iv, name)(iv.mpf(end.numerator) / iv.mpf(end.denominator)) for end in (low, high)]
    return Interval(_fraction(found[0].a), _fraction(found[1].b))


def _fraction(end):
    """An end of an interval of mpmath, exactly."""
    negative, mantissa, exponent, _ = end._mpi_[0]
    value = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -value if negative else value


def larger(values):
    """The largest value, itself where it is certain which one that is."""
    best = values[0]
    for value in values[1:]:
        which = sign(value - best)
        if which is None:
            pairs = [ends(v) for v in values]
            return Interval(max(a for a, _ in pairs), max(b for _, b in pairs))
        best = value if which > 0 else best
    return best


def smaller(values):
    return -larger([-v for v in values])


# -------------------------------------------------------------------------------------------------------------- the expressions


def key_of(family, indices, bound):
    """Under what a member of a family stands in a point."""
    outcome = bound.get(OUTCOME)
    return (family, indices, None if outcome is None or not family.random else outcome)


@cache
def name_of(key):
    """A text to sort by."""
    return str(key)


@cache
def compiled(e):
    """e as a function of (values, bound): the values of its symbols and terms, and of the indices of the sums around it."""
    e = sp.sympify(e)
    if e.is_Rational:
        constant = Fraction(int(e.p), int(e.q))
        return lambda values, bound: constant
    if e == sp.E:
        return lambda values, bound: _by_mpmath("exp", Fraction(1))
    if e == sp.pi:
        inside = Interval(Fraction(314159265358979323846, 10**20), Fraction(314159265358979323847, 10**20))
        return lambda values, bound: inside
    if e.is_Symbol:
        return lambda values, bound: bound[e] if e in bound else values[e]
    if isinstance(e, Term):
        family, indices, first = e.family, [compiled(i) for i in e.indices], [int(k) for k in e.family.first]

        def term(values, bound):
            at = tuple(int(i(values, bound)) for i in indices)
            if any(a < b for a, b in zip(at, first, strict=True)):
                raise Undefined(f"{e} lies before its family begins")
            return values[key_of(family, at, bound)]

        return term
    if isinstance(e, sp.Sum):
        inner = sp.Sum(e.function, *e.limits[:-1]) if len(e.limits) > 1 else e.function
        inner, (index, low, high) = compiled(inner), e.limits[-1]
        low, high = compiled(low), compiled(high)

        def total(values, bound):
            a, b = int(low(values, bound)), int(high(values, bound))
            if b < a - 1:
                raise Undefined("a sum that runs backwards")
            return sum((inner(values, {**bound, index: Fraction(k)}) for k in range(a, b + 1)), Fraction(0))

        return total
    if isinstance(e, Mean):
        inner = compiled(e.args[0])

        def mean(values, bound):
            first, second = (inner(values, {**bound, OUTCOME: o}) for o in OUTCOMES)
            return values[OUTCOME] * first + (1 - values[OUTCOME]) * second

        return mean
    parts = [compiled(a) for a in e.args]
    if e.is_Add:
        first, *rest = parts
        return lambda values, bound: sum((p(values, bound) for p in rest), first(values, bound))
    if e.is_Mul and e.args[0] == -1:
        opposite = compiled(-e)
        return lambda values, bound: -opposite(values, bound)
    if e.is_Mul:
        first, *rest = parts

        def times(values, bound):
            result = first(values, bound)
            for p in rest:
                result = result * p(values, bound)
            return result

        return times
    if e.is_Pow:
        return lambda values, bound: power(parts[0](values, bound), parts[1](values, bound))
    if isinstance(e, sp.Max | sp.Min):
        pick = larger if isinstance(e, sp.Max) else smaller
        return lambda values, bound: pick([p(values, bound) for p in parts])
    if isinstance(e, sp.Abs):

        def size(values, bound):
            x = parts[0](values, bound)
            return larger([x, -x])

        return size
    if isinstance(e, sp.exp | sp.log):
        name = type(e).__name__
        return lambda values, bound: _by_mpmath(name, parts[0](values, bound))
    raise Undefined(f"{e} is not among the things that have values here")


def touched(e, values, bound):
    """The keys of the symbols and terms, integer symbols left out, whose values e needs."""
    if e.is_Symbol:
        return set() if e in bound or e.is_integer else {e}
    if isinstance(e, Term):
        at = tuple(int(compiled(i)(values, bound)) for i in e.indices)
        return {key_of(e.family, at, bound)}
    if isinstance(e, sp.Sum):
        inner = sp.Sum(e.function, *e.limits[:-1]) if len(e.limits) > 1 else e.function
        index, low, high = e.limits[-1]
        low, high = (int(compiled(x)(values, bound)) for x in (low, high))
        return set().union(*(touched(inner, values, {**bound, index: Fraction(k)}) for k in range(low, high + 1)))
    if isinstance(e, Mean):
        return set().union(*(touched(e.args[0], values, {**bound, OUTCOME: o}) for o in OUTCOMES))
    return set().union(*(touched(a, values, bound) for a in e.args))


def degree(e, key, values, bound):
    """The degree of e as a polynomial in the atom of this key, or None where it is none."""
    if e.is_Symbol or isinstance(e, Term):
        return int(key in touched(e, values, bound))
    if e.is_Add or e.is_Mul:
        parts = [degree(a, key, values, bound) for a in e.args]
        return None if None in parts else max(parts) if e.is_Add else sum(parts)
    if e.is_Pow and e.exp.is_Integer and e.exp > 0:
        inner = degree(e.base, key, values, bound)
        return None if inner is None else int(e.exp) * inner
    if isinstance(e, sp.Sum):
        inner = sp.Sum(e.function, *e.limits[:-1]) if len(e.limits) > 1 else e.function
        index, low, high = e.limits[-1]
        low, high = (int(compiled(x)(values, bound)) for x in (low, high))
        parts = [degree(inner, key, values, {**bound, index: Fraction(k)}) for k in range(low, high + 1)]
        return None if None in parts else max(parts, default=0)
    if isinstance(e, Mean):
        parts = [degree(e.args[0], key, values, {**bound, OUTCOME: o}) for o in OUTCOMES]
        return None if None in parts else max(parts)
    return None if key in touched(e, values, bound) else 0


# ------------------------------------------------------------------------------------------------------------------ the points


class Point(dict):
    """Values of symbols and terms at which all hypotheses of a situation hold.

    What no hypothesis mentions is drawn when it is asked for; a member that hypotheses may speak of and that was not drawn with
    them has no value.
    """

    def __init__(self, values, families, draw):
        super().__init__(values)
        self.families, self.draw = families, draw

    def __missing__(self, key):
        if isinstance(key, tuple) and key[0] in self.families:
            raise Undefined("beyond the horizon")
        self[key] = self.draw(key)
        return self[key]

    def __str__(self):
        parts = []
        for key, value in self.items():
            if isinstance(key, tuple):
                family, at, outcome = key
                parts.append(f"{family.name}{list(at)}{'' if outcome is None else f' in outcome {outcome}'} = {value}")
            elif key == OUTCOME:
                if any(isinstance(k, tuple) and k[2] is not None for k in self):
                    parts.append(f"P(outcome 0) = {value}")
            else:
                parts.append(f"{key} = {value}")
        return ", ".join(parts)


class _Ground:
    """One relation at one place: for given integers, values of its quantified indices, and an outcome.

    slack: right - left, of an equality only its numerator; function: its value; exactly: the value of right - left itself.
    """

    def __init__(self, relation, slack, function, exactly, values, bound):
        left, op, right = relation
        self.op, self.slack, self.function, self.exactly, self.bound = op, slack, function, exactly, bound
        one, other = touched(left, values, bound), touched(right, values, bound)
        self.keys, self.late = one | other, None
        if op == "=" and (left.is_Symbol or isinstance(left, Term)) and not one & other:
            (self.late,) = one or {None}
        elif op != "=":  # what bounds much is best drawn after it
            for side, rest in ((one, other), (other, one)):
                if len(side) == 1 and len(rest) > 1 and not side & rest:
                    (self.late,) = side
        self._degrees = {}

    def degree(self, key, values):
        if key not in self._degrees:
            self._degrees[key] = degree(self.slack, key, values, self.bound)
        return self._degrees[key]

    def at(self, values, key=None, value=None):
        return self.function(values if key is None else {**values, key: value}, self.bound)


def _cleared(e):
    """The numerator of e, where some number stands in a denominator."""
    divides = any(p.exp.is_negative and not p.base.is_Number and not p.base.is_integer for p in e.atoms(sp.Pow))
    return sp.fraction(sp.together(e))[0] if divides else e


def _is_nonnegative(key):
    return key[0].sign != "real" if isinstance(key, tuple) else bool(key.is_nonnegative)


def _is_positive(key):
    return key[0].sign == "positive" if isinstance(key, tuple) else bool(key.is_positive)


def _is_integer(key):
    return key[0].integer if isinstance(key, tuple) else bool(key.is_integer)


def is_random(e):
    """Whether e depends on the outcome: a random quantity stands outside of all means."""
    if isinstance(e, Mean):
        return False
    return any(map(is_random, e.args)) if not isinstance(e, Term) else e.family.random


def _fits(key, value):
    """Whether the value certainly has the declared sign and kind of what stands under the key."""
    if _is_integer(key) and not (isinstance(value, Fraction) and value.denominator == 1):
        return False
    return sign(value) in ((1,) if _is_positive(key) else (0, 1) if _is_nonnegative(key) else (-1, 0, 1, None))


class Situation:
    """Hypotheses, as (left, op, right, local), and the points that satisfy them.

    A hypothesis holds for all values of its `Index` symbols and in every outcome; a local one for the point's own values.
    more: expressions whose integer symbols a point must have too; mostly only those hypotheses are attended to that hang together
    with them, whole: always all.
    """

    def __init__(self, hypotheses, more=(), seed=0, largest=3, whole=False):
        self.random = random.Random(seed)
        self.relations = [((sp.sympify(a), op, sp.sympify(b)), local) for a, op, b, local in hypotheses]
        slacks = [_cleared(b - a) if op == "=" else b - a for (a, op, b), _ in self.relations]
        self.functions = [compiled(e) for e in slacks]
        self.exactly = [compiled(b - a) for (a, _, b), _ in self.relations]
        self.slacks = slacks
        sides = [s for (a, _, b), _ in self.relations for s in (a, b)]
        self.families = {term.family for s in sides for term in s.atoms(Term)}
        self.quantified = [
            set() if local else {s for s in (b - a).free_symbols if isinstance(s, Index)} for (a, _, b), local in self.relations
        ]
        free = set().union(*(e.free_symbols for e in map(sp.sympify, more)))
        for ((a, _, b), _), quantified in zip(self.relations, self.quantified, strict=True):
            free |= (b - a).free_symbols - quantified
        self.integers = sorted((s for s in free if s.is_integer), key=name_of)
        self.largest = largest
        powers = {p for e in (*sides, *map(sp.sympify, more)) for p in e.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q > 1}
        self.rooted = {p.base.family if isinstance(p.base, Term) else p.base for p in powers}
        self.more, self.whole = tuple(map(sp.sympify, more)), whole or not more
        self.reluctance, self.grounds, self.pools, self.found, self.attempts, self.spent = {}, {}, {}, [], 0, 0

    # ---- draws

    def pool(self, key, style):
        """What is drawn for the key where nothing bounds it: the same for all members of a family."""
        name = self.name(key)
        if (name, style) not in self.pools:
            if _is_integer(key):
                values = [Fraction(k) for k in range(-3, 6)]
            else:
                values = POOL[: (2, 5, len(POOL))[style]]
                values = [v * v for v in values] if name in self.rooted else values
                values = values if _is_nonnegative(key) else [*values, *(-v for v in values)]
            self.pools[name, style] = [v for v in values if _fits(key, v)]
        return self.pools[name, style]

    def draw(self, key, low=None, high=None, style=2):
        """A value for the key, between low and high where these are given, of the key's sign."""
        values = self.pool(key, style)
        if low is None and high is None:
            return self.random.choice(values)
        inside = [v for v in values if (low is None or v >= low) and (high is None or v <= high)]
        if low is not None and low == high:
            near = [low]
        else:
            near = [v for v in (low, high) if v is not None]
            near += [(low + high) / 2] if None not in (low, high) else []
            near += [low + v for v in POOL[1:4]] if high is None else [high - v for v in POOL[1:4]] if low is None else []
        near = [v for v in near if _fits(key, v)]
        if not inside and not near:
            return None
        return self.random.choice(self.random.choice([x for x in (inside, near) if x]))

    def whole_numbers(self):
        values = {}
        for s in self.integers:
            least = 1 if s.is_positive else 0 if s.is_nonnegative else -1
            choices = range(least, self.largest + 1)
            values[s] = Fraction(self.random.choices(choices, [2.0**-k for k in range(len(choices))])[0])
        return values

    def ground(self, whole):
        """The relations at all places that matter for these integers, those that hang together with ``more``, and its keys."""
        name = tuple(whole.values())
        if name not in self.grounds:
            asked = set()
            for e in self.more:
                for o in OUTCOMES:
                    with suppress(Undefined):
                        asked |= touched(e, whole, {OUTCOME: o})
            # As far as the largest index of a term: x[3 k + 1] needs the recursion of x up to there.
            horizon = max([1 + int(max([1, *whole.values()])), *(i for key in asked if isinstance(key, tuple) for i in key[1])])
            grounds = []
            parts = zip(self.relations, self.slacks, self.functions, self.exactly, self.quantified, strict=True)
            for (relation, _), slack, function, exactly, quantified in parts:
                indices = sorted(quantified, key=name_of)
                ranges = [range(1 if s.is_positive else 0, horizon + 1) for s in indices]
                outside = is_random(relation[0]) or is_random(relation[2])
                for at in product(*ranges):
                    bound = {s: Fraction(k) for s, k in zip(indices, at, strict=True)}
                    for o in OUTCOMES if outside else (None,):
                        place = bound if o is None else {**bound, OUTCOME: o}
                        grounds.append(_Ground(relation, slack, function, exactly, whole, place))
            self.grounds[name] = grounds, self.connected(grounds, asked), asked
        return self.grounds[name]

    @staticmethod
    def connected(grounds, keys):
        kept, others = [], list(grounds)
        while linked := [g for g in others if not g.keys or g.keys & keys]:
            kept += linked
            others = [g for g in others if g not in linked]
            keys = keys.union(*(g.keys for g in linked))
        return kept

    def attempt(self):
        """A Point, or None where the draws did not fit."""
        self.attempts += 1
        self.spent += 1
        values = self.whole_numbers()
        try:
            *both, asked = self.ground(values)
            open_ = both[not self.whole and self.random.random() < 0.7]
        except Undefined:
            return None
        self.spent += 5 + len(open_)
        values[OUTCOME] = self.random.choice(PROBABILITIES)
        style = self.random.choice((0, 1, 2))
        steady = {f for f in sorted(self.families, key=name_of) if f.random and self.random.random() < 0.5}
        keys = asked.union(*(g.keys for g in open_))
        late = {g.late for g in open_} - {None}
        missing, drawn, in_vain = set(keys), set(), set()
        waiting = {g: set(g.keys) for g in open_}

        def settle(key, value):
            if value is None or not _fits(key, value):
                return False
            values[key] = value
            missing.discard(key)
            for unknown in waiting.values():
                unknown.discard(key)
            return True

        def close():
            """Check what is complete and solve what has one unknown left; False where something fails."""
            again = True
            while again:
                again = False
                for g in list(waiting):
                    unknown = waiting[g]
                    if not unknown:
                        if holds(g.exactly(values, g.bound), g.op) is not True:
                            if g.op == "=":
                                self.blame(g, drawn)
                            return False
                        del waiting[g]
                    elif len(unknown) == 1 and g.op == "=" and g not in in_vain:
                        (key,) = unknown
                        value = self.solve(g, key, values)
                        if value is None:
                            in_vain.add(g)
                        elif value == "free":
                            del waiting[g]
                        else:
                            if not settle(key, value):
                                return False
                            if holds(g.exactly(values, g.bound), "=") is False:
                                return False
                            waiting.pop(g, None)  # it holds by construction
                            again = True
                if not again and (found := self.solve_two(waiting, values)):
                    if not all(settle(key, value) for key, value in found.items()):
                        return False
                    again = True
            return True

        try:
            if not close():
                return None
            while missing:
                key = self.next_key(missing, late)
                twin = (*key[:2], 1 - key[2]) if isinstance(key, tuple) and key[0] in steady else None
                value = values[twin] if twin in values else self.draw(key, *self.bounds(key, waiting, values), style)
                drawn.add(key)
                if not settle(key, value) or not close():
                    return None
        except Undefined:
            return None
        return Point(values, self.families, self.draw)

    def next_key(self, missing, late):
        """Early indices first, what is late last, else by chance: a name that led astray comes later."""

        def place(key):
            level = max(key[1], default=0) if isinstance(key, tuple) else 0
            return level + self.reluctance.get(self.name(key), 0) / 3 + self.random.random() / 2

        return min(sorted(missing - late or missing, key=name_of), key=place)

    @staticmethod
    def name(key):
        return key[0] if isinstance(key, tuple) else key

    def blame(self, ground, drawn):
        """An equation failed of which nothing was left to solve for: something was drawn too early."""
        for name in self.reluctance:
            self.reluctance[name] *= 0.95
        if candidates := sorted(ground.keys & drawn, key=name_of):
            name = self.name(self.random.choice(candidates))
            self.reluctance[name] = min(self.reluctance.get(name, 0) + 1, 12)

    def solve(self, ground, key, values):
        """The value of the key for which the equality holds; None where that is not seen, "free" where any does."""
        if ground.late == key:  # it stands alone on the left
            return ground.exactly({**values, key: Fraction(0)}, ground.bound)
        n = ground.degree(key, values)
        if n == 0:
            return None
        if n == 1:
            b = ground.at(values, key, Fraction(0))
            a = ground.at(values, key, Fraction(1)) - b
            if sign(a) == 0:
                if sign(b) == 0:
                    return "free"
                raise Undefined("no solution")
            return -b / a
        if n == 2:
            c, plus, minus = (ground.at(values, key, Fraction(k)) for k in (0, 1, -1))
            a, b = (plus + minus) / 2 - c, (plus - minus) / 2
            if sign(a) in (0, None):
                return None
            over = root(b * b - 4 * a * c, 2)
            both = [(-b + over) / (2 * a), (-b - over) / (2 * a)]
            return larger(both) if _is_nonnegative(key) and sign(smaller(both)) == -1 else self.random.choice(both)
        zero, one, four = (ground.at(values, key, Fraction(k)) for k in (0, 1, 4))
        if sign(four - 2 * one + zero) != 0 or sign(one - zero) in (0, None):
            return None
        value = power(-zero / (one - zero), Fraction(2))  # it looks linear in the root
        return value if holds(ground.at(values, key, value), "=") else None

    def solve_two(self, waiting, values):
        """{key: value} of two unknowns that two linear equations share; None where there are none."""
        shared = {}
        for g, unknown in waiting.items():
            if len(unknown) == 2 and g.op == "=" and all(g.degree(key, values) == 1 for key in unknown):
                shared.setdefault(frozenset(unknown), []).append(g)
        for unknown, grounds in shared.items():
            x, y = sorted(unknown, key=name_of)
            if len(grounds) > 1:
                rows = []
                for g in grounds[:2]:
                    at = {(i, j): g.function({**values, x: Fraction(i), y: Fraction(j)}, g.bound) for i in (0, 1) for j in (0, 1)}
                    if sign(at[1, 1] - at[0, 1] - at[1, 0] + at[0, 0]) != 0:
                        return None
                    rows.append((at[1, 0] - at[0, 0], at[0, 1] - at[0, 0], -at[0, 0]))
                (a, b, e), (c, d, f) = rows
                over = a * d - b * c
                if sign(over) not in (0, None):
                    return {x: (e * d - b * f) / over, y: (a * f - e * c) / over}
        return None

    def bounds(self, key, waiting, values):
        """Between what the inequalities whose last unknown is the key leave room for it: (low, high), None for no bound."""
        low, high = None, None
        for g, unknown in waiting.items():
            if unknown == {key} and g.op != "=" and g.degree(key, values) in (1, 2):
                direction = 1 if g.op in ("<", "<=") else -1
                c, plus, minus = (direction * g.at(values, key, Fraction(k)) for k in (0, 1, -1))
                a, b, c = map(middle, ((plus + minus) / 2 - c, (plus - minus) / 2, c))  # a x^2 + b x + c must be >= 0
                more = self.room(key, a, b, c)
                low = max((x for x in (low, more[0]) if x is not None), default=None)
                high = min((x for x in (high, more[1]) if x is not None), default=None)
        if low is not None and high is not None and low > high:
            raise Undefined("no room")
        return low, high

    def room(self, key, a, b, c):
        """An interval on which a x^2 + b x + c >= 0: a random one where there are two."""
        if a == 0:
            return (None, None) if b == 0 else (-c / b, None) if b > 0 else (None, -c / b)
        over = b * b - 4 * a * c
        if over < 0:
            if a < 0:
                raise Undefined("no room")
            return None, None
        first, second = sorted(middle((-b + s * root(over, 2)) / (2 * a)) for s in (1, -1))
        if a < 0:
            return first, second
        above = (_is_nonnegative(key) and first <= 0) or self.random.random() < 0.5
        return (second, None) if above else (None, first)

    def points(self, wanted=60, budget=12000):
        """Up to ``wanted`` points, found once and kept; fewer where the budget, in relations at a place, does not suffice."""
        k = 0
        while k < wanted:
            while k >= len(self.found) and self.spent < budget:
                if point := self.attempt():
                    self.found.append(point)
            if k >= len(self.found):
                return
            yield self.found[k]
            k += 1

    def counterexample(self, left, op, right, wanted=60, budget=12000):
        """A point at which left op right certainly fails, or None where none was met."""
        left, right = sp.sympify(left), sp.sympify(right)
        difference = compiled(right - left)
        outcomes = OUTCOMES if is_random(left) or is_random(right) else (None,)
        for point in self.points(wanted, budget):
            for o in outcomes:
                try:
                    if holds(difference(point, {} if o is None else {OUTCOME: o}), op) is False:
                        return point
                except Undefined:
                    continue
        return None
