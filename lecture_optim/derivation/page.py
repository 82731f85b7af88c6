"""Chains as aligned LaTeX: a reason below each relation, cases and inductions indented, narrow enough for a telephone."""

import re
from itertools import groupby

import sympy as sp
from sympy.printing.latex import LatexPrinter

from lecture_optim.derivation.language import lower

__all__ = ["OPERATORS", "Math", "aligned", "header", "latex", "lines", "shown"]

OPERATORS = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}


class _Printer(LatexPrinter):
    def _print_Add(self, expr, order=None):
        return " ".join(self.terms(expr, order)).removeprefix("+ ")

    def terms(self, expr, order=None):
        """The terms of a sum, each with its sign; positive ones first, so that a difference reads as one.

        A number comes first (1 + x), but last among whole numbers (t + 1).
        """
        found = []
        whole = expr.is_integer
        for term in sorted(
            self._as_ordered_terms(expr, order=order),
            key=lambda a: (a.could_extract_minus_sign(), whole or not a.is_Number),
        ):
            negative = term.could_extract_minus_sign()
            size = -term if negative else term
            text = self._print(size)
            found.append(f"{'-' if negative else '+'} {self._add_parens(text) if size.is_Add else text}")
        return found

    def _print_Mul(self, expr):
        # Brackets and sums stand beside a fraction, not on it.
        large = sorted((a for a in expr.args if a.is_Add or isinstance(a, sp.Sum)), key=lambda a: isinstance(a, sp.Sum))
        small = sp.Mul(*(a for a in expr.args if a not in large))
        if not large or sp.fraction(small)[1] == 1 or (sp.fraction(small)[0] == 1 and not isinstance(large[-1], sp.Sum)):
            return super()._print_Mul(expr)
        texts = [self._print(a) for a in large]
        texts = [self._add_parens(text) if a.is_Add or a is not large[-1] else text for a, text in zip(large, texts, strict=True)]
        return " ".join([self._print(small), *texts])


_printer = _Printer({"fold_short_frac": False, "ln_notation": True})


def latex(e):
    """The LaTeX of an expression as the book prints it."""
    return _printer.doprint(sp.sympify(e))


SPACE = "%space"  # marks a row that a little room follows
NARROW, BROAD = 30, 40  # characters: what stands in one line on a telephone with a relation in it; what is broken at its signs


def _width(text):
    """About how many characters wide a piece of LaTeX is."""
    text = re.sub(r"\\left|\\right|\\frac|\\quad", "", text)
    text = re.sub(r"\\(min|max|ln)\b", r"\1", text)  # printed as words; other commands are one sign each
    return len(re.sub(r"\\[a-zA-Z]+|\\.", "x", text).translate(str.maketrans("", "", "{}_^ ")))


def _side(before, e):
    """The rows of one side of a relation; a sum that is too broad is broken before its signs."""
    if not e.is_Add or _width(latex(e)) <= BROAD:
        return [f"& {before}{latex(e)}"]
    first, *others = _printer.terms(e)
    indent = r"\quad " * (before.count(r"\quad") + 1)
    return [f"& {before}{first.removeprefix('+ ')}", *(f"& {indent}{term}" for term in others)]


def _link(left, op, right, indent):
    """left op right in one row where that is narrow, else in two or more."""
    if _width(latex(left) + latex(right)) + 1 <= NARROW:
        return [f"& {indent}{latex(left)} {OPERATORS[op]} {latex(right)}"]
    return [*_side(indent, left), *_side(rf"{indent}\quad {OPERATORS[op]} ", right)]


def _small(text):
    return rf"{{\small \text{{{text}}}}}"


def _filled(word, formulas):
    """Rows of small formulas, as many in a row as a telephone has room for, after a word."""
    rows, room = [], 0
    for formula in formulas:
        room -= _width(formula) + 2
        if rows and room >= 0:
            rows[-1] += rf",\ {{\small {formula}}}"
        else:
            rows.append(rf"& \qquad {{\small {formula}}}" if rows else rf"& {word}{{\small {formula}}}")
            room = BROAD - 4 - _width(formula)
    return [row + "," for row in rows[:-1]] + rows[-1:]


