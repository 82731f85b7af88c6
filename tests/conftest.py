"""What a run of the tests says of itself, and what it must not pass over in silence."""

import gc
import os
import sys
from collections import Counter, defaultdict

import matplotlib
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from lecture_optim.claims import load
from lecture_optim.cores import cores

from . import namespaces

ON_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
# A test may be skipped there only for a reason that lies in the test itself, not in what the machine lacks.
BY_DESIGN = "by design: "
# The names under which the tests of the proof checker record their numbers.
PROVED, FORGED = {"derivations", "proved", "given"}, {"forgeries"}
MUTATED = {"mutants_false", "mutants_true", "mutants_accepted"}

# The files that take longest, so that no worker ends alone with one of them. The first one builds the site, so the second is one
# that needs no site: it does not wait.
FIRST = ("tests/site/test_build.py", "tests/exercises/test_attacks.py", "tests/site/test_pdf.py", "tests/site/test_pages.py")
# The tests of chapters come last, and of them these first, for the same reason.
LONG_CHAPTERS = tuple(
    f"tests/book/test_{name}.py"
    for name in ("01_who_is_speaking", "claims", "02_reddis_example", "03_the_order_of_quantifiers", "04_repairs")
)
# Tests of a file that need nothing of each other: each goes to the worker that is free.
APART = ("tests/site/test_pages.py::test_a_page[",)

settings.register_profile("here", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if ON_CI else "here")


def pytest_configure(config):
    matplotlib.use("Agg")  # no test opens a window; the kernels of notebooks have their own setting
    namespaces.configure(config)


def pytest_addoption(parser):
    parser.addoption("--slowest", type=int, default=0, metavar="N", help="at the end, show the N files that took longest")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Half as many workers again as cores, as kernels, jails and the browser keep each waiting for a fifth of its time."""
    return cores() + cores() // 2


class Scheduling(LoadFileScheduling):
    """A worker takes a file at a time, and a single test of those in APART."""

    def _split_scope(self, nodeid):
        return nodeid if nodeid.startswith(APART) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_modifyitems(items):
    """The files of FIRST, then notebooks, and last the tests of chapters, which look at what the notebooks left behind."""

    def rank(item):
        file = item.nodeid.partition("::")[0]
        late = 0 if file.endswith(".ipynb") else 1 if not file.startswith("tests/book/") else 2 if file in LONG_CHAPTERS else 3
        return FIRST.index(file) if file in FIRST else len(FIRST) + late

    items.sort(key=rank)


def pytest_collection_finish():
    """From here on Python looks for rubbish less often: a worker holds millions of objects that stay."""
    gc.set_threshold(100_000, 20, 50)


def forbid_skip(report):
    """On CI, turn the report of a skipped test or test file into a failure that gives the reason of the skip."""
    if ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if not reason.startswith(BY_DESIGN):
            report.outcome = "failed"
            report.longrepr = f"{report.nodeid} was skipped, which CI does not allow: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return forbid_skip((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter, config):
    """Say, just before pytest's closing line, how many notebooks, cells and other tests were run."""
    result = yield
    if config.option.collectonly:
        return result
    outcomes = ("passed", "failed", "xfailed", "xpassed")
    ran = [r.nodeid for outcome in outcomes for r in terminalreporter.stats.get(outcome, []) if r.when == "call"]
    cells = [node for node in ran if node.partition("::")[0].endswith(".ipynb")]
    books = {node.partition("::")[0] for node in cells}
    notebooks, ran_cells = counted(len(books), "notebook"), counted(len(cells), "cell")
    terminalreporter.write_line(f"ran {notebooks} with {ran_cells}, and {counted(len(ran) - len(cells), 'other test')}")
    reports = [r for found in terminalreporter.stats.values() for r in found if getattr(r, "when", "") == "call"]
    if said := checked_mathematics([p for r in reports for p in r.user_properties]):
        terminalreporter.write_line(f"checked mathematics: {said}")
    for line in slowest(terminalreporter.stats, config.option.slowest):
        terminalreporter.write_line(line)
    if config.option.slowest and (line := ledger(reports, config.rootpath / "book/claims")):
        terminalreporter.write_line(line)
    return result


def counted(number, what):
    """So many of what is named in the singular."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ledger(reports, folder):
    """A line about the tests that decide the claims of the ledger: seconds, added up, and how many; "" where there are none.

    What they need beforehand, such as the cells of a chapter, is not counted: those run whether there is a ledger or not.
    """
    decide = {check.partition("[")[0] for claim in load(folder).claims for check in claim.checks} if folder.exists() else ()
    took = [report.duration for report in reports if report.nodeid.partition("[")[0] in decide]
    return f"{sum(took):7.1f} s  {len(took)} tests that decide the claims of the ledger" if took else ""


def slowest(stats, count):
    """Lines about the so many files that took longest: seconds, tests, and the longest test with its seconds."""
    files = defaultdict(Counter)
    for report in (r for found in stats.values() for r in found if hasattr(r, "duration")):
        file, _, test = report.nodeid.partition("::")
        files[file][test] += report.duration
    ranked = sorted(files.items(), key=lambda item: item[1].total(), reverse=True)
    for file, tests in ranked[:count]:
        test, seconds = tests.most_common(1)[0]
        yield f"{tests.total():7.1f} s  {file}, {len(tests)} tests, {seconds:.1f} s of it {test}"


def checked_mathematics(properties):
    """What the tests of the proof checker recorded, pairs of a name and a number, added up, in words; "" where there is none."""
    total = Counter()
    for name, number in properties:
        if name in PROVED | FORGED | MUTATED:
            total[name] += number
    parts = []
    if PROVED & total.keys():
        parts.append("{proved} relations proved from {given} given in {derivations} derivations")
    if FORGED & total.keys():
        parts.append("{forgeries} forgeries rejected")
    if MUTATED & total.keys():
        parts.append("mutants: {mutants_false} false, {mutants_true} true, {mutants_accepted} false accepted")
    return "; ".join(parts).format_map(total)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """Close what a test drew: Matplotlib warns of more than twenty open figures, and warnings are errors here."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def browser():
    """A Chromium or Chrome, one for all tests of a process: playwright runs once in it. Where there is none they are skipped."""
    from playwright.sync_api import sync_playwright
    from publish.browser import ARGUMENTS, find_browser

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium or Chrome found: install one, or set BROWSER_PATH to its program")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
