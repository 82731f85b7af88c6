"""The AdaGrad theorem: its bounds against plain arithmetic, the wrong lines refused, the constants exact, the figures' data."""

import ast
import inspect
import itertools
import math
import textwrap
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.derivation import Unproved
from lecture_optim.derivation.language import Term
from lecture_optim.plots.adagrad import theorem as plots
from lecture_optim.proofs import adagrad as proofs

NUMBERS = st.floats(-100, 100, allow_nan=False)


def plain_run(g, w, a, b, c, eps=0.0):
    """AdaGrad in [a, b], one coordinate, written out: the iterates before each step."""
    path, S = [], eps**2
    for x in g:
        path.append(w)
        S += x * x
        w = min(max(w - (c * x / math.sqrt(S) if S else 0.0), a), b)
    return path, S - eps**2


def plain_regret(g, path, u):
    return sum(x * (w - u) for x, w in zip(g, path, strict=True))


# ------------------------------------------------------------------------------------------------------------------ the theorem


@given(
    st.lists(NUMBERS, min_size=1, max_size=30),
    st.floats(-3, 3),
    st.floats(0.01, 5),
    st.floats(0.01, 10),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_one_coordinate(g, a, W, c, start, end):
    b = a + W
    path, S = plain_run(g, a + start * W, a, b, c)
    bound = (W**2 / (2 * c) + c) * math.sqrt(S)
    assert plain_regret(g, path, a + end * W) <= bound * (1 + 1e-9) + 1e-9
    assert all(a - 1e-12 <= w <= b + 1e-12 for w in path)


def test_gradients_may_answer_the_iterate():
    """The opponent sees w_t and pushes it towards 0, or away; the bound holds against every corner."""
    rng = np.random.default_rng(5)
    for sign in (1.0, -1.0):
        w, S, paid, total = np.full(4, 0.3), np.zeros(4), 0.0, np.zeros(4)
        for _ in range(200):
            g = sign * np.sign(w) * rng.exponential(size=4) ** 3
            paid, total, S = paid + g @ w, total + g, S + g * g
            w = np.clip(w - math.sqrt(2) * g / np.sqrt(S), -1, 1)
        assert paid + np.abs(total).sum() <= 2 * math.sqrt(2) * np.sqrt(S).sum()


def test_a_comparator_outside_the_box_is_not_covered():
    g = [-1.0] * 100
    path, S = plain_run(g, 0.0, -1, 1, math.sqrt(2))
    assert plain_regret(g, path, 10.0) > 2 * math.sqrt(2) * math.sqrt(S)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.floats(0.01, 10), st.floats(-1, 1), st.floats(-1, 1))
def test_epsilon(g, eps, start, u):
    path, S = plain_run(g, start, -1, 1, math.sqrt(2), eps)
    bound = 2 * math.sqrt(2) * math.sqrt(eps**2 + S) - math.sqrt(2) * eps
    assert plain_regret(g, path, u) <= bound * (1 + 1e-9) + 1e-9
    assert bound <= 2 * math.sqrt(2) * math.sqrt(S) + math.sqrt(2) * eps + 1e-9


def test_what_the_derivations_say():
    t, T, i, d = (str(s) for s in (proofs.t, proofs.T, proofs.i, proofs.dim))
    left = f"Sum((-u[{i}] + w[{t}, {i}])*g[{t}, {i}], ({i}, 1, {d}), ({t}, 1, {T})) <= "
    assert str(proofs.theorem().result) == left + "2*sqrt(2)*D*Sum(sqrt(S[T, i]), (i, 1, d))"
    assert str(proofs.box().result).startswith(left)
    # The four hypotheses, in 2, 1, 2 and 4 relations, and the name A.
    assert len(proofs.theorem().givens) == len(proofs.box().givens) == 10
    assert len(proofs.epsilon().givens) == 10  # the quotient is a name too
    assert len(proofs.stochastic().givens) == 12  # without A; 5 is one relation, 6 is two
    assert len(proofs.stochastic_average().givens) == 13
    assert proofs.stochastic_average().result.right == proofs.stochastic().result.right
    assert not proofs.mean_root().givens and not proofs.best_c().givens
    right = "sqrt(2)*d*D*epsilon + 2*sqrt(2)*D*Sum(sqrt(S[T, i]), (i, 1, d))"
    assert str(proofs.epsilon().result) == left + right  # the bound without epsilon, and the term that it costs
    assert str(proofs.mean_root().result) == "E[sqrt(S)] <= sqrt(E[S])"


