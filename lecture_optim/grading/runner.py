"""One submission: a notebook in, a `Result` out.

Three processes share the work. This one reads the notebook and leads. The *worker* in the jail runs the student's code. A
*tester* is forked from this one: it runs the tests, sees each answer only through a socket to the worker, and has limits of its
own, so that no value that a student sends can hang or fill the grader. One that ends or is late is replaced for the next
question.

What a student sends may be wrong, late, too large or forged: that ends the question with a sentence in which it is said. What
goes wrong on the grader's own side is never a 0: the question, or the submission, is then ungraded, with the reason.
"""

import contextlib
import dataclasses
import gc
import hashlib
import importlib
import math
import os
import re
import resource
import signal
import socket
import sys
import time
import warnings
from dataclasses import dataclass, field

from lecture_optim.check import alone, codec, course, testing
from lecture_optim.check import notebook as notebooks
from lecture_optim.check.session import LATE, Lost, Session, Unsent
from lecture_optim.check.testing import Wrong
from lecture_optim.grading.jail import JailError

__all__ = ["CellNote", "Limits", "QuestionResult", "Result", "grade_submission"]

GRACE = 0.5  # seconds between the interrupt inside the worker and the end from outside
REPLY_SECONDS = 10.0  # for a reply that asks for no work of the student's code
SERVE_SECONDS = 4.0  # for the process of a question, which is forked; of one submission, with new sessions, three times as much
MOST_RESTARTS = 8
NO_CORE = 1  # byte of a core dump: where dumps go to a program, as with systemd or apport, 0 still starts it, and 1 does not
MOST_NOTES = 100
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


@dataclass(frozen=True)
class Limits:
    """What one submission may use. The first four are a course's; `Limits.of` takes them from it.

    question_seconds: all calls of one question. test_seconds: processor time of the tests of one question, test_megabytes their
    memory beyond what the grader has. file_megabytes: one file; open_files, processes: at a time.
    """

    call_seconds: float = 5.0
    cell_seconds: float = 20.0
    notebook_seconds: float = 60.0
    memory_megabytes: int = 1024
    question_seconds: float = alone.QUESTION_SECONDS
    test_seconds: int = alone.TEST_SECONDS
    test_megabytes: int = 1024
    file_megabytes: int = 32
    open_files: int = 96
    processes: int = 16

    @classmethod
    def of(cls, limits):
        """The limits of a `course.Limits`, and the defaults of this class for the rest."""
        return cls(**dataclasses.asdict(limits))

    def __post_init__(self):
        for name, value in dataclasses.asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ValueError(f"the limit {name} must be a number above 0, not {value!r}")

    def of_process(self):
        """What the worker sets for each of its processes."""
        return {
            "memory": self.memory_megabytes * 2**20, "cpu": int(self.notebook_seconds + self.question_seconds) + 10,
            "file": self.file_megabytes * 2**20, "open": self.open_files, "processes": self.processes,
            "core": NO_CORE, "locked": 0, "queued": 0,
        }  # fmt: skip


@dataclass(frozen=True)
class CellNote:
    """A code cell, counted from 1, that did not run to its end, and why."""

    cell: int
    text: str


@dataclass(frozen=True)
class QuestionResult:
    """A question. points: None where it is ungraded (`reason` says why) or an essay, which is marked by hand.

    state: "graded", "ungraded" or "essay". outcomes: `testing.Outcome`, one a test, in order. essay: the student's text.
    """

    id: str
    possible: int
    state: str
    points: int | None = None
    reason: str = ""
    outcomes: tuple = ()
    essay: str = ""


@dataclass(frozen=True)
class Result:
    """A submission. points: the sum over what is graded. state: "graded", or "ungraded" with a reason and without questions.

    digest: SHA-256 of the notebook. Nothing in it depends on when, where or how fast it was graded.
    """

    assignment: str
    digest: str
    state: str
    reason: str = ""
    questions: tuple = ()
    notes: tuple = field(default=())

    @property
    def points(self):
        return sum(question.points or 0 for question in self.questions)

    @property
    def possible(self):
        return sum(question.possible for question in self.questions)

    @property
    def complete(self):
        """Whether every question that can be graded without a person is."""
        return self.state == "graded" and all(question.state != "ungraded" for question in self.questions)

    def as_dict(self):
        """Plain data for JSON, in an order that is always the same."""
        return dataclasses.asdict(self) | {"points": self.points, "possible": self.possible, "complete": self.complete}


