"""Regret and projection: statements on the functions that run and by exhaustion, the data of figures, the proofs' form."""

import itertools
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import rules
from lecture_optim.derivation import Family
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.adagrad import regret as plots
from lecture_optim.projections import ball, box
from lecture_optim.proofs import regret

NUMBERS = st.floats(-1e3, 1e3)
VECTORS = st.lists(NUMBERS, min_size=3, max_size=3).map(np.array)


# ---------------------------------------------------------------- regret


def quadratic_losses(z):
    return lambda t, w: (0.5 * (w - z[t - 1]) ** 2, w - z[t - 1])


def test_play_counts_the_regret_of_the_definition():
    z = np.array([1.0, -1.0, 0.5])
    run = play(optimizer(rules.sgd, lr=0.5), quadratic_losses(z), 0.0, 3, comparator=0.25, record=("w", "regret"))
    assert run["w"][:2].tolist() == [0.0, 0.5]
    paid = [0.5 * (v - a) ** 2 - 0.5 * (0.25 - a) ** 2 for v, a in zip(run["w"], z, strict=True)]
    np.testing.assert_allclose(run["regret"], np.cumsum(paid), rtol=1e-12)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.floats(-1, 1))
def test_tangents_are_the_harder_losses(z, u):
    run = play(
        optimizer(rules.sgd, lr=0.3, project=box(-1, 1)), quadratic_losses(z), 0.0, len(z), comparator=u, record=("w", "g")
    )
    assert run.regret <= np.sum(run["g"] * (run["w"] - u)) + 1e-12


def sign_paths(T):
    """All sequences of T signs, as (T, 2^T, 1)."""
    return np.array(list(itertools.product([-1.0, 1.0], repeat=T))).T[..., None]


@pytest.mark.parametrize("u", [-1.0, 0.0, 0.3, 1.0])
def test_from_regret_to_a_point_on_every_path_of_coins(u):
    """The loss |w - 0.3| with gradients that a coin disturbs: means over all 2^9 paths are exact."""
    T, coins = 9, sign_paths(9)
    run = play(
        optimizer(rules.adagrad_norm, lr=np.sqrt(2), eps=0.0, project=box(-1, 1)),
        lambda t, w: (0.0 * w[:, 0], np.sign(w - 0.3) + 2 * coins[t - 1]),
        np.zeros((2**T, 1)),
        T,
        record=("w", "g"),
    )
    regrets = np.sum(run["g"] * (run["w"] - u), axis=(0, 2))
    bound = 2 * np.sqrt(2) * np.sqrt(np.sum(run["g"] ** 2, axis=(0, 2)))
    assert np.all(regrets <= bound)

    def excess(w):
        return np.abs(w - 0.3).mean() - abs(u - 0.3)

    at_average = excess(run["w"].mean(axis=0))
    on_the_way = excess(run["w"])
    tolerance = 1e-12
    assert at_average <= on_the_way + tolerance and on_the_way <= regrets.mean() / T + tolerance
    assert at_average <= bound.mean() / T


# ---------------------------------------------------------------- projection


@given(VECTORS, VECTORS, st.sampled_from(["ball", "box"]))
def test_projections_move_nearer(x, u, kind):
    project = ball(2.0) if kind == "ball" else box(-2.0, 2.0)
    u, p = project(u), project(x)
    size = 1 + np.linalg.norm(x)
    assert (x - p) @ (u - p) <= 1e-9 * size**2
    assert np.linalg.norm(p - u) <= np.linalg.norm(x - u) + 1e-9 * size


def test_the_projection_needs_its_hypotheses():
    assert abs(box(0.0, 1.0)(2.0) - 3.0) > abs(2.0 - 3.0)  # u outside
    data, _ = plots.projections(ball(1.0), *map(np.array, ([1.4, 0.8], [0.1, -0.8], [0.25, 0.1], [-0.8, 0.6])))
    assert data["inner"] <= 0 and np.linalg.norm(data["p"]) == pytest.approx(1)
    assert data["after"][0] < data["before"][0] and data["after"][1] > data["before"][1]


