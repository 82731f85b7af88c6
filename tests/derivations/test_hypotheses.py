"""Every `given` of a derivation is a hypothesis that its theorem prints, and the hypotheses of every derivation can be satisfied.

`hypotheses.toml` says where each is printed. Whoever adds a given to a derivation, or takes words out of a theorem, is told here.
"""

import re
import tomllib
from pathlib import Path

import pytest
import sympy as sp

from lecture_optim import claims, proofs
from lecture_optim.derivation import Derivation, Index
from lecture_optim.derivation.language import Term
from lecture_optim.derivation.signs import nonnegative

from .exact import Situation
from .mutants import made, names

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "book" / "src").glob("[2-4]-*/*.md"))
TABLE = tomllib.loads((Path(__file__).parent / "hypotheses.toml").read_text(encoding="utf-8"))
PAIRS = [(label, name) for label, entries in TABLE.items() for name in entries]
EXISTENCE = {"thm-attained"}  # whose derivations are about what the proof constructs

BOX = re.compile(
    r"^(?P<colons>:{3,})\{prf:(?:theorem|lemma|proposition|corollary)\}[^\n]*\n"
    r":label: (?P<label>\S+)\n(?P<text>.*?)^(?P=colons)$",
    re.MULTILINE | re.DOTALL,
)
DISPLAY = re.compile(r"^\$\$\n(?P<text>[^$]*)^\$\$ \((?P<label>\S+)\)$", re.MULTILINE)


def places(pages):
    """({label: text of the box}, {label: text after it, up to the next box}, {label: a display and the paragraphs beside it})."""
    boxes, after, beside = {}, {}, {}
    for page in pages:
        found = list(BOX.finditer(page))
        for box, following in zip(found, [*found[1:], None], strict=True):
            boxes[box["label"]] = box["text"]
            after[box["label"]] = page[box.end() : following.start() if following else None]
        for display in DISPLAY.finditer(page):
            before, behind = page[: display.start()].rstrip(), page[display.end() :].lstrip()
            beside[display["label"]] = "\n".join([before.rpartition("\n\n")[2], display["text"], behind.partition("\n\n")[0]])
    return boxes, after, beside


def only_names(d, k):
    """Whether the k-th given of a derivation does no more than give a name: it says nothing of what is proved."""
    given = d.givens[k]
    name = given.left.family if isinstance(given.left, Term) else given.left
    indices = given.left.indices if isinstance(given.left, Term) else ()
    other_names = [h.left for n, h in enumerate(d.givens) if n != k and h.op == "="]

    def occurs(e):
        return any(t.family == name for t in e.atoms(Term)) if isinstance(given.left, Term) else name in e.free_symbols

    sign = name.sign != "real" if isinstance(given.left, Term) else bool(given.left.is_nonnegative)
    positive = name.sign == "positive" if isinstance(given.left, Term) else bool(given.left.is_positive)
    return (
        given.op == "="
        and (given.left.is_Symbol or isinstance(given.left, Term))
        and all(isinstance(i, Index) for i in indices)
        and len(set(indices)) == len(indices)
        and not any(map(occurs, (given.right, d.first, d.side)))
        and given.left not in other_names
        and (not sign or nonnegative(given.right, (), strict=positive))
    )


def unprinted(label, d, words, texts, existence=EXISTENCE):
    """What of the hypotheses of a derivation the box of this label does not print, one sentence each."""
    boxes, after, beside = texts
    if label not in boxes:
        return [f"no statement has the label {label}"]
    found = []
    for k, (given, says) in enumerate(words):
        other, _, quoted = says.removeprefix("see ").partition(": ")
        if says == "definition":
            right = only_names(d, k)
        elif says.startswith("see "):
            right = f"`{other}`" in boxes[label] and quoted in boxes.get(other, beside.get(other, ""))
        elif says.startswith("proof: "):
            right = label in existence and says.removeprefix("proof: ") in after[label]
        else:
            right = says in boxes[label]
        if not right:
            found.append(f"{label} does not say {says!r}, for {given}")
    return found


@pytest.fixture(scope="module")
def texts():
    return places([page.read_text(encoding="utf-8") for page in PAGES])


