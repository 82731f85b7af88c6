"""The register of claims is complete and names only what exists; and the counterexamples on which verdicts rest.

A counterexample decides that a source's claim is wrong as printed, or needs a hypothesis; each is as small as can be.
"""

import importlib
import math
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from lecture_optim import claims
from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import logistic
from lecture_optim.projections import box
from lecture_optim.rules import adagrad

ROOT = Path(__file__).parents[2]
PARTS = ("2-adagrad", "3-adam", "4-convergence")  # those whose statements and equations have to have an entry


@pytest.fixture(scope="module")
def register():
    return claims.load(ROOT / "book" / "claims")


@pytest.mark.parametrize("part", PARTS)
def test_every_statement_and_labelled_equation_has_an_entry(register, part):
    missing = [f"{label.chapter}: {label.kind} {name}" for name, label in claims.without_entry(register, ROOT, part)]
    assert not missing, f"\nwithout an entry in book/claims/{part}.toml:\n" + "\n".join(missing)


def test_entries_name_only_what_exists(register):
    found = claims.problems(register, ROOT)
    assert not found, "\n" + "\n".join(found)


def test_derivations_can_be_imported(register):
    names = sorted({check for claim in register.claims for check in claim.check if "::" not in check})
    missing = []
    for module, _, function in (name.partition(":") for name in names):
        try:
            made = getattr(importlib.import_module(f"lecture_optim.proofs.{module}"), function, None)
        except ModuleNotFoundError:
            made = None
        missing += [] if callable(made) else [f"{module}:{function}"]
    assert not missing, f"\nno such function in lecture_optim.proofs: {', '.join(missing)}"


def test_sources_are_in_the_bibliography(register):
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert [c.id for c in register.claims if c.source and f"{{{c.source},\n" not in bibliography] == []


# ---------------------------------------------------------------- the directive

CONF = """
extensions = ["myst_parser", "sphinx_proof", "sphinxcontrib.bibtex", "claims_ledger"]
root_doc, html_theme, numfig, bibtex_bibfiles = "book/part/page", "basic", True, ["a.bib"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
"""
PAGE = """\
# Page

:::{prf:theorem} One
:label: thm-a

$$ 1 = 1 $$ (eq-a)
:::

```{claims}
```

```{bibliography}
```
"""
ENTRIES = """
[[claim]]
id = "thm-a"
chapter = "page"
claim = '''One is $1$, see {eq}`eq-a`.'''
verdict = "holds"
check = "sums:one"
equations = "eq-a"
[[claim]]
id = "n-1"
chapter = "page"
source = "notes"
place = "page 1"
claim = "One is two."
verdict = "wrong as printed"
remark = "It is *one*."
see = ["thm-a", "eq-a"]
check = "tests/a.py::test_a"
"""


