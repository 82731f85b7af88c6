"""The jail that the tests of the class side share, and the process from which those of a reader alone begin theirs."""

import subprocess
from types import SimpleNamespace

import pytest

from lecture_optim.check import rerun
from lecture_optim.grading.jail import Jail

from . import warm
from .classes import grade, honest


@pytest.fixture(scope="session")
def jail():
    """Making one costs more than grading a submission in it. What a test leaves in it, the next one meets, whatever its file."""
    with Jail() as made:
        yield made


@pytest.fixture(scope="module")
def graded(jail):
    """The result of an honest notebook, which no attack may change."""
    return grade(honest(), jail)


@pytest.fixture(scope="session")
def parent():
    own = ("dataclasses", "inspect", "json", "queue", "resource", "sysconfig", "threading", "tomllib")
    with warm.Parent(("numpy", "numpy.random", "sympy", *own), rerun.ENVIRONMENT) as made:
        yield made


@pytest.fixture
def soon(parent, monkeypatch):
    """A reader's own notebooks are run in processes of `warm`, which have NumPy and SymPy from the beginning."""
    monkeypatch.setattr(rerun, "subprocess", SimpleNamespace(PIPE=subprocess.PIPE, Popen=parent.Popen))
