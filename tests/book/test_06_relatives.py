"""The chapter "Relatives": its statements in plain arithmetic, the table of conventions cell by cell, the data of its figures."""

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_optim import conventions, rules
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.style import color
from lecture_optim.proofs import relatives
from tests.package.peers import conventions as peers
from tests.package.peers import defaults

TEXT = Path(__file__).parents[2] / "book" / "src" / "3-adam" / "06-relatives.md"
some = settings(max_examples=50, deadline=None)
entries = st.one_of(st.just(0.0), st.floats(1e-3, 1e3), st.floats(-1e3, -1e-3))
runs = st.lists(entries, min_size=1, max_size=30)


def steps(rule, gradients, **hyper):
    """The steps of a rule, against the gradient, by the rule itself and no optimizer: (T,)."""
    states = {"adagrad": 1, "rmsprop": 1}.get(rule.__name__, 2)
    w, state, found = 0.0, [0.0] * states, []
    for t, g in enumerate(gradients, start=1):
        now = {name: value(t) if callable(value) else value for name, value in hyper.items()}
        new, *state = rule(w, float(g), *state, float(t), **now)
        found.append(w - new)
        w = 0.0  # from 0 again: no rounding of w hides a short step
    return np.array(found)


# ---------------------------------------------------------------------------------------------------------- what is proved

STATEMENTS = {  # what each derivation proves, typed a second time
    "rescaled_then_averaged": (r"\delta_{t}", "=", r"- \eta \sum_{s=1}^{t} \mu^{t - s} r_{s}"),
    "same_scale": (r"\delta_{t}", "=", r"- \frac{\alpha m_{t}}{c}"),
    "order_matters": (
        r"\frac{1}{c_{t}} \sum_{s=1}^{t} \mu^{t - s} a_{s}",
        r"\le",
        r"\sum_{s=1}^{t} \frac{\mu^{t - s} a_{s}}{c_{s}}",
    ),
    "adagrad_limit_above": (r"\frac{t \beta^{t - 1} v_{t}}{1 - \beta^{t}}", r"\le", "S_{t}"),
    "adagrad_limit_below": (r"\frac{t v_{t}}{1 - \beta^{t}}", r"\ge", r"\beta^{t - 1} S_{t}"),
    "average_below_sum": ("v_{t}", r"\le", r"\left(1 - \beta\right) S_{t}"),
    "step_within": (r"\frac{a \sqrt{q}}{\sqrt{Y}}", r"\le", r"\frac{a}{\sqrt{X}}"),
    "remembered": (r"\beta_{2}^{k} U_{0}", r"\le", "U_{k}"),
    "power_average_upper": ("v_{t}", r"\le", r"t \left(1 - \beta_{2}^{p}\right) u_{t}^{p}"),
    "power_average_lower": ("v_{t}", r"\ge", r"\left(1 - \beta_{2}^{p}\right) u_{t}^{p}"),
    "scaled_loss_mean": ("m'_{t}", "=", "b m_{t}"),
    "scaled_loss_square": ("v'_{t}", "=", "b^{2} v_{t}"),
}
CAP = (
    r"\frac{u_{t}}{1 - \beta_{1}^{t}} \left(1 - \beta_{1}\right) \sum_{s=1}^{t} \left(\frac{\beta_{1}}{\beta_{2}}\right)^{t - s}"
)
STATEMENTS |= {
    "adamax_cap": (r"\hat m_{t}", r"\le", CAP),
    "adamax_cap_below": (r"- \hat m_{t}", r"\le", CAP),
    "adamax_attained": (r"\hat m_{t}", "=", CAP),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name):
    assert getattr(relatives, name)().statement() == " ".join(STATEMENTS[name])


# --------------------------------------------------------------------------------------------------- rescaled, then averaged


@some
@given(runs, st.floats(0.1, 10))
def test_one_scale_one_rule(gradients, c):
    """RMSProp's step with the rescaled gradient g / c against the average over c."""
    m = delta = 0.0
    for g in gradients:
        m = 0.9 * m + 0.1 * g
        delta = 0.9 * delta - 0.1 * 0.01 * (g / c)
        assert delta == pytest.approx(-0.01 * m / c, rel=1e-9, abs=1e-12)


@some
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3)), min_size=1, max_size=30), st.floats(0, 1.2))
def test_order_of_averaging_and_rescaling(pairs, mu):
    sizes, scale = zip(*pairs, strict=True)
    c = 0.5 + np.cumsum(scale)  # never falls
    first = then = 0.0
    for a, now in zip(sizes, c, strict=True):
        first, then = mu * first + a, mu * then + a / now
        assert first / now <= then * (1 + 1e-9) + 1e-12


