"""What the tests of the chapters share."""

from pathlib import Path

import jupytext
import pytest

TEXTS = {text.stem.replace("-", "_"): text for text in (Path(__file__).parents[2] / "book" / "src").rglob("*.md")}


@pytest.fixture(scope="module")
def page(request):
    """The names that a chapter's cells leave behind, run from first to last; the test file is named after the chapter.

    Where nbval has run the notebook before, they are those that it left behind. Otherwise the cells are run here, without those
    that hold the test file's LEFT_OUT, where it has one.
    """
    text, names = TEXTS[request.module.__name__.rpartition(".")[2].removeprefix("test_")], {}
    if (kept := request.config.pluginmanager.get_plugin("namespaces").kept(text.stem)) is not None:
        return kept
    left_out = getattr(request.module, "LEFT_OUT", None)
    for cell in jupytext.read(text).cells:
        if cell.cell_type == "code" and (left_out is None or left_out not in cell.source):
            exec(compile(cell.source, text.name, "exec"), names)
    return names
