"""The list of what a document holds: on small texts of its own, and, where the four documents are, on them."""

import os
from pathlib import Path

import pytest

from lecture_optim import claims

from . import match

ROOT = Path(__file__).resolve().parents[2]
FOUR = tuple(match.DOCUMENTS.values())
FOLDER = os.environ.get("LECTURE_OPTIM_SOURCES")

TEXT = """\
# Title

Let $x$ be small, so that $x_{i=1}^{n \\le 3} \\leq 1$ and $\\|x\\|$ is as well.

$$x = 1$$

$$
y
= 2
$$

The least is $\\min_x f(x)$, of the order $O(n^2)$, for $\\sum_{i=1}^n x_i$.

```
z <- 3
```
"""


@pytest.fixture(scope="module")
def register():
    return claims.load(ROOT / "book" / "claims")


def entry(tmp_path, **fields):
    """A register of one entry of the source "notes" with these lines and formulas."""
    lists = "\n".join(f"{key} = {value!r}" for key, value in fields.items())
    (tmp_path / "notes.toml").write_text(
        f'[[claim]]\nid = "n"\nchapter = "1-part/a"\nsource = "notes"\nplace = "p"\nclaim = "c"\nverdict = "holds"\n'
        f'see = "thm-a"\ncheck = "sums:one"\n{lists}\n'
    )
    return claims.load(tmp_path).claims


def test_formulas_are_counted_in_order_with_their_lines():
    found = [(f.number, f.first, f.last, f.form) for f in match.formulas(TEXT)]
    assert found == [
        *((n, 3, 3, "inline") for n in (1, 2, 3)),
        (4, 5, 5, "display"),
        (5, 7, 10, "display"),
        *((n, 12, 12, "inline") for n in (6, 7, 8)),
        (9, 14, 16, "code"),
    ]


def test_a_name_has_no_relation_outside_its_indices():
    assert [f.number for f in match.formulas(TEXT) if f.is_name] == [1, 3, 8]


@pytest.mark.parametrize(
    ("formula", "name"), [("\\theta", 1), ("a \\leftarrow b", 0), ("x \\in D", 0), ("\\inf x", 1), ("a_{b_{c=1}}", 1)]
)
def test_what_is_a_name(formula, name):
    (found,) = match.formulas(f"${formula}$")
    assert found.is_name == bool(name)


def test_what_no_entry_decides_is_listed(tmp_path):
    _, undecided = match.match(TEXT, entry(tmp_path, formulas=["2", "4-5"], lines=["3"]))
    assert [what.partition(":")[0] for what, _, _ in undecided] == [
        "line 1",
        "line 12, formula 6 (inline)",
        "line 12, formula 7 (inline)",
        "line 12",
        "lines 14-16, formula 9 (code)",
    ]


def test_a_reason_takes_the_place_of_an_entry(tmp_path):
    left_out = [({1}, set(), "A title."), ({12}, {6, 7, 9}, "Left out.")]
    rows, undecided = match.match(TEXT, entry(tmp_path, formulas=["2", "4-5"], lines=["3"]), left_out)
    assert undecided == []
    assert ("line 1: # Title", [], "A title.") in rows
    assert next(row for row in rows if "formula 4" in row[0])[1] == ["n"]


def test_entries_beyond_the_text_are_named(tmp_path):
    assert match.beyond(TEXT, entry(tmp_path, formulas=["9"], lines=["16"])) == []
    (lines, numbers) = match.beyond(TEXT, entry(tmp_path, formulas=["10"], lines=["17-20"]))
    assert "entry 'n': lines goes to 20, but the text has 16" in lines and "formulas goes to 10, but the text has 9" in numbers


def test_a_folder_without_the_texts_is_told(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Another text.")
    assert match.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert all(key in said for key in FOUR) and "these texts are not part of the repository" in said


def test_reasons_name_documents_and_say_something():
    found = match.reasons()
    assert set(found) <= set(FOUR)
    assert all((lines or formulas) and reason.strip() for entries in found.values() for lines, formulas, reason in entries)


@pytest.mark.parametrize("source", FOUR)
def test_every_entry_says_on_which_lines_it_is(register, source):
    missing = [claim.id for claim in register.select(source=source) if not claim.lines]
    assert not missing, f"\nentries of {source} without lines: {', '.join(missing)}"


@pytest.mark.parametrize("source", FOUR)
def test_one_entry_in_ten_at_most_is_not_checkable(register, source):
    entries = register.select(source=source)
    unchecked = [claim.id for claim in entries if claim.verdict == "not checkable"]
    assert len(unchecked) <= len(entries) / 10, f"\nof {len(entries)} entries of {source}: {', '.join(unchecked)}"


@pytest.mark.skipif(
    not FOLDER,
    reason="by design: the texts of the documents are not part of the repository; LECTURE_OPTIM_SOURCES names their folder",
)
@pytest.mark.parametrize("source", FOUR)
def test_every_line_and_formula_of_a_document_is_decided(register, source):
    text, entries = match.documents(FOLDER)[source], register.reading_order(source)
    _, undecided = match.match(text, entries, match.reasons().get(source, []))
    assert not undecided, "\n" + "\n".join(what for what, _, _ in undecided)
    assert match.beyond(text, entries) == []
