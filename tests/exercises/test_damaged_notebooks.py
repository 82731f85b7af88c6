"""More than 200 damaged notebooks, by both routes: graded with the score that is left, or a reason why not; never a silent 0.

A class's grader and a reader's own command must find the same answers in each, and say the same of what they cannot read. Each
damage is a rule with a name and says what it must lead to: UNREAD, or the questions that are lost (none: all points). What is
damaged at random must either have a reason, or give a message for each point that is lost.
"""

import copy
import json
import random

import pytest

from lecture_optim.check import notebook
from lecture_optim.check.notebook import NotebookError, read

from .both import alone, course, of_class
from .classes import ANSWERS, ESSAY, FULL_SCORES, cells, code, prose
from .classes import notebook as made

UNREAD, ANYTHING = "unread", "anything"
ALL = {id: points for id, points in FULL_SCORES.items() if points is not None}
GOOD = {
    "cells": cells(),
    "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
TEXT = json.dumps(GOOD, indent=1)
PLACES = range(len(GOOD["cells"]))
ANSWERED_IN = {k: id for k, cell in enumerate(GOOD["cells"]) for id, text in ANSWERS.items() if cell["source"] == text}
SET_UP = 1  # without it q2 lacks numpy
CODE = [k for k in PLACES if GOOD["cells"][k]["cell_type"] == "code"]
DAMAGES = {}


def damage(name, result, expected=""):
    """Note a damaged file: an object for JSON, text or bytes. expected: UNREAD, ANYTHING, or the ids of lost questions."""
    assert name not in DAMAGES
    if not isinstance(result, (str, bytes)):
        result = json.dumps(result)
    DAMAGES[name] = (result.encode("utf-8", "surrogatepass") if isinstance(result, str) else result, expected)


def lost(k):
    return ANSWERED_IN.get(k, "q2" if k == SET_UP else "")


def with_cells(change):
    found = copy.deepcopy(GOOD)
    found["cells"] = change(found["cells"])
    return found


def with_cell(k, **change):
    """The good notebook with keys of one cell changed; a value of ... takes the key away."""
    found = copy.deepcopy(GOOD)
    cell = found["cells"][k]
    cell.update(change)
    for key in [key for key, value in cell.items() if value is ...]:
        del cell[key]
    return found


# -- the file
for percent in range(2, 100, 7):
    damage(f"cut off after {percent} %", TEXT[: len(TEXT) * percent // 100], UNREAD)
for size in (0, 1, 2, 3, 100, 10_000):
    damage(f"{size} bytes of noise", random.Random(size).randbytes(size), UNREAD)
    damage(f"{size} zeros", bytes(size), UNREAD)
for name, text in {
    "blanks": " \n\t ", "null": "null", "a list": "[]", "a number": "3", "a text": '"cells"', "an empty object": "{}",
    "a web page": "<!DOCTYPE html><html></html>",
    "a script": "import numpy as np\nprint(3)\n", "two notebooks": TEXT + TEXT, "a comma too many": TEXT[:-1] + ",}",
    "single quotes": TEXT.replace('"', "'"),
    "conflict marks": TEXT.replace('"cells"', '<<<<<<< HEAD\n"cells"\n=======\n"cells"\n>>>>>>> mine'),
    "a pickle": "\x80\x04K\x03.",
    "a list of cells": json.dumps(GOOD["cells"]), "deep lists": "[" * 10**5, "deep objects": '{"a":' * 10**5,
    "closed deep lists": "[" * 10**5 + "]" * 10**5,
    "deep metadata": TEXT.replace('"nbformat": 4', '"x": ' + "[" * 10**5 + "]" * 10**5 + ', "nbformat": 4'),
    "a zip": "PK\x03\x04" + "x" * 99,
    "a number of 10**5 digits": TEXT.replace('"nbformat": 4', '"nbformat": ' + "4" * 10**5),
}.items():  # fmt: skip
    damage(name, text, UNREAD)
damage("a file of 70 MB", TEXT.replace('"nbformat": 4', f'"x": "{"y" * (70 * 2**20)}", "nbformat": 4'), UNREAD)
damage("an output of 50 MB", with_cell(CODE[1], outputs=[{"data": {"image/png": "A" * (50 * 2**20)}}]))
for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"):
    damage(f"in {name}", TEXT.encode(name))
damage(
    "in latin-1 with accents in a comment",
    json.dumps(with_cell(CODE[1], source="# é\n" + ANSWERS["q1"]), ensure_ascii=False).encode("latin-1")
    if CODE[1] in ANSWERED_IN
    else TEXT,
)
damage("with line breaks of Windows", TEXT.replace("\n", "\r\n"))
damage("blanks around", f"\n\n  {TEXT}\n\n")
damage("on one line", json.dumps(GOOD))
damage("NaN in metadata", TEXT.replace('"nbformat": 4', '"x": [NaN, Infinity, -Infinity], "nbformat": 4'))
damage("the cells twice, the second time whole", TEXT.replace("{", '{"cells": null, ', 1))
damage("the cells twice, the second time null", TEXT[: TEXT.rindex("}")] + ', "cells": null}', UNREAD)

# -- the notebook
for name, value in {
    "null": None, "a number": 3, "an object": {}, "a text": "cells", "empty": [], "of texts": ["a"], "of nulls": [None],
    "of lists": [[]],
}.items():  # fmt: skip
    damage(f"cells: {name}", GOOD | {"cells": value}, UNREAD)
damage("5001 cells", GOOD | {"cells": GOOD["cells"] * 400}, UNREAD)
damage("5 MB of code", with_cells(lambda c: [*c, code("x = 1\n" * 10**6)]), UNREAD)
for key in ("metadata", "nbformat", "nbformat_minor"):
    damage(f"without {key}", {k: v for k, v in GOOD.items() if k != key})
    for value in (None, "four", -1, [], 99, 2.5):
        damage(f"{key}: {value!r}", GOOD | {key: value})
V3 = [
    {("input" if k == "source" else k): v for k, v in cell.items()} if cell["cell_type"] == "code" else cell
    for cell in GOOD["cells"]
]
damage("format 3", {"worksheets": [{"cells": V3, "metadata": {}}], "nbformat": 3, "nbformat_minor": 0, "metadata": {}})
damage("format 3 in two sheets", {"worksheets": [{"cells": V3[:5]}, {"cells": V3[5:]}], "nbformat": 3})
damage("format 3 that says 4", {"worksheets": [{"cells": V3}], "nbformat": 4})
damage("format 4 that says 3", GOOD | {"nbformat": 3})
damage("damaged sheets", {"worksheets": [{"cells": 3}], "nbformat": 3}, UNREAD)
damage("no sheets", {"worksheets": {}, "nbformat": 3}, UNREAD)

# -- its cells
for k in PLACES:
    damage(f"cell {k} copied below", with_cells(lambda c, k=k: [*c[: k + 1], c[k], *c[k + 1 :]]))
    damage(f"cell {k} copied to the end", with_cells(lambda c, k=k: [*c, c[k]]))
    damage(f"cell {k} deleted", with_cells(lambda c, k=k: c[:k] + c[k + 1 :]), lost(k))
    damage(f"cell {k} moved to the top", with_cells(lambda c, k=k: [c[k], *c[:k], *c[k + 1 :]]))
    damage(f"cell {k} without metadata", with_cell(k, metadata=..., outputs=[], id="same"))
    damage(f"cell {k} as a list of lines", with_cell(k, source=GOOD["cells"][k]["source"].splitlines(keepends=True)))
for k in CODE:
    is_lost = lost(k)
    damage(f"code cell {k} made text", with_cell(k, cell_type="markdown"), is_lost)
    damage(f"code cell {k} with lines cut from their breaks", with_cell(k, source=GOOD["cells"][k]["source"].splitlines()))
    damage(f"code cell {k} with nothing but its text", with_cell(k, metadata=..., outputs=..., execution_count=...))
for k in CODE[:3]:
    for name, value in {
        "a number": 3,
        "null": None,
        "an object": {"a": 1},
        "a list of numbers": [1, 2],
        "a list of lists": [["a"]],
    }.items():
        damage(f"code cell {k} with the source {name}", with_cell(k, source=value), UNREAD)
    damage(f"code cell {k} without source", with_cell(k, source=...), UNREAD)
    damage(f"code cell {k} without kind", with_cell(k, cell_type=...))
    damage(f"code cell {k} of no kind", with_cell(k, cell_type=..., outputs=..., execution_count=...), UNREAD)
    damage(f"code cell {k} of kind 7", with_cell(k, cell_type=7))
    damage(f"code cell {k} of kind Code", with_cell(k, cell_type=" Code"))
    damage(f"code cell {k} of kind cody", with_cell(k, cell_type="cody"), UNREAD)
    for name, value in {"metadata": [], "outputs": None, "execution_count": "x", "id": 3, "attachments": {"a": {}}}.items():
        damage(f"code cell {k} with {name} {value!r}", with_cell(k, **{name: value}))
for k in ANSWERED_IN:
    id, text = ANSWERED_IN[k], GOOD["cells"][k]["source"]
    first, _, rest = text.partition("\n")
    damage(
        f"{id} split after its first line",
        with_cells(lambda c, k=k, f=first, r=rest: [*c[:k], code(f), code(r), *c[k + 1 :]]),
        id if text.startswith("def") else "",
    )
    damage(
        f"{id} joined with the cell below",
        with_cells(lambda c, k=k, t=text: [*c[:k], code(t + "\n" + c[k + 1]["source"]), *c[k + 2 :]]),
    )
    damage(f"{id} with line breaks of Windows", with_cell(k, source=text.replace("\n", "\r\n")))
    damage(f"{id} with half a character in a comment", with_cell(k, source=text + "  # \ud800"))
    damage(f"{id} with a zero byte", with_cell(k, source=text + "\n\0"), id)
    damage(f"{id} with a blank that is none", with_cell(k, source="\u00a0" + text), id)
    damage(f"{id} cut off in the middle", with_cell(k, source=text[: len(text) // 2] + "("), id)
    damage(f"{id} below its own stub", with_cells(lambda c, k=k, i=id: [*c[:k], code("raise NotImplementedError"), *c[k:]]))
for seed in range(12):
    damage(f"shuffled, {seed}", with_cells(lambda c, s=seed: random.Random(s).sample(c, len(c))))
damage("reversed", with_cells(lambda c: c[::-1]))
damage("only its code", with_cells(lambda c: [cell for cell in c if cell["cell_type"] == "code"]))
damage("only its text", with_cells(lambda c: [cell for cell in c if cell["cell_type"] != "code"]), UNREAD)
damage(
    "all code in one cell", with_cells(lambda c: [code("\n\n".join(cell["source"] for cell in c if cell["cell_type"] == "code"))])
)
damage("all code emptied", with_cells(lambda c: [code("") for _ in c]), UNREAD)
for seed in range(25):
    noise = random.Random(1000 + seed)
    data = bytearray(TEXT.encode())
    for _ in range(3):
        data[noise.randrange(len(data))] = noise.randrange(256)
    damage(f"three bytes changed, {seed}", bytes(data), ANYTHING)

SEEN = {}


@pytest.fixture(scope="module")
def exercises(tmp_path_factory):
    yield course(tmp_path_factory.mktemp("sample") / "exercises")
    SEEN.clear()


def test_there_are_at_least_200_damages_and_the_good_one_is_good():
    assert len(DAMAGES) >= 200
    assert read(TEXT.encode()).cells == [cell["source"] for cell in GOOD["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", DAMAGES)
def test_both_routes_find_the_same_answers_or_say_the_same_reason(jail, soon, exercises, tmp_path, name):
    data, expected = DAMAGES[name]
    try:
        key = tuple(read(data).cells)
    except NotebookError as error:
        key = str(error)
        assert expected in (UNREAD, ANYTHING)
        assert 10 < len(key) < 200
    if key not in SEEN or isinstance(key, str):  # what reads alike is graded once
        SEEN[key] = of_class(data, jail), alone(data, exercises, tmp_path)
    graded, checked = SEEN[key]
    assert checked == graded
    scores, _, reason = graded
    if isinstance(key, str):
        assert (scores, reason) == ({}, key)
        return
    assert expected != UNREAD and reason is None
    if expected != ANYTHING:
        assert scores == ALL | {id: 0 for id in expected.split()}


# --------------------------------------------------------------------------------------------------------------------- the essays


def essays(*texts):
    return read(made([code("x = 1"), *map(prose, texts)])).essays


def test_essays_are_what_stands_under_their_marker():
    assert read(TEXT.encode()).essays == {"q6": ESSAY}
    assert essays("<!-- essay: q6 -->", "<!--essay:q7-->\n\n text \n") == {"q6": "", "q7": "text"}
    assert essays("no marker", "# essay: q6") == {}
    assert essays("before\n<!-- essay: q6 -->\none\n<!-- essay: q7 -->\ntwo") == {"q6": "one", "q7": "two"}


def test_a_copied_essay_counts_once_and_a_split_one_is_joined():
    assert essays("<!-- essay: q6 -->\none", "<!-- essay: q6 -->\none") == {"q6": "one"}
    assert essays("<!-- essay: q6 -->\none", "<!-- essay: q6 -->\ntwo") == {"q6": "one\n\ntwo"}
    assert essays("<!-- essay: q6 -->", "<!-- essay: q6 -->\ntwo") == {"q6": "two"}


def test_an_essay_is_text_whatever_stands_in_it():
    text = '<script>alert(1)</script> {{7*7}} =HYPERLINK("x") \u202e end'
    assert essays(f"<!-- essay: q6 -->\n{text}") == {"q6": text}


def test_only_bytes_are_read():
    with pytest.raises(TypeError, match="from bytes, not from str"):
        read(TEXT)
    assert notebook.read(TEXT.encode()).cells[0].startswith("import numpy")