def test_every_derivation_counts(record_property):
    made = proofs.derivations()
    counts = [d.counts() for d in made.values()]
    assert list(made) == names()
    assert all(count["proved"] for count in counts)
    record_property("derivations", len(made))
    for what in ("proved", "given"):
        record_property(what, sum(count[what] for count in counts))


@pytest.mark.parametrize(("label", "name"), PAIRS, ids=lambda text: text)
def test_the_hypotheses_of_a_theorem_are_those_of_its_derivation(texts, label, name):
    d, words = made(name), TABLE[label][name]
    assert [latex for latex, _ in d.hypotheses()] == [given for given, _ in words], "change hypotheses.toml, and the page"
    found = unprinted(label, d, words, texts)
    assert not found, "\n" + "\n".join(found)


def test_every_statement_has_its_table(texts):
    assert sorted(TABLE) == sorted(texts[0])


def test_every_derivation_that_decides_a_statement_is_compared():
    """The register of claims names the derivations of each statement; each that has hypotheses is in the table."""
    register = claims.load(ROOT / "book" / "claims")
    decides = {(c.id, check) for c in register.claims if c.id in TABLE and not c.source for check in c.check if check in names()}
    missing = sorted(pair for pair in decides - set(PAIRS) if made(pair[1]).givens)
    assert not missing, f"not in hypotheses.toml: {missing}"


@pytest.mark.parametrize("name", names())
def test_hypotheses_can_be_satisfied(name):
    """Otherwise the derivation proves nothing. The point is exact, and found without the checker."""
    d = made(name)
    situation = Situation([(h.left, h.op, h.right, h.local) for h in d.givens], (d.first, d.side), whole=True)
    assert next(situation.points(1, budget=40000), None), f"no point was met in {situation.attempts} attempts"


# ---------------------------------------------------------------------------------------------------- what is not printed twice

SHOWN = re.compile(
    r"^(?P<call>\w+\.\w+\(\))(?:\.after\((?P<earlier>\w+\.\w+\(\))(?P<place>, \"[^\"]+\")?\))?\n```$", re.MULTILINE
)


def test_a_page_shows_what_its_derivations_refer_to():
    """ "Above" is the derivation shown just before; a place in words lies before on the same page."""
    referring = 0
    for page in PAGES:
        shown = []
        for found in SHOWN.finditer(page.read_text(encoding="utf-8")):
            if found["earlier"]:
                referring += 1
                assert found["earlier"] in (shown if found["place"] else shown[-1:]), f"{page.name}: {found[0]}"
            shown.append(found["call"])
    assert referring > 10


def rows_of(text):
    """The words in small print, and the whole text."""
    return re.findall(r"\\small \\text\{([^}]*)\}", text), text


def test_shared_hypotheses_are_printed_once():
    z_, u, v = sp.symbols("z u v", real=True)
    c = sp.Symbol("c", positive=True)
    first, second = Derivation("first"), Derivation("second")
    for d in (first, second):
        d.given(u, "<=", v, "shared")
    first.given(z_, "=", c, "left out")
    second.given(z_, "=", 2 * v, "new")
    first.start(u).at_most(v, "given", using={first.givens[0]: 1})
    second.start(u + z_).at_most(v + z_, "given", using={second.givens[0]: 1})
    words, text = rows_of(second.after(first))
    assert "given the same as above, but not" in words and "(new)" in words and "and " in words
    assert "(shared)" not in words and "(left out)" not in words
    head = text.split("and }}")[0]
    assert "z = c" in head and "z = 2 v" not in head  # what does not hold here is named
    assert "given the same as in the lemma, but not" in rows_of(second.after(first, "in the lemma"))[0]
    assert rows_of(first.after(first))[0][0] == "given the same as above"
    assert rows_of(second._repr_latex_())[0].count("(shared)") == 1


def test_a_sign_that_no_longer_holds_is_named():
    """The same letter, declared positive above and real here."""
    v = sp.Symbol("v", real=True)
    first, second = Derivation("first"), Derivation("second")
    for d, u in ((first, sp.Symbol("u", positive=True)), (second, sp.Symbol("u", real=True))):
        d.given(v, "=", 3, "shared")
        d.start(u).equal(u, "the same")
    text = second.after(first)
    assert "but not}}" in text and r"& \qquad {\small u > 0}" in text
    assert "where }}{\\small u > 0}" in first.after(second) and "but not" not in first.after(second)


