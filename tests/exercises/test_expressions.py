"""Answers that are mathematics: every form of the right one is right, what is beyond a limit is refused, and no message tells."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

from lecture_optim.check.codec import decode, encode
from lecture_optim.check.expressions import equivalent, expression, proves
from lecture_optim.check.testing import Wrong
from lecture_optim.derivation import Derivation, Index

x, y = sp.symbols("x y", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
i, j, k = sp.symbols("i j k", integer=True)
NAMES = {"x": x, "y": y, "n": n, "g": sp.IndexedBase("g", real=True)}
g = NAMES["g"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x + 2*y", x + 2 * y),
        (" -x/y - +3 ", -x / y - 3),
        ("sqrt(x)**3", x ** sp.Rational(3, 2)),
        ("0.1*x", x / 10),
        ("Rational(-2, 6)", -sp.Rational(1, 3)),
        ("2**-1", sp.Rational(1, 2)),
        ("E**x + exp(1) + pi", sp.exp(x) + sp.E + sp.pi),
        ("ln(x) - log(y)", sp.log(x) - sp.log(y)),
        ("Abs(x - y) + abs(y - x)", 2 * sp.Abs(x - y)),
        ("Max(x, y, 3) - Min(x, 1)", sp.Max(x, y, 3) - sp.Min(x, 1)),
        ("sign(x - y)*tanh(x)", sp.sign(x - y) * sp.tanh(x)),
        ("g[1]**2 + g[n]", g[1] ** 2 + g[n]),
        ("Sum(g[k], (k, 1, n))", sp.Sum(g[k], (k, 1, n))),
        ("Product(x*j, (j, 1, 3))", sp.Product(x * j, (j, 1, 3))),
        ("Sum(x**(i + j), (i, 1, j), (j, 1, n))", sp.Sum(x ** (i + j), (i, 1, j), (j, 1, n))),
        (7, sp.Integer(7)),
        ("0.0", sp.Integer(0)),
    ],
)
def test_mathematics_is_read_as_it_is_written(text, value):
    got = expression(text, NAMES)
    assert got == value and not got.atoms(sp.Float), "a decimal is the fraction that it says"


@pytest.mark.parametrize(
    "value", [x**2 / (1 + y), sp.sqrt(x) - sp.log(y), sp.Sum(g[k] * g[j], (k, 1, j), (j, 1, n)), sp.Rational(-7, 3), sp.E**x]
)
def test_what_sympy_prints_is_read_back_as_it_was(value):
    assert expression(decode(encode(value)), NAMES) == value


@pytest.mark.parametrize(
    ("answer", "said", "mistake"),
    [
        (None, "the answer is None: it is not answered yet.", "not answered yet"),
        (True, "must be an expression, as SymPy or as text, not a bool", "not an expression"),
        ([1], "not a list", "not an expression"),
        (1j, "not a complex", "not an expression"),
        (np.ones(2), "in x, y, n, g, and is an array. Has a cell given the name of a symbol", "a symbol was overwritten"),
        (0.95, "and is a number that was computed. Has a cell given the name", "a symbol was overwritten"),
        ("", "'' is not an expression", "not an expression"),
        ("x +", "'x +' is not an expression", "not an expression"),
        ("x = 3", "is not an expression", "not an expression"),
        ("z + x", "holds the name 'z'; it may hold x, y, n, g.", "an unknown name"),
        ("True", "holds 'True', which is not mathematics", "not an expression"),
        ("'x'", "which is not mathematics", "not an expression"),
        ("2j", "which is not mathematics", "not an expression"),
        ("x.args", "which is not mathematics", "not an expression"),
        ("x // y", "which is not mathematics", "not an expression"),
        ("x if x else y", "which is not mathematics", "not an expression"),
        ("x < y", "which is not mathematics", "not an expression"),
        ("sin(x)", "which is not mathematics", "not an expression"),
        ("log(x, 2)", "log takes 1 argument, not 2", "not an expression"),
        ("sqrt()", "sqrt takes 1 argument, not 0", "not an expression"),
        ("Rational(1)", "Rational takes 2 arguments, not 1", "not an expression"),
        ("Rational(1, 0)", "Rational takes two whole numbers, the second not 0", "not an expression"),
        ("Rational(x, 2)", "Rational takes two whole numbers", "not an expression"),
        ("Max(x, key=1)", "which is not mathematics", "not an expression"),
        ("Sum(x, (k, 1))", "the range of a sum is (index, first, last)", "not an expression"),
        ("Sum(x, k)", "the range of a sum is (index, first, last)", "not an expression"),
        ("Sum(x, (g, 1, n))", "'g' cannot be the index of a sum", "not an expression"),
        ("Sum(x)", "which is not mathematics", "not an expression"),
        ("Sum(x, (k, 1, n)) + k", "holds the name 'k'", "an unknown name"),
        ("Sum(x, (k, 1, k))", "holds the name 'k'", "an unknown name"),
        ("Sum(x, (i, 1, n), (j, 1, i))", "holds the name 'i'", "an unknown name"),
        ("1/0", "divides by zero", "a division by zero"),
        ("0**-1", "divides by zero", "a division by zero"),
        ("x/(y - y)", "divides by zero", "a division by zero"),
        ("log(0)", "divides by zero", "a division by zero"),
        ("1e40", "write it exactly", "not exact"),
        ("1e-40*x", "write it exactly", "not exact"),
    ],
)
def test_what_is_not_read_is_said(answer, said, mistake):
    with pytest.raises(Wrong, match=re.escape(said)) as wrong:
        expression(answer, NAMES)
    assert wrong.value.mistake == mistake


def test_a_name_of_what_is_asked_stands_in_the_message():
    with pytest.raises(Wrong, match=r"^bound holds the name 'z'"):
        expression("z", NAMES, "bound")


@pytest.mark.parametrize(
    ("most", "beyond", "said"),
    [
        ("x**16", "x**17", "a power, or a power of powers, beyond 16"),
        ("x**-16", "x**-17", "a power, or a power of powers, beyond 16"),
        ("1**64", "1**65", "the exponent 65, beyond 64"),
        ("1**-64", "1**-65", "the exponent -65, beyond 64"),
        ("x**(1/64)", "x**(1/65)", "the exponent 1/65, beyond 64"),
        ("(x**4)**4", "(x**4)**5", "a power of powers, beyond 16"),
        ("((x**2 + y)**2)**4", "((x**2 + y)**2)**5", "a power of powers, beyond 16"),
        ("10**39", "10**40", "a number of more than 40 digits"),
        ("3**-64", "5**-64", "a number of more than 40 digits"),
        ("(1/3)**64", "(1/5)**64", "a number of more than 40 digits"),
        ("9" * 40, "9" * 42, "a number of more than 40 digits"),
        ("exp(64)", "exp(65)", "exp of a number beyond 64"),
        ("tanh(-64)", "tanh(-65)", "tanh of a number beyond 64"),
        ("-" * 39 + "x", "-" * 41 + "x", "nested deeper than any answer here has to be"),
        ("+".join("x" * 41), "+".join("x" * 43), "nested deeper than any answer here has to be"),
        (f"Max({', '.join('x' * 590)})", f"Max({', '.join('x' * 610)})", "is longer than any answer here has to be"),
        ("x" + " " * 3990, " " * 4000 + "x", "has 4001 characters; 4000 are enough"),
    ],
)
def test_a_limit_lets_what_it_should_and_nothing_beyond(most, beyond, said):
    expression(most, NAMES)
    with pytest.raises(Wrong, match=re.escape(said)) as wrong:
        expression(beyond, NAMES)
    assert wrong.value.mistake == "too long"


def test_what_has_text_of_its_own_is_text_and_not_more():
    with pytest.raises(Wrong, match="must be an expression"):
        expression(SimpleNamespace(text=3.5), NAMES)


# ------------------------------------------------------------------------------------------------------------- what it is worth


@pytest.mark.parametrize("text", ["x**2 - y**2", "(x - y)*(x + y)", "x*x - y*y", "-(y - x)*(y + x)", "0.5*(2*x**2 - 2*y**2)"])
def test_every_form_of_the_right_answer_is_right(text):
    equivalent(expression(text, NAMES), x**2 - y**2)


def test_an_answer_that_differs_is_refused_at_a_point_and_without_the_right_one():
    right = 1234 * x**2 + 5678 * y
    with pytest.raises(Wrong) as wrong:
        equivalent(expression("1234*x**2 + 5679*y", NAMES), right, what="bound")
    message = wrong.value.message
    assert message.startswith("bound is not seen to be equal to the right one. A point where the right one and bound differ: ")
    assert re.search(r"\bx = |\by = ", message), "the point has a value for each letter"
    assert "5678" not in message and "1234" not in message and wrong.value.mistake is None


def test_a_mistake_is_named_in_whatever_form_it_was_made():
    mistakes = {"the cross term is forgotten": x**2 + y**2, "the sign": x**2 - 2 * x * y + y**2}
    for text in ("(x - y)**2", "x**2 + y**2 - 2*x*y", "(y - x)*(y - x)"):
        with pytest.raises(Wrong) as wrong:
            equivalent(expression(text, NAMES), (x + y) ** 2, mistakes=mistakes)
        assert wrong.value.mistake == "the sign"


def test_what_the_question_gives_is_used():
    b = sp.Symbol("b", nonnegative=True)
    got = expression("(1 - b**2)/(1 - b)", {"b": b})
    equivalent(got, 1 + b, given=[(b, "<", 1)])
    with pytest.raises(Wrong):
        equivalent(got, 1 + b)


def test_an_answer_that_is_multiplied_out_is_right_and_may_not_divide_by_zero():
    """Of a denominator that is multiplied out nothing is seen; of its factors it is, from what the question gives."""
    a, b = sp.symbols("a b", nonnegative=True)
    names, given, want = {"a": a, "b": b}, [(a, "<", 1), (b, "<", 1)], (1 + a) / ((1 - a) * (1 - b))
    for form in (sp.expand(want), (1 + a) / sp.expand((1 - a) * (1 - b)), sp.expand((1 - a) ** 2 * (1 + a)) / sp.expand(
        (1 - a) ** 3 * (1 - b))):  # fmt: skip
        equivalent(expression(str(form), names), want, given=given)
    c = sp.Symbol("c", real=True)
    for form in (sp.expand(want) + b, (1 + a) * (a - c) / (sp.expand((a - c) * (1 - a) * (1 - b)))):
        with pytest.raises(Wrong):
            equivalent(expression(str(form), names | {"c": c}), want, given=given)


def test_the_base_of_an_induction_is_named_without_what_only_the_test_knows():
    n, x = Index("n", 0), sp.Symbol("x", nonnegative=True)

    def step():
        d = Derivation("an inner name")
        d.induct(n, x + n, "=", x + 2 * n, lambda chain: chain.equal(x + 1, "an inner reason"), lambda chain, _: chain)

    with pytest.raises(Wrong) as wrong:
        proves(step, what="the sum")
    assert wrong.value.message.startswith("The checker does not accept the sum. In the base of the induction: ")
    assert "inner" not in wrong.value.message


def test_what_is_known_of_a_denominator_is_used():
    b = sp.Symbol("b", real=True)
    got = expression("(b**3 + 1)/(b**2 - b + 1)", {"b": b})
    above = Derivation("the denominator").start(b**2 - b + 1)
    above.at_least(sp.Rational(3, 4), "a square is not negative", gap=(b - sp.Rational(1, 2)) ** 2)
    equivalent(got, b + 1, knowing=[above.result])
    with pytest.raises(Wrong):
        equivalent(got, b + 1)


def test_a_step_of_the_checker_is_taken_or_refused_with_its_reason_and_the_mistake():
    def step(gap):
        d = Derivation("a square")
        return lambda: d.start(x**2 + y**2).at_least(2 * x * y, "a square is not negative", gap=gap)

    proves(step((x - y) ** 2))
    with pytest.raises(Wrong, match=r"^The checker does not accept the gap") as wrong:
        proves(step((x + y) ** 2), got=(x + y) ** 2, mistakes={"another": x, "the sign": x**2 + y**2 + 2 * x * y}, what="the gap")
    assert wrong.value.mistake == "the sign"
    assert wrong.value.message.startswith("The checker does not accept the gap. The sides do not differ by the certificate")
    with pytest.raises(Wrong) as wrong:
        proves(step((x + y) ** 2), mistakes={"the sign": (x + y) ** 2})
    assert wrong.value.mistake is None, "nothing is given to name one by"


def test_a_fault_of_the_step_is_not_the_student_s():
    with pytest.raises(ZeroDivisionError):
        proves(lambda: 1 / 0)