def test_orders_at_the_jump(page):
    own, other = page["orders"]["adam"], page["orders"]["rmsprop_momentum"]
    np.testing.assert_allclose(own[:60], 1.0, rtol=1e-9)
    np.testing.assert_allclose(other[:60], 1.0, rtol=1e-9)
    assert np.all(other[60:120] > own[60:120])  # the scale rises
    behind = (own - other)[120:]
    assert np.all(behind[:15] < 0) and np.all(behind[15:] > 0) and behind.max() < 0.006
    assert (own.max(), other.max()) == (pytest.approx(2.1376, abs=1e-4), pytest.approx(3.3302, abs=1e-4))


# ------------------------------------------------------------------------------------------------------- AdaGrad as a limit


@some
@given(runs, st.floats(0.3, 0.999))
def test_adam_is_within_the_factor_of_adagrad(gradients, beta2):
    own = steps(rules.adam, gradients, lr=lambda t: t**-0.5, beta1=0.0, beta2=beta2, eps=0.0)
    other = steps(rules.adagrad, gradients, lr=1.0)
    factor = beta2 ** ((np.arange(1, len(gradients) + 1) - 1) / 2)
    assert np.all(np.abs(own) <= np.abs(other) / factor * (1 + 1e-9))
    assert np.all(np.abs(own) >= np.abs(other) * factor * (1 - 1e-9))


def test_bounds_in_fractions():
    beta, v, S = Fraction(7, 8), Fraction(0), Fraction(0)
    for t, g in enumerate([3, 0, -1, 5, 2, 0, 0, 7], start=1):
        v, S = beta * v + (1 - beta) * g**2, S + g**2
        corrected = v / (1 - beta**t)
        assert t * beta ** (t - 1) * (1 - beta) <= 1 - beta**t <= t * (1 - beta)
        assert beta ** (t - 1) * S <= t * corrected and beta ** (t - 1) * t * corrected <= S and v <= (1 - beta) * S


def test_the_limit_needs_correction_and_no_epsilon():
    """Counterexamples to the correspondence without its conditions, at t = 5 on ones: AdaGrad's step is 1/sqrt(5)."""
    g, tiny = np.ones(5), 1e-9
    target = 1 / math.sqrt(5)
    rate = {"lr": lambda t: t**-0.5, "beta1": 0.0, "beta2": 1 - tiny}
    assert steps(rules.adam, g, eps=0.0, **rate)[-1] == pytest.approx(target, rel=1e-6)
    assert steps(rules.rmsprop, g, lr=lambda t: t**-0.5, beta2=1 - tiny)[-1] > 1000 * target  # no correction
    with_eps = steps(rules.adam, g, eps=1.0, **rate)[-1]
    assert with_eps == pytest.approx(1 / (math.sqrt(5) + math.sqrt(5)), rel=1e-6)
    assert abs(with_eps - 1 / (math.sqrt(5) + 1)) > 0.05  # AdaGrad with the same epsilon


def test_no_fixed_rate_is_near_adagrad_for_all_t(page):
    """The counterexample for a fixed beta2: one large gradient, then ones."""
    for beta2, values in page["limits"].items():
        t = np.arange(1, len(values) + 1)
        assert np.all(values <= beta2 ** (-(t - 1) / 2) * (1 + 1e-6))
        edge = round(1 / (1 - beta2))
        assert values[max(edge // 10, 1) - 1] < 1.03 and 1.1 < values[edge - 1] < 1.35
    assert page["limits"][0.9].max() > 10


def test_weights_to_first_order(page):
    h, t, s = page["h"], page["t"], page["s"]
    h, t, s = sp.symbols("h t s", positive=True)
    assert sp.simplify(page["first_order"] - (1 + h * (s - (t + 1) / 2)) / t) == 0
    exact = [float(page["weight"].subs({h: sp.Rational(1, 10**6), t: 20, s: k})) for k in (1, 20)]
    assert exact == [pytest.approx((1 + 1e-6 * (k - 10.5)) / 20, rel=1e-10) for k in (1, 20)]


# ----------------------------------------------------------------------------------------------------------------- AdaMax


@some
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12), st.sampled_from([Fraction(1, 2), Fraction(9, 10)]), st.integers(1, 6)
)
def test_averages_of_powers_and_the_maximum(sizes, beta2, p):
    v = u = Fraction(0)
    for t, a in enumerate(sizes, start=1):
        v, u = beta2**p * v + (1 - beta2**p) * a**p, max(beta2 * u, Fraction(a))
        assert (1 - beta2**p) * u**p <= v <= t * (1 - beta2**p) * u**p