def test_nothing_in_common_is_refused():
    first, second = Derivation("first"), Derivation("second")
    first.given(x, "<=", y, "one")
    for d in (first, second):
        d.start(x).equal(x, "the same")
    with pytest.raises(ValueError, match="no hypothesis in common"):
        second.after(first)


def pairs_shown():
    """(derivation, the one it is shown after) for every page, as names of `proofs.derivations()`."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        alias = dict(re.findall(r"^from lecture_optim\.proofs import (\w+) as (\w+)$", text, re.MULTILINE))
        modules = {used: module for module, used in alias.items()}
        for call in SHOWN.finditer(text):
            if call["earlier"]:
                pair = [re.match(r"(\w+)\.(\w+)", part).groups() for part in (call["call"], call["earlier"])]
                found.add(tuple(f"{modules.get(module, module)}:{name}" for module, name in pair))
    return sorted(found)


@pytest.mark.parametrize(("name", "earlier"), pairs_shown(), ids=lambda text: text)
def test_what_is_shown_with_what_it_refers_to_is_all_that_is_given(name, earlier):
    d, other = made(name), made(earlier)
    text = d.after(other)
    assert set(d.hypotheses()) != set(other.hypotheses()) or "but not" not in text
    for formula, source in set(d.hypotheses()) ^ set(other.hypotheses()):
        assert formula in text, source


# ------------------------------------------------------------------------------------------------- the check itself is checked

SAMPLE = r"""
:::{prf:theorem} A sample
:label: thm-sample

Let $x \le y$, and let {eq}`eq-rule` hold.

*Status: proved.*
:::

With $z \ge 0$

$$
y = z
$$ (eq-rule)

as always.
"""
x, y = sp.symbols("x y", real=True)
z = sp.Symbol("z", nonnegative=True)


def sample():
    d = Derivation("sample")
    d.given(x, "<=", y, "hypothesis")
    d.given(y, "=", z, "rule")
    return d.start(x).at_most(y, "given", using={d.givens[0]: 1})


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["$x \\le y$", "see eq-rule: y = z"], 0),
        (["$x \\le y$", "see eq-rule: With $z \\ge 0$"], 0),
        (["$x < y$", "see eq-rule: y = z"], 1),  # not said
        (["$x \\le y$", "y = z"], 1),  # not in the box
        (["$x \\le y$", "see eq-rule: y = 2z"], 1),
        (["$x \\le y$", "see eq-other: y = z"], 1),  # no such display
        (["$x \\le y$", "definition"], 1),  # y stands in what is proved
        (["definition", "proof: as always"], 2),  # no equality; no existence theorem
    ],
)
def test_words_that_are_not_printed_are_missed(words, count):
    d = sample()
    given = [latex for latex, _ in d.hypotheses()]
    assert len(unprinted("thm-sample", d, list(zip(given, words, strict=True)), places([SAMPLE]))) == count


def test_a_definition_must_not_hide_a_hypothesis():
    """A name whose declared sign its value need not have says more than a name."""
    for value, hides in ((x**2, False), (x, True), (x**2 + z, False), (z - x**2, True)):
        d = Derivation("hidden")
        d.given(sp.Symbol("A", nonnegative=True), "=", value, "a name")
        d.start(x).equal(x, "the same")
        assert only_names(d, 0) != hides


def test_a_new_given_is_noticed(texts):
    """A derivation with one hypothesis more no longer fits the table."""
    d = Derivation("more")
    for h in made("lemmas:projection").givens:
        d.given(h.left, h.op, h.right, h.why)
    d.given(x, "<=", y, "smuggled in")
    assert [latex for latex, _ in d.hypotheses()] != [given for given, _ in TABLE["lem-projection"]["lemmas:projection"]]


def test_contradictory_hypotheses_have_no_point():
    contradictions = [(x, "<=", y, False), (y + 1, "<=", x, False)]
    assert next(Situation(contradictions).points(1, budget=3000), None) is None
