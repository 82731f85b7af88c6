"""Every update rule against PyTorch and optax (recorded), against its paper's equation in high precision, and against itself."""

import inspect
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lecture_optim import rules
from lecture_optim.experiments import text, train
from lecture_optim.optimizer import optimizer

from .peers import compare, conventions

RULES = [getattr(rules, name) for name in rules.__all__]
TOLERANCE = 1e-12
some = settings(max_examples=25)


def name(rule):
    return rule.__name__


# --- Peers -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded():
    with np.load(conventions.DATA) as data:
        return dict(data)


def test_recorded_gradients_are_hard(recorded):
    g = recorded["gradients"]
    assert g.shape == (conventions.STEPS, len(conventions.START)) and conventions.STEPS == 1000
    assert not g[:, 1].any(), "a coordinate without any gradient"
    assert g[:300, 2].all() and not g[300:, 2].any(), "a coordinate that goes silent"
    assert not g[:500, 3].any() and g[500:, 3].all(), "a coordinate that wakes late"
    assert 0 < np.count_nonzero(g[:, 4]) < 50, "a sparse coordinate"
    size = np.abs(g[:, 5])
    assert size.max() / size.min() > 1e8, "eight orders of magnitude in one coordinate"
    assert np.abs(g[:, 7]).mean() / np.abs(g[:, 6]).mean() > 1e7, "and from coordinate to coordinate"


def test_recording_is_complete_and_small(recorded):
    assert {f"w/{case.name}" for case in conventions.CASES} == {key for key in recorded if key.startswith("w/")}
    assert conventions.DATA.stat().st_size < 1_000_000
    # No peer has AdaGrad with one learning rate for the vector.
    assert {case.rule for case in conventions.CASES} == set(RULES) - {rules.adagrad_norm}


def test_live_comparison_installs_the_recorded_versions(recorded):
    pins = dict(re.findall(r"^(\w+)==([\w.]+)", conventions.DATA.with_name("requirements.txt").read_text(), re.MULTILINE))
    for peer in ("torch", "optax"):
        assert pins[peer] == str(recorded[f"version/{peer}"]).partition("+")[0]


def difference_to_peer(case, recorded, rule=None, steps=conventions.STEPS):
    kept = conventions.KEPT[steps >= conventions.KEPT]
    path = conventions.ours(case, recorded["gradients"][:steps], rule)
    return conventions.difference(path[kept - 1], recorded[f"w/{case.name}"][: len(kept)])


@pytest.mark.parametrize("case", conventions.CASES, ids=lambda case: case.name)
def test_rule_agrees_with_its_peer(case, recorded):
    assert difference_to_peer(case, recorded) <= case.tolerance


def test_only_a_peer_in_float32_has_a_wider_tolerance():
    assert [case.name for case in conventions.CASES if case.tolerance != TOLERANCE] == [
        "nadam: torch, constant momentum; its product in float32"
    ]


def test_live_comparison_reports_a_difference(recorded, monkeypatch, capsys):
    sgd, adam = (next(case for case in conventions.CASES if case.rule is rule) for rule in (rules.sgd, rules.adam))

    def theirs(case, gradients):
        path = conventions.ours(case, gradients)
        return path * (1 + 3e-12) if case is adam else path

    monkeypatch.setattr(conventions, "theirs", theirs)
    monkeypatch.setattr(conventions, "versions", lambda: {"torch": "1", "optax": "2", "jax": "3"})
    assert compare.compare([sgd, adam]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith("ABOVE")] == [line for line in lines if line.startswith("adam ")]
    assert "1 of 2 within their tolerance" in lines