def grade_submission(data, assignment, *, jail, seed, limits=None):
    """Grade one submission.

    data: the bytes of the notebook. assignment: a `course.Assignment`, or what has its ``id``, ``questions``, ``tests()`` and
    ``points(id)``. jail: a `Jail`, used by nobody else meanwhile. seed: the secret of the class, bytes or text, not empty.
    limits: `Limits`. Returns a `Result`; a notebook that cannot be read, or a jail that breaks, gives one that is "ungraded".
    Raises what ``tests()`` raises, and ValueError for an empty seed: these are the same for every submission.
    """
    if not seed:
        raise ValueError("the seed of the class is empty: whoever knows the tests would know their numbers")
    limits, tests = limits or Limits(), assignment.tests()
    digest = hashlib.sha256(data).hexdigest()
    try:
        handed_in = notebooks.read(data, assignment.id)
    except notebooks.NotebookError as error:
        return Result(assignment.id, digest, "ungraded", str(error))
    worker, tester = _Worker(jail, handed_in.cells, limits), _Tester(assignment.questions, tests, seed, digest, limits)
    results = []
    try:
        worker.begin()
        for question in assignment.questions:
            possible = assignment.points(question.id)
            if question.form == "essay":
                results.append(QuestionResult(question.id, possible, "essay", essay=handed_in.essays.get(question.id, "")))
            else:
                results.append(_question(worker, tester, question, tests[question.id], possible, limits))
    except JailError as error:
        return Result(assignment.id, digest, "ungraded", f"the jail failed: {error}")
    finally:
        tester.close()
        worker.drop()
        jail.finish()
    return Result(assignment.id, digest, "graded", "", tuple(results), _notes(worker))


# ---------------------------------------------------------------------------------------------------------- the worker, from here


class _Gone(Exception):
    """The worker, or the part of it that serves a question, is of no more use; the text says why."""


class _Worker(Session):
    """The session of one submission in the jail."""

    def __init__(self, jail, cells, limits):
        super().__init__(cells, limits)
        self.jail, self.channel, self.restarts = jail, None, 0
        self.waited = 0.0  # seconds for processes of questions, and for sessions made anew
        self.over = None  # why no session is made any more

    def begin(self):
        """Have a session in which all cells have run that can, or ``over``. Raises JailError."""
        while self.over is None:
            if self.waited > 3 * SERVE_SECONDS:
                self.over = "The process of the notebook answers too late"
            elif self.channel is None and self.restarts > MOST_RESTARTS:
                self.over = f"The notebook ended its process {self.restarts} times"
            if self.over or self.channel:
                return
            asked = time.monotonic()
            self.channel = codec.Channel(self.jail.start(self.limits.of_process()))
            if self.restarts:  # what the first one waits for is what another submission left
                self.waited += time.monotonic() - asked
            self.restarts += 1
            if self.run_cells() and self.jail.sweep() == "gone":
                raise JailError("it ended while the notebook ran")

    def ask(self, number, text, seconds):
        until = time.monotonic() + seconds
        try:
            self.channel.send({"do": "cell", "cell": number, "text": text, "seconds": seconds}, until - seconds + REPLY_SECONDS)
            return _cell_reply(self.channel.receive(until + GRACE), number)
        except codec.EncodeError as error:
            raise Unsent(str(error)) from None
        except (codec.FrameError, _Gone) as error:
            raise Lost(self.too_long(seconds) if time.monotonic() >= until else self.ended(_how(error))) from None

    def ended(self, otherwise):
        """Why the session ended: what the jail says of it, or else this text."""
        reason = self.jail.sweep()
        if reason == "memory":
            return f"it used more than the {self.limits.memory_megabytes} MB of memory that a submission has"
        if reason == "files":
            return "it made more files than a submission may have"
        return otherwise

    def serve(self, question):
        """A socket to a fresh server of this question. Raises _Gone, JailError."""
        for _ in range(2):
            self.begin()
            if self.over:
                raise _Gone(self.over)
            ours, theirs = socket.socketpair()
            try:
                asked = time.monotonic()
                deadline = asked + SERVE_SECONDS
                self.channel.send({"do": "question", "question": question}, deadline, [theirs.fileno()])
                reply = self.channel.receive(deadline)  # whatever is compared with it must first be seen to be no array
                match reply:
                    case {"question": str(served), **rest} if served == question and not rest:
                        return ours
            except codec.FrameError:
                pass
            finally:
                theirs.close()
                self.waited += time.monotonic() - asked
            ours.close()
            self.drop()  # ended by what runs beside the cells, or by the question before
        raise _Gone("The process of the notebook ends by itself, or does not answer, once its cells have run")

    def end(self):
        """End the server of the last question and all that it started. Why the jail had ended it before, or None."""
        if self.channel is None:
            return None
        reason = self.jail.sweep()
        if reason == "gone":
            self.drop()
        else:
            with contextlib.suppress(codec.FrameError):
                self.channel.send({"do": "end"}, time.monotonic() + REPLY_SECONDS)
        return reason

    def close(self):
        if self.channel is not None:
            self.channel.close()
            self.channel = None


