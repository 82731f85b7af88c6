"""Exact counterexamples: small rational points at which a claimed relation fails. They refute; they never prove."""

import random
from fractions import Fraction
from functools import lru_cache
from itertools import product

import sympy as sp

from lecture_optim.derivation.language import Index, Mean, Term

__all__ = ["refute"]

POOL = [Fraction(*x) for x in ((1, 1), (2, 1), (0, 1), (1, 2), (3, 1), (4, 1), (1, 3), (3, 2), (1, 10), (9, 1), (10, 1), (1, 4))]
SIGNS = {"=": (0,), "<=": (0, 1), "<": (1,), ">=": (0, -1), ">": (-1,)}  # of right - left where "left op right" holds
SHAPES = [lambda k: k, lambda k: 1 / k, lambda k: 2**k, lambda k: (-1) ** k, lambda k: Fraction(1)]  # of sequences
EFFORT = 120_000  # parts of expressions that are evaluated in all, about a second


class _No(Exception):
    """No such point: something has no value there, a hypothesis fails, or the effort is spent."""


def refute(left, op, right, hypotheses=(), tries=400):
    """A point at which the hypotheses hold and left op right does not, as text "u = -1, w = 1: 4 > 1"; None where none was met.

    left, right: expressions of the checker. hypotheses: relations; one that holds for all values of its indices is tried at the
    first few. Definitions, recursions among them, are followed; what else is unknown is drawn from few small numbers, the same in
    every run. Statements about means are not tried.
    """
    return _refuted(sp.sympify(left), op, sp.sympify(right), tuple((r.left, r.op, r.right, r.local) for r in hypotheses), tries)


