"""What a run of the tests says of itself, and what it must not pass over in silence."""

import os

import pytest
from hypothesis import settings

ON_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
# A test may be skipped there only for a reason that lies in the test itself, not in what the machine lacks.
BY_DESIGN = "by design: "

settings.register_profile("here", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if ON_CI else "here")


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
    terminalreporter.write_line(f"ran {len(books)} notebooks with {len(cells)} cells, and {len(ran) - len(cells)} other tests")
    return result