def test_the_share_of_the_way_decides():
    """With lambda of the text, p + lambda (u - p) is nearer to x whenever the inner product is positive."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        x, p, u = rng.normal(size=(3, 4)) * rng.choice([0.01, 1, 100])
        inner, far = (x - p) @ (u - p), np.sum((u - p) ** 2)
        share = abs(inner) / (abs(inner) + far + 1)
        assert 0 <= share < 1
        if inner > 0:
            assert np.linalg.norm(x - p - share * (u - p)) < np.linalg.norm(x - p)


# ---------------------------------------------------------------- the lemmas, with numbers


@given(NUMBERS, NUMBERS, st.floats(0.1, 10), st.floats(-1, 1), st.floats(-1, 1))
def test_one_step_in_numbers(r, s, c, w, u):
    s = abs(s)
    g, p = r * s, box(-1.0, 1.0)(w - c * r)
    right = s / (2 * c) * ((w - u) ** 2 - (p - u) ** 2) + c / 2 * g * r
    assert g * (w - u) <= right + 1e-9 * (1 + abs(right) + abs(g) + s * (1 + abs(c * r)) ** 2 / c)


def test_falling_weights_break_the_bound():
    M, h, A = 1.0, np.array([3.0, 1.0]), np.array([1.0, 0.0, 1.0])
    assert np.sum(h * (A[:-1] - A[1:])) == 2 * M * h[-1]
    assert 3 * (1 - 0) + 1 * (0 - 0) == 3  # the exercise: the rises' bound is attained


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1)), min_size=1, max_size=20), st.floats(0, 1))
def test_monotone_weights_in_numbers(pairs, last):
    h = np.cumsum([rise for rise, _ in pairs])
    A = np.array([*(a for _, a in pairs), last])
    assert np.sum(h * (A[:-1] - A[1:])) <= h[-1] + 1e-9


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_sum_of_ratios_in_numbers(g):
    g = np.where(np.abs(g) < 1e-6, 0.0, g)
    S = np.cumsum(g**2)
    assert np.sum(g * rules.ratio(g, np.sqrt(S))) <= 2 * np.sqrt(S[-1]) * (1 + 1e-12)


def test_the_printed_value_of_the_integral_is_too_small():
    squares = sp.Matrix([1, 3, 6, 11])
    sums = [1, 4, 10, 21]
    bars = sum(sp.Integer(a) / sp.sqrt(s) for a, s in zip(squares, sums, strict=True))
    assert (bars - sp.sqrt(42)).is_positive and (2 * sp.sqrt(21) - bars).is_positive


# ---------------------------------------------------------------- the bounds


def hostile(rng, kind):
    """Losses whose gradient answers the point: away from the origin, at random sizes, or the worse of the two signs."""

    def losses(t, w):
        size = 10.0 ** rng.uniform(-2, 2) if kind != "unit" else 1.0
        g = rng.normal(size=w.shape) if kind == "random" else np.sign(w) + (w == 0) * rng.choice([-1.0, 1.0], size=w.shape)
        g = -size * g / max(np.linalg.norm(g), 1e-12) * (-1 if kind == "push" else 1)
        return float(g @ w), g

    return losses


@pytest.mark.parametrize("kind", ["random", "push", "pull", "unit"])
@pytest.mark.parametrize("size", [1, 3])
def test_norm_adaptive_bound_against_hostile_gradients(kind, size):
    rng, D, T = np.random.default_rng(5), 1.5, 200
    for factor in (0.3, 1.0, 3.0):
        c = factor * np.sqrt(2) * D
        o = optimizer(rules.adagrad_norm, lr=c, eps=0.0, project=ball(D))
        run = play(o, hostile(rng, kind), np.zeros(size), T, record=("w", "g"))
        worst = np.sum(run["g"] * run["w"]) + D * np.linalg.norm(run["g"].sum(axis=0))
        bound = ((2 * D) ** 2 / (2 * c) + c) * np.sqrt(np.sum(run["g"] ** 2))
        assert worst <= bound * (1 + 1e-12)
        if factor == 1.0:
            assert bound == pytest.approx(2 * np.sqrt(2) * D * np.sqrt(np.sum(run["g"] ** 2)))


@pytest.mark.parametrize("kind", ["random", "unit"])
def test_descent_bounds(kind):
    rng, D, T, G = np.random.default_rng(6), 1.5, 200, 100.0 if kind == "random" else 1.0
    width = 2 * D
    for lr, bound in (
        (width / (G * np.sqrt(T)), width * G * np.sqrt(T)),
        (lambda t: width / (np.sqrt(2) * G * np.sqrt(t)), np.sqrt(2) * width * G * np.sqrt(T)),
    ):
        run = play(optimizer(rules.sgd, lr=lr, project=ball(D)), hostile(rng, kind), np.zeros(2), T, record=("w", "g"))
        worst = np.sum(run["g"] * run["w"]) + D * np.linalg.norm(run["g"].sum(axis=0))
        assert worst <= bound


def test_doubling():
    for k in range(15):
        blocks = sum(math.sqrt(2) ** j for j in range(k + 1))
        assert blocks <= math.sqrt(2) / (math.sqrt(2) - 1) * math.sqrt(2 ** (k + 1) - 1)


def test_losses_that_curve():
    """Descent with 1 / (H t) on H/2 |w - z_t|^2 against every fixed point."""
    rng, H, T = np.random.default_rng(7), 0.5, 300
    z = rng.uniform(-1, 1, size=(T, 2))
    o = optimizer(rules.sgd, lr=lambda t: 1 / (H * t), project=ball(1.5))
    u = z.mean(axis=0)
    run = play(
        o, lambda t, w: (H / 2 * np.sum((w - z[t - 1]) ** 2), H * (w - z[t - 1])), np.zeros(2), T, comparator=u, record=("g",)
    )
    G = np.linalg.norm(run["g"], axis=1).max()
    assert 0 <= run.regret <= G**2 / (2 * H) * np.sum(1 / np.arange(1, T + 1))


# ---------------------------------------------------------------- random signs


def test_mean_distance_of_a_walk_by_enumeration(page):
    for T in range(1, 13):
        mean = Fraction(sum(math.comb(T, k) * abs(2 * k - T) for k in range(T + 1)), 2**T)
        m = (T + 1) // 2
        assert mean == 2 * m * Fraction(math.comb(2 * m, m), 4**m)
        assert mean**2 >= Fraction(m) >= Fraction(T, 2)
        assert page["walk"](T) == pytest.approx(float(mean), rel=1e-12)


def test_the_chance_of_a_return_follows_its_rule():
    a = [Fraction(math.comb(2 * n, n), 4**n) for n in range(20)]
    assert a[0] == 1 and all((2 * n + 2) * a[n + 1] == (2 * n + 1) * a[n] for n in range(19))


def test_one_sign_more_in_numbers():
    for s in range(-5, 6):
        assert Fraction(abs(s + 1) + abs(s - 1), 2) == abs(s) + (s == 0)


@pytest.mark.parametrize("name", rules.__all__)
def test_all_rules_are_equal_on_coins(name):
    """Over all 2^9 sequences of signs the mean regret against the better end is that of the theorem, for every rule."""
    T, D = 9, 0.7
    coins = sign_paths(T)
    run = play(optimizer(getattr(rules, name), lr=0.2, project=box(-D, D)), coins, np.full((2**T, 1), 0.1), record=("loss",))
    regrets = run["loss"][-1] + D * np.abs(coins.sum(axis=0)[:, 0])
    exact = D * sum(math.comb(T, k) * abs(2 * k - T) for k in range(T + 1)) / 2**T
    assert regrets.mean() == pytest.approx(exact, rel=1e-9) and exact >= D * math.sqrt(T / 2)


# ---------------------------------------------------------------- the figures and numbers of the page


def test_areas():
    h, A = [1.0, 1.4, 2.2, 2.6, 3.0], [4.0, 3.1, 2.4, 1.8, 1.2, 0.7]
    data, _ = plots.area_twice(h, A)
    assert data["columns"].sum() == pytest.approx(data["rows"].sum()) and data["box"] == 12
    assert data["rows"].sum() == pytest.approx(sum(a * (b - e) for a, b, e in zip(h, A, A[1:], strict=False)))
    assert data["columns"].sum() + data["strip"] <= data["box"] and data["strip"] == pytest.approx(3.0 * 0.7)


def test_bars():
    data, _ = plots.ratios([1.0, 1.0, 0.7, 1.2, 0.5, 1.0])
    assert data["S"].tolist() == pytest.approx([1, 2, 2.49, 3.93, 4.18, 5.18])
    np.testing.assert_allclose(data["heights"], data["S"] ** -0.5)
    assert data["bars"] < data["under"] == pytest.approx(2 * math.sqrt(5.18))


def test_signs_data():
    t, values = np.array([1, 2]), np.array([[1.0, 3.0], [2.0, 6.0]])
    data, _ = plots.signs(t, {"sgd": values, "adagrad_norm": values, "adam": values}, t, t / 2, 2 * t)
    assert data["adam"]["mean"].tolist() == [2.0, 4.0] and data["sgd"]["error"].tolist() == pytest.approx([1.0, 2.0])
    assert data["lower"].tolist() == [0.5, 1.0]


def test_coins_of_the_page(page):
    assert set(page["players"]) == {"sgd", "adagrad_norm", "adam"}
    assert page["exact"][-1] == pytest.approx(page["walk"](1024)) and page["exact"][-1] / 32 == pytest.approx(0.7977, abs=1e-4)
    assert page["comparator"].shape == (11, 4000)
    assert abs(page["comparator"][-1].mean() - page["exact"][-1]) <= 3 * page["comparator"][-1].std() / math.sqrt(4000)


def test_the_comparator_is_the_best_point(page):
    assert np.all(np.abs(page["text"].gradient(page["u"])) < 1e-12)
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert page["text"].loss(page["u"] + 0.1 * rng.normal(size=20)) > page["text"].loss(page["u"])
    assert page["G"] >= np.linalg.norm(page["X"], axis=1).max() - 1e-12
    assert page["X"].shape == (3000, 20) and page["T"] == 3000 and set(np.unique(page["X"])) == {0.0, 1.0}


def test_every_run_on_text_keeps_its_bound(page):
    """For these losses the linear regret is the larger one, so the bound holds for both; and the page's story of the order."""
    for name, values in page["stream"].items():
        assert np.all(values["high"] <= values["bound"] * (1 + 1e-9)), name
        assert np.all(values["low"] <= values["mean"]) and np.all(values["mean"] <= values["high"])
    last = {name: (values["mean"][-1], values["bound"][-1]) for name, values in page["stream"].items()}
    assert last["sgd"][0] < last["adagrad_norm"][0] < last["adagrad"][0]
    assert last["adagrad_norm"][1] < last["adagrad"][1] < last["sgd"][1]


