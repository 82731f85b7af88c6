"""What the tests of an assignment are written with: what is right to the last allowed digit, and what is said else."""

import re

import numpy as np
import pytest

from lecture_optim.check.course import Question
from lecture_optim.check.show import report
from lecture_optim.check.testing import (
    Wrong,
    choice,
    close,
    collect,
    diagnosis,
    entry,
    interval,
    number,
    parts,
    raised,
    run,
    test,
)

RNG = np.random.default_rng(0)


def said(function, *arguments, **named):
    """The message and the mistake that a look at an answer ends with; two Nones where the answer is right."""
    try:
        assert function(*arguments, **named) is None
    except Wrong as wrong:
        return wrong.message, wrong.mistake
    return None, None


RIGHT = (None, None)


# ------------------------------------------------------------------------------------------------------------ arrays and numbers


def test_close_holds_to_its_tolerances_and_no_further():
    want, tiny = np.array([1.0, -1000.0, 0.0]), np.array([0.0, 0.0, 0.9e-12])
    assert said(close, want * (1 + 0.9e-8), want) == RIGHT and said(close, want + tiny, want) == RIGHT
    assert said(close, want * (1 + 1.2e-8), want) != RIGHT and said(close, want + 2 * tiny, want) != RIGHT
    assert said(close, want + 0.05, want, atol=0.1) == RIGHT and said(close, want * 1.01, want, rtol=0.02) == RIGHT
    # The tolerance is a share of what is right, so that no large answer widens its own.
    assert said(close, 1.95, 1.0, rtol=0.5) != RIGHT and said(close, 0.55, 1.0, rtol=0.5) == RIGHT


@pytest.mark.parametrize(
    ("got", "want"),
    [
        ([1.0, 2.0], np.array([1.0, 2.0])),
        (np.array([1, 2]), np.array([1.0, 2.0])),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (3, 3.0),
        (np.array(3.0), 3.0),
        ([1.0, [2]], (1, [2.0])),
        ({"b": 2, "a": (1.0, None)}, {"a": [1, None], "b": 2.0}),
        ("adam", "adam"),
        (True, True),
    ],
)
def test_close_takes_every_form_of_what_is_right(got, want):
    assert said(close, got, want) == RIGHT


@pytest.mark.parametrize(
    ("got", "want", "message", "mistake"),
    [
        (None, 1.0, "the result is None: nothing is returned. Is the line with `return` missing?", "nothing is returned"),
        ("1", 1.0, "the result must be a number, not '1'.", None),
        (["1"], np.ones(1), "the result must be an array of numbers, not ['1'].", None),
        (True, 1, "the result must be a number, not True.", None),
        (np.ones(2, bool), np.ones(2), "the result must be an array of numbers, not array([ True, True]).", None),
        (1, True, "the result is 1, and should be True.", None),
        (np.ones(6), np.ones((2, 3)), "the result has the shape (6,), and should have (2, 3).", "the shape is wrong"),
        (np.ones(1), 1.0, "the result has the shape (1,), and should have ().", "the shape is wrong"),
        (
            np.arange(6.0).reshape(3, 2),
            np.arange(6.0).reshape(3, 2).T,
            "the result has the shape (3, 2), and should have (2, 3).",
            "rows and columns are exchanged",
        ),
        (
            np.array([1.0, np.nan]),
            np.ones(2),
            "the result holds nan at [1], where a finite number should stand.",
            "a division by zero, or the root of a negative number",
        ),
        (np.array([1.0, 2.0]), np.array([-1.0, -2.0]), None, "the sign is wrong"),
        (np.array([1.0, 2.5]), np.array([1.0, 2.0]), "the result[1] is 2.5, and should be 2.", None),
        (
            np.array([[1.0, 9.0], [8.0, 7.0]]),
            np.array([[1.0, 2.0], [3.0, 4.0]]),
            "the result[0, 1] is 9, and should be 2 (and 2 other entries).",
            None,
        ),
        (np.array([9.0, 8.0]), np.array([1.0, 2.0]), "the result[0] is 9, and should be 1 (and 1 other entry).", None),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "the result must be 2 values, (…, …), not (1.0, 2.0, 3.0).", None),
        ((1.0,), (1.0, 2.0), "the result must be 2 values, (…, …), not (1.0,).", None),
        ((1.0, 5.0), (1.0, 2.0), "the result[1] is 5, and should be 2.", None),
        (
            (np.ones(2), {"w": np.array([1.0, np.nan])}),
            (np.ones(2), {"w": np.ones(2)}),
            "the result[1]['w'] holds nan at [1], where a finite number should stand.",
            "a division by zero, or the root of a negative number",
        ),
        ([1.0, None], [1.0, 2.0], "the result[1] is None: nothing is returned. Is the line with `return` missing?", None),
        (
            ([1.0], [2.0]),
            (np.ones(1), np.full((1, 1), 2.0)),
            "the result[1] has the shape (1,), and should have (1, 1).",
            "the shape is wrong",
        ),
        ({"a": 1}, {"a": 1, "b": 2}, "the result must have the keys 'a', 'b', not 'a'.", None),
        ({"a": 1, "b": 2}, {"a": 1}, "the result must have the keys 'a', not 'a', 'b'.", None),
        ({"a": {"b": [1, 3]}}, {"a": {"b": [1, 2]}}, "the result['a']['b'][1] is 3, and should be 2.", None),
        (2.0, {"a": 1}, "the result must be a dict with the keys 'a', not 2.", None),
    ],
)
def test_close_says_what_is_wrong_and_where(got, want, message, mistake):
    seen = said(close, got, want)
    assert seen[1] == mistake and seen[0] == (message or seen[0]) and seen != RIGHT


