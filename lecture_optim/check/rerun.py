"""A reader's own notebook, run anew and tested here: without a jail, in a process of its own that can be stopped.

The process that leads (`rerun`) tells the other, in lines of JSON, which cell to run and which question to test, and hears how
it went. So a notebook that never ends, or ends its process, costs the cell that does so and nothing else, under the limits and by
the rules that a class has (`lecture_optim.grading.runner`), and both find the same answers.
"""

import contextlib
import json
import linecache
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

from lecture_optim.check.alone import QUESTION_SECONDS, TEST_SECONDS, Calls, TooLong, judged, missing, within
from lecture_optim.check.cells import Nothing, refuse_answers, stand_in_for_ipython, without_magics
from lecture_optim.check.course import CourseError, load
from lecture_optim.check.session import LATE, Lost, Session
from lecture_optim.check.testing import Outcome

__all__ = ["Refused", "rerun"]

GRACE = 0.5  # seconds between the alarm inside the process and its end from outside
START_SECONDS = 120.0
MOST_RESTARTS = 8
LONGEST = 300  # characters of an error's text
ENVIRONMENT = {  # as in a class, so that numbers and orders are the same
    "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
}  # fmt: skip


class Refused(Exception):
    """Nothing can be done until the person at the keyboard has mended something; the text says what and how."""


class _Late(Exception):
    """No word came in time."""


class _Ended(Exception):
    """The process has ended; the text is what it said of it."""


# --------------------------------------------------------------------------------------------------------- the process that leads


def rerun(notebook, assignment, *, limits, seed, folder, name, told=lambda text: None):
    """Run a notebook's cells and the tests of an assignment on its answers.

    notebook: a `notebook.Notebook`. assignment: a `course.Assignment`. limits: `course.Limits`. seed: text, of the numbers of the
    tests. folder: where the cells run. name: of the notebook, for errors. told: called with what is done now, in words.

    Returns two dicts: the outcomes (`testing.Outcome`) of each question but the essays, by its id, and by the number of a code
    cell, from 1, why it did not run to its end. Raises Refused, course.CourseError.
    """
    run = _Run(notebook.cells, assignment, limits, seed, folder, name, told)
    try:
        asked = [question for question in assignment.questions if question.form != "essay"]
        return {question.id: run.question(question) for question in asked}, run.notes()
    finally:
        run.drop()


class _Run(Session):
    """The run of one notebook in a process of this machine."""

    def __init__(self, cells, assignment, limits, seed, folder, name, told):
        super().__init__(cells, limits)
        self.assignment, self.seed, self.folder, self.name, self.told = assignment, seed, folder, name, told
        self.process, self.ends = None, 0
        self.over = None  # why no process is made any more

    def begin(self):
        """Have a process in which all cells have run that can, unless `over` says why there is none."""
        while self.process is None and not self.over:
            if self.ends > MOST_RESTARTS:
                self.over = f"The notebook ended its process {self.ends} times"
                return
            self.process = _Process(self.folder)
            self.process.send(
                {
                    "exercises": str(self.assignment.folder.parent), "assignment": self.assignment.id,
                    "memory": self.limits.memory_megabytes * 2**20, "call_seconds": self.limits.call_seconds, "seed": self.seed,
                }
            )  # fmt: skip
            try:
                self.process.receive(START_SECONDS)
            except (_Late, _Ended) as error:
                raise Refused(f"{self.name}: it could not be run: {error}") from None
            self.run_cells()

    def ask(self, number, text, seconds):
        self.told(f"running code cell {number + 1} of {len(self.cells)}")
        try:
            self.process.send({"cell": number, "text": text, "seconds": seconds})
            said = self.process.receive(seconds + GRACE)
        except _Late:
            self.ends += 1
            raise Lost(self.too_long(seconds)) from None
        except _Ended:
            self.ends += 1
            raise Lost("it ended the process of the notebook") from None
        return (LATE, "") if said.get("late") else said.get("error")

    def question(self, question):
        """The outcomes of the tests of one question."""
        self.begin()
        tests, found, call = self.assignment.tests()[question.id], [], None
        if self.over:
            return [_failed(test, f"{self.over}.") for test in tests]
        self.told(f"testing {question.id}")
        until = time.monotonic() + QUESTION_SECONDS + 2 * TEST_SECONDS
        try:
            self.process.send({"question": question.id})
            while True:
                said = self.process.receive(max(until - time.monotonic(), 0) if call is None else call + GRACE)
                if "refused" in said:
                    raise CourseError(said["refused"])
                if "outcome" in said:
                    found.append(Outcome(**said["outcome"]))
                elif "call" in said:
                    call = said["call"]
                else:
                    return found
        except (_Late, _Ended) as error:
            self.drop()
            rest = tests[len(found) :]
            if call is None:
                why = "did not come to an end within its time" if isinstance(error, _Late) else "ended the process"
                return found + [_failed(test, fault=f"the test {why} with this answer") for test in rest]
            why, earlier = "The function ended its process", "The function ended its process in an earlier test."
            if isinstance(error, _Late):
                clock = Calls(self.limits.call_seconds)
                clock.end(call)
                why, earlier = clock.gone, f"{clock.gone}, in an earlier test."
            return found + [_failed(test, earlier if n else f"{why}.") for n, test in enumerate(rest)]

    def close(self):
        if self.process is not None:
            self.process.close()
            self.process = None