def test_roots_approach_the_maximum(page):
    a, u = page["a"], page["u"]
    assert np.all(page["roots"][8] >= u * (1 - 0.9**8) ** (1 / 8) * (1 - 1e-12))
    gaps = []
    for p in (2, 8, 64, 512):
        logs = np.array([np.logaddexp.reduce(p * (np.log(a[: k + 1]) + np.log(0.9) * np.arange(k, -1, -1))) for k in range(60)])
        gaps.append(np.max(np.abs(np.exp((logs + np.log1p(-(0.9**p))) / p) / u - 1)))
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.01


def cap(t, beta1, beta2):
    return (1 - beta1) / (1 - beta1**t) * math.fsum((beta1 / beta2) ** k for k in range(t))


@some
@given(runs, st.floats(0, 0.99), st.floats(0.3, 1.0))
def test_no_gradients_exceed_the_cap_of_adamax(gradients, beta1, beta2):
    found = np.abs(steps(rules.adamax, gradients, lr=1.0, beta1=beta1, beta2=beta2))
    assert np.all(found <= [cap(t, beta1, beta2) * (1 + 1e-9) for t in range(1, len(found) + 1)])


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.9, 0.9), (0.95, 0.9), (0.0, 0.5), (0.9, 1.0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_shrinking_gradients_attain_the_cap_of_adamax(beta1, beta2, sign):
    found = steps(rules.adamax, sign * beta2 ** np.arange(1.0, 101), lr=1.0, beta1=beta1, beta2=beta2)
    np.testing.assert_allclose(sign * found, [cap(t, beta1, beta2) for t in range(1, 101)], rtol=1e-9)


def test_the_cap_of_the_paper_for_adamax_is_exceeded(page):
    """The counterexample to a step of at most alpha: 1.0091 with the paper's rates, and any number with equal rates."""
    found = steps(rules.adamax, 0.999 ** np.arange(1.0, 301), lr=1.0)
    assert found[0] == 1 and np.all(found[1:] > 1.0004) and found[-1] == pytest.approx(1.0090909, abs=1e-7)
    assert page["equal"][-1] == pytest.approx(10.0, abs=1e-3)
    assert np.all(np.abs(steps(rules.adamax, 0.7 ** np.arange(1.0, 50), lr=1.0, beta2=1.0)) <= 1 + 1e-12)
    limit = 0.1 * 0.999 / (0.999 - 0.9)
    assert page["C"](300) < limit and limit - 1 < 0.0091  # "0.91 %"


# ------------------------------------------------------------------------------------------------------------------ Nadam


@some
@given(runs, st.floats(0.0, 0.99))
def test_nadam_is_one_step_ahead(gradients, beta1):
    own = steps(rules.nadam, gradients, lr=1.0, beta1=beta1, beta2=0.0, eps=0.0) * np.abs(gradients)
    m = 0.0
    for t, (g, found) in enumerate(zip(gradients, own, strict=True), start=1):
        m = beta1 * m + (1 - beta1) * g
        ahead = (beta1 * m + (1 - beta1) * g) / (1 - beta1 ** (t + 1))
        more = (1 - beta1) ** 2 * beta1**t / ((1 - beta1**t) * (1 - beta1 ** (t + 1)))
        if g:  # with beta2 = 0 the scale is |g|
            assert found == pytest.approx(ahead + more * g, rel=1e-7, abs=1e-9)


def test_nadams_first_steps(page):
    first = page["first"]
    assert first[0] == pytest.approx(1 + 0.9 / 1.9, rel=1e-12) and round(first[0], 3) == 1.474
    for t in range(1, 51):
        assert first[t - 1] == pytest.approx(1 + 0.01 * 0.9**t / ((1 - 0.9**t) * (1 - 0.9 ** (t + 1))), rel=1e-9)
    assert 1 / math.sqrt(0.999) - 1 == pytest.approx(0.0005, abs=1e-5)  # the factor of the printed algorithm


# ------------------------------------------------------------------------------------------------------------------ decay


@some
@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.001, 1), st.floats(0, 2))
def test_a_penalty_is_a_decay_for_sgd(w, g, lr, lam):
    (own,) = rules.sgd(w, g + lam * w, 1.0, lr)
    assert own == pytest.approx((1 - lr * lam) * w - lr * g, rel=1e-9, abs=1e-9)


