"""Answers that are mathematics: text becomes a SymPy expression through a whitelist, and the book's checker judges it.

`sympy.sympify` runs the text that it is given, so it is never used: the text is parsed into Python's syntax tree and rebuilt node
by node, within limits. What it is worth is decided by `lecture_optim.derivation`, so any equivalent form is right.
"""

import ast
import re
from math import comb, log10, prod

import numpy as np
import sympy as sp

from lecture_optim.check.codec import OVERWRITTEN
from lecture_optim.check.testing import Wrong
from lecture_optim.derivation import Derivation, Unproved
from lecture_optim.derivation.counterexample import refute
from lecture_optim.derivation.identities import factored

__all__ = ["LIMITS", "at", "certificate", "equivalent", "expression", "proves"]

LIMITS = {"characters": 4000, "nodes": 1200, "depth": 40, "digits": 40, "exponent": 64, "power": 16, "terms": 300, "range": 400}
FUNCTIONS = {
    "sqrt": (sp.sqrt, 1), "exp": (sp.exp, 1), "log": (sp.log, 1), "ln": (sp.log, 1), "Abs": (sp.Abs, 1), "abs": (sp.Abs, 1),
    "sign": (sp.sign, 1), "Max": (sp.Max, None), "Min": (sp.Min, None), "tanh": (sp.tanh, 1), "Rational": (sp.Rational, 2),
}  # fmt: skip
OVER_RANGES = {"Sum": sp.Sum, "Product": sp.Product}
STEP = re.compile(r"[^:]*?(?:, (?P<part>base|step))?: (?:step \d+ \([^:]*\)|start): ")
FALSE = "it is false: "  # before a point at which it is seen
FEW = 24  # points at which a wrong expression is mostly seen to be wrong, long before the checker has tried all it knows
CONSTANTS = {"E": sp.E, "pi": sp.pi}
SIGNS = {ast.UAdd: lambda a: a, ast.USub: lambda a: -a}
OPERATIONS = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
}  # fmt: skip