def test_a_message_tells_the_inputs_the_name_and_no_number_that_it_must_not():
    mistakes = {"another": 7.0, "the square is forgotten": 3.0, "later": 3.0}
    seen = said(close, 3.0, 4321.0, given={"x": np.array([1.0, 2.0]), "lr": 0.1}, mistakes=mistakes, what="step", show=False)
    assert seen == ("step is 3, which is not right.\nSeen with x = array([1., 2.]), lr = 0.1", "the square is forgotten")
    assert "4321" in said(close, 3.0, 4321.0)[0]
    for got, want in ((np.array([1.0, 2.0]), np.array([1.0, 4321.0])), ([1, "a"], [1, "4321"]), ({"a": 1}, {"a": 4321})):
        assert "4321" not in said(close, got, want, show=False)[0]
    assert "array of shape (1000,)" in said(close, 1, 2, given={"x": np.zeros(1000)})[0], "a long input is not written out"


# --------------------------------------------------------------------------------------------- one number, one interval, one word


def test_a_number_is_right_up_to_the_tolerance_and_the_edge_included():
    assert said(number, 1.5, 1.0, atol=0.5) == RIGHT == said(number, 0.5, 1.0, atol=0.5) == said(number, 3.0, 2.0, rtol=0.5)
    assert said(number, 1.625, 1.0, atol=0.5) != RIGHT and said(number, 0.375, 1.0, atol=0.5) != RIGHT
    assert said(number, 3.5, 2.0, rtol=0.5) != RIGHT, "the tolerance is a share of what is right, not of the answer"
    assert said(number, -1.0, -2.0, rtol=0.5) == RIGHT, "and of its size, whatever its sign"
    assert said(number, 2.5, 1.0, atol=1.0, rtol=0.5) == RIGHT, "the two add up"
    for same in (1, np.float32(1.0), np.int64(1), np.array(1.0)):
        assert said(number, same, 1.0) == RIGHT


def test_a_wrong_number_is_told_its_side_and_mistake_and_not_what_is_right():
    mistakes = {"the double": 24690.0, "the half": 6172.5}
    assert said(number, 6172.5, 12345.0, mistakes=mistakes, what="steps") == (
        "steps is 6172.5, and that is too small.",
        "the half",
    )
    assert said(number, 24690.0, 12345.0, mistakes=mistakes) == ("the answer is 24690, and that is too large.", "the double")
    assert said(number, 6173.0, 12345.0, mistakes=mistakes)[1] is None, "a mistake has the tolerance of what is right"
    assert said(number, 6173.0, 12345.0, mistakes=mistakes, rtol=1e-3)[1] == "the half"