@lru_cache(256)  # one question may be asked of many wrong certificates
def _refuted(left, op, right, relations, tries):
    """As `refute`; relations: (left, op, right, local)."""
    sides = [left, right, *(e for a, _, b, _ in relations for e in (a, b))]
    if any(e.has(Mean) for e in sides):
        return None
    chance, effort = random.Random(0), [EFFORT]
    spoken = [(left, right), *((a, b) for a, _, b, local in relations if local)]
    free = set().union(*(e.free_symbols for pair in spoken for e in pair))
    free |= {s for e in sides for s in e.free_symbols if not isinstance(s, Index)}
    offsets = {abs(i.as_coeff_Add()[0]) for e in sides for term in e.atoms(Term) for i in term.indices}
    beyond, plans = 1 + int(max(offsets, default=0)), {}
    for k in range(tries):
        size = min(3, 5 * k // tries)  # small ones first
        integers = {}
        for s in sorted((s for s in free if s.is_integer), key=str):
            first = 1 if s.is_positive else 0
            integers[s] = Fraction(chance.randint(first if s.is_nonnegative else -size, first + size))
        pool = [v for v in POOL[: 3 if k < 20 else (3, 6, 9, len(POOL))[k % 4]] for v in ({v} if k < 10 else {v, -v})]
        try:
            last = max([1, *map(int, integers.values())]) + beyond
            key = tuple(integers.values())
            if key not in plans:
                plans[key] = _Plan(integers, _instances(relations, last), effort)
            point = _Point(plans[key], pool, chance, effort)
            sign = point.sign(left, right, {})
            if sign not in SIGNS[op]:
                told = point.told()
                if max((i for key in point if isinstance(key, tuple) for i in key[1]), default=0) <= last + 1 and all(
                    point.holds(instance) for instance in plans[key].instances
                ):
                    shown = f"{point.value(left, {})} {'>=<'[sign + 1]} {point.value(right, {})}"
                    return f"{told}: {shown}" if told else shown
        except (_No, ArithmeticError):
            if effort[0] <= 0:
                return None
    return None


def _instances(relations, last):
    """Every relation at the values up to the last of the indices that it quantifies over."""
    for left, op, right, local in relations:
        indices = [s for s in left.free_symbols | right.free_symbols if isinstance(s, Index) and not local]
        for values in product(*(range(1 if s.is_positive else 0, last + 1) for s in indices)):
            yield left, op, right, {s: Fraction(v) for s, v in zip(indices, values, strict=True)}


class _Values(dict):
    """Values of symbols and of members of families, these by (family, indices)."""

    def __init__(self, values, effort):
        super().__init__(values)
        self.effort = effort

    def terms(self, e, bound):
        """A Sum's function, or the sum that stands inside it, with its outer index at each of its values."""
        *rest, (symbol, low, high) = e.limits
        inner = sp.Sum(e.function, *rest) if rest else e.function
        for k in range(int(self.value(low, bound)), int(self.value(high, bound)) + 1):
            yield inner, symbol, Fraction(k)

    def sign(self, left, right, bound):
        """The sign of right - left."""
        return _sign(self.value(right, bound) - self.value(left, bound))

    def holds(self, instance):
        left, op, right, bound, _ = instance
        return self.sign(left, right, bound) in SIGNS[op]

    def value(self, e, bound):
        """The exact value of e: a Fraction, or a SymPy number where it is irrational."""
        self.effort[0] -= 1
        if self.effort[0] <= 0:
            raise _No
        if e.is_Rational:
            return Fraction(int(e.p), int(e.q))
        if e.is_Symbol:
            return bound[e] if e in bound else self.of(e)
        if isinstance(e, Term):
            indices = tuple(int(self.value(i, bound)) for i in e.indices)
            if any(i < first for i, first in zip(indices, e.family.first, strict=True)):
                raise _No
            return self.of((e.family, indices))
        if isinstance(e, sp.Sum):
            return sum((self.value(inner, {**bound, s: k}) for inner, s, k in self.terms(e, bound)), Fraction(0))
        parts = [self.value(a, bound) for a in e.args]
        if e.is_Add:
            return sum(parts, Fraction(0))
        if e.is_Mul:
            return sp.prod(parts, Fraction(1))
        if isinstance(e, sp.Max | sp.Min):
            best, sign = parts[0], 1 if isinstance(e, sp.Max) else -1
            for part in parts[1:]:
                best = part if _sign(part - best) == sign else best
            return best
        if isinstance(e, sp.Abs):
            return abs(parts[0])
        return self.irrational(e, parts)

    def irrational(self, e, parts):
        """The value of a power, a logarithm or an exponential."""
        if e.is_Pow:
            base, exponent = parts
            if isinstance(exponent, Fraction) and exponent.denominator == 1:
                if exponent < 0 and _sign(base) == 0:
                    raise _No
                return base ** int(exponent)
        if not parts and isinstance(e, sp.core.numbers.NumberSymbol):
            return e
        if (e.is_Pow and _sign(parts[0]) < 0) or (isinstance(e, sp.log) and _sign(parts[0]) <= 0):
            raise _No
        self.effort[0] -= 30
        found = e.func(*map(sp.sympify, parts))
        if not found.is_real:
            raise _No
        return Fraction(int(found.p), int(found.q)) if found.is_Rational else found


class _Plan(_Values):
    """For given whole numbers: the hypotheses at the first few values of their indices, and what of them defines what."""

    def __init__(self, integers, instances, effort):
        super().__init__(integers, effort)
        self.instances, self.speaking, self.definitions = [], {}, {}
        for left, op, right, bound in instances:
            instance = (left, op, right, bound, self.keys_of(left, bound) | self.keys_of(right, bound))
            self.instances.append(instance)
            for key in instance[-1]:
                self.speaking.setdefault(key, []).append(instance)
            if op == "=":
                self.define(left, right, bound)
                self.define(right, left, bound)

    def of(self, key):
        return self[key]

    def define(self, one, other, bound):
        """Take one = other as what defines one, or the only unknown factor of one."""
        factors = sp.Mul.make_args(one)
        unknown = [f for f in factors if isinstance(f, sp.Symbol | Term)]
        if len(unknown) == 1:
            (key,) = self.keys_of(unknown[0], bound) or {None}
            rest = [f for f in factors if f is not unknown[0]]
            if not any(key in self.keys_of(e, bound) for e in (other, *rest)):
                self.definitions.setdefault(key, (other, sp.Mul(*rest), bound))

    def keys_of(self, e, bound):
        """The keys of the symbols and terms that e depends on."""
        if e.is_Symbol:
            return set() if e in bound or e.is_integer else {e}
        if isinstance(e, Term):
            return {(e.family, tuple(int(self.value(i, bound)) for i in e.indices))}
        if isinstance(e, sp.Sum):
            return set().union(*(self.keys_of(inner, {**bound, s: k}) for inner, s, k in self.terms(e, bound)))
        return set().union(*(self.keys_of(a, bound) for a in e.args))


class _Point(_Values):
    """One point: what has no value yet is computed by what defines it, or else drawn."""

    def __init__(self, plan, pool, chance, effort):
        super().__init__(plan, effort)
        self.plan, self.pool, self.chance, self.open, self.shapes = plan, pool, chance, set(), {}

    def of(self, key):
        """The value of a key."""
        if key not in self:
            other, rest, bound = self.plan.definitions.get(key, (None, None, None))
            factor = 0
            if other is not None and key not in self.open:
                self.open.add(key)  # a definition in a circle defines nothing
                factor = self.value(rest, bound)
            if factor:
                found = self.value(other, bound) / factor
                if not self.allowed(key, found):
                    raise _No
                self[key] = found
            else:
                self.draw(key)
        return self[key]

    def draw(self, key):
        """A value from the pool at which nothing fails that can be told yet."""
        values = [v for v in self.pool if self.allowed(key, v)]
        again = [v for v in self.values() if v in values] if self.chance.random() < 0.5 else []  # many extreme points have equals
        for value in [*self.shaped(key), *self.chance.sample(again, len(again)), *self.chance.sample(values, len(values))]:
            self[key] = value
            ready = (i for i in self.plan.speaking.get(key, ()) if all(k in self for k in i[-1]))
            try:
                if all(map(self.holds, ready)):
                    return
            except _No:
                if self.effort[0] <= 0:
                    raise
        self.pop(key, None)
        raise _No

    def shaped(self, key):
        """For some families in some points: the value that a simple sequence has."""
        if not isinstance(key, tuple) or len(key[1]) != 1 or key[1][0] < 1:
            return []
        if key[0] not in self.shapes:
            self.shapes[key[0]] = self.chance.choice([None, None, None, *SHAPES])
        shape = self.shapes[key[0]]
        return [v for v in ([Fraction(shape(Fraction(*key[1])))] if shape else []) if self.allowed(key, v)]

    def allowed(self, key, value):
        if isinstance(key, tuple):
            sign = key[0].sign
            whole = key[0].integer
        else:
            sign = "positive" if key.is_positive else "nonnegative" if key.is_nonnegative else "real"
            whole = key.is_integer
        least = {"positive": 1, "nonnegative": 0, "real": -1}[sign]
        return _sign(value) >= least and not (whole and sp.sympify(value).is_integer is not True)

    def told(self):
        """The values that the point has by now, in the order of their names."""

        def name(key):
            return (key[0].name, key[1]) if isinstance(key, tuple) else (key.name, ())

        def text(key):
            return str(Term(*key[:1], *key[1])) if isinstance(key, tuple) else key.name

        return ", ".join(f"{text(key)} = {self[key]}" for key in sorted(self, key=name))


def _sign(x):
    """1, 0 or -1."""
    if isinstance(x, Fraction):
        return (x > 0) - (x < 0)
    x = sp.expand(x)
    if x.is_zero is None and x.is_positive is None and x.is_negative is None:
        raise _No
    return 1 if x.is_positive else -1 if x.is_negative else 0
