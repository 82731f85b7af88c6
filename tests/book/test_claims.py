"""The register of claims is complete and names only what exists; and the counterexamples on which verdicts rest.

A counterexample decides that a source's claim is wrong as printed, or needs a hypothesis; each is as small as can be.
"""

import importlib
import math
import os
import re
import shutil
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


@pytest.fixture(scope="module")
def register():
    return claims.load(ROOT / "book" / "claims")


def test_every_statement_and_labelled_equation_has_an_entry(register):
    missing = [f"{label.chapter}: {label.kind} {name}" for name, label in claims.without_entry(register, ROOT)]
    assert not missing, "\nwithout an entry in book/claims/:\n" + "\n".join(missing)


def test_entries_name_only_what_exists(register):
    found = claims.problems(register, ROOT)
    assert not found, "\n" + "\n".join(found)


def test_derivations_can_be_imported(register):
    names = sorted({check for claim in register.claims for check in claim.checks if "::" not in check and check[:5] != "cite:"})
    missing = []
    for module, _, function in (name.partition(":") for name in names):
        try:
            made = getattr(importlib.import_module(f"lecture_optim.proofs.{module}"), function, None)
        except ModuleNotFoundError:
            made = None
        missing += [] if hasattr(made, "cache_info") else [f"{module}:{function}"]  # what `proof` marks is made once, and tested
    assert not missing, f"\nno such function in lecture_optim.proofs, or not marked by proof: {', '.join(missing)}"


def test_sources_are_in_the_bibliography(register):
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert [c.id for c in register.claims if c.source and f"{{{c.source},\n" not in bibliography] == []


# ---------------------------------------------------------------- the directives

CONF = """
extensions = ["myst_parser", "sphinx_proof", "sphinxcontrib.bibtex", "claims_ledger"]
root_doc, html_theme, numfig, bibtex_bibfiles = "book/part/page", "basic", True, ["a.bib"]
html_static_path = ["book/_static"]
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

```{toctree}
../appendix/claims
../appendix/claims-own
../appendix/errata
../appendix/checks
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
kind = "slip"
weight = "minor"
wrong = "It is *not* two."
right = "It is *one*."
see = ["thm-a", "eq-a"]
check = "tests/test_a.py::test_one_is_not_two"
right_check = "cite:notes"
"""
TOC = """
format: jb-book
root: book/index
parts:
  - caption: The part
    chapters:
      - file: book/part/page
"""
APPENDIX = {
    "claims": "# Ledger\n\n```{ledger}\n```\n",
    "claims-own": "# Own\n\n```{ledger}\n:own:\n```\n",
    "errata": "# Errata\n\n## Minor\n\n```{errata}\n:weight: minor\n```\n",
    "checks": "# Checks\n\n```{checks}\n:folder: lecture_optim/proofs\n```\n\n```{checks}\n:folder: tests\n```\n",
}
CODE = {
    "lecture_optim/proofs/sums.py": '"""Sums."""\n\n\n@proof\ndef one():\n    return 1\n\n\ndef unused():\n    return 2\n',
    "tests/test_a.py": '"""About one.\n\nMore."""\n\n\ndef test_one_is_not_two():\n    assert 1 != 2\n',
}