def test_live_comparison_says_which_peer_is_missing():
    block = "import runpy, sys; sys.modules['torch'] = None; runpy.run_module('tests.package.peers.compare', run_name='__main__')"
    root = conventions.DATA.parents[3]
    done = subprocess.run([sys.executable, "-c", block], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2
    assert "torch" in done.stderr and "make peers" in done.stderr


# --- The papers' equations ---------------------------------------------------------------------------------------------------
# Each takes a coordinate's start and, step by step, its gradient and the hyper-parameters, in 50 digits, and yields its path.


def over(a, b):
    """a / b, and 0 where b = 0: no gradient has been seen yet."""
    return a / b if b else mpmath.mpf(0)


def paper_sgd(x, steps):
    for g, h in steps:
        x -= h.lr * g
        yield x


def paper_sign_sgd(x, steps):
    for g, h in steps:
        x -= h.lr * mpmath.sign(g)
        yield x


def paper_momentum(x, steps):
    """Polyak's two-point form x_(t+1) = x_t - lr g + mu (x_t - x_(t-1))."""
    last = x
    for g, h in steps:
        x, last = x - h.lr * g + h.mu * (x - last), x
        yield x


def paper_nesterov(theta, steps):
    """Sutskever's two lines for theta and v; what is compared is theta + mu v, where the next gradient is taken."""
    v = mpmath.mpf(0)
    for g, h in steps:
        v = h.mu * v - h.lr * g
        theta = theta + v
        yield theta + h.mu * v


def paper_adagrad_norm(x, steps):
    b_squared = mpmath.mpf(0)
    for g, h in steps:
        b_squared += h.norm_squared
        x -= h.lr * over(g, mpmath.sqrt(b_squared) + h.eps)
        yield x


def paper_adagrad(x, steps):
    own_squared = mpmath.mpf(0)
    for g, h in steps:
        own_squared += g**2
        x -= h.lr * over(g, h.eps + mpmath.sqrt(own_squared))
        yield x


def paper_rmsprop(w, steps):
    mean_square = mpmath.mpf(0)
    for g, h in steps:
        mean_square += (1 - h.beta2) * (g**2 - mean_square)
        w -= h.lr * over(g, mpmath.sqrt(mean_square + h.eps_root) + h.eps)
        yield w


def paper_rmsprop_momentum(w, steps):
    mean_square, last = mpmath.mpf(0), w
    for g, h in steps:
        mean_square += (1 - h.beta2) * (g**2 - mean_square)
        rescaled = over(g, mpmath.sqrt(mean_square + h.eps_root) + h.eps)
        w, last = w + h.mu * (w - last) - h.lr * rescaled, w
        yield w


def paper_adadelta(x, steps):
    E_g = E_dx = mpmath.mpf(0)
    for g, h in steps:
        E_g = h.rho * E_g + (1 - h.rho) * g**2
        dx = -over(mpmath.sqrt(E_dx + h.eps), mpmath.sqrt(E_g + h.eps)) * g
        E_dx = h.rho * E_dx + (1 - h.rho) * dx**2
        x += h.lr * dx
        yield x


def moments(m, v, g, h):
    return h.beta1 * m + (1 - h.beta1) * g, h.beta2 * v + (1 - h.beta2) * g**2


def paper_adam(theta, steps):
    m = v = mpmath.mpf(0)
    for t, (g, h) in enumerate(steps, 1):
        m, v = moments(m, v, g, h)
        m_hat, v_hat = m / (1 - h.beta1**t), v / (1 - h.beta2**t)
        theta -= h.lr * over(m_hat, mpmath.sqrt(v_hat) + h.eps)
        yield theta


def paper_adamax(theta, steps):
    m = u = mpmath.mpf(0)
    for t, (g, h) in enumerate(steps, 1):
        m = h.beta1 * m + (1 - h.beta1) * g
        u = max(h.beta2 * u, abs(g))
        theta -= h.lr / (1 - h.beta1**t) * over(m, u)
        yield theta


def paper_nadam(theta, steps):
    """Dozat's Algorithm 2 with products of a constant momentum, without its second factor nu on n_hat."""
    m = n = mpmath.mpf(0)
    product = mpmath.mpf(1)
    for t, (g, h) in enumerate(steps, 1):
        product *= h.beta1
        g_hat = g / (1 - product)
        m, n = moments(m, n, g, h)
        m_hat = m / (1 - product * h.beta1)
        m_bar = (1 - h.beta1) * g_hat + h.beta1 * m_hat
        theta -= h.lr * over(m_bar, mpmath.sqrt(n / (1 - h.beta2**t)) + h.eps)
        yield theta


def paper_adamw(theta, steps):
    m = v = mpmath.mpf(0)
    for t, (g, h) in enumerate(steps, 1):
        m, v = moments(m, v, g, h)
        m_hat, v_hat = m / (1 - h.beta1**t), v / (1 - h.beta2**t)
        theta = theta - h.eta * (h.lr * over(m_hat, mpmath.sqrt(v_hat) + h.eps) + h.weight_decay * theta)
        yield theta


def paper_amsgrad(x, steps):
    m = v = v_hat = mpmath.mpf(0)
    for g, h in steps:
        m, v = moments(m, v, g, h)
        v_hat = max(v_hat, v)
        x -= h.lr * over(m, mpmath.sqrt(v_hat) + h.eps)
        yield x


def paper_adopt(theta, steps):
    """v_0 = g_0**2 from a gradient that moves nothing; then m_t from g_t / max(sqrt(v_(t-1)), eps), clipped; theta_t; v_t."""
    m = v = None
    for g, h in steps:
        if v is None:
            m, v = mpmath.mpf(0), g**2
        else:
            scaled = over(g, max(mpmath.sqrt(v), h.eps))
            m = h.beta1 * m + (1 - h.beta1) * max(min(scaled, h.clip), -h.clip)
            theta -= h.lr * m
            v = h.beta2 * v + (1 - h.beta2) * g**2
        yield theta


def wave(mean, share):
    """A hyper-parameter that moves around its mean at every step."""
    return lambda t: mean * (1 + share * np.sin(0.7 * t))


# The rule's own defaults, and all that may change changes. Nesterov's and Nadam's equations need a constant momentum: their next
# look ahead uses the momentum of the next step, which no rule can know.
BETAS = {"beta1": wave(0.8, 0.1), "beta2": wave(0.98, 0.01)}
EPS = {"eps": wave(1e-3, 0.5)}
CHANGING = {
    "sgd": {},
    "sign_sgd": {},
    "momentum": {"mu": wave(0.8, 0.1)},
    "nesterov": {"mu": 0.8},
    "adagrad_norm": EPS,
    "adagrad": EPS,
    "rmsprop": {"beta2": BETAS["beta2"], "eps": wave(1e-3, 0.5), "eps_root": wave(1e-4, 0.5)},
    "rmsprop_momentum": {"beta2": BETAS["beta2"], "mu": wave(0.8, 0.1), "eps": wave(1e-3, 0.5), "eps_root": wave(1e-4, 0.5)},
    "adadelta": {"rho": wave(0.9, 0.05), "eps": wave(1e-5, 0.5)},
    "adam": BETAS | EPS,
    "adamax": BETAS,
    "nadam": {"beta1": 0.8, "beta2": BETAS["beta2"]} | EPS,
    "adamw": BETAS | EPS | {"weight_decay": wave(0.01, 0.5), "eta": wave(1.0, 0.5)},
    "amsgrad": BETAS | EPS,
    "adopt": BETAS | EPS | {"clip": wave(2.0, 0.5)},
}
# The constants of each paper, written out here: the reference asks the package for nothing. Where a paper leaves one open, the
# rule's docstring says what it takes (AdamW's decay, the heavy ball's and Nesterov's momentum).
DEFAULTS = {
    "sgd": {},
    "sign_sgd": {},
    "momentum": {"mu": 0.9},
    "nesterov": {"mu": 0.9},
    "adagrad_norm": {"eps": 0.0},
    "adagrad": {"eps": 0.0},
    "rmsprop": {"beta2": 0.9, "eps": 0.0, "eps_root": 0.0},
    "rmsprop_momentum": {"beta2": 0.9, "mu": 0.9, "eps": 0.0, "eps_root": 0.0},
    "adadelta": {"rho": 0.95, "eps": 1e-6},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamax": {"beta1": 0.9, "beta2": 0.999},
    "nadam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-5, "eta": 1.0},
    "amsgrad": {"beta1": 0.9, "beta2": 0.999, "eps": 0.0},
    "adopt": {"beta1": 0.9, "beta2": 0.9999, "eps": 1e-6, "clip": np.inf},
}
SETTINGS = {"defaults": {rule: {} for rule in CHANGING}, "changing": CHANGING}
LR = wave(0.05, 0.9)


@cache
def gradients():
    with np.load(conventions.DATA) as data:
        return data["gradients"]


@cache
def reference(rule_name, setting):
    """The paper's trajectory (steps, 8), from 50 digits. All 1,000 steps where everything changes, 200 with the defaults."""
    g = gradients()[: 1000 if setting == "changing" else 200]
    hyper = DEFAULTS[rule_name] | {"lr": LR} | SETTINGS[setting][rule_name]
    with mpmath.workdps(50):
        exact = [[mpmath.mpf(float(x)) for x in row] for row in g]
        each = []
        for t, row in enumerate(exact, 1):
            now = {key: mpmath.mpf(float(value(float(t)) if callable(value) else value)) for key, value in hyper.items()}
            each.append(SimpleNamespace(**now, norm_squared=sum(x * x for x in row)))
        paper = globals()[f"paper_{rule_name}"]
        columns = [
            [float(w) for w in paper(mpmath.mpf(float(start)), zip(column, each, strict=True))]
            for start, column in zip(conventions.START, zip(*exact, strict=True), strict=True)
        ]
    return np.array(columns).T


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_defaults_are_those_written_here(rule):
    parameters = inspect.signature(rule).parameters.values()
    assert {p.name: p.default for p in parameters if p.default is not p.empty} == DEFAULTS[rule.__name__]


def difference_to_paper(rule_name, setting, rule, steps=conventions.STEPS):
    path, w = reference(rule_name, setting)[:steps], conventions.START
    o = optimizer(rule, LR, **SETTINGS[setting][rule_name])
    state, own = o.init(w), []
    for g in gradients()[: len(path)]:
        w, state = o.update(w, g, state)
        own.append(w)
    return conventions.difference(np.array(own), path)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("rule", RULES, ids=name)
def test_rule_is_the_equation_of_its_paper(rule, setting):
    assert difference_to_paper(rule.__name__, setting, rule) <= TOLERANCE


# --- The tolerance bites -----------------------------------------------------------------------------------------------------

# What is wrong, the rule, and the edits that make it so, in pairs of old and new text of the rule's source.
WRONG = [
    ("ascends", "sgd", "w - lr", "w + lr"),
    ("lr falls with t", "sgd", "lr * g", "lr / t * g"),
    ("sign(0) = 1", "sign_sgd", "np.sign(g)", "np.where(g < 0, -1.0, 1.0)"),
    ("lr outside the buffer", "momentum", "lr * g\n", "g\n", "w + delta", "w + lr * delta"),
    ("an average of gradients", "momentum", "lr * g", "(1 - mu) * lr * g"),
    ("lr outside the buffer", "nesterov", "mu * delta - lr * g\n", "mu * delta - g\n", "+ mu * delta,", "+ lr * mu * delta,"),
    ("no look ahead", "nesterov", "w - lr * g + mu * delta,", "w + delta,"),
    ("one coordinate's norm", "adagrad_norm", "squared_norm(g)", "np.max(g * g, axis=-1, keepdims=True)"),
    ("eps inside the root", "adagrad_norm", "np.sqrt(s) + eps", "np.sqrt(s + eps)"),
    ("root forgotten", "adagrad_norm", "np.sqrt(s)", "s"),
    ("eps inside the root", "adagrad", "np.sqrt(s) + eps", "np.sqrt(s + eps)"),
    ("root forgotten", "adagrad", "np.sqrt(s)", "s"),
    ("square forgotten", "adagrad", "g * g", "np.abs(g)"),
    ("a mean, no sum", "adagrad", "np.sqrt(s)", "np.sqrt(s / t)"),
    ("the sum before this step", "adagrad", "np.sqrt(s)", "np.sqrt(s - g * g)"),
    ("eps inside the root", "rmsprop", "v + eps_root) + eps", "v + eps_root + eps)"),
    ("eps_root outside the root", "rmsprop", "v + eps_root)", "v) + eps_root"),
    ("weights swapped", "rmsprop", "beta2 * v + (1 - beta2) *", "(1 - beta2) * v + beta2 *"),
    ("weight forgotten", "rmsprop", "(1 - beta2) * ", ""),
    ("square forgotten", "rmsprop", "g * g", "np.abs(g)"),
    ("bias corrected", "rmsprop", "np.sqrt(v", "np.sqrt(v / (1 - beta2**t)"),
    ("lr outside the buffer", "rmsprop_momentum", "- lr * ratio", "- ratio", "w + delta", "w + lr * delta"),
    ("momentum before the scale", "rmsprop_momentum", "mu * delta - lr * ratio(g,", "ratio(mu * delta - lr * g,"),
    ("eps inside the root", "rmsprop_momentum", "v + eps_root) + eps", "v + eps_root + eps)"),
    ("eps outside the roots", "adadelta", "np.sqrt(u + eps), np.sqrt(v + eps)", "np.sqrt(u) + eps, np.sqrt(v) + eps"),
    ("lr inside the average", "adadelta", "(1 - rho) * delta", "(1 - rho) * lr * lr * delta"),
    ("square forgotten", "adadelta", "delta * delta", "np.abs(delta)"),
    ("averages swapped", "adadelta", "np.sqrt(u + eps), np.sqrt(v + eps)", "np.sqrt(v + eps), np.sqrt(u + eps)"),
    ("step counter frozen", "adam", "beta1**t", "beta1**1.0", "beta2**t", "beta2**1.0"),
    ("step counter one behind", "adam", "beta1**t", "beta1 ** max(t - 1, 1)", "beta2**t", "beta2 ** max(t - 1, 1)"),
    ("no bias correction", "adam", " / (1 - beta1**t)", "", " / (1 - beta2**t)", ""),
    ("no correction of v", "adam", " / (1 - beta2**t)", ""),
    ("eps inside the root", "adam", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)"),
    ("eps on the uncorrected root", "adam", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat) + eps / np.sqrt(1 - beta2**t)"),
    ("eps beside the ratio", "adam", "np.sqrt(v_hat) + eps)", "np.sqrt(v_hat)) + eps"),
    ("betas swapped", "adam", "m = beta1 * m + (1 - beta1)", "m = beta2 * m + (1 - beta2)", "v = beta2", "v = beta1"),
    ("square forgotten", "adam", "g * g", "np.abs(g)"),
    ("no bias correction", "adamax", "lr / (1 - beta1**t)", "lr"),
    ("the maximum does not decay", "adamax", "beta2 * u", "u"),
    ("absolute value forgotten", "adamax", "np.abs(g)", "g"),
    ("no step ahead in the correction", "nadam", "beta1 ** (t + 1)", "beta1**t"),
    ("the gradient left uncorrected", "nadam", "(1 - beta1) / (1 - beta1**t) * g", "(1 - beta1) * g"),
    ("plain Adam", "nadam", "beta1 / (1 - beta1 ** (t + 1)) * m + (1 - beta1) / (1 - beta1**t) * g", "1 / (1 - beta1**t) * m"),
    ("v_hat times beta2, as printed", "nadam", "1 / (1 - beta2**t)", "beta2 / (1 - beta2**t)"),
    ("decay times lr", "adamw", "weight_decay * w", "lr * weight_decay * w"),
    ("decay through the gradient", "adamw", "m = beta1", "g = g + weight_decay * w\n    m = beta1", " + weight_decay * w)", ")"),
    ("decay outside the schedule", "adamw", " + weight_decay * w)", ") - weight_decay * w"),
    ("no maximum", "amsgrad", "np.maximum(v_max, v)", "v"),
    ("bias corrected", "amsgrad", "ratio(m, np.sqrt(v_max)", "ratio(m / (1 - beta1**t), np.sqrt(v_max / (1 - beta2**t))"),
    ("the maximum is averaged", "amsgrad", "beta2 * v +", "beta2 * v_max +"),
    ("eps inside the root", "amsgrad", "np.sqrt(v_max) + eps", "np.sqrt(v_max + eps)"),
    ("its own gradient in the scale", "adopt", "np.sqrt(v)", "np.sqrt(beta2 * v + (1 - beta2) * g * g)"),
    ("eps added", "adopt", "np.maximum(np.sqrt(v), eps)", "np.sqrt(v) + eps"),
    ("v starts at 0", "adopt", "b = beta2 * (t > 1)", "b = beta2"),
    ("the first gradient moves", "adopt", "ratio(g * (t > 1),", "ratio(g,"),
    (
        "momentum before the scale",
        "adopt",
        "ratio(g * (t > 1),",
        "(g * (t > 1),",
        "np.clip(scaled, -clip, clip)",
        "scaled[0]",
        "lr * m",
        "lr * np.clip(ratio(m, scaled[1]), -clip, clip)",
    ),
    ("not clipped", "adopt", "np.clip(scaled, -clip, clip)", "scaled"),
    ("clipped on one side", "adopt", "np.clip(scaled, -clip, clip)", "np.minimum(scaled, clip)"),
    (
        "the gradient clipped, not the ratio",
        "adopt",
        "ratio(g *",
        "ratio(np.clip(g, -clip, clip) *",
        "np.clip(scaled, -clip, clip)",
        "scaled",
    ),
    (
        "the average clipped, not the ratio",
        "adopt",
        "np.clip(scaled, -clip, clip)",
        "scaled",
        "lr * m",
        "lr * np.clip(m, -clip, clip)",
    ),
    ("the clipped gradient in v", "adopt", "v = b * v", "g = np.clip(g, -clip, clip)\n    v = b * v"),
]
# Peers have no eta, and are compared without eps and without clipping.
UNSEEN_BY_PEERS = {("decay outside the schedule", "adamw"), ("eps inside the root", "amsgrad")} | {
    (case[0], "adopt") for case in WRONG if "clipped" in case[0]
}


def wrong(rule_name, *edits):
    """The rule with its source edited."""
    source = inspect.getsource(getattr(rules, rule_name))
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert old in source, f"{rule_name} no longer holds {old!r}: renew the edit"
        source = source.replace(old, new)
    scope = dict(vars(rules))
    exec(source, scope)
    return scope[rule_name]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case[1]}: {case[0]}")
