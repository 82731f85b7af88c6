"""Chains as aligned LaTeX: a reason below each relation, cases and inductions indented, narrow enough for a telephone."""

import re
from itertools import groupby

import sympy as sp
from sympy.printing.latex import LatexPrinter

from lecture_optim.derivation.language import lower

__all__ = ["OPERATORS", "aligned", "header", "latex", "lines"]

OPERATORS = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}


class _Printer(LatexPrinter):
    def _print_Add(self, expr, order=None):
        # Positive terms first, so that a difference reads as one.
        terms = sorted(self._as_ordered_terms(expr, order=order), key=lambda a: a.could_extract_minus_sign())
        parts = [
            ("-" if a.could_extract_minus_sign() else "+", self._print(-a if a.could_extract_minus_sign() else a), a)
            for a in terms
        ]
        parts = [(sign, self._add_parens(text) if (-a if sign == "-" else a).is_Add else text) for sign, text, a in parts]
        return " ".join(("" if k == 0 and sign == "+" else f"{sign} ") + text for k, (sign, text) in enumerate(parts)).strip()


def latex(e):
    """The LaTeX of an expression as the book prints it."""
    return _Printer({"fold_short_frac": False}).doprint(sp.sympify(e))


SPACE = "%space"  # marks a row that a little room follows
NARROW = 30  # characters that still stand in one line on a telephone


def _width(text):
    """About how many characters wide a piece of LaTeX is."""
    return len(
        re.sub(r"\\[a-zA-Z]+|\\.", "x", re.sub(r"\\left|\\right|\\frac", "", text)).translate(str.maketrans("", "", "{}_^ "))
    )


def _link(left, op, right, indent):
    """left op right in one row where that is narrow, else in two."""
    first, second = latex(left), f"{OPERATORS[op]} {latex(right)}"
    if _width(first + second) <= NARROW:
        return [f"& {indent}{first} {second}"]
    return [f"& {indent}{first}", rf"& {indent}\quad {second}"]


def _small(text):
    return rf"{{\small \text{{{text}}}}}"


def header(derivation):
    """The rows that say what a derivation assumes: signs, then the hypotheses, those of one source together."""
    rows = []
    if signs := derivation.assumptions():
        rows.append("& " + _small("where ") + r",\ ".join(rf"{{\small {sign}}}" for sign in signs))
    for source, group in groupby(derivation.hypotheses(), key=lambda pair: pair[1]):
        formulas = [formula for formula, _ in group]
        given = rf"& {_small('given ')}" + r",\ ".join(rf"{{\small {formula}}}" for formula in formulas)
        if _width("".join(formulas)) + len(source.replace("$", "")) <= 1.5 * NARROW:
            rows.append(given + r"\quad " + _small(f"({source})"))
        else:
            rows += [given, r"& \qquad " + _small(f"({source})")]
    return [*rows[:-1], rows[-1] + SPACE] if rows else []


def lines(chain, depth=0):
    """The rows of a chain: its sides, a reason below each relation, cases and inductions indented."""
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
            rows += lines(part, depth + 2)
    for k, step in enumerate(chain.steps):
        link = _link(step.before, step.op, step.after, indent)
        rows += link if k == 0 and not chain.induction else [rf"& {indent}\quad {OPERATORS[step.op]} {latex(step.after)}"]
        why = "; ".join(filter(None, (step.why, step.split and f"by cases, as {step.split.why}")))
        if why:
            rows.append(rf"& {indent}\qquad {_small(why)}" + ("" if step.blocks else SPACE))
        for local, part in step.blocks:
            conditions = " and ".join(f"${latex(r.left)} {OPERATORS[r.op]} {latex(r.right)}$" for r in local)
            rows.append(rf"& {indent}\qquad {_small(f'if {conditions}:')}")
            rows += lines(part, depth + 2)
    return rows


def aligned(rows):
    text = " \\\\\n".join(rows).replace(SPACE + " \\\\", r" \\[0.4em]").replace(SPACE, "")
    return "\\begin{aligned}\n" + text + "\n\\end{aligned}"