HYPOTHESES = {  # the lemma that misses it, and what that lemma says is missing
    "first": ("sum of ratios", "S[0] = 0"),
    "grows": ("larger", "S[t + 1] = S[t] + g[t + 1]**2"),
    "quotient": ("one step", "sqrt(S[t])*r[t] = g[t]"),
    "update": ("stays above", "w[t + 1] = Min(b, Max(a, -c*r[t] + w[t]))"),
    "begin": ("stays above", "a <= w[1]"),
    "points": ("order", "a <= u"),
}


@pytest.mark.parametrize("left_out", HYPOTHESES)
def test_a_hypothesis_less_is_refused(left_out):
    """The derivation itself, with one hypothesis left out; with all of them it is accepted."""
    lemma, missed = HYPOTHESES[left_out]
    with pytest.raises(Unproved) as error:
        proofs.to_the_end(proofs.Derivation("shortened"), without=left_out)
    assert str(error.value).startswith(f"{lemma}: use: its hypothesis {missed} (")
    whole = proofs.to_the_end(proofs.Derivation("whole"))
    assert str(whole.result) == str(proofs.coordinate().result) and len(whole.givens) == 8


def test_the_page_shows_three_refusals(page, capsys):
    for left_out in ("points", "grows", "first"):
        page["attempt"](page["shortened"], left_out)
        shown = " ".join(capsys.readouterr().out.split())
        assert shown.startswith(HYPOTHESES[left_out][0]) and HYPOTHESES[left_out][1] in shown


def test_what_becomes_of_the_statement_without_a_hypothesis():
    """Without growth of the sum it is false; without its start at 0 it is true, by more than before."""
    g, S, w, u, c = [1.0, 0.0], [1.0, 0.01], 1.0, -1.0, math.sqrt(2)
    regret = 0.0
    for x, s in zip(g, S, strict=True):
        regret += x * (w - u)
        w = min(max(w - c * x / math.sqrt(s), -1), 1)
    bound = 2 * math.sqrt(2) * math.sqrt(S[-1])
    assert regret == 2 > bound == pytest.approx(2 * math.sqrt(2) / 10)
    with_start = proofs.ratios_from().result.right  # 2 sqrt(S_T) - 2 s_0
    assert str(with_start) == "-2*s_0 + 2*sqrt(S[T])"


@pytest.mark.parametrize("weakened", ["grows", "quotient", "update", "begin", "points"])
def test_no_hypothesis_is_idle(weakened):
    """Each hypothesis that the proof hands over is missed where only less than it is given."""
    source = textwrap.dedent(inspect.getsource(proofs.one_coordinate))
    changed = source.replace("def one_coordinate", "def changed")
    less = {
        "grows": ('S[t], "=", S[t - 1] + g[t] ** 2', 'S[t], "<=", S[t - 1] + g[t] ** 2'),
        "quotient": ('r[t] * sp.sqrt(S[t]), "=", g[t]', 'r[t] * sp.sqrt(S[t]), "<=", g[t]'),
        "update": ('W[t + 1], "=", sp.Min', 'W[t + 1], "<=", sp.Min'),
        "begin": ('given("begin", a, "<=", W[1]', 'given("begin", a, "<=", W[2]'),
        "points": ('given("points", u, "<=", b', 'given("points", u, "<=", b + 1'),
    }[weakened]
    assert changed.count(less[0]) == 1
    names = dict(vars(proofs))
    exec(changed, names)
    names["changed"](proofs.Derivation("as it is"))
    exec(changed.replace(*less), names)
    with pytest.raises(Unproved):
        names["changed"](proofs.Derivation("weakened"))


