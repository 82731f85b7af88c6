"""Every notebook of the book keeps the guards, and each guard reports the defects that it is there for."""

from collections import Counter
from pathlib import Path

import jupytext
import nbformat
import notebooks
import pytest
from nbformat import v4

from . import guards
from .samples import TEXT, figure_cell, png

PAIRS = notebooks.find_pairs(notebooks.ROOT)


@pytest.fixture(scope="module")
def pages():
    stored = {pair.name: pair.notebook for pair in PAIRS if pair.notebook.exists()}
    return [guards.Page(name, nbformat.read(path, as_version=4), str(notebooks.ROOT)) for name, path in stored.items()]


def test_the_book_has_notebooks(pages):
    assert pages


def none_of(findings):
    """Fail with a line for each finding."""
    if findings:
        pytest.fail("\n".join(findings), pytrace=False)


def test_text_and_notebook_are_in_step():
    none_of([finding for pair in PAIRS for finding in notebooks.out_of_step(pair)])


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.__name__)
def test_every_notebook_keeps(guard, pages):
    none_of([f"{page.name}: {finding}" for page in pages for finding in guard(page)])


def test_figure_names_stand_once(pages):
    none_of(guards.names_stand_once(pages))


def test_contents_are_complete():
    none_of(guards.contents_are_complete(notebooks.ROOT, [pair.name for pair in PAIRS]))


# The guards themselves


def sound():
    """A chapter that keeps every guard."""
    notebook = jupytext.reads(TEXT, "md:myst")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].execution_count, code[1].execution_count = 1, 2
    code[1].outputs = [v4.new_output("stream", text="5.000\n")]
    notebook.cells.insert(-1, figure_cell(3))
    return guards.Page("1-sums/adding", notebook, "/srv/repository")


def test_a_sound_chapter_has_no_findings():
    assert {guard.__name__: guard(sound()) for guard in guards.GUARDS} == {guard.__name__: [] for guard in guards.GUARDS}


def prose(old, new):
    """A defect: `old` becomes `new` in the one Markdown cell that holds it."""

    def change(notebook):
        (cell,) = [c for c in notebook.cells if c.cell_type == "markdown" and old in c.source]
        cell.source = cell.source.replace(old, new)

    return change


def code(number, **fields):
    """A defect: fields of code cell `number` get other values."""

    def change(notebook):
        [c for c in notebook.cells if c.cell_type == "code"][number - 1].update(nbformat.from_dict(fields))

    return change


def prints(text, name="stdout"):
    """A defect: code cell 2 has printed `text`."""
    return code(2, outputs=[{"output_type": "stream", "name": name, "text": text}])


def shows(**data):
    """A defect: the figure cell has another output."""
    kinds = {kind.replace("_", "/"): value for kind, value in data.items()}
    return code(3, outputs=[{"output_type": "display_data", "metadata": {}, "data": kinds}])


def figure(part, key, value):
    """A defect: one entry of the figure's options is another, or with None is missing."""

    def change(notebook):
        cell = [c for c in notebook.cells if c.cell_type == "code"][2]
        cell.metadata.mystnb[part][key] = value
        if value is None:
            del cell.metadata.mystnb[part][key]

    return change


def twice(notebook):
    """A defect: the figure cell shows two images."""
    cell = [c for c in notebook.cells if c.cell_type == "code"][2]
    cell.outputs = cell.outputs * 2


def ends_with(source):
    """A defect: another cell of Markdown at the end."""
    return lambda notebook: notebook.cells.append(v4.new_markdown_cell(source))


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
HTML = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<b>/Users/someone/book</b>"}}]

