"""Every forgery is false, by exact arithmetic outside the checker, and is refused; true statements like them are accepted."""

import pytest
import sympy as sp

from lecture_optim.derivation import Derivation, Mean, Unproved, between, expect, integer_split, zero_or_positive

from .forgeries import FORGERIES, A, H, P, T, U, V, X, Y, c, d_, doubled, g, h, k, n, s, scaled, t, total, w, x, y, z


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda f: f.name)
def test_a_false_statement_is_refused(forgery, record_property):
    assert forgery.refuted(), "the statement does not fail at the point given"
    with pytest.raises(forgery.error or Unproved):
        forgery.attempt(forgery.left, forgery.right)
    record_property("forgeries", 1)


def test_the_forgeries_are_many_and_each_is_another():
    assert len({f.name for f in FORGERIES}) == len(FORGERIES) >= 100


# -------------------------------------------------------------------------------------------------------------- their true twins

TWINS = []


def twin(left, op, right):
    """Register a true statement with the proof below it."""

    def register(prove):
        TWINS.append(pytest.param(sp.sympify(left), op, sp.sympify(right), prove, id=prove.__name__))
        return prove

    return register


@twin(y, "=", z)
def divided_by_what_is_positive(left, right):
    d = Derivation("t")
    same = d.given(c * y, "=", c * z, "")
    return d.start(left).equal(right, "", using={same: 1 / c}).result


@twin(sp.sqrt(x**2 * c), "=", sp.Abs(x) * sp.sqrt(c))
def sign_kept_under_a_root(left, right):
    return Derivation("t", left).equal(right, "").result


@twin(sp.log(c * d_), "=", sp.log(c) + sp.log(d_))
def logarithm_of_positive_factors(left, right):
    return Derivation("t", left).equal(right, "").result


@twin(sp.exp(x + y) * c ** (n + 1), "=", c * c**n * sp.exp(y) * sp.exp(x))
def powers_of_sums(left, right):
    return Derivation("t", left).equal(right, "").result


@twin(0, "<", x**2 + 1)
def strictly_positive(left, right):
    return Derivation("t", left).at_most(right, "", gap=right, strict=True).result


@twin(sp.Max(x, y), "=", y)
def maximum_by_the_right_relation(left, right):
    d = Derivation("t")
    less = d.given(x, "<=", y, "")
    return d.start(left).equal(right, "", knowing=[less]).result


@twin(3, "<=", 6)
def lemma_for_a_positive_number(left, right):
    return doubled().at({X: 3})


@twin(3 * x, "<=", 3 * (x + 1))
def scaled_by_a_positive_number(left, right):
    less = Derivation("less", x).at_most(x + 1, "", gap=1).at()
    return scaled().at({c: 3, y: x + 1}, given=[less])


@twin(total(sp.Abs(h[t])), "=", total(h[t]))
def hypothesis_that_holds_at_every_index(left, right):
    lemma = Derivation("lemma")
    plain = lemma.given(sp.Abs(h[t]), "=", h[t], "")
    lemma.start(left).equal(right, "", using={plain.sum(t, 1, T): 1})
    d = Derivation("t")
    sign = d.given(0, "<=", h[t], "")
    return d.start(left).equal(right, "", using={lemma.at(given=[sign]): 1}).result


@twin(0, "<", total(P[t]))
def sum_of_at_least_one_positive(left, right):
    return Derivation("t", left).at_most(right, "", gap=right, strict=True).result


@twin(total(H[t] * g[t]), "<=", total(H[t] * w[t]))
def sum_with_factors_of_known_sign(left, right):
    d = Derivation("t")
    less = d.given(g[t], "<=", w[t], "")
    return d.start(left).at_most(right, "", using={less.sum(t, 1, T, H[t]): 1}).result