def test_wrong_convention_is_noticed(case, recorded):
    what, rule_name, *edits = case
    rule = wrong(rule_name, *edits)
    with np.errstate(all="ignore"):
        paper = difference_to_paper(rule_name, "changing", rule, steps=300)
        peers = {
            peer.name: difference_to_peer(peer, recorded, rule, steps=300) / peer.tolerance
            for peer in conventions.CASES
            if peer.rule.__name__ == rule_name
        }
    assert paper > 1000 * TOLERANCE
    assert not peers or (max(peers.values()) > 1000) == ((what, rule_name) not in UNSEEN_BY_PEERS)


def test_every_rule_has_wrong_conventions():
    assert {case[1] for case in WRONG} == set(rules.__all__)


# --- No gradient seen yet ----------------------------------------------------------------------------------------------------


def without_eps(rule, lr=0.1):
    names = inspect.signature(rule).parameters
    return optimizer(rule, lr, **{key: 0.0 for key in ("eps", "eps_root", "weight_decay") if key in names})


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_zero_over_zero_is_a_zero_step(rule):
    o = without_eps(rule)
    for w in (np.array([0.5, -2.0, 3.0]), np.full((2, 3), -1.5), 0.5, np.float32(0.5)):
        state, start = o.init(w), w
        with np.errstate(all="raise"):
            for _ in range(3):
                w, state = o.update(w, 0.0 * w, state)
                assert np.array_equal(w, start)
                assert all(not np.any(s) for s in state[1:])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not rules.adagrad_norm], ids=name)