@pytest.fixture
def site(tmp_path):
    """Builds a book of one chapter, warnings being errors; returns (exit code, the page or "", the messages)."""
    files = {"conf.py": CONF, "a.bib": "@misc{notes, author={Abel, A.}, title={Notes}, year={2001}}\n"}
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "--keep-going", tmp_path, tmp_path / "out"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "book" / "_ext")}

    def build(page=PAGE, entries=ENTRIES):
        for name, text in (files | {"book/part/page.md": page, "book/claims/part.toml": entries}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        made = tmp_path / "out/book/part/page.html"
        return done.returncode, made.read_text() if made.exists() else "", done.stderr

    return build


def test_the_directive_prints_the_entries_of_its_chapter(site):
    code, page, said = site()
    assert code == 0, said
    notes, own = page.partition('<dl class="claims')[2].split('<dl class="claims')
    assert "Abel" in page and "Page 1" in notes and "It is <em>one</em>." in notes and "One is two." in notes
    assert 'class="claim-verdict wrong-as-printed">wrong as printed<' in notes and 'id="claim-n-1"' in notes
    assert 'href="#thm-a"' in notes and 'href="#equation-eq-a"' in notes and "test_a" in notes
    assert 'class="claim-verdict holds">holds<' in own and "Theorem 1" in own and r"\(1\)" in own and "sums:one" in own
    assert own.count('href="#equation-eq-a"') == 2


def test_a_changed_register_makes_its_page_anew(site):
    site()
    assert "One is three." in site(entries=ENTRIES.replace("One is two.", "One is three."))[1]


@pytest.mark.parametrize(
    ("options", "shown", "hidden"),
    [
        (":source: notes", "One is two.", "sums:one"),
        (":chapter: part/page\n:verdict: holds, outdated", "sums:one", "One is two."),
    ],
)
def test_options_of_the_directive_choose(site, options, shown, hidden):
    code, page, said = site(PAGE.replace("```{claims}\n", f"```{{claims}}\n{options}\n"))
    assert code == 0 and shown in page and hidden not in page, said


@pytest.mark.parametrize(
    ("options", "entries", "message"),
    [
        (":chapter: part/other", ENTRIES, "the register has no claim of {'chapter': 'part/other'}"),
        (":verdict: true", ENTRIES, '"true" unknown; choose from "holds"'),
        ("", ENTRIES.replace('"holds"', '"true"'), "part.toml, entry 'thm-a': verdict 'true' is unknown"),
        ("", ENTRIES.replace('see = ["thm-a"', 'see = ["thm-b"'), "label 'thm-b' not found"),
    ],
)
def test_what_the_directive_cannot_print_stops_the_build(site, options, entries, message):
    code, _, said = site(PAGE.replace("```{claims}\n", f"```{{claims}}\n{options}\n"), entries)
    assert code != 0 and message in said, said


# ---------------------------------------------------------------- lecture notes 9, section 1: the loss, its gradient, squares


def test_a_weight_alone_says_nothing_of_its_word():
    x, y = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([1.0, -1.0])  # the first two words always come together
    f = logistic(x, y)
    assert f.loss(np.array([3.0, -2.0, -1.0])) == f.loss(np.array([-2.0, 3.0, -1.0]))


def test_the_variance_of_the_gradient_is_at_most_r_squared():
    rng = np.random.default_rng(0)
    x, y, r = rng.normal(size=(50, 4)), rng.choice([-1.0, 1.0], 50), 2.0
    x *= r / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), r)
    for w in 10 ** rng.uniform(-2, 2, (20, 1)) * rng.normal(size=(20, 4)):
        g = np.array([logistic([row], [label]).gradient(w) for row, label in zip(x, y, strict=True)])
        variance = ((g - g.mean(0)) ** 2).sum(1).mean()
        assert variance <= (g**2).sum(1).mean() < r**2


def test_the_denominator_needs_the_label_of_its_own_step():
    x, w, y_t, y = 1.5, 0.7, 1.0, -1.0

    def printed(below):
        return -y_t * x * math.exp(-y_t * w * x) / (1 + math.exp(-below * w * x))

    true = logistic([[x]], [y_t]).gradient(np.array([w]))[0]
    assert printed(y_t) == pytest.approx(true, rel=1e-14)
    assert abs(printed(y) - true) > 0.1


def test_a_sighting_adds_a_quarter_at_zero_and_never_more_than_one():
    squares = [logistic([[1.0]], [1.0]).gradient(np.array([w]))[0] ** 2 for w in (-50.0, -1.0, 0.0, 1.0, 50.0)]
    assert squares[2] == 0.25
    assert sorted(squares, reverse=True) == squares and squares[0] <= 1


def test_the_mean_of_squares_exceeds_the_variance_by_the_squared_mean():
    g = np.array([1.0, 3.0])  # with equal probability
    assert ((g**2).mean(), g.var(), g.mean() ** 2) == (5.0, 1.0, 4.0)
    centred = g - g.mean()
    assert (centred**2).mean() == centred.var() == 1.0


def test_a_steady_coordinate_gets_a_smaller_rate_than_a_noisy_one():
    g = np.stack([np.full(100, 10.0), np.tile([1.0, -1.0], 50)], axis=1)
    rates = 1 / np.sqrt((g**2).sum(0))
    assert g.std(0).tolist() == [0.0, 1.0] and rates[0] == pytest.approx(rates[1] / 10)


# ---------------------------------------------------------------- the proof of Theorem 3


def test_the_iterate_must_not_know_its_gradient():
    """The gradient is +1 or -1 with equal probability, so the expected loss is constant; w = -g knows it."""
    assert np.mean([g * (-g - 0) for g in (1, -1)]) == -1


def test_a_projection_may_lead_away_from_a_point_outside():
    w, g, outside = 1.0, -1.0, 3.0
    clipped, unclipped = box(-1, 1)(w - g), w - g
    assert (clipped - outside) ** 2 > (unclipped - outside) ** 2