def header(derivation, earlier=None, place="above"):
    """The rows that say what a derivation assumes: signs, then the hypotheses, those of one source together.

    earlier: a derivation that was printed before, at `place`; what it has in common with this one is then said in one row, with
    what of it does not hold here, and only the rest is printed. Raises ValueError where they have nothing in common.
    """
    signs, hypotheses, rows = derivation.assumptions(), derivation.hypotheses(), []
    before = earlier.hypotheses() if earlier else []
    same = [pair for pair in hypotheses if pair in before]
    if earlier and not same:
        raise ValueError(f"{derivation.name} has no hypothesis in common with {earlier.name}: print it without after()")
    declared = earlier.assumptions() if earlier else []
    if new := [sign for sign in signs if sign not in declared]:
        rows += _filled(_small("where "), new)
    word = "given "
    if earlier:
        text = "".join([*lines(derivation), *(formula for formula, _ in hypotheses)])
        # A sign that was declared above holds of no letter that this derivation declares anew, and is idle without its letter.
        free = {_letter(sign) for sign in signs}
        gone = [sign for sign in declared if sign not in signs and _letter(sign) not in free and _occurs(_letter(sign), text)]
        gone += [formula for formula, source in before if (formula, source) not in same]
        as_before = f"given the same as {place}"
        rows += ["& " + _small(f"{as_before}, but not"), *_filled(r"\qquad ", gone)] if gone else ["& " + _small(as_before)]
        word, hypotheses = "and ", [pair for pair in hypotheses if pair not in same]
    for source, group in groupby(hypotheses, key=lambda pair: pair[1]):
        formulas = [formula for formula, _ in group]
        given = _filled(_small(word), formulas)
        if len(given) == 1 and _width("".join(formulas)) + len(source.replace("$", "")) <= BROAD - 2:
            rows.append(given[0] + r"\quad " + _small(f"({source})"))
        else:
            rows += [*given, r"& \qquad " + _small(f"({source})")]
    return [*rows[:-1], rows[-1] + SPACE] if rows else []


def _letter(sign):
    """The letter of a declared sign, without its indices: of S_{t}[i] >= 0 it is S."""
    return re.split(r"[_\[]| (?:>|\\ge|\\in) ", sign)[0]


def _occurs(letter, text):
    return re.search(rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z])", text)


def shown(r):
    """A relation as LaTeX: left, its sign, right."""
    return f"{latex(r.left)} {OPERATORS[r.op]} {latex(r.right)}"


def _factor(e):
    return rf"\left({latex(e)}\right)" if sp.sympify(e).is_Add else latex(e)


def _certificate(step, indent):
    """The rows that say why a step was accepted: factors of relations, the gap, what was put in, where signs came from."""
    inner, rows = indent + r"\qquad \quad ", []
    for r, factor in step.using.items():
        rows.append(rf"& {indent}\qquad {_small('adds ')}{_factor(factor)}{_small(' times')}")
        if r.why:
            rows.append(rf"& {inner}{_small(f'({r.why})')}")
        rows += _link(r.left, r.op, r.right, inner)
    if step.gap != 0:
        rows.append(rf"& {indent}\qquad {_small('gap ')}{latex(step.gap)}")
    for what, relations in (("puts in", step.put), ("knows", step.knowing)):
        for r in relations:
            rows += [rf"& {indent}\qquad {_small(f'{what} ({r.why})')}", *_link(r.left, r.op, r.right, inner)]
    return rows or ([] if step.blocks else [rf"& {indent}\qquad {_small('both sides expand to the same')}"])


def lines(chain, depth=0, certificates=False):
    """The rows of a chain: its sides, a reason below each relation, cases and inductions indented.

    certificates: with what the checker was handed for each relation.
    """
    indent, rows = r"\quad " * depth, []
    if chain.induction:
        index, op, chains = chain.induction
        start = lower(index)
        rows += _link(chain.first, op, chain.side, indent)
        rows.append(rf"& {indent}{_small(f'by induction over ${latex(index)}$')}")
        for (_, part), name in zip(
            chains, (f"${latex(index)} = {start}$:", f"from ${latex(index)}$ to ${latex(index + 1)}$:"), strict=True
        ):
            rows.append(rf"& {indent}\quad {_small(name)}")
            rows += lines(part, depth + 2, certificates)
    for k, step in enumerate(chain.steps):
        link = _link(step.before, step.op, step.after, indent)
        rows += link if k == 0 and not chain.induction else _side(rf"{indent}\quad {OPERATORS[step.op]} ", step.after)
        why = "; ".join(filter(None, (step.why, step.split and f"by cases, as {step.split.why}")))
        below = [rf"& {indent}\qquad {_small(why)}"] if why else []
        below += _certificate(step, indent) if certificates else []
        if below and not step.blocks:
            below[-1] += SPACE
        rows += below
        for local, part in step.blocks:
            conditions = " and ".join(f"${shown(r)}$" for r in local)
            rows.append(rf"& {indent}\qquad {_small(f'if {conditions}:')}")
            rows += lines(part, depth + 2, certificates)
    return rows


def aligned(rows):
    text = " \\\\\n".join(rows).replace(SPACE + " \\\\", r" \\[0.4em]").replace(SPACE, "")
    return "\\begin{aligned}\n" + text + "\n\\end{aligned}"


class Math(str):
    """A displayed formula that a notebook shows as such."""

    __slots__ = ()

    def _repr_latex_(self):
        return f"$$\n{self}\n$$"