def _failed(test, message="", fault=None):
    return Outcome(test.title, test.points, False, test.visible, message, None, fault)


class _Process:
    """The process that runs the notebook, seen from the one that leads."""

    def __init__(self, folder):
        # The package may be found through the present folder alone, and the process starts in the notebook's.
        package = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), package]))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lecture_optim.check.rerun"],
            cwd=folder,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # what it started ends with it
        )
        self.said = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        with self.process.stdout as said:
            for line in said:
                self.said.put(line)
        self.said.put(None)

    def send(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # that it has ended is heard

    def receive(self, seconds):
        """The next thing it says, a dict. Raises _Late, _Ended."""
        end = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            try:
                # What a cell has started may hold the pipe open after the process has ended.
                line = self.said.get(timeout=GRACE if ended else max(min(0.1, end - time.monotonic()), 0))
            except queue.Empty:
                if ended:
                    raise _Ended(self._trouble()) from None
                if time.monotonic() >= end:
                    raise _Late(f"nothing was heard of it within {seconds:g} s") from None
                continue
            if line is None:
                self.process.wait()
                raise _Ended(self._trouble())
            return json.loads(line)

    def _trouble(self):
        return (self.process.stderr.read().strip().splitlines() or ["its process ended"])[-1]

    def close(self):
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()
        self.listener.join(GRACE)
        for stream in (self.process.stdin, self.process.stderr):
            with contextlib.suppress(OSError):
                stream.close()


# ---------------------------------------------------------------------------------------------------- the process of the notebook


class _Served:
    """The notebook in this process. first: the first request, with what holds for the whole run. say: sends a dict."""

    def __init__(self, first, say):
        self.assignment = load(first["exercises"]).assignment(first["assignment"])
        self.seed, self.call_seconds, self.say = first["seed"], first["call_seconds"], say
        stand_in_for_ipython()
        refuse_answers()
        _limit_memory(first["memory"])
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = module.__dict__
        self.random = None

    def run(self, requests):
        import numpy as np

        import lecture_optim.check as check

        # The checks in the notebook are for the eyes of its author; all that is asked is tested below.
        check.open_assignment = lambda *arguments, **named: Nothing()
        random.seed(0)  # an unseeded notebook gives the same numbers in every run, those of a class
        np.random.seed(0)  # noqa: NPY002 - the generator that notebooks share
        self.say({"ready": True})
        for line in requests:
            request = json.loads(line)
            if "cell" in request:
                self.say(self.cell(request["cell"], request["text"], request["seconds"]))
            else:
                if self.random is None:
                    self.random = random.getstate(), np.random.get_state()  # noqa: NPY002
                random.setstate(self.random[0])
                np.random.set_state(self.random[1])  # noqa: NPY002
                self.question(request["question"])

    def cell(self, number, text, seconds):
        """Run a cell; how it ended: {} or {"error": [type, first line]} or {"late": True}."""
        name = f"<cell {number + 1}>"
        try:
            with within(seconds):
                text = without_magics(text)
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
                exec(compile(text, name, "exec", dont_inherit=True), self.names)
        except TooLong:
            return {"late": True}
        except BaseException as error:
            return {"error": _described(error)}
        return {}

    def question(self, id):
        name = self.assignment.question(id).answer
        if name not in self.names:
            wrong = missing(name)
            for test in self.assignment.tests()[id]:
                self.say({"outcome": vars(_failed(test, wrong.message)) | {"mistake": wrong.mistake}})
        else:
            calls = Calls(self.call_seconds, told=lambda seconds: self.say({"call": seconds}))
            try:
                for outcome in judged(self.assignment, id, self.names[name], self.seed, calls):
                    self.say({"outcome": vars(outcome)})
            except CourseError as error:
                self.say({"refused": str(error)})
                return
        self.say({"done": True})


def _described(error):
    """An error as [name of its type, first line of its text], both short."""
    try:
        text = str.__str__(str(error)).strip().partition("\n")[0]
    except BaseException:
        text = "(it has no text)"
    return [str(type(error).__name__)[:60], text[:LONGEST]]


def _limit_memory(size):
    """From now on, so much memory, where the system can say it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as file:
            size += int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _main():
    # What the notebook prints is thrown away, and it reads nothing; the lines go through what standard input and output were.
    requests, replies = (os.fdopen(os.dup(fd), mode, encoding="utf-8") for fd, mode in ((0, "r"), (1, "w")))

    def say(value):
        replies.write(json.dumps(value) + "\n")
        replies.flush()

    served = _Served(json.loads(requests.readline()), say)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    served.run(requests)


if __name__ == "__main__":
    _main()