def test_a_line_taken_to_pieces(page):
    """The last line of the chain, and the square in the last step of a single ratio, by plain numbers."""
    c, total, S, before = 1.7, 3.1, 4.0, 2.5
    last = proofs.coordinate().steps[-1]
    assert str(page["earlier"]) == "Sum(g[t]*r[t], (t, 1, T)) <= 2*sqrt(S[T])" and page["factor"] != 0
    assert list(last.using.values()) == [proofs.c / 2] and last.gap == 0

    def number(e):
        e = e.replace(lambda x: isinstance(x, sp.Sum), lambda x: sp.Float(total))
        return float(e.replace(lambda x: isinstance(x, Term), lambda x: sp.Float(S)).subs(proofs.c, c))

    assert number(page["difference"]) == pytest.approx(c / 2 * (2 * math.sqrt(S) - total))
    assert number(page["added"]) == pytest.approx(number(page["difference"]))
    new, old, gap = 2 * (math.sqrt(S) - math.sqrt(before)), (S - before) / math.sqrt(S), (math.sqrt(S) - math.sqrt(before)) ** 2
    assert new - old == pytest.approx(gap / math.sqrt(S))
    shown = page["chain"].steps[-1]
    assert str(page["case"]) == "0 < S[t]" and not shown.using
    assert str(shown.gap) == "(sqrt(S[t]) - sqrt(S[t - 1]))**2/sqrt(S[t])"


