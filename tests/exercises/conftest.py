"""The jail that the tests of the class side share: making one costs more than grading a submission in it."""

import pytest

from lecture_optim.grading.jail import Jail

from .classes import grade, honest


@pytest.fixture(scope="module")
def jail():
    with Jail() as made:
        yield made


@pytest.fixture(scope="module")
def graded(jail):
    """The result of an honest notebook, which no attack may change."""
    return grade(honest(), jail)