DEFECTS = [
    (guards.every_cell_was_run, code(2, execution_count=None), "code cell 2 has execution count None"),
    (guards.every_cell_was_run, code(1, execution_count=2), "code cell 1 has execution count 2"),
    (guards.every_cell_was_run, code(1, source=" \n"), "code cell 1 is empty"),
    (guards.outputs_are_clean, code(2, outputs=[ERROR]), "stored an error, ValueError"),
    (guards.outputs_are_clean, prints("RuntimeWarning: overflow", "stderr"), "wrote to stderr: 'RuntimeWarning"),
    (guards.outputs_are_clean, shows(**{"application_vnd.jupyter.widget-view+json": {}}), "stored a widget"),
    (guards.nothing_of_the_machine, prints("read /home/someone/data.csv"), "holds '/home/'"),
    (guards.nothing_of_the_machine, prints("read /root/x"), "holds '/root/'"),
    (guards.nothing_of_the_machine, prints("C:\\Users\\x"), "holds 'C:\\\\Users'"),
    (guards.nothing_of_the_machine, prints("<function f at 0x7f9ee9732a50>"), "holds '0x7f9ee9732a50'"),
    (guards.nothing_of_the_machine, prints("/srv/repository/book"), "holds '/srv/repository'"),
    (guards.nothing_of_the_machine, code(2, outputs=HTML), "holds '/Users/'"),
    (guards.nothing_of_the_machine, code(1, source="open('/tmp/a')"), "holds '/tmp/'"),
    (guards.nothing_of_the_machine, prose("Counting.", "http://localhost:8888"), "holds 'http://localhost'"),
    (guards.tags_are_allowed, code(1, metadata={"tags": ["remove-input"]}), "has the tag 'remove-input'"),
    (guards.tags_are_allowed, code(1, metadata={"tags": ["hide-input", "nbval-skip"]}), "has the tag 'nbval-skip'"),
    (guards.tags_are_allowed, code(1, source="#NBVAL_IGNORE_OUTPUT\n1"), "switches a check off"),
    (guards.cells_are_short, code(1, source="x = 1\n" * 26), "code cell 1 has 26 lines"),
    (guards.cells_are_short, code(1, source="x = 1" + 86 * " "), "has a line of 91 characters"),
    (guards.cells_are_short, lambda nb: [code(n, source="x = 1\n" * 7)(nb) for n in (1, 2)], "the median code cell has 7"),
    (guards.all_code_is_run, prose("Two numbers.", "```python\nx = 1\n```"), "Python code that is never run"),
    (guards.all_code_is_run, prose("Two numbers.", "````{note}\n```{code-cell}\n1\n```\n````"), "Python code that is never run"),
    (guards.all_code_is_run, prose("Two numbers.", "```{code-block} python\n1\n```"), "Python code that is never run"),
    (guards.all_code_is_run, prose("Their sum.", ":::{note}\nTheir sum."), "does not close its ::: directive"),
    (guards.all_code_is_run, prose("Their sum.", "Their sum.\n:::"), "does not close its ::: directive"),
    (guards.figures_are_described, code(3, outputs=[]), "describes a figure that it does not show"),
    (guards.figures_are_described, twice, "shows 2 images"),
    (guards.figures_are_described, shows(image_png=png()[:60]), "cannot be read"),
    (guards.figures_are_described, shows(image_png=png(white=0)), "is blank"),
    (guards.figures_are_described, shows(**{"image_svg+xml": "<svg/>"}), "not PNG"),
    (guards.figures_are_described, shows(**{"application_papermill.record_image_png": png()}), "not PNG"),
    (guards.figures_are_described, code(3, metadata={}), "no alt text"),
    (guards.figures_are_described, figure("image", "alt", "adding_3_0.png"), "no sentence"),
    (guards.figures_are_described, figure("image", "alt", "The upper half is white"), "no sentence"),
    (guards.figures_are_described, figure("figure", "caption", "A caption that has one too many words"), "has not 1 to 6 words"),
    (guards.figures_are_described, figure("figure", "caption", None), "has not 1 to 6 words"),
    (guards.figures_are_described, figure("figure", "caption", "Two halves."), "without full stop"),
    (guards.figures_are_described, figure("figure", "name", "halves"), "begins with fig-"),
    (guards.opens_in_form, prose("# Adding", "Adding"), "0 titles"),
    (guards.opens_in_form, ends_with("# Again"), "2 titles"),
    (guards.opens_in_form, prose(":class: opening", ":class: tip"), "no admonition of class opening"),
    (guards.opens_in_form, prose("**Objectives.**", "**Aims.**"), "has not each of"),
    (guards.opens_in_form, prose("**Prerequisites.** Counting.\n\n", ""), "has not each of"),
    (guards.opens_in_form, prose("**Prerequisites.** Counting.", "**Prerequisites.**"), "says nothing after **Prerequisites.**"),
    (guards.opens_in_form, prose("5 minutes", "a while"), "gives no time"),
    (guards.closes_in_form, prose("## Summary", "## Overview"), "not Summary and Sources"),
    (guards.closes_in_form, ends_with("## More"), "not Summary and Sources"),
    (guards.closes_in_form, prose("Two numbers were added, and their sum was", "It was"), "summary says nothing"),
    (guards.closes_in_form, prose("{cite:t}`peano1889`", "Peano"), "cite nothing"),
    (guards.closes_in_form, prose("**Corrections.** None known.", ""), "lack the paragraph"),
]


@pytest.mark.parametrize(("guard", "defect", "finding"), DEFECTS, ids=[finding for _, _, finding in DEFECTS])
def test_a_defect_is_found(guard, defect, finding):
    page = sound()
    defect(page.notebook)
    assert [text for text in guard(page) if finding in text]


def test_every_guard_has_a_defect():
    assert Counter(guard for guard, _, _ in DEFECTS).keys() == set(guards.GUARDS)


def test_what_is_no_defect_is_not_found():
    page = sound()
    prose("Two numbers.", "Maps $f:\\mathbb{R}\\to\\mathbb{R}$, 0x1f, the root/branch and\n\n```bash\nmake book\n```")(
        page.notebook
    )
    assert [finding for guard in guards.GUARDS for finding in guard(page)] == []


def test_a_page_outside_the_parts_needs_no_opening():
    page = guards.Page("appendix/errata", v4.new_notebook(cells=[v4.new_markdown_cell("# Errata")]))
    assert [finding for guard in guards.GUARDS for finding in guard(page)] == []


def test_one_name_for_two_figures_is_found():
    assert guards.names_stand_once([sound()]) == []
    assert "1-sums/adding, code cell 3; 1-sums/adding, code cell 3" in guards.names_stand_once([sound(), sound()])[0]


def write_contents(root: Path, lines):
    (root / "book").mkdir()
    for name in ("index.ipynb", "notation.md", "adding.ipynb"):
        (root / "book" / name).touch()
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n" + "".join(f"- file: book/{x}\n" for x in lines)
    )


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        (["notation", "adding"], []),
        (["notation"], ["_toc.yml does not list book/adding"]),
        (["adding", "taking"], ["_toc.yml lists book/taking, which does not exist"]),
    ],
)
def test_contents_are_compared_with_the_files(tmp_path, lines, findings):
    write_contents(tmp_path, lines)
    assert guards.contents_are_complete(tmp_path, ["index", "adding"]) == findings


def test_contents_that_cannot_be_read_are_found(tmp_path):
    assert "cannot be read" in guards.contents_are_complete(tmp_path, [])[0]
    (tmp_path / "_toc.yml").write_text("chapters: 3\n")
    assert "cannot be read" in guards.contents_are_complete(tmp_path, [])[0]