@twin(total(h[t + 1] - h[t]), "=", h[T + 1] - h[1])
def telescope(left, right):
    d = Derivation("t").induct(
        T, left, "=", right,
        lambda chain: chain.equal(h[2] - h[1], ""),
        lambda chain, hypothesis: chain.equal(h[T + 2] - h[1], "", using={hypothesis: 1}),
    )  # fmt: skip
    return d.result


@twin(n, "<=", n + 2)
def on_after_an_induction(left, right):
    d = Derivation("t").induct(
        n, n, "<=", n + 1,
        lambda chain: chain.at_most(1, "", gap=1, strict=True),
        lambda chain, hypothesis: chain.at_most(n + 2, "", using={hypothesis: 1}),
    )  # fmt: skip
    return d.at_most(right, "", gap=1).result


@twin(sp.Sum(h[s], (s, 1, t), (t, 1, T)) - sp.Sum(h[s], (s, 1, t - 1), (t, 1, T)), "=", total(h[t]))
def last_terms_of_inner_ranges(left, right):
    return Derivation("t", left).equal(right, "").result


@twin(sp.Sum(A[s + t], (s, 1, k), (t, 1, T)), "=", sp.Sum(A[s + t], (t, 1, T), (s, 1, k)))
def sum_put_into_a_sum(left, right):
    same = Derivation("same", total(h[s], index=s)).equal(total(h[t]), "")
    inner = same.at({h: sp.Lambda(t, total(A[s + t], k, index=s))})
    return Derivation("t", left).equal(inner.left, "").equal(right, "", using={inner: 1}).result


@twin(total(sp.Abs(x) * H[t]), "=", sp.Abs(x) * total(H[t]))
def condition_on_what_a_sum_does_not_bind(left, right):
    def block(sign):
        return lambda chain, local: chain.equal(sign * x * total(H[t]), "").equal(right, "")

    return Derivation("t", left).cases(right, between(x, 0), [block(-1), block(1)]).result


@twin(n * (n - 1), ">=", 0)
def whole_number_split(left, right):
    blocks = [
        lambda chain, low: chain.at_least(0, "", gap=n**2, using={low: 1}),
        lambda chain, high: chain.at_least(0, "", using={high: n}),
    ]
    return Derivation("t", left).cases(right, integer_split(n, 0), blocks).result


@twin(0, "<=", X * Y)
def zero_or_positive_of_a_root(left, right):
    blocks = [
        lambda chain, zero: chain.at_most(right, "", gap=right),
        lambda chain, more: chain.at_most(right, "", using={more: Y}),
    ]
    return Derivation("t", left).cases(right, zero_or_positive(X), blocks).result


@twin(Mean(U) ** 2, "<=", Mean(U**2))
def square_of_a_mean(left, right):
    variance = Derivation("variance", sp.S.Zero).at_most((U - Mean(U)) ** 2, "", gap=(U - Mean(U)) ** 2).at()
    return Derivation("t", left).at_most(right, "", using={expect(variance, U, U**2): 1}).result


@twin(Mean(U), "=", y * Mean(V))
def fixed_factor_taken_out_by_a_lemma(left, right):
    lemma = Derivation("lemma")
    product = lemma.given(U, "=", x * V, "")
    lemma.start(Mean(U)).equal(x * Mean(V), "", using={expect(product, U, V): 1})
    d = Derivation("t")
    product = d.given(U, "=", y * V, "")
    return d.start(left).equal(right, "", using={lemma.at({x: y}, given=[product]): 1}).result


@twin(Mean(U**2), "=", Mean(V**2))
def sure_equality_put_into_a_mean(left, right):
    d = Derivation("t")
    same = d.given(U, "=", V, "")
    return d.start(left).equal(right, "", put=[same]).result


@pytest.mark.parametrize(("left", "op", "right", "prove"), TWINS)
def test_a_true_statement_is_accepted(left, op, right, prove):
    proved = prove(left, right)
    assert (proved.left, proved.op, proved.right) == (left, op, right)