def _notes(worker):
    return tuple(CellNote(number, _plain(text)) for number, text in worker.notes().items())[:MOST_NOTES]


def _how(error):
    """What a broken conversation with the session says of the cell that ran."""
    what = "it ended the process of the notebook"
    return what if "gone" in str(error) else f"{what}, as {error}"


def _cell_reply(reply, number):
    """What a cell's reply says, as `Session.ask` does. Raises _Gone for what no worker says."""
    match reply:
        case {"cell": int(n), **rest} if n == number:
            match rest:
                case {"late": True}:
                    return LATE, ""
                case {"error": [str(name), str(text)]}:
                    return name[:60], text[:300]
                case {} if not rest:
                    return None
    raise _Gone("it answered for the worker")


# ------------------------------------------------------------------------------------------------------------------ the questions


def _question(worker, tester, question, tests, possible, limits):
    """The result of one question."""
    try:
        sock = worker.serve(question.id)
    except _Gone as error:
        return _graded(question, possible, [_failed(test, f"{error}.") for test in tests])
    with sock:
        outcomes, fault = tester.run(question, sock)
    reason = worker.end()
    if reason == "memory":
        said = f"It used more than the {limits.memory_megabytes} MB of memory that a submission has."
        outcomes = [dataclasses.replace(o, message=said, mistake=None) if o.message.startswith(ENDED) else o for o in outcomes]
    fault = fault or next((f"{o.title}: {o.fault}" for o in outcomes if o.fault), None)
    if fault:
        return QuestionResult(question.id, possible, "ungraded", None, _plain(fault), tuple(outcomes))
    return _graded(question, possible, outcomes)


def _graded(question, possible, outcomes):
    return QuestionResult(question.id, possible, "graded", sum(o.earned for o in outcomes), "", tuple(outcomes))


def _failed(test, message, mistake=None):
    return testing.Outcome(test.title, test.points, False, test.visible, _plain(message), mistake)


def _plain(text):
    """A text that is the same in each run: without addresses in memory, and without half characters."""
    return ADDRESS.sub("0x...", text).encode("utf-8", "replace").decode()


# --------------------------------------------------------------------------------------------------------------------- the tester


class _Tester:
    """The process that runs the tests of one submission, as seen from the one that leads."""

    def __init__(self, questions, tests, seed, digest, limits):
        self.questions, self.tests, self.seed, self.digest, self.limits = questions, tests, seed, digest, limits
        self.pid = self.channel = None
        # What tests need is imported and computed once, here, and not in each forked process.
        if any(question.form in ("expression", "certificate") for question in questions):
            with contextlib.suppress(ImportError):  # the test that needs it says so
                importlib.import_module("lecture_optim.check.expressions")
        known = [test for of in tests.values() for test in of]
        testing.prepare(known)
        for test in known[:1]:  # the first random numbers of a process load a part of NumPy
            course.generator(course.question_key(seed, test.question, digest), test).random()

    def run(self, question, sock):
        """The outcomes of the tests of a question whose answer is behind a socket, and why they are not all there, or None."""
        tests, outcomes = self.tests[question.id], []
        deadline = time.monotonic() + self.limits.question_seconds + 2 * self.limits.test_seconds
        try:
            if self.pid is None:
                self.fork()
            self.channel.send({"question": question.id}, deadline, [sock.fileno()])
            sock.close()  # the tester's alone now: when it is done, the server sees the end of its socket
            while len(outcomes) < len(tests):
                outcomes.append(testing.Outcome(**self.channel.receive(deadline)))
        except codec.FrameError:
            late, status = time.monotonic() >= deadline, self.close()
            title = tests[len(outcomes)].title
            if late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
                return outcomes, f"{title}: the test did not come to an end within its time with this answer"
            return outcomes, f"{title}: the process of the tests ended (status {status}) with this answer"
        return outcomes, None

    def fork(self):
        ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # Newer Pythons warn of threads at a fork; the child runs one, and takes no lock that another may have held.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                self.serve(codec.Channel(theirs))
            except BaseException:
                os._exit(1)
            os._exit(0)
        theirs.close()
        self.pid, self.channel = pid, codec.Channel(ours)

    def close(self):
        """End the process. Its status as of `os.waitpid`; 0 where there is none."""
        if self.pid is None:
            return 0
        self.channel.close()
        with contextlib.suppress(ProcessLookupError):
            if not os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self.pid = self.channel = None
        return status

    def serve(self, channel):
        """In the forked process: run the tests of each question that is asked for, until the channel ends."""
        gc.disable()  # it lives shortly, and looking through what the parent has made would copy that
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        null = open(os.devnull, "r+")  # noqa: SIM115 - until the process ends
        for fd in (0, 1, 2):
            os.dup2(null.fileno(), fd)
        sys.stdout = sys.stderr = null  # they need not have been the descriptors 1 and 2
        _limit_memory(self.limits)
        questions = {question.id: question for question in self.questions}
        while True:
            try:
                request, fds = channel.receive(fds=1)
            except codec.FrameError:
                return
            _limit_time(self.limits)
            question = questions[request["question"]]
            key = course.question_key(self.seed, question.id, self.digest)
            with socket.socket(fileno=fds[0]) as sock:
                answer = _Answer(codec.Channel(sock), question, self.limits)
                for test in self.tests[question.id]:
                    channel.send(dataclasses.asdict(_outcome(test, answer, course.generator(key, test))))