def test_a_coordinate_without_gradient_stands_still_beside_others(rule):
    o, w = without_eps(rule), np.array([0.5, 0.5])
    state = o.init(w)
    with np.errstate(all="raise"):
        for g in (1.0, -2.0, 0.0, 3.0):
            w, state = o.update(w, np.array([0.0, g]), state)
    assert w[0] == 0.5 and np.isfinite(w[1])
    # Adadelta takes its units from eps: without it no step is ever taken.
    assert (w[1] != 0.5) == (rule is not rules.adadelta)


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_rules_take_python_floats(rule):
    """As the page shows them, without `optimizer`."""
    states = [0.0] * (list(inspect.signature(rule).parameters).index("t") - 2)
    w, *states = rule(1.0, 0.0, *states, 1.0, 0.1)
    w, *states = rule(w, -3.0, *states, 2.0, 0.1)
    o = optimizer(rule, 0.1)
    v, state = o.update(np.array([1.0]), np.array([0.0]), o.init(np.array([1.0])))
    v, state = o.update(v, np.array([-3.0]), state)
    assert w == v[0] and states == [s[0] for s in state[1:]]


# --- Symmetries and monotone quantities --------------------------------------------------------------------------------------

sizes = st.one_of(st.just(0.0), st.floats(1e-4, 1e4))
entries = st.builds(lambda size, sign: size * sign, sizes, st.sampled_from([-1.0, 1.0]))
runs = arrays(float, st.tuples(st.integers(1, 12), st.integers(2, 5)), elements=entries)


