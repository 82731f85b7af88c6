"""The settings of this repository make pytest re-execute the notebooks and notice every change of what they store."""

import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest
from notebooks import ROOT, Pair

from .samples import TEXT, repository, update

PLOT = """
```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line that rises to the right.
  figure:
    caption: A rising line
    name: fig-line
---
import matplotlib.pyplot as plt

fig, axes = plt.subplots(figsize=(2, 1.5))
_ = axes.plot([1, 2])
```

## Summary
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A repository with two executed notebooks and this repository's settings of pytest."""
    root = tmp_path_factory.mktemp("finished")
    update(repository(root, TEXT.replace("\n## Summary\n", PLOT)))
    update(repository(root, "# More\n\n```{code-cell} ipython3\n1 + 1\n```\n", "2-more/one"))
    for path in ("pyproject.toml", "book/conftest.py", "tests/conftest.py", "tests/namespaces.py", "book/notebooks.py"):
        (root / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    (root / "tests/test_sum.py").write_text("def test_sum():\n    assert 1 + 1 == 2\n")
    return Pair(root, "1-sums/adding")


@pytest.fixture
def pair(finished, tmp_path):
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build"))
    return Pair(tmp_path, finished.name)


def pytest_in(root, *arguments, **environment):
    """(exit code, output) of pytest in the folder `root`."""
    other = ("CI", "PYTHONDONTWRITEBYTECODE")  # one of these runs compiles pytest's own plugins for all that follow
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name not in other}
    call = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(call, cwd=root, env={**kept, **environment}, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def last_lines(output, count):
    return output.strip().splitlines()[-count:]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_sound_notebooks_pass_and_are_counted(finished, workers):
    code, output = pytest_in(finished.root, "-n", workers)
    assert code == 0, output
    counts, closing = last_lines(output, 2)
    assert counts == "ran 2 notebooks with 4 cells, and 1 other test"
    assert re.fullmatch(r"=+ 5 passed in .*s =+", closing)
    assert " s of it " not in output, "nobody asked what took longest"


def test_text_sources_and_modules_of_the_book_are_no_tests(finished):
    code, output = pytest_in(finished.root, "--collect-only", "-q", "-n0")
    assert code == 0
    found = {line.partition("::")[0] for line in output.splitlines() if "::" in line}
    assert found == {"tests/test_sum.py", "book/1-sums/adding.ipynb", "book/2-more/one.ipynb"}


FIGURES = """
import matplotlib
import matplotlib.pyplot as plt
import pytest


@pytest.mark.parametrize("n", range(21))
def test_a_figure(n):
    plt.figure()
    assert matplotlib.get_backend().lower() == "agg"
"""


def test_figures_of_tests_open_no_window_and_do_not_add_up(pair):
    (pair.root / "tests/test_sum.py").write_text(FIGURES)
    code, output = pytest_in(pair.root, "-n0", "tests")
    assert code == 0, output


def redrawn(line):
    """Let the stored figure be that of another line."""

    def change(pair):
        pair.text.write_text(pair.text.read_text().replace("plot([1, 2])", f"plot({line})"))
        update(pair)
        pair.notebook.write_text(pair.notebook.read_text().replace(f"plot({line})", "plot([1, 2])"))

    return change


def take_figure_away(pair):
    notebook = nbformat.read(pair.notebook, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
    nbformat.write(notebook, pair.notebook)


def replaced(old, new):
    """Change the text of the stored notebook."""

    def change(pair):
        text = pair.notebook.read_text()
        assert text.count(old) == 1
        pair.notebook.write_text(text.replace(old, new))

    return change


# By the name that the notebook has then: what is done to it, and what is said of it.
TAMPERED = {
    "digit": (replaced("5.000", "5.001"), "Cell outputs differ"),
    "code": (replaced("a, b = 2, 3", "a, b = 2, 4"), "Cell outputs differ"),
    "error": (replaced("a, b = 2, 3", "a, b = 2"), "Cell execution caused an exception"),
    "pixels": (redrawn([1, 2.1]), "A figure differs from the stored one"),
    "size": (redrawn([1000, 2000]), "pixels, the stored one"),
    "no-figure": (take_figure_away, "The cell draws 1 figures, its notebook stores 0"),
}


@pytest.fixture(scope="module")
def complaints(finished, tmp_path_factory):
    """By notebook what pytest says of its cells, where each was tampered with in its own way and one in none."""
    root = tmp_path_factory.mktemp("tampered")
    shutil.copytree(finished.root, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build"))
    for name, (tamper, _) in TAMPERED.items():
        pair = Pair(root, f"1-sums/{name}")
        shutil.copy(finished.text, pair.text)
        shutil.copy(finished.notebook, pair.notebook)
        tamper(pair)
    report = root / "report.xml"
    code, output = pytest_in(root, "-n0", f"--junitxml={report}", "book/1-sums")
    assert code == 1, output
    found = {}
    for cell in ElementTree.parse(report).iter("testcase"):
        found.setdefault(cell.get("classname").removesuffix(".ipynb").rpartition(".")[2], []).extend(said.text for said in cell)
    return found


@pytest.mark.parametrize(("name", "complaint"), [(name, complaint) for name, (_, complaint) in TAMPERED.items()])
def test_a_notebook_that_was_tampered_with_fails(complaints, name, complaint):
    assert complaint in "".join(complaints[name])


def test_the_notebook_beside_them_passes(complaints):
    assert complaints.keys() == {*TAMPERED, "adding"} and complaints["adding"] == []


def test_the_files_that_took_longest_are_shown_on_request(pair):
    text = "import time\n\n\ndef test_a():\n    time.sleep(1)\n\n\ndef test_b():\n    pass\n"
    (pair.root / "tests/test_long.py").write_text(text)
    _, shown = pytest_in(pair.root, "tests", "--slowest=2", "-n1")
    longest, other = re.findall(r"^ +(\d+\.\d) s  (.*)$", shown, re.MULTILINE)
    assert 1 <= float(longest[0]) < 9 and re.fullmatch(r"tests/test_long.py, 2 tests, \d\.\d s of it test_a", longest[1])
    assert other[1].startswith("tests/test_sum.py, 1 tests, ")


SKIPS = """import pytest

def test_called():
    pytest.skip("{0}")

@pytest.mark.skipif(True, reason="{0}")
def test_marked():
    pass
"""
SKIPPED_FILE = "import pytest\n\npytest.skip({0!r}, allow_module_level=True)\n"
EXPECTED = "import pytest\n\n@pytest.mark.xfail\ndef test_known():\n    assert 0\n"


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("skips", "count"), [(SKIPS, 2), (SKIPPED_FILE, 1)], ids=["tests", "file"])
def test_ci_takes_no_skip_for_want_of_a_tool(pair, skips, count, workers):
    (pair.root / "tests/test_site.py").write_text(skips.format("needs a browser"))
    code, output = pytest_in(pair.root, "-n", workers, "tests", CI="true")
    assert code != 0 and output.count("skipped, which CI does not allow: needs a browser") >= count
    assert re.fullmatch(r"=+ .*\b[12] (error|failed).* in .*s =+", last_lines(output, 1)[0])


def test_skips_are_taken_elsewhere_and_by_design_on_ci(pair):
    (pair.root / "tests/test_known.py").write_text(EXPECTED)
    for reason, environment in (("needs a browser", {}), ("by design: no such call on this platform", {"CI": "true"})):
        (pair.root / "tests/test_site.py").write_text(SKIPS.format(reason))
        (pair.root / "tests/test_file.py").write_text(SKIPPED_FILE.format(reason))
        code, output = pytest_in(pair.root, "-n0", "tests", **environment)
        assert code == 0 and "1 passed, 3 skipped, 1 xfailed" in last_lines(output, 1)[0]


def test_hypothesis_draws_the_same_on_ci(pair):
    lines = [
        "from hypothesis import given, settings, strategies",
        "@settings(max_examples=20)",
        "@given(strategies.integers())",
        "def test_draws(n):",
        "    print('drew', n)",
    ]
    (pair.root / "tests/test_draws.py").write_text("\n".join(lines) + "\n")
    runs = [re.findall("drew .*", pytest_in(pair.root, "-n0", "-s", "tests", CI="1")[1]) for _ in range(2)]
    assert len(runs[0]) == 20 and runs[0] == runs[1]