def _limit_memory(limits):
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (NO_CORE, NO_CORE))
    with contextlib.suppress(OSError, ValueError):  # a system without /proc goes without this one
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        most = size + limits.test_megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time(limits):
    """From now on, so much processor time until SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime + limits.test_seconds)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _outcome(test, answer, rng):
    try:
        outcome = testing.run(test, answer.value(), rng)
    except Wrong as wrong:
        return _failed(test, wrong.message, wrong.mistake)
    return dataclasses.replace(
        outcome, message=_plain(outcome.message)[:4000], fault=None if outcome.fault is None else _plain(outcome.fault)[:300]
    )


ENDED = "The function ended its process"


class _Answer:
    """The answer of one question as the tests see it, over a channel to the worker's server."""

    def __init__(self, channel, question, limits):
        self.channel, self.question, self.limits = channel, question, limits
        self.spent, self.gone, self.known = 0.0, None, None

    def value(self):
        """What a test is given: plain data, or a function. Raises Wrong where there is neither."""
        if self.known is None:
            self.known = self.ask({"do": "get"}, f"Reading `{self.question.answer}`")
        name, wanted = self.question.answer, self.question.form
        match self.known:
            case {"missing": True}:
                raise alone.missing(name)
            case {"function": True} if wanted != "function":
                raise testing.not_a_value(name)
            case {"function": True}:
                return self.call
            case {"value": None}:
                raise testing.unanswered(name)
            case {"value": value} if wanted == "function":
                raise testing.not_a_function(name, value)
            case {"value": value}:
                return value
            case {"bad": str(text)}:
                raise testing.not_plain(name, text[:300])
            case {"error": [str(kind), str(text)]}:
                raise Wrong(f"Reading `{name}` raised {kind[:60]}: {text[:300]}")
        raise self.end("It answered for the worker")

    def call(self, *args, **kwargs):
        """Call the student's function. Raises Wrong for what it raises, and where it does not return plain data in time."""
        match self.ask({"do": "call", "args": args, "kwargs": kwargs}, "The function"):
            case {"value": value}:
                return value
            case {"error": [str(kind), str(text)]}:
                raise testing.raised(kind[:60], text[:300])
            case {"bad": str(text)}:
                raise testing.not_plain(None, text[:300])
            case {"changed": str(place)}:
                raise testing.changed(place[:200])
        raise self.end("It answered for the worker")

    def ask(self, request, who):
        if self.gone:
            raise Wrong(self.gone)
        left = self.limits.question_seconds - self.spent
        seconds = min(self.limits.call_seconds, left)
        if seconds <= 0:
            raise self.end(f"The calls of this question took more than their {self.limits.question_seconds:g} s together")
        started = time.monotonic()
        try:
            self.channel.send(request | {"name": self.question.answer, "seconds": seconds}, started + seconds + GRACE)
            reply = self.channel.receive(started + seconds + GRACE)
        except codec.FrameError as error:
            if time.monotonic() < started + seconds:
                said = str(error)
                raise self.end(ENDED if "gone" in said else f"What came back cannot be read: {said}") from None
            reply = {"late": True}
        finally:
            self.spent += time.monotonic() - started
        if isinstance(reply, dict) and reply.get("late") is True:
            if seconds < self.limits.call_seconds:
                raise self.end(f"The calls of this question took more than their {self.limits.question_seconds:g} s together")
            raise self.end(f"{who} did not return within {self.limits.call_seconds:g} s")
        return reply

    def end(self, why):
        """The Wrong that ends the question: each further test gets it too, without another call."""
        self.channel.close()
        self.gone = f"{why}, in an earlier test." if not why.startswith(ENDED) else f"{why} in an earlier test."
        return Wrong(f"{why}.")