def test_a_number_that_only_names_something_is_not_told_to_be_large_or_small():
    assert said(number, 7, 6, what="the line", sized=False) == ("the line is 7, and that is not it.", None)


@pytest.mark.parametrize(
    ("got", "mistake"),
    [
        (None, "not answered yet"), (True, "not a number"), (np.bool_(True), "not a number"), ("1", "not a number"),
        ([1.0], "not a number"), (np.ones(1), "not a number"), (1j, "not a number"), (np.nan, "not finite"),
        (np.inf, "not finite"), (10**400, "not finite"), (np.array(None), "not answered yet"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named_and_nothing_breaks(got, mistake):
    assert said(number, got, 1.0, atol=1e9)[1] == mistake
    assert said(interval, (got, 0.1), 1.0, widest=1.0)[1] == mistake
    assert said(interval, (1.0, got), 1.0, widest=1e9)[1] == mistake


def test_an_interval_covers_what_is_right_and_is_no_wider_than_allowed():
    assert said(interval, (1.0, 0.5), 1.5, widest=0.5) == RIGHT == said(interval, [2.0, 0.5], 1.5, widest=0.5), "edges included"
    for got, mistake in (
        ((1.0, 0.25), None),
        ((0.79, 0.5), None),
        ((1.0, 0.75), "too uncertain"),
        ((1.5, 0.0), "no uncertainty"),
        ((1.5, -0.1), "no uncertainty"),
        (1.5, "no uncertainty"),
        ((1.5,), "no uncertainty"),
        ((1.5, 0.1, 0.1), "no uncertainty"),
        (None, "no uncertainty"),
    ):
        message, named = said(interval, got, 1.5, widest=0.5)
        assert message is not None and named == mistake, got
    message, named = said(interval, (7.0, 0.25), 4321.5, widest=0.5, mistakes={"other": 8.0, "the last point": 7.25})
    assert named == "the last point" and "4321" not in message and "7 ± 0.25" in message
    assert "above 0.5: measure longer" in said(interval, (1.5, 0.75), 1.5, widest=0.5)[0]


def test_an_honest_interval_of_three_standard_errors_hardly_ever_misses_and_a_boast_does():
    """One in 370 lies beyond three standard errors; a class of a few hundred must not lose points by that."""
    rng = np.random.default_rng(0)
    for size in (1.0, 0.5, 0.1):  # of three standard errors, as a share of what is allowed
        values = 10.0 + size * 0.3 / 3 * rng.standard_normal(20_000)
        missed = sum(said(interval, (value, size * 0.3), 10.0, widest=0.3) != RIGHT for value in values)
        assert missed <= 5, size
    # An uncertainty that is three times too small is seen as before: most of such intervals miss.
    values = 10.0 + 0.3 / 3 * rng.standard_normal(2000)
    missed = np.mean([said(interval, (value, 0.1), 10.0, widest=0.3) != RIGHT for value in values])
    assert missed > 0.05
    # What is told from the right number by more than 4/3 of the widest is never let pass.
    assert said(interval, (10.0 + 0.3 * 4 / 3 + 1e-9, 0.3), 10.0, widest=0.3) != RIGHT


def test_a_choice_is_right_whatever_its_case_blanks_and_full_stop():
    among = ("Adam", "AdaGrad")
    for got in ("Adam", "adam", " ADAM ", "adam.", "Adam.\n"):
        assert said(choice, got, "Adam", among=among) == RIGHT, got
    assert said(choice, "adagrad", "Adam", among=among, mistakes={"AdaGrad": "the sum"}, what="rule") == (
        "rule 'AdaGrad' is not it.", "the sum",
    )  # fmt: skip
    assert said(choice, "AdaGrad", "Adam", among=among) == ("the answer 'AdaGrad' is not it.", None)
    assert said(choice, "SGD", "Adam", among=among)[1] == "not one of the choices"
    assert "a text, one of 'Adam', 'AdaGrad', not 1" in said(choice, 1, "Adam", among=among)[0]


# ------------------------------------------------------------------------------------------------------------- parts of an answer


def test_the_parts_of_an_answer_are_taken_out_or_missed_by_name():
    assert parts([1, 2], 2, "pair") == (1, 2)
    for got, mistake in (
        (None, "nothing is returned"),
        ((1,), "not a tuple of the right length"),
        (1, "not a tuple of the right length"),
    ):
        with pytest.raises(Wrong) as wrong:
            parts(got, 2, "pair")
        assert wrong.value.mistake == mistake
    with pytest.raises(Wrong, match="pair must be a tuple of 2 values"):
        parts((1, 2, 3), 2, "pair")
    assert entry({"a": 0}, "a", "table") == 0, "0 is an answer"
    for got, mistake in (
        (None, "not answered yet"), (3, "not a dict"), ({"b": 1}, "a key is missing"), ({"a": None}, "not answered yet"),
    ):  # fmt: skip
        with pytest.raises(Wrong) as wrong:
            entry(got, "a", "table")
        assert wrong.value.mistake == mistake and wrong.value.message.startswith("table")
    assert diagnosis({"line": 3, "why": "x"}, "line", ("line", "why")) == 3
    for got, mistake in ((None, "not answered yet"), ({"line": 3}, "not a diagnosis"), ("why", "not a diagnosis")):
        with pytest.raises(Wrong) as wrong:
            diagnosis(got, "why", ("line", "why"))
        assert wrong.value.mistake == mistake


# --------------------------------------------------------------------------------------------------------------- tests themselves


def test_a_test_that_fails_itself_is_a_fault_and_no_wrong_answer():
    @test("q1", points=3, title="it divides", visible=False)
    def divides(answer, rng):
        return 1 / answer

    outcome = run(divides, 0, RNG)
    assert (outcome.passed, outcome.earned, outcome.points, outcome.visible) == (False, 0, 3, False)
    assert outcome.fault == "the test raised ZeroDivisionError: division by zero" and outcome.message == ""
    assert run(divides, 2, RNG).earned == 3 and run(divides, 2, RNG).fault is None
    said = report(Question("q1", "Q", "implement", "value", 1, "a/b#c", answer="x"), [outcome])
    assert "not tested: it divides" in said and "ZeroDivisionError: division by zero" in said and "wrong" not in said


def test_a_wrong_answer_earns_nothing_and_keeps_what_was_said():
    @test("q1", points=2, title="never")
    def never(answer, rng):
        raise Wrong("It is not.", "a known one")

    outcome = run(never, 0, RNG)
    assert (outcome.earned, outcome.message, outcome.mistake, outcome.fault) == (0, "It is not.", "a known one", None)


def test_numbers_that_overflow_in_a_test_or_an_answer_are_no_fault():
    @test("q1", points=1, title="a root")
    def root(answer, rng):
        close(np.log(np.zeros(2)) - answer(np.array([-1.0])), np.full(2, np.nan))

    assert run(root, np.sqrt, RNG).passed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"points": 0, "title": "t"}, "the test 't' of q1 needs a whole number of points, at least 1, not 0"),
        ({"points": 1.5, "title": "t"}, "not 1.5"),
        ({"points": 1, "title": ""}, "a test of q1 has no title"),
    ],
)
def test_a_test_without_points_or_title_is_refused(given, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        test("q1", **given)


def test_tests_are_collected_by_question_in_the_order_in_which_they_stand():
    class Module:
        pass

    module = Module()
    for name, question, title in (("z", "q2", "first"), ("y", "q1", "second"), ("a", "q2", "third"), ("other", None, "")):
        setattr(module, name, test(question, points=1, title=title)(lambda answer, rng: None) if question else 3)
    assert [(id, [one.title for one in found]) for id, found in collect(module).items()] == [
        ("q2", ["first", "third"]), ("q1", ["second"]),
    ]  # fmt: skip


def test_what_a_function_raised_is_told_in_the_words_of_a_student():
    assert raised("NotImplementedError", "q1").mistake == "not answered yet"
    assert raised("ValueError", "assignment destination is read-only").mistake == "changes its input"
    assert raised("ValueError", "other").message == "The function raised ValueError: other"
    assert raised("TypeError", "").message == "The function raised TypeError." and raised("TypeError", "").mistake is None
