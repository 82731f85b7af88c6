"""The register of claims: its form, its look-ups, what it finds in a book, and every error with file, entry and mend."""

import subprocess
import sys

import pytest

from lecture_optim import claims

OWN = {"id": "thm-a", "chapter": "01-a", "claim": "One is $1$.", "verdict": "holds", "check": "sums:one"}
NOTE = OWN | {"id": "n-1", "source": "notes", "place": "page 1", "see": "thm-a"}
FOUND = {"kind": "false", "weight": "major", "wrong": "It is not one.", "right": "It is two."}
WRONG = NOTE | FOUND | {"id": "n-2", "verdict": "wrong as printed", "check": "sums:not_one", "right_check": "sums:two"}

TEXT = """\
(chapter-a)=
# A

:::{prf:theorem} One
:label: thm-a

$$
1 = 1
$$ (eq-one)
:::

:::{prf:proof}
By {prf:ref}`thm-a`.
:::

```{glue:math} two
:label: eq-two
```

::::{exercise} Task
:label: exr-a
::::

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-a
---
total, rest = 1, 0
```

```{code-cell} ipython3
:tags: [hide-input]

def double(x):
    inner = x  # $$ (eq-no)
    return 2 * inner
```
"""


def toml(*entries):
    """The entries as TOML."""
    lines = []
    for entry in entries:
        lines.append("[[claim]]")
        for key, value in entry.items():
            lines.append(f"{key} = {value}" if not isinstance(value, str) else f"{key} = '''{value}'''")
    return "\n".join(lines)


@pytest.fixture
def read(tmp_path):
    """Writes files of a register, a string or entries each, and loads them."""

    def write(*entries, text=None, name="1-part.toml"):
        (tmp_path / name).write_text(toml(*entries) if text is None else text, encoding="utf-8")
        return claims.load(tmp_path)

    return write