def play(o, gradients, w):
    path, state = [], o.init(w)
    for g in gradients:
        w, state = o.update(w, g, state)
        path.append((w, *state[1:]))
    return path


@pytest.mark.parametrize("rule", RULES, ids=name)
@some
@given(g=runs, data=st.data())
def test_order_of_coordinates_does_not_matter(rule, g, data):
    order = data.draw(st.permutations(range(g.shape[1])))
    o, w = optimizer(rule, 0.1), np.linspace(-1, 2, g.shape[1])
    for plain, permuted in zip(play(o, g, w), play(o, g[:, order], w[order]), strict=True):
        for a, b in zip(plain, permuted, strict=True):
            if rule is rules.adagrad_norm:  # a sum over the coordinates rounds after their order
                np.testing.assert_allclose(b, a[..., order] if a.shape == w.shape else a, rtol=1e-12, atol=1e-14)
            else:
                assert np.array_equal(b, a[order])


@pytest.mark.parametrize("rule", RULES, ids=name)
@some
@given(g=runs, data=st.data())
def test_mirrored_coordinates_take_the_mirrored_path(rule, g, data):
    signs = np.array(data.draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * g.shape[1])))
    o, w = optimizer(rule, 0.1), np.linspace(-1, 2, g.shape[1])
    for plain, mirrored in zip(play(o, g, w), play(o, signs * g, signs * w), strict=True):
        assert np.array_equal(mirrored[0], signs * plain[0])