def test_the_map_is_that_of_the_proof():
    """The arrows of the figure are read off the code of the proof: what is handed to each lemma."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(proofs.one_coordinate)))
    parts = set(plots.STEPS) | {"grows", "quotient", "update", "begin", "points"}
    found = {}
    for line in ast.walk(tree):
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id in plots.STEPS:
            used = [
                n.id
                for key in ast.walk(line.value)
                if isinstance(key, ast.keyword)
                for n in ast.walk(key.value)
                if isinstance(n, ast.Name)
            ]
            found[line.targets[0].id] = {name for name in used if name in parts}
    assert found == {name: set(sources) for name, sources in plots.STEPS.items()}
    data, axes = plots.proof_map()
    assert len(axes.texts) - len(plots.BOXES) == len(data["arrows"]) == 14
    assert {name for arrow in data["arrows"] for name in arrow} == set(plots.BOXES)


# ------------------------------------------------------------------------------------------------------------- the wrong proof


def refusal(make):
    with pytest.raises(Unproved) as error:
        make()
    return str(error.value)


def test_the_printed_lines_are_refused_and_the_true_ones_accepted(page):
    D = page["D"]
    refused = refusal(lambda: page["distance"](D))
    assert "what is left is -3*D**2" in refused and "it is false" in refused
    assert page["distance"](2 * D).op == "<="
    assert "what is left is sqrt(S)*(-2 + sqrt(2))" in refusal(lambda: page["integral"](lambda S: sp.sqrt(2 * S)))
    assert page["integral"](lambda S: 2 * sp.sqrt(S))
    refused = refusal(lambda: page["ratios"](4))
    assert "is not seen to be >= 0; it is false: g1 = 1, g2 = 1, g3 = 1, g4 = 2" in refused
    assert "it is false" not in refusal(lambda: page["ratios"](3))
    assert math.isclose(
        page["ratio_sum"](1, 1, 1, 2), (1 + 1 / math.sqrt(2) + 1 / math.sqrt(3) + 4 / math.sqrt(7)) / math.sqrt(7)
    )
    assert page["ratio_sum"](1, 1, 1, 2) > math.sqrt(2)
    assert page["one"].regret == 2.0


def test_what_the_printed_steps_would_give(page):
    assert float(page["factor"]) == pytest.approx(2 * math.sqrt(2))  # the last row
    assert 1 / (2 * math.sqrt(2)) + 1 == pytest.approx(1.3536, abs=5e-5)
    assert 1 / (2 * math.sqrt(2)) + math.sqrt(2) < 2  # refuted by one step
    row = 4 / (2 * math.sqrt(2)) + 1
    assert page["found"][page["horizons"] == 20] < row < page["found"][page["horizons"] == 32]


# ------------------------------------------------------------------------------------------------------------------- on average


def test_the_average_bound_by_counting_all_paths():
    """A loss 0.2 w, gradients 3 or -1, five steps: all 32 paths with their probabilities."""
    values, chances, u = (3.0, -1.0), (0.3, 0.7), -1.0
    excess = root = square = 0.0
    for path in itertools.product((0, 1), repeat=5):
        p = math.prod(chances[k] for k in path)
        iterates, S = plain_run([values[k] for k in path], 1.0, -1, 1, math.sqrt(2))
        excess += p * sum(0.2 * (w - u) for w in iterates)
        root, square = root + p * math.sqrt(S), square + p * S
    assert 0 < excess <= 2 * math.sqrt(2) * root <= 2 * math.sqrt(2) * math.sqrt(square)
    assert square == pytest.approx(5 * (0.3 * 9 + 0.7))


# ----------------------------------------------------------------------------------------------------------- the best constants


def test_the_constants_of_the_ratios(page):
    M = [Fraction(1)]
    while len(M) < 9:
        M.append(1 + M[-1] ** 2 / 4)
    np.testing.assert_allclose(page["sharp_constants"](9), [float(m) for m in M], rtol=1e-15)
    assert [m**2 < 2 for m in M] == [True] * 3 + [False] * 6
    assert all(2 - Fraction(4, T + 3) <= m < 2 for T, m in enumerate(M, start=1))
    for T in (1, 2, 3, 7, 30):
        assert page["ratio_sum"](*page["worst_for_ratios"](T)) == pytest.approx(page["sharp_constants"](T)[-1], rel=1e-12)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=12))
def test_no_gradients_have_a_larger_sum_of_ratios(g):
    M = 1.0
    for _ in g[1:]:
        M = 1 + M * M / 4
    S = np.cumsum(np.square(g))
    assert np.sum(np.square(g) / np.sqrt(S)) <= M * math.sqrt(S[-1]) * (1 + 1e-12)


def test_the_worst_four_gradients(page):
    S = [Fraction(7921, 16384)]
    S = [Fraction(25, 64) * S[0] / 4, Fraction(25, 64) * S[0], S[0], Fraction(1)]
    squares = [float(b - a) for a, b in itertools.pairwise([Fraction(0), *S])]
    assert squares == pytest.approx([0.047, 0.142, 0.295, 0.517], abs=6e-4)
    assert [x / squares[0] for x in squares] == pytest.approx([1, 3, 6.2, 10.9], abs=0.06)
    assert [x / 16 for x in (16, 49, 100, 169)] == pytest.approx([1, 3.1, 6.2, 10.6], abs=0.06)
    most = page["sharp_constants"](4)[-1]
    found = page["ratio_sum"](4, 7, 10, 13)
    assert math.sqrt(2) < page["ratio_sum"](1, 1, 1, 2) < page["ratio_sum"](1, 2, 2, 3) < found < most < found + 1e-4


def test_outside_the_box_the_bound_fails_for_every_horizon():
    for T in (1, 2, 10, 1000):
        path, S = plain_run([-1.0] * T, 0.0, -1, 1, math.sqrt(2))
        assert plain_regret([-1.0] * T, path, 10.0) >= 9 * T > 2 * math.sqrt(2) * math.sqrt(S)


def test_the_best_c_is_that_of_the_worst_case(page):
    """At 128 steps the worst ratio found is least at the best c, and everywhere below the bound."""
    k, found = page["times"], page["by_horizon"]
    assert k[np.argmin(found[128])] == 1
    assert all(np.all(r <= math.sqrt(2) * (k + 1 / k)) for r in found.values())
    assert np.all(found[4] < found[32]) and np.all(found[32] < found[128])


# --------------------------------------------------------------------------------------------------------- the bound is attained


def test_hover_and_fall(page):
    """The run keeps to the plan, its regret is at least the formula's, and rises towards the bound."""
    last = 0.0
    for c, m in ((math.sqrt(2), 5), (math.sqrt(2), 20), (0.7, 8), (3.0, 10)):
        N = 4 * m * m
        g = page["hover_and_fall"](c, m, N)
        path, S = plain_run(g, 1.0, -1, 1, c)
        W, rho = 2.0, 2 / (c * m)
        q = math.sqrt(1 - rho**2)
        assert min(path[: 2 * N + 2]) == pytest.approx(1 - W / m, abs=1e-6)
        assert path[-1] == pytest.approx(-1 + W / m, abs=1e-6)
        s = q ** (-2 * N)
        formula = q**m * ((c - (1 - q) * W / rho) * (1 - 1 / s) + (1 + 1 / m) * W**2 / (2 * c) - W / s)
        value = plain_regret(g, path, -1.0) / math.sqrt(S)
        assert formula * (1 - 1e-9) <= value <= W**2 / (2 * c) + c
        last = value if c == math.sqrt(2) else last
    assert last > 2.7