def test_a_penalty_spares_noisy_weights(page):
    penalized, decoupled = (run.w for _, run in page["runs"].values())
    a, b = np.median(penalized, axis=0)
    assert a < 0.2 and b > 0.9 and np.all(penalized[:, 1] > penalized[:, 0] + 0.5)  # in each of the seeds
    a, b = np.median(decoupled, axis=0)
    assert abs(a - b) < 0.02 and abs(a - 0.9995**4000) < 0.03


def test_multiples_of_the_loss(page):
    gaps = [np.max(np.abs(one - other)) for one, other in page["gap"].values()]
    assert gaps[0] < 1e-12 and gaps[1] > 0.05 and gaps[2] < 1e-12


# ------------------------------------------------------------------------------------------------------- the sources' claims


@some
@given(runs, st.floats(0.1, 0.999))
def test_rmsprops_average_is_adams(gradients, gamma):
    """The counterexample to two kinds of average: the same state after every step, bit by bit."""
    v = u = m = w = 0.0
    for t, g in enumerate(gradients, start=1):
        _, v = rules.rmsprop(w, g, v, float(t), 0.1, beta2=gamma)
        _, m, u = rules.adam(w, g, m, u, float(t), 0.1, beta2=gamma)
        assert u == v


def test_adam_without_its_first_average_is_rmsprop_corrected():
    g = np.random.default_rng(1).standard_normal(50)
    own = steps(rules.adam, g, lr=1.0, beta1=0.0, eps=0.0)
    other = steps(rules.rmsprop, g, lr=lambda t: math.sqrt(1 - 0.999**t), beta2=0.999)
    np.testing.assert_allclose(own, other, rtol=1e-9)


def test_adam_is_not_rmsprop_with_momentum():
    """The counterexample to a mere combination: the corrections left out on both sides, the order still tells."""
    g = np.array([1.0, 10.0])
    m, v, delta, u = 0.0, 0.0, 0.0, 0.0
    for x in g:
        m, v = 0.9 * m + 0.1 * x, 0.99 * v + 0.01 * x * x
        _, u, delta = rules.rmsprop_momentum(0.0, x, u, delta, 1.0, 0.1, beta2=0.99)
    assert u == pytest.approx(v) and -delta > 1.1 * m / math.sqrt(v)


# ------------------------------------------------------------------------------------------------------------ conventions


@pytest.fixture(scope="module")
def recorded():
    with np.load(defaults.DATA) as data:
        return dict(data)


def ours(cell, gradients, rule, settings, start):
    """Our trajectory at the kept steps: rule with the settings, on the schedule of learning rates that the library had."""
    table = defaults.learning_rates(cell.rule.__name__)
    settings = {name: value(lambda t: table[int(t) - 1]) if callable(value) else value for name, value in settings.items()}
    o = optimizer(rule, settings.pop("lr", lambda t: table[int(t) - 1]), **settings)
    w, path = defaults.START, []
    state = o.init(w, **start)
    for g in gradients:
        w, state = o.update(w, g, state)
        path.append(w)
    return np.array(path)[defaults.KEPT - 1]


def theirs(cell, recorded):
    if cell.library == "sklearn":
        return defaults.run_sklearn(cell.rule.__name__, recorded["gradients"])[defaults.KEPT - 1]
    return recorded[f"w/{cell.name}"]


def papers(cell):
    """The paper's form with the library's constants; AdamW's schedule multiplies both terms there, and alpha stays."""
    if cell.rule is not rules.adamw:
        return cell.paper
    return cell.paper | {"lr": peers.LR, "eta": lambda lr: lambda t: lr(t) / peers.LR}


@pytest.mark.parametrize("cell", conventions.CELLS, ids=lambda cell: cell.name)
def test_our_settings_follow_the_library(cell, recorded):
    path = ours(cell, recorded["gradients"], cell.variant or cell.rule, cell.settings, cell.start)
    tolerance = 1e-6 if cell.name == "nadam/torch" else 1e-12  # it keeps a product in float32
    assert peers.difference(path, theirs(cell, recorded)) <= tolerance


@pytest.mark.parametrize("cell", conventions.CELLS, ids=lambda cell: cell.name)
def test_the_papers_form_follows_exactly_where_the_table_says_so(cell, recorded):
    with np.errstate(all="ignore"):
        off = peers.difference(ours(cell, recorded["gradients"], cell.rule, papers(cell), {}), theirs(cell, recorded))
    assert off <= 1e-12 if cell.same else 5e-5 < off < 10
    assert not (cell.same and (cell.variant or cell.start or cell.settings != cell.paper))


