"""A learning rate for each coordinate: its propositions on the rules that run, its figures' data against plain arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim import problems, rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.sparse_gradients import family
from lecture_optim.plots.style import color

SIZES = st.floats(1e-6, 1e6)
BETAS = st.floats(0.1, 0.999)


def rate(rule, g, state, **hyper):
    """1 / root of a rule's state after each step of a scalar stream: the effective rate for lr = 1 and eps = 0."""
    return 1 / np.sqrt(play(optimizer(rule, lr=1.0, **hyper), np.asarray(g, float), 0.0, record=(state,))[state])


@given(SIZES, st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=30))
def test_adagrad_counts_sightings(size, signs):
    signs = [1, *signs]
    rates = rate(rules.adagrad, size * np.array(signs), "s")
    n = np.cumsum(np.abs(signs))
    np.testing.assert_allclose(rates, 1 / (size * np.sqrt(n)), rtol=1e-10)
    assert np.all(np.diff(rates) <= 0)


@given(SIZES, BETAS, st.integers(1, 40))
def test_steady_gradients(size, beta2, T):
    g, t = np.full(T, size), np.arange(1, T + 1)
    np.testing.assert_allclose(rate(rules.adagrad, g, "s"), 1 / (size * np.sqrt(t)), rtol=1e-10)
    raw = 1 / (size * np.sqrt(1 - beta2**t))
    np.testing.assert_allclose(rate(rules.rmsprop, g, "v", beta2=beta2), raw, rtol=1e-8)
    np.testing.assert_allclose(rate(rules.amsgrad, g, "v_max", beta2=beta2), raw, rtol=1e-8)
    corrected = rate(rules.adam, g, "v", beta2=beta2) * np.sqrt(1 - beta2**t)
    np.testing.assert_allclose(corrected, 1 / size, rtol=1e-8)


@given(BETAS, st.lists(st.sampled_from([-3.0, 0.0, 0.5, 1.0]), min_size=1, max_size=30))
def test_growth(beta2, tail):
    g = np.array([1.0, *tail])
    rates = rate(rules.rmsprop, g, "v", beta2=beta2)
    growth = rates[1:] / rates[:-1] * math.sqrt(beta2)
    assert np.all(growth <= 1 + 1e-12)
    np.testing.assert_allclose(growth[g[1:] == 0], 1, rtol=1e-12)
    assert np.all(growth[g[1:] != 0] < 1)
    assert np.all(np.diff(rate(rules.amsgrad, g, "v_max", beta2=beta2)) <= 0)


@given(SIZES, BETAS, st.integers(1, 12), st.integers(1, 6))
def test_a_rare_coordinate_averaged(size, beta2, k, n):
    g = np.zeros(k * n)
    g[k - 1 :: k] = size
    with np.errstate(divide="ignore"):
        rates = rate(rules.rmsprop, g, "v", beta2=beta2)[k - 1 :: k]
    sightings = np.arange(1, n + 1)
    expected = np.sqrt((1 - beta2**k) / ((1 - beta2) * (1 - beta2 ** (k * sightings)))) / size
    np.testing.assert_allclose(rates, expected, rtol=1e-7)
    assert np.all(expected * size <= 1 / math.sqrt(1 - beta2) * (1 + 1e-9)) and np.all(expected * size >= 1 - 1e-9)


SCALE_BLIND = ["sign_sgd", "adagrad", "rmsprop", "rmsprop_momentum", "adam", "adamax", "nadam", "adamw", "amsgrad", "adopt"]


def without_eps(name, **hyper):
    rule = getattr(rules, name)
    hyper |= {"eps": 0.0} if "eps" in optimizer(rule, lr=1.0).hyper and name != "adadelta" else {}
    return optimizer(rule, **hyper)


@pytest.mark.parametrize("name", rules.__all__)
def test_scale(name):
    rng = np.random.default_rng(3)
    g = rng.normal(size=(25, 4)) * (rng.random((25, 4)) < 0.5)
    o = without_eps(name, lr=0.1)
    plain, scaled = (play(o, stream, np.zeros(4)).w for stream in (g, g * np.array([1e-5, 1, 1e5, 7])))
    assert np.allclose(plain, scaled, rtol=1e-9, atol=1e-12) == (name in SCALE_BLIND)
    if name in SCALE_BLIND:
        np.testing.assert_allclose(play(o, -3 * g, np.zeros(4)).w, -plain, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SCALE_BLIND)