def expression(answer, names, what="the answer", *, highest=None):
    """The SymPy expression that an answer stands for. Raises `Wrong` where it is none, or beyond `LIMITS`.

    answer: text, an int or float, or what the codec made of a SymPy expression (an object with ``text``).
    names: the symbols and families that may stand in it, by name, with their assumptions; anything else is refused.
    highest: the largest exponent, each of which is to be a number or, as in mu**(k + 1), an index times a whole number plus a
    number; a test that puts numbers into an answer needs it, as a tower of powers would take for ever. None: any exponent.
    """
    if answer is None:
        raise Wrong(f"{what} is None: it is not answered yet.", "not answered yet")
    text = getattr(answer, "text", answer)
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if isinstance(text, (np.ndarray, float)):
        # Arithmetic with the name of a symbol gives one where a cell has used that name for data.
        kind = "an array" if isinstance(text, np.ndarray) else "a number that was computed"
        raise Wrong(
            f"{what} must be an expression in {', '.join(names)}, and is {kind}. {OVERWRITTEN}.", "a symbol was overwritten"
        )
    if not isinstance(text, str):
        raise Wrong(f"{what} must be an expression, as SymPy or as text, not a {type(answer).__name__}.", "not an expression")
    if len(text) > LIMITS["characters"]:
        raise Wrong(f"{what} has {len(text)} characters; {LIMITS['characters']} are enough for every answer.", "too long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Wrong(f"{what} cannot be read: {text[:60]!r} is not an expression.", "not an expression") from None
    if sum(1 for _ in ast.walk(tree)) > LIMITS["nodes"]:
        raise Wrong(f"{what} is longer than any answer here has to be.", "too long")
    value = _built(tree, names, what, 0)
    if value.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise Wrong(f"{what} divides by zero, or is infinite.", "a division by zero")
    if max(_terms(part)[0] for part in sp.preorder_traversal(value) if isinstance(part, sp.Expr)) > LIMITS["terms"]:
        raise Wrong(
            f"{what} has more than {LIMITS['terms']} terms once its products and powers are written out, over one denominator. "
            "No answer here needs so many: simplify it first.",
            "too long",
        )
    if _summands(value) > LIMITS["range"]:
        raise Wrong(f"{what} holds a sum of more terms than can be tried out; no answer here needs so many.", "too long")
    if highest is not None:
        _plain_powers(value, highest, what)
    return value


def at(value, point, what="the expression"):
    """An expression with numbers in place of letters. Raises `Wrong` where it divides by zero there, or a sum has such an index.

    point: the numbers by their symbols.
    """
    said = ", ".join(f"{symbol} = {number}" for symbol, number in point.items())
    if {limit[0] for sums in value.atoms(sp.Sum, sp.Product) for limit in sums.limits} & set(point):
        raise Wrong(f"A sum in {what} has an index that means something else in the question ({said}): take another letter.")
    value = value.xreplace({symbol: sp.sympify(number) for symbol, number in point.items()})
    if value.has(sp.zoo, sp.nan, sp.oo):
        raise Wrong(f"{what[0].upper()}{what[1:]} divides by zero at {said}.", "a division by zero")
    return value


def certificate(answer, names, keys):
    """The expressions of a certificate, a dict with exactly these keys, in their order. Raises `Wrong` as `expression` does."""
    if answer is None:
        raise Wrong("The certificate is None: it is not answered yet.", "not answered yet")
    if not isinstance(answer, dict) or set(answer) != set(keys):
        raise Wrong(f"The certificate must be a dict with the keys {' and '.join(map(repr, keys))}.", "not a certificate")
    return [expression(answer[key], names, f"the {key}") for key in keys]


def _terms(value):
    """How many terms there are at most when all is written out over one denominator: (terms, {base: (its terms, power)})."""
    if value.is_Add or value.is_Mul:
        parts = [_terms(part) for part in value.args]
        below = {}
        for _, own in parts:
            for base, (terms, power) in own.items():
                before = below.get(base, (terms, 0))[1]
                below[base] = terms, max(before, power) if value.is_Add else before + power
        if value.is_Mul:
            return prod(terms for terms, _ in parts), below
        return sum(terms * _product(below, own) for terms, own in parts), below
    if value.is_Pow and value.exp.is_Integer:
        terms, below = _terms(value.base)
        power = abs(int(value.exp))
        if value.exp.is_positive:
            return _power_terms(terms, power), {base: (n, times * power) for base, (n, times) in below.items()}
        return _product({base: (n, times * power) for base, (n, times) in below.items()}, {}), {value.base: (terms, power)}
    return 1, {}


def _product(below, own):
    """The terms of the product of these powers, less those that are there already."""
    return prod(_power_terms(terms, power - own.get(base, (0, 0))[1]) for base, (terms, power) in below.items())


def _power_terms(terms, power):
    return comb(terms + power - 1, power)


def _plain_powers(value, highest, what):
    """That every exponent is a number, or an index times a whole number plus a number, and none is above this."""
    for power in value.atoms(sp.Pow):
        index = next(iter(power.exp.free_symbols), sp.Dummy(integer=True))  # that of a sum, too
        slope = sp.diff(power.exp, index)
        rest = power.exp - slope * index
        known = index.is_integer and slope.is_Integer and rest.is_number
        if not (known and abs(slope) <= highest and abs(rest) <= highest):
            raise Wrong(f"{what} holds {str(power)[:60]}; no power above {highest} is needed.", "a strange power")


def _built(node, names, what, depth):
    """The expression of one node of the tree."""
    if depth > LIMITS["depth"]:
        raise Wrong(f"{what} is nested deeper than any answer here has to be.", "too long")

    def build(child, inner=names):
        return _built(child, inner, what, depth + 1)

    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            if value.bit_length() > 3.4 * LIMITS["digits"]:
                raise Wrong(f"{what} holds a number of more than {LIMITS['digits']} digits.", "too long")
            return sp.Integer(value)
        case ast.Constant(value=float() as value):
            exact = sp.Rational(repr(value)) if abs(value) < 1e30 and (value == 0 or abs(value) > 1e-30) else None
            if exact is None:
                raise Wrong(f"{what} holds the number {value!r}; write it exactly.", "not exact")
            return exact
        case ast.Name(id=name):
            if name in names and hasattr(names[name], "__getitem__"):
                raise Wrong(f"{what} holds {name} without its index: write {name}[i], say.", "a family without its index")
            if name in names:
                return names[name]
            if name in CONSTANTS:
                return CONSTANTS[name]
            known = ", ".join(names)
            raise Wrong(f"{what} holds the name {name[:40]!r}; it may hold {known}.", "an unknown name")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in SIGNS:
            return SIGNS[type(op)](build(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(build(left), build(right), what)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](build(left), build(right))
        case ast.Subscript(value=ast.Name(id=name), slice=places) if name in names and hasattr(names[name], "__getitem__"):
            places = places.elts if isinstance(places, ast.Tuple) else [places]
            try:
                return names[name][tuple(map(build, places)) if len(places) > 1 else build(places[0])]
            except (TypeError, ValueError, Unproved) as error:
                raise Wrong(f"{what}: {name}[…] cannot be read: {str(error)[:120]}", "an unknown name") from None
        case ast.Call(func=ast.Name(id=name), args=[body, *ranges], keywords=[]) if name in OVER_RANGES and ranges:
            return _over(OVER_RANGES[name], body, ranges, names, build, what)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            function, count = FUNCTIONS[name]
            if count is not None and len(arguments) != count:
                raise Wrong(
                    f"{what}: {name} takes {count} argument{'s' * (count > 1)}, not {len(arguments)}.", "not an expression"
                )
            values = [build(argument) for argument in arguments]
            if name in ("exp", "tanh") and any(value.is_number and not abs(value) <= LIMITS["exponent"] for value in values):
                raise Wrong(f"{what} holds {name} of a number beyond {LIMITS['exponent']}.", "too long")
            if name == "Rational" and not (all(value.is_Integer for value in values) and values[1]):
                raise Wrong(f"{what}: Rational takes two whole numbers, the second not 0.", "not an expression")
            return function(*values)
    raise Wrong(f"{what} holds {ast.unparse(node)[:60]!r}, which is not mathematics that is read here.", "not an expression")


def _power(base, exponent, what):
    """base**exponent, unless it is a number too large to write down or an expansion too long to make."""
    most = LIMITS["exponent"]
    if exponent.is_number and not (exponent.is_Rational and abs(exponent.p) <= most and exponent.q <= most):
        raise Wrong(f"{what} holds the exponent {str(exponent)[:40]}, beyond {most}.", "too long")
    numbers = base.is_number and base.is_Rational and exponent.is_number
    if numbers and log10(max(abs(base.p), base.q)) * abs(float(exponent)) >= LIMITS["digits"]:
        raise Wrong(f"{what} holds a number of more than {LIMITS['digits']} digits.", "too long")
    if base == 0 and exponent.is_negative:
        raise Wrong(f"{what} divides by zero.", "a division by zero")
    # What a power of a power, of a product or of a sum holds is expanded later, so their exponents count together.
    height = _height(base) * abs(exponent) if exponent.is_number else _height(base)
    if not base.is_number and height > LIMITS["power"]:
        raise Wrong(f"{what} holds a power, or a power of powers, beyond {LIMITS['power']}.", "too long")
    value = base**exponent
    if any(number.p.bit_length() + number.q.bit_length() > 7 * LIMITS["digits"] for number in value.atoms(sp.Rational)):
        raise Wrong(f"{what} holds a number of more than {LIMITS['digits']} digits.", "too long")
    return value


def _height(value):
    """The largest product of exponents one within the other, at least 1."""
    inner = max(map(_height, value.args), default=1)
    if value.is_Pow and value.exp.is_number:
        return max(1, _height(value.base) * abs(value.exp))
    return inner


def _over(make, body, ranges, names, build, what):
    """A sum or a product; each range is (index, first, last), its index known or a letter of its own."""
    inner, limits = dict(names), []
    for part in reversed(ranges):  # the last range is the outermost: the bounds of those before it may hold its index
        match part:
            case ast.Tuple(elts=[ast.Name(id=index), first, last]):
                bounds = _end(build(first, inner), what), _end(build(last, inner), what)
                # A letter that the question does not use is a whole number of the sum's own.
                inner.setdefault(index, sp.Symbol(index, integer=True))
                if not isinstance(inner[index], sp.Symbol):
                    raise Wrong(f"{what}: {index[:40]!r} cannot be the index of a sum.", "not an expression")
                limits.insert(0, (inner[index], *bounds))
            case _:
                raise Wrong(f"{what}: the range of a sum is (index, first, last).", "not an expression")
    return make(build(body, inner), *limits)


def _end(value, what):
    """The first or last index of a sum, if it is made of whole numbers and letters, so that it is soon seen how large it is."""
    if all(
        part.is_Integer or part.is_Symbol or part.is_Add or part.is_Mul or (part.is_Pow and part.exp == 2)
        for part in sp.preorder_traversal(value)
    ):
        return value
    raise Wrong(f"{what}: a sum begins and ends at whole numbers, letters, and sums of them, not {str(value)[:60]}.")


def _summands(value):
    """How many summands the longest sum of sums has where every letter is 7, as the checker tries numbers; so for products."""
    inner = max(map(_summands, value.args), default=1)
    if isinstance(value, (sp.Sum, sp.Product)):
        for _, first, last in value.limits:
            one, other = (end.xreplace(dict.fromkeys(end.free_symbols, sp.Integer(7))) for end in (first, last))
            inner *= max(1, abs(other - one) + 1)
    return inner


def equivalent(got, want, *, knowing=(), given=(), mistakes=None, what="the answer"):
    """That two expressions are equal for all values, as the book's checker sees it. Raises `Wrong`.

    got: of `expression`. want: a right form. knowing: relations that say which denominators are not 0. given: hypotheses, as
    triples (left, op, right) such as (beta, "<", 1). mistakes: what known mistakes give, by their names.
    The message tells a point where they differ, and not the difference, which would tell the answer.
    """

    def start(value):
        d = Derivation("the answer")
        hypotheses = [d.given(left, op, right, "the question") for left, op, right in given]
        return d.start(value, knowing=list(knowing)), hypotheses

    def step():
        d, hypotheses = start(want)
        if point := refute(want, "=", got, hypotheses, tries=FEW):
            raise Unproved(f"{FALSE}{point}")
        try:
            d.equal(got, "the answer", knowing=list(knowing))
        except Unproved as refusal:
            if FALSE in str(refusal):
                raise
            # Perhaps its form alone hides it: of a denominator that is multiplied out nothing is seen, of its factors it may be.
            top, bottom = map(factored, sp.fraction(sp.together(got)))
            try:
                start(1 / bottom)  # what cancels in the quotient must not be 0 either
                start(want)[0].equal(top / bottom, "the answer", knowing=list(knowing))
            except Unproved:
                raise refusal from None

    def say(refusal):
        point = refusal.rpartition(FALSE)[2] if FALSE in refusal else None
        seen = f" A point where the right one and {what} differ: {point}" if point else ""
        return f"{what} is not seen to be equal to the right one.{seen}"

    _judged(step, got, mistakes, say)


def proves(step, *, got=None, mistakes=None, what="the answer"):
    """That a step of the book's checker accepts what the student gave. step: makes the derivation. Raises `Wrong`.

    got, mistakes: the expression, and those that known mistakes give, to name one.
    """
    _judged(step, got, mistakes, lambda refusal: f"The checker does not accept {what}. {_told(refusal)[:600]}")


def _told(refusal):
    """What the checker says, without its name for the derivation and the number of a step, which only a test knows."""
    found = STEP.match(refusal)
    if found is None:
        return refusal
    said = refusal[found.end() :]
    return f"In the {found['part']} of the induction: {said}" if found["part"] else said[:1].upper() + said[1:]


def _judged(step, got, mistakes, say):
    try:
        step()
    except Unproved as error:
        names = (name for name, value in (mistakes or {}).items() if got is not None and _same(got, value))
        raise Wrong(say(str(error)), next(names, None)) from None


def _same(one, other):
    """Whether the numerator of a difference vanishes when it is expanded; where a point tells the two apart it is not tried."""
    return refute(one, "=", other, tries=FEW) is None and sp.expand(sp.numer(sp.together(one - other))) == 0
