"""What one who writes a derivation meets: the rules on true examples, what a refusal says, and what is printed."""

import pickle
import re

import pytest
import sympy as sp

from lecture_optim.derivation import (
    Derivation,
    Family,
    Index,
    Mean,
    Unproved,
    between,
    expect,
    integer_split,
    latex,
    substitute,
    unknown,
    zero_or_positive,
)

from .forgeries import powers_at_most_one

t, s, T, n = Index("t"), Index("s"), Index("T"), Index("n", 0)
x, y, a, b = sp.symbols("x y a b", real=True)
c = sp.Symbol("c", positive=True)
X = sp.Symbol("X", nonnegative=True)
h, H, w = Family("h"), Family("H", sign="nonnegative"), Family("w", first=(1, 1), vector=True)
U = unknown("U")


def says(relation):
    return f"{relation.left} {relation.op} {relation.right}"


def refused(attempt):
    with pytest.raises(Unproved) as refusal:
        attempt()
    return str(refusal.value)


def scaled():
    d = Derivation("scaling")
    less = d.given(x, "<=", y, "the hypothesis")
    return d.start(c * x).at_most(c * y, "$c$ is positive", using={less: c})


def odd_numbers():
    return Derivation("odd numbers").induct(
        n, sp.Sum(2 * t - 1, (t, 1, n)), "=", n**2,
        lambda chain: chain.equal(0, "no term"),
        lambda chain, hypothesis: chain.equal((n + 1) ** 2, "the last term apart", using={hypothesis: 1}),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- the six rules


@pytest.mark.parametrize("made", [t, n, h, H, w, w[t, s], sp.Sum(H[n] ** 2, (n, 0, T)), U, Mean(U)], ids=str)
def test_symbols_come_back_from_a_pickle_as_they_were(made):
    again = pickle.loads(pickle.dumps(made))
    assert again == made and type(again) is type(made) and again.free_symbols == made.free_symbols
    for old, new in zip(sp.preorder_traversal(made), sp.preorder_traversal(again), strict=True):
        assert getattr(old, "assumptions0", None) == getattr(new, "assumptions0", None)


def test_given_and_at_most():
    assert says(scaled().result) == "c*x <= c*y"


def test_equal_up_to_a_multiple_of_an_equality():
    d = Derivation("substituted")
    same = d.given(y, "=", x + 1, "the definition")
    assert says(d.start(y**2).equal((x + 1) ** 2, "put in", using={same: y + x + 1}).result) == "y**2 = (x + 1)**2"


def test_put_replaces_wherever_it_stands_but_not_under_another_index():
    d = Derivation("put")
    same = d.given(h[t], "=", t**2, "the definition")
    d.start(sp.exp(h[t]) + sp.Sum(h[t], (t, 1, 2)))
    d.equal(sp.exp(t**2) + h[1] + h[2], "put in", put=[same])
    assert d.equal(sp.exp(t**2) + 5, "twice more", put=[same.at({t: 1}), same.at({t: 2})]).op == "="


def test_a_strict_link_makes_the_chain_strict():
    d = Derivation("up", x).at_most(x + X, "$X$ is not negative", gap=X).at_most(x + X + 1, "one more", gap=1, strict=True)
    assert says(d.result) == "x < X + x + 1"
    assert says(Derivation("down", x).equal(x + 0, "the same").at_least(x - 1, "one less", gap=1).result) == "x >= x - 1"


def test_cases():
    proved = Derivation("cases", sp.Max(x, 0)).cases(
        sp.Abs(x), between(x, 0), [lambda k, _: k.at_most(-x, "", gap=-x), lambda k, _: k.equal(sp.Abs(x), "")]
    )
    assert says(proved.result) == "Max(0, x) <= Abs(x)"


def test_cases_of_whole_numbers_and_of_zero():
    odd = Derivation("no integer between", n * (n - 1)).cases(
        0,
        integer_split(n, 0),
        [lambda k, low: k.at_least(0, "", gap=n**2, using={low: 1}), lambda k, high: k.at_least(0, "", using={high: n})],
    )
    assert says(odd.result) == "n*(n - 1) >= 0"
    blocks = [lambda k, zero: k.at_most(c * X, "", gap=c * X), lambda k, more: k.at_most(c * X, "", using={more: c})]
    assert says(Derivation("sign", sp.S.Zero).cases(c * X, zero_or_positive(X), blocks).result) == "0 <= X*c"


def test_induct():
    assert says(odd_numbers().result) == "Sum(2*t - 1, (t, 1, n)) = n**2"


def test_expect():
    square = Derivation("square", 2 * x * U).at_most(x**2 + U**2, "a square", gap=(x - U) ** 2)
    assert says(expect(square.result, U, U**2)) == "2*x*E[U] <= x**2 + E[U**2]"
    assert "the mean of U**2 is not declared" in refused(lambda: expect(square.result, U))


@pytest.mark.parametrize("first, second", [(t, s), (s, t)])
def test_expect_does_not_ask_what_an_index_is_called(first, second):
    """A monomial that is declared once is declared, whichever of its indices comes first in the alphabet, and in a sum too."""
    g, v = Family("g", first=(1, 1), random=True), Family("v", random=True)
    bound = Derivation("bound").given(sp.Sum(g[first, second] * v[second], (second, 1, T), (first, 1, T)), "<=", U, "given")
    means = expect(bound, g[first, second] * v[second], U)
    assert says(means) == "Sum(E[v[_0]*g[_1, _0]], (_0, 1, T), (_1, 1, T)) <= E[U]"
    for other in (g[first, second] * v[first], g[first, first] * v[first], g[first, second]):
        assert "is not declared" in refused(lambda other=other: expect(bound, other, U))


# ------------------------------------------------------------------------------------------------------ using what is proved


def test_a_lemma_is_used_for_other_things():
    d = Derivation("used")
    less = d.given(h[t], "<=", h[t + 1], "the sequence rises")
    lemma = scaled().at({x: h[t], y: h[t + 1], c: 2}, given=[less])
    assert says(lemma) == "2*h[t] <= 2*h[t + 1]"
    assert lemma.hypotheses == {less}
    assert says(lemma.at({t: T + 1})) == "2*h[T + 1] <= 2*h[T + 2]"
    assert says(lemma.sum(t, 1, T, H[t])) == "Sum(2*H[t]*h[t], (t, 1, T)) <= Sum(2*H[t]*h[t + 1], (t, 1, T))"


def test_a_lemma_about_a_family_is_used_for_a_lambda():
    lemma = Derivation("not negative", sp.S.Zero).at_most(sp.Sum(H[t], (t, 1, n)), "no term is", gap=sp.Sum(H[t], (t, 1, n)))
    assert says(lemma.at({H: sp.Lambda(t, x**2 * t), n: T - 1})) == "0 <= Sum(t*x**2, (t, 1, T - 1))"


def test_what_is_put_into_a_sum_keeps_its_own_index():
    inner = sp.Sum(h[s] * h[t], (s, 1, t))
    assert str(substitute(sp.Sum(H[s], (s, 1, T)), {H: sp.Lambda(t, inner)})) == "Sum(h[s]*h[s'], (s, 1, s'), (s', 1, T))"


# ------------------------------------------------------------------------------------------------------------ what a refusal says


def test_it_names_the_derivation_and_the_step_and_prints_what_is_left():
    text = refused(lambda: Derivation("am-gm", 4 * x * y).at_most((x + y) ** 2, "a square", gap=(x - y) ** 2 + X))
    assert text == "am-gm: step 1 (a square): the sides do not differ by the certificate; what is left is -X"
    text = refused(lambda: Derivation("two", x).equal(x + 0, "first").equal(2 * x, "second"))
    assert text.startswith("two: step 2 (second): ")


def test_what_is_left_is_a_product_only_where_its_degrees_are_small():
    # SymPy's search for factors draws at random, and takes minutes for some expressions of high degrees.
    small, large = (refused(lambda n=n: Derivation("power", (x - y) ** n).equal(0, "nothing")) for n in (10, 16))
    assert "what is left is -(x - y)**10" in small
    assert "what is left is -x**16 + 16*x**15*y" in large


def test_it_gives_a_counterexample_where_one_is_found():
    text = refused(lambda: Derivation("am-gm", 5 * x * y).at_most((x + y) ** 2, "a square", gap=(x - y) ** 2))
    assert re.search(r"what is left is -x\*y; it is false: x = \S+, y = \S+: \S+ > \S+$", text)
    text = refused(lambda: Derivation("sign", sp.S.Zero).at_most(n - 1, "at least 1", gap=n - 1))
    assert text == "sign: step 1 (at least 1): the gap n - 1 is not seen to be >= 0; it is false: n = 0: 0 > -1"


def test_it_names_the_hypothesis_that_is_missing():
    text = refused(lambda: scaled().at({x: 1, y: 0}))
    assert text == "scaling: use: its hypothesis 1 <= 0 (the hypothesis) is not among the relations given"
    assert "-1 stands for c, which is positive" in refused(lambda: scaled().at({c: -1}))
    assert "t - 1 stands for t" in refused(lambda: Derivation("f", h[t]).equal(h[t], "").result.at({t: t - 1}))


def test_it_names_the_case_and_the_part_of_an_induction():
    blocks = [lambda k, _: k.equal(-x, ""), lambda k, _: k.equal(x, "")]
    text = refused(lambda: Derivation("size", sp.Abs(x)).cases(x, between(x, 0), blocks))
    assert text == "size, case x <= 0: end: the chain ends at -x, not at x"
    text = refused(lambda: Derivation("sum").induct(n, n, "=", n + 1, lambda k: k.equal(0, ""), lambda k, _: None))
    assert text == "sum, base: end: the chain ends at 0, not at 1"


def test_a_case_is_closed_when_it_is_over():
    kept = []
    Derivation("f", x).cases(x, between(x, 0), [lambda k, _: kept.append(k), lambda k, _: None])
    assert "this part of the proof is closed" in refused(lambda: kept[0].at_most(x + 1, "later", gap=1))


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (lambda: Derivation("f").given(x, "=<", y, "slip"), "must be one of =, <=, <, >=, >, but is '=<'"),
        (lambda: Derivation("f", x).start(y), "the chain has begun"),
        (lambda: Derivation("f").result, "nothing is proved yet"),
        (lambda: Derivation("f", x).at_most(y, "", using={scaled(): 1}), "is no relation; a lemma is used by .at(...)"),
        (lambda: Derivation("f", x).cases(y, between(x, 0), [lambda k, _: k]), "one block for each of its 2 cases"),
        (lambda: Derivation("f", x).cases(y, [x <= 0, x >= 0], [None, None]), "a split and one block"),
        (lambda: Derivation("f").induct(x, x, "=", x, None, None), "x must be an Index"),
        (lambda: Derivation("f").induct(n, n, "==", n, None, None), "must be one of =, <=, <, >=, >, but is '=='"),
        (lambda: Derivation("f", x).induct(n, n, "=", n, None, None), "an induction is a derivation of its own"),
        (lambda: Derivation("f", 0.5 * x), "0.500000000000000 is not among the things that the checker understands"),
        (lambda: Derivation("f", sp.Symbol("z")), "z must be declared by real, nonnegative, positive or integer"),
        (lambda: Derivation("f", H[1 + X]), "H[X + 1] is not seen to lie in the declared range of its family"),
        (lambda: Derivation("f", Mean(U, x)), "E[U] is not among the things that the checker understands"),
        (lambda: scaled().at({h[1]: x}), "h[1] is neither a symbol nor a family"),
        (lambda: Derivation("f", H[1]).equal(H[1], "").at({H: t}), "H must be replaced by a sympy.Lambda of 1 indices, not t"),
        (lambda: Derivation("f", x).equal(y, "", put=[scaled().result]), "rests on x <= y, which is not in force here"),
        (lambda: Derivation("f", x - sp.Symbol("x", positive=True)), "x stands for two things that are declared differently"),
        (lambda: Derivation("f", h[1] + Family("h", sign="positive")[1]), "h stands for two things"),
    ],
)
def test_wrong_arguments_are_told(attempt, reason):
    assert reason in refused(attempt)


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (lambda: h[1, 2], "h takes 1 indices, but was given 2"),
        (lambda: w[1], "w takes 2 indices, but was given 1"),
        (lambda: Family("h", sign="negative"), "sign must be one of real, nonnegative, positive, but is 'negative'"),
        (lambda: Family("h", first=sp.Symbol("k")), "the first indices must be whole numbers"),
        (lambda: Index("t", 2), "write t \\+ 1 for an index that begins later"),
    ],
)
def test_wrong_declarations_are_told(attempt, reason):
    with pytest.raises(ValueError, match=reason):
        attempt()


