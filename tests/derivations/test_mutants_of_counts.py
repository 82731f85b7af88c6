"""No false mutant of the book's inequalities is accepted: lemmas, counts and geometry. How: mutants.py."""

import pytest

from . import mutants

NAMES = mutants.names(mutants.FILES["counts"])
TALLY = {}
pytestmark = pytest.mark.usefixtures("no_refutations")


@pytest.mark.parametrize("name", NAMES)
def test_no_false_mutant_is_accepted(name, record_property):
    mutants.record(name, record_property, TALLY)


def test_there_are_many_mutants():
    mutants.require_many(TALLY, NAMES, least=150)