def test_short_games(page):
    found, improved = page["found"], page["improved"]
    assert np.all(np.diff(found) > 0) and np.all(found <= improved + 1e-12)
    assert found[0] == pytest.approx(2.0) and found[-1] > 2.7
    # Two steps, by brute force over the second gradient, the start and the first sign.
    w = np.linspace(-1, 1, 401)[:, None]
    y = np.linspace(-1, 1, 801)
    second = np.clip(w - math.sqrt(2), -1, 1)
    two = (w + 1) * np.sqrt(1 - y * y) + y * (second + 1)
    assert found[1] == pytest.approx(two.max(), abs=3e-3)


def test_the_search_found_hovering_and_falling(page):
    saw = page["saw"]
    w, ratio = saw["w"], saw["regret"] / np.sqrt(saw["s"])
    assert ratio[-1] == ratio.max() == pytest.approx(2.576, abs=2e-3)
    back = np.flatnonzero(np.isclose(w, 1))
    assert len(back) == 13 and np.all(w[back[-1] + 1 :] < 0.2) and np.all(np.diff(w[back[-1] :]) < 0)
    lowest = [w[a:b].min() for a, b in itertools.pairwise(back)]
    assert np.median(np.diff(lowest)) > 0  # the saw's teeth become smaller


# ------------------------------------------------------------------------------------------------------- streams and figures


def test_what_is_said_of_the_streams(page):
    results = page["results"]
    for players in results.values():
        for run in players.values():
            last = run["regret"][-1], run["bound"][-1]
            assert np.all(last[0] <= last[1])
        for name in ("adagrad", "adagrad_norm", "sgd"):
            assert np.all(players[name]["regret"] <= players[name]["bound"])
        bounds = {name: run["bound"][-1].mean() for name, run in players.items()}
        assert min(bounds, key=bounds.get) == "adagrad"
        ratio = np.mean(players["adagrad"]["bound"][-1] / players["adagrad"]["regret"][-1])
        assert 2.5 < ratio < 3.7
    last = {s: {name: run["regret"][-1] for name, run in players.items()} for s, players in results.items()}
    for stream in ("coins", "words"):
        np.testing.assert_allclose(last[stream]["adagrad_norm"], last[stream]["sgd"], rtol=1e-9)
    assert all(last["words"]["adagrad"].mean() < 0.5 * last["words"][name].mean() for name in ("sgd", "sgd, fixed"))
    assert all(
        last["paragraphs"]["adagrad"].mean() < last["paragraphs"][name].mean() for name in ("adagrad_norm", "sgd", "sgd, fixed")
    )
    text = results["paragraphs"]["sgd"]
    assert 45 < np.mean(text["bound"][-1] / text["regret"][-1]) < 60
    coins = last["coins"]
    assert abs(coins["adagrad"].mean() - coins["sgd"].mean()) < 3 * coins["sgd"].std(ddof=1) / math.sqrt(10)