SCALE_FREE = ["sign_sgd", "adagrad_norm", "adagrad", "rmsprop", "rmsprop_momentum", "adam", "adamax", "nadam", "amsgrad", "adopt"]


@pytest.mark.parametrize("rule_name", SCALE_FREE)
@some
@given(g=runs, power=st.integers(-40, 40), factor=st.floats(1.0, 2.0))
def test_gradients_in_another_unit_change_nothing(rule_name, g, power, factor):
    """With eps = 0 only ratios of gradients count: exactly so for a power of two, which rounds nothing, else up to rounding."""
    o, w = without_eps(getattr(rules, rule_name)), np.zeros(g.shape[1])
    plain = [step[0] for step in play(o, g, w)]
    assert np.array_equal(plain, [step[0] for step in play(o, g * 2.0**power, w)])
    scaled = [step[0] for step in play(o, g * (factor * 2.0**power), w)]
    assert conventions.difference(np.array(scaled), np.array(plain)) < 1e-12


@pytest.mark.parametrize("rule_name", sorted(set(rules.__all__) - set(SCALE_FREE) - {"adadelta", "adamw"}))
def test_unit_of_gradients_scales_the_step_of_the_others(rule_name):
    o, g = optimizer(getattr(rules, rule_name), 0.1), np.array([[1.0, -3.0], [2.0, 0.5]])
    assert np.array_equal(play(o, 4 * g, np.zeros(2))[-1][0], 4 * play(o, g, np.zeros(2))[-1][0])