def test_two_points_of_the_box_are_a_diameter_apart():
    D = 1.0
    assert (D - -D) ** 2 == 4 * D**2


def test_a_rate_that_grows_breaks_the_bound_of_the_distances():
    h, A, bound = (1.0, 0.5), (1.0, 0.0), 1.0  # h = 1/(2 eta) falls; the distances A are at most the bound
    assert h[0] * A[0] + A[1] * (h[1] - h[0]) > h[1] * bound


def test_the_sum_of_ratios_passes_the_printed_value_from_four_terms_on():
    """The largest value of the sum over sqrt(S_T), attained where S_{t-1}/S_t is the square of half the value before."""
    largest, sums = [1.0], [1.0]
    for _ in range(3):
        sums = [(largest[-1] / 2) ** 2 * s for s in sums] + [1.0]
        squares = np.diff(sums, prepend=0.0)
        largest.append(1 + largest[-1] ** 2 / 4)
        assert (squares / np.sqrt(sums)).sum() == pytest.approx(largest[-1], rel=1e-14)
    assert largest[2] < math.sqrt(2) < largest[3] < 2


def test_the_printed_steps_would_prove_too_much():
    D, c = 1.0, math.sqrt(2)
    printed = D**2 / (2 * c) + c / 2 * math.sqrt(2)  # with S = 1
    run = play(optimizer(adagrad, c, eps=0.0, project=box(-D, D)), np.array([1.0]), D)
    regret = 1.0 * (D - -D)  # the first gradient is 1, the comparator -D
    assert run.w == pytest.approx(D - c) and printed == pytest.approx(1.3536, abs=1e-4)
    assert printed < regret < 2 * math.sqrt(2) * D
    assert (2 * D) ** 2 / (2 * c) + c / 2 * 2 == pytest.approx(2 * math.sqrt(2) * D)


def test_the_last_line_needs_its_expectation():
    """One step from w = D on the loss w/2, whose gradient is drawn as 0 or 1: the right side may be 0, the left side is D."""
    D, draws = 1.0, (0.0, 1.0)
    left = D / 2 - -D / 2
    right = [2 * math.sqrt(2) * D * math.sqrt(g**2) for g in draws]
    assert min(right) < left <= np.mean(right)


# ---------------------------------------------------------------- when it wins


def test_both_norms_agree_on_a_single_entry():
    for w, equal in ((np.array([0.0, -3.0, 0.0]), True), (np.array([1.0, -3.0, 0.0]), False)):
        assert (np.abs(w).max() == np.linalg.norm(w)) == equal


def test_vectors_of_equal_sizes():
    d, size = 4, 2.0
    vectors = set(product((-size, size), repeat=d))
    assert len(vectors) == 2**d and len(set(product((-0.0, 0.0), repeat=d))) == 1
    assert all(np.linalg.norm(w) == size * math.sqrt(d) == np.abs(w).max() * math.sqrt(d) for w in vectors)


def mean_of_roots(d, T):
    """E of the sum of sqrt(N_i), N_i being binomial with T trials and probability proportional to 1/i^2."""
    p = 1 / np.arange(1, d + 1) ** 2.0
    k = np.arange(T + 1)
    return sum(binom.pmf(k, T, q) @ np.sqrt(k) for q in p / p.sum())


@pytest.mark.parametrize(("d", "T", "exact"), [(10, 1000, 2.3441), (100, 1000, 3.4115), (1000, 1000, 3.5716)])
def test_one_hot_stream_by_exact_means(d, T, exact):
    i = np.arange(1, d + 1)
    Z, H, ratio = (1 / i**2.0).sum(), (1 / i).sum(), mean_of_roots(d, T) / math.sqrt(T)
    a = math.sqrt(T / Z)
    assert ratio == pytest.approx(exact, abs=5e-5)
    assert ratio <= min(H / math.sqrt(Z), a * (2 + math.log(a)) / math.sqrt(T)) <= H <= 1 + math.log(d)
    one_hot = np.eye(d)[np.random.default_rng(0).integers(d, size=T)]
    assert (one_hot**2).sum() == T


def test_the_advantage_needs_more_than_a_smaller_norm():
    assert 3 < mean_of_roots(1000, 1000) / math.sqrt(1000) < 4  # so D_2 = 3 D_inf is not enough, D_2 = 4 D_inf is