def test_the_condition_number_disappears(name):
    """Each coordinate's path is the one it takes alone, with curvature 1; equal sizes stay equal."""
    start = np.array([-1.5, 1.5, 0.2])
    o = without_eps(name, lr=0.05)

    def path(h, w):
        problem = problems.quadratic(np.diag(h))
        return play(o, lambda t, w: (problem.loss(w), problem.gradient(w)), w, 20, record=("w",))["w"]

    together = path([1e-3, 1e4, 7.0], start)
    alone = np.hstack([path([1.0], start[[i]]) for i in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(together[:, 0], -together[:, 1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", rules.__all__)
def test_four_rules_turn_with_the_problem(name):
    a = math.radians(30)
    Q = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    A = np.diag([1, 25.0])
    o = optimizer(getattr(rules, name), lr=0.01)

    def path(matrix, w):
        problem = problems.quadratic((matrix + matrix.T) / 2)
        return play(o, lambda t, w: (problem.loss(w), problem.gradient(w)), w, 20, record=("w",))["w"]

    turned, plain = path(Q @ A @ Q.T, Q @ [-1.5, 1.5]), path(A, np.array([-1.5, 1.5]))
    turns = np.allclose(turned, plain @ Q.T, rtol=1e-9, atol=1e-9)
    assert turns == (name in {"sgd", "momentum", "nesterov", "adagrad_norm"})


def first_length(name, g, lr, beta1=0.9, beta2=0.999, mu=0.9, rho=0.95):
    """Proposition "First steps", for a vector g and lr, at the rules' default hyper-parameters."""
    size = np.abs(g)
    one = np.ones_like(size)
    return {
        "sgd": lr * size,
        "momentum": lr * size,
        "nesterov": (1 + mu) * lr * size,
        "adagrad_norm": lr * size / np.linalg.norm(g),
        "rmsprop": lr / math.sqrt(1 - 0.9) * one,
        "rmsprop_momentum": lr / math.sqrt(1 - 0.9) * one,
        "amsgrad": lr * (1 - beta1) / math.sqrt(1 - beta2) * one,
        "nadam": lr * (1 + 2 * beta1) / (1 + beta1) * one,
        "adopt": 0 * one,
        "adadelta": lr * size * np.sqrt(1e-6 / ((1 - rho) * g**2 + 1e-6)),
    }.get(name, lr * one)


@pytest.mark.parametrize("name", rules.__all__)
def test_first_steps(name):
    g = np.array([5.0, -0.001, 300.0])
    o = without_eps(name, lr=0.3)
    moved, _ = o.update(np.zeros(3), g, o.init(np.zeros(3)))
    np.testing.assert_allclose(np.abs(moved), first_length(name, g, 0.3), rtol=1e-10)
    assert np.all(moved * g <= 0)


def test_figures_draw_what_they_return():
    problem = problems.quadratic(np.diag([1.0, 25.0]))
    paths = {name: np.linspace([-1.5, 1.5], [0.0, k / 9], 7) for k, name in enumerate(("sgd", "adam", "adagrad"))}
    data, axes = family.map_of_family(problem, paths, levels=[1, 5])
    for (name, path), panel in zip(data.items(), axes.flat, strict=False):
        line = panel.lines[0]
        np.testing.assert_array_equal(np.column_stack(line.get_data()), path)
        assert line.get_color() == color(name) and panel.get_visible()
    losses = {name: problem.loss(path) for name, path in paths.items()}
    data, axes = family.losses_by_family(losses, {"a": ["sgd"], "b": ["adam"], "c": ["adagrad"], "d": []})
    assert [panel.lines[0].get_ydata().tolist() for panel in axes.flat[:3]] == [
        data[n].tolist() for n in ("sgd", "adam", "adagrad")
    ]
    rates = {"often": {"adagrad": np.array([1.0, 0.5])}, "rarely": {"adagrad": np.array([2.0])}}
    data, axes = family.effective_rates(rates)
    assert [panel.lines[0].get_ydata().tolist() for panel in axes] == [[1.0, 0.5], [2.0]]
    data, axes = family.rotation(np.array([0, 90]), {"sgd": np.array([1.0, 1.0])}, start=0.5)
    assert data["degrees"].tolist() == axes.lines[1].get_xdata().tolist() == [0, 90]
    assert set(axes.lines[0].get_ydata()) == {data["start"]} == {0.5}


def test_only_sgd_ignores_a_rotation():
    """The statement under the figure, at fixed learning rates and an angle at which the axes are far from the valley's."""
    a = math.radians(50)
    R = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    cost = {}
    for rule, lr in ((rules.sgd, 0.04), (rules.adagrad, 1.3), (rules.adam, 0.5)):
        for turned in (False, True):
            A = R @ np.diag([1, 25.0]) @ R.T if turned else np.diag([1, 25.0])
            problem = problems.quadratic((A + A.T) / 2)
            start = R @ [-1.5, 1.5] if turned else np.array([-1.5, 1.5])
            run = play(optimizer(rule, lr=lr), lambda t, w, p=problem: (p.loss(w), p.gradient(w)), start, 40)
            cost[rule, turned] = run.loss
    assert cost[rules.sgd, True] == pytest.approx(cost[rules.sgd, False], rel=1e-10)
    assert cost[rules.adagrad, True] > 1.2 * cost[rules.adagrad, False]
    assert cost[rules.adam, True] > 1.1 * cost[rules.adam, False]