@pytest.mark.parametrize("rule", [rules.adagrad, rules.adagrad_norm], ids=name)
@some
@given(g=runs, eps=st.floats(0, 1))
def test_adagrads_effective_learning_rate_never_grows(rule, g, eps):
    o, zero, probe = optimizer(rule, 0.1, eps=eps), np.zeros(g.shape[1]), np.full(g.shape[1], 1e-3)
    state, last = o.init(zero), np.inf
    for row in g:
        _, state = o.update(zero, row, state)
        # The distance that a small gradient would be given now.
        now = -o.update(zero, probe, state)[0] / probe
        assert np.all(now <= last)
        last = now


@some
@given(g=runs)
def test_amsgrads_scale_never_shrinks(g):
    states = [step[1:] for step in play(optimizer(rules.amsgrad, 0.1), g, np.zeros(g.shape[1]))]
    for (_, v, v_max), (_, v_next, v_max_next) in pairwise(states):
        assert np.all(v_max_next >= v_max) and np.all(v_max_next >= v_next) and np.all(v_max >= v)


@some
@given(g=runs, beta1=st.floats(0, 0.99), beta2=st.floats(0.5, 0.999))
def test_the_first_step_of_adam_is_lr_whatever_the_gradient(g, beta1, beta2):
    """Both corrected averages are the first gradient's own, whatever the betas: what bias correction is for."""
    o = optimizer(rules.adam, 0.1, beta1=beta1, beta2=beta2, eps=0.0)
    np.testing.assert_allclose(play(o, g[:1], np.zeros(g.shape[1]))[0][0], -0.1 * np.sign(g[0]), rtol=1e-12)


# --- ADOPT's clipping --------------------------------------------------------------------------------------------------------


def authors_bound(t):
    """The authors' bound in the count of this package, as the rule's docstring has it."""
    return (t - 1) ** 0.25


def test_the_docstring_names_the_authors_bound():
    source = re.search(r"``clip=(lambda t: [^`]*)``", " ".join(rules.adopt.__doc__.split()))[1]
    assert [eval(source)(float(t)) for t in range(1, 50)] == [authors_bound(float(t)) for t in range(1, 50)]


