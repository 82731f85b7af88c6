"""A derivation that a cell displays is a numbered formula of its page, under the label of the cell's metadata."""

import re

import nbformat

from .conftest import ROOT
from .visit import pages


def labels(path):
    """The equation labels in a notebook's cells, in order."""
    cells = nbformat.read(path, as_version=4).cells
    found = (cell.metadata.get("mystnb", {}).get("equation") for cell in cells)
    return [label for label in found if label]


def test_every_derivation_is_numbered_in_order_under_its_label(html, visitor):
    stored = {path.relative_to(ROOT).with_suffix(".html"): labels(path) for path in (ROOT / "book").rglob("*.ipynb")}
    assert sum(map(len, stored.values())) >= 3
    page = visitor(java_script_enabled=False).context.new_page()  # as it is written: formulas need not be set
    for path in pages(html):
        if wanted := stored.get(path.relative_to(html)):
            page.goto(path.as_uri(), wait_until="domcontentloaded")
            blocks = page.locator("div.math.derivation").evaluate_all(
                "(blocks) => blocks.map((block) => [block.id, block.querySelector('.eqno').textContent])"
            )
            assert [name for name, _ in blocks] == [f"equation-{label}" for label in wanted], path
            numbers = [re.search(r"\((?:\d+\.)?(\d+)\)", number) for _, number in blocks]
            assert all(numbers), path
            counts = [int(number[1]) for number in numbers]
            assert counts == sorted(set(counts)), path