def test_optax_adadelta_without_a_rate_ascends(recorded):
    cell = next(cell for cell in conventions.CELLS if cell.name == "adadelta/optax")
    descent = ours(cell, recorded["gradients"], rules.adadelta, {"rho": 0.9, "lr": 1.0}, {})
    ascent = recorded["w/adadelta without lr/optax"]
    np.testing.assert_allclose(ascent - defaults.START, defaults.START - descent, rtol=1e-9, atol=1e-12)


def test_every_cell_is_recorded_with_the_versions_of_the_page(recorded):
    import sklearn

    wanted = {f"w/{cell.name}" for cell in conventions.CELLS if cell.library != "sklearn"} | {"w/adadelta without lr/optax"}
    assert wanted == {key for key in recorded if key.startswith("w/")}
    for name, version in conventions.VERSIONS.items():
        run = sklearn.__version__ if name == "sklearn" else str(recorded[f"version/{name}"]).partition("+")[0]
        assert run == version
    pins = defaults.DATA.with_name("requirements-defaults.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^(\w+)==([\w.]+)", pins, re.MULTILINE))
    assert all(pinned[name] == version for name, version in conventions.VERSIONS.items() if name != "sklearn")
    np.testing.assert_array_equal(recorded["gradients"], peers.make_gradients()[: defaults.STEPS])
    assert defaults.DATA.stat().st_size < 200_000


def test_the_printed_tables_hold_every_cell():
    names = list(conventions.PAPERS)
    assert {cell.rule.__name__ for cell in conventions.CELLS} == set(names)
    assert len({cell.name for cell in conventions.CELLS}) == len(conventions.CELLS) == 45
    rows = conventions.overview().splitlines()
    assert len(rows) == 2 + len(names)
    for name, row in zip(names, rows[2:], strict=True):
        signs = row.split("|")[2:-1]
        for library, sign in zip(conventions.LIBRARIES, signs, strict=True):
            cell = next((c for c in conventions.CELLS if c.name == f"{name}/{library}"), None)
            assert sign.strip() == ("–" if cell is None else "=" if cell.same else "≠")
        part = conventions.table(name)
        assert part.count("\n| ") == 3 + sum(c.rule.__name__ == name for c in conventions.CELLS)


def test_the_page_prints_every_table():
    printed = re.findall(r"conventions\.tables\(([^)]*)\)", TEXT.read_text(encoding="utf-8"))
    assert [name.strip().strip('"') for group in printed for name in group.split(",")] == list(conventions.PAPERS)
    assert conventions.tables("adam", "adamw") == conventions.table("adam") + "\n\n" + conventions.table("adamw")


def test_exercise_on_the_librarys_epsilon(page):
    found = {name: (round(values[0], 3), round(values[-1], 3)) for name, values in page["small_steps"].items()}
    assert found == {"PyTorch": (0.99, 0.99), "scikit-learn": (0.76, 0.988), "Keras": (0.24, 0.888)}


# ------------------------------------------------------------------------------------------------------------- the figures


def test_figures_show_their_data(page):
    plots, t = page["plots"], np.arange(1, 241)
    data, axes = plots.orders(t, page["orders"], (61, 121))
    tints = {"adam": color("adam"), "rmsprop_momentum": color("rmsprop_momentum")}
    for name, tint in tints.items():
        line = next(line for line in axes.get_lines() if line.get_color() == tint)
        np.testing.assert_array_equal(line.get_ydata(), data[name])
    data, axes = plots.limit(np.arange(1, 10_001.0), page["limits"])
    assert len([line for line in axes.get_lines() if len(line.get_xdata()) == 10_000]) == len(data) == 4
    data, axes = plots.maxima(np.arange(1, 61), page["a"], page["roots"], page["u"])
    assert np.all(data["maximum"] >= data["sizes"]) and np.all(data["roots"][2] <= data["roots"][8] * 1.0001)
    data, axes = plots.decay(page["runs"]["AdamW"][1].t, page["panels"])
    assert data["Adam, penalty", "noise 100"][-1] > 0.9 > 0.2 > data["AdamW", "noise 100"][-1]


def test_the_maximum_is_the_rules_own(page):
    run = play(optimizer(rules.adamax, 0.1, beta2=0.9), page["a"], 0.0, record=("u",))
    np.testing.assert_allclose(run["u"], page["u"], rtol=1e-12)