# ------------------------------------------------------------------------------------------------------------- what is printed


def test_counts():
    assert scaled().counts() == {"proved": 1, "given": 1}
    assert odd_numbers().counts() == {"proved": 3, "given": 0}  # the statement, its base, its step


def test_assumptions_and_hypotheses():
    d = Derivation("all")
    d.given(w[t, 1], "<=", c, "it is bounded by $c$")
    d.start(X * H[t]).at_most(X * H[t] + 1, "one more", gap=1)
    assert d.assumptions() == [r"H_{t} \ge 0", r"X \ge 0", "c > 0"]
    assert d.hypotheses() == [(r"w_{t}[1] \le c", "it is bounded by $c$")]
    assert [says(r) for r in d.givens] == ["w[t, 1] <= c"]
    assert d.statement() == r"X H_{t} \le 1 + X H_{t}"


def test_a_chain_is_printed_with_its_reasons():
    text = scaled()._repr_latex_()
    assert text.startswith("$$\n\\begin{aligned}\n") and text.endswith("\n\\end{aligned}\n$$")
    found = [text.index(part) for part in (r"c > 0", r"x \le y", "(the hypothesis)", "c x", r"\le c y", "$c$ is positive")]
    assert found == sorted(found)


def test_an_induction_and_its_cases_are_printed():
    text = odd_numbers()._repr_latex_()
    order = (
        r"\sum_{t=1}^{n}",
        "= n^{2}",
        "by induction over $n$",
        "$n = 0$:",
        "no term",
        "from $n$ to $n + 1$:",
        "the last term apart",
    )
    found = [text.index(part) for part in order]
    assert found == sorted(found)
    blocks = [lambda k, _: k.equal(-x, "turned"), lambda k, _: k.equal(x, "kept").at_most(sp.Abs(x), "")]
    with pytest.raises(Unproved):
        Derivation("size", sp.Abs(x)).cases(sp.Abs(x), between(x, 0), [*blocks, blocks[0]])
    text = Derivation("size", sp.Abs(x)).cases(
        sp.Abs(x), between(x, 0), [lambda k, _: k.equal(-x, "turned").equal(sp.Abs(x), "back"), lambda k, _: k.equal(x, "kept")]
    )
    printed = text._repr_latex_()
    order = ("any two real numbers are comparable", r"if $x \le 0$:", "turned", r"if $0 \le x$:", "kept")
    assert [printed.index(part) for part in order] == sorted(printed.index(part) for part in order)