@pytest.fixture
def book(tmp_path):
    """A repository with one chapter, one derivation and one test; returns (root, load)."""
    files = {
        "book/src/1-part/01-a.md": TEXT,
        "lecture_optim/proofs/sums.py": "def one():\n    inner = 1\n    return inner\n\n\ntwo = one\n",
        "tests/book/test_a.py": "def test_a():\n    pass\n\n\ndef helper():\n    pass\n\n\n"
        "@pytest.mark.skipif(True, reason='x')\ndef test_s():\n    pass\n",
        "tests/book/conftest.py": "def test_c():\n    pass\n",
        "book/references.bib": "@article{abel-1826,\n  author = {Abel, N. H.},\n}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "book/claims").mkdir()

    def load(*entries):
        (tmp_path / "book/claims/1-part.toml").write_text(toml(*entries), encoding="utf-8")
        return claims.load(tmp_path / "book/claims")

    return tmp_path, load


# ---------------------------------------------------------------- the form


def test_entries_are_read_in_order(read, tmp_path):
    first, second, third = read(OWN | {"check": ["sums:one", "sums:two"], "equations": ["eq-one"]}, NOTE, WRONG).claims
    assert (first.id, first.chapter, first.claim, first.verdict) == ("thm-a", "1-part/01-a", "One is $1$.", "holds")
    assert (first.check, first.stands_under) == (("sums:one", "sums:two"), ("thm-a", "eq-one"))
    assert (second.source, second.place, second.see, second.stands_under) == ("notes", "page 1", ("thm-a",), ())
    assert (third.right, third.file, third.checks) == ("It is two.", tmp_path / "1-part.toml", ("sums:not_one", "sums:two"))
    with pytest.raises(AttributeError):
        first.verdict = "outdated"


def test_look_ups(read):
    read(OWN, NOTE)
    register = read(WRONG | {"source": "other"}, name="2-part.toml")
    assert [c.id for c in register.select()] == ["thm-a", "n-1", "n-2"]
    assert [c.id for c in register.select("1-part/01-a")] == ["thm-a", "n-1"]
    assert [c.id for c in register.select(source="other")] == ["n-2"]
    assert [c.id for c in register.select("1-part/01-a", "notes")] == ["n-1"]
    assert register.select("1-part/01-a", "other") == ()


def test_a_full_name_of_a_chapter_may_stand_in_any_file(read):
    (claim,) = read(NOTE | {"chapter": "2-part/02-b"}, name="notes.toml").claims
    assert (claim.chapter, claim.part) == ("2-part/02-b", "2-part")
    claim = read(OWN | {"chapter": "page"}, name="page.toml").claims[-1]
    assert (claim.chapter, claim.part) == ("page", "page")  # a page of no part


def test_numbers_of_lines_and_formulas():
    assert claims.numbers(("12", "14-16", "3")) == [12, 14, 15, 16, 3]
    for part in ("0", "x", "3-", "16-14", "1,2", "01", "-3", "1-2-3"):
        with pytest.raises(ValueError, match=f"{part!r} is neither a number nor a range of two that rise"):
            claims.numbers((part,))


def test_a_sources_claims_come_in_its_order_and_findings_by_weight(read):
    light = WRONG | {"id": "n-3", "weight": "minor", "lines": "2", "check": "sums:three", "right_check": "sums:four"}
    register = read(NOTE | {"lines": ["9", "12-14"], "source": "notes"}, WRONG | {"lines": "10-11"}, light, OWN)
    assert register.sources == ("notes",)
    assert [c.id for c in register.reading_order("notes")] == ["n-3", "n-1", "n-2"]
    assert [c.id for c in register.errata()] == ["n-2", "n-3"]
    assert [c.id for c in register.errata("minor")] == ["n-3"]


def test_a_claim_without_lines_comes_last(read):
    register = read(NOTE, NOTE | {"id": "n-9", "lines": "900", "check": "sums:nine"})
    assert [c.id for c in register.reading_order("notes")] == ["n-9", "n-1"]


SHARED = "entry 'n-2': check 'sums:one' is that of 'thm-a' too; say why in the field shared"


def test_a_check_in_common_needs_its_reason(read):
    other = NOTE | {"id": "n-2", "see": "thm-b"}  # states something else, so the check is not that of the statement it sees
    with pytest.raises(claims.ClaimError, match=SHARED):
        read(OWN, NOTE, other)
    assert len(read(OWN, NOTE, other | {"shared": "One run decides both."}).claims) == 3
    with pytest.raises(claims.ClaimError, match="entry 'thm-c': check 'sums:one' is that of 'thm-a' too"):
        read(OWN, OWN | {"id": "thm-c"})
    with pytest.raises(claims.ClaimError, match="entry 'n-2': check 'sums:one' is that of 'n-1' too"):
        read(NOTE, NOTE | {"id": "n-2"})
    with pytest.raises(claims.ClaimError, match="entry 'n-2': check 'sums:one' is that of 'n-1' too"):
        read(NOTE, WRONG | {"right_check": "sums:one"})


def test_a_source_that_says_what_the_book_says_has_its_check_and_a_citation_may_be_anybodys(read):
    read(OWN | {"equations": "eq-a"}, NOTE, NOTE | {"id": "n-2", "see": ["fig-x", "eq-a"]})
    read(NOTE | {"check": "cite:abel"}, NOTE | {"id": "n-2", "check": "cite:abel"})


def test_a_claim_that_nothing_decides_needs_a_reason_and_no_check(read):
    plain = {key: value for key, value in NOTE.items() if key not in ("check", "see")}
    (claim,) = read(plain | {"verdict": "not checkable", "remark": "A matter of record."}).claims
    assert (claim.check, claim.see) == ((), ())


def without(key, entry):
    return {k: v for k, v in entry.items() if k != key}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            OWN | {"verdict": "true"},
            "'thm-a': verdict 'true' is unknown; write one of holds, holds with a stated hypothesis, wrong",
        ),
        (OWN | {"note": "x"}, "'thm-a': unknown field 'note'; the fields are id, chapter, claim"),
        (OWN | {"file": "x"}, "unknown field 'file'"),
        (without("id", OWN), "entry number 1: field 'id' is missing"),
        (without("chapter", OWN), "field 'chapter' is missing"),
        (without("claim", OWN), "field 'claim' is missing"),
        (without("verdict", OWN), "field 'verdict' is missing"),
        (without("check", OWN), "field 'check' is missing, which decides it"),
        (without("place", NOTE), "'n-1': field 'place' is missing, where the source says it"),
        (without("see", NOTE), "field 'see' is missing: the labels under which the book states it"),
        (without("kind", WRONG), "field 'kind' is missing: it goes with weight, wrong, right"),
        (
            {key: value for key, value in WRONG.items() if key not in FOUND},
            "fields 'kind', 'weight', 'wrong', 'right' are missing: a claim that is 'wrong as printed' is a finding",
        ),
        (NOTE | {"verdict": "misleading"}, "fields 'kind', 'weight', 'wrong', 'right' are missing: a claim that is 'misleading'"),
        (without("right_check", WRONG), "field 'right_check' is missing: what decides that the correct statement is true"),
        (WRONG | {"kind": "bad"}, "kind 'bad' is unknown; write one of false, missing hypothesis, over-claim, outdated, slip"),
        (WRONG | {"weight": "heavy"}, "weight 'heavy' is unknown; write one of major, moderate, minor"),
        (NOTE | FOUND, "field 'kind' tells of a finding, but the verdict is 'holds'; mend one"),
        (NOTE | {"verdict": "holds with a stated hypothesis"}, "field 'remark' is missing"),
        (NOTE | {"lines": "12-"}, "lines: '12-' is neither a number nor a range"),
        (NOTE | {"formulas": ["1", "D2"]}, "formulas: 'D2' is neither a number nor a range"),
        (NOTE | {"formulas": "1", "check": "cite:abel"}, "a formula is decided by mathematics or by a run; give a check"),
        (without("check", NOTE) | {"formulas": "1", "verdict": "not checkable", "remark": "x"}, "a formula is decided by"),
        (OWN | {"lines": "1"}, "field 'lines' is for a source's claims"),
        (OWN | {"right": "Two."}, "field 'right' is for a source's claims"),
        (OWN | {"verdict": "outdated"}, "field 'remark' is missing"),
        (OWN | {"verdict": "holds with a stated hypothesis"}, "field 'remark' is missing"),
        (without("check", OWN) | {"verdict": "not checkable"}, "field 'remark' is missing"),
        (OWN | {"see": "thm-b"}, "field 'see' is for a source's claims"),
        (OWN | {"place": "page 1"}, "field 'place' is for a source's claims"),
        (OWN | {"right_check": "sums:two"}, "field 'right_check' is for a source's claims"),
        (NOTE | {"equations": "eq-one"}, "field 'equations' is for the book's own claims"),
        (OWN | {"claim": " "}, "claim must be words, but is ' '; leave out what is empty"),
        (OWN | {"claim": ["One"]}, "claim must be words, but is ['One']"),
        (OWN | {"check": []}, "check must be words, or a list of words, but is []"),
        (OWN | {"check": [1]}, "check must be words, or a list of words, but is [1]"),
        (OWN | {"id": 1}, "entry number 1: id must be words, but is 1"),
    ],
)
def test_an_entry_out_of_form_is_named_with_the_mend(read, entry, said):
    with pytest.raises(claims.ClaimError) as error:
        read(entry)
    assert said in str(error.value) and "1-part.toml, entry " in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[claim]]\nid = 'a", "1-part.toml: no TOML ("),
        ('[[claim]]\nid = "$\\alpha$"', "write LaTeX between '''...''', where a backslash is a backslash"),
        ("[[claims]]\nid = 'a'", "only tables [[claim]] may stand here, but there is claims"),
        ("claim = 'a'", "only tables [[claim]] may stand here, but there is claim"),
        ("claim = ['a']", "only tables [[claim]] may stand here"),
    ],
)
def test_a_file_out_of_form_is_named(read, text, said):
    with pytest.raises(claims.ClaimError) as error:
        read(text=text)
    assert said in str(error.value)