def test_what_the_page_says_of_the_stream(page):
    """Gradients are much shorter than G, none is longer, and no word is rare."""
    assert page["length"]["sgd"] < page["G"] / 5 and np.linalg.norm(page["run"]["g"], axis=-1).max() <= page["G"] + 1e-12
    assert 1 / 9 < page["X"].mean(axis=0).min() < 1 / 7


def test_the_unit_of_the_losses(page):
    for name in ("adagrad_norm", "adagrad"):
        assert np.ptp(page["by_scale"][name]) < 1e-6 * page["by_scale"][name][0]
    valley = page["by_scale"]["sgd"]
    assert 6 <= valley.argmin() <= 9 and valley[0] > 5 * valley.min() < valley[-1]
    assert np.all(valley <= page["promises"]["sgd"])
    assert page["promises"]["sgd"].argmin() == 8  # where the rate was set
    data, _ = plots.scales(page["factors"], page["by_scale"], page["promises"])
    assert data["sgd"]["regret"] is valley


def test_the_average_point_of_the_page(page):
    assert np.all(page["excess"] > 0) and page["excess"].mean() < page["path"].mean() < page["promise"].mean()


# ---------------------------------------------------------------- the proofs


@pytest.mark.parametrize(
    ("made", "hypotheses", "bound"),
    [
        (regret.norm_adaptive, 6, "(W^2/(2*c) + c)*sqrt(S)"),
        (regret.norm_adaptive_ball, 6, "2*sqrt(2)*D*sqrt(S)"),
        (regret.fixed_rate, 4, "W^2/(2*eta) + eta*G^2*T/2"),
        (regret.tuned_fixed_rate, 4, "W*G*sqrt(T)"),
        (regret.falling_rate, 4, "(W^2/(2*eta) + eta*G^2)*sqrt(T)"),
        (regret.tuned_falling_rate, 4, "sqrt(2)*W*G*sqrt(T)"),
    ],
)
def test_the_theorems_say_what_the_page_says(made, hypotheses, bound):
    d = made()
    assert d.op == "<=" and len(d.givens) == hypotheses
    S = sp.Symbol("S", positive=True)
    names = {s.name: sp.Symbol(s.name, positive=True) for s in d.side.free_symbols}
    side = d.side.replace(lambda e: getattr(e, "family", None) == Family("S", first=0, sign="nonnegative"), lambda e: S)
    side = side.xreplace({s: names[s.name] for s in side.free_symbols if s.name in names and s != S})
    said = sp.sympify(bound.replace("^", "**"), locals={**names, "S": S})
    assert sp.simplify(side - said) == 0


def test_the_whole_chain_from_the_definition_of_the_projection():
    """The composed theorem has the theorem's bound, and of the projection only that one point of the set is not nearer."""
    whole, theorem = regret.norm_adaptive_nearest(), regret.norm_adaptive()
    assert whole.statement() == theorem.statement()
    left = {h.why for h in whole.givens} - {h.why for h in theorem.givens}
    names = {"before the projection", "an inner product", "a share of the way from $w_{t+1}$ to $u$", "the point at this share"}
    assert left == names | {"$y_t$ lies in the set, and $w_{t+1}$ is nearest"}
    assert len(theorem.givens) + len(left) - 1 == len(whole.givens)


def test_every_proof_of_the_chapter_is_on_its_page():
    text = (Path(__file__).parents[2] / "book/src/2-adagrad/03-regret-and-projection.md").read_text()
    made = {name for name, f in vars(regret).items() if hasattr(f, "cache_info") and f.__module__ == regret.__name__}
    helpers = {"more", "from_the_second"}  # steps inside another's proof
    shown = set(re.findall(r"^regret\.(\w+)\(\)(?:\.after\(regret\.\w+\(\)\))?$", text, re.MULTILINE))
    assert made - shown == helpers