def test_families_and_means_are_printed_as_in_the_book():
    assert latex(w[t, s]) == "w_{t}[s]"
    assert latex(Mean(U)) == r"\mathbb{E}\left[U\right]"
    assert latex(x - y + 1) == "1 + x - y"


def test_certificates_are_printed_on_request():
    below = Derivation("below")
    less = below.given(x, "<=", y, "the hypothesis")
    below.start(x).at_most(y + 1, "and one more", gap=1, using={less: 1})
    assert "adds" not in below._repr_latex_()
    shown = below.certificates()._repr_latex_()
    for part in (r"\text{adds }}1{\small \text{ times}}", "(the hypothesis)", r"x \le y", r"\text{gap }}1"):
        assert part in shown
    same = Derivation("same", (x + y) ** 2).equal(x**2 + 2 * x * y + y**2, "expanded")
    assert "both sides expand to the same" in same.certificates()
    put = Derivation("put")
    name = put.given(x, "=", y, "a name")
    put.start(x**2).equal(y**2, "put in", put=[name])
    assert r"\text{puts in (a name)}" in put.certificates()


def test_powers_leave_a_sum_and_zero_is_among_their_bases():
    weighted = sp.Sum(X ** (T - t) * h[t], (t, 1, T))
    d = Derivation("one more", sp.Sum(X ** (T + 1 - t) * h[t], (t, 1, T + 1)))
    d.equal(X * weighted + h[T + 1], "the last term apart")
    # Of the powers of 0 only the one with exponent 0 is left, which is 1: the last term.
    assert str(d.at({X: sp.Integer(0)})) == "Sum(0**(T - t + 1)*h[t], (t, 1, T + 1)) = h[T + 1]"


def test_a_relation_is_summed_over_what_stands_for_its_index():
    d = Derivation("powers")
    below = d.given(X, "<=", 1, "the hypothesis")
    each = powers_at_most_one().at(given=[below])
    d.start(sp.Sum(X ** (T - t), (t, 1, T))).at_most(T, "each", using={each.sum(t, 1, T, at={n: T - t}): 1})
    assert says(d.result) == "Sum(X**(T - t), (t, 1, T)) <= T"
    with pytest.raises(Unproved, match="stands for n, which is non-negative; that is not seen of it"):
        each.sum(t, 1, T, at={n: T - t - 1})
    with pytest.raises(Unproved, match="only an Index outside a case or an induction"):
        each.sum(t, 1, T, at={X: T - t})