@pytest.fixture
def site(tmp_path):
    """Builds a book of one chapter and an appendix, warnings being errors; returns (exit code, the page or "", the messages)."""
    files = {"conf.py": CONF, "a.bib": "@misc{notes, author={Abel, A.}, title={Notes}, year={2001}}\n", "_toc.yml": TOC} | CODE
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "--keep-going", tmp_path, tmp_path / "out"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "book" / "_ext"), str(ROOT)])}
    shutil.copytree(ROOT / "book" / "_static", tmp_path / "book" / "_static")

    def build(page=PAGE, entries=ENTRIES, show="part/page", **appendix):
        pages = {f"book/appendix/{name}.md": text for name, text in (APPENDIX | appendix).items()}
        for name, text in (files | pages | {"book/part/page.md": page, "book/claims/part.toml": entries}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        made = tmp_path / f"out/book/{show}.html"
        return done.returncode, made.read_text() if made.exists() else "", done.stderr

    return build


def test_the_directive_prints_the_entries_of_its_chapter(site):
    code, page, said = site()
    assert code == 0, said
    notes, own = page.partition('<dl class="claims')[2].split('<dl class="claims')
    assert "Abel" in page and "Page 1" in notes and "It is <em>one</em>." in notes and "One is two." in notes
    assert 'class="claim-verdict wrong-as-printed">wrong as printed<' in notes and 'id="claim-n-1"' in notes
    assert 'href="#thm-a"' in notes and 'href="#equation-eq-a"' in notes and "Shown false by" in notes
    assert 'href="../appendix/checks.html#check-tests-test-a-py-test-one-is-not-two">one is not two</a>' in notes
    assert 'class="claim-verdict holds">holds<' in own and "Theorem 1" in own and r"\(1\)" in own
    assert 'href="../appendix/checks.html#check-lecture-optim-proofs-sums-py-one"><code>sums:one</code>' in own
    assert "Decided by" in own
    assert own.count('href="#equation-eq-a"') == 2


def test_the_ledger_has_a_row_for_each_entry_and_the_totals(site):
    code, page, said = site(show="appendix/claims")
    assert code == 0, said
    own = site(show="appendix/claims-own")[1]
    rows = [row for text in (page, own) for row in text.partition("<tbody")[2].split("<tr")[1:]]
    assert [re.search(r'id="(.*?)"', row)[1] for row in rows] == ["claim-n-1", "claim-thm-a"]
    assert 'href="claims-own.html?verdict=holds"' in page and "<figure" not in own
    assert all(f'data-{key}="{value}"' in rows[0] for key, value in (("document", "notes"), ("verdict", "wrong as printed")))
    assert 'data-document="book"' in rows[1] and all('data-part="The part"' in row for row in rows)
    assert all('href="../part/page.html"' in row for row in rows)
    assert "Abel" in rows[0] and 'href="errata.html#erratum-n-1"' in rows[0] and "slip, minor" in rows[0]
    assert "It is <em>not</em> two." in rows[0].partition("<details")[2] and "<details" not in rows[1]
    assert 'href="checks.html#check-tests-test-a-py-test-one-is-not-two"' in rows[0] and "sums:one" in rows[1]
    totals = page.partition("<figure")[2].partition("</figure>")[0]
    assert totals.count(": 1 claims") == 2 and "1 wrong as printed" in totals and totals.count("width: 100.00%") == 2
    assert "<form" in page
    assert page.count("claims.js") == 1 == page.count("claims.css")
    assert "claims.js" not in site()[1]


def test_the_errata_have_their_five_parts_and_one_form(site):
    twice = APPENDIX["errata"].replace("# Errata\n", "# Errata\n\n```{errata}\n:filter:\n```\n\n## All\n\n```{errata}\n```\n")
    code, page, said = site(show="appendix/errata", errata=twice)
    assert code == 0, said
    assert page.index("claims-filter") < page.index("<h2>All")
    card = page.partition('id="erratum-n-1"')[2].partition("</article>")[0]
    assert [title for title in ("Printed", "Wrong", "Correct") if f"<dt>{title}</dt>" in card] == ["Printed", "Wrong", "Correct"]
    assert "Page 1" in card and ">slip<" in card and "One is two." in card and "It is <em>one</em>." in card
    assert 'href="claims.html#claim-n-1"' in card and "one is not two" in card and page.count("claims-filter") == 1


def test_the_checks_show_what_ran(site):
    code, page, said = site(show="appendix/checks")
    assert code == 0, said
    text = re.sub("<.*?>", "", page)
    assert "@proof\ndef one():\n    return 1" in text and "assert 1 != 2" in text and "unused" not in text
    assert "lecture_optim/proofs/sums.py. Sums." in text and "About one." in text and "More." not in text
    assert page.count('id="check-') == 2 and re.search(r'#claim-n-1"><span[^>]*>Abel.*</span>: page 1</a>', page)
    assert '#claim-thm-a">Theorem 1</a>' in page


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


@pytest.mark.parametrize(
    ("page", "old", "new", "message"),
    [
        ("errata", "minor", "major", "the register has no finding of the weight 'major'"),
        ("errata", ":weight: minor", ":weight: heavy", '"heavy" unknown; choose from "major"'),
        ("claims", "{ledger}", "{ledger}\n:first: notes, others", "the register has no claim of others"),
        ("checks", ":folder: tests", ":folder: other", "no claim has a check in other"),
        ("checks", "```{checks}\n:folder: tests\n```", "", "unknown keyword: 'check-tests-test-a-py-test-one-is-not-two'"),
    ],
)
def test_what_the_appendix_cannot_print_stops_the_build(site, page, old, new, message):
    code, _, said = site(**{page: APPENDIX[page].replace(old, new)})
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