def test_regret_on_text_by_dense_arithmetic(page):
    """Fifty paragraphs with plain vectors."""
    text, order = page["text"], page["orders"][0][:50]
    regret, roots, norm = page["on_text"](page["in_box"](math.sqrt(2)), order)
    w, S, total, paid, squares = (np.zeros(text.d) for _ in range(3)), None, None, 0.0, 0.0
    w, S, total = w
    for k in order:
        g = np.zeros(text.d)
        rows = text.row(k)
        y = text.labels[k]
        g[rows] = -y / (1 + math.exp(y * w[rows].sum()))
        paid, total, S, squares = paid + g @ w, total + g, S + g * g, squares + g @ g
        w = np.clip(w - math.sqrt(2) * np.divide(g, np.sqrt(S), out=np.zeros_like(g), where=S > 0), -1, 1)
    assert regret[-1] == pytest.approx(paid + np.abs(total).sum(), rel=1e-9)
    assert roots[-1] == pytest.approx(np.sqrt(S).sum(), rel=1e-9) and norm[-1] == pytest.approx(math.sqrt(squares), rel=1e-9)


def test_what_is_said_of_norms_and_walls(page):
    walls = page["walls"]
    assert page["G"] == pytest.approx(math.sqrt(239)) and 15 < page["G"] < 16
    assert all(0.7 < norm < 1.05 for norm, _ in walls.values())
    assert 1 / 3 < walls["adagrad_norm"][1] < 0.4 and 0.3 < walls["adagrad"][1] < 0.35
    assert 0.04 < walls["sgd"][1] < 0.06


def test_walls_by_dense_arithmetic(page):
    """Forty paragraphs of AdaGrad with plain vectors."""
    text, order = page["text"], page["orders"][0][:40]
    norm, share = page["at_the_walls"](page["in_box"](math.sqrt(2)), order)
    w, S, norms, ends = np.zeros(text.d), np.zeros(text.d), [], []
    for k in order:
        rows, g = text.row(k), np.zeros(text.d)
        g[rows] = -text.labels[k] / (1 + math.exp(text.labels[k] * w[rows].sum()))
        S += g * g
        w = np.clip(w - math.sqrt(2) * np.divide(g, np.sqrt(S), out=np.zeros_like(g), where=S > 0), -1, 1)
        norms.append(np.linalg.norm(g))
        ends += [abs(w[i]) == 1 for i in rows]
    assert norm == pytest.approx(np.mean(norms), rel=1e-9) and share == pytest.approx(np.mean(ends), abs=0.01)


def test_the_players_have_no_epsilon(page):
    """A gradient of 1e-12 moves as far as one of 1."""
    for name in ("adagrad", "adagrad_norm"):
        far = []
        for size in (1.0, 1e-12):
            o, w = page["players"](1, 1.0, 10)[name], np.array([1.0])
            o.step(w, np.array([size]), o.init(w))
            far.append(w[0])
        assert far[0] == pytest.approx(1 - math.sqrt(2), rel=1e-9) == far[1]


def test_figures_draw_what_they_return():
    data, axes = plots.worst_case([1, 10, 100, 1000], [2.0, 2.2, 2.4, 2.5], [2.1, 2.3, 2.5, 2.6], 2.8)
    assert [line.get_ydata().tolist() for line in axes.lines[:2]] == [data["improved"].tolist(), data["found"].tolist()]
    data, axes = plots.price_of_c([0.5, 1, 2], [3.5, 2.8, 3.5], {4: [2.6, 2.1, 2.4], 9: [3.0, 2.5, 3.1]})
    assert [line.get_ydata().tolist() for line in axes.lines] == [
        data["bound"].tolist(),
        *(r.tolist() for r in data["found"].values()),
    ]
    run = {"t": np.array([10, 20]), "regret": np.array([[1.0, 3.0], [2.0, 4.0]]), "bound": np.array([[5.0, 5.0], [7.0, 7.0]])}
    data, axes = plots.regret_and_bound({"a": {"adagrad": run, "sgd, fixed": run}, "b": {"adagrad": run}})
    assert data["a"]["adagrad"]["regret"].tolist() == axes[0, 0].lines[0].get_ydata().tolist() == [2.0, 3.0]
    assert data["b"]["adagrad"]["bound"].tolist() == axes[1, 1].lines[0].get_ydata().tolist() == [5.0, 7.0]
    data, axes = plots.hover([1.0, 0.5], [2.0, 3.0], [1.0, 4.0], 2.8)
    assert axes[1].lines[0].get_ydata().tolist() == data["ratio"].tolist() == [2.0, 1.5]
