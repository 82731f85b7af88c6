"""The tests of one question run here, in the process that holds the answer: how a reader alone is checked.

What a student's function gets and gives makes the same round trip through the codec as in a class, so arrays arrive read-only and
what is not plain data is refused alike.
"""

import linecache
import re
from pathlib import Path

from lecture_optim.check.codec import EncodeError, decode, encode
from lecture_optim.check.course import NEEDED, CourseError, generator, question_key
from lecture_optim.check.testing import (
    Outcome,
    Wrong,
    not_a_function,
    not_a_value,
    not_plain,
    raised,
    run,
    unanswered,
)

__all__ = ["crossed", "judge"]

PACKAGE = str(Path(__file__).resolve().parents[1])
MOST = 300  # characters of an exception's message that are kept


def judge(assignment, question, answer, seed):
    """The `testing.Outcome` of each test of a question on an answer, in order.

    question: an id. answer: the object in the notebook. seed: text or bytes; tests draw their data from it.
    CourseError: the tests cannot be read, or SymPy is missing where it is needed.
    """
    asked = assignment.question(question)
    if asked.form in ("expression", "certificate") and not _has_sympy():
        raise CourseError(f"{question} is answered by mathematics, which SymPy judges, and it is not installed: {NEEDED}")
    tests = assignment.tests()[question]
    try:
        answer = crossed(answer, asked)
    except Wrong as wrong:
        return [Outcome(t.title, t.points, False, t.visible, wrong.message, wrong.mistake) for t in tests]
    key = question_key(seed, question)
    return [run(test, answer, generator(key, test)) for test in tests]


def _has_sympy():
    try:
        import sympy  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def crossed(answer, question):
    """An answer as a test sees it: a function behind a proxy, anything else as the codec carries it. Raises `Wrong`."""
    name = question.answer
    if answer is None:
        raise unanswered(name)
    if question.form == "function":
        if not callable(answer):
            raise not_a_function(name, answer)
        return _proxy(answer)
    try:
        return decode(encode(answer))
    except EncodeError as error:
        # A symbol of SymPy can be called too, so this is asked of what cannot cross alone.
        if callable(answer):
            raise not_a_value(name) from None
        raise not_plain(name, error) from None


def _proxy(function):
    """A function of plain data to plain data that calls a student's function."""

    def call(*arguments, **named):
        arguments, named = decode(encode((arguments, named)))
        try:
            result = function(*arguments, **named)
        except KeyboardInterrupt:
            raise  # whoever stops the kernel means to stop the check too
        except (Exception, SystemExit) as error:
            wrong = raised(type(error).__name__, _message(error))
            raise Wrong(wrong.message + _line(error) * (wrong.mistake != "not answered yet"), wrong.mistake) from None
        try:
            return decode(encode(result))
        except EncodeError as error:
            raise not_plain(None, error) from None

    return call


def _message(error):
    """The message of an exception, without addresses in memory, which differ from run to run."""
    try:
        text = str(error)
    except Exception:
        return ""
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", text)[:MOST]


def _line(error):
    """Where a student's code raised: the last line of it that was running, "" where none is known."""
    last, trace = None, error.__traceback__.tb_next
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if (
            not file.startswith(PACKAGE)
            and "site-packages" not in file
            and (text := linecache.getline(file, trace.tb_lineno).strip())
        ):
            last = f"\nIt was raised in line {trace.tb_lineno}: {text}"
        trace = trace.tb_next
    return last or ""