def test_a_name_that_stands_twice_is_named_with_both_places(read):
    with pytest.raises(claims.ClaimError, match=r"1-part.toml, entry 'n-1': 'n-1' stands in \S*1-part.toml, entry 'n-1' already"):
        read(NOTE, NOTE)
    read(OWN)
    with pytest.raises(claims.ClaimError, match=r"2-part.toml, entry 'thm-b': 'thm-a' stands in \S*1-part.toml, entry 'thm-a'"):
        read(OWN | {"id": "thm-b", "equations": "thm-a"}, name="2-part.toml")


def test_all_problems_come_at_once(read):
    with pytest.raises(claims.ClaimError) as error:
        read(OWN | {"verdict": "true"}, without("place", NOTE), NOTE, NOTE)
    assert len(str(error.value).splitlines()) == 4  # the last has the id and the check of the one before


def test_a_folder_without_a_register_is_named(tmp_path):
    with pytest.raises(claims.ClaimError, match=r"no register, as there is no file <part>\.toml"):
        claims.load(tmp_path / "absent")


# ---------------------------------------------------------------- the book


def test_labels_of_a_text(book):
    root, _ = book
    found = claims.labels(root)
    assert {name: label.kind for name, label in found.items()} == {
        "thm-a": "statement",
        "eq-one": "equation",
        "eq-two": "equation",
        "chapter-a": "other",
        "exr-a": "other",
        "fig-a": "other",
    }
    assert {label.chapter for label in found.values()} == {"1-part/01-a"}