def clipped_adopt(theta, gradients, alpha, beta1=0.9, beta2=0.9999, eps=1e-6):
    """The authors' clipped algorithm in plain floats and in their count: v from g_0, then t = 1, 2, ... with c_t = t**(1/4)."""
    v, m, path = gradients[0] ** 2, 0.0, [theta]
    for t in range(1, len(gradients)):
        g = gradients[t]
        c = t ** (1 / 4)
        scaled = g / max(v**0.5, eps)
        m = beta1 * m + (1 - beta1) * (c if scaled > c else -c if scaled < -c else scaled)
        theta = theta - alpha * m
        v = beta2 * v + (1 - beta2) * g**2
        path.append(theta)
    return path


# First steps, where the clipping acts: nothing seen yet, a start far too small, no clipping needed, all sizes.
STARTS = {
    "zeros first": [0.0, 0.0, 0.5, -1.0, 0.0, 2.0, -0.1],
    "a tiny gradient first": [1e-9, 1.0, -1.0, 0.3, 0.3, -2.0, 5.0],
    "of one size": [1.0, -0.9, 1.0, 1.0, -0.8, 0.9, 1.0],
    "of all sizes": [float(x) for x in np.random.default_rng(4).standard_cauchy(300)],
}


@pytest.mark.parametrize("gradients", STARTS.values(), ids=STARTS)
def test_clipped_adopt_is_the_authors_algorithm(gradients):
    o = optimizer(rules.adopt, 0.01, clip=authors_bound)
    path = [step[0][0] for step in play(o, np.array(gradients)[:, None], np.array([0.5]))]
    np.testing.assert_allclose(path, clipped_adopt(0.5, gradients, 0.01), rtol=1e-12)
    # A bound that is a step early or late is another algorithm, wherever it acts.
    for shift in (0, 2):
        late = optimizer(rules.adopt, 0.01, clip=lambda t, shift=shift: max(t - shift, 0) ** 0.25)
        other = [step[0][0] for step in play(late, np.array(gradients)[:, None], np.array([0.5]))]
        assert np.allclose(other, path, rtol=1e-9) == (gradients is STARTS["of one size"] and shift == 0)


@some
@given(g=runs)
def test_an_infinite_bound_is_none(g):
    """To the bit: infinity, a bound that nothing reaches, and the rule without the words."""
    bare = wrong("adopt", "np.clip(scaled, -clip, clip)", "scaled")
    w = np.linspace(-1, 2, g.shape[1])
    free = play(optimizer(bare, 0.1), g, w)
    for clip in ({}, {"clip": np.inf}, {"clip": 1e300}, {"clip": np.full(g.shape[1], np.inf)}):
        for a, b in zip(free, play(optimizer(rules.adopt, 0.1, **clip), g, w), strict=True):
            assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@some
@given(g=runs)
def test_clipped_adopts_step_is_bounded(g):
    """By lr times the largest bound so far, however small the first gradient was: what is lost without clipping."""
    points = [step[0] for step in play(optimizer(rules.adopt, 0.1, clip=authors_bound), g, np.zeros(g.shape[1]))]
    for t, (before, after) in enumerate(pairwise(points), 2):
        assert np.all(np.abs(after - before) <= 0.1 * authors_bound(t) * (1 + 1e-12))


def test_clipping_mends_a_word_that_is_seen_late():
    """A coordinate whose first gradient is 0, as a word of a text that has not come yet: 1/eps times the rate, or the rate."""
    g = np.array([[1.0, 0.0], [1.0, 0.02]])
    far = play(optimizer(rules.adopt, 1e-2), g, np.zeros(2))[-1][0]
    near = play(optimizer(rules.adopt, 1e-2, clip=authors_bound), g, np.zeros(2))[-1][0]
    assert far[1] == pytest.approx(-1e-2 * 0.1 * 0.02 / 1e-6) and near[1] == pytest.approx(-1e-2 * 0.1)
    assert far[0] == near[0]


def test_clipping_mends_sparse_text():
    """The text of the chapter on repairs: without clipping every rate from 0.001 on ends an epoch worse than it began."""
    paragraphs = text(seeds=1)
    for clip, mended in ((np.inf, False), (authors_bound, True)):
        losses, _ = train(paragraphs, [optimizer(rules.adopt, lr, clip=clip) for lr in (1e-3, 1e-2, 1e-1)], epochs=1)
        assert np.all(losses[-1] < losses[0]) == mended and np.all((losses[-1] < losses[0]) == mended)
