"""The tests of one question run here, in the process that holds the answer: how a reader alone is checked.

What a student's function gets and gives makes the same round trip through the codec as in a class, so arrays arrive read-only and
what is not plain data is refused alike.
"""

import contextlib
import linecache
import re
import signal
import threading
import time
from pathlib import Path

from lecture_optim.check import testing
from lecture_optim.check.codec import EncodeError, changed, decode, encode
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

__all__ = ["QUESTION_SECONDS", "TEST_SECONDS", "Calls", "TooLong", "crossed", "judge", "judged", "missing", "within"]

PACKAGE = str(Path(__file__).resolve().parents[1])
MOST = 300  # characters of an exception's message that are kept
QUESTION_SECONDS = 20.0  # for all calls of one question, where a notebook is graded
TEST_SECONDS = 10  # of processor time for the tests of one question, where a notebook is graded


def judge(assignment, question, answer, seed):
    """The `testing.Outcome` of each test of a question on an answer, in order.

    question: an id. answer: the object in the notebook. seed: text or bytes; tests draw their data from it.
    CourseError: the tests cannot be read, or SymPy is missing where it is needed.
    """
    return list(judged(assignment, question, answer, seed))


def judged(assignment, question, answer, seed, calls=None):
    """As `judge`, each outcome as it is known. calls: the `Calls` that bound how long a function may take; None: no bound."""
    asked = assignment.question(question)
    if asked.form in ("expression", "certificate") and not _has_sympy():
        raise CourseError(f"{question} is answered by mathematics, which SymPy judges, and it is not installed: {NEEDED}")
    tests = assignment.tests()[question]
    try:
        answer = crossed(answer, asked, calls)
    except Wrong as wrong:
        yield from (Outcome(t.title, t.points, False, t.visible, wrong.message, wrong.mistake) for t in tests)
        return
    key = question_key(seed, question)
    for test in tests:
        yield run(test, answer, generator(key, test))


def missing(name):
    """The `Wrong` for a notebook that ran and made no answer of this name."""
    return Wrong(f"The notebook has no `{name}`: a cell that defines it is missing, or ended before it did.", "not answered yet")


def _has_sympy():
    try:
        import sympy  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def crossed(answer, question, calls=None):
    """An answer as a test sees it: a function behind a proxy, anything else as the codec carries it. Raises `Wrong`."""
    name = question.answer
    if answer is None:
        raise unanswered(name)
    if question.form == "function":
        if not callable(answer):
            raise not_a_function(name, answer)
        return _proxy(answer, calls)
    try:
        return decode(encode(answer))
    except EncodeError as error:
        # A symbol of SymPy can be called too, so this is asked of what cannot cross alone.
        if callable(answer):
            raise not_a_value(name) from None
        raise not_plain(name, error) from None


def _proxy(function, calls):
    """A function of plain data to plain data that calls a student's function."""

    def call(*arguments, **named):
        data = encode((arguments, named))
        arguments, named = decode(data)
        try:
            with calls.one() if calls else contextlib.nullcontext():
                result = function(*arguments, **named)
        except Wrong:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and calls is None:
                raise  # whoever stops the kernel means to stop the check too
            wrong = raised(type(error).__name__, _message(error))
            raise Wrong(wrong.message + _line(error) * (wrong.mistake != "not answered yet"), wrong.mistake) from None
        try:
            result = decode(encode(result))
        except EncodeError as error:
            raise not_plain(None, error) from None
        if place := changed(function, data, arguments, named):
            raise testing.changed(place)
        return result

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


# -------------------------------------------------------------------------------------------------------------------- its time


class TooLong(BaseException):
    """Time is up: no Exception, as students' code may catch those."""


@contextlib.contextmanager
def within(seconds):
    """Interrupt what runs here after so many seconds, by `TooLong`, where the system has an alarm (Windows has none)."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(number, frame):
    raise TooLong


class Calls:
    """How long the calls of a student's function may take. call_seconds: one of them; question_seconds: all of one question.

    told: called with the most seconds that the next call may take, and with None when it is over, so that whoever waits for this
    process knows; an alarm cannot end what catches everything, or stays in one operation of a library.
    """

    def __init__(self, call_seconds, question_seconds=QUESTION_SECONDS, told=lambda seconds: None):
        self.call_seconds, self.question_seconds, self.told = call_seconds, question_seconds, told
        self.spent, self.gone = 0.0, None

    @contextlib.contextmanager
    def one(self):
        """Bound what runs inside. Raises `Wrong` where time is up, now or in an earlier call."""
        if self.gone:
            raise Wrong(f"{self.gone}, in an earlier test.")
        seconds = min(self.call_seconds, self.question_seconds - self.spent)
        if seconds <= 0:
            raise self.end(seconds)
        started = time.monotonic()
        self.told(seconds)
        try:
            with within(seconds):
                yield
        except TooLong:
            raise self.end(seconds) from None
        finally:
            self.spent += time.monotonic() - started
            self.told(None)

    def end(self, seconds):
        """The `Wrong` for a call that did not end within so many seconds; further calls are not made."""
        if seconds < self.call_seconds:
            self.gone = f"The calls of this question took more than their {self.question_seconds:g} s together"
        else:
            self.gone = f"The function did not return within {self.call_seconds:g} s"
        return Wrong(f"{self.gone}.")
