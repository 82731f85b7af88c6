"""The cells of a chapter run once: its tests look at what its notebook left behind, or run the cells where it left nothing."""

import shutil

import pytest
from notebooks import ROOT, Pair

from .samples import TEXT, repository, update
from .test_strict import pytest_in

CELL = """
import os
from pathlib import Path

with Path(os.environ["RAN"]).open("a") as file:
    file.write("x")

rate = 3
numbers = list(range(4))
same = numbers
squares = (n * n for n in numbers)


def scaled(x):
    return rate * x
"""
TEST = """
def test_what_the_cells_left(page):
    assert page["numbers"] == [0, 1, 2, 3] and page["same"] is page["numbers"]
    assert page["scaled"](2) == 6
    page["rate"] = 5
    assert page["scaled"](2) == 10
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository with one executed notebook, a test of its chapter and this repository's settings of pytest."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAN", str(root / "making"))
        update(repository(root, TEXT.replace("a, b = 2, 3\n", f"a, b = 2, 3\n{CELL}")))
    for path in ("pyproject.toml", "book/conftest.py", "tests/conftest.py", "tests/namespaces.py", "tests/book/conftest.py"):
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(ROOT / path, root / path)
    (root / "tests/book/test_adding.py").write_text(TEST)
    return root


@pytest.fixture
def run(made, tmp_path):
    """A function that runs pytest on a copy after a change of the test and of the notebook: (exit code, output, times run)."""

    def run(*arguments, test="", stored=("", "")):
        root = tmp_path / "copy"
        shutil.copytree(made, root, ignore=shutil.ignore_patterns("_build"))
        with (root / "tests/book/test_adding.py").open("a") as file:
            file.write(test)
        notebook = Pair(root, "1-sums/adding").notebook
        notebook.write_text(notebook.read_text().replace(*stored))
        code, output = pytest_in(root, *arguments, RAN=str(tmp_path / "ran"), TMPDIR=str(tmp_path))
        assert not list(tmp_path.glob("namespaces-*")), "the folder of the run goes with it"
        return code, output, (tmp_path / "ran").read_text()

    return run


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_cells_are_run_once(run, workers):
    code, output, ran = run("-n", workers)
    assert (code, ran) == (0, "x"), output


def test_a_test_alone_runs_the_cells(run):
    code, output, ran = run("-n0", "tests")
    assert (code, ran) == (0, "x"), output


def test_what_cannot_be_kept_is_made_again(run):
    code, output, ran = run("-n0", test='    assert list(page["squares"]) == [0, 1, 4, 9]\n')
    assert (code, ran) == (0, "xx"), output


def test_what_a_notebook_with_a_fault_left_is_not_looked_at(run):
    code, output, ran = run("-n0", stored=("5.000", "6.000"))
    assert (code, ran) == (1, "xx") and "1 failed, 2 passed" in output, output


def test_what_a_part_of_a_notebook_left_is_not_looked_at(run):
    code, output, ran = run("-n0", "tests", "book/1-sums/adding.ipynb::Cell 0")
    assert (code, ran) == (0, "xx"), output