def test_every_way_to_label_an_equation_or_a_statement(book):
    root, _ = book
    (root / "book/src/1-part/02-b.md").write_text(
        "1. x\n\n   $$\n   1\n   $$ (eq-b)\n\n```{math}\n:label: eq-c\n1\n```\n\n"
        "\\begin{align}\n\\label{eq-d} 1\n\\end{align}\n\n"
        "$$ 1 $$ (eq-e)\n\n````{prf:lemma}\n:class: x\n:label: lem-b\n````\n\n:::{prf:remark} Nameless\nx\n:::\n",
        encoding="utf-8",
    )
    found = {name: label.kind for name, label in claims.labels(root).items() if label.chapter == "1-part/02-b"}
    names = {"eq-b", "eq-c", "eq-d", "eq-e"}
    assert found == dict.fromkeys(names, "equation") | dict.fromkeys(("lem-b", "(no label) Nameless"), "statement")


def test_what_has_no_entry_is_listed(book):
    root, load = book
    assert [name for name, _ in claims.without_entry(load(NOTE), root, "1-part")] == ["thm-a", "eq-two", "eq-one"]
    assert [name for name, _ in claims.without_entry(load(OWN | {"equations": "eq-one"}), root, "1-part")] == ["eq-two"]
    assert (
        claims.without_entry(
            load(OWN, *(OWN | {"id": label, "check": f"sums:of_{label[3:]}"} for label in ("eq-one", "eq-two"))), root, "1-part"
        )
        == []
    )
    assert claims.without_entry(load(NOTE), root, "2-part") == []
    assert len(claims.without_entry(load(NOTE), root)) == 3


CHECKS = (
    "sums:one",
    "sums:two",
    "tests/book/test_a.py::test_a",
    "tests/book/test_a.py::test_a[case-1]",
    "cite:abel-1826",
    "book/src/1-part/01-a.md::total",
    "book/src/1-part/01-a.md::double",
    "book/src/1-part/01-a.md::fig-a",
)


@pytest.mark.parametrize("check", CHECKS)
def test_what_exists_is_no_problem(book, check):
    root, load = book
    assert claims.problems(load(OWN | {"check": check}, NOTE | {"see": ["thm-a", "eq-two", "fig-a", "chapter-a"]}), root) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (NOTE | {"see": ["thm-a", "thm-b"]}, "entry 'n-1': see names 'thm-b', but the book has no such label"),
        (NOTE | {"chapter": "01-b"}, "there is no chapter 1-part/01-b"),
        (OWN | {"id": "thm-b"}, "the book has no label 'thm-b'; mend the entry's id or equations"),
        (OWN | {"equations": "eq-no"}, "the book has no label 'eq-no'"),
        (OWN | {"chapter": "02-b"}, "'thm-a' stands in chapter 1-part/01-a; mend the entry's chapter"),
        (OWN | {"check": "sums:three"}, "check 'sums:three': lecture_optim/proofs/sums.py defines no three"),
        (OWN | {"check": "sums:inner"}, "defines no inner"),
        (OWN | {"check": "terms:one"}, "there is no file lecture_optim/proofs/terms.py"),
        (OWN | {"check": "tests/book/test_a.py::test_b"}, "tests/book/test_a.py defines no test_b"),
        (OWN | {"check": "tests/book/test_b.py::test_a"}, "there is no file tests/book/test_b.py"),
        (OWN | {"check": "book/src/1-part/01-a.md::inner"}, "01-a.md defines no inner"),
        (OWN | {"check": "book/src/1-part/01-a.md::fig-b"}, "01-a.md defines no fig-b"),
        (OWN | {"check": "by hand"}, "check 'by hand' has no known form; write module:function, tests/<path>.py::test, book/src"),
        (OWN | {"check": "cite:noether"}, "check 'cite:noether': book/references.bib has no noether; mend one"),
        (OWN | {"check": "tests/book/test_a.py::helper"}, "check 'tests/book/test_a.py::helper' is not run, as pytest runs"),
        (OWN | {"check": "tests/book/test_a.py::test_s"}, "check 'tests/book/test_a.py::test_s' is not run everywhere, as it is"),
        (OWN | {"check": "tests/book/conftest.py::test_c"}, "check 'tests/book/conftest.py::test_c' is not run"),
        (
            WRONG | {"check": "sums:one", "right_check": "sums:three"},
            "check 'sums:three': lecture_optim/proofs/sums.py defines no",
        ),
        (OWN | {"check": "../elsewhere.py::test_a"}, "has no known form"),
    ],
)
def test_what_does_not_exist_is_named(book, entry, said):
    root, load = book
    (root / "book/src/1-part/02-b.md").write_text("# B\n", encoding="utf-8")
    found = claims.problems(load(entry), root)
    assert len(found) == 1 and said in found[0] and "1-part.toml, entry " in found[0], found


def test_the_register_needs_the_standard_library_alone():
    code = "import sys, lecture_optim.claims; sys.exit('numpy' in sys.modules or 'sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
